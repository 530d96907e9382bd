export function preflightProblem(
  nodeVersion: string,
  glibcVersion: string | undefined,
  platform: string,
): string | undefined;
export function glibcVersion(): string | undefined;
export function preflight(): void;

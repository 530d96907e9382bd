/** What a command of the tool has of the world: where it writes, and standard input. */
import { readFileSync, statSync } from "node:fs";

export interface ToolIo {
  out(text: string): void;
  err(text: string): void;
  readInput(): string;
}

export const processIo: ToolIo = {
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
  readInput: () => readFileSync(0, "utf8"),
};

/** Exit codes of promtool. */
export const EXIT_SUCCESS = 0;
export const EXIT_FAILURE = 1;
export const EXIT_LINT = 3;

/** A mistake on the command line: printed as `NAME: error: …, try --help`. */
export class UsageError extends Error {}

/** As kingpin's ExistingFile. */
export function existingFiles(paths: readonly string[]): readonly string[] {
  for (const path of paths) {
    const found = statSync(path, { throwIfNoEntry: false });
    if (found === undefined) throw new UsageError(`path '${path}' does not exist`);
    if (found.isDirectory()) throw new UsageError(`'${path}' is a directory`);
  }
  return paths;
}

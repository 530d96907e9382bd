/** Expressions that were run, newest first. They stay in this browser. */

const KEY = "vestal.history";
const ENTRIES_MAX = 200;
const BYTES_MAX = 100_000;

export function readHistory(): readonly string[] {
  try {
    const found: unknown = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(found) ? found.filter((each): each is string => typeof each === "string") : [];
  } catch (error) {
    // Whatever another version or a person's hand left there.
    if (error instanceof SyntaxError) return [];
    throw error;
  }
}

export function remember(expr: string): void {
  const text = expr.trim();
  if (text === "") return;
  const next = [text, ...readHistory().filter((each) => each !== text)].slice(0, ENTRIES_MAX);
  while (next.length > 1 && JSON.stringify(next).length > BYTES_MAX) next.pop();
  localStorage.setItem(KEY, JSON.stringify(next));
}

export function forgetAll(): void {
  localStorage.removeItem(KEY);
}

/** What payloads of several integrations are made with: limits of length, hashes of group keys, JSON without empty fields. */
import { createHash } from "node:crypto";

const MARKER = "…";

/** At most `max` characters, the last an ellipsis where something is cut off. */
export function truncateRunes(text: string, max: number): string {
  if (text.length <= max) return text;
  const runes = [...text];
  if (runes.length <= max) return text;
  return max <= 3 ? runes.slice(0, max).join("") : runes.slice(0, max - 1).join("") + MARKER;
}

/** At most `max` bytes, cut between characters. */
export function truncateBytes(text: string, max: number): string {
  if (Buffer.byteLength(text) <= max) return text;
  if (max <= 3) return max === 3 ? MARKER : ".".repeat(max);
  const target = max - Buffer.byteLength(MARKER);
  const runes = [...text].slice(0, target);
  while (Buffer.byteLength(runes.join("")) > target) runes.pop();
  return runes.join("") + MARKER;
}

/** What receivers know a group by: its key may be too long for them. */
export function groupHash(groupKey: string): string {
  return createHash("sha256").update(groupKey).digest("hex");
}

/** Go's omitempty for the fields that are named; the others stay. */
export function omitEmpty<T extends Readonly<Record<string, unknown>>>(
  value: T,
  ...optional: readonly (keyof T)[]
): Partial<T> {
  const isEmpty = (item: unknown): boolean =>
    item === undefined ||
    item === "" ||
    item === false ||
    item === 0 ||
    (Array.isArray(item) && item.length === 0) ||
    (typeof item === "object" && item !== null && !Array.isArray(item) && Object.keys(item).length === 0);
  return Object.fromEntries(
    Object.entries(value).filter(([key, item]) => item !== undefined && !(optional.includes(key) && isEmpty(item))),
  ) as Partial<T>;
}

export function parseJson(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Readonly<Record<string, unknown>>)
      : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** A path behind a URL's own, before its query. */
export function withPath(url: string, added: string): string {
  const match = /^([^?#]*)(.*)$/s.exec(url)!;
  return match[1]! + added + match[2]!;
}

/** url.URL's JoinPath. */
export function joinUrl(url: string, path: string): string {
  const match = /^([^?#]*)(.*)$/s.exec(url)!;
  return `${match[1]!.replace(/\/+$/, "")}/${path.replace(/^\/+/, "")}${match[2]!}`;
}

/** Reading of foreign JSON: every value may be of any kind, and what is of the wrong kind counts as absent. */

export type Json = Readonly<Record<string, unknown>>;

const NOTHING: Json = {};

export function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function objectOf(value: unknown): Json {
  return isObject(value) ? value : NOTHING;
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

export function objectsOf(value: unknown): readonly Json[] {
  return listOf(value).filter(isObject);
}

export function textOf(value: unknown, otherwise = ""): string {
  return typeof value === "string" ? value : otherwise;
}

/** Numbers are also written as text: `"min": "0"`. */
export function numberOf(value: unknown): number | undefined {
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  return typeof number === "number" && Number.isFinite(number) ? number : undefined;
}

export function textsOf(value: unknown): readonly string[] {
  return listOf(value).filter((each): each is string => typeof each === "string");
}

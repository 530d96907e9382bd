/**
 * What the generators return: plain values in the order of their keys. A key whose value is undefined is absent, so
 * that a generator is one literal with optional parts instead of a row of ifs.
 */
import type { Json } from "../kube-object.js";

export type Value = Json | undefined | { readonly [key: string]: Value } | readonly Value[];
export type Mapping = { readonly [key: string]: Value };

/** The value without absent keys, as a parser of its YAML would return it. */
export function compact(value: Value): Json {
  if (Array.isArray(value)) return value.map((item: Value) => compact(item));
  if (typeof value !== "object" || value === null) return value ?? null;
  const out: { [key: string]: Json } = {};
  for (const [key, item] of Object.entries(value as Mapping)) {
    if (item !== undefined) out[key] = compact(item);
  }
  return out;
}

/** The text, unless it is missing or empty: both mean "not set" in a custom resource. */
export function nonEmpty<T extends string>(text: T | undefined): T | undefined {
  return text === undefined || text === "" ? undefined : text;
}

/** The list, unless it is missing or empty. */
export function nonEmptyList<T>(list: readonly T[] | undefined): readonly T[] | undefined {
  return list === undefined || list.length === 0 ? undefined : list;
}

/** The mapping with sorted keys, unless it is missing or empty. */
export function sortedMap<T extends Value>(map: Readonly<Record<string, T>> | undefined): Mapping | undefined {
  if (map === undefined || Object.keys(map).length === 0) return undefined;
  return Object.fromEntries(sortedKeys(map).map((key) => [key, map[key]]));
}

export function sortedKeys(map: Readonly<Record<string, unknown>> | undefined): string[] {
  return Object.keys(map ?? {}).sort(compareText);
}

/** Order of code points, which is Go's order of strings for all but rare characters. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The number, unless it is missing or zero. */
export function nonZero(value: number | undefined): number | undefined {
  return value === undefined || value === 0 ? undefined : value;
}

export function lower(text: string | undefined): string | undefined {
  return text?.toLowerCase();
}

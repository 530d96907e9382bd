/** The difference of two JSON values in colors, as promtool's `--diff` shows it. */
type Json = string | readonly Json[] | { readonly [key: string]: Json };

const ADDED = "\x1b[0;32m";
const REMOVED = "\x1b[0;31m";
const CHANGED = "\x1b[0;33m";
const END = "\x1b[0m";
const INDENT = "    ";

export function coloredDiff(expected: Json, got: Json): string {
  return diff(expected, got, "");
}

function diff(a: Json, b: Json, indent: string): string {
  const inner = indent + INDENT;
  if (Array.isArray(a) && Array.isArray(b)) {
    const items = Array.from({ length: Math.max(a.length, b.length) }, (_, i) => {
      if (i >= a.length) return inner + colored(ADDED, show(b[i]!, inner));
      if (i >= b.length) return inner + colored(REMOVED, show(a[i]!, inner));
      return inner + diff(a[i]!, b[i]!, inner);
    });
    return items.length === 0 ? "[]" : `[\n${items.join(",\n")}\n${indent}]`;
  }
  if (isObject(a) && isObject(b)) {
    const keys = [...new Set([...Object.keys(a), ...Object.keys(b)])].sort();
    const items = keys.map((key) => {
      const name = JSON.stringify(key);
      if (!Object.hasOwn(a, key)) return inner + colored(ADDED, `${name}: ${show(b[key]!, inner)}`);
      if (!Object.hasOwn(b, key)) return inner + colored(REMOVED, `${name}: ${show(a[key]!, inner)}`);
      return `${inner}${name}: ${diff(a[key]!, b[key]!, inner)}`;
    });
    return items.length === 0 ? "{}" : `{\n${items.join(",\n")}\n${indent}}`;
  }
  if (a === b) return JSON.stringify(a);
  return colored(CHANGED, `${JSON.stringify(a)} => ${JSON.stringify(b)}`);
}

function isObject(value: Json): value is { readonly [key: string]: Json } {
  return typeof value === "object" && !Array.isArray(value);
}

function show(value: Json, indent: string): string {
  return JSON.stringify(value, undefined, INDENT).replaceAll("\n", `\n${indent}`);
}

function colored(color: string, text: string): string {
  return `${color}${text}${END}`;
}

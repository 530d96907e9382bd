/** Writes YAML as Go's yaml.v2 does: which scalars are quoted and how, lists not indented, long lines folded at 80. */
import { resolvePlain } from "./scalar.js";

export type YamlValue =
  | null
  | boolean
  | string
  | { readonly number: string }
  | readonly YamlValue[]
  | { readonly flow: readonly YamlValue[] }
  /** A string after which the next list or map stands in one line, whatever it is. */
  | { readonly leaksFlow: string }
  | { readonly flowEntries: readonly (readonly [string, YamlValue])[] }
  | { readonly entries: readonly (readonly [string, YamlValue])[] };

const WIDTH = 80;

export function writeYaml(given: YamlValue): string {
  const value = settleFlow(given, { isNext: false });
  if (isMapping(value) && value.entries.length > 0) {
    return mapLines(value.entries, 0).join("\n").concat("\n");
  }
  return `${scalarText(value, 0, 2)}\n`;
}

/** Puts lists and maps after a leaking string into one line each, in the order of the document. */
function settleFlow(value: YamlValue, flow: { isNext: boolean }): YamlValue {
  if (value === null || typeof value !== "object" || "number" in value || "flowEntries" in value) return value;
  if ("leaksFlow" in value) {
    flow.isNext = true;
    return value.leaksFlow;
  }
  const isLeaked = flow.isNext;
  flow.isNext = false;
  if ("flow" in value) return value;
  if (isMapping(value)) {
    const entries = value.entries.map(([key, item]) => [key, settleFlow(item, flow)] as const);
    return isLeaked ? oneLine({ entries }) : { entries };
  }
  // What is left is a list.
  const items = (value as readonly YamlValue[]).map((item) => settleFlow(item, flow));
  return isLeaked ? oneLine(items) : items;
}

function oneLine(value: YamlValue): YamlValue {
  if (value === null || typeof value !== "object") return value;
  if (isMapping(value)) return { flowEntries: value.entries.map(([key, item]) => [key, oneLine(item)] as const) };
  return Array.isArray(value) ? { flow: (value as readonly YamlValue[]).map(oneLine) } : value;
}

function mapLines(entries: readonly (readonly [string, YamlValue])[], indent: number): string[] {
  return entries.flatMap(([key, value]) => {
    const start = `${" ".repeat(indent)}${keyText(key)}:`;
    return valueLines(start, value, indent);
  });
}

/** The lines of a value behind `start`, which ends in a colon or is the dash of an item. */
function valueLines(start: string, value: YamlValue, indent: number): string[] {
  if (Array.isArray(value) && value.length > 0) return [start, ...listLines(value, indent)];
  if (isMapping(value) && value.entries.length > 0) return [start, ...mapLines(value.entries, indent + 2)];
  return `${start} ${scalarText(value, start.length + 1, indent + 2)}`.split("\n");
}

function listLines(items: readonly YamlValue[], indent: number): string[] {
  const pad = " ".repeat(indent);
  return items.flatMap((item) => {
    if (isMapping(item) && item.entries.length > 0) {
      const [first = "", ...rest] = mapLines(item.entries, indent + 2);
      return [`${pad}- ${first.trimStart()}`, ...rest];
    }
    if (Array.isArray(item) && item.length > 0) {
      const [first = "", ...rest] = listLines(item, indent + 2);
      return [`${pad}- ${first.trimStart()}`, ...rest];
    }
    return `${pad}- ${scalarText(item, indent + 2, indent + 2)}`.split("\n");
  });
}

function isMapping(value: YamlValue): value is { readonly entries: readonly (readonly [string, YamlValue])[] } {
  return value !== null && typeof value === "object" && !Array.isArray(value) && "entries" in value;
}

/** A value that needs no lines of its own. `column` is where it begins, `indent` where a folded line goes on. */
function scalarText(value: YamlValue, column: number, indent: number): string {
  if (value === null) return "null";
  if (typeof value === "boolean") return String(value);
  if (typeof value === "string") return stringText(value, column, indent, false);
  if (Array.isArray(value)) return "[]";
  if ("number" in value) return value.number;
  if ("leaksFlow" in value) return stringText(value.leaksFlow, column, indent, false);
  if ("flow" in value)
    return flowText(
      value.flow.map((item) => ["", item] as const),
      "[]",
      column,
      indent,
    );
  if ("flowEntries" in value) return flowText(value.flowEntries, "{}", column, indent);
  return "{}";
}

/** @param entries  of a list with empty keys. */
function flowText(
  entries: readonly (readonly [string, YamlValue])[],
  brackets: "[]" | "{}",
  column: number,
  indent: number,
): string {
  let text = brackets.charAt(0);
  let at = column + 1;
  entries.forEach(([key, item], i) => {
    if (i > 0) {
      text += ",";
      at += 1;
      if (at > WIDTH) {
        text += `\n${" ".repeat(indent)}`;
        at = indent;
      } else {
        text += " ";
        at += 1;
      }
    }
    const name = brackets === "{}" ? `${keyText(key)}: ` : "";
    const start = at + name.length;
    const itemText = typeof item === "string" ? stringText(item, start, indent, true) : scalarText(item, start, indent);
    text += name + itemText;
    at = start + itemText.length;
  });
  return text + brackets.charAt(1);
}

function keyText(key: string): string {
  // A key stays on its line.
  return stringText(key, -Infinity, 0, false);
}

function stringText(text: string, column: number, indent: number, inFlow: boolean): string {
  if (/\p{Cs}/u.test(text)) return `!!binary ${Buffer.from(text, "latin1").toString("base64")}`;
  if (text.includes("\n") && !inFlow && column >= 0 && !hasSpecial(text)) return literalText(text, indent);
  if (resolvePlain(text) !== undefined || isBase60(text) || isTimestamp(text))
    return doubleQuoted(text, column, indent);
  if (hasSpecial(text) || text.includes("\n")) return doubleQuoted(text, column, indent);
  if (isPlainAllowed(text, inFlow)) return folded(text, column, indent, "plain");
  // The line breaks of Unicode stay, and what follows them is indented.
  const quoted = text.replaceAll("'", "''").replace(/[\u0085\u2028\u2029]+/g, `$&${" ".repeat(indent)}`);
  return folded(quoted, column + 1, indent, "single", "'");
}

/** Old parsers read `1:30` as a number to the base of 60. */
function isBase60(text: string): boolean {
  return /^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$/.test(text);
}

function isTimestamp(text: string): boolean {
  return /^[0-9]{4}-(?:0?[1-9]|1[0-2])-(?:0?[1-9]|[12][0-9]|3[01])(?:[Tt ][0-9]{1,2}:[0-9]{1,2}:[0-9]{1,2}(?:\.[0-9]+)?(?:Z|[-+][0-9]{2}:[0-9]{2})?)?$/.test(
    text,
  );
}

/** Characters that only double quotes can hold. */
function hasSpecial(text: string): boolean {
  return /[^\x20-\x7e\n\u0085\u00a0-\ud7ff\ue000-\ufefe\uff00-\ufffd]/u.test(text);
}

function isPlainAllowed(text: string, inFlow: boolean): boolean {
  if (text === "" || /^ | $/.test(text) || text.startsWith("---") || text.startsWith("...")) return false;
  if (/^[#,[\]{}&*!|>'"%@`]/.test(text) || /^[-?:](?:\s|$)/.test(text)) return false;
  if (/:(?:\s|$)/.test(text) || / #/.test(text) || /[\u0085\u2028\u2029]/.test(text)) return false;
  return !(inFlow && (/[,?[\]{}]/.test(text) || /:/.test(text) || /^[-?]/.test(text)));
}

function literalText(text: string, indent: number): string {
  const pad = " ".repeat(indent);
  const hint = /^[ \n]/.test(text) ? "2" : "";
  const chomp = text.endsWith("\n") ? (/^\n?$|\n\n$/.test(text) ? "+" : "") : "-";
  const body = text.replace(/\n$/, "").split("\n");
  return [`|${hint}${chomp}`, ...body.map((line) => (line === "" ? "" : pad + line))].join("\n");
}

/** Breaks at a single space once the line is longer than the width. */
function folded(
  text: string,
  column: number,
  indent: number,
  style: "plain" | "single" | "double",
  quote = "",
): string {
  let at = column;
  let out = quote;
  let isAfterSpace = false;
  for (let i = 0; i < text.length; i++) {
    const char = text[i]!;
    if (char !== " ") {
      out += char;
      at++;
      isAfterSpace = false;
      continue;
    }
    const isInside = style === "plain" || (i > 0 && i < text.length - 1);
    const isBeforeSpace = text[i + 1] === " ";
    if (!isAfterSpace && at > WIDTH && isInside && (style === "double" || !isBeforeSpace)) {
      out += `\n${" ".repeat(indent)}`;
      at = indent;
      if (style === "double" && isBeforeSpace) {
        out += "\\";
        at++;
      }
    } else {
      out += char;
      at++;
    }
    isAfterSpace = true;
  }
  return out + quote;
}

const ESCAPES: Readonly<Record<string, string>> = {
  "\0": "\\0",
  "\x07": "\\a",
  "\b": "\\b",
  "\t": "\\t",
  "\n": "\\n",
  "\v": "\\v",
  "\f": "\\f",
  "\r": "\\r",
  "\x1b": "\\e",
  '"': '\\"',
  "\\": "\\\\",
  "\u0085": "\\N",
  "\u00a0": "\\_",
  "\u2028": "\\L",
  "\u2029": "\\P",
};

function doubleQuoted(text: string, column: number, indent: number): string {
  let escaped = "";
  for (const char of text) {
    const code = char.codePointAt(0)!;
    const short = ESCAPES[char];
    if (short !== undefined) escaped += short;
    else if (char !== " " && hasSpecial(char)) {
      if (code > 0xffff) escaped += `\\U${code.toString(16).toUpperCase().padStart(8, "0")}`;
      else if (code <= 0xff) escaped += `\\x${code.toString(16).toUpperCase().padStart(2, "0")}`;
      else escaped += `\\u${code.toString(16).toUpperCase().padStart(4, "0")}`;
    } else escaped += char;
  }
  return folded(escaped, column + 1, indent, "double", '"');
}

/** The order of keys in yaml.v2: runs of digits by their number, letters after everything else. */
export function compareKeys(a: string, b: string): number {
  const left = [...a];
  const right = [...b];
  let afterDigit = false;
  for (let i = 0; i < left.length && i < right.length; i++) {
    const x = left[i]!;
    const y = right[i]!;
    if (x === y) {
      afterDigit = isDigit(x);
      continue;
    }
    const isLetterX = /\p{L}/u.test(x);
    const isLetterY = /\p{L}/u.test(y);
    if (isLetterX && isLetterY) return x.codePointAt(0)! - y.codePointAt(0)!;
    if (isLetterX || isLetterY) return (afterDigit ? isLetterX : isLetterY) ? -1 : 1;
    const byNumber = compareNumbers(left, right, i);
    return byNumber !== 0 ? byNumber : x.codePointAt(0)! - y.codePointAt(0)!;
  }
  return left.length - right.length;
}

/** Compares the runs of digits that differ first at `at`. */
function compareNumbers(left: readonly string[], right: readonly string[], at: number): number {
  let lead = "";
  if (left[at] === "0" || right[at] === "0") {
    for (let j = at - 1; j >= 0 && isDigit(left[j]!); j--) if (left[j] !== "0") lead = "1";
  }
  const run = (chars: readonly string[]): string => {
    let end = at;
    while (end < chars.length && isDigit(chars[end]!)) end++;
    return chars.slice(at, end).join("");
  };
  const [x, y] = [run(left), run(right)];
  const difference = BigInt(`0${lead}${x}`) - BigInt(`0${lead}${y}`);
  if (difference !== 0n) return difference < 0n ? -1 : 1;
  return x.length - y.length;
}

function isDigit(char: string): boolean {
  return char >= "0" && char <= "9";
}

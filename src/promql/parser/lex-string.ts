/** String literals: double, single or back quotes; escapes as in Go, whichever quote surrounds them. */
import { quoteGo } from "../../model/index.js";

export interface ScannedString {
  readonly end: number;
  readonly error: string | undefined;
}

const SIMPLE_ESCAPES: ReadonlyMap<string, number> = new Map([
  ["a", 7],
  ["b", 8],
  ["f", 12],
  ["n", 10],
  ["r", 13],
  ["t", 9],
  ["v", 11],
  ["\\", 92],
]);

/** Digits, base and largest value of numeric escapes. */
const NUMERIC_ESCAPES: ReadonlyMap<string, { readonly digits: number; readonly max: number }> = new Map([
  ["x", { digits: 2, max: 0xff }],
  ["u", { digits: 4, max: 0x10ffff }],
  ["U", { digits: 8, max: 0x10ffff }],
]);

/** Finds the end of the literal that starts with the quote at `start`, checking its escapes. */
export function scanString(input: string, start: number): ScannedString {
  const quote = input[start]!;
  const isRaw = quote === "`";
  let at = start + 1;
  for (;;) {
    const code = input.codePointAt(at);
    if (code === undefined) return failed(at, isRaw ? "unterminated raw string" : "unterminated quoted string");
    // Prometheus takes U+FFFD for a sign of broken UTF-8 even where it was written as such.
    if (code === 0xfffd || (code >= 0xd800 && code <= 0xdfff)) return failed(at, "invalid UTF-8 rune");
    at += code > 0xffff ? 2 : 1;
    if (code === quote.charCodeAt(0)) return { end: at, error: undefined };
    if (isRaw) continue;
    if (code === 0x0a) return failed(at, "unterminated quoted string");
    if (code === 0x5c) {
      const escaped = scanEscape(input, at, quote);
      if (escaped.error !== undefined) return escaped;
      at = escaped.end;
    }
  }
}

/** Checks the escape whose first character behind the backslash is at `start`. */
function scanEscape(input: string, start: number, quote: string): ScannedString {
  const first = runeAt(input, start);
  if (first === "") return failed(start, "escape sequence not terminated");
  if (first === quote || SIMPLE_ESCAPES.has(first)) return { end: start + 1, error: undefined };
  const isOctal = first >= "0" && first <= "7";
  const numeric = isOctal ? { digits: 3, max: 255 } : NUMERIC_ESCAPES.get(first);
  if (numeric === undefined) return failed(start, `unknown escape sequence ${describeRune(first)}`);
  const digitsAt = isOctal ? start : start + 1;
  const base = isOctal ? 8 : 16;
  let value = 0;
  for (let i = 0; i < numeric.digits; i++) {
    const char = runeAt(input, digitsAt + i);
    if (char === "") return failed(digitsAt + i, "escape sequence not terminated");
    const digit = digitValue(char);
    if (digit >= base) return failed(digitsAt + i, `illegal character ${describeRune(char)} in escape sequence`);
    value = value * base + digit;
  }
  if (value > numeric.max || (value >= 0xd800 && value < 0xe000)) {
    return failed(digitsAt, "escape sequence is an invalid Unicode code point");
  }
  return { end: digitsAt + numeric.digits, error: undefined };
}

/**
 * The value of a literal that `scanString` accepted. `\xff` and octals are bytes, and need not be UTF-8 in the end: a
 * byte that is not becomes a lone surrogate, U+DC00 + byte, which `quoteGo` prints as the byte again.
 */
export function unquoteString(literal: string): string {
  const body = literal.slice(1, -1);
  if (literal[0] === "`" || !body.includes("\\")) return body;
  const parts: Buffer[] = [];
  let at = 0;
  while (at < body.length) {
    const backslash = body.indexOf("\\", at);
    if (backslash === -1) break;
    parts.push(Buffer.from(body.slice(at, backslash)));
    const char = body[backslash + 1]!;
    const numeric = NUMERIC_ESCAPES.get(char);
    if (numeric !== undefined) {
      at = backslash + 2 + numeric.digits;
      const value = Number.parseInt(body.slice(backslash + 2, at), 16);
      parts.push(char === "x" ? Buffer.of(value) : Buffer.from(String.fromCodePoint(value)));
    } else if (char >= "0" && char <= "7") {
      at = backslash + 4;
      parts.push(Buffer.of(Number.parseInt(body.slice(backslash + 1, at), 8)));
    } else {
      at = backslash + 2;
      parts.push(Buffer.of(SIMPLE_ESCAPES.get(char) ?? char.charCodeAt(0)));
    }
  }
  parts.push(Buffer.from(body.slice(at)));
  return decodeBytes(Buffer.concat(parts));
}

function decodeBytes(bytes: Buffer): string {
  const text = bytes.toString("utf8");
  if (Buffer.from(text).equals(bytes)) return text;
  let decoded = "";
  for (let at = 0; at < bytes.length; ) {
    const length = [1, 2, 3, 4].find((size) => isOneRune(bytes.subarray(at, at + size)));
    decoded +=
      length === undefined ? String.fromCharCode(0xdc00 + bytes[at]!) : bytes.toString("utf8", at, at + length);
    at += length ?? 1;
  }
  return decoded;
}

function isOneRune(bytes: Buffer): boolean {
  const text = bytes.toString("utf8");
  return [...text].length === 1 && Buffer.from(text).equals(bytes);
}

/** A character as Go's %q prints it, in single quotes; the end of input prints as U+FFFD. */
export function quoteRune(char: string): string {
  if (char === "") return "'\ufffd'";
  if (char === "'") return "'\\''";
  if (char === '"') return "'\"'";
  return `'${quoteGo(char).slice(1, -1)}'`;
}

/** As Go's %#U: `U+0063 'c'`, without the character where it cannot be printed. */
function describeRune(char: string): string {
  const code = char.codePointAt(0)!;
  const name = `U+${code.toString(16).toUpperCase().padStart(4, "0")}`;
  const isPrintable = quoteGo(char).length <= char.length + 2 || char === '"' || char === "\\";
  return isPrintable ? `${name} '${char}'` : name;
}

function runeAt(input: string, index: number): string {
  const code = input.codePointAt(index);
  return code === undefined ? "" : String.fromCodePoint(code);
}

/** 16 for what is no digit of any base up to 16. */
function digitValue(char: string): number {
  return /^[0-9a-fA-F]$/.test(char) ? Number.parseInt(char, 16) : 16;
}

function failed(end: number, error: string): ScannedString {
  return { end, error };
}

/** Go's literals: strings, characters and numbers, as strconv reads them. */
import { parseGoFloat } from "../model/number.js";
import { fromBytes } from "./bytes.js";
import type { NumberNode } from "./nodes.js";

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

/** strconv.Unquote of a string with its quotes, or undefined. */
export function unquote(quoted: string): string | undefined {
  const quote = quoted[0];
  const body = quoted.slice(1, -1);
  if (quote === "`") return body.replaceAll("\r", "");
  if (quote !== '"') return undefined;
  if (!body.includes("\\")) return body;
  const parts: Buffer[] = [];
  for (let at = 0; at < body.length; ) {
    const read = readEscaped(body, at, '"');
    if (read === undefined) return undefined;
    parts.push(read.byte === undefined ? Buffer.from(read.rune) : Buffer.from([read.byte]));
    at = read.next;
  }
  return fromBytes(Buffer.concat(parts));
}

interface ReadRune {
  readonly rune: string;
  /** Of `\x` and octal escapes from 128 on: one byte, not a character. */
  readonly byte?: number;
  readonly next: number;
}

function readEscaped(text: string, at: number, quote: string): ReadRune | undefined {
  const rune = String.fromCodePoint(text.codePointAt(at)!);
  if (rune !== "\\") return { rune, next: at + rune.length };
  const letter = text[at + 1];
  if (letter === undefined) return undefined;
  const simple = SIMPLE_ESCAPES.get(letter) ?? (letter === quote ? quote.charCodeAt(0) : undefined);
  if (simple !== undefined) return { rune: String.fromCharCode(simple), next: at + 2 };
  const digits = letter === "x" ? 2 : letter === "u" ? 4 : letter === "U" ? 8 : 0;
  if (digits > 0) {
    const hex = text.slice(at + 2, at + 2 + digits);
    if (hex.length !== digits || !/^[0-9a-fA-F]+$/.test(hex)) return undefined;
    const code = Number.parseInt(hex, 16);
    const next = at + 2 + digits;
    if (letter === "x") return code < 128 ? { rune: String.fromCharCode(code), next } : { rune: "", byte: code, next };
    if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return undefined;
    return { rune: String.fromCodePoint(code), next };
  }
  const octal = text.slice(at + 1, at + 4);
  if (!/^[0-7]{3}$/.test(octal)) return undefined;
  const code = Number.parseInt(octal, 8);
  if (code > 255) return undefined;
  return code < 128 ? { rune: String.fromCharCode(code), next: at + 4 } : { rune: "", byte: code, next: at + 4 };
}

const MAX_INT64 = 2n ** 63n - 1n;
const MAX_UINT64 = 2n ** 64n - 1n;
const INT_TEXT = /^[+-]?(?:0[xX](?:_?[0-9a-fA-F])+|0[oO]?(?:_?[0-7])*|0[bB](?:_?[01])+|[1-9](?:_?[0-9])*)$/;

/** @returns the number, or the message of what is wrong with it. */
export function parseNumberLiteral(
  pos: number,
  text: string,
  type: "charConstant" | "complex" | "number",
): NumberNode | string {
  const base = { kind: "number", pos, text, uint: undefined, complex: undefined, isFloatText: false } as const;
  if (type === "charConstant") {
    const body = text.slice(1, -1);
    const read = body === "" ? undefined : readEscaped(body, 0, "'");
    if (read === undefined || read.next !== body.length) return `malformed character constant: ${text}`;
    const code = read.byte ?? read.rune.codePointAt(0)!;
    return { ...base, int: BigInt(code), uint: BigInt(code), float: code };
  }
  if (type === "complex" || text.endsWith("i")) {
    const complex = parseComplex(text);
    if (complex === undefined) return `illegal number syntax: ${JSON.stringify(text)}`;
    const isReal = complex.im === 0;
    const isInt = isReal && Number.isInteger(complex.re);
    return {
      ...base,
      int: isInt ? BigInt(complex.re) : undefined,
      uint: isInt && complex.re >= 0 ? BigInt(complex.re) : undefined,
      float: isReal ? complex.re : undefined,
      complex,
    };
  }
  const whole = parseInteger(text);
  if (whole !== undefined) {
    const uint = /^[+-]/.test(text) ? undefined : whole <= MAX_UINT64 ? whole : undefined;
    const int = whole <= MAX_INT64 && whole >= -MAX_INT64 - 1n ? whole : undefined;
    if (int !== undefined || uint !== undefined) return { ...base, int, uint, float: Number(whole) };
  }
  const float = parseGoFloat(text);
  if (float === undefined) return `illegal number syntax: ${JSON.stringify(text)}`;
  if (!/[.eEpP]/.test(text)) return `integer overflow: ${JSON.stringify(text)}`;
  const isWhole = Number.isInteger(float) && Math.abs(float) < 2 ** 63;
  const int = isWhole ? BigInt(float) : undefined;
  return { ...base, int, uint: int !== undefined && int >= 0n ? int : undefined, float, isFloatText: true };
}

function parseInteger(text: string): bigint | undefined {
  if (!INT_TEXT.test(text)) return undefined;
  const isNegative = text.startsWith("-");
  let digits = text.replace(/^[+-]/, "").replaceAll("_", "");
  if (/^0[0-7]+$/.test(digits)) digits = `0o${digits.slice(1)}`;
  const value = BigInt(digits);
  return isNegative ? -value : value;
}

function parseComplex(text: string): { readonly re: number; readonly im: number } | undefined {
  const parts = /^(.*?[^eEpP+-])??([+-]?[^+-]+(?:[eEpP][+-]?[0-9_]+)?)i$/.exec(text);
  if (parts === null) return undefined;
  const re = parts[1] === undefined ? 0 : parseGoFloat(parts[1]);
  const im = parseGoFloat(parts[2]!);
  return re === undefined || im === undefined ? undefined : { re, im };
}

/** Numbers and durations: where they end (in the scanner's way, which decides what a message quotes), and their value. */
import { VestalError } from "../../base/index.js";
import { quoteGo } from "../../model/index.js";

export interface Scanned {
  readonly ok: boolean;
  /** End of the token, or of what the message about it quotes. */
  readonly end: number;
}

/**
 * Reads `[.]digits` with dots, exponents and underscores, hexadecimal behind `0x`; not yet a promise that it has a value.
 *
 * @param isInSeries  an `x` behind it says how often it comes, and nothing is hexadecimal
 */
export function scanNumber(input: string, start: number, isInSeries = false): Scanned {
  let at = start;
  const is = (set: string): boolean => at < input.length && set.includes(input[at]!);
  const accept = (set: string): boolean => {
    if (!is(set)) return false;
    at++;
    return true;
  };
  const fail = (): Scanned => ({ ok: false, end: at });

  let digits = "0123456789";
  if (!isInSeries && accept("0") && accept("xX")) {
    accept("_");
    digits = "0123456789abcdefABCDEF";
  }
  const isHex = digits.length > 10;
  accept(".");
  accept(digits);
  let hasDot = false;
  let hasExponent = false;
  while (is(`${digits}._eE`)) {
    if (hasDot && accept(".")) return fail();
    if (hasExponent && accept("eE")) return fail();
    if (accept(".")) {
      hasDot = true;
      if (accept("_.") || isHex) return fail();
    } else if (accept("eE")) {
      hasExponent = true;
      accept("+-");
      if (accept("._eE") || at >= input.length) return fail();
    } else if (accept("_")) {
      if (accept("._eE") || at >= input.length) return fail();
    } else {
      while (accept(digits));
    }
  }
  const isOver = (isInSeries && input[at] === "x") || !isWordCode(input.charCodeAt(at));
  return { ok: at > start && isOver, end: at };
}

/** Continues behind what `scanNumber` took: a unit, then more digits with units. */
export function scanRestOfDuration(input: string, start: number): Scanned {
  let at = start;
  const accept = (set: string): boolean => {
    if (at >= input.length || !set.includes(input[at]!)) return false;
    at++;
    return true;
  };
  if (!accept("smhdwy")) return { ok: false, end: at };
  accept("s");
  while (accept("0123456789")) {
    while (accept("0123456789"));
    if (!accept("smhdw")) return { ok: false, end: at };
    accept("s");
  }
  if (isWordCode(input.charCodeAt(at))) return { ok: false, end: at + 1 };
  return { ok: true, end: at };
}

const MAX_INT64 = 9_223_372_036_854_775_807n;

/**
 * The value of a number token: as an integer of Go (decimal, 0x, octal with a leading 0), else as a float.
 * @throws VestalError NUMBER in Go's words.
 */
export function parseNumber(text: string): number {
  const lower = text.toLowerCase();
  if (lower === "inf") return Number.POSITIVE_INFINITY;
  if (lower === "nan") return Number.NaN;
  const integer = parseInteger(lower);
  if (integer !== undefined) return integer;
  const plain = hasGoodUnderscores(lower) ? lower.replaceAll("_", "") : "";
  if (!/^(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/.test(plain)) throw numberError(text, "invalid syntax");
  const value = Number(plain);
  if (!Number.isFinite(value)) throw numberError(text, "value out of range");
  return value;
}

function parseInteger(lower: string): number | undefined {
  if (!hasGoodUnderscores(lower)) return undefined;
  const plain = lower.replaceAll("_", "");
  const isOctal = /^0[0-7]+$/.test(plain);
  if (!isOctal && !/^(?:0x[0-9a-f]+|0|[1-9]\d*)$/.test(plain)) return undefined;
  const value = BigInt(isOctal ? `0o${plain.slice(1)}` : plain);
  return value > MAX_INT64 ? undefined : Number(value);
}

/** Underscores may stand between digits, and between a base's prefix and the first digit. */
function hasGoodUnderscores(lower: string): boolean {
  if (!lower.includes("_")) return true;
  return lower.startsWith("0x")
    ? /^0x(?:_?[0-9a-f]+)+$/.test(lower)
    : /^\d+(?:_\d+)*(?:\.(?:\d+(?:_\d+)*)?)?(?:e[+-]?\d+(?:_\d+)*)?$/.test(lower);
}

function numberError(text: string, reason: string): VestalError {
  return new VestalError("NUMBER", `error parsing number: strconv.ParseFloat: parsing ${quoteGo(text)}: ${reason}`, {
    text,
  });
}

/** Letters, digits and underscore; false for NaN, the code behind the end. */
function isWordCode(code: number): boolean {
  return (
    (code >= 0x30 && code <= 0x39) || (code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a) || code === 0x5f
  );
}

/**
 * Plain scalars as Go's yaml.v2 reads them (YAML 1.1): `yes` is a boolean, `0x1f` an integer. The text is kept, because
 * a field that wants a string takes the text as it was written: a label `version: 1.50` is "1.50".
 */

export type PlainKind = "null" | "bool" | "int" | "float";
export type PlainValue = null | boolean | number | bigint;

/** A scalar without quotes that is not a string by itself. */
export class Plain {
  readonly kind: PlainKind;
  readonly text: string;
  readonly value: null | boolean | number | bigint;

  constructor(kind: PlainKind, text: string, value: null | boolean | number | bigint) {
    this.kind = kind;
    this.text = text;
    this.value = value;
  }

  /** js-yaml makes mapping keys with String(), except where an object calls itself "Object". */
  get [Symbol.toStringTag](): string {
    return "Plain";
  }

  toString(): string {
    return this.text;
  }
}

const WORDS: ReadonlyMap<string, Plain> = new Map(
  [
    ...["", "~", "null", "Null", "NULL"].map((text) => new Plain("null", text, null)),
    ...["y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"].map(
      (text) => new Plain("bool", text, true),
    ),
    ...["n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"].map(
      (text) => new Plain("bool", text, false),
    ),
    ...[".nan", ".NaN", ".NAN"].map((text) => new Plain("float", text, Number.NaN)),
    ...[".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"].map((text) => new Plain("float", text, Infinity)),
    ...["-.inf", "-.Inf", "-.INF"].map((text) => new Plain("float", text, -Infinity)),
  ].map((plain) => [plain.text, plain]),
);

const INTEGER = /^[-+]?(?:0b[01]+|0x[0-9a-fA-F]+|0o?[0-7]*|[1-9][0-9]*)$/;
const FLOAT = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/;
/** The longest integer that yaml.v2 keeps has 20 digits or 64 binary ones; a longer run of digits is a float. */
const INTEGER_LENGTH_MAX = 70;

/** What `text`, written without quotes, is; undefined for a string. */
export function resolvePlain(text: string): Plain | undefined {
  const word = WORDS.get(text);
  if (word !== undefined) return word;
  const first = text.charCodeAt(0);
  const isNumeric = (first >= 0x30 && first <= 0x39) || first === 0x2d || first === 0x2b || first === 0x2e;
  if (!isNumeric) return undefined;
  const digits = text.replaceAll("_", "");
  if (digits.length <= INTEGER_LENGTH_MAX && INTEGER.test(digits)) {
    const value = parseInteger(digits);
    if (value !== undefined) return new Plain("int", text, value);
  }
  return FLOAT.test(digits) ? new Plain("float", text, Number(digits)) : undefined;
}

function parseInteger(text: string): number | bigint | undefined {
  const isNegative = text.startsWith("-");
  const body = text.replace(/^[-+]/, "");
  const isOctal = /^0[0-7]+$/.test(body);
  const magnitude = BigInt(isOctal ? `0o${body.slice(1)}` : body === "0o" ? "0" : body);
  const value = isNegative ? -magnitude : magnitude;
  if (value < -(2n ** 63n) || value >= 2n ** 64n) return undefined;
  return value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
}

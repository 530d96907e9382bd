/**
 * Numbers as Go prints them, whose text is part of Prometheus' answers, labels and messages. The digits are the fewest
 * that give the same number back, as JavaScript's are; only the form differs.
 */

/** strconv.FormatFloat(value, 'f', -1, 64): never an exponent. */
export function formatFloat(value: number): string {
  const special = formatSpecial(value);
  if (special !== undefined) return special;
  const text = String(value);
  return text.includes("e") ? withoutExponent(value) : text;
}

/** As sample values stand in JSON answers: an exponent of two or more digits below 1e-6 and from 1e21 on. */
export function formatSample(value: number): string {
  const special = formatSpecial(value);
  if (special !== undefined) return special;
  const text = String(value);
  return text.includes("e") ? withWideExponent(text) : text;
}

/** Go's `%g` and `%v`: an exponent of two or more digits below 1e-4 and from 1e6 on. */
export function formatGeneral(value: number): string {
  const special = formatSpecial(value);
  if (special !== undefined) return special;
  const { exponent } = digitsOf(value);
  if (exponent < -4 || exponent >= 6) return withWideExponent(value.toExponential());
  return formatFloat(value);
}

/** As OpenMetrics wants the values of the labels `le` and `quantile`: always with a point or an exponent. */
export function formatOpenMetrics(value: number): string {
  if (value === 0) return "0.0"; // the negative one too, as there
  const text = formatGeneral(value);
  return /[e.]/.test(text) || !Number.isFinite(value) ? text : `${text}.0`;
}

/** Go's `%.<places>f`. */
export function formatFixed(value: number, places: number): string {
  const special = Object.is(value, -0) ? undefined : formatSpecial(value);
  if (special !== undefined && value !== 0) return special;
  if (Math.abs(value) < 1e21) {
    const text = value.toFixed(places);
    const rest = value
      .toFixed(Math.min(MAX_PLACES, places + MAX_FRACTION_DIGITS))
      .slice(places > 0 ? text.length : text.length + 1);
    return `${Object.is(value, -0) ? "-" : ""}${toEven(text, rest)}`;
  }
  return `${BigInt(value)}${places > 0 ? `.${"0".repeat(places)}` : ""}`;
}

/** As `toExponential`, with halves going to the even digit as in Go. */
export function formatExponential(value: number, places: number): string {
  const [mantissa, exponent] = value.toExponential(places).split("e") as [string, string];
  const exact = value.toExponential(MAX_PLACES);
  const rest = exact.slice(0, exact.indexOf("e")).slice(places > 0 ? mantissa.length : mantissa.length + 1);
  return `${toEven(mantissa, rest)}e${exponent}`;
}

/** JavaScript gives no more digits behind the point. */
const MAX_PLACES = 100;
/** Behind a digit where exactly a half is cut off there is nothing but zeros; so many show it for all that matters. */
const MAX_FRACTION_DIGITS = 60;

/** JavaScript rounds a half up, Go to the even digit. @param rest  the exact digits behind what `text` shows. */
function toEven(text: string, rest: string): string {
  const last = text.at(-1)!;
  return /^50*$/.test(rest) && "13579".includes(last) ? `${text.slice(0, -1)}${Number(last) - 1}` : text;
}

const DIGITS = "[0-9]+(?:_[0-9]+)*";
const HEX_DIGITS = "[0-9a-f]+(?:_[0-9a-f]+)*";
const DECIMAL = new RegExp(`^(?:${DIGITS}\\.?(?:${DIGITS})?|\\.${DIGITS})(?:e[+-]?${DIGITS})?$`);
const HEXADECIMAL = new RegExp(`^0x(_?${HEX_DIGITS})?(?:\\.(${HEX_DIGITS})?)?p([+-]?${DIGITS})$`);

/**
 * The number in `text` as Go's strconv.ParseFloat reads it, or undefined: decimal or hexadecimal (with `p`), single
 * underscores between digits, `Inf` with or without a sign and `NaN` without one, in any case.
 */
export function parseGoFloat(text: string): number | undefined {
  const sign = text.startsWith("-") ? -1 : 1;
  const body = /^[+-]/.test(text) ? text.slice(1) : text;
  const lower = body.toLowerCase();
  if (lower === "inf" || lower === "infinity") return sign * Number.POSITIVE_INFINITY;
  if (lower === "nan") return text === body ? Number.NaN : undefined;
  if (DECIMAL.test(lower)) {
    const value = Number(lower.replaceAll("_", ""));
    return Number.isFinite(value) ? sign * value : undefined;
  }
  const hex = HEXADECIMAL.exec(lower);
  if (hex === null || (hex[1] ?? hex[2]) === undefined) return undefined;
  const [whole, fraction, exponent] = hex.slice(1).map((digits) => (digits ?? "").replaceAll("_", "")) as [
    string,
    string,
    string,
  ];
  const mantissa = Number.parseInt(`0${whole}${fraction}`, 16);
  const value = mantissa * 2 ** (Number(exponent) - 4 * fraction.length);
  return Number.isFinite(value) ? sign * value : undefined;
}

function formatSpecial(value: number): string | undefined {
  if (Number.isNaN(value)) return "NaN";
  if (value === Number.POSITIVE_INFINITY) return "+Inf";
  if (value === Number.NEGATIVE_INFINITY) return "-Inf";
  return Object.is(value, -0) ? "-0" : undefined;
}

/** The shortest digits of a finite number other than 0, and the decimal exponent of the first of them. */
function digitsOf(value: number): { readonly digits: string; readonly exponent: number } {
  const [mantissa, exponent] = Math.abs(value).toExponential().split("e");
  return { digits: mantissa!.replace(".", ""), exponent: Number(exponent) };
}

function withoutExponent(value: number): string {
  const { digits, exponent } = digitsOf(value);
  const sign = value < 0 ? "-" : "";
  if (exponent < 0) return `${sign}0.${"0".repeat(-exponent - 1)}${digits}`;
  return `${sign}${digits.padEnd(exponent + 1, "0")}`;
}

function withWideExponent(text: string): string {
  return text.replace(/e([+-])(\d)$/, "e$10$2");
}

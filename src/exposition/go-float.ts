/** Floats as Go's strconv reads and writes them. */

/** The number that Go's ParseFloat reads, or undefined where it reports an error. Hexadecimal floats are left out. */
export function parseGoDecimal(text: string): number | undefined {
  if (/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text)) {
    const value = Number(text);
    return Number.isFinite(value) ? value : undefined;
  }
  const word = /^([+-]?)inf(inity)?$/i.exec(text);
  if (word !== null) return word[1] === "-" ? -Infinity : Infinity;
  return /^nan$/i.test(text) ? NaN : undefined;
}

/** From this power of ten on Go writes the shortest form with an exponent. */
const PLAIN_DIGITS_MAX = 6;

/** `strconv.FormatFloat(value, 'g', -1, 64)`. */
export function formatGoFloat(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "+Inf" : "-Inf";
  if (value === 0) return Object.is(value, -0) ? "-0" : "0";
  const [mantissa, power] = value.toExponential().split("e") as [string, string];
  const exponent = Number(power);
  return exponent < -4 || exponent >= PLAIN_DIGITS_MAX ? scientific(mantissa, exponent) : value.toString();
}

function scientific(mantissa: string, exponent: number): string {
  const digits = Math.abs(exponent).toString().padStart(2, "0");
  return `${mantissa}e${exponent < 0 ? "-" : "+"}${digits}`;
}

/** As OpenMetrics wants label values of `le` and `quantile`: always with a point or an exponent. */
export function formatOpenMetricsFloat(value: number): string {
  if (value === 0) return "0.0"; // the negative one too, as there
  const text = formatGoFloat(value);
  return /[e.]/.test(text) || !Number.isFinite(value) ? text : `${text}.0`;
}

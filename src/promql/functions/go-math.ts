/**
 * Functions whose last bit no standard fixes, computed as Go's math package does on amd64, so that answers equal those of
 * Prometheus to the digit. The methods and their coefficients are published: exp is that of N. Shibata (SLEEF), log and
 * log1p are FreeBSD's msun (Sun Microsystems 1993), the circular functions are Cephes' (S. Moshier), sinh is #2029 of Hart
 * and Cheney. Whether two roundings or one stand between two operations is part of the method: do not rearrange.
 */
export { acos, asin, atan, atan2, cos, sin, tan } from "./go-trigonometry.js";

const LN2 = Math.LN2;
const LN2_HIGH = 0.6931471803691238;
const LN2_LOW = 1.9082149292705877e-10;
const TWO_POW_28 = 2 ** 28;

const bits = new DataView(new ArrayBuffer(8));

/** Fraction in [0.5, 1) and exponent of a finite positive number. */
function splitExponent(x: number): { readonly fraction: number; readonly exponent: number } {
  if (x === 0 || !Number.isFinite(x)) return { fraction: x, exponent: 0 };
  const isTiny = Math.abs(x) < 2 ** -1022;
  bits.setFloat64(0, isTiny ? x * 2 ** 52 : x);
  const high = bits.getUint32(0);
  const exponent = ((high >>> 20) & 0x7ff) - 1022 - (isTiny ? 52 : 0);
  bits.setUint32(0, (high & 0x800fffff) | 0x3fe00000);
  return { fraction: bits.getFloat64(0), exponent };
}

/** A subnormal's bits taken for those of a normal number, as Go's logarithm on amd64 takes them. */
function rawParts(x: number): { readonly fraction: number; readonly exponent: number } {
  bits.setFloat64(0, x);
  bits.setUint32(0, (bits.getUint32(0) & 0x000fffff) | 0x3fe00000);
  return { fraction: bits.getFloat64(0), exponent: -1022 };
}

/** `fraction × 2^exponent`, rounded once. */
function scale(fraction: number, exponent: number): number {
  if (exponent > 1023)
    return exponent > 2100 ? fraction * Number.POSITIVE_INFINITY : scale(fraction * 2 ** 1023, exponent - 1023);
  if (exponent >= -1021) return fraction * 2 ** exponent;
  return exponent < -1200 ? fraction * 0 : fraction * 2 ** -1000 * 2 ** (exponent + 1000);
}

/** `a × b + c` rounded once: the product's error by Dekker, the sum's by Knuth. For numbers far from over- and underflow. */
function fusedMultiplyAdd(a: number, b: number, c: number): number {
  const split = 134_217_729; // 2^27 + 1
  const product = a * b;
  const aHigh = a * split - (a * split - a);
  const bHigh = b * split - (b * split - b);
  const aLow = a - aHigh;
  const bLow = b - bHigh;
  const productError = aLow * bLow - (product - aHigh * bHigh - aLow * bHigh - aHigh * bLow);
  const sum = product + c;
  const part = sum - product;
  const sumError = product - (sum - part) + (c - part);
  return sum + (sumError + productError);
}

/** 1 / n! from n = 8 down to 2, then 1. */
const EXP_SERIES = [
  2.48015873015873e-5, 0.0001984126984126984, 0.001388888888888889, 0.008333333333333333, 0.041666666666666664,
  0.16666666666666666, 0.5, 1,
] as const;

/** e^x: Taylor's series of x / 16 without its whole powers of two, squared four times; with fused operations. */
export function exp(x: number): number {
  if (Number.isNaN(x) || x === Number.POSITIVE_INFINITY) return x;
  if (x > 709.782712893384) return Number.POSITIVE_INFINITY;
  if (x < -745.2) return 0;
  const power = roundToEven(x * Math.LOG2E);
  let rest = fusedMultiplyAdd(-power, 0.693147180559663, x);
  rest = fusedMultiplyAdd(-power, 2.8235290563031577e-13, rest) * 0.0625;
  let series: number = EXP_SERIES[0];
  for (let i = 1; i < EXP_SERIES.length; i++) series = fusedMultiplyAdd(rest, series, EXP_SERIES[i]!);
  let result = rest * series;
  for (let i = 0; i < 3; i++) result *= result + 2;
  return scale(fusedMultiplyAdd(result + 2, result, 1), power);
}

/** 2^x: FreeBSD's e_exp after a reduction that is exact, as powers of two come apart first. */
export function exp2(x: number): number {
  if (Number.isNaN(x) || x === Number.POSITIVE_INFINITY) return x;
  if (x > 1023.9999999999999) return Number.POSITIVE_INFINITY;
  if (x < -1074) return 0;
  const power = x > 0 ? Math.trunc(x + 0.5) : x < 0 ? Math.trunc(x - 0.5) : 0;
  const t = x - power;
  const high = t * LN2_HIGH;
  const low = -t * LN2_LOW;
  const rest = high - low;
  const square = rest * rest;
  const tail = 6.613756321437934e-5 + square * (-1.6533902205465252e-6 + square * 4.1381367970572385e-8);
  const c = rest - square * (0.16666666666666666 + square * (-0.0027777777777015593 + square * tail));
  return scale(1 - (low - (rest * c) / (2 - c) - high), power);
}

function roundToEven(x: number): number {
  const rounded = Math.round(x);
  return Math.abs(x % 1) === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}

export function log(x: number): number {
  if (x === 0) return Number.NEGATIVE_INFINITY;
  if (!(x > 0) || x === Number.POSITIVE_INFINITY) return x < 0 ? Number.NaN : x;
  let { fraction, exponent } = x < 2 ** -1022 ? rawParts(x) : splitExponent(x);
  if (fraction < Math.SQRT1_2) {
    fraction *= 2;
    exponent--;
  }
  const f = fraction - 1;
  const s = f / (2 + f);
  const s2 = s * s;
  const s4 = s2 * s2;
  const odd =
    s2 * (0.6666666666666735 + s4 * (0.2857142874366239 + s4 * (0.1818357216161805 + s4 * 0.14798198605116586)));
  const even = s4 * (0.3999999999940942 + s4 * (0.22222198432149784 + s4 * 0.15313837699209373));
  const half = 0.5 * f * f;
  return exponent * LN2_HIGH - (half - (s * (half + (odd + even)) + exponent * LN2_LOW) - f);
}

export function log2(x: number): number {
  if (!(x > 0) || x === Number.POSITIVE_INFINITY) return log(x);
  const { fraction, exponent } = splitExponent(x);
  return fraction === 0.5 ? exponent - 1 : log(fraction) * Math.LOG2E + exponent;
}

export function log10(x: number): number {
  return log(x) * Math.LOG10E;
}

/** log(1 + x), with the rounding error of 1 + x put back. */
function log1p(x: number): number {
  if (x < -1 || Number.isNaN(x)) return Number.NaN;
  if (x === -1) return Number.NEGATIVE_INFINITY;
  if (x === Number.POSITIVE_INFINITY) return x;
  const size = Math.abs(x);
  if (size < 2 ** -54) return x;
  if (size < 2 ** -29) return x - x * x * 0.5;
  let k = 0;
  let f = x;
  let correction = 0;
  let isNearPower = false;
  if (!(size < 0.41421356237309503 && x > -0.2928932188134525)) {
    const u = size < 2 ** 53 ? 1 + x : x;
    let { fraction, exponent } = splitExponent(u);
    k = exponent - 1;
    if (size < 2 ** 53) correction = (k > 0 ? 1 - (u - x) : x - (u - 1)) / u;
    if (fraction * 2 < Math.SQRT2) fraction *= 2;
    else k++;
    f = fraction - 1;
    // As the method tells |f| < 2^-20: by the mantissa's bits being 0, of 1 + f or of their distance to 2.
    isNearPower = f === 0 || (fraction < 1 && (1 - fraction) * 2 ** 51 < 1);
  }
  const half = 0.5 * f * f;
  if (isNearPower) {
    if (f === 0) return k === 0 ? 0 : k * LN2_HIGH + (correction + k * LN2_LOW);
    const r = half * (1 - 0.6666666666666666 * f);
    return k === 0 ? f - r : k * LN2_HIGH - (r - (k * LN2_LOW + correction) - f);
  }
  const s = f / (2 + f);
  const z = s * s;
  const tail = 0.22222198432149784 + z * (0.1818357216161805 + z * (0.15313837699209373 + z * 0.14798198605116586));
  const r = z * (0.6666666666666735 + z * (0.3999999999940942 + z * (0.2857142874366239 + z * tail)));
  if (k === 0) return f - (half - s * (half + r));
  return k * LN2_HIGH - (half - (s * (half + r) + (k * LN2_LOW + correction)) - f);
}

/** The greater of two; +Inf stands above NaN. */
export function maximum(a: number, b: number): number {
  if (a === Number.POSITIVE_INFINITY || b === Number.POSITIVE_INFINITY) return Number.POSITIVE_INFINITY;
  return Math.max(a, b);
}

/** The lesser of two; -Inf stands below NaN. */
export function minimum(a: number, b: number): number {
  if (a === Number.NEGATIVE_INFINITY || b === Number.NEGATIVE_INFINITY) return Number.NEGATIVE_INFINITY;
  return Math.min(a, b);
}

function withSign(value: number, isNegative: boolean): number {
  return isNegative ? -value : value;
}

export function sinh(x: number): number {
  const size = Math.abs(x);
  if (size > 21) return withSign(exp(size) / 2, x < 0);
  if (size > 0.5) {
    const power = exp(size);
    return withSign((power - 1 / power) * 0.5, x < 0);
  }
  const q = size * size;
  const top = (((-26.30563213397497 * q - 2894.211355989564) * q - 89912.72022039509) * q - 630767.3640497717) * size;
  const bottom = ((q - 173.6789535582337) * q + 15215.17378790019) * q - 630767.3640497717;
  return withSign(top / bottom, x < 0);
}

export function cosh(x: number): number {
  const size = Math.abs(x);
  const power = exp(size);
  return size > 21 ? power * 0.5 : (power + 1 / power) * 0.5;
}

export function tanh(x: number): number {
  const size = Math.abs(x);
  if (size > 0.5 * 88.02969193111305) return x < 0 ? -1 : 1;
  if (size >= 0.625) return withSign(1 - 2 / (exp(2 * size) + 1), x < 0);
  if (x === 0 || Number.isNaN(x)) return x;
  const s = x * x;
  const top = (-0.9643991794250523 * s - 99.28772310019185) * s - 1614.6876844170845;
  const bottom = ((s + 112.81167849163293) * s + 2235.4883906010045) * s + 4844.063053251255;
  return x + (x * s * top) / bottom;
}

export function asinh(x: number): number {
  if (!Number.isFinite(x)) return x;
  const size = Math.abs(x);
  if (size > TWO_POW_28) return withSign(log(size) + LN2, x < 0);
  if (size > 2) return withSign(log(2 * size + 1 / (Math.sqrt(size * size + 1) + size)), x < 0);
  if (size < 1 / TWO_POW_28) return x;
  return withSign(log1p(size + (size * size) / (1 + Math.sqrt(1 + size * size))), x < 0);
}

export function acosh(x: number): number {
  if (!(x >= 1)) return Number.NaN;
  if (x === 1) return 0;
  if (x >= TWO_POW_28) return log(x) + LN2;
  if (x > 2) return log(2 * x - 1 / (x + Math.sqrt(x * x - 1)));
  const t = x - 1;
  return log1p(t + Math.sqrt(2 * t + t * t));
}

export function atanh(x: number): number {
  const size = Math.abs(x);
  if (!(size <= 1)) return Number.NaN;
  if (size === 1) return x * Number.POSITIVE_INFINITY;
  if (size < 1 / TWO_POW_28) return x;
  const twice = size + size;
  if (size < 0.5) return withSign(0.5 * log1p(twice + (twice * size) / (1 - size)), x < 0);
  return withSign(0.5 * log1p(twice / (1 - size)), x < 0);
}

/** x^y: the fraction of y through exp and log, its whole part by squaring, powers of two apart. */
export function pow(x: number, y: number): number {
  const isPlain = Number.isFinite(x) && Number.isFinite(y) && x !== 0 && y !== 0 && x !== 1;
  if (!isPlain) return x === 1 || (x === -1 && Math.abs(y) === Number.POSITIVE_INFINITY) ? 1 : x ** y;
  if (y === 0.5) return Math.sqrt(x);
  if (y === -0.5) return 1 / Math.sqrt(x);
  let whole = Math.trunc(Math.abs(y));
  let part = Math.abs(y) - whole;
  if (part !== 0 && x < 0) return Number.NaN;
  if (whole >= 2 ** 63) return x ** y;
  let result = 1;
  let exponent = 0;
  if (part !== 0) {
    if (part > 0.5) {
      part--;
      whole++;
    }
    result = exp(part * log(x));
  }
  let { fraction: square, exponent: squareExponent } = splitExponent(x);
  while (whole >= 1) {
    if (Math.abs(squareExponent) > 4096) {
      exponent += squareExponent;
      break;
    }
    if (whole % 2 === 1) {
      result *= square;
      exponent += squareExponent;
    }
    whole = Math.floor(whole / 2);
    square *= square;
    squareExponent *= 2;
    if (square < 0.5) {
      square += square;
      squareExponent--;
    }
  }
  return y < 0 ? scale(1 / result, -exponent) : scale(result, exponent);
}

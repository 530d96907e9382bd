/** Circular functions as in Go's math package, whose methods and coefficients are those of the Cephes library. */

const MORE_BITS = 6.123233995736766e-17; // π/2 is the double nearest to it plus this
const TAN_3_PI_8 = 2.414213562373095;
const FOUR_BY_PI = 1.2732395447351628;
/** From here on the reduction to an octant needs more digits of π than a number has. */
const LARGE = 2 ** 29;

/** Bits behind the point that `largeOctant` may need of 4/π, for the largest exponent. */
const FRACTION_BITS = 64n * 19n;
const WORD = 2n ** 64n - 1n;
let fourByPi: bigint | undefined;

/** 4/π × 2^FRACTION_BITS, cut off: π by Machin's formula. */
function fourByPiBits(): bigint {
  const one = 1n << (FRACTION_BITS + 64n);
  const arctangent = (inverse: bigint): bigint => {
    let sum = 0n;
    let power = one / inverse;
    for (let k = 1n; power !== 0n; k += 4n) {
      sum += power / k;
      power /= inverse * inverse;
      sum -= power / (k + 2n);
      power /= inverse * inverse;
    }
    return sum;
  };
  const pi = 16n * arctangent(5n) - 4n * arctangent(239n);
  return ((one << 2n) << FRACTION_BITS) / pi;
}

/** As `reduce`, by Payne and Hanek's method: the angle times those 192 bits of 4/π that matter for it. */
function largeOctant(size: number): { readonly octant: number; readonly rest: number } {
  fourByPi ??= fourByPiBits();
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, size);
  const bits = view.getBigUint64(0);
  const exponent = (bits >> 52n) - 1023n - 52n;
  const mantissa = (bits & (2n ** 52n - 1n)) | (1n << 52n);
  // The first digit has the weight 2^64, the last one 2^-FRACTION_BITS.
  const window = (fourByPi >> (64n + FRACTION_BITS - (exponent + 61n) - 192n)) & (2n ** 192n - 1n);
  const product = ((window >> 64n) * mantissa + (((window & WORD) * mantissa) >> 64n)) & (2n ** 128n - 1n);
  let octant = Number(product >> 125n);
  const fraction = (product << 3n) & (2n ** 128n - 1n);
  const leading = BigInt(128 - fraction.toString(2).length);
  view.setBigUint64(
    0,
    ((1023n - (leading + 1n)) << 52n) | (((fraction << (leading + 1n)) & (2n ** 128n - 1n)) >> (128n - 52n)),
  );
  let rest = view.getFloat64(0);
  if (octant % 2 === 1) {
    octant = (octant + 1) % 8;
    rest--;
  }
  return { octant, rest: rest * (Math.PI / 4) };
}

/** Octant, even, and the rest of the angle, in [-π/4, π/4]. */
function reduce(size: number): { readonly octant: number; readonly rest: number } {
  if (size >= LARGE) return largeOctant(size);
  let octant = Math.floor(size * FOUR_BY_PI);
  if (octant % 2 === 1) octant++;
  const rest = size - octant * 0.7853981256484985 - octant * 3.774894707930798e-8 - octant * 2.6951514290790595e-15;
  return { octant: octant % 8, rest };
}

function sineOf(z: number): number {
  const q = z * z;
  const series =
    ((((1.5896230157654656e-10 * q - 2.5050747762857807e-8) * q + 2.7557313621385722e-6) * q - 0.0001984126982958954) *
      q +
      0.008333333333322118) *
      q -
    0.1666666666666663;
  return z + z * q * series;
}

function cosineOf(z: number): number {
  const q = z * z;
  const series =
    ((((-1.1358536521387682e-11 * q + 2.087570084197473e-9) * q - 2.755731417929674e-7) * q + 2.4801587288851704e-5) *
      q -
      0.0013888888888873056) *
      q +
    0.041666666666666595;
  return 1 - 0.5 * q + q * q * series;
}

export function sin(x: number): number {
  if (x === 0 || !Number.isFinite(x)) return Math.sin(x);
  const { octant, rest } = reduce(Math.abs(x));
  const isNegative = x < 0 !== octant > 3;
  const value = octant % 4 === 2 ? cosineOf(rest) : sineOf(rest);
  return isNegative ? -value : value;
}

export function cos(x: number): number {
  if (!Number.isFinite(x)) return Math.cos(x);
  const { octant, rest } = reduce(Math.abs(x));
  const isNegative = octant > 3 !== octant % 4 > 1;
  const value = octant % 4 === 2 ? sineOf(rest) : cosineOf(rest);
  return isNegative ? -value : value;
}

export function tan(x: number): number {
  if (x === 0 || !Number.isFinite(x)) return Math.tan(x);
  const { octant, rest } = reduce(Math.abs(x));
  const q = rest * rest;
  let value = rest;
  if (q > 1e-14) {
    const top = q * ((-13093.693918138379 * q + 1153516.6483858742) * q - 17956525.197648488);
    const bottom =
      (((q + 13681.296347069296) * q - 1320892.3444021097) * q + 25008380.18233579) * q - 53869575.592945464;
    value = rest + rest * (top / bottom);
  }
  if (octant % 4 === 2) value = -1 / value;
  return x < 0 ? -value : value;
}

/** For [0, 0.66]. */
function smallArctangent(x: number): number {
  const z = x * x;
  const top =
    z *
    ((((-0.8750608600031904 * z - 16.157537187333652) * z - 75.00855792314705) * z - 122.88666844901361) * z -
      64.85021904942025);
  const bottom =
    ((((z + 24.858464901423062) * z + 165.02700983169885) * z + 432.88106049129027) * z + 485.3903996359137) * z +
    194.5506571482614;
  return x * (top / bottom) + x;
}

function positiveArctangent(x: number): number {
  if (x <= 0.66) return smallArctangent(x);
  if (x > TAN_3_PI_8) return Math.PI / 2 - smallArctangent(1 / x) + MORE_BITS;
  return Math.PI / 4 + smallArctangent((x - 1) / (x + 1)) + 0.5 * MORE_BITS;
}

export function atan(x: number): number {
  if (x === 0) return x;
  return x > 0 ? positiveArctangent(x) : -positiveArctangent(-x);
}

export function asin(x: number): number {
  if (x === 0) return x;
  const size = Math.abs(x);
  if (!(size <= 1)) return Number.NaN;
  const root = Math.sqrt(1 - size * size);
  const value = size > 0.7 ? Math.PI / 2 - positiveArctangent(root / size) : positiveArctangent(size / root);
  return x < 0 ? -value : value;
}

export function acos(x: number): number {
  return Math.PI / 2 - asin(x);
}

export function atan2(y: number, x: number): number {
  // Where either is 0, infinite or NaN the result is a multiple of π/4, and every library has it.
  if (y === 0 || x === 0 || !Number.isFinite(x) || !Number.isFinite(y)) return Math.atan2(y, x);
  const quotient = atan(y / x);
  if (x > 0) return quotient;
  return quotient <= 0 ? quotient + Math.PI : quotient - Math.PI;
}

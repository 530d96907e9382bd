/**
 * Decimal numbers, correctly rounded. Exact arithmetic where mantissa and power of ten are exact; otherwise the product
 * with a 128-bit power of ten (Lemire, "Number parsing at a gigabyte per second", 2021, after Eisel), which gives up
 * where it cannot tell the rounding: such numbers are "hard" and go to the caller, who uses the engine's own conversion.
 *
 * Twin: test/twins/exposition/float.ts
 */
import { POWERS } from "./generated/powers";
import { TARGET_VALUE, TARGET_VALUE_IS_HARD } from "./layout";

const EXACT: usize = memory.data<f64>([
  1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
  1e21, 1e22,
]);

function isDigit(c: u32): bool {
  return c - 48 < 10;
}

/** High word of the 128-bit product. */
function multiplyHigh(a: u64, b: u64): u64 {
  const aLow = a & 0xffffffff;
  const aHigh = a >> 32;
  const bLow = b & 0xffffffff;
  const bHigh = b >> 32;
  const low = aLow * bLow;
  const middle = aHigh * bLow + (low >> 32);
  const other = aLow * bHigh + (middle & 0xffffffff);
  return aHigh * bHigh + (middle >> 32) + (other >> 32);
}

/** Bits of mantissa × 10^power rounded to even, or all ones where this arithmetic cannot tell. `mantissa` is not 0. */
function roundBits(mantissa: u64, power: i32): u64 {
  if (power < -348 || power > 347) return u64.MAX_VALUE;
  const entry = POWERS + ((<usize>(power + 348)) << 4);
  const shift = clz(mantissa);
  const w = mantissa << shift;
  const tenHigh = load<u64>(entry, 8);
  let high = multiplyHigh(w, tenHigh);
  let low = w * tenHigh;
  if ((high & 0x1ff) === 0x1ff && low + w < w) {
    const tenLow = load<u64>(entry);
    const moreHigh = multiplyHigh(w, tenLow);
    const moreLow = w * tenLow;
    const sum = low + moreHigh;
    if (sum < low) high++;
    low = sum;
    if ((high & 0x1ff) === 0x1ff && low === u64.MAX_VALUE && moreLow + w < w) return u64.MAX_VALUE;
  }
  const top = high >> 63;
  let fraction = high >> (top + 9);
  if (low === 0 && (high & 0x1ff) === 0 && (fraction & 3) === 1) return u64.MAX_VALUE; // half way, perhaps
  let exponent = <i64>((217706 * power) >> 16) + 1087 - <i64>shift - <i64>(1 ^ top);
  fraction += fraction & 1;
  fraction >>= 1;
  if (fraction >> 53 !== 0) {
    fraction >>= 1;
    exponent++;
  }
  if (exponent < 1 || exponent > 2046) return u64.MAX_VALUE; // subnormal, or too large
  return ((<u64>exponent) << 52) | (fraction & (((<u64>0x000fffff) << 32) | 0xffffffff));
}

/**
 * Reads `[+-] digits [. digits] [e [+-] digits]` at `at` into TARGET_VALUE and TARGET_VALUE_IS_HARD. Stops by itself at
 * the first byte that does not belong to it: the byte before the end of the readable range must be none of the above.
 *
 * @returns the address behind the number, or 0 if none stands there.
 */
export function parseDecimal(target: usize, at: usize): usize {
  let c: u32 = load<u8>(at);
  const isNegative = c === 45;
  if (isNegative || c === 43) c = load<u8>(++at);
  let mantissa: u64 = 0;
  let digits = 0; // significant ones
  let power = 0;
  let isCut = false;
  let hasDigits = false;
  while (isDigit(c)) {
    hasDigits = true;
    if (digits < 19) {
      mantissa = mantissa * 10 + <u64>(c - 48);
      if (mantissa !== 0) digits++;
    } else {
      power++;
      if (c !== 48) isCut = true;
    }
    c = load<u8>(++at);
  }
  if (c === 46) {
    c = load<u8>(++at);
    while (isDigit(c)) {
      hasDigits = true;
      if (digits < 19) {
        mantissa = mantissa * 10 + <u64>(c - 48);
        if (mantissa !== 0) digits++;
        power--;
      } else if (c !== 48) isCut = true;
      c = load<u8>(++at);
    }
  }
  if (!hasDigits) return 0;
  if ((c | 32) === 101) {
    c = load<u8>(++at);
    const isNegativePower = c === 45;
    if (isNegativePower || c === 43) c = load<u8>(++at);
    if (!isDigit(c)) return 0;
    let exponent = 0;
    while (isDigit(c)) {
      if (exponent < 100000) exponent = exponent * 10 + (<i32>c - 48);
      c = load<u8>(++at);
    }
    power += isNegativePower ? -exponent : exponent;
  }
  let value: f64 = 0;
  let isHard = false;
  if (mantissa === 0) value = 0;
  else if (!isCut && mantissa <= 1 << 53 && power >= -22 && power <= 22) {
    value = <f64>mantissa;
    if (power < 0) value /= load<f64>(EXACT + ((<usize>-power) << 3));
    else value *= load<f64>(EXACT + ((<usize>power) << 3));
  } else {
    const bits = roundBits(mantissa, power);
    // With digits cut off the true mantissa lies between this one and the next: both must round alike.
    if (bits === u64.MAX_VALUE || (isCut && bits !== roundBits(mantissa + 1, power))) isHard = true;
    else value = reinterpret<f64>(bits);
  }
  store<f64>(target, isNegative ? -value : value, TARGET_VALUE);
  store<u32>(target, isHard ? 1 : 0, TARGET_VALUE_IS_HARD);
  return at;
}

/** True if the bytes from `at` are `word` (lower case, `length` bytes) in any case and end at `end`. */
function isWord(at: usize, end: usize, word: u64, length: usize): bool {
  if (end - at !== length) return false;
  for (let i: usize = 0; i < length; i++) {
    if ((<u64>load<u8>(at + i) | 32) !== ((word >> (i << 3)) & 0xff)) return false;
  }
  return true;
}

/**
 * Reads the whole text from `at` to `end` as Go's ParseFloat does in Prometheus: decimals, Inf and NaN in any case,
 * no hexadecimal numbers, no underscores. NaN comes out as Prometheus' ordinary one.
 */
export function parseFloat64(target: usize, at: usize, end: usize): bool {
  if (at < end && parseDecimal(target, at) === end) return true;
  store<u32>(target, 0, TARGET_VALUE_IS_HARD);
  if (isWord(at, end, 0x6e616e, 3)) {
    store<u64>(target, ((<u64>0x7ff80000) << 32) | 0x1, TARGET_VALUE);
    return true;
  }
  let sign: u64 = 0;
  if (at < end) {
    const c = load<u8>(at);
    if (c === 45) sign = (<u64>0x80000000) << 32;
    if (c === 45 || c === 43) at++;
  }
  if (!isWord(at, end, 0x666e69, 3) && !isWord(at, end, ((<u64>0x7974696e) << 32) | 0x69666e69, 8)) return false;
  store<u64>(target, ((<u64>0x7ff00000) << 32) | sign, TARGET_VALUE);
  return true;
}

/**
 * Samples as Prometheus' JSON has them: `[1435781430.781,"0.25"]`, values with the fewest digits that give the same number
 * back, as Go's strconv writes them: without an exponent from 1e-6 to below 1e21. Twin: `formatSample` of src/model.
 *
 * The digits are found as in Raffaello Giulietti, "The Schubfach way to render doubles" (2021). Whole numbers below 2^53 are
 * their own digits.
 */
import { POWERS } from "../exposition/generated/powers";

/** Most bytes of a sample with what stands around it; kernels may write so many more behind their result. */
export const SAMPLE_TEXT_BYTES: u32 = 96;
/** Bytes of a value's place in `writeValues`: its text, and its length in the last one. */
export const VALUE_TEXT_BYTES: u32 = 32;

const PAIRS: usize = memory.data<u8>([
  48, 48, 48, 49, 48, 50, 48, 51, 48, 52, 48, 53, 48, 54, 48, 55, 48, 56, 48, 57, 49, 48, 49, 49, 49, 50, 49, 51, 49,
  52, 49, 53, 49, 54, 49, 55, 49, 56, 49, 57, 50, 48, 50, 49, 50, 50, 50, 51, 50, 52, 50, 53, 50, 54, 50, 55, 50, 56,
  50, 57, 51, 48, 51, 49, 51, 50, 51, 51, 51, 52, 51, 53, 51, 54, 51, 55, 51, 56, 51, 57, 52, 48, 52, 49, 52, 50, 52,
  51, 52, 52, 52, 53, 52, 54, 52, 55, 52, 56, 52, 57, 53, 48, 53, 49, 53, 50, 53, 51, 53, 52, 53, 53, 53, 54, 53, 55,
  53, 56, 53, 57, 54, 48, 54, 49, 54, 50, 54, 51, 54, 52, 54, 53, 54, 54, 54, 55, 54, 56, 54, 57, 55, 48, 55, 49, 55,
  50, 55, 51, 55, 52, 55, 53, 55, 54, 55, 55, 55, 56, 55, 57, 56, 48, 56, 49, 56, 50, 56, 51, 56, 52, 56, 53, 56, 54,
  56, 55, 56, 56, 56, 57, 57, 48, 57, 49, 57, 50, 57, 51, 57, 52, 57, 53, 57, 54, 57, 55, 57, 56, 57, 57,
]);

/** Where digits are put together: 24 bytes, right-aligned, and 24 more that copies may read. */
const DIGITS: usize = memory.data(48);
const DIGITS_END: usize = 24;

/** Eight digits 0. */
const ZEROS: u64 = ((<u64>0x30303030) << 32) | 0x30303030;
const WHOLE_MAX: f64 = 9007199254740992; // 2^53
const EIGHT_DIGITS: u64 = 100_000_000;

/** Room that `writeSamples` needs for `count` samples. */
export function samplesTextBytes(count: u32): u32 {
  return count * SAMPLE_TEXT_BYTES + SAMPLE_TEXT_BYTES;
}

/**
 * Writes `[time,"value"]` of each sample, with commas between, to `out`.
 *
 * @param times   whole milliseconds
 * @returns bytes written
 */
export function writeSamples(times: usize, values: usize, count: u32, out: usize): u32 {
  let at = out;
  for (let i: usize = 0; i < <usize>count; i++) {
    if (i > 0) store<u8>(at++, 44);
    store<u8>(at++, 91);
    at = writeSeconds(load<f64>(times + (i << 3)), at);
    store<u16>(at, 0x222c); // ,"
    at = writeValue(load<f64>(values + (i << 3)), at + 2);
    store<u16>(at, 0x5d22); // "]
    at += 2;
  }
  return <u32>(at - out);
}

/** Writes the text of each value to a place of VALUE_TEXT_BYTES of its own, and its length to the last byte of it. */
export function writeValues(values: usize, count: u32, out: usize): void {
  for (let i: usize = 0; i < <usize>count; i++) {
    const place = out + i * <usize>VALUE_TEXT_BYTES;
    const end = writeValue(load<f64>(values + (i << 3)), place);
    store<u8>(place, <u8>(end - place), 31);
  }
}

/** Seconds with three digits behind the point, or none. */
function writeSeconds(timeMs: f64, out: usize): usize {
  let at = out;
  let rest = <u64>abs<f64>(timeMs);
  if (timeMs < 0) store<u8>(at++, 45);
  const seconds = rest / 1000;
  rest -= seconds * 1000;
  at = copyDigits(putDigits(seconds), at);
  if (rest !== 0) {
    const thousandths = <u32>rest;
    const tenths = thousandths / 100;
    store<u8>(at, 46);
    store<u8>(at, <u8>(48 + tenths), 1);
    store<u16>(at, load<u16>(PAIRS + <usize>((thousandths - tenths * 100) << 1)), 2);
    at += 4;
  }
  return at;
}

/** Writes digits that lie before DIGITS_END; returns where they end. */
function copyDigits(count: u32, out: usize): usize {
  const from = DIGITS + DIGITS_END - <usize>count;
  v128.store(out, v128.load(from));
  store<u64>(out, load<u64>(from, 16), 16);
  return out + <usize>count;
}

/** Puts the decimal digits of `value`, below 10^18, before DIGITS_END; returns how many they are, at least one. */
function putDigits(value: u64): u32 {
  let at = DIGITS + DIGITS_END;
  let rest: u32;
  if (value >= EIGHT_DIGITS) {
    const high = value / EIGHT_DIGITS;
    let low = <u32>(value - high * EIGHT_DIGITS);
    for (let i = 0; i < 4; i++) {
      const next = low / 100;
      at -= 2;
      store<u16>(at, load<u16>(PAIRS + <usize>((low - next * 100) << 1)));
      low = next;
    }
    if (high >= EIGHT_DIGITS) {
      const highest = high / EIGHT_DIGITS;
      low = <u32>(high - highest * EIGHT_DIGITS);
      for (let i = 0; i < 4; i++) {
        const next = low / 100;
        at -= 2;
        store<u16>(at, load<u16>(PAIRS + <usize>((low - next * 100) << 1)));
        low = next;
      }
      rest = <u32>highest;
    } else rest = <u32>high;
  } else rest = <u32>value;
  while (rest >= 100) {
    const next = rest / 100;
    at -= 2;
    store<u16>(at, load<u16>(PAIRS + <usize>((rest - next * 100) << 1)));
    rest = next;
  }
  if (rest >= 10) {
    at -= 2;
    store<u16>(at, load<u16>(PAIRS + <usize>(rest << 1)));
  } else {
    at -= 1;
    store<u8>(at, <u8>(48 + rest));
  }
  return <u32>(DIGITS + DIGITS_END - at);
}

/** Writes a value's text; returns where it ends. May write 48 bytes. */
function writeValue(value: f64, out: usize): usize {
  let at = out;
  const bits = reinterpret<u64>(value);
  const biased = <u32>(bits >> 52) & 0x7ff;
  if (biased === 0x7ff) {
    if (bits << 12 !== 0) {
      store<u32>(at, 0x004e614e); // NaN
      return at + 3;
    }
    store<u32>(at, bits >> 63 !== 0 ? 0x666e492d : 0x666e492b); // -Inf, +Inf
    return at + 4;
  }
  if (bits >> 63 !== 0) store<u8>(at++, 45);
  const absolute = abs<f64>(value);
  if (absolute < WHOLE_MAX && floor<f64>(absolute) === absolute) return copyDigits(putDigits(<u64>absolute), at);

  shortest(bits & 0x000fffffffffffff, biased);
  let power = shortestPower;
  let count = putDigits(shortestDigits);
  let last = DIGITS + DIGITS_END - 1;
  while (load<u8>(last) === 48) {
    last--;
    count--;
    power++;
  }
  const first = last + 1 - <usize>count;
  const point = <i32>count + power; // digits before the decimal point
  if (absolute < 1e-6 || absolute >= 1e21) {
    store<u8>(at++, load<u8>(first));
    if (count > 1) {
      store<u8>(at++, 46);
      v128.store(at, v128.load(first, 1));
      at += <usize>(count - 1);
    }
    let exponent = point - 1;
    store<u16>(at, exponent < 0 ? 0x2d65 : 0x2b65); // e-, e+
    at += 2;
    if (exponent < 0) exponent = -exponent;
    if (exponent >= 100) {
      store<u8>(at++, <u8>(48 + exponent / 100));
      exponent %= 100;
    }
    store<u16>(at, load<u16>(PAIRS + <usize>(exponent << 1)));
    return at + 2;
  }
  if (point <= 0) {
    store<u16>(at, 0x2e30); // 0.
    at += 2;
    store<u64>(at, ZEROS);
    at += <usize>-point;
    v128.store(at, v128.load(first));
    store<u64>(at, load<u64>(first, 16), 16);
    return at + <usize>count;
  }
  v128.store(at, v128.load(first));
  store<u64>(at, load<u64>(first, 16), 16);
  if (point >= <i32>count) {
    const zeros = at + <usize>count;
    store<u64>(zeros, ZEROS);
    store<u64>(zeros, ZEROS, 8);
    store<u64>(zeros, ZEROS, 16);
    return at + <usize>point;
  }
  const whole = <usize>point;
  store<u8>(at + whole, 46);
  v128.store(at + whole + 1, v128.load(first + whole));
  return at + <usize>count + 1;
}

/** What `shortest` found: digits × 10^power. */
let shortestDigits: u64 = 0;
let shortestPower: i32 = 0;

/** Digits, perhaps with zeros at the end, of a number that is not 0. @param biased  exponent as it stands in the bits */
function shortest(fraction: u64, biased: u32): void {
  const isNormal = biased !== 0;
  const c = isNormal ? fraction | 0x0010000000000000 : fraction;
  const q: i32 = isNormal ? <i32>biased - 1075 : -1074;
  const isOdd = c & 1;
  // At a power of two the next number below is only half as far.
  const isCloser = fraction === 0 && biased > 1;
  const cb = c << 2;
  const cbLeft = cb - 2 + (isCloser ? 1 : 0);
  const cbRight = cb + 2;
  // floor(log10(2^q)), or of 3/4 of it
  const k: i32 = (q * 1262611 - (isCloser ? 524031 : 0)) >> 22;
  // q + floor(log2(10^-k)) + 1
  const h = <u64>(q + ((-k * 1741647) >> 19) + 1);
  const entry = POWERS + ((<usize>(348 - k)) << 4);
  let tenLow = load<u64>(entry);
  let tenHigh = load<u64>(entry, 8);
  // The table's powers are cut off, and here they have to be rounded up; up to 10^55 they are exact.
  if (k > 0 || k < -55) {
    tenLow++;
    if (tenLow === 0) tenHigh++;
  }
  const left = roundToOdd(tenLow, tenHigh, cbLeft << h);
  const middle = roundToOdd(tenLow, tenHigh, cb << h);
  const right = roundToOdd(tenLow, tenHigh, cbRight << h);
  const lower = left + isOdd;
  const upper = right - isOdd;
  const s = middle >> 2;
  if (s >= 10) {
    const shorter = s / 10;
    const isUnderIn = lower <= 40 * shorter;
    const isOverIn = 40 * shorter + 40 <= upper;
    if (isUnderIn !== isOverIn) {
      shortestDigits = shorter + (isOverIn ? 1 : 0);
      shortestPower = k + 1;
      return;
    }
  }
  const isUnderIn = lower <= s << 2;
  const isOverIn = (s << 2) + 4 <= upper;
  shortestPower = k;
  if (isUnderIn !== isOverIn) {
    shortestDigits = s + (isOverIn ? 1 : 0);
    return;
  }
  const half = (s << 2) + 2;
  shortestDigits = s + (middle > half || (middle === half && (s & 1) !== 0) ? 1 : 0);
}

/** The upper 64 bits of the 192-bit product, whose last bit is set if anything below is not 0. */
function roundToOdd(low: u64, high: u64, factor: u64): u64 {
  const lowHigh = multiplyHigh(low, factor);
  let top = multiplyHigh(high, factor);
  const middle = high * factor + lowHigh;
  if (middle < lowHigh) top++;
  return top | (middle > 1 ? 1 : 0);
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

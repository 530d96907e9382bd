/**
 * Classic histograms: many steps of one histogram in a call. `rows` lists its buckets in ascending order of upper bound:
 * 16 bytes each, the bound (f64) and the addresses (u32) of values and presence of the bucket's row. Each call
 * computes the steps [from, to). `scratch` has room for two f64 a bucket.
 */
import { isNan, quantileOf } from "./numbers";

/** Differences of two counts below this, relative to their sizes, are taken for rounding errors. */
const TOLERANCE: f64 = 1e-12;
const SMALLEST_NORMAL: f64 = 2.2250738585072014e-308;

function bound(scratch: usize, i: u32): f64 {
  return load<f64>(scratch + ((<usize>i) << 4));
}

function counted(scratch: usize, i: u32): f64 {
  return load<f64>(scratch + ((<usize>i) << 4), 8);
}

/** Gathers the buckets present at a step, joining equal bounds; returns how many. */
function gather(rows: usize, buckets: u32, step: usize, scratch: usize): u32 {
  let size: u32 = 0;
  for (let k: u32 = 0; k < buckets; k++) {
    const row = rows + ((<usize>k) << 4);
    if (load<u8>(<usize>load<u32>(row, 12) + step) !== 1) continue;
    const upper = load<f64>(row);
    const count = load<f64>(<usize>load<u32>(row, 8) + (step << 3));
    if (size > 0 && bound(scratch, size - 1) === upper) {
      store<f64>(scratch + ((<usize>(size - 1)) << 4), counted(scratch, size - 1) + count, 8);
    } else {
      store<f64>(scratch + ((<usize>size) << 4), upper);
      store<f64>(scratch + ((<usize>size) << 4), count, 8);
      size++;
    }
  }
  return size;
}

function almostEqual(a: f64, b: f64): bool {
  if (isNan(a) && isNan(b)) return true;
  if (a === b) return true;
  const sum = abs<f64>(a) + abs<f64>(b);
  const difference = abs<f64>(a - b);
  if (a === 0 || b === 0 || sum < SMALLEST_NORMAL) return difference < TOLERANCE * SMALLEST_NORMAL;
  return difference / min<f64>(sum, 1.7976931348623157e308) < TOLERANCE;
}

/** Removes decreases between buckets; returns 1 if one was more than a rounding error. */
function makeMonotonic(scratch: usize, size: u32): u32 {
  let forced: u32 = 0;
  let previous = counted(scratch, 0);
  for (let k: u32 = 1; k < size; k++) {
    const current = counted(scratch, k);
    if (current === previous) continue;
    if (almostEqual(previous, current)) {
      store<f64>(scratch + ((<usize>k) << 4), previous, 8);
    } else if (current < previous) {
      store<f64>(scratch + ((<usize>k) << 4), previous, 8);
      forced = 1;
    } else {
      previous = current;
    }
  }
  return forced;
}

/** The φ-quantile of `size` gathered buckets that end with +Inf, linear within a bucket. */
function quantileOfBuckets(q: f64, scratch: usize, size: u32): f64 {
  const observations = counted(scratch, size - 1);
  let rank = q * observations;
  let low: u32 = 0;
  let high: u32 = size - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (counted(scratch, middle) >= rank) high = middle;
    else low = middle + 1;
  }
  if (low === size - 1) return bound(scratch, size - 2);
  const end = bound(scratch, low);
  if (low === 0 && end <= 0) return end;
  let start: f64 = 0;
  let count = counted(scratch, low);
  if (low > 0) {
    start = bound(scratch, low - 1);
    count -= counted(scratch, low - 1);
    rank -= counted(scratch, low - 1);
  }
  return start + (end - start) * (rank / count);
}

/**
 * histogram_quantile, φ from the column `q`.
 * @returns present steps × 4, plus 1 if counts had to be made monotonic at the first of them, 2 if at a later one.
 */
export function quantileOfHistogram(
  rows: usize,
  buckets: u32,
  q: usize,
  from: u32,
  to: u32,
  scratch: usize,
  out: usize,
  present: usize,
): u32 {
  let found: u32 = 0;
  let forced: u32 = 0;
  for (let i: usize = from; i < <usize>to; i++) {
    const size = gather(rows, buckets, i, scratch);
    store<u8>(present + i, size > 0 ? 1 : 0);
    if (size === 0) continue;
    found++;
    const phi = load<f64>(q + (i << 3));
    let value: f64 = NaN;
    if (phi < 0) value = -Infinity;
    else if (phi > 1) value = Infinity;
    else if (!isNan(phi) && bound(scratch, size - 1) === Infinity) {
      const wasForced = makeMonotonic(scratch, size);
      if (size >= 2 && counted(scratch, size - 1) !== 0) {
        if (wasForced) forced |= found === 1 ? 1 : 2;
        value = quantileOfBuckets(phi, scratch, size);
      }
    }
    store<f64>(out + (i << 3), value);
  }
  return 4 * found + forced;
}

/**
 * Observations up to `limit`, linear within a bucket. The first bucket begins at −Inf, so that a limit within it gives NaN;
 * with `isNewer` at 0 if its bound is above that, and else a limit within it counts all of it.
 */
function rankOf(limit: f64, scratch: usize, size: u32, isNewer: u32): f64 {
  let rank: f64 = 0;
  const begin: f64 = isNewer && bound(scratch, 0) > 0 ? 0 : -Infinity;
  for (let k: u32 = 0; k < size; k++) {
    const lower = k > 0 ? bound(scratch, k - 1) : begin;
    const upper = bound(scratch, k);
    if (lower >= limit) return rank;
    const count = counted(scratch, k);
    if (isNewer && upper > limit && lower === -Infinity) return count;
    if (upper > limit) return rank + ((count - rank) * (limit - lower)) / (upper - lower);
    rank = count;
  }
  return Infinity; // past the last bucket
}

/** histogram_fraction, with the limits in two columns. */
export function fractionOfHistogram(
  rows: usize,
  buckets: u32,
  lower: usize,
  upper: usize,
  from: u32,
  to: u32,
  scratch: usize,
  isNewer: u32,
  out: usize,
  present: usize,
): u32 {
  let found: u32 = 0;
  for (let i: usize = from; i < <usize>to; i++) {
    const size = gather(rows, buckets, i, scratch);
    store<u8>(present + i, size > 0 ? 1 : 0);
    if (size === 0) continue;
    found++;
    const from = load<f64>(lower + (i << 3));
    const to = load<f64>(upper + (i << 3));
    const count = counted(scratch, size - 1);
    let value: f64 = NaN;
    if (bound(scratch, size - 1) === Infinity && count !== 0 && !isNan(from) && !isNan(to)) {
      if (from >= to) value = 0;
      else {
        let lowerRank = from === -Infinity ? 0 : rankOf(from, scratch, size, isNewer);
        let upperRank = rankOf(to, scratch, size, isNewer);
        if (lowerRank > count) lowerRank = count;
        if (upperRank > count) upperRank = count;
        value = (upperRank - lowerRank) / count;
      }
    }
    store<f64>(out + (i << 3), value);
  }
  return found;
}

/** The quantile aggregation: `rows` lists the group's rows as (unused bound, addresses), φ comes from the column `q`. */
export function quantileOfRows(
  rows: usize,
  count: u32,
  q: usize,
  from: u32,
  to: u32,
  scratch: usize,
  out: usize,
  present: usize,
): u32 {
  let found: u32 = 0;
  for (let i: usize = from; i < <usize>to; i++) {
    let size: i32 = 0;
    for (let k: u32 = 0; k < count; k++) {
      const row = rows + ((<usize>k) << 4);
      if (load<u8>(<usize>load<u32>(row, 12) + i) !== 1) continue;
      store<u64>(scratch + ((<usize>size) << 3), load<u64>(<usize>load<u32>(row, 8) + (i << 3)));
      size++;
    }
    store<u8>(present + i, size > 0 ? 1 : 0);
    if (size === 0) continue;
    found++;
    store<f64>(out + (i << 3), quantileOf(load<f64>(q + (i << 3)), scratch, size));
  }
  return found;
}

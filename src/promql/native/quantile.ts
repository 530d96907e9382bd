/** What is estimated from the buckets of one native histogram: quantiles, fractions, variance. */
import { exp2, log2 } from "../functions/go-math.js";
import type { Bucket, FloatHistogram } from "./float-histogram.js";

/** What observations of NaN did to an estimate. */
export type NanEffect = "none" | "result is NaN" | "result is skewed";

export interface Estimate {
  readonly value: number;
  readonly nan: NanEffect;
}

function plain(value: number): Estimate {
  return { value, nan: "none" };
}

/**
 * The φ-quantile: linear within custom buckets and the zero bucket, else exponential. From φ = 0.5 on buckets are
 * counted from the highest down, unless observations of NaN, which stand above all, are in no bucket.
 */
export function quantileOfHistogram(q: number, h: FloatHistogram): Estimate {
  if (q < 0) return plain(Number.NEGATIVE_INFINITY);
  if (q > 1) return plain(Number.POSITIVE_INFINITY);
  if (h.count === 0 || Number.isNaN(q)) return plain(Number.NaN);
  const sumIsNan = Number.isNaN(h.sum);
  const isForward = sumIsNan || q < 0.5;
  const buckets = h.allBuckets();
  if (!isForward) buckets.reverse();
  let rank = (isForward ? q : 1 - q) * h.count;
  let count = 0;
  let next = 0;
  let bucket: Bucket = { lower: 0, upper: 0, count: 0, lowerInclusive: false, upperInclusive: false };
  while (next < buckets.length) {
    bucket = buckets[next++]!;
    if (bucket.count === 0) continue;
    count += bucket.count;
    if (count >= rank) break;
  }
  let { lower, upper } = bucket;
  if (h.usesCustomBuckets) {
    if (lower === Number.NEGATIVE_INFINITY) {
      if (upper <= 0) return plain(upper);
      lower = 0;
    } else if (upper === Number.POSITIVE_INFINITY) {
      return plain(lower);
    }
  } else if (lower < 0 && upper > 0) {
    ({ lower, upper } = oneSided(h, lower, upper));
  }
  if (count > h.count) count = h.count;
  if (count < rank) return sumIsNan ? { value: Number.NaN, nan: "result is NaN" } : plain(upper);
  rank = isForward ? rank - (count - bucket.count) : count - rank;
  let nan: NanEffect = "none";
  // The fraction is one of the last bucket that the search for NaN looks at: that is how Prometheus does it.
  let divisor = bucket.count;
  if (sumIsNan) {
    for (; next < buckets.length; next++) {
      ({ lower, upper, count: divisor } = buckets[next]!);
      count += divisor;
    }
    if (count < h.count) nan = "result is skewed";
  }
  const fraction = rank / divisor;
  if (h.usesCustomBuckets || (lower <= 0 && upper >= 0)) return { value: lower + (upper - lower) * fraction, nan };
  const logLower = log2(Math.abs(lower));
  const logUpper = log2(Math.abs(upper));
  if (lower > 0) return { value: exp2(logLower + (logUpper - logLower) * fraction), nan };
  return { value: -exp2(logUpper + (logLower - logUpper) * (1 - fraction)), nan };
}

/** The zero bucket of a histogram with buckets of one sign alone ends at 0. */
function oneSided(h: FloatHistogram, lower: number, upper: number): { lower: number; upper: number } {
  const hasNegative = h.negative.counts.length > 0;
  const hasPositive = h.positive.counts.length > 0;
  if (!hasNegative && hasPositive) return { lower: 0, upper };
  if (!hasPositive && hasNegative) return { lower, upper: 0 };
  return { lower, upper };
}

/**
 * The fraction of observations in (lower, upper].
 *
 * @param isReleased  as 3.5 does it: a bound within the first custom bucket, which begins at −Inf, gives NaN
 */
export function fractionOfHistogram(lower: number, upper: number, h: FloatHistogram, isReleased: boolean): Estimate {
  if (h.count === 0 || Number.isNaN(lower) || Number.isNaN(upper)) return plain(Number.NaN);
  if (lower >= upper) return plain(0);
  let count = 0;
  let rank = 0;
  let lowerRank: number | undefined;
  let upperRank: number | undefined;
  const buckets = h.allBuckets();
  let next = 0;
  while (next < buckets.length) {
    const bucket = buckets[next++]!;
    count += bucket.count;
    const isZero = bucket.lower <= 0 && bucket.upper >= 0;
    if (isZero) Object.assign(bucket, oneSided(h, bucket.lower, bucket.upper));
    const isLinear = h.usesCustomBuckets || isZero;
    const rankOf = (limit: number): number => {
      if (isLinear && !isReleased && bucket.lower === Number.NEGATIVE_INFINITY) return bucket.count;
      if (isLinear && isReleased) return rank + (bucket.count * (limit - bucket.lower)) / (bucket.upper - bucket.lower);
      return rank + bucket.count * fractionBelow(bucket, limit, isLinear);
    };
    if (bucket.lower >= lower) lowerRank ??= rank;
    if (bucket.lower >= upper) upperRank ??= rank;
    if (lowerRank !== undefined && upperRank !== undefined) break;
    if (lowerRank === undefined && bucket.lower < lower && bucket.upper > lower) lowerRank = rankOf(lower);
    if (upperRank === undefined && bucket.lower < upper && bucket.upper > upper) upperRank = rankOf(upper);
    if (lowerRank !== undefined && upperRank !== undefined) break;
    rank += bucket.count;
  }
  let nan: NanEffect = "none";
  if (Number.isNaN(h.sum)) {
    for (; next < buckets.length; next++) count += buckets[next]!.count;
    if (count < h.count) nan = "result is skewed";
  } else {
    count = h.count;
  }
  if (lowerRank === undefined || lowerRank > count) lowerRank = count;
  if (upperRank === undefined || upperRank > count) upperRank = count;
  return { value: (upperRank - lowerRank) / h.count, nan };
}

/** Which part of the bucket lies below `limit`, a number within it. */
export function fractionBelow(bucket: Bucket, limit: number, isLinear: boolean): number {
  if (isLinear) return (limit - bucket.lower) / (bucket.upper - bucket.lower);
  const logLower = log2(Math.abs(bucket.lower));
  const logUpper = log2(Math.abs(bucket.upper));
  const logLimit = log2(Math.abs(limit));
  if (limit > 0) return (logLimit - logLower) / (logUpper - logLower);
  return 1 - (logLimit - logUpper) / (logLower - logUpper);
}

/** The variance, with each observation at the middle of its bucket: arithmetic in custom buckets, else geometric. */
export function varianceOfHistogram(h: FloatHistogram): number {
  const mean = h.sum / h.count;
  let variance = 0;
  let rest = 0;
  for (const bucket of h.allBuckets()) {
    if (bucket.count === 0) continue;
    let middle: number;
    if (h.usesCustomBuckets) middle = (bucket.upper + bucket.lower) / 2;
    else if (bucket.lower <= 0 && bucket.upper >= 0) middle = 0;
    else {
      middle = Math.sqrt(bucket.upper * bucket.lower);
      if (bucket.upper < 0) middle = -middle;
    }
    const delta = middle - mean;
    const term = bucket.count * delta * delta;
    const next = variance + term;
    if (Math.abs(next) === Number.POSITIVE_INFINITY) rest = 0;
    else if (Math.abs(variance) >= Math.abs(term)) rest += variance - next + term;
    else rest += term - next + variance;
    variance = next;
  }
  return (variance + rest) / h.count;
}

/**
 * `</` and `>/`: a histogram without the observations above or below a limit. The bucket that holds the limit is
 * interpolated; count and sum are estimated anew if anything was cut.
 */
import type { Bucket, FloatHistogram } from "./float-histogram.js";
import { fractionBelow } from "./quantile.js";

interface Kept {
  readonly count: number;
  readonly middle: number;
}

/** Changes `h`. @param keepsBelow  `</` */
export function trim(h: FloatHistogram, limit: number, keepsBelow: boolean): FloatHistogram {
  let count = 0;
  let sum = 0;
  let isCut = false;
  const has = { positive: false, negative: false };
  const isCustom = h.usesCustomBuckets;
  for (const side of ["positive", "negative"] as const) {
    const { counts } = h[side];
    const isPositive = side === "positive";
    for (let i = 0; i < counts.length; i++) {
      if (counts[i] === 0) continue;
      has[side] = true;
      const bucket = isPositive ? h.positiveBucket(i) : h.negativeBucket(i);
      let kept: Kept = { count: 0, middle: 0 };
      if (keepsBelow ? bucket.upper <= limit : bucket.lower >= limit) {
        kept = { count: bucket.count, middle: middleOf(bucket.lower, bucket.upper, isPositive, isCustom) };
      } else if (keepsBelow ? bucket.lower < limit : bucket.upper > limit) {
        kept = trimBucket(bucket, limit, keepsBelow, isPositive, isCustom);
      }
      count += kept.count;
      sum += kept.middle * kept.count;
      if (kept.count !== counts[i]) {
        counts[i] = kept.count;
        isCut = true;
      }
    }
  }
  if (h.zeroCount > 0) {
    const lower = has.positive && !has.negative ? 0 : -h.zeroThreshold;
    const upper = has.negative && !has.positive ? 0 : h.zeroThreshold;
    const kept = trimZero(h.zeroCount, lower, upper, limit, keepsBelow);
    if (kept.count !== h.zeroCount) {
      h.zeroCount = kept.count;
      isCut = true;
    }
    count += kept.count;
    sum += kept.middle * kept.count;
  }
  if (isCut) {
    h.count = count;
    h.sum = sum;
    h.compact();
  }
  return h;
}

function trimZero(count: number, lower: number, upper: number, limit: number, keepsBelow: boolean): Kept {
  if (limit <= lower) return keepsBelow ? { count: 0, middle: 0 } : { count, middle: (lower + upper) / 2 };
  if (limit >= upper) return keepsBelow ? { count, middle: (lower + upper) / 2 } : { count: 0, middle: 0 };
  if (keepsBelow) return { count: count * ((limit - lower) / (upper - lower)), middle: (lower + limit) / 2 };
  return { count: count * ((upper - limit) / (upper - lower)), middle: (limit + upper) / 2 };
}

function trimBucket(bucket: Bucket, limit: number, keepsBelow: boolean, isPositive: boolean, isCustom: boolean): Kept {
  const { lower, upper, count } = bucket;
  if (lower === Number.NEGATIVE_INFINITY) return trimFromMinusInfinity(bucket, limit, keepsBelow);
  if (upper === Number.POSITIVE_INFINITY) {
    if (!keepsBelow && limit >= lower) return { count, middle: limit };
    return { count: 0, middle: 0 };
  }
  const below = limit <= lower ? 0 : limit >= upper ? count : count * fractionBelow(bucket, limit, isCustom);
  if (keepsBelow) return { count: below, middle: middleOf(lower, limit, isPositive, isCustom) };
  return { count: count - below, middle: middleOf(limit, upper, isPositive, isCustom) };
}

/** A bucket that begins at −Inf: one with a positive bound is taken to begin at 0, of any other nothing is known. */
function trimFromMinusInfinity({ upper, count }: Bucket, limit: number, keepsBelow: boolean): Kept {
  const isBounded = upper !== Number.POSITIVE_INFINITY;
  if (keepsBelow) {
    if (limit >= upper) return { count, middle: 0 };
    if (limit > 0 && upper > 0 && isBounded) return { count: (count * limit) / upper, middle: limit / 2 };
    if (upper <= 0) return { count, middle: limit };
    return { count: 0, middle: 0 };
  }
  if (limit === Number.NEGATIVE_INFINITY) return { count, middle: 0 };
  if (limit >= 0 && upper > limit && isBounded)
    return { count: count * (1 - limit / upper), middle: (limit + upper) / 2 };
  return { count: 0, middle: 0 };
}

function middleOf(lower: number, upper: number, isPositive: boolean, isLinear: boolean): number {
  if (Math.abs(lower) === Number.POSITIVE_INFINITY) {
    if (Math.abs(upper) === Number.POSITIVE_INFINITY) return 0;
    return upper > 0 ? upper / 2 : upper;
  }
  if (Math.abs(upper) === Number.POSITIVE_INFINITY) return lower;
  if (isLinear) return (lower + upper) / 2;
  const mean = Math.sqrt(Math.abs(lower * upper));
  return isPositive ? mean : -mean;
}

/** What makes a native histogram one that may be stored, in Prometheus' words. */
import { CUSTOM_BUCKETS_SCHEMA, type Histogram, type Span } from "./histogram.js";
import { formatFixed, formatGeneral } from "./number.js";

const SCHEMA_MIN = -4;
const SCHEMA_MAX = 8;

const NEGATIVE_BUCKET = "histogram has a bucket whose observation count is negative";
const NEGATIVE_OFFSET = "histogram has a span whose offset is negative";
const SPANS_MISMATCH = "histogram spans specify different number of buckets than provided";
const COUNT_TOO_SMALL =
  "histogram's observation count should be at least the number of observations found in the buckets";
const COUNT_MISMATCH =
  "histogram's observation count should equal the number of observations found in the buckets (in absence of NaN)";

/** Why a histogram is not valid; undefined if it is. A staleness marker is. */
export function histogramProblem(histogram: Histogram): string | undefined {
  const { isFloat, schema, zeroCount, count, sum, positiveBuckets, negativeBuckets } = histogram;
  if (schema === CUSTOM_BUCKETS_SCHEMA) {
    const problem = customProblem(histogram);
    if (problem !== undefined) return problem;
  } else if (schema < SCHEMA_MIN || schema > SCHEMA_MAX) {
    return (
      `histogram has an invalid schema, which must be between ${SCHEMA_MIN} and ${SCHEMA_MAX} for exponential buckets, ` +
      `or ${CUSTOM_BUCKETS_SCHEMA} for custom buckets, got schema ${schema}`
    );
  } else {
    const problem =
      sideProblem("positive", spansProblem(histogram.positiveSpans, positiveBuckets.length)) ??
      sideProblem("negative", spansProblem(histogram.negativeSpans, negativeBuckets.length)) ??
      sideProblem("negative", bucketsProblem(negativeBuckets));
    if (problem !== undefined) return problem;
    if (isFloat && zeroCount < 0) {
      return `zero bucket has observation count of ${formatGeneral(zeroCount)}: ${NEGATIVE_BUCKET}`;
    }
    if (histogram.customValues.length > 0) return "histogram with exponential schema must not have custom bounds";
  }
  if (isFloat && count < 0) {
    return `observation count is ${formatGeneral(count)}: histogram's observation count is negative`;
  }
  const problem = sideProblem("positive", bucketsProblem(positiveBuckets));
  if (problem !== undefined || isFloat) return problem;
  const inBuckets = sumOf(positiveBuckets) + sumOf(negativeBuckets) + zeroCount;
  const found = `${inBuckets} observations found in buckets, but the Count field is ${count}`;
  if (Number.isNaN(sum)) return inBuckets > count ? `${found}: ${COUNT_TOO_SMALL}` : undefined;
  return inBuckets === count ? undefined : `${found}: ${COUNT_MISMATCH}`;
}

function customProblem({
  customValues,
  positiveSpans,
  positiveBuckets,
  zeroCount,
  zeroThreshold,
  negativeSpans,
  negativeBuckets,
}: Histogram): string | undefined {
  const problem = boundsProblem(customValues, positiveSpans, positiveBuckets.length);
  if (problem !== undefined) return `custom buckets: ${problem}`;
  if (zeroCount !== 0) return "custom buckets: must have zero count of 0";
  if (zeroThreshold !== 0) return "custom buckets: must have zero threshold of 0";
  if (negativeSpans.length > 0) return "custom buckets: must not have negative spans";
  return negativeBuckets.length > 0 ? "custom buckets: must not have negative buckets" : undefined;
}

function boundsProblem(bounds: Float64Array, spans: readonly Span[], buckets: number): string | undefined {
  let before = Number.NEGATIVE_INFINITY;
  for (const bound of bounds) {
    if (Number.isNaN(bound)) return "histogram custom bounds must not be NaN";
    if (bound <= before) {
      const shown = `previous bound is ${formatFixed(before, 6)} and current is ${formatFixed(bound, 6)}`;
      return `${shown}: histogram custom bounds must be in strictly increasing order`;
    }
    before = bound;
  }
  if (before === Number.POSITIVE_INFINITY) {
    return "last +Inf bound must not be explicitly defined: histogram custom bounds must be finite";
  }
  let reach = 0;
  for (const [i, { offset, length }] of spans.entries()) {
    if (offset < 0) return `span number ${i + 1} with offset ${offset}: ${NEGATIVE_OFFSET}`;
    reach += offset + length;
  }
  const problem = spansProblem(spans, buckets);
  if (problem !== undefined || reach <= bounds.length + 1) return problem;
  const shown = `only ${bounds.length} custom bounds defined which is insufficient to cover total span length of ${reach}`;
  return `${shown}: histogram custom bounds are too few`;
}

function spansProblem(spans: readonly Span[], buckets: number): string | undefined {
  let spanned = 0;
  for (const [i, { offset, length }] of spans.entries()) {
    if (i > 0 && offset < 0) return `span number ${i + 1} with offset ${offset}: ${NEGATIVE_OFFSET}`;
    spanned += length;
  }
  if (spanned === buckets) return undefined;
  return `spans need ${spanned} buckets, have ${buckets} buckets: ${SPANS_MISMATCH}`;
}

function bucketsProblem(buckets: Float64Array): string | undefined {
  for (let i = 0; i < buckets.length; i++) {
    if (buckets[i]! >= 0 || Number.isNaN(buckets[i])) continue;
    return `bucket number ${i + 1} has observation count of ${formatGeneral(buckets[i]!)}: ${NEGATIVE_BUCKET}`;
  }
  return undefined;
}

function sideProblem(side: string, problem: string | undefined): string | undefined {
  return problem === undefined ? undefined : `${side} side: ${problem}`;
}

function sumOf(buckets: Float64Array): number {
  let sum = 0;
  for (const count of buckets) sum += count;
  return sum;
}

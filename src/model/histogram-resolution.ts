/** Native histograms with fewer buckets: without empty ones, or with wider ones. */
import { CUSTOM_BUCKETS_SCHEMA, type Histogram, type Span } from "./histogram.js";

const SCHEMA_MIN = -4;

/** The same without empty buckets, in the fewest spans. */
export function compacted(histogram: Histogram): Histogram {
  if (isCompact(histogram.positiveSpans, histogram.positiveBuckets)) {
    if (isCompact(histogram.negativeSpans, histogram.negativeBuckets)) return histogram;
  }
  return withBuckets(histogram, histogram.schema, (bucket) => bucket);
}

/** The same in buckets of a lower schema; custom buckets and lower schemas stay as they are. */
export function reducedTo(histogram: Histogram, schema: number): Histogram {
  if (histogram.schema === CUSTOM_BUCKETS_SCHEMA || histogram.schema <= schema) return histogram;
  const shift = histogram.schema - schema;
  // Bucket i ends at 2^(i × 2^−schema): two neighbours, an odd one and the next, become one.
  return withBuckets(histogram, schema, (bucket) => ((bucket - 1) >> shift) + 1);
}

/** The same with at most `bucketsMax` buckets, or undefined if no schema is that coarse. */
export function limitedTo(histogram: Histogram, bucketsMax: number): Histogram | undefined {
  let limited = histogram;
  while (limited.positiveBuckets.length + limited.negativeBuckets.length > bucketsMax) {
    if (limited.schema <= SCHEMA_MIN) return undefined; // custom buckets too
    limited = reducedTo(limited, limited.schema - 1);
  }
  return limited;
}

function isCompact(spans: readonly Span[], buckets: Float64Array): boolean {
  return spans.every(({ offset, length }, i) => length > 0 && (i === 0 || offset > 0)) && !buckets.includes(0);
}

function withBuckets(histogram: Histogram, schema: number, place: (bucket: number) => number): Histogram {
  const [positiveSpans, positiveBuckets] = rebuilt(histogram.positiveSpans, histogram.positiveBuckets, place);
  const [negativeSpans, negativeBuckets] = rebuilt(histogram.negativeSpans, histogram.negativeBuckets, place);
  return { ...histogram, schema, positiveSpans, positiveBuckets, negativeSpans, negativeBuckets };
}

function rebuilt(
  spans: readonly Span[],
  buckets: Float64Array,
  place: (bucket: number) => number,
): readonly [readonly Span[], Float64Array] {
  const kept: { offset: number; length: number }[] = [];
  const counts: number[] = [];
  let bucket = 0;
  let i = 0;
  let last = Number.NaN;
  let end = 0; // behind the last bucket of the last span kept
  for (const { offset, length } of spans) {
    bucket += offset;
    for (let n = 0; n < length; n++, bucket++, i++) {
      const count = buckets[i]!;
      if (count === 0) continue;
      const at = place(bucket);
      if (at === last) {
        counts[counts.length - 1]! += count;
        continue;
      }
      if (kept.length > 0 && at === end) kept.at(-1)!.length++;
      else kept.push({ offset: at - end, length: 1 });
      counts.push(count);
      last = at;
      end = at + 1;
    }
  }
  return [kept, Float64Array.from(counts)];
}

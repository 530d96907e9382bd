/** Arithmetic on the spans of a histogram: which buckets they name, and how two layouts become one. */
import type { Span } from "../../model/index.js";

/** Bucket numbers that the spans name, ascending. */
export function bucketsOf(spans: readonly Span[]): Int32Array {
  const buckets = new Int32Array(bucketCount(spans));
  let at = 0;
  let bucket = 0;
  for (const { offset, length } of spans) {
    bucket += offset;
    for (let i = 0; i < length; i++) buckets[at++] = bucket++;
  }
  return buckets;
}

export function bucketCount(spans: readonly Span[]): number {
  let count = 0;
  for (const { length } of spans) count += length;
  return count;
}

/** The shortest spans that name just these buckets. */
export function spansOf(buckets: Int32Array): Span[] {
  const spans: { offset: number; length: number }[] = [];
  let next = 0;
  for (const bucket of buckets) {
    const last = spans.at(-1);
    if (last !== undefined && bucket === next) last.length++;
    else spans.push({ offset: bucket - next, length: 1 });
    next = bucket + 1;
  }
  return spans;
}

/** All buckets of both, ascending. */
export function unionOf(a: Int32Array, b: Int32Array): Int32Array {
  const union = new Int32Array(a.length + b.length);
  let count = 0;
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    const x = i < a.length ? a[i]! : Number.POSITIVE_INFINITY;
    const y = j < b.length ? b[j]! : Number.POSITIVE_INFINITY;
    union[count++] = Math.min(x, y);
    if (x <= y) i++;
    if (y <= x) j++;
  }
  return union.subarray(0, count);
}

/** Counts of `buckets` spread over the wider layout `wide`, zero where they have none. */
export function spread(counts: Float64Array, buckets: Int32Array, wide: Int32Array): Float64Array {
  const result = new Float64Array(wide.length);
  let i = 0;
  for (let j = 0; j < wide.length && i < buckets.length; j++) {
    if (buckets[i] === wide[j]) result[j] = counts[i++]!;
  }
  return result;
}

/** How the buckets of a chunk and those of the next sample fit together. */
export interface LayoutFit {
  readonly isChunkLacking: boolean;
  readonly isSampleLacking: boolean;
  /** The buckets of both. */
  readonly union: Int32Array;
}

export function fitOf(chunkSpans: readonly Span[], sampleSpans: readonly Span[]): LayoutFit {
  const chunk = bucketsOf(chunkSpans);
  const sample = bucketsOf(sampleSpans);
  const union = unionOf(chunk, sample);
  return { isChunkLacking: union.length > chunk.length, isSampleLacking: union.length > sample.length, union };
}

/** Whether a bucket of a counter has become smaller, or one that was in use is missing. */
export function isReset(
  chunkSpans: readonly Span[],
  chunkCounts: ArrayLike<number>,
  sampleSpans: readonly Span[],
  sampleCounts: Float64Array,
): boolean {
  const chunk = bucketsOf(chunkSpans);
  const sample = bucketsOf(sampleSpans);
  let j = 0;
  for (let i = 0; i < chunk.length; i++) {
    while (j < sample.length && sample[j]! < chunk[i]!) j++;
    const isThere = j < sample.length && sample[j] === chunk[i];
    if (isThere ? chunkCounts[i]! > sampleCounts[j]! : chunkCounts[i] !== 0) return true;
  }
  return false;
}

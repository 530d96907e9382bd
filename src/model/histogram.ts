/**
 * One native histogram sample, as storage and PromQL hand it around: exponential buckets (schema −4 … 8) or custom ones
 * (schema −53, NHCB). Integer histograms carry whole numbers in the same arrays: exact up to 2^53.
 *
 * @see Prometheus' native histogram specification
 */

/** `length` buckets in a row, after `offset` empty ones since the span before (since bucket 0 for the first, may be negative). */
export interface Span {
  readonly offset: number;
  readonly length: number;
}

/** What is known of a counter reset between this sample and the one before; numbers as in chunk headers and protobuf. */
export type CounterResetHint = 0 | 1 | 2 | 3;
export const RESET_UNKNOWN = 0;
export const RESET_YES = 1;
export const RESET_NO = 2;
export const RESET_GAUGE = 3;

export const CUSTOM_BUCKETS_SCHEMA = -53;

export interface Histogram {
  /** Float histograms come from rules and remote write; scraped ones are integer. They differ in chunks and log records only. */
  readonly isFloat: boolean;
  readonly counterResetHint: CounterResetHint;
  readonly schema: number;
  readonly zeroThreshold: number;
  readonly zeroCount: number;
  readonly count: number;
  /** A staleness marker's sum is the stale NaN, bit for bit; nothing else of it counts. */
  readonly sum: number;
  readonly positiveSpans: readonly Span[];
  readonly negativeSpans: readonly Span[];
  /** Absolute counts (not deltas), one for each bucket of the spans, in order. */
  readonly positiveBuckets: Float64Array;
  readonly negativeBuckets: Float64Array;
  /** Upper bounds of custom buckets, ascending, +Inf left out; empty for exponential schemas. */
  readonly customValues: Float64Array;
}

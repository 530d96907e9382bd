/**
 * What PromQL and the API ask of storage; implemented by the live database, by a block, by remote read, and by a double
 * in tests. What one call returns is one consistent view.
 *
 * Samples go into the query thread's private WebAssembly memory, because kernels work on addresses there.
 */
import type { Histogram, LabelList, Labels, Matcher } from "../model/index.js";

/** What a select may skip; all of it is advice, the caller filters again. Times in ms, inclusive. */
export interface SelectHints {
  readonly minTimeMs: number;
  readonly maxTimeMs: number;
  readonly stepMs: number;
  /** Name of the function that will see the samples, "" if none; "series" if no samples are needed. */
  readonly func: string;
}

export interface SelectRequest {
  readonly matchers: readonly Matcher[];
  readonly hints: SelectHints;
  /** The same object `matchers` will come again: what it selects may be remembered with it. */
  readonly isRepeated?: boolean;
}

/** Samples of one series in the private memory: `count` f64 milliseconds and as many f64 values. */
export interface SampleColumns {
  readonly timesAddr: number;
  readonly valuesAddr: number;
  readonly count: number;
  /**
   * Undefined where all samples are floats. Else as many entries as samples: the histogram, or undefined for a float. The
   * value of a histogram sample is its sum, so a staleness marker is one in either column.
   */
  readonly histograms?: readonly (Histogram | undefined)[];
  /** Since when each sample counts, in ms, 0 where that is not known; undefined where it is known of none. */
  readonly startTimes?: readonly number[];
}

/** A place in the private memory where `samples` may write; grows when asked. */
export interface ColumnSink {
  /** Room for `count` samples; earlier contents are kept. Addresses may change with each call. */
  reserve(count: number): { readonly timesAddr: number; readonly valuesAddr: number };
  readonly memory: WebAssembly.Memory;
}

/** Takes encoded chunks of floats that lie in the private memory, for who decodes many series at once. */
export interface ChunkSink {
  /** Eight bytes behind the chunk must be readable. */
  addChunk(address: number, lengthBytes: number, count: number): void;
  /** A region for a copy, which stays as long as the chunks are needed. */
  allocate(bytes: number): number;
}

/** One chunk in Prometheus' encodings, by their numbers on disk. Times of its first and its last sample. */
export interface EncodedSamples {
  readonly minTimeMs: number;
  readonly maxTimeMs: number;
  readonly encoding: number;
  /** Valid until the next call. */
  readonly data: Uint8Array;
}

export interface SeriesSet {
  /** Series in ascending order of labels. */
  readonly count: number;
  labels(index: number): Labels;
  /** All labels; of storage that knows it, the same object as in the query before if the series are the same. */
  readonly list?: LabelList;
  /**
   * Decodes the samples of series `index` in [minTimeMs, maxTimeMs], ascending, staleness markers included, to `sink`.
   * @throws CorruptionError if stored bytes are damaged.
   */
  samples(index: number, minTimeMs: number, maxTimeMs: number, sink: ColumnSink): SampleColumns;
  /**
   * Gives the chunks that may have samples of series `index` in [minTimeMs, maxTimeMs], oldest first, instead of samples.
   * False where chunks alone do not say what the samples are: then `samples` must be asked, and what was given forgotten.
   */
  addChunks?(index: number, minTimeMs: number, maxTimeMs: number, sink: ChunkSink): boolean;
  /**
   * The same samples as chunks without overlap, ascending: as they are stored, where whole chunks are in the range. Absent
   * where samples are not stored as chunks.
   * @throws CorruptionError as `samples`
   */
  chunks?(index: number, minTimeMs: number, maxTimeMs: number, memory: WebAssembly.Memory): readonly EncodedSamples[];
  /** Gives back what the set holds in the private memory. */
  close(): void;
}

export interface LabelAnswer {
  readonly values: readonly string[];
  readonly warnings: readonly string[];
}

export interface Querier {
  /**
   * For each request the series that all its matchers select and that may have samples in the hinted range. All sets see the
   * same commit of each shard: a query asks for everything at once.
   */
  selectAll(requests: readonly SelectRequest[]): Promise<readonly SeriesSet[]> | readonly SeriesSet[];
  /** Sorted, unique; over series that match (all if no matcher) and have samples in [minTimeMs, maxTimeMs]. */
  labelNames(matchers: readonly Matcher[], minTimeMs: number, maxTimeMs: number): Promise<LabelAnswer> | LabelAnswer;
  labelValues(
    name: string,
    matchers: readonly Matcher[],
    minTimeMs: number,
    maxTimeMs: number,
  ): Promise<LabelAnswer> | LabelAnswer;
  close(): void;
}

/** Stops work that nobody waits for; polled at least every millisecond of work. */
export interface CancelToken {
  /**
   * @param samples  that the query has looked at so far, and `held` those it holds; absent where nobody counts
   * @throws VestalError QUERY_CANCELED or QUERY_TIMEOUT, or that these are more than allowed
   */
  check(samples?: number, held?: number): void;
}

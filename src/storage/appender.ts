/**
 * What scraping asks of storage. The scrape loop hands over whole bodies and knows nothing of heads; the appender parses,
 * stages, checks, logs, encodes and publishes a scrape as one commit, report series and staleness markers included.
 */
import type { Labels } from "../model/index.js";

export interface ScrapeLimits {
  /** Each 0 = no limit; counted after metric relabelling, as Prometheus does. */
  readonly sampleLimit: number;
  readonly labelLimit: number;
  readonly labelNameLengthLimit: number;
  readonly labelValueLengthLimit: number;
}

/** How native histograms of a target are stored. */
export interface HistogramOptions {
  /** False: they count as samples and are left out; classic ones are stored. */
  readonly isNative: boolean;
  /** Histograms that are exposed as both are stored as both. */
  readonly isClassicToo: boolean;
  /** Classic histograms are stored as native ones with custom buckets; as classic ones too with `isClassicToo`. */
  readonly isConverted: boolean;
  /** Most buckets: the resolution is reduced to that, or the scrape fails; 0 = no limit. */
  readonly bucketsMax: number;
  /** Highest schema of exponential buckets: finer ones are reduced to it. */
  readonly schemaMax: number;
  /** A zero is stored at the time a counter was made, where the target says it. */
  readonly hasCreatedZeros: boolean;
}

export const DEFAULT_HISTOGRAM_OPTIONS: HistogramOptions = {
  isNative: false,
  isClassicToo: false,
  isConverted: false,
  bucketsMax: 0,
  schemaMax: 8,
  hasCreatedZeros: false,
};

export interface ScrapeTargetOptions {
  /** The target's final labels: `job`, `instance` and what relabelling added; no `__` labels. */
  readonly labels: Labels;
  readonly honorLabels: boolean;
  readonly honorTimestamps: boolean;
  readonly trackTimestampsStaleness: boolean;
  readonly limits: ScrapeLimits;
  readonly histograms: HistogramOptions;
  /** `metric_relabel_configs`; undefined where there are none. Returns undefined to drop the series. */
  readonly relabelMetric: ((labels: Labels) => Labels | undefined) | undefined;
  /** What HELP, TYPE and UNIT say of its series goes to the log. */
  readonly logsMetadata: boolean;
  /** Adds `scrape_timeout_seconds`, `scrape_sample_limit` and `scrape_body_size_bytes`. */
  readonly extraMetrics: { readonly timeoutSeconds: number; readonly sampleLimit: number } | undefined;
}

export type ExpositionFormat = "text" | "openmetrics" | "protobuf";

export interface ScrapeInput {
  /** Valid bytes at the start of the view that `bodyBuffer` gave last. */
  readonly bodyBytes: number;
  readonly format: ExpositionFormat;
  /** Timestamp of samples that bring none, and of the report series. */
  readonly timestampMs: number;
  /** Seconds that the scrape took up to now. */
  readonly durationSeconds: number;
}

export interface ScrapeOutcome {
  /** What made the scrape fail, in Prometheus' words; then `up` was stored as 0 and none of its samples. */
  readonly error: string | undefined;
  /** Which limit was passed, where `error` is about one: each has a metric of its own. */
  readonly limit: "sample" | "label" | "bucket" | undefined;
  readonly samplesScraped: number;
  readonly samplesAfterRelabelling: number;
  readonly seriesAdded: number;
  readonly outOfOrder: number;
  readonly duplicates: number;
  readonly outOfBounds: number;
  readonly exemplarsOutOfOrder: number;
}

export interface MetricMetadata {
  readonly metric: string;
  readonly type: string;
  readonly help: string;
  readonly unit: string;
}

/** One target's lasting state: the order of its lines, what each of them resolved to, its metadata. */
export interface AppendTarget {
  metadata(): readonly MetricMetadata[];
  /** How much that is, without making it: entries, and characters of all their texts. */
  metadataSize(): { readonly entries: number; readonly characters: number };
}

export interface ScrapeAppender {
  openTarget(options: ScrapeTargetOptions): AppendTarget;

  /**
   * Room for a body: a view of at least `minBytes`, over shared memory, valid until the next call of any method. Calling
   * it again with a larger size keeps the first `keepBytes` bytes. Only one body is under way in a shard at a time per
   * `slot`: concurrent scrapes use different slot numbers (small integers).
   */
  bodyBuffer(slot: number, minBytes: number, keepBytes: number): Uint8Array;

  /**
   * Stores a scrape. Returns when its samples are in the WAL and visible, or why they are not.
   * @throws VestalError if the WAL cannot be written: nothing of the scrape is visible then.
   */
  commitScrape(target: AppendTarget, slot: number, input: ScrapeInput): ScrapeOutcome | Promise<ScrapeOutcome>;

  /** A scrape without a usable body: `up` 0, report series, staleness markers for what the last scrape had. */
  commitFailure(target: AppendTarget, timestampMs: number, durationSeconds: number): void | Promise<void>;

  /**
   * The target is gone: its series and report series end with staleness markers at `timestampMs`, its state is freed.
   * With `staleMarkers` false only the state is freed (a target that moved, a shutdown).
   */
  closeTarget(target: AppendTarget, timestampMs: number, staleMarkers: boolean): void | Promise<void>;
}

/** What a thread is told to scrape, as plain data, and what it says about it. */
import type { ScrapeLimits } from "../storage/index.js";
import type { TransportOptions } from "./http/transport.js";

/** One entry of `scrape_configs`, as far as a scraping thread needs it. */
export interface ScrapeJob {
  readonly name: string;
  readonly transport: TransportOptions;
  readonly honorLabels: boolean;
  readonly honorTimestamps: boolean;
  readonly trackTimestampsStaleness: boolean;
  readonly limits: ScrapeLimits;
  readonly histograms: JobHistograms;
  /** Plain data; whoever starts the engine knows how to make a function of it. Compared by its JSON text. */
  readonly metricRelabelConfigs: readonly unknown[];
}

export interface JobHistograms {
  /** `scrape_native_histograms` */
  readonly isNative: boolean;
  /** `always_scrape_classic_histograms` */
  readonly isClassicToo: boolean;
  /** `convert_classic_histograms_to_nhcb` */
  readonly isConverted: boolean;
  /** `native_histogram_bucket_limit`; 0 = no limit. */
  readonly bucketsMax: number;
  /** `native_histogram_min_bucket_factor`; 0 = any. */
  readonly bucketFactorMin: number;
}

export const DEFAULT_JOB_HISTOGRAMS: JobHistograms = {
  isNative: false,
  isClassicToo: false,
  isConverted: false,
  bucketsMax: 0,
  bucketFactorMin: 0,
};

export interface TargetSpec {
  /** The target's identity: equal for equal job, final labels and URL. A change of interval or timeout keeps it. */
  readonly key: string;
  readonly jobName: string;
  /** The final labels, flat: name, value, … sorted as `Labels` wants them. */
  readonly labelPairs: readonly string[];
  readonly scheme: string;
  /** `__address__` */
  readonly address: string;
  readonly metricsPath: string;
  readonly params: Readonly<Record<string, readonly string[]>>;
  readonly intervalMs: number;
  readonly timeoutMs: number;
}

export type TargetHealth = "unknown" | "up" | "down";

export interface TargetStatus {
  readonly key: string;
  readonly scrapeUrl: string;
  readonly health: TargetHealth;
  /** "" where the last scrape went well. */
  readonly lastError: string;
  /** 0 before the first scrape. */
  readonly lastScrapeMs: number;
  readonly lastScrapeDurationSeconds: number;
}

/** How much the targets of a job have said of their metrics. */
export interface MetadataSize {
  readonly jobName: string;
  readonly entries: number;
  readonly characters: number;
}

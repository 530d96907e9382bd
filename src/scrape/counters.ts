/** What the scrapes of one thread have counted, as plain numbers that the main thread adds up for `/metrics`. */

export interface ScrapeCounters {
  /** prometheus_target_scrapes_exceeded_sample_limit_total */
  exceededSampleLimit: number;
  /** prometheus_target_scrapes_exceeded_body_size_limit_total */
  exceededBodySizeLimit: number;
  /** prometheus_target_scrape_pool_exceeded_label_limits_total */
  exceededLabelLimits: number;
  /** prometheus_target_scrapes_sample_duplicate_timestamp_total */
  sampleDuplicateTimestamp: number;
  /** prometheus_target_scrapes_sample_out_of_order_total */
  sampleOutOfOrder: number;
  /** prometheus_target_scrapes_sample_out_of_bounds_total */
  sampleOutOfBounds: number;
  /** prometheus_target_scrapes_exceeded_native_histogram_bucket_limit_total */
  exceededBucketLimit: number;
  /** prometheus_target_scrapes_exemplar_out_of_order_total */
  exemplarsOutOfOrder: number;
  /** Scrapes begun; and those whose body or failure could not be stored (the WAL failed). */
  scrapes: number;
  failedCommits: number;
  /** Places in the interval that passed while the scrape before was still under way or waiting. */
  missedTicks: number;
  /** Gauges: scrapes that wait for a slot, and that are under way. */
  queued: number;
  inFlight: number;
}

export function createCounters(): ScrapeCounters {
  return {
    exceededSampleLimit: 0,
    exceededBodySizeLimit: 0,
    exceededLabelLimits: 0,
    sampleDuplicateTimestamp: 0,
    sampleOutOfOrder: 0,
    sampleOutOfBounds: 0,
    exceededBucketLimit: 0,
    exemplarsOutOfOrder: 0,
    scrapes: 0,
    failedCommits: 0,
    missedTicks: 0,
    queued: 0,
    inFlight: 0,
  };
}

/** Samples for prometheus_target_interval_length_seconds of one configured interval. */
export interface IntervalLengths {
  readonly intervalMs: number;
  readonly count: number;
  readonly sumSeconds: number;
  /** The latest observations, in no order: quantiles of all threads are taken over their union. */
  readonly recentSeconds: Float64Array;
}

/** Enough for the 0.99 quantile of a summary; Prometheus ages its own over ten minutes. */
const RECENT_COUNT = 512;

export class IntervalObserver {
  readonly #byInterval = new Map<number, { count: number; sumSeconds: number; recent: Float64Array }>();

  observe(intervalMs: number, lengthSeconds: number): void {
    let entry = this.#byInterval.get(intervalMs);
    if (entry === undefined) {
      entry = { count: 0, sumSeconds: 0, recent: new Float64Array(RECENT_COUNT) };
      this.#byInterval.set(intervalMs, entry);
    }
    entry.recent[entry.count % RECENT_COUNT] = lengthSeconds;
    entry.count++;
    entry.sumSeconds += lengthSeconds;
  }

  collect(): IntervalLengths[] {
    return [...this.#byInterval].map(([intervalMs, { count, sumSeconds, recent }]) => ({
      intervalMs,
      count,
      sumSeconds,
      recentSeconds: recent.slice(0, Math.min(count, RECENT_COUNT)),
    }));
  }
}

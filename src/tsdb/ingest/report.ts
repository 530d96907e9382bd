/** The series that a scrape reports of itself: `up` and its like. */
import type { ScrapeTargetOptions } from "../../storage/index.js";

export const REPORT_METRICS = [
  "up",
  "scrape_duration_seconds",
  "scrape_samples_scraped",
  "scrape_samples_post_metric_relabeling",
  "scrape_series_added",
] as const;
export const EXTRA_METRICS = ["scrape_timeout_seconds", "scrape_sample_limit", "scrape_body_size_bytes"] as const;

/** Values of the report series in the order of their names; the last one is of EXTRA_METRICS. */
export function reportOf(
  up: number,
  durationSeconds: number,
  scraped: number,
  afterRelabelling: number,
  added: number,
  bodyBytes = 0,
): readonly number[] {
  return [up, durationSeconds, scraped, afterRelabelling, added, 0, 0, bodyBytes];
}

export function reportValue(
  metric: string,
  value: number | undefined,
  extra: ScrapeTargetOptions["extraMetrics"],
): number {
  if (metric === "scrape_timeout_seconds") return extra?.timeoutSeconds ?? 0;
  if (metric === "scrape_sample_limit") return extra?.sampleLimit ?? 0;
  return value ?? 0;
}

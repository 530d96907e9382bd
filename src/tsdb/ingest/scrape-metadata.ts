/** `metadata-wal-records`: which series of a scrape the log has not been told type, unit and help of, and which entry is theirs. */
import {
  METRIC_NAME,
  type MetricType,
  metricTypeNumber,
  metricTypeOf,
  type SeriesMetadata,
} from "../../model/index.js";
import type { MetricMetadata } from "../../storage/index.js";
import type { Head, MetadataStore } from "../head/index.js";
import type { MetadataRow } from "./committer.js";

/** Endings that series of a type may have behind the name of their family. */
const ENDINGS: Readonly<Record<string, readonly string[]>> = {
  counter: ["_total", "_created"],
  histogram: ["_bucket", "_sum", "_count", "_created"],
  gaugehistogram: ["_bucket", "_gsum", "_gcount"],
  summary: ["_sum", "_count", "_created"],
  info: ["_info"],
};

const gauge = (metric: string, unit: string, help: string): MetricMetadata => ({ metric, type: "gauge", unit, help });

/** Of the series that a scrape reports itself, in Prometheus' words. */
const REPORTED: readonly MetricMetadata[] = [
  gauge("up", "targets", "Health of the scrape target. 1 means the target is healthy, 0 if the scrape failed."),
  gauge("scrape_duration_seconds", "seconds", "Duration of the last scrape in seconds."),
  gauge("scrape_samples_scraped", "samples", "Number of samples last scraped."),
  gauge(
    "scrape_samples_post_metric_relabeling",
    "samples",
    "Number of samples remaining after metric relabeling was applied.",
  ),
  gauge("scrape_series_added", "series", "Number of series in the last scrape."),
  gauge("scrape_timeout_seconds", "seconds", "The configured scrape timeout for a target."),
  gauge(
    "scrape_sample_limit",
    "samples",
    "The configured sample limit for a target. Returns zero if there is no limit configured.",
  ),
  gauge(
    "scrape_body_size_bytes",
    "bytes",
    "The uncompressed size of the last scrape response, if successful. Scrapes failing because body_size_limit is " +
      "exceeded report -1, other scrape failures report 0.",
  ),
];

export class FamilyMetadata {
  readonly #families: ReadonlyMap<string, MetricMetadata>;

  constructor(all: readonly MetricMetadata[]) {
    this.#families = new Map([...REPORTED, ...all].map((one) => [one.metric, one]));
  }

  /** What the log says of a series of this name. */
  seriesMetadata(name: string): SeriesMetadata | undefined {
    const found = this.#of(name);
    return found && { type: knownType(found.type), unit: found.unit, help: found.help };
  }

  /** The entry of the family that a series of this name belongs to. */
  #of(name: string): MetricMetadata | undefined {
    const own = this.#families.get(name);
    if (own !== undefined) return own;
    const at = name.lastIndexOf("_");
    const family = at < 1 ? undefined : this.#families.get(name.slice(0, at));
    return family !== undefined && ENDINGS[family.type]?.includes(name.slice(at)) === true ? family : undefined;
  }
}

/**
 * Rows for the log: of slots that have no entry yet, or with `isChanged` of all.
 *
 * @param slots  of this shard.
 */
export function metadataRows(
  slots: Iterable<number>,
  families: FamilyMetadata,
  isChanged: boolean,
  { head, metadata: known }: { readonly head: Head; readonly metadata: MetadataStore },
): MetadataRow[] {
  const rows: MetadataRow[] = [];
  for (const slot of slots) {
    if (!isChanged && known.get(slot, head.slotGeneration(slot)) !== undefined) continue;
    const found = families.seriesMetadata(head.seriesLabels(slot).get(METRIC_NAME));
    if (found !== undefined) rows.push({ slot, metadata: found });
  }
  return rows;
}

/** A type that nobody knows is as good as none. */
function knownType(type: string): MetricType {
  return metricTypeOf(metricTypeNumber(type as MetricType));
}

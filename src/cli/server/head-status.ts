/** Cardinality of the heads for `status/tsdb`, counted from the postings in a query thread. */
import type { HeadStatus, NamedCount } from "../../api/index.js";
import { METRIC_NAME } from "../../model/index.js";
import type { HeadReader } from "../../tsdb/head/index.js";

/** Go's greatest and least i64 as JSON's numbers have them: bounds of an empty head. */
const NO_MIN_TIME_MS = 2 ** 63;
const NO_MAX_TIME_MS = -(2 ** 63);

export function headStatus(readers: readonly HeadReader[], limit: number): HeadStatus {
  const values = new Map<string, Set<string>>();
  const bytes = new Map<string, number>();
  const series = new Map<string, number>();
  const pairs = new Map<string, number>();
  let [numSeries, chunkCount, minTimeMs, maxTimeMs] = [0, 0, NO_MIN_TIME_MS, NO_MAX_TIME_MS];
  for (const reader of readers) {
    const counts = reader.counts();
    numSeries += counts.series;
    chunkCount += counts.chunks;
    const bounds = reader.timeBounds();
    if (bounds !== undefined) {
      minTimeMs = Math.min(minTimeMs, bounds.minTimeMs);
      maxTimeMs = Math.max(maxTimeMs, bounds.maxTimeMs);
    }
    reader.forEachPair((name, value, count) => {
      let known = values.get(name);
      if (known === undefined) {
        known = new Set();
        values.set(name, known);
      }
      known.add(value);
      add(bytes, name, (encodedBytes(name) + encodedBytes(value)) * count);
      add(pairs, `${name}=${value}`, count);
      if (name === METRIC_NAME) add(series, value, count);
    });
  }
  return {
    numSeries,
    numLabelPairs: pairs.size,
    chunkCount,
    minTimeMs,
    maxTimeMs,
    seriesCountByMetricName: top(series, limit),
    labelValueCountByLabelName: top(new Map([...values].map(([name, set]) => [name, set.size])), limit),
    memoryInBytesByLabelName: top(bytes, limit),
    seriesCountByLabelValuePair: top(pairs, limit),
  };
}

/** As Prometheus keeps a label's name or value: after its length, which takes a byte, or four from 255 on. */
function encodedBytes(text: string): number {
  const length = Buffer.byteLength(text);
  return length + (length < 255 ? 1 : 4);
}

function add(counts: Map<string, number>, key: string, count: number): void {
  counts.set(key, (counts.get(key) ?? 0) + count);
}

function top(counts: ReadonlyMap<string, number>, limit: number): readonly NamedCount[] {
  return [...counts]
    .map(([name, value]) => ({ name, value }))
    .sort((a, b) => b.value - a.value || (a.name < b.name ? -1 : 1))
    .slice(0, limit);
}

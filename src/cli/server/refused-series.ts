/** What the shards' cardinality guards refused, as one list. */
import type { RefusedSeries } from "../../tsdb/ingest/index.js";
import type { StatusMessage } from "./ingest-messages.js";

/** The most refused first. */
export function refusedByAll(statuses: readonly StatusMessage[]): readonly RefusedSeries[] {
  const all = new Map<string, RefusedSeries>();
  for (const { refused } of statuses) {
    for (const one of refused) {
      const key = `${one.job}\xff${one.metric}`;
      const known = all.get(key);
      all.set(key, known === undefined ? one : { ...known, count: known.count + one.count });
    }
  }
  return [...all.values()].sort((a, b) => b.count - a.count);
}

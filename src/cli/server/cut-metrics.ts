/** Metrics of what becomes of the head's old part: truncations, checkpoints. */
import type { Registry } from "../../metrics/index.js";
import type { HeadCutter } from "./head-cutter.js";

export function registerCuts(registry: Registry, { counters }: HeadCutter): void {
  const values: Readonly<Record<string, () => number>> = {
    prometheus_tsdb_head_truncations_total: () => counters.headTruncations + counters.headTruncationsFailed,
    prometheus_tsdb_head_truncations_failed_total: () => counters.headTruncationsFailed,
    prometheus_tsdb_head_chunks_removed_total: () => counters.chunksRemoved,
    prometheus_tsdb_wal_truncations_total: () => counters.walTruncations + counters.walTruncationsFailed,
    prometheus_tsdb_wal_truncations_failed_total: () => counters.walTruncationsFailed,
    prometheus_tsdb_checkpoint_creations_total: () => counters.checkpoints + counters.checkpointsFailed,
    prometheus_tsdb_checkpoint_creations_failed_total: () => counters.checkpointsFailed,
    prometheus_tsdb_checkpoint_deletions_total: () => counters.checkpointDeletions,
    // Removing old checkpoints is part of making a new one: its failures are counted there.
    prometheus_tsdb_checkpoint_deletions_failed_total: () => 0,
  };
  for (const [name, read] of Object.entries(values)) registry.value(name, read);
  registry.samples("prometheus_tsdb_head_gc_duration_seconds", () => [
    { labels: [], quantiles: [], sum: counters.headGcSeconds, count: counters.headTruncations },
  ]);
  registry.samples("prometheus_tsdb_wal_truncate_duration_seconds", () => [
    { labels: [], quantiles: [], sum: counters.walTruncateSeconds, count: counters.walTruncations },
  ]);
}

/** Where the values of the server's own metrics come from. A metric that is not registered here is not shown. */
import {
  ARENA_USED,
  COUNTER_CHUNKS,
  COUNTER_CHUNKS_CREATED,
  COUNTER_CHUNKS_ON_DISK,
  COUNTER_HISTOGRAMS_APPENDED,
  COUNTER_HISTOGRAMS_OUT_OF_BOUNDS,
  COUNTER_HISTOGRAMS_OUT_OF_ORDER,
  COUNTER_HISTOGRAMS_TOO_OLD,
  COUNTER_OOO_APPENDED,
  COUNTER_OOO_CHUNKS,
  COUNTER_OOO_CHUNKS_CREATED,
  COUNTER_OOO_HISTOGRAMS_APPENDED,
  COUNTER_OUT_OF_BOUNDS,
  COUNTER_OUT_OF_ORDER,
  COUNTER_REFUSED_MEMORY,
  COUNTER_SAMPLES_APPENDED,
  COUNTER_SERIES,
  COUNTER_SERIES_CREATED,
  COUNTER_SERIES_REMOVED,
  COUNTER_TOO_OLD,
  COUNTERS,
  HEAD_LIMIT,
} from "../../../assembly/layout.js";
import type { LiveHub, MetricsService, NotificationCounters } from "../../api/index.js";
import { systemFiles } from "../../base/index.js";
import {
  CATALOGUE,
  type MetricSample,
  metricsPage,
  type Registry,
  registerProcess,
  registerThreads,
  watchThread,
} from "../../metrics/index.js";
import { type QueueStats, type ReceiverCounters, SENT_SECONDS } from "../../remote/index.js";
import type { IntervalLengths, ScrapeCounters } from "../../scrape/index.js";
import type { ControlMemory } from "../../shard/index.js";
import { type WalState, walBytes } from "../../tsdb/wal/index.js";
import { PROMETHEUS_VERSION, vestalVersion } from "../version.js";
import type { AgentLog } from "./agent-log.js";
import { registerCuts } from "./cut-metrics.js";
import type { HeadCutter } from "./head-cutter.js";
import type { StatusMessage } from "./ingest-messages.js";
import type { QueryPool } from "./query-service.js";
import type { ReadService } from "./read-service.js";
import { refusedByAll } from "./refused-series.js";
import type { CollectedSamples } from "./rules-host.js";
import type { RulesLink } from "./rules-service.js";
import type { ShardSet } from "./shards.js";
import type { ServerState } from "./status.js";
import type { Storage } from "./storage.js";
import type { TargetRegistry } from "./targets.js";

export interface MetricsDeps {
  readonly registry: Registry;
  readonly control: ControlMemory;
  readonly shards: ShardSet;
  readonly targets: TargetRegistry;
  readonly rules: RulesLink;
  readonly queries: QueryPool;
  readonly live: LiveHub;
  readonly storage: Storage;
  readonly state: ServerState;
  readonly isReady: () => boolean;
  readonly maxConcurrency: number;
  readonly remoteRead: Pick<ReadService, "count" | "federation">;
  readonly notifications: NotificationCounters;
  readonly remoteQueues: () => readonly QueueStats[];
  /** Undefined where remote write is not received. */
  readonly remoteWrite: ReceiverCounters | undefined;
  readonly walDir: string;
  readonly wblDir: string;
  readonly cutter: HeadCutter;
  /** Undefined in a server. */
  readonly agentLog: AgentLog | undefined;
  /** 1 if the last process ended cleanly, 0 if not, −1 without a lock file. */
  readonly cleanStart: number;
}

/** The page; each request first asks the shards for their counts. */
export function serverMetrics(deps: MetricsDeps): MetricsService {
  const { registry } = deps;
  const shardStatus = { last: [] as readonly StatusMessage[] };
  registerWal(deps);
  if (deps.agentLog === undefined) {
    registerHead(deps);
    registerWbl(deps);
    registerBlocks(deps);
    registerCuts(registry, deps.cutter);
    registerQueries(deps);
    registerLive(deps);
  } else registerAgent(deps, deps.agentLog, () => shardStatus.last);
  registerScraping(deps, () => shardStatus.last);
  if (deps.agentLog === undefined) registerExemplars(deps, () => shardStatus.last);
  registerGuard(deps, () => shardStatus.last);
  const rules = { last: [] as readonly CollectedSamples[] };
  registerRules(registry, () => rules.last);
  registerReceiver(deps);
  registerQueues(deps, () => shardStatus.last);
  registerServer(deps);
  registerProcess(registry);
  const main = watchThread("main");
  registerThreads(registry, () => [main.read()]);
  const page = metricsPage(registry);
  return {
    render: async (request) => {
      [shardStatus.last, rules.last] = await Promise.all([deps.shards.collect(), deps.rules.metrics()]);
      return page.render(request);
    },
  };
}

/** A counter of all heads. */
function headSum(shards: ShardSet, counter: number): number {
  return shards
    .heads()
    .reduce((total, { memory }) => total + new Float64Array(memory.buffer)[(COUNTERS >> 3) + counter]!, 0);
}

/** What an agent has instead of the metrics of head and blocks. */
function registerAgent(
  { registry, shards, cleanStart }: MetricsDeps,
  log: AgentLog,
  statuses: () => readonly StatusMessage[],
): void {
  const { counters } = log;
  const sum = (counter: number): number => headSum(shards, counter);
  const exemplars = (): number => statuses().reduce((total, each) => total + each.exemplars.appended, 0);
  const values: Readonly<Record<string, () => number>> = {
    active_series: () => sum(COUNTER_SERIES),
    deleted_series: () => log.goneCount,
    exemplars_appended_total: exemplars,
    out_of_order_samples_total: () => sum(COUNTER_OUT_OF_ORDER),
    corruptions_total: () => shards.counters.walCorruptions,
    data_replay_duration_seconds: () => shards.counters.replaySeconds,
    clean_start: () => cleanStart,
    checkpoint_creations_total: () => counters.checkpoints + counters.checkpointsFailed,
    checkpoint_creations_failed_total: () => counters.checkpointsFailed,
    checkpoint_deletions_total: () => counters.checkpointDeletions,
    // Removing old checkpoints is part of making a new one: its failures are counted there.
    checkpoint_deletions_failed_total: () => 0,
  };
  for (const [name, read] of Object.entries(values)) registry.value(`prometheus_agent_${name}`, read);
  registry.samples("prometheus_agent_samples_appended_total", () => {
    const histograms = sum(COUNTER_HISTOGRAMS_APPENDED);
    return [
      { labels: ["float"], value: sum(COUNTER_SAMPLES_APPENDED) - histograms },
      { labels: ["histogram"], value: histograms },
    ];
  });
  registry.samples("prometheus_agent_truncate_duration_seconds", () => [
    { labels: [], quantiles: [], sum: counters.truncateSeconds, count: counters.truncations },
  ]);
  registry.value("prometheus_tsdb_wal_truncations_total", () => counters.truncations + counters.truncationsFailed);
  registry.value("prometheus_tsdb_wal_truncations_failed_total", () => counters.truncationsFailed);
}

function registerHead({ registry, shards, control }: MetricsDeps): void {
  const sum = (counter: number) => (): number => headSum(shards, counter);
  registry.value("prometheus_tsdb_head_series", sum(COUNTER_SERIES));
  const both = (inOrder: number, outOfOrder: number) => (): number => sum(inOrder)() + sum(outOfOrder)();
  registry.value("prometheus_tsdb_head_chunks", both(COUNTER_CHUNKS, COUNTER_OOO_CHUNKS));
  registry.value("prometheus_tsdb_head_chunks_created_total", both(COUNTER_CHUNKS_CREATED, COUNTER_OOO_CHUNKS_CREATED));
  registry.value("prometheus_tsdb_head_series_created_total", sum(COUNTER_SERIES_CREATED));
  registry.value("prometheus_tsdb_head_series_removed_total", sum(COUNTER_SERIES_REMOVED));
  const byType = (name: string, ofAll: number, ofHistograms: number): void =>
    registry.samples(name, () => {
      const histograms = sum(ofHistograms)();
      return [
        { labels: ["float"], value: sum(ofAll)() - histograms },
        { labels: ["histogram"], value: histograms },
      ];
    });
  byType("prometheus_tsdb_head_samples_appended_total", COUNTER_SAMPLES_APPENDED, COUNTER_HISTOGRAMS_APPENDED);
  byType("prometheus_tsdb_out_of_order_samples_total", COUNTER_OUT_OF_ORDER, COUNTER_HISTOGRAMS_OUT_OF_ORDER);
  byType(
    "prometheus_tsdb_head_out_of_order_samples_appended_total",
    COUNTER_OOO_APPENDED,
    COUNTER_OOO_HISTOGRAMS_APPENDED,
  );
  byType("prometheus_tsdb_too_old_samples_total", COUNTER_TOO_OLD, COUNTER_HISTOGRAMS_TOO_OLD);
  byType("prometheus_tsdb_out_of_bound_samples_total", COUNTER_OUT_OF_BOUNDS, COUNTER_HISTOGRAMS_OUT_OF_BOUNDS);
  registry.value("prometheus_tsdb_head_min_time", () => control.minTimeMs ?? 0);
  registry.value("prometheus_tsdb_head_min_time_seconds", () => (control.minTimeMs ?? 0) / 1000);
  registry.value("prometheus_tsdb_head_max_time", () => control.maxTimeMs ?? 0);
  registry.value("prometheus_tsdb_head_max_time_seconds", () => (control.maxTimeMs ?? 0) / 1000);
  const byShard = (name: string, read: (memory: WebAssembly.Memory) => number): void =>
    registry.samples(name, () =>
      shards.heads().map(({ shard, memory }) => ({ labels: [String(shard)], value: read(memory) })),
    );
  byShard("vestal_head_memory_bytes", ({ buffer }) => new Float64Array(buffer)[ARENA_USED >> 3]!);
  byShard("vestal_head_memory_limit_bytes", ({ buffer }) => new Uint32Array(buffer)[HEAD_LIMIT >> 2]!);
  byShard(
    "vestal_head_refused_total",
    ({ buffer }) => new Float64Array(buffer)[(COUNTERS >> 3) + COUNTER_REFUSED_MEMORY]!,
  );
  byShard(
    "vestal_head_chunks_on_disk",
    ({ buffer }) => new Float64Array(buffer)[(COUNTERS >> 3) + COUNTER_CHUNKS_ON_DISK]!,
  );
  registry.value("prometheus_tsdb_mmap_chunks_total", () => shards.chunksHeadState.counter("chunksWritten"));
  registry.value("prometheus_tsdb_mmap_chunk_corruptions_total", () => shards.headChunkCorruptions);
  registry.value("vestal_head_rebuilds_total", () => shards.counters.rebuilt);
  registry.value("vestal_head_adoptions_total", () => shards.counters.adopted);
}

function registerExemplars({ registry }: MetricsDeps, statuses: () => readonly StatusMessage[]): void {
  const sum = (name: string, key: "appended" | "outOfOrder" | "stored" | "series" | "capacity"): void =>
    registry.value(`prometheus_tsdb_exemplar_${name}`, () =>
      statuses().reduce((total, { exemplars }) => total + exemplars[key], 0),
    );
  sum("exemplars_appended_total", "appended");
  sum("out_of_order_exemplars_total", "outOfOrder");
  sum("exemplars_in_storage", "stored");
  sum("series_with_exemplars_in_storage", "series");
  sum("max_exemplars", "capacity");
  registry.value("prometheus_tsdb_exemplar_last_exemplars_timestamp_seconds", () => {
    const times = statuses().flatMap(({ exemplars }) => exemplars.oldestTimestampMs ?? []);
    return times.length === 0 ? 0 : Math.min(...times) / 1000;
  });
}

function registerGuard({ registry }: MetricsDeps, statuses: () => readonly StatusMessage[]): void {
  registry.value("vestal_head_series_over_budget_total", () =>
    statuses().reduce((total, { refusedCount }) => total + refusedCount, 0),
  );
  registry.samples("vestal_head_series_refused", () =>
    refusedByAll(statuses()).map(({ job, metric, label, count }) => ({ labels: [job, metric, label], value: count })),
  );
}

function registerWal({ registry, shards, walDir, cleanStart, agentLog }: MetricsDeps): void {
  const state = shards.walState;
  registry.value("prometheus_tsdb_wal_completed_pages_total", () => state.counter("completedPages"));
  registry.value("prometheus_tsdb_wal_page_flushes_total", () => state.counter("pageFlushes"));
  registry.value("prometheus_tsdb_wal_writes_failed_total", () => state.counter("writesFailed"));
  registry.value("prometheus_tsdb_wal_record_part_writes_total", () => state.counter("recordParts"));
  registry.value("prometheus_tsdb_wal_record_parts_bytes_written_total", () => state.counter("recordPartBytes"));
  registry.samples("prometheus_tsdb_wal_record_bytes_saved_total", () => [
    { labels: ["snappy"], value: state.counter("recordBytesSaved") },
  ]);
  registry.value("prometheus_tsdb_wal_segment_current", () => state.position().segment);
  registry.value("prometheus_tsdb_wal_storage_size_bytes", () => walBytes(systemFiles, walDir));
  registry.samples("prometheus_tsdb_wal_fsync_duration_seconds", () => [
    { labels: [], quantiles: [], sum: state.counter("fsyncMicroseconds") / 1e6, count: state.counter("fsyncs") },
  ]);
  if (agentLog === undefined) {
    registry.value("prometheus_tsdb_wal_corruptions_total", () => shards.counters.walCorruptions);
    registry.value("prometheus_tsdb_data_replay_duration_seconds", () => shards.counters.replaySeconds);
    registry.value("prometheus_tsdb_clean_start", () => cleanStart);
  }
}

/** Of the log of samples out of order: nothing where there is none. */
function registerWbl({ registry, shards, wblDir, cutter }: MetricsDeps): void {
  const value = (name: string, read: (state: WalState) => number): void =>
    registry.value(`prometheus_tsdb_out_of_order_wbl_${name}`, () => shards.wblState && read(shards.wblState));
  value("completed_pages_total", (state) => state.counter("completedPages"));
  value("page_flushes_total", (state) => state.counter("pageFlushes"));
  value("writes_failed_total", (state) => state.counter("writesFailed"));
  value("record_part_writes_total", (state) => state.counter("recordParts"));
  value("record_parts_bytes_written_total", (state) => state.counter("recordPartBytes"));
  value("segment_current", (state) => state.position().segment);
  value("storage_size_bytes", () => walBytes(systemFiles, wblDir));
  value("truncations_total", () => cutter.counters.wblTruncations + cutter.counters.wblTruncationsFailed);
  value("truncations_failed_total", () => cutter.counters.wblTruncationsFailed);
  registry.samples("prometheus_tsdb_out_of_order_wbl_fsync_duration_seconds", () => {
    const state = shards.wblState;
    if (state === undefined) return [];
    const sum = state.counter("fsyncMicroseconds") / 1e6;
    return [{ labels: [], quantiles: [], sum, count: state.counter("fsyncs") }];
  });
}

function registerBlocks({ registry, storage, control }: MetricsDeps): void {
  const { list, keeper } = storage;
  const { counters } = keeper;
  registry.value("prometheus_tsdb_blocks_loaded", () => list.blocks.length);
  registry.value("prometheus_tsdb_storage_blocks_bytes", () => list.blocks.reduce((sum, { bytes }) => sum + bytes, 0));
  registry.value("prometheus_tsdb_symbol_table_size_bytes", () =>
    list.blocks.reduce((sum, { symbolTableBytes }) => sum + symbolTableBytes, 0),
  );
  const lowest = (): number => list.blocks[0]?.meta.minTimeMs ?? control.minTimeMs ?? 0;
  registry.value("prometheus_tsdb_lowest_timestamp", lowest);
  registry.value("prometheus_tsdb_lowest_timestamp_seconds", () => lowest() / 1000);
  registry.value("prometheus_tsdb_retention_limit_bytes", () => storage.limits().retentionBytes);
  registry.value("prometheus_tsdb_retention_limit_seconds", () => storage.limits().retentionMs / 1000);
  registry.value("prometheus_tsdb_compaction_populating_block", () => (keeper.isCompacting ? 1 : 0));
  registry.value("prometheus_tsdb_reloads_total", () => counters.reloads);
  registry.value("prometheus_tsdb_reloads_failures_total", () => counters.reloadsFailed);
  registry.value("prometheus_tsdb_compactions_total", () => counters.compactions + storage.cutter.counters.cuts);
  registry.value("prometheus_tsdb_compactions_failed_total", () => counters.compactionsFailed);
  registry.value("prometheus_tsdb_compactions_skipped_total", () => counters.compactionsSkipped);
  registry.value("prometheus_tsdb_compactions_triggered_total", () => counters.compactionsTriggered);
  registry.value("prometheus_tsdb_vertical_compactions_total", () => counters.verticalCompactions);
  registry.value("prometheus_tsdb_size_retentions_total", () => counters.sizeRetentions);
  registry.value("prometheus_tsdb_time_retentions_total", () => counters.timeRetentions);
  registry.value("vestal_tsdb_blocks_quarantined_total", () => counters.quarantined);
  const seconds = registry.histogram("prometheus_tsdb_compaction_duration_seconds");
  const bytes = registry.histogram("prometheus_tsdb_compaction_chunk_size_bytes");
  const samples = registry.histogram("prometheus_tsdb_compaction_chunk_samples");
  const range = registry.histogram("prometheus_tsdb_compaction_chunk_range_seconds");
  keeper.onCompaction = (timing) => {
    seconds.observe(timing.seconds);
    bytes.observe(timing.chunkBytes);
    samples.observe(timing.chunkSamples);
    range.observe(timing.chunkRangeSeconds);
  };
}

function registerScraping({ registry, targets }: MetricsDeps, statuses: () => readonly StatusMessage[]): void {
  const sum = (name: string, key: keyof ScrapeCounters): void =>
    registry.value(name, () => statuses().reduce((total, { counters }) => total + counters[key], 0));
  sum("prometheus_target_scrapes_exceeded_sample_limit_total", "exceededSampleLimit");
  sum("prometheus_target_scrapes_exceeded_body_size_limit_total", "exceededBodySizeLimit");
  sum("prometheus_target_scrape_pool_exceeded_label_limits_total", "exceededLabelLimits");
  sum("prometheus_target_scrapes_sample_duplicate_timestamp_total", "sampleDuplicateTimestamp");
  sum("prometheus_target_scrapes_sample_out_of_order_total", "sampleOutOfOrder");
  sum("prometheus_target_scrapes_sample_out_of_bounds_total", "sampleOutOfBounds");
  sum("prometheus_target_scrapes_exceeded_native_histogram_bucket_limit_total", "exceededBucketLimit");
  sum("prometheus_target_scrapes_exemplar_out_of_order_total", "exemplarsOutOfOrder");
  registry.samples("prometheus_target_interval_length_seconds", () => intervalSummaries(statuses()));
  registry.samples("prometheus_target_scrape_pool_targets", () =>
    [...targets.countsByJob()].map(([job, value]) => ({ labels: [job], value })),
  );
  registry.samples("prometheus_target_metadata_cache_entries", () => metadataByJob(statuses(), "entries"));
  registry.samples("prometheus_target_metadata_cache_bytes", () => metadataByJob(statuses(), "characters"));
  const syncs = registry.counter("prometheus_target_scrape_pool_sync_total");
  const syncSeconds = registry.summary("prometheus_target_sync_length_seconds");
  targets.onSynced = (job, seconds) => {
    syncs.add(1, job);
    syncSeconds.observe(seconds, job);
  };
  registry.value("prometheus_sd_file_read_errors_total", () => targets.discovery.fileReadErrors);
  registry.value("prometheus_sd_http_failures_total", () => targets.discovery.failures["http"] ?? 0);
  registry.value("prometheus_sd_dns_lookup_failures_total", () => targets.discovery.failures["dns"] ?? 0);
  registry.value("prometheus_sd_kubernetes_failures_total", () => targets.discovery.failures["kubernetes"] ?? 0);
  registry.value("prometheus_sd_linode_failures_total", () => targets.discovery.failures["linode"] ?? 0);
  const refreshFailures = registry.counter("prometheus_sd_refresh_failures_total");
  const refreshSeconds = registry.summary("prometheus_sd_refresh_duration_seconds");
  targets.onRefreshed = ({ mechanism, seconds, isFailed }) => {
    refreshFailures.add(isFailed ? 1 : 0, mechanism);
    refreshSeconds.observe(seconds, mechanism);
  };
  registry.samples("prometheus_sd_failed_configs", () => [
    { labels: ["scrape"], value: targets.discovery.failedConfigs },
  ]);
  registry.samples("prometheus_sd_kubernetes_events_total", () =>
    Object.entries(targets.discovery.kubernetesEvents).map(([key, value]) => ({ labels: key.split(" "), value })),
  );
  registry.value("prometheus_target_scrape_pools_total", () => targets.scrapePools().length);
  registry.samples("prometheus_sd_discovered_targets", () =>
    [...targets.countsByJob()].map(([job, kept]) => ({
      labels: ["scrape", job],
      value: kept + (targets.droppedCounts()[job] ?? 0),
    })),
  );
}

/** What targets said of their metrics, summed over each job's targets. */
function metadataByJob(statuses: readonly StatusMessage[], key: "entries" | "characters"): MetricSample[] {
  const sums = new Map<string, number>();
  for (const { metadata } of statuses) {
    for (const { jobName, ...size } of metadata) sums.set(jobName, (sums.get(jobName) ?? 0) + size[key]);
  }
  return [...sums].map(([job, value]) => ({ labels: [job], value }));
}

const INTERVAL_QUANTILES = [0.01, 0.05, 0.5, 0.9, 0.99];

/** Joins what the shards have seen of each configured interval. */
function intervalSummaries(statuses: readonly StatusMessage[]): MetricSample[] {
  const byInterval = new Map<number, IntervalLengths[]>();
  for (const { intervalLengths } of statuses) {
    for (const lengths of intervalLengths) {
      byInterval.set(lengths.intervalMs, [...(byInterval.get(lengths.intervalMs) ?? []), lengths]);
    }
  }
  return [...byInterval].map(([intervalMs, all]) => {
    const recent = all.flatMap(({ recentSeconds }) => [...recentSeconds]).sort((a, b) => a - b);
    return {
      labels: [intervalMs % 1000 === 0 ? `${intervalMs / 1000}s` : `${intervalMs}ms`],
      quantiles: INTERVAL_QUANTILES.map(
        (q) => [q, recent[Math.min(recent.length - 1, Math.floor(q * recent.length))] ?? Number.NaN] as const,
      ),
      sum: all.reduce((total, { sumSeconds }) => total + sumSeconds, 0),
      count: all.reduce((total, { count }) => total + count, 0),
    };
  });
}

/** The rules count in their own thread. */
function registerRules(registry: Registry, collected: () => readonly CollectedSamples[]): void {
  for (const name of CATALOGUE.keys()) {
    if (!/^prometheus_(?:rule|notifications)_/.test(name)) continue;
    registry.samples(name, () => collected().find((one) => one.name === name)?.samples ?? []);
  }
}

function registerQueries({ registry, queries, maxConcurrency }: MetricsDeps): void {
  registry.value("prometheus_engine_queries", () => queries.counters.running);
  registry.value("prometheus_engine_queries_concurrent_max", () => maxConcurrency);
  registry.value("prometheus_engine_query_log_enabled", () => (queries.queryLog.isEnabled ? 1 : 0));
  registry.value("prometheus_engine_query_log_failures_total", () => queries.queryLog.failures);
  const durations = registry.summary("prometheus_engine_query_duration_seconds");
  for (const slice of ["inner_eval", "prepare_time", "queue_time", "result_sort"]) durations.declare(slice);
  const samples = registry.counter("prometheus_engine_query_samples_total");
  queries.onTimings = (timings) => {
    durations.observe(timings.queueSeconds, "queue_time");
    durations.observe(timings.prepareSeconds, "prepare_time");
    durations.observe(timings.evaluateSeconds, "inner_eval");
    durations.observe(timings.resultSeconds, "result_sort");
    samples.add(timings.samples);
  };
  const exchanges = registry.counter("prometheus_remote_read_client_queries_total");
  const seconds = registry.histogram("prometheus_remote_read_client_request_duration_seconds");
  queries.onExchange = (exchange) => {
    const { name, url, responseType, code } = exchange;
    exchanges.add(1, name, url, responseType, code);
    seconds.observe(exchange.seconds, name, url, responseType);
  };
}

function registerLive({ registry, live }: MetricsDeps): void {
  const { counters } = live;
  registry.value("vestal_live_sockets", () => counters.sockets);
  registry.value("vestal_live_subscriptions", () => counters.subscriptions);
  registry.value("vestal_live_streams", () => live.streamCount);
  registry.value("vestal_live_evaluations_total", () => counters.evaluations);
  registry.value("vestal_live_frames_total", () => counters.frames);
  registry.value("vestal_live_frames_held_total", () => counters.held);
  const delays = registry.histogram("vestal_live_frame_delay_seconds");
  live.onSent = (seconds) => delays.observe(seconds);
}

/** What is read of the log for each endpoint, and what there was to read. */
function registerLogReading(
  { registry, remoteQueues, shards }: MetricsDeps,
  statuses: () => readonly StatusMessage[],
): void {
  const prefix = "prometheus_remote_storage_";
  const sum = (...counters: readonly number[]): number =>
    counters.reduce((total, counter) => total + headSum(shards, counter), 0);
  const histograms = (): number => sum(COUNTER_HISTOGRAMS_APPENDED, COUNTER_OOO_HISTOGRAMS_APPENDED);
  registry.value(`${prefix}samples_in_total`, () => sum(COUNTER_SAMPLES_APPENDED, COUNTER_OOO_APPENDED) - histograms());
  registry.value(`${prefix}histograms_in_total`, histograms);
  registry.value(`${prefix}exemplars_in_total`, () =>
    statuses().reduce((total, { exemplars }) => total + exemplars.appended, 0),
  );
  const each = (name: string, read: (stats: QueueStats) => number): void =>
    registry.samples(`prometheus_wal_watcher_${name}`, () =>
      remoteQueues().map((stats) => ({ labels: [stats.name], value: read(stats) })),
    );
  each("current_segment", ({ log }) => log.segment);
  each("record_decode_failures_total", ({ log }) => log.damaged);
  each("samples_sent_pre_tailing_total", ({ log }) => log.samplesBeforeStart);
  registry.samples("prometheus_wal_watcher_records_read_total", () =>
    remoteQueues().flatMap(({ name, log }) =>
      Object.entries(log.records).map(([type, value]) => ({ labels: [name, type], value })),
    ),
  );
}

function registerQueues(deps: MetricsDeps, statuses: () => readonly StatusMessage[]): void {
  registerLogReading(deps, statuses);
  const { registry, remoteQueues, control } = deps;
  const prefix = "prometheus_remote_storage_";
  const each = (name: string, read: (stats: QueueStats) => number): void =>
    registry.samples(`${prefix}${name}`, () =>
      remoteQueues().map((stats) => ({ labels: [stats.name, stats.url], value: read(stats) })),
    );
  each("samples_total", ({ samples }) => samples);
  each("histograms_total", ({ histograms }) => histograms);
  each("exemplars_total", ({ exemplars }) => exemplars);
  each("bytes_total", ({ bytes }) => bytes);
  each("metadata_total", ({ metadata }) => metadata.sent);
  each("metadata_failed_total", ({ metadata }) => metadata.failed);
  each("metadata_retried_total", ({ metadata }) => metadata.retried);
  each("metadata_bytes_total", ({ metadata }) => metadata.bytes);
  for (const [kind, plural] of [
    ["sample", "samples"],
    ["histogram", "histograms"],
    ["exemplar", "exemplars"],
  ] as const) {
    each(`${plural}_failed_total`, ({ failed }) => failed[kind]);
    each(`${plural}_retried_total`, ({ retried }) => retried[kind]);
    each(`${plural}_pending`, ({ pendingKinds }) => pendingKinds[kind]);
  }
  // Nothing waits in front of a full queue: what it has no room for stays in the log.
  each("enqueue_retries_total", () => 0);
  registry.samples(`${prefix}sent_batch_duration_seconds`, () =>
    remoteQueues().map(({ name, url, sent }) => {
      let total = 0;
      const buckets = SENT_SECONDS.map((bound, i) => {
        total += sent.buckets[i]!;
        return [bound, total] as const;
      });
      return {
        labels: [name, url],
        buckets,
        sum: sent.sum,
        count: sent.count,
      };
    }),
  );
  each("shards", ({ shards }) => shards);
  each("shards_max", ({ shardsMax }) => shardsMax);
  each("shards_min", ({ shardsMin }) => shardsMin);
  each("shards_desired", ({ shardsDesired }) => shardsDesired);
  each("shard_capacity", ({ capacity }) => capacity);
  each("max_samples_per_send", ({ maxSamplesPerSend }) => maxSamplesPerSend);
  each("queue_highest_sent_timestamp_seconds", ({ highestSentMs }) => highestSentMs / 1000);
  each("queue_highest_timestamp_seconds", ({ highestReadMs }) => highestReadMs / 1000);
  registry.value(`${prefix}highest_timestamp_in_seconds`, () => (control.maxTimeMs ?? 0) / 1000);
  registry.samples(`${prefix}samples_dropped_total`, () =>
    remoteQueues().flatMap(({ name, url, droppedUnknown, droppedRelabelled, droppedOld }) => [
      { labels: [name, url, "unintentional_drop_series"], value: droppedUnknown },
      { labels: [name, url, "dropped_series"], value: droppedRelabelled },
      { labels: [name, url, "too_old"], value: droppedOld },
    ]),
  );
}

function registerReceiver({ registry, remoteWrite, remoteRead, notifications }: MetricsDeps): void {
  registry.value("prometheus_remote_read_handler_queries", () => remoteRead.count);
  registry.value("prometheus_web_federation_errors_total", () => remoteRead.federation.errors);
  // Reading the own storage gives none.
  registry.value("prometheus_web_federation_warnings_total", () => 0);
  registry.value("prometheus_api_notification_active_subscribers", () => notifications.subscribers);
  registry.value("prometheus_api_notification_updates_sent_total", () => notifications.sent);
  // A note is a few bytes, and there are few: each goes to its socket's buffer.
  registry.value("prometheus_api_notification_updates_dropped_total", () => 0);
  if (remoteWrite === undefined) return;
  const prefix = "prometheus_api_remote_write_";
  registry.value(`${prefix}invalid_labels_samples_total`, () => remoteWrite.invalidLabelSamples);
  registry.value(`${prefix}without_metadata_appended_samples_total`, () => remoteWrite.withoutMetadataSamples);
}

function registerServer({ registry, state, isReady }: MetricsDeps): void {
  registry.samples("prometheus_build_info", () => [
    { labels: [PROMETHEUS_VERSION, "", "", "", process.platform, process.arch, ""], value: 1 },
  ]);
  registry.samples("vestal_build_info", () => [{ labels: [vestalVersion()], value: 1 }]);
  registry.value("prometheus_ready", () => (isReady() ? 1 : 0));
  registry.value("prometheus_config_last_reload_successful", () => (state.isReloadSuccessful ? 1 : 0));
  registry.value("prometheus_config_last_reload_success_timestamp_seconds", () => state.lastConfigMs / 1000);
}

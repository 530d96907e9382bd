/**
 * Every metric the server may show about itself: type, labels, help. Names, types and labels are Prometheus' own, because
 * alerts and dashboards read them; those that begin with `vestal_` or `nodejs_` are ours. What Prometheus has and is not here
 * belongs to parts that this version does not have, or to Go.
 *
 * A metric is shown only once somebody registers where its values come from: none is faked with a zero.
 */

export type MetricType = "counter" | "gauge" | "summary" | "histogram";

export interface MetricDescription {
  readonly name: string;
  readonly type: MetricType;
  readonly help: string;
  /** Names of its labels, without `le` and `quantile`. */
  readonly labels: readonly string[];
  /** Of a summary. */
  readonly quantiles?: readonly number[];
  /** Upper bounds of a histogram's buckets, without +Inf. */
  readonly buckets?: readonly number[];
}

type Line = readonly [name: string, help: string, ...labels: string[]];

function lines(prefix: string, type: MetricType, entries: readonly Line[]): MetricDescription[] {
  return entries.map(([name, help, ...labels]) => ({ name: `${prefix}${name}`, type, help, labels }));
}

function summary(name: string, help: string, quantiles: readonly number[], ...labels: string[]): MetricDescription {
  return { name, type: "summary", help, labels, quantiles };
}

function histogram(name: string, help: string, buckets: readonly number[], ...labels: string[]): MetricDescription {
  return { name, type: "histogram", help, labels, buckets };
}

/** `count` bounds from `first`, each `factor` times the one before. */
function exponential(first: number, factor: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => first * factor ** i);
}

const HEAD: readonly MetricDescription[] = [
  ...lines("prometheus_tsdb_head_", "gauge", [
    ["series", "Series in the head."],
    ["chunks", "Chunks in the head."],
    ["active_appenders", "Appends under way."],
    ["chunks_storage_size_bytes", "Bytes of the directory chunks_head."],
    ["min_time", "Lowest time of the head, in milliseconds."],
    ["min_time_seconds", "Lowest time of the head."],
    ["max_time", "Highest time of the head, in milliseconds."],
    ["max_time_seconds", "Highest time of the head."],
  ]),
  ...lines("prometheus_tsdb_head_", "counter", [
    ["samples_appended_total", "Samples appended.", "type"],
    ["out_of_order_samples_appended_total", "Samples appended out of order.", "type"],
    ["series_created_total", "Series created in the head."],
    ["series_removed_total", "Series removed from the head."],
    ["series_not_found_total", "References to series that the head does not have."],
    ["chunks_created_total", "Chunks created in the head."],
    ["chunks_removed_total", "Chunks removed from the head."],
    ["truncations_total", "Truncations of the head."],
    ["truncations_failed_total", "Truncations of the head that failed."],
  ]),
  ...lines("prometheus_tsdb_", "counter", [
    ["out_of_order_samples_total", "Samples refused as out of order while out-of-order ingestion is off.", "type"],
    [
      "out_of_bound_samples_total",
      "Samples refused as too old for the head while out-of-order ingestion is off.",
      "type",
    ],
    ["too_old_samples_total", "Samples refused as older than the out-of-order window.", "type"],
    ["mmap_chunks_total", "Chunks written to chunks_head."],
    ["mmap_chunk_corruptions_total", "Damaged files found in chunks_head."],
  ]),
  ...lines("prometheus_tsdb_exemplar_", "counter", [
    ["exemplars_appended_total", "Exemplars appended."],
    ["out_of_order_exemplars_total", "Exemplars refused as out of order."],
  ]),
  ...lines("prometheus_tsdb_exemplar_", "gauge", [
    ["exemplars_in_storage", "Exemplars kept."],
    ["series_with_exemplars_in_storage", "Series with exemplars."],
    ["last_exemplars_timestamp_seconds", "Time of the oldest exemplar kept: how far back they reach."],
    ["max_exemplars", "Exemplars that can be kept."],
  ]),
  ...lines("prometheus_tsdb_isolation_", "gauge", [
    ["low_watermark", "Lowest append that a reader still needs."],
    ["high_watermark", "Highest append given out."],
  ]),
  summary("prometheus_tsdb_head_gc_duration_seconds", "Time to remove series from the head.", []),
];

const WAL: readonly MetricDescription[] = [
  ...lines("prometheus_tsdb_wal_", "counter", [
    ["corruptions_total", "Damage found in the WAL."],
    ["truncations_total", "Truncations of the WAL."],
    ["truncations_failed_total", "Truncations of the WAL that failed."],
    ["completed_pages_total", "Pages completed."],
    ["page_flushes_total", "Writes of pages."],
    ["writes_failed_total", "Writes that failed."],
    ["record_part_writes_total", "Parts of records written."],
    ["record_parts_bytes_written_total", "Bytes of these parts, headers included."],
    ["record_bytes_saved_total", "Bytes that compressing records has saved.", "compression"],
  ]),
  ...lines("prometheus_tsdb_wal_", "gauge", [
    ["segment_current", "Number of the segment that is written."],
    ["storage_size_bytes", "Bytes of the directory wal."],
  ]),
  summary("prometheus_tsdb_wal_fsync_duration_seconds", "Time of a sync of the WAL.", [0.5, 0.9, 0.99]),
  summary("prometheus_tsdb_wal_truncate_duration_seconds", "Time of a truncation of the WAL.", []),
  ...lines("prometheus_tsdb_out_of_order_wbl_", "counter", [
    ["truncations_total", "Truncations of the log of samples out of order."],
    ["truncations_failed_total", "Truncations of it that failed."],
    ["completed_pages_total", "Pages of it completed."],
    ["page_flushes_total", "Writes of its pages."],
    ["writes_failed_total", "Writes to it that failed."],
    ["record_part_writes_total", "Parts of its records written."],
    ["record_parts_bytes_written_total", "Bytes of these parts, headers included."],
  ]),
  ...lines("prometheus_tsdb_out_of_order_wbl_", "gauge", [
    ["segment_current", "Number of the segment of it that is written."],
    ["storage_size_bytes", "Bytes of the directory wbl."],
  ]),
  summary("prometheus_tsdb_out_of_order_wbl_fsync_duration_seconds", "Time of a sync of it.", [0.5, 0.9, 0.99]),
  ...lines("prometheus_tsdb_checkpoint_", "counter", [
    ["creations_total", "Checkpoints begun."],
    ["creations_failed_total", "Checkpoints that failed."],
    ["deletions_total", "Deletions of old checkpoints."],
    ["deletions_failed_total", "Deletions of old checkpoints that failed."],
  ]),
  ...lines("prometheus_tsdb_", "gauge", [["data_replay_duration_seconds", "Time of the replay at start."]]),
];

const BLOCKS: readonly MetricDescription[] = [
  ...lines("prometheus_tsdb_", "gauge", [
    ["blocks_loaded", "Blocks that are open."],
    ["storage_blocks_bytes", "Bytes of all blocks."],
    ["symbol_table_size_bytes", "Bytes of the symbol tables of open blocks."],
    ["lowest_timestamp", "Lowest time stored, in milliseconds."],
    ["lowest_timestamp_seconds", "Lowest time stored."],
    ["retention_limit_bytes", "Most bytes of blocks that are kept; 0 is no limit."],
    ["retention_limit_seconds", "How long samples are kept."],
    ["clean_start", "1 if no lock of an earlier process was found, 0 if one was, -1 if locking is off."],
    ["compaction_populating_block", "1 while a block is written."],
  ]),
  ...lines("prometheus_tsdb_", "counter", [
    ["reloads_total", "Times the list of blocks was read."],
    ["reloads_failures_total", "Times the list of blocks could not be read."],
    ["compactions_total", "Compactions."],
    ["compactions_failed_total", "Compactions that failed."],
    ["compactions_skipped_total", "Compactions left out because compaction is off."],
    ["compactions_triggered_total", "Times compaction was considered."],
    ["vertical_compactions_total", "Compactions of blocks that overlap."],
    ["size_retentions_total", "Times blocks were deleted because of the size limit."],
    ["time_retentions_total", "Times blocks were deleted because of their age."],
  ]),
  ...lines("vestal_tsdb_", "counter", [["blocks_quarantined_total", "Damaged blocks that were taken out."]]),
  histogram("prometheus_tsdb_compaction_duration_seconds", "Time of a compaction.", exponential(1, 2, 14)),
  histogram(
    "prometheus_tsdb_compaction_chunk_size_bytes",
    "Bytes of chunks when first compacted.",
    exponential(32, 1.5, 12),
  ),
  histogram(
    "prometheus_tsdb_compaction_chunk_samples",
    "Samples of chunks when first compacted.",
    exponential(4, 1.5, 12),
  ),
  histogram(
    "prometheus_tsdb_compaction_chunk_range_seconds",
    "Time range of chunks when first compacted.",
    exponential(100, 4, 10),
  ),
];

const INTERVAL_QUANTILES = [0.01, 0.05, 0.5, 0.9, 0.99];

const SCRAPE: readonly MetricDescription[] = [
  summary(
    "prometheus_target_interval_length_seconds",
    "Time between the starts of two scrapes of a target.",
    INTERVAL_QUANTILES,
    "interval",
  ),
  summary(
    "prometheus_target_sync_length_seconds",
    "Time to bring a pool's targets up to date.",
    INTERVAL_QUANTILES,
    "scrape_job",
  ),
  ...lines("prometheus_target_", "counter", [
    ["scrape_pools_total", "Scrape pools begun."],
    ["scrape_pools_failed_total", "Scrape pools that could not begin."],
    ["scrape_pool_reloads_total", "Reloads of scrape pools."],
    ["scrape_pool_reloads_failed_total", "Reloads of scrape pools that failed."],
    ["scrape_pool_sync_total", "Updates of a pool's targets.", "scrape_job"],
    ["scrape_pool_exceeded_target_limit_total", "Times a pool had more targets than its limit."],
    ["scrape_pool_exceeded_label_limits_total", "Times a pool's targets passed the limits of labels."],
    ["sync_failed_total", "Targets that could not be made from what was discovered.", "scrape_job"],
    ["scrapes_exceeded_body_size_limit_total", "Scrapes refused as too many bytes."],
    ["scrapes_exceeded_sample_limit_total", "Scrapes refused as too many samples."],
    ["scrapes_exceeded_native_histogram_bucket_limit_total", "Scrapes refused for a histogram of too many buckets."],
    ["scrapes_cache_flush_forced_total", "Times a target's cache was emptied because it grew while scrapes failed."],
    ["scrapes_exemplar_out_of_order_total", "Exemplars refused as out of order."],
    ["scrapes_sample_duplicate_timestamp_total", "Samples refused for a second value at one time."],
    ["scrapes_sample_out_of_bounds_total", "Samples refused as outside the time range."],
    ["scrapes_sample_out_of_order_total", "Samples refused as out of order."],
  ]),
  ...lines("prometheus_target_", "gauge", [
    ["scrape_pool_targets", "Targets of a pool.", "scrape_job"],
    ["scrape_pool_target_limit", "Most targets that a pool may have; 0 is no limit.", "scrape_job"],
    ["scrape_pool_symboltable_items", "Strings that a pool's targets share.", "scrape_job"],
    ["metadata_cache_bytes", "Bytes of what targets said of their metrics.", "scrape_job"],
    ["metadata_cache_entries", "Metrics that targets said something of.", "scrape_job"],
  ]),
  ...lines("prometheus_sd_", "gauge", [
    ["discovered_targets", "Targets discovered.", "name", "config"],
    ["failed_configs", "Discoveries that could not begin.", "name"],
  ]),
  ...lines("prometheus_sd_", "counter", [
    ["received_updates_total", "Updates received from discoveries.", "name"],
    ["updates_total", "Updates handed to the scrape pools.", "name"],
    ["updates_delayed_total", "Updates that had to wait.", "name"],
    ["file_read_errors_total", "Target files that could not be read."],
    ["file_watcher_errors_total", "Errors of watching target files."],
    ["http_failures_total", "Failed requests of HTTP discovery."],
    ["dns_lookups_total", "DNS look-ups."],
    ["dns_lookup_failures_total", "DNS look-ups that failed."],
    ["kubernetes_events_total", "Events received from the Kubernetes API.", "role", "event"],
    ["kubernetes_failures_total", "Failed lists and watches of the Kubernetes API."],
    ["linode_failures_total", "Failed requests of Linode discovery."],
    ["refresh_failures_total", "Rounds of a mechanism that failed.", "mechanism"],
  ]),
  summary("prometheus_sd_refresh_duration_seconds", "Time of a mechanism's round.", [0.5, 0.9, 0.99], "mechanism"),
  summary("prometheus_sd_file_scan_duration_seconds", "Time to read all target files.", [0.5, 0.9, 0.99]),
];

const QUERY: readonly MetricDescription[] = [
  ...lines("prometheus_engine_", "gauge", [
    ["queries", "Queries that run or wait."],
    ["queries_concurrent_max", "Most queries at a time."],
    ["query_log_enabled", "1 while queries are logged."],
  ]),
  ...lines("prometheus_engine_", "counter", [
    ["query_samples_total", "Samples that queries have read."],
    ["query_log_failures_total", "Lines of the query log that could not be written."],
  ]),
  summary(
    "prometheus_engine_query_duration_seconds",
    "Time of queries, by what it went into.",
    [0.5, 0.9, 0.99],
    "slice",
  ),
];

const RULES: readonly MetricDescription[] = [
  summary("prometheus_rule_evaluation_duration_seconds", "Time to evaluate a rule.", [0.5, 0.9, 0.99]),
  summary("prometheus_rule_group_duration_seconds", "Time to evaluate a group of rules.", [0.01, 0.05, 0.5, 0.9, 0.99]),
  ...lines("prometheus_rule_", "counter", [
    ["evaluations_total", "Evaluations of rules.", "rule_group"],
    ["evaluation_failures_total", "Evaluations of rules that failed.", "rule_group"],
    ["group_iterations_total", "Evaluations of a group that were due, made or missed.", "rule_group"],
    [
      "group_iterations_missed_total",
      "Evaluations of a group left out because the one before took too long.",
      "rule_group",
    ],
  ]),
  ...lines("prometheus_rule_group_", "gauge", [
    ["interval_seconds", "Interval of a group.", "rule_group"],
    ["last_duration_seconds", "Time of a group's last evaluation.", "rule_group"],
    ["last_evaluation_samples", "Samples that a group's last evaluation gave.", "rule_group"],
    ["last_evaluation_timestamp_seconds", "When a group was evaluated last.", "rule_group"],
    ["last_restore_duration_seconds", "Time to restore the state of a group's alerts.", "rule_group"],
    ["last_rule_duration_sum_seconds", "Time of all rules in a group's last evaluation.", "rule_group"],
    ["rules", "Rules of a group.", "rule_group"],
  ]),
];

const NOTIFICATIONS: readonly MetricDescription[] = [
  ...lines("prometheus_notifications_", "counter", [
    ["dropped_total", "Alerts dropped because they could not be sent."],
    ["sent_total", "Alerts sent.", "alertmanager"],
    ["errors_total", "Alerts whose sending failed.", "alertmanager"],
  ]),
  ...lines("prometheus_notifications_", "gauge", [
    ["alertmanagers_discovered", "Alertmanagers that alerts are sent to."],
    ["queue_capacity", "Most alerts that may wait to be sent."],
    ["queue_length", "Alerts that wait to be sent."],
  ]),
  summary("prometheus_notifications_latency_seconds", "Time to send alerts.", [0.5, 0.9, 0.99], "alertmanager"),
];

const SERVER: readonly MetricDescription[] = [
  ...lines("prometheus_", "gauge", [
    [
      "build_info",
      "1, with what this program is.",
      "version",
      "revision",
      "branch",
      "goversion",
      "goos",
      "goarch",
      "tags",
    ],
    ["ready", "1 once the server answers queries."],
    ["config_last_reload_successful", "1 if the last reload of the configuration succeeded."],
    ["config_last_reload_success_timestamp_seconds", "When the configuration was last applied."],
  ]),
  ...lines("prometheus_http_", "counter", [["requests_total", "HTTP requests.", "handler", "code"]]),
  histogram(
    "prometheus_http_request_duration_seconds",
    "Time to answer HTTP requests.",
    [0.1, 0.2, 0.4, 1, 3, 8, 20, 60, 120],
    "handler",
  ),
  histogram("prometheus_http_response_size_bytes", "Bytes of HTTP answers.", exponential(100, 10, 8), "handler"),
  ...lines("promhttp_metric_handler_", "counter", [["requests_total", "Scrapes of this page.", "code"]]),
  ...lines("promhttp_metric_handler_", "gauge", [["requests_in_flight", "Scrapes of this page under way."]]),
  ...lines("net_conntrack_listener_", "counter", [
    ["conn_accepted_total", "Connections opened to a listener.", "listener_name"],
    ["conn_closed_total", "Connections to a listener that have ended.", "listener_name"],
  ]),
];

/** Of an agent. */
const AGENT: readonly MetricDescription[] = [
  ...lines("prometheus_agent_", "gauge", [
    ["active_series", "Series in memory."],
    ["deleted_series", "Series that are gone and still in the log."],
    ["data_replay_duration_seconds", "Time that reading the log took at the start."],
    ["clean_start", "-1: no lock file; 0: the last process did not end cleanly; 1: it did."],
  ]),
  ...lines("prometheus_agent_", "counter", [
    ["samples_appended_total", "Samples written to the log.", "type"],
    ["exemplars_appended_total", "Exemplars written to the log."],
    ["out_of_order_samples_total", "Samples that were not newer than the last of their series."],
    ["corruptions_total", "Damaged places found in the log."],
    ["checkpoint_creations_total", "Checkpoints begun."],
    ["checkpoint_creations_failed_total", "Checkpoints that failed."],
    ["checkpoint_deletions_total", "Old checkpoints removed."],
    ["checkpoint_deletions_failed_total", "Old checkpoints that could not be removed."],
  ]),
  summary("prometheus_agent_truncate_duration_seconds", "Time of a truncation of the log.", []),
];

/** Remote storage, both ways. */
const REMOTE: readonly MetricDescription[] = [
  ...lines("prometheus_remote_storage_", "counter", [
    ["samples_total", "Samples sent.", "remote_name", "url"],
    ["histograms_total", "Native histograms sent.", "remote_name", "url"],
    ["exemplars_total", "Exemplars sent.", "remote_name", "url"],
    ["bytes_total", "Bytes of requests sent.", "remote_name", "url"],
    ["samples_in_total", "Samples that came to be sent."],
    ["histograms_in_total", "Native histograms that came to be sent."],
    ["exemplars_in_total", "Exemplars that came to be sent."],
    ["metadata_total", "Entries of metadata sent.", "remote_name", "url"],
    ["metadata_failed_total", "Entries of metadata that the endpoint will not take.", "remote_name", "url"],
    ["metadata_retried_total", "Entries of metadata sent again.", "remote_name", "url"],
    ["metadata_bytes_total", "Bytes of requests of metadata.", "remote_name", "url"],
    ["samples_failed_total", "Samples that the endpoint will not take.", "remote_name", "url"],
    ["histograms_failed_total", "Native histograms that the endpoint will not take.", "remote_name", "url"],
    ["exemplars_failed_total", "Exemplars that the endpoint will not take.", "remote_name", "url"],
    ["samples_retried_total", "Samples sent again.", "remote_name", "url"],
    ["histograms_retried_total", "Native histograms sent again.", "remote_name", "url"],
    ["exemplars_retried_total", "Exemplars sent again.", "remote_name", "url"],
    ["enqueue_retries_total", "Times that a full queue was tried again.", "remote_name", "url"],
    ["samples_dropped_total", "Samples that were not sent, by reason.", "remote_name", "url", "reason"],
  ]),
  ...lines("prometheus_remote_storage_", "gauge", [
    ["samples_pending", "Samples read from the log and not sent yet.", "remote_name", "url"],
    ["histograms_pending", "Native histograms read from the log and not sent yet.", "remote_name", "url"],
    ["exemplars_pending", "Exemplars read from the log and not sent yet.", "remote_name", "url"],
    ["shards", "Shards that send.", "remote_name", "url"],
    ["shards_max", "Most shards that may send.", "remote_name", "url"],
    ["shards_min", "Fewest shards that send.", "remote_name", "url"],
    ["shards_desired", "Shards that would keep up.", "remote_name", "url"],
    ["shard_capacity", "Samples that one shard holds.", "remote_name", "url"],
    ["max_samples_per_send", "Most samples of a request.", "remote_name", "url"],
    ["queue_highest_sent_timestamp_seconds", "Newest time sent.", "remote_name", "url"],
    ["queue_highest_timestamp_seconds", "Newest time read from the log for the endpoint.", "remote_name", "url"],
    ["highest_timestamp_in_seconds", "Newest time in the log."],
  ]),
  ...lines("prometheus_wal_watcher_", "gauge", [["current_segment", "Segment that is read.", "consumer"]]),
  ...lines("prometheus_wal_watcher_", "counter", [
    ["records_read_total", "Records read of the log.", "consumer", "type"],
    ["record_decode_failures_total", "Damaged places met in the log.", "consumer"],
    ["samples_sent_pre_tailing_total", "Samples read that were there before the start.", "consumer"],
  ]),
  histogram(
    "prometheus_remote_storage_sent_batch_duration_seconds",
    "Seconds of requests with samples.",
    [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 60, 120, 300],
    "remote_name",
    "url",
  ),
  ...lines("prometheus_api_notification_", "gauge", [["active_subscribers", "Subscribers of live notes."]]),
  ...lines("prometheus_api_notification_", "counter", [
    ["updates_sent_total", "Notes that were sent to subscribers."],
    ["updates_dropped_total", "Notes that a subscriber had no room for."],
  ]),
  ...lines("prometheus_web_federation_", "counter", [
    ["errors_total", "Federations that failed."],
    ["warnings_total", "Warnings of federations."],
  ]),
  ...lines("prometheus_remote_read_handler_", "gauge", [["queries", "Remote reads that run or wait."]]),
  ...lines("prometheus_remote_read_client_", "counter", [
    ["queries_total", "Queries that other servers answered.", "remote_name", "url", "response_type", "code"],
  ]),
  histogram(
    "prometheus_remote_read_client_request_duration_seconds",
    "Seconds until another server's answer was there.",
    [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 60],
    "remote_name",
    "url",
    "response_type",
  ),
  ...lines("prometheus_api_remote_write_", "counter", [
    ["invalid_labels_samples_total", "Received samples that were not stored because their series' labels are invalid."],
    ["without_metadata_appended_samples_total", "Received samples that were stored without metadata."],
  ]),
];

const PROCESS: readonly MetricDescription[] = [
  ...lines("process_", "counter", [
    ["cpu_seconds_total", "Processor time, user and system."],
    ["network_receive_bytes_total", "Bytes received by this network namespace."],
    ["network_transmit_bytes_total", "Bytes sent by this network namespace."],
  ]),
  ...lines("process_", "gauge", [
    ["start_time_seconds", "When the process began."],
    ["resident_memory_bytes", "Memory in RAM."],
    ["virtual_memory_bytes", "Memory mapped."],
    ["virtual_memory_max_bytes", "Most memory that may be mapped; -1 is no limit."],
    ["open_fds", "Open file descriptors."],
    ["max_fds", "Most file descriptors that may be open."],
  ]),
];

/** Ours: no other program's alerts read these. */
const OWN: readonly MetricDescription[] = [
  ...lines("nodejs_", "gauge", [
    ["eventloop_delay_p99_seconds", "Delay of a thread's event loop, 99th percentile since the last scrape.", "thread"],
    ["eventloop_delay_max_seconds", "Delay of a thread's event loop, highest since the last scrape.", "thread"],
    ["heap_used_bytes", "JavaScript heap in use.", "thread"],
    ["heap_total_bytes", "JavaScript heap reserved.", "thread"],
    ["external_memory_bytes", "Memory outside the heap that JavaScript objects hold.", "thread"],
  ]),
  ...lines("nodejs_", "gauge", [["version_info", "1, with the version of Node.js.", "version"]]),
  ...lines("vestal_", "gauge", [
    ["build_info", "1, with the version of Vestal.", "version"],
    ["head_memory_bytes", "Bytes in use of a shard's head memory.", "shard"],
    ["head_chunks_on_disk", "Chunks of the head whose bytes lie in chunks_head.", "shard"],
    ["head_memory_limit_bytes", "Most bytes of a shard's head memory.", "shard"],
  ]),
  ...lines("vestal_", "gauge", [
    [
      "head_series_refused",
      "New series refused in the last ten minutes, with the label whose values differ most.",
      "job",
      "metric",
      "label",
    ],
  ]),
  ...lines("vestal_live_", "gauge", [
    ["sockets", "Open sockets of live queries."],
    ["subscriptions", "Subscriptions of all live sockets."],
    ["streams", "Different live queries, each evaluated once a step."],
  ]),
  ...lines("vestal_live_", "counter", [
    ["evaluations_total", "Steps of live queries that were evaluated."],
    ["frames_total", "Frames handed to live sockets."],
    ["frames_held_total", "Frames held back, to be merged, because a client did not read."],
  ]),
  histogram(
    "vestal_live_frame_delay_seconds",
    "Time from when a step was due to its frame in a socket.",
    [0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.5, 1, 2.5, 5],
  ),
  ...lines("vestal_", "counter", [
    ["head_refused_total", "Series and samples refused because a shard's memory or series limit was reached.", "shard"],
    ["head_series_over_budget_total", "New series refused because a job, namespace or metric made them too fast."],
    ["head_rebuilds_total", "Times a shard's head was rebuilt from disk after its thread died."],
    ["head_adoptions_total", "Times a shard's new thread went on with the memory of the one before."],
    ["http_connections_refused_total", "Connections closed at once because of --web.max-connections."],
    ["queries_canceled_total", "Queries stopped because their client went away."],
    ["queries_over_budget_total", "Queries stopped because they passed a limit.", "limit"],
  ]),
];

export const CATALOGUE: ReadonlyMap<string, MetricDescription> = new Map(
  [
    ...HEAD,
    ...WAL,
    ...BLOCKS,
    ...SCRAPE,
    ...QUERY,
    ...RULES,
    ...NOTIFICATIONS,
    ...SERVER,
    ...AGENT,
    ...REMOTE,
    ...PROCESS,
    ...OWN,
  ].map((metric) => [metric.name, metric]),
);

/**
 * What the main, control and ingest threads say to each other. Both sides import this file; all of it survives a
 * structured clone. Bodies and samples never travel here: they lie in shared memory.
 *
 *   main ──► ingest   targets, reload, collect, metadata, stop          (over the port of `IngestTask`)
 *   main ◄── ingest   ready, status, metadata, failure, stopped
 *   any  ──► ingest   foreign batches, see foreign-append.ts            (over ports of their own)
 */
import type { MessagePort } from "node:worker_threads";
import type { PlainError } from "../base/index.js";
import type { IntervalLengths, ScrapeCounters, ScrapeJob, TargetSpec, TargetStatus } from "../scrape/index.js";
import type { MetricMetadata } from "../storage/index.js";

/** What a supervised thread is started with; `data` is the entry's own. */
export interface ShardTask<Data> {
  readonly shard: number;
  readonly shardCount: number;
  /** 0 for the first thread of this shard, then one more with each that is started anew. */
  readonly generation: number;
  readonly port: MessagePort;
  readonly data: Data;
}

/** Differences of what a shard scrapes; jobs come before the targets that name them. Applied as one. */
export interface TargetsMessage {
  readonly type: "targets";
  readonly setJobs: readonly ScrapeJob[];
  readonly removedJobs: readonly string[];
  /** New targets and those whose interval or timeout changed. */
  readonly setTargets: readonly TargetSpec[];
  readonly removedTargets: readonly string[];
}

/** Another sender of foreign batches to this shard (`receive`), or another owner that it may send to (`send`). */
export interface ConnectMessage {
  readonly type: "connect";
  readonly direction: "receive" | "send";
  /** The other shard, or −1 for a thread that is none. */
  readonly shard: number;
  readonly port: MessagePort;
}

/** The other shard's thread ended; what is on its way to it fails. */
export interface DisconnectMessage {
  readonly type: "disconnect";
  readonly shard: number;
  readonly reason: string;
}

export interface CollectMessage {
  readonly type: "collect";
  readonly id: number;
}

/** Metadata of the named targets, of all if there are none; at most `limit` entries. */
export interface MetadataRequest {
  readonly type: "metadata-request";
  readonly id: number;
  readonly targets: readonly string[];
  readonly metric: string;
  readonly limit: number;
}

/** Commit what is under way, free targets without staleness markers, release locks, then answer `stopped` and return. */
export interface StopMessage {
  readonly type: "stop";
}

export type ToIngest =
  | TargetsMessage
  | ConnectMessage
  | DisconnectMessage
  | CollectMessage
  | MetadataRequest
  | StopMessage;

export interface ReadyMessage {
  readonly type: "ready";
}

/** How much the targets of a job have said of their metrics. */
export interface MetadataSize {
  readonly jobName: string;
  readonly entries: number;
  readonly bytes: number;
}

/** Answers `collect`: for `/api/v1/targets` and `/metrics`. */
export interface StatusMessage {
  readonly type: "status";
  readonly id: number;
  readonly targets: readonly TargetStatus[];
  readonly counters: ScrapeCounters;
  readonly intervalLengths: readonly IntervalLengths[];
  /** Over each job's targets, for prometheus_target_metadata_cache_*. */
  readonly metadata: readonly MetadataSize[];
}

export interface TargetMetadata {
  readonly key: string;
  readonly metadata: readonly MetricMetadata[];
}

export interface MetadataMessage {
  readonly type: "metadata";
  readonly id: number;
  readonly targets: readonly TargetMetadata[];
}

/** Something that the thread survived and that a person must know: it is logged and counted by the main thread. */
export interface FailureMessage {
  readonly type: "failure";
  readonly error: PlainError;
}

export interface StoppedMessage {
  readonly type: "stopped";
}

export type FromIngest = ReadyMessage | StatusMessage | MetadataMessage | FailureMessage | StoppedMessage;

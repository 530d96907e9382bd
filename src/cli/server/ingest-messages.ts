/**
 * What the main thread and an ingest thread say to each other. Both sides import this file; all of it survives a structured
 * clone. Bodies and samples never travel here: they lie in shared memory.
 *
 *   main ──► ingest   begin, targets, tunables, connect, disconnect, collect, metadata, exemplars and write requests, stop
 *   main ◄── ingest   head, progress, replayed, ready, status, metadata, exemplars, written, sync failed, failure, stopped
 *   any  ──► ingest   foreign batches, over ports of their own: src/shard/foreign-append.ts
 */
import type { MessagePort } from "node:worker_threads";
import type { PlainError } from "../../base/index.js";
import type { MatchOperator } from "../../model/index.js";
import type { OtlpSettings } from "../../remote/index.js";
import type {
  IntervalLengths,
  MetadataSize,
  ScrapeCounters,
  ScrapeEngineOptions,
  ScrapeJob,
  TargetSpec,
  TargetStatus,
} from "../../scrape/index.js";
import type { MetricMetadata } from "../../storage/index.js";
import type { HeadChunkDamage } from "../../tsdb/chunks-head/index.js";
import type { RefusedSeries, WriteLimits, WriteOutcome, WriteVersion } from "../../tsdb/ingest/index.js";
import type { FsyncPolicy, ReplayOutcome, WalPosition } from "../../tsdb/wal/index.js";
import type { LogSettings } from "./log-settings.js";

/** What a shard's thread is told when it starts. */
export interface IngestData {
  readonly control: SharedArrayBuffer;
  readonly kernels: WebAssembly.Module;
  /** Memory of the thread before, to go on with; undefined: make a new one and replay the WAL into it. */
  readonly memory: WebAssembly.Memory | undefined;
  /** Where the WAL ends for this replay: its committed position once it is open for writing. */
  readonly replayEnd: WalPosition | undefined;
  /** As `replayEnd`, of the log of samples out of order; undefined too where that is not open. */
  readonly wblEnd: WalPosition | undefined;
  /** Where the files of chunks_head end for this replay. */
  readonly chunksHeadEnd: WalPosition;
  /** Samples before it are in blocks: replay leaves them out. −Infinity if there is no block. */
  readonly minValidTimeMs: number;
  readonly settings: IngestSettings;
  readonly tunables: IngestTunables;
}

/** Storage settings of the configuration file, which a reload may change. */
export interface IngestTunables {
  /** Exemplars that all shards keep together; 0: none. */
  readonly exemplarsMax: number;
  /** How much older than the newest sample one may be that is out of order; 0: such samples are refused. */
  readonly outOfOrderWindowMs: number;
}

export const NO_TUNABLES: IngestTunables = { exemplarsMax: 0, outOfOrderWindowMs: 0 };

export interface IngestSettings {
  readonly walDir: string;
  readonly wblDir: string;
  readonly chunksHeadDir: string;
  /** False: closed chunks are forgotten, as nobody will read them. */
  readonly keepsChunks: boolean;
  readonly walSegmentBytes: number | undefined;
  readonly walCompression: "snappy" | "none";
  readonly walSync: FsyncPolicy;
  readonly walSalvage: boolean;
  readonly limitPages: number;
  readonly chunkRangeMs: number;
  readonly samplesPerChunk: number;
  /** New series that each job, namespace and metric may make in ten minutes in this shard; 0 = no limit. */
  readonly seriesBudget: number;
  readonly engine: ScrapeEngineOptions;
  readonly writeLimits: WriteLimits;
  readonly userAgent: string;
  readonly log: LogSettings;
}

/** The WAL may be written from now on: the thread begins to commit. */
export interface BeginMessage {
  readonly type: "begin";
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

export interface TunablesMessage {
  readonly type: "tunables";
  readonly tunables: IngestTunables;
}

/** Exemplars of series that one of the selectors picks, in [startMs, endMs]. */
export interface ExemplarsRequest {
  readonly type: "exemplars-request";
  readonly id: number;
  readonly selectors: readonly PlainSelector[];
  readonly startMs: number;
  readonly endMs: number;
}

export type PlainSelector = readonly {
  readonly operator: MatchOperator;
  readonly name: string;
  readonly value: string;
}[];

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

/** A remote-write request, compressed as it came; every shard takes what belongs to it. */
export interface WriteRequestMessage {
  readonly type: "write-request";
  readonly id: number;
  readonly version: WriteVersion;
  readonly body: SharedArrayBuffer;
}

/** An OTLP request to be translated, by any thread that is told so. */
export interface TranslateMessage {
  readonly type: "translate";
  readonly id: number;
  readonly body: SharedArrayBuffer;
  readonly format: "protobuf" | "json";
  readonly isGzip: boolean;
  readonly decodedBytesMax: number;
  readonly settings: OtlpSettings;
}

/** Commit what is under way, free targets without staleness markers, release locks, then answer `stopped` and return. */
export interface StopMessage {
  readonly type: "stop";
}

/** No sample below it comes any more: close every chunk that has older ones, then answer `chunks-closed`. */
export interface CloseChunksMessage {
  readonly type: "close-chunks";
  readonly id: number;
  readonly beforeMs: number;
}

/** A block has the samples below `minTimeMs`: forget them, then answer `truncated`. */
export interface TruncateMessage {
  readonly type: "truncate";
  readonly id: number;
  readonly minTimeMs: number;
}

/** What is stored out of order now stays as it is until it is truncated: answer `out-of-order-sealed`. */
export interface SealOutOfOrderMessage {
  readonly type: "seal-out-of-order";
  readonly id: number;
}

/** Blocks have what was sealed: forget it, then answer `out-of-order-truncated`. */
export interface TruncateOutOfOrderMessage {
  readonly type: "truncate-out-of-order";
  readonly id: number;
}

/** Samples in [minTimeMs, maxTimeMs] of series that one of the selectors picks are deleted: answer `series-deleted`. */
export interface DeleteSeriesMessage {
  readonly type: "delete-series";
  readonly id: number;
  readonly selectors: readonly PlainSelector[];
  readonly minTimeMs: number;
  readonly maxTimeMs: number;
}

export type ToIngestThread =
  | DeleteSeriesMessage
  | CloseChunksMessage
  | TruncateMessage
  | SealOutOfOrderMessage
  | TruncateOutOfOrderMessage
  | BeginMessage
  | TargetsMessage
  | ConnectMessage
  | DisconnectMessage
  | CollectMessage
  | MetadataRequest
  | WriteRequestMessage
  | TranslateMessage
  | ExemplarsRequest
  | TunablesMessage
  | StopMessage;

/** The thread has a head; the main thread shows it to queries, and keeps it for a successor. */
export interface HeadMessage {
  readonly type: "head";
  readonly memory: WebAssembly.Memory;
}

export interface ProgressMessage {
  readonly type: "progress";
  readonly filesDone: number;
  readonly filesAll: number;
}

export interface ReplayedMessage {
  readonly type: "replayed";
  /** Undefined where the memory of a thread before was adopted. */
  readonly outcome: ReplayOutcome | undefined;
  /** What was taken from chunks_head; undefined as above. */
  readonly headChunks: HeadChunksOutcome | undefined;
}

export interface HeadChunksOutcome {
  readonly chunks: number;
  /** Of them, those that a series of this shard got. */
  readonly attached: number;
  readonly maxRef: number;
  readonly damage: HeadChunkDamage | undefined;
  /** Of all that is in the shard's head after replay. */
  readonly minTimeMs: number | undefined;
  readonly maxTimeMs: number | undefined;
}

/** A WAL segment is full and was synced, or could not be. */
export interface SyncFailedMessage {
  readonly type: "sync-failed";
  readonly error: PlainError;
}

export interface ReadyMessage {
  readonly type: "ready";
}

/** Answers `collect`: for `/api/v1/targets` and `/metrics`. */
export interface StatusMessage {
  readonly type: "status";
  readonly id: number;
  readonly targets: readonly TargetStatus[];
  readonly counters: ScrapeCounters;
  readonly intervalLengths: readonly IntervalLengths[];
  /** For prometheus_target_metadata_cache_*. */
  readonly metadata: readonly MetadataSize[];
  readonly exemplars: ExemplarCounts;
  /** Series that the cardinality guard refused since the start, and whose. */
  readonly refusedCount: number;
  readonly refused: readonly RefusedSeries[];
}

export interface ExemplarCounts {
  readonly appended: number;
  readonly outOfOrder: number;
  readonly stored: number;
  readonly series: number;
  readonly capacity: number;
  readonly oldestTimestampMs: number | undefined;
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

/** Answers `write-request`: exactly one of the two is there. */
export interface WrittenMessage {
  readonly type: "written";
  readonly id: number;
  readonly outcome: WriteOutcome | undefined;
  readonly error: PlainError | undefined;
}

export interface ExemplarsMessage {
  readonly type: "exemplars";
  readonly id: number;
  readonly series: readonly {
    /** Flat, sorted. */
    readonly labelPairs: readonly string[];
    readonly exemplars: readonly {
      readonly labelPairs: readonly string[];
      readonly value: number;
      readonly timestampMs: number;
    }[];
  }[];
}

/** Answers `translate`: exactly one of request and error is there. */
export interface TranslatedMessage {
  readonly type: "translated";
  readonly id: number;
  readonly request: SharedArrayBuffer | undefined;
  readonly problems: readonly string[];
  readonly error: PlainError | undefined;
}

/** Something that the thread survived and that a person must know: it is logged and counted by the main thread. */
export interface FailureMessage {
  readonly type: "failure";
  readonly error: PlainError;
}

export interface StoppedMessage {
  readonly type: "stopped";
}

export interface ChunksClosedMessage {
  readonly type: "chunks-closed";
  readonly id: number;
}

export interface TruncatedMessage {
  readonly type: "truncated";
  readonly id: number;
  readonly removedRefs: Float64Array;
  /** The segment of the log that was written when the last of them went: later ones do not name them. */
  readonly walSegment: number;
  /** Lowest number of a file of chunks_head that the head still names; 0xffffffff if it names none. */
  readonly lowestFile: number;
  readonly chunksRemoved: number;
  readonly seconds: number;
}

export interface OutOfOrderSealedMessage {
  readonly type: "out-of-order-sealed";
  readonly id: number;
  /** That have such samples. */
  readonly series: number;
}

export interface OutOfOrderTruncatedMessage {
  readonly type: "out-of-order-truncated";
  readonly id: number;
  /** As of a TruncatedMessage. */
  readonly lowestFile: number;
}

export interface SeriesDeletedMessage {
  readonly type: "series-deleted";
  readonly id: number;
  /** Some of it came out of order. */
  readonly hasOutOfOrder: boolean;
  /** Undefined: all of it is deleted. */
  readonly error: PlainError | undefined;
}

export type FromIngestThread =
  | SeriesDeletedMessage
  | ChunksClosedMessage
  | TruncatedMessage
  | OutOfOrderSealedMessage
  | OutOfOrderTruncatedMessage
  | HeadMessage
  | ProgressMessage
  | ReplayedMessage
  | SyncFailedMessage
  | ReadyMessage
  | StatusMessage
  | MetadataMessage
  | WrittenMessage
  | TranslatedMessage
  | ExemplarsMessage
  | FailureMessage
  | StoppedMessage;

/** What the main thread and an ingest thread say to each other at the start, beside what src/shard/messages.ts has. */
import type { PlainError } from "../../base/index.js";
import type { ScrapeEngineOptions } from "../../scrape/index.js";
import type { FromIngest, ToIngest } from "../../shard/index.js";
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
  readonly settings: IngestSettings;
}

export interface IngestSettings {
  readonly walDir: string;
  readonly walSegmentBytes: number | undefined;
  readonly walCompression: "snappy" | "none";
  readonly walSync: FsyncPolicy;
  readonly walSalvage: boolean;
  readonly limitPages: number;
  readonly chunkRangeMs: number;
  readonly samplesPerChunk: number;
  readonly engine: ScrapeEngineOptions;
  readonly userAgent: string;
  readonly log: LogSettings;
}

/** The WAL may be written from now on: the thread begins to commit. */
export interface BeginMessage {
  readonly type: "begin";
}

export type ToIngestThread = ToIngest | BeginMessage;

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
}

/** A WAL segment is full and was synced, or could not be. */
export interface SyncFailedMessage {
  readonly type: "sync-failed";
  readonly error: PlainError;
}

export type FromIngestThread = FromIngest | HeadMessage | ProgressMessage | ReplayedMessage | SyncFailedMessage;

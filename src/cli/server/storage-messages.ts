/** What the main thread asks of the storage thread, and the answers; plain data and shared memory only. */
import type { BlockMeta } from "../../tsdb/block/index.js";
import type { BlockReplies, BlockTask } from "./block-tasks.js";
import type { LogSettings } from "./log-settings.js";
import type { HeadHandle } from "./query-messages.js";

/** Of all tasks of a storage thread; its `workerData`. */
export interface StorageThreadSettings {
  readonly control: SharedArrayBuffer;
  /** The ingest kernels. */
  readonly kernels: WebAssembly.Module;
  readonly dataDir: string;
  readonly walDir: string;
  readonly wblDir: string;
  readonly chunksHeadDir: string;
  readonly walCompression: "snappy" | "none";
  readonly walSegmentBytes: number | undefined;
  readonly blockSegmentBytes: number | undefined;
  /** Time ranges of the smallest and the largest blocks. */
  readonly minBlockMs: number;
  readonly maxBlockMs: number;
  readonly compactsOverlapping: boolean;
  readonly delayCompactFile: string;
  readonly memoryLimitBytes: number;
  readonly log: LogSettings;
}

/** Writes a block of what the heads have in [minTimeMs, maxTimeMs). Every shard has closed its chunks of that range. */
export interface CutTask {
  readonly kind: "cut";
  readonly heads: readonly HeadHandle[];
  readonly minTimeMs: number;
  readonly maxTimeMs: number;
  /** Where the block goes, if not to the other ones: a snapshot. */
  readonly parentDir?: string;
}

/** Begins a new segment of the log, and reduces old ones to a checkpoint where that is worth while. */
export interface CheckpointTask {
  readonly kind: "checkpoint";
  readonly heads: readonly HeadHandle[];
  readonly minTimeMs: number;
  /** Series that are gone, and the last segment that may name each. */
  readonly goneRefs: Float64Array;
  readonly goneSegments: Float64Array;
}

/** Removes files of chunks_head before `firstFile`: nothing names them. */
export interface TrimChunksHeadTask {
  readonly kind: "trim-chunks-head";
  readonly firstFile: number;
}

/** Begins a new segment of the log of samples out of order; answers the number of the one that ended. */
export interface RotateWblTask {
  readonly kind: "rotate-wbl";
}

/** Writes blocks of what the shards have sealed, one for each range of the smallest blocks' length. */
export interface CutOutOfOrderTask {
  readonly kind: "cut-out-of-order";
  readonly heads: readonly HeadHandle[];
}

/** Removes segments of the log of samples out of order up to `lastSegment`: blocks have what they say. */
export interface TruncateWblTask {
  readonly kind: "truncate-wbl";
  readonly lastSegment: number;
}

export type StorageTask =
  | BlockTask
  | CutTask
  | CheckpointTask
  | TrimChunksHeadTask
  | RotateWblTask
  | CutOutOfOrderTask
  | TruncateWblTask;

export interface CheckpointReply {
  /** Undefined where there is no checkpoint yet. */
  readonly lastSegment: number | undefined;
  readonly series: number;
  readonly seriesDropped: number;
  readonly seconds: number;
  readonly warnings: readonly string[];
}

export interface StorageReplies extends BlockReplies {
  /** Undefined if the range has no samples. */
  readonly cut: BlockMeta | undefined;
  readonly checkpoint: CheckpointReply;
  readonly "trim-chunks-head": number;
  readonly "rotate-wbl": number;
  readonly "cut-out-of-order": readonly BlockMeta[];
  readonly "truncate-wbl": undefined;
}

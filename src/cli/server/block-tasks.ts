/** What the storage thread does with blocks: finds, compacts and removes them. One task at a time changes the directory. */
import { join } from "node:path";
import { type Clock, errorCode, type Files, type Logger, VestalError } from "../../base/index.js";
import { Matcher } from "../../model/index.js";
import { type BlockMeta, treeBytes } from "../../tsdb/block/index.js";
import {
  BlockDirectory,
  beyondRetention,
  blockRanges,
  type CompactionFigures,
  Compactor,
  cleanedMeta,
  type DirectoryState,
  deleteFromBlock,
  type Expired,
  type LoadedBlock,
  planCompaction,
  type QuarantinedBlock,
  type Retention,
} from "../../tsdb/compact/index.js";
import type { PlainSelector } from "./ingest-messages.js";

export interface BlockLimits {
  /** 0: no limit. */
  readonly retentionMs: number;
  /** 0: no limit; the log counts too. */
  readonly retentionBytes: number;
}

/** Finds the blocks; with `isStart` also clears away what a crash left. */
export interface LoadBlocksTask {
  readonly kind: "load-blocks";
  readonly isStart: boolean;
  readonly limits: BlockLimits;
}

/** Compacts once, if there is something to compact, and finds the blocks then. */
export interface CompactBlocksTask {
  readonly kind: "compact-blocks";
  readonly limits: BlockLimits;
}

/** Removes blocks that no query reads. */
export interface RemoveBlocksTask {
  readonly kind: "remove-blocks";
  readonly ulids: readonly string[];
}

export interface QuarantineBlockTask {
  readonly kind: "quarantine-block";
  readonly ulid: string;
  readonly reason: string;
}

/** Hard links of blocks in another folder. */
export interface LinkBlocksTask {
  readonly kind: "link-blocks";
  readonly ulids: readonly string[];
  readonly toDir: string;
}

export interface DeleteSeriesTask {
  readonly kind: "delete-series";
  readonly ulids: readonly string[];
  readonly selectors: readonly PlainSelector[];
  readonly minTimeMs: number;
  readonly maxTimeMs: number;
}

/** Writes one block anew without what is deleted in it. */
export interface CleanTombstonesTask {
  readonly kind: "clean-tombstones";
  readonly ulid: string;
}

export type BlockTask =
  | LinkBlocksTask
  | DeleteSeriesTask
  | CleanTombstonesTask
  | LoadBlocksTask
  | CompactBlocksTask
  | RemoveBlocksTask
  | QuarantineBlockTask;

export interface BlocksReply extends DirectoryState {
  readonly expired: Expired;
}

export interface CompactReply {
  /** Undefined where there was nothing to compact. */
  readonly parents: readonly string[] | undefined;
  readonly isOverlapping: boolean;
  /** A block that could not be read and was taken out: nothing was compacted. */
  readonly damaged: QuarantinedBlock | undefined;
  readonly meta: BlockMeta | undefined;
  readonly figures: CompactionFigures | undefined;
  readonly seconds: number;
  readonly state: BlocksReply;
}

export interface BlockReplies {
  readonly "load-blocks": BlocksReply;
  readonly "compact-blocks": CompactReply;
  readonly "remove-blocks": undefined;
  readonly "quarantine-block": QuarantinedBlock;
  readonly "link-blocks": undefined;
  readonly "delete-series": undefined;
  readonly "clean-tombstones": { readonly isDone: boolean };
}

export interface BlockTasksOptions {
  readonly dataDir: string;
  readonly minBlockMs: number;
  readonly maxBlockMs: number;
  readonly compactsOverlapping: boolean;
  readonly segmentBytes: number | undefined;
}

/** Folders whose bytes count against the retention by size, besides blocks. */
const HEAD_FOLDERS = ["wal", "wbl", "chunks_head"];

export class BlockTasks {
  readonly #options: BlockTasksOptions;
  readonly #files: Files;
  readonly #clock: Clock;
  readonly #directory: BlockDirectory;
  readonly #compactor: Compactor;

  constructor(
    options: BlockTasksOptions,
    deps: { readonly files: Files; readonly clock: Clock; readonly log: Logger },
  ) {
    const { dataDir, segmentBytes } = options;
    this.#options = options;
    this.#files = deps.files;
    this.#clock = deps.clock;
    this.#directory = new BlockDirectory(deps.files, dataDir, deps.log);
    this.#compactor = new Compactor({ dir: dataDir, ...(segmentBytes !== undefined && { segmentBytes }) }, deps);
  }

  run(task: BlockTask): BlockReplies[BlockTask["kind"]] {
    switch (task.kind) {
      case "load-blocks":
        if (task.isStart) this.#directory.removeLeftovers();
        return this.#load(task.isStart, task.limits);
      case "compact-blocks":
        return this.#compact(task.limits);
      case "remove-blocks":
        for (const ulid of task.ulids) this.#directory.remove(ulid);
        return undefined;
      case "quarantine-block":
        return this.#directory.quarantine(task.ulid, task.reason);
      case "link-blocks":
        return this.#link(task);
      case "delete-series":
        return this.#delete(task);
      case "clean-tombstones":
        return this.#clean(task.ulid);
    }
  }

  #link({ ulids, toDir }: LinkBlocksTask): undefined {
    const files = this.#files;
    files.mkdir(toDir);
    for (const ulid of ulids) linkTree(files, join(this.#options.dataDir, ulid), join(toDir, ulid));
    files.fsyncDir(toDir);
  }

  #delete({ ulids, selectors, minTimeMs, maxTimeMs }: DeleteSeriesTask): undefined {
    const matchers = selectors.map((selector) =>
      selector.map(({ operator, name, value }) => new Matcher(operator, name, value)),
    );
    for (const ulid of ulids) {
      deleteFromBlock(this.#files, join(this.#options.dataDir, ulid), matchers, minTimeMs, maxTimeMs);
    }
  }

  #clean(ulid: string): { readonly isDone: boolean } {
    const block = this.#directory.load(false).blocks.find(({ meta }) => meta.ulid === ulid);
    if (block === undefined) return { isDone: false };
    this.#compactor.compact([block], { metaOf: cleanedMeta });
    return { isDone: true };
  }

  #load(isStart: boolean, limits: BlockLimits): BlocksReply {
    const state = this.#directory.load(isStart);
    const expired = beyondRetention(state.blocks, this.#retention(limits));
    const gone = new Set([...expired.byTime, ...expired.bySize]);
    return { ...state, blocks: state.blocks.filter(({ meta }) => !gone.has(meta.ulid)), expired };
  }

  #retention({ retentionMs, retentionBytes }: BlockLimits): Retention {
    const { dataDir } = this.#options;
    const otherBytes =
      retentionBytes > 0 ? HEAD_FOLDERS.reduce((sum, name) => sum + treeBytes(this.#files, join(dataDir, name)), 0) : 0;
    return { retentionMs, retentionBytes, otherBytes };
  }

  #compact(limits: BlockLimits): CompactReply {
    const before = this.#load(false, limits);
    const { minBlockMs, maxBlockMs, compactsOverlapping } = this.#options;
    const ranges = blockRanges(minBlockMs, maxBlockMs);
    const metas = before.blocks.map(({ meta }) => meta);
    const ulids = planCompaction(metas, ranges, compactsOverlapping);
    if (ulids.length === 0) {
      const nothing = { parents: undefined, isOverlapping: false, damaged: undefined, meta: undefined };
      return { ...nothing, figures: undefined, seconds: 0, state: before };
    }
    const chosen = ulids.map((ulid) => before.blocks.find(({ meta }) => meta.ulid === ulid)!);
    const startedMs = this.#clock.monotonicMs();
    const isOverlapping = areOverlapping(chosen);
    const seconds = (): number => (this.#clock.monotonicMs() - startedMs) / 1000;
    try {
      const outcome = this.#compactor.compact(chosen);
      return { ...outcome, isOverlapping, damaged: undefined, seconds: seconds(), state: this.#load(false, limits) };
    } catch (error) {
      const found = damagedBlockOf(error);
      if (found === undefined) throw error;
      // One damaged block must not stop the compaction of the others.
      const damaged = this.#directory.quarantine(found.ulid, found.reason);
      const failed = { parents: ulids, meta: undefined, figures: undefined, isOverlapping, damaged };
      return { ...failed, seconds: seconds(), state: this.#load(false, limits) };
    }
  }
}

function linkTree(files: Files, from: string, to: string): void {
  if (!files.stat(from).isDirectory) {
    files.link(from, to);
    return;
  }
  files.mkdir(to);
  for (const name of files.readdir(from)) linkTree(files, join(from, name), join(to, name));
  files.fsyncDir(to);
}

function areOverlapping(blocks: readonly LoadedBlock[]): boolean {
  return blocks.some(({ meta }, i) => i > 0 && meta.minTimeMs < blocks[i - 1]!.meta.maxTimeMs);
}

/** The block that a failed compaction could not read, if that is why. */
function damagedBlockOf(error: unknown): { readonly ulid: string; readonly reason: string } | undefined {
  if (errorCode(error) !== "BLOCK_DAMAGED" || !(error instanceof VestalError)) return undefined;
  const { ulid, reason } = error.details as { ulid: string; reason: string }; // as readingBlock throws it
  return { ulid, reason };
}

/** What the storage thread does with blocks: finds, compacts and removes them. One task at a time changes the directory. */
import { join } from "node:path";
import { type Clock, errorCode, errorMessage, type Files, type Logger, VestalError } from "../../base/index.js";
import { Matcher } from "../../model/index.js";
import { Block, type BlockMeta, PageCache, readWhole, treeBytes } from "../../tsdb/block/index.js";
import {
  BlockDirectory,
  beyondRetention,
  blockRanges,
  type CompactionFigures,
  Compactor,
  cleanedMeta,
  compactable,
  type DirectoryState,
  deleteFromBlock,
  type Expired,
  type LoadedBlock,
  MatcherRetention,
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
  /** Part of the file system's size, which counts instead of `retentionBytes`; 0: no limit. */
  readonly retentionPercent: number;
  /** Series that are kept for another time; the first that matches counts. */
  readonly retentionRules: readonly PlainRetentionRule[];
}

export interface PlainRetentionRule {
  readonly selector: PlainSelector;
  readonly retentionMs: number;
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
  /** Names the blocks that were uploaded; only those are compacted, if it is given. */
  readonly delayCompactFile: string;
}

export interface BlockTasksDeps {
  readonly files: Files;
  readonly clock: Clock;
  readonly log: Logger;
  /** Size of the file system that has a folder; 0 where it cannot be told. */
  readonly volumeBytes: (dir: string) => number;
}

/** Folders whose bytes count against the retention by size, besides blocks. */
/** For a look at one block's postings. */
const TRIM_CACHE_BYTES = 4 * 1024 * 1024;
/** Two million blocks. */
const UPLOADED_BYTES_MAX = 64 * 1024 * 1024;
const HEAD_FOLDERS = ["wal", "wbl", "chunks_head"];

export class BlockTasks {
  readonly #options: BlockTasksOptions;
  readonly #files: Files;
  readonly #clock: Clock;
  readonly #directory: BlockDirectory;
  readonly #compactor: Compactor;
  readonly #log: Logger;
  readonly #volumeBytes: BlockTasksDeps["volumeBytes"];
  /** Blocks in which no series' time is over, by what was over when they were looked at. */
  readonly #trimmed = new Map<string, string>();

  constructor(options: BlockTasksOptions, deps: BlockTasksDeps) {
    const { dataDir, segmentBytes } = options;
    this.#options = options;
    this.#files = deps.files;
    this.#clock = deps.clock;
    this.#log = deps.log;
    this.#volumeBytes = deps.volumeBytes;
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

  #retention(limits: BlockLimits): Retention {
    const { dataDir } = this.#options;
    const retentionMs = matcherRetention(limits).longestMs;
    const retentionBytes = this.#retentionBytes(limits);
    const otherBytes =
      retentionBytes > 0 ? HEAD_FOLDERS.reduce((sum, name) => sum + treeBytes(this.#files, join(dataDir, name)), 0) : 0;
    return { retentionMs, retentionBytes, otherBytes };
  }

  /** As in Prometheus a percentage prevails, unless the size of the file system cannot be told. */
  #retentionBytes({ retentionPercent, retentionBytes }: BlockLimits): number {
    if (retentionPercent <= 0) return retentionBytes;
    const { dataDir } = this.#options;
    const volumeBytes = this.#volumeBytes(dataDir);
    if (volumeBytes > 0) return Math.trunc((volumeBytes * retentionPercent) / 100);
    const fallback = { dir: dataDir, retentionBytes };
    this.#log.warn("The file system's size cannot be told; the fixed size counts instead of the percentage", fallback);
    return retentionBytes;
  }

  /** The blocks of the next compaction, in order of time; none if there is nothing to do. */
  #plan({ blocks }: BlocksReply, retention: MatcherRetention): readonly LoadedBlock[] {
    const { minBlockMs, maxBlockMs, compactsOverlapping } = this.#options;
    const metas = blocks.map(({ meta }) => meta);
    const ranges = blockRanges(minBlockMs, maxBlockMs);
    const ulids = planCompaction(this.#notDelayed(metas), ranges, compactsOverlapping);
    if (ulids.length > 0) return ulids.map((ulid) => blocks.find(({ meta }) => meta.ulid === ulid)!);
    return retention.hasRules ? this.#untrimmed(blocks, retention) : [];
  }

  #notDelayed(metas: readonly BlockMeta[]): readonly BlockMeta[] {
    const path = this.#options.delayCompactFile;
    if (path === "") return metas;
    const uploaded = readUploaded(this.#files, path);
    if (uploaded instanceof Set) return compactable(metas, uploaded);
    this.#log.warn("The file that names uploaded blocks cannot be read: none is waited for", { path, err: uploaded });
    return metas;
  }

  /** A block that has series whose time is over, if there is one. */
  #untrimmed(blocks: readonly LoadedBlock[], retention: MatcherRetention): readonly LoadedBlock[] {
    const newestMs = newestOf(blocks);
    const present = new Set(blocks.map(({ meta }) => meta.ulid));
    for (const ulid of this.#trimmed.keys()) if (!present.has(ulid)) this.#trimmed.delete(ulid);
    for (const block of blocks) {
      const { ulid, maxTimeMs, compaction } = block.meta;
      const over = retention.overAt(newestMs - maxTimeMs);
      if (over === "" || compaction.isFailed || this.#trimmed.get(ulid) === over) continue;
      const open = Block.open(this.#files, block.dir, new PageCache(TRIM_CACHE_BYTES));
      try {
        if (retention.hasOver(open, newestMs - maxTimeMs)) return [block];
        this.#trimmed.set(ulid, over);
      } finally {
        open.release();
      }
    }
    return [];
  }

  #compact(limits: BlockLimits): CompactReply {
    const before = this.#load(false, limits);
    const retention = matcherRetention(limits);
    const chosen = this.#plan(before, retention);
    if (chosen.length === 0) {
      const nothing = { parents: undefined, isOverlapping: false, damaged: undefined, meta: undefined };
      return { ...nothing, figures: undefined, seconds: 0, state: before };
    }
    const startedMs = this.#clock.monotonicMs();
    const isOverlapping = areOverlapping(chosen);
    const seconds = (): number => (this.#clock.monotonicMs() - startedMs) / 1000;
    try {
      const keep = retention.hasRules ? { keep: retention.keeper(newestOf(before.blocks)) } : {};
      const outcome = this.#compactor.compact(chosen, keep);
      return { ...outcome, isOverlapping, damaged: undefined, seconds: seconds(), state: this.#load(false, limits) };
    } catch (error) {
      const found = damagedBlockOf(error);
      if (found === undefined) throw error;
      // One damaged block must not stop the compaction of the others.
      const damaged = this.#directory.quarantine(found.ulid, found.reason);
      const parents = chosen.map(({ meta }) => meta.ulid);
      const failed = { parents, meta: undefined, figures: undefined, isOverlapping, damaged };
      return { ...failed, seconds: seconds(), state: this.#load(false, limits) };
    }
  }
}

function newestOf(blocks: readonly LoadedBlock[]): number {
  return Math.max(...blocks.map(({ meta }) => meta.maxTimeMs));
}

function matcherRetention({ retentionMs, retentionRules }: BlockLimits): MatcherRetention {
  const rules = retentionRules.map((rule) => ({
    matchers: rule.selector.map(({ operator, name, value }) => new Matcher(operator, name, value)),
    retentionMs: rule.retentionMs,
  }));
  return new MatcherRetention(rules, retentionMs);
}

/** What a shipper has uploaded (`{"uploaded": [ULID, …]}`), or why that cannot be told. */
function readUploaded(files: Files, path: string): ReadonlySet<string> | string {
  try {
    const document = JSON.parse(Buffer.from(readWhole(files, path, UPLOADED_BYTES_MAX)).toString("utf8")) as {
      uploaded?: unknown;
    } | null;
    const uploaded = document?.uploaded ?? [];
    if (!Array.isArray(uploaded)) return "its list of uploaded blocks is no list";
    return new Set(uploaded.filter((ulid) => typeof ulid === "string"));
  } catch (error) {
    return errorMessage(error);
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

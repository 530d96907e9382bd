/** A storage thread: blocks out of the heads, checkpoints of the log, files that nothing needs any more. */
import { randomBytes } from "node:crypto";
import { statfsSync } from "node:fs";
import { threadId } from "node:worker_threads";
import { SLOT_COUNT, SLOT_FLAG_DEAD, SLOT_FLAG_LIVE, SLOT_FLAGS, SLOT_REF } from "../../../assembly/layout.js";
import { assert, type Files, systemClock, systemFiles } from "../../base/index.js";
import { compileKernels, QueryMemory, startKernels } from "../../memory/index.js";
import {
  CONTROL_CHUNKS_HEAD_STATE,
  CONTROL_WAL_STATE,
  CONTROL_WBL_STATE,
  ControlMemory,
  SHARD_COUNT_MAX,
} from "../../shard/index.js";
import { type BlockMeta, BlockWriter, HINT_FROM_OUT_OF_ORDER, makeUlid } from "../../tsdb/block/index.js";
import { ChunksHeadState, HeadChunkReader, trimChunksHead } from "../../tsdb/chunks-head/index.js";
import {
  type ChunkKernels,
  type CutHead,
  type CutRange,
  type CutSink,
  cutOutOfOrder,
  cutRange,
  type DiskAccess,
  Head,
  HeadReader,
  outOfOrderRanges,
} from "../../tsdb/head/index.js";
import { MemoryIndex } from "../../tsdb/index/index.js";
import {
  damageError,
  planCheckpoint,
  removeReplaced,
  type WalKernels,
  WalState,
  WalWriter,
  writeCheckpoint,
} from "../../tsdb/wal/index.js";
import { BlockTasks } from "./block-tasks.js";
import { loggerOf } from "./log-settings.js";
import type { HeadHandle } from "./query-messages.js";
import type {
  CheckpointReply,
  CheckpointTask,
  CutOutOfOrderTask,
  CutTask,
  StorageReplies,
  StorageTask,
  StorageThreadSettings,
  TrimChunksHeadTask,
} from "./storage-messages.js";

/** As a writer of the log; shards are 1 … SHARD_COUNT_MAX. */
export const STORAGE_OWNER_ID = SHARD_COUNT_MAX + 1;
/** Pages of the memory in which the log is read and written again: buffers, and the largest record. */
const CHECKPOINT_PAGES = 16_384;
const ROTATION_PAGES = 64;

export class StorageThread {
  readonly #settings: StorageThreadSettings;
  readonly #files: Files;
  readonly #control: ControlMemory;
  readonly #blocks: BlockTasks;

  constructor(settings: StorageThreadSettings, files: Files = systemFiles) {
    this.#settings = settings;
    this.#files = files;
    this.#control = ControlMemory.attach(settings.control);
    const { dataDir, minBlockMs, maxBlockMs, blockSegmentBytes, compactsOverlapping, delayCompactFile } = settings;
    this.#blocks = new BlockTasks(
      { dataDir, minBlockMs, maxBlockMs, compactsOverlapping, segmentBytes: blockSegmentBytes, delayCompactFile },
      { files, clock: systemClock, log: loggerOf(settings.log, "tsdb"), volumeBytes },
    );
  }

  run(task: StorageTask): StorageReplies[StorageTask["kind"]] {
    switch (task.kind) {
      case "cut":
        return this.#cut(task);
      case "checkpoint":
        return this.#checkpoint(task);
      case "trim-chunks-head":
        return this.#trim(task);
      case "rotate-wbl":
        return this.#rotateWbl();
      case "cut-out-of-order":
        return this.#cutOutOfOrder(task);
      case "truncate-wbl":
        return removeReplaced(this.#files, this.#settings.wblDir, task.lastSegment) as undefined;
      default:
        return this.#blocks.run(task);
    }
  }

  #cut({ heads, minTimeMs, maxTimeMs, parentDir = this.#settings.dataDir }: CutTask): BlockMeta | undefined {
    const range = { minTimeMs, maxTimeMs: maxTimeMs - 1 };
    return this.#readingHeads(heads, (sources, memory, disk) =>
      this.#writeBlock(parentDir, range, [], (sink) => cutRange(sources, range, memory, disk, sink)),
    );
  }

  #cutOutOfOrder({ heads }: CutOutOfOrderTask): readonly BlockMeta[] {
    const { dataDir, minBlockMs } = this.#settings;
    return this.#readingHeads(heads, (sources, memory, disk) =>
      outOfOrderRanges(sources, minBlockMs).flatMap((startMs) => {
        const range = { minTimeMs: startMs, maxTimeMs: startMs + minBlockMs - 1 };
        const cut = (sink: CutSink): number => cutOutOfOrder(sources, range, memory, disk, sink);
        return this.#writeBlock(dataDir, range, [HINT_FROM_OUT_OF_ORDER], cut) ?? [];
      }),
    );
  }

  #readingHeads<T>(
    heads: readonly HeadHandle[],
    read: (sources: readonly CutHead[], memory: QueryMemory, disk: DiskAccess) => T,
  ): T {
    const { chunksHeadDir, memoryLimitBytes } = this.#settings;
    const memory = new QueryMemory(memoryLimitBytes);
    const kernels = startKernels<ChunkKernels>(compileKernels("query"), memory.memory);
    const reader = new HeadChunkReader(this.#files, chunksHeadDir);
    const pin = this.#control.takePinSlot(threadId);
    assert(pin !== undefined, "more threads than reader pins");
    try {
      const sources = heads.map((head) => ({ memory: head.memory, reader: new HeadReader(head.memory, pin, 0) }));
      return read(sources, memory, { reader, checksums: kernels });
    } finally {
      reader.close();
      this.#control.releasePinSlot(pin);
    }
  }

  /** Undefined if `cut` gives the block no series. */
  #writeBlock(
    parentDir: string,
    { minTimeMs, maxTimeMs }: CutRange,
    hints: readonly string[],
    cut: (sink: CutSink) => number,
  ): BlockMeta | undefined {
    const { blockSegmentBytes } = this.#settings;
    const ulid = makeUlid(Date.now(), randomBytes);
    const segment = blockSegmentBytes === undefined ? {} : { segmentBytes: blockSegmentBytes };
    let writer: BlockWriter | undefined;
    try {
      writer = BlockWriter.create({ parentDir, ulid, ...segment }, this.#files);
      if (cut(writer) === 0) {
        writer.abort();
        return undefined;
      }
      const compaction = { level: 1, sources: [ulid], parents: [], hints, isDeletable: false, isFailed: false };
      return writer.finish({ minTimeMs, maxTimeMs: maxTimeMs + 1, compaction });
    } catch (error) {
      try {
        writer?.abort();
      } catch {
        // What is left has the ending of an unfinished block, and goes at the next start; the first error counts.
      }
      throw error;
    }
  }

  #rotateWbl(): number {
    const { wblDir, kernels: module } = this.#settings;
    const scratch = Head.create({ shardIndex: 0, shardCount: 1, limitPages: ROTATION_PAGES }, module);
    const kernels = scratch.kernels as unknown as WalKernels; // the ingest instance has all kernels
    const state = new WalState(this.#control.buffer, CONTROL_WBL_STATE);
    const files = this.#files;
    const writer = new WalWriter({
      files,
      kernels,
      memory: scratch.memory,
      dir: wblDir,
      state,
      ownerId: STORAGE_OWNER_ID,
    });
    try {
      const ended = writer.rotate();
      writer.syncSegment(ended);
      return ended;
    } finally {
      writer.close();
    }
  }

  #checkpoint({ heads, minTimeMs, goneRefs, goneSegments }: CheckpointTask): CheckpointReply {
    const { walDir, walCompression, walSegmentBytes } = this.#settings;
    const files = this.#files;
    const startMs = performance.now();
    const scratch = Head.create({ shardIndex: 0, shardCount: 1, limitPages: CHECKPOINT_PAGES }, this.#settings.kernels);
    const kernels = scratch.kernels as unknown as WalKernels; // the ingest instance has all kernels
    const { memory } = scratch;
    const state = new WalState(this.#control.buffer, CONTROL_WAL_STATE);
    const segment = walSegmentBytes === undefined ? {} : { segmentBytes: walSegmentBytes };
    const common = { files, kernels, memory, compression: walCompression, ...segment };
    const writer = new WalWriter({ ...common, dir: walDir, state, ownerId: STORAGE_OWNER_ID });
    try {
      writer.syncSegment(writer.rotate());
    } finally {
      writer.close();
    }
    const seconds = (): number => (performance.now() - startMs) / 1000;
    const lastSegment = planCheckpoint(files, walDir, state.position().segment);
    if (lastSegment === undefined) {
      return { lastSegment: undefined, series: 0, seriesDropped: 0, seconds: seconds(), warnings: [] };
    }
    const live = liveRefs(heads);
    const gone = new Map(Array.from(goneRefs, (ref, i) => [ref, goneSegments[i]!] as const));
    const outcome = writeCheckpoint({
      ...common,
      dir: walDir,
      lastSegment,
      minTimeMs,
      keepsSeries: (ref) => contains(live, ref) || (gone.get(ref) ?? -1) > lastSegment,
    });
    removeReplaced(files, walDir, lastSegment);
    const { series, seriesDropped, damages } = outcome;
    const warnings = damages.map((damage) => damageError(damage).message);
    return { lastSegment, series, seriesDropped, seconds: seconds(), warnings };
  }

  #trim({ firstFile }: TrimChunksHeadTask): number {
    const state = new ChunksHeadState(this.#control.buffer, CONTROL_CHUNKS_HEAD_STATE);
    return trimChunksHead(state, this.#files, this.#settings.chunksHeadDir, firstFile);
  }
}

function volumeBytes(dir: string): number {
  const { blocks, bsize } = statfsSync(dir);
  return blocks * bsize;
}

/** Refs of all series that the heads have, ascending. A series that is being removed counts until its slot is free. */
function liveRefs(heads: readonly HeadHandle[]): Float64Array {
  const refs: number[] = [];
  for (const { memory } of heads) {
    const index = new MemoryIndex(memory.buffer as SharedArrayBuffer); // heads are always shared
    const { words } = index;
    const count = Atomics.load(words, SLOT_COUNT >> 2);
    for (let slot = 0; slot < count; slot++) {
      const at = index.slotAddress(slot) >>> 2;
      if ((words[at + (SLOT_FLAGS >> 2)]! & (SLOT_FLAG_LIVE | SLOT_FLAG_DEAD)) === 0) continue;
      refs.push(words[at + (SLOT_REF >> 2)]! + 2 ** 32 * words[at + (SLOT_REF >> 2) + 1]!);
    }
  }
  return Float64Array.from(refs).sort();
}

function contains(sorted: Float64Array, wanted: number): boolean {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! < wanted) low = middle + 1;
    else high = middle;
  }
  return sorted[low] === wanted;
}

/** Everything of the server that lasts: blocks, the storage thread that makes them, the head's way into them. */
import { join } from "node:path";
import type { Logger } from "../../base/index.js";
import { compileKernels } from "../../memory/index.js";
import type { ControlMemory } from "../../shard/index.js";
import { isOutOfOrder } from "../../tsdb/block/index.js";
import { DEFAULT_RETENTION_MS, type ServerOptions } from "../server-options.js";
import { BlockKeeper } from "./block-keeper.js";
import { BlockList } from "./block-list.js";
import type { BlockLimits } from "./block-tasks.js";
import { HeadCutter } from "./head-cutter.js";
import type { ShardSet } from "./shards.js";
import { StoragePool } from "./storage-pool.js";

/** Prometheus' defaults: the smallest block, and the largest one where retention does not make it smaller. */
export const SMALLEST_BLOCK_MS = 7_200_000;
const LARGEST_BLOCK_MS = 31 * 86_400_000;

export interface StorageDeps {
  readonly control: ControlMemory;
  readonly shards: ShardSet;
  readonly log: Logger;
  readonly memoryLimitBytes: number;
  readonly limits: () => BlockLimits;
}

export class Storage {
  readonly list = new BlockList();
  readonly keeper: BlockKeeper;
  readonly cutter: HeadCutter;
  readonly pool: StoragePool;
  readonly limits: () => BlockLimits;
  readonly #control: ControlMemory;
  readonly #shards: ShardSet;

  constructor({ tsdb, log: logSettings }: ServerOptions, deps: StorageDeps) {
    const { control, shards, log, limits, memoryLimitBytes } = deps;
    this.#control = control;
    this.#shards = shards;
    this.limits = limits;
    const minBlockMs = tsdb.minBlockMs > 0 ? tsdb.minBlockMs : SMALLEST_BLOCK_MS;
    const settings = {
      control: control.buffer,
      kernels: compileKernels("ingest"),
      dataDir: tsdb.path,
      walDir: join(tsdb.path, "wal"),
      wblDir: join(tsdb.path, "wbl"),
      chunksHeadDir: join(tsdb.path, "chunks_head"),
      walCompression: tsdb.walCompression === "none" ? ("none" as const) : ("snappy" as const),
      walSegmentBytes: tsdb.walSegmentBytes > 0 ? tsdb.walSegmentBytes : undefined,
      blockSegmentBytes: tsdb.maxChunkSegmentBytes > 0 ? tsdb.maxChunkSegmentBytes : undefined,
      minBlockMs,
      maxBlockMs: largestBlockMs(tsdb),
      compactsOverlapping: tsdb.compactsOverlapping,
      delayCompactFile: tsdb.delayCompactFile,
      memoryLimitBytes,
      log: logSettings,
    };
    this.pool = new StoragePool(settings, control, shards, log);
    const keeperOptions = { dataDir: tsdb.path, minBlockMs, reloadMs: tsdb.blockReloadMs, limits };
    this.keeper = new BlockKeeper(keeperOptions, { storage: this.pool, list: this.list, log });
    const cutterDeps = { control, shards, storage: this.pool, queries: this.keeper, log };
    const delayMs = Math.floor(Math.random() * minBlockMs * (tsdb.compactionDelayPercent / 100));
    this.cutter = new HeadCutter({ chunkRangeMs: minBlockMs, delayMs }, cutterDeps);
    if (tsdb.delayCompactFile !== "") {
      log.info("Compactions will be delayed for blocks not marked as uploaded in the file tracking uploads", {
        path: tsdb.delayCompactFile,
      });
    }
  }

  /** Finds the blocks. What they have is not replayed, and not taken again: as Prometheus, unless it came out of order. */
  async open(): Promise<void> {
    await this.keeper.open();
    const inOrder = this.list.blocks.filter(({ meta }) => !isOutOfOrder(meta));
    if (inOrder.length === 0) return;
    const endMs = Math.max(...inOrder.map(({ meta }) => meta.maxTimeMs));
    this.#control.raiseMinValidTime(endMs);
    this.#shards.setReplayFrom(endMs);
  }

  /** The heads are whole: from now on they are cut, and blocks are compacted. */
  start(): void {
    this.keeper.start();
    this.cutter.start();
  }

  async stop(): Promise<void> {
    await Promise.all([this.cutter.stop(), this.keeper.stop()]);
    await this.pool.close();
  }
}

/** As Prometheus: a tenth of the time that is kept, at most 31 days. */
function largestBlockMs({ maxBlockMs, retentionMs, retentionBytes }: ServerOptions["tsdb"]): number {
  if (maxBlockMs > 0) return maxBlockMs;
  const keptMs = retentionMs > 0 || retentionBytes > 0 ? retentionMs : DEFAULT_RETENTION_MS;
  return keptMs > 0 ? Math.min(LARGEST_BLOCK_MS, Math.floor(keptMs / 10)) : LARGEST_BLOCK_MS;
}

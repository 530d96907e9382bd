/** Writes several blocks as one. Nothing of the old ones changes; they are removed later, when the new one is in use. */
import { randomBytes } from "node:crypto";
import { assert, type Clock, errorCode, errorMessage, type Files, type Logger } from "../../base/index.js";
import {
  Block,
  type BlockMeta,
  BlockWriter,
  type FinishedBlock,
  HINT_FROM_OUT_OF_ORDER,
  isOutOfOrder,
  makeUlid,
  PageCache,
  writeMeta,
} from "../block/index.js";
import { chunkSampleCount, type EncodedChunk } from "../chunk/index.js";
import type { LoadedBlock } from "./directory.js";
import { type KeepChunk, mergeBlocks } from "./merge-blocks.js";

/** Pages of the blocks that are merged; they are read once, in order. */
const CACHE_BYTES = 16 * 1024 * 1024;

export interface CompactorOptions {
  readonly dir: string;
  readonly segmentBytes?: number;
}

export interface CompactorDeps {
  readonly files: Files;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random?: (bytes: number) => Uint8Array;
}

export interface CompactionFigures {
  readonly chunkCount: number;
  readonly sampleCount: number;
  readonly chunkBytes: number;
  readonly chunkRangeMs: number;
}

export interface CompactionOutcome {
  /** Undefined where nothing was left: the parents are marked as deletable then. */
  readonly meta: BlockMeta | undefined;
  readonly parents: readonly string[];
  readonly figures: CompactionFigures;
}

export class Compactor {
  readonly #options: CompactorOptions;
  readonly #deps: CompactorDeps;

  constructor(options: CompactorOptions, deps: CompactorDeps) {
    this.#options = options;
    this.#deps = deps;
  }

  newUlid(): string {
    return makeUlid(this.#deps.clock.nowMs(), this.#deps.random ?? randomBytes);
  }

  /**
   * Compacts `loaded`, at least one block, into a new one. What a failure left is removed, and the blocks are marked, so that the
   * same is not tried for ever; a full disk is no fault of theirs.
   *
   * @throws VestalError BLOCK_DAMAGED with the `ulid` of a block that cannot be read; system errors.
   */
  compact(
    loaded: readonly LoadedBlock[],
    options: { readonly keep?: KeepChunk; readonly metaOf?: MetaOf } = {},
  ): CompactionOutcome {
    const { keep, metaOf = joinedMeta } = options;
    const { files, log, clock } = this.#deps;
    const startMs = clock.nowMs();
    const cache = new PageCache(CACHE_BYTES);
    const parents = loaded.map(({ meta }) => meta.ulid);
    const figures = { chunkCount: 0, sampleCount: 0, chunkBytes: 0, chunkRangeMs: 0 };
    const onChunk = ({ data, minTimeMs, maxTimeMs }: EncodedChunk): void => {
      figures.chunkCount++;
      figures.sampleCount += chunkSampleCount(data);
      figures.chunkBytes += data.length;
      figures.chunkRangeMs += maxTimeMs - minTimeMs;
    };
    const { dir: parentDir, segmentBytes } = this.#options;
    const writer = BlockWriter.create(
      { parentDir, ulid: this.newUlid(), ...(segmentBytes !== undefined && { segmentBytes }) },
      files,
    );
    const blocks: Block[] = [];
    try {
      for (const { dir } of loaded) blocks.push(Block.open(files, dir, cache));
      mergeBlocks(blocks, writer, { onChunk, ...(keep !== undefined && { keep }) });
      if (writer.sampleCount === 0) {
        writer.abort();
        for (const { dir, meta } of loaded) {
          writeMeta(files, dir, { ...meta, compaction: { ...meta.compaction, isDeletable: true } });
        }
        log.info("compact blocks resulted in empty block", { count: loaded.length, sources: parents.join(" ") });
        return { meta: undefined, parents, figures };
      }
      const meta = writer.finish(
        metaOf(
          loaded.map((each) => each.meta),
          writer.ulid,
        ),
      );
      const durationMs = clock.nowMs() - startMs;
      log.info("compact blocks", {
        count: loaded.length,
        mint: meta.minTimeMs,
        maxt: meta.maxTimeMs,
        ulid: meta.ulid,
        sources: parents.join(" "),
        duration: `${durationMs}ms`,
      });
      return { meta, parents, figures };
    } catch (error) {
      this.#giveUp(writer, loaded, error);
      throw error;
    } finally {
      for (const block of blocks) block.release();
    }
  }

  #giveUp(writer: BlockWriter, loaded: readonly LoadedBlock[], error: unknown): void {
    const { files, log } = this.#deps;
    try {
      writer.abort();
      const isOfDisk = ["ENOSPC", "EIO", "EDQUOT", "EMFILE", "EROFS", "BLOCK_DAMAGED"].includes(errorCode(error));
      if (isOfDisk) return;
      for (const { dir, meta } of loaded) {
        writeMeta(files, dir, { ...meta, compaction: { ...meta.compaction, isFailed: true } });
      }
    } catch (second) {
      // The first error is thrown; what is left lies under a temporary name that the next start removes.
      log.warn("What a failed compaction left could not be cleared away", { err: errorMessage(second) });
    }
  }
}

export type MetaOf = (metas: readonly BlockMeta[], ulid: string) => FinishedBlock;

/** Of a block that is another one without what was deleted: as Prometheus, it counts as new. */
export const cleanedMeta: MetaOf = ([meta], ulid) => {
  assert(meta !== undefined, "one block is cleaned");
  const { minTimeMs, maxTimeMs } = meta;
  const parents = [{ ulid: meta.ulid, minTimeMs, maxTimeMs }];
  const hints = meta.compaction.hints.filter((hint) => hint === HINT_FROM_OUT_OF_ORDER);
  const compaction = { level: 1, sources: [ulid], parents, hints, isDeletable: false, isFailed: false };
  return { minTimeMs, maxTimeMs, compaction };
};

/**
 * Range, level and lineage of a block made of others, as Prometheus writes them. Of blocks that all came out of order it is one too:
 * the head may have other samples of its time.
 */
export function joinedMeta(metas: readonly BlockMeta[]): FinishedBlock {
  return {
    minTimeMs: Math.min(...metas.map(({ minTimeMs }) => minTimeMs)),
    maxTimeMs: Math.max(...metas.map(({ maxTimeMs }) => maxTimeMs)),
    compaction: {
      level: Math.max(...metas.map(({ compaction }) => compaction.level)) + 1,
      sources: [...new Set(metas.flatMap(({ compaction }) => compaction.sources))].sort(),
      parents: metas.map(({ ulid, minTimeMs, maxTimeMs }) => ({ ulid, minTimeMs, maxTimeMs })),
      hints: metas.every(isOutOfOrder) ? [HINT_FROM_OUT_OF_ORDER] : [],
      isDeletable: false,
      isFailed: false,
    },
  };
}

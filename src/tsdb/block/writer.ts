/**
 * Makes a block. Nothing of it is seen before it is whole: it grows in `<ULID>.tmp-for-creation`, all its files are synced, and
 * one rename makes it a block. What a crash leaves has that ending and is removed at the next start.
 *
 *   const writer = BlockWriter.create({ parentDir, ulid }, files);
 *   writer.addSeries(labels, chunks);      // in Prometheus' order of labels, each series once
 *   const meta = writer.finish({ minTimeMs, maxTimeMs, compaction });   // or writer.abort()
 */
import { join } from "node:path";
import type { Files } from "../../base/index.js";
import type { Labels } from "../../model/index.js";
import { chunkSampleCount, type EncodedChunk } from "../chunk/index.js";
import { ChunkWriter } from "./chunk-writer.js";
import { CHUNKS_DIR, CREATION_SUFFIX, INDEX_FILE, SEGMENT_BYTES_DEFAULT } from "./format.js";
import { IndexWriter } from "./index-writer.js";
import { type BlockCompaction, type BlockMeta, writeMeta } from "./meta.js";
import { writeTombstones } from "./tombstones.js";
import { removeTree } from "./whole-file.js";

export interface BlockWriterOptions {
  /** The data directory, usually. */
  readonly parentDir: string;
  readonly ulid: string;
  readonly segmentBytes?: number;
}

export interface FinishedBlock {
  /** The end is exclusive. */
  readonly minTimeMs: number;
  readonly maxTimeMs: number;
  readonly compaction: BlockCompaction;
}

export class BlockWriter {
  readonly ulid: string;
  readonly #files: Files;
  readonly #parentDir: string;
  readonly #dir: string;
  readonly #chunks: ChunkWriter;
  readonly #index: IndexWriter;
  #samples = 0;
  #chunkCount = 0;

  private constructor(options: BlockWriterOptions, files: Files) {
    this.ulid = options.ulid;
    this.#files = files;
    this.#parentDir = options.parentDir;
    this.#dir = join(options.parentDir, `${options.ulid}${CREATION_SUFFIX}`);
    removeTree(files, this.#dir);
    files.mkdir(this.#dir);
    this.#chunks = new ChunkWriter(files, join(this.#dir, CHUNKS_DIR), options.segmentBytes ?? SEGMENT_BYTES_DEFAULT);
    this.#index = new IndexWriter(files, join(this.#dir, INDEX_FILE));
  }

  static create(options: BlockWriterOptions, files: Files): BlockWriter {
    return new BlockWriter(options, files);
  }

  /** Where the block will be. */
  get path(): string {
    return join(this.#parentDir, this.ulid);
  }

  get sampleCount(): number {
    return this.#samples;
  }

  get seriesCount(): number {
    return this.#index.seriesCount;
  }

  /** @param chunks  at least one, ascending, without overlap; their data is written before this returns. */
  addSeries(labels: Labels, chunks: readonly EncodedChunk[]): void {
    const metas = chunks.map((chunk) => {
      this.#samples += chunkSampleCount(chunk.data);
      const { minTimeMs, maxTimeMs } = chunk;
      return { minTimeMs, maxTimeMs, ref: this.#chunks.add(chunk) };
    });
    this.#chunkCount += chunks.length;
    this.#index.addSeries(labels, metas);
  }

  /** Syncs everything and makes the block appear. If this throws, call `abort`. */
  finish(finished: FinishedBlock): BlockMeta {
    this.#chunks.finish();
    this.#index.finish();
    const meta: BlockMeta = {
      ulid: this.ulid,
      minTimeMs: finished.minTimeMs,
      maxTimeMs: finished.maxTimeMs,
      stats: {
        samples: this.#samples,
        series: this.#index.seriesCount,
        chunks: this.#chunkCount,
        tombstones: 0,
      },
      compaction: finished.compaction,
    };
    writeMeta(this.#files, this.#dir, meta);
    writeTombstones(this.#files, this.#dir, new Map());
    this.#files.fsyncDir(this.#dir);
    this.#files.rename(this.#dir, this.path);
    this.#files.fsyncDir(this.#parentDir);
    return meta;
  }

  /** Removes what was written; for blocks that turned out empty, and after an error. */
  abort(): void {
    this.#chunks.abort();
    removeTree(this.#files, this.#dir);
  }
}

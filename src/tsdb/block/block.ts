/** One block, open for reading: labels, series and chunks by position, tombstones in memory. */
import { join } from "node:path";
import { errorCode, type Files } from "../../base/index.js";
import { ChunkReader } from "./chunk-reader.js";
import { CHUNKS_DIR, INDEX_FILE, META_FILE, TOMBSTONES_FILE } from "./format.js";
import { IndexReader } from "./index-reader.js";
import { type BlockMeta, readMeta } from "./meta.js";
import { type PageCache, PagedFile } from "./page-cache.js";
import { type Interval, readTombstones, type Tombstones } from "./tombstones.js";

const NOTHING: readonly Interval[] = [];

export class Block {
  readonly dir: string;
  readonly meta: BlockMeta;
  readonly index: IndexReader;
  readonly chunks: ChunkReader;
  readonly tombstones: Tombstones;

  private constructor(dir: string, meta: BlockMeta, index: IndexReader, chunks: ChunkReader, tombstones: Tombstones) {
    this.dir = dir;
    this.meta = meta;
    this.index = index;
    this.chunks = chunks;
    this.tombstones = tombstones;
  }

  /** Opens the block in `dir`; costs a few small reads. @throws CorruptionError; system errors. */
  static open(files: Files, dir: string, cache: PageCache): Block {
    const meta = readMeta(files, dir);
    const index = new IndexReader(new PagedFile(files, join(dir, INDEX_FILE), cache), cache.texts);
    try {
      return new Block(
        dir,
        meta,
        index,
        new ChunkReader(files, join(dir, CHUNKS_DIR), cache),
        readTombstones(files, dir),
      );
    } finally {
      index.release();
    }
  }

  /** Intervals deleted of a series. */
  deletedOf(ref: number): readonly Interval[] {
    return this.tombstones.get(ref) ?? NOTHING;
  }

  /** Whether a sample of [minTimeMs, maxTimeMs] may be in it. */
  overlaps(minTimeMs: number, maxTimeMs: number): boolean {
    return this.meta.minTimeMs <= maxTimeMs && this.meta.maxTimeMs > minTimeMs;
  }

  /** Closes descriptors; the next read opens them again. */
  release(): void {
    this.index.release();
    this.chunks.release();
  }
}

/** Bytes of a block's files, as Prometheus counts them. */
export function blockBytes(files: Files, dir: string): number {
  const size = (path: string): number => {
    try {
      return files.stat(path).bytes;
    } catch (error) {
      if (errorCode(error) === "ENOENT") return 0;
      throw error;
    }
  };
  const chunksDir = join(dir, CHUNKS_DIR);
  const chunks = files.readdir(chunksDir).map((name) => join(chunksDir, name));
  const others = [INDEX_FILE, META_FILE, TOMBSTONES_FILE].map((name) => join(dir, name));
  return [...chunks, ...others].reduce((sum, path) => sum + size(path), 0);
}

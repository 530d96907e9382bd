/** Reads the chunks of a block by their refs (drawn in chunk-writer.ts); each is checked. */
import { join } from "node:path";
import { CorruptionError, crc32c, type Files } from "../../base/index.js";
import type { QueryMemory } from "../../memory/index.js";
import type { ChunkSink } from "../../storage/index.js";
import { type ChunkEncoding, ENCODING_XOR, isChunkEncoding } from "../chunk/index.js";
import { CHUNKS_FORMAT, CHUNKS_MAGIC, SEGMENT_HEADER_BYTES } from "./format.js";
import { PAGE_BYTES, type PageCache, PagedFile } from "./page-cache.js";

const SEGMENT_NAME = /^\d{6}$/;
const CHUNK_BYTES_MAX = 64 * 1024 * 1024;
/** Most chunks are shorter: one read then. */
const CHUNK_GUESS_BYTES = 1024;

export interface StoredChunk {
  readonly encoding: ChunkEncoding;
  /** A view that stays valid; not to be changed. */
  readonly data: Uint8Array;
  /** Where it stands. */
  readonly file: string;
  readonly offset: number;
}

/** Runs what decodes a chunk whose checksum was right; what it finds wrong is said with file and offset. */
export function decodingChunk<T>({ file, offset }: StoredChunk, decode: () => T): T {
  try {
    return decode();
  } catch (error) {
    if (!(error instanceof CorruptionError)) throw error;
    const message = `${file} is damaged at byte ${offset}: ${error.message}`;
    throw new CorruptionError("BLOCK_CHUNKS", message, { file, offset }, error);
  }
}

/** Kernels may read so many bytes behind a chunk. */
const DECODE_SLACK = 16;
/** Chunks that lie behind each other may begin this near: a bit for each such part of a page. */
const MARK_SHIFT = 4;

/** Chunks of a page whose checksum was right: a page does not change while it is kept. */
const checkedChunks = new WeakMap<Uint8Array, Uint8Array>();

export class ChunkReader {
  readonly #segments: PagedFile[];
  readonly #checked = new Set<number>();
  /** Of the run that is being copied: where each chunk's data begin in the page, and how long they are. */
  readonly #run: number[] = [];

  constructor(files: Files, dir: string, cache: PageCache) {
    const names = files.readdir(dir).filter((name) => SEGMENT_NAME.test(name));
    names.forEach((name, i) => {
      if (Number(name) === i + 1) return;
      throw new CorruptionError("BLOCK_CHUNKS", `${join(dir, name)} comes where segment ${i + 1} is missing`, {
        file: join(dir, name),
      });
    });
    this.#segments = names.map((name) => new PagedFile(files, join(dir, name), cache));
  }

  get bytes(): number {
    return this.#segments.reduce((sum, { length }) => sum + length, 0);
  }

  release(): void {
    for (const segment of this.#segments) segment.release();
  }

  /** @throws CorruptionError BLOCK_CHUNKS with file and offset. */
  read(ref: number): StoredChunk {
    const number = Math.floor(ref / 2 ** 32);
    const offset = ref % 2 ** 32;
    const segment = this.#segments[number];
    if (segment === undefined) {
      throw new CorruptionError("BLOCK_CHUNKS", `a chunk lies in segment ${number + 1}, which is missing`, { ref });
    }
    const damaged = (why: string): CorruptionError =>
      new CorruptionError("BLOCK_CHUNKS", `${segment.path} is damaged at byte ${offset}: ${why}`, {
        file: segment.path,
        offset,
      });
    if (!this.#checked.has(number)) this.#checkHeader(segment, number);
    let bytes = segment.upTo(offset, CHUNK_GUESS_BYTES);
    let length = 0;
    let at = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[at++];
      if (byte === undefined || at > 5) throw damaged("a chunk has no length");
      length += (byte & 0x7f) * scale;
      if (byte < 0x80) break;
    }
    const end = at + 1 + length + 4;
    if (length > CHUNK_BYTES_MAX || offset + end > segment.length) throw damaged("a chunk leads outside the file");
    if (bytes.length < end) bytes = segment.read(offset, end);
    const encoding = bytes[at]!;
    const checksum =
      ((bytes[end - 4]! << 24) | (bytes[end - 3]! << 16) | (bytes[end - 2]! << 8) | bytes[end - 1]!) >>> 0;
    if (crc32c(bytes.subarray(at, end - 4)) !== checksum) throw damaged("the checksum of a chunk is wrong");
    if (!isChunkEncoding(encoding)) throw damaged(`the encoding ${encoding} of a chunk is unknown`);
    return { encoding, data: bytes.subarray(at + 1, end - 4), file: segment.path, offset };
  }

  /**
   * Gives the chunks `refs[from … to)` of floats to `sink`, copied to `memory`: those that lie behind each other at once.
   * False if one is of histograms. @throws CorruptionError BLOCK_CHUNKS
   */
  copyFloats(refs: ArrayLike<number>, from: number, to: number, memory: QueryMemory, sink: ChunkSink): boolean {
    for (let next = from; next < to; ) {
      const taken = this.#copyRun(refs, next, to, memory, sink);
      if (taken < 0) return false;
      next += taken;
      if (taken > 0) continue;
      // It crosses pages, or has not been looked at yet.
      const { encoding, data } = this.read(refs[next]!);
      if (encoding !== ENCODING_XOR) return false;
      const address = sink.allocate(data.length + DECODE_SLACK);
      memory.bytes.set(data, address);
      sink.addChunk(address, data.length, (data[0]! << 8) | data[1]!);
      next++;
    }
    return true;
  }

  /** As many as lie in one page, each where the one before ends; −1 if the first one is no chunk of floats. */
  #copyRun(refs: ArrayLike<number>, from: number, to: number, memory: QueryMemory, sink: ChunkSink): number {
    const first = refs[from]!;
    const number = Math.floor(first / 2 ** 32);
    const segment = this.#segments[number];
    if (segment === undefined || !this.#checked.has(number)) return 0;
    const offset = first % 2 ** 32;
    const start = offset - (offset % PAGE_BYTES);
    if (offset >= segment.length) return 0;
    const page = segment.page(start);
    let marks = checkedChunks.get(page);
    if (marks === undefined) {
      marks = new Uint8Array(PAGE_BYTES >> (MARK_SHIFT + 3));
      checkedChunks.set(page, marks);
    }
    const runStart = offset - start;
    const base = number * 2 ** 32 + start;
    let at = runStart;
    let taken = 0;
    this.#run.length = 0;
    for (; from + taken < to && refs[from + taken] === base + at; taken++) {
      let length = page[at]! & 0x7f;
      let data = at + 1;
      if (page[at]! >= 0x80) {
        length += (page[at + 1]! & 0x7f) * 128;
        data++;
        // Longer ones are rare.
        if (page[at + 1]! >= 0x80) break;
      }
      data++; // the encoding
      const end = data + length + 4;
      if (!(end <= page.length) || length < 2) break;
      if (page[data - 1] !== ENCODING_XOR) {
        if (taken === 0) return isChunkEncoding(page[data - 1]!) ? -1 : 0;
        break;
      }
      const mark = at >> MARK_SHIFT;
      if ((marks[mark >> 3]! & (1 << (mark & 7))) === 0) {
        // `read` checks it, and throws with words.
        this.read(refs[from + taken]!);
        marks[mark >> 3]! |= 1 << (mark & 7);
      }
      this.#run.push(data, length);
      at = end;
    }
    if (taken === 0) return 0;
    const address = sink.allocate(at - runStart + DECODE_SLACK);
    memory.bytes.set(page.subarray(runStart, at), address);
    for (let k = 0; k < this.#run.length; k += 2) {
      const data = this.#run[k]!;
      sink.addChunk(address + data - runStart, this.#run[k + 1]!, (page[data]! << 8) | page[data + 1]!);
    }
    return taken;
  }

  #checkHeader(segment: PagedFile, number: number): void {
    const head = segment.upTo(0, SEGMENT_HEADER_BYTES);
    const view = new DataView(head.buffer, head.byteOffset, head.length);
    if (head.length < SEGMENT_HEADER_BYTES || view.getUint32(0) !== CHUNKS_MAGIC || head[4] !== CHUNKS_FORMAT) {
      throw new CorruptionError("BLOCK_CHUNKS", `${segment.path} does not begin as a segment of chunks`, {
        file: segment.path,
        offset: 0,
      });
    }
    this.#checked.add(number);
  }
}

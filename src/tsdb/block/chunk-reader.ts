/** Reads the chunks of a block by their refs (drawn in chunk-writer.ts); each is checked. */
import { join } from "node:path";
import { CorruptionError, crc32c, type Files } from "../../base/index.js";
import { type ChunkEncoding, isChunkEncoding } from "../chunk/index.js";
import { CHUNKS_FORMAT, CHUNKS_MAGIC, SEGMENT_HEADER_BYTES } from "./format.js";
import { type PageCache, PagedFile } from "./page-cache.js";

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

export class ChunkReader {
  readonly #segments: PagedFile[];
  readonly #checked = new Set<number>();

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

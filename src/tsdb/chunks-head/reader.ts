/**
 * Chunks of chunks_head for a query thread: positional reads of whole records, neighbours in one, each checked against its
 * checksum before anything of it is used. Descriptors are the thread's own.
 */
import { CHUNKS_FILE_META } from "../../../assembly/layout.js";
import { CorruptionError, errorMessage, type Files, VestalError } from "../../base/index.js";
import type { QueryMemory } from "../../memory/index.js";
import { headChunkPath } from "./state.js";

/** Chunks with less between them are read at once. */
const GAP_BYTES_MAX = 16 * 1024;
const READ_BYTES_MAX = 1024 * 1024;
const DESCRIPTORS_MAX = 16;
const CHECKSUM_BYTES = 4;
/** The decoder reads whole words: this many bytes behind a chunk must be readable. */
const DECODE_SLACK = 8;

export interface HeadChunkRef {
  readonly file: number;
  /** First byte of the record. */
  readonly offset: number;
  /** Bytes of the chunk's data. */
  readonly lengthBytes: number;
}

export interface Checksums {
  /** CRC-32C of bytes in the query thread's memory, signed. */
  crc32c(address: number, length: number): number;
}

export class HeadChunkReader {
  readonly #files: Files;
  readonly #dir: string;
  readonly #descriptors = new Map<number, number>();
  #buffer = new Uint8Array(64 * 1024);

  constructor(files: Files, dir: string) {
    this.#files = files;
    this.#dir = dir;
  }

  /**
   * Copies the data of `chunks` to `memory` and tells where each is.
   *
   * @throws CorruptionError CHUNKS_HEAD_CORRUPTED where a record is not what was written; VestalError CHUNKS_HEAD_READ.
   */
  read(
    chunks: readonly HeadChunkRef[],
    memory: QueryMemory,
    checksums: Checksums,
    place: (index: number, address: number) => void,
  ): void {
    const order = chunks
      .map((_, i) => i)
      .sort((a, b) => chunks[a]!.file - chunks[b]!.file || chunks[a]!.offset - chunks[b]!.offset);
    for (let first = 0; first < order.length; ) {
      const { file, offset } = chunks[order[first]!]!;
      let end = offset + recordBytes(chunks[order[first]!]!.lengthBytes);
      let next = first + 1;
      for (; next < order.length; next++) {
        const chunk = chunks[order[next]!]!;
        const chunkEnd = chunk.offset + recordBytes(chunk.lengthBytes);
        if (chunk.file !== file || chunk.offset - end > GAP_BYTES_MAX || chunkEnd - offset > READ_BYTES_MAX) break;
        end = Math.max(end, chunkEnd);
      }
      const bytes = this.#readAt(file, offset, end - offset);
      for (let i = first; i < next; i++) {
        const index = order[i]!;
        const chunk = chunks[index]!;
        const record = bytes.subarray(chunk.offset - offset, chunk.offset - offset + recordBytes(chunk.lengthBytes));
        place(index, this.#takeRecord(chunk, record, memory, checksums));
      }
      first = next;
    }
  }

  /** A copy of bytes of a file. @throws VestalError CHUNKS_HEAD_READ. */
  bytes(file: number, offset: number, length: number): Uint8Array {
    return this.#readAt(file, offset, length).slice();
  }

  /** Closes descriptors of files before `firstFile`, which are gone; of all without it. */
  close(firstFile = Number.POSITIVE_INFINITY): void {
    for (const [file, descriptor] of this.#descriptors) {
      if (file >= firstFile) continue;
      this.#descriptors.delete(file);
      this.#files.close(descriptor);
    }
  }

  #takeRecord(chunk: HeadChunkRef, record: Uint8Array, memory: QueryMemory, checksums: Checksums): number {
    const address = memory.allocate(record.length + DECODE_SLACK);
    memory.bytes.set(record, address);
    const checked = record.length - CHECKSUM_BYTES;
    const wanted = new DataView(record.buffer, record.byteOffset).getUint32(checked);
    const found = checksums.crc32c(address, checked) >>> 0;
    if (found !== wanted) {
      const file = headChunkPath(this.#dir, chunk.file);
      throw new CorruptionError(
        "CHUNKS_HEAD_CORRUPTED",
        `chunks_head: ${file} is damaged in the record at byte ${chunk.offset}: checksum ${found.toString(16)}, expected ` +
          `${wanted.toString(16)}; a restart takes its samples from the write-ahead log`,
        { file, offset: chunk.offset },
      );
    }
    return address + checked - chunk.lengthBytes;
  }

  #readAt(file: number, offset: number, length: number): Uint8Array {
    if (this.#buffer.length < length) this.#buffer = new Uint8Array(length);
    const bytes = this.#buffer.subarray(0, length);
    const path = headChunkPath(this.#dir, file);
    let done = 0;
    try {
      const descriptor = this.#open(file, path);
      while (done < length) {
        const read = this.#files.pread(descriptor, bytes.subarray(done), offset + done);
        if (read === 0) throw new Error(`it ends ${length - done} bytes before the chunk does`);
        done += read;
      }
    } catch (error) {
      throw new VestalError(
        "CHUNKS_HEAD_READ",
        `chunks_head: cannot read ${length} bytes at ${offset} of ${path} (${errorMessage(error)}); a restart takes the ` +
          "samples from the write-ahead log",
        { file: path, offset, length },
        error,
      );
    }
    return bytes;
  }

  #open(file: number, path: string): number {
    const known = this.#descriptors.get(file);
    if (known !== undefined) return known;
    const [oldest] = this.#descriptors;
    if (oldest !== undefined && this.#descriptors.size >= DESCRIPTORS_MAX) {
      this.#descriptors.delete(oldest[0]);
      this.#files.close(oldest[1]);
    }
    const descriptor = this.#files.open(path, "r");
    this.#descriptors.set(file, descriptor);
    return descriptor;
  }
}

/** Bytes of the record of a chunk with `dataBytes` bytes. */
function recordBytes(dataBytes: number): number {
  let lengthBytes = 1;
  for (let rest = dataBytes; rest >= 0x80; rest >>>= 7) lengthBytes++;
  return CHUNKS_FILE_META + lengthBytes + dataBytes + CHECKSUM_BYTES;
}

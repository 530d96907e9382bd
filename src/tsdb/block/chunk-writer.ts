/**
 * Writes the segments of a block's chunks.
 *
 *   segment  0  4 bytes magic 0x85bd40dd   4  1 byte version 1   5  3 bytes zero   8 …  chunks
 *   chunk    uvarint length of the data   1 byte encoding   data   4 bytes CRC-32C of encoding and data
 *
 * A chunk ref is the segment's index, from 0, times 2^32, plus the chunk's offset in it.
 */
import { join } from "node:path";
import { ByteWriter, type Files } from "../../base/index.js";
import type { EncodedChunk } from "../chunk/index.js";
import { FileWriter } from "./file-writer.js";
import {
  CHUNK_EXTRA_BYTES_MAX,
  CHUNKS_FORMAT,
  CHUNKS_MAGIC,
  SEGMENT_BYTES_DEFAULT,
  SEGMENT_HEADER_BYTES,
  segmentName,
} from "./format.js";

export class ChunkWriter {
  readonly #files: Files;
  readonly #dir: string;
  readonly #segmentBytes: number;
  readonly #scratch = new ByteWriter(16);
  #segment: FileWriter | undefined;
  #segments = 0;
  #bytesBefore = 0;

  /** @param segmentBytes  a chunk which would make a segment longer begins the next one. */
  constructor(files: Files, dir: string, segmentBytes = SEGMENT_BYTES_DEFAULT) {
    this.#files = files;
    this.#dir = dir;
    this.#segmentBytes = segmentBytes;
    files.mkdir(dir);
  }

  /** Bytes of all segments so far. */
  get bytes(): number {
    return this.#bytesBefore + (this.#segment?.position ?? 0);
  }

  /** Writes one chunk; returns its ref. */
  add(chunk: EncodedChunk): number {
    const most = chunk.data.length + CHUNK_EXTRA_BYTES_MAX;
    let segment = this.#segment;
    if (segment !== undefined && segment.position > SEGMENT_HEADER_BYTES) {
      if (segment.position + most > this.#segmentBytes) segment = this.#closeSegment();
    }
    segment ??= this.#openSegment();
    const ref = (this.#segments - 1) * 2 ** 32 + segment.position;
    const scratch = this.#scratch;
    scratch.clear();
    scratch.uvarint(chunk.data.length);
    segment.write(scratch.bytes);
    segment.beginChecksum();
    segment.write(Uint8Array.of(chunk.encoding));
    segment.write(chunk.data);
    segment.writeChecksum();
    return ref;
  }

  /** Syncs what is open, and the folder. */
  finish(): void {
    if (this.#segment !== undefined) this.#closeSegment();
    this.#files.fsyncDir(this.#dir);
  }

  /** Gives the open file back without a sync. */
  abort(): void {
    this.#segment?.close();
  }

  #openSegment(): FileWriter {
    this.#segments++;
    const segment = new FileWriter(this.#files, join(this.#dir, segmentName(this.#segments)));
    this.#segment = segment;
    this.#scratch.clear();
    this.#scratch.u32(CHUNKS_MAGIC);
    this.#scratch.u32(CHUNKS_FORMAT << 24);
    segment.write(this.#scratch.bytes);
    return segment;
  }

  #closeSegment(): undefined {
    this.#bytesBefore += this.#segment!.position;
    this.#segment!.finish();
    this.#segment = undefined;
  }
}

/** What chunks are, wherever they lie: the encodings' numbers on disk, and one encoded chunk with its bounds. */
import { CorruptionError } from "../../base/index.js";

export const ENCODING_XOR = 1;
export const ENCODING_HISTOGRAM = 2;
export const ENCODING_FLOAT_HISTOGRAM = 3;
export type ChunkEncoding = 1 | 2 | 3;
export type HistogramEncoding = 2 | 3;

/** Chunks are cut by writers before this; the count is 16 bits. */
export const CHUNK_SAMPLES_MAX = 65_535;

/** Times of the first and the last sample, inclusive. */
export interface EncodedChunk {
  readonly minTimeMs: number;
  readonly maxTimeMs: number;
  readonly encoding: ChunkEncoding;
  readonly data: Uint8Array;
}

export function isChunkEncoding(value: number): value is ChunkEncoding {
  return value >= ENCODING_XOR && value <= ENCODING_FLOAT_HISTOGRAM;
}

/** Samples in an encoded chunk, from its first two bytes. */
export function chunkSampleCount(data: Uint8Array): number {
  return ((data[0] ?? 0) << 8) | (data[1] ?? 0);
}

/** @param offset  byte of the chunk's data at which the bits made no sense. */
export function damagedChunk(encoding: ChunkEncoding, offset: number, why: string): CorruptionError {
  return new CorruptionError("CHUNK", `chunk: encoding ${encoding} is damaged at byte ${offset}: ${why}`, {
    encoding,
    offset,
  });
}

/** What few series have beside their chunks: samples out of order, and what was deleted (SIDE in layout.ts). */
import {
  CHUNK_FLAGS,
  CHUNK_PREVIOUS,
  DISK_CHUNK_FLAG,
  INTERVAL_BYTES,
  INTERVALS_COUNT,
  INTERVALS_ITEMS,
  SIDE_CHUNKS,
  SIDE_COMMIT,
  SIDE_DELETED,
  SIDE_OLDER,
  SLOT_SIDE,
} from "../../../assembly/layout.js";

/** Pairs of first and last time, inclusive, ascending. */
export type DeletedTimes = Float64Array;

/**
 * Address of the SIDE region that a reader at `commit` sees of the slot at `slotAddr`, 0 if there is none. Under a pin, or in
 * the writer's thread.
 */
export function sideAt(words: Uint32Array, slotAddr: number, commit: number): number {
  let side = Atomics.load(words, (slotAddr + SLOT_SIDE) >>> 2);
  while (side !== 0 && ((commit - words[(side + SIDE_COMMIT) >>> 2]!) | 0) < 0)
    side = words[(side + SIDE_OLDER) >>> 2]!;
  return side;
}

/** Addresses of the chunks of samples out of order, the newest first. */
export function chunksOfSide(words: Uint32Array, side: number): number[] {
  const chunks: number[] = [];
  for (let chunk = Atomics.load(words, (side + SIDE_CHUNKS) >>> 2); chunk !== 0; ) {
    chunks.push(chunk);
    chunk = Atomics.load(words, (chunk + CHUNK_PREVIOUS) >>> 2);
  }
  return chunks;
}

export function isChunkOnDisk(bytes: Uint8Array, chunk: number): boolean {
  return (bytes[chunk + CHUNK_FLAGS]! & DISK_CHUNK_FLAG) !== 0;
}

/** A copy; undefined if nothing was deleted. */
export function deletedOfSide(words: Uint32Array, floats: Float64Array, side: number): DeletedTimes | undefined {
  const intervals = words[(side + SIDE_DELETED) >>> 2]!;
  if (intervals === 0) return undefined;
  const from = (intervals + INTERVALS_ITEMS) / 8;
  return floats.slice(from, from + words[(intervals + INTERVALS_COUNT) >>> 2]! * (INTERVAL_BYTES / 8));
}

export function isDeleted(deleted: DeletedTimes, timeMs: number): boolean {
  for (let i = 0; i < deleted.length; i += 2) if (timeMs >= deleted[i]! && timeMs <= deleted[i + 1]!) return true;
  return false;
}

/** Whether all of [minTimeMs, maxTimeMs] was deleted at once, as Prometheus asks before it leaves out a chunk. */
export function isAllDeleted(deleted: DeletedTimes, minTimeMs: number, maxTimeMs: number): boolean {
  for (let i = 0; i < deleted.length; i += 2) {
    if (deleted[i]! <= minTimeMs && deleted[i + 1]! >= maxTimeMs) return true;
  }
  return false;
}

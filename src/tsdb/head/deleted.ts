/**
 * Deleted times of series in the head: intervals that hang on a series' SIDE region (layout.ts), replaced as a whole, so that
 * readers of a commit see a deletion or do not. Samples stay where they are; who reads leaves them out, and no block gets them.
 */
import {
  CHUNK_MAX_TIME,
  CHUNK_MIN_TIME,
  CHUNK_PREVIOUS,
  COUNTER_SIDES,
  COUNTERS,
  INTERVAL_BYTES,
  INTERVALS_COUNT,
  INTERVALS_ITEMS,
  SIDE_BYTES,
  SIDE_CHUNKS,
  SIDE_COMMIT,
  SIDE_DELETED,
  SIDE_OLDER,
  SIDE_SEALED,
  SLOT_CHUNK,
  SLOT_CHUNKS,
  SLOT_SIDE,
} from "../../../assembly/layout.js";
import { VestalError } from "../../base/index.js";
import { addInterval, type Interval } from "../block/index.js";
import type { Head } from "./head.js";
import { chunksOfSide, deletedOfSide } from "./side.js";

/** Times of a series' first and last sample, out of order or not; undefined if it has none. */
export function seriesBounds(head: Head, slot: number): Interval | undefined {
  const { words } = head;
  const at = head.slotAddress(slot);
  let minTimeMs = Number.POSITIVE_INFINITY;
  let maxTimeMs = head.lastSample(slot)?.timestampMs ?? Number.NEGATIVE_INFINITY;
  const newest = words[(at + SLOT_CHUNKS) >>> 2] === 0 ? 0 : words[(at + SLOT_CHUNK) >>> 2]!;
  for (let chunk = newest; chunk !== 0; chunk = words[(chunk + CHUNK_PREVIOUS) >>> 2]!) {
    minTimeMs = timeAt(words, chunk + CHUNK_MIN_TIME);
  }
  const side = words[(at + SLOT_SIDE) >>> 2]!;
  for (const chunk of side === 0 ? [] : chunksOfSide(words, side)) {
    minTimeMs = Math.min(minTimeMs, timeAt(words, chunk + CHUNK_MIN_TIME));
    maxTimeMs = Math.max(maxTimeMs, timeAt(words, chunk + CHUNK_MAX_TIME));
  }
  return minTimeMs <= maxTimeMs ? { minTimeMs, maxTimeMs } : undefined;
}

/** Whether the series may have samples out of order in the interval. */
export function hasOutOfOrderIn(head: Head, slot: number, { minTimeMs, maxTimeMs }: Interval): boolean {
  const { words } = head;
  const side = words[(head.slotAddress(slot) + SLOT_SIDE) >>> 2]!;
  return (
    side !== 0 &&
    chunksOfSide(words, side).some(
      (chunk) =>
        timeAt(words, chunk + CHUNK_MIN_TIME) <= maxTimeMs && timeAt(words, chunk + CHUNK_MAX_TIME) >= minTimeMs,
    )
  );
}

function timeAt(words: Uint32Array, address: number): number {
  return (words[(address >>> 2) + 1]! | 0) * 2 ** 32 + words[address >>> 2]!;
}

/**
 * Deletes samples of the series in an interval, for readers of the commit under way, which is published before anything else.
 * @throws VestalError HEAD_MEMORY: nothing is changed.
 */
export function addDeleted(head: Head, slot: number, interval: Interval): void {
  setDeleted(head, slot, addInterval(intervalsOf(head, slot), interval), head.nextCommit);
}

/** Forgets what was deleted before `minTimeMs` and before all samples that the series has: samples may come there again. */
export function truncateDeleted(head: Head, slot: number, minTimeMs: number): void {
  const before = intervalsOf(head, slot);
  if (before.length === 0) return;
  const limitMs = Math.min(minTimeMs, seriesBounds(head, slot)?.minTimeMs ?? minTimeMs);
  const kept = before.filter(({ maxTimeMs }) => maxTimeMs >= limitMs);
  // Readers that come now see it: no commit follows behind which the region before could be looked for.
  if (kept.length < before.length) setDeleted(head, slot, kept, head.committed);
}

function intervalsOf(head: Head, slot: number): Interval[] {
  const side = head.words[(head.slotAddress(slot) + SLOT_SIDE) >>> 2]!;
  const times = side === 0 ? undefined : deletedOfSide(head.words, head.floats, side);
  const intervals: Interval[] = [];
  for (let i = 0; times !== undefined && i < times.length; i += 2) {
    intervals.push({ minTimeMs: times[i]!, maxTimeMs: times[i + 1]! });
  }
  return intervals;
}

function setDeleted(head: Head, slot: number, intervals: readonly Interval[], commit: number): void {
  const { kernels, words, floats } = head;
  const slotAddr = head.slotAddress(slot);
  const older = words[(slotAddr + SLOT_SIDE) >>> 2]!;
  const bytes = intervals.length === 0 ? 0 : regionBytes(intervals.length);
  const region = bytes === 0 ? 0 : kernels.allocate(bytes) >>> 0;
  const side = bytes > 0 && region === 0 ? 0 : kernels.allocate(SIDE_BYTES) >>> 0;
  if (side === 0) {
    if (region !== 0) kernels.release(region, bytes);
    throw new VestalError("HEAD_MEMORY", "the head has no memory to note what was deleted");
  }
  if (region !== 0) {
    words[(region + INTERVALS_COUNT) >>> 2] = intervals.length;
    for (const [i, { minTimeMs, maxTimeMs }] of intervals.entries()) {
      const at = (region + INTERVALS_ITEMS + i * INTERVAL_BYTES) / 8;
      floats[at] = minTimeMs;
      floats[at + 1] = maxTimeMs;
    }
  }
  words.fill(0, side >>> 2, (side + SIDE_BYTES) >>> 2);
  words[(side + SIDE_COMMIT) >>> 2] = commit;
  words[(side + SIDE_DELETED) >>> 2] = region;
  if (older !== 0) {
    words[(side + SIDE_OLDER) >>> 2] = older;
    words[(side + SIDE_CHUNKS) >>> 2] = words[(older + SIDE_CHUNKS) >>> 2]!;
    words[(side + SIDE_SEALED) >>> 2] = words[(older + SIDE_SEALED) >>> 2]!;
    const before = words[(older + SIDE_DELETED) >>> 2]!;
    if (before !== 0) kernels.retire(before, regionBytes(words[(before + INTERVALS_COUNT) >>> 2]!));
    kernels.retire(older, SIDE_BYTES);
  }
  floats[(COUNTERS >> 3) + COUNTER_SIDES] = floats[(COUNTERS >> 3) + COUNTER_SIDES]! + 1;
  // After all that it makes reachable.
  Atomics.store(words, (slotAddr + SLOT_SIDE) >>> 2, side);
}

function regionBytes(intervals: number): number {
  return INTERVALS_ITEMS + intervals * INTERVAL_BYTES;
}

/** Deletes series of a block: what is deleted is noted in its tombstones, and goes when the block is next written anew. */
import type { Files } from "../../base/index.js";
import type { Matcher } from "../../model/index.js";
import {
  addInterval,
  Block,
  countIntervals,
  type Interval,
  PageCache,
  selectRefs,
  writeMeta,
  writeTombstones,
} from "../block/index.js";

const CACHE_BYTES = 4 * 1024 * 1024;

/**
 * Deletes samples in [minTimeMs, maxTimeMs] of the series that any of the selectors picks. Tombstones are written before the
 * count of them, so that a crash between leaves a block that has both or reads right.
 *
 * @returns whether anything was deleted.
 */
export function deleteFromBlock(
  files: Files,
  dir: string,
  selectors: readonly (readonly Matcher[])[],
  minTimeMs: number,
  maxTimeMs: number,
): boolean {
  const block = Block.open(files, dir, new PageCache(CACHE_BYTES));
  const tombstones = new Map<number, readonly Interval[]>(block.tombstones);
  let isChanged = false;
  try {
    for (const matchers of selectors) {
      for (const ref of selectRefs(block.index, matchers)) {
        const { chunks } = block.index.series(ref);
        const isTouching = chunks.some((chunk) => chunk.minTimeMs <= maxTimeMs && chunk.maxTimeMs >= minTimeMs);
        if (!isTouching) continue;
        const interval = {
          minTimeMs: Math.max(minTimeMs, chunks[0]!.minTimeMs),
          maxTimeMs: Math.min(maxTimeMs, chunks.at(-1)!.maxTimeMs),
        };
        tombstones.set(ref, addInterval(tombstones.get(ref) ?? [], interval));
        isChanged = true;
      }
    }
  } finally {
    block.release();
  }
  if (!isChanged) return false;
  writeTombstones(files, dir, tombstones);
  const { meta } = block;
  writeMeta(files, dir, { ...meta, stats: { ...meta.stats, tombstones: countIntervals(tombstones) } });
  return true;
}

/** Which blocks are compacted next, and which are kept no longer: pure decisions, as Prometheus' leveled compactor makes them. */
import { type BlockMeta, isOutOfOrder } from "../block/index.js";

/** Each level is so many of the one below. */
const LEVEL_FACTOR = 3;
const LEVELS_MAX = 10;
/** A block is written anew when this part of its series has something deleted. */
const TOMBSTONES_PART = 0.05;

/** Time ranges of the levels, ascending: min-block-duration and its multiples up to max-block-duration. */
export function blockRanges(minBlockMs: number, maxBlockMs: number): number[] {
  const ranges = Array.from({ length: LEVELS_MAX }, (_, level) => minBlockMs * LEVEL_FACTOR ** level);
  const end = ranges.findIndex((range) => range > maxBlockMs);
  return end < 0 ? ranges : ranges.slice(0, Math.max(1, end));
}

/**
 * ULIDs of the blocks to compact into one now, in order of time; none if there is nothing to do.
 *
 * Blocks of samples out of order that reach beyond all others wait: joined with one of those they would say that everything up to
 * their end is in blocks, and a start would leave out what the log has of that time. They are only joined with each other.
 *
 * @param compactsOverlapping  blocks that overlap come first; otherwise they are compacted by ranges like all others.
 */
export function planCompaction(
  metas: readonly BlockMeta[],
  ranges: readonly number[],
  compactsOverlapping = true,
): string[] {
  const byTime = metas.toSorted((a, b) => a.minTimeMs - b.minTimeMs);
  const inOrderEnd = Math.max(...byTime.filter((meta) => !isOutOfOrder(meta)).map(({ maxTimeMs }) => maxTimeMs));
  const isAhead = (meta: BlockMeta): boolean => isOutOfOrder(meta) && meta.maxTimeMs > inOrderEnd;
  const sorted = byTime.filter((meta) => !isAhead(meta));
  for (const some of compactsOverlapping ? [sorted, byTime.filter(isAhead)] : []) {
    const overlapping = overlappingBlocks(some);
    if (overlapping.length > 0) return ulidsOf(overlapping);
  }
  // The newest block may get neighbours yet, and people copy it first.
  const settled = sorted.slice(0, -1);
  const chosen = fullRange(settled, ranges);
  if (chosen.length > 0) return ulidsOf(chosen);
  const wide = ranges[Math.floor(ranges.length / 2)]!;
  for (const meta of settled.toReversed()) {
    const { tombstones, series } = meta.stats;
    if (meta.maxTimeMs - meta.minTimeMs < wide) {
      if (tombstones > 0 && tombstones >= series && !meta.compaction.isFailed) return [meta.ulid];
      break;
    }
    if (tombstones / (series + 1) > TOMBSTONES_PART && !meta.compaction.isFailed) return [meta.ulid];
  }
  return [];
}

/** The first run of blocks that overlap. One whose compaction failed takes no part. */
function overlappingBlocks(sorted: readonly BlockMeta[]): BlockMeta[] {
  const sound = sorted.filter(({ compaction }) => !compaction.isFailed);
  const run: BlockMeta[] = [];
  let maxTimeMs = Number.NEGATIVE_INFINITY;
  for (const [i, meta] of sound.entries()) {
    if (meta.minTimeMs < maxTimeMs) {
      if (run.length === 0) run.push(sound[i - 1]!);
      run.push(meta);
    } else if (run.length > 0) {
      break;
    }
    maxTimeMs = Math.max(maxTimeMs, meta.maxTimeMs);
  }
  return run;
}

/** Blocks that fill an aligned range of some level, or lie in one that will get no more. */
function fullRange(sorted: readonly BlockMeta[], ranges: readonly number[]): BlockMeta[] {
  const newest = sorted.at(-1);
  if (newest === undefined) return [];
  for (const range of ranges.slice(1)) {
    for (const group of splitByRange(sorted, range)) {
      if (group.length < 2 || group.some(({ compaction }) => compaction.isFailed)) continue;
      const end = group.at(-1)!.maxTimeMs;
      if (end - group[0]!.minTimeMs === range || end <= newest.minTimeMs) return group;
    }
  }
  return [];
}

/** Groups of blocks within one aligned range each; a block that crosses a border is in none. */
function splitByRange(sorted: readonly BlockMeta[], range: number): BlockMeta[][] {
  const groups: BlockMeta[][] = [];
  let end = Number.NEGATIVE_INFINITY;
  for (const meta of sorted) {
    if (groups.length > 0 && meta.maxTimeMs <= end) {
      groups.at(-1)!.push(meta);
      continue;
    }
    const start = Math.floor(meta.minTimeMs / range) * range;
    if (meta.maxTimeMs > start + range) continue;
    end = start + range;
    groups.push([meta]);
  }
  return groups;
}

function ulidsOf(metas: readonly BlockMeta[]): string[] {
  return metas.map(({ ulid }) => ulid);
}

/**
 * What may be compacted while others copy blocks away: of the smallest level only blocks that are `uploaded`. As in Prometheus the
 * first that is not (in order of ULIDs, that is of creation) ends the list, so that none is joined over a gap.
 */
export function compactable(metas: readonly BlockMeta[], uploaded: ReadonlySet<string>): readonly BlockMeta[] {
  const sorted = metas.toSorted((a, b) => (a.ulid < b.ulid ? -1 : 1));
  const end = sorted.findIndex(({ ulid, compaction }) => compaction.level <= 1 && !uploaded.has(ulid));
  return end < 0 ? sorted : sorted.slice(0, end);
}

export interface Retention {
  /** 0: no limit. */
  readonly retentionMs: number;
  /** 0: no limit. */
  readonly retentionBytes: number;
  /** What counts besides the blocks: log, head chunks. */
  readonly otherBytes: number;
}

export interface SizedBlock {
  readonly meta: BlockMeta;
  readonly bytes: number;
}

export interface Expired {
  readonly byTime: readonly string[];
  readonly bySize: readonly string[];
}

/** Blocks that are kept no longer: too far behind the newest one, or from where the newer ones fill the room. */
export function beyondRetention(blocks: readonly SizedBlock[], retention: Retention): Expired {
  const newestFirst = blocks.toSorted((a, b) => b.meta.maxTimeMs - a.meta.maxTimeMs);
  const from = (index: number): string[] => (index < 0 ? [] : newestFirst.slice(index).map(({ meta }) => meta.ulid));
  const { retentionMs, retentionBytes, otherBytes } = retention;
  const newest = newestFirst[0]?.meta.maxTimeMs ?? 0;
  const late = newestFirst.findIndex(({ meta }, i) => i > 0 && newest - meta.maxTimeMs >= retentionMs);
  let bytes = otherBytes;
  const large = newestFirst.findIndex((block) => {
    bytes += block.bytes;
    return bytes > retentionBytes;
  });
  return { byTime: retentionMs > 0 ? from(late) : [], bySize: retentionBytes > 0 ? from(large) : [] };
}

/**
 * A range of time of the heads, for a block: all their series in order, each with its chunks of the range. The heads go on
 * being written and queried meanwhile; chunks are copied in batches under short pins, or read from chunks_head.
 *
 * Before it is called, samples below the range's end are refused by every shard, and every chunk that has samples of the
 * range is closed; while it runs no shard truncates.
 */
import type { QueryMemory } from "../../memory/index.js";
import type { Labels } from "../../model/index.js";
import { type EncodedChunk, partOfChunk } from "../chunk/index.js";
import { decodeChunk, encodeOverlapping } from "./overlapping.js";
import type { CopiedChunk, CopiedSeries, DiskAccess, HeadReader } from "./reader.js";
import { orderSeries } from "./series-order.js";
import { type DeletedTimes, isDeleted } from "./side.js";

/** Series whose chunks are copied under one pin of each head: some 100 µs. */
const BATCH_SERIES = 512;

export interface CutRange {
  /** Both inclusive. */
  readonly minTimeMs: number;
  readonly maxTimeMs: number;
}

/** Where a cut goes: a block's writer. Chunks' data are views that are valid during the call. */
export interface CutSink {
  addSeries(labels: Labels, chunks: readonly EncodedChunk[]): void;
}

export interface CutHead {
  readonly memory: WebAssembly.Memory;
  readonly reader: HeadReader;
}

/** @returns how many series the sink was given. */
export function cutRange(
  heads: readonly CutHead[],
  range: CutRange,
  memory: QueryMemory,
  disk: DiskAccess,
  sink: CutSink,
): number {
  return cut(heads, orderSeries(memoriesOf(heads)), memory, sink, {
    copy: (reader, slots) => reader.copyClosed(slots, range.minTimeMs, range.maxTimeMs, memory, disk),
    encode: (series) => encodedOf(series, range, memory.bytes),
  });
}

/** As `cutRange`, of the samples out of order that the shards have sealed. */
export function cutOutOfOrder(
  heads: readonly CutHead[],
  range: CutRange,
  memory: QueryMemory,
  disk: DiskAccess,
  sink: CutSink,
): number {
  return cut(heads, orderSeries(memoriesOf(heads), "sealed"), memory, sink, {
    copy: (reader, slots) => reader.copyOutOfOrder(slots, range.minTimeMs, range.maxTimeMs, memory, disk),
    encode: (series) => mergedOf(series, range, memory.bytes),
  });
}

/** Where ranges of `rangeMs` begin that have sealed samples out of order, or may have, ascending. */
export function outOfOrderRanges(heads: readonly CutHead[], rangeMs: number): number[] {
  const { heads: headOf, slots } = orderSeries(memoriesOf(heads), "sealed");
  const starts = new Set<number>();
  heads.forEach(({ reader }, h) => {
    const own = slots.filter((_, i) => headOf[i] === h);
    for (const { minTimeMs, maxTimeMs } of reader.outOfOrderBounds(own)) {
      for (let at = rangeMs * Math.floor(minTimeMs / rangeMs); at <= maxTimeMs; at += rangeMs) starts.add(at);
    }
  });
  return [...starts].sort((a, b) => a - b);
}

function memoriesOf(heads: readonly CutHead[]): WebAssembly.Memory[] {
  return heads.map((head) => head.memory);
}

interface CutSteps {
  copy(reader: HeadReader, slots: Uint32Array): CopiedSeries[];
  encode(series: CopiedSeries): EncodedChunk[];
}

function cut(
  heads: readonly CutHead[],
  { heads: headOf, slots }: ReturnType<typeof orderSeries>,
  memory: QueryMemory,
  sink: CutSink,
  steps: CutSteps,
): number {
  let count = 0;
  for (let first = 0; first < slots.length; first += BATCH_SERIES) {
    const end = Math.min(slots.length, first + BATCH_SERIES);
    const mark = memory.mark();
    const copied = new Map<number, CopiedSeries>();
    heads.forEach((head, h) => {
      const positions: number[] = [];
      for (let i = first; i < end; i++) if (headOf[i] === h) positions.push(i);
      const series = steps.copy(
        head.reader,
        Uint32Array.from(positions, (i) => slots[i]!),
      );
      positions.forEach((i, k) => {
        copied.set(i, series[k]!);
      });
    });
    for (let i = first; i < end; i++) {
      const chunks = steps.encode(copied.get(i)!);
      if (chunks.length === 0) continue;
      sink.addSeries(heads[headOf[i]!]!.reader.labelsOfSlot(slots[i]!), chunks);
      count++;
    }
    memory.releaseTo(mark);
  }
  return count;
}

function encodedOf({ chunks: copied, deleted }: CopiedSeries, range: CutRange, bytes: Uint8Array): EncodedChunk[] {
  const chunks: EncodedChunk[] = [];
  for (const chunk of copied) {
    const { encoding, minTimeMs, maxTimeMs } = chunk;
    const data = dataOf(chunk, bytes);
    const isInside = minTimeMs >= range.minTimeMs && maxTimeMs <= range.maxTimeMs;
    if (isInside && !isTouched(deleted, minTimeMs, maxTimeMs)) chunks.push({ minTimeMs, maxTimeMs, encoding, data });
    // A head's chunks end where ranges do, unless the length of ranges was changed between two starts.
    else chunks.push(...partOfChunk(encoding, data, keptIn(range, deleted)));
  }
  return chunks;
}

function keptIn({ minTimeMs, maxTimeMs }: CutRange, deleted: DeletedTimes | undefined): (timeMs: number) => boolean {
  return (timeMs) =>
    timeMs >= minTimeMs && timeMs <= maxTimeMs && !(deleted !== undefined && isDeleted(deleted, timeMs));
}

function dataOf({ address, lengthBytes }: CopiedChunk, bytes: Uint8Array): Uint8Array {
  return bytes.subarray(address, address + lengthBytes);
}

function isTouched(deleted: DeletedTimes | undefined, minTimeMs: number, maxTimeMs: number): boolean {
  for (let i = 0; deleted !== undefined && i < deleted.length; i += 2) {
    if (deleted[i]! <= maxTimeMs && deleted[i + 1]! >= minTimeMs) return true;
  }
  return false;
}

/** Chunks that do not overlap, of all samples in the range. */
function mergedOf({ chunks: copied, deleted }: CopiedSeries, range: CutRange, bytes: Uint8Array): EncodedChunk[] {
  const decoded = copied.map((chunk) => {
    const { minTimeMs, maxTimeMs, encoding } = chunk;
    return decodeChunk(encoding, dataOf(chunk, bytes), { minTimeMs, maxTimeMs, isOutOfOrder: true });
  });
  return encodeOverlapping(decoded, keptIn(range, deleted));
}

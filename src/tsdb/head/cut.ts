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
import type { CopiedChunk, DiskAccess, HeadReader } from "./reader.js";
import { orderSeries } from "./series-order.js";

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
  const { heads: headOf, slots } = orderSeries(heads.map((head) => head.memory));
  let count = 0;
  for (let first = 0; first < slots.length; first += BATCH_SERIES) {
    const end = Math.min(slots.length, first + BATCH_SERIES);
    const mark = memory.mark();
    const copied = new Map<number, CopiedChunk[]>();
    heads.forEach((head, h) => {
      const positions: number[] = [];
      for (let i = first; i < end; i++) if (headOf[i] === h) positions.push(i);
      const wanted = Uint32Array.from(positions, (i) => slots[i]!);
      const chunks = head.reader.copyClosed(wanted, range.minTimeMs, range.maxTimeMs, memory, disk);
      positions.forEach((i, k) => {
        copied.set(i, chunks[k]!);
      });
    });
    for (let i = first; i < end; i++) {
      const chunks = encodedOf(copied.get(i) ?? [], range, memory.bytes);
      if (chunks.length === 0) continue;
      sink.addSeries(heads[headOf[i]!]!.reader.labelsOfSlot(slots[i]!), chunks);
      count++;
    }
    memory.releaseTo(mark);
  }
  return count;
}

function encodedOf(copied: readonly CopiedChunk[], range: CutRange, bytes: Uint8Array): EncodedChunk[] {
  const chunks: EncodedChunk[] = [];
  for (const { address, lengthBytes, encoding, minTimeMs, maxTimeMs } of copied) {
    const data = bytes.subarray(address, address + lengthBytes);
    const isInside = minTimeMs >= range.minTimeMs && maxTimeMs <= range.maxTimeMs;
    if (isInside) chunks.push({ minTimeMs, maxTimeMs, encoding, data });
    else {
      // A head's chunks end where ranges do, unless the length of ranges was changed between two starts.
      const isWanted = (timeMs: number): boolean => timeMs >= range.minTimeMs && timeMs <= range.maxTimeMs;
      chunks.push(...partOfChunk(encoding, data, isWanted));
    }
  }
  return chunks;
}

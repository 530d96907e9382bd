/**
 * Series that a select took from heads: label sets, and copies of their encoded chunks in the query thread's private
 * memory. Decodes on demand. Heads add to it one after the other; `seal` puts the series in order of labels.
 */
import { assert, CorruptionError, NumberList } from "../../base/index.js";
import type { QueryMemory } from "../../memory/index.js";
import type { Histogram, LabelList, LabelLists, Labels } from "../../model/index.js";
import type { ChunkSink, ColumnSink, SampleColumns, SeriesSet } from "../../storage/index.js";
import { type ChunkEncoding, ENCODING_XOR, type EncodedChunk, HistogramReader, partOfChunk } from "../chunk/index.js";
import type { ChunkKernels } from "./kernels.js";
import { type DecodedChunk, decodeChunk, encodeOverlapping, visitOverlapping } from "./overlapping.js";
import { type DeletedTimes, isDeleted } from "./side.js";

/** What few series have. */
export interface CapturedSide {
  /** So many of the series' chunks, the last ones, have samples out of order: they overlap. */
  readonly outOfOrder: number;
  readonly deleted: DeletedTimes | undefined;
}

/** How much a set holds: where the next head's part begins. */
export interface CaptureMark {
  readonly series: number;
  readonly chunks: number;
}

/** One encoded chunk, as copied to the private memory. */
export interface CapturedChunk {
  readonly address: number;
  readonly lengthBytes: number;
  readonly count: number;
  readonly encoding: ChunkEncoding;
  readonly minTimeMs: number;
  readonly maxTimeMs: number;
}

/** Where the chunks of a set's series lie. */
class ChunkColumns {
  /** Chunks of series i are those from firstChunk[i] to before firstChunk[i + 1]. */
  readonly firstChunk = new NumberList();
  readonly minTimes = new NumberList();
  readonly maxTimes = new NumberList();
  readonly lengths = new NumberList();
  readonly counts = new NumberList();
  readonly encodings = new NumberList();
  readonly addresses = new NumberList();

  clear(): void {
    this.firstChunk.clear();
    this.minTimes.clear();
    this.maxTimes.clear();
    this.lengths.clear();
    this.counts.clear();
    this.encodings.clear();
    this.addresses.clear();
  }
}

/** Of closed sets, for the next ones: seven arrays for each of many small queries are garbage that costs. */
const spareColumns: ChunkColumns[] = [];
const SPARE_COLUMNS_MAX = 16;
/** A closed set has no chunks. */
const CLOSED = new ChunkColumns();

export class CapturedSeries implements SeriesSet {
  readonly #labels: Labels[] = [];
  #columns: ChunkColumns;
  /** By number of the series; most have none. */
  readonly #sides = new Map<number, CapturedSide>();
  #order: Uint32Array | undefined;
  #list: LabelList | undefined;
  readonly #kernels: ChunkKernels;
  readonly #release: () => void;

  /** @param release  called once by `close`. */
  constructor(kernels: ChunkKernels, release: () => void) {
    this.#kernels = kernels;
    this.#release = release;
    this.#columns = spareColumns.pop() ?? new ChunkColumns();
    this.#columns.firstChunk.push(0);
  }

  // ── filling ────────────────────────────────────────────────────────────────────────────────────────────────────

  mark(): CaptureMark {
    return { series: this.#labels.length, chunks: this.#columns.addresses.length };
  }

  /** One more chunk of the series that `addSeries` will name next; chunks come oldest first. */
  addChunk(minTimeMs: number, maxTimeMs: number, length: number, count: number, encoding: ChunkEncoding): void {
    this.#columns.minTimes.push(minTimeMs);
    this.#columns.maxTimes.push(maxTimeMs);
    this.#columns.lengths.push(length);
    this.#columns.counts.push(count);
    this.#columns.encodings.push(encoding);
    this.#columns.addresses.push(0);
  }

  addSeries(labels: Labels, side?: CapturedSide): void {
    if (side !== undefined) this.#sides.set(this.#labels.length, side);
    this.#labels.push(labels);
    this.#columns.firstChunk.push(this.#columns.addresses.length);
  }

  /** Says where the copy of chunk `index` is. */
  placeChunk(index: number, address: number): void {
    this.#columns.addresses.values[index] = address;
  }

  /** Ends filling. @param key  of the selection, for `lists` */
  seal(lists: LabelLists, key: string): this {
    const { order, list } = lists.ordered(key, this.#labels);
    this.#order = order;
    this.#list = list;
    return this;
  }

  // ── reading ────────────────────────────────────────────────────────────────────────────────────────────────────

  get count(): number {
    return this.#labels.length;
  }

  labels(index: number): Labels {
    return this.#labels[this.#series(index)]!;
  }

  get list(): LabelList {
    assert(this.#list !== undefined, "a set is read before it is sealed");
    return this.#list;
  }

  samples(index: number, minTimeMs: number, maxTimeMs: number, sink: ColumnSink): SampleColumns {
    const series = this.#series(index);
    const side = this.#sides.get(series);
    if (side !== undefined) return this.#mergedSamples(series, side, minTimeMs, maxTimeMs, sink);
    const end = this.#columns.firstChunk.values[series + 1]!;
    let first = this.#columns.firstChunk.values[series]!;
    while (first < end && this.#columns.maxTimes.values[first]! < minTimeMs) first++;
    let room = 0;
    let last = first;
    while (last < end && this.#columns.minTimes.values[last]! <= maxTimeMs)
      room += this.#columns.counts.values[last++]!;
    const { timesAddr, valuesAddr } = sink.reserve(room);
    let count = 0;
    let histograms: (Histogram | undefined)[] | undefined;
    for (let i = first; i < last; i++) {
      const encoding = this.#columns.encodings.values[i]! as ChunkEncoding;
      const at = 8 * count;
      if (encoding !== ENCODING_XOR) {
        histograms ??= Array<undefined>(count).fill(undefined);
        const reader = new HistogramReader(encoding, this.#chunkBytes(sink.memory, i), this.#columns.counts.values[i]!);
        readHistograms(reader, minTimeMs, maxTimeMs, sink.memory, timesAddr + at, valuesAddr + at, histograms);
        count = histograms.length;
        continue;
      }
      const written = this.#kernels.decodeXor(
        this.#columns.addresses.values[i]!,
        this.#columns.lengths.values[i]!,
        this.#columns.counts.values[i]!,
        minTimeMs,
        maxTimeMs,
        timesAddr + at,
        valuesAddr + at,
      );
      if (written < 0) throw damaged(this.#labels[series]!, -1 - written);
      count += written;
      for (let k = 0; histograms !== undefined && k < written; k++) histograms.push(undefined);
    }
    return histograms === undefined ? { timesAddr, valuesAddr, count } : { timesAddr, valuesAddr, count, histograms };
  }

  addChunks(index: number, minTimeMs: number, maxTimeMs: number, sink: ChunkSink): boolean {
    const series = this.#series(index);
    if (this.#sides.has(series)) return false;
    const end = this.#columns.firstChunk.values[series + 1]!;
    for (let i = this.#columns.firstChunk.values[series]!; i < end; i++) {
      if (this.#columns.maxTimes.values[i]! < minTimeMs) continue;
      if (this.#columns.minTimes.values[i]! > maxTimeMs) break;
      if ((this.#columns.encodings.values[i]! as ChunkEncoding) !== ENCODING_XOR) return false;
      sink.addChunk(
        this.#columns.addresses.values[i]!,
        this.#columns.lengths.values[i]!,
        this.#columns.counts.values[i]!,
      );
    }
    return true;
  }

  /** As `samples`, of a series whose chunks overlap, or of which some samples were deleted. */
  #mergedSamples(
    series: number,
    { outOfOrder, deleted }: CapturedSide,
    minTimeMs: number,
    maxTimeMs: number,
    sink: ColumnSink,
  ): SampleColumns {
    const first = this.#columns.firstChunk.values[series]!;
    const end = this.#columns.firstChunk.values[series + 1]!;
    let room = 0;
    for (let i = first; i < end; i++) room += this.#columns.counts.values[i]!;
    // Decoded behind the place where the columns will be.
    const { timesAddr, valuesAddr } = sink.reserve(2 * room);
    const chunks: DecodedChunk[] = [];
    let used = room;
    for (let i = first; i < end; i++) {
      const isOutOfOrder = i >= end - outOfOrder;
      const bounds = {
        minTimeMs: this.#columns.minTimes.values[i]!,
        maxTimeMs: this.#columns.maxTimes.values[i]!,
        isOutOfOrder,
      };
      chunks.push(this.#decoded(series, i, bounds, sink.memory, timesAddr + 8 * used, valuesAddr + 8 * used));
      used += this.#columns.counts.values[i]!;
    }
    const view = new DataView(sink.memory.buffer);
    const histograms: (Histogram | undefined)[] = [];
    let hasHistograms = false;
    visitOverlapping(chunks, (timeMs, low, high, histogram) => {
      if (timeMs < minTimeMs || timeMs > maxTimeMs || (deleted !== undefined && isDeleted(deleted, timeMs))) return;
      const at = 8 * histograms.length;
      view.setFloat64(timesAddr + at, timeMs, true);
      view.setUint32(valuesAddr + at, low, true);
      view.setUint32(valuesAddr + at + 4, high, true);
      histograms.push(histogram);
      hasHistograms ||= histogram !== undefined;
    });
    const columns = { timesAddr, valuesAddr, count: histograms.length };
    return hasHistograms ? { ...columns, histograms } : columns;
  }

  #decoded(
    series: number,
    chunk: number,
    bounds: Pick<DecodedChunk, "minTimeMs" | "maxTimeMs" | "isOutOfOrder">,
    memory: WebAssembly.Memory,
    timesAddr: number,
    valuesAddr: number,
  ): DecodedChunk {
    const encoding = this.#columns.encodings.values[chunk]! as ChunkEncoding;
    const count = this.#columns.counts.values[chunk]!;
    if (encoding !== ENCODING_XOR) return decodeChunk(encoding, this.#chunkBytes(memory, chunk), bounds, count);
    const [address, length] = [this.#columns.addresses.values[chunk]!, this.#columns.lengths.values[chunk]!];
    const [from, to] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
    const written = this.#kernels.decodeXor(address, length, count, from, to, timesAddr, valuesAddr);
    if (written < 0) throw damaged(this.#labels[series]!, -1 - written);
    const times = new Float64Array(memory.buffer, timesAddr, written);
    const words = new Uint32Array(memory.buffer, valuesAddr, 2 * written);
    return { ...bounds, times, words, histograms: undefined };
  }

  chunks(index: number, minTimeMs: number, maxTimeMs: number, memory: WebAssembly.Memory): EncodedChunk[] {
    const isWanted = (timeMs: number): boolean => timeMs >= minTimeMs && timeMs <= maxTimeMs;
    const series = this.#series(index);
    const side = this.#sides.get(series);
    if (side !== undefined) {
      const { deleted } = side;
      const isKept = (timeMs: number): boolean =>
        isWanted(timeMs) && !(deleted !== undefined && isDeleted(deleted, timeMs));
      return encodeOverlapping(this.#decodedInPlace(series, side, memory), isKept);
    }
    const found: EncodedChunk[] = [];
    for (const { address, lengthBytes, count, encoding, ...bounds } of this.captured(index)) {
      if (bounds.maxTimeMs < minTimeMs || bounds.minTimeMs > maxTimeMs) continue;
      const data = new Uint8Array(memory.buffer, address, lengthBytes);
      // An open chunk has no end, so it is written anew too.
      const isWhole = isWanted(bounds.minTimeMs) && isWanted(bounds.maxTimeMs);
      if (isWhole && bounds.maxTimeMs !== Number.POSITIVE_INFINITY) found.push({ ...bounds, encoding, data });
      else found.push(...partOfChunk(encoding, data, isWanted, count));
    }
    return found;
  }

  #decodedInPlace(series: number, { outOfOrder }: CapturedSide, memory: WebAssembly.Memory): DecodedChunk[] {
    const chunks: DecodedChunk[] = [];
    const end = this.#columns.firstChunk.values[series + 1]!;
    for (let i = this.#columns.firstChunk.values[series]!; i < end; i++) {
      const bounds = {
        minTimeMs: this.#columns.minTimes.values[i]!,
        maxTimeMs: this.#columns.maxTimes.values[i]!,
        isOutOfOrder: i >= end - outOfOrder,
      };
      chunks.push(
        decodeChunk(
          this.#columns.encodings.values[i]! as ChunkEncoding,
          this.#chunkBytes(memory, i),
          bounds,
          this.#columns.counts.values[i]!,
        ),
      );
    }
    return chunks;
  }

  #chunkBytes(memory: WebAssembly.Memory, chunk: number): Uint8Array {
    return new Uint8Array(memory.buffer, this.#columns.addresses.values[chunk]!, this.#columns.lengths.values[chunk]!);
  }

  /**
   * Encoded chunks of series `index`, oldest first, for who copies them elsewhere. The last one may have been open: then
   * its `maxTimeMs` is infinite, and `lengthBytes` reaches behind the bits of its `count` samples.
   */
  captured(index: number): CapturedChunk[] {
    const series = this.#series(index);
    const chunks: CapturedChunk[] = [];
    for (let i = this.#columns.firstChunk.values[series]!; i < this.#columns.firstChunk.values[series + 1]!; i++) {
      chunks.push({
        address: this.#columns.addresses.values[i]!,
        lengthBytes: this.#columns.lengths.values[i]!,
        count: this.#columns.counts.values[i]!,
        encoding: this.#columns.encodings.values[i]! as ChunkEncoding,
        minTimeMs: this.#columns.minTimes.values[i]!,
        maxTimeMs: this.#columns.maxTimes.values[i]!,
      });
    }
    return chunks;
  }

  /** Samples in the chunks of series `index`, before any filter by time: what decoding it costs at most. */
  sampleCount(index: number): number {
    const series = this.#series(index);
    let count = 0;
    for (let i = this.#columns.firstChunk.values[series]!; i < this.#columns.firstChunk.values[series + 1]!; i++)
      count += this.#columns.counts.values[i]!;
    return count;
  }

  close(): void {
    const columns = this.#columns;
    if (columns !== CLOSED) {
      columns.clear();
      if (spareColumns.length < SPARE_COLUMNS_MAX) spareColumns.push(columns);
      this.#columns = CLOSED;
    }
    this.#release();
  }

  #series(index: number): number {
    assert(this.#order !== undefined && index < this.#order.length, `series ${index} is not in the set`);
    assert(this.#columns !== CLOSED, "a set is read after it was closed");
    return this.#order[index]!;
  }
}

/** Adds the samples in the wanted times: time and sum to the columns, the histogram to the list. */
function readHistograms(
  reader: HistogramReader,
  minTimeMs: number,
  maxTimeMs: number,
  memory: WebAssembly.Memory,
  timesAddr: number,
  valuesAddr: number,
  into: (Histogram | undefined)[],
): void {
  const view = new DataView(memory.buffer);
  for (let at = 0; reader.next(); ) {
    if (reader.timeMs < minTimeMs) continue;
    if (reader.timeMs > maxTimeMs) return;
    view.setFloat64(timesAddr + at, reader.timeMs, true);
    view.setUint32(valuesAddr + at, reader.sumLow, true);
    view.setUint32(valuesAddr + at + 4, reader.sumHigh, true);
    into.push(reader.histogram());
    at += 8;
  }
}

function damaged(labels: Labels, offset: number): CorruptionError {
  return new CorruptionError("CHUNK_XOR", `head: a chunk of ${labels} is damaged at byte ${offset}`, { offset });
}

/** What gives a region of `memory` back if it is the newest one; an older one goes with the query. */
export function releaseNewest(memory: QueryMemory, mark: number, top: number): () => void {
  let isHeld = true;
  return () => {
    if (isHeld && memory.used === top) memory.releaseTo(mark);
    isHeld = false;
  };
}

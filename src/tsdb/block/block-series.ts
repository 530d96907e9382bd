/**
 * Series that a select took from one block: label sets and where their chunks lie. Chunks are read and decoded when samples are
 * asked for: the block stays as long as the query that knows it.
 */
import { CorruptionError, errorCode, NumberList, VestalError } from "../../base/index.js";
import type { QueryMemory } from "../../memory/index.js";
import { type Histogram, type LabelList, LabelLists, type Labels, type Matcher } from "../../model/index.js";
import type { ChunkSink, ColumnSink, SampleColumns, SeriesSet } from "../../storage/index.js";
import { chunkSampleCount, ENCODING_XOR, type EncodedChunk, HistogramReader, partOfChunk } from "../chunk/index.js";
import type { Block } from "./block.js";
import { decodingChunk, type StoredChunk } from "./chunk-reader.js";
import { selectRefs } from "./select.js";
import { type Interval, isCovered, isTouched } from "./tombstones.js";

/** Kernels may read so many bytes behind a chunk. */
const DECODE_SLACK = 16;

export interface FloatDecoder {
  /** Samples written, or −1 − the offset in the chunk where its bits made no sense. */
  decodeXor(
    chunk: number,
    length: number,
    count: number,
    minTime: number,
    maxTime: number,
    times: number,
    values: number,
  ): number;
}

export interface BlockRequest {
  readonly matchers: readonly Matcher[];
  readonly minTimeMs: number;
  readonly maxTimeMs: number;
  readonly isWithSamples: boolean;
}

/** Runs `read`; damage and missing files are reported as the block's. @throws VestalError BLOCK_DAMAGED */
export function readingBlock<T>(block: Block, read: () => T): T {
  try {
    return read();
  } catch (error) {
    const isGone = ["ENOENT", "EIO", "ENOTDIR"].includes(errorCode(error));
    if (!isGone && !(error instanceof CorruptionError)) throw error;
    const { ulid } = block.meta;
    const reason = error instanceof Error ? error.message : String(error);
    throw new VestalError("BLOCK_DAMAGED", `block ${ulid}: ${reason}`, { ulid, reason }, error);
  }
}

export class BlockSeries implements SeriesSet {
  readonly #block: Block;
  readonly #memory: QueryMemory;
  readonly #decoder: FloatDecoder;
  readonly #labels: Labels[] = [];
  readonly list: LabelList;
  readonly #refs: number[] = [];
  /** Chunks of series i are those from #firstChunk[i] to before #firstChunk[i + 1]. */
  readonly #firstChunk = new NumberList();
  readonly #chunkRefs = new NumberList();
  readonly #minTimes = new NumberList();
  readonly #maxTimes = new NumberList();

  /**
   * @param decoder  an instance over `memory`.
   * @param onWork  told of each series that was looked at; may throw to give up.
   * @param lists  the thread's own: what is known of the label sets that it has seen.
   * @throws VestalError BLOCK_DAMAGED
   */
  constructor(
    block: Block,
    request: BlockRequest,
    memory: QueryMemory,
    decoder: FloatDecoder,
    onWork: () => void,
    lists = new LabelLists(0),
  ) {
    this.#block = block;
    this.#memory = memory;
    this.#decoder = decoder;
    this.#firstChunk.push(0);
    readingBlock(block, () => {
      for (const ref of selectRefs(block.index, request.matchers)) {
        onWork();
        this.#add(ref, request);
      }
    });
    this.list = lists.ordered(`block ${block.meta.ulid} ${request.matchers.join()}`, this.#labels).list;
  }

  get count(): number {
    return this.#labels.length;
  }

  labels(index: number): Labels {
    return this.#labels[index]!;
  }

  samples(index: number, minTimeMs: number, maxTimeMs: number, sink: ColumnSink): SampleColumns {
    const chunks: StoredChunk[] = [];
    let room = 0;
    let hasHistograms = false;
    readingBlock(this.#block, () => {
      for (let i = this.#firstChunk.values[index]!; i < this.#firstChunk.values[index + 1]!; i++) {
        if (this.#minTimes.values[i]! > maxTimeMs || this.#maxTimes.values[i]! < minTimeMs) continue;
        const chunk = this.#block.chunks.read(this.#chunkRefs.values[i]!);
        chunks.push(chunk);
        room += chunkSampleCount(chunk.data);
        hasHistograms ||= chunk.encoding !== ENCODING_XOR;
      }
    });
    const { timesAddr, valuesAddr } = sink.reserve(room);
    const histograms: (Histogram | undefined)[] | undefined = hasHistograms ? [] : undefined;
    let count = 0;
    readingBlock(this.#block, () => {
      for (const chunk of chunks) {
        const [times, values] = [timesAddr + 8 * count, valuesAddr + 8 * count];
        count += decodingChunk(chunk, () =>
          chunk.encoding === ENCODING_XOR
            ? this.#floats(chunk, minTimeMs, maxTimeMs, times, values)
            : this.#histograms(chunk, minTimeMs, maxTimeMs, times, values, histograms!),
        );
        if (histograms !== undefined) while (histograms.length < count) histograms.push(undefined);
      }
    });
    const deleted = this.#block.deletedOf(this.#refs[index]!);
    if (deleted.length > 0) count = this.#dropDeleted(deleted, timesAddr, valuesAddr, count, histograms);
    return { timesAddr, valuesAddr, count, ...(histograms !== undefined && { histograms }) };
  }

  addChunks(index: number, minTimeMs: number, maxTimeMs: number, sink: ChunkSink): boolean {
    if (this.#block.deletedOf(this.#refs[index]!).length > 0) return false;
    let first = this.#firstChunk.values[index]!;
    let last = this.#firstChunk.values[index + 1]!;
    while (first < last && this.#maxTimes.values[first]! < minTimeMs) first++;
    while (first < last && this.#minTimes.values[last - 1]! > maxTimeMs) last--;
    return readingBlock(this.#block, () =>
      this.#block.chunks.copyFloats(this.#chunkRefs.values, first, last, this.#memory, sink),
    );
  }

  chunks(index: number, minTimeMs: number, maxTimeMs: number): EncodedChunk[] {
    const deleted = this.#block.deletedOf(this.#refs[index]!);
    const isWanted = (timeMs: number): boolean =>
      timeMs >= minTimeMs && timeMs <= maxTimeMs && !isTouched(deleted, timeMs, timeMs);
    return readingBlock(this.#block, () => {
      const found: EncodedChunk[] = [];
      for (let i = this.#firstChunk.values[index]!; i < this.#firstChunk.values[index + 1]!; i++) {
        const bounds = { minTimeMs: this.#minTimes.values[i]!, maxTimeMs: this.#maxTimes.values[i]! };
        if (bounds.minTimeMs > maxTimeMs || bounds.maxTimeMs < minTimeMs) continue;
        const chunk = this.#block.chunks.read(this.#chunkRefs.values[i]!);
        const { encoding, data } = chunk;
        const isWhole = bounds.minTimeMs >= minTimeMs && bounds.maxTimeMs <= maxTimeMs;
        if (isWhole && !isTouched(deleted, bounds.minTimeMs, bounds.maxTimeMs)) {
          found.push({ ...bounds, encoding, data });
        } else found.push(...decodingChunk(chunk, () => partOfChunk(encoding, data, isWanted)));
      }
      return found;
    });
  }

  close(): void {
    this.#firstChunk.clear();
    this.#chunkRefs.clear();
    this.#minTimes.clear();
    this.#maxTimes.clear();
  }

  #add(ref: number, request: BlockRequest): void {
    const { minTimeMs: fromMs, maxTimeMs: toMs, isWithSamples } = request;
    const deleted = this.#block.deletedOf(ref);
    let isThere = false;
    const labels = this.#block.index.walkSeries(ref, (minTimeMs, maxTimeMs, chunkRef) => {
      if (minTimeMs > toMs || maxTimeMs < fromMs || isCovered(deleted, minTimeMs, maxTimeMs)) return;
      isThere = true;
      if (!isWithSamples) return;
      this.#chunkRefs.push(chunkRef);
      this.#minTimes.push(minTimeMs);
      this.#maxTimes.push(maxTimeMs);
    });
    if (!isThere) return;
    this.#labels.push(labels);
    this.#refs.push(ref);
    this.#firstChunk.push(this.#chunkRefs.length);
  }

  #floats({ data }: StoredChunk, minTimeMs: number, maxTimeMs: number, times: number, values: number): number {
    const memory = this.#memory;
    const mark = memory.mark();
    const address = memory.allocate(data.length + DECODE_SLACK);
    memory.bytes.set(data, address);
    const count = chunkSampleCount(data);
    const written = this.#decoder.decodeXor(address, data.length, count, minTimeMs, maxTimeMs, times, values);
    memory.releaseTo(mark);
    if (written < 0) throw new CorruptionError("CHUNK", `a chunk's bits make no sense at byte ${-1 - written}`);
    return written;
  }

  #histograms(
    { encoding, data }: StoredChunk,
    minTimeMs: number,
    maxTimeMs: number,
    times: number,
    values: number,
    into: (Histogram | undefined)[],
  ): number {
    if (encoding === ENCODING_XOR) return 0;
    const { floats, words } = this.#memory;
    const reader = new HistogramReader(encoding, data);
    let count = 0;
    while (reader.next()) {
      if (reader.timeMs < minTimeMs) continue;
      if (reader.timeMs > maxTimeMs) break;
      floats[times / 8 + count] = reader.timeMs;
      words[values / 4 + 2 * count] = reader.sumLow;
      words[values / 4 + 2 * count + 1] = reader.sumHigh;
      into.push(reader.histogram());
      count++;
    }
    return count;
  }

  /** Moves what is left together; returns how many. */
  #dropDeleted(
    deleted: readonly Interval[],
    timesAddr: number,
    valuesAddr: number,
    count: number,
    histograms: (Histogram | undefined)[] | undefined,
  ): number {
    const { floats, words } = this.#memory;
    const times = timesAddr / 8;
    const values = valuesAddr / 4;
    let kept = 0;
    for (let i = 0; i < count; i++) {
      const timeMs = floats[times + i]!;
      if (isTouched(deleted, timeMs, timeMs)) continue;
      floats[times + kept] = timeMs;
      words[values + 2 * kept] = words[values + 2 * i]!;
      words[values + 2 * kept + 1] = words[values + 2 * i + 1]!;
      if (histograms !== undefined) histograms[kept] = histograms[i];
      kept++;
    }
    if (histograms !== undefined) histograms.length = kept;
    return kept;
  }
}

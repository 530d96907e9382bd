/**
 * Rows of many series by one kernel call, straight from their chunks: no call, column or array for each of them. What cannot
 * be computed so (histograms, overlapping blocks, deleted samples, damage) is asked for one by one.
 */
import {
  BATCH_CHUNKS,
  BATCH_CODE,
  BATCH_FIELDS,
  BATCH_FIRST,
  BATCH_FIRST_MS,
  BATCH_MAX_TIME,
  BATCH_MIN_TIME,
  BATCH_NOW_MS,
  BATCH_NOW_STEP_MS,
  BATCH_OUT,
  BATCH_RANGE_MS,
  BATCH_RESULT_BYTES,
  BATCH_RESULTS,
  BATCH_ROW_BYTES,
  BATCH_SECOND,
  BATCH_SERIES,
  BATCH_STARTS,
  BATCH_STEP_MS,
  BATCH_STEPS,
  BATCH_TIMES,
  BATCH_VALUES,
} from "../../../assembly/promql/codes.js";
import type { QueryMemory } from "../../memory/index.js";
import type { ChunkSink, SeriesSet } from "../../storage/index.js";
import type { PromqlKernels } from "./kernels.js";
import { rowBytes } from "./rows.js";

/** Samples and steps that one call may look at: a fraction of a millisecond, so that a query can be canceled in time. */
const OPERATIONS_PER_CALL = 50_000;
const CHUNK_WORDS = 3;

export interface BatchOrder {
  readonly minTimeMs: number;
  readonly maxTimeMs: number;
  /** As BATCH_CODE. */
  readonly code: number;
  readonly firstMs: number;
  readonly stepMs: number;
  readonly steps: number;
  readonly rangeMs: number;
  /** Columns of parameters, 0 if none. */
  readonly first: number;
  readonly second: number;
  readonly nowMs: number;
  readonly nowStepMs: number;
  /** What a step costs, in samples, if the series has `count` of them. */
  stepCost(count: number): number;
}

/** What a kernel call found of one series. */
export interface BatchResult {
  found: number;
  /** Samples in the largest window; of an instant selector the samples that were decoded. */
  largest: number;
  /** Samples in all windows. */
  total: number;
}

export class SeriesBatch {
  readonly #memory: QueryMemory;
  readonly #kernels: PromqlKernels;
  readonly #set: SeriesSet;
  readonly #order: BatchOrder;
  readonly #table: ChunkTable;

  constructor(memory: QueryMemory, kernels: PromqlKernels, set: SeriesSet, order: BatchOrder) {
    this.#memory = memory;
    this.#kernels = kernels;
    this.#set = set;
    this.#order = order;
    this.#table = new ChunkTable(memory);
  }

  /**
   * Writes the rows of `indices[from … to)` to `address`, one behind the other.
   *
   * @param onRow  told of each row in order; @param fill  writes a row that is asked for by itself and returns its steps
   * @param founds  gets the present steps of each row, from its place 0 on
   */
  fill(
    indices: ArrayLike<number>,
    from: number,
    to: number,
    address: number,
    founds: Int32Array,
    onRow: (result: BatchResult, index: number) => void,
    fill: (index: number, address: number) => number,
  ): void {
    const bytes = rowBytes(this.#order.steps);
    for (let next = from; next < to; ) {
      const mark = this.#memory.mark();
      const row = address + (next - from) * bytes;
      const taken = this.#take(indices, next, to);
      const results = taken === 0 ? undefined : this.#run(row);
      this.#memory.releaseTo(mark);
      for (let k = 0; k < taken; k++) {
        const result = results!;
        const at = 3 * k;
        const index = indices[next + k]!;
        const found = result[at]!;
        if (found < 0) founds[next + k - from] = fill(index, row + k * bytes);
        else {
          founds[next + k - from] = found;
          onRow({ found, largest: result[at + 1]!, total: result[at + 2]! }, index);
        }
      }
      next += taken;
      if (taken > 0) continue;
      founds[next - from] = fill(indices[next]!, row);
      next++;
    }
  }

  /** Puts chunks of the next series into the table, as many as a call may do; returns how many series. */
  #take(indices: ArrayLike<number>, from: number, to: number): number {
    const { minTimeMs, maxTimeMs, steps, stepCost } = this.#order;
    const table = this.#table;
    table.clear();
    let operations = 0;
    for (let i = from; i < to && operations < OPERATIONS_PER_CALL; i++) {
      const isWhole = this.#set.addChunks?.(indices[i]!, minTimeMs, maxTimeMs, table) ?? false;
      const count = table.openSamples;
      const cost = count + steps * stepCost(count);
      if (!isWhole || cost > OPERATIONS_PER_CALL) {
        table.dropSeries();
        break;
      }
      table.endSeries();
      operations += cost;
    }
    return table.series;
  }

  /** The results, three numbers a series. */
  #run(address: number): Float64Array {
    const memory = this.#memory;
    const table = this.#table;
    const order = this.#order;
    const room = Math.max(1, table.samplesMost);
    const fields = memory.allocate(BATCH_FIELDS * 8);
    const times = memory.allocate(room * 8);
    const values = memory.allocate(room * 8);
    const results = memory.allocate(table.series * BATCH_RESULT_BYTES);
    const { starts, chunks } = table.write();
    const { floats } = memory;
    const at = fields >>> 3;
    floats[at + BATCH_SERIES] = table.series;
    floats[at + BATCH_STARTS] = starts;
    floats[at + BATCH_CHUNKS] = chunks;
    floats[at + BATCH_MIN_TIME] = order.minTimeMs;
    floats[at + BATCH_MAX_TIME] = order.maxTimeMs;
    floats[at + BATCH_TIMES] = times;
    floats[at + BATCH_VALUES] = values;
    floats[at + BATCH_CODE] = order.code;
    floats[at + BATCH_FIRST_MS] = order.firstMs;
    floats[at + BATCH_STEP_MS] = order.stepMs;
    floats[at + BATCH_STEPS] = order.steps;
    floats[at + BATCH_RANGE_MS] = order.rangeMs;
    floats[at + BATCH_FIRST] = order.first;
    floats[at + BATCH_SECOND] = order.second;
    floats[at + BATCH_NOW_MS] = order.nowMs;
    floats[at + BATCH_NOW_STEP_MS] = order.nowStepMs;
    floats[at + BATCH_OUT] = address;
    floats[at + BATCH_ROW_BYTES] = rowBytes(order.steps);
    floats[at + BATCH_RESULTS] = results;
    this.#kernels.fillFromChunks(fields);
    return floats.slice(results >>> 3, (results >>> 3) + 3 * table.series);
  }
}

/** Chunks of several series, put together before a call. */
class ChunkTable implements ChunkSink {
  readonly #memory: QueryMemory;
  #chunks = new Uint32Array(64 * CHUNK_WORDS);
  #starts = new Uint32Array(65);
  #chunkCount = 0;
  series = 0;
  /** Samples in the chunks of the series that is being added. */
  openSamples = 0;
  /** The same of the series that has most of them. */
  samplesMost = 0;

  constructor(memory: QueryMemory) {
    this.#memory = memory;
  }

  clear(): void {
    this.#chunkCount = 0;
    this.series = 0;
    this.openSamples = 0;
    this.samplesMost = 0;
  }

  addChunk(address: number, lengthBytes: number, count: number): void {
    const at = this.#chunkCount * CHUNK_WORDS;
    if (at === this.#chunks.length) this.#chunks = doubled(this.#chunks);
    this.#chunks[at] = address;
    this.#chunks[at + 1] = lengthBytes;
    this.#chunks[at + 2] = count;
    this.#chunkCount++;
    this.openSamples += count;
  }

  allocate(bytes: number): number {
    return this.#memory.allocate(bytes);
  }

  endSeries(): void {
    if (this.series + 1 === this.#starts.length) this.#starts = doubled(this.#starts);
    this.series++;
    this.#starts[this.series] = this.#chunkCount;
    this.samplesMost = Math.max(this.samplesMost, this.openSamples);
    this.openSamples = 0;
  }

  /** Forgets the chunks that were added since the last series ended. */
  dropSeries(): void {
    this.#chunkCount = this.#starts[this.series]!;
    this.openSamples = 0;
  }

  /** Copies the table into the memory. */
  write(): { readonly starts: number; readonly chunks: number } {
    const starts = this.#memory.allocate((this.series + 1) * 4);
    const chunks = this.#memory.allocate(Math.max(1, this.#chunkCount) * CHUNK_WORDS * 4);
    const { words } = this.#memory;
    words.set(this.#starts.subarray(0, this.series + 1), starts >>> 2);
    words.set(this.#chunks.subarray(0, this.#chunkCount * CHUNK_WORDS), chunks >>> 2);
    return { starts, chunks };
  }
}

function doubled(list: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  const more = new Uint32Array(2 * list.length);
  more.set(list);
  return more;
}

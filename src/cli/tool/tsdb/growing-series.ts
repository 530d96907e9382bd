/**
 * Blocks of series that a tool makes sample by sample: chunks are cut as a head cuts them, so that the same samples give the
 * bytes that promtool's block writer gives.
 */
import { randomBytes } from "node:crypto";
import { systemClock, systemFiles, VestalError } from "../../../base/index.js";
import { compareLabels, type Labels } from "../../../model/index.js";
import { BlockWriter, makeUlid } from "../../../tsdb/block/index.js";
import { ENCODING_XOR, type EncodedChunk, XorAppender } from "../../../tsdb/chunk/index.js";

const SAMPLES_PER_CHUNK = 120;
/** Prometheus cuts before a sample might not fit into a kibibyte. */
const CHUNK_BYTES_MAX = 1024 - 19;
/** The NaN that Prometheus stores for the text `NaN`. */
const NAN_LOW = 1;
const NAN_HIGH = 0x7ff80000;

/** @param series  each with at least one sample, in any order. @returns the block's folder. */
export function writeBlock(parentDir: string, series: Iterable<GrowingSeries>): string {
  const all = [...new Set(series)].sort((a, b) => compareLabels(a.labels, b.labels));
  const ulid = makeUlid(systemClock.nowMs(), randomBytes);
  const writer = BlockWriter.create({ parentDir, ulid }, systemFiles);
  try {
    let minTimeMs = Number.POSITIVE_INFINITY;
    let maxTimeMs = Number.NEGATIVE_INFINITY;
    for (const one of all) {
      const chunks = one.chunks();
      minTimeMs = Math.min(minTimeMs, chunks[0]!.minTimeMs);
      maxTimeMs = Math.max(maxTimeMs, chunks.at(-1)!.maxTimeMs);
      writer.addSeries(one.labels, chunks);
    }
    const compaction = { level: 1, sources: [ulid], parents: [], hints: [], isDeletable: false, isFailed: false };
    writer.finish({ minTimeMs, maxTimeMs: maxTimeMs + 1, compaction });
    return writer.path;
  } catch (error) {
    writer.abort();
    throw error;
  }
}

/** The chunks of one series, cut as a head's. */
export class GrowingSeries {
  readonly labels: Labels;
  readonly #chunkRangeMs: number;
  readonly #step: string;
  readonly #closed: EncodedChunk[] = [];
  #open: XorAppender | undefined;
  #nextAtMs = 0;
  #batch = -1;
  /** Time of the last sample of earlier batches. */
  #settledMs = Number.NEGATIVE_INFINITY;
  #lastLow = 0;
  #lastHigh = 0;

  /** @param step  what a problem's message begins with. */
  constructor(labels: Labels, chunkRangeMs: number, step: string) {
    this.labels = labels;
    this.#chunkRangeMs = chunkRangeMs;
    this.#step = step;
  }

  /** @param batch  out of order within one batch a sample is dropped, behind an earlier batch it is an error: as there. */
  append(timeMs: number, value: number, batch: number): void {
    words.value[0] = value;
    const isNan = Number.isNaN(value);
    const low = isNan ? NAN_LOW : words.words[0]!;
    const high = isNan ? NAN_HIGH : words.words[1]!;
    if (batch !== this.#batch) {
      this.#batch = batch;
      this.#settledMs = this.#open?.maxTimeMs ?? Number.NEGATIVE_INFINITY;
    }
    if (this.#open !== undefined && timeMs <= this.#open.maxTimeMs) {
      if (timeMs < this.#settledMs) throw this.#problem("out of order sample");
      const isOther = low !== this.#lastLow || high !== this.#lastHigh;
      if (timeMs === this.#settledMs && timeMs === this.#open.maxTimeMs && isOther) {
        throw this.#problem("duplicate sample for timestamp");
      }
      return;
    }
    const open = this.#chunkFor(timeMs);
    open.append(timeMs, low, high);
    this.#lastLow = low;
    this.#lastHigh = high;
  }

  chunks(): EncodedChunk[] {
    this.#close();
    return this.#closed;
  }

  #chunkFor(timeMs: number): XorAppender {
    let open = this.#open;
    if (open !== undefined && open.byteLength > CHUNK_BYTES_MAX) open = this.#close();
    if (open !== undefined && open.count === SAMPLES_PER_CHUNK / 4) {
      this.#nextAtMs = chunkEnd(open.minTimeMs, open.maxTimeMs, this.#nextAtMs);
    }
    if (open !== undefined && (timeMs >= this.#nextAtMs || open.count >= 2 * SAMPLES_PER_CHUNK)) open = this.#close();
    if (open === undefined) {
      open = new XorAppender();
      this.#nextAtMs = Math.trunc(timeMs / this.#chunkRangeMs) * this.#chunkRangeMs + this.#chunkRangeMs;
      this.#open = open;
    }
    return open;
  }

  #problem(reason: string): VestalError {
    return new VestalError("BACKFILL", `${this.#step}: ${reason}`);
  }

  #close(): undefined {
    const open = this.#open;
    this.#open = undefined;
    if (open === undefined) return;
    const { minTimeMs, maxTimeMs } = open;
    this.#closed.push({ minTimeMs, maxTimeMs, encoding: ENCODING_XOR, data: open.bytes() });
  }
}

/** promtool commits so many samples at a time. */
export const BATCH_SAMPLES = 5000;

const words = (() => {
  const value = new Float64Array(1);
  return { value, words: new Uint32Array(value.buffer) };
})();

/** Prometheus' guess of where a chunk ends, a quarter of which is there: chunks of a range become equally long. */
function chunkEnd(startMs: number, currentMs: number, maxMs: number): number {
  const count = (maxMs - startMs) / ((currentMs - startMs + 1) * 4);
  return count <= 1 ? maxMs : Math.trunc(startMs + (maxMs - startMs) / Math.floor(count));
}

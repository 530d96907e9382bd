/**
 * Native histograms in the head: when a new chunk begins (Prometheus' rules, memSeries.appendHistogram in
 * tsdb/head_append.go), and its bytes on their way from the encoder (src/tsdb/chunk) into the head's memory, where readers
 * find them as they find XOR chunks. The encoders of open chunks live in the shard's thread; one that is missing, because
 * another thread wrote the chunk, is made anew from the chunk.
 */
import {
  CHUNK_CAPACITY,
  CHUNK_DATA,
  CHUNK_ENCODING,
  CHUNK_LENGTH,
  HEAD_CHUNK_RANGE,
  SLOT_BITS,
  SLOT_CHUNK,
  SLOT_CHUNKS,
  SLOT_NEXT_CUT,
  SLOT_SAMPLES,
} from "../../../assembly/layout.js";
import { assert } from "../../base/index.js";
import { decodeHistogram, type Histogram } from "../../model/index.js";
import {
  ENCODING_FLOAT_HISTOGRAM,
  ENCODING_HISTOGRAM,
  HistogramAppender,
  type HistogramEncoding,
} from "../chunk/index.js";
import type { Head } from "./head.js";

const TARGET_BYTES = 1024;
const SAMPLES_MIN = 10;
/** A chunk begins with room for so much more than its first sample. */
const FIRST_ROOM = 128;
/** Most bytes that one bucket or field of one sample takes in a chunk, and what a chunk has beside samples. */
const FIELD_BYTES_MAX = 10;
const CHUNK_BYTES_MIN = 512;

/** One histogram of a commit. */
export interface HistogramRow {
  readonly slot: number;
  readonly timestampMs: number;
  readonly isFloat: boolean;
  /** HISTOGRAM BYTES, the row's own. */
  readonly bytes: Uint8Array;
  /** STATUS_*, set by the commit. */
  status: number;
}

interface OpenChunk {
  /** Address of the chunk. */
  chunk: number;
  appender: HistogramAppender;
  /** The next cut was predicted. */
  hasEndTime: boolean;
}

export class HistogramChunks {
  readonly #head: Head;
  readonly #chunkRangeMs: number;
  /** By slot. */
  readonly #open = new Map<number, OpenChunk>();

  constructor(head: Head) {
    this.#head = head;
    this.#chunkRangeMs = head.words[HEAD_CHUNK_RANGE >> 2]!;
  }

  /** Whether the newest sample of the series is a histogram, and of which kind. */
  kindOf(slot: number): "float" | "integer" | undefined {
    const at = this.#head.slotAddress(slot);
    if (this.#word(at + SLOT_CHUNKS) === 0) return undefined;
    const encoding = this.#head.bytes[this.#word(at + SLOT_CHUNK) + CHUNK_ENCODING];
    if (encoding === ENCODING_HISTOGRAM) return "integer";
    return encoding === ENCODING_FLOAT_HISTOGRAM ? "float" : undefined;
  }

  /** Bytes of the head's memory that a row may need: generous, as rows that find no room after the log are lost to queries. */
  bytesFor({ slot, bytes }: HistogramRow): number {
    const used = this.#word(this.#head.slotAddress(slot) + SLOT_BITS) >>> 3;
    return 2 * (CHUNK_BYTES_MIN + used + FIELD_BYTES_MAX * bytes.length);
  }

  /**
   * Encodes a row whose time is above that of its series' newest sample; queries see it once `commit` is published. False if
   * the memory is full.
   */
  append({ slot, timestampMs, isFloat, bytes }: HistogramRow, commit: number): boolean {
    const { kernels } = this.#head;
    const histogram = decodeHistogram(bytes, isFloat);
    kernels.claimHistogram(slot, commit);
    const open = this.#write(slot, timestampMs, histogram);
    if (open === undefined) {
      this.#open.delete(slot);
      kernels.abandonHistogram(slot, commit);
      return false;
    }
    const { high, low } = histogramHash(bytes, isFloat);
    const { count, byteLength } = open.appender;
    kernels.endHistogram(slot, commit, timestampMs, low, high, count, byteLength);
    return true;
  }

  #write(slot: number, timeMs: number, histogram: Histogram): OpenChunk | undefined {
    const encoding: HistogramEncoding = histogram.isFloat ? ENCODING_FLOAT_HISTOGRAM : ENCODING_HISTOGRAM;
    const open = this.#openOf(slot);
    if (open === undefined || open.appender.encoding !== encoding) {
      return this.#begin(slot, timeMs, new HistogramAppender(encoding), histogram, undefined);
    }
    if (this.#isCutDue(slot, timeMs, open)) {
      return this.#begin(slot, timeMs, new HistogramAppender(encoding), histogram, open.appender);
    }
    const usedBefore = open.appender.byteLength;
    const { outcome, appender } = open.appender.append(timeMs, histogram);
    if (outcome === "new-chunk") {
      // The prediction of the chunk before stays in force, as in Prometheus.
      return this.#place(slot, timeMs, appender, open.hasEndTime);
    }
    return this.#continue(slot, open, usedBefore, outcome === "recoded");
  }

  #begin(
    slot: number,
    timeMs: number,
    appender: HistogramAppender,
    histogram: Histogram,
    before: HistogramAppender | undefined,
  ): OpenChunk | undefined {
    appender.append(timeMs, histogram, before);
    return this.#place(slot, timeMs, appender, false);
  }

  /** A new chunk of the head for an appender with one sample. */
  #place(slot: number, timeMs: number, appender: HistogramAppender, hasEndTime: boolean): OpenChunk | undefined {
    const { kernels, bytes } = this.#head;
    const data = appender.view();
    const chunk = kernels.beginHistogram(slot, timeMs, appender.encoding, data.length + FIRST_ROOM) >>> 0;
    if (chunk === 0) return undefined;
    bytes.set(data, chunk + CHUNK_DATA);
    const open = { chunk, appender, hasEndTime };
    this.#open.set(slot, open);
    return open;
  }

  /** Brings the bytes that are new behind those that readers know; all of them to another place where they have changed. */
  #continue(slot: number, open: OpenChunk, usedBefore: number, isRecoded: boolean): OpenChunk | undefined {
    const { kernels, bytes } = this.#head;
    const data = open.appender.view();
    if (!isRecoded && data.length <= this.#word(open.chunk + CHUNK_CAPACITY)) {
      // The last byte that readers know may have gained bits that none of their samples reaches.
      const from = usedBefore - 1;
      bytes.set(data.subarray(from), open.chunk + CHUNK_DATA + from);
      return open;
    }
    const chunk = kernels.replaceHistogram(slot, Math.min(2 * data.length, data.length + TARGET_BYTES)) >>> 0;
    if (chunk === 0) return undefined;
    bytes.set(data, chunk + CHUNK_DATA);
    open.chunk = chunk;
    return open;
  }

  #openOf(slot: number): OpenChunk | undefined {
    const at = this.#head.slotAddress(slot);
    if (this.#word(at + SLOT_CHUNKS) === 0) return undefined;
    const chunk = this.#word(at + SLOT_CHUNK);
    if (chunk === 0 || this.#word(chunk + CHUNK_LENGTH) !== 0) return undefined; // closed
    const known = this.#open.get(slot);
    if (known?.chunk === chunk) return known;
    this.#open.delete(slot);
    const encoding = this.#head.bytes[chunk + CHUNK_ENCODING];
    if (encoding !== ENCODING_HISTOGRAM && encoding !== ENCODING_FLOAT_HISTOGRAM) return undefined;
    return this.#resume(slot, chunk, encoding);
  }

  /** The encoder of a chunk that another thread, or an earlier one of this shard, has written. */
  #resume(slot: number, chunk: number, encoding: HistogramEncoding): OpenChunk {
    const at = this.#head.slotAddress(slot);
    const samples = this.#word(at + SLOT_SAMPLES) & 0xffff;
    const used = this.#word(at + SLOT_BITS) >>> 3;
    const data = this.#head.bytes.slice(chunk + CHUNK_DATA, chunk + CHUNK_DATA + used);
    const appender = HistogramAppender.resume(encoding, data, samples);
    assert(appender.byteLength === used, "a resumed histogram chunk has as many bytes as the one in the head");
    const open = { chunk, appender, hasEndTime: appender.byteLength >= TARGET_BYTES / 4 };
    this.#open.set(slot, open);
    return open;
  }

  #isCutDue(slot: number, timeMs: number, open: OpenChunk): boolean {
    const { appender } = open;
    const { count, byteLength, minTimeMs, maxTimeMs } = appender;
    let nextCutMs = this.#nextCut(slot);
    const rangeEndMs = open.hasEndTime ? this.#rangeEnd(minTimeMs) : nextCutMs;
    if (!open.hasEndTime && byteLength >= TARGET_BYTES / 4) {
      nextCutMs = chunkEnd(minTimeMs, maxTimeMs, nextCutMs, TARGET_BYTES / byteLength);
      this.#setNextCut(slot, nextCutMs);
      open.hasEndTime = true;
    }
    return (timeMs >= nextCutMs || byteLength >= 2 * TARGET_BYTES) && (count >= SAMPLES_MIN || timeMs >= rangeEndMs);
  }

  #rangeEnd(timeMs: number): number {
    return Math.trunc(timeMs / this.#chunkRangeMs) * this.#chunkRangeMs + this.#chunkRangeMs;
  }

  #nextCut(slot: number): number {
    const at = this.#head.slotAddress(slot) + SLOT_NEXT_CUT;
    return (this.#word(at + 4) | 0) * 2 ** 32 + this.#word(at);
  }

  #setNextCut(slot: number, timeMs: number): void {
    const at = (this.#head.slotAddress(slot) + SLOT_NEXT_CUT) >>> 2;
    const high = Math.floor(timeMs / 2 ** 32);
    this.#head.words[at] = timeMs - high * 2 ** 32;
    this.#head.words[at + 1] = high;
  }

  #word(address: number): number {
    return this.#head.words[address >>> 2]!;
  }
}

/**
 * Where a chunk should end so that chunks of equal length fill the rest of the range, if samples go on at their pace
 * (computeChunkEndTime).
 */
function chunkEnd(startMs: number, currentMs: number, maxMs: number, ratioToFull: number): number {
  const chunks = (maxMs - startMs) / ((currentMs - startMs + 1) * ratioToFull);
  if (chunks <= 1) return maxMs;
  return Math.trunc(startMs + (maxMs - startMs) / Math.floor(chunks));
}

/** Stands for a histogram's value where samples of equal time are compared: all of it but the counter reset hint. */
export function histogramHash(bytes: Uint8Array, isFloat: boolean): { readonly high: number; readonly low: number } {
  let high = isFloat ? 0x9e3779b9 : 0x85ebca6b;
  let low = 0xc2b2ae35;
  for (let i = 1; i < bytes.length; i++) {
    high = Math.imul(high ^ bytes[i]!, 0x01000193);
    low = Math.imul(low ^ bytes[i]!, 0x5bd1e995) ^ (high >>> 15);
  }
  return { high: high >>> 0, low: low >>> 0 };
}

/**
 * Chunks of one series that overlap, as samples out of order make them, read as one ascending column. Of several samples of
 * one time one stays: the same as in Prometheus, whose iterator over such chunks (storage/merge.go) is followed step by step.
 */
import { type Histogram, RESET_GAUGE, RESET_UNKNOWN } from "../../model/index.js";
import {
  type ChunkEncoding,
  ENCODING_XOR,
  type EncodedChunk,
  encodingOf,
  HistogramAppender,
  HistogramReader,
  XorAppender,
  XorReader,
} from "../chunk/index.js";

/** As Prometheus writes blocks. */
const SAMPLES_PER_CHUNK = 120;

/** A chunk's samples. */
export interface DecodedChunk {
  readonly minTimeMs: number;
  /** Infinite of a chunk that is open. */
  readonly maxTimeMs: number;
  readonly isOutOfOrder: boolean;
  readonly times: Float64Array;
  /** Two words a value, low first. */
  readonly words: Uint32Array;
  readonly histograms: readonly (Histogram | undefined)[] | undefined;
}

/** Called with each sample, ascending in time. */
export type SampleVisitor = (timeMs: number, low: number, high: number, histogram: Histogram | undefined) => void;

/** Decodes a chunk in plain TypeScript; `count` where its header is not to be trusted. @throws CorruptionError CHUNK */
export function decodeChunk(
  encoding: ChunkEncoding,
  data: Uint8Array,
  bounds: Pick<DecodedChunk, "minTimeMs" | "maxTimeMs" | "isOutOfOrder">,
  count?: number,
): DecodedChunk {
  if (encoding === ENCODING_XOR) {
    const reader = new XorReader(data, count);
    const times = new Float64Array(reader.count);
    const words = new Uint32Array(2 * reader.count);
    for (let i = 0; reader.next(); i++) {
      times[i] = reader.timeMs;
      words[2 * i] = reader.low;
      words[2 * i + 1] = reader.high;
    }
    return { ...bounds, times, words, histograms: undefined };
  }
  const reader = new HistogramReader(encoding, data, count);
  const times = new Float64Array(reader.count);
  const words = new Uint32Array(2 * reader.count);
  const histograms: Histogram[] = [];
  while (reader.next()) {
    const i = histograms.length;
    times[i] = reader.timeMs;
    words[2 * i] = reader.sumLow;
    words[2 * i + 1] = reader.sumHigh;
    histograms.push(reader.histogram());
  }
  return { ...bounds, times, words, histograms };
}

/** Gives all samples of the chunks to `visit`. @param chunks  in the order of their making, those in order first. */
export function visitOverlapping(chunks: readonly DecodedChunk[], visit: SampleVisitor): void {
  const ordered = [...chunks].sort(
    (a, b) => a.minTimeMs - b.minTimeMs || Number(a.isOutOfOrder) - Number(b.isOutOfOrder), // the sort is stable
  );
  for (let first = 0; first < ordered.length; ) {
    let { maxTimeMs } = ordered[first]!;
    let next = first + 1;
    while (next < ordered.length && ordered[next]!.minTimeMs <= maxTimeMs) {
      maxTimeMs = Math.max(maxTimeMs, ordered[next++]!.maxTimeMs);
    }
    if (next === first + 1) visitAll(ordered[first]!, visit);
    else visitChain(ordered.slice(first, next), visit);
    first = next;
  }
}

/** Chunks that do not overlap, of those samples whose times are wanted. */
export function encodeOverlapping(
  chunks: readonly DecodedChunk[],
  isWanted: (timeMs: number) => boolean,
): EncodedChunk[] {
  const appenders: (XorAppender | HistogramAppender)[] = [];
  visitOverlapping(chunks, (timeMs, low, high, histogram) => {
    if (!isWanted(timeMs)) return;
    const last = appenders.at(-1);
    const isRoom = last !== undefined && last.count < SAMPLES_PER_CHUNK;
    if (histogram === undefined) {
      const appender = isRoom && last instanceof XorAppender ? last : new XorAppender();
      appender.append(timeMs, low, high);
      if (appender !== last) appenders.push(appender);
      return;
    }
    const encoding = encodingOf(histogram);
    const isSame = last instanceof HistogramAppender && last.encoding === encoding;
    if (isSame && isRoom) {
      const { appender } = last.append(timeMs, histogram);
      if (appender !== last) appenders.push(appender);
      return;
    }
    const appender = new HistogramAppender(encoding);
    appender.append(timeMs, histogram, isSame ? last : undefined);
    appenders.push(appender);
  });
  return appenders.map((appender) => ({
    minTimeMs: appender.minTimeMs,
    maxTimeMs: appender.maxTimeMs,
    encoding: appender instanceof XorAppender ? ENCODING_XOR : appender.encoding,
    data: appender.bytes(),
  }));
}

function visitAll({ times, words, histograms }: DecodedChunk, visit: SampleVisitor): void {
  for (let i = 0; i < times.length; i++) visit(times[i]!, words[2 * i]!, words[2 * i + 1]!, histograms?.[i]);
}

/** A place in a chunk. */
interface Cursor {
  readonly chunk: DecodedChunk;
  at: number;
}

function timeOf({ chunk, at }: Cursor): number {
  return chunk.times[at]!;
}

function visitChain(chunks: readonly DecodedChunk[], visit: SampleVisitor): void {
  const cursors = chunks.map((chunk): Cursor => ({ chunk, at: -1 }));
  let [current] = cursors as [Cursor];
  const heap = new CursorHeap();
  for (const cursor of cursors.slice(1)) {
    cursor.at = 0;
    if (cursor.at < cursor.chunk.times.length) heap.push(cursor);
  }
  let lastMs = Number.NEGATIVE_INFINITY;
  let isChanged = true;
  for (;;) {
    current.at++;
    let isFound = false;
    if (current.at < current.chunk.times.length) {
      const timeMs = timeOf(current);
      if (timeMs === lastMs) continue;
      isFound = heap.size === 0 || timeMs < timeOf(heap.top);
      if (!isFound) heap.push(current);
    } else if (heap.size === 0) return;
    if (!isFound) {
      current = heap.pop();
      isChanged = true;
      if (timeOf(current) === lastMs) continue;
    }
    const { chunk, at } = current;
    lastMs = chunk.times[at]!;
    visit(lastMs, chunk.words[2 * at]!, chunk.words[2 * at + 1]!, known(chunk.histograms?.[at], isChanged));
    isChanged = false;
  }
}

/** What a chunk knows of a reset it knows of the sample before in the same chunk. */
function known(histogram: Histogram | undefined, isChanged: boolean): Histogram | undefined {
  if (!isChanged || histogram === undefined || histogram.counterResetHint === RESET_GAUGE) return histogram;
  return { ...histogram, counterResetHint: RESET_UNKNOWN };
}

/** Go's container/heap by time: which of equal ones comes first is part of what is followed. */
class CursorHeap {
  readonly #items: Cursor[] = [];

  get size(): number {
    return this.#items.length;
  }

  get top(): Cursor {
    return this.#items[0]!;
  }

  push(cursor: Cursor): void {
    const items = this.#items;
    items.push(cursor);
    for (let j = items.length - 1; ; ) {
      const parent = (j - 1) >> 1;
      if (j === 0 || timeOf(items[j]!) >= timeOf(items[parent]!)) return;
      this.#swap(parent, j);
      j = parent;
    }
  }

  pop(): Cursor {
    const items = this.#items;
    const end = items.length - 1;
    this.#swap(0, end);
    for (let i = 0; ; ) {
      const left = 2 * i + 1;
      if (left >= end) break;
      const right = left + 1;
      const least = right < end && timeOf(items[right]!) < timeOf(items[left]!) ? right : left;
      if (timeOf(items[least]!) >= timeOf(items[i]!)) break;
      this.#swap(i, least);
      i = least;
    }
    return items.pop()!;
  }

  #swap(i: number, j: number): void {
    const items = this.#items;
    [items[i], items[j]] = [items[j]!, items[i]!];
  }
}

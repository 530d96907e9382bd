/**
 * Chunks of one series from several blocks as one list without overlap, as Prometheus' compaction makes it: chunks that overlap
 * no other stay as they are, equal ones count once, and those that overlap are written anew, 120 samples each.
 */
import { type Histogram, RESET_GAUGE, RESET_UNKNOWN } from "../../model/index.js";
import type { Interval } from "../block/index.js";
import { isCovered, isTouched } from "../block/index.js";
import {
  ENCODING_XOR,
  type EncodedChunk,
  encodingOf,
  HistogramAppender,
  HistogramReader,
  XorAppender,
  XorReader,
} from "../chunk/index.js";

/** Prometheus' number for chunks that compaction writes. */
const SAMPLES_PER_CHUNK = 120;

interface Sample {
  readonly timeMs: number;
  readonly low: number;
  readonly high: number;
  readonly histogram: Histogram | undefined;
  /** Which of the chunks it comes from. */
  readonly source: number;
}

/** @param chunks  of any order; two with one time are taken in this order. */
export function mergeChunks(chunks: readonly EncodedChunk[]): EncodedChunk[] {
  const sorted = chunks.toSorted((a, b) => a.minTimeMs - b.minTimeMs || a.maxTimeMs - b.maxTimeMs);
  const result: EncodedChunk[] = [];
  let group: EncodedChunk[] = [];
  let end = Number.NEGATIVE_INFINITY;
  const closeGroup = (): void => {
    if (group.length === 1) result.push(group[0]!);
    else if (group.length > 1) result.push(...encodeSamples(mergedSamples(group)));
    group = [];
  };
  for (const chunk of sorted) {
    if (chunk.minTimeMs > end) closeGroup();
    else if (group.some((other) => isEqual(other, chunk))) continue;
    group.push(chunk);
    end = Math.max(end, chunk.maxTimeMs);
  }
  closeGroup();
  return result;
}

/** The chunk without what was deleted; undefined if nothing is left of it. */
export function withoutDeleted(chunk: EncodedChunk, deleted: readonly Interval[]): EncodedChunk | undefined {
  const { minTimeMs, maxTimeMs } = chunk;
  if (!isTouched(deleted, minTimeMs, maxTimeMs)) return chunk;
  if (isCovered(deleted, minTimeMs, maxTimeMs)) return undefined;
  const left = [...samplesOf(chunk, 0)].filter(({ timeMs }) => !isTouched(deleted, timeMs, timeMs));
  return left.length === 0 ? undefined : encodeSamples(left, Number.POSITIVE_INFINITY)[0];
}

function isEqual(a: EncodedChunk, b: EncodedChunk): boolean {
  return (
    a.minTimeMs === b.minTimeMs &&
    a.maxTimeMs === b.maxTimeMs &&
    a.encoding === b.encoding &&
    Buffer.compare(a.data, b.data) === 0
  );
}

function* samplesOf({ encoding, data }: EncodedChunk, source: number): Generator<Sample> {
  if (encoding === ENCODING_XOR) {
    const reader = new XorReader(data);
    while (reader.next()) {
      const { timeMs, low, high } = reader;
      yield { timeMs, low, high, histogram: undefined, source };
    }
    return;
  }
  const reader = new HistogramReader(encoding, data);
  while (reader.next()) {
    const { timeMs, sumLow: low, sumHigh: high } = reader;
    yield { timeMs, low, high, histogram: reader.histogram(), source };
  }
}

/** All samples in order of time; of several with one time the first chunk's. */
function mergedSamples(chunks: readonly EncodedChunk[]): Sample[] {
  const all = chunks.flatMap((chunk, source) => [...samplesOf(chunk, source)]);
  all.sort((a, b) => a.timeMs - b.timeMs || a.source - b.source);
  const merged: Sample[] = [];
  let before: Sample | undefined;
  for (const sample of all) {
    if (sample.timeMs === before?.timeMs) continue;
    const isNewSource = before !== undefined && before.source !== sample.source;
    merged.push(isNewSource ? withUnknownReset(sample) : sample);
    before = sample;
  }
  return merged;
}

/** What was known of a reset was known against another sample. */
function withUnknownReset(sample: Sample): Sample {
  const { histogram } = sample;
  if (histogram === undefined || histogram.counterResetHint === RESET_GAUGE) return sample;
  return { ...sample, histogram: { ...histogram, counterResetHint: RESET_UNKNOWN } };
}

function encodeSamples(samples: readonly Sample[], perChunk = SAMPLES_PER_CHUNK): EncodedChunk[] {
  const chunks: EncodedChunk[] = [];
  let open: XorAppender | HistogramAppender | undefined;
  const close = (): void => {
    if (open === undefined) return;
    const encoding = open instanceof XorAppender ? ENCODING_XOR : open.encoding;
    chunks.push({ minTimeMs: open.minTimeMs, maxTimeMs: open.maxTimeMs, encoding, data: open.bytes() });
  };
  for (const { timeMs, low, high, histogram } of samples) {
    const isFull = open !== undefined && open.count >= perChunk;
    if (histogram === undefined) {
      if (!(open instanceof XorAppender) || isFull) {
        close();
        open = new XorAppender();
      }
      open.append(timeMs, low, high);
      continue;
    }
    const encoding = encodingOf(histogram);
    if (!(open instanceof HistogramAppender) || open.encoding !== encoding || isFull) {
      const before: HistogramAppender | undefined =
        open instanceof HistogramAppender && open.encoding === encoding ? open : undefined;
      close();
      open = new HistogramAppender(encoding);
      open.append(timeMs, histogram, before);
      continue;
    }
    const { outcome, appender }: { outcome: string; appender: HistogramAppender } = open.append(timeMs, histogram);
    if (outcome !== "new-chunk") continue;
    close();
    open = appender;
  }
  close();
  return chunks;
}

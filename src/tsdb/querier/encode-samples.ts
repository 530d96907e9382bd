import type { ColumnSink, SeriesSet } from "../../storage/index.js";
import { ENCODING_XOR, type EncodedChunk, encodingOf, HistogramAppender, XorAppender } from "../chunk/index.js";

/** As compaction writes them. */
const SAMPLES_PER_CHUNK = 120;

/** Chunks of a series whose set has none, such as one that was read from another server. */
export function encodeSamples(
  set: SeriesSet,
  index: number,
  startMs: number,
  endMs: number,
  sink: ColumnSink,
): EncodedChunk[] {
  const { timesAddr, valuesAddr, count, histograms } = set.samples(index, startMs, endMs, sink);
  const { buffer } = sink.memory;
  const times = new Float64Array(buffer, timesAddr, count);
  const words = new Uint32Array(buffer, valuesAddr, 2 * count);
  const all: (XorAppender | HistogramAppender)[] = [];
  for (let i = 0; i < count; i++) {
    const histogram = histograms?.[i];
    const last = all.at(-1);
    if (histogram === undefined) {
      const open = last instanceof XorAppender && last.count < SAMPLES_PER_CHUNK ? last : new XorAppender();
      if (open !== last) all.push(open);
      open.append(times[i]!, words[2 * i]!, words[2 * i + 1]!);
      continue;
    }
    const encoding = encodingOf(histogram);
    const isOpen = last instanceof HistogramAppender && last.encoding === encoding && last.count < SAMPLES_PER_CHUNK;
    const open = isOpen ? last : new HistogramAppender(encoding);
    if (!isOpen) all.push(open);
    const { outcome, appender } = open.append(times[i]!, histogram);
    if (outcome === "new-chunk") all.push(appender);
  }
  return all.map((one) => ({
    minTimeMs: one.minTimeMs,
    maxTimeMs: one.maxTimeMs,
    encoding: one instanceof XorAppender ? ENCODING_XOR : one.encoding,
    data: one.bytes(),
  }));
}

/** Some of a chunk's samples as chunks of their own: those of a range, without what was deleted, or those of an open chunk. */
import { type ChunkEncoding, ENCODING_XOR, type EncodedChunk } from "./encoding.js";
import { HistogramAppender } from "./histogram-appender.js";
import { HistogramReader } from "./histogram-reader.js";
import { XorAppender, XorReader } from "./xor.js";

/**
 * @param keeps  of a sample's time
 * @param count  samples of the chunk, where its header is not to be trusted (an open chunk)
 * @returns nothing where no sample is kept; several where counters of histograms are reset
 * @throws CorruptionError CHUNK
 */
export function partOfChunk(
  encoding: ChunkEncoding,
  data: Uint8Array,
  keeps: (timeMs: number) => boolean,
  count?: number,
): EncodedChunk[] {
  if (encoding === ENCODING_XOR) {
    const reader = new XorReader(data, count);
    const appender = new XorAppender();
    while (reader.next()) if (keeps(reader.timeMs)) appender.append(reader.timeMs, reader.low, reader.high);
    if (appender.count === 0) return [];
    return [{ minTimeMs: appender.minTimeMs, maxTimeMs: appender.maxTimeMs, encoding, data: appender.bytes() }];
  }
  const reader = new HistogramReader(encoding, data, count);
  const parts: HistogramAppender[] = [];
  while (reader.next()) {
    if (!keeps(reader.timeMs)) continue;
    const last = parts.at(-1);
    if (last === undefined) {
      const appender = new HistogramAppender(encoding);
      appender.append(reader.timeMs, reader.histogram());
      parts.push(appender);
      continue;
    }
    const { outcome, appender } = last.append(reader.timeMs, reader.histogram());
    if (outcome === "new-chunk") parts.push(appender);
  }
  return parts.map((appender) => ({
    minTimeMs: appender.minTimeMs,
    maxTimeMs: appender.maxTimeMs,
    encoding,
    data: appender.bytes(),
  }));
}

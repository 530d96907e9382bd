/**
 * Answers to remote reads: all samples of a series (`prometheus.ReadResponse`), or its chunks in frames:
 *
 *   uvarint   bytes of the message
 *   4 bytes   CRC-32 (Castagnoli) of the message, big-endian
 *   …         prometheus.ChunkedReadResponse
 */
import { crc32c, decodeSnappy, ProtoReader, VestalError } from "../../base/index.js";
import { type HistogramMessage, readHistogramMessage } from "../../model/histogram-message.js";
import { type Histogram, Labels } from "../../model/index.js";
import { type EncodedChunk, isChunkEncoding } from "../../tsdb/chunk/index.js";

/** Samples as they came. */
export interface PlainSamples {
  readonly timesMs: Float64Array;
  /** Two words a value, the low one first: NaNs keep their payload. Of a histogram its sum. */
  readonly words: Uint32Array;
  readonly histograms: readonly (Histogram | undefined)[] | undefined;
}

export interface RemoteSeries {
  readonly labels: Labels;
  readonly chunks: readonly EncodedChunk[];
  /** Undefined in an answer of chunks. */
  readonly samples: PlainSamples | undefined;
}

const CRC_BYTES = 4;

/** @throws VestalError DECODE_*, PROTO */
export function decodeSampled(body: Uint8Array, bytesMax: number): readonly RemoteSeries[] {
  const series: RemoteSeries[] = [];
  let results = 0;
  const reader = new ProtoReader(decodeSnappy(body, bytesMax));
  while (reader.next()) {
    if (reader.field !== 1) continue;
    results++;
    const result = reader.message();
    while (result.next()) if (result.field === 1) series.push(readSeries(result.message()));
  }
  if (results !== 1) throw new VestalError("REMOTE_READ", `responses: want 1, got ${results}`);
  return series;
}

function readSeries(reader: ProtoReader): RemoteSeries {
  const labels: (readonly [string, string])[] = [];
  const times: number[] = [];
  const words: number[] = [];
  const histograms: HistogramMessage[] = [];
  while (reader.next()) {
    if (reader.field === 1) labels.push(readLabel(reader.message()));
    else if (reader.field === 2) {
      const sample = reader.message();
      let [timeMs, low, high] = [0, 0, 0];
      while (sample.next()) {
        if (sample.field === 1) ({ low, high } = sample.doubleWords());
        else if (sample.field === 2) timeMs = sample.int();
      }
      times.push(timeMs);
      words.push(low, high);
    } else if (reader.field === 4) histograms.push(readHistogramMessage(reader.message()));
  }
  const floats = { timesMs: Float64Array.from(times), words: Uint32Array.from(words), histograms: undefined };
  const samples = histograms.length === 0 ? floats : mixed(floats, histograms);
  return { labels: Labels.of(labels), chunks: [], samples };
}

/** Floats and histograms of one series in one order of time. */
function mixed(floats: PlainSamples, histograms: readonly HistogramMessage[]): PlainSamples {
  const rows = [
    ...histograms,
    ...Array.from(floats.timesMs, (timestampMs, i) => ({
      timestampMs,
      low: floats.words[2 * i]!,
      high: floats.words[2 * i + 1]!,
      histogram: undefined,
    })),
  ].sort((a, b) => a.timestampMs - b.timestampMs);
  return {
    timesMs: Float64Array.from(rows, ({ timestampMs }) => timestampMs),
    words: Uint32Array.from(rows.flatMap(({ low, high }) => [low, high])),
    histograms: rows.map(({ histogram }) => histogram),
  };
}

function readLabel(reader: ProtoReader): readonly [string, string] {
  let [name, value] = ["", ""];
  while (reader.next()) {
    if (reader.field === 1) name = reader.text();
    else if (reader.field === 2) value = reader.text();
  }
  return [name, value];
}

/** @param frameBytesMax  of one message. @throws VestalError REMOTE_READ, PROTO */
export function decodeChunked(body: Uint8Array, frameBytesMax: number): readonly RemoteSeries[] {
  const series: { labels: Labels; chunks: EncodedChunk[]; samples: undefined }[] = [];
  let at = 0;
  while (at < body.length) {
    let size = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = body[at++];
      if (byte === undefined || scale > 2 ** 42) throw new VestalError("REMOTE_READ", "unexpected EOF");
      size += (byte & 0x7f) * scale;
      if (byte < 0x80) break;
    }
    if (size > frameBytesMax) {
      const message = `chunkedReader: message size exceeded the limit ${frameBytesMax} bytes; got: ${size} bytes`;
      throw new VestalError("REMOTE_READ", message);
    }
    const begin = at + CRC_BYTES;
    if (begin + size > body.length) throw new VestalError("REMOTE_READ", "unexpected EOF");
    const frame = body.subarray(begin, begin + size);
    const wanted = ((body[at]! << 24) | (body[at + 1]! << 16) | (body[at + 2]! << 8) | body[at + 3]!) >>> 0;
    if (crc32c(frame) !== wanted) {
      throw new VestalError("REMOTE_READ", "chunkedReader: corrupted frame; checksum mismatch");
    }
    at = begin + size;
    const reader = new ProtoReader(frame);
    while (reader.next()) {
      if (reader.field !== 1) continue;
      const next = readChunks(reader.message());
      const last = series.at(-1);
      // A long series comes in several frames.
      if (last?.labels.key === next.labels.key) last.chunks.push(...next.chunks);
      else series.push({ ...next, samples: undefined });
    }
  }
  return series;
}

function readChunks(reader: ProtoReader): { readonly labels: Labels; readonly chunks: EncodedChunk[] } {
  const labels: (readonly [string, string])[] = [];
  const chunks: EncodedChunk[] = [];
  while (reader.next()) {
    if (reader.field === 1) labels.push(readLabel(reader.message()));
    else if (reader.field === 2) chunks.push(readChunk(reader.message()));
  }
  return { labels: Labels.of(labels), chunks };
}

function readChunk(reader: ProtoReader): EncodedChunk {
  let [minTimeMs, maxTimeMs, encoding] = [0, 0, 0];
  let data: Uint8Array = new Uint8Array(0);
  while (reader.next()) {
    if (reader.field === 1) minTimeMs = reader.int();
    else if (reader.field === 2) maxTimeMs = reader.int();
    else if (reader.field === 3) encoding = reader.int();
    else if (reader.field === 4) data = reader.bytes();
  }
  if (!isChunkEncoding(encoding)) throw new VestalError("REMOTE_READ", `invalid chunk encoding ${encoding}`);
  return { minTimeMs, maxTimeMs, encoding, data };
}

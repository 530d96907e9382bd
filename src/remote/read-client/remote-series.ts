/** What another server answered, as a set of series in order. */
import type { Histogram, Labels } from "../../model/index.js";
import { compareLabels } from "../../model/index.js";
import type { ColumnSink, SampleColumns, SeriesSet } from "../../storage/index.js";
import {
  chunkSampleCount,
  ENCODING_XOR,
  type EncodedChunk,
  HistogramReader,
  XorReader,
} from "../../tsdb/chunk/index.js";
import type { PlainSamples, RemoteSeries } from "./response.js";

export class RemoteSeriesSet implements SeriesSet {
  /** Series that have equal labels, one after the other, are one. */
  readonly #series: RemoteSeries[][] = [];

  constructor(series: readonly RemoteSeries[]) {
    for (const one of series.toSorted((a, b) => compareLabels(a.labels, b.labels))) {
      const last = this.#series.at(-1);
      if (last?.[0]?.labels.key === one.labels.key) last.push(one);
      else this.#series.push([one]);
    }
  }

  get count(): number {
    return this.#series.length;
  }

  labels(index: number): Labels {
    return this.#series[index]![0]!.labels;
  }

  samples(index: number, minTimeMs: number, maxTimeMs: number, sink: ColumnSink): SampleColumns {
    const parts = this.#series[index]!;
    let room = 0;
    for (const { chunks, samples } of parts) {
      for (const { data } of chunks) room += chunkSampleCount(data);
      room += samples?.timesMs.length ?? 0;
    }
    const { timesAddr, valuesAddr } = sink.reserve(room);
    const rows = new Rows(sink.memory.buffer, timesAddr, valuesAddr, room, minTimeMs, maxTimeMs);
    for (const { chunks, samples } of parts) {
      for (const chunk of chunks) addChunk(rows, chunk);
      if (samples !== undefined) addSamples(rows, samples);
    }
    const { histograms } = rows;
    return { timesAddr, valuesAddr, count: rows.count, ...(histograms !== undefined && { histograms }) };
  }

  close(): void {}
}

function addChunk(rows: Rows, { encoding, data }: EncodedChunk): void {
  if (encoding === ENCODING_XOR) {
    const reader = new XorReader(data);
    while (reader.next()) rows.add(reader.timeMs, reader.low, reader.high);
    return;
  }
  const reader = new HistogramReader(encoding, data);
  while (reader.next()) rows.add(reader.timeMs, reader.sumLow, reader.sumHigh, () => reader.histogram());
}

function addSamples(rows: Rows, { timesMs, words, histograms }: PlainSamples): void {
  for (let i = 0; i < timesMs.length; i++) {
    const histogram = histograms?.[i];
    rows.add(timesMs[i]!, words[2 * i]!, words[2 * i + 1]!, histogram && (() => histogram));
  }
}

/** Columns that are filled in order of time; a sample that is not later than the one before is left out. */
class Rows {
  readonly #times: Float64Array;
  readonly #words: Uint32Array;
  readonly #minTimeMs: number;
  readonly #maxTimeMs: number;
  histograms: (Histogram | undefined)[] | undefined;
  count = 0;

  constructor(
    buffer: ArrayBufferLike,
    times: number,
    values: number,
    room: number,
    minTimeMs: number,
    maxTimeMs: number,
  ) {
    this.#times = new Float64Array(buffer, times, room);
    this.#words = new Uint32Array(buffer, values, 2 * room);
    this.#minTimeMs = minTimeMs;
    this.#maxTimeMs = maxTimeMs;
  }

  add(timeMs: number, low: number, high: number, histogram?: () => Histogram): void {
    if (timeMs < this.#minTimeMs || timeMs > this.#maxTimeMs) return;
    const row = this.count;
    if (row > 0 && timeMs <= this.#times[row - 1]!) return;
    this.#times[row] = timeMs;
    this.#words[2 * row] = low;
    this.#words[2 * row + 1] = high;
    if (histogram !== undefined) this.histograms ??= new Array<Histogram | undefined>(row).fill(undefined);
    this.histograms?.push(histogram?.());
    this.count++;
  }
}

/** Storage over plain arrays, for tests of what asks storage. Samples keep their bits, staleness markers included. */
import {
  compareBytes,
  compareLabels,
  type Histogram,
  type Labels,
  type Matcher,
  STALE_NAN_HIGH,
  STALE_NAN_LOW,
} from "../../src/model/index.js";
import { appendToChunk, type ChunkEnd } from "../../src/promql/notation/index.js";
import type {
  ColumnSink,
  LabelAnswer,
  Querier,
  SampleColumns,
  SelectHints,
  SelectRequest,
  SeriesSet,
} from "../../src/storage/index.js";

/** A sample's value, or the staleness marker, whose bits a plain number would not keep. */
export type StoredValue = number | Histogram | "stale";

interface StoredSeries {
  readonly labels: Labels;
  readonly times: number[];
  readonly values: StoredValue[];
  readonly starts: number[];
  end: ChunkEnd | undefined;
}

export class MemoryStorage implements Querier {
  readonly #series = new Map<string, StoredSeries>();
  #sorted: readonly StoredSeries[] | undefined;
  /** Called for each selected series: lets a test see what was touched. */
  onSelect: ((labels: Labels) => void) | undefined;

  /** Adds samples behind those that the series has; an equal time replaces the value. */
  append(labels: Labels, samples: Iterable<readonly [timeMs: number, value: StoredValue, startMs?: number]>): void {
    let series = this.#series.get(labels.key);
    if (series === undefined) {
      series = { labels, times: [], values: [], starts: [], end: undefined };
      this.#series.set(labels.key, series);
      this.#sorted = undefined;
    }
    for (const [timeMs, given, startMs] of samples) {
      const { stored: value, end } = appendToChunk(series.end, given);
      series.end = end;
      let at = series.times.length;
      while (at > 0 && series.times[at - 1]! >= timeMs) at--;
      const isKnown = series.times[at] === timeMs;
      series.times.splice(at, isKnown ? 1 : 0, timeMs);
      series.values.splice(at, isKnown ? 1 : 0, value);
      series.starts.splice(at, isKnown ? 1 : 0, startMs ?? 0);
    }
  }

  clear(): void {
    this.#series.clear();
    this.#sorted = undefined;
  }

  #matching(matchers: readonly Matcher[], minTimeMs: number, maxTimeMs: number): readonly StoredSeries[] {
    this.#sorted ??= [...this.#series.values()].sort((a, b) => compareLabels(a.labels, b.labels));
    return this.#sorted.filter(
      ({ labels, times }) =>
        matchers.every((matcher) => matcher.matches(labels.get(matcher.name))) &&
        times.some((timeMs) => timeMs >= minTimeMs && timeMs <= maxTimeMs),
    );
  }

  selectAll(requests: readonly SelectRequest[]): readonly SeriesSet[] {
    return requests.map(({ matchers, hints }) => this.#select(matchers, hints));
  }

  #select(matchers: readonly Matcher[], hints: SelectHints): SeriesSet {
    const series = this.#matching(matchers, hints.minTimeMs, hints.maxTimeMs);
    for (const { labels } of series) this.onSelect?.(labels);
    return new MemorySeriesSet(series);
  }

  labelNames(matchers: readonly Matcher[], minTimeMs: number, maxTimeMs: number): LabelAnswer {
    const series = this.#matching(matchers, minTimeMs, maxTimeMs);
    return answer(series.flatMap(({ labels }) => [...labels.entries()].map(([name]) => name)));
  }

  labelValues(name: string, matchers: readonly Matcher[], minTimeMs: number, maxTimeMs: number): LabelAnswer {
    const series = this.#matching(matchers, minTimeMs, maxTimeMs);
    return answer(series.map(({ labels }) => labels.get(name)).filter((value) => value !== ""));
  }

  close(): void {}
}

function answer(values: readonly string[]): LabelAnswer {
  return { values: [...new Set(values)].sort(compareBytes), warnings: [] };
}

class MemorySeriesSet implements SeriesSet {
  readonly #series: readonly StoredSeries[];

  constructor(series: readonly StoredSeries[]) {
    this.#series = series;
  }

  get count(): number {
    return this.#series.length;
  }
  labels(index: number): Labels {
    return this.#series[index]!.labels;
  }

  samples(index: number, minTimeMs: number, maxTimeMs: number, sink: ColumnSink): SampleColumns {
    const { times, values, starts } = this.#series[index]!;
    let first = times.findIndex((timeMs) => timeMs >= minTimeMs);
    if (first < 0) first = times.length;
    let count = 0;
    while (first + count < times.length && times[first + count]! <= maxTimeMs) count++;
    const { timesAddr, valuesAddr } = sink.reserve(count);
    const view = new DataView(sink.memory.buffer);
    const histograms = new Array<Histogram | undefined>(count).fill(undefined);
    for (let i = 0; i < count; i++) {
      view.setFloat64(timesAddr + 8 * i, times[first + i]!, true);
      const value = values[first + i]!;
      if (typeof value === "object") {
        histograms[i] = value;
        view.setFloat64(valuesAddr + 8 * i, value.sum, true);
      } else if (value === "stale") {
        view.setUint32(valuesAddr + 8 * i, STALE_NAN_LOW, true);
        view.setUint32(valuesAddr + 8 * i + 4, STALE_NAN_HIGH, true);
      } else {
        view.setFloat64(valuesAddr + 8 * i, value, true);
      }
    }
    const isMixed = histograms.some((each) => each !== undefined);
    const startTimes = starts.slice(first, first + count);
    const hasStarts = startTimes.some((startMs) => startMs !== 0);
    return { timesAddr, valuesAddr, count, ...(isMixed ? { histograms } : {}), ...(hasStarts ? { startTimes } : {}) };
  }

  close(): void {}
}

/** Samples in plain arrays, as much as a test has of them. A sample becomes visible when the test's time has reached it. */
import {
  compareLabels,
  type Histogram,
  type Labels,
  type Matcher,
  STALE_NAN_HIGH,
  STALE_NAN_LOW,
} from "../../../model/index.js";
import { formatGeneral } from "../../../model/number.js";
import { appendToChunk, type ChunkEnd, type NotedValue } from "../../../promql/notation/index.js";
import type {
  ColumnSink,
  LabelAnswer,
  Querier,
  SampleColumns,
  SelectHints,
  SelectRequest,
  SeriesSet,
} from "../../../storage/index.js";

type StoredValue = Exclude<NotedValue, undefined>;

interface StoredSeries {
  readonly labels: Labels;
  readonly times: number[];
  readonly values: StoredValue[];
  end: ChunkEnd | undefined;
}

/** In Prometheus' words, which say no more at time 0: there a time means that none is known. */
function duplicateMessage(timeMs: number, known: StoredValue, value: StoredValue): string {
  if (typeof value === "object" || timeMs === 0) return "duplicate sample for timestamp";
  const text = (each: number | "stale"): string => (each === "stale" ? "NaN" : formatGeneral(each));
  const existing = typeof known === "object" ? "is a histogram" : text(known);
  const overrides = `overrides not allowed: existing ${existing}, new value ${text(value)}`;
  return `duplicate sample for timestamp ${timeMs}; ${overrides}`;
}

export class TestStore implements Querier {
  readonly #series = new Map<string, StoredSeries>();
  #sorted: readonly StoredSeries[] | undefined;

  get size(): number {
    return this.#series.size;
  }

  /** @returns why the sample is not stored, in Prometheus' words; "" if it is. */
  append(labels: Labels, timeMs: number, value: StoredValue): string {
    let series = this.#series.get(labels.key);
    if (series === undefined) {
      series = { labels, times: [], values: [], end: undefined };
      this.#series.set(labels.key, series);
      this.#sorted = undefined;
    }
    const last = series.times.at(-1);
    if (last !== undefined && timeMs <= last) {
      if (timeMs < last) return "out of order sample";
      const known = series.values.at(-1)!;
      return Object.is(known, value) ? "" : duplicateMessage(timeMs, known, value);
    }
    const { stored, end } = appendToChunk(series.end, value);
    series.times.push(timeMs);
    series.values.push(stored);
    series.end = end;
    return "";
  }

  selectAll(requests: readonly SelectRequest[]): readonly SeriesSet[] {
    return requests.map(({ matchers, hints }) => new StoredSet(this.#matching(matchers, hints)));
  }

  #matching(matchers: readonly Matcher[], { minTimeMs, maxTimeMs }: SelectHints): readonly StoredSeries[] {
    this.#sorted ??= [...this.#series.values()].sort((a, b) => compareLabels(a.labels, b.labels));
    return this.#sorted.filter(
      ({ labels, times }) =>
        matchers.every((matcher) => matcher.matches(labels.get(matcher.name))) &&
        (times[0] ?? Infinity) <= maxTimeMs &&
        (times.at(-1) ?? -Infinity) >= minTimeMs,
    );
  }

  labelNames(): LabelAnswer {
    return NO_ANSWER;
  }

  labelValues(): LabelAnswer {
    return NO_ANSWER;
  }

  close(): void {}
}

/** Expressions never ask for labels. */
const NO_ANSWER: LabelAnswer = { values: [], warnings: [] };

class StoredSet implements SeriesSet {
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
    const { times, values } = this.#series[index]!;
    const first = lowerBound(times, minTimeMs);
    const count = lowerBound(times, maxTimeMs + 1) - first;
    const { timesAddr, valuesAddr } = sink.reserve(count);
    const view = new DataView(sink.memory.buffer);
    let histograms: (Histogram | undefined)[] | undefined;
    for (let i = 0; i < count; i++) {
      view.setFloat64(timesAddr + 8 * i, times[first + i]!, true);
      const value = values[first + i]!;
      if (value === "stale") {
        view.setUint32(valuesAddr + 8 * i, STALE_NAN_LOW, true);
        view.setUint32(valuesAddr + 8 * i + 4, STALE_NAN_HIGH, true);
      } else if (typeof value === "object") {
        histograms ??= new Array<Histogram | undefined>(count).fill(undefined);
        histograms[i] = value;
        view.setFloat64(valuesAddr + 8 * i, value.sum, true);
      } else view.setFloat64(valuesAddr + 8 * i, value, true);
    }
    return { timesAddr, valuesAddr, count, ...(histograms !== undefined && { histograms }) };
  }

  close(): void {}
}

function lowerBound(times: readonly number[], timeMs: number): number {
  let [low, high] = [0, times.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (times[middle]! < timeMs) low = middle + 1;
    else high = middle;
  }
  return low;
}

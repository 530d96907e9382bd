/**
 * Samples for asking two servers the same: counters with resets, gauges, gaps, staleness, special values, classic and native
 * histograms of every kind, UTF-8. From a seed; at fixed times, as an empty server takes any.
 */
import { compareLabels, type Histogram, Labels, type Span } from "../../src/model/index.js";
import type { WriteSeries } from "../support/remote-write.js";

export type Random = () => number;

export const DATA_START_MS = 1_700_000_000_000;
export const DATA_MINUTES = 50;
const INTERVAL_MS = 15_000;

const stale = new Float64Array(Uint32Array.of(2, 0x7ff00000).buffer)[0]!;

interface Draft {
  readonly labels: Labels;
  readonly samples: [number, number][];
  readonly histograms: [number, Histogram][];
}

/** In the order of labels: servers number them so, and add up in that order. */
export function differentialSeries(random: Random): readonly WriteSeries[] {
  const drafts: Draft[] = [];
  const add = (
    name: string,
    labels: Record<string, string>,
    next: (i: number) => number | Histogram | undefined | "stale",
  ): void => {
    const draft: Draft = { labels: Labels.of({ __name__: name, ...labels }), samples: [], histograms: [] };
    drafts.push(draft);
    const phaseMs = Math.floor(random() * 9_000);
    let lastWasHistogram = false;
    for (let i = 0; i < (DATA_MINUTES * 60_000) / INTERVAL_MS; i++) {
      const value = next(i);
      const timeMs = DATA_START_MS + i * INTERVAL_MS + phaseMs + Math.floor(random() * 20);
      if (value === undefined) continue;
      if (value === "stale") {
        if (lastWasHistogram) draft.histograms.push([timeMs, { ...histogram({ count: 0 }), sum: stale }]);
        else draft.samples.push([timeMs, stale]);
      } else if (typeof value === "number") {
        draft.samples.push([timeMs, value]);
        lastWasHistogram = false;
      } else {
        draft.histograms.push([timeMs, value]);
        lastWasHistogram = true;
      }
    }
  };
  const chance = (p: number): boolean => random() < p;
  const below = (n: number): number => Math.floor(random() * n);

  for (const job of ["api", "web"]) {
    for (const instance of ["a:1", "b:2", "c:3"]) {
      let total = below(1000);
      add("requests_total", { job, instance, code: instance === "c:3" ? "500" : "200" }, (i) => {
        total = chance(0.03) ? below(5) : total + below(20);
        if (instance === "b:2" && i > 60 && i < 100) return i === 61 ? "stale" : undefined;
        return chance(0.05) ? undefined : total;
      });
      let level = random() * 100;
      add("temperature", { job, instance, zone: `z${below(3)}` }, (i) => {
        level += (random() - 0.5) * 7;
        return i % 60 > 50 && instance === "c:3" ? undefined : level;
      });
      add("build_info", { job, instance, version: `v${below(3)}` }, (i) => (i % 20 < 18 ? 1 : undefined));
    }
    add("target_info", { job, instance: "a:1", region: "eu", "service.name": "näme" }, () => 1);
    add("target_info", { job, instance: "b:2", region: "us" }, (i) => (i < 150 ? 1 : undefined));
  }
  const specials = [
    Number.NaN,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    0,
    12,
    1e100,
    -1e100,
    5e-324,
    1e-7,
    -0,
  ];
  add("special", { kind: "mixed" }, (i) => specials[i % specials.length]);
  add("special", { kind: "zero" }, (i) => (i % 2 === 0 ? -0 : 0));
  add("special", { kind: "nan" }, (i) => (i % 3 === 0 ? Number.NaN : random()));
  add("special", { kind: "tiny" }, () => random() * 1e-7);
  add("special", { kind: "huge" }, () => random() * 1e25);
  add("my.utf-8 metric", { "the label": "ä\u{1f600}", job: "api" }, (i) => i % 7);
  for (const path of ["/", "/api"]) {
    const counts = [0, 0, 0, 0, 0, 0];
    for (const [k, le] of ["0.1", "0.5", "1", "2.5", "5", "+Inf"].entries()) {
      add("latency_bucket", { path, le }, (i) => {
        counts[k]! += below(10) * (k + 1);
        return path === "/api" && k === 3 && i % 40 === 7 ? counts[k]! - 5 : counts[k];
      });
    }
  }
  for (const [k, options] of NATIVE.entries()) {
    for (const instance of ["a:1", "b:2"]) {
      const state = new NativeState(random, options);
      add(options.name, { job: k % 2 === 0 ? "api" : "web", instance, kind: options.kind }, (i) => {
        if (options.hasGaps && (i % 70 === 40 || i % 70 === 41)) return i % 70 === 40 ? "stale" : undefined;
        if (options.hasFloats && i % 50 > 35) return i;
        return chance(0.04) ? undefined : state.next(i);
      });
    }
  }
  // A native and a classic histogram of one name.
  const both = new NativeState(random, NATIVE[0]!);
  add("latency_bucket", { path: "/" }, (i) => (i % 30 < 20 ? both.next(i) : undefined));
  return drafts.sort((a, b) => compareLabels(a.labels, b.labels));
}

interface NativeOptions {
  readonly name: string;
  readonly kind: string;
  readonly schema: number;
  readonly isFloat?: boolean;
  readonly isGauge?: boolean;
  readonly isNegative?: boolean;
  /** The resolution and the zero bucket change on the way. */
  readonly changes?: boolean;
  readonly hasGaps?: boolean;
  readonly hasFloats?: boolean;
  readonly hasNan?: boolean;
  readonly bounds?: readonly number[];
}

const NATIVE: readonly NativeOptions[] = [
  { name: "duration", kind: "plain", schema: 3, hasGaps: true },
  { name: "duration", kind: "coarse", schema: 0, isNegative: true },
  { name: "duration", kind: "changing", schema: 2, changes: true },
  { name: "duration", kind: "float", schema: 1, isFloat: true, isNegative: true },
  { name: "duration", kind: "nan", schema: -1, hasNan: true },
  { name: "level", kind: "gauge", schema: 2, isGauge: true, isNegative: true },
  { name: "level", kind: "float", schema: 2, isGauge: true, isFloat: true },
  { name: "custom", kind: "one", schema: -53, bounds: [0.5, 1, 2, 5, 10] },
  { name: "custom", kind: "two", schema: -53, bounds: [-1, 1, 2, 7, 10] },
  { name: "mixed", kind: "floats", schema: 0, hasFloats: true },
  { name: "mixed", kind: "custom", schema: -53, bounds: [1, 2, 5] },
  { name: "mixed", kind: "plain", schema: 0 },
];

/** A histogram that observes, and is reset now and then. */
class NativeState {
  readonly #random: Random;
  readonly #options: NativeOptions;
  #positive = new Map<number, number>();
  #negative = new Map<number, number>();
  #zero = 0;
  #sum = 0;
  #nan = 0;

  constructor(random: Random, options: NativeOptions) {
    this.#random = random;
    this.#options = options;
  }

  next(i: number): Histogram {
    const { bounds, isNegative, isGauge, isFloat, changes, hasNan } = this.#options;
    const random = this.#random;
    if (random() < 0.03 || (isGauge && random() < 0.3)) {
      this.#positive = new Map();
      this.#negative = new Map();
      [this.#zero, this.#sum, this.#nan] = [0, 0, 0];
    }
    const phase = changes ? Math.floor(i / 60) % 3 : 0;
    if (changes && i % 60 === 0) {
      this.#positive = new Map();
      this.#negative = new Map();
      this.#zero = 0;
    }
    const weight = isFloat ? 0.25 + Math.floor(random() * 8) / 4 : 1;
    const observe = (buckets: Map<number, number>, index: number): void => {
      buckets.set(index, (buckets.get(index) ?? 0) + weight);
    };
    for (let n = Math.floor(random() * 6); n >= 0; n--) {
      if (bounds !== undefined) observe(this.#positive, Math.floor(random() * (bounds.length + 1)));
      else if (random() < 0.15) this.#zero += weight;
      else if (isNegative && random() < 0.4) observe(this.#negative, Math.floor(random() * 8) - 3);
      else observe(this.#positive, Math.floor(random() * 14) - 5);
      this.#sum += (random() - (isNegative ? 0.5 : 0)) * 10;
    }
    if (hasNan && random() < 0.1) this.#nan++;
    const counts = [...this.#positive.values(), ...this.#negative.values(), this.#zero, this.#nan];
    return histogram({
      isFloat: isFloat ?? false,
      counterResetHint: isGauge ? 3 : 0,
      schema: bounds === undefined ? this.#options.schema - phase : -53,
      zeroThreshold: bounds === undefined ? [0.001, 0.01, 0.5][phase]! : 0,
      zeroCount: bounds === undefined ? this.#zero : 0,
      count: counts.reduce((sum, count) => sum + count, 0),
      sum: this.#nan > 0 ? Number.NaN : this.#sum,
      ...sideOf("positive", this.#positive),
      ...sideOf("negative", this.#negative),
      customValues: Float64Array.from(bounds ?? []),
    });
  }
}

function sideOf(side: "positive" | "negative", buckets: ReadonlyMap<number, number>): Partial<Histogram> {
  const sorted = [...buckets].sort(([a], [b]) => a - b);
  const spans: { offset: number; length: number }[] = [];
  let end = 0;
  for (const [index] of sorted) {
    if (spans.length > 0 && index === end) spans.at(-1)!.length++;
    else spans.push({ offset: index - end, length: 1 });
    end = index + 1;
  }
  const counts = Float64Array.from(sorted, ([, count]) => count);
  return side === "positive"
    ? { positiveSpans: spans as readonly Span[], positiveBuckets: counts }
    : { negativeSpans: spans as readonly Span[], negativeBuckets: counts };
}

function histogram(parts: Partial<Histogram>): Histogram {
  return {
    isFloat: false,
    counterResetHint: 0,
    schema: 0,
    zeroThreshold: 0,
    zeroCount: 0,
    count: 0,
    sum: 0,
    positiveSpans: [],
    negativeSpans: [],
    positiveBuckets: new Float64Array(),
    negativeBuckets: new Float64Array(),
    customValues: new Float64Array(),
    ...parts,
  };
}

/** The samples in slices of time, since a server refuses what is much older than its newest. */
export function slicesOf(series: readonly WriteSeries[]): readonly (readonly WriteSeries[])[] {
  const sliceMs = 10 * 60_000;
  const count = Math.ceil((DATA_MINUTES * 60_000) / sliceMs) + 1;
  return Array.from({ length: count }, (_, k) => {
    const from = DATA_START_MS + k * sliceMs;
    const isIn = ([timeMs]: readonly [number, unknown]): boolean => timeMs >= from && timeMs < from + sliceMs;
    const slice = series.map(({ labels, samples = [], histograms = [] }) => ({
      labels,
      samples: samples.filter(isIn),
      histograms: histograms.filter(isIn),
    }));
    // The first one names all series, in order, so that both servers number them alike.
    return k === 0 ? slice : slice.filter((each) => each.samples.length + each.histograms.length > 0);
  });
}

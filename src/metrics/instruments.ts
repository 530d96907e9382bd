/** Values that live in this thread: counters, gauges, histograms and summaries, by label values. Fixed memory for each label set. */
import type { Clock } from "../base/index.js";
import type { MetricDescription } from "./catalogue.js";
import type { MetricSample } from "./registry.js";

/** Keeps one state for each set of label values, in the order of first use. */
class Children<T> {
  readonly #states = new Map<string, { readonly labels: readonly string[]; readonly state: T }>();
  readonly #make: () => T;

  constructor(make: () => T) {
    this.#make = make;
  }

  of(labels: readonly string[]): T {
    const key = labels.join("\xff");
    let found = this.#states.get(key);
    if (found === undefined) {
      found = { labels, state: this.#make() };
      this.#states.set(key, found);
    }
    return found.state;
  }

  get all(): Iterable<{ readonly labels: readonly string[]; readonly state: T }> {
    return this.#states.values();
  }

  delete(labels: readonly string[]): void {
    this.#states.delete(labels.join("\xff"));
  }
}

/** A counter or a gauge. */
export class Value {
  readonly #children = new Children<{ value: number }>(() => ({ value: 0 }));

  constructor(description: MetricDescription) {
    if (description.labels.length === 0) this.#children.of([]);
  }

  /** @param labels values, in the order of the description. */
  add(amount: number, ...labels: string[]): void {
    this.#children.of(labels).value += amount;
  }

  set(value: number, ...labels: string[]): void {
    this.#children.of(labels).value = value;
  }

  /** Forgets a label set, such as that of a pool that is gone. */
  delete(...labels: string[]): void {
    this.#children.delete(labels);
  }

  *collect(): Iterable<MetricSample> {
    for (const { labels, state } of this.#children.all) yield { labels, value: state.value };
  }
}

interface HistogramState {
  readonly counts: number[];
  sum: number;
  count: number;
}

export class Histogram {
  readonly #bounds: readonly number[];
  readonly #children: Children<HistogramState>;

  constructor(description: MetricDescription) {
    this.#bounds = description.buckets ?? [];
    this.#children = new Children(() => ({ counts: new Array<number>(this.#bounds.length).fill(0), sum: 0, count: 0 }));
    if (description.labels.length === 0) this.#children.of([]);
  }

  observe(value: number, ...labels: string[]): void {
    const state = this.#children.of(labels);
    state.sum += value;
    state.count++;
    const bucket = this.#bounds.findIndex((bound) => value <= bound);
    if (bucket >= 0) state.counts[bucket]!++;
  }

  *collect(): Iterable<MetricSample> {
    for (const { labels, state } of this.#children.all) {
      let cumulative = 0;
      const buckets = this.#bounds.map((bound, i): readonly [number, number] => {
        cumulative += state.counts[i]!;
        return [bound, cumulative];
      });
      yield { labels, buckets, sum: state.sum, count: state.count };
    }
  }
}

/** As client_golang: quantiles over the last ten minutes, in five steps; sum and count over all time. */
const WINDOW_COUNT = 5;
const WINDOW_MS = 120_000;
/** Buckets grow by 2 %, so a quantile is at most 1 % off. */
const LOG_GROWTH = Math.log(1.02);

interface SummaryState {
  /** Bucket number → count, for each window; the newest is at `current`. */
  readonly windows: Map<number, number>[];
  current: number;
  startedMs: number;
  sum: number;
  count: number;
}

/** Observations must not be negative: these are durations. */
export class Summary {
  readonly #quantiles: readonly number[];
  readonly #clock: Clock;
  readonly #children: Children<SummaryState>;

  constructor(description: MetricDescription, clock: Clock) {
    this.#quantiles = description.quantiles ?? [];
    this.#clock = clock;
    this.#children = new Children(() => ({
      windows: Array.from({ length: WINDOW_COUNT }, () => new Map<number, number>()),
      current: 0,
      startedMs: clock.monotonicMs(),
      sum: 0,
      count: 0,
    }));
    if (description.labels.length === 0) this.#children.of([]);
  }

  observe(value: number, ...labels: string[]): void {
    const state = this.#children.of(labels);
    state.sum += value;
    state.count++;
    if (this.#quantiles.length === 0) return;
    this.#turn(state);
    const bucket = value <= 0 ? Number.NEGATIVE_INFINITY : Math.ceil(Math.log(value) / LOG_GROWTH);
    const window = state.windows[state.current]!;
    window.set(bucket, (window.get(bucket) ?? 0) + 1);
  }

  /** Forgets a label set. */
  delete(...labels: string[]): void {
    this.#children.delete(labels);
  }

  /** Makes a label set visible before its first observation. */
  declare(...labels: string[]): void {
    this.#children.of(labels);
  }

  *collect(): Iterable<MetricSample> {
    for (const { labels, state } of this.#children.all) {
      this.#turn(state);
      yield { labels, quantiles: this.#read(state), sum: state.sum, count: state.count };
    }
  }

  /** Empties the windows whose time has passed. */
  #turn(state: SummaryState): void {
    const steps = Math.floor((this.#clock.monotonicMs() - state.startedMs) / WINDOW_MS);
    for (let i = 0; i < Math.min(steps, WINDOW_COUNT); i++) {
      state.current = (state.current + 1) % WINDOW_COUNT;
      state.windows[state.current]!.clear();
    }
    state.startedMs += steps * WINDOW_MS;
  }

  #read(state: SummaryState): (readonly [quantile: number, value: number])[] {
    const merged = new Map<number, number>();
    let total = 0;
    for (const window of state.windows) {
      for (const [bucket, count] of window) {
        merged.set(bucket, (merged.get(bucket) ?? 0) + count);
        total += count;
      }
    }
    const ascending = [...merged].sort(([a], [b]) => a - b);
    return this.#quantiles.map((quantile) => {
      let left = Math.max(1, Math.ceil(quantile * total));
      for (const [bucket, count] of ascending) {
        left -= count;
        // The middle of the bucket, in logarithms.
        if (left <= 0)
          return [quantile, bucket === Number.NEGATIVE_INFINITY ? 0 : Math.exp((bucket - 0.5) * LOG_GROWTH)];
      }
      return [quantile, Number.NaN];
    });
  }
}

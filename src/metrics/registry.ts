/** Which metrics are shown, and where their values come from. Values are asked for when the page is, never kept. */
import { AssertionError, type Clock } from "../base/index.js";
import { CATALOGUE, type MetricDescription } from "./catalogue.js";
import { Histogram, Summary, Value } from "./instruments.js";

/** Values of the description's labels in its order, and one of: a value; buckets; quantiles. */
export type MetricSample =
  | { readonly labels: readonly string[]; readonly value: number }
  | {
      readonly labels: readonly string[];
      /** Upper bound and cumulative count, ascending, without +Inf. */
      readonly buckets: ReadonlyArray<readonly [bound: number, count: number]>;
      readonly sum: number;
      readonly count: number;
    }
  | {
      readonly labels: readonly string[];
      readonly quantiles: ReadonlyArray<readonly [quantile: number, value: number]>;
      readonly sum: number;
      readonly count: number;
    };

export interface CollectedFamily {
  readonly description: MetricDescription;
  readonly samples: readonly MetricSample[];
}

export class Registry {
  readonly #clock: Clock;
  readonly #sources = new Map<string, () => Iterable<MetricSample>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Shows a metric without labels, whose value is asked for with each scrape. Undefined: not shown this time. */
  value(name: string, read: () => number | undefined): void {
    this.#add(name, function* () {
      const value = read();
      if (value !== undefined) yield { labels: [], value };
    });
  }

  /** Shows a metric with labels; also for summaries and histograms kept elsewhere. */
  samples(name: string, read: () => Iterable<MetricSample>): void {
    this.#add(name, read);
  }

  counter(name: string): Value {
    return this.#instrument(name, "counter", (description) => new Value(description));
  }

  gauge(name: string): Value {
    return this.#instrument(name, "gauge", (description) => new Value(description));
  }

  histogram(name: string): Histogram {
    return this.#instrument(name, "histogram", (description) => new Histogram(description));
  }

  summary(name: string): Summary {
    return this.#instrument(name, "summary", (description) => new Summary(description, this.#clock));
  }

  /** All that is shown, sorted by name. */
  collect(): CollectedFamily[] {
    return [...this.#sources]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, read]) => ({ description: CATALOGUE.get(name)!, samples: [...read()] }))
      .filter(({ samples }) => samples.length > 0);
  }

  #instrument<T extends { collect(): Iterable<MetricSample> }>(
    name: string,
    type: MetricDescription["type"],
    make: (description: MetricDescription) => T,
  ): T {
    const description = CATALOGUE.get(name);
    if (description?.type !== type) throw new AssertionError(`${name} is no ${type} of the catalogue`);
    const instrument = make(description);
    this.#add(name, () => instrument.collect());
    return instrument;
  }

  #add(name: string, read: () => Iterable<MetricSample>): void {
    if (!CATALOGUE.has(name)) throw new AssertionError(`${name} is not in the catalogue of metrics`);
    if (this.#sources.has(name)) throw new AssertionError(`${name} is registered twice`);
    this.#sources.set(name, read);
  }
}

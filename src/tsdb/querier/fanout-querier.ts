/** The own storage and others behind it as one: what they add is merged in; where one fails, the answer is without it and says so. */
import { errorMessage, VestalError } from "../../base/index.js";
import type { QueryMemory } from "../../memory/index.js";
import { compareBytes, type Matcher } from "../../model/index.js";
import type { LabelAnswer, Querier, SelectRequest, SeriesSet } from "../../storage/index.js";
import { MergedSeries } from "./merged-series.js";

export interface FanoutQuerierOptions {
  readonly local: Querier;
  readonly others: readonly Querier[];
  readonly memory: QueryMemory;
  /** What went wrong with one of the others, for the answer. */
  onWarning(message: string): void;
}

export class FanoutQuerier implements Querier {
  readonly #options: FanoutQuerierOptions;

  constructor(options: FanoutQuerierOptions) {
    this.#options = options;
  }

  async selectAll(requests: readonly SelectRequest[]): Promise<readonly SeriesSet[]> {
    const { local, others, memory } = this.#options;
    // The others first: they take long, and the own sets hold memory while one waits for them.
    const answers = await this.#askOthers((other) => other.selectAll(requests));
    const own = await local.selectAll(requests);
    if (others.length === 0) return own;
    return own.map((set, i) => {
      const added = answers.map((sets) => sets[i]!).filter(({ count }) => count > 0);
      return added.length === 0 ? set : new MergedSeries([set, ...added], memory);
    });
  }

  async labelNames(matchers: readonly Matcher[], minTimeMs: number, maxTimeMs: number): Promise<LabelAnswer> {
    return this.#labels((querier) => querier.labelNames(matchers, minTimeMs, maxTimeMs));
  }

  async labelValues(
    name: string,
    matchers: readonly Matcher[],
    minTimeMs: number,
    maxTimeMs: number,
  ): Promise<LabelAnswer> {
    return this.#labels((querier) => querier.labelValues(name, matchers, minTimeMs, maxTimeMs));
  }

  close(): void {
    this.#options.local.close();
    for (const other of this.#options.others) other.close();
  }

  async #labels(ask: (querier: Querier) => Promise<LabelAnswer> | LabelAnswer): Promise<LabelAnswer> {
    const answers = await this.#askOthers(ask);
    const own = await ask(this.#options.local);
    if (answers.length === 0) return own;
    const values = new Set([...own.values, ...answers.flatMap(({ values: others }) => others)]);
    return { values: [...values].sort(compareBytes), warnings: own.warnings };
  }

  /** Of those that answered. */
  async #askOthers<T>(ask: (other: Querier) => Promise<T> | T): Promise<readonly T[]> {
    const answers = await Promise.all(
      this.#options.others.map(async (other): Promise<readonly T[]> => {
        try {
          return [await ask(other)];
        } catch (error) {
          if (!(error instanceof VestalError) || error.code !== "REMOTE_READ") throw error;
          this.#options.onWarning(errorMessage(error));
          return [];
        }
      }),
    );
    return answers.flat();
  }
}

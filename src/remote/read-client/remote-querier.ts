/** One server as a `Querier`: the selectors that concern it, with its external labels, over the time that it is to answer for. */
import { VestalError } from "../../base/index.js";
import type { Matcher } from "../../model/index.js";
import type { LabelAnswer, Querier, SelectRequest, SeriesSet } from "../../storage/index.js";
import type { ReadClient, ReadEndpoint, ReadExchange } from "./client.js";
import { RemoteSeriesSet } from "./remote-series.js";
import type { RemoteSelect } from "./request.js";

export interface RemoteQuerierDeps {
  readonly endpoint: ReadEndpoint;
  readonly client: ReadClient;
  /** From when on the own storage has all there is. */
  readonly localStartMs: number;
  readonly signal: AbortSignal;
  onExchange(exchange: ReadExchange): void;
}

const NOTHING: LabelAnswer = { values: [], warnings: [] };

export class RemoteQuerier implements Querier {
  readonly #deps: RemoteQuerierDeps;

  constructor(deps: RemoteQuerierDeps) {
    this.#deps = deps;
  }

  /** The time that is asked for is that of the whole query, as there; the hints say what each selector needs. */
  async selectAll(requests: readonly SelectRequest[]): Promise<readonly SeriesSet[]> {
    const startMs = Math.min(...requests.map(({ hints }) => hints.minTimeMs));
    const endMs = Math.max(...requests.map(({ hints }) => hints.maxTimeMs));
    if (!this.#isAskedFrom(startMs)) return requests.map(() => new RemoteSeriesSet([]));
    const { endpoint, localStartMs } = this.#deps;
    const range = { startMs, endMs: endpoint.readsRecent ? endMs : Math.min(endMs, localStartMs) };
    return Promise.all(requests.map((request) => this.#select(request, range)));
  }

  /** @throws VestalError REMOTE_READ: the protocol has no such question. Prometheus warns of it in each answer. */
  labelNames(_matchers: readonly Matcher[], minTimeMs: number): LabelAnswer {
    return this.#labels(minTimeMs);
  }

  labelValues(_name: string, _matchers: readonly Matcher[], minTimeMs: number): LabelAnswer {
    return this.#labels(minTimeMs);
  }

  close(): void {}

  #labels(minTimeMs: number): LabelAnswer {
    if (!this.#isAskedFrom(minTimeMs)) return NOTHING;
    throw new VestalError("REMOTE_READ", "not implemented");
  }

  /** What begins after the own storage does is answered by it alone. */
  #isAskedFrom(startMs: number): boolean {
    const { endpoint, localStartMs } = this.#deps;
    return endpoint.readsRecent || startMs <= localStartMs;
  }

  async #select(
    { matchers, hints }: SelectRequest,
    { startMs, endMs }: { readonly startMs: number; readonly endMs: number },
  ): Promise<SeriesSet> {
    const { endpoint, client, signal, onExchange } = this.#deps;
    const isRequired = Object.entries(endpoint.requiredMatchers).every(([name, value]) =>
      matchers.some((matcher) => matcher.operator === "=" && matcher.name === name && matcher.value === value),
    );
    if (!isRequired) return new RemoteSeriesSet([]);
    const added = Object.entries(endpoint.externalLabels).filter(
      ([label]) => !matchers.some(({ name }) => name === label),
    );
    const plain = matchers.map(({ operator, name, value }) => ({ operator, name, value }));
    const own = added.map(([name, value]) => ({ operator: "=" as const, name, value }));
    const select: RemoteSelect = { startMs, endMs, matchers: [...plain, ...own], hints };
    const series = await client.read(select, signal, onExchange);
    if (added.length === 0) return new RemoteSeriesSet(series);
    const names = new Set(added.map(([name]) => name));
    return new RemoteSeriesSet(series.map((one) => ({ ...one, labels: one.labels.without(names) })));
  }
}

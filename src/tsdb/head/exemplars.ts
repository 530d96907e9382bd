/**
 * The newest exemplars of one shard: a ring, in which a new one takes the place of the oldest. It lives in the memory of the
 * shard's thread; the log brings it back. As in Prometheus it knows series by their labels, so exemplars outlive a series
 * that the head has forgotten.
 */
import {
  compareLabels,
  EXEMPLAR_CHARACTERS_MAX,
  type Exemplar,
  hashLabels,
  type Labels,
  type Matcher,
} from "../../model/index.js";

/** Why an exemplar is not taken; a repeated one is expected, and no error. */
export type ExemplarRefusal = "duplicate" | "out of order" | "too long";

export interface SeriesExemplars {
  readonly seriesLabels: Labels;
  readonly exemplars: readonly Exemplar[];
}

interface Series {
  readonly labels: Labels;
  readonly key: string;
  /** Oldest first. */
  readonly exemplars: Exemplar[];
}

export class ExemplarStore {
  #capacity: number;
  readonly #series = new Map<string, Series>();
  /** Whose exemplars fill the ring, oldest first from #first on. */
  #order: Series[] = [];
  #first = 0;
  appended = 0;
  outOfOrder = 0;

  /** @param capacity  0: none are kept. */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get capacity(): number {
    return this.#capacity;
  }

  get size(): number {
    return this.#order.length - this.#first;
  }

  get seriesCount(): number {
    return this.#series.size;
  }

  /** Of the oldest one kept; undefined while there is none. */
  get oldestTimestampMs(): number | undefined {
    const oldest = this.#order[this.#first];
    return oldest?.exemplars[0]?.timestampMs;
  }

  resize(capacity: number): void {
    this.#capacity = capacity;
    while (this.size > capacity) this.#dropOldest();
  }

  /** Why an exemplar of the series would not be taken; undefined if it would. */
  refusal(series: Labels, exemplar: Exemplar): ExemplarRefusal | undefined {
    let characters = 0;
    for (const text of exemplar.labels.pairs) characters += charactersOf(text);
    if (characters > EXEMPLAR_CHARACTERS_MAX) return "too long";
    const newest = this.#series.get(series.key)?.exemplars.at(-1);
    if (newest === undefined) return undefined;
    if (isEqual(newest, exemplar)) return "duplicate";
    return isBefore(exemplar, newest) ? "out of order" : undefined;
  }

  /** Takes an exemplar unless it is refused. */
  add(labels: Labels, exemplar: Exemplar): ExemplarRefusal | undefined {
    if (this.#capacity <= 0) return undefined;
    const refusal = this.refusal(labels, exemplar);
    if (refusal !== undefined) {
      if (refusal === "out of order") this.outOfOrder++;
      return refusal;
    }
    if (this.size >= this.#capacity) this.#dropOldest();
    const { key } = labels;
    let series = this.#series.get(key);
    if (series === undefined) {
      series = { labels, key, exemplars: [] };
      this.#series.set(key, series);
    }
    series.exemplars.push(exemplar);
    this.#order.push(series);
    this.appended++;
    return undefined;
  }

  /** Exemplars in [startMs, endMs] of series that one of the selectors picks; in order of labels. */
  select(selectors: readonly (readonly Matcher[])[], startMs: number, endMs: number): SeriesExemplars[] {
    const found: SeriesExemplars[] = [];
    for (const { labels, exemplars } of this.#series.values()) {
      const isPicked = selectors.some((matchers) => matchers.every((each) => each.matches(labels.get(each.name))));
      if (!isPicked) continue;
      const wanted = exemplars.filter(({ timestampMs }) => timestampMs >= startMs && timestampMs <= endMs);
      if (wanted.length > 0) found.push({ seriesLabels: labels, exemplars: wanted });
    }
    return found.sort((a, b) => compareLabels(a.seriesLabels, b.seriesLabels));
  }

  #dropOldest(): void {
    const series = this.#order[this.#first++];
    if (series === undefined) return;
    series.exemplars.shift();
    if (series.exemplars.length === 0) this.#series.delete(series.key);
    if (this.#first > 1024 && this.#first > this.#order.length / 2) {
      this.#order = this.#order.slice(this.#first);
      this.#first = 0;
    }
  }
}

/** Unicode characters, as Prometheus counts them. */
function charactersOf(text: string): number {
  let count = text.length;
  for (let i = 0; i < text.length; i++) if ((text.charCodeAt(i) & 0xfc00) === 0xdc00) count--;
  return count;
}

function isEqual(a: Exemplar, b: Exemplar): boolean {
  if (a.labels.key !== b.labels.key) return false;
  if ((a.isTimed || b.isTimed) && a.timestampMs !== b.timestampMs) return false;
  return Object.is(a.value, b.value) || a.value === b.value;
}

/** The order in which one series may have exemplars: by time, then value, then hash of labels. */
function isBefore(a: Exemplar, b: Exemplar): boolean {
  if (a.timestampMs !== b.timestampMs) return a.timestampMs < b.timestampMs;
  if (a.value !== b.value) return a.value < b.value;
  return hashLabels(a.labels) < hashLabels(b.labels);
}

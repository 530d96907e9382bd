/**
 * Label sets of a selection in their order. Dashboards select the same series again and again: a list that is equal to the one
 * of the query before is the same object, so what was found out about it (groups, names taken off) need not be found out again.
 */
import { compareBytes, type Labels } from "./labels.js";

/** Answers that are kept of a list: each grouping of a dashboard is one. */
const MEMOS_MAX = 32;

/** Longer selectors are not remembered. */
const KEY_LENGTH_MAX = 10_000;

let lists = 0;

export class LabelList {
  readonly labels: readonly Labels[];
  /** Another number for each list. */
  readonly id: number;
  readonly #memos = new Map<string, unknown>();

  constructor(labels: readonly Labels[]) {
    this.labels = labels;
    this.id = lists++;
  }

  /** What `make` returned when it was asked for the same `key` before. It must follow from the labels alone. */
  memo<T>(key: string, make: () => T): T {
    if (this.#memos.has(key)) return this.#memos.get(key) as T; // of one key there is one type
    const made = make();
    if (this.#memos.size >= MEMOS_MAX) this.#memos.clear();
    this.#memos.set(key, made);
    return made;
  }
}

export interface OrderedList {
  /** Places of the given label sets in the order of the list. */
  readonly order: Uint32Array;
  readonly list: LabelList;
}

/** The lists of a thread's last queries. */
export class LabelLists {
  readonly #seriesMax: number;
  /** Oldest use first. */
  readonly #known = new Map<string, OrderedList & { readonly given: readonly Labels[] }>();
  #series = 0;

  /** @param seriesMax  label sets of all lists together that are kept */
  constructor(seriesMax: number) {
    this.#seriesMax = seriesMax;
  }

  /**
   * Label sets in ascending order.
   *
   * @param key    of what was selected, and where
   * @param given  the same objects as last time where the series are the same; not to be changed afterwards
   */
  ordered(key: string, given: readonly Labels[]): OrderedList {
    const known = this.#known.get(key);
    if (known !== undefined) {
      this.#known.delete(key);
      if (areSame(known.given, given)) {
        this.#known.set(key, known);
        return known;
      }
      this.#series -= weightOf(known.given);
    }
    const order = new Uint32Array(given.length);
    for (let i = 0; i < order.length; i++) order[i] = i;
    if (!isAscending(given)) order.sort((a, b) => compareShared(given[a]!, given[b]!));
    const made: OrderedList & { readonly given: readonly Labels[] } = {
      given,
      order,
      list: new LabelList(Array.from(order, (i) => given[i]!)),
    };
    if (key.length > KEY_LENGTH_MAX) return made;
    this.#known.set(key, made);
    this.#series += weightOf(given);
    for (const [oldest, { given: labels }] of this.#known) {
      if (this.#series <= this.#seriesMax) break;
      this.#known.delete(oldest);
      this.#series -= weightOf(labels);
    }
    return made;
  }
}

/** What a list costs beside its label sets counts as some of them. */
function weightOf(labels: readonly Labels[]): number {
  return labels.length + 16;
}

function areSame(a: readonly Labels[], b: readonly Labels[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

function isAscending(labels: readonly Labels[]): boolean {
  for (let i = 1; i < labels.length; i++) if (compareShared(labels[i - 1]!, labels[i]!) > 0) return false;
  return true;
}

/** As `compareLabels`; strings come from one table of symbols, so that most equal ones are found by identity. */
function compareShared(a: Labels, b: Labels): number {
  const shared = Math.min(a.pairs.length, b.pairs.length);
  for (let i = 0; i < shared; i++) {
    const x = a.pairs[i]!;
    const y = b.pairs[i]!;
    if (x !== y) return compareBytes(x, y);
  }
  return a.pairs.length - b.pairs.length;
}

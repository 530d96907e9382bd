/**
 * Heap and sort with the element moves of Go's container/heap and of its sort for short lists: where values are equal,
 * these decide which series is taken and which comes first, and answers show that.
 */

/** NaN stands below everything, another NaN included. */
export function isBelow(a: number, b: number): boolean {
  return Number.isNaN(a) || a < b;
}

type Less = (a: number, b: number) => boolean;

/** A heap of row numbers, the least on top. */
export class ValueHeap {
  readonly items: number[] = [];
  readonly #isLess: Less;

  constructor(isLess: Less) {
    this.#isLess = isLess;
  }

  push(item: number): void {
    this.items.push(item);
    let child = this.items.length - 1;
    while (child > 0) {
      const parent = (child - 1) >>> 1;
      if (!this.#isLess(this.items[child]!, this.items[parent]!)) break;
      this.#swap(child, parent);
      child = parent;
    }
  }

  replaceTop(item: number): void {
    this.items[0] = item;
    let parent = 0;
    while (2 * parent + 1 < this.items.length) {
      let child = 2 * parent + 1;
      if (child + 1 < this.items.length && this.#isLess(this.items[child + 1]!, this.items[child]!)) child++;
      if (!this.#isLess(this.items[child]!, this.items[parent]!)) break;
      this.#swap(parent, child);
      parent = child;
    }
  }

  #swap(i: number, j: number): void {
    const item = this.items[i]!;
    this.items[i] = this.items[j]!;
    this.items[j] = item;
  }
}

/** Up to this many elements Go sorts by insertion. */
const INSERTION_MAX = 12;

/** Sorts by insertion while short, else with a stable sort. `isLess` need not be a strict order for NaN. */
export function sortInPlace(items: number[], isLess: Less): number[] {
  if (items.length > INSERTION_MAX)
    return items.sort((a, b) => (isLess(a, b) ? (isLess(b, a) ? 0 : -1) : isLess(b, a) ? 1 : 0));
  for (let i = 1; i < items.length; i++) {
    for (let j = i; j > 0 && isLess(items[j]!, items[j - 1]!); j--) {
      const item = items[j]!;
      items[j] = items[j - 1]!;
      items[j - 1] = item;
    }
  }
  return items;
}

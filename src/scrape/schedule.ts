/**
 * When things are due: a heap of thousands of entries over one timer, and the place of a target within its interval.
 */

import type { Timers } from "../base/index.js";

/** Longer delays than this overflow Node.js' timers; the heap looks again then. */
const DELAY_MS_MAX = 0x7fffffff;

export interface Due {
  /** Monotonic milliseconds. */
  dueMs: number;
  /** Place in the heap, or -1; the heap's own. */
  heapIndex: number;
  /** Called when the time has come; the entry is out of the heap then and may be put in again. */
  onDue(nowMs: number): void;
}

/** Entries by due time. An entry is in it at most once. */
export class DueHeap {
  readonly #heap: Due[] = [];
  readonly #timers: Timers;
  readonly #monotonicMs: () => number;
  #stopTimer: (() => void) | undefined;
  /** When the timer will fire; Infinity without one. */
  #timerDueMs = Number.POSITIVE_INFINITY;
  #isRunning = false;

  constructor(timers: Timers, monotonicMs: () => number) {
    this.#timers = timers;
    this.#monotonicMs = monotonicMs;
  }

  get size(): number {
    return this.#heap.length;
  }

  /** Puts an entry in, or moves it. */
  put(entry: Due, dueMs: number): void {
    entry.dueMs = dueMs;
    if (entry.heapIndex < 0) {
      entry.heapIndex = this.#heap.length;
      this.#heap.push(entry);
    }
    this.#sift(entry.heapIndex);
    this.#arm();
  }

  /** Takes an entry out, if it is in. */
  remove(entry: Due): void {
    const index = entry.heapIndex;
    if (index < 0) return;
    entry.heapIndex = -1;
    const last = this.#heap.pop()!;
    if (last === entry) return;
    this.#heap[index] = last;
    last.heapIndex = index;
    this.#sift(index);
  }

  clear(): void {
    for (const entry of this.#heap) entry.heapIndex = -1;
    this.#heap.length = 0;
    this.#arm();
  }

  #arm(): void {
    if (this.#isRunning) return;
    const dueMs = this.#heap[0]?.dueMs ?? Number.POSITIVE_INFINITY;
    if (dueMs === this.#timerDueMs) return;
    this.#stopTimer?.();
    this.#stopTimer = undefined;
    this.#timerDueMs = dueMs;
    if (dueMs === Number.POSITIVE_INFINITY) return;
    // Rounded up: Node.js cuts fractions off, and a timer that fires early would only be set again.
    const delayMs = Math.min(DELAY_MS_MAX, Math.max(0, Math.ceil(dueMs - this.#monotonicMs())));
    this.#stopTimer = this.#timers.after(delayMs, () => this.#run());
  }

  #run(): void {
    this.#stopTimer = undefined;
    this.#timerDueMs = Number.POSITIVE_INFINITY;
    this.#isRunning = true;
    try {
      for (;;) {
        const entry = this.#heap[0];
        const nowMs = this.#monotonicMs();
        if (entry === undefined || entry.dueMs > nowMs) break;
        this.remove(entry);
        entry.onDue(nowMs);
      }
    } finally {
      this.#isRunning = false;
      this.#arm();
    }
  }

  #sift(start: number): void {
    const heap = this.#heap;
    const entry = heap[start]!;
    let index = start;
    for (;;) {
      const parent = (index - 1) >> 1;
      if (index === 0 || heap[parent]!.dueMs <= entry.dueMs) break;
      this.#place(heap[parent]!, index);
      index = parent;
    }
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && heap[child + 1]!.dueMs < heap[child]!.dueMs) child++;
      if (heap[child]!.dueMs >= entry.dueMs) break;
      this.#place(heap[child]!, index);
      index = child;
    }
    this.#place(entry, index);
  }

  #place(entry: Due, index: number): void {
    this.#heap[index] = entry;
    entry.heapIndex = index;
  }
}

/**
 * Milliseconds from `nowMs` (wall clock) to the target's next place in the interval. The place depends on the identity and
 * the seed alone, so it is the same after a restart, and targets spread evenly.
 */
export function firstDelayMs(identity: string, seed: number, intervalMs: number, nowMs: number): number {
  const high = (hash32(identity, 0x811c9dc5) ^ seed) >>> 0;
  const low = hash32(identity, 0x01234567);
  const offsetMs = ((high + low / 2 ** 32) / 2 ** 32) * intervalMs;
  const sincePlaceMs = (((nowMs - offsetMs) % intervalMs) + intervalMs) % intervalMs;
  return sincePlaceMs === 0 ? 0 : intervalMs - sincePlaceMs;
}

/** FNV-1a over UTF-16 units, with a final mix: FNV alone leaves the high bits of similar names alike. */
function hash32(text: string, basis: number): number {
  let hash = basis;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

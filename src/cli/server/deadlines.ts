/**
 * One timer for the deadlines of all that is open: most of it has ended long before, and would have set and cleared a timer
 * of its own for nothing.
 */

/** Node.js takes what is longer for a millisecond. */
const TIMER_MS_MAX = 2 ** 31 - 1;

export interface Due {
  /** Wall clock, milliseconds. */
  readonly dueMs: number;
}

export class Deadlines<T extends Due> {
  readonly #open: ReadonlyMap<unknown, T>;
  readonly #onDue: (item: T) => void;
  #timer: NodeJS.Timeout | undefined;
  #armedMs = Number.POSITIVE_INFINITY;

  /** @param onDue  told of each open item whose time has come, once or more often until it is closed */
  constructor(open: ReadonlyMap<unknown, T>, onDue: (item: T) => void) {
    this.#open = open;
    this.#onDue = onDue;
  }

  /** An item that is due then was opened. */
  add(dueMs: number): void {
    if (dueMs < this.#armedMs) this.#arm(dueMs);
  }

  #arm(dueMs: number): void {
    clearTimeout(this.#timer);
    this.#armedMs = dueMs;
    this.#timer = setTimeout(() => this.#look(), Math.min(Math.max(1, dueMs - Date.now()), TIMER_MS_MAX));
    this.#timer.unref();
  }

  #look(): void {
    this.#armedMs = Number.POSITIVE_INFINITY;
    const now = Date.now();
    let next = Number.POSITIVE_INFINITY;
    for (const item of [...this.#open.values()]) {
      if (item.dueMs <= now) this.#onDue(item);
      else next = Math.min(next, item.dueMs);
    }
    if (next < Number.POSITIVE_INFINITY) this.#arm(next);
  }
}

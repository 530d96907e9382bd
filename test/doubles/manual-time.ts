/** A clock and timers that a test moves. Wall and monotonic time run together unless the test sets the wall apart. */
import type { Clock, Timers } from "../../src/base/index.js";

interface Timer {
  dueMs: number;
  readonly everyMs: number | undefined;
  readonly run: () => void;
}

export class ManualTime implements Clock, Timers {
  #monotonicMs = 0;
  #wallMs: number;
  readonly #timers = new Set<Timer>();

  constructor(wallMs: number) {
    this.#wallMs = wallMs;
  }

  nowMs(): number {
    return this.#wallMs;
  }

  monotonicMs(): number {
    return this.#monotonicMs;
  }

  after(ms: number, run: () => void): () => void {
    const timer: Timer = { dueMs: this.#monotonicMs + ms, everyMs: undefined, run };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  every(ms: number, run: () => void): () => void {
    const timer: Timer = { dueMs: this.#monotonicMs + ms, everyMs: ms, run };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  get timerCount(): number {
    return this.#timers.size;
  }

  setWall(ms: number): void {
    this.#wallMs = ms;
  }

  /** Moves time on without running what falls due, as a blocked thread sees it. */
  jump(ms: number): void {
    this.#monotonicMs += ms;
    this.#wallMs += ms;
  }

  /** Runs everything that falls due within `ms`, in order, and lets promises settle in between. */
  async advance(ms: number): Promise<void> {
    const endMs = this.#monotonicMs + ms;
    await settle();
    for (;;) {
      let next: Timer | undefined;
      for (const timer of this.#timers) if (next === undefined || timer.dueMs < next.dueMs) next = timer;
      if (next === undefined || next.dueMs > endMs) break;
      this.jump(Math.max(0, next.dueMs - this.#monotonicMs));
      if (next.everyMs === undefined) this.#timers.delete(next);
      else next.dueMs += next.everyMs;
      next.run();
      await settle();
    }
    this.jump(Math.max(0, endMs - this.#monotonicMs));
    await settle();
  }
}

/** Lets all promises that depend on nothing outside settle. */
export async function settle(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

/** A clock and timers that a test moves. Wall and monotonic time run together unless the test sets the wall apart. */
import type { Clock } from "../../src/base/index.js";

interface Timer {
  readonly dueMs: number;
  readonly callback: () => void;
}

export class ManualTime implements Clock {
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

  set(callback: () => void, delayMs: number): unknown {
    const timer = { dueMs: this.#monotonicMs + delayMs, callback };
    this.#timers.add(timer);
    return timer;
  }

  clear(handle: unknown): void {
    this.#timers.delete(handle as Timer);
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
      this.#timers.delete(next);
      this.jump(Math.max(0, next.dueMs - this.#monotonicMs));
      next.callback();
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

/**
 * A queue of keys: a key that is added several times is worked on once, and never by two at a time; one that is added while it
 * is worked on comes again afterwards. Failures come back after a pause that doubles with each.
 */
import type { Timers } from "../base/index.js";

export interface WorkQueueOptions {
  /** Keys worked on at a time. */
  readonly workers: number;
  readonly backoffMs: number;
  readonly backoffMsMax: number;
}

export const DEFAULT_WORK_QUEUE: WorkQueueOptions = { workers: 4, backoffMs: 250, backoffMsMax: 60_000 };

export class WorkQueue {
  readonly #options: WorkQueueOptions;
  readonly #work: (key: string) => Promise<void>;
  readonly #timers: Timers;
  readonly #onFailure: (key: string, error: unknown) => void;
  readonly #waiting = new Set<string>();
  readonly #running = new Set<string>();
  readonly #again = new Set<string>();
  readonly #failures = new Map<string, number>();
  readonly #pauses = new Map<string, () => void>();
  readonly #idle: (() => void)[] = [];
  #isStopped = false;

  constructor(
    options: WorkQueueOptions,
    work: (key: string) => Promise<void>,
    timers: Timers,
    onFailure: (key: string, error: unknown) => void,
  ) {
    this.#options = options;
    this.#work = work;
    this.#timers = timers;
    this.#onFailure = onFailure;
  }

  get length(): number {
    return this.#waiting.size + this.#running.size;
  }

  /** Waiting, worked on, or to be tried again. */
  has(key: string): boolean {
    return this.#waiting.has(key) || this.#running.has(key) || this.#pauses.has(key);
  }

  add(key: string): void {
    if (this.#isStopped) return;
    this.#pauses.get(key)?.();
    this.#pauses.delete(key);
    if (this.#running.has(key)) this.#again.add(key);
    else this.#waiting.add(key);
    this.#next();
  }

  addAfter(key: string, ms: number): void {
    if (this.#isStopped || this.#pauses.has(key)) return;
    this.#pauses.set(
      key,
      this.#timers.after(ms, () => {
        this.#pauses.delete(key);
        this.add(key);
      }),
    );
  }

  /** Takes nothing new and resolves when what runs is done. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const cancel of this.#pauses.values()) cancel();
    this.#pauses.clear();
    this.#waiting.clear();
    if (this.#running.size > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  #next(): void {
    for (const key of this.#waiting) {
      if (this.#running.size >= this.#options.workers || this.#isStopped) return;
      this.#waiting.delete(key);
      this.#running.add(key);
      void this.#run(key); // a failure goes to onFailure and comes again
    }
  }

  async #run(key: string): Promise<void> {
    try {
      await this.#work(key);
      this.#failures.delete(key);
    } catch (error) {
      const failures = this.#failures.get(key) ?? 0;
      this.#failures.set(key, failures + 1);
      this.#onFailure(key, error);
      if (!this.#again.has(key)) {
        this.addAfter(key, Math.min(this.#options.backoffMs * 2 ** Math.min(failures, 16), this.#options.backoffMsMax));
      }
    }
    this.#running.delete(key);
    if (this.#again.delete(key)) this.#waiting.add(key);
    this.#next();
    if (this.#running.size === 0 && this.#isStopped) for (const resolve of this.#idle.splice(0)) resolve();
  }
}

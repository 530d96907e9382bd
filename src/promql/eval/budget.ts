/** What a query may use: samples held at a time, and the patience of whoever waits for it. */
import { VestalError } from "../../base/index.js";
import type { CancelToken } from "../../storage/index.js";

/** Samples of work between two looks at the cancel token: below a millisecond even for the dearest window functions. */
const WORK_PER_CHECK = 20_000;

/** Steps of one row that a kernel is given at once: a few milliseconds, and more than any chart has. */
const STEPS_PER_SLICE = 250_000;

export class Budget {
  readonly #maxSamples: number;
  readonly #cancel: CancelToken;
  readonly #textLimit: number;
  #text = 0;
  #live = 0;
  #peak = 0;
  #total = 0;
  #work = 0;
  #perStep: Float64Array | undefined;
  /** How often `count` counts: the steps for what is computed once for all of them, 0 below a subquery in a function. */
  weight = 1;

  /**
   * @param maxSamples  `--query.max-samples`: most samples in memory at a time; 0 = no limit.
   * @param textLimit   most characters of texts that are made
   */
  constructor(maxSamples: number, cancel: CancelToken, textLimit = Number.POSITIVE_INFINITY) {
    this.#maxSamples = maxSamples;
    this.#cancel = cancel;
    this.#textLimit = textLimit;
  }

  /** Samples held now: remember it, and give it to `release` when what was charged since is gone. */
  get live(): number {
    return this.#live;
  }
  get peak(): number {
    return this.#peak;
  }
  /** Samples that steps looked at, as Prometheus' `totalQueryableSamples` counts them. */
  get total(): number {
    return this.#total;
  }

  /** Whether so many more samples may be charged. */
  hasRoom(samples: number): boolean {
    return this.#maxSamples === 0 || this.#live + samples <= this.#maxSamples;
  }

  /** @throws VestalError QUERY_SAMPLES if the query would hold more samples than it may. */
  charge(samples: number): void {
    this.#live += samples;
    if (this.#live > this.#peak) this.#peak = this.#live;
    if (this.#maxSamples > 0 && this.#live > this.#maxSamples) {
      const message = "query processing would load too many samples into memory in query execution";
      throw new VestalError("QUERY_SAMPLES", message, { maxSamples: this.#maxSamples });
    }
  }

  release(live: number): void {
    this.#live = live;
  }

  /** Says that steps looked at `samples` samples: one for each present step of a selector, all of each window. */
  count(samples: number): void {
    this.#total += samples * this.weight;
  }

  /** One sample that a step looked at and holds; of histograms as many as their size makes. */
  countSample(samples: number, step: number): void {
    this.count(samples);
    this.countAt(step, samples);
    this.charge(samples);
  }

  /** From now on samples are counted for each of the query's steps too. */
  countSteps(steps: number): void {
    this.#perStep = new Float64Array(steps);
  }

  /** Undefined unless `countSteps` was called. */
  get perStep(): Float64Array | undefined {
    return this.#perStep;
  }

  /** The part of what `count` is told that one step looked at: what is computed once counts at each. */
  countAt(step: number, samples: number): void {
    const perStep = this.#perStep;
    if (perStep === undefined || this.weight === 0) return;
    if (this.weight > 1) for (let i = 0; i < perStep.length; i++) perStep[i]! += samples;
    else perStep[step]! += samples;
  }

  /**
   * Bytes of texts that the query has made, labels above all: they stay until it ends.
   * @throws VestalError QUERY_MEMORY if they are more than the query's memory may be.
   */
  holdText(characters: number): void {
    this.#text += characters;
    if (this.#text <= this.#textLimit) return;
    const limitBytes = this.#textLimit;
    throw new VestalError("QUERY_MEMORY", `the query needs more than ${limitBytes} bytes of memory`, { limitBytes });
  }

  /**
   * Runs a kernel over the steps of a row in slices, so that a query of millions of steps can be canceled in time.
   * @returns the sum of what the slices return
   */
  inSlices(steps: number, run: (from: number, count: number) => number): number {
    if (steps <= STEPS_PER_SLICE) return run(0, steps);
    let found = 0;
    for (let from = 0; from < steps; from += STEPS_PER_SLICE) {
      found += run(from, Math.min(STEPS_PER_SLICE, steps - from));
      this.#cancel.check(this.#total, this.#live);
    }
    return found;
  }

  /**
   * Says that about `samples` samples' worth of work was done.
   * @throws VestalError QUERY_CANCELED or QUERY_TIMEOUT.
   */
  work(samples: number): void {
    this.#work += samples + 16;
    if (this.#work < WORK_PER_CHECK) return;
    this.#work = 0;
    this.#cancel.check(this.#total, this.#live);
  }
}

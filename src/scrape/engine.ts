/**
 * All scrapes of one thread. A bounded number is under way, each with a slot of the appender; the others wait in order of
 * their due times. Every target is scraped at its own place in the interval and never twice at once.
 */
import { type Clock, errorMessage, type Logger, type Timers } from "../base/index.js";
import type { Labels } from "../model/index.js";
import type { ScrapeAppender } from "../storage/index.js";
import { createCounters, type IntervalLengths, IntervalObserver, type ScrapeCounters } from "./counters.js";
import type { FetchResult } from "./http/client.js";
import type { ScrapeUrl } from "./http/request.js";
import type { TransportOptions } from "./http/transport.js";
import { TargetLoop } from "./loop.js";
import { DueHeap } from "./schedule.js";
import type { ScrapeJob, TargetSpec, TargetStatus } from "./target.js";

export interface ScrapeEngineOptions {
  /** Scrapes under way at once; each needs a slot and room for a body. */
  readonly inFlightMax: number;
  /** `--scrape.adjust-timestamps` and `--scrape.timestamp-tolerance`. */
  readonly adjustTimestamps: boolean;
  readonly timestampToleranceMs: number;
  /** `--enable-feature=extra-scrape-metrics` */
  readonly extraMetrics: boolean;
  /** `--enable-feature=native-histograms`: those of all jobs are stored. */
  readonly nativeHistograms: boolean;
  /** `--enable-feature=created-timestamp-zero-ingestion` */
  readonly createdZeros: boolean;
  /** `--enable-feature=metadata-wal-records` */
  readonly logsMetadata: boolean;
  /** Moves all places in the interval, so that replicas with other external labels scrape at other times. */
  readonly offsetSeed: number;
}

export const DEFAULT_ENGINE_OPTIONS: ScrapeEngineOptions = {
  inFlightMax: 64,
  adjustTimestamps: true,
  timestampToleranceMs: 2,
  extraMetrics: false,
  nativeHistograms: false,
  createdZeros: false,
  logsMetadata: false,
  offsetSeed: 0,
};

/** What fetches one target; `TargetClient` outside of tests. */
export interface Fetcher {
  fetch(slot: number): Promise<FetchResult>;
  close(): void;
}

export interface ScrapeEngineDeps {
  readonly appender: ScrapeAppender;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Logger;
  /** @throws VestalError if the target cannot be asked at all: its scrapes fail with that message. */
  readonly createFetcher: (url: ScrapeUrl, transport: TransportOptions, timeoutMs: number) => Fetcher;
  /** A function for `metric_relabel_configs`; undefined for none. Called once a job. */
  readonly createRelabel: (configs: readonly unknown[]) => ((labels: Labels) => Labels | undefined) | undefined;
}

/** What loops share; theirs alone. */
export interface LoopContext extends ScrapeEngineDeps {
  readonly options: ScrapeEngineOptions;
  readonly counters: ScrapeCounters;
  readonly intervals: IntervalObserver;
  readonly heap: DueHeap;
  readonly queue: ScrapeQueue;
  /** The target has ended for good: its series are closed. */
  readonly onEnded: (loop: TargetLoop) => void;
}

/** A job with what is made of it once. */
export interface LoopJob {
  readonly job: ScrapeJob;
  readonly relabel: ((labels: Labels) => Labels | undefined) | undefined;
}

/** Slots, and who waits for one. */
export class ScrapeQueue {
  readonly #freeSlots: number[];
  readonly #counters: ScrapeCounters;
  #waiting: ((slot: number) => Promise<void>)[] = [];
  #waitingFrom = 0;
  readonly #running = new Set<Promise<void>>();

  constructor(slotCount: number, counters: ScrapeCounters) {
    this.#freeSlots = Array.from({ length: slotCount }, (_, i) => slotCount - 1 - i);
    this.#counters = counters;
  }

  /** Runs `scrape` with a slot as soon as there is one. It must not reject. */
  push(scrape: (slot: number) => Promise<void>): void {
    this.#waiting.push(scrape);
    this.#drain();
  }

  /** Resolves when nothing is under way; what waits is dropped. */
  async stop(): Promise<void> {
    this.#waiting = [];
    this.#waitingFrom = 0;
    await Promise.all(this.#running);
  }

  #drain(): void {
    while (this.#freeSlots.length > 0 && this.#waitingFrom < this.#waiting.length) {
      const scrape = this.#waiting[this.#waitingFrom++]!;
      const slot = this.#freeSlots.pop()!;
      const run = scrape(slot).finally(() => {
        this.#running.delete(run);
        this.#freeSlots.push(slot);
        this.#drain();
      });
      this.#running.add(run);
    }
    if (this.#waitingFrom === this.#waiting.length || this.#waitingFrom > 1024) {
      this.#waiting.splice(0, this.#waitingFrom);
      this.#waitingFrom = 0;
    }
    this.#counters.queued = this.#waiting.length - this.#waitingFrom;
    this.#counters.inFlight = this.#running.size;
  }
}

/** Over the targets of a job. */
export interface MetadataSize {
  readonly jobName: string;
  readonly entries: number;
  readonly characters: number;
}

export class ScrapeEngine {
  readonly #context: LoopContext;
  readonly #jobs = new Map<string, LoopJob>();
  /** Live targets and, until their series are closed, those that were removed. */
  readonly #loops = new Map<string, TargetLoop>();

  constructor(options: ScrapeEngineOptions, deps: ScrapeEngineDeps) {
    const counters = createCounters();
    this.#context = {
      ...deps,
      options,
      counters,
      intervals: new IntervalObserver(),
      heap: new DueHeap(deps.timers, () => deps.clock.monotonicMs()),
      queue: new ScrapeQueue(options.inFlightMax, counters),
      onEnded: (loop) => {
        if (this.#loops.get(loop.key) === loop) this.#loops.delete(loop.key);
      },
    };
  }

  /** Adds or replaces a job. Its targets go on at their places with what is new; unchanged ones notice nothing. */
  setJob(job: ScrapeJob): void {
    const old = this.#jobs.get(job.name);
    const text = JSON.stringify(job);
    if (old !== undefined && JSON.stringify(old.job) === text) return;
    const made: LoopJob = { job, relabel: this.#context.createRelabel(job.metricRelabelConfigs) };
    this.#jobs.set(job.name, made);
    for (const loop of this.#loops.values()) if (loop.jobName === job.name) loop.update(made, loop.spec);
  }

  /** Ends a job and all its targets. */
  removeJob(name: string): void {
    this.#jobs.delete(name);
    for (const loop of this.#loops.values()) if (loop.jobName === name) loop.remove();
  }

  /** Adds a target, or gives a known one its new interval and timeout; one that was being removed goes on. */
  setTarget(spec: TargetSpec): void {
    const job = this.#jobs.get(spec.jobName);
    if (job === undefined) {
      this.#context.log.error("Target of an unknown scrape job", { job: spec.jobName, target: spec.key });
      return;
    }
    const known = this.#loops.get(spec.key);
    if (known === undefined) this.#loops.set(spec.key, new TargetLoop(job, spec, this.#context));
    else known.update(job, spec);
  }

  /** Ends a target: its series get staleness markers after two more intervals, unless it comes back. */
  removeTarget(key: string): void {
    this.#loops.get(key)?.remove();
  }

  get targetCount(): number {
    let count = 0;
    for (const loop of this.#loops.values()) if (!loop.isRemoved) count++;
    return count;
  }

  statuses(): TargetStatus[] {
    return [...this.#loops.values()].filter((loop) => !loop.isRemoved).map((loop) => loop.status());
  }

  /** Metadata of a target, or undefined if it is not known. */
  metadata(key: string): ReturnType<TargetLoop["metadata"]> | undefined {
    const loop = this.#loops.get(key);
    return loop === undefined || loop.isRemoved ? undefined : loop.metadata();
  }

  /** How much is remembered of metadata, for each job that has targets. */
  metadataSizes(): MetadataSize[] {
    const sizes = new Map<string, { jobName: string; entries: number; characters: number }>();
    for (const loop of this.#loops.values()) {
      const size = loop.metadataSize();
      const sum = sizes.get(loop.jobName) ?? { jobName: loop.jobName, entries: 0, characters: 0 };
      sum.entries += size.entries;
      sum.characters += size.characters;
      sizes.set(loop.jobName, sum);
    }
    return [...sizes.values()];
  }

  counters(): ScrapeCounters {
    return { ...this.#context.counters };
  }

  intervalLengths(): IntervalLengths[] {
    return this.#context.intervals.collect();
  }

  /** Lets scrapes under way end as failed, and frees all targets without staleness markers, as at a shutdown. */
  async stop(): Promise<void> {
    const { heap, queue, log } = this.#context;
    heap.clear();
    for (const loop of this.#loops.values()) loop.interrupt();
    await queue.stop();
    for (const loop of this.#loops.values()) {
      try {
        await loop.free();
      } catch (error) {
        log.error("Closing a target failed", { target: loop.key, err: errorMessage(error) });
      }
    }
    this.#loops.clear();
    heap.clear();
  }
}

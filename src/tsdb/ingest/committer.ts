/**
 * The later steps of a commit, the same for scrapes, batches of other threads, and rules: validate what is staged, log it,
 * encode it, publish it. Each step runs only after the one before succeeded for the whole batch; if logging fails, the
 * head has changed nothing that a query could see.
 *
 * The head is marked as mutating for the whole of it: a thread that ends in between leaves memory that must be rebuilt. So
 * does one that meets a kernel's trap or a failed assertion: it stores nothing more, and ends.
 */
import {
  COUNTER_MAX_TIME,
  COUNTER_MIN_TIME,
  COUNTER_REFUSED_MEMORY,
  COUNTERS,
  RESOLVE_NO_REFS,
  STAGED_BYTES,
  STAGED_STATUS,
  STAGED_TIME,
  STATUS_OK,
  STATUS_OUT_OF_BOUNDS,
} from "../../../assembly/layout.js";
import { type Clock, errorMessage, VestalError } from "../../base/index.js";
import { type Head, isForeseen } from "../head/index.js";
import type { WalKernels, WalWriter } from "../wal/index.js";

/** As Prometheus: samples further in the future are refused, or one wrong clock would age everybody else's. */
const MAX_AHEAD_MS = 10 * 60_000;
/** Refs that a shard takes at a time. */
const REFS_PER_RANGE = 65_536;

/** What the shards' heads share; in shared control memory outside of tests. */
export interface HeadBounds {
  readonly maxTimeMs: number | undefined;
  readonly minValidTimeMs: number;
  widenHead(minMs: number, maxMs: number): void;
  takeRefs(count: number): number;
}

export interface CommitterOptions {
  readonly chunkRangeMs: number;
}

/** What a caller wants to say before a batch is stored. */
export interface CommitConditions {
  /** Of the first sample, stored or not: what an empty head takes for its newest one. */
  readonly firstTimeMs?: number | undefined;
  /** False: nothing is stored. Each row's STAGED_STATUS is known, the series are as they were. */
  judge?(accepted: number, minValidTimeMs: number): boolean;
}

export interface CommitterDeps {
  readonly head: Head;
  readonly wal: WalWriter;
  readonly bounds: HeadBounds;
  readonly clock: Clock;
  /** A segment is full; syncing it may take long and need not be waited for. */
  readonly onFinishedSegment: (segment: number) => void;
  /** The head may be torn: the thread must end. Called once; everything after it is refused. */
  readonly onBroken: (error: unknown) => void;
}

export class Committer {
  readonly head: Head;
  readonly #wal: WalWriter;
  readonly #bounds: HeadBounds;
  readonly #clock: Clock;
  readonly #chunkRangeMs: number;
  readonly #onFinishedSegment: (segment: number) => void;
  readonly #onBroken: (error: unknown) => void;
  #isBroken = false;
  readonly #walKernels: WalKernels;

  constructor(options: CommitterOptions, deps: CommitterDeps) {
    this.head = deps.head;
    this.#wal = deps.wal;
    this.#bounds = deps.bounds;
    this.#clock = deps.clock;
    this.#chunkRangeMs = options.chunkRangeMs;
    this.#onFinishedSegment = deps.onFinishedSegment;
    this.#onBroken = deps.onBroken;
    // The ingest instance has all kernels; the head's type names another part of its exports.
    this.#walKernels = deps.head.kernels as unknown as WalKernels;
  }

  /**
   * Marks the head as changing while `work` runs; see `Head.mutate`.
   * @throws VestalError HEAD_BROKEN after an error that may have torn the head.
   */
  mutate<T>(work: () => T): T {
    if (this.#isBroken) throw new VestalError("HEAD_BROKEN", "the shard's memory may be torn and is being rebuilt");
    try {
      return this.head.mutate(work);
    } catch (error) {
      if (isForeseen(error)) throw error;
      this.#isBroken = true;
      this.#onBroken(error);
      throw new VestalError("HEAD_BROKEN", `the shard's memory may be torn: ${errorMessage(error)}`, {}, error);
    }
  }

  /** Slot of LABEL BYTES or labels through `resolve`, with more refs where they have run out; negative: RESOLVE_*. */
  resolve(resolve: () => number): number {
    const slot = resolve();
    if (slot !== RESOLVE_NO_REFS) return slot;
    this.takeRefs();
    return resolve();
  }

  /** New series get refs of another range. */
  takeRefs(): void {
    const first = this.#bounds.takeRefs(REFS_PER_RANGE);
    this.head.setRefRange(first, first + REFS_PER_RANGE);
  }

  /**
   * Stores the first `rows` staged rows and returns how many were accepted; each row's STAGED_STATUS says why not.
   *
   * @throws VestalError WAL_WRITE, WAL_LOCKED or WAL_STOPPED: nothing is stored.
   */
  commit(staging: number, rows: number, conditions: CommitConditions = {}): number {
    const { head } = this;
    this.#refuseFuture(staging, rows);
    this.#wal.reserve(rows); // before validation, which counts on the memory that is left
    const minValidTimeMs = this.#minValidTimeMs(conditions.firstTimeMs);
    const accepted = head.validate(rows, minValidTimeMs);
    if (conditions.judge?.(accepted, minValidTimeMs) === false || accepted === 0) return 0;
    this.#wal.logSeries(staging, rows);
    this.#wal.logSamples(staging, rows);
    const { finishedSegment } = this.#wal.commit();
    this.#walKernels.markRecorded(staging, rows);
    head.append(rows);
    head.publish();
    const floats = head.floats;
    this.#bounds.widenHead(floats[(COUNTERS >> 3) + COUNTER_MIN_TIME]!, floats[(COUNTERS >> 3) + COUNTER_MAX_TIME]!);
    if (finishedSegment !== undefined) this.#onFinishedSegment(finishedSegment);
    return accepted;
  }

  countRefusedForMemory(): void {
    const at = (COUNTERS >> 3) + COUNTER_REFUSED_MEMORY;
    this.head.floats[at] = this.head.floats[at]! + 1;
  }

  #minValidTimeMs(firstTimeMs: number | undefined): number {
    const { minValidTimeMs } = this.#bounds;
    const maxTimeMs = this.#bounds.maxTimeMs ?? firstTimeMs;
    return maxTimeMs === undefined ? minValidTimeMs : Math.max(minValidTimeMs, maxTimeMs - this.#chunkRangeMs / 2);
  }

  #refuseFuture(staging: number, rows: number): void {
    const words = this.head.words;
    const limitMs = this.#clock.nowMs() + MAX_AHEAD_MS;
    const limitHigh = Math.floor(limitMs / 2 ** 32);
    let time = (staging + STAGED_TIME + 4) >>> 2;
    for (let row = 0; row < rows; row++, time += STAGED_BYTES >> 2) {
      const high = words[time]! | 0; // the upper half of an i64
      if (high < limitHigh) continue;
      if (high * 2 ** 32 + words[time - 1]! <= limitMs) continue;
      const status = (staging + row * STAGED_BYTES + STAGED_STATUS) >>> 2;
      if (words[status] === STATUS_OK) words[status] = STATUS_OUT_OF_BOUNDS;
    }
  }
}

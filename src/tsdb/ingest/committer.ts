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
  STATUS_REPEATED,
  STATUS_SKIPPED,
} from "../../../assembly/layout.js";
import { type Clock, errorMessage, VestalError } from "../../base/index.js";
import type { Exemplar, Labels, SeriesMetadata } from "../../model/index.js";
import { type ExemplarRefusal, type ExemplarStore, type Head, isForeseen, type MetadataStore } from "../head/index.js";
import { encodeExemplars, encodeMetadata, type WalKernels, type WalWriter } from "../wal/index.js";

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

/** An exemplar of a series in this shard; `refusal` is set by the commit. */
export interface ExemplarRow {
  readonly slot: number;
  readonly exemplar: Exemplar;
  refusal?: ExemplarRefusal | undefined;
}

export interface MetadataRow {
  readonly slot: number;
  readonly metadata: SeriesMetadata;
}

/** What a commit stores beside the float samples of the staging table. */
export interface CommitExtras {
  readonly exemplars: readonly ExemplarRow[];
  readonly metadata: readonly MetadataRow[];
  /** Nothing is stored unless all samples are. */
  readonly isAllOrNothing: boolean;
}

const NO_EXTRAS: CommitExtras = { exemplars: [], metadata: [], isAllOrNothing: false };

export interface CommitterDeps {
  readonly head: Head;
  readonly exemplars: ExemplarStore;
  readonly metadata: MetadataStore;
  readonly wal: WalWriter;
  readonly bounds: HeadBounds;
  readonly clock: Clock;
  /** A segment is full; syncing it may take long and need not be waited for. */
  readonly onFinishedSegment: (segment: number) => void;
  /** The head may be torn: the thread must end. Called once; everything after it is refused. */
  readonly onBroken: (error: unknown) => void;
}

interface TakenExemplar {
  readonly slot: number;
  readonly labels: Labels;
  readonly exemplar: Exemplar;
}

export class Committer {
  readonly head: Head;
  readonly exemplars: ExemplarStore;
  readonly metadata: MetadataStore;
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
    this.exemplars = deps.exemplars;
    this.metadata = deps.metadata;
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
    const first = this.#bounds.takeRefs(REFS_PER_RANGE);
    this.head.setRefRange(first, first + REFS_PER_RANGE);
    return resolve();
  }

  /**
   * Stores the first `rows` staged rows and returns how many were accepted; each row's STAGED_STATUS says why not. Behind
   * them the staging table has room for as many rows as `extras` has entries.
   *
   * @throws VestalError WAL_WRITE, WAL_LOCKED or WAL_STOPPED: nothing is stored.
   */
  commit(staging: number, rows: number, extras: CommitExtras = NO_EXTRAS): number {
    const { head } = this;
    this.#refuseFuture(staging, rows);
    this.#wal.reserve(rows); // before validation, which counts on the memory that is left
    const accepted = head.validate(rows, this.minValidTimeMs);
    if (extras.isAllOrNothing && accepted < rows && this.#countRefused(staging, rows) > 0) return 0;
    const exemplars = this.#takenExemplars(extras.exemplars);
    const metadata = this.#newMetadata(extras.metadata);
    if (accepted === 0 && exemplars.length === 0 && metadata.length === 0) return 0;
    const named = this.#stageUnrecorded(rows, exemplars, metadata);
    this.#wal.logSeries(staging, named);
    this.#logMetadata(metadata);
    this.#wal.logSamples(staging, rows);
    this.#logExemplars(exemplars);
    const { finishedSegment } = this.#wal.commit();
    this.#walKernels.markRecorded(staging, named);
    if (accepted > 0) {
      head.append(rows);
      head.publish();
      const floats = head.floats;
      this.#bounds.widenHead(floats[(COUNTERS >> 3) + COUNTER_MIN_TIME]!, floats[(COUNTERS >> 3) + COUNTER_MAX_TIME]!);
    }
    for (const { slot, metadata: known } of metadata) this.metadata.set(slot, head.slotGeneration(slot), known);
    for (const { labels, exemplar } of exemplars) this.exemplars.add(labels, exemplar);
    if (finishedSegment !== undefined) this.#onFinishedSegment(finishedSegment);
    return accepted;
  }

  /** Samples below it are refused. */
  get minValidTimeMs(): number {
    const { maxTimeMs, minValidTimeMs } = this.#bounds;
    return maxTimeMs === undefined ? minValidTimeMs : Math.max(minValidTimeMs, maxTimeMs - this.#chunkRangeMs / 2);
  }

  /** Whether a sample at that time would be in order. */
  isNewest(slot: number, timestampMs: number): boolean {
    const last = this.head.lastSample(slot);
    return timestampMs >= this.minValidTimeMs && (last === undefined || timestampMs > last.timestampMs);
  }

  /** Exemplars that the store takes; repeated ones are left out without a word. */
  #takenExemplars(rows: readonly ExemplarRow[]): TakenExemplar[] {
    const taken: TakenExemplar[] = [];
    if (this.exemplars.capacity <= 0) return taken;
    for (const row of rows) {
      const labels = this.head.seriesLabels(row.slot);
      row.refusal = this.exemplars.refusal(labels, row.exemplar);
      if (row.refusal === undefined) taken.push({ slot: row.slot, labels, exemplar: row.exemplar });
    }
    return taken;
  }

  #newMetadata(rows: readonly MetadataRow[]): readonly MetadataRow[] {
    return rows.filter(({ slot, metadata }) => this.metadata.isNew(slot, this.head.slotGeneration(slot), metadata));
  }

  /** Stages rows without a sample for series that the log does not know yet; returns the rows in all. */
  #stageUnrecorded(rows: number, ...lists: readonly (readonly { readonly slot: number }[])[]): number {
    const { head } = this;
    let end = rows;
    for (const list of lists) {
      for (const { slot } of list) {
        if (head.isRecorded(slot)) continue;
        head.stageRow(end, slot, 0, 0);
        head.setRowStatus(end++, STATUS_SKIPPED);
      }
    }
    return end;
  }

  #logExemplars(taken: readonly TakenExemplar[]): void {
    if (taken.length === 0) return;
    const entries = taken.map(({ slot, exemplar }) => ({ ref: this.head.seriesRef(slot), exemplar }));
    encodeExemplars(entries, (record) => this.#wal.logRecord(record));
  }

  #logMetadata(rows: readonly MetadataRow[]): void {
    if (rows.length === 0) return;
    const entries = rows.map(({ slot, metadata }) => ({ ref: this.head.seriesRef(slot), metadata }));
    encodeMetadata(entries, (record) => this.#wal.logRecord(record));
  }

  /** Rows that are neither stored nor repeated. */
  #countRefused(staging: number, rows: number): number {
    const { words } = this.head;
    let refused = 0;
    for (let row = 0; row < rows; row++) {
      const status = words[(staging + row * STAGED_BYTES + STAGED_STATUS) >>> 2]!;
      if (status !== STATUS_OK && status !== STATUS_REPEATED && status !== STATUS_SKIPPED) refused++;
    }
    return refused;
  }

  countRefusedForMemory(): void {
    const at = (COUNTERS >> 3) + COUNTER_REFUSED_MEMORY;
    this.head.floats[at] = this.head.floats[at]! + 1;
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

/**
 * The later steps of a commit, the same for scrapes, batches of other threads, and rules: validate what is staged, log it,
 * encode it, publish it. Each step runs only after the one before succeeded for the whole batch; if logging fails, the
 * head has changed nothing that a query could see.
 *
 * The head is marked as mutating for the whole of it: a thread that ends in between leaves memory that must be rebuilt. So
 * does one that meets a kernel's trap or a failed assertion: it stores nothing more, and ends.
 */
import {
  COUNTER_HISTOGRAMS_DUPLICATE,
  COUNTER_HISTOGRAMS_OUT_OF_BOUNDS,
  COUNTER_HISTOGRAMS_OUT_OF_ORDER,
  COUNTER_HISTOGRAMS_TOO_OLD,
  COUNTER_MAX_TIME,
  COUNTER_MIN_TIME,
  COUNTER_OUT_OF_ORDER,
  COUNTER_REFUSED_MEMORY,
  COUNTER_SAMPLES_APPENDED,
  COUNTER_SERIES_CREATED,
  COUNTERS,
  FOREIGN_SLOTS,
  RESOLVE_NO_MEMORY,
  RESOLVE_NO_REFS,
  STAGED_BYTES,
  STAGED_SLOT,
  STAGED_STATUS,
  STAGED_TIME,
  STAGED_VALUE,
  STATUS_DUPLICATE,
  STATUS_NO_MEMORY,
  STATUS_OK,
  STATUS_OOO,
  STATUS_OUT_OF_BOUNDS,
  STATUS_OUT_OF_ORDER,
  STATUS_REPEATED,
  STATUS_SKIPPED,
  STATUS_TOO_OLD,
} from "../../../assembly/layout.js";
import { assert, type Clock, errorMessage, VestalError } from "../../base/index.js";
import {
  type Exemplar,
  type Labels,
  type SeriesMetadata,
  STALE_NAN_HIGH,
  STALE_NAN_LOW,
  staleHistogramBytes,
} from "../../model/index.js";
import {
  addDeleted,
  type ExemplarRefusal,
  type ExemplarStore,
  type Head,
  type HistogramChunks,
  type HistogramRow,
  hasOutOfOrderIn,
  histogramHash,
  isForeseen,
  type MetadataStore,
  type OutOfOrderSample,
  OutOfOrderSamples,
  seriesBounds,
} from "../head/index.js";
import {
  encodeExemplars,
  encodeHistograms,
  encodeMetadata,
  encodeMmapMarkers,
  encodeSamples,
  encodeTombstones,
  type WalKernels,
  type WalWriter,
} from "../wal/index.js";

import type { CardinalityGuard } from "./cardinality-guard.js";

/** As Prometheus: samples further in the future are refused, or one wrong clock would age everybody else's. */
const MAX_AHEAD_MS = 10 * 60_000;
/** Regions of the head that a sample out of order retires, and some more: what older ones left behind goes too. */
const RETIRED_PER_SAMPLE = 4;
/** Refs that a shard takes at a time. */
const REFS_PER_RANGE = 65_536;
const HISTOGRAM_COUNTERS: Readonly<Record<number, number>> = {
  [STATUS_OUT_OF_ORDER]: COUNTER_HISTOGRAMS_OUT_OF_ORDER,
  [STATUS_DUPLICATE]: COUNTER_HISTOGRAMS_DUPLICATE,
  [STATUS_OUT_OF_BOUNDS]: COUNTER_HISTOGRAMS_OUT_OF_BOUNDS,
  [STATUS_TOO_OLD]: COUNTER_HISTOGRAMS_TOO_OLD,
};

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
  /** Behind the floats; of one series in order of time. */
  readonly histograms: readonly HistogramRow[];
  readonly exemplars: readonly ExemplarRow[];
  readonly metadata: readonly MetadataRow[];
  /** Nothing is stored unless all samples are. */
  readonly isAllOrNothing: boolean;
  /** Of the batch's first sample, stored here or not: what an empty head takes for its newest one. */
  readonly firstTimeMs?: number | undefined;
  /** Samples that are out of order and refused though there is a window for such: none by default. */
  readonly refusesOutOfOrder?: "all" | "markers";
  /** False: nothing is stored. Each row's STAGED_STATUS is known, the series are as they were. */
  judge?(accepted: number, minValidTimeMs: number): boolean;
}

const NO_EXTRAS: CommitExtras = { histograms: [], exemplars: [], metadata: [], isAllOrNothing: false };

export interface OutOfOrderStore {
  readonly samples: OutOfOrderSamples;
  /** Their log, opened with the first use. */
  wbl(): WalWriter;
}

export interface CommitterDeps {
  readonly head: Head;
  readonly histograms: HistogramChunks;
  readonly exemplars: ExemplarStore;
  readonly metadata: MetadataStore;
  readonly guard: CardinalityGuard;
  readonly wal: WalWriter;
  /** Needed where `outOfOrderWindowMs` is set. */
  readonly outOfOrder?: OutOfOrderStore;
  readonly bounds: HeadBounds;
  readonly clock: Clock;
  /** A segment is full; syncing it may take long and need not be waited for. */
  readonly onFinishedSegment: (log: WalWriter, segment: number) => void;
  /** The head may be torn: the thread must end. Called once; everything after it is refused. */
  readonly onBroken: (error: unknown) => void;
}

/** Of exemplars and metadata, with refs and times, in the log: most of them take less. */
const EXEMPLAR_BYTES = 512;
const METADATA_BYTES = 512;
const HISTOGRAM_BYTES_MORE = 20;

/** Bytes of the log records of all but floats, roughly. */
function logBytesOf(histograms: readonly HistogramRow[], { exemplars, metadata }: CommitExtras): number {
  let bytes = exemplars.length * EXEMPLAR_BYTES + metadata.length * METADATA_BYTES;
  for (const row of histograms) bytes += row.bytes.length + HISTOGRAM_BYTES_MORE;
  return bytes;
}

/** A staged row that is out of order and accepted; `histogram` is its index among the histograms, −1 of a float. */
interface OutOfOrderRow {
  readonly row: number;
  readonly histogram: number;
  readonly sample: OutOfOrderSample;
}

const NO_ROWS: readonly OutOfOrderRow[] = [];

interface TakenExemplar {
  readonly slot: number;
  readonly labels: Labels;
  readonly exemplar: Exemplar;
}

export class Committer {
  readonly head: Head;
  readonly histograms: HistogramChunks;
  readonly exemplars: ExemplarStore;
  readonly metadata: MetadataStore;
  readonly guard: CardinalityGuard;
  /** `out_of_order_time_window`, 0: none is taken. Follows reloads. */
  outOfOrderWindowMs = 0;
  readonly #wal: WalWriter;
  readonly #outOfOrder: OutOfOrderStore | undefined;
  readonly #bounds: HeadBounds;
  readonly #clock: Clock;
  readonly #chunkRangeMs: number;
  readonly #onFinishedSegment: CommitterDeps["onFinishedSegment"];
  readonly #onBroken: (error: unknown) => void;
  #isBroken = false;
  readonly #walKernels: WalKernels;

  constructor(options: CommitterOptions, deps: CommitterDeps) {
    this.head = deps.head;
    this.histograms = deps.histograms;
    this.exemplars = deps.exemplars;
    this.metadata = deps.metadata;
    this.guard = deps.guard;
    this.#wal = deps.wal;
    this.#outOfOrder = deps.outOfOrder;
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

  /**
   * As `resolve` of a label set, but for series that the head does not have yet only within the budget of who makes them.
   * RESOLVE_NO_MEMORY where that is used up: it has been counted. For label sets that the head mostly knows.
   */
  resolveGuarded(labels: () => Labels, find: () => number, resolve: () => number): number {
    if (!this.guard.isActive) return this.resolve(resolve);
    const known = find();
    if (known >= 0) return known;
    return this.guard.admits(labels()) ? this.resolve(resolve) : RESOLVE_NO_MEMORY;
  }

  /** As `resolveGuarded`, for labels that are mostly new: looking for them first would cost as much as making them. */
  resolveNew(labels: Labels): number {
    const { guard, head } = this;
    const resolve = (): number => head.resolveLabels(labels);
    if (!guard.isActive) return this.resolve(resolve);
    if (!guard.hasRoom(labels))
      return this.resolveGuarded(
        () => labels,
        () => head.findLabels(labels),
        resolve,
      );
    const made = head.counter(COUNTER_SERIES_CREATED);
    const slot = this.resolve(resolve);
    if (head.counter(COUNTER_SERIES_CREATED) !== made) guard.count(labels);
    return slot;
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
   * Stores the first `rows` staged rows and the extras, and returns how many samples were accepted; each row's status says
   * why not. The staging table may have another address afterwards where there are extras or staleness markers.
   *
   * @throws VestalError WAL_WRITE, WAL_LOCKED or WAL_STOPPED: nothing is stored.
   */
  commit(stagedAt: number, rows: number, extras: CommitExtras = NO_EXTRAS): number {
    const { head } = this;
    const histograms = this.#withMarkers(stagedAt, rows, extras.histograms);
    const samples = rows + histograms.length;
    const staging = head.ensureStaging(samples + extras.exemplars.length + extras.metadata.length);
    this.#stageHistograms(rows, histograms);
    this.#refuseFuture(staging, samples);
    this.#wal.reserve(rows, logBytesOf(histograms, extras)); // before validation, which counts on the memory that is left
    const minValidTimeMs = this.#minValidTimeMs(extras.firstTimeMs);
    const oooFromMs = this.#oooFromMs(staging, samples, extras.firstTimeMs);
    const judged = head.validate(samples, minValidTimeMs, oooFromMs) - this.#refuseHistograms(rows, histograms);
    const outOfOrder = head.rowsOutOfOrder() === 0 ? NO_ROWS : this.#rowsOutOfOrder(rows, histograms, extras);
    const accepted = judged - (head.rowsOutOfOrder() - outOfOrder.length);
    if (extras.judge?.(accepted, minValidTimeMs) === false) return 0;
    if (extras.isAllOrNothing && accepted < samples && this.#countRefused(staging, samples) > 0) return 0;
    const exemplars = this.#takenExemplars(extras.exemplars);
    const metadata = this.#newMetadata(extras.metadata);
    if (accepted === 0 && exemplars.length === 0 && metadata.length === 0) return 0;
    const logged = histograms.filter(({ status }) => status === STATUS_OK || status === STATUS_OOO);
    const stored = outOfOrder.length === 0 ? logged : logged.filter(({ status }) => status === STATUS_OK);
    const named = this.#stageUnrecorded(samples, exemplars, metadata);
    this.#wal.logSeries(staging, named);
    this.#logMetadata(metadata);
    this.#wal.logSamples(staging, rows); // those out of order too, as Prometheus: remote write reads them there
    this.#logHistograms(logged);
    this.#logExemplars(exemplars);
    if (outOfOrder.length > 0) this.#logOutOfOrder(outOfOrder, histograms);
    const { finishedSegment } = this.#wal.commit();
    this.#walKernels.markRecorded(staging, named);
    if (accepted > 0) {
      head.append(rows);
      this.#appendHistograms(stored);
      if (outOfOrder.length > 0) this.#outOfOrder?.samples.apply(head.nextCommit);
      head.publish();
      // Each series leaves two regions behind; a commit reclaims a bounded number of them.
      if (outOfOrder.length > 0) head.kernels.reclaim(RETIRED_PER_SAMPLE * outOfOrder.length);
      const floats = head.floats;
      if (floats[(COUNTERS >> 3) + COUNTER_SAMPLES_APPENDED] !== 0) {
        const bound = (counter: number): number => floats[(COUNTERS >> 3) + counter]!;
        this.#bounds.widenHead(bound(COUNTER_MIN_TIME), bound(COUNTER_MAX_TIME));
      }
    }
    for (const { slot, metadata: known } of metadata) this.metadata.set(slot, head.slotGeneration(slot), known);
    for (const { labels, exemplar } of exemplars) this.exemplars.add(labels, exemplar);
    if (finishedSegment !== undefined) this.#onFinishedSegment(this.#wal, finishedSegment);
    return accepted;
  }

  /**
   * A staleness marker ends a series with a sample of the kind that it has: float rows that are one become histogram rows of
   * series whose newest sample is a histogram, and are passed over as floats.
   */
  #withMarkers(staging: number, rows: number, histograms: readonly HistogramRow[]): readonly HistogramRow[] {
    const { words } = this.head;
    let all: HistogramRow[] | undefined;
    for (let row = 0; row < rows; row++) {
      const at = (staging + row * STAGED_BYTES) >>> 2;
      const value = at + (STAGED_VALUE >> 2);
      if (words[value] !== STALE_NAN_LOW || words[value + 1] !== STALE_NAN_HIGH) continue;
      const slot = words[at + (STAGED_SLOT >> 2)]!;
      if (slot >= FOREIGN_SLOTS >>> 0 || words[at + (STAGED_STATUS >> 2)] !== STATUS_OK) continue;
      const kind = this.histograms.kindOf(slot);
      if (kind === undefined) continue;
      const isFloat = kind === "float";
      words[at + (STAGED_STATUS >> 2)] = STATUS_SKIPPED;
      all ??= [...histograms];
      const { timestampMs } = this.head.stagedRow(row);
      all.push({ slot, timestampMs, isFloat, bytes: staleHistogramBytes(isFloat), status: STATUS_OK });
    }
    return all ?? histograms;
  }

  /** Rows behind the floats, so that times and equal samples are judged by the same kernel. */
  #stageHistograms(rows: number, histograms: readonly HistogramRow[]): void {
    for (const [i, { slot, timestampMs, bytes, isFloat }] of histograms.entries()) {
      const { low, high } = histogramHash(bytes, isFloat);
      this.head.stageBits(rows + i, slot, timestampMs, low, high);
    }
  }

  /** Takes the verdicts over; returns how many that were good find no memory. */
  #refuseHistograms(rows: number, histograms: readonly HistogramRow[]): number {
    const { head } = this;
    let bytes = 0;
    let refused = 0;
    for (const [i, row] of histograms.entries()) {
      row.status = head.rowStatus(rows + i);
      if (row.status === STATUS_OOO) continue;
      if (row.status !== STATUS_OK) {
        head.count(HISTOGRAM_COUNTERS[row.status]);
        continue;
      }
      bytes += this.histograms.bytesFor(row);
      if (head.kernels.isRoomForHistogram(bytes) !== 0) continue;
      row.status = STATUS_NO_MEMORY;
      head.setRowStatus(rows + i, STATUS_NO_MEMORY);
      head.count(COUNTER_REFUSED_MEMORY);
      refused++;
    }
    return refused;
  }

  // ── out of order ───────────────────────────────────────────────────────────────────────────────────────────────

  /** From when on samples are taken out of order; infinite: none is. */
  #oooFromMs(staging: number, samples: number, firstTimeMs: number | undefined): number {
    if (this.outOfOrderWindowMs <= 0 || samples === 0) return Number.POSITIVE_INFINITY;
    const newestMs = this.#bounds.maxTimeMs ?? firstTimeMs;
    if (newestMs !== undefined) return newestMs - this.outOfOrderWindowMs;
    const time = (staging + STAGED_TIME) >>> 2; // the head is empty: its first sample is the newest
    const { words } = this.head;
    return (words[time + 1]! | 0) * 2 ** 32 + words[time]! - this.outOfOrderWindowMs;
  }

  /** Rows that are STATUS_OOO; those that may not be stored get another status. */
  #rowsOutOfOrder(
    rows: number,
    histograms: readonly HistogramRow[],
    { refusesOutOfOrder }: CommitExtras,
  ): readonly OutOfOrderRow[] {
    const { head } = this;
    const found: OutOfOrderRow[] = [];
    const series = new Set<number>();
    let bytes = 0;
    for (let row = 0; row < rows + histograms.length; row++) {
      if (head.rowStatus(row) !== STATUS_OOO) continue;
      const histogram = histograms[row - rows];
      const { slot, timestampMs } = head.stagedRow(row);
      const { low, high } = head.stagedWords(row);
      const isMarker = histogram === undefined && low === STALE_NAN_LOW && high === STALE_NAN_HIGH;
      bytes += OutOfOrderSamples.bytesFor(histogram?.bytes.length ?? 0, !series.has(slot));
      series.add(slot);
      if (refusesOutOfOrder === "all" || (refusesOutOfOrder === "markers" && isMarker)) {
        this.#setStatus(row, histogram, STATUS_OUT_OF_ORDER);
        head.count(COUNTER_OUT_OF_ORDER);
        if (histogram !== undefined) head.count(COUNTER_HISTOGRAMS_OUT_OF_ORDER);
      } else if (head.kernels.isRoomForHistogram(bytes) === 0) {
        this.#setStatus(row, histogram, STATUS_NO_MEMORY);
        head.count(COUNTER_REFUSED_MEMORY);
      } else {
        const sample = { slot, timestampMs, low, high, histogram };
        found.push({ row, histogram: row - rows < 0 ? -1 : row - rows, sample });
      }
    }
    return found;
  }

  #setStatus(row: number, histogram: HistogramRow | undefined, status: number): void {
    this.head.setRowStatus(row, status);
    if (histogram !== undefined) histogram.status = status;
  }

  /**
   * Puts the rows into the batch of samples out of order and writes that into its log, before the other log: what is only here
   * is not yet acknowledged, and harmless.
   */
  #logOutOfOrder(rows: readonly OutOfOrderRow[], histograms: readonly HistogramRow[]): void {
    const store = this.#outOfOrder;
    assert(store !== undefined, "samples out of order are taken, and there is no place for them");
    try {
      const wbl = store.wbl();
      store.samples.begin();
      for (const { row, histogram, sample } of rows) {
        if (!store.samples.insert(sample)) this.#setStatus(row, histograms[histogram], STATUS_REPEATED);
      }
      for (const { markers, samples } of store.samples.records()) this.#encodeOutOfOrder(wbl, markers, samples);
      const { finishedSegment } = wbl.commit();
      if (finishedSegment !== undefined) this.#onFinishedSegment(wbl, finishedSegment);
    } catch (error) {
      this.#wal.discard();
      throw error;
    }
  }

  #encodeOutOfOrder(
    wbl: WalWriter,
    markers: ReturnType<OutOfOrderSamples["records"]>[number]["markers"],
    samples: readonly OutOfOrderSample[],
  ): void {
    const log = (record: Uint8Array): void => wbl.logRecord(record);
    const refOf = (slot: number): number => this.head.seriesRef(slot);
    encodeMmapMarkers(
      markers.map(({ slot, place }) => ({ ref: refOf(slot), ...place })),
      log,
    );
    encodeSamples(
      samples
        .filter(({ histogram }) => histogram === undefined)
        .map((sample) => ({ ref: refOf(sample.slot), ...sample })),
      log,
    );
    const entries = samples.flatMap(({ slot, timestampMs, histogram }) =>
      histogram === undefined ? [] : [{ ref: refOf(slot), timestampMs, ...histogram }],
    );
    encodeHistograms(entries, log);
  }

  #appendHistograms(rows: readonly HistogramRow[]): void {
    for (const row of rows) {
      if (this.histograms.append(row, this.head.nextCommit)) continue;
      row.status = STATUS_NO_MEMORY;
      this.head.count(COUNTER_REFUSED_MEMORY);
    }
  }

  #logHistograms(rows: readonly HistogramRow[]): void {
    if (rows.length === 0) return;
    const entries = rows.map((row) => ({ ...row, ref: this.head.seriesRef(row.slot) }));
    encodeHistograms(entries, (record) => this.#wal.logRecord(record));
  }

  /**
   * Deletes samples in [minTimeMs, maxTimeMs] of series; the log is told first. As in Prometheus no more than what they have
   * is deleted, so that they may go on within that time. Returns how many series had such samples, as far as is known, and
   * whether some came out of order: for these a restart knows of the deletion only as long as no block has its time.
   *
   * @throws VestalError WAL_*: nothing is deleted; HEAD_MEMORY: some may be, and all are after a restart.
   */
  delete(
    slots: Iterable<number>,
    minTimeMs: number,
    maxTimeMs: number,
  ): { readonly series: number; readonly hasOutOfOrder: boolean } {
    return this.mutate(() => {
      let hasOutOfOrder = false;
      const deleted: { readonly slot: number; readonly ref: number; minTimeMs: number; maxTimeMs: number }[] = [];
      for (const slot of slots) {
        const bounds = seriesBounds(this.head, slot);
        if (bounds === undefined) continue;
        const from = Math.max(minTimeMs, bounds.minTimeMs);
        const to = Math.min(maxTimeMs, bounds.maxTimeMs);
        if (from > to) continue;
        deleted.push({ slot, ref: this.head.seriesRef(slot), minTimeMs: from, maxTimeMs: to });
        hasOutOfOrder ||= hasOutOfOrderIn(this.head, slot, { minTimeMs: from, maxTimeMs: to });
      }
      if (deleted.length === 0) return { series: 0, hasOutOfOrder };
      encodeTombstones(deleted, (record) => this.#wal.logRecord(record));
      const { finishedSegment } = this.#wal.commit();
      try {
        for (const { slot, ...interval } of deleted) addDeleted(this.head, slot, interval);
      } finally {
        this.head.publish();
      }
      if (finishedSegment !== undefined) this.#onFinishedSegment(this.#wal, finishedSegment);
      return { series: deleted.length, hasOutOfOrder };
    });
  }

  /** Samples below it are refused. */
  get minValidTimeMs(): number {
    return this.#minValidTimeMs(undefined);
  }

  #minValidTimeMs(firstTimeMs: number | undefined): number {
    const { minValidTimeMs } = this.#bounds;
    const maxTimeMs = this.#bounds.maxTimeMs ?? firstTimeMs;
    return maxTimeMs === undefined ? minValidTimeMs : Math.max(minValidTimeMs, maxTimeMs - this.#chunkRangeMs / 2);
  }

  /** Whether a sample at that time would be in order. */
  isNewest(slot: number, timestampMs: number): boolean {
    const last = this.head.lastSample(slot);
    return timestampMs >= this.minValidTimeMs && (last === undefined || timestampMs > last.timestampMs);
  }

  /** Whether a staged sample is below the window of samples out of order, and not only because of another of its batch. */
  isTooOld(row: number, minValidTimeMs: number): boolean {
    if (this.head.rowStatus(row) !== STATUS_TOO_OLD) return false;
    const { slot, timestampMs } = this.head.stagedRow(row);
    const last = this.head.lastSample(slot);
    return timestampMs < minValidTimeMs || (last !== undefined && timestampMs < last.timestampMs);
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
      const isStored = status === STATUS_OK || status === STATUS_OOO;
      if (!isStored && status !== STATUS_REPEATED && status !== STATUS_SKIPPED) refused++;
    }
    return refused;
  }

  countRefusedForMemory(): void {
    this.head.count(COUNTER_REFUSED_MEMORY);
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

/**
 * The ingest side of one shard's head. One thread calls it. A commit goes in steps, so that the WAL is written between
 * them:
 *
 *   const rows = head.reserveStaging(n); … stage rows …
 *   const accepted = head.validate(n, minValidTimeMs);   // sets each row's STAGED_STATUS
 *   … write series and sample records of the rows that are STATUS_OK …
 *   head.append(n);                                      // encodes them
 *   head.publish();                                      // now queries see them, all at once
 *
 * Between `validate` and `append` nothing else may be called: validation made sure of the memory that append needs.
 */
import { randomInt } from "node:crypto";
import {
  ARENA_BUMP,
  ARENA_RETIRED_BYTES,
  ARENA_USED,
  COMMITTED,
  COUNTER_MIN_TIME,
  COUNTERS,
  EPOCH,
  HEAD_LIMIT,
  HEAD_VERSION,
  LAYOUT_VERSION,
  MUTATING,
  PAIR_COUNT,
  RESOLVE_MALFORMED,
  RESOLVE_NO_MEMORY,
  ROOT_MARKED_SYMBOLS,
  SLOT_CHUNKS,
  SLOT_COUNT,
  SLOT_FLAG_DEAD,
  SLOT_FLAG_RECORDED,
  SLOT_FLAGS,
  SLOT_GENERATION,
  SLOT_LABELS,
  SLOT_LAST_TIME,
  SLOT_LAST_VALUE,
  SLOT_REF,
  STAGED_BYTES,
  STAGED_SLOT,
  STAGED_STATUS,
  STAGED_TEXT,
  STAGED_TEXT_LENGTH,
  STAGED_TIME,
  STAGED_VALUE,
} from "../../../assembly/layout.js";
import { AssertionError, assert, VestalError } from "../../base/index.js";
import { startKernels } from "../../memory/index.js";
import type { Labels } from "../../model/index.js";
import { LabelBytesEncoder } from "../../model/label-bytes.js";
import { MemoryIndex } from "../index/memory-index.js";
import type { HeadKernels } from "./kernels.js";

const PAGE_BYTES = 65536;
/** Kernels load 16 bytes at a time, and may touch what lies behind a region: nothing is handed out at the very end. */
const OVERREAD_BYTES = 64;
const MIN_PAGES = 64;
const MAX_PAGES = 65535;
/** Records that one slice of a truncation visits: about 1 ms of work. */
const SLICE_RECORDS = 16384;
/** As many pairs, which are found one by one through their chains. */
const SLICE_PAIRS = 8192;

export interface HeadOptions {
  readonly shardIndex: number;
  readonly shardCount: number;
  /** Ceiling of this head's memory in 64 KiB pages, 64 … 65,535; untouched pages cost nothing. */
  readonly limitPages: number;
  /** Seed of the hashes of foreign bytes; random by default. */
  readonly hashSeed?: number;
  /** No chunk crosses a multiple of it: Prometheus' 2 hours by default. */
  readonly chunkRangeMs?: number;
  /** `--storage.tsdb.samples-per-chunk`, 120 by default. */
  readonly samplesPerChunk?: number;
  /** Most live series of this shard; 0 (default) = what the memory holds. */
  readonly seriesLimit?: number;
}

export interface HeadMemoryUse {
  readonly limitBytes: number;
  /** Bytes ever handed out: what the head can cost in resident memory at most. */
  readonly touchedBytes: number;
  readonly neverUsedBytes: number;
  readonly liveBytes: number;
  /** Part of `liveBytes` that only readers may still see. */
  readonly retiredBytes: number;
}

export class Head {
  readonly memory: WebAssembly.Memory;
  readonly kernels: HeadKernels;
  readonly index: MemoryIndex;
  readonly #words: Uint32Array;
  readonly #floats: Float64Array;
  readonly #bytes: Uint8Array;
  readonly #encoder = new LabelBytesEncoder();
  #staging = 0;
  #stagingBytes = 0;
  #text = 0;
  #textBytes = 0;

  private constructor(memory: WebAssembly.Memory, kernels: HeadKernels) {
    this.memory = memory;
    this.kernels = kernels;
    this.index = new MemoryIndex(memory.buffer as SharedArrayBuffer); // heads are always shared
    this.#words = new Uint32Array(memory.buffer);
    this.#floats = new Float64Array(memory.buffer);
    this.#bytes = new Uint8Array(memory.buffer);
  }

  /** A new, empty head. Give it refs with `setRefRange` before series are resolved. */
  static create(options: HeadOptions, module: WebAssembly.Module): Head {
    const pages = options.limitPages;
    if (!Number.isInteger(pages) || pages < MIN_PAGES || pages > MAX_PAGES) {
      throw new VestalError("HEAD_LIMIT", `a head needs ${MIN_PAGES} to ${MAX_PAGES} pages of memory, not ${pages}`);
    }
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
    const kernels = startKernels<HeadKernels>(module, memory);
    kernels.initHead(
      options.shardIndex,
      options.shardCount,
      options.hashSeed ?? randomInt(2 ** 32),
      pages * PAGE_BYTES - OVERREAD_BYTES,
      options.chunkRangeMs ?? 7_200_000,
      options.samplesPerChunk ?? 120,
      options.seriesLimit ?? 0,
      options.hashSeed ?? randomInt(2 ** 48 - 1),
    );
    return new Head(memory, kernels);
  }

  /**
   * Goes on with the memory of a thread that ended. What that thread had encoded but not published becomes visible: its
   * WAL records were written before.
   *
   * @throws VestalError HEAD_TORN if the thread ended in the middle of a change: the memory must be rebuilt.
   */
  static adopt(memory: WebAssembly.Memory, module: WebAssembly.Module): Head {
    const words = new Uint32Array(memory.buffer);
    const version = Atomics.load(words, HEAD_VERSION >> 2);
    if (version !== LAYOUT_VERSION) {
      throw new VestalError("HEAD_VERSION", `the memory has layout ${version}, this program ${LAYOUT_VERSION}`);
    }
    if (Atomics.load(words, MUTATING >> 2) !== 0) {
      throw new VestalError("HEAD_TORN", "the thread that wrote this head ended in the middle of a change; rebuild it");
    }
    const head = new Head(memory, startKernels<HeadKernels>(module, memory));
    head.publish();
    return head;
  }

  /** Typed views over all of the memory; they never go stale. */
  get words(): Uint32Array {
    return this.#words;
  }
  get floats(): Float64Array {
    return this.#floats;
  }
  get bytes(): Uint8Array {
    return this.#bytes;
  }

  /**
   * Marks the memory as changing while `work` runs. Errors that storage knows (VestalError) leave the memory whole; after a
   * kernel's trap or a failed assertion nobody knows, so the mark stays: the thread must end, the memory be rebuilt.
   */
  mutate<T>(work: () => T): T {
    const before = Atomics.exchange(this.#words, MUTATING >> 2, 1);
    try {
      const result = work();
      Atomics.store(this.#words, MUTATING >> 2, before);
      return result;
    } catch (error) {
      if (isForeseen(error)) Atomics.store(this.#words, MUTATING >> 2, before);
      throw error;
    }
  }

  // ── series ─────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Refs [next, end) are for new series of this head; both below 2^40. */
  setRefRange(next: number, end: number): void {
    assert(next > 0 && next <= end && end <= 2 ** 40, `ref range ${next} … ${end} is not inside 1 … 2^40`);
    this.kernels.setRefRange(next, end);
  }

  refsLeft(): number {
    return this.kernels.refsLeft();
  }

  /** Slot of a label set, made if it is new, or RESOLVE_*. `ref` (replay) is what a new series gets instead of the next one. */
  resolveLabels(labels: Labels, ref?: number): number {
    const bytes = this.#encoder.encode(labels);
    return this.resolveLabelBytes(bytes, ref);
  }

  /** As `resolveLabels`, of LABEL BYTES that lie outside the head's memory. */
  resolveLabelBytes(bytes: Uint8Array, ref?: number): number {
    const address = this.#placeText(bytes);
    if (address === 0) return RESOLVE_NO_MEMORY;
    if (ref === undefined) return this.kernels.resolveSeries(address, bytes.length);
    return this.kernels.resolveSeriesWithRef(address, bytes.length, ref >>> 0, Math.floor(ref / 2 ** 32));
  }

  /** Slot of a known label set, −1 if there is none. */
  findLabels(labels: Labels): number {
    return this.findLabelBytes(this.#encoder.encode(labels));
  }

  /** As `findLabels`, of LABEL BYTES that lie outside the head's memory. */
  findLabelBytes(bytes: Uint8Array): number {
    const address = this.#placeText(bytes);
    return address === 0 ? RESOLVE_MALFORMED : this.kernels.findSeries(address, bytes.length);
  }

  /** Copies `bytes` into the head's memory; 0 if it is full. */
  #placeText(bytes: Uint8Array): number {
    if (bytes.length > this.#textBytes) {
      const wanted = Math.max(1024, 2 * bytes.length);
      const address = this.kernels.allocate(wanted) >>> 0;
      if (address === 0) return 0;
      if (this.#text !== 0) this.kernels.release(this.#text, this.#textBytes);
      this.#text = address;
      this.#textBytes = wanted;
    }
    this.#bytes.set(bytes, this.#text);
    return this.#text;
  }

  slotAddress(slot: number): number {
    return this.kernels.slotAddress(slot) >>> 0;
  }

  seriesRef(slot: number): number {
    const at = (this.slotAddress(slot) + SLOT_REF) >>> 2;
    return this.#word(at) + 2 ** 32 * this.#word(at + 1);
  }

  /** Caches of a slot are valid while this stays the same; odd = live. */
  slotGeneration(slot: number): number {
    return this.#word((this.slotAddress(slot) + SLOT_GENERATION) >>> 2);
  }

  seriesLabels(slot: number): Labels {
    this.index.refresh();
    return this.index.labelsAt(this.#word((this.slotAddress(slot) + SLOT_LABELS) >>> 2));
  }

  /** Of the newest in-order sample; undefined for a series without one. */
  lastSample(slot: number): { readonly timestampMs: number; readonly value: number } | undefined {
    const at = this.slotAddress(slot) >>> 2;
    if (this.#word(at + (SLOT_CHUNKS >> 2)) === 0) return undefined;
    const time = at + (SLOT_LAST_TIME >> 2);
    const value = this.#floats[(at + (SLOT_LAST_VALUE >> 2)) >> 1]!;
    return { timestampMs: (this.#word(time + 1) | 0) * 2 ** 32 + this.#word(time), value };
  }

  /** Whether a WAL series record with the slot's ref has been written. */
  isRecorded(slot: number): boolean {
    return (this.#word((this.slotAddress(slot) + SLOT_FLAGS) >>> 2) & SLOT_FLAG_RECORDED) !== 0;
  }

  setRecorded(slot: number): void {
    const at = (this.slotAddress(slot) + SLOT_FLAGS) >>> 2;
    this.#words[at] = this.#word(at) | SLOT_FLAG_RECORDED;
  }

  // ── a commit ───────────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Address of a staging table for `rows` rows, and as many behind them for what a commit adds; contents of an earlier one are
   * lost where it grows.
   */
  reserveStaging(rows: number): number {
    const bytes = 2 * Math.max(rows, 64) * STAGED_BYTES;
    if (bytes > this.#stagingBytes) {
      const wanted = Math.min(Math.max(bytes, 2 * this.#stagingBytes), 2 ** 30);
      const address = wanted < bytes ? 0 : this.kernels.allocate(wanted) >>> 0;
      if (address === 0) {
        throw new VestalError("HEAD_MEMORY", `the head has no memory for a batch of ${rows} samples`, { rows });
      }
      if (this.#staging !== 0) this.kernels.release(this.#staging, this.#stagingBytes);
      this.#staging = address;
      this.#stagingBytes = wanted;
    }
    return this.#staging;
  }

  /** Makes the staging table hold `rows` rows, those that are there included; its address may be another one then. */
  ensureStaging(rows: number): number {
    const old = this.#staging;
    const oldBytes = this.#stagingBytes;
    if (rows * STAGED_BYTES <= oldBytes) return old;
    const bytes = Math.max(rows * STAGED_BYTES, oldBytes + (oldBytes >>> 1));
    const address = bytes > 2 ** 30 ? 0 : this.kernels.allocate(bytes) >>> 0;
    if (address === 0) {
      throw new VestalError("HEAD_MEMORY", `the head has no memory for a batch of ${rows} samples`, { rows });
    }
    this.#bytes.copyWithin(address, old, old + oldBytes);
    this.kernels.release(old, oldBytes);
    this.#staging = address;
    this.#stagingBytes = bytes;
    return address;
  }

  /** Address of the staging table. */
  get staging(): number {
    return this.#staging;
  }

  /**
   * Fills row `row` of the staging table. Values whose NaN payload matters are staged by words: `stageBits`.
   *
   * @param slot  a slot index, or one of the values of layout.ts that name none (negative).
   */
  stageRow(row: number, slot: number, timestampMs: number, value: number): void {
    const at = this.#stage(row, slot, timestampMs);
    this.#floats[(at + STAGED_VALUE) / 8] = value;
  }

  /** As `stageRow`, the value as its two 32-bit words: a staleness marker stays one. */
  stageBits(row: number, slot: number, timestampMs: number, low: number, high: number): void {
    const at = this.#stage(row, slot, timestampMs);
    this.#words[(at + STAGED_VALUE) >>> 2] = low;
    this.#words[(at + STAGED_VALUE + 4) >>> 2] = high;
  }

  #stage(row: number, slot: number, timestampMs: number): number {
    const at = this.#staging + row * STAGED_BYTES;
    assert((row + 1) * STAGED_BYTES <= this.#stagingBytes, "a staged row lies outside the staging table");
    const words = this.#words;
    words[(at + STAGED_SLOT) >>> 2] = slot;
    words[(at + STAGED_STATUS) >>> 2] = 0;
    const high = Math.floor(timestampMs / 2 ** 32);
    words[(at + STAGED_TIME) >>> 2] = timestampMs - high * 2 ** 32;
    words[(at + STAGED_TIME + 4) >>> 2] = high;
    words[(at + STAGED_TEXT) >>> 2] = 0;
    words[(at + STAGED_TEXT_LENGTH) >>> 2] = 0;
    return at;
  }

  stagedRow(row: number): { readonly slot: number; readonly timestampMs: number; readonly value: number } {
    const at = (this.#staging + row * STAGED_BYTES) >>> 2;
    const time = at + (STAGED_TIME >> 2);
    return {
      slot: this.#word(at + (STAGED_SLOT >> 2)),
      timestampMs: (this.#word(time + 1) | 0) * 2 ** 32 + this.#word(time),
      value: this.#floats[(at + (STAGED_VALUE >> 2)) >> 1]!,
    };
  }

  setRowStatus(row: number, status: number): void {
    this.#words[(this.#staging + row * STAGED_BYTES + STAGED_STATUS) >>> 2] = status;
  }

  /** STATUS_* of a row after `validate`. */
  rowStatus(row: number): number {
    return this.#word((this.#staging + row * STAGED_BYTES + STAGED_STATUS) >>> 2);
  }

  /**
   * Judges the first `rows` rows; returns how many will be appended, or stored out of order: those that have no place in order,
   * from `oooFromMs` on. Samples before `minValidTimeMs` are out of bounds.
   */
  validate(rows: number, minValidTimeMs: number, oooFromMs = Number.POSITIVE_INFINITY): number {
    return this.kernels.validateBatch(this.#staging, rows, minValidTimeMs, oooFromMs);
  }

  /** Rows that the last validation found out of order, and good. */
  rowsOutOfOrder(): number {
    return this.kernels.rowsOutOfOrder();
  }

  /** The words of a staged value. */
  stagedWords(row: number): { readonly low: number; readonly high: number } {
    const at = (this.#staging + row * STAGED_BYTES + STAGED_VALUE) >>> 2;
    return { low: this.#word(at), high: this.#word(at + 1) };
  }

  /** Encodes the accepted rows; returns how many. Queries do not see them yet. */
  append(rows: number): number {
    return this.kernels.appendBatch(this.#staging, rows, this.nextCommit);
  }

  /** Makes all that was appended since the last call visible at once. */
  publish(): void {
    this.kernels.publishBatch(this.nextCommit);
  }

  /** Number of the commit under way. */
  get nextCommit(): number {
    const next = (this.#word(COMMITTED >> 2) + 1) >>> 0;
    return next === 0 ? 1 : next;
  }

  // ── truncation ─────────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Forgets chunks that end before `minTimeMs`, and series with nothing newer. A generator: each step is about a
   * millisecond of work, and between two of them commits may run, but no batch may be staged across a step.
   *
   * @param onRemoved  told the ref of each series that is gone for good.
   * @returns number of series removed.
   */
  *truncateBefore(minTimeMs: number, onRemoved?: (ref: number) => void): Generator<void, number> {
    let removed = 0;
    const slots = this.#word(SLOT_COUNT >> 2);
    for (let slot = 0; slot < slots; slot += SLICE_RECORDS) {
      removed += this.kernels.truncateSlots(slot, SLICE_RECORDS, minTimeMs);
      yield;
    }
    let failed = 0;
    const pairs = this.#word(PAIR_COUNT >> 2);
    for (let pair = 0; pair < pairs; pair += SLICE_RECORDS) {
      failed += this.kernels.sweepPostings(pair, SLICE_RECORDS);
      yield;
    }
    for (let slot = 0; failed === 0 && slot < slots; slot += SLICE_RECORDS) {
      if (onRemoved !== undefined) this.#tellDead(slot, Math.min(slots, slot + SLICE_RECORDS), onRemoved);
      this.kernels.freeDeadSlots(slot, SLICE_RECORDS);
      yield;
    }
    const minTime = (COUNTERS >> 3) + COUNTER_MIN_TIME;
    this.#floats[minTime] = Math.max(this.#floats[minTime]!, minTimeMs);
    if (failed === 0) yield* this.#sweepNames();
    this.kernels.advanceEpoch();
    while (this.kernels.reclaim(SLICE_RECORDS) === SLICE_RECORDS) yield;
    return removed;
  }

  /** Gives back label pairs and symbols that no series has any more. */
  *#sweepNames(): Generator<void, void> {
    const { kernels } = this;
    if (kernels.beginSweep() === 0) return;
    yield;
    while (kernels.sweepPairs(SLICE_PAIRS) !== 0) yield;
    const symbols = this.#word(ROOT_MARKED_SYMBOLS >> 2);
    for (let symbol = 0; symbol < symbols; symbol += SLICE_RECORDS) {
      kernels.sweepSymbols(symbol, SLICE_RECORDS);
      yield;
    }
    kernels.endSweep();
  }

  #tellDead(first: number, end: number, onRemoved: (ref: number) => void): void {
    for (let slot = first; slot < end; slot++) {
      const flags = this.#word((this.slotAddress(slot) + SLOT_FLAGS) >>> 2);
      if ((flags & SLOT_FLAG_DEAD) !== 0) onRemoved(this.seriesRef(slot));
    }
  }

  // ── figures ────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Adds one to a COUNTER_*; undefined: to none. */
  count(counter: number | undefined): void {
    if (counter === undefined) return;
    const at = (COUNTERS >> 3) + counter;
    this.#floats[at] = this.#floats[at]! + 1;
  }

  /** One of COUNTER_*. */
  counter(counter: number): number {
    return this.#floats[(COUNTERS >> 3) + counter]!;
  }

  get committed(): number {
    return Atomics.load(this.#words, COMMITTED >> 2);
  }

  get epoch(): number {
    return Atomics.load(this.#words, EPOCH >> 2);
  }

  memoryUse(): HeadMemoryUse {
    return {
      limitBytes: this.#word(HEAD_LIMIT >> 2),
      touchedBytes: this.#word(ARENA_BUMP >> 2),
      neverUsedBytes: this.#word(HEAD_LIMIT >> 2) - this.#word(ARENA_BUMP >> 2),
      liveBytes: this.#floats[ARENA_USED >> 3]!,
      retiredBytes: this.#floats[ARENA_RETIRED_BYTES >> 3]!,
    };
  }

  #word(index: number): number {
    return this.#words[index]!;
  }
}

/** Whether `mutate` trusts the memory after this error. */
export function isForeseen(error: unknown): boolean {
  return error instanceof VestalError && !(error instanceof AssertionError);
}

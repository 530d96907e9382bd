/**
 * What all threads share beside the heads: one SharedArrayBuffer, made by the main thread before any other starts.
 * Little-endian; offsets in bytes. Every word is read and written atomically, unless its region has rules of its own.
 *
 *   offset  bytes   region        writer          ordering
 *   0       64      identity      main            before any thread starts; constant after
 *   64      64      refs          any             u64: next series ref, moved on by addition
 *   128     64      head bounds   any             i64 each: minTime only falls but for truncation, the others only rise
 *   192     64      cut           storage         u32 request number; stored AFTER minValidTime, which it announces
 *   256     256     pin owners    reader, main    u32 × 64: thread number + 1 that holds the pin slot in each head, 0 = free
 *   512     4096    shards        see below       64 bytes for each of 64 shards
 *   4608    1024    WBL state     src/tsdb/wal    as WAL state, of the log of samples out of order
 *   8192    4096    WAL state     src/tsdb/wal    rules of its own; zero at the start
 *   12288   4096    chunks_head   src/tsdb/wal    as WAL state
 *   16384   4 × N   cancel words  main, query     u32: generation in the upper 30 bits, CANCEL_* in the lower 2
 *
 *   shard   +0  u32 state (SHARD_*), its thread and the supervisor     +4  u32 commits that it made, wraps
 *           +8  u32 last `cut` request that it acknowledged at a commit boundary
 *           +12 u32 foreign batches that wait
 *
 * Invariants: regions do not overlap; words are aligned to their size; refs stay below 2^40 and are never given twice;
 * a cancel word's generation changes with each query, so a late cancel hits nobody else's query.
 */
import { assert, VestalError } from "../base/index.js";

export const CONTROL_VERSION = 1; // raised with every change below
export const CONTROL_IDENTITY = 0; // u32 version, u32 shard count, u32 cancel words
export const CONTROL_REFS = 64;
export const CONTROL_BOUNDS = 128; // i64 minTime, i64 maxTime, i64 minValidTime
export const CONTROL_CUT = 192;
export const CONTROL_PIN_OWNERS = 256;
export const CONTROL_PIN_COUNT = 64; // as PIN_COUNT of a head
export const CONTROL_SHARDS = 512;
export const CONTROL_SHARD_BYTES = 64;
export const SHARD_COUNT_MAX = 64;
export const CONTROL_WBL_STATE = 4608;
export const CONTROL_WBL_STATE_BYTES = 1024;
export const CONTROL_WAL_STATE = 8192;
export const CONTROL_WAL_STATE_BYTES = 4096;
export const CONTROL_CHUNKS_HEAD_STATE = 12288;
export const CONTROL_CHUNKS_HEAD_STATE_BYTES = 4096;
export const CONTROL_CANCEL_WORDS = 16384;

/** Every ref is below it: exact as a Number with room for flags, and five bytes in a varint-free record. */
const REF_END = 2 ** 40;

const SHARD_STATE = 0;
const SHARD_COMMITS = 4;
const SHARD_CUT_ACKNOWLEDGED = 8;
const SHARD_WAITING_BATCHES = 12;

export const SHARD_STARTING = 0;
export const SHARD_REPLAYING = 1;
export const SHARD_RUNNING = 2;
export const SHARD_STOPPED = 3;
/** Its thread ended unasked; a new one is on its way. */
export const SHARD_LOST = 4;

const CANCEL_FREE = 0;
const CANCEL_RUNNING = 1;
const CANCEL_ASKED = 2;
const CANCEL_STATE_MASK = 3;

/** Bounds of an empty head, as Prometheus has them. */
const NO_MIN_TIME = 0x7fffffffffffffffn;
const NO_MAX_TIME = -0x8000000000000000n;

const MIN_TIME = CONTROL_BOUNDS >> 3;
const MAX_TIME = MIN_TIME + 1;
const MIN_VALID_TIME = MIN_TIME + 2;

/** Names one query's cancel word; plain data that may cross threads. */
export interface CancelHandle {
  readonly index: number;
  readonly generation: number;
}

export class ControlMemory {
  readonly buffer: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #longs: BigInt64Array;

  private constructor(buffer: SharedArrayBuffer) {
    this.buffer = buffer;
    this.#words = new Int32Array(buffer);
    this.#longs = new BigInt64Array(buffer);
  }

  /** Makes the memory; the main thread, once. */
  static create(shardCount: number, cancelWordCount: number): ControlMemory {
    assert(shardCount >= 1 && shardCount <= SHARD_COUNT_MAX, `control memory: ${shardCount} shards`);
    const bytes = CONTROL_CANCEL_WORDS + 8 * Math.ceil(cancelWordCount / 2);
    const memory = new ControlMemory(new SharedArrayBuffer(bytes));
    memory.#words.set([CONTROL_VERSION, shardCount, cancelWordCount], CONTROL_IDENTITY >> 2);
    Atomics.store(memory.#longs, CONTROL_REFS >> 3, 1n);
    Atomics.store(memory.#longs, MIN_TIME, NO_MIN_TIME);
    Atomics.store(memory.#longs, MAX_TIME, NO_MAX_TIME);
    Atomics.store(memory.#longs, MIN_VALID_TIME, NO_MAX_TIME);
    return memory;
  }

  /** Views over memory that another thread made. */
  static attach(buffer: SharedArrayBuffer): ControlMemory {
    const memory = new ControlMemory(buffer);
    const version = memory.#words[CONTROL_IDENTITY >> 2];
    assert(version === CONTROL_VERSION, `control memory of version ${version}, expected ${CONTROL_VERSION}`);
    return memory;
  }

  get shardCount(): number {
    return this.#words[(CONTROL_IDENTITY >> 2) + 1]!;
  }

  get cancelWordCount(): number {
    return this.#words[(CONTROL_IDENTITY >> 2) + 2]!;
  }

  // ── refs ───────────────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * `count` refs that nobody else gets: [first, first + count).
   *
   * @throws VestalError REFS_EXHAUSTED at 2^40.
   */
  takeRefs(count: number): number {
    const first = Number(Atomics.add(this.#longs, CONTROL_REFS >> 3, BigInt(count)));
    if (first + count <= REF_END) return first;
    Atomics.sub(this.#longs, CONTROL_REFS >> 3, BigInt(count));
    throw new VestalError("REFS_EXHAUSTED", "all 2^40 series refs of this data directory are used up", { first });
  }

  /** Refs given from now on are above `ref`: called for all that WAL, checkpoint and chunks name, before any is taken. */
  raiseRefs(ref: number): void {
    raise(this.#longs, CONTROL_REFS >> 3, BigInt(ref) + 1n);
  }

  get nextRef(): number {
    return Number(Atomics.load(this.#longs, CONTROL_REFS >> 3));
  }

  // ── head bounds ────────────────────────────────────────────────────────────────────────────────────────────────

  /** Undefined while the head is empty. */
  get minTimeMs(): number | undefined {
    const value = Atomics.load(this.#longs, MIN_TIME);
    return value === NO_MIN_TIME ? undefined : Number(value);
  }

  /** Undefined while the head is empty. */
  get maxTimeMs(): number | undefined {
    const value = Atomics.load(this.#longs, MAX_TIME);
    return value === NO_MAX_TIME ? undefined : Number(value);
  }

  /** Samples below it are refused; −Infinity at the start. */
  get minValidTimeMs(): number {
    const value = Atomics.load(this.#longs, MIN_VALID_TIME);
    return value === NO_MAX_TIME ? Number.NEGATIVE_INFINITY : Number(value);
  }

  /** A commit stored samples in [minMs, maxMs]. */
  widenHead(minMs: number, maxMs: number): void {
    lower(this.#longs, MIN_TIME, BigInt(minMs));
    raise(this.#longs, MAX_TIME, BigInt(maxMs));
  }

  /** The head was truncated: nothing below `minMs` is left. */
  raiseMinTime(minMs: number): void {
    raise(this.#longs, MIN_TIME, BigInt(minMs));
  }

  raiseMinValidTime(ms: number): void {
    raise(this.#longs, MIN_VALID_TIME, BigInt(ms));
  }

  // ── cutting a range: raise the bound, ask, wait until every running shard has answered at a commit boundary ─────

  /** Raises `minValidTime`, and asks each shard to say that its later commits respect it. Returns the request number. */
  requestCut(minValidTimeMs: number): number {
    this.raiseMinValidTime(minValidTimeMs);
    return (Atomics.add(this.#words, CONTROL_CUT >> 2, 1) + 1) >>> 0;
  }

  /** Called by a shard between two commits. */
  acknowledgeCut(shard: number): void {
    const request = Atomics.load(this.#words, CONTROL_CUT >> 2);
    Atomics.store(this.#words, shardWord(shard, SHARD_CUT_ACKNOWLEDGED), request);
    Atomics.notify(this.#words, shardWord(shard, SHARD_CUT_ACKNOWLEDGED));
  }

  isCutAcknowledged(shard: number, request: number): boolean {
    const seen = Atomics.load(this.#words, shardWord(shard, SHARD_CUT_ACKNOWLEDGED));
    return ((seen - request) | 0) >= 0;
  }

  // ── shards ─────────────────────────────────────────────────────────────────────────────────────────────────────

  shardState(shard: number): number {
    return Atomics.load(this.#words, shardWord(shard, SHARD_STATE));
  }

  setShardState(shard: number, state: number): void {
    Atomics.store(this.#words, shardWord(shard, SHARD_STATE), state);
  }

  noteCommit(shard: number): void {
    Atomics.add(this.#words, shardWord(shard, SHARD_COMMITS), 1);
  }

  /** Wraps at 2^32. */
  commitCount(shard: number): number {
    return Atomics.load(this.#words, shardWord(shard, SHARD_COMMITS)) >>> 0;
  }

  setWaitingBatches(shard: number, count: number): void {
    Atomics.store(this.#words, shardWord(shard, SHARD_WAITING_BATCHES), count);
  }

  waitingBatches(shard: number): number {
    return Atomics.load(this.#words, shardWord(shard, SHARD_WAITING_BATCHES));
  }

  // ── pin slots ──────────────────────────────────────────────────────────────────────────────────────────────────

  /** A pin slot, the same in each head, for thread `thread` (a small number of its own). Undefined if all are taken. */
  takePinSlot(thread: number): number | undefined {
    for (let slot = 0; slot < CONTROL_PIN_COUNT; slot++) {
      const word = (CONTROL_PIN_OWNERS >> 2) + slot;
      if (Atomics.compareExchange(this.#words, word, 0, thread + 1) === 0) return slot;
    }
    return undefined;
  }

  releasePinSlot(slot: number): void {
    Atomics.store(this.#words, (CONTROL_PIN_OWNERS >> 2) + slot, 0);
  }

  /** Pin slots of a thread that ended: whoever supervises it clears its pins in all heads, then releases the slots. */
  pinSlotsOf(thread: number): number[] {
    const slots: number[] = [];
    for (let slot = 0; slot < CONTROL_PIN_COUNT; slot++) {
      if (Atomics.load(this.#words, (CONTROL_PIN_OWNERS >> 2) + slot) === thread + 1) slots.push(slot);
    }
    return slots;
  }

  // ── cancel words ───────────────────────────────────────────────────────────────────────────────────────────────

  /** Undefined if as many queries run as there are words. */
  openCancel(): CancelHandle | undefined {
    for (let index = 0; index < this.cancelWordCount; index++) {
      const word = (CONTROL_CANCEL_WORDS >> 2) + index;
      const old = Atomics.load(this.#words, word);
      if ((old & CANCEL_STATE_MASK) !== CANCEL_FREE) continue;
      const next = ((old & ~CANCEL_STATE_MASK) + 4) | CANCEL_RUNNING;
      if (Atomics.compareExchange(this.#words, word, old, next) === old) return { index, generation: next >>> 2 };
    }
    return undefined;
  }

  /** Asks the query to stop; nothing if it has ended. Returns whether it was running. */
  cancel({ index, generation }: CancelHandle): boolean {
    const running = (generation << 2) | CANCEL_RUNNING;
    const asked = (generation << 2) | CANCEL_ASKED;
    return Atomics.compareExchange(this.#words, (CONTROL_CANCEL_WORDS >> 2) + index, running, asked) === running;
  }

  /** Polled by the query, at least every millisecond of work. */
  isCancelled({ index, generation }: CancelHandle): boolean {
    return Atomics.load(this.#words, (CONTROL_CANCEL_WORDS >> 2) + index) !== ((generation << 2) | CANCEL_RUNNING);
  }

  closeCancel({ index, generation }: CancelHandle): void {
    const word = (CONTROL_CANCEL_WORDS >> 2) + index;
    const old = Atomics.load(this.#words, word);
    assert(old >>> 2 === generation, `cancel word ${index} belongs to another query`);
    Atomics.store(this.#words, word, generation << 2);
  }
}

function shardWord(shard: number, offset: number): number {
  return (CONTROL_SHARDS + shard * CONTROL_SHARD_BYTES + offset) >> 2;
}

function raise(longs: BigInt64Array, index: number, value: bigint): void {
  for (let old = Atomics.load(longs, index); value > old; ) {
    const seen = Atomics.compareExchange(longs, index, old, value);
    if (seen === old) return;
    old = seen;
  }
}

function lower(longs: BigInt64Array, index: number, value: bigint): void {
  for (let old = Atomics.load(longs, index); value < old; ) {
    const seen = Atomics.compareExchange(longs, index, old, value);
    if (seen === old) return;
    old = seen;
  }
}

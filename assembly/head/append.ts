/**
 * The steps of a commit over a staging table (see layout.ts): `validateBatch` sets each row's status and makes sure that
 * memory suffices, the caller then writes the WAL, `appendBatch` encodes the accepted rows and writes their series'
 * entries, `publishBatch` makes them visible. Nothing else may be allocated between validation and append.
 */

import { appendXor } from "../chunk/xor-encode";
import {
  CHUNK_CAPACITY,
  CHUNK_COUNT,
  CHUNK_DATA,
  COMMITTED,
  COUNTER_DUPLICATE,
  COUNTER_MAX_TIME,
  COUNTER_MIN_TIME,
  COUNTER_OUT_OF_BOUNDS,
  COUNTER_OUT_OF_ORDER,
  COUNTER_REFUSED_MEMORY,
  COUNTER_SAMPLES_APPENDED,
  COUNTER_TOO_OLD,
  COUNTERS,
  ENTRY_CHUNK,
  ENTRY_COMMIT,
  ENTRY_COUNT,
  FOREIGN_SLOTS,
  MUTATING,
  ROOT_BATCH,
  ROOT_TOUCHED,
  SLOT_BITS,
  SLOT_CHUNK,
  SLOT_CHUNKS,
  SLOT_ENTRY_0,
  SLOT_ENTRY_1,
  SLOT_FLAG_LIVE,
  SLOT_FLAGS,
  SLOT_LAST_TIME,
  SLOT_LAST_VALUE,
  SLOT_PENDING_ROWS,
  SLOT_PENDING_TIME,
  SLOT_PENDING_VALUE,
  SLOT_SAMPLES,
  SLOT_SCRATCH,
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
} from "../layout";
import { advanceEpoch, beginReservation, endReservation, neverUsed, reclaim } from "../memory/arena";
import { beginMutation, endMutation } from "../memory/mutation";
import { chunkForSample, MOST_BYTES_PER_SAMPLE, reserveForSample } from "./chunks";
import { bump } from "./series";
import { slotAddress } from "./slots";

/** Rows between two fences of `appendBatch`; their slots (two cache lines each) stay in the first-level cache. */
const BLOCK_ROWS: u32 = 128;
/** Retired regions that one commit frees at most: a scrape retires fewer in the long run, and this takes some 10 µs. */
const RECLAIM_PER_COMMIT: u32 = 1024;

/** Of the batch that is judged: where the window of samples out of order begins, ms; Infinity = there is none. */
let outOfOrderFrom: f64 = Infinity;
/** Rows of the batch that became STATUS_OOO. */
let outOfOrderRows: u32 = 0;

/** Rows that the last validation made STATUS_OOO. */
export function rowsOutOfOrder(): u32 {
  return outOfOrderRows;
}

/**
 * Sets STAGED_STATUS of `rows` rows and returns how many are accepted: STATUS_OK, or STATUS_OOO. Samples below `minValidTime`
 * ms are out of bounds; those, and ones that are not newer than their series, are stored out of order if they are not below
 * `oooFrom` ms (not a number: never).
 * Rows of slots that are not stored here become STATUS_SKIPPED; rows whose status is not STATUS_OK already keep it. Rows of
 * one series are judged in order, each against the ones before it. Changes no series; may be called again.
 */
export function validateBatch(staging: usize, rows: u32, minValidTime: f64, oooFrom: f64): u32 {
  outOfOrderFrom = oooFrom < Infinity ? oooFrom : Infinity;
  outOfOrderRows = 0;
  const batch = load<u32>(ROOT_BATCH) + 1;
  store<u32>(ROOT_BATCH, batch === 0 ? 1 : batch);
  const isMemoryScarce = <u64>neverUsed() < <u64>rows * <u64>MOST_BYTES_PER_SAMPLE;
  if (isMemoryScarce) beginReservation();
  else endReservation(); // of a batch that was validated and dropped
  const minTime = <i64>minValidTime;
  let accepted: u32 = 0;
  const end = staging + <usize>rows * STAGED_BYTES;
  for (let row = staging; row < end; row += STAGED_BYTES) {
    if (load<u32>(row, STAGED_STATUS) !== <u32>STATUS_OK) continue;
    const index = load<u32>(row, STAGED_SLOT);
    let status: u32 = STATUS_SKIPPED;
    if (index < <u32>FOREIGN_SLOTS) {
      status = judge(slotAddress(index), row, minTime, isMemoryScarce);
      if (status === <u32>STATUS_OK) {
        accepted++;
        continue;
      }
    }
    store<u32>(row, status, STAGED_STATUS);
    if (status === <u32>STATUS_OOO) {
      accepted++;
      outOfOrderRows++;
    } else countRefused(status);
  }
  return accepted;
}

/** Status of one row; an accepted one becomes its series' newest of the batch. */
function judge(slot: usize, row: usize, minTime: i64, isMemoryScarce: bool): u32 {
  const batch = load<u32>(ROOT_BATCH);
  const time = load<i64>(row, STAGED_TIME);
  const value = load<u64>(row, STAGED_VALUE);
  // A slot that was removed since it was resolved: the caller's mistake, which must not spoil the slot's next series.
  if ((load<u32>(slot, SLOT_FLAGS) & SLOT_FLAG_LIVE) === 0) return STATUS_SKIPPED;
  if (time < minTime) return judgeOld(time, STATUS_OUT_OF_BOUNDS);
  const pending = load<u32>(slot, SLOT_SCRATCH) === batch ? load<u32>(slot, SLOT_PENDING_ROWS) : 0;
  if (pending !== 0 || load<u32>(slot, SLOT_CHUNKS) !== 0) {
    const lastTime = pending !== 0 ? load<i64>(slot, SLOT_PENDING_TIME) : load<i64>(slot, SLOT_LAST_TIME);
    if (time <= lastTime) {
      if (time < lastTime) return judgeOld(time, STATUS_OUT_OF_ORDER);
      const lastValue = pending !== 0 ? load<u64>(slot, SLOT_PENDING_VALUE) : load<u64>(slot, SLOT_LAST_VALUE);
      return value === lastValue ? STATUS_REPEATED : STATUS_DUPLICATE;
    }
  }
  if (isMemoryScarce && !reserveForSample(slot, time, pending)) return STATUS_NO_MEMORY;
  store<u32>(slot, batch, SLOT_SCRATCH);
  store<u32>(slot, pending + 1, SLOT_PENDING_ROWS);
  store<i64>(slot, time, SLOT_PENDING_TIME);
  store<u64>(slot, value, SLOT_PENDING_VALUE);
  return STATUS_OK;
}

/** Status of a sample that is too old to be in order; `refused` where none is stored out of order. */
function judgeOld(time: i64, refused: u32): u32 {
  if (outOfOrderFrom === Infinity) return refused;
  return <f64>time >= outOfOrderFrom ? STATUS_OOO : STATUS_TOO_OLD;
}

function countRefused(status: u32): void {
  if (status === <u32>STATUS_OUT_OF_ORDER) bump(COUNTER_OUT_OF_ORDER, 1);
  else if (status === <u32>STATUS_DUPLICATE) bump(COUNTER_DUPLICATE, 1);
  else if (status === <u32>STATUS_OUT_OF_BOUNDS) bump(COUNTER_OUT_OF_BOUNDS, 1);
  else if (status === <u32>STATUS_TOO_OLD) bump(COUNTER_TOO_OLD, 1);
  else if (status === <u32>STATUS_NO_MEMORY) bump(COUNTER_REFUSED_MEMORY, 1);
}

/**
 * Encodes the rows that are STATUS_OK and writes their series' entries for `commit`, which is COMMITTED + 1 (1 after
 * 2^32 − 1); readers see none of it before `publishBatch`. Returns the number of samples appended: all of them, unless
 * something was allocated since validation; a row without memory becomes STATUS_NO_MEMORY.
 */
export function appendBatch(staging: usize, rows: u32, commit: u32): u32 {
  let minTime = i64.MAX_VALUE;
  let maxTime = i64.MIN_VALUE;
  let appended: u32 = 0;
  const mutation = beginMutation();
  for (let first: u32 = 0; first < rows; first += BLOCK_ROWS) {
    const from = staging + <usize>first * STAGED_BYTES;
    const to = staging + <usize>(rows - first < BLOCK_ROWS ? rows : first + BLOCK_ROWS) * STAGED_BYTES;
    // The loads here depend on nothing but their row, so the cache misses of many rows overlap; in the loop below the
    // encoder's branches keep them apart.
    let touched: u32 = 0;
    for (let row = from; row < to; row += STAGED_BYTES) {
      if (load<u32>(row, STAGED_STATUS) !== <u32>STATUS_OK) continue;
      const slot = slotAddress(load<u32>(row, STAGED_SLOT));
      const chunk = <usize>load<u32>(slot, SLOT_CHUNK);
      const end = chunk + <usize>(load<u32>(slot, SLOT_BITS) >> 3);
      touched += load<u32>(chunk, CHUNK_CAPACITY) + <u32>load<u8>(end, CHUNK_DATA);
      claimOlderEntry(slot, commit);
    }
    store<u32>(ROOT_TOUCHED, touched);
    // Readers that see any store below also see the new commits above, and give such an entry up.
    if (!fence()) break;
    for (let row = from; row < to; row += STAGED_BYTES) {
      if (load<u32>(row, STAGED_STATUS) !== <u32>STATUS_OK) continue;
      const slot = slotAddress(load<u32>(row, STAGED_SLOT));
      const time = load<i64>(row, STAGED_TIME);
      const value = load<u64>(row, STAGED_VALUE);
      const chunk = chunkForSample(slot, time, value);
      if (chunk === 0) {
        store<u32>(row, STATUS_NO_MEMORY, STAGED_STATUS);
        bump(COUNTER_REFUSED_MEMORY, 1);
        writeEntry(slot, commit);
        continue;
      }
      appendXor(slot, chunk + CHUNK_DATA, time, value);
      writeEntry(slot, commit);
      appended++;
      if (time < minTime) minTime = time;
      if (time > maxTime) maxTime = time;
    }
  }
  if (appended !== 0) countAppended(appended, <f64>minTime, <f64>maxTime);
  endReservation();
  endMutation(mutation);
  return appended;
}

/**
 * Orders the stores before it before those after it: a store is ordered after all before it, the load of the same word
 * after that store, and all later ones after the load. (`atomic.fence` does not pass AssemblyScript 0.28's validator.)
 * True always: the answer only keeps the load alive.
 */
export function fence(): bool {
  atomic.store<u32>(MUTATING, 1);
  return atomic.load<u32>(MUTATING) !== 0;
}

/** Whether `a` is an older commit than `b`; 0, which is none, is the oldest. */
function isOlder(a: u32, b: u32): bool {
  if (a === 0 || b === 0) return b !== 0;
  return <i32>(a - b) < 0;
}

/** The entry that `commit` overwrites: its own from an earlier row, else the older one. */
function entryFor(slot: usize, commit: u32): usize {
  const first = load<u32>(slot, SLOT_ENTRY_0);
  const second = load<u32>(slot, SLOT_ENTRY_1);
  if (first === commit) return slot + SLOT_ENTRY_0;
  if (second === commit) return slot + SLOT_ENTRY_1;
  return slot + (isOlder(second, first) ? SLOT_ENTRY_1 : SLOT_ENTRY_0);
}

export function claimOlderEntry(slot: usize, commit: u32): void {
  store<u32>(entryFor(slot, commit), commit, ENTRY_COMMIT);
}

/** Describes what the slot holds now in the entry that was claimed. Without a chunk the entry is none again. */
export function writeEntry(slot: usize, commit: u32): void {
  const entry = entryFor(slot, commit);
  const chunk = load<u32>(slot, SLOT_CHUNK);
  if (chunk === 0) store<u32>(entry, 0, ENTRY_COMMIT);
  store<u32>(entry, chunk, ENTRY_CHUNK);
  store<u32>(entry, <u32>load<u16>(slot, SLOT_SAMPLES), ENTRY_COUNT);
}

/** As `writeEntry` for a closed chunk that did not come from appending. */
export function writeNewestEntry(slot: usize, chunk: usize, commit: u32): void {
  claimOlderEntry(slot, commit);
  const entry = entryFor(slot, commit);
  store<u32>(entry, <u32>chunk, ENTRY_CHUNK);
  store<u32>(entry, <u32>load<u16>(chunk, CHUNK_COUNT), ENTRY_COUNT);
}

export function countAppended(appended: u32, minTime: f64, maxTime: f64): void {
  const before = load<f64>(COUNTERS, COUNTER_SAMPLES_APPENDED << 3);
  if (before === 0 || minTime < load<f64>(COUNTERS, COUNTER_MIN_TIME << 3)) {
    store<f64>(COUNTERS, minTime, COUNTER_MIN_TIME << 3);
  }
  if (before === 0 || maxTime > load<f64>(COUNTERS, COUNTER_MAX_TIME << 3)) {
    store<f64>(COUNTERS, maxTime, COUNTER_MAX_TIME << 3);
  }
  bump(COUNTER_SAMPLES_APPENDED, appended);
}

/** Makes all entries of `commit` visible, begins a new epoch, and frees a bounded number of retired regions. */
export function publishBatch(commit: u32): void {
  const mutation = beginMutation();
  atomic.store<u32>(COMMITTED, commit); // after the entries: a reader that loads it sees them whole
  advanceEpoch();
  reclaim(RECLAIM_PER_COMMIT);
  endMutation(mutation);
}

/**
 * From a label set to its series slot. A new series is made whole or not at all: all memory that it needs is reserved
 * before the first change. Readers see it once it has a published entry.
 *
 * The table of series is the writer's own: u32 slot index + 1, linear probing, at most 2/3 full, found by the hash of the
 * pair ids and verified by comparing them.
 */

import { hashBytes, hashPair } from "../index/hash";
import { findPair, growPairTable, internPair, postingsRoot, reservePairs } from "../index/pairs";
import { findSymbol, growSymbolTable, internSymbol, reserveSymbols, reserveSymbolText } from "../index/symbols";
import { appendListItem, reserveListItems } from "../index/tables";
import {
  ARENA_USED,
  COUNTER_REFUSED_MEMORY,
  COUNTER_SERIES,
  COUNTER_SERIES_CREATED,
  COUNTERS,
  HEAD_LIMIT,
  INDEX_CHANGES,
  LABELS_COUNT,
  LABELS_PAIRS,
  RESOLVE_NO_MEMORY,
  RESOLVE_NO_REFS,
  ROOT_NEXT_REF,
  ROOT_REF_END,
  ROOT_SERIES_LIMIT,
  ROOT_SERIES_TABLE,
  ROOT_SERIES_TABLE_MASK,
  SLOT_BYTES,
  SLOT_COUNT,
  SLOT_FLAG_LIVE,
  SLOT_FLAGS,
  SLOT_GENERATION,
  SLOT_LABELS,
  SLOT_LABELS_HASH,
  SLOT_LEADING,
  SLOT_REF,
} from "../layout";
import { allocate, beginReservation, endReservation, release, reserve } from "../memory/arena";
import { beginMutation, endMutation } from "../memory/mutation";
import {
  decodeLabelBytes,
  SCRATCH_NAME,
  SCRATCH_NAME_ID,
  SCRATCH_NAME_LENGTH,
  SCRATCH_PAIR,
  SCRATCH_VALUE,
  SCRATCH_VALUE_ID,
  SCRATCH_VALUE_LENGTH,
  scratchLabel,
} from "./label-bytes";
import { newSlot, reserveNewSlot, slotAddress, takeFreeSlot } from "./slots";

/** Of the memory: the part that new series leave to the samples of known ones, bodies and batches. */
const SPARE_FRACTION: f64 = 8;

/**
 * Slot index of the label set in `length` LABEL BYTES at `address`, or RESOLVE_*. A new series gets the next ref of the
 * shard's range.
 */
export function resolveSeries(address: usize, length: u32): i32 {
  return resolve(address, length, 0);
}

/** As `resolveSeries`, but a new series gets the ref `high × 2^32 + low`, which is not 0: for replay. */
export function resolveSeriesWithRef(address: usize, length: u32, low: u32, high: u32): i32 {
  return resolve(address, length, ((<u64>high) << 32) | <u64>low);
}

/** Slot index of the label set if it is known, −1 if not; RESOLVE_MALFORMED is −1 too: such a series is never known. */
export function findSeries(address: usize, length: u32): i32 {
  const count = decodeLabelBytes(address, length);
  if (count < 0 || findPairs(count) !== 0) return -1;
  return lookUp(count, hashOfPairs(count));
}

function resolve(address: usize, length: u32, givenRef: u64): i32 {
  const count = decodeLabelBytes(address, length);
  if (count < 0) return count;
  if (findPairs(count) === 0) {
    const known = lookUp(count, hashOfPairs(count));
    if (known >= 0) return known;
  }
  if (givenRef === 0 && load<u64>(ROOT_NEXT_REF) >= load<u64>(ROOT_REF_END)) return RESOLVE_NO_REFS;
  const limit = load<u32>(ROOT_SERIES_LIMIT);
  const isAtLimit = limit !== 0 && load<f64>(COUNTERS, COUNTER_SERIES << 3) >= <f64>limit;
  // What replay brings was there before, so it may use all.
  const isFull = isAtLimit || (givenRef === 0 && isSpareNeeded());
  const free = isFull ? -1 : takeFreeSlotIfReserved(count);
  if (free === REFUSED || isFull) {
    endReservation();
    bump(COUNTER_REFUSED_MEMORY, 1);
    return RESOLVE_NO_MEMORY;
  }
  const mutation = beginMutation();
  const slot = createSeries(<u32>count, free, givenRef);
  endReservation();
  endMutation(mutation);
  return <i32>slot;
}

/** True while less of the memory is free than known series are to have for their chunks. */
function isSpareNeeded(): bool {
  const limit = <f64>load<u32>(HEAD_LIMIT);
  return limit - load<f64>(ARENA_USED) < limit / SPARE_FRACTION;
}

const NEVER_USED = -1;
const REFUSED = -2;

/** Looks up ids of the decoded labels; returns how many pairs are new. */
function findPairs(count: u32): u32 {
  let missing: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const label = scratchLabel(i);
    const name = <usize>load<u32>(label, SCRATCH_NAME);
    const nameLength = load<u32>(label, SCRATCH_NAME_LENGTH);
    const value = <usize>load<u32>(label, SCRATCH_VALUE);
    const valueLength = load<u32>(label, SCRATCH_VALUE_LENGTH);
    const nameId = findSymbol(name, nameLength, hashBytes(name, nameLength));
    const valueId = findSymbol(value, valueLength, hashBytes(value, valueLength));
    const pair = nameId !== 0 && valueId !== 0 ? findPair(nameId, valueId) : 0;
    store<u32>(label, nameId, SCRATCH_NAME_ID);
    store<u32>(label, valueId, SCRATCH_VALUE_ID);
    store<u32>(label, pair, SCRATCH_PAIR);
    if (pair === 0) missing++;
  }
  return missing;
}

function hashOfPairs(count: u32): u32 {
  let hash = count;
  for (let i: u32 = 0; i < count; i++) hash = hashPair(hash, load<u32>(scratchLabel(i), SCRATCH_PAIR));
  return hash;
}

/** Slot index of the series whose pairs are those in scratch, −1 if there is none. */
function lookUp(count: u32, hash: u32): i32 {
  const table = <usize>load<u32>(ROOT_SERIES_TABLE);
  const mask = load<u32>(ROOT_SERIES_TABLE_MASK);
  if (table === 0) return -1;
  let i = hash & mask;
  while (true) {
    const entry = load<u32>(table + <usize>(i << 2));
    if (entry === 0) return -1;
    const slot = slotAddress(entry - 1);
    if (load<u32>(slot, SLOT_LABELS_HASH) === hash && hasPairs(<usize>load<u32>(slot, SLOT_LABELS), count)) {
      return <i32>(entry - 1);
    }
    i = (i + 1) & mask;
  }
}

function hasPairs(labels: usize, count: u32): bool {
  if (load<u32>(labels, LABELS_COUNT) !== count) return false;
  for (let i: u32 = 0; i < count; i++) {
    if (load<u32>(labels + <usize>(i << 2), LABELS_PAIRS) !== load<u32>(scratchLabel(i), SCRATCH_PAIR)) return false;
  }
  return true;
}

/** Reserves all that the new series needs. Its slot: an index taken from the queue, NEVER_USED, or REFUSED. */
function takeFreeSlotIfReserved(count: u32): i32 {
  beginReservation();
  let symbols: u32 = 0;
  let pairs: u32 = 0;
  let names: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const label = scratchLabel(i);
    const pair = load<u32>(label, SCRATCH_PAIR);
    if (pair !== 0) {
      if (!reserveListItems(postingsRoot(pair), 1)) return REFUSED;
      continue;
    }
    const nameId = load<u32>(label, SCRATCH_NAME_ID);
    if (nameId === 0) {
      symbols++;
      if (!reserveSymbolText(load<u32>(label, SCRATCH_NAME_LENGTH))) return REFUSED;
    }
    if (load<u32>(label, SCRATCH_VALUE_ID) === 0) {
      symbols++;
      if (!reserveSymbolText(load<u32>(label, SCRATCH_VALUE_LENGTH))) return REFUSED;
    }
    pairs++;
    if (nameId === 0 || findPair(nameId, 0) === 0) names++;
    if (!reserve(16)) return REFUSED; // the first list of its postings
  }
  if (symbols !== 0 && !reserveSymbols(symbols)) return REFUSED;
  if (pairs !== 0 && !reservePairs(pairs + names, names)) return REFUSED;
  if (!reserve(<u32>LABELS_PAIRS + (count << 2))) return REFUSED;
  if (!reserveSeriesTable()) return REFUSED;
  const free = takeFreeSlot();
  if (free >= 0) return free;
  return reserveNewSlot() ? NEVER_USED : REFUSED;
}

function createSeries(count: u32, free: i32, givenRef: u64): u32 {
  let newPairs: u32 = 0;
  let newNames: u32 = 0;
  let newSymbols: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const label = scratchLabel(i);
    if (load<u32>(label, SCRATCH_PAIR) !== 0) continue;
    newPairs++;
    const nameId = load<u32>(label, SCRATCH_NAME_ID);
    if (nameId === 0) newSymbols++;
    if (load<u32>(label, SCRATCH_VALUE_ID) === 0) newSymbols++;
    if (nameId === 0 || findPair(nameId, 0) === 0) newNames++;
  }
  if (newSymbols !== 0) growSymbolTable(newSymbols);
  if (newPairs !== 0) growPairTable(newPairs + newNames, newNames);
  growSeriesTable();

  const labels = allocate(<u32>LABELS_PAIRS + (count << 2));
  store<u32>(labels, count, LABELS_COUNT);
  for (let i: u32 = 0; i < count; i++) {
    const label = scratchLabel(i);
    if (load<u32>(label, SCRATCH_PAIR) === 0) {
      const name = internSymbol(<usize>load<u32>(label, SCRATCH_NAME), load<u32>(label, SCRATCH_NAME_LENGTH));
      const value = internSymbol(<usize>load<u32>(label, SCRATCH_VALUE), load<u32>(label, SCRATCH_VALUE_LENGTH));
      store<u32>(label, internPair(name, value), SCRATCH_PAIR);
    }
    store<u32>(labels + <usize>(i << 2), load<u32>(label, SCRATCH_PAIR), LABELS_PAIRS);
  }

  const index = free >= 0 ? <u32>free : newSlot();
  const slot = slotAddress(index);
  const generation = load<u32>(slot, SLOT_GENERATION);
  memory.fill(slot, 0, SLOT_BYTES);
  let ref = givenRef;
  if (ref === 0) {
    ref = load<u64>(ROOT_NEXT_REF);
    store<u64>(ROOT_NEXT_REF, ref + 1);
  }
  store<u64>(slot, ref, SLOT_REF);
  store<u32>(slot, <u32>labels, SLOT_LABELS);
  const hash = hashOfPairs(count);
  store<u32>(slot, hash, SLOT_LABELS_HASH);
  store<u32>(slot, SLOT_FLAG_LIVE, SLOT_FLAGS);
  store<u8>(slot, 0xff, SLOT_LEADING);
  atomic.store<u32>(slot, generation + 1, SLOT_GENERATION);
  for (let i: u32 = 0; i < count; i++) appendListItem(postingsRoot(load<u32>(scratchLabel(i), SCRATCH_PAIR)), index);
  insertSlot(<usize>load<u32>(ROOT_SERIES_TABLE), load<u32>(ROOT_SERIES_TABLE_MASK), hash, index);
  bump(COUNTER_SERIES, 1);
  bump(COUNTER_SERIES_CREATED, 1);
  atomic.add<u32>(INDEX_CHANGES, 1);
  return index;
}

/** Adds to a counter. */
export function bump(counter: u32, by: f64): void {
  const at = <usize>(<u32>COUNTERS + (counter << 3));
  store<f64>(at, load<f64>(at) + by);
}

// ── table of series ──────────────────────────────────────────────────────────────────────────────────────────────

function seriesTableEntries(): u32 {
  const table = load<u32>(ROOT_SERIES_TABLE);
  return table === 0 ? 0 : load<u32>(ROOT_SERIES_TABLE_MASK) + 1;
}

/** Entries that the table must have for one more series. */
function wantedEntries(): u32 {
  const series = <u32>load<f64>(COUNTERS, COUNTER_SERIES << 3) + 1;
  const entries = seriesTableEntries();
  if (entries === 0) return 1024;
  return series > (entries / 3) * 2 ? entries << 1 : entries;
}

function reserveSeriesTable(): bool {
  const entries = wantedEntries();
  return entries === seriesTableEntries() || reserve(entries << 2);
}

function growSeriesTable(): void {
  const old = seriesTableEntries();
  const entries = wantedEntries();
  if (entries === old) return;
  const table = allocate(entries << 2);
  memory.fill(table, 0, <usize>(entries << 2));
  const oldTable = <usize>load<u32>(ROOT_SERIES_TABLE);
  for (let i: u32 = 0; i < old; i++) {
    const entry = load<u32>(oldTable + <usize>(i << 2));
    if (entry !== 0) insertSlot(table, entries - 1, load<u32>(slotAddress(entry - 1), SLOT_LABELS_HASH), entry - 1);
  }
  store<u32>(ROOT_SERIES_TABLE, <u32>table);
  store<u32>(ROOT_SERIES_TABLE_MASK, entries - 1);
  if (old !== 0) release(oldTable, old << 2);
}

function insertSlot(table: usize, mask: u32, hash: u32, index: u32): void {
  let i = hash & mask;
  while (load<u32>(table + <usize>(i << 2)) !== 0) i = (i + 1) & mask;
  store<u32>(table + <usize>(i << 2), index + 1);
}

/** Removes a slot from the table; those behind it move up, so that no gap breaks their chain of places. */
export function removeFromTable(index: u32): void {
  const table = <usize>load<u32>(ROOT_SERIES_TABLE);
  const mask = load<u32>(ROOT_SERIES_TABLE_MASK);
  let gap = load<u32>(slotAddress(index), SLOT_LABELS_HASH) & mask;
  while (load<u32>(table + <usize>(gap << 2)) !== index + 1) gap = (gap + 1) & mask;
  let i = gap;
  for (;;) {
    i = (i + 1) & mask;
    const entry = load<u32>(table + <usize>(i << 2));
    if (entry === 0) break;
    const home = load<u32>(slotAddress(entry - 1), SLOT_LABELS_HASH) & mask;
    if (((i - home) & mask) >= ((i - gap) & mask)) {
      store<u32>(table + <usize>(gap << 2), entry);
      gap = i;
    }
  }
  store<u32>(table + <usize>(gap << 2), 0);
}

/** Live slots are below this. */
export function slotCount(): u32 {
  return load<u32>(SLOT_COUNT);
}

/** WAL ref → slot index while replay lasts: open addressing over a region of the arena, given back at the end. */
import { NO_SLOT, REF_TABLE_BYTES, REF_TABLE_CAPACITY, REF_TABLE_COUNT, REF_TABLE_ENTRIES } from "../layout";
import { allocate, release } from "../memory/arena";

const ENTRY_BYTES: u32 = 12;
const CAPACITY_MAX: u32 = 1 << 26;

function home(ref: u64, capacity: u32): u32 {
  const hash: u32 = (<u32>ref ^ <u32>(ref >> 32)) * 0x9e3779b1;
  return (hash ^ (hash >> 15)) & (capacity - 1);
}

function slotsOf(entries: usize, capacity: u32): usize {
  return entries + ((<usize>capacity) << 3);
}

/** A table for about `refs` refs; it grows. Returns its handle, 0 if the memory is full. */
export function createRefTable(refs: u32): usize {
  let capacity: u32 = 1024;
  while (capacity < CAPACITY_MAX && capacity - (capacity >> 2) < refs) capacity <<= 1;
  const table = allocate(<u32>REF_TABLE_BYTES);
  if (table === 0) return 0;
  const entries = allocate(capacity * ENTRY_BYTES);
  if (entries === 0) {
    release(table, <u32>REF_TABLE_BYTES);
    return 0;
  }
  memory.fill(entries, 0, (<usize>capacity) << 3);
  store<u32>(table, <u32>entries, REF_TABLE_ENTRIES);
  store<u32>(table, capacity, REF_TABLE_CAPACITY);
  store<u32>(table, 0, REF_TABLE_COUNT);
  return table;
}

export function releaseRefTable(table: usize): void {
  release(<usize>load<u32>(table, REF_TABLE_ENTRIES), load<u32>(table, REF_TABLE_CAPACITY) * ENTRY_BYTES);
  release(table, <u32>REF_TABLE_BYTES);
}

/** Slot of `ref`: an index, DROPPED_SLOT for a series of another shard, NO_SLOT if the ref was never entered. */
export function refSlot(table: usize, ref: u64): u32 {
  if (ref === 0) return <u32>NO_SLOT;
  const entries = <usize>load<u32>(table, REF_TABLE_ENTRIES);
  const capacity = load<u32>(table, REF_TABLE_CAPACITY);
  let i = home(ref, capacity);
  while (true) {
    const key = load<u64>(entries + ((<usize>i) << 3));
    if (key === ref) return load<u32>(slotsOf(entries, capacity) + ((<usize>i) << 2));
    if (key === 0) return <u32>NO_SLOT;
    i = (i + 1) & (capacity - 1);
  }
}

/** As `refSlot`, for callers without 64-bit numbers: the ref as its two halves. */
export function findRef(table: usize, low: u32, high: u32): u32 {
  return refSlot(table, ((<u64>high) << 32) | <u64>low);
}

/** Enters or replaces. False if the memory is full. Ref 0 names nothing and is not entered. */
export function putRef(table: usize, ref: u64, slot: u32): bool {
  if (ref === 0) return true;
  const capacity = load<u32>(table, REF_TABLE_CAPACITY);
  const count = load<u32>(table, REF_TABLE_COUNT);
  if (count + 1 > capacity - (capacity >> 2) && !grow(table)) return false;
  if (insert(<usize>load<u32>(table, REF_TABLE_ENTRIES), load<u32>(table, REF_TABLE_CAPACITY), ref, slot)) {
    store<u32>(table, count + 1, REF_TABLE_COUNT);
  }
  return true;
}

/** True if the ref is new. */
function insert(entries: usize, capacity: u32, ref: u64, slot: u32): bool {
  let i = home(ref, capacity);
  while (true) {
    const key = load<u64>(entries + ((<usize>i) << 3));
    if (key === 0 || key === ref) {
      store<u64>(entries + ((<usize>i) << 3), ref);
      store<u32>(slotsOf(entries, capacity) + ((<usize>i) << 2), slot);
      return key === 0;
    }
    i = (i + 1) & (capacity - 1);
  }
}

function grow(table: usize): bool {
  const old = <usize>load<u32>(table, REF_TABLE_ENTRIES);
  const oldCapacity = load<u32>(table, REF_TABLE_CAPACITY);
  if (oldCapacity >= CAPACITY_MAX) return false;
  const capacity = oldCapacity << 1;
  const entries = allocate(capacity * ENTRY_BYTES);
  if (entries === 0) return false;
  memory.fill(entries, 0, (<usize>capacity) << 3);
  for (let i: u32 = 0; i < oldCapacity; i++) {
    const ref = load<u64>(old + ((<usize>i) << 3));
    if (ref !== 0) insert(entries, capacity, ref, load<u32>(slotsOf(old, oldCapacity) + ((<usize>i) << 2)));
  }
  store<u32>(table, <u32>entries, REF_TABLE_ENTRIES);
  store<u32>(table, capacity, REF_TABLE_CAPACITY);
  release(old, oldCapacity * ENTRY_BYTES);
  return true;
}

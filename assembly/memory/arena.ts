/**
 * Memory of one shard's head in regions of fixed classes, with reuse by epochs. All state is in the memory map: nothing
 * is kept in this module, so every instance over the same memory sees the same arena. Only the ingest thread calls it.
 *
 * Classes: each multiple of 16 up to 512, where nearly all regions are (a series has half a dozen of them, so what rounding
 * costs there is paid per series); then for each power of two 2^k from 512 on: 1.5 × 2^k and 2^(k+1). A region's owner
 * remembers the size that it asked for and gives the same number back. Regions are aligned to 16 bytes and not zeroed.
 */
import {
  ARENA_BUMP,
  ARENA_CLASSES,
  ARENA_FREE,
  ARENA_FREE_COUNT,
  ARENA_IS_RESERVED,
  ARENA_RESERVED,
  ARENA_RETIRED_BYTES,
  ARENA_RETIRED_HEAD,
  ARENA_RETIRED_TAIL,
  ARENA_START,
  ARENA_USED,
  EPOCH,
  HEAD_LIMIT,
  PIN_COUNT,
  PINS,
  RESERVED_COUNTS,
} from "../layout";

const MAX_REGION: u32 = 1 << 30;

/** Classes of equal steps: 16, 32 … 512. */
const FINE_CLASSES: u32 = 32;
const FINE_BYTES: u32 = 512;

/** Number of the smallest class that holds `bytes` (1 … 2^30). */
export function classOf(bytes: u32): u32 {
  if (bytes <= FINE_BYTES) return bytes === 0 ? 0 : (bytes - 1) >> 4;
  const power: u32 = 32 - clz(bytes - 1); // 2^power ≥ bytes > 2^(power − 1), at least 10
  const threeQuarters: u32 = 3 << (power - 2);
  return FINE_CLASSES + 2 * (power - 10) + (bytes <= threeQuarters ? 0 : 1);
}

/** Bytes of a region of class `index`. */
export function classBytes(index: u32): u32 {
  if (index < FINE_CLASSES) return (index + 1) << 4;
  const power: u32 = 10 + ((index - FINE_CLASSES) >> 1);
  return index & 1 ? 1 << power : 3 << (power - 2);
}

/** Bytes that a request for `bytes` really gets: an owner that grows in place may use them all. */
export function roomFor(bytes: u32): u32 {
  return classBytes(classOf(bytes));
}

/** Sets up an empty arena; called once for a memory, before the first `allocate`. */
export function initArena(): void {
  store<u32>(ARENA_BUMP, ARENA_START);
}

/** A region of at least `bytes`, 16-byte aligned, contents undefined; 0 if the memory is full or the size absurd. */
export function allocate(bytes: u32): usize {
  if (bytes > MAX_REGION) return 0;
  const index = classOf(bytes);
  const size = classBytes(index);
  const list = <usize>(<u32>ARENA_FREE + (index << 2));
  const free = load<u32>(list);
  if (free !== 0) {
    store<u32>(list, load<u32>(free));
    const count = <usize>(<u32>ARENA_FREE_COUNT + (index << 2));
    store<u32>(count, load<u32>(count) - 1);
    store<f64>(ARENA_USED, load<f64>(ARENA_USED) + <f64>size);
    return <usize>free;
  }
  const split = splitLarger(index, bytes);
  if (split !== 0) return split;
  const bump = load<u32>(ARENA_BUMP);
  if (<u64>bump + <u64>size > <u64>load<u32>(HEAD_LIMIT)) return 0;
  store<u32>(ARENA_BUMP, bump + size);
  store<f64>(ARENA_USED, load<f64>(ARENA_USED) + <f64>size);
  return <usize>bump;
}

/**
 * Bytes to ask `allocate` for by an owner who would like `wanted` bytes and can do with `least`: of the free classes in
 * between the largest, so that what earlier owners trimmed is used again; `wanted` if none is free, or while a reservation
 * counts on that size.
 */
export function fitting(least: u32, wanted: u32): u32 {
  if (load<u32>(ARENA_IS_RESERVED) !== 0) return wanted;
  const lowest = classOf(least);
  let index = classOf(wanted);
  while (index > lowest && load<u32>(<usize>(<u32>ARENA_FREE + (index << 2))) === 0) index--;
  return load<u32>(<usize>(<u32>ARENA_FREE + (index << 2))) === 0 ? wanted : classBytes(index);
}

/**
 * A region of class `index` cut from the smallest free one that is larger; 0 if there is none. Growing lists and tables
 * leave large free regions behind, which nothing would ever ask for again. Not while a reservation counts on them.
 */
function splitLarger(index: u32, bytes: u32): usize {
  if (load<u32>(ARENA_IS_RESERVED) !== 0) return 0;
  for (let larger = index + 1; larger < <u32>ARENA_CLASSES; larger++) {
    const list = <usize>(<u32>ARENA_FREE + (larger << 2));
    const free = <usize>load<u32>(list);
    if (free === 0) continue;
    store<u32>(list, load<u32>(free));
    const count = <usize>(<u32>ARENA_FREE_COUNT + (larger << 2));
    store<u32>(count, load<u32>(count) - 1);
    const size = classBytes(larger);
    store<f64>(ARENA_USED, load<f64>(ARENA_USED) + <f64>size);
    shrink(free, size, bytes);
    return free;
  }
  return 0;
}

/** Gives back at once a region of `bytes` that no reader can see. */
export function release(address: usize, bytes: u32): void {
  const index = classOf(bytes);
  const list = <usize>(<u32>ARENA_FREE + (index << 2));
  store<u32>(address, load<u32>(list));
  store<u32>(list, <u32>address);
  const count = <usize>(<u32>ARENA_FREE_COUNT + (index << 2));
  store<u32>(count, load<u32>(count) + 1);
  store<f64>(ARENA_USED, load<f64>(ARENA_USED) - <f64>classBytes(index));
}

/**
 * Shortens a region of `bytes` to `length` in place and gives back what lies behind; the address stays. Each large class is
 * the one below it and a tail which is a class too (2^k = 1.5 × 2^(k−1) + 2^(k−2), 1.5 × 2^k = 2^k + 2^(k−1)); below them
 * every difference is one. Returns the bytes that the region has now. Readers may still copy from the tail: only what they
 * must not use can lie there.
 */
export function shrink(address: usize, bytes: u32, length: u32): u32 {
  let index = classOf(bytes);
  const target = classOf(length);
  while (index > target) {
    const size = classBytes(index);
    index = index < FINE_CLASSES ? target : index - 1;
    const rest = classBytes(index);
    release(address + <usize>rest, size - rest);
  }
  return classBytes(index);
}

// A reservation answers beforehand whether a number of allocations will all succeed, so that a change which needs many
// regions is made whole or not at all. It holds until `endReservation`, or until something else allocates.

/** Begins a new reservation; the one before is forgotten. */
export function beginReservation(): void {
  store<u32>(ARENA_IS_RESERVED, 1);
  memory.fill(<usize>RESERVED_COUNTS, 0, <usize>(ARENA_CLASSES << 2));
  store<u32>(ARENA_RESERVED, 0);
}

/** Counts on one more region of `bytes`. False if it could not be had; the reservation is unchanged then. */
export function reserve(bytes: u32): bool {
  if (bytes > MAX_REGION) return false;
  const index = classOf(bytes);
  const counted = <usize>(<u32>RESERVED_COUNTS + (index << 2));
  const taken = load<u32>(counted);
  if (taken < load<u32>(<usize>(<u32>ARENA_FREE_COUNT + (index << 2)))) {
    store<u32>(counted, taken + 1);
    return true;
  }
  const fresh = load<u32>(ARENA_RESERVED) + classBytes(index);
  if (fresh > neverUsed()) return false;
  store<u32>(ARENA_RESERVED, fresh);
  return true;
}

/** Forgets the reservation. */
export function endReservation(): void {
  store<u32>(ARENA_IS_RESERVED, 0);
}

/** Bytes that were never handed out. */
export function neverUsed(): u32 {
  return load<u32>(HEAD_LIMIT) - load<u32>(ARENA_BUMP);
}

// A retired region's own bytes must stay readable, so a 16-byte note holds what is needed: next, address, bytes, epoch.

/**
 * Gives back a region of `bytes` once no reader can see it: the caller has already made it unreachable for readers who
 * pin from the NEXT epoch on. Where no note can be allocated the region is lost (the memory is full anyway).
 */
export function retire(address: usize, bytes: u32): void {
  const note = allocate(16);
  if (note === 0) return;
  store<u32>(note, 0, 0);
  store<u32>(note, <u32>address, 4);
  store<u32>(note, bytes, 8);
  store<u32>(note, atomic.load<u32>(EPOCH), 12);
  const tail = load<u32>(ARENA_RETIRED_TAIL);
  if (tail === 0) store<u32>(ARENA_RETIRED_HEAD, <u32>note);
  else store<u32>(tail, <u32>note, 0);
  store<u32>(ARENA_RETIRED_TAIL, <u32>note);
  store<f64>(ARENA_RETIRED_BYTES, load<f64>(ARENA_RETIRED_BYTES) + <f64>bytes);
}

/** The oldest epoch that a reader may be in: what was retired before it can be reused. */
export function oldestPin(): u32 {
  let oldest = atomic.load<u32>(EPOCH); // a reader that pins later sees at least this
  for (let i: u32 = 0; i < <u32>PIN_COUNT; i++) {
    const pin = atomic.load<u32>(<usize>(<u32>PINS + (i << 2)));
    if (pin !== 0 && <i32>(pin - oldest) < 0) oldest = pin;
  }
  return oldest;
}

/** Begins a new epoch, so that what was retired up to now can be reused once the readers of today are gone. */
export function advanceEpoch(): void {
  const next = load<u32>(EPOCH) + 1;
  atomic.store<u32>(EPOCH, next === 0 ? 1 : next);
}

/** Frees what was retired before every pinned epoch, at most `most` regions. Returns how many. */
export function reclaim(most: u32): u32 {
  let note = load<u32>(ARENA_RETIRED_HEAD);
  if (note === 0) return 0;
  const oldest = oldestPin();
  let freed: u32 = 0;
  while (note !== 0 && freed < most && <i32>(load<u32>(note, 12) - oldest) < 0) {
    const next = load<u32>(note, 0);
    const bytes = load<u32>(note, 8);
    release(<usize>load<u32>(note, 4), bytes);
    release(<usize>note, 16);
    store<f64>(ARENA_RETIRED_BYTES, load<f64>(ARENA_RETIRED_BYTES) - <f64>bytes);
    note = next;
    freed++;
  }
  store<u32>(ARENA_RETIRED_HEAD, note);
  if (note === 0) store<u32>(ARENA_RETIRED_TAIL, 0);
  return freed;
}

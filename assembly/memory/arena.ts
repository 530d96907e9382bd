/**
 * Memory of one shard's head in regions of fixed classes, with reuse by epochs. All state is in the memory map: nothing
 * is kept in this module, so every instance over the same memory sees the same arena. Only the ingest thread calls it.
 *
 * Classes: each multiple of 16 up to 512, where nearly all regions are (a series has half a dozen of them, so what rounding
 * costs there is paid per series); then for each power of two 2^k from 512 on: 1.5 × 2^k and 2^(k+1). A region's owner
 * remembers the size that it asked for and gives the same number back. Regions are aligned to 16 bytes and not zeroed.
 *
 * Free regions up to 512 bytes that lie side by side become one, up to that size: chunks grow from class to class together and
 * would leave each behind. A bit for each 16 bytes tells whether they are in such a region; regions of other sizes have none.
 *
 *   free region   offset 0      u32 next of its class's list, 0 = none
 *   of ≤ 512      offset 4      u32 the one before, 0 = it is the first
 *                 offset 8      u32 bytes
 *                 last 4 bytes  u32 bytes
 */
import {
  ARENA_BUMP,
  ARENA_CLASSES,
  ARENA_FREE,
  ARENA_FREE_COUNT,
  ARENA_IS_RESERVED,
  ARENA_LAST,
  ARENA_MAPS,
  ARENA_NOTE_COUNT,
  ARENA_NOTES,
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

const NOTE_BYTES: u32 = 16;
/** More than the series of a scrape whose chunks grow at once. */
const NOTES_KEPT: u32 = 4096;

/** A map has the bits of 2^18 units of 16 bytes: of 4 MB. */
const MAP_SHIFT: u32 = 18;
const MAP_BYTES: u32 = 32768;
/** Without so much unused memory no further map is made. */
const MAP_MARGIN_BYTES: u32 = 1 << 20;

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
  const free = takeFree(index);
  if (free !== 0) {
    store<f64>(ARENA_USED, load<f64>(ARENA_USED) + <f64>size);
    return free;
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
    const free = takeFree(larger);
    if (free === 0) continue;
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
  const size = classBytes(index);
  store<f64>(ARENA_USED, load<f64>(ARENA_USED) - <f64>size);
  if (size > FINE_BYTES) putFree(address, index);
  // A reservation counts on free regions as they are.
  else if (load<u32>(ARENA_IS_RESERVED) !== 0) putFine(address, size);
  else putJoined(address, size);
}

/** Takes the first region out of the list of class `index`; 0 if it is empty. */
function takeFree(index: u32): usize {
  const free = <usize>load<u32>(<usize>(<u32>ARENA_FREE + (index << 2)));
  if (free !== 0) {
    if (index < FINE_CLASSES) takeFine(free, classBytes(index));
    else unlinkFirst(free, index);
  }
  return free;
}

function unlinkFirst(free: usize, index: u32): void {
  store<u32>(<usize>(<u32>ARENA_FREE + (index << 2)), load<u32>(free));
  const count = <usize>(<u32>ARENA_FREE_COUNT + (index << 2));
  store<u32>(count, load<u32>(count) - 1);
}

function putFree(address: usize, index: u32): void {
  const list = <usize>(<u32>ARENA_FREE + (index << 2));
  store<u32>(address, load<u32>(list));
  store<u32>(list, <u32>address);
  const count = <usize>(<u32>ARENA_FREE_COUNT + (index << 2));
  store<u32>(count, load<u32>(count) + 1);
}

/** Takes a free region of `size` ≤ FINE_BYTES out of its list, wherever it stands. */
function takeFine(address: usize, size: u32): void {
  const class4 = classOf(size) << 2;
  const next = load<u32>(address);
  const before = load<u32>(address, 4);
  store<u32>(before === 0 ? <usize>(<u32>ARENA_FREE + class4) : <usize>before, next);
  store<u32>(next === 0 ? <usize>(<u32>ARENA_LAST + class4) : <usize>next + 4, before);
  const count = <usize>(<u32>ARENA_FREE_COUNT + class4);
  store<u32>(count, load<u32>(count) - 1);
  mark(address, size, false);
}

/**
 * Puts a region of `size` ≤ FINE_BYTES behind the others of its list as it is: what one target's series leave in their order is
 * handed out in that order again, and series that are appended to one after the other lie one behind the other.
 */
function putFine(address: usize, size: u32): void {
  const class4 = classOf(size) << 2;
  const last = load<u32>(<usize>(<u32>ARENA_LAST + class4));
  store<u32>(last === 0 ? <usize>(<u32>ARENA_FREE + class4) : <usize>last, <u32>address);
  store<u32>(<usize>(<u32>ARENA_LAST + class4), <u32>address);
  store<u32>(address, 0);
  store<u32>(address, last, 4);
  store<u32>(address, size, 8);
  store<u32>(address + <usize>(size - 4), size);
  const count = <usize>(<u32>ARENA_FREE_COUNT + class4);
  store<u32>(count, load<u32>(count) + 1);
  mark(address, size, true);
}

/** Puts a region of `size` ≤ FINE_BYTES into its list, with its free neighbours where all together are not larger. */
function putJoined(address: usize, size: u32): void {
  let start = address;
  let bytes = size;
  if (isFree(address - 16)) {
    const before = load<u32>(address - 4);
    if (bytes + before <= FINE_BYTES) {
      start -= <usize>before;
      bytes += before;
      takeFine(start, before);
    }
  }
  const behind = address + <usize>size;
  if (isFree(behind)) {
    const length = load<u32>(behind, 8);
    if (bytes + length <= FINE_BYTES) {
      takeFine(behind, length);
      bytes += length;
    }
  }
  putFine(start, bytes);
}
/** Sets or clears the bits of a region; where its span has no map, nothing is joined. */
function mark(address: usize, size: u32, isFree: bool): void {
  let unit = <u32>(address >> 4);
  const end = unit + (size >> 4);
  while (unit < end) {
    if (isFree) makeMap(unit);
    const bit = unit & 31;
    const count = min<u32>(32 - bit, end - unit);
    const word = mapWord(unit);
    if (word !== 0) {
      const bits: u32 = ((0xffffffff as u32) >> (32 - count)) << bit;
      store<u32>(word, isFree ? load<u32>(word) | bits : load<u32>(word) & ~bits);
    }
    unit += count;
  }
}

/** Whether `address` lies in a free region of ≤ FINE_BYTES; false where its span has no map. */
function isFree(address: usize): bool {
  const unit = <u32>(address >> 4);
  const word = mapWord(unit);
  return word !== 0 && ((load<u32>(word) >> (unit & 31)) & 1) !== 0;
}

/** Address of the word that has the unit's bit; 0 without a map. */
function mapWord(unit: u32): usize {
  const map = <usize>load<u32>(<usize>(<u32>ARENA_MAPS + ((unit >> MAP_SHIFT) << 2)));
  return map === 0 ? 0 : map + <usize>(((unit & ((1 << MAP_SHIFT) - 1)) >> 5) << 2);
}

/** Gives the unit's span a map, unless memory is scarce or promised. */
function makeMap(unit: u32): void {
  const entry = <usize>(<u32>ARENA_MAPS + ((unit >> MAP_SHIFT) << 2));
  if (load<u32>(entry) !== 0 || load<u32>(ARENA_IS_RESERVED) !== 0 || neverUsed() < MAP_MARGIN_BYTES) return;
  const map = load<u32>(ARENA_BUMP);
  store<u32>(ARENA_BUMP, map + MAP_BYTES);
  memory.fill(<usize>map, 0, <usize>MAP_BYTES);
  store<u32>(entry, map);
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
  if (taken < load<u32>(<usize>(<u32>ARENA_FREE_COUNT + (index << 2))) || cutFree(index)) {
    store<u32>(counted, taken + 1);
    return true;
  }
  const fresh = load<u32>(ARENA_RESERVED) + classBytes(index);
  if (fresh > neverUsed()) return false;
  store<u32>(ARENA_RESERVED, fresh);
  return true;
}

/** Cuts a free region of class `index` off a larger one of ≤ FINE_BYTES that the reservation does not count on. False without any. */
function cutFree(index: u32): bool {
  for (let larger = index + 1; larger < FINE_CLASSES; larger++) {
    const counted = load<u32>(<usize>(<u32>RESERVED_COUNTS + (larger << 2)));
    if (load<u32>(<usize>(<u32>ARENA_FREE_COUNT + (larger << 2))) <= counted) continue;
    const free = takeFree(larger);
    const size = classBytes(index);
    putFine(free + <usize>size, classBytes(larger) - size);
    putFine(free, size);
    return true;
  }
  return false;
}

/** Whether a reservation is under way: of a batch, because memory is scarce. */
export function isReserved(): bool {
  return load<u32>(ARENA_IS_RESERVED) !== 0;
}

/** Forgets the reservation. */
export function endReservation(): void {
  store<u32>(ARENA_IS_RESERVED, 0);
}

/** Bytes that were never handed out. */
export function neverUsed(): u32 {
  return load<u32>(HEAD_LIMIT) - load<u32>(ARENA_BUMP);
}

// A retired region's own bytes must stay readable, so a 16-byte note holds what is needed: next, address, bytes, epoch. Notes
// come and go with each commit: some of them are kept, so that these are not cut off and joined again each time.

function takeNote(): usize {
  const note = <usize>load<u32>(ARENA_NOTES);
  if (note === 0) return allocate(NOTE_BYTES);
  store<u32>(ARENA_NOTES, load<u32>(note));
  store<u32>(ARENA_NOTE_COUNT, load<u32>(ARENA_NOTE_COUNT) - 1);
  store<f64>(ARENA_USED, load<f64>(ARENA_USED) + <f64>NOTE_BYTES);
  return note;
}

function giveNote(note: usize): void {
  if (load<u32>(ARENA_NOTE_COUNT) >= NOTES_KEPT) {
    release(note, NOTE_BYTES);
    return;
  }
  store<u32>(note, load<u32>(ARENA_NOTES));
  store<u32>(ARENA_NOTES, <u32>note);
  store<u32>(ARENA_NOTE_COUNT, load<u32>(ARENA_NOTE_COUNT) + 1);
  store<f64>(ARENA_USED, load<f64>(ARENA_USED) - <f64>NOTE_BYTES);
}

/**
 * Gives back a region of `bytes` once no reader can see it: the caller has already made it unreachable for readers who
 * pin from the NEXT epoch on. Where no note can be allocated the region is lost (the memory is full anyway).
 */
export function retire(address: usize, bytes: u32): void {
  const note = takeNote();
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
    giveNote(<usize>note);
    store<f64>(ARENA_RETIRED_BYTES, load<f64>(ARENA_RETIRED_BYTES) - <f64>bytes);
    note = next;
    freed++;
  }
  store<u32>(ARENA_RETIRED_HEAD, note);
  if (note === 0) store<u32>(ARENA_RETIRED_TAIL, 0);
  return freed;
}

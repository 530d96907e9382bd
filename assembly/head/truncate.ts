/**
 * Forgets old chunks and series that have nothing newer, in slices that the caller bounds:
 *   1. `truncateSlots` cuts the chains of chunks and takes dead series out of the table of series;
 *   2. `sweepPostings` replaces the postings that name dead series;
 *   3. `freeDeadSlots` gives labels and slots of swept series back.
 * A batch must not be staged meanwhile: its rows hold slot indices.
 */

import { postingsRoot } from "../index/pairs";
import { newList } from "../index/tables";
import {
  CHUNK_MAX_TIME,
  CHUNK_PREVIOUS,
  COUNTER_CHUNKS,
  COUNTER_CHUNKS_ON_DISK,
  COUNTER_SERIES,
  COUNTER_SERIES_REMOVED,
  ENTRY_COMMIT,
  EPOCH,
  LABELS_COUNT,
  LABELS_PAIRS,
  LIST_CAPACITY,
  LIST_ITEMS,
  LIST_LENGTH,
  PAIR_COUNT,
  SLOT_CHUNK,
  SLOT_CHUNKS,
  SLOT_COUNT,
  SLOT_ENTRY_0,
  SLOT_ENTRY_1,
  SLOT_FLAG_DEAD,
  SLOT_FLAG_LIVE,
  SLOT_FLAGS,
  SLOT_GENERATION,
  SLOT_LABELS,
  SLOT_LAST_TIME,
} from "../layout";
import { beginReservation, endReservation, reserve, retire } from "../memory/arena";
import { beginMutation, endMutation } from "../memory/mutation";
import { chunkBytes, isOnDisk } from "./chunks";
import { bump, removeFromTable } from "./series";
import { queueFreeSlot, slotAddress } from "./slots";

/**
 * In `slots` slots from `first` on: drops closed chunks that end before `minTime` ms, and removes series whose newest sample
 * is older, or that never had one. Returns the number of series removed.
 */
export function truncateSlots(first: u32, slots: u32, minTime: f64): u32 {
  const all = load<u32>(SLOT_COUNT);
  const end = first + slots < all ? first + slots : all;
  const before = <i64>minTime;
  let removed: u32 = 0;
  const mutation = beginMutation();
  for (let index = first; index < end; index++) {
    const slot = slotAddress(index);
    if ((load<u32>(slot, SLOT_FLAGS) & SLOT_FLAG_LIVE) === 0) continue;
    if (load<u32>(slot, SLOT_CHUNKS) === 0 || load<i64>(slot, SLOT_LAST_TIME) < before) {
      removeSeries(slot, index);
      removed++;
    } else {
      dropOldChunks(slot, before);
    }
  }
  endMutation(mutation);
  return removed;
}

function dropOldChunks(slot: usize, before: i64): void {
  let chunk = <usize>load<u32>(slot, SLOT_CHUNK);
  for (;;) {
    const previous = <usize>load<u32>(chunk, CHUNK_PREVIOUS);
    if (previous === 0) return;
    if (load<i64>(previous, CHUNK_MAX_TIME) < before) {
      atomic.store<u32>(chunk, 0, CHUNK_PREVIOUS);
      retireChain(slot, previous);
      return;
    }
    chunk = previous;
  }
}

function retireChain(slot: usize, first: usize): void {
  let chunk = first;
  let dropped: u32 = 0;
  let onDisk: u32 = 0;
  while (chunk !== 0) {
    const previous = <usize>load<u32>(chunk, CHUNK_PREVIOUS);
    if (isOnDisk(chunk)) onDisk++;
    retire(chunk, chunkBytes(chunk));
    chunk = previous;
    dropped++;
  }
  if (onDisk !== 0) bump(COUNTER_CHUNKS_ON_DISK, -(<f64>onDisk));
  store<u32>(slot, load<u32>(slot, SLOT_CHUNKS) - dropped, SLOT_CHUNKS);
  bump(COUNTER_CHUNKS, -(<f64>dropped));
}

function removeSeries(slot: usize, index: u32): void {
  removeFromTable(index);
  atomic.store<u32>(slot, 0, SLOT_ENTRY_0 + ENTRY_COMMIT);
  atomic.store<u32>(slot, 0, SLOT_ENTRY_1 + ENTRY_COMMIT);
  atomic.store<u32>(slot, load<u32>(slot, SLOT_GENERATION) + 1, SLOT_GENERATION);
  store<u32>(slot, SLOT_FLAG_DEAD, SLOT_FLAGS);
  const chunk = <usize>load<u32>(slot, SLOT_CHUNK);
  store<u32>(slot, 0, SLOT_CHUNK);
  if (chunk !== 0) retireChain(slot, chunk);
  bump(COUNTER_SERIES, -1);
  bump(COUNTER_SERIES_REMOVED, 1);
}

/**
 * Takes dead series out of the postings of `pairs` pairs from `first` on. Returns 0, or the number of lists that could not
 * be replaced for lack of memory: then dead slots must not be freed, and the next truncation tries again.
 */
export function sweepPostings(first: u32, pairs: u32): u32 {
  const all = load<u32>(PAIR_COUNT);
  const end = first + pairs < all ? first + pairs : all;
  let failed: u32 = 0;
  for (let pair: u32 = first === 0 ? 1 : first; pair < end; pair++) if (!sweepList(postingsRoot(pair))) failed++;
  return failed;
}

function sweepList(root: usize): bool {
  const list = <usize>load<u32>(root);
  if (list === 0) return true;
  const length = load<u32>(list, LIST_LENGTH);
  let live: u32 = 0;
  for (let i: u32 = 0; i < length; i++) if (!isDead(load<u32>(list + <usize>(i << 2), LIST_ITEMS))) live++;
  if (live === length) return true;
  let kept: usize = 0;
  if (live !== 0) {
    const bytes = <u32>LIST_ITEMS + (live << 2);
    beginReservation();
    const isRoom = reserve(bytes);
    if (isRoom) kept = newList(bytes);
    endReservation();
    if (!isRoom) return false;
    let at = kept + LIST_ITEMS;
    for (let i: u32 = 0; i < length; i++) {
      const index = load<u32>(list + <usize>(i << 2), LIST_ITEMS);
      if (isDead(index)) continue;
      store<u32>(at, index);
      at += 4;
    }
    store<u32>(kept, live, LIST_LENGTH);
  }
  atomic.store<u32>(root, <u32>kept);
  retire(list, <u32>LIST_ITEMS + (load<u32>(list, LIST_CAPACITY) << 2));
  return true;
}

function isDead(index: u32): bool {
  return (load<u32>(slotAddress(index), SLOT_FLAGS) & SLOT_FLAG_DEAD) !== 0;
}

/** Gives back labels and slots of dead series in `slots` slots from `first` on. All postings have been swept. */
export function freeDeadSlots(first: u32, slots: u32): void {
  const all = load<u32>(SLOT_COUNT);
  const end = first + slots < all ? first + slots : all;
  const epoch = load<u32>(EPOCH);
  const mutation = beginMutation();
  for (let index = first; index < end; index++) {
    const slot = slotAddress(index);
    if (!isDead(index)) continue;
    const labels = <usize>load<u32>(slot, SLOT_LABELS);
    retire(labels, <u32>LABELS_PAIRS + (load<u32>(labels, LABELS_COUNT) << 2));
    store<u32>(slot, 0, SLOT_FLAGS);
    queueFreeSlot(index, epoch);
  }
  endMutation(mutation);
}

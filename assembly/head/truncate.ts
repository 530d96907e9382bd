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
  COUNTER_OOO_CHUNKS,
  COUNTER_SERIES,
  COUNTER_SERIES_REMOVED,
  ENTRY_COMMIT,
  EPOCH,
  INDEX_CHANGES,
  INTERVAL_BYTES,
  INTERVALS_COUNT,
  INTERVALS_ITEMS,
  LABELS_COUNT,
  LABELS_PAIRS,
  LIST_CAPACITY,
  LIST_ITEMS,
  LIST_LENGTH,
  PAIR_COUNT,
  SIDE_BYTES,
  SIDE_CHUNKS,
  SIDE_DELETED,
  SIDE_SEALED,
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
  SLOT_SIDE,
} from "../layout";
import { beginReservation, endReservation, reserve, retire } from "../memory/arena";
import { beginMutation, endMutation } from "../memory/mutation";
import { chunkBytes, isOnDisk } from "./chunks";
import { bump, removeFromTable } from "./series";
import { queueFreeSlot, slotAddress } from "./slots";

/**
 * In `slots` slots from `first` on: drops closed chunks that end before `minTime` ms, and removes series whose newest sample
 * is older, or that never had one, unless they have samples out of order. Returns the number of series removed.
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
    const isOld = load<u32>(slot, SLOT_CHUNKS) === 0 || load<i64>(slot, SLOT_LAST_TIME) < before;
    if (isOld && !isOutOfOrder(slot)) {
      removeSeries(slot, index);
      removed++;
    } else if (load<u32>(slot, SLOT_CHUNK) !== 0) {
      dropOldChunks(slot, before);
    }
  }
  endMutation(mutation);
  return removed;
}

/** Whether the series has samples out of order. */
function isOutOfOrder(slot: usize): bool {
  const side = <usize>load<u32>(slot, SLOT_SIDE);
  return side !== 0 && load<u32>(side, SIDE_CHUNKS) !== 0;
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
  const side = <usize>load<u32>(slot, SLOT_SIDE);
  if (side !== 0) {
    atomic.store<u32>(slot, 0, SLOT_SIDE);
    retireOutOfOrder(<usize>load<u32>(side, SIDE_CHUNKS));
    const deleted = <usize>load<u32>(side, SIDE_DELETED);
    if (deleted !== 0)
      retire(deleted, <u32>INTERVALS_ITEMS + load<u32>(deleted, INTERVALS_COUNT) * <u32>INTERVAL_BYTES);
    retire(side, SIDE_BYTES);
  }
  bump(COUNTER_SERIES, -1);
  bump(COUNTER_SERIES_REMOVED, 1);
  atomic.add<u32>(INDEX_CHANGES, 1);
}

function retireOutOfOrder(first: usize): void {
  let chunk = first;
  let dropped: u32 = 0;
  while (chunk !== 0) {
    const previous = <usize>load<u32>(chunk, CHUNK_PREVIOUS);
    retire(chunk, chunkBytes(chunk));
    chunk = previous;
    dropped++;
  }
  if (dropped !== 0) bump(COUNTER_OOO_CHUNKS, -(<f64>dropped));
}

/**
 * Seals what `slots` slots from `first` on have out of order: those chunks stay as they are until they are truncated. Returns
 * how many series have some.
 */
export function sealOutOfOrder(first: u32, slots: u32): u32 {
  const all = load<u32>(SLOT_COUNT);
  const end = first + slots < all ? first + slots : all;
  let sealed: u32 = 0;
  for (let index = first; index < end; index++) {
    const slot = slotAddress(index);
    if ((load<u32>(slot, SLOT_FLAGS) & SLOT_FLAG_LIVE) === 0 || !isOutOfOrder(slot)) continue;
    const side = <usize>load<u32>(slot, SLOT_SIDE);
    atomic.store<u32>(side, load<u32>(side, SIDE_CHUNKS), SIDE_SEALED);
    sealed++;
  }
  return sealed;
}

/** Forgets the sealed chunks of `slots` slots from `first` on: a block has them. */
export function truncateOutOfOrder(first: u32, slots: u32): void {
  const all = load<u32>(SLOT_COUNT);
  const end = first + slots < all ? first + slots : all;
  const mutation = beginMutation();
  for (let index = first; index < end; index++) {
    const slot = slotAddress(index);
    if ((load<u32>(slot, SLOT_FLAGS) & SLOT_FLAG_LIVE) === 0) continue;
    const side = <usize>load<u32>(slot, SLOT_SIDE);
    const sealed = side === 0 ? 0 : load<u32>(side, SIDE_SEALED);
    if (sealed === 0) continue;
    let link = side + <usize>SIDE_CHUNKS;
    while (load<u32>(link) !== sealed && load<u32>(link) !== 0) link = <usize>load<u32>(link) + <usize>CHUNK_PREVIOUS;
    atomic.store<u32>(side, 0, SIDE_SEALED);
    if (load<u32>(link) === 0) continue;
    atomic.store<u32>(link, 0);
    retireOutOfOrder(<usize>sealed);
  }
  endMutation(mutation);
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
  atomic.add<u32>(INDEX_CHANGES, 1);
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

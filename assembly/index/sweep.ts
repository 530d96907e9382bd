/**
 * Gives back pairs and symbols that nothing names any more, in slices that the caller bounds; commits may run in between:
 *   1. `beginSweep`; 2. `sweepPairs` until it returns 0; 3. `sweepSymbols` over all ids; 4. `endSweep`.
 *
 * A dead pair leaves the table and its name's chain, a symbol without pairs the table. Readers that pinned before may still
 * follow their ids, so these are retired; the next sweep that finds no older pin makes them free to be given again. Names and
 * their anchors stay: they are few.
 */
import {
  EPOCH,
  LIST_ITEMS,
  LIST_LENGTH,
  PAIR_NAME,
  PAIR_NEXT_OF_NAME,
  PAIR_POSTINGS,
  PAIR_VALUE,
  REMOVED_ID,
  ROOT_FREE_PAIRS,
  ROOT_FREE_SYMBOLS,
  ROOT_MARKED_SYMBOLS,
  ROOT_NAMES,
  ROOT_PAIR_TABLE,
  ROOT_RETIRED_EPOCH,
  ROOT_RETIRED_PAIRS,
  ROOT_RETIRED_SYMBOLS,
  ROOT_SWEEP_NAME,
  ROOT_SWEEP_PAIR,
  ROOT_SYMBOL_MARKS,
  ROOT_SYMBOL_SWEEPS,
  ROOT_SYMBOL_TABLE,
  SYMBOL_COUNT,
  SYMBOL_HASH,
  SYMBOL_LENGTH,
  SYMBOL_TEXT,
} from "../layout";
import { allocate, beginReservation, endReservation, oldestPin, release, retire } from "../memory/arena";
import { beginMutation, endMutation } from "../memory/mutation";
import { hashPair } from "./hash";
import { markSymbols, pairAddress } from "./pairs";
import { symbolAddress } from "./symbols";
import { appendListItem, removeId, reserveListItems } from "./tables";

/** Begins a sweep; one that a thread has left unfinished is forgotten. False if there is no memory for it. */
export function beginSweep(): bool {
  const wasUnfinished = load<u32>(ROOT_SYMBOL_MARKS) !== 0;
  endSweep();
  const count = load<u32>(SYMBOL_COUNT);
  const marks = allocate(count);
  if (marks === 0) return false;
  const mutation = beginMutation();
  if (!wasUnfinished) freeRetired(); // caches of texts have not heard of what an unfinished one retired
  memory.fill(marks, 0, <usize>count);
  markListed(ROOT_FREE_SYMBOLS, marks);
  markListed(ROOT_RETIRED_SYMBOLS, marks);
  store<u32>(ROOT_MARKED_SYMBOLS, count);
  store<u32>(ROOT_SYMBOL_MARKS, <u32>marks);
  store<u32>(ROOT_SWEEP_NAME, 0);
  store<u32>(ROOT_SWEEP_PAIR, 0);
  endMutation(mutation);
  return true;
}

/** Symbols that an earlier sweep took are in no table: this one passes over them. */
function markListed(root: usize, marks: usize): void {
  const list = <usize>load<u32>(root);
  if (list === 0) return;
  const length = load<u32>(list, LIST_LENGTH);
  for (let i: u32 = 0; i < length; i++) store<u8>(marks + <usize>load<u32>(list + <usize>(i << 2), LIST_ITEMS), 1);
}

/** What the sweep before retired can be given again, unless a reader is older. */
function freeRetired(): void {
  if (<i32>(load<u32>(ROOT_RETIRED_EPOCH) - oldestPin()) >= 0) return;
  moveItems(ROOT_RETIRED_PAIRS, ROOT_FREE_PAIRS);
  moveItems(ROOT_RETIRED_SYMBOLS, ROOT_FREE_SYMBOLS);
}

function moveItems(from: usize, to: usize): void {
  const list = <usize>load<u32>(from);
  if (list === 0) return;
  const length = load<u32>(list, LIST_LENGTH);
  beginReservation();
  if (length !== 0 && reserveListItems(to, length)) {
    for (let i: u32 = 0; i < length; i++) appendListItem(to, load<u32>(list + <usize>(i << 2), LIST_ITEMS));
    store<u32>(list, 0, LIST_LENGTH);
  }
  endReservation();
}

/** Visits `most` pairs of the names' chains: dead ones go, the others' symbols are marked. 0 once all are visited. */
export function sweepPairs(most: u32): u32 {
  const names = <usize>load<u32>(ROOT_NAMES);
  if (names === 0) return 0;
  const mutation = beginMutation();
  let place = load<u32>(ROOT_SWEEP_NAME);
  let before = load<u32>(ROOT_SWEEP_PAIR);
  let left = most;
  while (place < load<u32>(names, LIST_LENGTH) && left > 0) {
    if (before === 0) {
      before = load<u32>(names + <usize>((place + 1) << 2), LIST_ITEMS); // the anchor
      markSymbols(load<u32>(pairAddress(before), PAIR_NAME), 0);
    }
    const id = load<u32>(pairAddress(before), PAIR_NEXT_OF_NAME);
    left--;
    if (id === 0) {
      place += 2;
      before = 0;
    } else if (!removeIfDead(before, id)) {
      before = id;
    }
  }
  store<u32>(ROOT_SWEEP_NAME, place);
  store<u32>(ROOT_SWEEP_PAIR, before);
  const isOver = place >= load<u32>(names, LIST_LENGTH);
  endMutation(mutation);
  return isOver ? 0 : 1;
}

/** Takes pair `id`, which follows `before` in its chain, out if no series has it. */
function removeIfDead(before: u32, id: u32): bool {
  const pair = pairAddress(id);
  const name = load<u32>(pair, PAIR_NAME);
  const value = load<u32>(pair, PAIR_VALUE);
  const postings = <usize>load<u32>(pair, PAIR_POSTINGS);
  const isNamed = postings !== 0 && load<u32>(postings, LIST_LENGTH) !== 0;
  if (isNamed || !retireId(ROOT_RETIRED_PAIRS, id)) {
    markSymbols(name, value);
    return false;
  }
  removeId(<usize>load<u32>(ROOT_PAIR_TABLE), hashPair(name, value), id);
  atomic.store<u32>(pairAddress(before), load<u32>(pair, PAIR_NEXT_OF_NAME), PAIR_NEXT_OF_NAME);
  return true;
}

/** False if there is no memory to remember it. */
function retireId(root: usize, id: u32): bool {
  beginReservation();
  const isRoom = reserveListItems(root, 1);
  if (isRoom) {
    appendListItem(root, id);
    store<u32>(ROOT_RETIRED_EPOCH, load<u32>(EPOCH));
  }
  endReservation();
  return isRoom;
}

/** Retires the symbols of `count` ids from `first` on which no pair names. All pairs have been swept. */
export function sweepSymbols(first: u32, count: u32): void {
  const marks = <usize>load<u32>(ROOT_SYMBOL_MARKS);
  if (marks === 0) return;
  const all = load<u32>(ROOT_MARKED_SYMBOLS);
  const end = first + count < all ? first + count : all;
  const mutation = beginMutation();
  for (let id: u32 = first <= <u32>REMOVED_ID ? REMOVED_ID + 1 : first; id < end; id++) {
    if (load<u8>(marks + <usize>id) !== 0) continue;
    if (!retireId(ROOT_RETIRED_SYMBOLS, id)) break;
    const symbol = symbolAddress(id);
    removeId(<usize>load<u32>(ROOT_SYMBOL_TABLE), load<u32>(symbol, SYMBOL_HASH), id);
    retire(symbol, <u32>SYMBOL_TEXT + load<u32>(symbol, SYMBOL_LENGTH));
    store<u8>(marks + <usize>id, 1);
  }
  endMutation(mutation);
}

/** Ends the sweep: readers that pin from now on know none of the ids that were retired, and forget their texts. */
export function endSweep(): void {
  const marks = <usize>load<u32>(ROOT_SYMBOL_MARKS);
  if (marks === 0) return;
  const mutation = beginMutation();
  atomic.store<u32>(ROOT_SYMBOL_SWEEPS, load<u32>(ROOT_SYMBOL_SWEEPS) + 1);
  store<u32>(ROOT_SYMBOL_MARKS, 0);
  release(marks, load<u32>(ROOT_MARKED_SYMBOLS));
  endMutation(mutation);
}

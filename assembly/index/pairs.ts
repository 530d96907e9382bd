/**
 * Interned (name, value) pairs with the postings of each. The pair of a name with the empty value is the name's anchor:
 * it begins the chain of the name's values and has no postings of its own.
 */
import {
  PAIR_BYTES,
  PAIR_COUNT,
  PAIR_DIRECTORY,
  PAIR_NAME,
  PAIR_NEXT_OF_NAME,
  PAIR_POSTINGS,
  PAIR_VALUE,
  REMOVED_ID,
  ROOT_FREE_PAIRS,
  ROOT_MARKED_SYMBOLS,
  ROOT_NAMES,
  ROOT_PAIR_TABLE,
  ROOT_SYMBOL_MARKS,
  TABLE_ITEMS,
  TABLE_MASK,
} from "../layout";
import { hashPair } from "./hash";
import {
  appendListItem,
  growList,
  insertId,
  newRecord,
  newTable,
  recordAddress,
  replaceTable,
  reserveListItems,
  reserveSegments,
  reserveTable,
  tableIsSmall,
  takeListItem,
} from "./tables";

/** Address of the PAIR record of `id`, which is not 0. */
export function pairAddress(id: u32): usize {
  return recordAddress(PAIR_DIRECTORY, id, PAIR_BYTES);
}

/** Id of the pair of two symbol ids, 0 if unknown. */
export function findPair(name: u32, value: u32): u32 {
  const table = <usize>load<u32>(ROOT_PAIR_TABLE);
  if (table === 0) return 0;
  const mask = load<u32>(table, TABLE_MASK);
  let i = hashPair(name, value) & mask;
  while (true) {
    const id = load<u32>(table + <usize>(i << 2), TABLE_ITEMS);
    if (id === 0) return 0;
    const pair = pairAddress(id);
    if (load<u32>(pair, PAIR_NAME) === name && load<u32>(pair, PAIR_VALUE) === value) return id;
    i = (i + 1) & mask;
  }
}

/** Counts on places for `added` more pairs in table and directory, and for `names` more names. */
export function reservePairs(added: u32, names: u32): bool {
  const count = load<u32>(PAIR_COUNT);
  return (
    reserveTable(ROOT_PAIR_TABLE, count, added) &&
    reserveSegments(count, added, PAIR_BYTES) &&
    (names === 0 || reserveListItems(ROOT_NAMES, names << 1))
  );
}

/** Makes table and list of names large enough for `added` more pairs and `names` more names. */
export function growPairTable(added: u32, names: u32): void {
  if (names !== 0) growList(ROOT_NAMES, names << 1);
  const count = load<u32>(PAIR_COUNT);
  if (!tableIsSmall(ROOT_PAIR_TABLE, count, added)) return;
  const table = newTable(count + added);
  const old = <usize>load<u32>(ROOT_PAIR_TABLE);
  const places: u32 = old === 0 ? 0 : load<u32>(old, TABLE_MASK) + 1;
  for (let i: u32 = 0; i < places; i++) {
    const id = load<u32>(old + <usize>(i << 2), TABLE_ITEMS);
    if (id <= <u32>REMOVED_ID) continue;
    const pair = pairAddress(id);
    insertId(table, hashPair(load<u32>(pair, PAIR_NAME), load<u32>(pair, PAIR_VALUE)), id);
  }
  replaceTable(ROOT_PAIR_TABLE, table);
}

/** Id of the pair, which is linked to its name if it is new. Memory and places have been reserved. */
export function internPair(name: u32, value: u32): u32 {
  const known = findPair(name, value);
  if (known !== 0) return known;
  let anchor = findPair(name, 0);
  if (anchor === 0) {
    anchor = addPair(name, 0, 0);
    appendListItem(ROOT_NAMES, name);
    appendListItem(ROOT_NAMES, anchor);
  }
  const head = pairAddress(anchor);
  const id = addPair(name, value, load<u32>(head, PAIR_NEXT_OF_NAME));
  atomic.store<u32>(head, id, PAIR_NEXT_OF_NAME);
  return id;
}

function addPair(name: u32, value: u32, next: u32): u32 {
  const free = takeListItem(ROOT_FREE_PAIRS);
  const id: u32 = free !== 0 ? free : load<u32>(PAIR_COUNT);
  const pair = free !== 0 ? pairAddress(free) : newRecord(PAIR_DIRECTORY, id, PAIR_BYTES);
  store<u32>(pair, name, PAIR_NAME);
  store<u32>(pair, value, PAIR_VALUE);
  store<u32>(pair, 0, PAIR_POSTINGS);
  store<u32>(pair, next, PAIR_NEXT_OF_NAME);
  if (free === 0) atomic.store<u32>(PAIR_COUNT, id + 1);
  markSymbols(name, value);
  insertId(<usize>load<u32>(ROOT_PAIR_TABLE), hashPair(name, value), id);
  return id;
}

/** Tells the sweep of symbols that is under way, if any, that a pair names these. */
export function markSymbols(name: u32, value: u32): void {
  const marks = <usize>load<u32>(ROOT_SYMBOL_MARKS);
  if (marks === 0) return;
  const count = load<u32>(ROOT_MARKED_SYMBOLS);
  if (name < count) store<u8>(marks + <usize>name, 1);
  if (value < count) store<u8>(marks + <usize>value, 1);
}

/** Where the address of the postings of pair `id` is. */
export function postingsRoot(id: u32): usize {
  return pairAddress(id) + PAIR_POSTINGS;
}

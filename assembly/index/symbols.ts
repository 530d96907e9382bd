/**
 * Interned strings. Ids are dense; one that nothing names any more is given again (sweep.ts). Id 0 is the empty string, and
 * REMOVED_ID stands for what was taken out of the table.
 */
import {
  REMOVED_ID,
  ROOT_FREE_SYMBOLS,
  ROOT_SYMBOL_TABLE,
  SYMBOL_COUNT,
  SYMBOL_DIRECTORY,
  SYMBOL_HASH,
  SYMBOL_LENGTH,
  SYMBOL_TEXT,
  TABLE_ITEMS,
  TABLE_MASK,
} from "../layout";
import { allocate, reserve } from "../memory/arena";
import { hashBytes } from "./hash";
import {
  insertId,
  newRecord,
  newTable,
  recordAddress,
  replaceTable,
  reserveSegments,
  reserveTable,
  tableIsSmall,
  takeListItem,
} from "./tables";

/** Address of the SYMBOL region of `id`, which is not 0. */
export function symbolAddress(id: u32): usize {
  return <usize>load<u32>(recordAddress(SYMBOL_DIRECTORY, id, 4));
}

/** Id of the string, 0 if it is empty or unknown. */
export function findSymbol(text: usize, length: u32, hash: u32): u32 {
  const table = <usize>load<u32>(ROOT_SYMBOL_TABLE);
  if (table === 0 || length === 0) return 0;
  const mask = load<u32>(table, TABLE_MASK);
  let i = hash & mask;
  while (true) {
    const id = load<u32>(table + <usize>(i << 2), TABLE_ITEMS);
    if (id === 0) return 0;
    const symbol = symbolAddress(id);
    if (
      load<u32>(symbol, SYMBOL_HASH) === hash &&
      load<u32>(symbol, SYMBOL_LENGTH) === length &&
      memory.compare(symbol + SYMBOL_TEXT, text, <usize>length) === 0
    ) {
      return id;
    }
    i = (i + 1) & mask;
  }
}

/** Counts on the memory of one more symbol, its place in table and directory apart. */
export function reserveSymbolText(length: u32): bool {
  return reserve(<u32>SYMBOL_TEXT + length);
}

/** Counts on places for `added` more symbols in table and directory. */
export function reserveSymbols(added: u32): bool {
  const count = load<u32>(SYMBOL_COUNT);
  return reserveTable(ROOT_SYMBOL_TABLE, count, added) && reserveSegments(count, added, 4);
}

/** Makes the table large enough for `added` more symbols. */
export function growSymbolTable(added: u32): void {
  const count = load<u32>(SYMBOL_COUNT);
  if (!tableIsSmall(ROOT_SYMBOL_TABLE, count, added)) return;
  const table = newTable(count + added);
  const old = <usize>load<u32>(ROOT_SYMBOL_TABLE);
  const places: u32 = old === 0 ? 0 : load<u32>(old, TABLE_MASK) + 1;
  for (let i: u32 = 0; i < places; i++) {
    const id = load<u32>(old + <usize>(i << 2), TABLE_ITEMS);
    if (id > <u32>REMOVED_ID) insertId(table, load<u32>(symbolAddress(id), SYMBOL_HASH), id);
  }
  replaceTable(ROOT_SYMBOL_TABLE, table);
}

/** Id of the string, which is interned if it is new. Memory and places have been reserved. */
export function internSymbol(text: usize, length: u32): u32 {
  if (length === 0) return 0;
  const hash = hashBytes(text, length);
  const known = findSymbol(text, length, hash);
  if (known !== 0) return known;
  const symbol = allocate(<u32>SYMBOL_TEXT + length);
  store<u32>(symbol, length, SYMBOL_LENGTH);
  store<u32>(symbol, hash, SYMBOL_HASH);
  memory.copy(symbol + SYMBOL_TEXT, text, <usize>length);
  const free = takeListItem(ROOT_FREE_SYMBOLS);
  if (free !== 0) {
    store<u32>(recordAddress(SYMBOL_DIRECTORY, free, 4), <u32>symbol);
    insertId(<usize>load<u32>(ROOT_SYMBOL_TABLE), hash, free);
    return free;
  }
  const id = load<u32>(SYMBOL_COUNT);
  store<u32>(newRecord(SYMBOL_DIRECTORY, id, 4), <u32>symbol);
  atomic.store<u32>(SYMBOL_COUNT, id + 1);
  insertId(<usize>load<u32>(ROOT_SYMBOL_TABLE), hash, id);
  return id;
}

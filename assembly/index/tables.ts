/**
 * What symbols, pairs and postings share: directories of equal segments, growing lists, open-addressing tables. Each is
 * read by query threads without a lock: a new region is filled first and its address stored atomically, then the old one
 * is retired; a list's length and a table's item are stored atomically after what they make reachable.
 *
 * `reserveX` counts on the memory that `x` will need (see arena.ts); `x` itself cannot fail after it.
 */
import {
  DIRECTORY_ENTRIES,
  LIST_CAPACITY,
  LIST_ITEMS,
  LIST_LENGTH,
  REMOVED_ID,
  SEGMENT_MASK,
  SEGMENT_SHIFT,
  TABLE_ITEMS,
  TABLE_MASK,
  TABLE_USED,
} from "../layout";
import { allocate, reserve, retire, roomFor } from "../memory/arena";

const RETIRED_NOTE_BYTES: u32 = 16;

/** Counts on the segments for record numbers `count` … `count + added − 1`. False if memory or directory end before. */
export function reserveSegments(count: u32, added: u32, recordBytes: u32): bool {
  const have = (count + <u32>SEGMENT_MASK) >> <u32>SEGMENT_SHIFT;
  const want = (count + added + <u32>SEGMENT_MASK) >> <u32>SEGMENT_SHIFT;
  if (want > <u32>DIRECTORY_ENTRIES) return false;
  for (let i = have; i < want; i++) if (!reserve(recordBytes << (<u32>SEGMENT_SHIFT))) return false;
  return true;
}

/** Address of record `index`; its segment is allocated and zeroed first if it is the segment's first record. */
export function newRecord(directory: usize, index: u32, recordBytes: u32): usize {
  const entry = directory + <usize>((index >> <u32>SEGMENT_SHIFT) << 2);
  if ((index & <u32>SEGMENT_MASK) === 0 && load<u32>(entry) === 0) {
    const bytes = recordBytes << (<u32>SEGMENT_SHIFT);
    const segment = allocate(bytes);
    memory.fill(segment, 0, <usize>bytes);
    atomic.store<u32>(entry, <u32>segment);
  }
  return recordAddress(directory, index, recordBytes);
}

/** Address of record `index`, which must exist. */
export function recordAddress(directory: usize, index: u32, recordBytes: u32): usize {
  const segment = load<u32>(directory + <usize>((index >> <u32>SEGMENT_SHIFT) << 2));
  return <usize>segment + <usize>((index & <u32>SEGMENT_MASK) * recordBytes);
}

/** Counts on the memory that `growList` needs for `added` more items in the list whose address is at `root`. */
export function reserveListItems(root: usize, added: u32): bool {
  const list = <usize>load<u32>(root);
  if (list === 0) return reserve(<u32>LIST_ITEMS + (added << 2));
  const length = load<u32>(list, LIST_LENGTH) + added;
  if (length <= load<u32>(list, LIST_CAPACITY)) return true;
  return reserve(grownListBytes(length)) && reserve(RETIRED_NOTE_BYTES);
}

/** Makes room for `added` more items in the list whose address is at `root` (0: there is none yet). Returns the list. */
export function growList(root: usize, added: u32): usize {
  const list = <usize>load<u32>(root);
  if (list === 0) {
    const first = newList(<u32>LIST_ITEMS + (added << 2));
    atomic.store<u32>(root, <u32>first);
    return first;
  }
  const length = load<u32>(list, LIST_LENGTH);
  const capacity = load<u32>(list, LIST_CAPACITY);
  if (length + added <= capacity) return list;
  const grown = newList(grownListBytes(length + added));
  memory.copy(grown + LIST_ITEMS, list + LIST_ITEMS, <usize>(length << 2));
  store<u32>(grown, length, LIST_LENGTH);
  atomic.store<u32>(root, <u32>grown);
  retire(list, <u32>LIST_ITEMS + (capacity << 2));
  return grown;
}

/** Appends `item` to the list whose address is at `root`. */
export function appendListItem(root: usize, item: u32): void {
  const list = growList(root, 1);
  const length = load<u32>(list, LIST_LENGTH);
  store<u32>(list + <usize>(length << 2), item, LIST_ITEMS);
  atomic.store<u32>(list, length + 1, LIST_LENGTH);
}

/** An empty list in a region for at least `bytes`. */
export function newList(bytes: u32): usize {
  const list = allocate(bytes);
  store<u32>(list, 0, LIST_LENGTH);
  store<u32>(list, (roomFor(bytes) - <u32>LIST_ITEMS) >> 2, LIST_CAPACITY);
  return list;
}

/** Half as much again: classes grow by a third or a half, so this is the next class but one. */
function grownListBytes(length: u32): u32 {
  return <u32>LIST_ITEMS + ((length + (length >> 1)) << 2);
}

/** Counts on the memory for a table of `count + added` ids. */
export function reserveTable(root: usize, count: u32, added: u32): bool {
  if (!tableIsSmall(root, count, added)) return true;
  const entries = entriesFor(count + added);
  return reserve(<u32>TABLE_ITEMS + (entries << 2)) && reserve(RETIRED_NOTE_BYTES);
}

/** Whether the table at `root`, with places of removed ids, is too small for `added` more ids: a new one for `count + added` is due. */
export function tableIsSmall(root: usize, count: u32, added: u32): bool {
  const table = <usize>load<u32>(root);
  if (table === 0) return true;
  const entries = load<u32>(table, TABLE_MASK) + 1;
  return entriesFor(count + added) > entries || entriesFor(load<u32>(table, TABLE_USED) + added) > entries;
}

/** An empty table with room for `count` ids; the caller fills it and then calls `replaceTable`. */
export function newTable(count: u32): usize {
  const entries = entriesFor(count);
  const table = allocate(<u32>TABLE_ITEMS + (entries << 2));
  store<u32>(table, entries - 1, TABLE_MASK);
  store<u32>(table, 0, TABLE_USED);
  memory.fill(table + TABLE_ITEMS, 0, <usize>(entries << 2));
  return table;
}

/** Puts `id` in the first free place from `hash` on. The table has one, and does not have the id. */
export function insertId(table: usize, hash: u32, id: u32): void {
  const mask = load<u32>(table, TABLE_MASK);
  let i = hash & mask;
  while (load<u32>(table + <usize>(i << 2), TABLE_ITEMS) > <u32>REMOVED_ID) i = (i + 1) & mask;
  if (load<u32>(table + <usize>(i << 2), TABLE_ITEMS) === 0)
    store<u32>(table, load<u32>(table, TABLE_USED) + 1, TABLE_USED);
  atomic.store<u32>(table + <usize>(i << 2), id, TABLE_ITEMS);
}

/** Takes `id` out of the table, which has it; readers on their way pass over its place. */
export function removeId(table: usize, hash: u32, id: u32): void {
  const mask = load<u32>(table, TABLE_MASK);
  let i = hash & mask;
  while (load<u32>(table + <usize>(i << 2), TABLE_ITEMS) !== id) i = (i + 1) & mask;
  atomic.store<u32>(table + <usize>(i << 2), REMOVED_ID, TABLE_ITEMS);
}

/** Takes the item that was appended last from the list whose address is at `root`; 0 if there is none. */
export function takeListItem(root: usize): u32 {
  const list = <usize>load<u32>(root);
  if (list === 0) return 0;
  const length = load<u32>(list, LIST_LENGTH);
  if (length === 0) return 0;
  store<u32>(list, length - 1, LIST_LENGTH);
  return load<u32>(list + <usize>((length - 1) << 2), LIST_ITEMS);
}

/** Publishes `table` at `root` and retires the one before. */
export function replaceTable(root: usize, table: usize): void {
  const old = <usize>load<u32>(root);
  atomic.store<u32>(root, <u32>table);
  if (old !== 0) retire(old, <u32>TABLE_ITEMS + ((load<u32>(old, TABLE_MASK) + 1) << 2));
}

/** Places of a table that holds `count` ids and is at most 2/3 full; a power of two. */
function entriesFor(count: u32): u32 {
  let entries: u32 = 1024;
  while (entries / 3 < (count >> 1) + 1) entries <<= 1;
  return entries;
}

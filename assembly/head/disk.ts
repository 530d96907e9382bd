/**
 * Closed chunks on their way between memory and the files of chunks_head. Out: `collectClosed` writes their records, the
 * caller appends these to a file, `linkFlushed` puts a short region that names the file in the place of each chunk. In:
 * `scanChunks` reads records at a start and keeps their chunks by series ref until `attachChunks` gives them to a slot.
 *
 * The newest chunk of a series stays in memory, open or not: readers and the next sample reach it through the slot.
 */
import { crc32c } from "../bytes/crc32c";
import { putUvarint, uvarintLength, uvarintValue } from "../bytes/varint";
import {
  CHUNK_CAPACITY,
  CHUNK_COUNT,
  CHUNK_DATA,
  CHUNK_ENCODING,
  CHUNK_FLAGS,
  CHUNK_LENGTH,
  CHUNK_MAX_TIME,
  CHUNK_MIN_TIME,
  CHUNK_PREVIOUS,
  CHUNKS_FILE_META,
  CHUNKS_FILE_META_MAX,
  CHUNKS_FILE_OUT_OF_ORDER,
  COMMITTED,
  COUNTER_CHUNKS,
  COUNTER_CHUNKS_CREATED,
  COUNTER_CHUNKS_ON_DISK,
  COUNTER_MAX_TIME,
  COUNTER_MIN_TIME,
  COUNTER_OOO_CHUNKS,
  COUNTER_OOO_CHUNKS_CREATED,
  COUNTER_OOO_MAX_TIME,
  COUNTER_OOO_MIN_TIME,
  COUNTER_SAMPLES_APPENDED,
  COUNTER_SIDES,
  COUNTERS,
  DISK_CHUNK_BYTES,
  DISK_CHUNK_FILE,
  DISK_CHUNK_FLAG,
  DISK_CHUNK_OFFSET,
  DISK_SCAN_BAD_CHECKSUM,
  DISK_SCAN_BAD_LENGTH,
  DISK_SCAN_BAD_ORDER,
  DISK_SCAN_BUFFER,
  DISK_SCAN_CHUNKS,
  DISK_SCAN_END,
  DISK_SCAN_FILE,
  DISK_SCAN_IS_END,
  DISK_SCAN_LENGTH,
  DISK_SCAN_MAX_REF,
  DISK_SCAN_MIN_VALID_TIME,
  DISK_SCAN_MORE,
  DISK_SCAN_NEEDED,
  DISK_SCAN_NO_MEMORY,
  DISK_SCAN_OFFSET,
  DISK_SCAN_OOO_CHUNKS,
  DISK_SCAN_OOO_TABLE,
  DISK_SCAN_OTHERS,
  DISK_SCAN_POSITION,
  DISK_SCAN_TABLE,
  DISK_SCAN_TOO_OLD,
  DISK_SCAN_TORN,
  FLUSH_COUNT,
  FLUSH_END,
  FLUSH_ITEM_BYTES,
  FLUSH_ITEM_CHUNK,
  FLUSH_ITEM_LINK,
  FLUSH_ITEM_OFFSET,
  FLUSH_LENGTH,
  FLUSH_SLOT,
  NO_SLOT,
  REF_TABLE_CAPACITY,
  REF_TABLE_ENTRIES,
  SIDE_BYTES,
  SIDE_CHUNKS,
  SIDE_COMMIT,
  SLOT_CHUNK,
  SLOT_CHUNKS,
  SLOT_COUNT,
  SLOT_FLAG_LIVE,
  SLOT_FLAGS,
  SLOT_LAST_TIME,
  SLOT_LAST_VALUE,
  SLOT_REF,
  SLOT_SIDE,
} from "../layout";
import { allocate, beginReservation, endReservation, release, reserve, retire } from "../memory/arena";
import { beginMutation, endMutation } from "../memory/mutation";
import { putRef, refSlot, releaseRefTable } from "../wal/ref-table";
import { writeNewestEntry } from "./append";
import { chunkBytes, closeChunk, isOnDisk } from "./chunks";
import { bump } from "./series";
import { slotAddress } from "./slots";

/** Encodings of chunks that a head has: 1 XOR, 2 and 3 histograms. */
const ENCODING_MAX: u32 = 3;
const NOTE_BYTES: u32 = 16;
/** A chunk with more data is none that any program writes. */
const DATA_BYTES_MAX: u64 = 1 << 26;

// ── out ──────────────────────────────────────────────────────────────────────────────────────────────────────────

/**
 * Looks at slots from FLUSH_SLOT on and writes records of chunks that are closed and in memory to `out`, with a FLUSH ITEM
 * for each, until `capacity` bytes or `itemCapacity` items are used up, memory for what replaces them is short, or
 * FLUSH_END is reached. What it counts on is reserved until the next call of anything that allocates. Returns the items.
 */
export function collectClosed(flush: usize, out: usize, capacity: u32, items: usize, itemCapacity: u32): u32 {
  const all = load<u32>(SLOT_COUNT);
  const wanted = load<u32>(flush, FLUSH_END);
  const end = wanted < all ? wanted : all;
  let index = load<u32>(flush, FLUSH_SLOT);
  let count: u32 = 0;
  store<u32>(flush, 0, FLUSH_LENGTH);
  beginReservation();
  while (index < end && count < itemCapacity) {
    const slot = slotAddress(index);
    const newest = <usize>load<u32>(slot, SLOT_CHUNK);
    if (newest !== 0 && (load<u32>(slot, SLOT_FLAGS) & SLOT_FLAG_LIVE) !== 0) {
      const found = listClosed(newest, items + <usize>(count * FLUSH_ITEM_BYTES), itemCapacity - count);
      const taken = encodeClosed(flush, load<u64>(slot, SLOT_REF), out, capacity, items, count, found);
      count += taken;
      if (taken < found || isClosedInMemory(<usize>load<u32>(newest, CHUNK_PREVIOUS), found)) break;
    }
    index++;
  }
  store<u32>(flush, index, FLUSH_SLOT);
  store<u32>(flush, count, FLUSH_COUNT);
  return count;
}

/** Whether a series has more chunks to write than the `listed` ones, which had no room. */
function isClosedInMemory(first: usize, listed: u32): bool {
  let chunk = first;
  let closed: u32 = 0;
  while (chunk !== 0 && !isOnDisk(chunk)) {
    closed++;
    chunk = <usize>load<u32>(chunk, CHUNK_PREVIOUS);
  }
  return closed > listed;
}

/** Lists the closed chunks behind `newest` which are in memory: the oldest ones, oldest first, at most `most`. */
function listClosed(newest: usize, items: usize, most: u32): u32 {
  let closed: u32 = 0;
  let chunk = <usize>load<u32>(newest, CHUNK_PREVIOUS);
  while (chunk !== 0 && !isOnDisk(chunk)) {
    closed++;
    chunk = <usize>load<u32>(chunk, CHUNK_PREVIOUS);
  }
  if (closed === 0) return 0;
  const listed = closed < most ? closed : most;
  let newer = newest;
  for (let left = closed; left > 0; left--) {
    chunk = <usize>load<u32>(newer, CHUNK_PREVIOUS);
    if (left <= listed) {
      const item = items + <usize>((left - 1) * FLUSH_ITEM_BYTES);
      store<u32>(item, <u32>chunk, FLUSH_ITEM_CHUNK);
      store<u32>(item, <u32>(newer + CHUNK_PREVIOUS), FLUSH_ITEM_LINK);
    }
    newer = chunk;
  }
  return listed;
}

/** Writes records of `found` items from `first` on; returns how many had room. */
function encodeClosed(flush: usize, ref: u64, out: usize, capacity: u32, items: usize, first: u32, found: u32): u32 {
  let at = out + <usize>load<u32>(flush, FLUSH_LENGTH);
  let taken: u32 = 0;
  while (taken < found) {
    const item = items + <usize>((first + taken) * FLUSH_ITEM_BYTES);
    const chunk = <usize>load<u32>(item, FLUSH_ITEM_CHUNK);
    const length = load<u32>(chunk, CHUNK_LENGTH);
    if (<u32>(at - out) + length + CHUNKS_FILE_META_MAX > capacity) break;
    if (!reserve(DISK_CHUNK_BYTES) || !reserve(NOTE_BYTES)) break;
    store<u32>(item, <u32>(at - out), FLUSH_ITEM_OFFSET);
    at = putRecord(at, ref, chunk, length);
    taken++;
  }
  store<u32>(flush, <u32>(at - out), FLUSH_LENGTH);
  return taken;
}

function putRecord(record: usize, ref: u64, chunk: usize, length: u32): usize {
  store<u64>(record, bswap<u64>(ref));
  store<u64>(record, bswap<u64>(load<u64>(chunk, CHUNK_MIN_TIME)), 8);
  store<u64>(record, bswap<u64>(load<u64>(chunk, CHUNK_MAX_TIME)), 16);
  store<u8>(record, load<u8>(chunk, CHUNK_ENCODING), 24);
  const data = putUvarint(record + CHUNKS_FILE_META, length);
  memory.copy(data, chunk + CHUNK_DATA, <usize>length);
  const end = data + <usize>length;
  store<u32>(end, bswap<u32>(crc32c(record, <u32>(end - record))));
  return end + 4;
}

/**
 * The records of the collected chunks stand in file `file` from `offset` on: readers from the next epoch on find them
 * there, and the memory of the chunks is retired.
 */
export function linkFlushed(items: usize, count: u32, file: u32, offset: u32): void {
  const mutation = beginMutation();
  for (let i: u32 = 0; i < count; i++) {
    const item = items + <usize>(i * FLUSH_ITEM_BYTES);
    const chunk = <usize>load<u32>(item, FLUSH_ITEM_CHUNK);
    const kept = allocate(DISK_CHUNK_BYTES); // reserved by `collectClosed`
    if (kept === 0) unreachable();
    memory.copy(kept, chunk, CHUNK_DATA);
    store<u32>(kept, DISK_CHUNK_BYTES - CHUNK_DATA, CHUNK_CAPACITY);
    store<u8>(kept, DISK_CHUNK_FLAG, CHUNK_FLAGS);
    store<u32>(kept, file, DISK_CHUNK_FILE);
    store<u32>(kept, offset + load<u32>(item, FLUSH_ITEM_OFFSET), DISK_CHUNK_OFFSET);
    atomic.store<u32>(<usize>load<u32>(item, FLUSH_ITEM_LINK), <u32>kept);
    retire(chunk, chunkBytes(chunk));
  }
  bump(COUNTER_CHUNKS_ON_DISK, <f64>count);
  endReservation();
  endMutation(mutation);
}

/** The lowest number of a file that chunks of `slots` slots from `first` on lie in; `lowest` if that is lower. */
export function lowestFile(first: u32, slots: u32, lowest: u32): u32 {
  const all = load<u32>(SLOT_COUNT);
  const end = first + slots < all ? first + slots : all;
  for (let index = first; index < end; index++) {
    const slot = slotAddress(index);
    if ((load<u32>(slot, SLOT_FLAGS) & SLOT_FLAG_LIVE) === 0) continue;
    lowest = lowestOf(<usize>load<u32>(slot, SLOT_CHUNK), lowest);
    const side = <usize>load<u32>(slot, SLOT_SIDE);
    if (side !== 0) lowest = lowestOf(<usize>load<u32>(side, SIDE_CHUNKS), lowest);
  }
  return lowest;
}

function lowestOf(newest: usize, lowest: u32): u32 {
  for (let chunk = newest; chunk !== 0; chunk = <usize>load<u32>(chunk, CHUNK_PREVIOUS)) {
    if (isOnDisk(chunk) && load<u32>(chunk, DISK_CHUNK_FILE) < lowest) lowest = load<u32>(chunk, DISK_CHUNK_FILE);
  }
  return lowest;
}

/**
 * Closes the open chunks of `slots` slots from `first` on that have samples older than `before` ms: none that old will come
 * any more, and the series goes on with a new chunk.
 */
export function closeOldChunks(first: u32, slots: u32, before: f64): void {
  const all = load<u32>(SLOT_COUNT);
  const end = first + slots < all ? first + slots : all;
  const limit = <i64>before;
  const mutation = beginMutation();
  for (let index = first; index < end; index++) {
    const slot = slotAddress(index);
    if ((load<u32>(slot, SLOT_FLAGS) & SLOT_FLAG_LIVE) === 0) continue;
    const chunk = <usize>load<u32>(slot, SLOT_CHUNK);
    if (chunk !== 0 && load<i64>(chunk, CHUNK_MIN_TIME) < limit) closeChunk(slot, chunk);
  }
  endMutation(mutation);
}

// ── in ───────────────────────────────────────────────────────────────────────────────────────────────────────────

/**
 * Takes the records of the bytes at hand. Returns DISK_SCAN_*; with DISK_SCAN_MORE the caller brings the bytes from
 * DISK_SCAN_POSITION on and more, at least DISK_SCAN_NEEDED, unless DISK_SCAN_IS_END is set: then the file is read.
 */
export function scanChunks(scan: usize): i32 {
  const buffer = <usize>load<u32>(scan, DISK_SCAN_BUFFER);
  const end = buffer + <usize>load<u32>(scan, DISK_SCAN_LENGTH);
  const isEnd = load<u32>(scan, DISK_SCAN_IS_END) !== 0;
  while (true) {
    const record = buffer + <usize>load<u32>(scan, DISK_SCAN_POSITION);
    const left = <u32>(end - record);
    if (left === 0 && isEnd) return DISK_SCAN_MORE;
    if (left < <u32>CHUNKS_FILE_META_MAX) {
      if (isEnd) return isZero(record, left) ? DISK_SCAN_END : DISK_SCAN_TORN;
      store<u32>(scan, CHUNKS_FILE_META_MAX, DISK_SCAN_NEEDED);
      return DISK_SCAN_MORE;
    }
    if (isZero(record, 24)) return DISK_SCAN_END;
    const lengthBytes = uvarintLength(record + CHUNKS_FILE_META, end);
    if (lengthBytes === 0 || lengthBytes > 5) return DISK_SCAN_BAD_LENGTH;
    const length = uvarintValue(record + CHUNKS_FILE_META);
    if (length > DATA_BYTES_MAX) return DISK_SCAN_BAD_LENGTH;
    const bytes = <u32>CHUNKS_FILE_META + lengthBytes + <u32>length;
    if (left < bytes + 4) {
      if (isEnd) return DISK_SCAN_TORN;
      store<u32>(scan, bytes + 4, DISK_SCAN_NEEDED);
      return DISK_SCAN_MORE;
    }
    if (bswap<u32>(load<u32>(record + <usize>bytes)) !== crc32c(record, bytes)) return DISK_SCAN_BAD_CHECKSUM;
    const status = takeRecord(scan, record, lengthBytes, <u32>length);
    if (status !== DISK_SCAN_MORE) return status;
    store<u32>(scan, load<u32>(scan, DISK_SCAN_POSITION) + bytes + 4, DISK_SCAN_POSITION);
  }
}

function isZero(at: usize, length: u32): bool {
  for (let i: u32 = 0; i < length; i++) if (load<u8>(at + <usize>i) !== 0) return false;
  return true;
}

function takeRecord(scan: usize, record: usize, lengthBytes: u32, length: u32): i32 {
  const ref = bswap<u64>(load<u64>(record));
  const minTime = <i64>bswap<u64>(load<u64>(record, 8));
  const maxTime = <i64>bswap<u64>(load<u64>(record, 16));
  const stored = <u32>load<u8>(record, 24);
  if (ref > load<u64>(scan, DISK_SCAN_MAX_REF)) store<u64>(scan, ref, DISK_SCAN_MAX_REF);
  const isOutOfOrder = stored >= <u32>CHUNKS_FILE_OUT_OF_ORDER;
  const encoding = isOutOfOrder ? stored - <u32>CHUNKS_FILE_OUT_OF_ORDER : stored;
  if (!isOutOfOrder && maxTime < load<i64>(scan, DISK_SCAN_MIN_VALID_TIME)) {
    add(scan + DISK_SCAN_TOO_OLD);
    return DISK_SCAN_MORE;
  }
  if (encoding === 0 || encoding > ENCODING_MAX || length < 3 || ref === 0) {
    add(scan + DISK_SCAN_OTHERS);
    return DISK_SCAN_MORE;
  }
  const table = <usize>(isOutOfOrder ? load<u32>(scan, DISK_SCAN_OOO_TABLE) : load<u32>(scan, DISK_SCAN_TABLE));
  const newest = refSlot(table, ref);
  const previous: u32 = newest === <u32>NO_SLOT ? 0 : newest;
  if (minTime > maxTime) return DISK_SCAN_BAD_ORDER;
  if (!isOutOfOrder && previous !== 0 && load<i64>(<usize>previous, CHUNK_MAX_TIME) >= minTime)
    return DISK_SCAN_BAD_ORDER;
  const chunk = allocate(DISK_CHUNK_BYTES);
  if (chunk === 0) return DISK_SCAN_NO_MEMORY;
  store<u32>(chunk, previous, CHUNK_PREVIOUS);
  store<u32>(chunk, DISK_CHUNK_BYTES - CHUNK_DATA, CHUNK_CAPACITY);
  store<i64>(chunk, minTime, CHUNK_MIN_TIME);
  store<i64>(chunk, maxTime, CHUNK_MAX_TIME);
  store<u32>(chunk, length, CHUNK_LENGTH);
  store<u16>(chunk, bswap<u16>(load<u16>(record + CHUNKS_FILE_META + <usize>lengthBytes)), CHUNK_COUNT);
  store<u8>(chunk, <u8>encoding, CHUNK_ENCODING);
  store<u8>(chunk, DISK_CHUNK_FLAG, CHUNK_FLAGS);
  store<u32>(chunk, load<u32>(scan, DISK_SCAN_FILE), DISK_CHUNK_FILE);
  store<u32>(chunk, load<u32>(scan, DISK_SCAN_OFFSET) + load<u32>(scan, DISK_SCAN_POSITION), DISK_CHUNK_OFFSET);
  if (!putRef(table, ref, <u32>chunk)) {
    release(chunk, DISK_CHUNK_BYTES);
    return DISK_SCAN_NO_MEMORY;
  }
  if (isOutOfOrder) add(scan + DISK_SCAN_OOO_CHUNKS);
  else add(scan + DISK_SCAN_CHUNKS);
  return DISK_SCAN_MORE;
}

function add(counter: usize): void {
  store<f64>(counter, load<f64>(counter) + 1);
}

/**
 * Gives the chunks that were read for ref `high × 2^32 + low` to slot `index`, whose series record names it; its samples up
 * to the end of the newest chunk need not be replayed. A slot that has newer chunks already keeps those: the log has the
 * samples. Readers see the chunks with `commit`. Returns how many chunks the slot got.
 */
export function attachChunks(table: usize, low: u32, high: u32, index: u32, commit: u32): u32 {
  const newest = takeChunks(table, low, high);
  if (newest === 0) return 0;
  const slot = slotAddress(index);
  let oldest = newest;
  let count: u32 = 1;
  let previous = <usize>load<u32>(oldest, CHUNK_PREVIOUS);
  while (previous !== 0) {
    oldest = previous;
    count++;
    previous = <usize>load<u32>(oldest, CHUNK_PREVIOUS);
  }
  const open = <usize>load<u32>(slot, SLOT_CHUNK);
  if (open !== 0) {
    if (load<i64>(slot, SLOT_LAST_TIME) >= load<i64>(oldest, CHUNK_MIN_TIME)) {
      releaseChain(newest);
      return 0;
    }
    closeChunk(slot, open);
    store<u32>(oldest, <u32>open, CHUNK_PREVIOUS);
  }
  store<i64>(slot, load<i64>(newest, CHUNK_MAX_TIME), SLOT_LAST_TIME);
  store<u64>(slot, 0, SLOT_LAST_VALUE);
  store<u32>(slot, <u32>newest, SLOT_CHUNK);
  store<u32>(slot, load<u32>(slot, SLOT_CHUNKS) + count, SLOT_CHUNKS);
  writeNewestEntry(slot, newest, commit);
  bump(COUNTER_CHUNKS, <f64>count);
  bump(COUNTER_CHUNKS_CREATED, <f64>count);
  bump(COUNTER_CHUNKS_ON_DISK, <f64>count);
  widen(<f64>load<i64>(oldest, CHUNK_MIN_TIME), <f64>load<i64>(newest, CHUNK_MAX_TIME), newest);
  return count;
}

/**
 * Gives the chunks of samples out of order that were read for ref `high × 2^32 + low` to slot `index`, behind those that it
 * has. Returns how many; −1 without memory: then they stay in the table.
 */
export function attachOutOfOrder(table: usize, low: u32, high: u32, index: u32): i32 {
  const ref = ((<u64>high) << 32) | <u64>low;
  const found = refSlot(table, ref);
  if (found === <u32>NO_SLOT || found === 0) return 0;
  const slot = slotAddress(index);
  let side = <usize>load<u32>(slot, SLOT_SIDE);
  if (side === 0) {
    side = allocate(SIDE_BYTES);
    if (side === 0) return -1;
    memory.fill(side, 0, SIDE_BYTES);
    const commit = load<u32>(COMMITTED) + 1;
    store<u32>(side, commit === 0 ? 1 : commit, SIDE_COMMIT);
    bump(COUNTER_SIDES, 1);
  }
  const newest = takeChunks(table, low, high);
  let count: i32 = 0;
  for (let chunk = newest; chunk !== 0; chunk = <usize>load<u32>(chunk, CHUNK_PREVIOUS)) {
    const before = load<f64>(COUNTERS, COUNTER_OOO_CHUNKS << 3);
    const minTime = <f64>load<i64>(chunk, CHUNK_MIN_TIME);
    const maxTime = <f64>load<i64>(chunk, CHUNK_MAX_TIME);
    if (before === 0 || minTime < load<f64>(COUNTERS, COUNTER_OOO_MIN_TIME << 3)) {
      store<f64>(COUNTERS, minTime, COUNTER_OOO_MIN_TIME << 3);
    }
    if (before === 0 || maxTime > load<f64>(COUNTERS, COUNTER_OOO_MAX_TIME << 3)) {
      store<f64>(COUNTERS, maxTime, COUNTER_OOO_MAX_TIME << 3);
    }
    bump(COUNTER_OOO_CHUNKS, 1);
    bump(COUNTER_OOO_CHUNKS_CREATED, 1);
    count++;
  }
  let link = side + <usize>SIDE_CHUNKS;
  while (load<u32>(link) !== 0) link = <usize>load<u32>(link) + <usize>CHUNK_PREVIOUS;
  atomic.store<u32>(link, <u32>newest);
  atomic.store<u32>(slot, <u32>side, SLOT_SIDE);
  return count;
}

/** Forgets the chunks of a ref whose series another shard has, or which has no series record. */
export function dropChunks(table: usize, low: u32, high: u32): void {
  releaseChain(takeChunks(table, low, high));
}

/** Forgets the chunks that no series record named, and the table. */
export function releaseChunkTable(table: usize): void {
  const entries = <usize>load<u32>(table, REF_TABLE_ENTRIES);
  const capacity = load<u32>(table, REF_TABLE_CAPACITY);
  const chunks = entries + ((<usize>capacity) << 3);
  for (let i: u32 = 0; i < capacity; i++) {
    if (load<u64>(entries + ((<usize>i) << 3)) !== 0) releaseChain(<usize>load<u32>(chunks + ((<usize>i) << 2)));
  }
  releaseRefTable(table);
}

/** Newest chunk that was read for a ref, 0 if there is none; the next call finds none. */
function takeChunks(table: usize, low: u32, high: u32): usize {
  const ref = ((<u64>high) << 32) | <u64>low;
  const newest = refSlot(table, ref);
  if (newest === <u32>NO_SLOT || newest === 0) return 0;
  putRef(table, ref, 0);
  return <usize>newest;
}

function releaseChain(newest: usize): void {
  let chunk = newest;
  while (chunk !== 0) {
    const previous = <usize>load<u32>(chunk, CHUNK_PREVIOUS);
    release(chunk, DISK_CHUNK_BYTES);
    chunk = previous;
  }
}

/** Bounds of the head's samples; the samples of the chunks count as appended. */
function widen(minTime: f64, maxTime: f64, newest: usize): void {
  const before = load<f64>(COUNTERS, COUNTER_SAMPLES_APPENDED << 3);
  if (before === 0 || minTime < load<f64>(COUNTERS, COUNTER_MIN_TIME << 3)) {
    store<f64>(COUNTERS, minTime, COUNTER_MIN_TIME << 3);
  }
  if (before === 0 || maxTime > load<f64>(COUNTERS, COUNTER_MAX_TIME << 3)) {
    store<f64>(COUNTERS, maxTime, COUNTER_MAX_TIME << 3);
  }
  bump(COUNTER_SAMPLES_APPENDED, <f64>load<u16>(newest, CHUNK_COUNT));
}

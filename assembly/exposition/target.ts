/**
 * The lasting state of a target: its entries, their table, the accepted order of lines. See layout.ts for the picture.
 * A scrape changes the table by `rememberNew` and is then accepted or rejected as a whole.
 */
import { FOREIGN_SLOTS, SEGMENT_MASK, SEGMENT_SHIFT, SLOT_BYTES, SLOT_DIRECTORY, SLOT_GENERATION } from "../layout";
import { allocate, release, roomFor } from "../memory/arena";
import { bucketOf, sameDigest } from "./digest";
import {
  ENTRY_DIGEST,
  ENTRY_KIND,
  ENTRY_LAST_SCRAPE,
  ENTRY_LENGTH,
  ENTRY_LINGERS,
  ENTRY_NEXT,
  ENTRY_NEXT_LINGER,
  ENTRY_SEEN,
  ENTRY_SLOT,
  ENTRY_SLOT_GENERATION,
  ENTRY_TEXT,
  ENTRY_TRACKED,
  ENTRY_TYPE,
  KIND_SERIES,
  ORDER_ADDRESS,
  TARGET_BYTES,
  TARGET_CREATED,
  TARGET_CREATED_BYTES,
  TARGET_ENTRY_COUNT,
  TARGET_HARD,
  TARGET_HARD_BYTES,
  TARGET_LINGER,
  TARGET_LIST,
  TARGET_LIST_BYTES,
  TARGET_NEW,
  TARGET_NEW_BYTES,
  TARGET_NEXT,
  TARGET_NEXT_BYTES,
  TARGET_ORDER,
  TARGET_ORDER_BYTES,
  TARGET_REGION_BYTES,
  TARGET_TABLE,
  TARGET_TABLE_MASK,
} from "./layout";
import { allocateFor, releaseOf } from "./lists";

const FIRST_BUCKETS: u32 = 64;

/** The state of a new target; its address is the handle of every other call. 0 if the memory is full. */
export function openTarget(): usize {
  const target = allocate(TARGET_BYTES);
  if (target === 0) return 0;
  memory.fill(target, 0, TARGET_BYTES);
  store<f64>(target, <f64>roomFor(TARGET_BYTES), TARGET_REGION_BYTES);
  if (setTable(target, FIRST_BUCKETS)) return target;
  release(target, TARGET_BYTES);
  return 0;
}

/** Gives back all memory of the target. */
export function closeTarget(target: usize): void {
  const table = <usize>load<u32>(target, TARGET_TABLE);
  const buckets = load<u32>(target, TARGET_TABLE_MASK) + 1;
  for (let i: u32 = 0; i < buckets; i++) {
    let entry = <usize>load<u32>(table + ((<usize>i) << 2));
    while (entry !== 0) {
      const following = <usize>load<u32>(entry, ENTRY_NEXT);
      release(entry, entryBytes(load<u8>(entry, ENTRY_KIND), load<u32>(entry, ENTRY_LENGTH)));
      entry = following;
    }
  }
  release(table, buckets << 2);
  releaseList(target, TARGET_ORDER, TARGET_ORDER_BYTES);
  releaseList(target, TARGET_NEXT, TARGET_NEXT_BYTES);
  releaseList(target, TARGET_NEW, TARGET_NEW_BYTES);
  releaseList(target, TARGET_HARD, TARGET_HARD_BYTES);
  releaseList(target, TARGET_LIST, TARGET_LIST_BYTES);
  releaseList(target, TARGET_CREATED, TARGET_CREATED_BYTES);
  release(target, TARGET_BYTES);
}

function releaseList(target: usize, field: usize, bytesField: usize): void {
  const region = <usize>load<u32>(target + field);
  if (region !== 0) release(region, load<u32>(target + bytesField));
}

function entryBytes(kind: u32, length: u32): u32 {
  return kind === <u32>KIND_SERIES ? <u32>ENTRY_TEXT : <u32>ENTRY_TEXT + length;
}

/** Address of the bucket of a digest in a table with `mask` + 1 buckets. */
function bucketAddress(table: usize, mask: u32, digest: v128): usize {
  return table + ((<usize>(bucketOf(digest) & mask)) << 2);
}

/** A fresh table of `buckets` (a power of two) with the entries of the old one. False if the memory is full. */
function setTable(target: usize, buckets: u32): bool {
  const table = allocateFor(target, buckets << 2);
  if (table === 0) return false;
  memory.fill(table, 0, buckets << 2);
  const old = <usize>load<u32>(target, TARGET_TABLE);
  const oldBuckets: u32 = old === 0 ? 0 : load<u32>(target, TARGET_TABLE_MASK) + 1;
  for (let i: u32 = 0; i < oldBuckets; i++) {
    let entry = <usize>load<u32>(old + ((<usize>i) << 2));
    while (entry !== 0) {
      const following = <usize>load<u32>(entry, ENTRY_NEXT);
      const bucket = bucketAddress(table, buckets - 1, v128.load(entry, ENTRY_DIGEST));
      store<u32>(entry, load<u32>(bucket), ENTRY_NEXT);
      store<u32>(bucket, <u32>entry);
      entry = following;
    }
  }
  if (old !== 0) releaseOf(target, old, oldBuckets << 2);
  store<u32>(target, <u32>table, TARGET_TABLE);
  store<u32>(target, buckets - 1, TARGET_TABLE_MASK);
  return true;
}

/** The entry of the text of `length` bytes that has this digest, or 0. */
export function findEntry(target: usize, digest: v128, length: u32): usize {
  const table = <usize>load<u32>(target, TARGET_TABLE);
  let entry = <usize>load<u32>(bucketAddress(table, load<u32>(target, TARGET_TABLE_MASK), digest));
  while (entry !== 0) {
    if (load<u32>(entry, ENTRY_LENGTH) === length && sameDigest(v128.load(entry, ENTRY_DIGEST), digest)) return entry;
    entry = <usize>load<u32>(entry, ENTRY_NEXT);
  }
  return 0;
}

/** Makes an entry of a text that has none. 0 if the memory is full. */
export function addEntry(target: usize, digest: v128, text: usize, length: u32, kind: u32, type: u32): usize {
  const count = load<u32>(target, TARGET_ENTRY_COUNT) + 1;
  const buckets = load<u32>(target, TARGET_TABLE_MASK) + 1;
  // A table that cannot grow only gets slower, so the failure is no reason to refuse the entry.
  if (count > buckets) setTable(target, buckets << 1);
  const entry = allocateFor(target, entryBytes(kind, length));
  if (entry === 0) return 0;
  memory.fill(entry, 0, ENTRY_TEXT);
  if (kind !== <u32>KIND_SERIES) memory.copy(entry + ENTRY_TEXT, text, length);
  const bucket = bucketAddress(<usize>load<u32>(target, TARGET_TABLE), load<u32>(target, TARGET_TABLE_MASK), digest);
  v128.store(entry, digest, ENTRY_DIGEST);
  store<u32>(entry, load<u32>(bucket), ENTRY_NEXT);
  store<u32>(entry, length, ENTRY_LENGTH);
  store<u8>(entry, <u8>kind, ENTRY_KIND);
  store<u8>(entry, <u8>type, ENTRY_TYPE);
  store<u32>(bucket, <u32>entry);
  store<u32>(target, count, TARGET_ENTRY_COUNT);
  return entry;
}

/** Takes an entry out of the table and frees it. */
export function removeEntry(target: usize, entry: usize): void {
  const table = <usize>load<u32>(target, TARGET_TABLE);
  const bucket = bucketAddress(table, load<u32>(target, TARGET_TABLE_MASK), v128.load(entry, ENTRY_DIGEST));
  const bytes = entryBytes(load<u8>(entry, ENTRY_KIND), load<u32>(entry, ENTRY_LENGTH));
  const following = load<u32>(entry, ENTRY_NEXT);
  let at = <usize>load<u32>(bucket);
  if (at === entry) store<u32>(bucket, following);
  else {
    while (<usize>load<u32>(at, ENTRY_NEXT) !== entry) at = <usize>load<u32>(at, ENTRY_NEXT);
    store<u32>(at, following, ENTRY_NEXT);
  }
  store<u32>(target, load<u32>(target, TARGET_ENTRY_COUNT) - 1, TARGET_ENTRY_COUNT);
  releaseOf(target, entry, bytes);
}

/** True if the entry's slot may be used: it is no slot of this head, or still the one that was resolved. */
export function slotIsCurrent(entry: usize): bool {
  const slot = load<u32>(entry, ENTRY_SLOT);
  return slot >= <u32>FOREIGN_SLOTS || generationOf(slot) === load<u32>(entry, ENTRY_SLOT_GENERATION);
}

/** Generation of a slot of this head. */
export function generationOf(slot: u32): u32 {
  const segment = <usize>load<u32>(<usize>(<u32>SLOT_DIRECTORY + ((slot >> SEGMENT_SHIFT) << 2)));
  return load<u32>(segment + <usize>((slot & <u32>SEGMENT_MASK) * <u32>SLOT_BYTES), SLOT_GENERATION);
}

/** Address of the entry that an order word names; 0 = none. */
export function entryOf(word: u32): usize {
  return <usize>(word & <u32>ORDER_ADDRESS);
}

export function markSeen(entry: usize, serial: u32, isTracked: bool): void {
  store<u32>(entry, serial, ENTRY_SEEN);
  if (isTracked) store<u32>(entry, serial, ENTRY_TRACKED);
}

/** Begins the life of a comment's entry outside the order. */
export function linger(target: usize, entry: usize, scrape: u32): void {
  store<u32>(entry, scrape, ENTRY_LAST_SCRAPE);
  if (load<u8>(entry, ENTRY_LINGERS) !== 0) return;
  store<u8>(entry, 1, ENTRY_LINGERS);
  store<u32>(entry, load<u32>(target, TARGET_LINGER), ENTRY_NEXT_LINGER);
  store<u32>(target, <u32>entry, TARGET_LINGER);
}

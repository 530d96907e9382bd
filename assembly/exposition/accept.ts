/**
 * What happens to a parsed scrape: its new lines are remembered, what vanished since the last one is staged with the
 * staleness marker, and then the whole is accepted, or rejected as if it had never been.
 *
 * Twin: test/twins/exposition/target.ts
 */
import {
  DROPPED_SLOT,
  FOREIGN_SLOTS,
  NO_SLOT,
  STAGED_BYTES,
  STAGED_SLOT,
  STAGED_STATUS,
  STAGED_TIME,
  STAGED_VALUE,
  STATUS_DUPLICATE,
  STATUS_OK,
  STATUS_SKIPPED,
} from "../layout";
import { allocate, release } from "../memory/arena";
import {
  ENTRY_IN_ORDER,
  ENTRY_KIND,
  ENTRY_LAST_SCRAPE,
  ENTRY_LINGERS,
  ENTRY_NEXT_LINGER,
  ENTRY_POSITION,
  ENTRY_SEEN,
  ENTRY_SLOT,
  ENTRY_SLOT_GENERATION,
  ENTRY_TRACKED,
  KIND_SERIES,
  LINGER_SCRAPES,
  NEW_BYTES,
  NEW_DIGEST,
  NEW_HAS_TIME,
  NEW_IS_UNTRACKED,
  NEW_KIND,
  NEW_LENGTH,
  NEW_LINE,
  NEW_ROW,
  NEW_TEXT,
  NEW_TYPE,
  ORDER_REPEATED,
  ORDER_UNTRACKED,
  PARSE_NO_MEMORY,
  PARSE_TOO_MANY_ROWS,
  TARGET_FLAGS,
  TARGET_IS_DIVERGED,
  TARGET_IS_PENDING,
  TARGET_IS_UNTRACKED,
  TARGET_LINGER,
  TARGET_METADATA_VERSION,
  TARGET_NEW,
  TARGET_NEW_COUNT,
  TARGET_NEXT,
  TARGET_NEXT_BYTES,
  TARGET_NEXT_COUNT,
  TARGET_ORDER,
  TARGET_ORDER_BYTES,
  TARGET_ORDER_COUNT,
  TARGET_SCRAPE,
  TARGET_SERIAL,
} from "./layout";
import { growNext, trimLists } from "./lists";
import { addEntry, entryOf, findEntry, generationOf, linger, markSeen, removeEntry, slotIsCurrent } from "./target";

const STALE_NAN: u64 = ((<u64>0x7ff00000) << 32) | 0x2;

function flagsOf(target: usize): u32 {
  return load<u32>(target, TARGET_FLAGS);
}

function wordAddress(list: usize, line: u32): usize {
  return list + ((<usize>line) << 2);
}

/**
 * The slot that the text of NEW line `index` was resolved to earlier in this scrape: its row is then complete. NO_SLOT
 * means that the caller resolves the row and calls `rememberNew`.
 */
export function resolveRepeated(target: usize, index: u32, staging: usize): u32 {
  const record = newAt(target, index);
  const entry = findEntry(target, v128.load(record, NEW_DIGEST), load<u32>(record, NEW_LENGTH));
  if (entry === 0 || !slotIsCurrent(entry)) return NO_SLOT;
  place(target, record, entry, staging);
  return load<u32>(entry, ENTRY_SLOT);
}

/**
 * Remembers that the text of NEW line `index` means `slot` (a live slot, DROPPED_SLOT or FOREIGN_SLOTS + n), and
 * completes its row. False if the memory is full: the row is complete, but the target does not know the line.
 */
export function rememberNew(target: usize, index: u32, slot: u32, staging: usize): bool {
  const record = newAt(target, index);
  const digest = v128.load(record, NEW_DIGEST);
  const text = <usize>load<u32>(record, NEW_TEXT);
  const length = load<u32>(record, NEW_LENGTH);
  let entry = findEntry(target, digest, length);
  if (entry === 0) entry = addEntry(target, digest, text, length, KIND_SERIES, 0);
  if (entry === 0) {
    const row = staging + <usize>load<u32>(record, NEW_ROW) * STAGED_BYTES;
    store<u32>(row, slot, STAGED_SLOT);
    if (slot === <u32>DROPPED_SLOT) store<u32>(row, STATUS_SKIPPED, STAGED_STATUS);
    return false;
  }
  store<u32>(entry, slot, ENTRY_SLOT);
  if (slot < <u32>FOREIGN_SLOTS) store<u32>(entry, generationOf(slot), ENTRY_SLOT_GENERATION);
  place(target, record, entry, staging);
  return true;
}

function newAt(target: usize, index: u32): usize {
  return <usize>load<u32>(target, TARGET_NEW) + <usize>(index * <u32>NEW_BYTES);
}

/** Puts the entry of a NEW line into the order under way, and its slot into the row. */
function place(target: usize, record: usize, entry: usize, staging: usize): void {
  const serial = load<u32>(target, TARGET_SERIAL);
  const isUntracked = load<u8>(record, NEW_IS_UNTRACKED) !== 0;
  const at = wordAddress(<usize>load<u32>(target, TARGET_NEXT), load<u32>(record, NEW_LINE));
  const word = load<u32>(at);
  const isRepeated = word !== 0 ? (word & <u32>ORDER_REPEATED) !== 0 : load<u32>(entry, ENTRY_SEEN) === serial;
  markSeen(entry, serial, !isUntracked);
  store<u32>(at, <u32>entry | (isUntracked ? <u32>ORDER_UNTRACKED : 0) | (isRepeated ? <u32>ORDER_REPEATED : 0));
  const row = staging + <usize>load<u32>(record, NEW_ROW) * STAGED_BYTES;
  const slot = load<u32>(entry, ENTRY_SLOT);
  store<u32>(row, slot, STAGED_SLOT);
  if (slot === <u32>DROPPED_SLOT) store<u32>(row, STATUS_SKIPPED, STAGED_STATUS);
  else if (isRepeated && load<u8>(record, NEW_HAS_TIME) === 0) store<u32>(row, STATUS_DUPLICATE, STAGED_STATUS);
}

function stageStale(row: usize, slot: u32, time: i64): void {
  store<u32>(row, slot, STAGED_SLOT);
  store<u32>(row, STATUS_OK, STAGED_STATUS);
  store<i64>(row, time, STAGED_TIME);
  store<u64>(row, STALE_NAN, STAGED_VALUE);
}

/** True if the line of the accepted order may need a staleness marker: a series of a live slot, without own timestamp. */
function isTracked(word: u32): bool {
  const entry = entryOf(word);
  if (entry === 0 || (word & <u32>ORDER_UNTRACKED) !== 0) return false;
  if (<u32>load<u8>(entry, ENTRY_KIND) !== KIND_SERIES || load<u32>(entry, ENTRY_SLOT) === <u32>DROPPED_SLOT)
    return false;
  return slotIsCurrent(entry);
}

/**
 * Stages rows with the staleness marker at `timeMs`, from row `row` on, for the series of the last accepted scrape that
 * the pending one does not have. To be called when all NEW lines are resolved. Changes nothing lasting.
 *
 * @returns rows staged (they follow each other), PARSE_TOO_MANY_ROWS or PARSE_NO_MEMORY.
 */
export function collectStale(target: usize, timeMs: f64, staging: usize, row: u32, room: u32): i32 {
  const flags = flagsOf(target);
  if ((flags & <u32>TARGET_IS_DIVERGED) === 0 || (flags & <u32>TARGET_IS_UNTRACKED) !== 0) return 0;
  const serial = load<u32>(target, TARGET_SERIAL);
  const order = <usize>load<u32>(target, TARGET_ORDER);
  const count = load<u32>(target, TARGET_ORDER_COUNT);
  let candidates: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const word = load<u32>(wordAddress(order, i));
    if (isTracked(word) && load<u32>(entryOf(word), ENTRY_TRACKED) !== serial) candidates++;
  }
  if (candidates === 0) return 0;
  // A series may have vanished under one text and be there under another, so slots decide.
  const buckets = bucketsFor(candidates);
  const slots = allocate(buckets << 2);
  if (slots === 0) return PARSE_NO_MEMORY;
  memory.fill(slots, 0xff, buckets << 2);
  for (let i: u32 = 0; i < count; i++) {
    const word = load<u32>(wordAddress(order, i));
    if (!isTracked(word) || load<u32>(entryOf(word), ENTRY_TRACKED) === serial) continue;
    const slot = load<u32>(entryOf(word), ENTRY_SLOT);
    store<u32>(findSlot(slots, buckets, slot), slot);
  }
  const next = <usize>load<u32>(target, TARGET_NEXT);
  const nextCount = load<u32>(target, TARGET_NEXT_COUNT);
  for (let i: u32 = 0; i < nextCount; i++) {
    const word = load<u32>(wordAddress(next, i));
    if (!isTracked(word)) continue;
    const found = findSlot(slots, buckets, load<u32>(entryOf(word), ENTRY_SLOT));
    if (load<u32>(found) !== <u32>NO_SLOT) store<u32>(found, DROPPED_SLOT); // taken out; probing goes on past it
  }
  const staged = stageSlots(slots, buckets, <i64>timeMs, staging, row, room);
  release(slots, buckets << 2);
  return staged;
}

/**
 * As `collectStale`, for all series of the last accepted scrape: the scrape failed, or the target is gone. Each series
 * once. Changes nothing lasting: see `acceptAllStale`.
 */
export function collectAllStale(target: usize, timeMs: f64, staging: usize, row: u32, room: u32): i32 {
  if (flagsOf(target) & <u32>TARGET_IS_UNTRACKED) return 0;
  const order = <usize>load<u32>(target, TARGET_ORDER);
  const count = load<u32>(target, TARGET_ORDER_COUNT);
  if (count === 0) return 0;
  const buckets = bucketsFor(count);
  const slots = allocate(buckets << 2);
  if (slots === 0) return PARSE_NO_MEMORY;
  memory.fill(slots, 0xff, buckets << 2);
  for (let i: u32 = 0; i < count; i++) {
    const word = load<u32>(wordAddress(order, i));
    if (!isTracked(word)) continue;
    const slot = load<u32>(entryOf(word), ENTRY_SLOT);
    store<u32>(findSlot(slots, buckets, slot), slot);
  }
  const staged = stageSlots(slots, buckets, <i64>timeMs, staging, row, room);
  release(slots, buckets << 2);
  return staged;
}

/** A power of two, at least twice `count`. */
function bucketsFor(count: u32): u32 {
  return (<u32>1) << (32 - clz((count << 1) | 15));
}

/** Where `slot` stands in a set of slots, or the empty place (NO_SLOT) where it belongs. */
function findSlot(slots: usize, buckets: u32, slot: u32): usize {
  let i = (slot * 0x9e3779b1) >> 7;
  while (true) {
    const at = wordAddress(slots, i & (buckets - 1));
    const found = load<u32>(at);
    if (found === slot || found === <u32>NO_SLOT) return at;
    i++;
  }
}

function stageSlots(slots: usize, buckets: u32, time: i64, staging: usize, row: u32, room: u32): i32 {
  let staged: u32 = 0;
  for (let i: u32 = 0; i < buckets; i++) {
    const slot = load<u32>(wordAddress(slots, i));
    if (slot === <u32>NO_SLOT || slot === <u32>DROPPED_SLOT) continue;
    if (row + staged >= room) return PARSE_TOO_MANY_ROWS;
    stageStale(staging + <usize>(row + staged) * STAGED_BYTES, slot, time);
    staged++;
  }
  return <i32>staged;
}

/** The staleness markers of `collectAllStale` are stored: until a scrape is accepted no series has more to come. */
export function acceptAllStale(target: usize): void {
  if (flagsOf(target) & <u32>TARGET_IS_PENDING) rejectScrape(target);
  store<u32>(target, flagsOf(target) | <u32>TARGET_IS_UNTRACKED, TARGET_FLAGS);
}

/** Forgets the scrape under way: what it remembered, and its order. */
export function rejectScrape(target: usize): void {
  const flags = flagsOf(target);
  if ((flags & <u32>TARGET_IS_PENDING) !== 0 && (flags & <u32>TARGET_IS_DIVERGED) !== 0) {
    const next = <usize>load<u32>(target, TARGET_NEXT);
    const count = load<u32>(target, TARGET_NEXT_COUNT);
    // A text may stand twice, and memory that was freed is not read again: first each of those to forget is left once.
    for (let i: u32 = 0; i < count; i++) {
      const at = wordAddress(next, i);
      const entry = entryOf(load<u32>(at));
      if (entry === 0) continue;
      const isKept = load<u8>(entry, ENTRY_IN_ORDER) !== 0 || <u32>load<u8>(entry, ENTRY_KIND) !== KIND_SERIES;
      if (isKept) store<u32>(at, 0);
      else store<u8>(entry, 1, ENTRY_IN_ORDER);
    }
    for (let i: u32 = 0; i < count; i++) {
      const entry = entryOf(load<u32>(wordAddress(next, i)));
      if (entry !== 0) removeEntry(target, entry);
    }
  }
  store<u32>(target, flags & ~(<u32>TARGET_IS_PENDING | <u32>TARGET_IS_DIVERGED), TARGET_FLAGS);
}

/**
 * Leaves of the scrape under way what its first `lines` lines were, without NEW ones: a scrape that fails at that line has
 * seen these series, as in Prometheus, though it stores no sample. It can be collected from and accepted then.
 *
 * @returns false if there is none under way or the memory is full; nothing is changed.
 */
export function cutScrape(target: usize, lines: u32): bool {
  const flags = flagsOf(target);
  if ((flags & <u32>TARGET_IS_PENDING) === 0) return false;
  const count = min<u32>(lines, load<u32>(target, TARGET_NEXT_COUNT));
  if ((flags & <u32>TARGET_IS_DIVERGED) === 0) {
    if (!growNext(target, 0, count)) return false;
    memory.copy(<usize>load<u32>(target, TARGET_NEXT), <usize>load<u32>(target, TARGET_ORDER), (<usize>count) << 2);
    store<u32>(target, flags | <u32>TARGET_IS_DIVERGED, TARGET_FLAGS);
  }
  let serial = load<u32>(target, TARGET_SERIAL) + 1; // lines behind the cut were not seen
  if (serial === 0) serial = 1;
  store<u32>(target, serial, TARGET_SERIAL);
  const next = <usize>load<u32>(target, TARGET_NEXT);
  for (let i: u32 = 0; i < count; i++) {
    const word = load<u32>(wordAddress(next, i));
    const entry = entryOf(word);
    if (entry === 0) continue;
    const isSeries = <u32>load<u8>(entry, ENTRY_KIND) === KIND_SERIES;
    markSeen(entry, serial, isSeries && (word & <u32>ORDER_UNTRACKED) === 0);
  }
  store<u32>(target, count, TARGET_NEXT_COUNT);
  store<u32>(target, 0, TARGET_NEW_COUNT);
  return true;
}

/**
 * The scrape under way is stored: its order of lines becomes the one to expect, lines that vanished are forgotten
 * (comments later). The body must still be in memory. False if the memory is full: some comments are not remembered.
 */
export function acceptScrape(target: usize): bool {
  const flags = flagsOf(target);
  if ((flags & <u32>TARGET_IS_PENDING) === 0) return true;
  const scrape = load<u32>(target, TARGET_SCRAPE) + 1;
  store<u32>(target, scrape, TARGET_SCRAPE);
  let isComplete: bool = true;
  if (flags & <u32>TARGET_IS_DIVERGED) {
    isComplete = rememberComments(target);
    forgetVanished(target, scrape);
    adoptOrder(target);
    trimLists(target);
  }
  if (load<u32>(target, TARGET_LINGER) !== 0) expireComments(target, scrape);
  const gone = <u32>TARGET_IS_PENDING | <u32>TARGET_IS_DIVERGED | <u32>TARGET_IS_UNTRACKED;
  store<u32>(target, flags & ~gone, TARGET_FLAGS);
  return isComplete;
}

function metadataChanged(target: usize): void {
  store<u32>(target, load<u32>(target, TARGET_METADATA_VERSION) + 1, TARGET_METADATA_VERSION);
}

function rememberComments(target: usize): bool {
  const count = load<u32>(target, TARGET_NEW_COUNT);
  const serial = load<u32>(target, TARGET_SERIAL);
  const next = <usize>load<u32>(target, TARGET_NEXT);
  let isComplete: bool = true;
  for (let i: u32 = 0; i < count; i++) {
    const record = newAt(target, i);
    const kind = <u32>load<u8>(record, NEW_KIND);
    if (kind === KIND_SERIES) continue;
    const digest = v128.load(record, NEW_DIGEST);
    const text = <usize>load<u32>(record, NEW_TEXT);
    const length = load<u32>(record, NEW_LENGTH);
    let entry = findEntry(target, digest, length);
    if (entry === 0) {
      entry = addEntry(target, digest, text, length, kind, load<u8>(record, NEW_TYPE));
      if (entry !== 0) metadataChanged(target);
    }
    if (entry === 0) {
      isComplete = false;
      continue;
    }
    markSeen(entry, serial, false);
    store<u32>(wordAddress(next, load<u32>(record, NEW_LINE)), <u32>entry);
  }
  return isComplete;
}

function forgetVanished(target: usize, scrape: u32): void {
  const serial = load<u32>(target, TARGET_SERIAL);
  const order = <usize>load<u32>(target, TARGET_ORDER);
  const count = load<u32>(target, TARGET_ORDER_COUNT);
  // As in rejectScrape: first each of those that vanished is left once, and taken out of the order.
  for (let i: u32 = 0; i < count; i++) {
    const at = wordAddress(order, i);
    const entry = entryOf(load<u32>(at));
    if (entry === 0) continue;
    const isKept = load<u32>(entry, ENTRY_SEEN) === serial || load<u8>(entry, ENTRY_IN_ORDER) === 0;
    if (isKept) store<u32>(at, 0);
    else store<u8>(entry, 0, ENTRY_IN_ORDER);
  }
  for (let i: u32 = 0; i < count; i++) {
    const entry = entryOf(load<u32>(wordAddress(order, i)));
    if (entry === 0) continue;
    if (<u32>load<u8>(entry, ENTRY_KIND) === KIND_SERIES) removeEntry(target, entry);
    else linger(target, entry, scrape - 1);
  }
}

function adoptOrder(target: usize): void {
  const order = load<u32>(target, TARGET_NEXT);
  const count = load<u32>(target, TARGET_NEXT_COUNT);
  const bytes = load<u32>(target, TARGET_NEXT_BYTES);
  store<u32>(target, load<u32>(target, TARGET_ORDER), TARGET_NEXT);
  store<u32>(target, load<u32>(target, TARGET_ORDER_BYTES), TARGET_NEXT_BYTES);
  store<u32>(target, order, TARGET_ORDER);
  store<u32>(target, count, TARGET_ORDER_COUNT);
  store<u32>(target, bytes, TARGET_ORDER_BYTES);
  for (let i: u32 = 0; i < count; i++) {
    const entry = entryOf(load<u32>(wordAddress(order, i)));
    if (entry === 0) continue;
    store<u8>(entry, 1, ENTRY_IN_ORDER);
    store<u32>(entry, i, ENTRY_POSITION);
  }
}

/** Frees comments that have been gone for more than LINGER_SCRAPES scrapes; those that came back leave the list. */
function expireComments(target: usize, scrape: u32): void {
  let entry = <usize>load<u32>(target, TARGET_LINGER);
  store<u32>(target, 0, TARGET_LINGER);
  while (entry !== 0) {
    const following = <usize>load<u32>(entry, ENTRY_NEXT_LINGER);
    store<u8>(entry, 0, ENTRY_LINGERS);
    if (load<u8>(entry, ENTRY_IN_ORDER) === 0) {
      const last = load<u32>(entry, ENTRY_LAST_SCRAPE);
      if (scrape - last > <u32>LINGER_SCRAPES) {
        metadataChanged(target);
        removeEntry(target, entry);
      } else linger(target, entry, last);
    }
    entry = following;
  }
}

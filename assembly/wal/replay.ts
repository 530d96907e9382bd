/**
 * Series and samples out of WAL records into a head: series go through the caller (which knows its shard and resolves
 * label sets), samples straight into the staging table. The bytes passed a checksum, yet may come from another program:
 * every length is checked.
 */
import { unzigzag, uvarintLength, uvarintValue } from "../bytes/varint";
import { slotAddress } from "../head/slots";
import {
  DROPPED_SLOT,
  NO_SLOT,
  RECORD_SAMPLES,
  RECORD_SAMPLES_V2,
  RECORD_SERIES,
  REPLAY_BASE_REF,
  REPLAY_BASE_TIME,
  REPLAY_BYTES,
  REPLAY_DUPLICATE_REFS,
  REPLAY_FOREIGN,
  REPLAY_LABELS,
  REPLAY_LABELS_LENGTH,
  REPLAY_MAX_REF,
  REPLAY_MAX_TIME,
  REPLAY_MIN_TIME,
  REPLAY_MIN_VALID_TIME,
  REPLAY_POSITION,
  REPLAY_REF,
  REPLAY_SAMPLES,
  REPLAY_STAGED,
  REPLAY_TOO_OLD,
  REPLAY_UNKNOWN,
  SLOT_CHUNKS,
  SLOT_FLAG_RECORDED,
  SLOT_FLAGS,
  SLOT_LAST_TIME,
  SLOT_REF,
  STAGED_BYTES,
  STAGED_SLOT,
  STAGED_STATUS,
  STAGED_TEXT,
  STAGED_TIME,
  STAGED_VALUE,
  STATUS_OK,
} from "../layout";
import { putRef, refSlot } from "./ref-table";

/** Start time of a sample of type 11: none, that of the sample before, or a number of its own. */
const START_SAME: u32 = 1;

/** Sets up a REPLAY for a run; the caller may set the least valid time afterwards. */
export function initReplay(replay: usize): void {
  memory.fill(replay, 0, <usize>REPLAY_BYTES);
  store<i64>(replay, i64.MIN_VALUE, REPLAY_MIN_VALID_TIME);
  store<i64>(replay, i64.MAX_VALUE, REPLAY_MIN_TIME);
  store<i64>(replay, i64.MIN_VALUE, REPLAY_MAX_TIME);
}

/** To be called before the first `nextSeries` or `stageSamples` of each record. */
export function beginRecord(replay: usize): void {
  store<u32>(replay, 0, REPLAY_POSITION);
}

function addTo(counter: usize, amount: f64): void {
  store<f64>(counter, load<f64>(counter) + amount);
}

/**
 * Reads the next series of the series record at `record`: its ref, and address and length of its LABEL BYTES, which lie in
 * the record. Returns 1, 0 behind the last, −1 if the record is malformed.
 */
export function nextSeries(replay: usize, record: usize, length: u32): i32 {
  let position = load<u32>(replay, REPLAY_POSITION);
  if (position === 0) {
    if (length === 0 || <u32>load<u8>(record) !== <u32>RECORD_SERIES) return -1;
    position = 1;
  }
  const end = record + <usize>length;
  let at = record + <usize>position;
  if (at === end) {
    store<u32>(replay, length, REPLAY_POSITION);
    return 0;
  }
  if (end - at < 8) return -1;
  const ref = bswap(load<u64>(at));
  at += 8;
  const labels = at;
  const countBytes = uvarintLength(at, end);
  if (countBytes === 0) return -1;
  const count = uvarintValue(at);
  at += <usize>countBytes;
  if (count > <u64>(end - at) / 2) return -1; // a name and a value have a byte each, at least
  for (let i: u64 = 0; i < 2 * count; i++) {
    const bytes = uvarintLength(at, end);
    if (bytes === 0) return -1;
    const text = uvarintValue(at);
    at += <usize>bytes;
    if (text > <u64>(end - at)) return -1;
    at += <usize>text;
  }
  store<u64>(replay, ref, REPLAY_REF);
  store<u32>(replay, <u32>labels, REPLAY_LABELS);
  store<u32>(replay, <u32>(at - labels), REPLAY_LABELS_LENGTH);
  store<u32>(replay, <u32>(at - record), REPLAY_POSITION);
  if (ref > load<u64>(replay, REPLAY_MAX_REF)) store<u64>(replay, ref, REPLAY_MAX_REF);
  return 1;
}

/**
 * Enters the series that `nextSeries` read: from now on its ref means `slotIndex`, or DROPPED_SLOT for a series of another
 * shard. The first ref of a label set becomes the slot's own; a later one only leads to the slot. Returns 0 if the memory
 * is full, else 1.
 */
export function adoptSeries(replay: usize, table: usize, slotIndex: u32): u32 {
  const ref = load<u64>(replay, REPLAY_REF);
  if (slotIndex !== <u32>DROPPED_SLOT) {
    const slot = slotAddress(slotIndex);
    const flags = load<u32>(slot, SLOT_FLAGS);
    if ((flags & <u32>SLOT_FLAG_RECORDED) === 0) {
      store<u64>(slot, ref, SLOT_REF);
      store<u32>(slot, flags | <u32>SLOT_FLAG_RECORDED, SLOT_FLAGS);
    } else if (load<u64>(slot, SLOT_REF) !== ref) addTo(replay + <usize>REPLAY_DUPLICATE_REFS, 1);
  }
  return putRef(table, ref, slotIndex) ? 1 : 0;
}

/**
 * Fills the staging table with the next samples of the samples record (type 2 or 11) at `record`, at most `capacity` rows:
 * those of known refs of this shard which are not too old, in the record's order, with STATUS_OK. Call it again until
 * REPLAY_POSITION is `length`. Returns the rows, or −1 if the record is malformed.
 */
export function stageSamples(
  replay: usize,
  record: usize,
  length: u32,
  table: usize,
  staging: usize,
  capacity: u32,
): i32 {
  let position = load<u32>(replay, REPLAY_POSITION);
  if (length === 0) return -1;
  const type = <u32>load<u8>(record);
  const isV2 = type === <u32>RECORD_SAMPLES_V2;
  if (!isV2 && type !== <u32>RECORD_SAMPLES) return -1;
  const end = record + <usize>length;
  let isFirst = false;
  if (position === 0) {
    if (length === 1) {
      store<u32>(replay, 1, REPLAY_POSITION);
      return 0;
    }
    position = 1;
    if (isV2) {
      isFirst = true;
      store<i64>(replay, 0, REPLAY_BASE_REF);
      store<i64>(replay, 0, REPLAY_BASE_TIME);
    } else {
      if (length < 17) return -1;
      store<i64>(replay, <i64>bswap(load<u64>(record, 1)), REPLAY_BASE_REF);
      store<i64>(replay, <i64>bswap(load<u64>(record, 9)), REPLAY_BASE_TIME);
      position = 17;
    }
  }
  let baseRef = load<i64>(replay, REPLAY_BASE_REF); // of type 11: the ref of the sample before
  let baseTime = load<i64>(replay, REPLAY_BASE_TIME);
  const minValid = load<i64>(replay, REPLAY_MIN_VALID_TIME);
  let minTime = load<i64>(replay, REPLAY_MIN_TIME);
  let maxTime = load<i64>(replay, REPLAY_MAX_TIME);
  let maxRef = load<u64>(replay, REPLAY_MAX_REF);
  let read: u32 = 0;
  let unknown: u32 = 0;
  let foreign: u32 = 0;
  let tooOld: u32 = 0;
  let rows: u32 = 0;
  let at = record + <usize>position;
  while (at < end && rows < capacity) {
    let bytes = uvarintLength(at, end);
    if (bytes === 0) return -1;
    const ref = baseRef + unzigzag(uvarintValue(at));
    at += <usize>bytes;
    bytes = uvarintLength(at, end);
    if (bytes === 0) return -1;
    const time = baseTime + unzigzag(uvarintValue(at));
    at += <usize>bytes;
    if (isV2) {
      baseRef = ref;
      if (isFirst) {
        isFirst = false;
        baseTime = time;
        bytes = uvarintLength(at, end);
        if (bytes === 0) return -1;
        at += <usize>bytes;
      } else {
        if (at >= end) return -1;
        const marker = <u32>load<u8>(at);
        at++;
        if (marker > START_SAME) {
          bytes = uvarintLength(at, end);
          if (bytes === 0) return -1;
          at += <usize>bytes;
        }
      }
    }
    if (end - at < 8) return -1;
    const value = bswap(load<u64>(at));
    at += 8;
    read++;
    if (<u64>ref > maxRef) maxRef = <u64>ref;
    const slot = refSlot(table, <u64>ref);
    if (slot >= <u32>DROPPED_SLOT) {
      if (slot === <u32>NO_SLOT) unknown++;
      else foreign++;
      continue;
    }
    if (time < minValid) {
      tooOld++;
      continue;
    }
    const known = slotAddress(slot);
    // What chunks_head has already, or the log twice: validation would say the same, later.
    if (load<u32>(known, SLOT_CHUNKS) !== 0 && time <= load<i64>(known, SLOT_LAST_TIME)) continue;
    minTime = min<i64>(minTime, time);
    maxTime = max<i64>(maxTime, time);
    const row = staging + <usize>(rows * <u32>STAGED_BYTES);
    store<u32>(row, slot, STAGED_SLOT);
    store<u32>(row, <u32>STATUS_OK, STAGED_STATUS);
    store<i64>(row, time, STAGED_TIME);
    store<u64>(row, value, STAGED_VALUE);
    store<u64>(row, 0, STAGED_TEXT); // its length too
    rows++;
  }
  store<u32>(replay, <u32>(at - record), REPLAY_POSITION);
  store<i64>(replay, baseRef, REPLAY_BASE_REF);
  store<i64>(replay, baseTime, REPLAY_BASE_TIME);
  store<i64>(replay, minTime, REPLAY_MIN_TIME);
  store<i64>(replay, maxTime, REPLAY_MAX_TIME);
  store<u64>(replay, maxRef, REPLAY_MAX_REF);
  addTo(replay + <usize>REPLAY_SAMPLES, <f64>read);
  addTo(replay + <usize>REPLAY_STAGED, <f64>rows);
  addTo(replay + <usize>REPLAY_UNKNOWN, <f64>unknown);
  addTo(replay + <usize>REPLAY_FOREIGN, <f64>foreign);
  addTo(replay + <usize>REPLAY_TOO_OLD, <f64>tooOld);
  return <i32>rows;
}

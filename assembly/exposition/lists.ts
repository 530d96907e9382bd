/** The growing lists of a target: regions of the arena, replaced by larger ones when full. */
import { allocate, release, roomFor } from "../memory/arena";
import {
  CREATED_BYTES,
  EXEMPLAR_BYTES,
  EXEMPLAR_LENGTH,
  EXEMPLAR_ROW,
  EXEMPLAR_TEXT,
  HARD_BYTES,
  HARD_IS_VALUE,
  HARD_LENGTH,
  HARD_LINE,
  HARD_ROW,
  HARD_SAMPLES,
  HARD_TEXT,
  HARD_WHAT,
  NEW_BYTES,
  NEW_NO_ROW,
  TARGET_CREATED,
  TARGET_CREATED_BYTES,
  TARGET_CREATED_COUNT,
  TARGET_EXEMPLAR_END,
  TARGET_EXEMPLAR_START,
  TARGET_HARD,
  TARGET_HARD_BYTES,
  TARGET_HARD_COUNT,
  TARGET_LINE,
  TARGET_LIST,
  TARGET_LIST_BYTES,
  TARGET_LIST_COUNT,
  TARGET_NEW,
  TARGET_NEW_BYTES,
  TARGET_NEW_COUNT,
  TARGET_NEXT,
  TARGET_NEXT_BYTES,
  TARGET_NUMBER,
  TARGET_NUMBER_END,
  TARGET_REGION_BYTES,
  TARGET_SAMPLES,
} from "./layout";

function addRegionBytes(target: usize, bytes: f64): void {
  store<f64>(target, load<f64>(target, TARGET_REGION_BYTES) + bytes, TARGET_REGION_BYTES);
}

/** A region of the target's; counted. 0 if the memory is full. */
export function allocateFor(target: usize, bytes: u32): usize {
  const region = allocate(bytes);
  if (region !== 0) addRegionBytes(target, <f64>roomFor(bytes));
  return region;
}

export function releaseOf(target: usize, region: usize, bytes: u32): void {
  release(region, bytes);
  addRegionBytes(target, -(<f64>roomFor(bytes)));
}

/**
 * Makes the list whose address is at `field` and whose size at `bytesField` hold `needed` bytes, keeping the first
 * `used`. Sizes grow by half, to the whole of a class. False if the memory is full: the list is as it was.
 */
function growList(target: usize, field: usize, bytesField: usize, used: u32, needed: u32): bool {
  const oldBytes = load<u32>(target + bytesField);
  if (needed <= oldBytes) return true;
  const wanted = roomFor(max<u32>(max<u32>(needed, oldBytes + (oldBytes >> 1)), 256));
  const region = allocateFor(target, wanted);
  if (region === 0) return false;
  const old = <usize>load<u32>(target + field);
  if (old !== 0) {
    memory.copy(region, old, used);
    releaseOf(target, old, oldBytes);
  }
  store<u32>(target + field, <u32>region);
  store<u32>(target + bytesField, wanted);
  return true;
}

/** What a list may keep from one scrape to the next: more than churn of a tenth of 1,000 lines needs. */
const KEPT_BYTES: u32 = 4096;

/** Gives a list back that an unusual scrape (the first one) made long; its contents are done with. */
function trimList(target: usize, field: usize, bytesField: usize): void {
  const bytes = load<u32>(target + bytesField);
  if (bytes <= KEPT_BYTES) return;
  releaseOf(target, <usize>load<u32>(target + field), bytes);
  store<u32>(target + field, 0);
  store<u32>(target + bytesField, 0);
}

/** The scrape under way is accepted: NEW records and the order before it are not needed any more. */
export function trimLists(target: usize): void {
  store<u32>(target, 0, TARGET_NEW_COUNT);
  trimList(target, TARGET_NEW, TARGET_NEW_BYTES);
  trimList(target, TARGET_NEXT, TARGET_NEXT_BYTES);
  trimList(target, TARGET_LIST, TARGET_LIST_BYTES);
  store<u32>(target, 0, TARGET_CREATED_COUNT);
  trimList(target, TARGET_CREATED, TARGET_CREATED_BYTES);
}

/** Room for `count` lines in the order under way, of which the first `used` are kept. */
export function growNext(target: usize, used: u32, count: u32): bool {
  return growList(target, TARGET_NEXT, TARGET_NEXT_BYTES, used << 2, count << 2);
}

/** A NEW record to fill in; counted by the caller's store of TARGET_NEW_COUNT here. 0 if the memory is full. */
export function addNew(target: usize): usize {
  const count = load<u32>(target, TARGET_NEW_COUNT);
  const used = count * <u32>NEW_BYTES;
  if (!growList(target, TARGET_NEW, TARGET_NEW_BYTES, used, used + <u32>NEW_BYTES)) return 0;
  store<u32>(target, count + 1, TARGET_NEW_COUNT);
  return <usize>load<u32>(target, TARGET_NEW) + <usize>used;
}

/** Leaves a number to the caller. False if the memory is full. */
export function addHard(target: usize, row: u32, what: u32, start: u32, end: u32): bool {
  const count = load<u32>(target, TARGET_HARD_COUNT);
  const used = count * <u32>HARD_BYTES;
  if (!growList(target, TARGET_HARD, TARGET_HARD_BYTES, used, used + <u32>HARD_BYTES)) return false;
  const record = <usize>load<u32>(target, TARGET_HARD) + <usize>used;
  store<u32>(record, row, HARD_ROW);
  store<u32>(record, what, HARD_WHAT);
  store<u32>(record, start, HARD_TEXT);
  store<u32>(record, end - start, HARD_LENGTH);
  store<u32>(record, load<u32>(target, TARGET_LINE), HARD_LINE);
  store<u32>(record, load<u32>(target, TARGET_SAMPLES), HARD_SAMPLES);
  store<u32>(target, count + 1, TARGET_HARD_COUNT);
  return true;
}

/** Leaves the exemplar of the line that was staged as `row` to the caller. False if the memory is full. */
export function addExemplar(target: usize, row: u32): bool {
  const count = load<u32>(target, TARGET_LIST_COUNT);
  const used = count * <u32>EXEMPLAR_BYTES;
  if (!growList(target, TARGET_LIST, TARGET_LIST_BYTES, used, used + <u32>EXEMPLAR_BYTES)) return false;
  const record = <usize>load<u32>(target, TARGET_LIST) + <usize>used;
  const start = load<u32>(target, TARGET_EXEMPLAR_START);
  store<u32>(record, row, EXEMPLAR_ROW);
  store<u32>(record, start, EXEMPLAR_TEXT);
  store<u32>(record, load<u32>(target, TARGET_EXEMPLAR_END) - start, EXEMPLAR_LENGTH);
  store<u32>(target, count + 1, TARGET_LIST_COUNT);
  return true;
}

/** A CREATED record to fill in. 0 if the memory is full. */
export function addCreated(target: usize): usize {
  const count = load<u32>(target, TARGET_CREATED_COUNT);
  const used = count * <u32>CREATED_BYTES;
  if (!growList(target, TARGET_CREATED, TARGET_CREATED_BYTES, used, used + <u32>CREATED_BYTES)) return 0;
  store<u32>(target, count + 1, TARGET_CREATED_COUNT);
  return <usize>load<u32>(target, TARGET_CREATED) + <usize>used;
}

/** A hard number of an exemplar: nothing stores it, but it may be out of range. */
export function exemplarIsHard(target: usize): bool {
  return addHard(
    target,
    NEW_NO_ROW,
    HARD_IS_VALUE,
    load<u32>(target, TARGET_NUMBER),
    load<u32>(target, TARGET_NUMBER_END),
  );
}

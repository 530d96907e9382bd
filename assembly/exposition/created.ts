/**
 * Times of creation in OpenMetrics text: lines `<family>_created` of counters, summaries and histograms, which then are no samples.
 * As Prometheus' parser, a series has the time of the first such line behind it, if nothing but series stands between and that
 * line's labels are its own, `le` of histograms and `quantile` of summaries aside. Each line leaves a CREATED record; the caller
 * goes through them in order (src/exposition/created-times.ts).
 *
 * Labels count as they stand in the text, without what separates them, as in Prometheus.
 */
import {
  CREATED_HASH,
  CREATED_IS_BREAK,
  CREATED_IS_SERIES,
  CREATED_IS_TIME,
  CREATED_KIND,
  CREATED_MS,
  CREATED_ROW,
  HARD_IS_CREATED,
  TARGET_CREATED_COUNT,
  TARGET_CREATED_FAMILY,
  TARGET_NUMBER,
  TARGET_NUMBER_END,
  TARGET_TYPE,
  TARGET_VALUE,
  TARGET_VALUE_IS_HARD,
  TYPE_COUNTER,
  TYPE_HISTOGRAM,
  TYPE_SUMMARY,
} from "./layout";
import { addCreated, addHard } from "./lists";
import { secondsToMs } from "./read-line";

const SUFFIX_BYTES: u32 = 8; // of _created
const SUFFIX: u64 = ((<u64>0x64657461) << 32) | 0x6572635f; // little-endian
const WORD_QUANTILE: u64 = ((<u64>0x656c6974) << 32) | 0x6e617571;
const FNV_OFFSET: u64 = ((<u64>0xcbf29ce4) << 32) | 0x84222325;
const FNV_PRIME: u64 = ((<u64>0x100) << 32) | 0x1b3;

/** Whether the metrics of the last TYPE line have times of creation. */
export function hasCreatedTimes(target: usize): bool {
  const type = load<u32>(target, TARGET_TYPE);
  return type === TYPE_COUNTER || type === TYPE_HISTOGRAM || type === TYPE_SUMMARY;
}

/** A HELP, TYPE or UNIT line `text`: it names the family of the series that follow. False if the memory is full. */
export function noteFamily(target: usize, text: usize, length: u32): bool {
  const end = text + <usize>length;
  let at = text + 7; // behind "# TYPE "
  const start = at;
  let family: u32;
  if (load<u8>(at) === 34) family = <u32>(endOfQuoted(at + 1, end) - start) - 1;
  else {
    while (at < end && load<u8>(at) !== 32) at++;
    family = <u32>(at - start);
  }
  store<u32>(target, family, TARGET_CREATED_FAMILY);
  const record = addCreated(target);
  if (record === 0) return false;
  store<u32>(record, CREATED_IS_BREAK, CREATED_KIND);
  store<u32>(record, hasCreatedTimes(target) ? 1 : 0, CREATED_ROW);
  return true;
}

/** A series line that was staged as `row`. False if the memory is full. */
export function noteSeries(target: usize, text: usize, length: u32, row: u32): bool {
  const record = addCreated(target);
  if (record === 0) return false;
  const start = load<u8>(text) === 123 ? text + 2 : text; // a quoted name stands first in the braces
  store<u32>(record, CREATED_IS_SERIES, CREATED_KIND);
  store<u32>(record, row, CREATED_ROW);
  store<u64>(record, hashOf(target, text, length, start, load<u32>(target, TARGET_CREATED_FAMILY)), CREATED_HASH);
  return true;
}

/** Length of the name of a series whose text begins with it or with a quoted one; 0 where that stands elsewhere. */
function nameLength(text: usize, length: u32): u32 {
  const end = text + <usize>length;
  if (load<u8>(text) === 123) {
    if (load<u8>(text, 1) !== 34) return 0;
    const close = endOfQuoted(text + 2, end);
    return load<u8>(close, 1) === 61 ? 0 : <u32>(close - text) - 2;
  }
  let at = text;
  while (at < end && load<u8>(at) !== 123) at++;
  return <u32>(at - text);
}

/** Whether a series line of a type that has times of creation says one. */
export function isCreatedLine(text: usize, length: u32): bool {
  const bytes = nameLength(text, length);
  if (bytes < SUFFIX_BYTES) return false;
  const start = load<u8>(text) === 123 ? text + 2 : text;
  return load<u64>(start + <usize>(bytes - SUFFIX_BYTES)) === SUFFIX;
}

/** Leaves the time of creation that the line under way says to the caller. False if the memory is full. */
export function noteCreated(target: usize, text: usize, length: u32): bool {
  const record = addCreated(target);
  if (record === 0) return false;
  const start = load<u8>(text) === 123 ? text + 2 : text;
  const family = nameLength(text, length) - SUFFIX_BYTES;
  store<u32>(record, CREATED_IS_TIME, CREATED_KIND);
  store<u64>(record, hashOf(target, text, length, start, family), CREATED_HASH);
  store<i64>(record, secondsToMs(load<f64>(target, TARGET_VALUE)), CREATED_MS);
  if (load<u32>(target, TARGET_VALUE_IS_HARD) === 0) return true;
  const number = load<u32>(target, TARGET_NUMBER);
  return addHard(
    target,
    load<u32>(target, TARGET_CREATED_COUNT) - 1,
    HARD_IS_CREATED,
    number,
    load<u32>(target, TARGET_NUMBER_END),
  );
}

/** Of labels in the order of the text, then of `family` bytes of the name. */
function hashOf(target: usize, text: usize, length: u32, start: usize, family: u32): u64 {
  const type = load<u32>(target, TARGET_TYPE);
  const end = text + <usize>length;
  let hash = FNV_OFFSET;
  let at = text;
  while (at < end && load<u8>(at) !== 123) at++;
  at++;
  while (at < end) {
    const c: u32 = load<u8>(at);
    if (c === 125) break;
    if (c === 44) {
      at++;
      continue;
    }
    let name = at;
    let nameEnd: usize;
    if (c === 34) {
      name++;
      nameEnd = endOfQuoted(name, end);
      at = nameEnd + 1;
    } else {
      while (at < end && load<u8>(at) !== 61) at++;
      nameEnd = at;
    }
    if (load<u8>(at) !== 61) continue; // the metric's name
    const value = at + 2;
    const valueEnd = endOfQuoted(value, end);
    at = valueEnd + 1;
    if (!isLeftOut(type, name, nameEnd)) hash = hashBytes(hashBytes(hash, name, nameEnd), value, valueEnd);
  }
  return hashBytes(hash, start, start + <usize>family);
}

function isLeftOut(type: u32, name: usize, end: usize): bool {
  const length = end - name;
  if (type === TYPE_HISTOGRAM) return length === 2 && load<u16>(name) === 0x656c; // le
  return type === TYPE_SUMMARY && length === 8 && load<u64>(name) === WORD_QUANTILE;
}

function hashBytes(seed: u64, from: usize, to: usize): u64 {
  let hash = seed;
  for (let at = from; at < to; at++) hash = (hash ^ <u64>load<u8>(at)) * FNV_PRIME;
  return hash;
}

/** Address of the quote that ends a string whose bytes begin at `at`; `end` at most. */
function endOfQuoted(at: usize, end: usize): usize {
  while (at < end && load<u8>(at) !== 34) at += load<u8>(at) === 92 ? 2 : 1;
  return min<usize>(at, end);
}

/**
 * From a checked remote-write request to staged rows: each sample of a series of this shard becomes one. The caller has
 * checked the body with `checkWrite`, and given staging as many rows as it has samples; so nothing here looks for an end.
 *
 * The first time that a label set is seen it is decoded, checked and resolved; from then on its bytes alone lead to its slot.
 */
import { resolveSeries } from "../head/series";
import { hashBytes } from "../index/hash";
import {
  DROPPED_SLOT,
  RESOLVE_NO_MEMORY,
  RESOLVE_NO_REFS,
  STAGED_BYTES,
  STAGED_SLOT,
  STAGED_STATUS,
  STAGED_TEXT,
  STAGED_TIME,
  STAGED_VALUE,
} from "../layout";
import { shardOfLabelBytes } from "../shard/shard-of";
import { addLabel, clearLabels, makeLabelBytes, makeRawText } from "./labels";
import {
  EXTRA_EXEMPLARS,
  EXTRA_HISTOGRAMS,
  EXTRA_METADATA,
  SYMBOL_ADDRESS,
  SYMBOL_BYTES,
  SYMBOL_ENTRY_BYTES,
  WRITE_BODY,
  WRITE_BODY_LENGTH,
  WRITE_DONE,
  WRITE_EMPTY,
  WRITE_EXTRAS,
  WRITE_FIRST_TIME,
  WRITE_HAS_EXTRAS,
  WRITE_HAS_FIRST_TIME,
  WRITE_INVALID,
  WRITE_INVALID_SAMPLES,
  WRITE_INVALID_SERIES,
  WRITE_NEEDS_CACHE,
  WRITE_NEEDS_REFS,
  WRITE_NO_MEMORY,
  WRITE_POSITION,
  WRITE_ROWS,
  WRITE_SERIES_END,
  WRITE_SERIES_INDEX,
  WRITE_SERIES_START,
  WRITE_SHARD,
  WRITE_SHARD_COUNT,
  WRITE_SLOT,
  WRITE_STAGING,
  WRITE_SYMBOL_COUNT,
  WRITE_SYMBOLS,
  WRITE_TEXT,
  WRITE_TEXT_LENGTH,
  WRITE_TOO_LONG,
} from "./layout";
import { changeMetadata, findCached, hasCacheRoom, remember } from "./series-cache";

const WIRE_VARINT: u32 = 0;
const WIRE_FIXED64: u32 = 1;
const WIRE_BYTES: u32 = 2;
const WIRE_GROUP: u32 = 3;
const WIRE_END_GROUP: u32 = 4;

const SERIES_V1: u32 = 1;
const LABELS_V1: u32 = 1;
const EXEMPLARS_V1: u32 = 3;
const HISTOGRAMS_V1: u32 = 4;
const SYMBOLS_V2: u32 = 4;
const SERIES_V2: u32 = 5;
const LABEL_REFS_V2: u32 = 1;
const HISTOGRAMS_V2: u32 = 3;
const EXEMPLARS_V2: u32 = 4;
const METADATA_V2: u32 = 5;
const SAMPLES: u32 = 2;
const LABELS_TAG: u32 = 0x0a;

/** A cursor over checked bytes; `let`s of a module belong to one instance, hence to one thread. */
let cursor: usize = 0;

function readVarint(): u64 {
  let value = <u64>load<u8>(cursor++);
  if (value < 0x80) return value;
  value &= 0x7f;
  let shift: u64 = 7;
  let byte: u64 = 0;
  do {
    byte = <u64>load<u8>(cursor++);
    value |= (byte & 0x7f) << shift;
    shift += 7;
  } while (byte >= 0x80);
  return value;
}

/** Moves behind the value of a field of wire type `first`. */
function skipValue(first: u32): void {
  let wire = first;
  let depth: u32 = 0;
  for (;;) {
    if (wire === WIRE_VARINT) readVarint();
    else if (wire === WIRE_FIXED64) cursor += 8;
    else if (wire === WIRE_BYTES) {
      const length = <usize>readVarint();
      cursor += length;
    } else if (wire === WIRE_GROUP) depth++;
    else if (wire === WIRE_END_GROUP) depth--;
    else cursor += 4;
    if (depth === 0) return;
    wire = <u32>readVarint() & 7;
  }
}

/** Before the first call of `stageWrite…` for a request. */
export function beginWrite(state: usize): void {
  store<u32>(state, load<u32>(state, WRITE_BODY), WRITE_POSITION);
  store<u32>(state, 0, WRITE_ROWS);
  store<u32>(state, 0, WRITE_SERIES_INDEX);
  store<u32>(state, 0, WRITE_HAS_FIRST_TIME);
  store<u32>(state, 0, WRITE_INVALID_SERIES);
  store<u32>(state, 0, WRITE_INVALID_SAMPLES);
}

/** Stages the series from WRITE_POSITION on. Returns WRITE_DONE, or why it stopped: call it again to go on. */
export function stageWriteV1(state: usize): i32 {
  return stageSeries(state, false);
}

/** As `stageWriteV1`, after `readSymbols`. */
export function stageWriteV2(state: usize): i32 {
  return stageSeries(state, true);
}

/** Fills SYMBOLS, which has room for all. */
export function readSymbols(state: usize): void {
  const end = <usize>load<u32>(state, WRITE_BODY) + <usize>load<u32>(state, WRITE_BODY_LENGTH);
  const symbols = <usize>load<u32>(state, WRITE_SYMBOLS);
  let count: u32 = 0;
  cursor = <usize>load<u32>(state, WRITE_BODY);
  while (cursor < end) {
    const tag = readVarint();
    const wire = <u32>tag & 7;
    if (<u32>(tag >> 3) !== SYMBOLS_V2 || wire !== WIRE_BYTES) {
      skipValue(wire);
      continue;
    }
    const length = <u32>readVarint();
    const entry = symbols + <usize>(count * SYMBOL_ENTRY_BYTES);
    store<u32>(entry, <u32>cursor, SYMBOL_ADDRESS);
    store<u32>(entry, length, SYMBOL_BYTES);
    cursor += <usize>length;
    count++;
  }
  store<u32>(state, count, WRITE_SYMBOL_COUNT);
}

function stageSeries(state: usize, isV2: bool): i32 {
  const bodyEnd = <usize>load<u32>(state, WRITE_BODY) + <usize>load<u32>(state, WRITE_BODY_LENGTH);
  const seriesField = isV2 ? SERIES_V2 : SERIES_V1;
  cursor = <usize>load<u32>(state, WRITE_POSITION);
  while (cursor < bodyEnd) {
    const fieldStart = cursor;
    const tag = readVarint();
    if (<u32>(tag >> 3) !== seriesField) {
      skipValue(<u32>tag & 7);
      continue;
    }
    const length = <usize>readVarint();
    const start = cursor;
    const end = start + length;
    const status = isV2 ? stageOneV2(state, start, end) : stageOneV1(state, start, end);
    const index = load<u32>(state, WRITE_SERIES_INDEX);
    cursor = end;
    if (status !== WRITE_DONE) {
      store<u32>(state, <u32>start, WRITE_SERIES_START);
      store<u32>(state, <u32>end, WRITE_SERIES_END);
      if (status === WRITE_NEEDS_REFS || status === WRITE_NEEDS_CACHE) {
        store<u32>(state, <u32>fieldStart, WRITE_POSITION);
        return status;
      }
    }
    store<u32>(state, index + 1, WRITE_SERIES_INDEX);
    if (status !== WRITE_DONE) {
      store<u32>(state, <u32>end, WRITE_POSITION);
      return status;
    }
  }
  store<u32>(state, <u32>cursor, WRITE_POSITION);
  return WRITE_DONE;
}

// ── 1.0 ──────────────────────────────────────────────────────────────────────────────────────────────────────────

function stageOneV1(state: usize, start: usize, end: usize): i32 {
  cursor = start;
  while (cursor < end && <u32>load<u8>(cursor) === LABELS_TAG) {
    cursor++;
    const length = <usize>readVarint();
    cursor += length;
  }
  const labelsEnd = cursor;
  let isScattered = false;
  let extras: u32 = 0;
  let samples: u32 = 0;
  let histograms: u32 = 0;
  while (cursor < end) {
    const tag = readVarint();
    const field = <u32>(tag >> 3);
    if (field === SAMPLES) samples++;
    else if (field === LABELS_V1) isScattered = true;
    else if (field === HISTOGRAMS_V1) {
      histograms++;
      extras |= EXTRA_HISTOGRAMS;
    } else if (field === EXEMPLARS_V1) extras |= EXTRA_EXEMPLARS;
    skipValue(<u32>tag & 7);
  }
  let slot: i32 = -1;
  if (!isScattered) {
    slot = findCached(state, start, <u32>(labelsEnd - start));
    if (slot === -1 && !hasCacheRoom(state)) return WRITE_NEEDS_CACHE;
  }
  if (slot === -1) {
    clearLabels(state);
    cursor = start;
    while (cursor < end) {
      const tag = readVarint();
      if (<u32>(tag >> 3) !== LABELS_V1) {
        skipValue(<u32>tag & 7);
        continue;
      }
      const length = <usize>readVarint();
      if (!readLabel(state, cursor + length)) return WRITE_TOO_LONG;
    }
    const made = makeLabelBytes(state);
    if (made === WRITE_INVALID) {
      countInvalid(state, samples + histograms);
      return WRITE_INVALID;
    }
    if (made !== 0) return made;
    if (samples === 0 && extras === 0) return WRITE_DONE; // no series is made for nothing
    slot = resolveText(state);
    if (slot === RESOLVE_NO_REFS) return WRITE_NEEDS_REFS;
    if (slot === RESOLVE_NO_MEMORY) return WRITE_NO_MEMORY;
    if (slot < 0 && slot !== DROPPED_SLOT_HERE) return WRITE_TOO_LONG;
    if (!isScattered) remember(state, <u32>toSlot(slot));
    slot = toSlot(slot);
  }
  stageSamples(state, labelsEnd, end, slot);
  return withExtras(state, slot, extras);
}

function withExtras(state: usize, slot: i32, extras: u32): i32 {
  if (extras === 0 || slot === DROPPED_SLOT) return WRITE_DONE;
  store<u32>(state, <u32>slot, WRITE_SLOT);
  store<u32>(state, extras, WRITE_EXTRAS);
  return WRITE_HAS_EXTRAS;
}

/** What `resolveText` answers for a series of another shard: none of RESOLVE_*. */
const DROPPED_SLOT_HERE: i32 = -100;

function toSlot(resolved: i32): i32 {
  return resolved === DROPPED_SLOT_HERE ? DROPPED_SLOT : resolved;
}

/** Slot of the LABEL BYTES in WRITE_TEXT, DROPPED_SLOT_HERE, or RESOLVE_*. */
function resolveText(state: usize): i32 {
  const text = <usize>load<u32>(state, WRITE_TEXT);
  const length = load<u32>(state, WRITE_TEXT_LENGTH);
  const shardCount = load<u32>(state, WRITE_SHARD_COUNT);
  if (shardCount > 1 && shardOfLabelBytes(text, length, shardCount) !== <i32>load<u32>(state, WRITE_SHARD)) {
    return DROPPED_SLOT_HERE;
  }
  return resolveSeries(text, length);
}

/** Adds the label whose message is at the cursor; false if there are too many. */
function readLabel(state: usize, end: usize): bool {
  let name: u32 = 0;
  let nameLength: u32 = 0;
  let value: u32 = 0;
  let valueLength: u32 = 0;
  while (cursor < end) {
    const tag = readVarint();
    const field = <u32>(tag >> 3);
    if (field !== 1 && field !== 2) {
      skipValue(<u32>tag & 7);
      continue;
    }
    const length = <u32>readVarint();
    if (field === 1) {
      name = <u32>cursor;
      nameLength = length;
    } else {
      value = <u32>cursor;
      valueLength = length;
    }
    cursor += <usize>length;
  }
  return addLabel(state, name, nameLength, value, valueLength);
}

// ── 2.0 ──────────────────────────────────────────────────────────────────────────────────────────────────────────

function stageOneV2(state: usize, start: usize, end: usize): i32 {
  const symbols = <usize>load<u32>(state, WRITE_SYMBOLS);
  const symbolCount = load<u32>(state, WRITE_SYMBOL_COUNT);
  clearLabels(state);
  let samples: u32 = 0;
  let histograms: u32 = 0;
  let extras: u32 = 0;
  let metadata: u64 = 0;
  let isBroken = false; // a reference to no symbol, or a name without a value
  let isTooLong = false;
  let nameRef: i64 = -1;
  cursor = start;
  while (cursor < end) {
    const tag = readVarint();
    const field = <u32>(tag >> 3);
    const wire = <u32>tag & 7;
    if (field !== LABEL_REFS_V2) {
      if (field === SAMPLES) samples++;
      else if (field === HISTOGRAMS_V2) {
        histograms++;
        extras |= EXTRA_HISTOGRAMS;
      } else if (field === EXEMPLARS_V2) extras |= EXTRA_EXEMPLARS;
      else if (field === METADATA_V2) {
        const length = <usize>readVarint();
        metadata = hashMetadata(state, cursor + length);
        continue;
      }
      skipValue(wire);
      continue;
    }
    let last = cursor + 1; // a single reference, wherever it ends
    if (wire === WIRE_BYTES) {
      const length = <usize>readVarint();
      last = cursor + length;
    }
    while (cursor < last) {
      const ref = <u32>readVarint();
      if (ref >= symbolCount) isBroken = true;
      if (isBroken) continue;
      if (nameRef < 0) {
        nameRef = <i64>ref;
        continue;
      }
      const name = symbols + <usize>(<u32>nameRef * SYMBOL_ENTRY_BYTES);
      const value = symbols + <usize>(ref * SYMBOL_ENTRY_BYTES);
      nameRef = -1;
      isTooLong =
        !addLabel(
          state,
          load<u32>(name, SYMBOL_ADDRESS),
          load<u32>(name, SYMBOL_BYTES),
          load<u32>(value, SYMBOL_ADDRESS),
          load<u32>(value, SYMBOL_BYTES),
        ) || isTooLong;
    }
  }
  if (isBroken || nameRef >= 0) {
    countInvalid(state, samples + histograms);
    return WRITE_INVALID;
  }
  if (isTooLong || !makeRawText(state)) return WRITE_TOO_LONG;
  let slot = findCached(state, <usize>load<u32>(state, WRITE_TEXT), load<u32>(state, WRITE_TEXT_LENGTH));
  if (slot === -1) {
    if (!hasCacheRoom(state)) return WRITE_NEEDS_CACHE;
    const made = makeLabelBytes(state);
    if (made === WRITE_INVALID) {
      countInvalid(state, samples + histograms);
      return WRITE_INVALID;
    }
    if (made !== 0) return made;
    if (samples === 0 && extras === 0) return WRITE_EMPTY;
    slot = resolveText(state);
    if (slot === RESOLVE_NO_REFS) return WRITE_NEEDS_REFS;
    if (slot === RESOLVE_NO_MEMORY) return WRITE_NO_MEMORY;
    if (slot < 0 && slot !== DROPPED_SLOT_HERE) return WRITE_TOO_LONG;
    remember(state, <u32>toSlot(slot));
    slot = toSlot(slot);
  }
  if (metadata !== 0 && slot !== DROPPED_SLOT && changeMetadata(state, metadata)) extras |= EXTRA_METADATA;
  stageSamples(state, start, end, slot);
  return withExtras(state, slot, extras);
}

/** Hash of the metadata message between the cursor and `end`, 0 if it says nothing. */
function hashMetadata(state: usize, end: usize): u64 {
  const symbols = <usize>load<u32>(state, WRITE_SYMBOLS);
  const symbolCount = load<u32>(state, WRITE_SYMBOL_COUNT);
  let hash: u64 = 0;
  while (cursor < end) {
    const tag = readVarint();
    const field = <u32>(tag >> 3);
    if (field !== 1 && field !== 3 && field !== 4) {
      skipValue(<u32>tag & 7);
      continue;
    }
    const number = readVarint();
    if (number === 0) continue;
    if (field === 1) hash ^= number * <u64>0x9e3779b1;
    else if (<u32>number < symbolCount) {
      const symbol = symbols + <usize>(<u32>number * SYMBOL_ENTRY_BYTES);
      const length = load<u32>(symbol, SYMBOL_BYTES);
      const text = ((<u64>length) << 32) ^ <u64>hashBytes(<usize>load<u32>(symbol, SYMBOL_ADDRESS), length);
      hash ^= field === 3 ? text : rotl(text, 29);
    }
  }
  return hash;
}

// ── both ─────────────────────────────────────────────────────────────────────────────────────────────────────────

function countInvalid(state: usize, samples: u32): void {
  store<u32>(state, load<u32>(state, WRITE_INVALID_SERIES) + 1, WRITE_INVALID_SERIES);
  store<u32>(state, load<u32>(state, WRITE_INVALID_SAMPLES) + samples, WRITE_INVALID_SAMPLES);
}

/** A row for each sample between `start` and `end` (fields of a series), unless the series lives in another shard. */
function stageSamples(state: usize, start: usize, end: usize, slot: i32): void {
  const series = load<u32>(state, WRITE_SERIES_INDEX);
  let rows = load<u32>(state, WRITE_ROWS);
  let row = <usize>load<u32>(state, WRITE_STAGING) + <usize>rows * STAGED_BYTES;
  cursor = start;
  while (cursor < end) {
    const tag = readVarint();
    if (<u32>(tag >> 3) !== SAMPLES) {
      skipValue(<u32>tag & 7);
      continue;
    }
    const length = <usize>readVarint();
    const last = cursor + length;
    let value: u64 = 0;
    let time: i64 = 0;
    while (cursor < last) {
      const part = readVarint();
      const field = <u32>(part >> 3);
      if (field === 1) {
        value = load<u64>(cursor);
        cursor += 8;
      } else if (field === 2) time = <i64>readVarint();
      else skipValue(<u32>part & 7);
    }
    if (load<u32>(state, WRITE_HAS_FIRST_TIME) === 0) {
      store<u32>(state, 1, WRITE_HAS_FIRST_TIME);
      store<i64>(state, time, WRITE_FIRST_TIME);
    }
    if (slot === DROPPED_SLOT) continue;
    store<u32>(row, <u32>slot, STAGED_SLOT);
    store<u32>(row, 0, STAGED_STATUS);
    store<i64>(row, time, STAGED_TIME);
    store<u64>(row, value, STAGED_VALUE);
    store<u32>(row, series, STAGED_TEXT);
    row += STAGED_BYTES;
    rows++;
  }
  store<u32>(state, rows, WRITE_ROWS);
}

/**
 * WAL records out of the staging table, as Prometheus' tsdb/record writes them (types 1 and 2). All numbers big-endian,
 * varints as Go's; refs and times of samples are signed distances from the first sample.
 *
 *   series:  u8 1, then for each: u64 ref, uvarint label count, then uvarint length and bytes of each name and value
 *   samples: u8 2, u64 first ref, i64 first time, then for each: varint ref − first, varint time − first, u64 value bits
 */
import { putUvarint, uvarintBytes, zigzag } from "../bytes/varint";
import { slotAddress } from "../head/slots";
import { pairAddress } from "../index/pairs";
import { symbolAddress } from "../index/symbols";
import {
  FOREIGN_SLOTS,
  LABELS_COUNT,
  LABELS_PAIRS,
  PAIR_NAME,
  PAIR_VALUE,
  RECORD_SAMPLES,
  RECORD_SERIES,
  SLOT_FLAG_RECORDED,
  SLOT_FLAG_RECORDING,
  SLOT_FLAGS,
  SLOT_LABELS,
  SLOT_REF,
  STAGED_BYTES,
  STAGED_SLOT,
  STAGED_STATUS,
  STAGED_TIME,
  STAGED_VALUE,
  STATUS_OK,
  STATUS_OOO,
  SYMBOL_LENGTH,
  SYMBOL_TEXT,
} from "../layout";

/** Most bytes of one sample: two varints and the value. */
const SAMPLE_BYTES_MAX: u64 = 28;
const SAMPLES_HEADER: u32 = 17;

function isStored(slotIndex: u32): bool {
  return slotIndex < <u32>FOREIGN_SLOTS;
}

function bytesOfText(symbol: usize): u32 {
  const length = load<u32>(symbol, SYMBOL_LENGTH);
  return uvarintBytes(<u64>length) + length;
}

function putText(at: usize, symbol: usize): usize {
  const length = load<u32>(symbol, SYMBOL_LENGTH);
  const text = putUvarint(at, <u64>length);
  memory.copy(text, symbol + <usize>SYMBOL_TEXT, <usize>length);
  return text + <usize>length;
}

function seriesBytes(slot: usize): u32 {
  const labels = <usize>load<u32>(slot, SLOT_LABELS);
  const count = load<u32>(labels, LABELS_COUNT);
  let bytes = 8 + uvarintBytes(<u64>count);
  for (let i: u32 = 0; i < count; i++) {
    const pair = pairAddress(load<u32>(labels + <usize>(i << 2), LABELS_PAIRS));
    bytes +=
      bytesOfText(symbolAddress(load<u32>(pair, PAIR_NAME))) + bytesOfText(symbolAddress(load<u32>(pair, PAIR_VALUE)));
  }
  return bytes;
}

function putSeries(at: usize, slot: usize): usize {
  const labels = <usize>load<u32>(slot, SLOT_LABELS);
  const count = load<u32>(labels, LABELS_COUNT);
  store<u64>(at, bswap(load<u64>(slot, SLOT_REF)));
  at = putUvarint(at + 8, <u64>count);
  for (let i: u32 = 0; i < count; i++) {
    const pair = pairAddress(load<u32>(labels + <usize>(i << 2), LABELS_PAIRS));
    at = putText(at, symbolAddress(load<u32>(pair, PAIR_NAME)));
    at = putText(at, symbolAddress(load<u32>(pair, PAIR_VALUE)));
  }
  return at;
}

/** Address of the row's slot if it is real and has no series record yet, else 0. */
function unrecordedSlot(row: usize): usize {
  const index = load<u32>(row, STAGED_SLOT);
  if (!isStored(index)) return 0;
  const slot = slotAddress(index);
  return (load<u32>(slot, SLOT_FLAGS) & <u32>SLOT_FLAG_RECORDED) === 0 ? slot : 0;
}

/**
 * A series record of those staged rows whose slot has none in the WAL yet, each slot once, whatever the rows' status.
 *
 * Returns the record's length, 0 if there is nothing to record, or −(bytes that are surely enough) if `capacity` is less.
 */
export function encodeSeriesRecord(staging: usize, rows: u32, out: usize, capacity: u32): i32 {
  const end = staging + <usize>rows * <usize>STAGED_BYTES;
  let needed: u64 = 0;
  for (let row = staging; row < end; row += <usize>STAGED_BYTES) {
    const slot = unrecordedSlot(row);
    if (slot !== 0) needed += <u64>seriesBytes(slot);
  }
  if (needed === 0) return 0;
  needed++;
  if (needed > <u64>capacity) return -(<i32>min<u64>(needed, <u64>i32.MAX_VALUE));
  store<u8>(out, <u8>RECORD_SERIES);
  let at = out + 1;
  for (let row = staging; row < end; row += <usize>STAGED_BYTES) {
    const slot = unrecordedSlot(row);
    if (slot === 0) continue;
    const flags = load<u32>(slot, SLOT_FLAGS);
    if ((flags & <u32>SLOT_FLAG_RECORDING) !== 0) continue; // an earlier row of the same series
    store<u32>(slot, flags | <u32>SLOT_FLAG_RECORDING, SLOT_FLAGS);
    at = putSeries(at, slot);
  }
  for (let row = staging; row < end; row += <usize>STAGED_BYTES) {
    const slot = unrecordedSlot(row);
    if (slot !== 0) store<u32>(slot, load<u32>(slot, SLOT_FLAGS) & ~(<u32>SLOT_FLAG_RECORDING), SLOT_FLAGS);
  }
  return <i32>(at - out);
}

/** Sets SLOT_FLAG_RECORDED of the staged rows' slots; called once their series records are in the WAL. */
export function markRecorded(staging: usize, rows: u32): void {
  const end = staging + <usize>rows * <usize>STAGED_BYTES;
  for (let row = staging; row < end; row += <usize>STAGED_BYTES) {
    const index = load<u32>(row, STAGED_SLOT);
    if (!isStored(index)) continue;
    const slot = slotAddress(index);
    store<u32>(slot, load<u32>(slot, SLOT_FLAGS) | <u32>SLOT_FLAG_RECORDED, SLOT_FLAGS);
  }
}

/**
 * A samples record of the staged rows that are accepted (STATUS_OK or STATUS_OOO, a slot of this shard). Returns its length, 0 if there
 * is no such row, or −(bytes that are surely enough) if `capacity` is less.
 */
export function encodeSamplesRecord(staging: usize, rows: u32, out: usize, capacity: u32): i32 {
  const bound = <u64>SAMPLES_HEADER + <u64>rows * SAMPLE_BYTES_MAX;
  if (bound > <u64>capacity) return -(<i32>min<u64>(bound, <u64>i32.MAX_VALUE));
  const end = staging + <usize>rows * <usize>STAGED_BYTES;
  let at = out + <usize>SAMPLES_HEADER;
  let firstRef: i64 = 0;
  let firstTime: i64 = 0;
  let isFirst = true;
  for (let row = staging; row < end; row += <usize>STAGED_BYTES) {
    const index = load<u32>(row, STAGED_SLOT);
    if (!isStored(index)) continue;
    const status = load<u32>(row, STAGED_STATUS);
    if (status !== <u32>STATUS_OK && status !== <u32>STATUS_OOO) continue;
    const ref = load<i64>(slotAddress(index), SLOT_REF);
    const time = load<i64>(row, STAGED_TIME);
    if (isFirst) {
      isFirst = false;
      firstRef = ref;
      firstTime = time;
      store<u8>(out, <u8>RECORD_SAMPLES);
      store<u64>(out, bswap(<u64>ref), 1);
      store<u64>(out, bswap(<u64>time), 9);
    }
    at = putUvarint(at, zigzag(ref - firstRef));
    at = putUvarint(at, zigzag(time - firstTime));
    store<u64>(at, bswap(load<u64>(row, STAGED_VALUE)));
    at += 8;
  }
  return isFirst ? 0 : <i32>(at - out);
}

/**
 * Decodes LABEL BYTES (see the staging table in layout.ts) into the head's scratch region, checking every byte: they come
 * from other threads, from the WAL and from the network.
 *
 * Scratch: u32 cursor, padding to 16, then one record of SCRATCH_BYTES a label.
 */
import { MAX_LABELS, RESOLVE_MALFORMED, ROOT_SCRATCH } from "../layout";

const SCRATCH_BYTES = 32;
export const SCRATCH_NAME = 0; // u32 address of the name's bytes
export const SCRATCH_NAME_LENGTH = 4;
export const SCRATCH_VALUE = 8;
export const SCRATCH_VALUE_LENGTH = 12;
export const SCRATCH_NAME_ID = 16; // u32 symbol id, 0 = not interned yet
export const SCRATCH_VALUE_ID = 20;
export const SCRATCH_PAIR = 24; // u32 pair id, 0 = new
export const SCRATCH_REGION_BYTES = 131088; // 16 + MAX_LABELS × SCRATCH_BYTES

const CURSOR = 0;
const RECORDS = 16;

/** Scratch record of label `index`. */
export function scratchLabel(index: u32): usize {
  return <usize>load<u32>(ROOT_SCRATCH) + RECORDS + <usize>(index * SCRATCH_BYTES);
}

/** Decodes `length` bytes at `address`: the number of labels (at least 1), or RESOLVE_MALFORMED. */
export function decodeLabelBytes(address: usize, length: u32): i32 {
  const scratch = <usize>load<u32>(ROOT_SCRATCH);
  const end = address + <usize>length;
  store<u32>(scratch, <u32>address, CURSOR);
  const count = readLength(scratch, end);
  if (count < 1 || count > MAX_LABELS) return RESOLVE_MALFORMED;
  for (let i: i32 = 0; i < count; i++) {
    const label = scratchLabel(i);
    if (!readText(scratch, end, label + SCRATCH_NAME)) return RESOLVE_MALFORMED;
    if (!readText(scratch, end, label + SCRATCH_VALUE)) return RESOLVE_MALFORMED;
    if (i > 0 && !isBefore(label - SCRATCH_BYTES, label)) return RESOLVE_MALFORMED;
  }
  return <usize>load<u32>(scratch, CURSOR) === end ? count : RESOLVE_MALFORMED;
}

/** Uvarint at the cursor, which moves behind it; −1 if it is cut off or above 2^28. */
function readLength(scratch: usize, end: usize): i32 {
  let at = <usize>load<u32>(scratch, CURSOR);
  let value: u32 = 0;
  for (let shift: u32 = 0; shift < 28; shift += 7) {
    if (at >= end) return -1;
    const byte = <u32>load<u8>(at++);
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) {
      store<u32>(scratch, <u32>at, CURSOR);
      return <i32>value;
    }
  }
  return -1;
}

/** Stores address and length of the text at the cursor to `out`. False if it is empty or cut off. */
function readText(scratch: usize, end: usize, out: usize): bool {
  const length = readLength(scratch, end);
  if (length < 1) return false;
  const at = <usize>load<u32>(scratch, CURSOR);
  if (<usize>length > end - at) return false;
  store<u32>(out, <u32>at, 0);
  store<u32>(out, <u32>length, 4);
  store<u32>(scratch, <u32>at + <u32>length, CURSOR);
  return true;
}

/** Whether the name of `a` comes before the name of `b` in byte order; equal names do not. */
function isBefore(a: usize, b: usize): bool {
  const aLength = load<u32>(a, SCRATCH_NAME_LENGTH);
  const bLength = load<u32>(b, SCRATCH_NAME_LENGTH);
  const shared = aLength < bLength ? aLength : bLength;
  const order = memory.compare(<usize>load<u32>(a, SCRATCH_NAME), <usize>load<u32>(b, SCRATCH_NAME), <usize>shared);
  return order < 0 || (order === 0 && aLength < bLength);
}

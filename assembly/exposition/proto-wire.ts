/** Fields of protobuf's wire format, one at a time. The bytes are foreign: every length is checked. */
import {
  PROTO_BAD_LENGTH,
  PROTO_BAD_TAG,
  PROTO_EOF,
  PROTO_ERROR_FIELD,
  PROTO_ERROR_LENGTH,
  PROTO_ERROR_TEXT,
  PROTO_ERROR_WIRE,
  PROTO_GROUP_END,
  PROTO_OVERFLOW,
  PROTO_WRONG_WIRE,
} from "./layout";
import { FIELD_END, FIELD_NUMBER, FIELD_START, FIELD_VALUE, FIELD_WIRE } from "./proto-scratch";

export const WIRE_VARINT: u32 = 0;
export const WIRE_FIXED64: u32 = 1;
export const WIRE_BYTES: u32 = 2;
const WIRE_GROUP: u32 = 3;
const WIRE_GROUP_END: u32 = 4;
const WIRE_FIXED32: u32 = 5;
const GROUPS_MAX: u32 = 100;

/** Bytes of the varint at `at`, 0 if it does not end before `end` or in ten bytes. */
export function lengthOf(at: usize, end: usize): u32 {
  let length: u32 = 0;
  while (at < end && length < 10) {
    length++;
    if (<u32>load<u8>(at) < 0x80) return length;
    at++;
  }
  return 0;
}

export function varintAt(at: usize): u64 {
  let value: u64 = 0;
  let shift: u64 = 0;
  while (true) {
    const byte = <u64>load<u8>(at);
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) return value;
    shift += 7;
    at++;
  }
}

export function varintFailure(at: usize, end: usize): u32 {
  return end - at >= 10 ? PROTO_OVERFLOW : PROTO_EOF;
}

/** Reads the field at `at` into the scratch; returns the address behind it, or 0 with the failure in FIELD_NUMBER. */
export function nextField(scratch: usize, at: usize, end: usize): usize {
  let size = lengthOf(at, end);
  if (size === 0) return failField(scratch, varintFailure(at, end));
  const tag = varintAt(at);
  at += <usize>size;
  const wire = <u32>(tag & 7);
  const field = <i32>(tag >> 3);
  if (wire === WIRE_GROUP_END) return failField(scratch, PROTO_GROUP_END);
  if (field <= 0) return failField(scratch, PROTO_BAD_TAG);
  store<u32>(scratch, <u32>field, FIELD_NUMBER);
  store<u32>(scratch, wire, FIELD_WIRE);
  if (wire === WIRE_VARINT) {
    size = lengthOf(at, end);
    if (size === 0) return failField(scratch, varintFailure(at, end));
    store<u64>(scratch, varintAt(at), FIELD_VALUE);
    return at + <usize>size;
  }
  if (wire === WIRE_FIXED64) {
    if (end - at < 8) return failField(scratch, PROTO_EOF);
    store<u64>(scratch, load<u64>(at), FIELD_VALUE);
    return at + 8;
  }
  if (wire === WIRE_BYTES) {
    size = lengthOf(at, end);
    if (size === 0) return failField(scratch, varintFailure(at, end));
    const bytes = varintAt(at);
    at += <usize>size;
    if (<i64>bytes < 0) return failField(scratch, PROTO_BAD_LENGTH);
    if (bytes > <u64>(end - at)) return failField(scratch, PROTO_EOF);
    store<u32>(scratch, <u32>at, FIELD_START);
    store<u32>(scratch, <u32>(at + <usize>bytes), FIELD_END);
    return at + <usize>bytes;
  }
  if (wire === WIRE_FIXED32) return end - at < 4 ? failField(scratch, PROTO_EOF) : at + 4;
  if (wire === WIRE_GROUP) return skipGroup(scratch, at, end);
  return failField(scratch, PROTO_BAD_TAG);
}

function failField(scratch: usize, failure: u32): usize {
  store<u32>(scratch, failure, FIELD_NUMBER);
  return 0;
}

/** Behind a group, which no message here has: its fields are passed over, groups within it too. */
function skipGroup(scratch: usize, at: usize, end: usize): usize {
  let depth: u32 = 1;
  while (depth > 0) {
    let size = lengthOf(at, end);
    if (size === 0) return failField(scratch, varintFailure(at, end));
    const wire = <u32>(varintAt(at) & 7);
    at += <usize>size;
    if (wire === WIRE_GROUP) {
      if (++depth > GROUPS_MAX) return failField(scratch, PROTO_BAD_TAG);
    } else if (wire === WIRE_GROUP_END) depth--;
    else if (wire === WIRE_FIXED64) at += 8;
    else if (wire === WIRE_FIXED32) at += 4;
    else if (wire === WIRE_VARINT || wire === WIRE_BYTES) {
      size = lengthOf(at, end);
      if (size === 0) return failField(scratch, varintFailure(at, end));
      const value = varintAt(at);
      at += <usize>size;
      if (wire === WIRE_BYTES) {
        if (value > <u64>(end - at)) return failField(scratch, PROTO_EOF);
        at += <usize>value;
      }
    } else return failField(scratch, PROTO_BAD_TAG);
    if (at > end) return failField(scratch, PROTO_EOF);
  }
  store<u32>(scratch, 0, FIELD_NUMBER);
  return at;
}

/** 0 if the field under way has the wire type. */
export function expectWire(proto: usize, scratch: usize, wire: u32): u32 {
  const found = load<u32>(scratch, FIELD_WIRE);
  if (found === wire) return 0;
  store<u32>(proto, load<u32>(scratch, FIELD_NUMBER), PROTO_ERROR_FIELD);
  store<u32>(proto, found, PROTO_ERROR_WIRE);
  return PROTO_WRONG_WIRE;
}

export function quote(proto: usize, at: usize, length: u32, failure: u32): u32 {
  store<u32>(proto, <u32>at, PROTO_ERROR_TEXT);
  store<u32>(proto, length, PROTO_ERROR_LENGTH);
  return failure;
}

/** Keeps address and length of the field under way at `to`. */
export function keepBytes(scratch: usize, to: usize): void {
  const start = load<u32>(scratch, FIELD_START);
  store<u32>(scratch + to, start);
  store<u32>(scratch + to, load<u32>(scratch, FIELD_END) - start, 4);
}

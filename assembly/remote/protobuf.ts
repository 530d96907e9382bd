/**
 * Checks a whole remote-write request as Prometheus' generated decoder (gogo/protobuf) would read it, and counts its
 * messages, before anything of it is stored. Unknown fields are passed over, groups included. What passes here is read again
 * by write.ts without a check of bounds.
 *
 * Depth is bounded by the messages' own: a request, a series, a histogram, a span.
 */
import {
  MESSAGE_REQUEST_V2,
  PROTO_END_GROUP,
  PROTO_EOF,
  PROTO_ILLEGAL_TAG,
  PROTO_ILLEGAL_WIRE_TYPE,
  PROTO_INVALID_LENGTH,
  PROTO_OK,
  PROTO_OVERFLOW,
  PROTO_UNEXPECTED_END_GROUP,
  PROTO_WRONG_WIRE_TYPE,
  WRITE_BODY,
  WRITE_BODY_LENGTH,
  WRITE_COUNTS,
  WRITE_ERROR_FIELD,
  WRITE_ERROR_MESSAGE,
  WRITE_ERROR_TAG,
  WRITE_ERROR_WIRE,
  WRITE_SYMBOLS_SEEN,
} from "./layout";

const WIRE_VARINT: u32 = 0;
const WIRE_FIXED64: u32 = 1;
const WIRE_BYTES: u32 = 2;
const WIRE_GROUP: u32 = 3;
const WIRE_END_GROUP: u32 = 4;
const WIRE_FIXED32: u32 = 5;

// Kinds of fields. From MESSAGES on: a message, as MESSAGES + MESSAGE_*.
const UNKNOWN: u32 = 0;
const VARINT: u32 = 1;
const FIXED64: u32 = 2;
// 3: bytes or text
const VARINTS: u32 = 4; // repeated: single or packed
const FIXED64S: u32 = 5;
const MESSAGES: u32 = 16;

const FIELDS: u32 = 17;

/** Kind of field 0 … 16 of each message, in the order of MESSAGE_*. */
const KINDS: usize = memory.data<u8>([
  // WriteRequest: timeseries = 1, metadata = 3
  0, 17, 0, 23, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  // TimeSeries: labels = 1, samples = 2, exemplars = 3, histograms = 4
  0, 18, 19, 20, 21, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  // Label: name = 1, value = 2
  0, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  // Sample: value = 1, timestamp = 2
  0, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  // Exemplar: labels = 1, value = 2, timestamp = 3
  0, 18, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  // Histogram: counts, sum, schema, zero bucket, negative and positive buckets, reset hint, timestamp, custom values
  0, 1, 2, 2, 1, 2, 1, 2, 22, 4, 5, 22, 4, 5, 1, 1, 5,
  // BucketSpan: offset = 1, length = 2
  0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  // MetricMetadata: type = 1, metric_family_name = 2, help = 4, unit = 5
  0, 1, 3, 0, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  // v2 Request: symbols = 4, timeseries = 5
  0, 0, 0, 0, 3, 25, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  // v2 TimeSeries: labels_refs = 1, samples = 2, histograms = 3, exemplars = 4, metadata = 5, created_timestamp = 6
  0, 4, 19, 21, 26, 27, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  // v2 Exemplar: labels_refs = 1, value = 2, timestamp = 3
  0, 4, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  // v2 Metadata: type = 1, help_ref = 3, unit_ref = 4
  0, 1, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
]);

function kindOf(message: u32, field: u32): u32 {
  return field >= FIELDS ? UNKNOWN : <u32>load<u8>(KINDS + <usize>(message * FIELDS + field));
}

function wireOf(kind: u32): u32 {
  if (kind === VARINT || kind === VARINTS) return WIRE_VARINT;
  if (kind === FIXED64 || kind === FIXED64S) return WIRE_FIXED64;
  return WIRE_BYTES;
}

/**
 * Checks the request whose body `state` names, as a message of kind `message` (MESSAGE_REQUEST_V1 or _V2), and fills
 * WRITE_COUNTS. Returns PROTO_OK, or what is wrong, with WRITE_ERROR_*.
 */
export function checkWrite(state: usize, message: u32): i32 {
  memory.fill(state + <usize>WRITE_COUNTS, 0, 56);
  const body = <usize>load<u32>(state, WRITE_BODY);
  return checkMessage(state, message, body, body + <usize>load<u32>(state, WRITE_BODY_LENGTH));
}

function checkMessage(state: usize, message: u32, start: usize, end: usize): i32 {
  const count = state + <usize>(<u32>WRITE_COUNTS + (message << 2));
  store<u32>(count, load<u32>(count) + 1);
  let at = start;
  while (at < end) {
    const tagBytes = varintBytes(at, end);
    if (tagBytes < 0) return tagBytes;
    const tag = varintAt(at, <u32>tagBytes);
    at += <usize>tagBytes;
    const wire = <u32>tag & 7;
    const field = <i32>(tag >> 3);
    if (wire === WIRE_END_GROUP) return failed(state, PROTO_END_GROUP, message, <u32>field, wire);
    if (field <= 0) {
      store<u64>(state, tag, WRITE_ERROR_TAG);
      return failed(state, PROTO_ILLEGAL_TAG, message, <u32>field, wire);
    }
    const kind = kindOf(message, <u32>field);
    if (kind === UNKNOWN) {
      const skipped = skipField(state, at, end, wire);
      if (skipped < 0) return skipped;
      at += <usize>skipped;
      continue;
    }
    const isPacked = wire === WIRE_BYTES && (kind === VARINTS || kind === FIXED64S);
    if (!isPacked && wire !== wireOf(kind)) return failed(state, PROTO_WRONG_WIRE_TYPE, message, <u32>field, wire);
    if (wire === WIRE_VARINT) {
      const bytes = varintBytes(at, end);
      if (bytes < 0) return bytes;
      at += <usize>bytes;
      continue;
    }
    if (wire === WIRE_FIXED64) {
      if (end - at < 8) return PROTO_EOF;
      at += 8;
      continue;
    }
    const lengthBytes = varintBytes(at, end);
    if (lengthBytes < 0) return lengthBytes;
    const length = varintAt(at, <u32>lengthBytes);
    at += <usize>lengthBytes;
    if (<i64>length < 0) return PROTO_INVALID_LENGTH;
    if (length > <u64>(end - at)) return PROTO_EOF;
    const last = at + <usize>length;
    if (kind >= MESSAGES) {
      const status = checkMessage(state, kind - MESSAGES, at, last);
      if (status < 0) return status;
    } else if (kind === VARINTS) {
      while (at < last) {
        // As there: a packed number must end inside of the message, and may end behind its field.
        const bytes = varintBytes(at, end);
        if (bytes < 0) return bytes;
        at += <usize>bytes;
      }
      continue;
    } else if (kind === FIXED64S) {
      while (at < last) {
        if (end - at < 8) return PROTO_EOF;
        at += 8;
      }
      continue;
    } else if (message === <u32>MESSAGE_REQUEST_V2) {
      store<u32>(state, load<u32>(state, WRITE_SYMBOLS_SEEN) + 1, WRITE_SYMBOLS_SEEN);
    }
    at = last;
  }
  return PROTO_OK;
}

function failed(state: usize, status: i32, message: u32, field: u32, wire: u32): i32 {
  store<u32>(state, message, WRITE_ERROR_MESSAGE);
  store<u32>(state, field, WRITE_ERROR_FIELD);
  store<u32>(state, wire, WRITE_ERROR_WIRE);
  return status;
}

/** Bytes of the value of an unknown field whose tag was read, or PROTO_*. */
function skipField(state: usize, start: usize, end: usize, firstWire: u32): i32 {
  let at = start;
  let depth: u32 = 0;
  let wire = firstWire;
  while (true) {
    if (wire === WIRE_VARINT) {
      const bytes = varintBytes(at, end);
      if (bytes < 0) return bytes;
      at += <usize>bytes;
    } else if (wire === WIRE_FIXED64) {
      at += 8;
    } else if (wire === WIRE_FIXED32) {
      at += 4;
    } else if (wire === WIRE_BYTES) {
      const bytes = varintBytes(at, end);
      if (bytes < 0) return bytes;
      const length = varintAt(at, <u32>bytes);
      at += <usize>bytes;
      if (<i64>length < 0) return PROTO_INVALID_LENGTH;
      if (length > <u64>(end - at)) return PROTO_EOF;
      at += <usize>length;
    } else if (wire === WIRE_GROUP) {
      depth++;
    } else if (wire === WIRE_END_GROUP) {
      if (depth === 0) return PROTO_UNEXPECTED_END_GROUP;
      depth--;
    } else return failed(state, PROTO_ILLEGAL_WIRE_TYPE, 0, 0, wire);
    if (at > end) return PROTO_EOF;
    if (depth === 0) return <i32>(at - start);
    if (at >= end) return PROTO_EOF;
    const tagBytes = varintBytes(at, end);
    if (tagBytes < 0) return tagBytes;
    wire = <u32>varintAt(at, <u32>tagBytes) & 7;
    at += <usize>tagBytes;
  }
}

/** Length of the varint at `at`, PROTO_EOF or PROTO_OVERFLOW. As Go's decoder: up to 10 bytes, what is above 64 bits is lost. */
export function varintBytes(at: usize, end: usize): i32 {
  for (let i: i32 = 0; i < 10; i++) {
    if (at + <usize>i >= end) return PROTO_EOF;
    if (load<u8>(at + <usize>i) < 0x80) return i + 1;
  }
  return PROTO_OVERFLOW;
}

export function varintAt(at: usize, bytes: u32): u64 {
  let value: u64 = 0;
  for (let i: u64 = 0; i < <u64>bytes; i++) value |= (<u64>load<u8>(at + <usize>i) & 0x7f) << (7 * i);
  return value;
}

/**
 * Bodies of delimited `io.prometheus.client.MetricFamily` messages to lines as of the text format, without values, and the
 * values beside them (PROTO in layout.ts): from there on the parser treats them as any other body. Which series a message has,
 * in which order and under which names, is as Prometheus' parser decides (model/textparse/protobufparse.go).
 *
 *   MetricFamily  name 1, help 2, type 3, metric 4, unit 5
 *   Metric        label 1, gauge 2, counter 3, summary 4, untyped 5, timestamp_ms 6, histogram 7
 *   LabelPair     name 1, value 2
 *   Gauge, Untyped  value 1          Counter  value 1, exemplar 2, created_timestamp 3
 *   Summary       sample_count 1, sample_sum 2, quantile 3 {quantile 1, value 2}, created_timestamp 4
 *   Histogram     sample_count 1, sample_sum 2, bucket 3 {cumulative_count 1, upper_bound 2, exemplar 3, …_float 4},
 *                 sample_count_float 4, schema 5, zero_threshold 6, zero_count 7, zero_count_float 8, negative span 9 {offset
 *                 1, length 2}, delta 10, count 11, positive span 12, delta 13, count 14, created_timestamp 15, exemplars 16
 *   Exemplar      label 1, value 2, timestamp 3
 *   Timestamp     seconds 1, nanos 2
 *
 * The bytes are foreign: every length is checked. Messages nest three deep, each by a function of its own.
 */
import { putUvarint, uvarintBytes, zigzag } from "../bytes/varint";
import { isUtf8 } from "./bytes";
import {
  FLOAT_BITS,
  FLOAT_BYTES,
  FLOAT_LENGTH,
  FLOAT_TEXT,
  NEW_NO_ROW,
  PROTO_BAD_HELP,
  PROTO_BAD_LABEL_NAME,
  PROTO_BAD_LABEL_VALUE,
  PROTO_BAD_LENGTH,
  PROTO_BAD_NAME,
  PROTO_BAD_TAG,
  PROTO_BAD_TYPE,
  PROTO_BAD_UNIT,
  PROTO_BAD_VARINT,
  PROTO_CLASSIC_TOO,
  PROTO_DATA,
  PROTO_DATA_CAPACITY,
  PROTO_DATA_LENGTH,
  PROTO_EOF,
  PROTO_ERROR_AT,
  PROTO_ERROR_FIELD,
  PROTO_ERROR_LENGTH,
  PROTO_ERROR_NEEDED,
  PROTO_ERROR_TEXT,
  PROTO_ERROR_WIRE,
  PROTO_EXEMPLARS,
  PROTO_EXEMPLARS_CAPACITY,
  PROTO_EXEMPLARS_COUNT,
  PROTO_FLOATS,
  PROTO_FLOATS_MASK,
  PROTO_GROUP_END,
  PROTO_MISSED,
  PROTO_MISSED_CAPACITY,
  PROTO_MISSED_COUNT,
  PROTO_OVERFLOW,
  PROTO_READ,
  PROTO_SAMPLES,
  PROTO_SAMPLES_CAPACITY,
  PROTO_SAMPLES_COUNT,
  PROTO_SHORT,
  PROTO_TEXT,
  PROTO_TEXT_CAPACITY,
  PROTO_TEXT_LENGTH,
  PROTO_TOO_SMALL,
  PROTO_WRONG_WIRE,
  SAMPLE_BYTES,
  SAMPLE_CREATED,
  SAMPLE_DATA,
  SAMPLE_DATA_LENGTH,
  SAMPLE_EXEMPLARS,
  SAMPLE_EXEMPLARS_COUNT,
  SAMPLE_FLAGS,
  SAMPLE_HAS_TIME,
  SAMPLE_IS_FLOAT_HISTOGRAM,
  SAMPLE_IS_HISTOGRAM,
  SAMPLE_ROW,
  SAMPLE_TIME,
  SAMPLE_VALUE,
} from "./layout";

const WIRE_VARINT: u32 = 0;
const WIRE_FIXED64: u32 = 1;
const WIRE_BYTES: u32 = 2;
const WIRE_GROUP: u32 = 3;
const WIRE_GROUP_END: u32 = 4;
const WIRE_FIXED32: u32 = 5;
const GROUPS_MAX: u32 = 100;

const COUNTER: u32 = 0;
const GAUGE: u32 = 1;
const SUMMARY: u32 = 2;
const UNTYPED: u32 = 3;
const HISTOGRAM: u32 = 4;
const GAUGE_HISTOGRAM: u32 = 5;

const NO_SUFFIX: u32 = 0;
const SUFFIX_COUNT: u32 = 1;
const SUFFIX_SUM: u32 = 2;
const SUFFIX_BUCKET: u32 = 3;

const NO_LABEL: u32 = 0;
const LABEL_LE: u32 = 1;
const LABEL_QUANTILE: u32 = 2;

/** `# HELP `, `# TYPE `, `# UNIT `, 7 bytes each. */
const COMMENTS: usize = memory.data<u8>([
  35, 32, 72, 69, 76, 80, 32, 35, 32, 84, 89, 80, 69, 32, 35, 32, 85, 78, 73, 84, 32,
]);
/** Length and name of each type, 16 bytes each: counter, gauge, summary, unknown, histogram, gaugehistogram. */
const TYPES: usize = memory.data<u8>([
  7, 99, 111, 117, 110, 116, 101, 114, 0, 0, 0, 0, 0, 0, 0, 0, 5, 103, 97, 117, 103, 101, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  7, 115, 117, 109, 109, 97, 114, 121, 0, 0, 0, 0, 0, 0, 0, 0, 7, 117, 110, 107, 110, 111, 119, 110, 0, 0, 0, 0, 0, 0,
  0, 0, 9, 104, 105, 115, 116, 111, 103, 114, 97, 109, 0, 0, 0, 0, 0, 0, 14, 103, 97, 117, 103, 101, 104, 105, 115, 116,
  111, 103, 114, 97, 109, 0,
]);
/** Length and text of each suffix, 8 bytes each. */
const SUFFIXES: usize = memory.data<u8>([
  0, 0, 0, 0, 0, 0, 0, 0, 6, 95, 99, 111, 117, 110, 116, 0, 4, 95, 115, 117, 109, 0, 0, 0, 7, 95, 98, 117, 99, 107, 101,
  116,
]);
/** `le="` and `quantile="`, with their lengths, 12 bytes each. */
const MAGIC_LABELS: usize = memory.data<u8>([
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 108, 101, 61, 34, 0, 0, 0, 0, 0, 0, 0, 10, 113, 117, 97, 110, 116, 105, 108,
  101, 61, 34, 0,
]);

const QUOTE: u32 = 34;
const NEWLINE: u32 = 10;
const BACKSLASH: u32 = 92;

/** FAMILY and METRIC: what was found of the message under way, each field an address and a length. In PROTO's scratch. */
const SCRATCH_BYTES: u32 = 256;
const FAMILY_NAME: usize = 0;
const FAMILY_HELP: usize = 8;
const FAMILY_UNIT: usize = 16;
const FAMILY_TYPE: usize = 24;
const METRIC_START: usize = 32;
const METRIC_END: usize = 36;
const METRIC_VALUE: usize = 40; // the message of the family's type: address, 0 = none; then its end
const METRIC_TIME: usize = 48;
const FIELD_NUMBER: usize = 56;
const FIELD_WIRE: usize = 60;
const FIELD_START: usize = 64; // of its payload
const FIELD_END: usize = 68;
const FIELD_VALUE: usize = 72; // u64: a varint's value, or the 8 bytes of a fixed one
const POINT_COUNT: usize = 80; // f64
const POINT_SUM: usize = 88; // f64
const POINT_CREATED: usize = 96; // i64 ms
const POINT_EXEMPLAR: usize = 104; // address and length
const POINT_COUNT_WHOLE: usize = 112; // u64
const POINT_COUNT_FLOAT: usize = 120; // f64
const POINT_SCHEMA: usize = 128; // i64
const POINT_ZERO_THRESHOLD: usize = 136; // f64
const POINT_ZERO_COUNT: usize = 144; // u64
const POINT_ZERO_FLOAT: usize = 152; // f64
const POINT_POSITIVE_SPANS: usize = 160; // u32 counts
const POINT_NEGATIVE_SPANS: usize = 164;
const POINT_BUCKETS: usize = 168;
const POINT_FLOAT: usize = 184; // f64
const POINT_FIRST: usize = 192; // f64

/** Bytes that a PROTO state must have behind PROTO_BYTES. */
export function protoScratchBytes(): u32 {
  return SCRATCH_BYTES;
}

/**
 * Reads `length` bytes at `body`. `scratch` lies behind the PROTO state.
 *
 * @param flags  PROTO_CLASSIC_TOO
 * @returns PROTO_READ, PROTO_TOO_SMALL, or an error from PROTO_FAILED on.
 */
export function readProtobuf(proto: usize, scratch: usize, body: usize, length: u32, flags: u32): u32 {
  store<u32>(proto, 0, PROTO_TEXT_LENGTH);
  store<u32>(proto, 0, PROTO_SAMPLES_COUNT);
  store<u32>(proto, 0, PROTO_DATA_LENGTH);
  store<u32>(proto, 0, PROTO_EXEMPLARS_COUNT);
  store<u32>(proto, 0, PROTO_MISSED_COUNT);
  const end = body + <usize>length;
  let at = body;
  let failure: u32 = 0;
  while (at < end && failure === 0) {
    store<u32>(proto, <u32>at, PROTO_ERROR_AT);
    const size = lengthOf(at, end);
    if (size === 0 || size > 5) return PROTO_BAD_VARINT;
    const bytes = varintAt(at);
    if (bytes > <u64>(end - at) - <u64>size) {
      store<u32>(proto, <u32>min<u64>(bytes + <u64>size, u32.MAX_VALUE), PROTO_ERROR_NEEDED);
      store<u32>(proto, <u32>(end - at), PROTO_ERROR_LENGTH);
      return PROTO_SHORT;
    }
    at += <usize>size;
    failure = readFamily(proto, scratch, at, at + <usize>bytes, flags);
    at += <usize>bytes;
  }
  if (failure !== 0) return failure;
  return isEnough(proto) ? PROTO_READ : PROTO_TOO_SMALL;
}

function isEnough(proto: usize): bool {
  return (
    load<u32>(proto, PROTO_TEXT_LENGTH) <= load<u32>(proto, PROTO_TEXT_CAPACITY) &&
    load<u32>(proto, PROTO_SAMPLES_COUNT) <= load<u32>(proto, PROTO_SAMPLES_CAPACITY) &&
    load<u32>(proto, PROTO_DATA_LENGTH) <= load<u32>(proto, PROTO_DATA_CAPACITY) &&
    load<u32>(proto, PROTO_EXEMPLARS_COUNT) <= load<u32>(proto, PROTO_EXEMPLARS_CAPACITY) &&
    load<u32>(proto, PROTO_MISSED_COUNT) === 0
  );
}

// ── wire format ──────────────────────────────────────────────────────────────────────────────────────────────────

/** Bytes of the varint at `at`, 0 if it does not end before `end` or in ten bytes. */
function lengthOf(at: usize, end: usize): u32 {
  let length: u32 = 0;
  while (at < end && length < 10) {
    length++;
    if (<u32>load<u8>(at) < 0x80) return length;
    at++;
  }
  return 0;
}

function varintAt(at: usize): u64 {
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

function varintFailure(at: usize, end: usize): u32 {
  return end - at >= 10 ? PROTO_OVERFLOW : PROTO_EOF;
}

/** Reads the field at `at` into the scratch; returns the address behind it, or 0 with the failure in FIELD_NUMBER. */
function nextField(scratch: usize, at: usize, end: usize): usize {
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
function expectWire(proto: usize, scratch: usize, wire: u32): u32 {
  const found = load<u32>(scratch, FIELD_WIRE);
  if (found === wire) return 0;
  store<u32>(proto, load<u32>(scratch, FIELD_NUMBER), PROTO_ERROR_FIELD);
  store<u32>(proto, found, PROTO_ERROR_WIRE);
  return PROTO_WRONG_WIRE;
}

function quote(proto: usize, at: usize, length: u32, failure: u32): u32 {
  store<u32>(proto, <u32>at, PROTO_ERROR_TEXT);
  store<u32>(proto, length, PROTO_ERROR_LENGTH);
  return failure;
}

/** Keeps address and length of the field under way at `to`. */
function keepBytes(scratch: usize, to: usize): void {
  const start = load<u32>(scratch, FIELD_START);
  store<u32>(scratch + to, start);
  store<u32>(scratch + to, load<u32>(scratch, FIELD_END) - start, 4);
}

// ── families ─────────────────────────────────────────────────────────────────────────────────────────────────────

function readFamily(proto: usize, scratch: usize, start: usize, end: usize, flags: u32): u32 {
  memory.fill(scratch, 0, SCRATCH_BYTES);
  let metrics: u32 = 0;
  let at = start;
  while (at < end) {
    at = nextField(scratch, at, end);
    if (at === 0) return load<u32>(scratch, FIELD_NUMBER);
    const field = load<u32>(scratch, FIELD_NUMBER);
    let failure: u32 = 0;
    if (field === 1 || field === 2 || field === 4 || field === 5) {
      failure = expectWire(proto, scratch, WIRE_BYTES);
      if (field === 1) keepBytes(scratch, FAMILY_NAME);
      else if (field === 2) keepBytes(scratch, FAMILY_HELP);
      else if (field === 5) keepBytes(scratch, FAMILY_UNIT);
      else metrics++;
    } else if (field === 3) {
      failure = expectWire(proto, scratch, WIRE_VARINT);
      store<u32>(scratch, <u32>load<u64>(scratch, FIELD_VALUE), FAMILY_TYPE);
    }
    if (failure !== 0) return failure;
  }
  if (metrics === 0) return 0; // passed over, whatever else it says
  // The first metric is read before anything is said of its family.
  let isFirst = true;
  at = start;
  while (at < end) {
    at = nextField(scratch, at, end);
    if (load<u32>(scratch, FIELD_NUMBER) !== 4 || load<u32>(scratch, FIELD_WIRE) !== WIRE_BYTES) continue;
    let failure = readMetric(proto, scratch);
    if (failure !== 0) return failure;
    if (isFirst) {
      isFirst = false;
      failure = writeFamily(proto, scratch);
      if (failure !== 0) return failure;
    }
    failure = writeMetric(proto, scratch, flags);
    if (failure !== 0) return failure;
  }
  return 0;
}

/** HELP, UNIT and TYPE lines, or what is wrong with the family. */
function writeFamily(proto: usize, scratch: usize): u32 {
  const name = <usize>load<u32>(scratch, FAMILY_NAME);
  const nameLength = load<u32>(scratch, FAMILY_NAME + 4);
  const help = <usize>load<u32>(scratch, FAMILY_HELP);
  const helpLength = load<u32>(scratch, FAMILY_HELP + 4);
  const type = load<u32>(scratch, FAMILY_TYPE);
  if (nameLength === 0 || !isUtf8(name, name + <usize>nameLength))
    return quote(proto, name, nameLength, PROTO_BAD_NAME);
  if (!isUtf8(help, help + <usize>helpLength)) return quote(proto, help, helpLength, PROTO_BAD_HELP);
  if (type > GAUGE_HISTOGRAM) {
    store<u32>(proto, type, PROTO_ERROR_NEEDED);
    return quote(proto, name, nameLength, PROTO_BAD_TYPE);
  }
  const unit = <usize>load<u32>(scratch, FAMILY_UNIT);
  const unitLength = load<u32>(scratch, FAMILY_UNIT + 4);
  if (unitLength !== 0 && !endsWithUnit(name, nameLength, unit, unitLength, type === COUNTER)) {
    return quote(proto, name, nameLength, PROTO_BAD_UNIT);
  }
  if (helpLength !== 0) {
    writeCommentName(proto, scratch, 0);
    putEscaped(proto, help, helpLength, false);
    putByte(proto, NEWLINE);
  }
  if (unitLength !== 0) {
    writeCommentName(proto, scratch, 2);
    putEscaped(proto, unit, unitLength, false);
    putByte(proto, NEWLINE);
  }
  writeCommentName(proto, scratch, 1);
  const word = TYPES + <usize>(type << 4);
  putBytes(proto, word + 1, <u32>load<u8>(word));
  putByte(proto, NEWLINE);
  return 0;
}

function writeCommentName(proto: usize, scratch: usize, comment: u32): void {
  putBytes(proto, COMMENTS + <usize>(comment * 7), 7);
  const name = <usize>load<u32>(scratch, FAMILY_NAME);
  const length = load<u32>(scratch, FAMILY_NAME + 4);
  if (isLegacyName(name, length, true)) putBytes(proto, name, length);
  else {
    putByte(proto, QUOTE);
    putEscaped(proto, name, length, true);
    putByte(proto, QUOTE);
  }
  putByte(proto, 32);
}

function endsWithUnit(name: usize, length: u32, unit: usize, unitLength: u32, isCounter: bool): bool {
  // `_total` behind the unit of a counter
  if (
    isCounter &&
    length > 6 &&
    load<u32>(name + <usize>length - 6) === 0x746f745f &&
    load<u16>(name + <usize>length - 2) === 0x6c61
  ) {
    length -= 6;
  }
  if (length < unitLength + 1 || load<u8>(name + <usize>(length - unitLength - 1)) !== 95) return false;
  return memory.compare(name + <usize>(length - unitLength), unit, <usize>unitLength) === 0;
}

// ── metrics ──────────────────────────────────────────────────────────────────────────────────────────────────────

/** Checks the metric of the field under way and finds what the family's type needs of it. */
function readMetric(proto: usize, scratch: usize): u32 {
  const start = <usize>load<u32>(scratch, FIELD_START);
  const end = <usize>load<u32>(scratch, FIELD_END);
  store<u32>(scratch, <u32>start, METRIC_START);
  store<u32>(scratch, <u32>end, METRIC_END);
  store<u64>(scratch, 0, METRIC_VALUE);
  store<i64>(scratch, 0, METRIC_TIME);
  const type = load<u32>(scratch, FAMILY_TYPE);
  const wanted = valueField(type);
  let at = start;
  while (at < end) {
    at = nextField(scratch, at, end);
    if (at === 0) return load<u32>(scratch, FIELD_NUMBER);
    const field = load<u32>(scratch, FIELD_NUMBER);
    if (field === 0 || field > 7) continue;
    const failure = expectWire(proto, scratch, field === 6 ? WIRE_VARINT : WIRE_BYTES);
    if (failure !== 0) return failure;
    if (field === 6) store<i64>(scratch, <i64>load<u64>(scratch, FIELD_VALUE), METRIC_TIME);
    else if (field === wanted) {
      store<u32>(scratch, load<u32>(scratch, FIELD_START), METRIC_VALUE);
      store<u32>(scratch, load<u32>(scratch, FIELD_END), METRIC_VALUE + 4);
    }
  }
  return 0;
}

function valueField(type: u32): u32 {
  if (type === COUNTER) return 3;
  if (type === GAUGE) return 2;
  if (type === SUMMARY) return 4;
  return type === UNTYPED ? 5 : 7;
}

function writeMetric(proto: usize, scratch: usize, flags: u32): u32 {
  const type = load<u32>(scratch, FAMILY_TYPE);
  const failure = readPoint(proto, scratch, type);
  if (failure !== 0) return failure;
  if (type === SUMMARY) return writeSummary(proto, scratch);
  if (type !== HISTOGRAM && type !== GAUGE_HISTOGRAM) {
    const problem = writeLine(proto, scratch, NO_SUFFIX, NO_LABEL, 0);
    if (problem !== 0) return problem;
    const sample = newSample(proto, scratch, load<f64>(scratch, POINT_SUM));
    keepExemplar(proto, sample, <usize>load<u32>(scratch, POINT_EXEMPLAR), load<u32>(scratch, POINT_EXEMPLAR + 4));
    return 0;
  }
  const isNative =
    load<u32>(scratch, POINT_POSITIVE_SPANS) > 0 ||
    load<u32>(scratch, POINT_NEGATIVE_SPANS) > 0 ||
    load<f64>(scratch, POINT_ZERO_THRESHOLD) > 0 ||
    load<u64>(scratch, POINT_ZERO_COUNT) > 0;
  if (!isNative) return writeClassic(proto, scratch);
  const problem = writeNative(proto, scratch, type === GAUGE_HISTOGRAM);
  if (problem !== 0 || (flags & PROTO_CLASSIC_TOO) === 0 || load<u32>(scratch, POINT_BUCKETS) === 0) return problem;
  return writeClassic(proto, scratch);
}

/** Reads the metric's value message, as far as all its lines share it. */
function readPoint(proto: usize, scratch: usize, type: u32): u32 {
  memory.fill(scratch + POINT_COUNT, 0, <usize>SCRATCH_BYTES - POINT_COUNT);
  const end = <usize>load<u32>(scratch, METRIC_VALUE + 4);
  let at = <usize>load<u32>(scratch, METRIC_VALUE);
  while (at < end) {
    at = nextField(scratch, at, end);
    if (at === 0) return load<u32>(scratch, FIELD_NUMBER);
    let failure: u32 = 0;
    if (type === SUMMARY) failure = takeSummaryField(proto, scratch);
    else if (type === HISTOGRAM || type === GAUGE_HISTOGRAM) failure = takeHistogramField(proto, scratch);
    else failure = takeValueField(proto, scratch, type);
    if (failure !== 0) return failure;
  }
  return 0;
}

function takeValueField(proto: usize, scratch: usize, type: u32): u32 {
  const field = load<u32>(scratch, FIELD_NUMBER);
  if (field === 1) {
    store<u64>(scratch, load<u64>(scratch, FIELD_VALUE), POINT_SUM);
    return expectWire(proto, scratch, WIRE_FIXED64);
  }
  if (type !== COUNTER || (field !== 2 && field !== 3)) return 0;
  const failure = expectWire(proto, scratch, WIRE_BYTES);
  if (failure !== 0) return failure;
  if (field === 3) return takeCreated(proto, scratch);
  keepBytes(scratch, POINT_EXEMPLAR);
  return 0;
}

function takeSummaryField(proto: usize, scratch: usize): u32 {
  const field = load<u32>(scratch, FIELD_NUMBER);
  if (field === 1) {
    store<f64>(scratch, <f64>load<u64>(scratch, FIELD_VALUE), POINT_COUNT);
    return expectWire(proto, scratch, WIRE_VARINT);
  }
  if (field === 2) {
    store<u64>(scratch, load<u64>(scratch, FIELD_VALUE), POINT_SUM);
    return expectWire(proto, scratch, WIRE_FIXED64);
  }
  if (field !== 3 && field !== 4) return 0;
  const failure = expectWire(proto, scratch, WIRE_BYTES);
  if (failure !== 0) return failure;
  if (field === 4) return takeCreated(proto, scratch);
  store<u32>(scratch, load<u32>(scratch, POINT_BUCKETS) + 1, POINT_BUCKETS);
  return 0;
}

function takeHistogramField(proto: usize, scratch: usize): u32 {
  const field = load<u32>(scratch, FIELD_NUMBER);
  const value = load<u64>(scratch, FIELD_VALUE);
  switch (field) {
    case 1:
      store<u64>(scratch, value, POINT_COUNT_WHOLE);
      return expectWire(proto, scratch, WIRE_VARINT);
    case 2:
      store<u64>(scratch, value, POINT_SUM);
      return expectWire(proto, scratch, WIRE_FIXED64);
    case 4:
      store<u64>(scratch, value, POINT_COUNT_FLOAT);
      return expectWire(proto, scratch, WIRE_FIXED64);
    case 5:
      store<i64>(scratch, <i64>(<i32>(<u32>value >> 1) ^ -(<i32>(<u32>value & 1))), POINT_SCHEMA);
      return expectWire(proto, scratch, WIRE_VARINT);
    case 6:
      store<u64>(scratch, value, POINT_ZERO_THRESHOLD);
      return expectWire(proto, scratch, WIRE_FIXED64);
    case 7:
      store<u64>(scratch, value, POINT_ZERO_COUNT);
      return expectWire(proto, scratch, WIRE_VARINT);
    case 8:
      store<u64>(scratch, value, POINT_ZERO_FLOAT);
      return expectWire(proto, scratch, WIRE_FIXED64);
    case 3:
      return countMessage(proto, scratch, POINT_BUCKETS);
    case 9:
      return countMessage(proto, scratch, POINT_NEGATIVE_SPANS);
    case 12:
      return countMessage(proto, scratch, POINT_POSITIVE_SPANS);
    case 10:
    case 13:
      return countNumbers(proto, scratch, WIRE_VARINT);
    case 11:
    case 14:
      return countNumbers(proto, scratch, WIRE_FIXED64);
    case 15: {
      const failure = expectWire(proto, scratch, WIRE_BYTES);
      return failure === 0 ? takeCreated(proto, scratch) : failure;
    }
    case 16:
      return expectWire(proto, scratch, WIRE_BYTES);
  }
  return 0;
}

function countMessage(proto: usize, scratch: usize, counter: usize): u32 {
  store<u32>(scratch + counter, load<u32>(scratch + counter) + 1);
  return expectWire(proto, scratch, WIRE_BYTES);
}

/** Repeated numbers, packed or one by one: checks that a packed field holds whole ones. */
function countNumbers(proto: usize, scratch: usize, wire: u32): u32 {
  if (load<u32>(scratch, FIELD_WIRE) === wire) return 0;
  const failure = expectWire(proto, scratch, WIRE_BYTES);
  if (failure !== 0) return failure;
  const end = <usize>load<u32>(scratch, FIELD_END);
  let at = <usize>load<u32>(scratch, FIELD_START);
  if (wire === WIRE_FIXED64) return ((end - at) & 7) === 0 ? 0 : PROTO_EOF;
  while (at < end) {
    const size = lengthOf(at, end);
    if (size === 0) return varintFailure(at, end);
    at += <usize>size;
  }
  return 0;
}

/** The Timestamp message of the field under way. */
function takeCreated(proto: usize, scratch: usize): u32 {
  const end = <usize>load<u32>(scratch, FIELD_END);
  let at = <usize>load<u32>(scratch, FIELD_START);
  let seconds: i64 = 0;
  let nanos: i64 = 0;
  while (at < end) {
    at = nextField(scratch, at, end);
    if (at === 0) return load<u32>(scratch, FIELD_NUMBER);
    const field = load<u32>(scratch, FIELD_NUMBER);
    if (field !== 1 && field !== 2) continue;
    const failure = expectWire(proto, scratch, WIRE_VARINT);
    if (failure !== 0) return failure;
    if (field === 1) seconds = <i64>load<u64>(scratch, FIELD_VALUE);
    else nanos = <i64>(<i32>load<u64>(scratch, FIELD_VALUE));
  }
  store<i64>(scratch, seconds * 1000 + nanos / 1_000_000, POINT_CREATED);
  return 0;
}

// ── lines of summaries and classic histograms ────────────────────────────────────────────────────────────────────

function writeSummary(proto: usize, scratch: usize): u32 {
  let failure = writeLine(proto, scratch, SUFFIX_COUNT, NO_LABEL, 0);
  if (failure !== 0) return failure;
  newSample(proto, scratch, load<f64>(scratch, POINT_COUNT));
  failure = writeLine(proto, scratch, SUFFIX_SUM, NO_LABEL, 0);
  if (failure !== 0) return failure;
  newSample(proto, scratch, load<f64>(scratch, POINT_SUM));
  const end = <usize>load<u32>(scratch, METRIC_VALUE + 4);
  let at = <usize>load<u32>(scratch, METRIC_VALUE);
  while (at < end) {
    at = nextField(scratch, at, end);
    if (load<u32>(scratch, FIELD_NUMBER) !== 3) continue;
    failure = readQuantile(proto, scratch);
    if (failure !== 0) return failure;
    failure = writeLine(proto, scratch, NO_SUFFIX, LABEL_QUANTILE, load<f64>(scratch, POINT_FIRST));
    if (failure !== 0) return failure;
    newSample(proto, scratch, load<f64>(scratch, POINT_FLOAT));
  }
  return 0;
}

/** quantile 1 to POINT_FIRST, value 2 to POINT_FLOAT. */
function readQuantile(proto: usize, scratch: usize): u32 {
  store<f64>(scratch, 0, POINT_FIRST);
  store<f64>(scratch, 0, POINT_FLOAT);
  const end = <usize>load<u32>(scratch, FIELD_END);
  let at = <usize>load<u32>(scratch, FIELD_START);
  while (at < end) {
    at = nextField(scratch, at, end);
    if (at === 0) return load<u32>(scratch, FIELD_NUMBER);
    const field = load<u32>(scratch, FIELD_NUMBER);
    if (field !== 1 && field !== 2) continue;
    const failure = expectWire(proto, scratch, WIRE_FIXED64);
    if (failure !== 0) return failure;
    store<u64>(scratch + (field === 1 ? POINT_FIRST : POINT_FLOAT), load<u64>(scratch, FIELD_VALUE));
  }
  return 0;
}

function countOfHistogram(scratch: usize): f64 {
  const count = load<f64>(scratch, POINT_COUNT_FLOAT);
  return count !== 0 ? count : <f64>load<u64>(scratch, POINT_COUNT_WHOLE);
}

/** Count, sum and a line a bucket, up to one at +Inf, which is added where there is none. */
function writeClassic(proto: usize, scratch: usize): u32 {
  let failure = writeLine(proto, scratch, SUFFIX_COUNT, NO_LABEL, 0);
  if (failure !== 0) return failure;
  newSample(proto, scratch, countOfHistogram(scratch));
  failure = writeLine(proto, scratch, SUFFIX_SUM, NO_LABEL, 0);
  if (failure !== 0) return failure;
  newSample(proto, scratch, load<f64>(scratch, POINT_SUM));
  const end = <usize>load<u32>(scratch, METRIC_VALUE + 4);
  let at = <usize>load<u32>(scratch, METRIC_VALUE);
  while (at < end) {
    at = nextField(scratch, at, end);
    if (load<u32>(scratch, FIELD_NUMBER) !== 3) continue;
    failure = readBucket(proto, scratch);
    if (failure !== 0) return failure;
    const bound = load<f64>(scratch, POINT_FIRST);
    failure = writeLine(proto, scratch, SUFFIX_BUCKET, LABEL_LE, bound);
    if (failure !== 0) return failure;
    const sample = newSample(proto, scratch, load<f64>(scratch, POINT_FLOAT));
    keepExemplar(proto, sample, <usize>load<u32>(scratch, POINT_EXEMPLAR), load<u32>(scratch, POINT_EXEMPLAR + 4));
    if (bound === Infinity) return 0;
  }
  failure = writeLine(proto, scratch, SUFFIX_BUCKET, LABEL_LE, Infinity);
  if (failure !== 0) return failure;
  newSample(proto, scratch, countOfHistogram(scratch));
  return 0;
}

/** upper_bound to POINT_FIRST, the cumulative count to POINT_FLOAT, the exemplar to POINT_EXEMPLAR. */
function readBucket(proto: usize, scratch: usize): u32 {
  store<f64>(scratch, 0, POINT_FIRST);
  store<u64>(scratch, 0, POINT_EXEMPLAR);
  let whole: f64 = 0;
  let float: f64 = 0;
  const end = <usize>load<u32>(scratch, FIELD_END);
  let at = <usize>load<u32>(scratch, FIELD_START);
  while (at < end) {
    at = nextField(scratch, at, end);
    if (at === 0) return load<u32>(scratch, FIELD_NUMBER);
    const field = load<u32>(scratch, FIELD_NUMBER);
    if (field === 0 || field > 4) continue;
    const failure = expectWire(proto, scratch, field === 1 ? WIRE_VARINT : field === 3 ? WIRE_BYTES : WIRE_FIXED64);
    if (failure !== 0) return failure;
    if (field === 1) whole = <f64>load<u64>(scratch, FIELD_VALUE);
    else if (field === 2) store<u64>(scratch, load<u64>(scratch, FIELD_VALUE), POINT_FIRST);
    else if (field === 3) keepBytes(scratch, POINT_EXEMPLAR);
    else float = load<f64>(scratch, FIELD_VALUE);
  }
  store<f64>(scratch, float !== 0 ? float : whole, POINT_FLOAT);
  return 0;
}

// ── native histograms ────────────────────────────────────────────────────────────────────────────────────────────

function writeNative(proto: usize, scratch: usize, isGauge: bool): u32 {
  const failure = writeLine(proto, scratch, NO_SUFFIX, NO_LABEL, 0);
  if (failure !== 0) return failure;
  const isFloat = load<f64>(scratch, POINT_COUNT_FLOAT) > 0 || load<f64>(scratch, POINT_ZERO_FLOAT) > 0;
  const sample = newSample(proto, scratch, 0);
  const start = load<u32>(proto, PROTO_DATA_LENGTH);
  putData8(proto, isGauge ? 3 : 0);
  putDataVarint(proto, zigzag(load<i64>(scratch, POINT_SCHEMA)));
  putData64(proto, load<u64>(scratch, POINT_ZERO_THRESHOLD));
  if (isFloat) {
    putData64(proto, load<u64>(scratch, POINT_ZERO_FLOAT));
    putData64(proto, load<u64>(scratch, POINT_COUNT_FLOAT));
  } else {
    putDataVarint(proto, load<u64>(scratch, POINT_ZERO_COUNT));
    putDataVarint(proto, load<u64>(scratch, POINT_COUNT_WHOLE));
  }
  putData64(proto, load<u64>(scratch, POINT_SUM));
  let problem = putSpans(proto, scratch, 12, load<u32>(scratch, POINT_POSITIVE_SPANS));
  if (problem !== 0) return problem;
  problem = putSpans(proto, scratch, 9, load<u32>(scratch, POINT_NEGATIVE_SPANS));
  if (problem !== 0) return problem;
  putNumbers(proto, scratch, isFloat ? 14 : 13, isFloat);
  putNumbers(proto, scratch, isFloat ? 11 : 10, isFloat);
  if (load<i64>(scratch, POINT_SCHEMA) === -53) putDataVarint(proto, 0);
  if (sample !== 0) {
    store<u32>(
      sample,
      load<u32>(sample, SAMPLE_FLAGS) | (isFloat ? SAMPLE_IS_FLOAT_HISTOGRAM : SAMPLE_IS_HISTOGRAM),
      SAMPLE_FLAGS,
    );
    store<u32>(sample, start, SAMPLE_DATA);
    store<u32>(sample, load<u32>(proto, PROTO_DATA_LENGTH) - start, SAMPLE_DATA_LENGTH);
  }
  return keepNativeExemplars(proto, scratch, sample);
}

function putSpans(proto: usize, scratch: usize, wanted: u32, count: u32): u32 {
  putDataVarint(proto, <u64>count);
  const end = <usize>load<u32>(scratch, METRIC_VALUE + 4);
  let at = <usize>load<u32>(scratch, METRIC_VALUE);
  while (at < end) {
    at = nextField(scratch, at, end);
    if (load<u32>(scratch, FIELD_NUMBER) !== wanted) continue;
    const spanEnd = <usize>load<u32>(scratch, FIELD_END);
    let inSpan = <usize>load<u32>(scratch, FIELD_START);
    let offset: u64 = 0;
    let length: u64 = 0;
    while (inSpan < spanEnd) {
      inSpan = nextField(scratch, inSpan, spanEnd);
      if (inSpan === 0) return load<u32>(scratch, FIELD_NUMBER);
      const field = load<u32>(scratch, FIELD_NUMBER);
      if (field !== 1 && field !== 2) continue;
      const failure = expectWire(proto, scratch, WIRE_VARINT);
      if (failure !== 0) return failure;
      if (field === 1)
        offset = <u64>(<u32>load<u64>(scratch, FIELD_VALUE)); // zigzag already
      else length = <u64>(<u32>load<u64>(scratch, FIELD_VALUE));
    }
    putDataVarint(proto, offset);
    putDataVarint(proto, length);
  }
  return 0;
}

/** Buckets of field `wanted`, packed or one by one; deltas are zigzag varints in both formats. All were checked before. */
function putNumbers(proto: usize, scratch: usize, wanted: u32, isFloat: bool): void {
  putDataVarint(proto, <u64>eachNumber(proto, scratch, wanted, isFloat, false));
  eachNumber(proto, scratch, wanted, isFloat, true);
}

function eachNumber(proto: usize, scratch: usize, wanted: u32, isFloat: bool, isPut: bool): u32 {
  const end = <usize>load<u32>(scratch, METRIC_VALUE + 4);
  let at = <usize>load<u32>(scratch, METRIC_VALUE);
  let count: u32 = 0;
  while (at < end) {
    at = nextField(scratch, at, end);
    if (load<u32>(scratch, FIELD_NUMBER) !== wanted) continue;
    if (load<u32>(scratch, FIELD_WIRE) !== WIRE_BYTES) {
      count++;
      if (isPut) putNumber(proto, load<u64>(scratch, FIELD_VALUE), isFloat);
      continue;
    }
    const last = <usize>load<u32>(scratch, FIELD_END);
    let number = <usize>load<u32>(scratch, FIELD_START);
    while (number < last) {
      count++;
      if (isPut) putNumber(proto, isFloat ? load<u64>(number) : varintAt(number), isFloat);
      number += isFloat ? 8 : <usize>lengthOf(number, last);
    }
  }
  return count;
}

function putNumber(proto: usize, value: u64, isFloat: bool): void {
  if (isFloat) putData64(proto, value);
  else putDataVarint(proto, value);
}

/** The exemplars of the histogram itself, or of its buckets of the classic kind where it has none. */
function keepNativeExemplars(proto: usize, scratch: usize, sample: usize): u32 {
  let found: u32 = 0;
  for (let pass: u32 = 0; pass < 2 && found === 0; pass++) {
    const wanted: u32 = pass === 0 ? 16 : 3;
    const end = <usize>load<u32>(scratch, METRIC_VALUE + 4);
    let at = <usize>load<u32>(scratch, METRIC_VALUE);
    while (at < end) {
      at = nextField(scratch, at, end);
      if (load<u32>(scratch, FIELD_NUMBER) !== wanted) continue;
      if (pass === 0) keepBytes(scratch, POINT_EXEMPLAR);
      else {
        const failure = readBucket(proto, scratch);
        if (failure !== 0) return failure;
      }
      const exemplar = <usize>load<u32>(scratch, POINT_EXEMPLAR);
      if (exemplar === 0) continue;
      found++;
      keepExemplar(proto, sample, exemplar, load<u32>(scratch, POINT_EXEMPLAR + 4));
    }
  }
  return 0;
}

// ── output ───────────────────────────────────────────────────────────────────────────────────────────────────────

/** A line of the metric: name with suffix, labels, a label of its own. Returns what is wrong with a label, or 0. */
function writeLine(proto: usize, scratch: usize, suffix: u32, magic: u32, number: f64): u32 {
  const name = <usize>load<u32>(scratch, FAMILY_NAME);
  const nameLength = load<u32>(scratch, FAMILY_NAME + 4);
  const ending = SUFFIXES + <usize>(suffix << 3);
  const endingLength = <u32>load<u8>(ending);
  const isLegacy = isLegacyName(name, nameLength, true);
  let hasBrace = false;
  if (isLegacy) {
    putBytes(proto, name, nameLength);
    putBytes(proto, ending + 1, endingLength);
  } else {
    putByte(proto, 123);
    putByte(proto, QUOTE);
    putEscaped(proto, name, nameLength, true);
    putBytes(proto, ending + 1, endingLength);
    putByte(proto, QUOTE);
    hasBrace = true;
  }
  const end = <usize>load<u32>(scratch, METRIC_END);
  let at = <usize>load<u32>(scratch, METRIC_START);
  while (at < end) {
    at = nextField(scratch, at, end);
    if (load<u32>(scratch, FIELD_NUMBER) !== 1) continue;
    putByte(proto, hasBrace ? 44 : 123);
    hasBrace = true;
    const failure = writeLabel(proto, scratch);
    if (failure !== 0) return failure;
  }
  if (magic !== NO_LABEL) {
    putByte(proto, hasBrace ? 44 : 123);
    hasBrace = true;
    const label = MAGIC_LABELS + <usize>(magic * 12);
    putBytes(proto, label + 1, <u32>load<u8>(label));
    putFloat(proto, number);
    putByte(proto, QUOTE);
  }
  if (hasBrace) putByte(proto, 125);
  putByte(proto, NEWLINE);
  return 0;
}

/** The LabelPair of the field under way. */
function writeLabel(proto: usize, scratch: usize): u32 {
  const end = <usize>load<u32>(scratch, FIELD_END);
  let at = <usize>load<u32>(scratch, FIELD_START);
  let name: usize = at;
  let nameLength: u32 = 0;
  let value: usize = at;
  let valueLength: u32 = 0;
  while (at < end) {
    at = nextField(scratch, at, end);
    if (at === 0) return load<u32>(scratch, FIELD_NUMBER);
    const field = load<u32>(scratch, FIELD_NUMBER);
    if (field !== 1 && field !== 2) continue;
    const failure = expectWire(proto, scratch, WIRE_BYTES);
    if (failure !== 0) return failure;
    const start = <usize>load<u32>(scratch, FIELD_START);
    const length = load<u32>(scratch, FIELD_END) - <u32>start;
    if (field === 1) {
      name = start;
      nameLength = length;
      if (length === 0 || !isUtf8(start, start + <usize>length))
        return quote(proto, start, length, PROTO_BAD_LABEL_NAME);
    } else {
      value = start;
      valueLength = length;
      if (!isUtf8(start, start + <usize>length)) return quote(proto, start, length, PROTO_BAD_LABEL_VALUE);
    }
  }
  if (isLegacyName(name, nameLength, false)) putBytes(proto, name, nameLength);
  else {
    putByte(proto, QUOTE);
    putEscaped(proto, name, nameLength, true);
    putByte(proto, QUOTE);
  }
  putByte(proto, 61);
  putByte(proto, QUOTE);
  putEscaped(proto, value, valueLength, true);
  putByte(proto, QUOTE);
  return 0;
}

/** Letters, digits not in front, underscores; colons too in names of metrics. */
function isLegacyName(at: usize, length: u32, isMetric: bool): bool {
  if (length === 0) return false;
  for (let i: u32 = 0; i < length; i++) {
    const c = <u32>load<u8>(at + <usize>i);
    const isLetter = ((c | 32) >= 97 && (c | 32) <= 122) || c === 95 || (isMetric && c === 58);
    if (!isLetter && (i === 0 || c < 48 || c > 57)) return false;
  }
  return true;
}

function putByte(proto: usize, byte: u32): void {
  const length = load<u32>(proto, PROTO_TEXT_LENGTH);
  if (length < load<u32>(proto, PROTO_TEXT_CAPACITY)) {
    store<u8>(<usize>load<u32>(proto, PROTO_TEXT) + <usize>length, <u8>byte);
  }
  store<u32>(proto, length + 1, PROTO_TEXT_LENGTH);
}

function putBytes(proto: usize, at: usize, count: u32): void {
  const length = load<u32>(proto, PROTO_TEXT_LENGTH);
  const capacity = load<u32>(proto, PROTO_TEXT_CAPACITY);
  if (length <= capacity && count <= capacity - length) {
    memory.copy(<usize>load<u32>(proto, PROTO_TEXT) + <usize>length, at, <usize>count);
  }
  store<u32>(proto, saturated(length, count), PROTO_TEXT_LENGTH);
}

/** A sum that no body of foreign bytes can bring back to small numbers. */
function saturated(a: u32, b: u32): u32 {
  const sum = <u64>a + <u64>b;
  return sum > <u64>0x7fffffff ? 0x7fffffff : <u32>sum;
}

function putEscaped(proto: usize, at: usize, count: u32, isQuoted: bool): void {
  let from = at;
  const end = at + <usize>count;
  for (let i = at; i < end; i++) {
    const c = <u32>load<u8>(i);
    if (c !== BACKSLASH && c !== NEWLINE && !(isQuoted && c === QUOTE)) continue;
    putBytes(proto, from, <u32>(i - from));
    putByte(proto, BACKSLASH);
    putByte(proto, c === NEWLINE ? 110 : c);
    from = i + 1;
  }
  putBytes(proto, from, <u32>(end - from));
}

/** The text of a bound or quantile; one that the table lacks is left to the caller. */
function putFloat(proto: usize, number: f64): void {
  const bits = reinterpret<u64>(number);
  const mask = load<u32>(proto, PROTO_FLOATS_MASK);
  const table = <usize>load<u32>(proto, PROTO_FLOATS);
  let i = floatHash(bits) & mask;
  while (true) {
    const entry = table + <usize>(i * <u32>FLOAT_BYTES);
    const length = <u32>load<u8>(entry, FLOAT_LENGTH);
    if (length === 0) break;
    if (load<u64>(entry, FLOAT_BITS) === bits) {
      putBytes(proto, entry + FLOAT_TEXT, length);
      return;
    }
    i = (i + 1) & mask;
  }
  const count = load<u32>(proto, PROTO_MISSED_COUNT);
  if (count < load<u32>(proto, PROTO_MISSED_CAPACITY)) {
    store<u64>(<usize>load<u32>(proto, PROTO_MISSED) + <usize>(count << 3), bits);
  }
  store<u32>(proto, count + 1, PROTO_MISSED_COUNT);
}

function floatHash(bits: u64): u32 {
  const mixed = (<u32>bits ^ <u32>(bits >> 32)) * 0x9e3779b1;
  return mixed ^ (mixed >> 15);
}

/** Enters the text of a float, `length` ≤ FLOAT_TEXT_MAX bytes at `text`; the caller keeps the table at most half full. */
export function addProtoFloat(proto: usize, bitsAt: usize, text: usize, length: u32): void {
  const bits = load<u64>(bitsAt);
  const mask = load<u32>(proto, PROTO_FLOATS_MASK);
  const table = <usize>load<u32>(proto, PROTO_FLOATS);
  let i = floatHash(bits) & mask;
  while (load<u8>(table + <usize>(i * <u32>FLOAT_BYTES), FLOAT_LENGTH) !== 0) i = (i + 1) & mask;
  const entry = table + <usize>(i * <u32>FLOAT_BYTES);
  store<u64>(entry, bits, FLOAT_BITS);
  memory.copy(entry + FLOAT_TEXT, text, <usize>length);
  store<u8>(entry, <u8>length, FLOAT_LENGTH);
}

/** Counts a sample; its record, or 0 where there is no room for it. */
function newSample(proto: usize, scratch: usize, value: f64): usize {
  const count = load<u32>(proto, PROTO_SAMPLES_COUNT);
  store<u32>(proto, count + 1, PROTO_SAMPLES_COUNT);
  if (count >= load<u32>(proto, PROTO_SAMPLES_CAPACITY)) return 0;
  const sample = <usize>load<u32>(proto, PROTO_SAMPLES) + <usize>count * SAMPLE_BYTES;
  const time = load<i64>(scratch, METRIC_TIME);
  store<f64>(sample, value, SAMPLE_VALUE);
  store<i64>(sample, time, SAMPLE_TIME);
  store<i64>(sample, load<i64>(scratch, POINT_CREATED), SAMPLE_CREATED);
  store<u32>(sample, time !== 0 ? SAMPLE_HAS_TIME : 0, SAMPLE_FLAGS);
  store<u32>(sample, 0, SAMPLE_DATA);
  store<u32>(sample, 0, SAMPLE_DATA_LENGTH);
  store<u32>(sample, load<u32>(proto, PROTO_EXEMPLARS_COUNT), SAMPLE_EXEMPLARS);
  store<u32>(sample, 0, SAMPLE_EXEMPLARS_COUNT);
  store<u32>(sample, NEW_NO_ROW, SAMPLE_ROW);
  return sample;
}

function keepExemplar(proto: usize, sample: usize, exemplar: usize, length: u32): void {
  if (exemplar === 0) return;
  const count = load<u32>(proto, PROTO_EXEMPLARS_COUNT);
  store<u32>(proto, count + 1, PROTO_EXEMPLARS_COUNT);
  if (sample === 0 || count >= load<u32>(proto, PROTO_EXEMPLARS_CAPACITY)) return;
  const at = <usize>load<u32>(proto, PROTO_EXEMPLARS) + <usize>(count << 3);
  store<u32>(at, <u32>exemplar);
  store<u32>(at, length, 4);
  store<u32>(sample, load<u32>(sample, SAMPLE_EXEMPLARS_COUNT) + 1, SAMPLE_EXEMPLARS_COUNT);
}

function putData8(proto: usize, byte: u32): void {
  const at = roomForData(proto, 1);
  if (at !== 0) store<u8>(at, <u8>byte);
}

function putData64(proto: usize, bits: u64): void {
  const at = roomForData(proto, 8);
  if (at !== 0) store<u64>(at, bswap<u64>(bits));
}

function putDataVarint(proto: usize, value: u64): void {
  const at = roomForData(proto, uvarintBytes(value));
  if (at !== 0) putUvarint(at, value);
}

function roomForData(proto: usize, bytes: u32): usize {
  const length = load<u32>(proto, PROTO_DATA_LENGTH);
  store<u32>(proto, saturated(length, bytes), PROTO_DATA_LENGTH);
  const capacity = load<u32>(proto, PROTO_DATA_CAPACITY);
  if (length > capacity || bytes > capacity - length) return 0;
  return <usize>load<u32>(proto, PROTO_DATA) + <usize>length;
}

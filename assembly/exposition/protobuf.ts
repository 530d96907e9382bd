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
import { isUtf8 } from "./bytes";
import {
  PROTO_BAD_HELP,
  PROTO_BAD_NAME,
  PROTO_BAD_TYPE,
  PROTO_BAD_UNIT,
  PROTO_BAD_VARINT,
  PROTO_CLASSIC_TOO,
  PROTO_DATA_CAPACITY,
  PROTO_DATA_LENGTH,
  PROTO_EOF,
  PROTO_ERROR_AT,
  PROTO_ERROR_LENGTH,
  PROTO_ERROR_NEEDED,
  PROTO_EXEMPLARS_CAPACITY,
  PROTO_EXEMPLARS_COUNT,
  PROTO_MISSED_COUNT,
  PROTO_READ,
  PROTO_SAMPLES_CAPACITY,
  PROTO_SAMPLES_COUNT,
  PROTO_SHORT,
  PROTO_TEXT_CAPACITY,
  PROTO_TEXT_LENGTH,
  PROTO_TOO_SMALL,
} from "./layout";
import { writeClassic, writeSummary } from "./proto-classic";
import { writeNative } from "./proto-native";
import {
  isLegacyName,
  keepExemplar,
  NEWLINE,
  NO_LABEL,
  NO_SUFFIX,
  newSample,
  putByte,
  putBytes,
  putEscaped,
  QUOTE,
  writeLine,
} from "./proto-output";
import {
  COUNTER,
  FAMILY_HELP,
  FAMILY_NAME,
  FAMILY_TYPE,
  FAMILY_UNIT,
  FIELD_END,
  FIELD_NUMBER,
  FIELD_START,
  FIELD_VALUE,
  FIELD_WIRE,
  GAUGE,
  GAUGE_HISTOGRAM,
  HISTOGRAM,
  METRIC_END,
  METRIC_START,
  METRIC_TIME,
  METRIC_VALUE,
  POINT_BUCKETS,
  POINT_COUNT,
  POINT_COUNT_FLOAT,
  POINT_COUNT_WHOLE,
  POINT_CREATED,
  POINT_EXEMPLAR,
  POINT_NEGATIVE_SPANS,
  POINT_POSITIVE_SPANS,
  POINT_SCHEMA,
  POINT_SUM,
  POINT_ZERO_COUNT,
  POINT_ZERO_FLOAT,
  POINT_ZERO_THRESHOLD,
  SCRATCH_BYTES,
  SUMMARY,
  UNTYPED,
} from "./proto-scratch";
import {
  expectWire,
  keepBytes,
  lengthOf,
  nextField,
  quote,
  varintAt,
  varintFailure,
  WIRE_BYTES,
  WIRE_FIXED64,
  WIRE_VARINT,
} from "./proto-wire";

/** `# HELP `, `# TYPE `, `# UNIT `, 7 bytes each. */
const COMMENTS: usize = memory.data<u8>([
  35, 32, 72, 69, 76, 80, 32, 35, 32, 84, 89, 80, 69, 32, 35, 32, 85, 78, 73, 84, 32,
]); /** Length and name of each type, 16 bytes each: counter, gauge, summary, unknown, histogram, gaugehistogram. */
const TYPES: usize = memory.data<u8>([
  7, 99, 111, 117, 110, 116, 101, 114, 0, 0, 0, 0, 0, 0, 0, 0, 5, 103, 97, 117, 103, 101, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  7, 115, 117, 109, 109, 97, 114, 121, 0, 0, 0, 0, 0, 0, 0, 0, 7, 117, 110, 107, 110, 111, 119, 110, 0, 0, 0, 0, 0, 0,
  0, 0, 9, 104, 105, 115, 116, 111, 103, 114, 97, 109, 0, 0, 0, 0, 0, 0, 14, 103, 97, 117, 103, 101, 104, 105, 115, 116,
  111, 103, 114, 97, 109, 0,
]);
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

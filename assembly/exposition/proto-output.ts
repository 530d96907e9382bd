/** What reading a protobuf body writes: lines as of the text format, and beside them values, histograms and exemplars. */
import { putUvarint, uvarintBytes } from "../bytes/varint";
import { isUtf8 } from "./bytes";
import {
  FLOAT_BITS,
  FLOAT_BYTES,
  FLOAT_LENGTH,
  FLOAT_TEXT,
  NEW_NO_ROW,
  PROTO_BAD_LABEL_NAME,
  PROTO_BAD_LABEL_VALUE,
  PROTO_DATA,
  PROTO_DATA_CAPACITY,
  PROTO_DATA_LENGTH,
  PROTO_EXEMPLARS,
  PROTO_EXEMPLARS_CAPACITY,
  PROTO_EXEMPLARS_COUNT,
  PROTO_FLOATS,
  PROTO_FLOATS_MASK,
  PROTO_MISSED,
  PROTO_MISSED_CAPACITY,
  PROTO_MISSED_COUNT,
  PROTO_SAMPLES,
  PROTO_SAMPLES_CAPACITY,
  PROTO_SAMPLES_COUNT,
  PROTO_TEXT,
  PROTO_TEXT_CAPACITY,
  PROTO_TEXT_LENGTH,
  SAMPLE_BYTES,
  SAMPLE_CREATED,
  SAMPLE_DATA,
  SAMPLE_DATA_LENGTH,
  SAMPLE_EXEMPLARS,
  SAMPLE_EXEMPLARS_COUNT,
  SAMPLE_FLAGS,
  SAMPLE_HAS_TIME,
  SAMPLE_ROW,
  SAMPLE_TIME,
  SAMPLE_VALUE,
} from "./layout";
import {
  FAMILY_NAME,
  FIELD_END,
  FIELD_NUMBER,
  FIELD_START,
  METRIC_END,
  METRIC_START,
  METRIC_TIME,
  POINT_CREATED,
} from "./proto-scratch";
import { expectWire, nextField, quote, WIRE_BYTES } from "./proto-wire";

export const NO_SUFFIX: u32 = 0;
export const SUFFIX_COUNT: u32 = 1;
export const SUFFIX_SUM: u32 = 2;
export const SUFFIX_BUCKET: u32 = 3;

export const NO_LABEL: u32 = 0;
export const LABEL_LE: u32 = 1;
export const LABEL_QUANTILE: u32 = 2;
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
export const QUOTE: u32 = 34;
export const NEWLINE: u32 = 10;
const BACKSLASH: u32 = 92;

/** A line of the metric: name with suffix, labels, a label of its own. Returns what is wrong with a label, or 0. */
export function writeLine(proto: usize, scratch: usize, suffix: u32, magic: u32, number: f64): u32 {
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
export function isLegacyName(at: usize, length: u32, isMetric: bool): bool {
  if (length === 0) return false;
  for (let i: u32 = 0; i < length; i++) {
    const c = <u32>load<u8>(at + <usize>i);
    const isLetter = ((c | 32) >= 97 && (c | 32) <= 122) || c === 95 || (isMetric && c === 58);
    if (!isLetter && (i === 0 || c < 48 || c > 57)) return false;
  }
  return true;
}

export function putByte(proto: usize, byte: u32): void {
  const length = load<u32>(proto, PROTO_TEXT_LENGTH);
  if (length < load<u32>(proto, PROTO_TEXT_CAPACITY)) {
    store<u8>(<usize>load<u32>(proto, PROTO_TEXT) + <usize>length, <u8>byte);
  }
  store<u32>(proto, length + 1, PROTO_TEXT_LENGTH);
}

export function putBytes(proto: usize, at: usize, count: u32): void {
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

export function putEscaped(proto: usize, at: usize, count: u32, isQuoted: bool): void {
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
export function newSample(proto: usize, scratch: usize, value: f64): usize {
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

export function keepExemplar(proto: usize, sample: usize, exemplar: usize, length: u32): void {
  if (exemplar === 0) return;
  const count = load<u32>(proto, PROTO_EXEMPLARS_COUNT);
  store<u32>(proto, count + 1, PROTO_EXEMPLARS_COUNT);
  if (sample === 0 || count >= load<u32>(proto, PROTO_EXEMPLARS_CAPACITY)) return;
  const at = <usize>load<u32>(proto, PROTO_EXEMPLARS) + <usize>(count << 3);
  store<u32>(at, <u32>exemplar);
  store<u32>(at, length, 4);
  store<u32>(sample, load<u32>(sample, SAMPLE_EXEMPLARS_COUNT) + 1, SAMPLE_EXEMPLARS_COUNT);
}

export function putData8(proto: usize, byte: u32): void {
  const at = roomForData(proto, 1);
  if (at !== 0) store<u8>(at, <u8>byte);
}

export function putData64(proto: usize, bits: u64): void {
  const at = roomForData(proto, 8);
  if (at !== 0) store<u64>(at, bswap<u64>(bits));
}

export function putDataVarint(proto: usize, value: u64): void {
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

/** Native histograms of a protobuf body, to HISTOGRAM BYTES (histogram-bytes.ts in src/model), and their exemplars. */
import { zigzag } from "../bytes/varint";
import {
  PROTO_DATA_LENGTH,
  SAMPLE_DATA,
  SAMPLE_DATA_LENGTH,
  SAMPLE_FLAGS,
  SAMPLE_IS_FLOAT_HISTOGRAM,
  SAMPLE_IS_HISTOGRAM,
} from "./layout";
import { readBucket } from "./proto-classic";
import {
  keepExemplar,
  NO_LABEL,
  NO_SUFFIX,
  newSample,
  putData8,
  putData64,
  putDataVarint,
  writeLine,
} from "./proto-output";
import {
  FIELD_END,
  FIELD_NUMBER,
  FIELD_START,
  FIELD_VALUE,
  FIELD_WIRE,
  METRIC_VALUE,
  POINT_COUNT_FLOAT,
  POINT_COUNT_WHOLE,
  POINT_EXEMPLAR,
  POINT_NEGATIVE_SPANS,
  POINT_POSITIVE_SPANS,
  POINT_SCHEMA,
  POINT_SUM,
  POINT_ZERO_COUNT,
  POINT_ZERO_FLOAT,
  POINT_ZERO_THRESHOLD,
} from "./proto-scratch";
import { expectWire, keepBytes, lengthOf, nextField, varintAt, WIRE_BYTES, WIRE_VARINT } from "./proto-wire";

export function writeNative(proto: usize, scratch: usize, isGauge: bool): u32 {
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

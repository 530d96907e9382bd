/** The lines of summaries and classic histograms of a protobuf body. */
import {
  keepExemplar,
  LABEL_LE,
  LABEL_QUANTILE,
  NO_LABEL,
  NO_SUFFIX,
  newSample,
  SUFFIX_BUCKET,
  SUFFIX_COUNT,
  SUFFIX_SUM,
  writeLine,
} from "./proto-output";
import {
  FIELD_END,
  FIELD_NUMBER,
  FIELD_START,
  FIELD_VALUE,
  METRIC_VALUE,
  POINT_COUNT,
  POINT_COUNT_FLOAT,
  POINT_COUNT_WHOLE,
  POINT_EXEMPLAR,
  POINT_FIRST,
  POINT_FLOAT,
  POINT_SUM,
} from "./proto-scratch";
import { expectWire, keepBytes, nextField, WIRE_BYTES, WIRE_FIXED64, WIRE_VARINT } from "./proto-wire";

export function writeSummary(proto: usize, scratch: usize): u32 {
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
export function writeClassic(proto: usize, scratch: usize): u32 {
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
export function readBucket(proto: usize, scratch: usize): u32 {
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

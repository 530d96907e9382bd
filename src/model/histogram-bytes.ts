/**
 * HISTOGRAM BYTES: one native histogram as Prometheus' log records have it (types 7 to 10, behind ref and time), and as
 * batches between threads and the head's staging carry it. Big-endian, varints as Go's:
 *
 *   u8       counter reset hint
 *   varint   schema
 *   f64      zero threshold
 *   uvarint  zero count, uvarint count      integer histograms
 *   f64      zero count, f64 count          float histograms
 *   f64      sum
 *   uvarint  number of positive spans, for each: varint offset, uvarint length; then the same of negative spans
 *   uvarint  number of positive buckets, for each: varint difference to the one before (integer), f64 count (float);
 *            then the same of negative buckets
 *   uvarint  number of custom bounds, for each: f64; only where the schema is −53
 */
import { ByteReader, ByteWriter, CorruptionError } from "../base/index.js";
import { type CounterResetHint, CUSTOM_BUCKETS_SCHEMA, type Histogram, type Span } from "./histogram.js";
import { isStaleNumber, STALE_NAN_HIGH, STALE_NAN_LOW } from "./staleness.js";

const NO_NUMBERS = new Float64Array(0);
/** Buckets of one histogram: far above what any writer makes, far below what an array may cost. */
const BUCKETS_MAX = 1 << 20;

export function putHistogram(to: ByteWriter, histogram: Histogram): void {
  const { isFloat, schema } = histogram;
  to.u8(histogram.counterResetHint);
  to.varint(schema);
  to.f64(histogram.zeroThreshold);
  if (isFloat) {
    to.f64(histogram.zeroCount);
    to.f64(histogram.count);
  } else {
    to.uvarint(histogram.zeroCount);
    to.uvarint(histogram.count);
  }
  if (isStaleNumber(histogram.sum)) to.words(STALE_NAN_HIGH, STALE_NAN_LOW);
  else to.f64(histogram.sum);
  putSpans(to, histogram.positiveSpans);
  putSpans(to, histogram.negativeSpans);
  putBuckets(to, histogram.positiveBuckets, isFloat);
  putBuckets(to, histogram.negativeBuckets, isFloat);
  if (schema === CUSTOM_BUCKETS_SCHEMA) putBuckets(to, histogram.customValues, true);
}

/** Bytes of their own, to keep. */
export function encodeHistogram(histogram: Histogram): Uint8Array {
  const writer = new ByteWriter();
  putHistogram(writer, histogram);
  return writer.bytes.slice();
}

/** A staleness marker: nothing but its sum. */
export function staleHistogramBytes(isFloat: boolean): Uint8Array {
  const writer = new ByteWriter();
  writer.u8(0);
  writer.varint(0);
  writer.f64(0);
  for (let i = 0; i < 2; i++) {
    if (isFloat) writer.f64(0);
    else writer.uvarint(0);
  }
  writer.words(STALE_NAN_HIGH, STALE_NAN_LOW);
  for (let i = 0; i < 4; i++) writer.uvarint(0);
  return writer.bytes.slice();
}

/** @throws CorruptionError if the bytes are no histogram; nothing may follow it. */
export function decodeHistogram(bytes: Uint8Array, isFloat: boolean): Histogram {
  const reader = new ByteReader(bytes);
  const histogram = takeHistogram(reader, isFloat);
  if (!reader.isAtEnd) throw damaged(`has ${reader.left} bytes too many`, reader.at);
  return histogram;
}

/**
 * The number of buckets may not be what the spans say: see `histogramProblem`.
 * @throws CorruptionError if the bytes from here on are no histogram.
 */
export function takeHistogram(from: ByteReader, isFloat: boolean): Histogram {
  const hint = from.u8();
  if (hint > 3) throw damaged(`has counter reset hint ${hint}`, from.at);
  const schema = from.varint();
  const zeroThreshold = from.f64();
  const zeroCount = isFloat ? from.f64() : from.uvarint();
  const count = isFloat ? from.f64() : from.uvarint();
  const sum = from.f64();
  const positiveSpans = takeSpans(from);
  const negativeSpans = takeSpans(from);
  const positiveBuckets = takeBuckets(from, isFloat);
  const negativeBuckets = takeBuckets(from, isFloat);
  const customValues = schema === CUSTOM_BUCKETS_SCHEMA ? takeBuckets(from, true) : NO_NUMBERS;
  return {
    isFloat,
    counterResetHint: hint as CounterResetHint,
    schema,
    zeroThreshold,
    zeroCount,
    count,
    sum,
    positiveSpans,
    negativeSpans,
    positiveBuckets,
    negativeBuckets,
    customValues,
  };
}

/** Buckets that spans describe. */
export function spannedBuckets(spans: readonly Span[]): number {
  let count = 0;
  for (const { length } of spans) count += length;
  return count;
}

function putSpans(to: ByteWriter, spans: readonly Span[]): void {
  to.uvarint(spans.length);
  for (const { offset, length } of spans) {
    to.varint(offset);
    to.uvarint(length);
  }
}

function putBuckets(to: ByteWriter, counts: Float64Array, isFloat: boolean): void {
  to.uvarint(counts.length);
  let before = 0;
  for (const count of counts) {
    if (isFloat) to.f64(count);
    else to.varint(count - before);
    before = count;
  }
}

function takeSpans(from: ByteReader): readonly Span[] {
  const spans: Span[] = [];
  for (let left = from.count(2); left > 0; left--) spans.push({ offset: from.varint(), length: from.uvarint() });
  return spans;
}

function takeBuckets(from: ByteReader, isFloat: boolean): Float64Array {
  const count = from.count(isFloat ? 8 : 1);
  if (count > BUCKETS_MAX) throw damaged(`has ${count} buckets`, from.at);
  if (count === 0) return NO_NUMBERS;
  const counts = new Float64Array(count);
  let before = 0;
  for (let i = 0; i < count; i++) {
    before = isFloat ? from.f64() : before + from.varint();
    counts[i] = before;
  }
  return counts;
}

function damaged(what: string, at: number): CorruptionError {
  return new CorruptionError("HISTOGRAM_BYTES", `a native histogram ${what} at byte ${at}`, { at });
}

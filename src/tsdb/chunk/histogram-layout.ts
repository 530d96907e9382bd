/**
 * What stands once in a histogram chunk, before its first sample:
 *
 *   0  2 bytes  number of samples, big-endian          all numbers behind this header are bits, see bits.ts
 *   2  1 byte   two top bits: what is known of a counter reset before the first sample
 *   3           zero threshold: 0 = none; 1 … 254 = 2^(n − 244); 255, then 8 bytes
 *               schema (varbit)
 *               positive spans, negative spans: number (uvarbit), then for each: length (uvarbit), offset (varbit)
 *               custom bounds, if the schema says so: number (uvarbit), then for each: 1000 × bound + 1 (uvarbit) where that is
 *               a whole number of at most 25 bits, else a 0 bit and the 8 bytes
 *
 * @see Prometheus tsdb/docs/format/chunks.md, "Histogram chunk data"
 */
import { CUSTOM_BUCKETS_SCHEMA, type Span } from "../../model/index.js";
import type { BitReader, BitWriter } from "./bits.js";
import { damagedChunk, type HistogramEncoding } from "./encoding.js";

export const HISTOGRAM_HEADER_BYTES = 3;
export const RESET_HEADER_BYTE = 2;
/** The two top bits of that byte. */
export const HEADER_UNKNOWN = 0x00;
export const HEADER_NO_RESET = 0x40;
export const HEADER_RESET = 0x80;
export const HEADER_GAUGE = 0xc0;
export const HEADER_MASK = 0xc0;

const SCHEMA_MIN = -4;
const SCHEMA_MAX = 8;
/** Far more than a histogram has: what damaged bytes may make us allocate. */
const SPANS_MAX = 1 << 16;
const BUCKETS_MAX = 1 << 20;
const THRESHOLD_EXPONENT_BIAS = 243;
const LARGEST_SHORT_BOUND = 33_554_430;

export interface HistogramLayout {
  readonly schema: number;
  readonly zeroThreshold: number;
  readonly positiveSpans: readonly Span[];
  readonly negativeSpans: readonly Span[];
  readonly customValues: Float64Array;
}

const scratch = new Float64Array(1);
const scratchWords = new Uint32Array(scratch.buffer);

export function writeLayout(out: BitWriter, layout: HistogramLayout): void {
  writeZeroThreshold(out, layout.zeroThreshold);
  out.varbit(layout.schema);
  writeSpans(out, layout.positiveSpans);
  writeSpans(out, layout.negativeSpans);
  if (layout.schema !== CUSTOM_BUCKETS_SCHEMA) return;
  out.uvarbit(layout.customValues.length);
  for (const bound of layout.customValues) writeBound(out, bound);
}

/** @throws CorruptionError CHUNK */
export function readLayout(bits: BitReader, encoding: HistogramEncoding): HistogramLayout {
  const zeroThreshold = readZeroThreshold(bits);
  const schema = bits.varbit();
  if (schema !== CUSTOM_BUCKETS_SCHEMA && (schema < SCHEMA_MIN || schema > SCHEMA_MAX)) {
    throw damagedChunk(encoding, bits.byteOffset, `the histogram schema ${schema} is unknown`);
  }
  const positiveSpans = readSpans(bits, encoding);
  const negativeSpans = readSpans(bits, encoding);
  const customValues = new Float64Array(schema === CUSTOM_BUCKETS_SCHEMA ? bounded(bits, encoding, SPANS_MAX) : 0);
  for (let i = 0; i < customValues.length; i++) readBound(bits, customValues, i);
  return { schema, zeroThreshold, positiveSpans, negativeSpans, customValues };
}

function writeSpans(out: BitWriter, spans: readonly Span[]): void {
  out.uvarbit(spans.length);
  for (const { offset, length } of spans) {
    out.uvarbit(length);
    out.varbit(offset);
  }
}

function readSpans(bits: BitReader, encoding: HistogramEncoding): Span[] {
  const count = bounded(bits, encoding, SPANS_MAX);
  const spans: Span[] = [];
  let buckets = 0;
  for (let i = 0; i < count; i++) {
    const length = bounded(bits, encoding, BUCKETS_MAX);
    buckets += length;
    if (buckets > BUCKETS_MAX) throw damagedChunk(encoding, bits.byteOffset, `more than ${BUCKETS_MAX} buckets`);
    spans.push({ length, offset: bits.varbit() });
  }
  return spans;
}

function bounded(bits: BitReader, encoding: HistogramEncoding, most: number): number {
  const value = bits.uvarbit();
  if (value <= most && !bits.isPastEnd) return value;
  throw damagedChunk(encoding, bits.byteOffset, bits.isPastEnd ? "it ends early" : `${value} is more than ${most}`);
}

function writeDouble(out: BitWriter, value: number): void {
  scratch[0] = value;
  out.words(scratchWords[1]!, scratchWords[0]!, 64);
}

function readDouble(bits: BitReader): number {
  scratchWords[1] = bits.bits(32);
  scratchWords[0] = bits.bits(32);
  return scratch[0]!;
}

function writeZeroThreshold(out: BitWriter, threshold: number): void {
  if (threshold === 0) {
    out.bits(0, 8);
    return;
  }
  scratch[0] = threshold;
  const high = scratchWords[1]!;
  const exponent = (high >>> 20) - 1022; // as frexp counts: threshold = 0.5 × 2^exponent
  const isPowerOfTwo = scratchWords[0] === 0 && (high & 0xfffff) === 0;
  if (isPowerOfTwo && exponent >= -242 && exponent <= 11) {
    out.bits(exponent + THRESHOLD_EXPONENT_BIAS, 8);
    return;
  }
  out.bits(255, 8);
  writeDouble(out, threshold);
}

function readZeroThreshold(bits: BitReader): number {
  const byte = bits.bits(8);
  if (byte === 0) return 0;
  return byte === 255 ? readDouble(bits) : 2 ** (byte - THRESHOLD_EXPONENT_BIAS - 1);
}

function writeBound(out: BitWriter, bound: number): void {
  const scaled = bound * 1000;
  const whole = Math.round(scaled);
  if (scaled >= 0 && scaled <= LARGEST_SHORT_BOUND && whole / 1000 === bound) {
    out.uvarbit(whole + 1);
    return;
  }
  out.bit(0);
  writeDouble(out, bound);
}

function readBound(bits: BitReader, into: Float64Array, index: number): void {
  const scaled = bits.uvarbit();
  into[index] = scaled === 0 ? readDouble(bits) : (scaled - 1) / 1000;
}

/**
 * Reads native histogram chunks. Behind the layout (histogram-layout.ts) each sample has
 *
 *   encoding 2, integers      time, count, zero count, sum, positive buckets, negative buckets
 *     first sample            varbit, uvarbit, uvarbit, 64 bits, varbit each: the difference to the bucket before
 *     others                  varbit of the delta of the delta to the sample before, for all but the sum, which is XORed
 *   encoding 3, doubles       the same fields; the first sample's as 64 bits each, the others XORed (xor-value.ts), but the
 *                             time, which is as above
 *
 * A staleness marker is a sum of its own; no buckets follow it in encoding 2, nor in a chunk that begins with one.
 */
import {
  type CounterResetHint,
  type Histogram,
  isStaleWords,
  RESET_GAUGE,
  RESET_NO,
  RESET_UNKNOWN,
} from "../../model/index.js";
import { BitReader } from "./bits.js";
import { chunkSampleCount, damagedChunk, ENCODING_FLOAT_HISTOGRAM, type HistogramEncoding } from "./encoding.js";
import {
  HEADER_GAUGE,
  HEADER_MASK,
  HISTOGRAM_HEADER_BYTES,
  type HistogramLayout,
  RESET_HEADER_BYTE,
  readLayout,
} from "./histogram-layout.js";
import { bucketCount } from "./spans.js";
import { XorValue } from "./xor-value.js";

const NO_COUNTS = new Float64Array(0);

export class HistogramReader {
  readonly encoding: HistogramEncoding;
  readonly count: number;
  /** The two bits of the chunk's header, HEADER_*. */
  readonly resetHeader: number;
  readonly #bits: BitReader;
  #layout: HistogramLayout | undefined;
  #read = 0;
  #time = 0;
  #timeDelta = 0;
  readonly #sum = new XorValue();
  #columns: Columns | undefined;

  /** @param count  samples to read, where the header is not to be trusted (an open chunk). */
  constructor(encoding: HistogramEncoding, data: Uint8Array, count = chunkSampleCount(data)) {
    if (data.length < HISTOGRAM_HEADER_BYTES) throw damagedChunk(encoding, data.length, "it ends early");
    this.encoding = encoding;
    this.count = count;
    this.resetHeader = data[RESET_HEADER_BYTE]! & HEADER_MASK;
    this.#bits = new BitReader(data, HISTOGRAM_HEADER_BYTES);
  }

  get timeMs(): number {
    return this.#time;
  }

  get isStale(): boolean {
    return isStaleWords(this.#sum.low, this.#sum.high);
  }

  /** The words of the sum: what the value column of a histogram sample holds. */
  get sumLow(): number {
    return this.#sum.low;
  }
  get sumHigh(): number {
    return this.#sum.high;
  }

  /** @throws CorruptionError CHUNK */
  next(): boolean {
    if (this.#read === this.count) return false;
    const bits = this.#bits;
    let isSound = true;
    if (this.#columns === undefined) {
      const layout = readLayout(bits, this.encoding);
      this.#layout = layout;
      this.#columns = this.encoding === ENCODING_FLOAT_HISTOGRAM ? new DoubleColumns(layout) : new WholeColumns(layout);
      this.#time = bits.varbit();
      this.#columns.readFirst(bits, this.#sum);
    } else {
      this.#timeDelta += bits.varbit();
      this.#time += this.#timeDelta;
      isSound = this.#columns.readNext(bits, this.#sum);
    }
    if (!isSound || bits.isPastEnd) {
      const why = isSound ? "it ends early" : "a value has no window of bits";
      throw damagedChunk(this.encoding, bits.byteOffset, why);
    }
    this.#read++;
    return true;
  }

  /** The sample that `next` read; its arrays are its own, its spans are shared by all samples of the chunk. */
  histogram(): Histogram {
    const isFloat = this.encoding === ENCODING_FLOAT_HISTOGRAM;
    if (this.isStale) return { ...STALE, isFloat, sum: this.#sum.value };
    const { schema, zeroThreshold, positiveSpans, negativeSpans, customValues } = this.#layout!;
    const columns = this.#columns!;
    return {
      isFloat,
      counterResetHint: this.#hint(),
      schema,
      zeroThreshold,
      zeroCount: columns.zeroCount,
      count: columns.count,
      sum: this.#sum.value,
      positiveSpans,
      negativeSpans,
      positiveBuckets: columns.positive(),
      negativeBuckets: columns.negative(),
      customValues,
    };
  }

  /** Within a chunk there is no reset; before its first sample the chunk that came before may be another by now. */
  #hint(): CounterResetHint {
    if (this.resetHeader === HEADER_GAUGE) return RESET_GAUGE;
    return this.#read > 1 ? RESET_NO : RESET_UNKNOWN;
  }
}

const STALE = {
  counterResetHint: RESET_UNKNOWN as CounterResetHint,
  schema: 0,
  zeroThreshold: 0,
  zeroCount: 0,
  count: 0,
  positiveSpans: [],
  negativeSpans: [],
  positiveBuckets: NO_COUNTS,
  negativeBuckets: NO_COUNTS,
  customValues: NO_COUNTS,
};

/** The fields of one encoding between time and end of a sample. */
interface Columns {
  readonly count: number;
  readonly zeroCount: number;
  readFirst(bits: BitReader, sum: XorValue): void;
  /** False if a value has no window of bits. */
  readNext(bits: BitReader, sum: XorValue): boolean;
  positive(): Float64Array;
  negative(): Float64Array;
}

class WholeColumns implements Columns {
  count = 0;
  zeroCount = 0;
  #countDelta = 0;
  #zeroCountDelta = 0;
  readonly #positive: WholeBuckets;
  readonly #negative: WholeBuckets;

  constructor(layout: HistogramLayout) {
    this.#positive = new WholeBuckets(bucketCount(layout.positiveSpans));
    this.#negative = new WholeBuckets(bucketCount(layout.negativeSpans));
  }

  readFirst(bits: BitReader, sum: XorValue): void {
    this.count = bits.uvarbit();
    this.zeroCount = bits.uvarbit();
    sum.readRaw(bits);
    this.#positive.readFirst(bits);
    this.#negative.readFirst(bits);
  }

  readNext(bits: BitReader, sum: XorValue): boolean {
    this.#countDelta += bits.varbit();
    this.count += this.#countDelta;
    this.#zeroCountDelta += bits.varbit();
    this.zeroCount += this.#zeroCountDelta;
    if (!sum.read(bits)) return false;
    if (isStaleWords(sum.low, sum.high)) return true;
    this.#positive.readNext(bits);
    this.#negative.readNext(bits);
    return true;
  }

  positive(): Float64Array {
    return this.#positive.counts();
  }
  negative(): Float64Array {
    return this.#negative.counts();
  }
}

/** Buckets as differences to the bucket before, and how these changed with the last sample. */
class WholeBuckets {
  readonly #steps: Float64Array;
  readonly #deltas: Float64Array;

  constructor(count: number) {
    this.#steps = new Float64Array(count);
    this.#deltas = new Float64Array(count);
  }

  readFirst(bits: BitReader): void {
    for (let i = 0; i < this.#steps.length; i++) this.#steps[i] = bits.varbit();
  }

  readNext(bits: BitReader): void {
    const steps = this.#steps;
    const deltas = this.#deltas;
    for (let i = 0; i < steps.length; i++) {
      const delta = deltas[i]! + bits.varbit();
      deltas[i] = delta;
      steps[i] = steps[i]! + delta;
    }
  }

  counts(): Float64Array {
    const counts = new Float64Array(this.#steps.length);
    let count = 0;
    for (let i = 0; i < counts.length; i++) {
      count += this.#steps[i]!;
      counts[i] = count;
    }
    return counts;
  }
}

class DoubleColumns implements Columns {
  readonly #count = new XorValue();
  readonly #zeroCount = new XorValue();
  readonly #positive: XorValue[];
  readonly #negative: XorValue[];

  constructor(layout: HistogramLayout) {
    this.#positive = Array.from({ length: bucketCount(layout.positiveSpans) }, () => new XorValue());
    this.#negative = Array.from({ length: bucketCount(layout.negativeSpans) }, () => new XorValue());
  }

  get count(): number {
    return this.#count.value;
  }
  get zeroCount(): number {
    return this.#zeroCount.value;
  }

  readFirst(bits: BitReader, sum: XorValue): void {
    this.#count.readRaw(bits);
    this.#zeroCount.readRaw(bits);
    sum.readRaw(bits);
    for (const bucket of this.#positive) bucket.readRaw(bits);
    for (const bucket of this.#negative) bucket.readRaw(bits);
  }

  readNext(bits: BitReader, sum: XorValue): boolean {
    let isSound = this.#count.read(bits) && this.#zeroCount.read(bits) && sum.read(bits);
    if (isStaleWords(sum.low, sum.high)) return isSound;
    for (const bucket of this.#positive) isSound &&= bucket.read(bits);
    for (const bucket of this.#negative) isSound &&= bucket.read(bits);
    return isSound;
  }

  positive(): Float64Array {
    return Float64Array.from(this.#positive, (bucket) => bucket.value);
  }
  negative(): Float64Array {
    return Float64Array.from(this.#negative, (bucket) => bucket.value);
  }
}

/**
 * Writes native histogram chunks, byte for byte as Prometheus' appenders; the bytes are drawn in histogram-layout.ts and
 * histogram-reader.ts. One appender is one growing chunk:
 *
 *   const { outcome, appender } = open.append(timeMs, histogram);
 *     "appended"  the sample is in the chunk
 *     "recoded"   it is, and all bytes before it have changed: buckets appeared that the chunk did not have
 *     "new-chunk" it did not fit (counter reset, another schema …); `appender` is another one, with this sample alone
 *
 * A counter's chunk holds no reset: its header says what is known of one before its first sample. Gauges have chunks of
 * their own. Behind a staleness marker only others of them fit.
 */
import { assert } from "../../base/index.js";
import {
  CUSTOM_BUCKETS_SCHEMA,
  type Histogram,
  isStaleNumber,
  isStaleWords,
  RESET_GAUGE,
  RESET_YES,
  type Span,
  STALE_NAN_HIGH,
  STALE_NAN_LOW,
} from "../../model/index.js";
import { BitWriter } from "./bits.js";
import { CHUNK_SAMPLES_MAX, ENCODING_FLOAT_HISTOGRAM, ENCODING_HISTOGRAM, type HistogramEncoding } from "./encoding.js";
import {
  HEADER_GAUGE,
  HEADER_NO_RESET,
  HEADER_RESET,
  HEADER_UNKNOWN,
  HISTOGRAM_HEADER_BYTES,
  type HistogramLayout,
  RESET_HEADER_BYTE,
  writeLayout,
} from "./histogram-layout.js";
import { HistogramReader } from "./histogram-reader.js";
import { bucketCount, bucketsOf, fitOf, isReset, type LayoutFit, spansOf, spread } from "./spans.js";
import { XorValue } from "./xor-value.js";

export interface HistogramAppend {
  readonly outcome: "appended" | "recoded" | "new-chunk";
  readonly appender: HistogramAppender;
}

/** The spans that chunk and sample shall have, and which of the two must change for that. */
interface Plan {
  readonly isChunkLacking: boolean;
  readonly isSampleLacking: boolean;
  readonly positiveSpans: readonly Span[];
  readonly negativeSpans: readonly Span[];
}

/** How a sample fits into a chunk, or what the header of a new chunk says. */
type Verdict = Plan | number;

const AS_IT_IS: Plan = { isChunkLacking: false, isSampleLacking: false, positiveSpans: [], negativeSpans: [] };
const NO_LAYOUT: HistogramLayout = {
  schema: 0,
  zeroThreshold: 0,
  positiveSpans: [],
  negativeSpans: [],
  customValues: new Float64Array(0),
};
/** Whether a histogram sample is a staleness marker. */
export function isStaleHistogram(histogram: Histogram): boolean {
  return isStaleNumber(histogram.sum);
}

export function encodingOf(histogram: Histogram): HistogramEncoding {
  return histogram.isFloat ? ENCODING_FLOAT_HISTOGRAM : ENCODING_HISTOGRAM;
}

export class HistogramAppender {
  readonly encoding: HistogramEncoding;
  #out = new BitWriter(new Uint8Array(HISTOGRAM_HEADER_BYTES));
  #header = HEADER_UNKNOWN;
  #samples = 0;
  #layout = NO_LAYOUT;
  #columns: Columns;
  #sum = new XorValue();
  #minTime = 0;
  #time = 0;
  #timeDelta = 0;

  constructor(encoding: HistogramEncoding) {
    this.encoding = encoding;
    this.#columns = this.#newColumns();
  }

  /** An appender that goes on with a chunk; its first `count` samples, where the header is not to be trusted. */
  static resume(encoding: HistogramEncoding, data: Uint8Array, count?: number): HistogramAppender {
    const reader = new HistogramReader(encoding, data, count);
    const appender = new HistogramAppender(encoding);
    while (reader.next()) appender.#write(reader.timeMs, reader.histogram());
    appender.#header = reader.resetHeader;
    return appender;
  }

  get count(): number {
    return this.#samples;
  }
  get minTimeMs(): number {
    return this.#minTime;
  }
  get maxTimeMs(): number {
    return this.#time;
  }
  /** HEADER_* */
  get resetHeader(): number {
    return this.#header;
  }
  get byteLength(): number {
    return this.#out.bytes.length;
  }

  /** The chunk so far: a view, valid until the next append. */
  view(): Uint8Array {
    const bytes = this.#out.bytes;
    bytes[0] = this.#samples >>> 8;
    bytes[1] = this.#samples & 0xff;
    bytes[RESET_HEADER_BYTE] = this.#header;
    return bytes;
  }

  /** The chunk so far, its own bytes. */
  bytes(): Uint8Array {
    return this.view().slice();
  }

  /**
   * Appends a sample of this appender's encoding, whose bucket counts are as many as its spans say.
   *
   * @param before  the series' chunk before this one, if this one is empty and that has the same encoding: tells the header.
   */
  append(timeMs: number, histogram: Histogram, before?: HistogramAppender): HistogramAppend {
    assert(encodingOf(histogram) === this.encoding, "a histogram is appended to a chunk of the other encoding");
    assert(this.#samples < CHUNK_SAMPLES_MAX, "a histogram chunk is full");
    if (this.#samples === 0) {
      this.#header = this.#firstHeader(histogram, before);
      this.#write(timeMs, histogram);
      return { outcome: "appended", appender: this };
    }
    const isGauge = histogram.counterResetHint === RESET_GAUGE;
    const verdict = isGauge ? this.#judgeGauge(histogram) : this.#judgeCounter(histogram);
    if (typeof verdict === "number") {
      const appender = new HistogramAppender(this.encoding);
      appender.#header = verdict;
      appender.#write(timeMs, histogram);
      return { outcome: "new-chunk", appender };
    }
    const { positiveSpans, negativeSpans, isChunkLacking, isSampleLacking } = verdict;
    if (isChunkLacking) this.#recode(positiveSpans, negativeSpans);
    this.#write(timeMs, isSampleLacking ? respread(histogram, positiveSpans, negativeSpans) : histogram);
    return { outcome: isChunkLacking ? "recoded" : "appended", appender: this };
  }

  #firstHeader(histogram: Histogram, before: HistogramAppender | undefined): number {
    if (histogram.counterResetHint === RESET_GAUGE) return HEADER_GAUGE;
    if (histogram.counterResetHint === RESET_YES) return HEADER_RESET;
    if (before === undefined) return HEADER_UNKNOWN;
    const verdict = before.#judgeCounter(histogram);
    if (typeof verdict !== "number") return HEADER_NO_RESET;
    // Prometheus' float chunks say "no reset" here also where another schema makes that unknown.
    return this.encoding === ENCODING_FLOAT_HISTOGRAM && verdict !== HEADER_RESET ? HEADER_NO_RESET : verdict;
  }

  /** Whether a counter's sample may follow, as Prometheus decides it, in its order. */
  #judgeCounter(histogram: Histogram): Verdict {
    const isWhole = this.encoding === ENCODING_HISTOGRAM;
    if (this.#samples > 0 && this.#header === HEADER_GAUGE) return isWhole ? HEADER_NO_RESET : HEADER_UNKNOWN;
    if (histogram.counterResetHint === RESET_YES) return HEADER_RESET;
    if (isStaleHistogram(histogram)) return AS_IT_IS;
    if (isStaleWords(this.#sum.low, this.#sum.high)) return HEADER_UNKNOWN;
    const columns = this.#columns;
    const layout = this.#layout;
    if (histogram.count < columns.count) return HEADER_RESET;
    if (histogram.schema !== layout.schema || histogram.zeroThreshold !== layout.zeroThreshold) return HEADER_UNKNOWN;
    if (!areBoundsEqual(histogram, layout)) return HEADER_RESET;
    if (histogram.zeroCount < columns.zeroCount) return HEADER_RESET;
    const { positiveSpans, negativeSpans } = layout;
    const isAnyReset =
      isReset(positiveSpans, columns.positive, histogram.positiveSpans, histogram.positiveBuckets) ||
      isReset(negativeSpans, columns.negative, histogram.negativeSpans, histogram.negativeBuckets);
    return isAnyReset ? HEADER_RESET : planCounter(layout, histogram);
  }

  #judgeGauge(histogram: Histogram): Verdict {
    if (this.#header !== HEADER_GAUGE) return HEADER_GAUGE;
    if (isStaleHistogram(histogram)) return AS_IT_IS;
    if (isStaleWords(this.#sum.low, this.#sum.high)) return HEADER_GAUGE;
    const layout = this.#layout;
    if (histogram.schema !== layout.schema || histogram.zeroThreshold !== layout.zeroThreshold) return HEADER_GAUGE;
    if (!areBoundsEqual(histogram, layout)) return HEADER_GAUGE;
    return planGauge(layout, histogram);
  }

  /** Writes all samples anew with more buckets. */
  #recode(positiveSpans: readonly Span[], negativeSpans: readonly Span[]): void {
    const reader = new HistogramReader(this.encoding, this.view().slice());
    const header = this.#header;
    this.#out = new BitWriter(new Uint8Array(HISTOGRAM_HEADER_BYTES));
    this.#samples = 0;
    this.#sum = new XorValue();
    while (reader.next()) this.#write(reader.timeMs, respread(reader.histogram(), positiveSpans, negativeSpans));
    this.#header = header;
  }

  #write(timeMs: number, histogram: Histogram): void {
    const out = this.#out;
    const isStale = isStaleHistogram(histogram);
    if (this.#samples === 0) {
      const { schema, zeroThreshold, positiveSpans, negativeSpans, customValues } = histogram;
      this.#layout = isStale ? NO_LAYOUT : { schema, zeroThreshold, positiveSpans, negativeSpans, customValues };
      writeLayout(out, this.#layout);
      out.varbit(timeMs);
      this.#columns = this.#newColumns();
      this.#columns.writeFirst(out, this.#sum, histogram, isStale);
      this.#minTime = timeMs;
      this.#timeDelta = 0;
    } else {
      const delta = timeMs - this.#time;
      out.varbit(delta - this.#timeDelta);
      this.#timeDelta = delta;
      this.#columns.writeNext(out, this.#sum, histogram, isStale);
    }
    this.#time = timeMs;
    this.#samples++;
  }

  #newColumns(): Columns {
    const positive = bucketCount(this.#layout.positiveSpans);
    const negative = bucketCount(this.#layout.negativeSpans);
    return this.encoding === ENCODING_FLOAT_HISTOGRAM
      ? new DoubleColumns(positive, negative)
      : new WholeColumns(positive, negative);
  }
}

/**
 * The spans of a counter's chunk and sample, as Prometheus chooses them: the chunk's own where it has all buckets; else the
 * sample's, and the shortest ones for a half in which the sample lacks buckets too.
 */
function planCounter(layout: HistogramLayout, histogram: Histogram): Plan {
  const positive = fitOf(layout.positiveSpans, histogram.positiveSpans);
  const negative = fitOf(layout.negativeSpans, histogram.negativeSpans);
  const isChunkLacking = positive.isChunkLacking || negative.isChunkLacking;
  const isSampleLacking = positive.isSampleLacking || negative.isSampleLacking;
  const spans = (fit: LayoutFit, ofChunk: readonly Span[], ofSample: readonly Span[]): readonly Span[] => {
    if (!isChunkLacking) return ofChunk;
    return fit.isSampleLacking ? spansOf(fit.union) : ofSample;
  };
  return {
    isChunkLacking,
    isSampleLacking,
    positiveSpans: spans(positive, layout.positiveSpans, histogram.positiveSpans),
    negativeSpans: spans(negative, layout.negativeSpans, histogram.negativeSpans),
  };
}

/** As `planCounter`, of gauges: the sample's spans, or the shortest ones where it lacks buckets in any half. */
function planGauge(layout: HistogramLayout, histogram: Histogram): Plan {
  const positive = fitOf(layout.positiveSpans, histogram.positiveSpans);
  const negative = fitOf(layout.negativeSpans, histogram.negativeSpans);
  const isSampleLacking = positive.isSampleLacking || negative.isSampleLacking;
  return {
    isChunkLacking: positive.isChunkLacking || negative.isChunkLacking,
    isSampleLacking,
    positiveSpans: isSampleLacking ? spansOf(positive.union) : histogram.positiveSpans,
    negativeSpans: isSampleLacking ? spansOf(negative.union) : histogram.negativeSpans,
  };
}

/** The same counts in a layout that has all their buckets. */
function respread(histogram: Histogram, positiveSpans: readonly Span[], negativeSpans: readonly Span[]): Histogram {
  return {
    ...histogram,
    positiveSpans,
    negativeSpans,
    positiveBuckets: spread(histogram.positiveBuckets, bucketsOf(histogram.positiveSpans), bucketsOf(positiveSpans)),
    negativeBuckets: spread(histogram.negativeBuckets, bucketsOf(histogram.negativeSpans), bucketsOf(negativeSpans)),
  };
}

function areBoundsEqual(histogram: Histogram, layout: HistogramLayout): boolean {
  if (histogram.schema !== CUSTOM_BUCKETS_SCHEMA) return true;
  const a = histogram.customValues;
  const b = layout.customValues;
  return a.length === b.length && a.every((bound, i) => bound === b[i]);
}

function writeFirstSum(out: BitWriter, sum: XorValue, value: number, isStale: boolean): void {
  if (isStale) sum.writeRawWords(out, STALE_NAN_HIGH, STALE_NAN_LOW);
  else sum.writeRaw(out, value);
}

/** The fields of one encoding behind the time, with what the next sample is written against. */
interface Columns {
  readonly count: number;
  readonly zeroCount: number;
  readonly positive: ArrayLike<number>;
  readonly negative: ArrayLike<number>;
  writeFirst(out: BitWriter, sum: XorValue, histogram: Histogram, isStale: boolean): void;
  writeNext(out: BitWriter, sum: XorValue, histogram: Histogram, isStale: boolean): void;
}

class WholeColumns implements Columns {
  count = 0;
  zeroCount = 0;
  readonly positive: Float64Array;
  readonly negative: Float64Array;
  readonly #positiveDeltas: Float64Array;
  readonly #negativeDeltas: Float64Array;
  #countDelta = 0;
  #zeroCountDelta = 0;

  constructor(positive: number, negative: number) {
    this.positive = new Float64Array(positive);
    this.negative = new Float64Array(negative);
    this.#positiveDeltas = new Float64Array(positive);
    this.#negativeDeltas = new Float64Array(negative);
  }

  writeFirst(out: BitWriter, sum: XorValue, histogram: Histogram, isStale: boolean): void {
    this.count = isStale ? 0 : histogram.count;
    this.zeroCount = isStale ? 0 : histogram.zeroCount;
    out.uvarbit(this.count);
    out.uvarbit(this.zeroCount);
    writeFirstSum(out, sum, histogram.sum, isStale);
    if (isStale) return;
    writeFirstBuckets(out, histogram.positiveBuckets, this.positive);
    writeFirstBuckets(out, histogram.negativeBuckets, this.negative);
  }

  writeNext(out: BitWriter, sum: XorValue, histogram: Histogram, isStale: boolean): void {
    if (isStale) {
      out.varbit(0);
      out.varbit(0);
      sum.writeWords(out, STALE_NAN_HIGH, STALE_NAN_LOW);
      return;
    }
    const countDelta = histogram.count - this.count;
    const zeroCountDelta = histogram.zeroCount - this.zeroCount;
    out.varbit(countDelta - this.#countDelta);
    out.varbit(zeroCountDelta - this.#zeroCountDelta);
    sum.write(out, histogram.sum);
    writeNextBuckets(out, histogram.positiveBuckets, this.positive, this.#positiveDeltas);
    writeNextBuckets(out, histogram.negativeBuckets, this.negative, this.#negativeDeltas);
    this.count = histogram.count;
    this.zeroCount = histogram.zeroCount;
    this.#countDelta = countDelta;
    this.#zeroCountDelta = zeroCountDelta;
  }
}

function writeFirstBuckets(out: BitWriter, counts: Float64Array, last: Float64Array): void {
  let before = 0;
  for (let i = 0; i < last.length; i++) {
    const count = counts[i]!;
    out.varbit(count - before);
    last[i] = count;
    before = count;
  }
}

/** A bucket is written as its difference to the bucket before; `deltas` holds how these changed with the last sample. */
function writeNextBuckets(out: BitWriter, counts: Float64Array, last: Float64Array, deltas: Float64Array): void {
  let before = 0;
  let lastBefore = 0;
  for (let i = 0; i < last.length; i++) {
    const count = counts[i]!;
    const lastCount = last[i]!;
    const delta = count - before - (lastCount - lastBefore);
    out.varbit(delta - deltas[i]!);
    deltas[i] = delta;
    last[i] = count;
    before = count;
    lastBefore = lastCount;
  }
}

class DoubleColumns implements Columns {
  readonly #count = new XorValue();
  readonly #zeroCount = new XorValue();
  readonly #positive: XorValue[];
  readonly #negative: XorValue[];

  constructor(positive: number, negative: number) {
    this.#positive = Array.from({ length: positive }, () => new XorValue());
    this.#negative = Array.from({ length: negative }, () => new XorValue());
  }

  get count(): number {
    return this.#count.value;
  }
  get zeroCount(): number {
    return this.#zeroCount.value;
  }
  get positive(): Float64Array {
    return Float64Array.from(this.#positive, ({ value }) => value);
  }
  get negative(): Float64Array {
    return Float64Array.from(this.#negative, ({ value }) => value);
  }

  writeFirst(out: BitWriter, sum: XorValue, histogram: Histogram, isStale: boolean): void {
    this.#count.writeRaw(out, isStale ? 0 : histogram.count);
    this.#zeroCount.writeRaw(out, isStale ? 0 : histogram.zeroCount);
    writeFirstSum(out, sum, histogram.sum, isStale);
    for (const [i, bucket] of this.#positive.entries()) bucket.writeRaw(out, histogram.positiveBuckets[i]!);
    for (const [i, bucket] of this.#negative.entries()) bucket.writeRaw(out, histogram.negativeBuckets[i]!);
  }

  writeNext(out: BitWriter, sum: XorValue, histogram: Histogram, isStale: boolean): void {
    this.#count.write(out, isStale ? 0 : histogram.count);
    this.#zeroCount.write(out, isStale ? 0 : histogram.zeroCount);
    if (isStale) {
      sum.writeWords(out, STALE_NAN_HIGH, STALE_NAN_LOW);
      return;
    }
    sum.write(out, histogram.sum);
    for (const [i, bucket] of this.#positive.entries()) bucket.write(out, histogram.positiveBuckets[i]!);
    for (const [i, bucket] of this.#negative.entries()) bucket.write(out, histogram.negativeBuckets[i]!);
  }
}

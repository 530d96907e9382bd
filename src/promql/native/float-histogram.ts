/**
 * A native histogram while PromQL computes with it: counts are floats, buckets are sparse. Everything that changes one
 * changes the receiver; who shares it copies first. An empty bucket may be kept (storage has them, and `==` sees them)
 * until `compact`.
 */
import {
  type CounterResetHint,
  CUSTOM_BUCKETS_SCHEMA,
  type Histogram,
  RESET_GAUGE,
  RESET_UNKNOWN,
  type Span,
} from "../../model/index.js";
import { formatGeneral } from "../../model/number.js";
import { exponentialBound } from "./bounds.js";

/** Buckets of one sign: ascending indexes (away from zero) and as many counts. */
export interface Buckets {
  indexes: number[];
  counts: number[];
}

/** One bucket with its bounds. */
export interface Bucket {
  lower: number;
  upper: number;
  count: number;
  readonly lowerInclusive: boolean;
  readonly upperInclusive: boolean;
}

const NO_BOUNDS: readonly number[] = [];

export class FloatHistogram {
  counterResetHint: CounterResetHint = RESET_UNKNOWN;
  schema = 0;
  zeroThreshold = 0;
  zeroCount = 0;
  count = 0;
  sum = 0;
  positive: Buckets = { indexes: [], counts: [] };
  negative: Buckets = { indexes: [], counts: [] };
  /** Upper bounds of custom buckets without +Inf; never changed in place, so it may be shared. */
  customValues: readonly number[] = NO_BOUNDS;

  static fromSample(sample: Histogram): FloatHistogram {
    const histogram = new FloatHistogram();
    histogram.counterResetHint = sample.counterResetHint;
    histogram.schema = sample.schema;
    histogram.zeroThreshold = sample.zeroThreshold;
    histogram.zeroCount = sample.zeroCount;
    histogram.count = sample.count;
    histogram.sum = sample.sum;
    histogram.positive = bucketsOf(sample.positiveSpans, sample.positiveBuckets);
    histogram.negative = bucketsOf(sample.negativeSpans, sample.negativeBuckets);
    if (sample.customValues.length > 0) histogram.customValues = [...sample.customValues];
    return histogram;
  }

  get usesCustomBuckets(): boolean {
    return this.schema === CUSTOM_BUCKETS_SCHEMA;
  }

  copy(): FloatHistogram {
    const other = new FloatHistogram();
    other.counterResetHint = this.counterResetHint;
    other.schema = this.schema;
    other.zeroThreshold = this.zeroThreshold;
    other.zeroCount = this.zeroCount;
    other.count = this.count;
    other.sum = this.sum;
    other.positive = copyOf(this.positive);
    other.negative = copyOf(this.negative);
    other.customValues = this.customValues;
    return other;
  }

  /** @param marksGauge  a negative factor makes a gauge of it, as from 3.14 on */
  multiply(factor: number, marksGauge = false): this {
    this.zeroCount *= factor;
    this.count *= factor;
    this.sum *= factor;
    for (const { counts } of [this.positive, this.negative]) {
      for (let i = 0; i < counts.length; i++) counts[i]! *= factor;
    }
    if (marksGauge && factor < 0) this.counterResetHint = RESET_GAUGE;
    return this;
  }

  /** Division by zero leaves no buckets. @param marksGauge  as for `multiply` */
  divide(divisor: number, marksGauge = false): this {
    this.zeroCount /= divisor;
    this.count /= divisor;
    this.sum /= divisor;
    if (divisor === 0) {
      this.positive = { indexes: [], counts: [] };
      this.negative = { indexes: [], counts: [] };
      return this;
    }
    for (const { counts } of [this.positive, this.negative]) {
      for (let i = 0; i < counts.length; i++) counts[i]! /= divisor;
    }
    if (marksGauge && divisor < 0) this.counterResetHint = RESET_GAUGE;
    return this;
  }

  /** Drops empty buckets. */
  compact(): this {
    this.positive = compacted(this.positive);
    this.negative = compacted(this.negative);
    return this;
  }

  /** Whether both have the same buckets (empty ones too) with the same bits in each number. */
  equals(other: FloatHistogram): boolean {
    return (
      this.schema === other.schema &&
      Object.is(this.count, other.count) &&
      Object.is(this.sum, other.sum) &&
      this.zeroThreshold === other.zeroThreshold &&
      Object.is(this.zeroCount, other.zeroCount) &&
      (!this.usesCustomBuckets || sameBounds(this.customValues, other.customValues)) &&
      sameBuckets(this.negative, other.negative) &&
      sameBuckets(this.positive, other.positive)
    );
  }

  /** All buckets from the lowest to the highest, the zero bucket among them unless it is empty. */
  allBuckets(): Bucket[] {
    const buckets: Bucket[] = [];
    const { negative, positive, zeroThreshold, zeroCount } = this;
    for (let i = negative.indexes.length - 1; i >= 0; i--) {
      const bucket = this.negativeBucket(i);
      if (bucket.upper < 0 && bucket.upper > -zeroThreshold) bucket.upper = -zeroThreshold;
      buckets.push(bucket);
    }
    if (zeroCount > 0) buckets.push(this.zeroBucket());
    for (let i = 0; i < positive.indexes.length; i++) {
      const bucket = this.positiveBucket(i);
      if (bucket.lower > 0 && bucket.lower < zeroThreshold) bucket.lower = zeroThreshold;
      buckets.push(bucket);
    }
    return buckets;
  }

  zeroBucket(): Bucket {
    const { zeroThreshold, zeroCount } = this;
    return {
      lower: -zeroThreshold,
      upper: zeroThreshold,
      count: zeroCount,
      lowerInclusive: true,
      upperInclusive: true,
    };
  }

  positiveBucket(i: number): Bucket {
    const index = this.positive.indexes[i]!;
    const count = this.positive.counts[i]!;
    const lower = this.bound(index - 1);
    const upper = this.bound(index);
    const isCustom = this.usesCustomBuckets;
    return {
      lower,
      upper,
      count,
      lowerInclusive: isCustom ? index === 0 : lower < 0,
      upperInclusive: isCustom || upper > 0,
    };
  }

  negativeBucket(i: number): Bucket {
    const index = this.negative.indexes[i]!;
    const lower = -this.bound(index);
    const upper = -this.bound(index - 1);
    const count = this.negative.counts[i]!;
    return { lower, upper, count, lowerInclusive: lower < 0, upperInclusive: upper > 0 };
  }

  /** The upper bound of a positive bucket. */
  bound(index: number): number {
    if (!this.usesCustomBuckets) return exponentialBound(index, this.schema);
    if (index < 0) return Number.NEGATIVE_INFINITY;
    return this.customValues[index] ?? Number.POSITIVE_INFINITY;
  }

  /** As `count_values` labels it: `{count:3, sum:4.5, [-0.001,0.001]:1, (0.5,1]:2}`. */
  toString(): string {
    const parts = [`count:${formatGeneral(this.count)}`, `sum:${formatGeneral(this.sum)}`];
    const { negative, positive } = this;
    const add = (bucket: Bucket): void => {
      if (bucket.count === 0) return;
      const bounds = `${formatGeneral(bucket.lower)},${formatGeneral(bucket.upper)}`;
      const text = `${bucket.lowerInclusive ? "[" : "("}${bounds}${bucket.upperInclusive ? "]" : ")"}`;
      parts.push(`${text}:${formatGeneral(bucket.count)}`);
    };
    for (let i = negative.indexes.length - 1; i >= 0; i--) add(this.negativeBucket(i));
    if (this.zeroCount !== 0) add(this.zeroBucket());
    for (let i = 0; i < positive.indexes.length; i++) add(this.positiveBucket(i));
    return `{${parts.join(", ")}}`;
  }

  /** Bytes as Prometheus counts them for `--query.max-samples`, where 16 are one sample. */
  get samples(): number {
    const { positive, negative, customValues } = this;
    const numbers = positive.counts.length + negative.counts.length + customValues.length;
    const spans = spanCount(positive.indexes) + spanCount(negative.indexes);
    return Math.trunc((168 + 8 + 8 * (numbers + spans)) / 16);
  }
}

function bucketsOf(spans: readonly Span[], values: Float64Array): Buckets {
  const indexes: number[] = [];
  let index = 0;
  for (const { offset, length } of spans) {
    index += offset;
    for (let i = 0; i < length; i++) indexes.push(index++);
  }
  return { indexes, counts: Array.from(values.subarray(0, indexes.length)) };
}

function copyOf({ indexes, counts }: Buckets): Buckets {
  return { indexes: indexes.slice(), counts: counts.slice() };
}

function compacted(buckets: Buckets): Buckets {
  if (!buckets.counts.includes(0)) return buckets;
  const kept: Buckets = { indexes: [], counts: [] };
  for (const [i, count] of buckets.counts.entries()) {
    if (count === 0) continue;
    kept.indexes.push(buckets.indexes[i]!);
    kept.counts.push(count);
  }
  return kept;
}

function sameBuckets(a: Buckets, b: Buckets): boolean {
  return (
    a.indexes.length === b.indexes.length &&
    a.indexes.every((index, i) => index === b.indexes[i]) &&
    a.counts.every((count, i) => Object.is(count, b.counts[i]))
  );
}

export function sameBounds(a: readonly number[], b: readonly number[]): boolean {
  return a === b || (a.length === b.length && a.every((bound, i) => bound === b[i]));
}

function spanCount(indexes: readonly number[]): number {
  let spans = 0;
  for (let i = 0; i < indexes.length; i++) if (i === 0 || indexes[i] !== indexes[i - 1]! + 1) spans++;
  return spans;
}

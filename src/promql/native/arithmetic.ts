/**
 * Sums and differences of native histograms. Two of different resolution meet at the coarser one, two of different zero
 * buckets at the smallest zero bucket that cuts no populated bucket of either, two of different custom bounds at the
 * bounds that they share.
 */
import { type CounterResetHint, RESET_GAUGE, RESET_NO, RESET_UNKNOWN, RESET_YES } from "../../model/index.js";
import { exponentialBound, targetIndex } from "./bounds.js";
import { type Buckets, type FloatHistogram, sameBounds } from "./float-histogram.js";

/** Why two histograms have no sum: one has custom buckets and one has not, or (3.5) their custom bounds differ. */
export type Incompatibility = "schema" | "bounds";

export interface Combination {
  readonly error?: Incompatibility;
  /** One told of a counter reset, the other that there was none. */
  readonly hintsCollide: boolean;
  /** Custom bounds differed and were reduced to those in common. */
  readonly boundsReconciled: boolean;
}

/** `reconcile`: whether differing custom bounds are reduced to the common ones; Prometheus 3.5 refuses them. */
export function add(h: FloatHistogram, other: FloatHistogram, reconcile: boolean): Combination {
  return combine(h, other, 1, reconcile);
}

export function subtract(h: FloatHistogram, other: FloatHistogram, reconcile: boolean): Combination {
  return combine(h, other, -1, reconcile);
}

function refusal(h: FloatHistogram, other: FloatHistogram, reconcile: boolean): Combination | undefined {
  const no = { hintsCollide: false, boundsReconciled: false };
  if (h.usesCustomBuckets !== other.usesCustomBuckets) return { error: "schema", ...no };
  if (!reconcile && h.usesCustomBuckets && !sameBounds(h.customValues, other.customValues)) {
    return { error: "bounds", ...no };
  }
  return undefined;
}

function combine(h: FloatHistogram, other: FloatHistogram, sign: 1 | -1, reconcile: boolean): Combination {
  const refused = refusal(h, other, reconcile);
  if (refused !== undefined) return refused;
  const hintsCollide = joinHints(h, other);
  if (!h.usesCustomBuckets) {
    // Reconciling changes the receiver's count: only then is it read.
    const { count } = reconcileZeroBuckets(h, other, undefined);
    h.zeroCount += sign * count;
  }
  h.count += sign * other.count;
  h.sum += sign * other.sum;
  if (h.usesCustomBuckets) {
    if (sameBounds(h.customValues, other.customValues)) {
      h.positive = joinBuckets(h, h.positive, other.positive, sign);
      return { hintsCollide, boundsReconciled: false };
    }
    const bounds = commonBounds(h.customValues, other.customValues);
    const mapped = new MappedBuckets(bounds);
    mapped.add(h.positive, h.customValues, 1, undefined);
    mapped.add(other.positive, other.customValues, sign, undefined);
    h.positive = mapped.finish().buckets;
    h.customValues = bounds;
    return { hintsCollide, boundsReconciled: true };
  }
  reduceResolution(h, other.schema);
  h.positive = joinBuckets(h, h.positive, reducedBuckets(other.positive, other.schema, h.schema), sign);
  h.negative = joinBuckets(h, h.negative, reducedBuckets(other.negative, other.schema, h.schema), sign);
  return { hintsCollide, boundsReconciled: false };
}

/** The receiver's hint after a combination. */
function joinHints(h: FloatHistogram, other: FloatHistogram): boolean {
  const joined = joinedHint(h.counterResetHint, other.counterResetHint);
  h.counterResetHint = joined ?? RESET_UNKNOWN;
  return joined === undefined;
}

function joinedHint(a: CounterResetHint, b: CounterResetHint): CounterResetHint | undefined {
  if (a === b) return a;
  if (a === RESET_GAUGE || b === RESET_GAUGE) return RESET_GAUGE;
  if (a === RESET_UNKNOWN || b === RESET_UNKNOWN) return RESET_UNKNOWN;
  return undefined;
}

/** Reduces `h` to a coarser schema; nothing if it is as coarse already. */
export function reduceResolution(h: FloatHistogram, schema: number): void {
  if (schema >= h.schema) return;
  h.positive = reducedBuckets(h.positive, h.schema, schema);
  h.negative = reducedBuckets(h.negative, h.schema, schema);
  h.schema = schema;
}

function reducedBuckets(buckets: Buckets, from: number, to: number): Buckets {
  if (to >= from) return buckets;
  const reduced: Buckets = { indexes: [], counts: [] };
  for (const [i, index] of buckets.indexes.entries()) {
    const target = targetIndex(index, from, to);
    const last = reduced.indexes.length - 1;
    if (last >= 0 && reduced.indexes[last] === target) reduced.counts[last]! += buckets.counts[i]!;
    else {
      reduced.indexes.push(target);
      reduced.counts.push(buckets.counts[i]!);
    }
  }
  return reduced;
}

/** Leading buckets of `b` that lie within the zero bucket of `h` are left out: they are counted there. */
function firstBeyondZero(h: FloatHistogram, b: Buckets): number {
  if (h.usesCustomBuckets) return 0;
  let from = 0;
  while (from < b.indexes.length && exponentialBound(b.indexes[from]!, h.schema) <= h.zeroThreshold) from++;
  return from;
}

function joinBuckets(h: FloatHistogram, a: Buckets, b: Buckets, sign: 1 | -1): Buckets {
  const joined: Buckets = { indexes: [], counts: [] };
  let i = 0;
  let k = firstBeyondZero(h, b);
  while (i < a.indexes.length || k < b.indexes.length) {
    const left = i < a.indexes.length ? a.indexes[i]! : Number.POSITIVE_INFINITY;
    const right = k < b.indexes.length ? b.indexes[k]! : Number.POSITIVE_INFINITY;
    joined.indexes.push(Math.min(left, right));
    if (left < right) joined.counts.push(a.counts[i++]!);
    else if (right < left) joined.counts.push(sign * b.counts[k++]!);
    else joined.counts.push(a.counts[i++]! + sign * b.counts[k++]!);
  }
  return joined;
}

/** Makes the zero buckets equal: changes that of `h`, and returns what the zero count of `other` would be. */
function reconcileZeroBuckets(
  h: FloatHistogram,
  other: FloatHistogram,
  c: FloatHistogram | undefined,
): { readonly count: number; readonly compensation: number } {
  let otherCount = other.zeroCount;
  let otherRest = 0;
  let otherThreshold = other.zeroThreshold;
  while (otherThreshold !== h.zeroThreshold) {
    if (h.zeroThreshold > otherThreshold) {
      const widened = widenedZero(other, h.zeroThreshold, undefined);
      otherCount = widened.count;
      otherRest = widened.compensation;
      otherThreshold = widened.threshold;
    }
    if (otherThreshold > h.zeroThreshold) {
      const widened = widenedZero(h, otherThreshold, c);
      h.zeroCount = widened.count;
      h.zeroThreshold = widened.threshold;
      if (c !== undefined) c.zeroCount = widened.compensation;
      emptyWithinZero(h, c);
    }
  }
  return { count: otherCount, compensation: otherRest };
}

interface WidenedZero {
  readonly count: number;
  readonly threshold: number;
  readonly compensation: number;
}

/**
 * The zero bucket if it reached up to `threshold`, or to the end of the populated bucket that this falls into.
 *
 * @param c  compensation of `h`; without one counts are still added up with a compensation that is thrown away, as there.
 */
function widenedZero(h: FloatHistogram, threshold: number, c: FloatHistogram | undefined): WidenedZero {
  let wanted = threshold;
  const total = new KahanSum(h.zeroCount, c?.zeroCount ?? 0);
  if (wanted === h.zeroThreshold) return { count: total.sum, threshold: wanted, compensation: total.rest };
  for (;;) {
    total.sum = h.zeroCount;
    for (const [i, count] of h.positive.counts.entries()) {
      const bucket = h.positiveBucket(i);
      if (bucket.lower >= wanted) break;
      total.add(count);
      if (c !== undefined) total.add(c.positive.counts[i]!);
      if (bucket.upper > wanted) {
        if (count !== 0) wanted = bucket.upper;
        break;
      }
    }
    let again = false;
    for (const [i, count] of h.negative.counts.entries()) {
      const bucket = h.negativeBucket(i);
      if (bucket.upper <= -wanted) break;
      total.add(count);
      if (c !== undefined) total.add(c.negative.counts[i]!);
      if (bucket.lower < -wanted) {
        if (count !== 0) {
          wanted = -bucket.lower;
          again = true;
        }
        break;
      }
    }
    if (!again) return { count: total.sum, threshold: wanted, compensation: total.rest };
  }
}

/** Empties and removes the buckets that the zero bucket took over. */
function emptyWithinZero(h: FloatHistogram, c: FloatHistogram | undefined): void {
  for (let i = 0; i < h.positive.counts.length && h.positiveBucket(i).lower < h.zeroThreshold; i++) {
    h.positive.counts[i] = 0;
    if (c !== undefined) c.positive.counts[i] = 0;
  }
  for (let i = 0; i < h.negative.counts.length && h.negativeBucket(i).upper > -h.zeroThreshold; i++) {
    h.negative.counts[i] = 0;
    if (c !== undefined) c.negative.counts[i] = 0;
  }
  // With a compensation empty buckets may stay: nothing sees them before the sum is finished and compacted.
  if (c === undefined) h.compact();
}

/** A sum in Neumaier's form of Kahan's method. */
class KahanSum {
  sum: number;
  rest: number;

  constructor(sum: number, rest: number) {
    this.sum = sum;
    this.rest = rest;
  }

  add(term: number): void {
    const next = this.sum + term;
    if (Math.abs(next) === Number.POSITIVE_INFINITY) this.rest = 0;
    else if (Math.abs(this.sum) >= Math.abs(term)) this.rest += this.sum - next + term;
    else this.rest += term - next + this.sum;
    this.sum = next;
  }
}

/** A histogram for the compensation terms of `h`: the same buckets, all empty. */
function compensationOf(h: FloatHistogram): FloatHistogram {
  const c = h.copy();
  c.zeroCount = 0;
  c.count = 0;
  c.sum = 0;
  c.positive.counts.fill(0);
  c.negative.counts.fill(0);
  return c;
}

export interface CompensatedCombination extends Combination {
  readonly compensation: FloatHistogram;
}

/** `add` with Kahan's compensation, which `c` holds between the calls; undefined at the first. */
export function kahanAdd(
  h: FloatHistogram,
  other: FloatHistogram,
  c: FloatHistogram | undefined,
): CompensatedCombination {
  const compensation = c ?? compensationOf(h);
  const refused = refusal(h, other, true);
  if (refused !== undefined) return { ...refused, compensation };
  const hintsCollide = joinHints(h, other);
  const total = new KahanSum(0, 0);
  const addTo = (key: "zeroCount" | "count" | "sum", term: number): void => {
    total.sum = h[key];
    total.rest = compensation[key];
    total.add(term);
    h[key] = total.sum;
    compensation[key] = total.rest;
  };
  if (!h.usesCustomBuckets) {
    const zero = reconcileZeroBuckets(h, other, compensation);
    addTo("zeroCount", zero.count);
    addTo("zeroCount", zero.compensation);
  }
  addTo("count", other.count);
  addTo("sum", other.sum);
  if (h.usesCustomBuckets && !sameBounds(h.customValues, other.customValues)) {
    const bounds = commonBounds(h.customValues, other.customValues);
    const mapped = new MappedBuckets(bounds);
    mapped.add(h.positive, h.customValues, 1, compensation.positive);
    mapped.add(other.positive, other.customValues, 1, undefined);
    const { buckets, rests } = mapped.finish();
    h.positive = buckets;
    h.customValues = bounds;
    compensation.positive = { indexes: buckets.indexes, counts: rests };
    compensation.customValues = bounds;
    return { hintsCollide, boundsReconciled: true, compensation };
  }
  const from = h.schema;
  h.schema = Math.min(from, other.schema);
  compensation.schema = h.schema;
  compensation.zeroThreshold = h.zeroThreshold;
  for (const side of ["positive", "negative"] as const) {
    const mine = kahanReduced({ buckets: h[side], rests: compensation[side].counts }, from, h.schema);
    const rests = new Array<number>(other[side].counts.length).fill(0);
    const theirs = kahanReduced({ buckets: other[side], rests }, other.schema, h.schema);
    const joined = kahanJoined(h, mine, theirs);
    h[side] = joined.buckets;
    compensation[side] = { indexes: joined.buckets.indexes.slice(), counts: joined.rests };
  }
  return { hintsCollide, boundsReconciled: false, compensation };
}

/** Buckets and the compensation of each count. */
interface Compensated {
  readonly buckets: Buckets;
  readonly rests: number[];
}

function kahanReduced({ buckets, rests }: Compensated, from: number, to: number): Compensated {
  if (to >= from) return { buckets, rests };
  const reduced: Compensated = { buckets: { indexes: [], counts: [] }, rests: [] };
  const { indexes, counts } = reduced.buckets;
  const total = new KahanSum(0, 0);
  for (const [i, index] of buckets.indexes.entries()) {
    const target = targetIndex(index, from, to);
    const last = indexes.length - 1;
    if (last >= 0 && indexes[last] === target) {
      total.sum = counts[last]!;
      total.rest = reduced.rests[last]!;
      total.add(buckets.counts[i]!);
      total.add(rests[i]!);
      counts[last] = total.sum;
      reduced.rests[last] = total.rest;
    } else {
      indexes.push(target);
      counts.push(buckets.counts[i]!);
      reduced.rests.push(rests[i]!);
    }
  }
  return reduced;
}

function kahanJoined(h: FloatHistogram, a: Compensated, b: Compensated): Compensated {
  const joined: Compensated = { buckets: { indexes: [], counts: [] }, rests: [] };
  const { indexes, counts } = joined.buckets;
  const total = new KahanSum(0, 0);
  let i = 0;
  let k = firstBeyondZero(h, b.buckets);
  while (i < a.buckets.indexes.length || k < b.buckets.indexes.length) {
    const left = i < a.buckets.indexes.length ? a.buckets.indexes[i]! : Number.POSITIVE_INFINITY;
    const right = k < b.buckets.indexes.length ? b.buckets.indexes[k]! : Number.POSITIVE_INFINITY;
    indexes.push(Math.min(left, right));
    if (left <= right) {
      total.sum = a.buckets.counts[i]!;
      total.rest = a.rests[i++]!;
      if (left === right) {
        total.add(b.buckets.counts[k]!);
        const rest = b.rests[k++]!;
        if (rest !== 0) total.add(rest);
      }
    } else {
      total.sum = b.buckets.counts[k]!;
      total.rest = b.rests[k++]!;
    }
    counts.push(total.sum);
    joined.rests.push(total.rest);
  }
  return joined;
}

/** The bounds that both have. */
function commonBounds(a: readonly number[], b: readonly number[]): readonly number[] {
  const others = new Set(b);
  return a.filter((bound) => others.has(bound));
}

/** Custom buckets as buckets of fewer bounds; counts are added up with compensation. */
class MappedBuckets {
  readonly #bounds: readonly number[];
  readonly #totals: KahanSum[];

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#totals = Array.from({ length: bounds.length + 1 }, () => new KahanSum(0, 0));
  }

  /** @param rests  compensation of the counts, where they have one */
  add(buckets: Buckets, bounds: readonly number[], sign: 1 | -1, rests: Buckets | undefined): void {
    let target = 0;
    for (const [i, index] of buckets.indexes.entries()) {
      const bound = bounds[index] ?? Number.POSITIVE_INFINITY;
      while (target < this.#bounds.length && this.#bounds[target]! < bound) target++;
      const total = this.#totals[target]!;
      total.add(sign * buckets.counts[i]!);
      if (rests !== undefined) total.add(rests.counts[i]!);
    }
  }

  finish(): Compensated {
    const buckets: Buckets = { indexes: [], counts: [] };
    const rests: number[] = [];
    for (const [index, { sum, rest }] of this.#totals.entries()) {
      if (sum === 0 && rest === 0) continue;
      buckets.indexes.push(index);
      buckets.counts.push(sum);
      rests.push(rest);
    }
    return { buckets, rests };
  }
}

/** Whether a number of `h` is infinite: a sum went beyond what floats hold. */
export function hasOverflow(h: FloatHistogram): boolean {
  const isInfinite = (value: number): boolean => Math.abs(value) === Number.POSITIVE_INFINITY;
  return (
    isInfinite(h.zeroCount) ||
    isInfinite(h.count) ||
    isInfinite(h.sum) ||
    h.positive.counts.some(isInfinite) ||
    h.negative.counts.some(isInfinite) ||
    h.customValues.some(isInfinite)
  );
}

/**
 * Whether a counter was reset between `previous` and `h`: by its hint, or because a count fell, a populated bucket is gone,
 * or the layout became finer.
 *
 * @param reconcile  as for `add`: without, differing custom bounds are a reset
 */
export function isReset(h: FloatHistogram, previous: FloatHistogram, reconcile: boolean): boolean {
  if (h.counterResetHint === RESET_YES) return true;
  if (h.counterResetHint === RESET_NO) return false;
  if (h.count < previous.count) return true;
  if (h.usesCustomBuckets) {
    if (!previous.usesCustomBuckets) return true;
    if (!sameBounds(h.customValues, previous.customValues)) {
      return !reconcile || isResetAtCommonBounds(h, previous);
    }
  } else if (previous.usesCustomBuckets) {
    return true;
  }
  if (h.schema > previous.schema || h.zeroThreshold < previous.zeroThreshold) return true;
  const widened = widenedZero(previous, h.zeroThreshold, undefined);
  if (widened.threshold !== h.zeroThreshold || h.zeroCount < widened.count) return true;
  return (["positive", "negative"] as const).some((side) =>
    isBucketReset(h, h[side], reducedBuckets(previous[side], previous.schema, h.schema)),
  );
}

function isBucketReset(h: FloatHistogram, current: Buckets, previous: Buckets): boolean {
  let i = h.zeroThreshold === 0 ? 0 : firstBeyondZero(h, current);
  for (let k = h.zeroThreshold === 0 ? 0 : firstBeyondZero(h, previous); k < previous.indexes.length; k++) {
    const index = previous.indexes[k]!;
    while (i < current.indexes.length && current.indexes[i]! < index) i++;
    const count = previous.counts[k]!;
    if (current.indexes[i] === index ? current.counts[i]! < count : count !== 0) return true;
  }
  return false;
}

/** Counts between the bounds that both have are compared. */
function isResetAtCommonBounds(h: FloatHistogram, previous: FloatHistogram): boolean {
  const bounds = commonBounds(h.customValues, previous.customValues);
  const countsOf = (each: FloatHistogram): number[] => {
    const counts = new Array<number>(bounds.length + 1).fill(0);
    let target = 0;
    for (const [i, index] of each.positive.indexes.entries()) {
      const bound = each.customValues[index] ?? Number.POSITIVE_INFINITY;
      while (target < bounds.length && bounds[target]! < bound) target++;
      counts[target]! += each.positive.counts[i]!;
    }
    return counts;
  };
  const before = countsOf(previous);
  return countsOf(h).some((count, i) => count < before[i]!);
}

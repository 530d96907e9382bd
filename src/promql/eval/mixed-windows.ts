/**
 * Functions over windows in which there are histograms. The kernels have computed what the floats of each window give;
 * here it is decided what becomes of that, and what the histograms give.
 */
import { RESET_GAUGE, RESET_NO, RESET_YES } from "../../model/index.js";
import { add, hasOverflow, isReset, kahanAdd, reduceResolution, subtract } from "../native/arithmetic.js";
import { FloatHistogram } from "../native/float-histogram.js";
import type { Annotations, Place } from "./annotations.js";
import type { HistogramPoint } from "./mixed-samples.js";

/** One window: all its floats, and histograms or start times. */
export interface MixedWindow {
  /** What the function gives for the floats alone, if it gives anything. */
  readonly floatResult: number | undefined;
  readonly floatTimes: Float64Array;
  readonly floatValues: Float64Array;
  /** Since when each float counts, 0 where unknown; empty if start times are not looked at. */
  readonly floatStarts: readonly number[];
  readonly points: readonly HistogramPoint[];
  /** (startMs, endMs] */
  readonly startMs: number;
  readonly endMs: number;
}

export interface WindowContext {
  readonly annotations: Annotations;
  readonly metricName: string;
  readonly span: Place;
  readonly isNewer: boolean;
}

type Result = number | FloatHistogram | undefined;
type MixedFunction = (window: MixedWindow, context: WindowContext) => Result;

/** Functions that see floats only; that histograms are left out is told where there are floats. */
const IGNORES_HISTOGRAMS: readonly string[] = [
  "deriv",
  "double_exponential_smoothing",
  "mad_over_time",
  "max_over_time",
  "min_over_time",
  "predict_linear",
  "quantile_over_time",
  "stddev_over_time",
  "stdvar_over_time",
  "ts_of_max_over_time",
  "ts_of_min_over_time",
];

const FUNCTIONS: ReadonlyMap<string, MixedFunction> = new Map<string, MixedFunction>([
  ...IGNORES_HISTOGRAMS.map((name): [string, MixedFunction] => [name, floatsAlone]),
  ["avg_over_time", (window, context) => aggregated(window, context, averageOf)],
  ["sum_over_time", (window, context) => aggregated(window, context, sumOf)],
  ["count_over_time", ({ floatTimes, points }) => floatTimes.length + points.length],
  ["present_over_time", () => 1],
  ["first_over_time", (window) => (floatIsFirst(window) ? window.floatValues[0] : window.points[0]!.histogram)],
  ["last_over_time", (window) => (floatIsLast(window) ? window.floatValues.at(-1) : window.points.at(-1)!.histogram)],
  [
    "ts_of_first_over_time",
    ({ floatTimes, points }) => Math.min(floatTimes[0] ?? Number.POSITIVE_INFINITY, points[0]!.timeMs) / 1000,
  ],
  ["ts_of_last_over_time", ({ floatTimes, points }) => Math.max(floatTimes.at(-1) ?? 0, points.at(-1)!.timeMs) / 1000],
  ["changes", changesIn],
  ["resets", resetsIn],
  ["rate", (window, context) => extrapolated(window, context, true, true)],
  ["increase", (window, context) => extrapolated(window, context, true, false)],
  ["delta", (window, context) => extrapolated(window, context, false, false)],
  ["irate", (window, context) => instantRate(window, context, true)],
  ["idelta", (window, context) => instantRate(window, context, false)],
]);

/** What `func` gives for the window. */
export function overMixedWindow(func: string, window: MixedWindow, context: WindowContext): Result {
  const compute = FUNCTIONS.get(func);
  if (compute === undefined) throw new RangeError(`${func} has no rule for histograms`);
  return compute(window, context);
}

function floatsAlone(window: MixedWindow, { annotations, metricName, span }: WindowContext): Result {
  if (window.floatTimes.length > 0) annotations.addIgnoredInRange(metricName, span);
  return window.floatResult;
}

function floatIsFirst({ floatTimes, points }: MixedWindow): boolean {
  return floatTimes.length > 0 && floatTimes[0]! < points[0]!.timeMs;
}

function floatIsLast({ floatTimes, points }: MixedWindow): boolean {
  return floatTimes.length > 0 && points.at(-1)!.timeMs < floatTimes.at(-1)!;
}

/** Says why two histograms had no sum. */
function tellError(error: "schema" | "bounds", { annotations, metricName, span }: WindowContext): void {
  if (error === "schema") annotations.addMixedSchemas(metricName, span);
  else annotations.addIncompatibleBounds(metricName, span);
}

function aggregated(
  window: MixedWindow,
  context: WindowContext,
  compute: (all: readonly FloatHistogram[], context: WindowContext) => FloatHistogram | undefined,
): Result {
  const { annotations, metricName, span, isNewer } = context;
  if (window.floatTimes.length > 0) {
    annotations.addMixedFloatsHistograms(metricName, span);
    return undefined;
  }
  const all = window.points.map(({ histogram }) => histogram);
  const result = compute(all, context);
  if (result !== undefined && isNewer) {
    const hints = new Set(all.map(({ counterResetHint }) => counterResetHint));
    if (hints.has(RESET_YES) && hints.has(RESET_NO)) annotations.addResetCollision("aggregation", span);
  }
  return result;
}

function sumOf(all: readonly FloatHistogram[], context: WindowContext): FloatHistogram | undefined {
  const sum = new HistogramSum(all[0]!, context.isNewer);
  for (const each of all.slice(1)) sum.add(each);
  return finished(sum.error, sum.isReconciled, () => sum.finish(), context);
}

function averageOf(all: readonly FloatHistogram[], context: WindowContext): FloatHistogram | undefined {
  const mean = new HistogramMean(all[0]!, context.isNewer);
  for (const each of all.slice(1)) mean.add(each);
  return finished(mean.error, mean.isReconciled, () => mean.finish(), context);
}

function finished(
  error: "schema" | "bounds" | undefined,
  isReconciled: boolean,
  finish: () => FloatHistogram,
  context: WindowContext,
): FloatHistogram | undefined {
  if (error !== undefined) {
    tellError(error, context);
    return undefined;
  }
  if (isReconciled) context.annotations.addReconciledBounds("aggregation", context.span);
  return finish();
}

/** A running sum of histograms; with compensation from the newer language on. Stops at the first that does not fit. */
export class HistogramSum {
  readonly #sum: FloatHistogram;
  readonly #isNewer: boolean;
  #compensation: FloatHistogram | undefined;
  error: "schema" | "bounds" | undefined;
  isReconciled = false;

  constructor(first: FloatHistogram, isNewer: boolean) {
    this.#sum = first.copy();
    this.#isNewer = isNewer;
  }

  add(next: FloatHistogram): void {
    if (this.error !== undefined) return;
    if (!this.#isNewer) {
      this.error = add(this.#sum, next, false).error;
      return;
    }
    const joined = kahanAdd(this.#sum, next, this.#compensation);
    this.error = joined.error;
    this.isReconciled ||= joined.boundsReconciled;
    this.#compensation = joined.compensation;
  }

  finish(): FloatHistogram {
    if (this.#compensation !== undefined) add(this.#sum, this.#compensation, true);
    return this.#sum;
  }
}

/** A running mean; as `HistogramSum`. The newer language divides a compensated sum as long as it does not overflow. */
export class HistogramMean {
  #value: FloatHistogram;
  readonly #isNewer: boolean;
  #count = 1;
  #compensation: FloatHistogram | undefined;
  #isIncremental = false;
  error: "schema" | "bounds" | undefined;
  isReconciled = false;

  constructor(first: FloatHistogram, isNewer: boolean) {
    this.#value = first.copy();
    this.#isNewer = isNewer;
  }

  add(next: FloatHistogram): void {
    if (this.error !== undefined) return;
    this.#count++;
    if (!this.#isNewer) {
      const difference = next.copy().divide(this.#count);
      this.error = subtract(difference, this.#value.copy().divide(this.#count), false).error;
      if (this.error === undefined) this.error = add(this.#value, difference, false).error;
      return;
    }
    if (!this.#isIncremental) {
      const sum = this.#value.copy();
      const joined = kahanAdd(sum, next, this.#compensation?.copy());
      this.error = joined.error;
      this.isReconciled ||= joined.boundsReconciled;
      if (joined.error !== undefined) return;
      if (!hasOverflow(sum)) {
        this.#value = sum;
        this.#compensation = joined.compensation;
        return;
      }
      this.#isIncremental = true;
      this.#value.divide(this.#count - 1);
      this.#compensation?.divide(this.#count - 1);
    }
    const q = (this.#count - 1) / this.#count;
    this.#compensation?.multiply(q);
    const joined = kahanAdd(this.#value.multiply(q), next.copy().divide(this.#count), this.#compensation);
    this.error = joined.error;
    this.isReconciled ||= joined.boundsReconciled;
    this.#compensation = joined.compensation;
  }

  finish(): FloatHistogram {
    if (!this.#isNewer) return this.#value;
    if (!this.#isIncremental) {
      this.#value.divide(this.#count);
      this.#compensation?.divide(this.#count);
    }
    if (this.#compensation !== undefined) add(this.#value, this.#compensation, true);
    return this.#value;
  }
}

type Sample = { readonly timeMs: number; readonly startMs: number; readonly value: number } | HistogramPoint;

/**
 * Whether the counter began anew between two samples, as the second one's start tells. One that starts where the first
 * stands is a difference (and so begins anew) only if the first one's start is known and sensible.
 */
function isStartReset(before: Sample, now: Sample): boolean {
  if (now.startMs === 0 || now.startMs >= now.timeMs || now.startMs < before.timeMs) return false;
  if (now.startMs > before.timeMs) return true;
  return before.startMs !== 0 && before.startMs < before.timeMs;
}

/** A start before the sample before, and not that one's own start. */
function startsOverlap(before: Sample, now: Sample): boolean {
  return now.startMs !== 0 && now.startMs < before.timeMs && now.startMs !== before.startMs;
}

function tellOverlap(samples: readonly Sample[], { annotations, metricName, span }: WindowContext): void {
  const overlaps = samples.some((now, i) => i > 0 && startsOverlap(samples[i - 1]!, now));
  if (overlaps) annotations.addStartTimeOverlap(metricName, span);
}

/** Floats and histograms in the order of time. */
function merged({ floatTimes, floatValues, floatStarts, points }: MixedWindow): Sample[] {
  const all: Sample[] = [];
  let next = 0;
  for (const [i, timeMs] of floatTimes.entries()) {
    while (next < points.length && points[next]!.timeMs <= timeMs) all.push(points[next++]!);
    all.push({ timeMs, value: floatValues[i]!, startMs: floatStarts[i] ?? 0 });
  }
  all.push(...points.slice(next));
  return all;
}

function changesIn(window: MixedWindow): number {
  let changes = 0;
  const all = merged(window);
  for (let i = 1; i < all.length; i++) {
    const [before, now] = [all[i - 1]!, all[i]!];
    if ("value" in before && "value" in now) {
      if (now.value !== before.value && !(Number.isNaN(now.value) && Number.isNaN(before.value))) changes++;
    } else if ("histogram" in before && "histogram" in now) {
      if (!now.histogram.equals(before.histogram)) changes++;
    } else {
      changes++;
    }
  }
  return changes;
}

function resetsIn(window: MixedWindow, { isNewer }: WindowContext): number {
  let resets = 0;
  const all = merged(window);
  for (let i = 1; i < all.length; i++) {
    const [before, now] = [all[i - 1]!, all[i]!];
    if ("value" in before && "value" in now) {
      if (now.value < before.value || isStartReset(before, now)) resets++;
    } else if ("histogram" in before && "histogram" in now) {
      if (isStartReset(before, now) || isReset(now.histogram, before.histogram, isNewer)) resets++;
    } else {
      resets++;
    }
  }
  return resets;
}

/** rate, increase, delta. */
function extrapolated(window: MixedWindow, context: WindowContext, isCounter: boolean, isRate: boolean): Result {
  const { points, startMs, endMs } = window;
  if (window.floatTimes.length > 0 && points.length > 0) {
    context.annotations.addMixedFloatsHistograms(context.metricName, context.span);
    return undefined;
  }
  const samples = merged(window);
  const [first] = samples;
  if (first === undefined) return undefined;
  let difference: number | FloatHistogram | undefined;
  if (points.length === 0) difference = floatDifference(samples as readonly FloatSample[], context, isCounter);
  else if (points.length > 1) {
    difference = differenceOf(points, context, isCounter);
    if (difference === undefined) return undefined;
  }
  const lastMs = samples.at(-1)!.timeMs;
  let toStart = (first.timeMs - startMs) / 1000;
  let toEnd = (endMs - lastMs) / 1000;
  let sampled = (lastMs - first.timeMs) / 1000;
  const average = samples.length > 1 ? sampled / (samples.length - 1) : 0;
  const threshold = average * 1.1;
  if (isCounter && first.startMs !== 0 && first.startMs > startMs && first.startMs < first.timeMs) {
    // It counted from zero within the window: no need to guess.
    toStart = 0;
    sampled = (lastMs - first.startMs) / 1000;
    if ("value" in first) difference = (difference as number) + first.value;
    else if (difference === undefined) difference = first.histogram.copy();
    else if (!addOrTell(difference as FloatHistogram, first.histogram, context)) return undefined;
  } else if (samples.length === 1 || difference === undefined) {
    return undefined;
  } else {
    if (toStart >= threshold) toStart = average / 2;
    if (isCounter) toStart = Math.min(toStart, secondsToZero(sampled, first, difference, context) ?? toStart);
  }
  if (toEnd >= threshold) toEnd = average / 2;
  let factor = sampled === 0 && context.isNewer ? 1 : (sampled + toStart + toEnd) / sampled;
  if (isRate) factor /= secondsOf(endMs - startMs);
  return typeof difference === "number" ? difference * factor : difference!.multiply(factor);
}

type FloatSample = Sample & { readonly value: number };

/** How long before the first sample the counter would have been zero; undefined if it did not rise. 3.5 asks floats alone. */
function secondsToZero(
  sampled: number,
  first: Sample,
  difference: number | FloatHistogram,
  { isNewer }: WindowContext,
): number | undefined {
  if ("value" in first) {
    return (difference as number) > 0 && first.value >= 0
      ? sampled * (first.value / (difference as number))
      : undefined;
  }
  const { count } = difference as FloatHistogram;
  return isNewer && count > 0 && first.histogram.count >= 0 ? sampled * (first.histogram.count / count) : undefined;
}

function floatDifference(samples: readonly FloatSample[], context: WindowContext, isCounter: boolean): number {
  let difference = samples.at(-1)!.value - samples[0]!.value;
  if (!isCounter) return difference;
  tellOverlap(samples, context);
  for (let i = 1; i < samples.length; i++) {
    const [before, now] = [samples[i - 1]!, samples[i]!];
    if (now.value < before.value || isStartReset(before, now)) difference += before.value;
  }
  return difference;
}

function addOrTell(h: FloatHistogram, other: FloatHistogram, context: WindowContext): boolean {
  const { error, boundsReconciled } = add(h, other, context.isNewer);
  if (error !== undefined) tellError(error, context);
  if (boundsReconciled) context.annotations.addReconciledBounds("addition", context.span);
  return error === undefined;
}

/** As Go's Duration.Seconds: whole seconds plus the fraction. */
export function secondsOf(ms: number): number {
  const whole = Math.floor(ms / 1000);
  return whole + ((ms - whole * 1000) * 1e6) / 1e9;
}

/** The last histogram minus the first, with what was lost in resets. */
function differenceOf(
  points: readonly HistogramPoint[],
  context: WindowContext,
  isCounter: boolean,
): FloatHistogram | undefined {
  const { annotations, metricName, span, isNewer } = context;
  const all = points.map(({ histogram }) => histogram);
  const last = all.at(-1)!;
  const second = all[1]!;
  let first = all[0]!;
  let isCustom = first.usesCustomBuckets;
  const isGauge = ({ counterResetHint }: FloatHistogram): boolean => counterResetHint === RESET_GAUGE;
  if (isCounter && (isGauge(first) || isGauge(last))) annotations.addHistogramNotCounter(metricName, span);
  if (isCounter && (isStartReset(points[0]!, points[1]!) || isReset(second, first, isNewer))) {
    // The layout of a first sample that is followed by a reset does not matter.
    first = new FloatHistogram();
    first.schema = second.schema;
    first.customValues = second.customValues;
    isCustom = second.usesCustomBuckets;
  }
  if (last.usesCustomBuckets !== isCustom) {
    annotations.addMixedSchemas(metricName, span);
    return undefined;
  }
  let schema = Math.min(last.schema, first.schema);
  if (isCounter) {
    for (const each of all.slice(1, -1)) {
      if (isGauge(each)) annotations.addHistogramNotCounter(metricName, span);
      schema = Math.min(schema, each.schema);
      if (each.usesCustomBuckets !== isCustom) {
        annotations.addMixedSchemas(metricName, span);
        return undefined;
      }
    }
  }
  const difference = last.copy();
  if (!isCustom) reduceResolution(difference, schema);
  const subtracted = subtract(difference, first, isNewer);
  if (subtracted.error !== undefined) {
    tellError(subtracted.error, context);
    return undefined;
  }
  if (subtracted.boundsReconciled) annotations.addReconciledBounds("subtraction", span);
  if (isCounter) {
    tellOverlap(points, context);
    let before = first;
    for (let i = 1; i < points.length; i++) {
      const { histogram } = points[i]!;
      if (isStartReset(points[i - 1]!, points[i]!) || isReset(histogram, before, isNewer)) {
        if (!addOrTell(difference, before, context)) return undefined;
      }
      before = histogram;
    }
  } else if (!isGauge(all[0]!) || !isGauge(last)) {
    annotations.addHistogramNotGauge(metricName, span);
  }
  difference.counterResetHint = RESET_GAUGE;
  return difference.compact();
}

/** irate, idelta: the last two samples, whatever they are. */
function instantRate(window: MixedWindow, context: WindowContext, isRate: boolean): Result {
  const { annotations, metricName, span, isNewer } = context;
  const all = merged(window);
  if (all.length < 2) return undefined;
  const [before, now] = all.slice(-2) as [Sample, Sample];
  const seconds = (now.timeMs - before.timeMs) / 1000;
  if (seconds === 0) return undefined;
  if ("value" in before && "value" in now) {
    const isAnew = now.value < before.value || isStartReset(before, now);
    const difference = isRate && isAnew ? now.value : now.value - before.value;
    return isRate ? difference / seconds : difference;
  }
  if (!("histogram" in before && "histogram" in now)) {
    annotations.addMixedFloatsHistograms(metricName, span);
    return undefined;
  }
  const hints = [before.histogram.counterResetHint, now.histogram.counterResetHint];
  if (isRate && hints.includes(RESET_GAUGE)) annotations.addHistogramNotCounter(metricName, span);
  if (!isRate && hints.some((hint) => hint !== RESET_GAUGE)) annotations.addHistogramNotGauge(metricName, span);
  const result = now.histogram.copy();
  if (!isRate || !(isStartReset(before, now) || isReset(now.histogram, before.histogram, isNewer))) {
    const subtracted = subtract(result, before.histogram, isNewer);
    if (subtracted.error !== undefined) {
      tellError(subtracted.error, context);
      return undefined;
    }
    if (subtracted.boundsReconciled) annotations.addReconciledBounds("subtraction", span);
  }
  result.counterResetHint = RESET_GAUGE;
  result.compact();
  return isRate ? result.divide(seconds) : result;
}

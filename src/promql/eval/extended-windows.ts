/**
 * Windows of `anchored` and `smoothed` range selectors, which reach beyond their range: to the sample before it, and
 * smoothed ones also to the sample behind it. Values at the ends of the range are then known, not extrapolated.
 */
import { RESET_GAUGE } from "../../model/index.js";
import { executionError } from "../functions/errors.js";
import { add, isReset, subtract } from "../native/arithmetic.js";
import type { FloatHistogram } from "../native/float-histogram.js";
import type { HistogramPoint } from "./mixed-samples.js";
import { type MixedWindow, overMixedWindow, secondsOf, type WindowContext } from "./mixed-windows.js";

export type Extension = "anchored" | "smoothed";

const SAFE: Readonly<Record<Extension, readonly string[]>> = {
  anchored: ["changes", "delta", "increase", "rate", "resets"],
  smoothed: ["delta", "increase", "rate"],
};

/** @throws VestalError QUERY_EXECUTION for functions that would be misled by samples beyond the range. */
export function checkExtension(extension: Extension, func: string): void {
  if (SAFE[extension].includes(func)) return;
  throw executionError(`${extension} modifier can only be used with: ${SAFE[extension].join(", ")} - not with ${func}`);
}

/** @param window  with all samples from `lookback` before the range on, and as far behind it if smoothed */
export function overExtendedWindow(
  func: string,
  extension: Extension,
  window: MixedWindow,
  context: WindowContext,
): number | FloatHistogram | undefined {
  if (func === "changes" || func === "resets") {
    const anchored = fromAnchor(window);
    return anchored === undefined ? undefined : overMixedWindow(func, anchored, context);
  }
  const { floatTimes, points } = window;
  if (floatTimes.length > 0 && points.length > 0) {
    context.annotations.addMixedFloatsHistograms(context.metricName, context.span);
    return undefined;
  }
  const isCounter = func !== "delta";
  const seconds = func === "rate" ? secondsOf(window.endMs - window.startMs) : 1;
  if (points.length > 0) return histogramChange(window, context, extension, isCounter, seconds);
  const change = floatTimes.length === 0 ? undefined : floatChange(window, extension, isCounter);
  return change === undefined ? undefined : change / seconds;
}

/** The newest sample at or before the range, and all in it; undefined if there is none in it. */
function fromAnchor(window: MixedWindow): MixedWindow | undefined {
  const { floatTimes, floatValues, floatStarts, points, startMs } = window;
  const floats = floatTimes.findLastIndex((timeMs) => timeMs <= startMs);
  const histograms = points.findLastIndex(({ timeMs }) => timeMs <= startMs);
  if (floats + 1 >= floatTimes.length && histograms + 1 >= points.length) return undefined;
  const isFloat = floats >= 0 && (histograms < 0 || floatTimes[floats]! >= points[histograms]!.timeMs);
  const isHistogram = histograms >= 0 && !isFloat;
  const firstFloat = isFloat ? floats : floats + 1;
  return {
    ...window,
    floatTimes: floatTimes.subarray(firstFloat),
    floatValues: floatValues.subarray(firstFloat),
    floatStarts: floatStarts.slice(firstFloat),
    points: points.slice(isHistogram ? histograms : histograms + 1),
  };
}

/** The samples at the ends: the last at or before the start, the last in the range or the first behind it. */
function endsOf(times: readonly number[] | Float64Array, window: MixedWindow, extension: Extension): [number, number] {
  const last = times.length - 1;
  const search = (isFound: (timeMs: number) => boolean): number => {
    const at = times.slice(0, last).findIndex(isFound);
    return at < 0 ? last : at;
  };
  const first = Math.max(0, search((timeMs) => timeMs > window.startMs) - 1);
  return [first, extension === "smoothed" ? search((timeMs) => timeMs >= window.endMs) : last];
}

function floatChange(window: MixedWindow, extension: Extension, isCounter: boolean): number | undefined {
  const { floatTimes, floatValues, startMs, endMs } = window;
  const edges = floatEdges(floatTimes, floatValues, window, extension, isCounter);
  if (edges === undefined) return undefined;
  const { left, right } = edges;
  let change = right - left;
  if (!isCounter) return change;
  let { first, last } = edges;
  if (floatTimes[first]! <= startMs) first++;
  if (floatTimes[last]! >= endMs) last--;
  let before = left;
  for (let i = first; i <= last; i++) {
    if (floatValues[i]! < before) change += before;
    before = floatValues[i]!;
  }
  if (right < before) change += before;
  return change;
}

interface Edges {
  readonly first: number;
  readonly last: number;
  readonly left: number;
  readonly right: number;
}

/** The values at the ends of the range; undefined if nothing is in it. */
function floatEdges(
  times: Float64Array,
  values: Float64Array,
  window: MixedWindow,
  extension: Extension,
  isCounter: boolean,
): Edges | undefined {
  const { startMs, endMs } = window;
  const [first, last] = endsOf(times, window, extension);
  if (times[last]! <= startMs || (extension === "smoothed" && times[first]! > endMs)) return undefined;
  const between = (i: number, timeMs: number): number =>
    interpolate(times[i]!, values[i]!, times[i + 1]!, values[i + 1]!, timeMs, isCounter);
  const isSmoothed = extension === "smoothed";
  const left = isSmoothed && times[first]! < startMs ? between(first, startMs) : values[first]!;
  const right = isSmoothed && last > 0 && times[last]! > endMs ? between(last - 1, endMs) : values[last]!;
  return { first, last, left, right };
}

/** Linear; a counter that was reset in between rises from zero. */
function interpolate(t1: number, v1: number, t2: number, v2: number, timeMs: number, isCounter: boolean): number {
  const from = isCounter && v2 < v1 ? 0 : v1;
  return from + ((v2 - from) * (timeMs - t1)) / (t2 - t1);
}

/** A sample of a range vector as it is: its ends moved to those of the range. @throws VestalError for histograms. */
export function extendedSamples(
  times: Float64Array,
  values: Float64Array,
  window: MixedWindow,
  extension: Extension,
): { times: number[]; values: number[] } {
  const edges = times.length === 0 ? undefined : floatEdges(times, values, window, extension, false);
  if (edges === undefined) return { times: [], values: [] };
  let { first, last } = edges;
  if (times[first]! <= window.startMs) first++;
  if (times[last]! >= window.endMs) last--;
  return {
    times: [window.startMs, ...times.slice(first, Math.max(first, last + 1)), window.endMs],
    values: [edges.left, ...values.slice(first, Math.max(first, last + 1)), edges.right],
  };
}

function histogramChange(
  window: MixedWindow,
  context: WindowContext,
  extension: Extension,
  isCounter: boolean,
  seconds: number,
): FloatHistogram | undefined {
  const { points, startMs, endMs } = window;
  const { annotations, metricName, span } = context;
  const isSmoothed = extension === "smoothed";
  const [first, last] = endsOf(
    points.map(({ timeMs }) => timeMs),
    window,
    extension,
  );
  if (points[last]!.timeMs <= startMs || (isSmoothed && points[first]!.timeMs > endMs)) return undefined;
  for (const { histogram } of points.slice(first, last + 1)) {
    if (histogram.usesCustomBuckets !== points[first]!.histogram.usesCustomBuckets) {
      annotations.addMixedSchemas(metricName, span);
      return undefined;
    }
    if (isCounter && histogram.counterResetHint === RESET_GAUGE) annotations.addHistogramNotCounter(metricName, span);
  }
  const left =
    isSmoothed && points[first]!.timeMs < startMs
      ? interpolateHistograms(points[first]!, points[first + 1]!, startMs, isCounter, context)
      : points[first]!.histogram.copy();
  const right =
    isSmoothed && last > 0 && points[last]!.timeMs > endMs
      ? interpolateHistograms(points[last - 1]!, points[last]!, endMs, isCounter, context)
      : points[last]!.histogram.copy();
  if (left === undefined || right === undefined) return undefined;
  const isGauge = (each: FloatHistogram): boolean => each.counterResetHint === RESET_GAUGE;
  if (!isCounter && !(isGauge(left) && isGauge(right))) annotations.addHistogramNotGauge(metricName, span);
  const change = right.copy();
  if (!joinOrTell(subtract, change, left, context, "subtraction")) return undefined;
  if (isCounter) {
    const resets = lostInResets(points, first, last, left, right, startMs, isSmoothed, context);
    if (resets === "failed") return undefined;
    if (resets !== undefined && !joinOrTell(add, change, resets, context, "addition")) return undefined;
  }
  if (seconds !== 1) change.divide(seconds);
  change.counterResetHint = RESET_GAUGE;
  return change.compact();
}

function joinOrTell(
  join: typeof add,
  h: FloatHistogram,
  other: FloatHistogram,
  { annotations, metricName, span }: WindowContext,
  operation: "addition" | "subtraction",
): boolean {
  const { error, boundsReconciled } = join(h, other, true);
  if (error !== undefined) annotations.addMixedSchemas(metricName, span);
  else if (boundsReconciled) annotations.addReconciledBounds(operation, span);
  return error === undefined;
}

/** As `interpolate`. Undefined if the two are incompatible. */
export function interpolateHistograms(
  a: HistogramPoint,
  b: HistogramPoint,
  timeMs: number,
  isCounter: boolean,
  context: WindowContext,
): FloatHistogram | undefined {
  if (timeMs === a.timeMs) return a.histogram.copy();
  if (timeMs === b.timeMs) return b.histogram.copy();
  const fraction = (timeMs - a.timeMs) / (b.timeMs - a.timeMs);
  const result = b.histogram.copy();
  if (isCounter && isReset(b.histogram, a.histogram, true)) return result.multiply(fraction);
  if (!joinOrTell(subtract, result, a.histogram, context, "subtraction")) return undefined;
  result.multiply(fraction);
  return joinOrTell(add, result, a.histogram, context, "addition") ? result : undefined;
}

/** What the counter had reached at each reset between the ends, added up. */
function lostInResets(
  points: readonly HistogramPoint[],
  firstIndex: number,
  lastIndex: number,
  left: FloatHistogram,
  right: FloatHistogram,
  startMs: number,
  isSmoothed: boolean,
  context: WindowContext,
): FloatHistogram | undefined | "failed" {
  let before = left;
  let first = firstIndex + 1;
  const isSpanned =
    isSmoothed &&
    points[firstIndex]!.timeMs < startMs &&
    isReset(points[firstIndex + 1]!.histogram, points[firstIndex]!.histogram, true);
  if (isSpanned) {
    // The left end was interpolated over this reset: it is accounted for.
    before = points[firstIndex + 1]!.histogram;
    first++;
  }
  const last = lastIndex - 1;
  if (first > last + 1) return undefined;
  let lost: FloatHistogram | undefined;
  for (const each of [...points.slice(first, last + 1).map(({ histogram }) => histogram), right]) {
    if (isReset(each, before, true)) {
      if (lost === undefined) lost = before.copy();
      else if (!joinOrTell(add, lost, before, context, "addition")) return "failed";
    }
    before = each;
  }
  return lost;
}

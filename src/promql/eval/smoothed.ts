/** `selector smoothed` as an instant vector: interpolated between the samples around each step. */
import { type Labels, METRIC_NAME, RESET_GAUGE, RESET_UNKNOWN } from "../../model/index.js";
import type { SampleColumns } from "../../storage/index.js";
import type { FloatHistogram } from "../native/float-histogram.js";
import type { SelectPlan } from "../plan/nodes.js";
import { interpolateHistograms } from "./extended-windows.js";
import { dropStaleMixed, type HistogramPoint, HistogramReader, separate } from "./mixed-samples.js";
import type { WindowContext } from "./mixed-windows.js";
import { ABSENT, type Evaluation, FLOAT, HISTOGRAM } from "./rows.js";

export function smoothedRow(
  evaluation: Evaluation,
  columns: SampleColumns,
  plan: SelectPlan,
  labels: Labels,
  values: number,
  present: number,
): number {
  const { memory, histograms, annotations, lookbackDeltaMs, isNewer, budget } = evaluation;
  const kept = dropStaleMixed(memory, columns, new HistogramReader(plan.statsOnly, isNewer));
  const { floatCount, points } = separate(memory, kept);
  const times = memory.floats.slice(kept.timesAddr >>> 3, (kept.timesAddr >>> 3) + floatCount);
  const floats = memory.floats.slice(kept.valuesAddr >>> 3, (kept.valuesAddr >>> 3) + floatCount);
  const context = { annotations, metricName: labels.get(METRIC_NAME), span: plan.span, isNewer: true };
  let found = 0;
  let [from, to, pointFrom, pointTo] = [0, 0, 0, 0];
  for (let step = 0; step < plan.grid.steps; step++) {
    memory.bytes[present + step] = ABSENT;
    const timeMs = plan.reference.firstMs + step * plan.reference.stepMs;
    while (to < floatCount && times[to]! <= timeMs + lookbackDeltaMs) to++;
    while (from < to && times[from]! <= timeMs - lookbackDeltaMs) from++;
    while (pointTo < points.length && points[pointTo]!.timeMs <= timeMs + lookbackDeltaMs) pointTo++;
    while (pointFrom < pointTo && points[pointFrom]!.timeMs <= timeMs - lookbackDeltaMs) pointFrom++;
    budget.work(to - from + pointTo - pointFrom);
    if (from < to && pointFrom < pointTo) {
      annotations.addMixedFloatsHistograms(context.metricName, plan.span);
      continue;
    }
    const value =
      pointFrom < pointTo
        ? histogramAt(points.slice(pointFrom, pointTo), timeMs, context)
        : floatAt(times.subarray(from, to), floats.subarray(from, to), timeMs);
    if (value === undefined) continue;
    found++;
    budget.countSample(typeof value === "number" ? 1 : value.samples, step);
    memory.bytes[present + step] = typeof value === "number" ? FLOAT : HISTOGRAM;
    memory.floats[(values >>> 3) + step] = typeof value === "number" ? value : histograms.put(value);
  }
  return found;
}

/** Undefined if there is nothing before; the last value if there is nothing behind. */
function floatAt(times: Float64Array, values: Float64Array, timeMs: number): number | undefined {
  const at = times.findIndex((each) => each >= timeMs);
  if (at >= 0 && times[at] === timeMs) return values[at];
  if (at < 0) return values.at(-1);
  if (at === 0) return undefined;
  const [t1, t2] = [times[at - 1]!, times[at]!];
  const [v1, v2] = [values[at - 1]!, values[at]!];
  return v1 + ((v2 - v1) * (timeMs - t1)) / (t2 - t1);
}

function histogramAt(
  points: readonly HistogramPoint[],
  timeMs: number,
  context: WindowContext,
): FloatHistogram | undefined {
  const at = points.findIndex((point) => point.timeMs >= timeMs);
  const next = points[at];
  if (next?.timeMs === timeMs) return next.histogram;
  const before = at < 0 ? points.at(-1) : points[at - 1];
  if (before === undefined) return undefined;
  if (next === undefined) {
    const held = before.histogram.copy();
    held.counterResetHint = RESET_UNKNOWN;
    return held;
  }
  if (before.histogram.usesCustomBuckets !== next.histogram.usesCustomBuckets) {
    context.annotations.addMixedSchemas(context.metricName, context.span);
    return undefined;
  }
  const isGauge = ({ histogram }: HistogramPoint): boolean => histogram.counterResetHint === RESET_GAUGE;
  return interpolateHistograms(before, next, timeMs, !(isGauge(before) && isGauge(next)), context);
}

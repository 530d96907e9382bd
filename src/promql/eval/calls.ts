/** Functions of instant vectors and scalars. */
import { assert } from "../../base/index.js";
import { compareLabels, Labels } from "../../model/index.js";
import { CALENDAR } from "../functions/calendar.js";
import { clampTo, ELEMENTWISE, roundTo } from "../functions/elementwise.js";
import { executionError } from "../functions/errors.js";
import { maximum, minimum } from "../functions/go-math.js";
import { isBeforeNaturally } from "../functions/natural-order.js";
import { labelJoiner, labelReplacer, type Relabelled } from "../functions/relabel.js";
import type { FloatHistogram } from "../native/float-histogram.js";
import { varianceOfHistogram } from "../native/quantile.js";
import type { CallPlan, Plan } from "../plan/nodes.js";
import { absentRow } from "./absent.js";
import { scalarColumn } from "./binary.js";
import { histogramRows, quantilesRows } from "./histograms.js";
import { MappedRows, namelessRows, SingleRow } from "./mapped.js";
import {
  ABSENT,
  dropHistograms,
  type Evaluation,
  FLOAT,
  HISTOGRAM,
  hold,
  NO_ROWS,
  RowBuffer,
  type Rows,
  settle,
  withUniqueLabels,
} from "./rows.js";
import { isBelow, sortInPlace } from "./value-heap.js";

type Call = (evaluation: Evaluation, plan: CallPlan) => Rows;

const CALLS: ReadonlyMap<string, Call> = new Map<string, Call>([
  ["time", timeRow],
  ["pi", (evaluation, plan) => constantRow(evaluation, plan.grid.steps, Math.PI)],
  ["max_of", (evaluation, plan) => ofTwoScalars(evaluation, plan, maximum)],
  ["min_of", (evaluation, plan) => ofTwoScalars(evaluation, plan, minimum)],
  ["scalar", scalarOfVector],
  ["vector", (evaluation, plan) => evaluation.open(argument(plan, 0))],
  [
    "absent",
    (evaluation, plan) =>
      absentRow(evaluation, plan.grid.steps, plan.matchers, false, () => evaluation.open(argument(plan, 0))),
  ],
  ["timestamp", timestampRows],
  ["start_timestamp", startTimestampRows],
  ["round", roundRows],
  ["clamp", clampRows],
  ["clamp_min", clampRows],
  ["clamp_max", clampRows],
  ["sort", sortRows],
  ["sort_desc", sortRows],
  ["sort_by_label", sortByLabelRows],
  ["sort_by_label_desc", sortByLabelRows],
  ["label_replace", (evaluation, plan) => relabelledRows(evaluation, plan, labelReplacer(stringsFrom(plan, 1)))],
  ["label_join", (evaluation, plan) => relabelledRows(evaluation, plan, labelJoiner(stringsFrom(plan, 1)))],
  ["histogram_quantile", histogramRows],
  ["histogram_fraction", histogramRows],
  ["histogram_quantiles", quantilesRows],
]);

/** Functions of native histograms alone: of floats they give nothing. */
const NATIVE_ONLY: ReadonlyMap<string, (histogram: FloatHistogram) => number> = new Map([
  ["histogram_avg", ({ sum, count }: FloatHistogram) => sum / count],
  ["histogram_count", ({ count }: FloatHistogram) => count],
  ["histogram_stddev", (histogram: FloatHistogram) => Math.sqrt(varianceOfHistogram(histogram))],
  ["histogram_stdvar", varianceOfHistogram],
  ["histogram_sum", ({ sum }: FloatHistogram) => sum],
]);

export function callRows(evaluation: Evaluation, plan: CallPlan): Rows {
  const call = CALLS.get(plan.func);
  if (call !== undefined) return call(evaluation, plan);
  const calendar = CALENDAR.get(plan.func);
  if (calendar !== undefined) return calendarRows(evaluation, plan, calendar);
  const change = ELEMENTWISE.get(plan.func);
  if (change !== undefined) return changedRows(evaluation, plan, change);
  const estimate = NATIVE_ONLY.get(plan.func);
  if (estimate !== undefined) return estimatedRows(evaluation, plan, estimate);
  throw executionError(`the function ${plan.func} is not supported`);
}

/** One number of each histogram; floats give nothing. */
function estimatedRows(evaluation: Evaluation, plan: CallPlan, estimate: (histogram: FloatHistogram) => number): Rows {
  const { steps } = plan.grid;
  const { memory, histograms, budget } = evaluation;
  const source = evaluation.open(argument(plan, 0));
  const released: Rows = {
    count: source.count,
    labels: (index) => source.labels(index),
    dropsName: (index) => source.dropsName(index),
    fill: (index, values, present) => {
      const held = histograms.mark();
      if (source.fill(index, values, present) === 0) return 0;
      let found = 0;
      for (let i = 0; i < steps; i++) {
        const isHistogram = memory.bytes[present + i] === HISTOGRAM;
        memory.bytes[present + i] = isHistogram ? FLOAT : ABSENT;
        if (!isHistogram) continue;
        found++;
        const at = (values >>> 3) + i;
        memory.floats[at] = estimate(histograms.get(memory.floats[at]!));
        budget.work(50);
      }
      histograms.releaseTo(held);
      return found;
    },
  };
  return namelessRows(evaluation, released, steps, false, (_values, _present, found) => found);
}

function argument(plan: CallPlan, index: number): Plan {
  const arg = plan.args[index];
  assert(arg !== undefined, `${plan.func} has ${index + 1} arguments`);
  return arg;
}

function stringsFrom(plan: CallPlan, index: number): string[] {
  return plan.args.slice(index).map((arg) => {
    assert(arg.kind === "string", `argument of ${plan.func} is a string`);
    return arg.value;
  });
}

export function constantRow(evaluation: Evaluation, steps: number, value: number): Rows {
  return new SingleRow(Labels.EMPTY, false, (values, present) =>
    evaluation.kernels.fillRow(value, steps, values, present),
  );
}

function timeRow(evaluation: Evaluation, plan: CallPlan): Rows {
  const { startMs, stepMs, steps } = plan.grid;
  return new SingleRow(Labels.EMPTY, false, (values, present) => {
    const { floats, bytes } = evaluation.memory;
    for (let i = 0; i < steps; i++) floats[(values >>> 3) + i] = (startMs + i * stepMs) / 1000;
    bytes.fill(1, present, present + steps);
    return steps;
  });
}

function ofTwoScalars(evaluation: Evaluation, plan: CallPlan, choose: (a: number, b: number) => number): Rows {
  const { steps } = plan.grid;
  const a = scalarColumn(evaluation, argument(plan, 0));
  const b = scalarColumn(evaluation, argument(plan, 1));
  return new SingleRow(Labels.EMPTY, false, (values, present) => {
    evaluation.kernels.fillRow(0, steps, values, present);
    for (let i = 0; i < steps; i++) evaluation.memory.floats[(values >>> 3) + i] = choose(a[i]!, b[i]!);
    return steps;
  });
}

/** The vector's only sample, NaN where it has none or more. */
function scalarOfVector(evaluation: Evaluation, plan: CallPlan): Rows {
  const { memory } = evaluation;
  const { steps } = plan.grid;
  return new SingleRow(Labels.EMPTY, false, (values, present) => {
    const mark = memory.mark();
    const counts = memory.allocate(steps * 4);
    const rows = evaluation.open(argument(plan, 0));
    const row = new RowBuffer(memory, steps);
    memory.bytes.fill(0, counts, counts + steps * 4);
    for (let k = 0; k < rows.count; k++) {
      if (rows.fill(k, row.values, row.present) === 0) continue;
      const { floats, bytes, words } = memory;
      for (let i = 0; i < steps; i++) {
        if (bytes[row.present + i] !== FLOAT) continue;
        words[(counts >>> 2) + i]! += 1;
        floats[(values >>> 3) + i] = floats[(row.values >>> 3) + i]!;
      }
    }
    const { floats, bytes, words } = memory;
    for (let i = 0; i < steps; i++) if (words[(counts >>> 2) + i] !== 1) floats[(values >>> 3) + i] = Number.NaN;
    bytes.fill(1, present, present + steps);
    memory.releaseTo(mark);
    return steps;
  });
}

/** Times of samples where the argument is a selector (its rows hold them already), evaluation times otherwise. */
function timestampRows(evaluation: Evaluation, plan: CallPlan): Rows {
  const { startMs, stepMs, steps } = plan.grid;
  const operand = argument(plan, 0);
  const isSelector = operand.kind === "select" && operand.stamps;
  return namelessRows(evaluation, evaluation.open(operand), steps, false, (values, present, found) => {
    if (isSelector) return found;
    const { floats, bytes } = evaluation.memory;
    for (let i = 0; i < steps; i++) {
      floats[(values >>> 3) + i] = (startMs + i * stepMs) / 1000;
      if (bytes[present + i] === HISTOGRAM) bytes[present + i] = FLOAT;
    }
    return found;
  });
}

/** Since when samples count, where that is looked at: of selectors alone, as whatever else has no such time. */
function startTimestampRows(evaluation: Evaluation, plan: CallPlan): Rows {
  const { steps } = plan.grid;
  const operand = argument(plan, 0);
  const source = evaluation.open(operand);
  if (operand.kind === "select" && evaluation.useStartTimestamps) {
    return namelessRows(evaluation, source, steps, false, (_values, _present, found) => found);
  }
  settle(evaluation, source, steps);
  return NO_ROWS;
}

/** Rows of the first argument with `change` applied to each float; `i` is the step. */
function changedRows(evaluation: Evaluation, plan: CallPlan, change: (value: number, i: number) => number): Rows {
  const { steps } = plan.grid;
  return namelessRows(evaluation, evaluation.open(argument(plan, 0)), steps, false, (values, present, before) => {
    const found = dropHistograms(evaluation, present, steps, before);
    const { floats } = evaluation.memory;
    const from = values >>> 3;
    for (let i = 0; i < steps; i++) floats[from + i] = change(floats[from + i]!, i);
    evaluation.budget.work(steps);
    return found;
  });
}

function roundRows(evaluation: Evaluation, plan: CallPlan): Rows {
  if (plan.args.length === 1) return changedRows(evaluation, plan, (value) => roundTo(value, 1));
  const nearest = scalarColumn(evaluation, argument(plan, 1));
  return changedRows(evaluation, plan, (value, i) => roundTo(value, nearest[i]!));
}

/** Steps at which the lower limit is above the upper one have no result. */
function clampRows(evaluation: Evaluation, plan: CallPlan): Rows {
  const { steps } = plan.grid;
  const limit = scalarColumn(evaluation, argument(plan, 1));
  const none = (value: number): Float64Array => new Float64Array(steps).fill(value);
  const min = plan.func === "clamp_max" ? none(Number.NEGATIVE_INFINITY) : limit;
  const max =
    plan.func === "clamp_min"
      ? none(Number.POSITIVE_INFINITY)
      : plan.func === "clamp_max"
        ? limit
        : scalarColumn(evaluation, argument(plan, 2));
  const rows = changedRows(evaluation, plan, (value, i) => clampTo(value, min[i]!, max[i]!));
  if (!min.some((low, i) => max[i]! < low)) return rows;
  const mask = (_values: number, present: number): number => {
    const { bytes } = evaluation.memory;
    let found = 0;
    for (let i = 0; i < steps; i++) {
      if (max[i]! < min[i]!) bytes[present + i] = 0;
      found += bytes[present + i]!;
    }
    return found;
  };
  return new MappedRows(rows, steps, mask, undefined, undefined);
}

function calendarRows(evaluation: Evaluation, plan: CallPlan, part: (seconds: number) => number): Rows {
  if (plan.args.length > 0) return changedRows(evaluation, plan, part);
  const { startMs, stepMs, steps } = plan.grid;
  return new SingleRow(Labels.EMPTY, false, (values, present) => {
    const { floats, bytes } = evaluation.memory;
    for (let i = 0; i < steps; i++) floats[(values >>> 3) + i] = part(Math.trunc((startMs + i * stepMs) / 1000));
    bytes.fill(1, present, present + steps);
    return steps;
  });
}

/** Order has a meaning in instant queries only: a range query's result is sorted by labels. */
function sortRows(evaluation: Evaluation, plan: CallPlan): Rows {
  const { steps } = plan.grid;
  const source = evaluation.open(argument(plan, 0));
  const floatsOnly = (_values: number, present: number, found: number): number =>
    dropHistograms(evaluation, present, steps, found);
  const rows = new MappedRows(source, steps, floatsOnly, undefined, undefined);
  if (steps !== 1) {
    if (evaluation.isNewer) evaluation.annotations.addSortInRange(plan.span);
    return rows;
  }
  const frame = hold(evaluation, rows, 1);
  const values = Float64Array.from({ length: frame.count }, (_, i) => evaluation.memory.floats[frame.values(i) >>> 3]!);
  const order = Array.from({ length: frame.count }, (_, i) => i);
  // Descending with NaN first, then turned round: NaN is last either way.
  if (plan.func === "sort") sortInPlace(order, (a, b) => isBelow(-values[b]!, -values[a]!));
  else sortInPlace(order, (a, b) => isBelow(values[b]!, values[a]!));
  return frame.pick(order);
}

function sortByLabelRows(evaluation: Evaluation, plan: CallPlan): Rows {
  const rows = evaluation.open(argument(plan, 0));
  if (plan.grid.steps !== 1) {
    if (evaluation.isNewer) evaluation.annotations.addSortInRange(plan.span);
    return rows;
  }
  const frame = hold(evaluation, rows, 1);
  const names = stringsFrom(plan, 1);
  const sign = plan.func === "sort_by_label" ? 1 : -1;
  const compare = (a: Labels, b: Labels): number => {
    evaluation.budget.work(names.length);
    for (const name of names) {
      const x = a.get(name);
      const y = b.get(name);
      if (x !== y) return isBeforeNaturally(x, y) ? -1 : 1;
    }
    return compareLabels(a, b);
  };
  const order = Array.from({ length: frame.count }, (_, i) => i);
  return frame.pick(order.sort((a, b) => sign * compare(frame.labels(a), frame.labels(b))));
}

/** A regular expression's match, in samples of work: some 50 µs for a usual one, more for long ones. */
const WORK_PER_EXPRESSION = 2_000;
const WORK_PER_CHARACTER = 20;

function relabelledRows(evaluation: Evaluation, plan: CallPlan, relabel: (labels: Labels) => Relabelled): Rows {
  const { steps } = plan.grid;
  const source = evaluation.open(argument(plan, 0));
  const { budget } = evaluation;
  const texts = plan.args.reduce((sum, arg) => sum + (arg.kind === "string" ? arg.value.length : 0), 0);
  const work = WORK_PER_EXPRESSION + WORK_PER_CHARACTER * texts;
  const changed = Array.from({ length: source.count }, (_, i) => {
    const before = source.labels(i);
    const after = relabel(before);
    // A text can grow with each call, and so can what it costs.
    const size = after.labels.key.length;
    budget.work(size + work);
    if (after.labels !== before) budget.holdText(size);
    return after;
  });
  const rows: Rows = {
    count: source.count,
    labels: (index) => changed[index]!.labels,
    dropsName: (index) => !changed[index]!.named && source.dropsName(index),
    fill: (index, values, present) => source.fill(index, values, present),
  };
  return withUniqueLabels(evaluation, rows, steps, evaluation.isNewer ? "merge" : "refuse");
}

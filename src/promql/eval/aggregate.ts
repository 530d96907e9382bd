/**
 * Aggregations. Groups are made once, from labels. A group's row is computed when it is asked for: its series stream
 * into the group's columns, so that an aggregation holds its result and one series, not its input.
 */
import {
  FOLD_AVG,
  FOLD_COUNT,
  FOLD_GROUP,
  FOLD_MAX,
  FOLD_MIN,
  FOLD_STDDEV,
  FOLD_STDVAR,
  FOLD_SUM,
} from "../../../assembly/promql/codes.js";
import { assert } from "../../base/index.js";
import { type LabelList, type Labels, METRIC_NAME, quoteGo } from "../../model/index.js";
import { formatFloat } from "../../model/number.js";
import { executionError } from "../functions/errors.js";
import { maximum, minimum } from "../functions/go-math.js";
import { isValidLabelName } from "../functions/relabel.js";
import type { Span } from "../parser/index.js";
import type { AggregatePlan } from "../plan/nodes.js";
import { type Group, groupLabelsOf, groupRows, groupsOf, holdMembers } from "./groups.js";
import { HistogramFolds } from "./histogram-folds.js";
import { selectedRows } from "./pick.js";
import { writeRowList } from "./row-list.js";
import {
  ABSENT,
  type Evaluation,
  FLOAT,
  Frame,
  fillRows,
  hasHistograms,
  hold,
  holdScalar,
  type Rows,
  rowBytes,
  rowsAtATime,
} from "./rows.js";

/** Values that one call may sort: a fraction of a millisecond, so that a query can be canceled in time. */
const SORTED_PER_CALL = 5_000;

const FOLDS: Readonly<Partial<Record<AggregatePlan["op"], number>>> = {
  sum: FOLD_SUM,
  avg: FOLD_AVG,
  min: FOLD_MIN,
  max: FOLD_MAX,
  count: FOLD_COUNT,
  group: FOLD_GROUP,
  stddev: FOLD_STDDEV,
  stdvar: FOLD_STDVAR,
};

export function aggregateRows(evaluation: Evaluation, plan: AggregatePlan): Rows {
  const fold = FOLDS[plan.op];
  if (fold !== undefined) return new FoldedRows(evaluation, plan, fold);
  if (plan.op === "quantile") return new QuantileRows(evaluation, plan);
  if (plan.op === "count_values") return countValues(evaluation, plan);
  return selectedRows(evaluation, plan);
}

/** What the rows of groups share: labels, and when the samples of the input stop counting. */
abstract class GroupedRows implements Rows {
  protected readonly evaluation: Evaluation;
  protected readonly steps: number;
  protected readonly source: Rows;
  protected readonly groups: readonly Group[];
  readonly list?: LabelList;
  readonly #liveBefore: number;
  #unfilled: number;

  constructor(evaluation: Evaluation, plan: AggregatePlan) {
    this.evaluation = evaluation;
    this.steps = plan.grid.steps;
    this.#liveBefore = evaluation.budget.live;
    this.source = evaluation.open(plan.operand);
    const { list } = this.source;
    const grouped = list === undefined ? undefined : groupsOf(list, plan.grouping, plan.without);
    this.groups = grouped?.groups ?? groupRows(this.source, plan.grouping, plan.without);
    if (grouped !== undefined) this.list = grouped.list;
    this.#unfilled = this.groups.length;
  }

  get count(): number {
    return this.groups.length;
  }
  labels(index: number): Labels {
    return this.groups[index]!.labels;
  }
  dropsName(index: number): boolean {
    const { members } = this.groups[index]!;
    if (this.evaluation.isNewer) return members.some((member) => this.source.dropsName(member));
    return this.source.dropsName(members[0]!);
  }

  fill(index: number, values: number, present: number): number {
    const { memory, budget } = this.evaluation;
    const mark = memory.mark();
    const found = this.fillGroup(this.groups[index]!.members, values, present);
    memory.releaseTo(mark);
    // As long as groups are missing their input counts as held: what is refused must not depend on streaming.
    this.#unfilled--;
    if (this.#unfilled === 0) budget.release(this.#liveBefore);
    budget.charge(found);
    return found;
  }

  protected abstract fillGroup(members: readonly number[], values: number, present: number): number;
}

class FoldedRows extends GroupedRows {
  readonly #fold: number;
  readonly #plan: AggregatePlan;

  constructor(evaluation: Evaluation, plan: AggregatePlan, fold: number) {
    super(evaluation, plan);
    this.#fold = fold;
    this.#plan = plan;
  }

  protected override fillGroup(members: readonly number[], values: number, present: number): number {
    const { memory, kernels, budget } = this.evaluation;
    const state = memory.allocate(this.steps * 32);
    const bytes = rowBytes(this.steps);
    const size = rowsAtATime(this.source, this.steps);
    const rows = memory.allocate(size * bytes);
    const founds = new Int32Array(size);
    kernels.clearFold(state, this.steps);
    const { histograms } = this.evaluation;
    const held = histograms.mark();
    let folds: HistogramFolds | undefined;
    for (let from = 0; from < members.length; from += size) {
      const count = Math.min(size, members.length - from);
      fillRows(this.source, this.steps, members, from, from + count, rows, founds);
      if (histograms.isUsed) {
        for (let k = 0; k < count; k++) {
          if (founds[k] === 0) continue;
          const values = rows + k * bytes;
          folds = this.#foldHistograms(members[from + k]!, values, state, folds);
          // What is a mix depends on what was folded before.
          kernels.foldRow(this.#fold, values, values + this.steps * 8, this.steps, state);
        }
      } else kernels.foldRows(this.#fold, rows, count, bytes, this.steps, state);
      budget.work(count * this.steps);
      // Sums and means have copies of their own.
      histograms.releaseTo(held);
    }
    const found = kernels.finishFold(this.#fold, state, this.steps, values, present);
    return folds === undefined ? found : folds.finish(values, present, this.steps, found);
  }

  /** Folds the histograms of the row at `values`, if it has any. */
  #foldHistograms(
    member: number,
    values: number,
    state: number,
    folds: HistogramFolds | undefined,
  ): HistogramFolds | undefined {
    const present = values + this.steps * 8;
    if (!hasHistograms(this.evaluation, present, this.steps)) return folds;
    const { op, operandSpan } = this.#plan;
    if (op === "sum" || op === "avg") {
      const into = folds ?? new HistogramFolds(this.evaluation, op, operandSpan);
      const name = this.source.labels(member).get(METRIC_NAME);
      into.add(name, values, present, this.steps, state + 24 * this.steps);
      return into;
    }
    if (op !== "count" && op !== "group") this.evaluation.annotations.addIgnoredInAggregation(op, operandSpan);
    return folds;
  }
}

class QuantileRows extends GroupedRows {
  readonly #quantiles: number;
  readonly #operand: Span;

  constructor(evaluation: Evaluation, plan: AggregatePlan) {
    super(evaluation, plan);
    assert(plan.param !== undefined, "quantile has a parameter");
    this.#operand = plan.operandSpan;
    this.#quantiles = holdScalar(evaluation, plan.param);
    const at = this.#quantiles >>> 3;
    const column = evaluation.memory.floats.subarray(at, at + this.steps);
    const highest = column.reduce(maximum, -Number.MAX_VALUE);
    const lowest = column.reduce(minimum, Number.MAX_VALUE);
    if (column.some(Number.isNaN))
      evaluation.annotations.addInvalidQuantile(Number.NaN, { ...plan.param.span, owner: plan.span });
    if (highest > 1) evaluation.annotations.addInvalidQuantile(highest, { ...plan.param.span, owner: plan.span });
    if (lowest < 0) evaluation.annotations.addInvalidQuantile(lowest, { ...plan.param.span, owner: plan.span });
  }

  protected override fillGroup(members: readonly number[], values: number, present: number): number {
    const { memory, kernels, budget } = this.evaluation;
    const frame = holdMembers(this.evaluation, this.source, members, this.steps);
    for (let i = 0; i < frame.count; i++) {
      if (!hasHistograms(this.evaluation, frame.present(i), this.steps)) continue;
      this.evaluation.annotations.addIgnoredInAggregation("quantile", this.#operand);
    }
    const rows = writeRowList(memory, frame, undefined);
    const scratch = memory.allocate(frame.count * 8);
    let found = 0;
    const perCall = Math.max(1, Math.floor(SORTED_PER_CALL / Math.max(1, frame.count)));
    for (let from = 0; from < this.steps; from += perCall) {
      const to = Math.min(this.steps, from + perCall);
      found += kernels.quantileOfRows(rows, frame.count, this.#quantiles, from, to, scratch, values, present);
      budget.work((to - from) * frame.count * 8);
    }
    return found;
  }
}

/** A series for each group and value, with how often the value is there. */
function countValues(evaluation: Evaluation, plan: AggregatePlan): Rows {
  const { memory } = evaluation;
  const { steps } = plan.grid;
  assert(plan.param?.kind === "string", "count_values has a string");
  const label = plan.param.value;
  if (!isValidLabelName(label)) throw executionError(`invalid label name ${quoteGo(label)}`);
  const grouping = plan.without ? plan.grouping : [...plan.grouping, label];
  const groupLabels = groupLabelsOf(grouping, plan.without);
  const source = hold(evaluation, evaluation.open(plan.operand), steps);
  const frame = new Frame(memory, steps);
  const rowOf = new Map<string, number>();
  for (let i = 0; i < source.count; i++) {
    const labels = source.labels(i);
    const seen = new Map<number, number>();
    for (let step = 0; step < steps; step++) {
      const kind = memory.bytes[source.present(i) + step];
      if (kind === ABSENT) continue;
      const value = memory.floats[(source.values(i) >>> 3) + step]!;
      let row = kind === FLOAT ? seen.get(value) : undefined;
      if (row === undefined) {
        const text = kind === FLOAT ? formatFloat(value) : evaluation.histograms.get(value).toString();
        const withValue = groupLabels(labels.with(label, text));
        row = rowOf.get(withValue.key);
        if (row === undefined) {
          row = frame.count;
          rowOf.set(withValue.key, row);
          const address = memory.allocate(rowBytes(steps));
          memory.bytes.fill(0, address, address + rowBytes(steps));
          frame.add(withValue, false, address);
        }
        // -0 and 0 print differently and are one key of a Map.
        if (value !== 0 && kind === FLOAT) seen.set(value, row);
      }
      memory.floats[(frame.values(row) >>> 3) + step]! += 1;
      memory.bytes[frame.present(row) + step] = FLOAT;
    }
    evaluation.budget.work(steps * 10);
  }
  return frame;
}

/**
 * topk, bottomk, limitk and limit_ratio: some of the input's series, step by step. The input is held; what is not
 * selected loses its presence.
 */
import { assert } from "../../base/index.js";
import { hashOffset } from "../../model/index.js";
import { formatGeneral } from "../../model/number.js";
import { executionError } from "../functions/errors.js";
import { maximum, minimum } from "../functions/go-math.js";
import type { AggregatePlan } from "../plan/nodes.js";
import { scalarColumn } from "./binary.js";
import { type Group, groupRows } from "./groups.js";
import { writeRowList } from "./row-list.js";
import {
  ABSENT,
  dropHistograms,
  type Evaluation,
  FLOAT,
  type Frame,
  hasHistograms,
  hold,
  NO_ROWS,
  type Rows,
  settle,
} from "./rows.js";
import { isBelow, sortInPlace, ValueHeap } from "./value-heap.js";

export function selectedRows(evaluation: Evaluation, plan: AggregatePlan): Rows {
  assert(plan.param !== undefined, `${plan.op} has a parameter`);
  const param = scalarColumn(evaluation, plan.param);
  const source = evaluation.open(plan.operand);
  if (plan.op === "limit_ratio") {
    if (param.every((ratio) => ratio === 0)) return nothingOf(evaluation, plan, source);
    if (evaluation.isNewer && param.some(Number.isNaN)) throw executionError("Ratio value is NaN");
    const highest = param.reduce(maximum);
    const lowest = param.reduce(minimum);
    if (highest > 1) evaluation.annotations.addInvalidRatio(highest, 1, { ...plan.param.span, owner: plan.span });
    if (lowest < -1) evaluation.annotations.addInvalidRatio(lowest, -1, { ...plan.param.span, owner: plan.span });
  } else if (!param.some((k) => k >= 1 || Number.isNaN(k))) {
    return nothingOf(evaluation, plan, source);
  } else if (evaluation.isNewer) {
    refuseValues(param);
  }
  const held = copyOf(evaluation, hold(evaluation, source, plan.grid.steps), source);
  if (plan.op === "topk" || plan.op === "bottomk") {
    if (!evaluation.isNewer) refuseAtSteps(evaluation, param, held);
    for (let i = 0; i < held.count; i++) {
      if (!hasHistograms(evaluation, held.present(i), held.steps)) continue;
      evaluation.annotations.addIgnoredInAggregation(plan.op, plan.span);
      dropHistograms(evaluation, held.present(i), held.steps, 0);
    }
  }
  return new Selector(evaluation, plan, held, param).rows();
}

/** 3.5 looks at k where there is a sample, if only a histogram. */
function refuseAtSteps({ memory }: Evaluation, param: Float64Array, frame: Frame): void {
  for (const [step, k] of param.entries()) {
    if (isWithinInt64(k)) continue;
    for (let i = 0; i < frame.count; i++) {
      if (memory.bytes[frame.present(i) + step] === ABSENT) continue;
      throw executionError(`Scalar value ${formatGeneral(k)} overflows int64`);
    }
  }
}

function refuseValues(param: Float64Array): void {
  if (param.some(Number.isNaN)) throw executionError("Parameter value is NaN");
  const lowest = param.reduce(minimum);
  const highest = param.reduce(maximum);
  if (lowest <= -(2 ** 63)) throw executionError(`Scalar value ${formatGeneral(lowest)} underflows int64`);
  if (highest >= 2 ** 63) throw executionError(`Scalar value ${formatGeneral(highest)} overflows int64`);
}

function nothingOf(evaluation: Evaluation, plan: AggregatePlan, source: Rows): Rows {
  settle(evaluation, source, plan.grid.steps);
  return NO_ROWS;
}

/** A frame whose presence may be changed: `hold` hands on what is held already. */
function copyOf(evaluation: Evaluation, frame: Frame, source: Rows): Frame {
  if (frame !== source) return frame;
  const rows: Rows = {
    count: frame.count,
    labels: (index) => frame.labels(index),
    dropsName: (index) => frame.dropsName(index),
    fill: (index, values, present) => frame.fill(index, values, present),
  };
  return hold(evaluation, rows, frame.steps);
}

function isWithinInt64(value: number): boolean {
  return value < 2 ** 63 && value >= -(2 ** 63);
}

/** Samples that one call of a kernel may rank: a fraction of a millisecond, so that a query can be canceled in time. */
const SAMPLES_PER_CALL = 20_000;

class Selector {
  readonly #evaluation: Evaluation;
  readonly #plan: AggregatePlan;
  readonly #frame: Frame;
  readonly #param: Float64Array;

  constructor(evaluation: Evaluation, plan: AggregatePlan, frame: Frame, param: Float64Array) {
    this.#evaluation = evaluation;
    this.#plan = plan;
    this.#frame = frame;
    this.#param = param;
  }

  rows(): Rows {
    const { steps } = this.#plan.grid;
    const { bytes } = this.#evaluation.memory;
    const order: number[] = [];
    const groups = groupRows(this.#frame, this.#plan.grouping, this.#plan.without);
    const isRank = this.#plan.op === "topk" || this.#plan.op === "bottomk";
    if (steps > 1 && isRank && this.#param.every(isWithinInt64)) return this.#pickByKernel(groups);
    for (const { members } of groups) {
      for (let step = 0; step < steps; step++) {
        const present = members.filter((row) => bytes[this.#frame.present(row) + step] !== ABSENT);
        if (present.length === 0) continue;
        const selected = this.#select(present, step);
        const kinds = selected.map((row) => bytes[this.#frame.present(row) + step]!);
        for (const row of present) bytes[this.#frame.present(row) + step] = ABSENT;
        for (const [i, row] of selected.entries()) bytes[this.#frame.present(row) + step] = kinds[i]!;
        if (steps === 1) order.push(...selected);
        this.#evaluation.budget.work(members.length * 4);
      }
    }
    if (steps === 1) return this.#frame.pick(order);
    return this.#presentRows();
  }

  #presentRows(): Frame {
    const all = Array.from({ length: this.#frame.count }, (_, row) => row);
    return this.#frame.pick(all.filter((row) => this.#frame.presentSteps(row) > 0));
  }

  /** topk and bottomk of a range query, whose result needs no order. */
  #pickByKernel(groups: readonly Group[]): Frame {
    const { memory, kernels, budget } = this.#evaluation;
    const { steps } = this.#plan.grid;
    const mark = memory.mark();
    const ks = memory.allocate(steps * 8);
    memory.floats.set(this.#param, ks >>> 3);
    for (const { members } of groups) {
      const inner = memory.mark();
      const list = writeRowList(memory, this.#frame.pick(members), undefined);
      const scratch = memory.allocate(members.length * 16);
      const perCall = Math.max(1, Math.floor(SAMPLES_PER_CALL / members.length));
      for (let from = 0; from < steps; from += perCall) {
        const to = Math.min(steps, from + perCall);
        kernels.pickExtremes(list, members.length, ks, from, to, this.#plan.op === "topk" ? 1 : 0, scratch);
        budget.work((to - from) * members.length);
      }
      memory.releaseTo(inner);
    }
    memory.releaseTo(mark);
    return this.#presentRows();
  }

  #select(rows: readonly number[], step: number): readonly number[] {
    const param = this.#param[step]!;
    if (this.#plan.op === "limit_ratio") return this.#heaped(this.#selectRatio(rows, param), step);
    if (!isWithinInt64(param)) {
      throw executionError(`Scalar value ${formatGeneral(param)} overflows int64`);
    }
    const k = Math.min(Math.trunc(param), this.#frame.count);
    if (k < 1) return [];
    if (this.#plan.op === "limitk") return this.#heaped(rows.slice(0, k), step);
    return this.#selectExtremes(rows, step, k, this.#plan.op === "topk");
  }

  /** The k highest or lowest; which of equal ones is decided by the heap that Prometheus uses. */
  #selectExtremes(rows: readonly number[], step: number, k: number, highest: boolean): readonly number[] {
    const { floats } = this.#evaluation.memory;
    const valueAt = (row: number): number => floats[(this.#frame.values(row) >>> 3) + step]!;
    const isLess = highest
      ? (a: number, b: number): boolean => isBelow(valueAt(a), valueAt(b))
      : (a: number, b: number): boolean => isBelow(-valueAt(a), -valueAt(b));
    const heap = new ValueHeap(isLess);
    for (const row of rows) {
      if (heap.items.length < k) {
        heap.push(row);
        continue;
      }
      const top = valueAt(heap.items[0]!);
      const value = valueAt(row);
      const isBetter = highest ? top < value : top > value;
      if (isBetter || (Number.isNaN(top) && !Number.isNaN(value))) heap.replaceTop(row);
    }
    return sortInPlace(heap.items, (a, b) => isLess(b, a));
  }

  /** In the order of the heap that Prometheus collects them in, which an aggregation of the result may show. */
  #heaped(rows: readonly number[], step: number): readonly number[] {
    if (this.#plan.grid.steps > 1) return rows;
    const { memory } = this.#evaluation;
    const valueAt = (row: number): number => {
      const isFloat = memory.bytes[this.#frame.present(row) + step] === FLOAT;
      return isFloat ? memory.floats[(this.#frame.values(row) >>> 3) + step]! : 0;
    };
    const heap = new ValueHeap((a, b) => isBelow(valueAt(a), valueAt(b)));
    for (const row of rows) heap.push(row);
    return heap.items;
  }

  #selectRatio(rows: readonly number[], param: number): readonly number[] {
    if (Number.isNaN(param)) throw executionError("Ratio value NaN is NaN");
    if (param === 0) return [];
    const ratio = Math.max(-1, Math.min(1, param));
    return rows.filter((row) => {
      const offset = hashOffset(this.#frame.labels(row));
      return ratio >= 0 ? offset < ratio : offset >= 1 + ratio;
    });
  }
}

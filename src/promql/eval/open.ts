/** From plan nodes to rows. */
import { assert } from "../../base/index.js";
import { Labels } from "../../model/index.js";
import { executionError } from "../functions/errors.js";
import type { HoistPlan, NegatePlan, Plan } from "../plan/nodes.js";
import { aggregateRows } from "./aggregate.js";
import { scalarOperation, vectorScalarRows } from "./binary.js";
import { callRows, constantRow } from "./calls.js";
import { infoRows } from "./info.js";
import { namelessRows, SingleRow } from "./mapped.js";
import { vectorOperation } from "./matching.js";
import { type Evaluation, FLOAT, HISTOGRAM, hasHistograms, RowBuffer, type Rows } from "./rows.js";
import { SelectRows, windowRows } from "./selectors.js";
import { setOperation } from "./sets.js";

export function openRows(evaluation: Evaluation, plan: Plan): Rows {
  switch (plan.kind) {
    case "number":
      return constantRow(evaluation, plan.grid.steps, plan.value);
    case "select":
      return new SelectRows(evaluation, plan);
    case "window":
      return windowRows(evaluation, plan);
    case "call":
      return callRows(evaluation, plan);
    case "info":
      return infoRows(evaluation, plan);
    case "negate":
      return negatedRows(evaluation, plan);
    case "scalar-operation":
      return scalarOperation(evaluation, plan);
    case "vector-scalar":
      return vectorScalarRows(evaluation, plan);
    case "vector-operation":
      return vectorOperation(evaluation, plan);
    case "set-operation":
      return setOperation(evaluation, plan);
    case "aggregate":
      return aggregateRows(evaluation, plan);
    case "hoist":
      return new HoistedRows(evaluation, plan);
    case "range":
    case "string":
      throw executionError(`an expression of kind ${plan.kind} has no value at a step`);
  }
}

function negatedRows(evaluation: Evaluation, plan: NegatePlan): Rows {
  const { steps } = plan.grid;
  const source = evaluation.open(plan.operand);
  if (plan.isScalar) {
    return new SingleRow(Labels.EMPTY, false, (values, present) => {
      const found = source.fill(0, values, present);
      evaluation.kernels.negateRow(values, steps);
      return found;
    });
  }
  return namelessRows(evaluation, source, steps, !evaluation.isNewer, (values, present, found) => {
    if (!hasHistograms(evaluation, present, steps)) {
      evaluation.kernels.negateRow(values, steps);
      return found;
    }
    const { memory, histograms } = evaluation;
    for (let i = 0; i < steps; i++) {
      const at = (values >>> 3) + i;
      const value = memory.floats[at]!;
      if (memory.bytes[present + i] === FLOAT) memory.floats[at] = -value;
      else if (memory.bytes[present + i] === HISTOGRAM) {
        memory.floats[at] = histograms.put(histograms.get(value).copy().multiply(-1, evaluation.isNewer));
      }
    }
    return found;
  });
}

/** Rows of one step, repeated at each. */
class HoistedRows implements Rows {
  readonly #evaluation: Evaluation;
  readonly #source: Rows;
  readonly #steps: number;
  readonly #buffer: RowBuffer;

  constructor(evaluation: Evaluation, plan: HoistPlan) {
    assert(plan.inner.grid.steps === 1, "what is hoisted has one step");
    this.#evaluation = evaluation;
    this.#steps = plan.grid.steps;
    this.#source = this.#countedAtEachStep(() => evaluation.open(plan.inner));
    this.#buffer = new RowBuffer(evaluation.memory, 1);
  }

  #countedAtEachStep<T>(run: () => T): T {
    const { budget } = this.#evaluation;
    const { weight } = budget;
    budget.weight = weight * this.#steps;
    const result = run();
    budget.weight = weight;
    return result;
  }

  get count(): number {
    return this.#source.count;
  }
  labels(index: number): Labels {
    return this.#source.labels(index);
  }
  dropsName(index: number): boolean {
    return this.#source.dropsName(index);
  }

  fill(index: number, values: number, present: number): number {
    const { memory, kernels, budget } = this.#evaluation;
    const { values: innerValues, present: innerPresent } = this.#buffer;
    const found = this.#countedAtEachStep(() => this.#source.fill(index, innerValues, innerPresent));
    if (found === 0) {
      memory.bytes.fill(0, present, present + this.#steps);
      return 0;
    }
    budget.charge(this.#steps - 1);
    const kind = memory.bytes[innerPresent]!;
    kernels.fillRow(memory.floats[innerValues >>> 3]!, this.#steps, values, present);
    if (kind !== FLOAT) memory.bytes.fill(kind, present, present + this.#steps);
    return this.#steps;
  }
}

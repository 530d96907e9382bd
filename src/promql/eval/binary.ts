/** Binary operators: scalars, a vector with a scalar, and what one pair of rows gives. */
import {
  OPERATOR_ADD,
  OPERATOR_DIV,
  OPERATOR_EQUAL,
  OPERATOR_GREATER,
  OPERATOR_GREATER_EQUAL,
  OPERATOR_LESS,
  OPERATOR_LESS_EQUAL,
  OPERATOR_MUL,
  OPERATOR_NOT_EQUAL,
  OPERATOR_SUB,
} from "../../../assembly/promql/codes.js";
import { Labels } from "../../model/index.js";
import { atan2, pow } from "../functions/go-math.js";
import {
  type ArithmeticOperator,
  type ComparisonOperator,
  isComparison,
  isTrim,
  type Span,
  type TrimOperator,
} from "../parser/index.js";
import type { ScalarOperationPlan, VectorScalarPlan } from "../plan/nodes.js";
import { combineMixed } from "./histogram-operators.js";
import { MappedRows, namelessRows, SingleRow } from "./mapped.js";
import { type Evaluation, FLOAT, hasHistograms, holdScalar, RowBuffer, type Rows, withUniqueLabels } from "./rows.js";
import { StepNotes } from "./step-notes.js";

export type ValueOperator = ArithmeticOperator | ComparisonOperator | TrimOperator;

/** What a comparison leaves: the left value where it holds, 1 or 0, or the right value where it holds. */
export const KEEP_LEFT = 0;
export const GIVE_BOOL = 1;
const KEEP_RIGHT = 2;

const KERNEL_CODES: Readonly<Partial<Record<ValueOperator, number>>> = {
  "+": OPERATOR_ADD,
  "-": OPERATOR_SUB,
  "*": OPERATOR_MUL,
  "/": OPERATOR_DIV,
  "==": OPERATOR_EQUAL,
  "!=": OPERATOR_NOT_EQUAL,
  ">": OPERATOR_GREATER,
  "<": OPERATOR_LESS,
  ">=": OPERATOR_GREATER_EQUAL,
  "<=": OPERATOR_LESS_EQUAL,
};

/** Addresses of a row. */
export interface RowPlace {
  readonly values: number;
  readonly present: number;
}

/**
 * `out = left OP right` where both are present and can be combined; returns the number of present steps.
 *
 * @param span  of the whole operation, for what annotations say about histograms
 * @param row   which row of the operation this is, in its order
 */
export function combine(
  evaluation: Evaluation,
  op: ValueOperator,
  span: Span,
  left: RowPlace,
  right: RowPlace,
  steps: number,
  result: number,
  out: RowPlace,
  notes: StepNotes,
  row: number,
): number {
  evaluation.budget.work(steps);
  if (isTrim(op) || hasHistograms(evaluation, left.present, steps) || hasHistograms(evaluation, right.present, steps)) {
    return combineMixed(evaluation, op, span, left, right, steps, result, out, notes, row);
  }
  const code = KERNEL_CODES[op];
  if (code !== undefined) {
    return evaluation.budget.inSlices(steps, (from, size) =>
      evaluation.kernels.combineRows(
        code,
        left.values + from * 8,
        left.present + from,
        right.values + from * 8,
        right.present + from,
        size,
        result,
        out.values + from * 8,
        out.present + from,
      ),
    );
  }
  const calculate = op === "^" ? pow : op === "atan2" ? atan2 : remainder;
  const { bytes, floats } = evaluation.memory;
  let found = 0;
  for (let i = 0; i < steps; i++) {
    const has = bytes[left.present + i]! & bytes[right.present + i]! & FLOAT;
    bytes[out.present + i] = has;
    if (has === 0) continue;
    found++;
    floats[(out.values >>> 3) + i] = calculate(floats[(left.values >>> 3) + i]!, floats[(right.values >>> 3) + i]!);
  }
  return found;
}

function remainder(a: number, b: number): number {
  return a % b;
}

export function scalarOperation(evaluation: Evaluation, plan: ScalarOperationPlan): Rows {
  const { memory } = evaluation;
  const { steps } = plan.grid;
  return new SingleRow(Labels.EMPTY, false, (values, present) => {
    const mark = memory.mark();
    const right = new RowBuffer(memory, steps);
    evaluation.open(plan.left).fill(0, values, present);
    evaluation.open(plan.right).fill(0, right.values, right.present);
    const place = { values, present };
    const notes = new StepNotes(evaluation.annotations);
    const found = combine(evaluation, plan.op, plan.span, place, right, steps, GIVE_BOOL, place, notes, 0);
    memory.releaseTo(mark);
    return found;
  });
}

export function vectorScalarRows(evaluation: Evaluation, plan: VectorScalarPlan): Rows {
  const { memory } = evaluation;
  const { steps } = plan.grid;
  const column = new RowBuffer(memory, steps);
  const scalar = evaluation.open(plan.scalar);
  scalar.fill(0, column.values, column.present);
  const vector = evaluation.open(plan.vector);
  const result = plan.returnBool ? GIVE_BOOL : plan.scalarIsLeft ? KEEP_RIGHT : KEEP_LEFT;
  const notes = new StepNotes(evaluation.annotations);
  const change = (values: number, present: number, _found: number, row: number): number => {
    const place = { values, present };
    const [left, right] = plan.scalarIsLeft ? [column, place] : [place, column];
    return combine(evaluation, plan.op, plan.span, left, right, steps, result, place, notes, row);
  };
  if ((isComparison(plan.op) && !plan.returnBool) || isTrim(plan.op)) {
    return withUniqueLabels(evaluation, new MappedRows(vector, steps, change, undefined, undefined), steps, "merge");
  }
  return namelessRows(evaluation, vector, steps, false, change);
}

/** The scalar of a plan at each step, as a plain list; for parameters that JavaScript looks at. */
export function scalarColumn(evaluation: Evaluation, plan: Parameters<typeof holdScalar>[1]): Float64Array {
  const mark = evaluation.memory.mark();
  const at = holdScalar(evaluation, plan) >>> 3;
  const column = evaluation.memory.floats.slice(at, at + plan.grid.steps);
  evaluation.memory.releaseTo(mark);
  return column;
}

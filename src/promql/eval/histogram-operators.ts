/** Binary operators where at least one side has histograms. */
import { RESET_GAUGE } from "../../model/index.js";
import { atan2, pow } from "../functions/go-math.js";
import { add, subtract } from "../native/arithmetic.js";
import type { FloatHistogram } from "../native/float-histogram.js";
import { trim } from "../native/trim.js";
import type { Span } from "../parser/index.js";
import type { Annotations } from "./annotations.js";
import type { RowPlace, ValueOperator } from "./binary.js";
import { ABSENT, type Evaluation, FLOAT, HISTOGRAM } from "./rows.js";
import type { StepNotes } from "./step-notes.js";

type Value = number | FloatHistogram;

/** What an operator gives at a step: its value, and for comparisons whether it holds; undefined if it gives nothing. */
type Outcome = { readonly value: Value; readonly holds: boolean } | undefined;

/** As `combine`: 0 keeps the left value where a comparison holds, 1 gives 1 or 0, 2 keeps the right value. */
export function combineMixed(
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
  const { memory, histograms, budget } = evaluation;
  const valueAt = (place: RowPlace, step: number): Value | undefined => {
    const kind = memory.bytes[place.present + step];
    const value = memory.floats[(place.values >>> 3) + step]!;
    return kind === ABSENT ? undefined : kind === FLOAT ? value : histograms.get(value);
  };
  let found = 0;
  for (let step = 0; step < steps; step++) {
    const a = valueAt(left, step);
    const b = valueAt(right, step);
    let value: Value | undefined;
    if (a !== undefined && b !== undefined) {
      const say = (key: string, note: (annotations: Annotations) => void): void => notes.add(step, row, key, note);
      const outcome = operate(evaluation.isNewer, op, span, a, b, say);
      budget.work(typeof a === "number" && typeof b === "number" ? 1 : 200);
      if (outcome === undefined) value = undefined;
      else if (!isComparisonOf(op)) value = outcome.value;
      else if (result === 1) value = outcome.holds ? 1 : 0;
      else if (outcome.holds) value = result === 2 ? b : a;
    }
    memory.bytes[out.present + step] = value === undefined ? ABSENT : typeof value === "number" ? FLOAT : HISTOGRAM;
    if (value === undefined) continue;
    found++;
    memory.floats[(out.values >>> 3) + step] = typeof value === "number" ? value : histograms.put(value);
  }
  return found;
}

const COMPARISONS: ReadonlySet<ValueOperator> = new Set(["==", "!=", "<", "<=", ">", ">="]);

function isComparisonOf(op: ValueOperator): boolean {
  return COMPARISONS.has(op);
}

type Say = (key: string, note: (annotations: Annotations) => void) => void;

function operate(isNewer: boolean, op: ValueOperator, span: Span, a: Value, b: Value, say: Say): Outcome {
  if (typeof a === "number" && typeof b === "number") {
    const value = onFloats(op, a, b);
    if (value !== undefined) return { value, holds: value === 1 };
  } else if (typeof a !== "number" && typeof b !== "number") {
    if (op === "+" || op === "-") return joined(isNewer, op, span, a, b, say);
    if (op === "==" || op === "!=") return { value: a, holds: a.equals(b) === (op === "==") };
  } else if (typeof a === "number") {
    if (op === "*") return { value: (b as FloatHistogram).copy().multiply(a, isNewer).compact(), holds: true };
  } else {
    const factor = b as number;
    if (op === "*") return { value: a.copy().multiply(factor, isNewer).compact(), holds: true };
    if (op === "/") return { value: a.copy().divide(factor, isNewer).compact(), holds: true };
    if (op === "</" || op === ">/") return { value: trim(a.copy(), factor, op === "</"), holds: true };
  }
  const kindOf = (value: Value): string => (typeof value === "number" ? "float" : "histogram");
  const [left, right] = [kindOf(a), kindOf(b)];
  say(`${left} ${right}`, (annotations) => annotations.addIncompatibleTypes(left, op, right, span));
  return undefined;
}

function joined(isNewer: boolean, op: "+" | "-", span: Span, a: FloatHistogram, b: FloatHistogram, say: Say): Outcome {
  const value = a.copy();
  const { error, hintsCollide, boundsReconciled } = op === "+" ? add(value, b, isNewer) : subtract(value, b, isNewer);
  if (error !== undefined) {
    say("layout", (annotations) => annotations.addIncompatibleLayout(op, span));
    return undefined;
  }
  const operation = op === "+" ? "addition" : "subtraction";
  if (isNewer) {
    if (op === "-") value.counterResetHint = RESET_GAUGE;
    if (hintsCollide) say("collision", (annotations) => annotations.addResetCollision(operation, span));
    if (boundsReconciled) say("bounds", (annotations) => annotations.addReconciledBounds(operation, span));
  }
  return { value: value.compact(), holds: true };
}

/** Undefined for operators that floats have not; comparisons give 1 or 0. */
function onFloats(op: ValueOperator, a: number, b: number): number | undefined {
  switch (op) {
    case "+":
      return a + b;
    case "-":
      return a - b;
    case "*":
      return a * b;
    case "/":
      return a / b;
    case "%":
      return a % b;
    case "^":
      return pow(a, b);
    case "atan2":
      return atan2(a, b);
    case "==":
      return a === b ? 1 : 0;
    case "!=":
      return a !== b ? 1 : 0;
    case "<":
      return a < b ? 1 : 0;
    case "<=":
      return a <= b ? 1 : 0;
    case ">":
      return a > b ? 1 : 0;
    case ">=":
      return a >= b ? 1 : 0;
    case "</":
    case ">/":
      return undefined;
  }
}

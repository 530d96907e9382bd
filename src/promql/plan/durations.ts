/** Values of duration expressions (`foo[5m * 2]`), in milliseconds. */
import { VestalError } from "../../base/index.js";
import type { DurationExpr, DurationOperand } from "../parser/index.js";

/** What `step()` and `range()` stand for. */
export interface QueryTimes {
  readonly startMs: number;
  readonly endMs: number;
  readonly stepMs: number;
}

/** @throws VestalError BAD_DATA in Prometheus' words. */
export function durationOf(expr: DurationExpr, mayBeNegative: boolean, times: QueryTimes): number {
  const seconds = secondsOf(expr, times);
  if (seconds <= 0 && !mayBeNegative) throw durationError(expr, "duration must be greater than 0");
  // What is no number becomes 0 on its way through Go's integers.
  if (Number.isNaN(seconds)) return 0;
  if (Math.abs(seconds) > 9.2e15) throw durationError(expr, "duration is out of range");
  return Math.trunc(seconds * 1000);
}

function secondsOf(expr: DurationOperand, times: QueryTimes): number {
  if (expr.kind === "number") return expr.value;
  const left = expr.lhs === undefined ? undefined : secondsOf(expr.lhs, times);
  const right = expr.rhs === undefined ? 0 : secondsOf(expr.rhs, times);
  switch (expr.op) {
    case "+":
      return (left ?? 0) + right;
    case "-":
      return left === undefined ? -right : left - right;
    case "*":
      return (left ?? 1) * right;
    case "/":
      if (right === 0) throw durationError(expr, "division by zero");
      return (left ?? 1) / right;
    case "%":
      if (right === 0) throw durationError(expr, "modulo by zero");
      return (left ?? 1) % right;
    case "^":
      return (left ?? 1) ** right;
    case "step":
      return times.stepMs / 1000;
    case "range":
      return (times.endMs - times.startMs) / 1000;
    case "min_of":
      return Math.min(left ?? 0, right);
    case "max_of":
      return Math.max(left ?? 0, right);
  }
}

function durationError(expr: DurationOperand, what: string): VestalError {
  return new VestalError("BAD_DATA", `${expr.start}:${expr.end}: ${what}`);
}

/**
 * Which parts of an expression have one value for all steps, because `@` fixes the times of every selector in them. They
 * are found where Prometheus finds them, as what is hoisted also decides what a function of the time sees.
 */
import type { Expr } from "../parser/index.js";

/** Functions whose value depends on the evaluation time, or on the times of samples, whatever their arguments are. */
const TIME_DEPENDENT: ReadonlySet<string> = new Set([
  "days_in_month",
  "day_of_month",
  "day_of_week",
  "day_of_year",
  "end",
  "hour",
  "minute",
  "month",
  "year",
  "predict_linear",
  "range",
  "start",
  "step",
  "time",
  "timestamp",
]);

export function isTimeDependent(func: string): boolean {
  return TIME_DEPENDENT.has(func);
}

/** All expressions in the tree that are the same at each step. */
export function invariantParts(expr: Expr): ReadonlySet<Expr> {
  const found = new Set<Expr>();
  mark(expr, found);
  return found;
}

function mark(expr: Expr, found: Set<Expr>): boolean {
  const is = isInvariant(expr, found);
  if (is) found.add(expr);
  return is;
}

function isInvariant(expr: Expr, found: Set<Expr>): boolean {
  switch (expr.kind) {
    case "number":
    case "string":
      return true;
    case "vectorSelector":
      return expr.at !== undefined;
    case "matrixSelector":
      return mark(expr.selector, found);
    case "subquery":
      mark(expr.expr, found);
      return expr.at !== undefined;
    case "paren":
    case "unary":
      return mark(expr.expr, found);
    case "aggregate":
      // The parameter does not count, as in Prometheus: it is evaluated once with the rest.
      if (expr.param !== undefined) mark(expr.param, found);
      return mark(expr.expr, found);
    case "binary": {
      const left = mark(expr.lhs, found);
      const right = mark(expr.rhs, found);
      return left && right;
    }
    case "call": {
      let all = !TIME_DEPENDENT.has(expr.func.name);
      for (const arg of expr.args) {
        if (!mark(arg, found)) all = false;
      }
      return all;
    }
  }
}

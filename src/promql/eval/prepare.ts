/** From a query as it is asked to a request that can be evaluated. */
import { VestalError } from "../../base/index.js";
import { type Expr, type ParserOptions, parseExpr, type ValueType } from "../parser/index.js";
import type { EvaluationOptions, QueryRequest } from "./evaluate.js";

const DOCUMENTED: Readonly<Record<ValueType, string>> = {
  scalar: "scalar",
  string: "string",
  vector: "instant vector",
  matrix: "range vector",
};

/** @throws VestalError PARSE. */
export function prepareInstantQuery(
  text: string,
  timeMs: number,
  options: EvaluationOptions,
  parserOptions: ParserOptions = {},
): QueryRequest {
  return instantRequest(text, parseExpr(text, parserOptions), timeMs, options);
}

/** @param expr  of `text` */
export function instantRequest(text: string, expr: Expr, timeMs: number, options: EvaluationOptions): QueryRequest {
  return { text, expr, startMs: timeMs, endMs: timeMs, stepMs: 0, options };
}

/** @throws VestalError PARSE, or BAD_DATA for an expression that has no value at single steps. */
export function prepareRangeQuery(
  text: string,
  range: { readonly startMs: number; readonly endMs: number; readonly stepMs: number },
  options: EvaluationOptions,
  parserOptions: ParserOptions = {},
): QueryRequest {
  return rangeRequest(text, parseExpr(text, parserOptions), range, options);
}

/** @param expr  of `text`. @throws VestalError BAD_DATA for an expression that has no value at single steps. */
export function rangeRequest(
  text: string,
  expr: Expr,
  { startMs, endMs, stepMs }: { readonly startMs: number; readonly endMs: number; readonly stepMs: number },
  options: EvaluationOptions,
): QueryRequest {
  refuseRanges(expr);
  return { text, expr, startMs, endMs, stepMs, options };
}

function refuseRanges(expr: Expr): void {
  if (expr.valueType === "vector" || expr.valueType === "scalar") return;
  const type = DOCUMENTED[expr.valueType];
  throw new VestalError(
    "BAD_DATA",
    `invalid expression type "${type}" for range query, must be Scalar or instant Vector`,
  );
}

/**
 * The syntax tree of PromQL. Each node has a `kind`, its place in the input, and the type of its value.
 *
 * Offsets are indices into the JavaScript string, `[start, end)`; `formatPosition` turns one into the `line:column` (in
 * bytes) of Prometheus' messages. Durations are whole milliseconds. A duration that needs evaluation (`foo[5m * 2]`) is
 * a `DurationExpr` beside the number, which is then 0. Nothing changes a tree once the parser has returned it.
 */
import type { Matcher } from "../../model/index.js";
import type { FunctionSignature } from "./functions.js";

export type ValueType = "scalar" | "vector" | "matrix" | "string";

export interface Span {
  readonly start: number;
  readonly end: number;
}

interface Node extends Span {
  readonly valueType: ValueType;
}

export interface NumberLiteral extends Node {
  readonly kind: "number";
  readonly value: number;
  /** Written as a duration (`1h`): the value is in seconds, and it is printed as a duration again. */
  readonly isDuration: boolean;
}

export interface StringLiteral extends Node {
  readonly kind: "string";
  readonly value: string;
}

/** `@ 1609746000` (in ms here), `@ start()`, `@ end()`. */
export type AtModifier =
  | { readonly kind: "timestamp"; readonly timestampMs: number }
  | { readonly kind: "start" }
  | { readonly kind: "end" };

/** `offset` and `@`, which selectors and subqueries can carry. */
export interface TimeModifiers {
  /** As written: negative looks ahead. 0 where there is none or where `offsetExpr` is set. */
  readonly offsetMs: number;
  readonly offsetExpr: DurationExpr | undefined;
  readonly at: AtModifier | undefined;
}

export interface VectorSelector extends Node, TimeModifiers {
  readonly kind: "vectorSelector";
  /** The name written outside the braces, or "". */
  readonly name: string;
  /** All conditions in their order, that of `name` last. */
  readonly matchers: readonly Matcher[];
  /** `anchored` or `smoothed` behind a selector (promql-extended-range-selectors). */
  readonly extended: "anchored" | "smoothed" | undefined;
  /** Second argument of `info`: selects labels of info series and may be empty. */
  readonly isLabelSelector: boolean;
}

export interface MatrixSelector extends Node {
  readonly kind: "matrixSelector";
  /** Carries `offset`, `@` and `extended` of the whole. */
  readonly selector: VectorSelector;
  readonly rangeMs: number;
  readonly rangeExpr: DurationExpr | undefined;
}

export interface SubqueryExpr extends Node, TimeModifiers {
  readonly kind: "subquery";
  readonly expr: Expr;
  readonly rangeMs: number;
  readonly rangeExpr: DurationExpr | undefined;
  /** 0 = the default evaluation interval, unless `stepExpr` is set. */
  readonly stepMs: number;
  readonly stepExpr: DurationExpr | undefined;
}

export interface UnaryExpr extends Node {
  readonly kind: "unary";
  readonly op: "+" | "-";
  readonly expr: Expr;
}

export type ArithmeticOperator = "+" | "-" | "*" | "/" | "%" | "^" | "atan2";
export type ComparisonOperator = "==" | "!=" | "<" | "<=" | ">" | ">=";
export type SetOperator = "and" | "or" | "unless";
/** `</` and `>/` cut buckets off native histograms (language 3.14). */
export type TrimOperator = "</" | ">/";
export type BinaryOperator = ArithmeticOperator | ComparisonOperator | SetOperator | TrimOperator;

export interface VectorMatching {
  readonly card: "one-to-one" | "many-to-one" | "one-to-many" | "many-to-many";
  /** Labels of `on` or `ignoring`. */
  readonly labels: readonly string[];
  readonly on: boolean;
  /** Labels of `group_left` or `group_right`. */
  readonly include: readonly string[];
  /** What stands in where one side has no partner (promql-binop-fill-modifiers). */
  readonly fillLeft: number | undefined;
  readonly fillRight: number | undefined;
}

export interface BinaryExpr extends Node {
  readonly kind: "binary";
  readonly op: BinaryOperator;
  readonly lhs: Expr;
  readonly rhs: Expr;
  readonly returnBool: boolean;
  /** Set where both sides are vectors. */
  readonly matching: VectorMatching | undefined;
}

export type AggregateOperator =
  | "avg"
  | "bottomk"
  | "count"
  | "count_values"
  | "group"
  | "limit_ratio"
  | "limitk"
  | "max"
  | "min"
  | "quantile"
  | "stddev"
  | "stdvar"
  | "sum"
  | "topk";

export interface AggregateExpr extends Node {
  readonly kind: "aggregate";
  readonly op: AggregateOperator;
  readonly expr: Expr;
  readonly param: Expr | undefined;
  readonly grouping: readonly string[];
  /** `without` rather than `by`. */
  readonly without: boolean;
}

export interface Call extends Node {
  readonly kind: "call";
  readonly func: FunctionSignature;
  readonly args: readonly Expr[];
}

export interface ParenExpr extends Node {
  readonly kind: "paren";
  readonly expr: Expr;
}

export type Expr =
  | NumberLiteral
  | StringLiteral
  | VectorSelector
  | MatrixSelector
  | SubqueryExpr
  | UnaryExpr
  | BinaryExpr
  | AggregateExpr
  | Call
  | ParenExpr;

/**
 * Arithmetic on durations, in seconds (promql-duration-expr): never an expression of its own, only a range, a step or
 * an offset. `step()` and `range()` have no operands, a sign has only `rhs`, all others have both.
 */
export interface DurationExpr extends Span {
  readonly kind: "duration";
  readonly op: "+" | "-" | "*" | "/" | "%" | "^" | "step" | "range" | "min_of" | "max_of";
  readonly lhs: DurationOperand | undefined;
  readonly rhs: DurationOperand | undefined;
  /** Was in parentheses, and is printed in them. */
  readonly wrapped: boolean;
}

export type DurationOperand = DurationExpr | NumberLiteral;

/** Operators whose first argument is a parameter. */
export function hasParameter(op: AggregateOperator): boolean {
  return (
    op === "topk" ||
    op === "bottomk" ||
    op === "count_values" ||
    op === "quantile" ||
    op === "limitk" ||
    op === "limit_ratio"
  );
}

export function isComparison(op: BinaryOperator): op is ComparisonOperator {
  return op === "==" || op === "!=" || op === "<" || op === "<=" || op === ">" || op === ">=";
}

export function isTrim(op: BinaryOperator): op is TrimOperator {
  return op === "</" || op === ">/";
}

export function isSetOperator(op: BinaryOperator): op is SetOperator {
  return op === "and" || op === "or" || op === "unless";
}

/** The expressions directly below `expr`, in the order of evaluation. */
export function childrenOf(expr: Expr): readonly Expr[] {
  switch (expr.kind) {
    case "number":
    case "string":
    case "vectorSelector":
      return [];
    case "matrixSelector":
      return [expr.selector];
    case "subquery":
    case "unary":
    case "paren":
      return [expr.expr];
    case "binary":
      return [expr.lhs, expr.rhs];
    case "aggregate":
      return expr.param === undefined ? [expr.expr] : [expr.expr, expr.param];
    case "call":
      return expr.args;
  }
}

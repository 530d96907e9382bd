export type {
  AggregateExpr,
  AggregateOperator,
  ArithmeticOperator,
  AtModifier,
  BinaryExpr,
  BinaryOperator,
  Call,
  ComparisonOperator,
  DurationExpr,
  DurationOperand,
  Expr,
  MatrixSelector,
  NumberLiteral,
  ParenExpr,
  SetOperator,
  Span,
  StringLiteral,
  SubqueryExpr,
  TimeModifiers,
  TrimOperator,
  UnaryExpr,
  ValueType,
  VectorMatching,
  VectorSelector,
} from "./ast.js";
export { childrenOf, hasParameter, isComparison, isSetOperator, isTrim } from "./ast.js";
export { FUNCTIONS, type FunctionSignature } from "./functions.js";
export type { ParserOptions } from "./options.js";
export { parseExpr, parseMetricSelector } from "./parse.js";
export { secondsToMs } from "./parse-duration.js";
export { ParsedExpressions } from "./parsed-expressions.js";
export { formatPosition } from "./position.js";
export { prettifyExpr, printExpr } from "./print.js";
export { type ExprJson, exprToJson } from "./to-json.js";
export { MAX_DEPTH } from "./token-stream.js";

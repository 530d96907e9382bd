/** A tree as the API's `parse_query` shows it to the UI; keys in order, since Go encodes maps that way. */
import { formatFloat } from "../../model/number.js";
import type { Expr, TimeModifiers, VectorSelector } from "./ast.js";

export type ExprJson = { readonly type: string } & Readonly<Record<string, unknown>>;

export function exprToJson(expr: Expr): ExprJson {
  return sortKeys(treeOf(expr)) as ExprJson;
}

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (typeof value !== "object" || value === null) return value;
  const sorted = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(sorted.map(([key, inner]) => [key, sortKeys(inner)]));
}

function treeOf(expr: Expr): ExprJson {
  switch (expr.kind) {
    case "number":
      return { type: "numberLiteral", val: formatFloat(expr.value) };
    case "string":
      return { type: "stringLiteral", val: wellFormed(expr.value) };
    case "vectorSelector":
      return { type: "vectorSelector", ...selection(expr), ...modifiers(expr) };
    case "matrixSelector": {
      const { selector } = expr;
      return { type: "matrixSelector", ...selection(selector), range: expr.rangeMs, ...modifiers(selector) };
    }
    case "subquery":
      return {
        type: "subquery",
        expr: treeOf(expr.expr),
        range: expr.rangeMs,
        step: expr.stepMs,
        ...modifiers(expr),
      };
    case "unary":
      return { type: "unaryExpr", op: expr.op, expr: treeOf(expr.expr) };
    case "binary": {
      const { matching } = expr;
      return {
        type: "binaryExpr",
        op: expr.op,
        lhs: treeOf(expr.lhs),
        rhs: treeOf(expr.rhs),
        bool: expr.returnBool,
        matching:
          matching === undefined
            ? null
            : { card: matching.card, labels: matching.labels, on: matching.on, include: matching.include },
      };
    }
    case "aggregate":
      return {
        type: "aggregation",
        op: expr.op,
        expr: treeOf(expr.expr),
        param: expr.param === undefined ? null : treeOf(expr.param),
        grouping: expr.grouping,
        without: expr.without,
      };
    case "call": {
      const { name, args, variadic, returns } = expr.func;
      return {
        type: "call",
        func: { name, argTypes: args, variadic, returnType: returns },
        args: expr.args.map(treeOf),
      };
    }
    case "paren":
      return { type: "parenExpr", expr: treeOf(expr.expr) };
  }
}

function selection({ name, matchers }: VectorSelector) {
  return {
    name,
    matchers: matchers.map((matcher) => ({
      name: wellFormed(matcher.name),
      value: wellFormed(matcher.value),
      type: matcher.operator,
    })),
  };
}

function modifiers({ offsetMs, at }: TimeModifiers) {
  return {
    offset: offsetMs,
    timestamp: at?.kind === "timestamp" ? at.timestampMs : null,
    startOrEnd: at === undefined || at.kind === "timestamp" ? null : at.kind,
  };
}

/** Bytes that are no UTF-8 read U+FFFD in JSON. */
function wellFormed(text: string): string {
  return text.replace(/\p{Cs}/gu, "\ufffd");
}

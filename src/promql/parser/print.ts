/** Expressions as text: `printExpr` on one line, as Prometheus prints them; `prettifyExpr` broken at 100 bytes. */
import { compareBytes, formatDuration, METRIC_NAME, quoteGo } from "../../model/index.js";
import { formatFixed, formatFloat } from "../../model/number.js";
import type {
  AggregateExpr,
  BinaryExpr,
  DurationOperand,
  Expr,
  NumberLiteral,
  SubqueryExpr,
  TimeModifiers,
  VectorMatching,
  VectorSelector,
} from "./ast.js";

export function printExpr(expr: Expr): string {
  switch (expr.kind) {
    case "number":
      return printNumber(expr);
    case "string":
      return quoteGo(expr.value);
    case "vectorSelector":
      return `${printSelection(expr)}${printAt(expr)}${printExtended(expr)}${printOffset(expr)}`;
    case "matrixSelector": {
      const { selector } = expr;
      const range = `[${printRange(expr.rangeMs, expr.rangeExpr)}]`;
      return `${printSelection(selector)}${range}${printExtended(selector)}${printAt(selector)}${printOffset(selector)}`;
    }
    case "subquery":
      return printExpr(expr.expr) + printSubqueryRange(expr);
    case "unary":
      return expr.op + printExpr(expr.expr);
    case "binary":
      return printChain(expr);
    case "aggregate": {
      const param = expr.param === undefined ? "" : `${printExpr(expr.param)}, `;
      return `${printAggregation(expr)}(${param}${printExpr(expr.expr)})`;
    }
    case "call":
      return `${expr.func.name}(${expr.args.map(printExpr).join(", ")})`;
    case "paren":
      return `(${printExpr(expr.expr)})`;
  }
}

const MAX_LINE_BYTES = 100;

/** As `format_query` and `promtool promql format`: what is longer than a line gets its parts on lines of their own. */
export function prettifyExpr(expr: Expr): string {
  return prettify(expr, 0);
}

function prettify(expr: Expr, level: number): string {
  const indent = "  ".repeat(level);
  const line = printExpr(expr);
  const isShort = Buffer.byteLength(line) <= MAX_LINE_BYTES;
  switch (expr.kind) {
    case "number":
    case "string":
    case "vectorSelector":
    case "matrixSelector":
      return indent + line;
    case "unary":
      return indent + expr.op + prettify(expr.expr, level).trim();
    case "subquery":
      // Without indentation where it fits on a line: so does Prometheus.
      return isShort ? line : prettify(expr.expr, level) + printSubqueryRange(expr);
    case "binary": {
      if (isShort) return indent + line;
      const operator = `${expr.op}${printMatching(expr)}`;
      return `${prettify(expr.lhs, level + 1)}\n${indent}${operator}\n${prettify(expr.rhs, level + 1)}`;
    }
    case "aggregate": {
      if (isShort) return indent + line;
      const param = expr.param === undefined ? "" : `${prettify(expr.param, level + 1)},\n`;
      const head = `${indent}${printAggregation(expr)}(\n`;
      return `${head}${param}${prettify(expr.expr, level + 1)}\n${indent})`;
    }
    case "call": {
      if (isShort) return indent + line;
      const args = expr.args.map((arg) => prettify(arg, level + 1)).join(",\n");
      return `${indent}${expr.func.name}(\n${args}\n${indent})`;
    }
    case "paren":
      return isShort ? indent + line : `${indent}(\n${prettify(expr.expr, level + 1)}\n${indent})`;
  }
}

/** Chains of operators lean to the left and may be long, so they are walked down rather than called into. */
function printChain(expr: BinaryExpr): string {
  const tails: string[] = [];
  let first: Expr = expr;
  for (; first.kind === "binary"; first = first.lhs) {
    tails.push(` ${first.op}${printMatching(first)} ${printExpr(first.rhs)}`);
  }
  return printExpr(first) + tails.reverse().join("");
}

function printMatching({ returnBool, matching }: BinaryExpr): string {
  const bool = returnBool ? " bool" : "";
  if (matching === undefined) return bool;
  return bool + printMatchedLabels(matching) + printFill(matching);
}

function printMatchedLabels({ card, labels, on, include }: VectorMatching): string {
  if (labels.length === 0 && !on) return "";
  const matched = ` ${on ? "on" : "ignoring"} (${labels.join(", ")})`;
  if (card !== "many-to-one" && card !== "one-to-many") return matched;
  return `${matched} group_${card === "many-to-one" ? "left" : "right"} (${include.join(", ")})`;
}

function printFill({ fillLeft, fillRight }: VectorMatching): string {
  if (fillLeft !== undefined && fillLeft === fillRight) return ` fill (${formatFloat(fillLeft)})`;
  const left = fillLeft === undefined ? "" : ` fill_left (${formatFloat(fillLeft)})`;
  const right = fillRight === undefined ? "" : ` fill_right (${formatFloat(fillRight)})`;
  return left + right;
}

function printAggregation({ op, grouping, without }: AggregateExpr): string {
  if (!without && grouping.length === 0) return op;
  const labels = grouping.map((name) => (/^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(name) ? name : quoteGo(name)));
  return `${op} ${without ? "without" : "by"} (${labels.join(", ")}) `;
}

/** The name and the braces, conditions in the order of their text. */
function printSelection({ name, matchers }: VectorSelector): string {
  const conditions = matchers
    .filter(
      (matcher) => matcher.name !== METRIC_NAME || matcher.operator !== "=" || matcher.value !== name || name === "",
    )
    .map(String)
    .sort(compareBytes);
  return conditions.length === 0 ? name : `${name}{${conditions.join(",")}}`;
}

function printExtended({ extended }: VectorSelector): string {
  return extended === undefined ? "" : ` ${extended}`;
}

function printAt({ at }: TimeModifiers): string {
  if (at === undefined) return "";
  return at.kind === "timestamp" ? ` @ ${formatFixed(at.timestampMs / 1000, 3)}` : ` @ ${at.kind}()`;
}

function printOffset({ offsetMs, offsetExpr }: TimeModifiers): string {
  if (offsetExpr !== undefined) return ` offset ${printDuration(offsetExpr)}`;
  return offsetMs === 0 ? "" : ` offset ${formatDuration(offsetMs)}`;
}

function printSubqueryRange(expr: SubqueryExpr): string {
  const step = expr.stepMs === 0 && expr.stepExpr === undefined ? "" : printRange(expr.stepMs, expr.stepExpr);
  return `[${printRange(expr.rangeMs, expr.rangeExpr)}:${step}]${printAt(expr)}${printOffset(expr)}`;
}

function printRange(ms: number, expr: DurationOperand | undefined): string {
  return expr === undefined ? formatDuration(ms) : printDuration(expr);
}

function printDuration(operand: DurationOperand): string {
  if (operand.kind === "number") return printNumber(operand);
  const { op, lhs, rhs } = operand;
  let text: string;
  if (rhs === undefined) text = `${op}()`;
  else if (lhs === undefined) text = op + printDuration(rhs);
  else if (op === "min_of" || op === "max_of") text = `${op}(${printDuration(lhs)}, ${printDuration(rhs)})`;
  else text = `${printDuration(lhs)} ${op} ${printDuration(rhs)}`;
  return operand.wrapped ? `(${text})` : text;
}

function printNumber({ value, isDuration }: NumberLiteral): string {
  return isDuration ? formatDuration(Math.trunc(value * 1e9) / 1e6) : formatFloat(value);
}

/** What stands behind an expression: `[range]`, `[range:step]`, `offset`, `@`, `anchored`, `smoothed`. */

import { formatFixed } from "../../model/number.js";
import type { AtModifier, DurationExpr, DurationOperand, Expr, MatrixSelector, TimeModifiers } from "./ast.js";
import { isNumber, parseNumberLiteral, parseOffset, parsePositiveDuration, secondsToMs } from "./parse-duration.js";
import { unexpectedError } from "./position.js";
import type { TokenStream } from "./token-stream.js";
import type { Token } from "./tokens.js";

/** Applies the modifier that comes next to `expr`; undefined if none does. */
export function parseModifier(tokens: TokenStream, expr: Expr): Expr | undefined {
  switch (tokens.peek().symbol) {
    case "[":
      return parseRange(tokens, expr);
    case "offset":
      return parseOffsetModifier(tokens, expr);
    case "@":
      return parseAtModifier(tokens, expr);
    case "anchored":
    case "smoothed":
      return parseExtended(tokens, expr, tokens.take().symbol as "anchored" | "smoothed");
    default:
      return undefined;
  }
}

function parseRange(tokens: TokenStream, expr: Expr): Expr {
  const { isNewer } = tokens.features;
  const open = tokens.take();
  const range = isNewer
    ? tokens.within("subquery or range selector", "number, duration, step(), or range()", () =>
        parsePositiveDuration(tokens),
      )
    : tokens.within("subquery selector", "number or duration", () => parsePositiveDuration(tokens));
  if (tokens.accept("]")) return matrixSelector(tokens, expr, range, open);
  tokens.within("subquery or range", '":" or "]"', () => tokens.expect(":"));
  const expected = isNewer ? 'number, duration, step(), range(), or "]"' : 'number or duration or "]"';
  const step = tokens.within("subquery selector", expected, () =>
    tokens.peek().symbol === "]" ? undefined : parsePositiveDuration(tokens),
  );
  const close = tokens.within("subquery selector", '"]"', () => tokens.expect("]"));
  return {
    kind: "subquery",
    valueType: "matrix",
    expr,
    rangeMs: literalMs(range),
    rangeExpr: exprOf(range),
    stepMs: step === undefined ? 0 : literalMs(step),
    stepExpr: step === undefined ? undefined : exprOf(step),
    offsetMs: 0,
    offsetExpr: undefined,
    at: undefined,
    start: expr.start,
    end: close.start + 1,
  };
}

function matrixSelector(tokens: TokenStream, expr: Expr, range: DurationOperand, open: Token): MatrixSelector {
  if (expr.kind !== "vectorSelector") throw tokens.error(open.start, "ranges only allowed for vector selectors");
  // Prometheus 3.5 overlooks `@ start()` and offset expressions here.
  const { isNewer } = tokens.features;
  if (expr.offsetMs !== 0 || (isNewer && expr.offsetExpr !== undefined)) {
    throw tokens.error(open.start, "no offset modifiers allowed before range");
  }
  if (expr.at !== undefined && (isNewer || expr.at.kind === "timestamp")) {
    throw tokens.error(open.start, "no @ modifiers allowed before range");
  }
  return {
    kind: "matrixSelector",
    valueType: "matrix",
    selector: expr,
    rangeMs: literalMs(range),
    rangeExpr: exprOf(range),
    start: expr.start,
    end: tokens.lastClosing,
  };
}

function parseOffsetModifier(tokens: TokenStream, expr: Expr): Expr {
  tokens.take();
  const expected = tokens.features.isNewer ? "number, duration, step(), or range()" : "number or duration";
  const offset = tokens.within("offset", expected, () => parseOffset(tokens));
  const current = modifiersOf(expr);
  if (current === undefined) {
    throw tokens.error(
      expr.start,
      "offset modifier must be preceded by an instant vector selector or range vector selector or a subquery",
    );
  }
  if (current.offsetMs !== 0 || current.offsetExpr !== undefined) {
    throw tokens.error(expr.start, "offset may not be set multiple times");
  }
  return withModifiers(tokens, expr, { offsetMs: literalMs(offset), offsetExpr: exprOf(offset) });
}

function parseAtModifier(tokens: TokenStream, expr: Expr): Expr {
  tokens.take();
  const at = tokens.within("@", "timestamp", () => parseAt(tokens, expr));
  const current = modifiersOf(expr);
  if (current === undefined) {
    throw tokens.error(
      expr.start,
      "@ modifier must be preceded by an instant vector selector or range vector selector or a subquery",
    );
  }
  if (current.at !== undefined) throw tokens.error(expr.start, "@ <timestamp> may not be set multiple times");
  return withModifiers(tokens, expr, { at });
}

function parseAt(tokens: TokenStream, expr: Expr): AtModifier {
  const preprocessor = tokens.accept("start") ?? tokens.accept("end");
  if (preprocessor !== undefined) {
    tokens.expect("(");
    tokens.expect(")");
    return { kind: preprocessor.symbol as "start" | "end" };
  }
  const isNegative = tokens.accept("-") !== undefined;
  if (!isNegative) tokens.accept("+");
  if (!isNumber(tokens.peek())) tokens.unexpected();
  const literal = parseNumberLiteral(tokens).value;
  const seconds = isNegative ? -literal : literal;
  if (!(seconds < 2 ** 63 && seconds > -(2 ** 63))) {
    throw tokens.error(expr.start, `timestamp out of bounds for @ modifier: ${formatFixed(seconds, 6)}`);
  }
  const ms = seconds * 1000;
  // Beyond int64 Go converts to the least one.
  const timestampMs = Math.abs(ms) < 2 ** 63 ? Math.sign(ms) * Math.round(Math.abs(ms)) + 0 : -(2 ** 63);
  return { kind: "timestamp", timestampMs };
}

function parseExtended(tokens: TokenStream, expr: Expr, extended: "anchored" | "smoothed"): Expr {
  const selector = expr.kind === "vectorSelector" ? expr : expr.kind === "matrixSelector" ? expr.selector : undefined;
  if (selector === undefined) {
    const isSubquery = expr.kind === "subquery";
    throw tokens.error(
      expr.start,
      `${extended} modifier ${isSubquery ? "is not supported for subqueries" : "not implemented"}`,
    );
  }
  if (selector.extended !== undefined && selector.extended !== extended) {
    throw tokens.error(expr.start, "anchored and smoothed modifiers cannot be used together");
  }
  const changed = { ...selector, extended };
  return expr.kind === "matrixSelector" ? { ...expr, selector: changed } : changed;
}

/** Where `offset` and `@` of `expr` are kept; undefined if it can have none. */
function modifiersOf(expr: Expr): TimeModifiers | undefined {
  if (expr.kind === "matrixSelector") return expr.selector;
  return expr.kind === "vectorSelector" || expr.kind === "subquery" ? expr : undefined;
}

function withModifiers(tokens: TokenStream, expr: Expr, change: Partial<TimeModifiers>): Expr {
  const end = tokens.lastClosing;
  switch (expr.kind) {
    case "vectorSelector":
    case "subquery":
      return { ...expr, ...change, end };
    case "matrixSelector":
      return { ...expr, selector: { ...expr.selector, ...change }, end };
    default:
      throw unexpectedError();
  }
}

function literalMs(duration: DurationOperand): number {
  return duration.kind === "number" ? secondsToMs(duration.value) : 0;
}

function exprOf(duration: DurationOperand): DurationExpr | undefined {
  return duration.kind === "duration" ? duration : undefined;
}

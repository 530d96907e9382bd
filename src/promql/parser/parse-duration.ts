/** Numbers with or without units, and arithmetic on them where a duration stands. */
import { errorMessage } from "../../base/index.js";
import { parseDuration } from "../../model/index.js";
import type { DurationExpr, DurationOperand, NumberLiteral } from "./ast.js";
import { parseNumber } from "./lex-number.js";
import { MAX_NESTING, type TokenStream } from "./token-stream.js";
import type { Token } from "./tokens.js";

/** 2^63 nanoseconds in seconds: what Go's time.Duration holds. */
const MAX_SECONDS = 2 ** 63 / 1e9;

const PRECEDENCE: ReadonlyMap<string, number> = new Map([
  ["+", 1],
  ["-", 1],
  ["*", 2],
  ["/", 2],
  ["%", 2],
  ["^", 3],
]);
const UNARY_PRECEDENCE = 2;
const POW_PRECEDENCE = 3;

/** Milliseconds of a literal in seconds, through nanoseconds as there; NaN and what overflows become Go's least int64. */
export function secondsToMs(seconds: number): number {
  const ns = Math.sign(seconds) * Math.round(Math.abs(seconds) * 1e9);
  if (!(ns < 2 ** 63)) return -9_223_372_036_854;
  return Math.trunc(ns / 1e6) + 0;
}

export function isNumber(token: Token): boolean {
  return token.type === "number" || token.type === "duration";
}

/** A number or a duration; a duration's value is in seconds. */
export function parseNumberLiteral(tokens: TokenStream): NumberLiteral {
  const token = tokens.take();
  const isDuration = token.type === "duration";
  let value: number;
  try {
    value = isDuration ? durationSeconds(token.text) : parseNumber(token.text);
  } catch (error) {
    throw tokens.error(token.start, errorMessage(error));
  }
  const end = token.start + token.text.length;
  return { kind: "number", valueType: "scalar", value, isDuration, start: token.start, end };
}

/** As Go's Duration.Seconds: whole seconds plus the fraction. */
function durationSeconds(text: string): number {
  const ms = parseDuration(text);
  return Math.floor(ms / 1000) + (ms % 1000) / 1000;
}

/** The range or step in brackets: above zero where it is a plain number. */
export function parsePositiveDuration(tokens: TokenStream): DurationOperand {
  const duration = parseDurationExpr(tokens, 0);
  tokens.peek();
  if (duration.kind === "number" && duration.value <= 0) {
    throw tokens.error(duration.start, "duration must be greater than 0");
  }
  return duration;
}

/**
 * What follows `offset`: a literal with or without a sign ends it, so that `foo offset 5m - 3` subtracts from `foo`;
 * anything else is read as far as it goes.
 */
export function parseOffset(tokens: TokenStream): DurationOperand {
  const first = tokens.peek();
  if (isNumber(first)) return checkRange(tokens, parseNumberLiteral(tokens), first.start);
  if (first.type === "preprocessor") return parseDurationFunction(tokens);
  if (first.symbol !== "+" && first.symbol !== "-") return parseDurationExpr(tokens, 0);
  tokens.take();
  const second = tokens.peek();
  if (isNumber(second)) return applySign(tokens, first, parseNumberLiteral(tokens));
  if (second.type === "preprocessor") return applySign(tokens, first, parseDurationFunction(tokens));
  if (second.symbol === "(" && tokens.features.isNewer) {
    return applySign(tokens, first, parseDurationPrimary(tokens));
  }
  const operand = applySign(tokens, first, parseDurationExpr(tokens, UNARY_PRECEDENCE + 1));
  return continueDurationExpr(tokens, operand, 0);
}

function parseDurationExpr(tokens: TokenStream, minPrecedence: number): DurationOperand {
  return tokens.nested(() => continueDurationExpr(tokens, parseDurationPrimary(tokens), minPrecedence));
}

function continueDurationExpr(tokens: TokenStream, first: DurationOperand, minPrecedence: number): DurationOperand {
  let lhs = first;
  for (let chained = 1; ; chained++) {
    const op = tokens.peek();
    const precedence = PRECEDENCE.get(op.symbol);
    if (precedence === undefined || precedence < minPrecedence) return lhs;
    if (chained > MAX_NESTING) throw tokens.tooDeep(op.start, MAX_NESTING);
    tokens.take();
    const rhs = parseDurationExpr(tokens, op.symbol === "^" ? POW_PRECEDENCE : precedence + 1);
    requireFeature(tokens, lhs);
    if ((op.symbol === "/" || op.symbol === "%") && rhs.kind === "number" && rhs.value === 0) {
      throw tokens.error(op.start, op.symbol === "/" ? "division by zero" : "modulo by zero");
    }
    lhs = durationExpr(op.symbol as DurationExpr["op"], lhs, rhs, lhs.start, rhs.end);
  }
}

function parseDurationPrimary(tokens: TokenStream): DurationOperand {
  const token = tokens.peek();
  if (isNumber(token)) return checkRange(tokens, parseNumberLiteral(tokens), token.start);
  if (token.type === "preprocessor") return parseDurationFunction(tokens);
  switch (token.symbol) {
    case "+":
    case "-":
      tokens.take();
      return applySign(tokens, token, parseDurationExpr(tokens, UNARY_PRECEDENCE + 1));
    case "(": {
      tokens.take();
      const inner = parseDurationExpr(tokens, 0);
      tokens.expect(")");
      requireFeature(tokens, inner);
      return inner.kind === "duration" ? { ...inner, wrapped: true } : inner;
    }
    default:
      return tokens.unexpected();
  }
}

/** `step()`, `range()`, `min_of(a, b)`, `max_of(a, b)`. */
function parseDurationFunction(tokens: TokenStream): DurationExpr {
  const name = tokens.peek();
  const op = name.symbol;
  if (op !== "step" && op !== "range" && op !== "min_of" && op !== "max_of") return tokens.unexpected();
  tokens.take();
  tokens.expect("(");
  const hasOperands = op === "min_of" || op === "max_of";
  const lhs = hasOperands ? parseDurationExpr(tokens, 0) : undefined;
  if (hasOperands) tokens.expect(",");
  const rhs = hasOperands ? parseDurationExpr(tokens, 0) : undefined;
  const end = tokens.expect(")").start + 1;
  const call = durationExpr(op, lhs, rhs, name.start, end);
  requireFeature(tokens, call);
  return call;
}

function applySign(tokens: TokenStream, sign: Token, operand: DurationOperand): DurationOperand {
  if (operand.kind === "number") {
    const value = sign.symbol === "-" ? operand.value * -1 : operand.value;
    return checkRange(tokens, { ...operand, value, start: sign.start }, sign.start);
  }
  return sign.symbol === "-" ? durationExpr("-", undefined, operand, sign.start, operand.end) : operand;
}

function checkRange(tokens: TokenStream, literal: NumberLiteral, offset: number): NumberLiteral {
  if (literal.value > MAX_SECONDS || literal.value < -MAX_SECONDS) {
    throw tokens.error(offset, "duration out of range");
  }
  return literal;
}

function requireFeature(tokens: TokenStream, operand: DurationOperand): void {
  if (!tokens.features.durationExpressions) {
    throw tokens.error(operand.start, "experimental duration expression is not enabled");
  }
}

function durationExpr(
  op: DurationExpr["op"],
  lhs: DurationOperand | undefined,
  rhs: DurationOperand | undefined,
  start: number,
  end: number,
): DurationExpr {
  return { kind: "duration", op, lhs, rhs, wrapped: false, start, end };
}

/** The parser's face: expressions, and selectors alone as in `match[]`. */
import type { Matcher } from "../../model/index.js";
import type { Expr } from "./ast.js";
import { checkExpr } from "./check.js";
import { featuresOf, type ParserOptions } from "./options.js";
import { parseExpression, parseVectorSelector } from "./parse-expr.js";
import { TokenStream } from "./token-stream.js";

/**
 * The tree of a whole PromQL expression, checked.
 * @throws VestalError PARSE with the message of Prometheus 3.5: `1:3: parse error: …`.
 */
export function parseExpr(input: string, options: ParserOptions = {}): Expr {
  const features = featuresOf(options);
  const tokens = new TokenStream(input, features);
  if (tokens.peek().type === "eof") throw tokens.error(0, "no expression found in input");
  const expr = parseExpression(tokens);
  if (tokens.peek().type !== "eof") tokens.unexpected();
  return checkExpr(input, features, expr);
}

/**
 * The conditions of a selector such as `up{job="api"}`. Unlike in an expression they may all match the empty string:
 * whoever must not select everything checks that.
 * @throws VestalError PARSE.
 */
export function parseMetricSelector(input: string, options: ParserOptions = {}): readonly Matcher[] {
  const tokens = new TokenStream(input, featuresOf(options));
  const { matchers } = parseVectorSelector(tokens);
  if (tokens.peek().type !== "eof") tokens.unexpected();
  return matchers;
}

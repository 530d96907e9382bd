/** What stands in braces and in the parentheses of `by`, `on` and their like. */
import { errorMessage } from "../../base/index.js";
import { isValidLabelName, Matcher, type MatchOperator, METRIC_NAME, quoteGo } from "../../model/index.js";
import { unquoteString } from "./lex-string.js";
import type { TokenStream } from "./token-stream.js";
import type { Token } from "./tokens.js";

/** `(a, "b c", sum)`; a comma may end it. */
export function parseGroupingLabels(tokens: TokenStream): readonly string[] {
  tokens.within("grouping opts", '"("', () => tokens.expect("("));
  const names: string[] = [];
  for (;;) {
    if (tokens.accept(")")) return names;
    names.push(tokens.within("grouping opts", "label", () => parseGroupingLabel(tokens)));
    tokens.within("grouping opts", '"," or ")"', () => {
      if (tokens.peek().symbol !== ")") tokens.expect(",");
    });
  }
}

function parseGroupingLabel(tokens: TokenStream): string {
  const token = tokens.peek();
  if (!isLabelName(token)) tokens.unexpected();
  tokens.take();
  const name = token.type === "string" ? unquoteString(token.text) : token.text;
  if (!isValidLabelName(name)) throw tokens.error(token.start, `invalid label name for grouping: ${quoteGo(name)}`);
  return name;
}

/** Keywords name labels too, all but `without`. */
function isLabelName(token: Token): boolean {
  switch (token.type) {
    case "identifier":
    case "metricIdentifier":
    case "string":
    case "aggregator":
    case "preprocessor":
      return true;
    case "keyword":
      return token.symbol !== "without";
    case "operator":
      return token.symbol === "and" || token.symbol === "or" || token.symbol === "unless" || token.symbol === "atan2";
    default:
      return false;
  }
}

/** `{a="b", "metric.name"}`; a comma may end it. */
export function parseMatchers(tokens: TokenStream): { readonly matchers: Matcher[]; readonly end: number } {
  tokens.expect("{");
  const matchers: Matcher[] = [];
  for (;;) {
    const close = tokens.accept("}");
    if (close !== undefined) return { matchers, end: close.start + 1 };
    matchers.push(parseMatcher(tokens));
    tokens.within("label matching", '"," or "}"', () => {
      if (tokens.peek().symbol !== "}") tokens.expect(",");
    });
  }
}

function parseMatcher(tokens: TokenStream): Matcher {
  const label = tokens.peek();
  const isQuoted = label.type === "string";
  if (label.type !== "identifier" && !isQuoted) {
    tokens.within("label matching", 'identifier or "}"', () => tokens.unexpected());
  }
  tokens.take();
  const name = isQuoted ? unquoteString(label.text) : label.text;
  const operator = matchOperator(tokens.peek());
  if (operator === undefined) {
    // A quoted string alone is the name of the metric.
    if (isQuoted) return new Matcher("=", METRIC_NAME, name);
    return tokens.within("label matching", "label matching operator", () => tokens.unexpected());
  }
  tokens.take();
  return tokens.within("label matching", "string", () => {
    if (tokens.peek().type !== "string") tokens.unexpected();
    const value = unquoteString(tokens.take().text);
    try {
      return new Matcher(operator, name, value);
    } catch (error) {
      throw tokens.error(label.start, errorMessage(error));
    }
  });
}

function matchOperator(token: Token): MatchOperator | undefined {
  switch (token.symbol) {
    case "=":
    case "!=":
    case "=~":
    case "!~":
      return token.symbol;
    default:
      return undefined;
  }
}

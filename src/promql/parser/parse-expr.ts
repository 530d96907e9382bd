/**
 * The grammar of expressions, by precedence climbing. Where Prometheus' generated parser decides without looking at the
 * next token, this one does too, since what is checked on the way comes before errors in what follows.
 */
import { Matcher, METRIC_NAME, quoteGo } from "../../model/index.js";
import {
  type AggregateExpr,
  type AggregateOperator,
  type BinaryExpr,
  type BinaryOperator,
  type Call,
  childrenOf,
  type Expr,
  hasParameter,
  type ParenExpr,
  type UnaryExpr,
  type VectorMatching,
  type VectorSelector,
} from "./ast.js";
import { FUNCTIONS, type FunctionSignature } from "./functions.js";
import { unquoteString } from "./lex-string.js";
import type { ParserFeatures } from "./options.js";
import { isNumber, parseNumberLiteral } from "./parse-duration.js";
import { parseGroupingLabels, parseMatchers } from "./parse-labels.js";
import { parseModifier } from "./parse-modifiers.js";
import { MAX_DEPTH, type TokenStream } from "./token-stream.js";
import type { Token } from "./tokens.js";

/** Binding powers, weakest first; `^` alone groups to the right. */
const PRECEDENCE: ReadonlyMap<string, number> = new Map(
  ["or", "and unless", "== != < <= > >= </ >/", "+ -", "* / % atan2", "^"].flatMap((operators, level) =>
    operators.split(" ").map((operator): [string, number] => [operator, level + 1]),
  ),
);
const MUL_PRECEDENCE = 5;

export function parseExpression(tokens: TokenStream): Expr {
  return new ExpressionParser(tokens).parse(0);
}

class ExpressionParser {
  readonly #tokens: TokenStream;
  /** Levels below each node made so far. Leaves are not listed. */
  readonly #depths = new Map<Expr, number>();

  constructor(tokens: TokenStream) {
    this.#tokens = tokens;
  }

  /** Reads operands and the operators between them that bind at least as strongly as `minPrecedence`. */
  parse(minPrecedence: number): Expr {
    return this.#tokens.nested(() => {
      let lhs = this.#operand();
      for (;;) {
        const precedence = PRECEDENCE.get(this.#tokens.peek().symbol);
        if (precedence === undefined || precedence < minPrecedence) return lhs;
        lhs = this.#binary(lhs, precedence);
      }
    });
  }

  #binary(lhs: Expr, precedence: number): Expr {
    const op = this.#tokens.take().symbol as BinaryOperator;
    const returnBool = this.#tokens.accept("bool") !== undefined;
    const matching = this.#matching();
    const rhs = this.parse(op === "^" ? precedence : precedence + 1);
    const isScalar = lhs.valueType === "scalar" && rhs.valueType === "scalar";
    return this.#made<BinaryExpr>({
      kind: "binary",
      valueType: isScalar ? "scalar" : "vector",
      op,
      lhs,
      rhs,
      returnBool,
      matching,
      start: lhs.start,
      end: rhs.end,
    });
  }

  /** `on (…) group_left (…) fill (…)`, all of it optional. */
  #matching(): VectorMatching {
    const keyword = this.#tokens.accept("ignoring") ?? this.#tokens.accept("on");
    const labels = keyword === undefined ? [] : parseGroupingLabels(this.#tokens);
    const side =
      keyword === undefined ? undefined : (this.#tokens.accept("group_left") ?? this.#tokens.accept("group_right"));
    const include = side === undefined ? [] : this.#include();
    const card = side === undefined ? "one-to-one" : side.symbol === "group_left" ? "many-to-one" : "one-to-many";
    return { card, labels, on: keyword?.symbol === "on", include, ...this.#fill() };
  }

  /** Labels behind `group_left`; without a parenthesis only what starts an operand may follow. */
  #include(): readonly string[] {
    const isOperand = this.#tokens.peek().symbol !== "(" && (startsExpression(this.#tokens.peek()) || this.#isFill());
    return isOperand ? [] : parseGroupingLabels(this.#tokens);
  }

  #isFill(): boolean {
    return this.#tokens.peek().symbol.startsWith("fill");
  }

  #fill(): Pick<VectorMatching, "fillLeft" | "fillRight"> {
    if (this.#tokens.accept("fill") !== undefined) {
      const value = this.#fillValue();
      return { fillLeft: value, fillRight: value };
    }
    if (this.#tokens.accept("fill_left") !== undefined) {
      const fillLeft = this.#fillValue();
      return { fillLeft, fillRight: this.#tokens.accept("fill_right") && this.#fillValue() };
    }
    if (this.#tokens.accept("fill_right") !== undefined) {
      const fillRight = this.#fillValue();
      return { fillLeft: this.#tokens.accept("fill_left") && this.#fillValue(), fillRight };
    }
    return { fillLeft: undefined, fillRight: undefined };
  }

  #fillValue(): number {
    this.#tokens.expect("(");
    const isNegative = this.#tokens.accept("-") !== undefined;
    if (!isNegative) this.#tokens.accept("+");
    if (!isNumber(this.#tokens.peek())) this.#tokens.unexpected();
    const { value } = parseNumberLiteral(this.#tokens);
    this.#tokens.expect(")");
    return isNegative ? value * -1 : value;
  }

  /** A primary expression or a sign, and the modifiers behind it. */
  #operand(): Expr {
    const token = this.#tokens.peek();
    if (token.symbol === "+" || token.symbol === "-") return this.#unary();
    let expr = this.#primary(token);
    for (;;) {
      const modified = parseModifier(this.#tokens, expr);
      if (modified === undefined) return expr;
      expr = this.#made(modified);
    }
  }

  #unary(): Expr {
    const sign = this.#tokens.take();
    const op = sign.symbol as UnaryExpr["op"];
    const expr = this.parse(MUL_PRECEDENCE + 1);
    if (expr.kind === "number") {
      return { ...expr, value: op === "-" ? expr.value * -1 : expr.value, start: sign.start };
    }
    return this.#made<UnaryExpr>({
      kind: "unary",
      valueType: expr.valueType,
      op,
      expr,
      start: sign.start,
      end: expr.end,
    });
  }

  #primary(token: Token): Expr {
    if (isNumber(token)) return parseNumberLiteral(this.#tokens);
    if (token.type === "string") {
      this.#tokens.take();
      const end = token.start + token.text.length;
      return { kind: "string", valueType: "string", value: unquoteString(token.text), start: token.start, end };
    }
    if (token.symbol === "(") return this.#paren();
    if (token.symbol === "{") return parseVectorSelector(this.#tokens);
    if (token.type === "aggregator") {
      this.#tokens.take();
      const following = this.#tokens.peek().symbol;
      if (following === "(" || following === "by" || following === "without") return this.#aggregate(token);
      return parseVectorSelector(this.#tokens, token);
    }
    if (token.type === "identifier" || (token.type === "preprocessor" && this.#tokens.features.isNewer)) {
      this.#tokens.take();
      if (this.#tokens.peek().symbol === "(") return this.#call(token);
      return parseVectorSelector(this.#tokens, token);
    }
    return parseVectorSelector(this.#tokens);
  }

  #paren(): ParenExpr {
    const open = this.#tokens.take();
    const expr = this.parse(0);
    const close = this.#tokens.expect(")");
    this.#tokens.takeClosingParen();
    return this.#made<ParenExpr>({
      kind: "paren",
      valueType: expr.valueType,
      expr,
      start: open.start,
      end: close.start + 1,
    });
  }

  #call(name: Token): Call {
    const args = this.#arguments();
    const func = FUNCTIONS.get(name.text);
    if (func === undefined || !isKnown(func, this.#tokens.features)) {
      throw this.#tokens.error(name.start, `unknown function with name ${quoteGo(name.text)}`);
    }
    if (func.experimental && !this.#tokens.features.experimentalFunctions) {
      throw this.#tokens.error(name.start, `function ${quoteGo(name.text)} is not enabled`);
    }
    const end = this.#tokens.takeClosingParen();
    return this.#made<Call>({ kind: "call", valueType: func.returns, func, args, start: name.start, end });
  }

  #arguments(): readonly Expr[] {
    this.#tokens.expect("(");
    const args: Expr[] = [];
    if (this.#tokens.accept(")")) return args;
    for (;;) {
      args.push(this.parse(0));
      if (this.#tokens.accept(")")) return args;
      const comma = this.#tokens.expect(",");
      if (!startsExpression(this.#tokens.peek())) {
        throw this.#tokens.error(comma.start, "trailing commas not allowed in function call args");
      }
    }
  }

  #aggregate(name: Token): AggregateExpr {
    const op = name.symbol as AggregateOperator;
    const { modifier, args, end } = this.#tokens.within("aggregation", "", () => this.#aggregateBody());
    const refuse = (message: string): never => {
      throw this.#tokens.error(name.start, message);
    };
    if (args.length === 0) refuse("no arguments for aggregate expression provided");
    if ((op === "limitk" || op === "limit_ratio") && !this.#tokens.features.experimentalFunctions) {
      refuse(`${op}() is experimental and must be enabled with --enable-feature=promql-experimental-functions`);
    }
    const wanted = hasParameter(op) ? 2 : 1;
    const expr = args[wanted - 1];
    if (expr === undefined || args.length !== wanted) {
      return refuse(
        `wrong number of arguments for aggregate expression provided, expected ${wanted}, got ${args.length}`,
      );
    }
    const param = wanted === 2 ? args[0] : undefined;
    return this.#made<AggregateExpr>({
      kind: "aggregate",
      valueType: "vector",
      op,
      expr,
      param,
      grouping: modifier?.labels ?? [],
      without: modifier?.without ?? false,
      start: name.start,
      end,
    });
  }

  /** Arguments with `by (…)` or `without (…)` before or behind them. */
  #aggregateBody() {
    const before = this.#aggregateModifier();
    const args = this.#arguments();
    const modifier = before ?? this.#aggregateModifier();
    if (modifier !== undefined) this.#tokens.skipClosingParen();
    return { modifier, args, end: this.#tokens.takeClosingParen() };
  }

  #aggregateModifier(): { readonly labels: readonly string[]; readonly without: boolean } | undefined {
    const keyword = this.#tokens.accept("by") ?? this.#tokens.accept("without");
    if (keyword === undefined) return undefined;
    return { labels: parseGroupingLabels(this.#tokens), without: keyword.symbol === "without" };
  }

  /** Notes how deep the tree below a new node is. */
  #made<T extends Expr>(expr: T): T {
    let depth = 1;
    for (const child of childrenOf(expr)) depth = Math.max(depth, 1 + (this.#depths.get(child) ?? 1));
    if (depth > MAX_DEPTH) throw this.#tokens.tooDeep(expr.start, MAX_DEPTH);
    this.#depths.set(expr, depth);
    return expr;
  }
}

/** A metric's name, conditions in braces, or both. `name` is the token in front, if it was taken already. */
export function parseVectorSelector(tokens: TokenStream, taken?: Token): VectorSelector {
  let name = taken;
  if (name === undefined && tokens.peek().symbol !== "{") {
    if (!isMetricName(tokens.peek())) tokens.unexpected();
    name = tokens.take();
  }
  const start = (name ?? tokens.peek()).start;
  const braces = tokens.peek().symbol === "{" ? parseMatchers(tokens) : undefined;
  const matchers = braces?.matchers ?? [];
  if (name !== undefined) matchers.push(new Matcher("=", METRIC_NAME, name.text));
  return {
    kind: "vectorSelector",
    valueType: "vector",
    name: name?.text ?? "",
    matchers,
    offsetMs: 0,
    offsetExpr: undefined,
    at: undefined,
    extended: undefined,
    isLabelSelector: false,
    start,
    end: braces?.end ?? start + (name?.text.length ?? 0),
  };
}

/** Most keywords name metrics too. */
function isMetricName(token: Token): boolean {
  switch (token.type) {
    case "identifier":
    case "metricIdentifier":
    case "aggregator":
    case "preprocessor":
      return true;
    case "keyword":
      return !["bool", "on", "ignoring", "group_left", "group_right"].includes(token.symbol);
    case "operator":
      return token.symbol === "and" || token.symbol === "or" || token.symbol === "unless";
    default:
      return false;
  }
}

function startsExpression(token: Token): boolean {
  return (
    isNumber(token) ||
    isMetricName(token) ||
    token.type === "string" ||
    token.symbol === "(" ||
    token.symbol === "{" ||
    token.symbol === "+" ||
    token.symbol === "-"
  );
}

/** What came after 3.5 is there with the newer language, and where experimental functions are switched on. */
function isKnown(func: FunctionSignature, features: ParserFeatures): boolean {
  return !func.isNewer || features.isNewer || features.experimentalFunctions;
}

/**
 * What Prometheus refuses although the grammar allows it: types of operands and arguments, `bool`, set operators,
 * selectors that select everything. Children before parents, and the first error wins, as there.
 */

import type { VestalError } from "../../base/index.js";
import { METRIC_NAME, quoteGo } from "../../model/index.js";
import {
  type AggregateExpr,
  type BinaryExpr,
  type Call,
  type Expr,
  isComparison,
  isSetOperator,
  type ValueType,
  type VectorSelector,
} from "./ast.js";
import { isSpace } from "./lexer.js";
import type { ParserFeatures } from "./options.js";
import { parseError, unexpectedError } from "./position.js";

const DOCUMENTED: Readonly<Record<ValueType, string>> = {
  scalar: "scalar",
  string: "string",
  vector: "instant vector",
  matrix: "range vector",
};

/**
 * The tree with what follows from the types: set operators match many to many, only vectors match at all, the second
 * argument of `info` selects labels.
 * @throws VestalError PARSE.
 */
export function checkExpr(input: string, features: ParserFeatures, expr: Expr): Expr {
  const checker = new Checker(input, features);
  const checked = checker.check(expr);
  if (checker.firstError !== undefined) throw checker.firstError;
  return checked;
}

class Checker {
  readonly #input: string;
  readonly #features: ParserFeatures;
  firstError: VestalError | undefined;

  constructor(input: string, features: ParserFeatures) {
    this.#input = input;
    this.#features = features;
  }

  check(expr: Expr): Expr {
    switch (expr.kind) {
      case "number":
      case "string":
        return expr;
      case "vectorSelector":
        return this.#selector(expr);
      case "matrixSelector":
        return { ...expr, selector: this.#selector(expr.selector) };
      case "subquery": {
        const inner = this.check(expr.expr);
        if (inner.valueType !== "vector") {
          this.#refuse(expr.start, `subquery is only allowed on instant vector, got ${inner.valueType} instead`);
        }
        return { ...expr, expr: inner };
      }
      case "unary": {
        const inner = this.check(expr.expr);
        if (inner.valueType !== "scalar" && inner.valueType !== "vector") {
          this.#refuse(
            expr.start,
            "unary expression only allowed on expressions of type scalar or instant vector, got " +
              `"${DOCUMENTED[inner.valueType]}"`,
          );
        }
        return { ...expr, expr: inner };
      }
      case "paren":
        return { ...expr, expr: this.check(expr.expr) };
      case "binary":
        return this.#binary(expr);
      case "aggregate":
        return this.#aggregate(expr);
      case "call":
        return this.#call(expr);
    }
  }

  #aggregate(expr: AggregateExpr): AggregateExpr {
    const inner = this.#expect(expr.expr, "vector", "aggregation expression");
    if (expr.param === undefined) return { ...expr, expr: inner };
    const wanted = expr.op === "count_values" ? "string" : "scalar";
    return { ...expr, expr: inner, param: this.#expect(expr.param, wanted, "aggregation parameter") };
  }

  #binary(expr: BinaryExpr): BinaryExpr {
    const lhs = this.check(expr.lhs);
    const rhs = this.check(expr.rhs);
    const { op, matching } = expr;
    const types = [lhs.valueType, rhs.valueType];
    if (expr.returnBool && !isComparison(op)) {
      this.#refuse(this.#operatorStart(expr), "bool modifier can only be used on comparison operators");
    }
    if (isComparison(op) && !expr.returnBool && expr.valueType === "scalar") {
      this.#refuse(this.#operatorStart(expr), "comparisons between scalars must use BOOL modifier");
    }
    if (matching?.on) {
      for (const label of matching.labels.filter((name) => matching.include.includes(name))) {
        const message = `label ${quoteGo(label)} must not occur in ON and GROUP clause at once`;
        this.#refuse(this.#operatorStart(expr), message);
      }
    }
    for (const operand of [lhs, rhs]) {
      if (operand.valueType !== "scalar" && operand.valueType !== "vector") {
        this.#refuse(operand.start, "binary expression must contain only scalar and instant vector types");
      }
    }
    const areVectors = types.every((type) => type === "vector");
    const hasFill = matching?.fillLeft !== undefined || matching?.fillRight !== undefined;
    if (!areVectors) {
      if (matching !== undefined && matching.labels.length > 0) {
        this.#refuse(expr.start, "vector matching only allowed between instant vectors");
      }
      if (hasFill) this.#refuse(expr.start, "filling in missing series only allowed between instant vectors");
    } else if (isSetOperator(op)) {
      if (matching !== undefined && matching.card !== "one-to-one") {
        this.#refuse(expr.start, `no grouping allowed for "${op}" operation`);
      }
      if (hasFill) this.#refuse(expr.start, "filling in missing series not allowed for set operators");
    }
    if (isSetOperator(op) && types.includes("scalar")) {
      this.#refuse(expr.start, `set operator "${op}" not allowed in binary scalar expression`);
    }
    if (!areVectors || matching === undefined) return { ...expr, lhs, rhs, matching: undefined };
    return { ...expr, lhs, rhs, matching: isSetOperator(op) ? { ...matching, card: "many-to-many" } : matching };
  }

  #call(expr: Call): Call {
    const { func, args } = expr;
    this.#checkCount(expr);
    let given = args;
    const selector = func.name === "info" ? args[1] : undefined;
    if (selector !== undefined) {
      if (selector.valueType !== "vector") {
        const message = `expected type instant vector in call to function "info", got ${DOCUMENTED[selector.valueType]}`;
        this.#refuse(expr.start, message);
      }
      given = args.with(1, this.#labelSelector(selector));
    }
    const checked = given.map((arg, i) => {
      if (i >= func.args.length && func.variadic === 0) return arg;
      const wanted = func.args[Math.min(i, func.args.length - 1)]!;
      return this.#expect(arg, wanted, `call to function ${quoteGo(func.name)}`);
    });
    return { ...expr, args: checked };
  }

  #checkCount(expr: Call): void {
    const { func, args } = expr;
    const wanted = func.args.length;
    const least = func.variadic === 0 ? wanted : wanted - 1;
    const most = func.variadic < 0 ? Number.POSITIVE_INFINITY : least + func.variadic;
    if (args.length >= least && args.length <= most) return;
    const bound = func.variadic === 0 ? wanted : args.length < least ? `at least ${least}` : `at most ${most}`;
    this.#refuse(expr.start, `expected ${bound} argument(s) in call to ${quoteGo(func.name)}, got ${args.length}`);
  }

  /** The second argument of `info`: a selector without a metric's name, which may be empty. */
  #labelSelector(expr: Expr): Expr {
    if (expr.kind !== "vectorSelector") {
      if (!this.#features.isNewer) throw unexpectedError();
      this.#refuse(expr.start, "expected label selectors only");
      return expr;
    }
    if (expr.name !== "") {
      this.#refuse(expr.start, "expected label selectors only, got vector selector instead");
    }
    return { ...expr, isLabelSelector: true };
  }

  #selector(expr: VectorSelector): VectorSelector {
    if (expr.name !== "") {
      for (const matcher of expr.matchers.slice(0, -1)) {
        if (matcher.name === METRIC_NAME) {
          const names = `${quoteGo(expr.name)} or ${quoteGo(matcher.value)}`;
          this.#refuse(expr.start, `metric name must not be set twice: ${names}`);
        }
      }
    } else if (!expr.isLabelSelector && expr.matchers.every((matcher) => matcher.matchesEmpty)) {
      this.#refuse(expr.start, "vector selector must contain at least one non-empty matcher");
    }
    return expr;
  }

  #expect(expr: Expr, wanted: ValueType, where: string): Expr {
    const checked = this.check(expr);
    if (checked.valueType !== wanted) {
      const got = DOCUMENTED[checked.valueType];
      this.#refuse(expr.start, `expected type ${DOCUMENTED[wanted]} in ${where}, got ${got}`);
    }
    return checked;
  }

  /** Behind the left operand's end as Prometheus knows it, which can be short of the operator (see TokenStream). */
  #operatorStart(expr: BinaryExpr): number {
    let at = expr.lhs.end;
    while (isSpace(this.#input[at] ?? "")) at++;
    if (at >= this.#input.length) throw unexpectedError();
    return at;
  }

  #refuse(offset: number, message: string): void {
    this.firstError ??= parseError(this.#input, offset, message);
  }
}

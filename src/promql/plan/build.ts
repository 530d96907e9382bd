/** From a checked syntax tree to a plan for given evaluation times. Pure: the same request gives the same plan. */
import { assert } from "../../base/index.js";
import { Matcher, METRIC_NAME } from "../../model/index.js";
import type { MatrixSelector, Span, TimeModifiers, VectorSelector } from "../parser/index.js";
import {
  type AtModifier,
  childrenOf,
  type Expr,
  isComparison,
  isSetOperator,
  type SubqueryExpr,
} from "../parser/index.js";
import { durationOf } from "./durations.js";
import { invariantParts } from "./invariance.js";
import type { Grid, Plan, RangePlan, Reference, Selection } from "./nodes.js";
import { statsOnlySelectors } from "./stats-only.js";

export interface PlanOptions {
  readonly startMs: number;
  readonly endMs: number;
  /** 0 for an instant query, whose `startMs` is its `endMs`. */
  readonly stepMs: number;
  readonly lookbackDeltaMs: number;
  /** Step of subqueries that name none. */
  readonly defaultStepMs: number;
  /** "3.5", or "3.14" with what changed up to it. */
  readonly language: "3.5" | "3.14";
}

/** @throws VestalError BAD_DATA if a duration expression has no valid value. */
export function buildPlan(expr: Expr, options: PlanOptions): Plan {
  const { startMs, endMs, stepMs } = options;
  const steps = stepMs === 0 ? 1 : Math.floor((endMs - startMs) / stepMs) + 1;
  const builder = new Builder(expr, options);
  return builder.build(expr, { startMs, stepMs: stepMs === 0 ? 1 : stepMs, steps }, { func: "", stepMs });
}

/** What a selector inherits from above it: the innermost function or aggregation, and the step of its subquery. */
interface Surroundings {
  readonly func: string;
  readonly stepMs: number;
}

const TARGET_INFO = new Matcher("=", METRIC_NAME, "target_info");

const NOWHERE: Span = { start: 0, end: 0 };

class Builder {
  readonly #invariant: ReadonlySet<Expr>;
  readonly #statsOnly: ReadonlySet<Expr>;
  /**
   * Above 0 within the parameter of an aggregation, which Prometheus does not prepare as it does all else: `@ start()` and
   * `@ end()` are overlooked there, and other fixed times fix the first step alone.
   */
  #parameterDepth = 0;
  readonly #options: PlanOptions;

  constructor(expr: Expr, options: PlanOptions) {
    this.#invariant = invariantParts(expr);
    this.#statsOnly = statsOnlySelectors(expr, options.language === "3.14");
    this.#options = options;
  }

  /** The plan of `expr` at the steps of `grid`, hoisted out of them where it is the same at each. */
  build(expr: Expr, grid: Grid, around: Surroundings): Plan {
    if (expr.kind === "paren") return this.build(expr.expr, grid, around);
    const isLiteral = expr.kind === "number" || expr.kind === "string";
    if (grid.steps > 1 && !isLiteral && this.#parameterDepth === 0 && this.#invariant.has(expr)) {
      const inner = this.#node(expr, { ...grid, steps: 1 }, around);
      return { kind: "hoist", grid, span: expr, inner };
    }
    return this.#node(expr, grid, around);
  }

  #node(expr: Expr, grid: Grid, around: Surroundings): Plan {
    const base = { grid, span: { start: expr.start, end: expr.end } };
    switch (expr.kind) {
      case "number":
        return { ...base, kind: "number", value: expr.value };
      case "string":
        return { ...base, kind: "string", value: expr.value };
      case "paren":
        return this.build(expr.expr, grid, around);
      case "vectorSelector":
        return this.#select(expr, grid, around, "value");
      case "matrixSelector":
      case "subquery":
        return { ...base, kind: "range", range: this.#range(expr, grid, around) };
      case "unary": {
        const operand = this.build(expr.expr, grid, around);
        if (expr.op === "+") return operand;
        return { ...base, kind: "negate", operand, isScalar: expr.valueType === "scalar" };
      }
      case "binary":
        return this.#binary(expr, grid, { ...around, func: "" });
      case "aggregate": {
        const below = { ...around, func: expr.op };
        this.#parameterDepth++;
        const param = expr.param === undefined ? undefined : this.build(expr.param, grid, below);
        this.#parameterDepth--;
        const operand = this.build(expr.expr, grid, below);
        const { op, without } = expr;
        const { start, end } = this.#options.language === "3.14" ? withoutParens(expr.expr) : expr.expr;
        const operandSpan = { start, end };
        return { ...base, kind: "aggregate", op, operand, operandSpan, param, without, grouping: [...expr.grouping] };
      }
      case "call":
        return this.#call(expr, grid, around);
    }
  }

  #binary(expr: Expr & { kind: "binary" }, grid: Grid, around: Surroundings): Plan {
    const base = { grid, span: { start: expr.start, end: expr.end } };
    const left = this.build(expr.lhs, grid, around);
    const right = this.build(expr.rhs, grid, around);
    const { op, returnBool } = expr;
    if (isSetOperator(op)) {
      assert(expr.matching !== undefined, "the checker lets set operators only stand between vectors");
      return { ...base, kind: "set-operation", op, left, right, matching: expr.matching };
    }
    const leftIsScalar = expr.lhs.valueType === "scalar";
    if (leftIsScalar && expr.rhs.valueType === "scalar") return { ...base, kind: "scalar-operation", op, left, right };
    if (leftIsScalar || expr.rhs.valueType === "scalar") {
      const [vector, scalar] = leftIsScalar ? [right, left] : [left, right];
      return { ...base, kind: "vector-scalar", op, vector, scalar, scalarIsLeft: leftIsScalar, returnBool };
    }
    assert(expr.matching !== undefined, "an operation on two vectors has a matching");
    const bool = returnBool && isComparison(op);
    return { ...base, kind: "vector-operation", op, left, right, matching: expr.matching, returnBool: bool };
  }

  #call(expr: Expr & { kind: "call" }, grid: Grid, around: Surroundings): Plan {
    const base = { grid, span: { start: expr.start, end: expr.end } };
    const func = expr.func.name;
    const below = { ...around, func };
    const args = expr.args.map(withoutParens);
    const first = args[0];
    if ((func === "timestamp" || func === "start_timestamp") && first?.kind === "vectorSelector") {
      const inner = this.#select(first, grid, below, func);
      return { ...base, kind: "call", func, args: [inner], argSpans: [inner.span], matchers: undefined };
    }
    if (func === "info") return this.#info(expr, grid, below);
    const query = this.#queryConstant(func);
    if (query !== undefined) return { ...base, kind: "number", value: query };
    const at = args.findIndex((arg) => arg.kind === "matrixSelector" || arg.kind === "subquery");
    const ranged = args[at];
    if (ranged !== undefined && (ranged.kind === "matrixSelector" || ranged.kind === "subquery")) {
      const range = this.#range(ranged, grid, below);
      const params = expr.args.filter((_, i) => i !== at).map((arg) => this.build(arg, grid, below));
      const matchers = ranged.kind === "matrixSelector" ? ranged.selector.matchers : undefined;
      // Prometheus forgets where a subquery stood once it has evaluated it, and points at the start of the query.
      const firstArgument = at === 0 && ranged.kind === "subquery" ? NOWHERE : this.#argumentSpan(expr, 0);
      return { ...base, kind: "window", func, range, params, firstArgument, matchers };
    }
    const matchers = first?.kind === "vectorSelector" ? first.matchers : undefined;
    const argSpans = args.map((_, i) => this.#argumentSpan(expr, i));
    return {
      ...base,
      kind: "call",
      func,
      args: expr.args.map((arg) => this.build(arg, grid, below)),
      argSpans,
      matchers,
    };
  }

  /** Without its parentheses, unless Prometheus has hoisted it together with them. */
  #argumentSpan(call: Expr & { kind: "call" }, index: number): Span {
    const arg = call.args[index];
    assert(arg !== undefined, `${call.func.name} has ${index + 1} arguments`);
    const isHoisted = this.#invariant.has(arg) && !this.#invariant.has(call);
    const { start, end } = isHoisted ? arg : withoutParens(arg);
    return { start, end };
  }

  /** `start()` and its like are numbers in seconds. */
  #queryConstant(func: string): number | undefined {
    const { startMs, endMs, stepMs } = this.#options;
    switch (func) {
      case "start":
        return startMs / 1000;
      case "end":
        return endMs / 1000;
      case "step":
        return stepMs / 1000;
      case "range":
        return (endMs - startMs) / 1000;
      default:
        return undefined;
    }
  }

  #info(expr: Expr & { kind: "call" }, grid: Grid, below: Surroundings): Plan {
    const span = { start: expr.start, end: expr.end };
    const [first, second] = expr.args.map(withoutParens);
    assert(first !== undefined, "info has a vector");
    const isNewer = this.#options.language === "3.14";
    const matchers = second?.kind === "vectorSelector" ? second.matchers : undefined;
    const written = (matchers ?? [TARGET_INFO]).filter((matcher) => matcher.name === METRIC_NAME);
    const dataMatchers = (matchers ?? []).filter((matcher) => matcher.name !== METRIC_NAME);
    const isPositive = written.some((matcher) => matcher.operator === "=" || matcher.operator === "=~");
    let nameMatchers = written;
    if (!isNewer) nameMatchers = written.length === 0 ? [TARGET_INFO] : written.slice(-1);
    else if (written.length === 0) nameMatchers = [TARGET_INFO];
    else if (!isPositive) nameMatchers = [new Matcher("=~", METRIC_NAME, ".+_info"), ...written];
    const looked = this.#infoReference(first, grid, isNewer);
    // 3.5 asks storage for other times than it then looks at.
    const reference = isNewer ? looked : { firstMs: grid.startMs, stepMs: grid.stepMs };
    const { lookbackDeltaMs } = this.#options;
    const selection = {
      matchers: [...nameMatchers, ...dataMatchers],
      minTimeMs: looked.firstMs - lookbackDeltaMs + 1,
      maxTimeMs: lastReference(looked, grid),
      stepMs: below.stepMs,
      func: "info",
    };
    const select = { stamps: true, startStamps: false, statsOnly: false, smoothed: false };
    return {
      kind: "info",
      grid,
      span,
      operand: this.build(first, grid, below),
      info: { kind: "select", grid, span, selection, reference, ...select },
      nameMatchers,
      writtenNameMatchers: written,
      selectorNameMatchers: matchers === undefined ? [] : written,
      dataMatchers,
    };
  }

  /** Info series are looked up where the first selector of the vector looks; from 3.14 on with subqueries around it. */
  #infoReference(expr: Expr, grid: Grid, isNewer: boolean): Reference {
    let offsetMs = 0;
    let at: AtModifier | undefined;
    const visit = (node: Expr, around: readonly SubqueryExpr[]): boolean => {
      if (node.kind === "subquery" && !isNewer) {
        // Once it is evaluated, 3.5 finds a selector of the subquery's offset in its place.
        offsetMs = node.offsetExpr === undefined ? node.offsetMs : durationOf(node.offsetExpr, true, this.#options);
        at = node.at;
        return true;
      }
      if (node.kind !== "vectorSelector") {
        const inner = node.kind === "subquery" ? [...around, node] : around;
        return childrenOf(node).some((child) => visit(child, inner));
      }
      for (const each of isNewer ? [node, ...around.toReversed()] : [node]) {
        if (at !== undefined) break;
        offsetMs += each.offsetExpr === undefined ? each.offsetMs : durationOf(each.offsetExpr, true, this.#options);
        at = each.at;
      }
      return true;
    };
    visit(expr, []);
    if (at === undefined) return { firstMs: grid.startMs - offsetMs, stepMs: grid.stepMs };
    return { firstMs: this.#fixedTime(at) - offsetMs, stepMs: 0 };
  }

  #select(
    expr: VectorSelector,
    grid: Grid,
    around: Surroundings,
    what: "value" | "timestamp" | "start_timestamp",
  ): Plan {
    const { lookbackDeltaMs } = this.#options;
    const reference = this.#reference(expr, grid);
    const smoothed = expr.extended === "smoothed" && what === "value";
    const selection = this.#selection(expr, grid, reference, lookbackDeltaMs, smoothed ? lookbackDeltaMs : 0, around);
    const statsOnly = this.#statsOnly.has(expr);
    // The functions of samples' times see a fixed time without its offset, within what was asked of storage with it.
    const isFixed = what !== "value" && expr.at !== undefined && this.#parameterDepth === 0;
    const looked = isFixed ? { firstMs: this.#fixedTime(expr.at!), stepMs: 0 } : reference;
    const span = { start: expr.start, end: expr.end };
    const stamps = what === "timestamp";
    const startStamps = what === "start_timestamp";
    return { kind: "select", grid, span, selection, reference: looked, stamps, startStamps, statsOnly, smoothed };
  }

  #range(expr: MatrixSelector | SubqueryExpr, grid: Grid, around: Surroundings): RangePlan {
    const rangeMs = expr.rangeExpr === undefined ? expr.rangeMs : durationOf(expr.rangeExpr, false, this.#options);
    if (expr.kind === "matrixSelector") {
      const reference = this.#reference(expr.selector, grid);
      const extension = expr.selector.extended;
      const { lookbackDeltaMs } = this.#options;
      const backMs = rangeMs + (extension === undefined ? 0 : lookbackDeltaMs);
      const aheadMs = extension === "smoothed" ? lookbackDeltaMs : 0;
      const selection = this.#selection(expr.selector, grid, reference, backMs, aheadMs, around);
      const statsOnly = this.#statsOnly.has(expr.selector);
      return { kind: "samples", selection, reference, rangeMs, statsOnly, extension };
    }
    const reference = this.#reference(expr, grid);
    const written = expr.stepExpr === undefined ? expr.stepMs : durationOf(expr.stepExpr, false, this.#options);
    const stepMs = written === 0 ? this.#options.defaultStepMs : written;
    // The first multiple of the step after the first window's open end.
    const openMs = reference.firstMs - rangeMs;
    const startMs = (Math.floor(openMs / stepMs) + 1) * stepMs;
    const endMs = lastReference(reference, grid);
    const steps = grid.steps === 0 ? 0 : Math.max(0, Math.floor((endMs - startMs) / stepMs) + 1);
    const inner = this.build(expr.expr, { startMs, stepMs, steps }, { ...around, stepMs });
    return { kind: "subquery", inner, reference, rangeMs };
  }

  #reference(expr: TimeModifiers, grid: Grid): Reference {
    const offsetMs = expr.offsetExpr === undefined ? expr.offsetMs : durationOf(expr.offsetExpr, true, this.#options);
    const isOverlooked = this.#parameterDepth > 0 && expr.at?.kind !== "timestamp";
    if (expr.at === undefined || isOverlooked) return { firstMs: grid.startMs - offsetMs, stepMs: grid.stepMs };
    return { firstMs: this.#fixedTime(expr.at) - offsetMs, stepMs: this.#parameterDepth > 0 ? grid.stepMs : 0 };
  }

  #fixedTime(at: AtModifier): number {
    if (at.kind === "timestamp") return at.timestampMs;
    return at.kind === "start" ? this.#options.startMs : this.#options.endMs;
  }

  #selection(
    expr: VectorSelector,
    grid: Grid,
    reference: Reference,
    backMs: number,
    aheadMs: number,
    around: Surroundings,
  ): Selection {
    const isFixed = this.#parameterDepth > 0 && expr.at?.kind === "timestamp";
    return {
      matchers: expr.matchers,
      minTimeMs: reference.firstMs - backMs + 1,
      // What is asked of storage knows of the fixed time.
      maxTimeMs: (isFixed ? reference.firstMs : lastReference(reference, grid)) + aheadMs,
      stepMs: around.stepMs,
      func: around.func,
    };
  }
}

function lastReference(reference: Reference, grid: Grid): number {
  return reference.firstMs + reference.stepMs * Math.max(0, grid.steps - 1);
}

function withoutParens(expr: Expr): Expr {
  let inner = expr;
  while (inner.kind === "paren") inner = inner.expr;
  return inner;
}

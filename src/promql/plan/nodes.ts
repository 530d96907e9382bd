/**
 * The plan: a syntax tree with everything decided that does not need samples. Each node knows the steps that it is
 * evaluated at, `@` and offsets have become times, durations are evaluated, and parts that are the same at each step
 * are hoisted out of the steps.
 */
import type { Matcher } from "../../model/index.js";
import type {
  AggregateOperator,
  ArithmeticOperator,
  ComparisonOperator,
  SetOperator,
  Span,
  TrimOperator,
  VectorMatching,
} from "../parser/index.js";

/** The evaluation times of a node: `startMs + i × stepMs` for i in [0, steps). `stepMs` is never 0. */
export interface Grid {
  readonly startMs: number;
  readonly stepMs: number;
  readonly steps: number;
}

/** Where a selector or subquery looks at step i: `firstMs + i × stepMs`; `stepMs` is 0 where `@` fixes the time. */
export interface Reference {
  readonly firstMs: number;
  readonly stepMs: number;
}

interface PlanBase {
  readonly grid: Grid;
  readonly span: Span;
}

/** Which samples a selector needs: what storage is asked for, times inclusive. */
export interface Selection {
  readonly matchers: readonly Matcher[];
  readonly minTimeMs: number;
  readonly maxTimeMs: number;
  readonly stepMs: number;
  readonly func: string;
}

export interface NumberPlan extends PlanBase {
  readonly kind: "number";
  readonly value: number;
}

export interface StringPlan extends PlanBase {
  readonly kind: "string";
  readonly value: string;
}

export interface SelectPlan extends PlanBase {
  readonly kind: "select";
  readonly selection: Selection;
  readonly reference: Reference;
  /** The values are the samples' own times in seconds: `timestamp(selector)`. */
  readonly stamps: boolean;
  /** The values are since when the samples count, in seconds: `start_timestamp(selector)`. */
  readonly startStamps: boolean;
  /** Buckets of histograms are not looked at. */
  readonly statsOnly: boolean;
  /** Values between samples are interpolated. */
  readonly smoothed: boolean;
}

/** Samples per step: a matrix selector, or the inner steps of a subquery. */
export type RangePlan =
  | {
      readonly kind: "samples";
      readonly selection: Selection;
      readonly reference: Reference;
      readonly rangeMs: number;
      /** As in a SelectPlan. */
      readonly statsOnly: boolean;
      readonly extension: "anchored" | "smoothed" | undefined;
    }
  | { readonly kind: "subquery"; readonly inner: Plan; readonly reference: Reference; readonly rangeMs: number };

/** A function of one range vector and scalars, by its Prometheus name. */
export interface WindowPlan extends PlanBase {
  readonly kind: "window";
  readonly func: string;
  readonly range: RangePlan;
  /** The scalar arguments in their order. */
  readonly params: readonly Plan[];
  /** Place of the first argument, which annotations point at. */
  readonly firstArgument: Span;
  /** Conditions of the selector that is the argument, for absent_over_time. */
  readonly matchers: readonly Matcher[] | undefined;
}

/** The samples themselves: a range vector as the result of an instant query. */
export interface RangeResultPlan extends PlanBase {
  readonly kind: "range";
  readonly range: RangePlan;
}

/** Any other function. */
export interface CallPlan extends PlanBase {
  readonly kind: "call";
  readonly func: string;
  readonly args: readonly Plan[];
  /** Places of the arguments, which annotations point at. */
  readonly argSpans: readonly Span[];
  /** Conditions of the selector that is the first argument, for absent. */
  readonly matchers: readonly Matcher[] | undefined;
}

/** `info`: a vector and the info series that its series take labels from. */
export interface InfoPlan extends PlanBase {
  readonly kind: "info";
  readonly operand: Plan;
  /** Values are the samples' own times. */
  readonly info: SelectPlan;
  /** Conditions on the info series' names, and those of them that were written (target_info, if there is no selector). */
  readonly nameMatchers: readonly Matcher[];
  readonly writtenNameMatchers: readonly Matcher[];
  /** Those that were written in the selector. */
  readonly selectorNameMatchers: readonly Matcher[];
  /** The selector's other conditions: only their labels are taken. */
  readonly dataMatchers: readonly Matcher[];
}

export interface NegatePlan extends PlanBase {
  readonly kind: "negate";
  readonly operand: Plan;
  readonly isScalar: boolean;
}

export interface ScalarOperationPlan extends PlanBase {
  readonly kind: "scalar-operation";
  readonly op: ArithmeticOperator | ComparisonOperator | TrimOperator;
  readonly left: Plan;
  readonly right: Plan;
}

export interface VectorScalarPlan extends PlanBase {
  readonly kind: "vector-scalar";
  readonly op: ArithmeticOperator | ComparisonOperator | TrimOperator;
  readonly vector: Plan;
  readonly scalar: Plan;
  readonly scalarIsLeft: boolean;
  readonly returnBool: boolean;
}

export interface VectorOperationPlan extends PlanBase {
  readonly kind: "vector-operation";
  readonly op: ArithmeticOperator | ComparisonOperator | TrimOperator;
  readonly left: Plan;
  readonly right: Plan;
  readonly matching: VectorMatching;
  readonly returnBool: boolean;
}

export interface SetOperationPlan extends PlanBase {
  readonly kind: "set-operation";
  readonly op: SetOperator;
  readonly left: Plan;
  readonly right: Plan;
  readonly matching: VectorMatching;
}

export interface AggregatePlan extends PlanBase {
  readonly kind: "aggregate";
  readonly op: AggregateOperator;
  readonly operand: Plan;
  /** Place of the operand with its parentheses, which annotations point at. */
  readonly operandSpan: Span;
  readonly param: Plan | undefined;
  readonly grouping: readonly string[];
  readonly without: boolean;
}

/** Evaluated once, repeated at each step. */
export interface HoistPlan extends PlanBase {
  readonly kind: "hoist";
  readonly inner: Plan;
}

export type Plan =
  | NumberPlan
  | StringPlan
  | SelectPlan
  | WindowPlan
  | RangeResultPlan
  | CallPlan
  | InfoPlan
  | NegatePlan
  | ScalarOperationPlan
  | VectorScalarPlan
  | VectorOperationPlan
  | SetOperationPlan
  | AggregatePlan
  | HoistPlan;

/** The plans directly below `plan`, in the order of evaluation. */
export function plansBelow(plan: Plan): readonly Plan[] {
  switch (plan.kind) {
    case "number":
    case "string":
    case "select":
      return [];
    case "window":
      return plan.range.kind === "subquery" ? [plan.range.inner, ...plan.params] : plan.params;
    case "range":
      return plan.range.kind === "subquery" ? [plan.range.inner] : [];
    case "call":
      return plan.args;
    case "info":
      return [plan.operand, plan.info];
    case "negate":
      return [plan.operand];
    case "scalar-operation":
    case "vector-operation":
    case "set-operation":
      return [plan.left, plan.right];
    case "vector-scalar":
      return [plan.vector, plan.scalar];
    case "aggregate":
      return plan.param === undefined ? [plan.operand] : [plan.param, plan.operand];
    case "hoist":
      return [plan.inner];
  }
}

/** What `plan` itself asks of storage, without what is below it. */
export function selectionOf(plan: Plan): Selection | undefined {
  if (plan.kind === "select") return plan.selection;
  if ((plan.kind === "window" || plan.kind === "range") && plan.range.kind === "samples") return plan.range.selection;
  return undefined;
}

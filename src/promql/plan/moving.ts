/**
 * The plan of an instant query that comes again and again, as those of rules do: made once, and moved to each new time. All
 * times of a plan move with that of the query, but where `@` fixes one, where a subquery's steps are aligned, and where the
 * text itself computes with times; plans of such expressions are made anew.
 */
import { childrenOf, type Expr } from "../parser/index.js";
import { buildPlan, type PlanOptions } from "./build.js";
import { type Grid, type Plan, plansBelow, type Reference, type Selection } from "./nodes.js";
import { type Selections, selectionsOf } from "./selections.js";

export interface PlanWithSelections {
  readonly plan: Plan;
  readonly selections: Selections;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

interface Times {
  readonly grids: Set<Mutable<Grid>>;
  readonly references: Set<Mutable<Reference>>;
  readonly selections: Set<Mutable<Selection>>;
}

export class MovingPlan {
  readonly #expr: Expr;
  readonly #options: Omit<PlanOptions, "startMs" | "endMs" | "stepMs">;
  readonly #moves: boolean;
  #made: (PlanWithSelections & { readonly times: Times }) | undefined;
  #timeMs = 0;

  constructor(expr: Expr, options: Omit<PlanOptions, "startMs" | "endMs" | "stepMs">) {
    this.#expr = expr;
    this.#options = options;
    this.#moves = movesWithTime(expr);
  }

  /**
   * The plan for `timeMs`; those that were returned before change with it, so only one is in use at a time.
   * @throws as `buildPlan`
   */
  at(timeMs: number): PlanWithSelections {
    const made = this.#made;
    if (made === undefined || !this.#moves) {
      const plan = buildPlan(this.#expr, { ...this.#options, startMs: timeMs, endMs: timeMs, stepMs: 0 });
      this.#made = { plan, selections: selectionsOf(plan), times: timesOf(plan) };
      this.#timeMs = timeMs;
      return this.#made;
    }
    const byMs = timeMs - this.#timeMs;
    this.#timeMs = timeMs;
    for (const grid of made.times.grids) grid.startMs += byMs;
    for (const reference of made.times.references) reference.firstMs += byMs;
    for (const selection of made.times.selections) {
      selection.minTimeMs += byMs;
      selection.maxTimeMs += byMs;
    }
    return made;
  }
}

function movesWithTime(expr: Expr): boolean {
  if (expr.kind === "subquery") return false;
  if (expr.kind === "vectorSelector" && (expr.at !== undefined || expr.offsetExpr !== undefined)) return false;
  if (expr.kind === "matrixSelector" && expr.rangeExpr !== undefined) return false;
  if (expr.kind === "call" && COMPUTES_WITH_TIMES.has(expr.func.name)) return false;
  return childrenOf(expr).every(movesWithTime);
}

const COMPUTES_WITH_TIMES: ReadonlySet<string> = new Set(["end", "info", "range", "start", "step"]);

function timesOf(plan: Plan): Times {
  const times: Times = { grids: new Set(), references: new Set(), selections: new Set() };
  const collect = (node: Plan): void => {
    times.grids.add(node.grid);
    if (node.kind === "select") {
      times.references.add(node.reference);
      times.selections.add(node.selection);
    } else if ((node.kind === "window" || node.kind === "range") && node.range.kind === "samples") {
      times.references.add(node.range.reference);
      times.selections.add(node.range.selection);
    }
    for (const below of plansBelow(node)) collect(below);
  };
  collect(plan);
  return times;
}

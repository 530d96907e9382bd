/** Watches an evaluation and says of each node of the plan how often it was asked, what it gave, and how long that took. */
import type { Rows } from "../eval/rows.js";
import { rowBytes } from "../eval/rows.js";
import { type Plan, plansBelow, selectionOf } from "../plan/nodes.js";
import { selectorText } from "./cost.js";

export interface ExplainedNode {
  readonly node: string;
  /** The part of the expression, as written. */
  readonly expression: string;
  readonly selector?: string;
  readonly steps: number;
  /** Rows that it offers, before those without a sample are left out. */
  readonly series: number;
  /** Values that it gave, at all steps of all rows; a row that was asked for twice counts twice. */
  readonly samples: number;
  /** That these take. */
  readonly bytes: number;
  /** Its own and that of what is below it. */
  readonly seconds: number;
  readonly children: readonly ExplainedNode[];
}

interface Seen {
  series: number;
  rows: number;
  samples: number;
  ms: number;
}

export class PlanObserver {
  readonly #seen = new Map<Plan, Seen>();

  /** Opens a node's rows and keeps an eye on them. */
  watch(plan: Plan, open: () => Rows): Rows {
    const seen = this.#seen.get(plan) ?? { series: 0, rows: 0, samples: 0, ms: 0 };
    this.#seen.set(plan, seen);
    const startedMs = performance.now();
    const rows = open();
    seen.ms += performance.now() - startedMs;
    seen.series = Math.max(seen.series, rows.count);
    return {
      get count() {
        return rows.count;
      },
      labels: (index) => rows.labels(index),
      dropsName: (index) => rows.dropsName(index),
      fill: (index, values, present) => {
        const beganMs = performance.now();
        const found = rows.fill(index, values, present);
        seen.ms += performance.now() - beganMs;
        seen.rows++;
        seen.samples += found;
        return found;
      },
      ...(rows.isSilent !== undefined && { isSilent: rows.isSilent }),
    };
  }

  explain(plan: Plan, text: string): ExplainedNode {
    const seen = this.#seen.get(plan);
    const selection = selectionOf(plan);
    const { steps } = plan.grid;
    const { start, end } = plan.span;
    const selector = selection && selectorText(selection);
    // Some places are empty, where Prometheus' own are and annotations follow them.
    const written = text.slice(start, end) || (selector === undefined ? nameOf(plan) : `${funcOf(plan)}(${selector})`);
    return {
      node: nameOf(plan),
      expression: written,
      ...(selector !== undefined && { selector }),
      steps,
      series: seen?.series ?? 0,
      samples: seen?.samples ?? 0,
      bytes: (seen?.rows ?? 0) * rowBytes(steps),
      seconds: (seen?.ms ?? 0) / 1000,
      children: plansBelow(plan).map((below) => this.explain(below, text)),
    };
  }
}

function funcOf(plan: Plan): string {
  return plan.kind === "window" || plan.kind === "call" ? plan.func : "";
}

function nameOf(plan: Plan): string {
  switch (plan.kind) {
    case "window":
    case "call":
      return `${plan.kind} ${plan.func}`;
    case "aggregate":
    case "scalar-operation":
    case "vector-scalar":
    case "vector-operation":
    case "set-operation":
      return `${plan.kind} ${plan.op}`;
    default:
      return plan.kind;
  }
}

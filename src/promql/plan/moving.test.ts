/** A plan that was moved to a time is the plan made for that time, for every expression that Prometheus' parser takes. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { packageRoot, VestalError } from "../../base/index.js";
import { type Expr, parseExpr } from "../parser/index.js";
import { buildPlan } from "./build.js";
import { MovingPlan } from "./moving.js";
import { selectionsOf } from "./selections.js";

const FEATURES = { experimentalFunctions: true, durationExpressions: true };
const OPTIONS = { lookbackDeltaMs: 300_000, defaultStepMs: 60_000 };
const TIMES = [1_700_000_000_123, 1_700_000_030_123, 1_700_000_000_000, 61_234];

const answers = JSON.parse(
  readFileSync(join(packageRoot(), "test/golden/promql-parse/answers.json"), "utf8"),
) as readonly { readonly query: string; readonly features: object }[];

const expressions = [
  ...answers.filter(({ features }) => "tree" in features).map(({ query }) => query),
  "sum by (app) (rate(x[1m])) > 5",
  "a offset 5m / on (b) group_left () max_over_time(c[1h] offset -3m)",
  "min_over_time(rate(x[5m])[30m:1m])",
  "x @ 1609746000 + x @ end() + timestamp(x offset 1m)",
  'info(x, {__name__="y"})',
  "predict_linear(x[1h], 3600) unless absent(x) or time() - x",
  "start() + end() + rate(x[range() + 5m])",
];

function planOf(make: () => unknown): unknown {
  try {
    return make();
  } catch (error) {
    if (error instanceof VestalError) return error.message;
    throw error;
  }
}

test.each(["3.5", "3.14"] as const)("a moved plan is the plan of its time (%s)", (language) => {
  const options = { ...OPTIONS, language };
  let moved = 0;
  for (const text of expressions) {
    let expr: Expr;
    try {
      expr = parseExpr(text, { ...FEATURES, language });
    } catch (error) {
      if (error instanceof VestalError) continue; // not of this version
      throw error;
    }
    const moving = new MovingPlan(expr, options);
    for (const timeMs of TIMES) {
      const built = planOf(() => {
        const plan = buildPlan(expr, { ...options, startMs: timeMs, endMs: timeMs, stepMs: 0 });
        return { plan, selections: selectionsOf(plan).distinct };
      });
      const found = planOf(() => {
        const { plan, selections } = moving.at(timeMs);
        return { plan, selections: selections.distinct };
      });
      expect(found, text).toEqual(built);
      moved++;
    }
  }
  expect(moved).toBeGreaterThan(1000);
});

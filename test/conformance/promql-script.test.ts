import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { packageRoot } from "../../src/base/index.js";
import { runScript } from "./promql-script.js";

const FOLDER = join(packageRoot(), "..", "shared", "conformance", "promql");

/** Cases of floats that each file has at least: what is skipped must not grow. */
const CASES: Readonly<Record<string, number>> = {
  "aggregators.test": 125,
  "at_modifier.test": 77,
  "collision.test": 2,
  "duration_expression.test": 29,
  "functions.test": 276,
  "histograms.test": 83,
  "limit.test": 1,
  "literals.test": 25,
  "name_label_dropping.test": 29,
  "operators.test": 142,
  "range_queries.test": 17,
  "selectors.test": 31,
  "staleness.test": 17,
  "subquery.test": 32,
  "trig_functions.test": 19,
  "type_and_unit.test": 58,
};

for (const [name, cases] of Object.entries(CASES)) {
  test(`Prometheus' script ${name} passes`, async () => {
    const result = await runScript(name, readFileSync(join(FOLDER, name), "utf8"));
    expect(result.failures).toEqual([]);
    expect(result.passed).toBeGreaterThanOrEqual(cases);
  });
}

test("a wrong expectation fails, whether a value, a series, a message or an error", async () => {
  const script = `
load 1m
  metric{a="b"} 1 2 3

eval instant at 1m metric
  metric{a="b"} 3

eval instant at 1m metric
  metric{a="c"} 2

eval instant at 1m metric

eval instant at 1m metric
  expect fail
  metric{a="b"} 2

eval instant at 1m rate(metric[5m])
  expect no_info
  {a="b"} 0.016666666666666666

eval range from 0 to 2m step 1m metric
  metric{a="b"} 1 2 _
`;
  const result = await runScript("wrong", script);
  expect([result.passed, result.failed, result.skipped]).toEqual([0, 6, 0]);
});

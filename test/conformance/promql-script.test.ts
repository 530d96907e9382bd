import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { packageRoot } from "../../src/base/index.js";
import { runScript } from "./promql-script.js";

const FOLDER = join(packageRoot(), "..", "shared", "conformance", "promql");

/** Every file with the number of its cases, all of which pass. */
const FILES: Readonly<Record<string, number>> = {
  "aggregators.test": 160,
  "at_modifier.test": 78,
  "collision.test": 2,
  "duration_expression.test": 59,
  "extended_vectors.test": 169,
  "fill-modifier.test": 46,
  "functions.test": 431,
  "histograms.test": 185,
  "info.test": 53,
  "limit.test": 37,
  "literals.test": 25,
  "name_label_dropping.test": 30,
  "native_histograms.test": 522,
  "operators.test": 214,
  "range_queries.test": 18,
  "selectors.test": 31,
  "staleness.test": 17,
  "start_timestamps.test": 26,
  "subquery.test": 34,
  "trig_functions.test": 19,
  "type_and_unit.test": 58,
};

for (const [name, cases] of Object.entries(FILES)) {
  test(`Prometheus' script ${name} passes`, async () => {
    const result = await runScript(name, readFileSync(join(FOLDER, name), "utf8"));
    expect(result.failures).toEqual([]);
    expect(result.passed).toBe(cases);
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

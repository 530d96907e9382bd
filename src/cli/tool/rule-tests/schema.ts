/** The YAML of a file of rule tests, as promtool 3.5 reads it. */
import { bool, duration, field, float, list, map, readText, struct, text } from "../../../config/index.js";

const strings = () => list(text());
const stringMap = () => map(text(), { goType: "map[string]string" });

const series = struct("main.series", { series: field(text()), values: field(text()) });
const alert = struct("main.alert", { exp_labels: field(stringMap()), exp_annotations: field(stringMap()) });
const alertTest = struct("main.alertTestCase", {
  eval_time: field(duration()),
  alertname: field(text()),
  exp_alerts: field(list(alert)),
});
const sample = struct("main.sample", { labels: field(text()), value: field(float()), histogram: field(text()) });
const exprTest = struct("main.promqlTestCase", {
  expr: field(text()),
  eval_time: field(duration()),
  exp_samples: field(list(sample)),
});
const testGroup = struct("main.testGroup", {
  interval: field(duration()),
  input_series: field(list(series)),
  alert_rule_test: field(list(alertTest)),
  promql_expr_test: field(list(exprTest)),
  external_labels: field(stringMap()),
  external_url: field(text()),
  name: field(text()),
});
const testFile = struct("main.unitTestFile", {
  rule_files: field(strings()),
  evaluation_interval: field(duration()),
  group_eval_order: field(strings()),
  tests: field(list(testGroup)),
  fuzzy_compare: field(bool()),
});

export type TestFile = typeof testFile.zero;
export type TestGroup = typeof testGroup.zero;
export type AlertTest = typeof alertTest.zero;
export type ExprTest = typeof exprTest.zero;

/** @throws VestalError CONFIG */
export function readTestFile(source: string): TestFile {
  return readText(testFile, source).value;
}

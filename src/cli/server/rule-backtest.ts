/** A query thread's part in `/api/v1/rules/backtest`: from the matrix of an expression to the states of its alerts. */
import type { BacktestQuery } from "../../api/index.js";
import { silentLogger } from "../../base/index.js";
import { Labels } from "../../model/index.js";
import type { QueryValue } from "../../promql/index.js";
import { type BacktestAlert, type BacktestSeries, backtest, backtestRule } from "../../rules/index.js";
import { alertTemplates } from "../alert-templates.js";

export function backtestResult(value: QueryValue, query: BacktestQuery): Promise<readonly BacktestAlert[]> {
  const rule = backtestRule(query.alert, query.expression, query.forMs, query.keepFiringForMs);
  const deps = { templates: alertTemplates("", {}), log: silentLogger };
  return backtest(rule, {}, seriesOf(value), query, deps);
}

function seriesOf(value: QueryValue): readonly BacktestSeries[] {
  if (value.type === "scalar") {
    return [{ labels: Labels.EMPTY, times: [value.timestampMs], values: [value.value] }];
  }
  if (value.type !== "matrix") return [];
  return value.labels.map((labels, i) => {
    const [from, to] = [value.offsets[i]!, value.offsets[i + 1]!];
    return { labels, times: value.times.subarray(from, to), values: value.values.subarray(from, to) };
  });
}

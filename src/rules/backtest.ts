/**
 * An alerting rule over stored history: when it would have been pending, and when it would have fired. The same states
 * as in evaluation, one step after the other.
 */
import { type Logger, VestalError } from "../base/index.js";
import { Labels } from "../model/index.js";
import { type AlertChange, AlertingRule } from "./alerting-rule.js";
import type { AlertTemplates, RuleSample } from "./deps.js";
import type { RuleSpec } from "./format/index.js";

/** What the rule's expression gave, series by series. */
export interface BacktestSeries {
  readonly labels: Labels;
  /** Milliseconds, ascending, each a step of the range. */
  readonly times: ArrayLike<number>;
  readonly values: ArrayLike<number>;
}

export interface BacktestRange {
  readonly startMs: number;
  readonly endMs: number;
  readonly stepMs: number;
}

export interface BacktestPeriod {
  readonly state: "pending" | "firing";
  readonly startMs: number;
  /** Undefined: it lasts beyond the end. */
  readonly endMs: number | undefined;
}

export interface BacktestAlert {
  readonly labels: Labels;
  readonly annotations: Labels;
  readonly periods: readonly BacktestPeriod[];
}

export async function backtest(
  spec: RuleSpec,
  groupLabels: Readonly<Record<string, string>>,
  series: readonly BacktestSeries[],
  range: BacktestRange,
  deps: { readonly templates: AlertTemplates; readonly log: Logger },
): Promise<readonly BacktestAlert[]> {
  const changes: AlertChange[] = [];
  const rule = new AlertingRule(spec, groupLabels, true, {
    ...deps,
    onChange: (change) => changes.push(change),
    query: () => Promise.reject(new VestalError("TEMPLATE", "queries of templates are not replayed")),
  });
  const next = series.map(() => 0);
  for (let timeMs = range.startMs; timeMs <= range.endMs; timeMs += range.stepMs) {
    const samples: RuleSample[] = [];
    for (const [i, { labels, times, values }] of series.entries()) {
      while (next[i]! < times.length && times[next[i]!]! < timeMs) next[i]!++;
      if (times[next[i]!] === timeMs) samples.push({ labels, value: values[next[i]!]! });
    }
    await rule.evaluate(samples, timeMs, timeMs, 0);
  }
  return alertsOf(changes);
}

function alertsOf(changes: readonly AlertChange[]): readonly BacktestAlert[] {
  const byAlert = new Map<string, { labels: Labels; annotations: Labels; periods: BacktestPeriod[] }>();
  for (const { labels, annotations, from, to, timeMs } of changes) {
    const alert = byAlert.get(labels.key) ?? { labels, annotations, periods: [] };
    byAlert.set(labels.key, alert);
    alert.annotations = annotations;
    const last = alert.periods.at(-1);
    if (from !== "inactive" && last !== undefined) alert.periods[alert.periods.length - 1] = { ...last, endMs: timeMs };
    if (to !== "inactive") alert.periods.push({ state: to, startMs: timeMs, endMs: undefined });
  }
  return [...byAlert.values()].map(({ labels, annotations, periods }) => ({
    labels,
    annotations,
    // A rule without `for` passes through pending in no time.
    periods: periods.filter(({ startMs, endMs }) => startMs !== endMs),
  }));
}

/** As the API and the tool's JSON show it. */
export function backtestView(alerts: readonly BacktestAlert[]): unknown {
  return {
    alerts: alerts.map(({ labels, annotations, periods }) => ({
      labels: labels.toObject(),
      annotations: annotations.toObject(),
      periods: periods.map(({ state, startMs, endMs }) => ({
        state,
        start: startMs / 1000,
        end: endMs === undefined ? null : endMs / 1000,
      })),
    })),
  };
}

/** A rule that is not in a file. */
export function backtestRule(name: string, expr: string, forMs: number, keepFiringForMs: number): RuleSpec {
  return { kind: "alerting", name, expr, forMs, keepFiringForMs, labels: {}, annotations: {} };
}

/** Series of the JSON that `query_range` answers with. */
export function seriesOfMatrix(
  result: readonly {
    readonly metric: Readonly<Record<string, string>>;
    readonly values?: readonly (readonly [number, string])[];
  }[],
  parse: (text: string) => number,
): readonly BacktestSeries[] {
  return result.map(({ metric, values = [] }) => ({
    labels: Labels.of(metric),
    times: values.map(([seconds]) => Math.round(seconds * 1000)),
    values: values.map(([, text]) => parse(text)),
  }));
}

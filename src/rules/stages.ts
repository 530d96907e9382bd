/**
 * Which rules of a group may be evaluated together. Rules run in order, and each sees what those before it have stored;
 * rules that read nothing of each other give the same at once. A stage is a run of such rules.
 */
import { METRIC_NAME } from "../model/index.js";
import { childrenOf, type Expr } from "../promql/parser/index.js";
import { ALERTS, ALERTS_FOR_STATE } from "./alerting-rule.js";

export interface StageRule {
  readonly kind: "recording" | "alerting";
  readonly name: string;
  readonly expr: Expr;
  /** Of an alert: its templates ask queries, which may read anything. */
  readonly hasQueries: boolean;
}

/** Indices of the rules of each stage, in order. */
export function planStages(rules: readonly StageRule[]): readonly (readonly number[])[] {
  const stages: number[][] = [];
  let written = new Set<string>();
  for (const [index, rule] of rules.entries()) {
    const read = rule.hasQueries ? undefined : metricsOf(rule.expr);
    const current = stages.at(-1);
    const depends = read === undefined ? written.size > 0 : read.some((name) => written.has(name));
    if (current === undefined || depends) {
      stages.push([index]);
      written = new Set();
    } else current.push(index);
    for (const name of writtenBy(rule)) written.add(name);
  }
  return stages;
}

/** Two rules of a group that may not run at the same time, either way round. */
function writtenBy(rule: StageRule): readonly string[] {
  return rule.kind === "recording" ? [rule.name] : [ALERTS, ALERTS_FOR_STATE];
}

/** Names of the metrics that are read; undefined where a selector may read any. */
function metricsOf(expr: Expr): readonly string[] | undefined {
  const names: string[] = [];
  const pending: Expr[] = [expr];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (next.kind === "vectorSelector") {
      const literals = next.matchers.find((matcher) => matcher.name === METRIC_NAME && matcher.literals !== undefined);
      if (literals?.literals === undefined) return undefined;
      names.push(...literals.literals);
    }
    pending.push(...childrenOf(next));
  }
  return names;
}

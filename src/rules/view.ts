/** What `/api/v1/rules` and `/api/v1/alerts` show, in Prometheus' JSON. */
import { createHash } from "node:crypto";
import type { Labels, Matcher } from "../model/index.js";
import { formatSample } from "../model/number.js";
import type { Alert } from "./alerting-rule.js";
import type { GroupRule, RuleGroup } from "./group.js";

export interface RulesFilter {
  readonly type: "" | "alert" | "record";
  /** Empty: all. */
  readonly ruleNames: readonly string[];
  readonly groupNames: readonly string[];
  readonly files: readonly string[];
  readonly excludeAlerts: boolean;
  /** 0 is no limit. */
  readonly groupLimit: number;
  /** "" is the beginning. */
  readonly groupNextToken: string;
  /** Rules whose labels match one of them; empty: all. */
  readonly matcherSets: readonly (readonly Matcher[])[];
}

/** The document's `data`, or that no group has the token. */
export function rulesView(
  groups: readonly RuleGroup[],
  filter: RulesFilter,
): { readonly data: unknown } | "unknown token" {
  const shown: unknown[] = [];
  let isFound = filter.groupLimit === 0 || filter.groupNextToken === "";
  let nextToken: string | undefined;
  for (const group of groups) {
    if (!isFound) {
      if (filter.groupNextToken !== groupToken(group)) continue;
      isFound = true;
    }
    const view = groupView(group, filter);
    if (view === undefined) continue;
    if (filter.groupLimit > 0 && shown.length === filter.groupLimit) {
      nextToken = groupToken(group);
      break;
    }
    shown.push(view);
  }
  if (!isFound) return "unknown token";
  return { data: { groups: shown, ...(nextToken !== undefined && { groupNextToken: nextToken }) } };
}

/** @param isWanted  which alerts, by their labels. */
export function alertsView(groups: readonly RuleGroup[], isWanted: (labels: Labels) => boolean = () => true): unknown {
  const alerts = groups.flatMap(({ rules }) =>
    rules.flatMap(({ rule }) =>
      rule.kind === "alerting" ? [...rule.activeAlerts()].filter(({ labels }) => isWanted(labels)).map(alertView) : [],
    ),
  );
  return { alerts };
}

function groupToken({ settings: { file, spec } }: RuleGroup): string {
  return createHash("sha1").update(`${file};${spec.name}`).digest("hex");
}

function groupView(group: RuleGroup, filter: RulesFilter): unknown {
  const { file, spec, intervalMs } = group.settings;
  if (filter.groupNames.length > 0 && !filter.groupNames.includes(spec.name)) return undefined;
  if (filter.files.length > 0 && !filter.files.includes(file)) return undefined;
  const rules = group.rules.filter((entry) => isWanted(entry, filter)).map((entry) => ruleView(entry, filter));
  if (rules.length === 0) return undefined;
  return {
    name: spec.name,
    file,
    rules,
    interval: intervalMs / 1000,
    limit: spec.limit,
    evaluationTime: group.evaluationSeconds,
    lastEvaluation: formatTime(group.lastEvaluationMs),
  };
}

function isWanted({ rule }: GroupRule, { type, ruleNames, matcherSets }: RulesFilter): boolean {
  if (type === "alert" && rule.kind !== "alerting") return false;
  if (type === "record" && rule.kind !== "recording") return false;
  if (ruleNames.length > 0 && !ruleNames.includes(rule.name)) return false;
  if (matcherSets.length === 0) return true;
  // Of a template the text counts, as there.
  return matcherSets.some((matchers) => matchers.every((matcher) => matcher.matches(rule.labels.get(matcher.name))));
}

function ruleView({ rule, query, status }: GroupRule, { excludeAlerts }: RulesFilter): unknown {
  const end = {
    health: status.health,
    ...(status.lastError !== "" && { lastError: status.lastError }),
    evaluationTime: status.evaluationSeconds,
    lastEvaluation: formatTime(status.lastEvaluationMs),
    type: rule.kind,
  };
  if (rule.kind === "recording") {
    return { name: rule.name, query, ...(rule.labels.size > 0 && { labels: labelsView(rule.labels) }), ...end };
  }
  return {
    state: rule.state,
    name: rule.name,
    query,
    duration: rule.spec.forMs / 1000,
    keepFiringFor: rule.spec.keepFiringForMs / 1000,
    labels: labelsView(rule.labels),
    annotations: labelsView(rule.annotations),
    alerts: excludeAlerts ? null : [...rule.activeAlerts()].map(alertView),
    ...end,
  };
}

export function alertView(alert: Alert): unknown {
  const { keepFiringSinceMs } = alert;
  return {
    labels: labelsView(alert.labels),
    annotations: labelsView(alert.annotations),
    state: alert.state,
    activeAt: formatTime(alert.activeAtMs),
    ...(keepFiringSinceMs !== undefined && { keepFiringSince: formatTime(keepFiringSinceMs) }),
    value: formatScientific(alert.value),
  };
}

function labelsView(labels: Labels): Readonly<Record<string, string>> {
  return labels.toObject();
}

/** Go's strconv.FormatFloat(value, 'e', -1, 64). */
export function formatScientific(value: number): string {
  if (!Number.isFinite(value)) return formatSample(value);
  const text = Object.is(value, -0) ? "-0e+0" : value.toExponential();
  return text.replace(/e([+-])(\d)$/, "e$10$2");
}

function formatTime(ms: number | undefined): string {
  if (ms === undefined) return "0001-01-01T00:00:00Z";
  return new Date(ms).toISOString().replace(/\.?0*Z$/, "Z");
}

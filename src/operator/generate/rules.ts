/** Rule files from PrometheusRules, for Prometheus and for Thanos. */
import { stringify } from "yaml";
import { Matcher } from "../../model/index.js";
import { childrenOf, type Expr, type ParserOptions, parseExpr, printExpr } from "../../promql/parser/index.js";
import { readRules } from "../../rules/format/index.js";
import { checkAlertTemplate } from "../../template/index.js";
import type { Json } from "../kube-object.js";
import type {
  PrometheusRule,
  PrometheusRuleGroup,
  PrometheusRuleGroupRule,
  PrometheusRuleSpec,
} from "../schema/generated/types.js";
import { invalid } from "./invalid.js";
import { type Enforcement, enforcedLabel } from "./prometheus/namespace-label.js";
import { compact, nonEmpty, type Value } from "./value.js";
import type { Version } from "./version.js";

export type RuleFormat = "prometheus" | "thanos";

/** Of a ConfigMap's 1 MiB half is used: its own fields take space too. */
const MAX_RULES_BYTES = 512 * 1024;

/** First versions that know a field, by format. */
const SINCE: Readonly<
  Record<RuleFormat, Readonly<Record<"limit" | "query_offset" | "labels" | "keep_firing_for" | "utf8", string>>>
> = {
  prometheus: { limit: "2.31.0", query_offset: "2.53.0", labels: "3.0.0", keep_firing_for: "2.42.0", utf8: "3.0.0" },
  thanos: { limit: "0.24.0", query_offset: "0.38.0", labels: "0.39.0", keep_firing_for: "0.34.0", utf8: "0.38.0" },
};

/** What a server's `--enable-feature` adds to its expressions. */
export interface RuleFeatures {
  /** promql-experimental-functions */
  readonly hasExperimentalFunctions?: boolean;
  /** promql-duration-expr */
  readonly hasDurationExpressions?: boolean;
  /** promql-extended-range-selectors */
  readonly hasExtendedRangeSelectors?: boolean;
  /** promql-binop-fill-modifiers */
  readonly hasFillModifiers?: boolean;
}

export interface RuleOptions extends RuleFeatures {
  /** Names may be any UTF-8, or only letters, digits and underscores. */
  readonly isUtf8: boolean;
}

export function ruleFeatures(enabled: readonly string[] = []): RuleFeatures {
  return {
    hasExperimentalFunctions: enabled.includes("promql-experimental-functions"),
    hasDurationExpressions: enabled.includes("promql-duration-expr"),
    hasExtendedRangeSelectors: enabled.includes("promql-extended-range-selectors"),
    hasFillModifiers: enabled.includes("promql-binop-fill-modifiers"),
  };
}

function parserOptions(features: RuleFeatures): ParserOptions {
  return {
    language: "3.14",
    experimentalFunctions: features.hasExperimentalFunctions ?? false,
    durationExpressions: features.hasDurationExpressions ?? false,
    extendedRangeSelectors: features.hasExtendedRangeSelectors ?? false,
    fillModifiers: features.hasFillModifiers ?? false,
  };
}

/**
 * The content of a rule file.
 * @throws InvalidConfigurationError if a rule is wrong.
 */
export function ruleFile(rule: PrometheusRule, format: RuleFormat, version: Version, options: RuleFeatures = {}): Json {
  const spec = knownFields(rule.spec ?? {}, format, version);
  const problems = ruleProblems(spec, { ...options, isUtf8: version.isAtLeast(SINCE[format].utf8) });
  if (problems.length > 0) invalid(problems.join("; "));
  return spec;
}

/** The rules without what the version does not know. */
function knownFields(spec: PrometheusRuleSpec, format: RuleFormat, version: Version): Json {
  const since = SINCE[format];
  const known = <T>(field: keyof typeof since, value: T): T | undefined =>
    version.isAtLeast(since[field]) ? value : undefined;
  return compact({
    groups: spec.groups?.map((group) => ({
      ...(group as Value as Record<string, Value>),
      interval: nonEmpty(group.interval),
      limit: known("limit", group.limit),
      query_offset: known("query_offset", group.query_offset),
      labels: Object.keys(group.labels ?? {}).length > 0 ? known("labels", group.labels) : undefined,
      partial_response_strategy: format === "thanos" ? nonEmpty(group.partial_response_strategy) : undefined,
      rules: group.rules?.map((rule) => ({
        ...rule,
        for: nonEmpty(rule.for),
        keep_firing_for: known("keep_firing_for", rule.keep_firing_for),
      })),
    })),
  });
}

const LEGACY_LABEL = /^[a-zA-Z_][a-zA-Z0-9_]*$/;
const LEGACY_METRIC = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;

/** Everything that Prometheus would say against the rules. */
export function ruleProblems(spec: unknown, options: RuleOptions): readonly string[] {
  const rules = spec as PrometheusRuleSpec;
  const groups = (rules.groups ?? []).map((group) => ({
    ...group,
    partial_response_strategy: undefined,
    interval: nonEmpty(group.interval),
    rules: group.rules?.map((rule) => ({ ...rule, for: nonEmpty(rule.for) })),
  }));
  const text = rulesText(compact({ groups }));
  const bytes = Buffer.byteLength(text);
  if (bytes > MAX_RULES_BYTES)
    return [`the rules take ${bytes} bytes, more than the ${MAX_RULES_BYTES} that are allowed`];
  const { errors = [] } = readRules(text, {
    parser: parserOptions(options),
    checkTemplate: templateProblem,
  });
  return options.isUtf8 ? errors : [...errors, ...(rules.groups ?? []).flatMap(legacyProblems)];
}

export function rulesText(rules: Json): string {
  return stringify(rules, { lineWidth: 0, aliasDuplicateObjects: false });
}

function templateProblem(name: string, text: string): string | undefined {
  try {
    checkAlertTemplate(name, text);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function legacyProblems(group: PrometheusRuleGroup): string[] {
  const names = (map: Readonly<Record<string, string>> | undefined) => Object.keys(map ?? {});
  const wrong = (name: string) =>
    LEGACY_LABEL.test(name) ? [] : [`group "${group.name ?? ""}": "${name}" is not a name`];
  return [
    ...names(group.labels).flatMap(wrong),
    ...(group.rules ?? []).flatMap((rule) => [
      ...(nonEmpty(rule.record) === undefined || LEGACY_METRIC.test(rule.record ?? "")
        ? []
        : [`group "${group.name ?? ""}": "${rule.record ?? ""}" is not the name of a metric`]),
      ...[...names(rule.labels), ...names(rule.annotations)].flatMap(wrong),
    ]),
  ];
}

/**
 * Confines rules to the namespace of their object: each selector asks for it, each result carries it.
 * @throws InvalidConfigurationError if an expression cannot be read.
 */
export function enforceNamespace(
  rule: PrometheusRule,
  enforcement: Enforcement,
  format: RuleFormat = "prometheus",
  features: RuleFeatures = {},
): PrometheusRule {
  const label = enforcedLabel(enforcement, rule);
  if (label === undefined) return rule;
  const namespace = rule.metadata?.namespace ?? "";
  const confine = (item: PrometheusRuleGroupRule): PrometheusRuleGroupRule => ({
    ...item,
    labels: { ...item.labels, [label]: namespace },
    expr: confineExpr(String(item.expr ?? ""), label, namespace, features),
  });
  const groups = (rule.spec?.groups ?? []).map(({ partial_response_strategy: strategy, ...group }) => ({
    ...group,
    ...(strategy === undefined || format === "prometheus" ? {} : { partial_response_strategy: strategy }),
    ...(group.rules === undefined ? {} : { rules: group.rules.map(confine) }),
  }));
  return { ...rule, spec: { ...rule.spec, groups } };
}

function confineExpr(text: string, label: string, namespace: string, features: RuleFeatures): string {
  let expr: Expr;
  try {
    expr = parseExpr(text, { ...parserOptions(features), experimentalFunctions: true });
  } catch (error) {
    return invalid(error instanceof Error ? error.message : String(error));
  }
  confineSelectors(expr, new Matcher("=", label, namespace));
  return printExpr(expr);
}

/** The tree is our own, and forgotten after it is printed: its selectors are changed in place. */
function confineSelectors(expr: Expr, matcher: Matcher): void {
  if (expr.kind === "vectorSelector" && !expr.isLabelSelector) {
    const matchers = [...expr.matchers.filter(({ name }) => name !== matcher.name), matcher];
    Object.assign(expr, { matchers });
  }
  for (const child of childrenOf(expr)) confineSelectors(child, matcher);
}

/**
 * Runs relabelling rules. Everything is a pure function of the labels and the rules, so callers may keep results by
 * `labels.key`. Rules are compiled once in the thread that runs them.
 */
import { createHash } from "node:crypto";
import { compileRegex, type Labels, type Regex } from "../model/index.js";
import { LabelsBuilder } from "./builder.js";
import { goLowerCase, goUpperCase } from "./case.js";
import { DEFAULT_RULE, isValidLabelName, type RelabelRule } from "./rule.js";

export interface CompiledRule {
  readonly rule: RelabelRule;
  readonly regex: Regex;
  readonly modulus: bigint;
}

export interface RelabelResult {
  /** undefined where a rule dropped the labels. */
  readonly labels: Labels | undefined;
  /** Index of the rule that dropped them. */
  readonly droppedBy: number | undefined;
}

/** @throws VestalError REGEX; rules that came through the configuration compile. */
export function compileRules(rules: readonly RelabelRule[]): readonly CompiledRule[] {
  return rules.map((rule) => ({ rule, regex: compileRegex(rule.regex), modulus: BigInt(rule.modulus) }));
}

export function relabel(labels: Labels, rules: readonly CompiledRule[]): RelabelResult {
  if (rules.length === 0) return { labels, droppedBy: undefined };
  const builder = new LabelsBuilder(labels);
  for (let i = 0; i < rules.length; i++) {
    if (!applyRule(builder, rules[i]!)) return { labels: undefined, droppedBy: i };
  }
  return { labels: builder.labels(), droppedBy: undefined };
}

/** False where the rule drops the labels. */
function applyRule(labels: LabelsBuilder, { rule, regex, modulus }: CompiledRule): boolean {
  const value = sourceValue(labels, rule);
  switch (rule.action) {
    case "keep":
      return regex.matches(value);
    case "drop":
      return !regex.matches(value);
    case "keepequal":
      return labels.get(rule.targetLabel) === value;
    case "dropequal":
      return labels.get(rule.targetLabel) !== value;
    case "replace":
      applyReplace(labels, rule, regex, value);
      return true;
    case "hashmod":
      labels.set(rule.targetLabel, String(hashOf(value) % modulus));
      return true;
    case "lowercase":
      labels.set(rule.targetLabel, goLowerCase(value));
      return true;
    case "uppercase":
      labels.set(rule.targetLabel, goUpperCase(value));
      return true;
    case "labelmap":
      for (const [name, mapped] of labels.entries()) {
        const target = regex.expand(name, rule.replacement);
        if (target !== undefined) labels.set(target, mapped);
      }
      return true;
    case "labeldrop":
      for (const [name] of labels.entries()) if (regex.matches(name)) labels.delete(name);
      return true;
    case "labelkeep":
      for (const [name] of labels.entries()) if (!regex.matches(name)) labels.delete(name);
      return true;
  }
}

function sourceValue(labels: LabelsBuilder, rule: RelabelRule): string {
  const names = rule.sourceLabels;
  if (names.length === 1) return labels.get(names[0]!);
  let value = "";
  for (let i = 0; i < names.length; i++) value += (i === 0 ? "" : rule.separator) + labels.get(names[i]!);
  return value;
}

function applyReplace(labels: LabelsBuilder, rule: RelabelRule, regex: Regex, value: string): void {
  // The default expression matches everything, and its group is all of the value.
  if (rule.regex === DEFAULT_RULE.regex && !rule.targetLabel.includes("$")) {
    if (rule.replacement === "$1") {
      labels.set(rule.targetLabel, value);
      return;
    }
    if (!rule.replacement.includes("$")) {
      labels.set(rule.targetLabel, rule.replacement);
      return;
    }
  }
  const replacement = regex.expand(value, rule.replacement);
  if (replacement === undefined) return;
  const target = rule.targetLabel.includes("$") ? regex.expand(value, rule.targetLabel) : rule.targetLabel;
  if (target === undefined || !isValidLabelName(target, rule.nameValidation)) return;
  labels.set(target, replacement);
}

/** The last eight bytes of the MD5 sum, big-endian, as Prometheus takes them. */
function hashOf(value: string): bigint {
  return createHash("md5").update(value, "utf8").digest().readBigUInt64BE(8);
}

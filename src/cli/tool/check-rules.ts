/** `check rules`: rule files as the server reads them, and rules that stand twice. */
import { readFileSync } from "node:fs";
import { compareBytes, compareLabels, Labels } from "../../model/index.js";
import type { ParserOptions } from "../../promql/parser/index.js";
import { type RuleFileResult, type RuleGroupSpec, readRules } from "../../rules/format/index.js";
import { checkTemplate } from "../alert-templates.js";
import type { CheckResult } from "./check.js";
import type { ToolIo } from "./io.js";

export interface RuleLint {
  readonly hasDuplicates: boolean;
  readonly allowsUnknown: boolean;
  readonly parser: ParserOptions;
}

export function checkRuleFiles(io: ToolIo, files: readonly string[], lint: RuleLint): CheckResult {
  const result = { hasFailed: false, hasErrors: false };
  for (const file of files) {
    io.out(`Checking ${file}\n`);
    const read = prefixed(file, readRules(readFileSync(file, "utf8"), { ...lint, checkTemplate }));
    report(io, read, lint, result);
  }
  return result;
}

/** What came by standard input. */
export function checkRuleText(io: ToolIo, text: string, lint: RuleLint): CheckResult {
  const result = { hasFailed: false, hasErrors: false };
  io.out("Checking standard input\n");
  report(io, readRules(text, { ...lint, checkTemplate }), lint, result);
  return result;
}

function prefixed(file: string, read: RuleFileResult): RuleFileResult {
  return read.errors === undefined ? read : { errors: read.errors.map((error) => `${file}: ${error}`) };
}

function report(
  io: ToolIo,
  { groups, errors }: RuleFileResult,
  lint: RuleLint,
  result: { hasFailed: boolean; hasErrors: boolean },
): void {
  if (errors !== undefined) {
    io.err(`  FAILED:\n${errors.map((error) => `${error}\n`).join("")}`);
    result.hasFailed = true;
    result.hasErrors = true;
    return;
  }
  const duplicates = lint.hasDuplicates ? duplicateRules(groups) : [];
  if (duplicates.length > 0) {
    io.err(`  FAILED:\n${duplicateWords(duplicates)}\n`);
    result.hasFailed = true;
  } else {
    io.out(`  SUCCESS: ${groups.reduce((sum, { rules }) => sum + rules.length, 0)} rules found\n`);
  }
  io.out("\n");
}

interface NamedLabels {
  readonly name: string;
  readonly labels: Labels;
}

function duplicateRules(groups: readonly RuleGroupSpec[]): readonly NamedLabels[] {
  const compare = (a: NamedLabels, b: NamedLabels): number =>
    compareBytes(a.name, b.name) || compareLabels(a.labels, b.labels);
  const all = groups
    .flatMap(({ rules }) => rules.map(({ name, labels }): NamedLabels => ({ name, labels: Labels.of(labels) })))
    .sort(compare);
  const duplicates: NamedLabels[] = [];
  for (let i = 1; i < all.length; i++) {
    const rule = all[i]!;
    const known = duplicates.at(-1);
    if (compare(all[i - 1]!, rule) === 0 && (known === undefined || compare(known, rule) !== 0)) duplicates.push(rule);
  }
  return duplicates;
}

function duplicateWords(duplicates: readonly NamedLabels[]): string {
  const lines = duplicates.flatMap(({ name, labels }) => [
    `Metric: ${name}`,
    "Label(s):",
    ...[...labels.entries()].map(([label, value]) => `\t${label}: ${value}`),
  ]);
  const head = `lint error ${duplicates.length} duplicate rule(s) found.`;
  return [head, ...lines, "Might cause inconsistency while recording expressions"].join("\n");
}

/**
 * Reads a rule file: strict YAML, then the checks that Prometheus makes, in its words. A good file is read once by the
 * fast reader; only where something is wrong the slow one looks for lines and columns.
 */
import { errorMessage, VestalError } from "../../base/index.js";
import { explain, type PlacedProblem, readText } from "../../config/index.js";
import { isValidLabelName, METRIC_NAME, quoteGo } from "../../model/index.js";
import { type ParserOptions, parseExpr } from "../../promql/parser/index.js";
import { ruleFileShape, SECOND_NAMES, type WrittenGroup, type WrittenRule } from "./schema.js";
import type { LabelMap, RuleFileResult, RuleGroupSpec, RuleSpec } from "./types.js";

export interface ReadRulesOptions {
  /** `--ignore-unknown-fields` of the tools. */
  readonly allowsUnknown?: boolean;
  readonly parser?: ParserOptions;
  /** Finds mistakes in a template: the reason, or undefined. Absent: templates are not looked at. */
  readonly checkTemplate?: (name: string, text: string) => string | undefined;
}

/** Where something stands in the file; 0:0 for what is not written. */
type Place = (group: number, rule: number, field: string) => string;

export function readRules(text: string, options: ReadRulesOptions = {}): RuleFileResult {
  let written: readonly WrittenGroup[];
  try {
    const { value } = readText(ruleFileShape, text, { allowsUnknown: options.allowsUnknown ?? false });
    written = (value.groups ?? []).filter((group) => group !== undefined);
  } catch (error) {
    if (!(error instanceof VestalError)) throw error;
    return { errors: yamlErrors(error) };
  }
  const problems = [...check(written, options, () => "0:0")];
  if (problems.length === 0) return { groups: written.map(groupOf) };
  return { errors: [...check(written, options, placesOf(text))] };
}

/** The fast reader has read the text, so that the slow one does too. */
function placesOf(text: string): Place {
  const tree = explain(text, text.length * 2 + 200_000);
  const root = tree.root as { readonly groups?: readonly unknown[] } | null;
  // Items that are null were left out: the n-th rule is the n-th that is written.
  const numberOf = (items: readonly unknown[] | undefined, index: number): number =>
    (items ?? []).flatMap((item, i) => (isNullItem(item) ? [] : [i]))[index] ?? index;
  return (group, rule, field) => {
    const groupAt = numberOf(root?.groups, group);
    const groupNode = root?.groups?.[groupAt] as { readonly rules?: readonly unknown[] } | undefined;
    const at = tree.valuePosition(["groups", groupAt, "rules", numberOf(groupNode?.rules, rule), field]);
    return at === undefined ? "0:0" : `${at.line}:${at.column}`;
  };
}

function isNullItem(item: unknown): boolean {
  return item === null || (typeof item === "object" && "kind" in item && item.kind === "null");
}

/** What its two readings say: the second knows no unknown fields, and other names of types. */
function yamlErrors(error: VestalError): readonly string[] {
  const { problems, reason } = error.details as { problems?: readonly PlacedProblem[]; reason?: string };
  if (reason !== undefined) return [reason, reason];
  if (problems === undefined) return [error.message, error.message];
  const seen = new Set<string>();
  const all = problems.map(({ line, message, firstLine }) => ({
    line,
    message: duplicateWords(message, line, firstLine),
  }));
  const second = all
    .filter(({ message }) => !/^field .* not found in type /.test(message))
    .map(({ line, message }) => ({ line, message: secondWords(message) }));
  return [all, second]
    .filter((list) => list.length > 0)
    .map((list) => {
      seen.clear();
      return [
        "yaml: unmarshal errors:",
        ...list.toSorted((a, b) => a.line - b.line).map(({ line, message }) => `  line ${line}: ${message}`),
      ].join("\n");
    });
}

/** The reader of rule files says it otherwise than that of the configuration. */
function duplicateWords(message: string, _line: number, firstLine: number | undefined): string {
  if (firstLine === undefined) return message;
  const key = /^field (.*) already set in type /s.exec(message)?.[1];
  const quoted = key === undefined ? /^key (".*") already set in map$/s.exec(message)?.[1] : quoteGo(key);
  return quoted === undefined ? message : `mapping key ${quoted} already defined at line ${firstLine}`;
}

function secondWords(message: string): string {
  return message.replace(/rulefmt\.\w+$/, (name) => SECOND_NAMES.find(([first]) => first === name)?.[1] ?? name);
}

function groupOf(group: WrittenGroup): RuleGroupSpec {
  return {
    name: group.name,
    intervalMs: group.interval,
    queryOffsetMs: group.query_offset,
    limit: group.limit,
    labels: group.labels ?? {},
    rules: rulesOf(group).map(ruleOf),
  };
}

function rulesOf(group: WrittenGroup): readonly WrittenRule[] {
  return (group.rules ?? []).filter((rule) => rule !== undefined);
}

function ruleOf(rule: WrittenRule): RuleSpec {
  return {
    kind: rule.alert === "" ? "recording" : "alerting",
    name: rule.alert === "" ? rule.record : rule.alert,
    expr: rule.expr,
    forMs: rule.for,
    keepFiringForMs: rule.keep_firing_for,
    labels: rule.labels ?? {},
    annotations: rule.annotations ?? {},
  };
}

// ── checks ─────────────────────────────────────────────────────────────────────────────────────────────────────────

function* check(groups: readonly WrittenGroup[], options: ReadRulesOptions, place: Place): Generator<string> {
  const names = new Set<string>();
  for (const [groupIndex, group] of groups.entries()) {
    if (group.name === "") yield "0:0: Groupname must not be empty";
    if (names.has(group.name)) yield `0:0: groupname: "${group.name}" is repeated in the same file`;
    names.add(group.name);
    yield* labelProblems(group.labels ?? {});
    for (const [ruleIndex, rule] of rulesOf(group).entries()) {
      const name = rule.alert === "" ? rule.record : rule.alert;
      const where = `group ${quoteGo(group.name)}, rule ${ruleIndex + 1}, ${quoteGo(name)}`;
      for (const { fields, message } of ruleProblems(rule, options)) {
        yield [...fields.map((field) => place(groupIndex, ruleIndex, field)), `${where}: ${message}`].join(": ");
      }
    }
  }
}

interface RuleProblem {
  /** Whose places the message begins with. */
  readonly fields: readonly (keyof WrittenRule)[];
  readonly message: string;
}

function* ruleProblems(rule: WrittenRule, options: ReadRulesOptions): Generator<RuleProblem> {
  const { record, alert, expr } = rule;
  const at = (field: keyof WrittenRule, message: string): RuleProblem => ({ fields: [field], message });
  if (record !== "" && alert !== "") {
    yield { fields: ["record", "alert"], message: "only one of 'record' and 'alert' must be set" };
  }
  if (record === "" && alert === "") {
    yield { fields: ["record", "alert"], message: "one of 'record' or 'alert' must be set" };
  }
  if (expr === "") yield at("expr", "field 'expr' must be set in rule");
  else {
    const reason = reasonOf(() => parseExpr(expr, options.parser));
    if (reason !== undefined) yield at("expr", `could not parse expression: ${reason}`);
  }
  if (record !== "") {
    if (Object.keys(rule.annotations ?? {}).length > 0) {
      yield at("record", "invalid field 'annotations' in recording rule");
    }
    if (rule.for !== 0) yield at("record", "invalid field 'for' in recording rule");
    if (rule.keep_firing_for !== 0) yield at("record", "invalid field 'keep_firing_for' in recording rule");
    if (!isValidLabelName(record)) yield at("record", `invalid recording rule name: ${record}`);
    else if (/[{}]/.test(record)) {
      yield at("record", `braces present in the recording rule name; should it be in expr?: ${record}`);
    }
  }
  for (const message of labelProblems(rule.labels ?? {})) yield { fields: [], message };
  for (const name of Object.keys(rule.annotations ?? {})) {
    if (!isValidLabelName(name)) yield { fields: [], message: `invalid annotation name: ${name}` };
  }
  if (alert !== "" && options.checkTemplate !== undefined) yield* templateProblems(rule, options.checkTemplate);
}

function* labelProblems(labels: LabelMap): Generator<string> {
  for (const [name, value] of Object.entries(labels)) {
    if (name === METRIC_NAME || !isValidLabelName(name)) yield `invalid label name: ${name}`;
    if (/\p{Cs}/u.test(value)) yield `invalid label value: ${value}`;
  }
}

function* templateProblems(
  rule: WrittenRule,
  checkTemplate: NonNullable<ReadRulesOptions["checkTemplate"]>,
): Generator<RuleProblem> {
  for (const [kind, texts] of [
    ["label", rule.labels],
    ["annotation", rule.annotations],
  ] as const) {
    for (const [name, text] of Object.entries(texts ?? {})) {
      const reason = checkTemplate(`__alert_${rule.alert}`, text);
      if (reason !== undefined) yield { fields: [], message: `${kind} ${quoteGo(name)}: ${reason}` };
    }
  }
}

function reasonOf(step: () => unknown): string | undefined {
  try {
    step();
    return undefined;
  } catch (error) {
    if (!(error instanceof VestalError)) throw error;
    return errorMessage(error);
  }
}

/**
 * A relabelling rule as plain data, so that it crosses thread boundaries, and the checks that Prometheus makes of it.
 * `compileRules` (apply.ts) turns rules into something that runs.
 */
import { VestalError } from "../base/index.js";
import { isLegacyLabelName, quoteGo } from "../model/index.js";

export const RELABEL_ACTIONS = [
  "replace",
  "keep",
  "drop",
  "keepequal",
  "dropequal",
  "hashmod",
  "labelmap",
  "labeldrop",
  "labelkeep",
  "lowercase",
  "uppercase",
] as const;
export type RelabelAction = (typeof RELABEL_ACTIONS)[number];

/** `utf8` allows any name that is not empty; `legacy` is `[a-zA-Z_][a-zA-Z0-9_]*`. */
export type NameValidation = "utf8" | "legacy";

export interface RelabelRule {
  readonly action: RelabelAction;
  readonly sourceLabels: readonly string[];
  readonly separator: string;
  /** RE2, anchored at both ends when it runs. */
  readonly regex: string;
  /** Decimal, unsigned, up to 64 bits: a number would lose the low bits. "0" where it is not set. */
  readonly modulus: string;
  readonly targetLabel: string;
  readonly replacement: string;
  readonly nameValidation: NameValidation;
}

export const DEFAULT_RULE: RelabelRule = {
  action: "replace",
  sourceLabels: [],
  separator: ";",
  regex: "(.*)",
  modulus: "0",
  targetLabel: "",
  replacement: "$1",
  nameValidation: "utf8",
};

export function isValidLabelName(name: string, scheme: NameValidation): boolean {
  return scheme === "utf8" ? name !== "" && isWellFormed(name) : isLegacyLabelName(name);
}

/** False for a string with half a surrogate pair, which is how bytes that are not UTF-8 arrive here. */
export function isWellFormed(text: string): boolean {
  return !/\p{Cs}/u.test(text);
}

/** Names with `$1` and `${name}` in them, for the legacy scheme: the text around the variables must be a legal name. */
const LEGACY_TEMPLATE = /^(?:[a-zA-Z_]|\$(?:\{\w+\}|\w+))(?:\w|\$(?:\{\w+\}|\w+))*$/;

/**
 * The rule, or the reason in Prometheus' words why it cannot be.
 * @throws VestalError RELABEL
 */
export function checkRule(rule: RelabelRule): void {
  const { action, targetLabel, replacement, nameValidation: scheme } = rule;
  if (action === "hashmod" && rule.modulus === "0") {
    throw invalid("relabel configuration for hashmod requires non-zero modulus");
  }
  const writesTarget = ["replace", "hashmod", "lowercase", "uppercase", "keepequal", "dropequal"].includes(action);
  if (writesTarget && targetLabel === "") {
    throw invalid(`relabel configuration for ${action} action requires 'target_label' value`);
  }
  const isName = (text: string): boolean => isValidLabelName(text, scheme);
  const isTemplate = (text: string): boolean => (scheme === "utf8" ? isName(text) : LEGACY_TEMPLATE.test(text));
  if (action === "replace" && !(targetLabel.includes("$") ? isTemplate : isName)(targetLabel)) {
    throw invalid(`${quoteGo(targetLabel)} is invalid 'target_label' for ${action} action`);
  }
  if (action === "lowercase" || action === "uppercase" || action === "keepequal" || action === "dropequal") {
    if (!isName(targetLabel)) throw invalid(`${quoteGo(targetLabel)} is invalid 'target_label' for ${action} action`);
    if (replacement !== DEFAULT_RULE.replacement) {
      throw invalid(`'replacement' can not be set for ${action} action`);
    }
  }
  if (action === "labelmap" && !isTemplate(replacement)) {
    throw invalid(`${quoteGo(replacement)} is invalid 'replacement' for ${action} action`);
  }
  if (action === "hashmod" && !isName(targetLabel)) {
    throw invalid(`${quoteGo(targetLabel)} is invalid 'target_label' for ${action} action`);
  }
  const isPlain =
    rule.modulus === "0" && rule.separator === DEFAULT_RULE.separator && replacement === DEFAULT_RULE.replacement;
  if ((action === "dropequal" || action === "keepequal") && !(isPlain && rule.regex === DEFAULT_RULE.regex)) {
    throw invalid(`${action} action requires only 'source_labels' and \`target_label\`, and no other fields`);
  }
  if (
    (action === "labeldrop" || action === "labelkeep") &&
    !(isPlain && rule.sourceLabels.length === 0 && targetLabel === "")
  ) {
    throw invalid(`${action} action requires only 'regex', and no other fields`);
  }
}

function invalid(message: string): VestalError {
  return new VestalError("RELABEL", message);
}

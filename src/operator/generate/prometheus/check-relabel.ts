/** Checks of relabelling steps, as the Prometheus of that version would make them. */
import { compileRegex } from "../../../model/index.js";
import { isValidLabelName, type NameValidation } from "../../../relabel/index.js";
import type { RelabelConfig } from "../../schema/generated/types.js";
import { at, invalid } from "../invalid.js";
import { nonEmpty, nonEmptyList, nonZero } from "../value.js";
import type { Version } from "../version.js";

/** First version that knows an action. */
const ACTION_SINCE: Readonly<Record<string, string>> = {
  lowercase: "2.36.0",
  uppercase: "2.36.0",
  keepequal: "2.41.0",
  dropequal: "2.41.0",
};

const NEEDS_TARGET = new Set(["replace", "hashmod", "lowercase", "uppercase", "keepequal", "dropequal"]);
const TAKES_NO_REPLACEMENT = new Set(["lowercase", "uppercase", "keepequal", "dropequal"]);
/** A name with variables, where names are limited to letters, digits and underscores. */
const LEGACY_TEMPLATE = /^(?:(?:[a-zA-Z_]|\$(?:\{\w+\}|\w+))+\w*)+$/;
const DEFAULT_REPLACEMENT = "$1";
const DEFAULT_SEPARATOR = ";";
const DEFAULT_REGEX = "(.*)";

/** Which names are allowed for labels. */
export function nameValidationOf(version: Version): NameValidation {
  return version.isAtLeast("3.0.0") ? "utf8" : "legacy";
}

export function checkRelabelConfigs(configs: readonly RelabelConfig[] | undefined, version: Version): void {
  configs?.forEach((config, index) => {
    at(`[${index}]`, () => checkRelabelConfig(config, version));
  });
}

function checkRelabelConfig(config: RelabelConfig, version: Version): void {
  const action = (nonEmpty(config.action) ?? "replace").toLowerCase();
  const target = config.targetLabel ?? "";
  const scheme = nameValidationOf(version);
  const since = ACTION_SINCE[action];
  if (since !== undefined && version.isBelow(since)) invalid(`action ${action} needs Prometheus ${since} or later`);
  checkRegex(config.regex ?? "");
  if (action === "hashmod" && nonZero(config.modulus) === undefined) invalid("action hashmod needs a modulus");
  if (NEEDS_TARGET.has(action)) {
    if (target === "") invalid(`action ${action} needs a targetLabel`);
    if (!isValidLabelName(target, scheme)) invalid(`targetLabel "${target}" is not a label name`);
  }
  const hasReplacement = config.replacement !== undefined && config.replacement !== DEFAULT_REPLACEMENT;
  if (TAKES_NO_REPLACEMENT.has(action) && hasReplacement) invalid(`action ${action} takes no replacement`);
  if (action === "labelmap" && config.replacement !== undefined && !isNameTemplate(config.replacement, scheme)) {
    invalid(`replacement "${config.replacement}" is not a label name`);
  }
  const hasSeparator = config.separator !== undefined && config.separator !== DEFAULT_SEPARATOR;
  const hasModulus = nonZero(config.modulus) !== undefined;
  if (action === "keepequal" || action === "dropequal") {
    const hasRegex = nonEmpty(config.regex) !== undefined && config.regex !== DEFAULT_REGEX;
    if (hasRegex || hasModulus || hasSeparator || hasReplacement) {
      invalid(`action ${action} takes sourceLabels and targetLabel only`);
    }
  }
  if (action === "labeldrop" || action === "labelkeep") {
    const hasSource = nonEmptyList(config.sourceLabels) !== undefined;
    if (hasSource || target !== "" || hasModulus || hasSeparator || hasReplacement) {
      invalid(`action ${action} takes a regex only`);
    }
  }
}

function isNameTemplate(text: string, scheme: NameValidation): boolean {
  return scheme === "utf8" ? isValidLabelName(text, scheme) : LEGACY_TEMPLATE.test(text);
}

export function checkRegex(regex: string): void {
  try {
    compileRegex(regex);
  } catch (error) {
    invalid(error instanceof Error ? error.message : String(error));
  }
}

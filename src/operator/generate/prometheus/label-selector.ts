/** Kubernetes' label selectors: as text, checked, and matched. */
import type { LabelSelector } from "../../schema/generated/types.js";
import { invalid } from "../invalid.js";
import { compareText } from "../value.js";

interface Requirement {
  readonly key: string;
  readonly operator: "In" | "NotIn" | "Exists" | "DoesNotExist";
  readonly values: readonly string[];
}

const NAME = /^(?:[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)$/;
const PREFIX = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/;

/** @throws InvalidConfigurationError if a label or an operator is not allowed. */
export function requirementsOf(selector: LabelSelector | undefined): Requirement[] {
  const requirements: Requirement[] = Object.entries(selector?.matchLabels ?? {}).map(([key, value]) => ({
    key,
    operator: "In",
    values: [value],
  }));
  for (const { key = "", operator = "", values = [] } of selector?.matchExpressions ?? []) {
    if (!isOperator(operator)) return invalid(`"${operator}" is not a valid label selector operator`);
    requirements.push({ key, operator, values });
  }
  for (const requirement of requirements) check(requirement);
  return requirements.sort((a, b) => compareText(a.key, b.key));
}

function isOperator(text: string): text is Requirement["operator"] {
  return text === "In" || text === "NotIn" || text === "Exists" || text === "DoesNotExist";
}

function check({ key, operator, values }: Requirement): void {
  if (!isLabelKey(key)) invalid(`label selector: "${key}" is not a label name`);
  const needsValues = operator === "In" || operator === "NotIn";
  if (needsValues && values.length === 0) invalid(`label selector: ${operator} on "${key}" needs values`);
  if (!needsValues && values.length > 0) invalid(`label selector: ${operator} on "${key}" takes no values`);
  for (const value of values) {
    if (value !== "" && !NAME.test(value)) invalid(`label selector: "${value}" is not a label value`);
  }
}

export function isLabelKey(key: string): boolean {
  const slash = key.indexOf("/");
  if (slash < 0) return NAME.test(key);
  const prefix = key.slice(0, slash);
  return prefix.length <= 253 && PREFIX.test(prefix) && NAME.test(key.slice(slash + 1));
}

/** The form of API requests: `a=b,c in (d,e),!f`. */
export function selectorText(selector: LabelSelector | undefined): string {
  return requirementsOf(selector)
    .map(({ key, operator, values }) => {
      const sorted = [...values].sort(compareText);
      if (operator === "Exists") return key;
      if (operator === "DoesNotExist") return `!${key}`;
      if (operator === "NotIn") return `${key} notin (${sorted.join(",")})`;
      return isFromMatchLabels(selector, key, values) ? `${key}=${values[0] ?? ""}` : `${key} in (${sorted.join(",")})`;
    })
    .join(",");
}

function isFromMatchLabels(selector: LabelSelector | undefined, key: string, values: readonly string[]): boolean {
  return values.length === 1 && selector?.matchLabels?.[key] === values[0];
}

/** Whether labels satisfy a selector. No selector selects nothing, an empty one everything. */
export function selects(
  selector: LabelSelector | undefined,
  labels: Readonly<Record<string, string>> | undefined,
): boolean {
  return selector !== undefined && requirementsOf(selector).every((requirement) => isMet(requirement, labels ?? {}));
}

function isMet({ key, operator, values }: Requirement, labels: Readonly<Record<string, string>>): boolean {
  const value = labels[key];
  if (operator === "Exists") return value !== undefined;
  if (operator === "DoesNotExist") return value === undefined;
  if (operator === "In") return value !== undefined && values.includes(value);
  return value === undefined || !values.includes(value);
}

/** Relabelling steps as Prometheus writes them. */
import type { LabelSelector, RelabelConfig } from "../../schema/generated/types.js";
import { lower, type Mapping, nonEmpty, nonEmptyList, nonZero, sortedKeys } from "../value.js";

export function relabelConfigs(configs: readonly RelabelConfig[] | undefined): Mapping[] {
  return (configs ?? []).map((config) => ({
    source_labels: nonEmptyList(config.sourceLabels),
    separator: config.separator,
    target_label: nonEmpty(config.targetLabel),
    regex: nonEmpty(config.regex),
    modulus: nonZero(config.modulus),
    replacement: config.replacement,
    action: lower(nonEmpty(config.action)),
  }));
}

/** The job's name is kept, for steps which change the label. */
export const KEEP_JOB_NAME: Mapping = { source_labels: ["job"], target_label: "__tmp_prometheus_job_name" };

/** Pods that have ended have nothing to scrape. */
export const DROP_ENDED_PODS: Mapping = {
  action: "drop",
  source_labels: ["__meta_kubernetes_pod_phase"],
  regex: "(Failed|Succeeded)",
};

export function copyLabel(from: string, to: string): Mapping {
  return { source_labels: [from], target_label: to };
}

export function keepIf(sourceLabels: readonly string[], regex: string | number): Mapping {
  return { action: "keep", source_labels: sourceLabels, regex };
}

export function setLabel(name: string, value: string): Mapping {
  return { target_label: name, replacement: value };
}

/** Copies a label where it has a value. */
export function copyIfSet(from: string, to: string): Mapping {
  return { source_labels: [from], target_label: to, regex: "(.+)", replacement: "${" + "1}" };
}

/** What Kubernetes discovery makes of a label's name. */
export function sanitizeLabelName(name: string): string {
  return name.replace(/[^a-zA-Z0-9_]/g, "_");
}

/** Keeps the targets whose object (`pod`, `service`, `ingress`) a label selector selects. */
export function selectorSteps(object: string, selector: LabelSelector | undefined): Mapping[] {
  const value = (name: string) => `__meta_kubernetes_${object}_label_${sanitizeLabelName(name)}`;
  const presence = (name: string) => `__meta_kubernetes_${object}_labelpresent_${sanitizeLabelName(name)}`;
  const steps: Mapping[] = sortedKeys(selector?.matchLabels).map((name) =>
    keepIf([value(name), presence(name)], `(${selector?.matchLabels?.[name] ?? ""});true`),
  );
  for (const { key = "", operator, values = [] } of selector?.matchExpressions ?? []) {
    const isOneOf = { source_labels: [value(key), presence(key)], regex: `(${values.join("|")});true` };
    const isPresent = { source_labels: [presence(key)], regex: "true" };
    if (operator === "In") steps.push({ action: "keep", ...isOneOf });
    if (operator === "NotIn") steps.push({ action: "drop", ...isOneOf });
    if (operator === "Exists") steps.push({ action: "keep", ...isPresent });
    if (operator === "DoesNotExist") steps.push({ action: "drop", ...isPresent });
  }
  return steps;
}

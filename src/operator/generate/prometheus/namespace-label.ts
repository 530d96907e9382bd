/** Forces the namespace of an object on everything that comes from it, so that tenants cannot pretend to be others. */
import type { ObjectMeta } from "../../kube-object.js";
import type { PrometheusExcludedFromEnforcement, RelabelConfig } from "../../schema/generated/types.js";
import { nonEmpty } from "../value.js";

interface NamespacedObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata?: ObjectMeta;
}

export interface Enforcement {
  readonly enforcedNamespaceLabel?: string;
  readonly excludedFromEnforcement?: readonly PrometheusExcludedFromEnforcement[];
}

const KIND_OF: Readonly<Record<string, string>> = {
  prometheusrules: "PrometheusRule",
  servicemonitors: "ServiceMonitor",
  podmonitors: "PodMonitor",
  probes: "Probe",
  scrapeconfigs: "ScrapeConfig",
};

/** The label to force on what comes from an object; undefined if it is exempt. */
export function enforcedLabel(enforcement: Enforcement, object: NamespacedObject): string | undefined {
  const label = nonEmpty(enforcement.enforcedNamespaceLabel);
  const isExempt = enforcement.excludedFromEnforcement?.some((exemption) => matches(exemption, object));
  return isExempt ? undefined : label;
}

function matches(
  exemption: PrometheusExcludedFromEnforcement,
  { apiVersion = "", kind, metadata }: NamespacedObject,
): boolean {
  const group = apiVersion.includes("/") ? apiVersion.slice(0, apiVersion.indexOf("/")) : "";
  return (
    nonEmpty(exemption.namespace) !== undefined &&
    exemption.namespace === metadata?.namespace &&
    (nonEmpty(exemption.group) ?? "monitoring.coreos.com") === group &&
    KIND_OF[exemption.resource ?? ""] === kind &&
    (nonEmpty(exemption.name) === undefined || exemption.name === metadata?.name)
  );
}

/** The last step sets the label, whatever the steps before it did. */
export function enforceInRelabelConfigs(
  enforcement: Enforcement,
  object: NamespacedObject,
  configs: readonly RelabelConfig[] | undefined,
): readonly RelabelConfig[] {
  const label = enforcedLabel(enforcement, object);
  if (label === undefined) return configs ?? [];
  return [...(configs ?? []), { targetLabel: label, replacement: object.metadata?.namespace ?? "" }];
}

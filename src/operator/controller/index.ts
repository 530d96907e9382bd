import * as resources from "./resources.js";

export { AlertmanagerKind } from "./alertmanager.js";
export { DEFAULT_BINDINGS } from "./bindings.js";
export { alertmanagerBuilders, prometheusBuilders, thanosRulerBuilders } from "./builders.js";
export type { ResourceCache } from "./cache.js";
export { JobTexts } from "./config-text.js";
export { EventRecorder, type RegardedObject } from "./events.js";
export { keepSpec } from "./keep-spec.js";
export { isForbidden, KubeletService } from "./kubelet.js";
export { type Controller, Operator, type SelectedCache } from "./operator.js";
export {
  type ObjectName,
  type OverviewSources,
  type SelectedView,
  selectedViews,
  type WorkloadView,
  workloadViews,
} from "./overview.js";
export { PrometheusKind } from "./prometheus.js";
export { type ReconcilerDeps, type WorkloadKind, type WorkloadObject, WorkloadReconciler } from "./reconciler.js";
export type { Resource } from "./resources.js";
export { type RepairPolicy, type Rights, SetKeeper } from "./sets.js";
export { ThanosRulerKind } from "./thanos-ruler.js";
export { WebhookCertificates } from "./webhook-certificates.js";

/** All kinds that the operator may have to do with. */
export const RESOURCES = {
  PROMETHEUS: resources.PROMETHEUS,
  PROMETHEUS_AGENT: resources.PROMETHEUS_AGENT,
  ALERTMANAGER: resources.ALERTMANAGER,
  THANOS_RULER: resources.THANOS_RULER,
  SERVICE_MONITOR: resources.SERVICE_MONITOR,
  POD_MONITOR: resources.POD_MONITOR,
  PROBE: resources.PROBE,
  SCRAPE_CONFIG: resources.SCRAPE_CONFIG,
  PROMETHEUS_RULE: resources.PROMETHEUS_RULE,
  ALERTMANAGER_CONFIG: resources.ALERTMANAGER_CONFIG,
} as const;

/** Kinds of Kubernetes' own whose watching needs rights that may be missing. */
export const OPTIONAL_RESOURCES = { SERVICE: resources.SERVICE, DAEMON_SET: resources.DAEMON_SET } as const;

import * as resources from "./resources.js";

export { AlertmanagerReconciler } from "./alertmanager.js";
export { alertmanagerBuilders, prometheusBuilders } from "./builders.js";
export { EventRecorder } from "./events.js";
export { isForbidden, KubeletService } from "./kubelet.js";
export { type Controller, Operator } from "./operator.js";
export { PrometheusReconciler } from "./prometheus.js";
export type { Resource } from "./resources.js";

/** All kinds that the operator may have to do with. */
export const RESOURCES = {
  PROMETHEUS: resources.PROMETHEUS,
  PROMETHEUS_AGENT: resources.PROMETHEUS_AGENT,
  ALERTMANAGER: resources.ALERTMANAGER,
  SERVICE_MONITOR: resources.SERVICE_MONITOR,
  POD_MONITOR: resources.POD_MONITOR,
  PROBE: resources.PROBE,
  SCRAPE_CONFIG: resources.SCRAPE_CONFIG,
  PROMETHEUS_RULE: resources.PROMETHEUS_RULE,
  ALERTMANAGER_CONFIG: resources.ALERTMANAGER_CONFIG,
} as const;

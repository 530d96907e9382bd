/** The collections of the API that the operator knows, and the paths of their objects. */

export interface Resource {
  /** `/api/v1` or `/apis/GROUP/VERSION`. */
  readonly root: string;
  readonly plural: string;
  readonly kind: string;
  readonly apiVersion: string;
}

function resource(root: string, plural: string, kind: string): Resource {
  return { root, plural, kind, apiVersion: root.replace(/^\/apis?\//, "") };
}

const MONITORING_V1 = "/apis/monitoring.coreos.com/v1";
const MONITORING_V1ALPHA1 = "/apis/monitoring.coreos.com/v1alpha1";

export const PROMETHEUS = resource(MONITORING_V1, "prometheuses", "Prometheus");
export const ALERTMANAGER = resource(MONITORING_V1, "alertmanagers", "Alertmanager");
export const THANOS_RULER = resource(MONITORING_V1, "thanosrulers", "ThanosRuler");
export const PROMETHEUS_AGENT = resource(MONITORING_V1ALPHA1, "prometheusagents", "PrometheusAgent");
export const SERVICE_MONITOR = resource(MONITORING_V1, "servicemonitors", "ServiceMonitor");
export const POD_MONITOR = resource(MONITORING_V1, "podmonitors", "PodMonitor");
export const PROBE = resource(MONITORING_V1, "probes", "Probe");
export const SCRAPE_CONFIG = resource(MONITORING_V1ALPHA1, "scrapeconfigs", "ScrapeConfig");
export const PROMETHEUS_RULE = resource(MONITORING_V1, "prometheusrules", "PrometheusRule");
export const ALERTMANAGER_CONFIG = resource(MONITORING_V1ALPHA1, "alertmanagerconfigs", "AlertmanagerConfig");
export const SECRET = resource("/api/v1", "secrets", "Secret");
export const CONFIG_MAP = resource("/api/v1", "configmaps", "ConfigMap");
export const SERVICE = resource("/api/v1", "services", "Service");
export const NAMESPACE = resource("/api/v1", "namespaces", "Namespace");
export const STATEFUL_SET = resource("/apis/apps/v1", "statefulsets", "StatefulSet");
export const DAEMON_SET = resource("/apis/apps/v1", "daemonsets", "DaemonSet");
export const POD = resource("/api/v1", "pods", "Pod");
export const PERSISTENT_VOLUME_CLAIM = resource("/api/v1", "persistentvolumeclaims", "PersistentVolumeClaim");

export const NODE = resource("/api/v1", "nodes", "Node");

/** @param namespace  "" for all of them, or for what has none. */
export function collectionPath({ root, plural }: Resource, namespace: string): string {
  return namespace === "" ? `${root}/${plural}` : `${root}/namespaces/${encodeURIComponent(namespace)}/${plural}`;
}

export function objectPath(of: Resource, namespace: string, name: string): string {
  return `${collectionPath(of, namespace)}/${encodeURIComponent(name)}`;
}

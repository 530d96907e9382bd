/**
 * What the operator may do in a cluster, rule by rule with its reason: the source of the roles in `deploy/` and of the table in the
 * documentation. `needed` is a subset of prometheus-operator's own role; each of the others makes one thing work that goes without.
 */
export interface Right {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  /** These alone. */
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
  readonly why: string;
}

const MONITORING = ["monitoring.coreos.com"];
const WORKLOADS = ["prometheuses", "prometheusagents", "alertmanagers", "thanosrulers"];
const SELECTED = [
  "servicemonitors",
  "podmonitors",
  "probes",
  "scrapeconfigs",
  "prometheusrules",
  "alertmanagerconfigs",
];
const READ = ["get", "list", "watch"];

export const NEEDED_RIGHTS: readonly Right[] = [
  {
    apiGroups: MONITORING,
    resources: WORKLOADS,
    verbs: [...READ, "patch"],
    why: "to see what is wanted; the patch takes away a finalizer that prometheus-operator may have left",
  },
  {
    apiGroups: MONITORING,
    resources: WORKLOADS.map((each) => `${each}/status`),
    verbs: ["patch"],
    why: "to say how it goes, by server-side apply",
  },
  {
    apiGroups: MONITORING,
    resources: WORKLOADS.map((each) => `${each}/finalizers`),
    verbs: ["update"],
    why: "to be the owner of what it makes, where the cluster checks owner references",
  },
  {
    apiGroups: MONITORING,
    resources: SELECTED,
    verbs: READ,
    why: "to see what is to be scraped, evaluated and routed",
  },
  {
    apiGroups: MONITORING,
    resources: SELECTED.map((each) => `${each}/status`),
    verbs: ["update"],
    why: "to say which workload uses an object, and why one does not",
  },
  {
    apiGroups: ["apps"],
    resources: ["statefulsets"],
    verbs: [...READ, "create", "update", "patch", "delete"],
    why: "the pods of Prometheus, Alertmanager and ThanosRuler",
  },
  {
    apiGroups: [""],
    resources: ["configmaps", "secrets"],
    verbs: [...READ, "create", "update", "delete"],
    why: "configuration, rules and certificates for the pods, and what monitors refer to",
  },
  {
    apiGroups: [""],
    resources: ["services"],
    verbs: ["get", "create", "update"],
    why: "the Services that give pods their names, and the one of the kubelets",
  },
  {
    apiGroups: [""],
    resources: ["pods"],
    verbs: ["list", "delete"],
    why: "to count ready pods; to repair a stuck rollout",
  },
  { apiGroups: [""], resources: ["namespaces"], verbs: READ, why: "namespace selectors" },
  { apiGroups: [""], resources: ["nodes"], verbs: ["list"], why: "addresses of the kubelets (--kubelet-service)" },
  {
    apiGroups: [""],
    resources: ["endpoints"],
    verbs: ["get", "create", "update"],
    why: "the kubelets' Endpoints (--kubelet-endpoints)",
  },
  {
    apiGroups: ["discovery.k8s.io"],
    resources: ["endpointslices"],
    verbs: ["get", "list", "create", "update", "delete"],
    why: "the kubelets' EndpointSlices (--kubelet-endpointslice)",
  },
  {
    apiGroups: ["events.k8s.io"],
    resources: ["events"],
    verbs: ["create"],
    why: "to tell of a rejected object where `kubectl describe` shows it",
  },
];

export const OPTIONAL_RIGHTS: readonly Right[] = [
  {
    apiGroups: [""],
    resources: ["pods"],
    verbs: ["patch"],
    why: "an annotation makes the kubelet refresh mounted configuration at once, instead of within two minutes",
  },
  {
    apiGroups: [""],
    resources: ["pods/eviction"],
    verbs: ["create"],
    why: "--repair-policy-for-statefulsets=evict",
  },
  {
    apiGroups: [""],
    resources: ["services"],
    verbs: ["list", "watch"],
    why: "a governing Service that somebody changes is back at once; `explain` can name the Services that a monitor finds",
  },
  {
    apiGroups: ["apps"],
    resources: ["daemonsets"],
    verbs: [...READ, "create", "update", "patch", "delete"],
    why: "agents with mode DaemonSet (feature gate PrometheusAgentDaemonSet)",
  },
  {
    apiGroups: [""],
    resources: ["persistentvolumeclaims"],
    verbs: ["list", "patch"],
    why: "claims grow when an object asks for more storage",
  },
  {
    apiGroups: ["admissionregistration.k8s.io"],
    resources: ["validatingwebhookconfigurations", "mutatingwebhookconfigurations"],
    resourceNames: ["vestal-admission-webhook"],
    verbs: ["get", "update"],
    why: "--webhook-certificate-secret: the API server trusts the certificate that the operator makes",
  },
  {
    apiGroups: ["apiextensions.k8s.io"],
    resources: ["customresourcedefinitions"],
    resourceNames: ["alertmanagerconfigs.monitoring.coreos.com"],
    verbs: ["get", "update"],
    why: "the same for the conversion of AlertmanagerConfigs",
  },
];

/** In the operator's own namespace, for `--leader-elect`. */
export const LEADER_RIGHTS: readonly Right[] = [
  {
    apiGroups: ["coordination.k8s.io"],
    resources: ["leases"],
    verbs: ["get", "create", "update"],
    why: "--leader-elect: the Lease that says which replica works",
  },
];

/** As Kubernetes wants it, without the reasons. */
export function rulesOf(rights: readonly Right[]) {
  return rights.map(({ why: _, ...rule }) => rule);
}

/** Rows of the table in docs/migrate.md. */
export function rightsTable(rights: readonly Right[]): string {
  const code = (all: readonly string[]): string => all.map((each) => `\`${each}\``).join(", ");
  const rows = rights.map(
    ({ apiGroups, resources, resourceNames, verbs, why }) =>
      `| ${apiGroups[0] === "" ? "core" : apiGroups.join(", ")} | ${code(resources)}${resourceNames === undefined ? "" : ` named ${code(resourceNames)}`} | ${code(verbs)} | ${why} |`,
  );
  return `${rows.join("\n")}\n`;
}

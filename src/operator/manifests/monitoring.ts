/** A Prometheus and an Alertmanager to begin with, and what they scrape in every cluster. */
import { GROUP } from "../schema/index.js";
import {
  binding,
  type Installation,
  labelsOf,
  type Manifest,
  networkPolicy,
  RBAC_VERSION,
  serviceAccount,
} from "./objects.js";

const NAME = "vestal";
const PROMETHEUS_ACCOUNT = `prometheus-${NAME}`;
const ALERTMANAGER_ACCOUNT = `alertmanager-${NAME}`;
const PROMETHEUS_LABELS = labelsOf("prometheus", "prometheus");
const ALERTMANAGER_LABELS = labelsOf("alertmanager", "alertmanager");

/** Labels that the operator puts on the pods. */
const podLabels = (name: string) => ({ "app.kubernetes.io/name": name, "app.kubernetes.io/instance": NAME });

export function prometheusManifests({ namespace, image }: Installation): readonly Manifest[] {
  const account = { name: PROMETHEUS_ACCOUNT, namespace };
  const labels = PROMETHEUS_LABELS;
  return [
    serviceAccount(PROMETHEUS_ACCOUNT, namespace, labels),
    {
      apiVersion: RBAC_VERSION,
      kind: "ClusterRole",
      metadata: { name: PROMETHEUS_ACCOUNT, labels },
      rules: [
        // Discovery of targets, in any namespace.
        { apiGroups: [""], resources: ["services", "endpoints", "pods", "nodes"], verbs: ["get", "list", "watch"] },
        { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: ["get", "list", "watch"] },
        { apiGroups: ["networking.k8s.io"], resources: ["ingresses"], verbs: ["get", "list", "watch"] },
        // The kubelets, cAdvisor and the API server.
        { apiGroups: [""], resources: ["nodes/metrics"], verbs: ["get"] },
        { nonResourceURLs: ["/metrics", "/metrics/slis", "/metrics/cadvisor"], verbs: ["get"] },
      ],
    },
    binding("ClusterRoleBinding", { kind: "ClusterRole", name: PROMETHEUS_ACCOUNT }, account, labels),
    {
      apiVersion: `${GROUP}/v1`,
      kind: "Prometheus",
      metadata: { name: NAME, namespace, labels },
      spec: {
        image,
        replicas: 2,
        serviceAccountName: PROMETHEUS_ACCOUNT,
        serviceDiscoveryRole: "EndpointSlice",
        serviceMonitorSelector: {},
        serviceMonitorNamespaceSelector: {},
        podMonitorSelector: {},
        podMonitorNamespaceSelector: {},
        probeSelector: {},
        probeNamespaceSelector: {},
        scrapeConfigSelector: {},
        scrapeConfigNamespaceSelector: {},
        ruleSelector: {},
        ruleNamespaceSelector: {},
        retention: "10d",
        resources: { requests: { memory: "400Mi" } },
        securityContext: { fsGroup: 65534, runAsNonRoot: true, runAsUser: 65534 },
        alerting: { alertmanagers: [{ namespace, name: "alertmanager-operated", port: "web", apiVersion: "v2" }] },
      },
    },
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: PROMETHEUS_ACCOUNT, namespace, labels },
      spec: {
        selector: podLabels("prometheus"),
        sessionAffinity: "ClientIP",
        ports: [
          { name: "web", port: 9090, targetPort: "web" },
          { name: "reloader-web", port: 8080, targetPort: "reloader-web" },
        ],
      },
    },
    disruptionBudget(PROMETHEUS_ACCOUNT, namespace, labels, podLabels("prometheus")),
    networkPolicyOf(PROMETHEUS_ACCOUNT, namespace, labels, "prometheus", [9090, 8080, 10901]),
    serviceMonitor(PROMETHEUS_ACCOUNT, namespace, labels, { matchLabels: labels }, [
      { port: "web", interval: "30s" },
      { port: "reloader-web", interval: "30s" },
    ]),
  ];
}

/** Where nothing is said about receivers, alerts are grouped and shown, and go nowhere. */
const ALERTMANAGER_CONFIG = `global:
  resolve_timeout: 5m
route:
  receiver: "null"
  group_by: [namespace]
  group_wait: 30s
  group_interval: 5m
  repeat_interval: 12h
  routes:
    - receiver: "null"
      matchers: ['alertname =~ "Watchdog|InfoInhibitor"']
inhibit_rules:
  - source_matchers: ['severity = "critical"']
    target_matchers: ['severity =~ "warning|info"']
    equal: [namespace, alertname]
  - source_matchers: ['severity = "warning"']
    target_matchers: ['severity = "info"']
    equal: [namespace, alertname]
  - source_matchers: ['alertname = "InfoInhibitor"']
    target_matchers: ['severity = "info"']
    equal: [namespace]
receivers:
  - name: "null"
`;

export function alertmanagerManifests({ namespace, image }: Installation): readonly Manifest[] {
  const labels = ALERTMANAGER_LABELS;
  return [
    serviceAccount(ALERTMANAGER_ACCOUNT, namespace, labels),
    {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: ALERTMANAGER_ACCOUNT, namespace, labels },
      type: "Opaque",
      stringData: { "alertmanager.yaml": ALERTMANAGER_CONFIG },
    },
    {
      apiVersion: `${GROUP}/v1`,
      kind: "Alertmanager",
      metadata: { name: NAME, namespace, labels },
      spec: {
        image,
        replicas: 3,
        serviceAccountName: ALERTMANAGER_ACCOUNT,
        alertmanagerConfigSelector: {},
        alertmanagerConfigNamespaceSelector: {},
        resources: { requests: { cpu: "10m", memory: "120Mi" } },
        securityContext: { fsGroup: 65534, runAsNonRoot: true, runAsUser: 65534 },
      },
    },
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: ALERTMANAGER_ACCOUNT, namespace, labels },
      spec: {
        selector: podLabels("alertmanager"),
        sessionAffinity: "ClientIP",
        ports: [
          { name: "web", port: 9093, targetPort: "web" },
          { name: "reloader-web", port: 8080, targetPort: "reloader-web" },
        ],
      },
    },
    disruptionBudget(ALERTMANAGER_ACCOUNT, namespace, labels, podLabels("alertmanager")),
    networkPolicyOf(ALERTMANAGER_ACCOUNT, namespace, labels, "alertmanager", [9093, 8080]),
    serviceMonitor(ALERTMANAGER_ACCOUNT, namespace, labels, { matchLabels: labels }, [
      { port: "web", interval: "30s" },
      { port: "reloader-web", interval: "30s" },
    ]),
  ];
}

function disruptionBudget(
  name: string,
  namespace: string,
  labels: Readonly<Record<string, string>>,
  selector: Readonly<Record<string, string>>,
): Manifest {
  return {
    apiVersion: "policy/v1",
    kind: "PodDisruptionBudget",
    metadata: { name, namespace, labels },
    spec: { maxUnavailable: 1, selector: { matchLabels: selector } },
  };
}

/** Prometheus scrapes all, Alertmanagers talk to each other, and Grafana asks. */
function networkPolicyOf(
  name: string,
  namespace: string,
  labels: Readonly<Record<string, string>>,
  application: string,
  ports: readonly number[],
): Manifest {
  const from = (app: string) => ({ podSelector: { matchLabels: { "app.kubernetes.io/name": app } } });
  const mesh = application === "alertmanager" ? [9094] : [];
  const policy = networkPolicy(name, namespace, labels, [
    {
      from: ["prometheus", "grafana", "alertmanager"].map(from),
      ports: [
        ...[...ports, ...mesh].map((port) => ({ port, protocol: "TCP" })),
        ...mesh.map((port) => ({ port, protocol: "UDP" })),
      ],
    },
  ]);
  const spec = policy["spec"] as { readonly [key: string]: never };
  return { ...policy, spec: { ...spec, podSelector: { matchLabels: podLabels(application) } } };
}

const TOKEN = "/var/run/secrets/kubernetes.io/serviceaccount/token";
const CA = "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt";

interface Endpoint {
  readonly [key: string]: unknown;
}

function serviceMonitor(
  name: string,
  namespace: string,
  labels: Readonly<Record<string, string>>,
  selector: object,
  endpoints: readonly Endpoint[],
  more: object = {},
): Manifest {
  return {
    apiVersion: `${GROUP}/v1`,
    kind: "ServiceMonitor",
    metadata: { name, namespace, labels },
    spec: { selector, endpoints, ...more },
  } as unknown as Manifest;
}

/** What every cluster has: scraped without anything being installed. */
export function clusterMonitors({ namespace }: Installation): readonly Manifest[] {
  const labels = labelsOf("vestal-cluster", "monitors");
  const kubelet = (path: string, more: object = {}): Endpoint => ({
    port: "https-metrics",
    scheme: "https",
    path,
    interval: "30s",
    honorLabels: true,
    bearerTokenFile: TOKEN,
    // Kubelets have certificates that nothing in the cluster vouches for, unless the cluster was told to.
    tlsConfig: { caFile: CA, insecureSkipVerify: true },
    relabelings: [{ sourceLabels: ["__metrics_path__"], targetLabel: "metrics_path" }],
    ...more,
  });
  const within = (name: string) => ({ namespaceSelector: { matchNames: [name] } });
  return [
    serviceMonitor(
      "kubelet",
      namespace,
      labels,
      { matchLabels: { "app.kubernetes.io/name": "kubelet" } },
      [
        kubelet("/metrics"),
        kubelet("/metrics/cadvisor", {
          honorTimestamps: false,
          metricRelabelings: [
            // Most of cAdvisor's series are about cgroups that are no containers.
            {
              sourceLabels: ["__name__"],
              regex: "container_(network_tcp_usage_total|network_udp_usage_total|tasks_state|cpu_load_average_10s)",
              action: "drop",
            },
          ],
        }),
        kubelet("/metrics/probes"),
      ],
      { jobLabel: "app.kubernetes.io/name", ...within("kube-system"), attachMetadata: { node: true } },
    ),
    serviceMonitor(
      "apiserver",
      namespace,
      labels,
      { matchLabels: { component: "apiserver", provider: "kubernetes" } },
      [
        {
          port: "https",
          scheme: "https",
          interval: "30s",
          bearerTokenFile: TOKEN,
          tlsConfig: { caFile: CA, serverName: "kubernetes" },
          metricRelabelings: [
            {
              sourceLabels: ["__name__", "le"],
              regex: "(etcd|apiserver)_request.*_bucket;(0\\.0[0-9]5|[0-9]+5\\.[0-9]+)",
              action: "drop",
            },
          ],
        },
      ],
      { jobLabel: "component", ...within("default") },
    ),
    serviceMonitor(
      "coredns",
      namespace,
      labels,
      { matchLabels: { "k8s-app": "kube-dns" } },
      [{ port: "metrics", interval: "15s", bearerTokenFile: TOKEN }],
      { jobLabel: "k8s-app", ...within("kube-system") },
    ),
    serviceMonitor(
      "node-exporter",
      namespace,
      labels,
      { matchLabels: { "app.kubernetes.io/name": "node-exporter" } },
      [
        {
          targetPort: 9100,
          interval: "15s",
          relabelings: [{ sourceLabels: ["__meta_kubernetes_pod_node_name"], targetLabel: "instance" }],
        },
      ],
      { jobLabel: "app.kubernetes.io/name", namespaceSelector: { any: true } },
    ),
    serviceMonitor(
      "kube-state-metrics",
      namespace,
      labels,
      { matchLabels: { "app.kubernetes.io/name": "kube-state-metrics" } },
      [{ targetPort: 8080, interval: "30s", scrapeTimeout: "30s", honorLabels: true }],
      { jobLabel: "app.kubernetes.io/name", namespaceSelector: { any: true } },
    ),
  ];
}

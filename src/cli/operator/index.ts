/**
 * `vestal operator`: connects to the API server, finds out what the cluster has and what this account may do, and starts the
 * controllers for it. What is missing is named once; the rest works.
 */
import { hostname } from "node:os";
import { createLogger, errorMessage, type Logger, systemTimers, VestalError } from "../../base/index.js";
import { DEFAULT_HTTP_CLIENT, DEFAULT_TLS, type HttpClientOptions } from "../../http/index.js";
import {
  connectByKubeconfig,
  connectInCluster,
  connectTo,
  KubernetesApi,
  type KubernetesConnection,
  type KubernetesObject,
  LeaderElection,
  ownNamespace,
} from "../../kubernetes/index.js";
import {
  AlertmanagerReconciler,
  alertmanagerBuilders,
  type Controller,
  EventRecorder,
  isForbidden,
  KubeletService,
  Operator,
  PrometheusReconciler,
  prometheusBuilders,
  RESOURCES,
  type Resource,
} from "../../operator/controller/index.js";
import type { OperatorOptions } from "../operator-options.js";
import { vestalVersion } from "../version.js";
import { type MetricLine, metricsText, serveWeb } from "./web.js";

const FIELD_MANAGER = "PrometheusOperator";
const LEASE_SECONDS = 15;
/** First version whose API server puts topology labels on pods. */
const TOPOLOGY_LABELS_MINOR = 35;

interface Cluster {
  /** `group/plural` of what there is and may be watched. */
  has(of: Resource): boolean;
  readonly hasEndpointSlices: boolean;
  readonly hasPodTopologyLabels: boolean;
}

/** Runs until it is told to end, and sets the process' exit code. */
export async function runOperator(options: OperatorOptions): Promise<void> {
  const log = createLogger({ level: levelOf(options.logLevel), format: options.logFormat });
  try {
    await new OperatorProcess(options, log).run();
  } catch (error) {
    if (!(error instanceof VestalError)) throw error;
    log.error("The operator cannot start", { err: error.message });
    process.exitCode = 1;
  }
}

class OperatorProcess {
  readonly #options: OperatorOptions;
  readonly #log: Logger;
  #operator: Operator | undefined;
  #kubelet: KubeletService | undefined;
  #isLeading = false;
  readonly #stops: (() => void)[] = [];

  constructor(options: OperatorOptions, log: Logger) {
    this.#options = options;
    this.#log = log;
  }

  async run(): Promise<void> {
    const options = this.#options;
    const log = this.#log;
    for (const warning of options.warnings) log.warn(warning);
    log.info("Starting Vestal operator", { version: vestalVersion(), node: process.version });
    const connection = await connect(options);
    const api = new KubernetesApi(connection, FIELD_MANAGER);
    const ended = new Promise<string>((resolve) => {
      const end = (signal: NodeJS.Signals): void => resolve(signal);
      process.once("SIGTERM", end).once("SIGINT", end);
    });
    const closeWeb = await serveWeb(options, (url) => this.#page(url));
    let election: LeaderElection | undefined;
    try {
      const cluster = await this.#explore(api);
      const lead = async (): Promise<void> => {
        this.#isLeading = true;
        await this.#start(connection, api, cluster);
      };
      if (options.leaderElection) {
        election = this.#elect(api, lead);
        log.info("Received an OS signal, ending", { signal: await ended });
      } else {
        await Promise.race([lead().then(() => ended), ended]);
        log.info("Received an OS signal, ending", { signal: await ended });
      }
    } finally {
      for (const stop of this.#stops) stop();
      await this.#operator?.stop();
      await election?.stop();
      await closeWeb();
      connection.close();
    }
  }

  #elect(api: KubernetesApi, lead: () => Promise<void>): LeaderElection {
    const lease = {
      namespace: ownNamespace() ?? "default",
      name: "prometheus-operator-lock",
      identity: `${hostname()}-${process.pid}`,
      leaseSeconds: LEASE_SECONDS,
    };
    const election = new LeaderElection(lease, api, systemTimers, this.#log);
    election.run(
      () => {
        lead().catch((error: unknown) => this.#log.error("The controllers cannot start", { err: errorMessage(error) }));
      },
      () => {
        // Another may lead by now: what is under way must not be finished.
        this.#log.error("The lease is lost; the process ends");
        process.exit(1);
      },
    );
    return election;
  }

  // ── what the cluster has ───────────────────────────────────────────────────────────────────────────────────────

  async #explore(api: KubernetesApi): Promise<Cluster> {
    const version = await api.document("/version");
    const minor = Number.parseInt(String(version?.["minor"] ?? "0"), 10);
    this.#log.info("connection established", { kubernetes_version: String(version?.["gitVersion"] ?? "unknown") });
    const known = new Set<string>();
    for (const root of new Set(Object.values(RESOURCES).map((resource) => resource.root))) {
      const document = await api.document(root);
      const resources = (document?.["resources"] ?? []) as readonly { readonly name?: string }[];
      for (const { name } of resources) known.add(`${root}/${name}`);
    }
    for (const resource of Object.values(RESOURCES)) {
      if (!known.has(`${resource.root}/${resource.plural}`)) {
        this.#log.warn("The cluster does not have this kind of object; it is left out", { kind: resource.kind });
      } else if (!(await this.#mayWatch(api, resource))) known.delete(`${resource.root}/${resource.plural}`);
    }
    const slices = await api.document("/apis/discovery.k8s.io/v1");
    const names = (slices?.["resources"] ?? []) as readonly { readonly name?: string }[];
    return {
      has: ({ root, plural }) => known.has(`${root}/${plural}`),
      hasEndpointSlices: names.some(({ name }) => name === "endpointslices"),
      hasPodTopologyLabels: minor >= TOPOLOGY_LABELS_MINOR,
    };
  }

  async #mayWatch(api: KubernetesApi, { root, plural, kind }: Resource): Promise<boolean> {
    const group = root === "/api/v1" ? "" : (root.split("/")[2] ?? "");
    for (const verb of ["list", "watch"]) {
      if (await api.isAllowed({ group, resource: plural, verb })) continue;
      this.#log.warn("A right is missing; what needs it is left out", { verb, resource: `${plural}.${group}`, kind });
      return false;
    }
    return true;
  }

  // ── controllers ────────────────────────────────────────────────────────────────────────────────────────────────

  async #start(connection: KubernetesConnection, api: KubernetesApi, cluster: Cluster): Promise<void> {
    const options = this.#options;
    const log = this.#log;
    const { namespaces, selectors, gates } = options;
    const denied = namespaces.denied;
    const secretScope =
      namespaces.all.length === 0
        ? []
        : [...new Set([...namespaces.all, ...namespaces.prometheus, ...namespaces.alertmanager])];
    const operator = new Operator(
      {
        controllerId: options.controllerId,
        scope: { allowed: secretScope, denied },
        secretSelectors: { label: selectors.secretLabel, field: selectors.secretField },
        configMapSelectors: { label: selectors.configMapLabel, field: selectors.configMapField },
      },
      { connection, api, timers: systemTimers, random: Math.random, log },
    );
    this.#operator = operator;
    const plain = <T>(object: KubernetesObject): T => object as unknown as T;
    const cache = <T>(of: Resource, allowed: readonly string[], labelSelector = "") =>
      operator.cache<T>(of, { scope: { allowed, denied }, labelSelector }, plain<T>);
    const optional = <T>(of: Resource, allowed: readonly string[]) =>
      cluster.has(of) ? cache<T>(of, allowed) : undefined;
    const common = {
      api,
      log,
      nowMs: Date.now,
      wait: (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms)),
    };
    const mayTell = await api.isAllowed({ group: "events.k8s.io", resource: "events", verb: "create" });
    if (!mayTell)
      log.warn("A right is missing; no events are written", { verb: "create", resource: "events.events.k8s.io" });
    const events = mayTell ? new EventRecorder(api, log, hostname()) : undefined;
    const owned = { labels: options.labels, annotations: options.annotations };
    const hasBindings = gates.get("StatusForConfigurationResources") === true;
    const { SERVICE_MONITOR, POD_MONITOR, PROBE, SCRAPE_CONFIG, PROMETHEUS_RULE } = RESOURCES;
    const monitors = {
      serviceMonitors: optional<never>(SERVICE_MONITOR, namespaces.all),
      podMonitors: optional<never>(POD_MONITOR, namespaces.all),
      probes: optional<never>(PROBE, namespaces.all),
      scrapeConfigs: optional<never>(SCRAPE_CONFIG, namespaces.all),
      rules: optional<never>(PROMETHEUS_RULE, namespaces.all),
    };
    for (const isAgent of [false, true]) {
      const resource = isAgent ? RESOURCES.PROMETHEUS_AGENT : RESOURCES.PROMETHEUS;
      if (!cluster.has(resource)) continue;
      const objects = cache<never>(resource, namespaces.prometheus, selectors.prometheus);
      const settings = {
        ...owned,
        hasBindings,
        disableUnmanagedConfiguration: options.disableUnmanagedConfiguration,
        config: {
          isEndpointSliceSupported: cluster.hasEndpointSlices,
          hasTopologySharding: gates.get("PrometheusTopologySharding") === true,
          hasRetentionPolicies: gates.get("PrometheusShardRetentionPolicy") === true,
          hasPodTopologyLabels: cluster.hasPodTopologyLabels,
        },
      };
      const reconciler = new PrometheusReconciler(isAgent, {
        ...common,
        onRejected: (object, message) =>
          events?.warn(object, "SelectingConfigurationResources", "InvalidConfiguration", message),
        settings,
        builders: prometheusBuilders(isAgent, options, settings.config),
        caches: {
          prometheuses: objects,
          ...monitors,
          namespaces: operator.namespaces,
          statefulSets: operator.statefulSets,
        },
      });
      operator.add({
        resource,
        objects,
        selected: Object.values(monitors).filter((each) => each !== undefined),
        namespaceSelectors: PrometheusReconciler.namespaceSelectors,
        ...handlersOf(reconciler),
      });
    }
    if (cluster.has(RESOURCES.ALERTMANAGER)) this.#addAlertmanagers(operator, cluster, common, hasBindings);
    await operator.start();
    this.#keepKubelets(api);
    log.info("The controllers work", { kinds: operator.counters.map(({ kind }) => kind).join(",") });
  }

  #addAlertmanagers(
    operator: Operator,
    cluster: Cluster,
    common: {
      readonly api: KubernetesApi;
      readonly log: Logger;
      readonly nowMs: () => number;
      readonly wait: (ms: number) => Promise<void>;
    },
    hasBindings: boolean,
  ): void {
    const options = this.#options;
    const { namespaces, selectors } = options;
    const plain = <T>(object: KubernetesObject): T => object as unknown as T;
    const scope = (allowed: readonly string[]) => ({ allowed, denied: namespaces.denied });
    const objects = operator.cache<never>(
      RESOURCES.ALERTMANAGER,
      { scope: scope(namespaces.alertmanager), labelSelector: selectors.alertmanager },
      plain<never>,
    );
    const configs = cluster.has(RESOURCES.ALERTMANAGER_CONFIG)
      ? operator.cache<never>(
          RESOURCES.ALERTMANAGER_CONFIG,
          { scope: scope(namespaces.alertmanagerConfig) },
          plain<never>,
        )
      : undefined;
    const reconciler = new AlertmanagerReconciler({
      ...common,
      settings: { labels: options.labels, annotations: options.annotations, hasBindings },
      builders: alertmanagerBuilders(options),
      caches: { alertmanagers: objects, configs, namespaces: operator.namespaces, statefulSets: operator.statefulSets },
    });
    operator.add({
      resource: RESOURCES.ALERTMANAGER,
      objects,
      selected: configs === undefined ? [] : [configs],
      namespaceSelectors: AlertmanagerReconciler.namespaceSelectors,
      ...handlersOf(reconciler),
    });
  }

  #keepKubelets(api: KubernetesApi): void {
    const { kubelet, labels, annotations } = this.#options;
    if (kubelet.service === "") return;
    const [namespace = "", name = ""] = kubelet.service.split("/");
    const service = new KubeletService(
      {
        namespace,
        name,
        labels,
        annotations,
        selector: kubelet.selector,
        addressPriority: kubelet.addressPriority === "external" ? "external" : "internal",
        hasEndpoints: kubelet.hasEndpoints,
        keepsSlices: kubelet.hasEndpointSlices,
        hasHttpPort: kubelet.hasHttpMetrics,
      },
      api,
      this.#log,
    );
    this.#kubelet = service;
    const sync = (): void => {
      service.sync().catch((error: unknown) => {
        const what = isForbidden(error)
          ? "A right for the kubelets' Service is missing"
          : "The kubelets' Service cannot be kept";
        this.#log.error(what, { err: errorMessage(error) });
      });
    };
    sync();
    this.#stops.push(systemTimers.every(kubelet.syncMs, sync));
  }

  // ── pages ──────────────────────────────────────────────────────────────────────────────────────────────────────

  #page(url: URL): { readonly status: number; readonly type: string; readonly body: string } | undefined {
    if (url.pathname === "/healthz") return { status: 200, type: "application/json", body: '{"status":"up"}' };
    if (url.pathname !== "/metrics") return undefined;
    return { status: 200, type: "text/plain; version=0.0.4; charset=utf-8", body: metricsText(this.#metrics()) };
  }

  #metrics(): readonly MetricLine[] {
    const counters = this.#operator?.counters ?? [];
    const byController = (value: (each: (typeof counters)[number]) => number) =>
      counters.map((each) => ({ labels: { controller: each.kind.toLowerCase() }, value: value(each) }));
    const { addressErrors = 0, syncs = 0, failures = 0 } = this.#kubelet?.counters ?? {};
    const one = (value: number) => [{ labels: {}, value }];
    return [
      {
        name: "prometheus_operator_reconcile_operations_total",
        type: "counter",
        help: "Total number of reconcile operations",
        samples: byController(({ reconciles }) => reconciles),
      },
      {
        name: "prometheus_operator_reconcile_errors_total",
        type: "counter",
        help: "Number of errors that occurred during reconcile operations",
        samples: byController(({ failures: count }) => count),
      },
      {
        name: "prometheus_operator_workqueue_depth",
        type: "gauge",
        help: "Current depth of the queue.",
        samples: counters.map(({ kind, waiting }) => ({ labels: { name: kind.toLowerCase() }, value: waiting })),
      },
      {
        name: "prometheus_operator_ready",
        type: "gauge",
        help: "1 when the controller is ready to reconcile resources, 0 otherwise",
        samples: byController(() => (this.#operator?.isReady ? 1 : 0)),
      },
      {
        name: "prometheus_operator_feature_gate",
        type: "gauge",
        help: "Reports about the Prometheus operator feature gates. A value of 1 means that the feature gate is enabled. Otherwise the value is 0.",
        samples: [...this.#options.gates].map(([name, isOn]) => ({ labels: { name }, value: isOn ? 1 : 0 })),
      },
      {
        name: "prometheus_operator_node_address_lookup_errors_total",
        type: "counter",
        help: "Nodes without an address.",
        samples: one(addressErrors),
      },
      {
        name: "prometheus_operator_node_syncs_total",
        type: "counter",
        help: "Rounds over the kubelets' Service.",
        samples: one(syncs),
      },
      {
        name: "prometheus_operator_node_syncs_failed_total",
        type: "counter",
        help: "Rounds that failed.",
        samples: one(failures),
      },
      {
        name: "vestal_operator_leader",
        type: "gauge",
        help: "1 where this process leads.",
        samples: one(this.#isLeading ? 1 : 0),
      },
      {
        name: "process_resident_memory_bytes",
        type: "gauge",
        help: "Resident memory size in bytes.",
        samples: one(process.memoryUsage.rss()),
      },
    ];
  }
}

function handlersOf(reconciler: {
  reconcile(key: string): Promise<void>;
  updateStatus(key: string): Promise<void>;
  refersTo(key: string, kind: "Secret" | "ConfigMap", name: string): boolean;
}): Pick<Controller, "reconcile" | "updateStatus" | "refersTo"> {
  return {
    reconcile: (key) => reconciler.reconcile(key),
    updateStatus: (key) => reconciler.updateStatus(key),
    refersTo: (key, kind, name) => reconciler.refersTo(key, kind, name),
  };
}

function connect({ apiServer }: OperatorOptions): KubernetesConnection | Promise<KubernetesConnection> {
  const userAgent = `vestal-operator/${vestalVersion()}`;
  if (apiServer.kubeconfig !== "") return connectByKubeconfig(apiServer.kubeconfig, userAgent);
  if (apiServer.url === "") return connectInCluster(userAgent);
  const file = (name: string) => ({ value: "", file: name });
  const headers: HttpClientOptions["headers"] =
    apiServer.impersonate === ""
      ? {}
      : { "Impersonate-User": { values: [apiServer.impersonate], secrets: [], files: [] } };
  const tls = {
    ...DEFAULT_TLS,
    ca: file(apiServer.caFile),
    cert: file(apiServer.certFile),
    key: file(apiServer.keyFile),
    insecureSkipVerify: apiServer.isInsecure,
  };
  return connectTo(apiServer.url, { ...DEFAULT_HTTP_CLIENT, tls, headers }, userAgent);
}

function levelOf(level: string): "debug" | "info" | "warn" | "error" {
  if (level === "all" || level === "debug") return "debug";
  return level === "warn" || level === "error" ? level : level === "none" ? "error" : "info";
}

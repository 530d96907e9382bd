/** Builds the controllers for what the cluster has and the flags say. */
import { hostname } from "node:os";
import { type Logger, systemTimers } from "../../base/index.js";
import type { KubernetesApi, KubernetesConnection, KubernetesObject } from "../../kubernetes/index.js";
import {
  AlertmanagerKind,
  alertmanagerBuilders,
  type Controller,
  DEFAULT_BINDINGS,
  EventRecorder,
  JobTexts,
  keepSpec,
  Operator,
  PrometheusKind,
  prometheusBuilders,
  RESOURCES,
  type ReconcilerDeps,
  type RepairPolicy,
  type Resource,
  type ResourceCache,
  SetKeeper,
  ThanosRulerKind,
  thanosRulerBuilders,
  type WorkloadKind,
  type WorkloadObject,
  WorkloadReconciler,
} from "../../operator/controller/index.js";
import type { OperatorOptions } from "../operator-options.js";
import { type Cluster, referenceNamespaces, workloadNamespaces } from "./explore.js";

export function buildOperator(
  options: OperatorOptions,
  cluster: Cluster,
  connection: KubernetesConnection,
  api: KubernetesApi,
  log: Logger,
): Operator {
  const { namespaces, selectors, gates, labels, annotations } = options;
  const { denied } = namespaces;
  const workloads = workloadNamespaces(options);
  const references = referenceNamespaces(options);
  const operator = new Operator(
    {
      controllerId: options.controllerId,
      scope: { allowed: workloads, denied },
      namespaces: cluster.mayListNamespaces ? undefined : [...new Set([...namespaces.all, ...workloads])],
      secretSelectors: { label: selectors.secretLabel, field: selectors.secretField },
      configMapSelectors: { label: selectors.configMapLabel, field: selectors.configMapField },
      referenceScope: cluster.mayWatchReferences ? { allowed: references, denied } : undefined,
      mayWatchServices: cluster.mayWatchServices,
      mayWatchDaemonSets: cluster.mayWatchDaemonSets,
      bindings: gates.get("StatusForConfigurationResources") === true ? DEFAULT_BINDINGS : { writesPerSecond: 0 },
    },
    { connection, api, timers: systemTimers, random: Math.random, log, nowMs: Date.now },
  );
  const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
  const repairPolicy = options.repairPolicy as RepairPolicy;
  const events = cluster.mayWriteEvents ? new EventRecorder(api, log, hostname()) : undefined;
  const deps: ReconcilerDeps = {
    api,
    log,
    nowMs: Date.now,
    references: operator.references,
    seen: operator.seen,
    sets: new SetKeeper({ api, log, wait, rights: cluster.rights, repairPolicy }),
    bindings: operator.bindings,
    settings: { labels, annotations },
    onRejected: (object, message) =>
      events?.warn(object, "SelectingConfigurationResources", "InvalidConfiguration", message),
  };
  new Assembly(options, cluster, operator, deps).addAll();
  return operator;
}

class Assembly {
  readonly #options: OperatorOptions;
  readonly #cluster: Cluster;
  readonly #operator: Operator;
  readonly #deps: ReconcilerDeps;

  constructor(options: OperatorOptions, cluster: Cluster, operator: Operator, deps: ReconcilerDeps) {
    this.#options = options;
    this.#cluster = cluster;
    this.#operator = operator;
    this.#deps = deps;
  }

  addAll(): void {
    const { namespaces, selectors } = this.#options;
    const { namespaces: namespaceCache, statefulSets, daemonSets } = this.#operator;
    const monitors = {
      serviceMonitors: this.#optional(RESOURCES.SERVICE_MONITOR, namespaces.all),
      podMonitors: this.#optional(RESOURCES.POD_MONITOR, namespaces.all),
      probes: this.#optional(RESOURCES.PROBE, namespaces.all),
      scrapeConfigs: this.#optional(RESOURCES.SCRAPE_CONFIG, namespaces.all),
      rules: this.#optional(RESOURCES.PROMETHEUS_RULE, namespaces.all),
    };
    const jobTexts = new JobTexts();
    for (const isAgent of [false, true]) {
      const resource = isAgent ? RESOURCES.PROMETHEUS_AGENT : RESOURCES.PROMETHEUS;
      if (!this.#cluster.has(resource)) continue;
      const settings = { ...this.#deps.settings, ...this.#prometheusSettings() };
      const kind = new PrometheusKind(isAgent, {
        ...this.#deps,
        settings,
        jobTexts,
        builders: prometheusBuilders(isAgent, this.#options, settings.config),
        caches: {
          prometheuses: this.#cache(resource, namespaces.prometheus, selectors.prometheus),
          ...cachesOf(monitors),
          namespaces: namespaceCache,
          statefulSets,
          daemonSets,
        },
      });
      const { rules, ...scraped } = monitors;
      this.#add(kind, isAgent ? scraped : { ...scraped, rules }, namespaces.prometheus, selectors.prometheus);
    }
    if (this.#cluster.has(RESOURCES.ALERTMANAGER)) {
      const configs = this.#optional(RESOURCES.ALERTMANAGER_CONFIG, namespaces.alertmanagerConfig);
      const alertmanagers = this.#cache(RESOURCES.ALERTMANAGER, namespaces.alertmanager, selectors.alertmanager);
      const kind = new AlertmanagerKind({
        ...this.#deps,
        builders: alertmanagerBuilders(this.#options),
        caches: { alertmanagers, configs: configs?.cache, namespaces: namespaceCache, statefulSets },
      });
      this.#add(kind, { configs }, namespaces.alertmanager, selectors.alertmanager);
    }
    if (this.#cluster.has(RESOURCES.THANOS_RULER)) {
      const rulers = this.#cache(RESOURCES.THANOS_RULER, namespaces.thanosRuler, selectors.thanosRuler);
      const { rules } = monitors;
      const kind = new ThanosRulerKind({
        ...this.#deps,
        builders: thanosRulerBuilders(this.#options),
        caches: { rulers, rules: rules?.cache, namespaces: namespaceCache, statefulSets },
      });
      this.#add(kind, { rules }, namespaces.thanosRuler, selectors.thanosRuler);
    }
  }

  #prometheusSettings() {
    const { gates, disableUnmanagedConfiguration } = this.#options;
    return {
      hasDaemonSets: gates.get("PrometheusAgentDaemonSet") === true,
      disableUnmanagedConfiguration,
      config: {
        isEndpointSliceSupported: this.#cluster.hasEndpointSlices,
        hasTopologySharding: gates.get("PrometheusTopologySharding") === true,
        hasRetentionPolicies: gates.get("PrometheusShardRetentionPolicy") === true,
        hasPodTopologyLabels: this.#cluster.hasPodTopologyLabels,
      },
    };
  }

  /** The API server has checked objects by the custom resources' schemas: their types are what the caches are of. */
  #cache(of: Resource, allowed: readonly string[], labelSelector = "") {
    const { denied } = this.#options.namespaces;
    const plain = (object: KubernetesObject, before: unknown) =>
      keepSpec(withoutManagedFields(object), before) as never;
    return this.#operator.cache<never>(of, { scope: { allowed, denied }, labelSelector }, plain);
  }

  #optional(of: Resource, allowed: readonly string[]) {
    return this.#cluster.has(of) ? { of, cache: this.#cache(of, allowed) } : undefined;
  }

  #add<T extends WorkloadObject>(
    kind: WorkloadKind<T> & { selectors(object: T): ReturnType<Controller["selectors"]> },
    selected: Readonly<Record<string, Optional>>,
    allowed: readonly string[],
    labelSelector: string,
  ): void {
    this.#operator.add({
      resource: kind.of,
      objects: kind.objects as Controller["objects"],
      isComplete: allowed.length === 0 && labelSelector === "",
      selectors: (object) => kind.selectors(object as T),
      setsOf: (object) => kind.setsOf(object as T),
      selected: Object.values(selected).filter((each) => each !== undefined),
      reconciler: new WorkloadReconciler(kind, this.#deps),
    });
  }
}

type Optional = { readonly of: Resource; readonly cache: ResourceCache<never> } | undefined;

function cachesOf<K extends string>(of: Readonly<Record<K, Optional>>): Record<K, ResourceCache<never> | undefined> {
  const entries = Object.entries<Optional>(of).map(([name, each]) => [name, each?.cache] as const);
  return Object.fromEntries(entries) as Record<K, ResourceCache<never> | undefined>;
}

/** Who wrote which field is half of an object, and nobody asks. A write that leaves it out leaves it as it is. */
function withoutManagedFields(object: KubernetesObject): KubernetesObject {
  const { managedFields: _, ...metadata } = object.metadata as KubernetesObject["metadata"] & {
    readonly managedFields?: unknown;
  };
  return { ...object, metadata };
}

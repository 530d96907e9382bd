/**
 * One Prometheus or PrometheusAgent: what it selects, its configuration, its Secrets and ConfigMaps, its StatefulSets, its status.
 * Everything is derived from the caches at each run, so running it twice changes nothing.
 */
import type { Logger } from "../../base/index.js";
import type { KubernetesApi, StoredObject } from "../../kubernetes/index.js";
import { invalid } from "../generate/invalid.js";
import {
  checkPodMonitor,
  checkProbe,
  checkScrapeConfig,
  checkServiceMonitor,
} from "../generate/prometheus/check-monitors.js";
import { checkWorkload } from "../generate/prometheus/check-workload.js";
import { agentConfig, type ConfigInput, type Extras, serverConfig } from "../generate/prometheus/config.js";
import { type ConfigOptions, contextOf } from "../generate/prometheus/context.js";
import { AssetStore } from "../generate/store.js";
import { prometheusNames } from "../generate/workload/prometheus-names.js";
import { SIDECAR_CLIENT_FILES } from "../generate/workload/thanos-sidecar.js";
import type { Json } from "../kube-object.js";
import type {
  KeySelector,
  LabelSelector,
  PodMonitor,
  Probe,
  Prometheus,
  PrometheusAgent,
  PrometheusRule,
  ScrapeConfig,
  ServiceMonitor,
} from "../schema/generated/types.js";
import { applyObject, createWorkload, type DesiredObject, replaceWorkload } from "./apply.js";
import { type BoundObject, bind, unbind, type Workload } from "./bindings.js";
import type { ResourceCache } from "./cache.js";
import type { RegardedObject } from "./events.js";
import { gzip, type OwnedOptions, ownedMetadata, secretOf, splitAssets, splitRules, yamlOf } from "./owned.js";
import { addReferences, fetchReferences, type References } from "./references.js";
import {
  CONFIG_MAP,
  collectionPath,
  objectPath,
  POD_MONITOR,
  PROBE,
  PROMETHEUS,
  PROMETHEUS_AGENT,
  PROMETHEUS_RULE,
  type Resource,
  SCRAPE_CONFIG,
  SECRET,
  SERVICE,
  SERVICE_MONITOR,
  STATEFUL_SET,
} from "./resources.js";
import {
  accepted,
  judge,
  keyOfObject,
  type NamespaceObject,
  namespacesOf,
  type Selected,
  selectObjects,
} from "./selection.js";
import { type Condition, condition, isSameStatus, type SetState, stateOfSet, sumOf, worstOf } from "./status.js";
import { addTlsAssets } from "./tls-assets.js";

type AnyPrometheus = Prometheus & PrometheusAgent;

export interface PrometheusCaches {
  readonly prometheuses: ResourceCache<AnyPrometheus>;
  // Each undefined where the cluster does not have the kind.
  readonly serviceMonitors: ResourceCache<ServiceMonitor> | undefined;
  readonly podMonitors: ResourceCache<PodMonitor> | undefined;
  readonly probes: ResourceCache<Probe> | undefined;
  readonly scrapeConfigs: ResourceCache<ScrapeConfig> | undefined;
  readonly rules: ResourceCache<PrometheusRule> | undefined;
  readonly namespaces: ResourceCache<NamespaceObject>;
  readonly statefulSets: ResourceCache<StoredObject>;
}

/** The pure builders that are not of this file. */
export interface PrometheusBuilders {
  /** @throws InvalidConfigurationError */
  ruleFile(rule: PrometheusRule, prometheus: AnyPrometheus): string;
  webConfig(prometheus: AnyPrometheus): Json | undefined;
  statefulSet(
    prometheus: AnyPrometheus,
    input: {
      readonly name: string;
      readonly shard: number;
      readonly ruleConfigMaps: readonly string[];
      readonly tlsSecretCount: number;
      readonly inputHash: string;
    },
  ): DesiredObject;
  /** Undefined if the object names one of the user's own. */
  governingService(prometheus: AnyPrometheus): DesiredObject | undefined;
  /** Of all that a StatefulSet is built from, and of what it is now. */
  inputHash(inputs: readonly unknown[]): string;
}

export interface PrometheusSettings extends OwnedOptions {
  readonly config: ConfigOptions;
  readonly disableUnmanagedConfiguration: boolean;
  readonly hasBindings: boolean;
}

export interface PrometheusDeps {
  readonly api: KubernetesApi;
  readonly caches: PrometheusCaches;
  readonly builders: PrometheusBuilders;
  readonly settings: PrometheusSettings;
  readonly log: Logger;
  readonly nowMs: () => number;
  readonly wait: (ms: number) => Promise<void>;
  readonly onRejected: (object: RegardedObject, message: string) => void;
}

interface Reconciliation {
  readonly error: string | undefined;
  readonly note: { readonly reason: string; readonly message: string } | undefined;
}

interface Everything {
  readonly serviceMonitors: readonly Selected<ServiceMonitor>[];
  readonly podMonitors: readonly Selected<PodMonitor>[];
  readonly probes: readonly Selected<Probe>[];
  readonly scrapeConfigs: readonly Selected<ScrapeConfig>[];
  readonly rules: readonly Selected<PrometheusRule>[];
  readonly ruleFiles: Readonly<Record<string, string>>;
}

/** Names that ConfigMaps with rules may get: those that are not there yet are mounted too, so that pods need no restart. */
const RULE_CONFIG_MAPS_MIN = 3;

export class PrometheusReconciler {
  readonly #of: Resource;
  readonly #isAgent: boolean;
  readonly #deps: PrometheusDeps;
  readonly #outcomes = new Map<string, Reconciliation>();
  /** What each object referred to when it was reconciled last: a change of one of them concerns it. */
  readonly #references = new Map<string, References>();
  /** `plural/namespace/name` of what each object was bound to when it was reconciled last. */
  readonly #bound = new Map<string, ReadonlySet<string>>();

  constructor(isAgent: boolean, deps: PrometheusDeps) {
    this.#isAgent = isAgent;
    this.#of = isAgent ? PROMETHEUS_AGENT : PROMETHEUS;
    this.#deps = deps;
  }

  static namespaceSelectors({ spec = {} }: AnyPrometheus): readonly (LabelSelector | undefined)[] {
    const { ruleNamespaceSelector } = spec as NonNullable<Prometheus["spec"]>;
    return [
      spec.serviceMonitorNamespaceSelector,
      spec.podMonitorNamespaceSelector,
      spec.probeNamespaceSelector,
      spec.scrapeConfigNamespaceSelector,
      ruleNamespaceSelector,
    ];
  }

  /** Whether the object's configuration was made from this Secret or ConfigMap. */
  refersTo(key: string, kind: "Secret" | "ConfigMap", name: string): boolean {
    const references = this.#references.get(key);
    return (kind === "Secret" ? references?.secrets : references?.configMaps)?.has(name) ?? false;
  }

  /** @throws what kept it from being done; the status tells it too. */
  async reconcile(key: string): Promise<void> {
    const { log } = this.#deps;
    const object = this.#object(key);
    if (object === undefined || object.metadata?.deletionTimestamp !== undefined) {
      this.#outcomes.delete(key);
      this.#references.delete(key);
      await this.#releaseAll(key);
      return;
    }
    if (object.spec?.paused === true) {
      log.info("No action taken: the object is paused", { kind: this.#of.kind, key });
      return;
    }
    let error: unknown;
    let note: Reconciliation["note"];
    try {
      note = await this.#sync(key, object);
    } catch (caught) {
      error = caught;
    }
    this.#outcomes.set(key, { error: error === undefined ? undefined : messageOf(error), note });
    await this.updateStatus(key);
    if (error !== undefined) throw error;
  }

  /** Items of some lists name no kind. */
  #object(key: string): AnyPrometheus | undefined {
    const object = this.#deps.caches.prometheuses.get(key);
    const { apiVersion, kind } = this.#of;
    return object === undefined ? undefined : { ...object, apiVersion, kind };
  }

  async #sync(key: string, object: AnyPrometheus): Promise<Reconciliation["note"]> {
    const { api, settings } = this.#deps;
    const prefix = `${this.#isAgent ? "prom-agent" : "prometheus"}-${object.metadata?.name ?? ""}`;
    const assets = new AssetStore();
    const found = await this.#select(key, object, assets);
    const isUnmanaged = this.#isUnmanaged(object);
    const ruleConfigMaps = this.#isAgent ? [] : await this.#applyRules(object, prefix, found.ruleFiles);
    if (isUnmanaged) await this.#createEmptySecret(object, prefix);
    else await this.#applyConfiguration(object, prefix, found, assets, ruleConfigMaps);
    const tlsSecretCount = await this.#applyTlsAssets(object, prefix, found, assets);
    // Mounted always, so it is there even where there is nothing to say.
    const web = this.#deps.builders.webConfig(object);
    const metadata = ownedMetadata(this.#of, object, `${prefix}-web-config`, settings);
    const content = Buffer.from(web === undefined ? "" : yamlOf(web));
    await applyObject(api, SECRET, secretOf(metadata, { "web-config.yaml": content }));
    if (!this.#isAgent) {
      const { sidecarClientSecret } = prometheusNames("server", object.metadata?.name ?? "");
      const files = Object.entries(SIDECAR_CLIENT_FILES).map(([file, text]) => [file, Buffer.from(text)]);
      const named = ownedMetadata(this.#of, object, sidecarClientSecret, settings);
      await applyObject(api, SECRET, secretOf(named, Object.fromEntries(files)));
    }
    const service = this.#deps.builders.governingService(object);
    if (service !== undefined) await applyObject(api, SERVICE, service);
    await this.#applySets(object, prefix, ruleConfigMaps, tlsSecretCount);
    if (settings.hasBindings) await this.#bindAll(key, found);
    if (isUnmanaged) {
      const message = "the configuration is not managed: no selector is set";
      return { reason: "ConfigurationUnmanaged", message };
    }
    const count =
      found.serviceMonitors.length +
      found.podMonitors.length +
      found.probes.length +
      found.scrapeConfigs.length +
      found.rules.length;
    return count === 0
      ? { reason: "NoSelectedResources", message: "no monitor, probe, scrape configuration or rule is selected" }
      : undefined;
  }

  #isUnmanaged({ spec = {} }: AnyPrometheus): boolean {
    const { serviceMonitorSelector, podMonitorSelector, probeSelector, scrapeConfigSelector } = spec;
    const selectors = [serviceMonitorSelector, podMonitorSelector, probeSelector, scrapeConfigSelector];
    return !this.#deps.settings.disableUnmanagedConfiguration && selectors.every((selector) => selector === undefined);
  }

  // ── selection ──────────────────────────────────────────────────────────────────────────────────────────────────

  async #select(key: string, object: AnyPrometheus, assets: AssetStore): Promise<Everything> {
    const { caches, settings, builders } = this.#deps;
    const spec = object.spec ?? {};
    const within = (selector: Parameters<typeof namespacesOf>[1]): ReadonlySet<string> =>
      namespacesOf(object, selector, caches.namespaces);
    const serviceMonitors = selectObjects(
      SERVICE_MONITOR,
      caches.serviceMonitors,
      spec.serviceMonitorSelector,
      within(spec.serviceMonitorNamespaceSelector),
    );
    const podMonitors = selectObjects(
      POD_MONITOR,
      caches.podMonitors,
      spec.podMonitorSelector,
      within(spec.podMonitorNamespaceSelector),
    );
    const probes = selectObjects(PROBE, caches.probes, spec.probeSelector, within(spec.probeNamespaceSelector));
    const scrapeConfigs = selectObjects(
      SCRAPE_CONFIG,
      caches.scrapeConfigs,
      spec.scrapeConfigSelector,
      within(spec.scrapeConfigNamespaceSelector),
    );
    const { ruleSelector, ruleNamespaceSelector } = object.spec as Prometheus["spec"] & {};
    const rules = this.#isAgent
      ? []
      : selectObjects(PROMETHEUS_RULE, caches.rules, ruleSelector, within(ruleNamespaceSelector));

    const references: References = { secrets: new Set(), configMaps: new Set() };
    addReferences(references, object.metadata?.namespace ?? "", object.spec);
    for (const each of [...serviceMonitors, ...podMonitors, ...probes, ...scrapeConfigs]) {
      addReferences(references, each.metadata?.namespace ?? "", each.spec);
    }
    this.#references.set(key, references);
    await fetchReferences(this.#deps.api, references, assets);

    const context = contextOf(object, settings.config);
    checkWorkload(context, assets);
    const ruleFiles: Record<string, string> = {};
    const judgedRules = judge(rules, (rule) => {
      const { namespace, name, uid } = rule.metadata ?? {};
      ruleFiles[`${namespace}-${name}-${uid}.yaml`] = builders.ruleFile(rule, object);
    });
    const found: Everything = {
      serviceMonitors: judge(serviceMonitors, (each) => checkServiceMonitor(context, each, assets)),
      podMonitors: judge(podMonitors, (each) => checkPodMonitor(context, each, assets)),
      probes: judge(probes, (each) => checkProbe(context, each, assets)),
      scrapeConfigs: judge(scrapeConfigs, (each) => checkScrapeConfig(context, each, assets)),
      rules: judgedRules,
      ruleFiles,
    };
    this.#tellRejections(found);
    return found;
  }

  #tellRejections(found: Everything): void {
    for (const [of, _, selected] of this.#boundKinds(found)) {
      for (const { object, rejection } of selected) {
        if (rejection === undefined) continue;
        const key = keyOfObject(object);
        this.#deps.log.warn("An object is not used: its configuration is invalid", { object: key, err: rejection });
        const message = `"${key}" was rejected due to invalid configuration: ${rejection}`;
        this.#deps.onRejected({ apiVersion: of.apiVersion, kind: of.kind, ...object }, message);
      }
    }
  }

  // ── owned objects ──────────────────────────────────────────────────────────────────────────────────────────────

  async #applyConfiguration(
    object: AnyPrometheus,
    prefix: string,
    found: Everything,
    assets: AssetStore,
    ruleConfigMaps: readonly string[],
  ): Promise<void> {
    const { api, settings } = this.#deps;
    const input: ConfigInput = {
      selection: {
        serviceMonitors: accepted(found.serviceMonitors),
        podMonitors: accepted(found.podMonitors),
        probes: accepted(found.probes),
        scrapeConfigs: accepted(found.scrapeConfigs),
      },
      assets,
      extras: this.#extras(object, assets),
      options: settings.config,
      ruleConfigMaps,
    };
    const config = this.#isAgent ? agentConfig(object, input) : serverConfig(object, input);
    const metadata = ownedMetadata(this.#of, object, prefix, settings);
    await applyObject(api, SECRET, secretOf(metadata, { "prometheus.yaml.gz": gzip(yamlOf(config)) }));
  }

  #extras({ metadata, spec }: AnyPrometheus, assets: AssetStore): Extras {
    const store = assets.forNamespace(metadata?.namespace ?? "");
    const text = (selector: KeySelector | undefined, what: string): string | undefined => {
      if (selector === undefined) return undefined;
      const value = store.secret(selector);
      if (value !== undefined || selector.optional === true) return value;
      return invalid(`${what}: there is no key "${selector.key}" in Secret ${metadata?.namespace}/${selector.name}`);
    };
    const server = spec as Prometheus["spec"] & {};
    return {
      scrapeConfigs: text(spec?.additionalScrapeConfigs, "additionalScrapeConfigs"),
      ...(!this.#isAgent && {
        relabelConfigs: text(server.additionalAlertRelabelConfigs, "additionalAlertRelabelConfigs"),
        alertmanagerConfigs: text(server.additionalAlertManagerConfigs, "additionalAlertManagerConfigs"),
      }),
    };
  }

  /** Where users write the configuration themselves, they find an empty Secret to fill. */
  async #createEmptySecret(object: AnyPrometheus, prefix: string): Promise<void> {
    const { api, settings } = this.#deps;
    const namespace = object.metadata?.namespace ?? "";
    if ((await api.get(objectPath(SECRET, namespace, prefix))) !== undefined) return;
    const metadata = ownedMetadata(this.#of, object, prefix, settings);
    await applyObject(api, SECRET, secretOf(metadata, { "prometheus.yaml.gz": Buffer.alloc(0) }));
  }

  async #applyRules(
    object: AnyPrometheus,
    prefix: string,
    files: Readonly<Record<string, string>>,
  ): Promise<readonly string[]> {
    const { api, settings } = this.#deps;
    const namespace = object.metadata?.namespace ?? "";
    const name = object.metadata?.name ?? "";
    const parts = splitRules(files);
    const names = parts.map((_, i) => `${prefix}-rulefiles-${i}`);
    const labels = { "prometheus-name": name };
    // New ones first: no rule is missing at any moment.
    for (const [i, data] of parts.entries()) {
      await applyObject(api, CONFIG_MAP, {
        metadata: ownedMetadata(this.#of, object, names[i]!, settings, labels),
        data,
      });
    }
    const selector = `prometheus-name=${name},managed-by=prometheus-operator`;
    for (const { metadata } of await api.list(collectionPath(CONFIG_MAP, namespace), selector)) {
      if (metadata.name.startsWith(`${prefix}-rulefiles-`) && !names.includes(metadata.name)) {
        await api.delete(objectPath(CONFIG_MAP, namespace, metadata.name));
      }
    }
    for (let i = names.length; i < RULE_CONFIG_MAPS_MIN; i++) names.push(`${prefix}-rulefiles-${i}`);
    return names;
  }

  async #applyTlsAssets(object: AnyPrometheus, prefix: string, found: Everything, assets: AssetStore): Promise<number> {
    const { api, settings } = this.#deps;
    const namespace = object.metadata?.namespace ?? "";
    const files = new Map<string, Buffer>();
    addTlsAssets(files, assets, namespace, object.spec);
    for (const { object: each, rejection } of allOf(found)) {
      if (rejection === undefined) addTlsAssets(files, assets, each.metadata?.namespace ?? "", each);
    }
    const parts = splitAssets(Object.fromEntries(files));
    for (const [i, data] of parts.entries()) {
      const metadata = ownedMetadata(this.#of, object, `${prefix}-tls-assets-${i}`, settings);
      await applyObject(api, SECRET, secretOf(metadata, data));
    }
    for (let i = parts.length; await api.delete(objectPath(SECRET, namespace, `${prefix}-tls-assets-${i}`)); i++);
    return parts.length;
  }

  async #applySets(
    object: AnyPrometheus,
    prefix: string,
    ruleConfigMaps: readonly string[],
    tlsSecretCount: number,
  ): Promise<void> {
    const { api, caches, builders, wait, log } = this.#deps;
    const namespace = object.metadata?.namespace ?? "";
    const names = setNames(object, prefix);
    for (const [shard, name] of names.entries()) {
      const existing = caches.statefulSets.get(`${namespace}/${name}`);
      if (existing?.metadata.deletionTimestamp !== undefined) continue;
      const { labels, annotations, generation } = object.metadata ?? {};
      const inputs = [labels, annotations, generation, ruleConfigMaps, tlsSecretCount, existing?.["spec"]];
      const inputHash = builders.inputHash(inputs);
      const desired = builders.statefulSet(object, { name, shard, ruleConfigMaps, tlsSecretCount, inputHash });
      if (existing === undefined) {
        await createWorkload(api, STATEFUL_SET, desired);
        continue;
      }
      if (existing.metadata.annotations?.["prometheus-operator-input-hash"] === inputHash) continue;
      await replaceWorkload(api, STATEFUL_SET, existing, desired, wait, (reason) =>
        log.info("A StatefulSet is made anew, since a field of it cannot be changed", { name, err: reason }),
      );
    }
    await this.#removeOtherSets(object, names);
  }

  async #removeOtherSets(object: AnyPrometheus, names: readonly string[]): Promise<void> {
    const { api, caches } = this.#deps;
    const mode = this.#isAgent ? "agent" : "server";
    for (const { metadata } of caches.statefulSets.list()) {
      const { labels = {} } = metadata;
      const isOurs =
        metadata.namespace === object.metadata?.namespace &&
        labels["operator.prometheus.io/name"] === object.metadata?.name &&
        labels["operator.prometheus.io/mode"] === mode;
      if (!isOurs || names.includes(metadata.name) || metadata.deletionTimestamp !== undefined) continue;
      if ((object.spec as Prometheus["spec"] & {}).shardRetentionPolicy?.whenScaled === "Retain") continue;
      await api.delete(objectPath(STATEFUL_SET, metadata.namespace ?? "", metadata.name), "Foreground");
    }
  }

  // ── status ─────────────────────────────────────────────────────────────────────────────────────────────────────

  async updateStatus(key: string): Promise<void> {
    const { api, caches, nowMs } = this.#deps;
    const object = caches.prometheuses.get(key);
    if (object === undefined || object.metadata?.deletionTimestamp !== undefined) return;
    const namespace = object.metadata?.namespace ?? "";
    const name = object.metadata?.name ?? "";
    const prefix = `${this.#isAgent ? "prom-agent" : "prometheus"}-${name}`;
    const wanted = Math.max(0, object.spec?.replicas ?? 1);
    const states: SetState[] = [];
    for (const set of setNames(object, prefix)) {
      states.push(await stateOfSet(api, caches.statefulSets.get(`${namespace}/${set}`), `${namespace}/${set}`, wanted));
    }
    const generation = object.metadata?.generation ?? 0;
    const before = (object.status?.conditions ?? []) as readonly Partial<Condition>[];
    const { error, note } = this.#outcomes.get(key) ?? { error: undefined, note: undefined };
    const reconciled =
      error === undefined
        ? { status: "True", reason: note?.reason ?? "", message: note?.message ?? "" }
        : { status: "False", reason: "ReconciliationFailed", message: error };
    const conditions = [
      condition("Available", worstOf(states), generation, before, nowMs()),
      condition("Reconciled", reconciled, generation, before, nowMs()),
    ];
    const labels = { "app.kubernetes.io/instance": name, "app.kubernetes.io/managed-by": "prometheus-operator" };
    const own = this.#isAgent
      ? { "app.kubernetes.io/name": "prometheus-agent" }
      : { "app.kubernetes.io/name": "prometheus", prometheus: name };
    const selector = Object.entries({ ...labels, ...own, "operator.prometheus.io/name": name })
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([label, value]) => `${label}=${value}`)
      .join(",");
    const status = {
      ...sumOf(states),
      paused: object.spec?.paused ?? false,
      conditions,
      shardStatuses: states.map(({ status: _, reason: __, messages: ___, ...counts }, shard) => ({
        shardID: String(shard),
        ...counts,
      })),
      shards: object.spec?.shards ?? 1,
      selector,
    };
    if (isSameStatus(object.status, status)) return;
    const { apiVersion, kind } = this.#of;
    await api.applyStatus(objectPath(this.#of, namespace, name), {
      apiVersion,
      kind,
      metadata: { name, namespace },
      status,
    });
  }

  async #bindAll(key: string, found: Everything): Promise<void> {
    const { api, nowMs } = this.#deps;
    const workload = workloadOf(this.#of, key);
    const before = this.#bound.get(key);
    const bound = new Set<string>();
    this.#bound.set(key, bound);
    for (const [of, cache, selected] of this.#boundKinds(found)) {
      const keys = new Set<string>();
      for (const { object, rejection } of selected) {
        keys.add(keyOfObject(object));
        bound.add(`${of.plural}/${keyOfObject(object)}`);
        await bind(api, of, object as BoundObject, workload, rejection, nowMs());
      }
      for (const object of cache?.list() ?? []) {
        const name = keyOfObject(object);
        const isSure = before?.has(`${of.plural}/${name}`);
        if (!keys.has(name)) await unbind(api, of, object as BoundObject, workload, isSure);
      }
    }
  }

  /** The workload is gone: nothing says any more that it uses something. */
  async #releaseAll(key: string): Promise<void> {
    const { api, settings } = this.#deps;
    if (!settings.hasBindings) return;
    const bound = this.#bound.get(key);
    for (const [of, cache] of this.#boundKinds(undefined)) {
      for (const object of cache?.list() ?? []) {
        const isSure = bound?.has(`${of.plural}/${keyOfObject(object)}`);
        await unbind(api, of, object as BoundObject, workloadOf(this.#of, key), isSure);
      }
    }
    this.#bound.delete(key);
  }

  #boundKinds(found: Everything | undefined) {
    const { caches } = this.#deps;
    return [
      [SERVICE_MONITOR, caches.serviceMonitors, found?.serviceMonitors ?? []],
      [POD_MONITOR, caches.podMonitors, found?.podMonitors ?? []],
      [PROBE, caches.probes, found?.probes ?? []],
      [SCRAPE_CONFIG, caches.scrapeConfigs, found?.scrapeConfigs ?? []],
      [PROMETHEUS_RULE, this.#isAgent ? undefined : caches.rules, found?.rules ?? []],
    ] as const;
  }
}

type SelectedObject = ServiceMonitor | PodMonitor | Probe | ScrapeConfig | PrometheusRule;

function allOf(found: Everything): readonly Selected<SelectedObject>[] {
  return [...found.serviceMonitors, ...found.podMonitors, ...found.probes, ...found.scrapeConfigs, ...found.rules];
}

function workloadOf(of: Resource, key: string): Workload {
  const [namespace = "", name = ""] = key.split("/");
  return { group: "monitoring.coreos.com", resource: of.plural, namespace, name };
}

function setNames({ spec }: AnyPrometheus, prefix: string): string[] {
  const shards = Math.max(1, spec?.shards ?? 1);
  return Array.from({ length: shards }, (_, shard) => (shard === 0 ? prefix : `${prefix}-shard-${shard}`));
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

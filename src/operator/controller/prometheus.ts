/**
 * One Prometheus or PrometheusAgent: what it selects, its configuration, its Secrets and ConfigMaps, its StatefulSets, its status.
 * Everything is derived from the caches at each run, so running it twice changes nothing.
 */
import type { StoredObject } from "../../kubernetes/index.js";
import { invalid } from "../generate/invalid.js";
import {
  checkPodMonitor,
  checkProbe,
  checkScrapeConfig,
  checkServiceMonitor,
} from "../generate/prometheus/check-monitors.js";
import { checkWorkload } from "../generate/prometheus/check-workload.js";
import type { ConfigInput, Extras } from "../generate/prometheus/config.js";
import { type ConfigOptions, contextOf } from "../generate/prometheus/context.js";
import { AssetStore } from "../generate/store.js";
import { prometheusNames } from "../generate/workload/prometheus-names.js";
import { SIDECAR_CLIENT_FILES } from "../generate/workload/thanos-sidecar.js";
import type { Json } from "../kube-object.js";
import type {
  KeySelector,
  PodMonitor,
  Probe,
  Prometheus,
  PrometheusAgent,
  PrometheusRule,
  ScrapeConfig,
  ServiceMonitor,
} from "../schema/generated/types.js";
import { applyObject, type DesiredObject } from "./apply.js";
import type { ResourceCache } from "./cache.js";
import type { JobTexts } from "./config-text.js";
import type { NamespaceView } from "./namespaces.js";
import { type OwnedObjects, type OwnedOptions, yamlOf } from "./owned.js";
import {
  type Note,
  podLabels,
  type ReconcilerDeps,
  type SetOf,
  selectorText,
  type WorkloadKind,
  workloadOf,
} from "./reconciler.js";
import { addReferences, isWithoutReferences, type References } from "./references.js";
import {
  DAEMON_SET,
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
  namespacesOf,
  type Selected,
  type Selectors,
  selectObjects,
} from "./selection.js";
import type { SetState } from "./status.js";
import { addTlsAssets, addWorkloadTlsAssets } from "./tls-assets.js";

type AnyPrometheus = Prometheus & PrometheusAgent;

export interface PrometheusCaches {
  readonly prometheuses: ResourceCache<AnyPrometheus>;
  // Each undefined where the cluster does not have the kind.
  readonly serviceMonitors: ResourceCache<ServiceMonitor> | undefined;
  readonly podMonitors: ResourceCache<PodMonitor> | undefined;
  readonly probes: ResourceCache<Probe> | undefined;
  readonly scrapeConfigs: ResourceCache<ScrapeConfig> | undefined;
  readonly rules: ResourceCache<PrometheusRule> | undefined;
  readonly namespaces: NamespaceView;
  readonly statefulSets: ResourceCache<StoredObject>;
  /** Undefined where they may not be watched. */
  readonly daemonSets: ResourceCache<StoredObject> | undefined;
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
  daemonSet(
    prometheus: AnyPrometheus,
    input: { readonly tlsSecretCount: number; readonly inputHash: string },
  ): DesiredObject;
  /** Undefined if the object names one of the user's own. */
  governingService(prometheus: AnyPrometheus): DesiredObject | undefined;
  /** Of all that a StatefulSet is built from, and of what it is now. */
  inputHash(inputs: readonly unknown[]): string;
}

export interface PrometheusSettings extends OwnedOptions {
  readonly config: ConfigOptions;
  readonly disableUnmanagedConfiguration: boolean;
  /** Feature gate PrometheusAgentDaemonSet. */
  readonly hasDaemonSets: boolean;
}

export interface PrometheusDeps extends ReconcilerDeps {
  readonly caches: PrometheusCaches;
  readonly builders: PrometheusBuilders;
  readonly settings: PrometheusSettings;
  readonly jobTexts: JobTexts;
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

/** What a Prometheus or PrometheusAgent comes to. */
export class PrometheusKind implements WorkloadKind<AnyPrometheus> {
  readonly of: Resource;
  readonly objects: ResourceCache<AnyPrometheus>;
  readonly #isAgent: boolean;
  readonly #deps: PrometheusDeps;

  constructor(isAgent: boolean, deps: PrometheusDeps) {
    this.#isAgent = isAgent;
    this.of = isAgent ? PROMETHEUS_AGENT : PROMETHEUS;
    this.objects = deps.caches.prometheuses;
    this.#deps = deps;
  }

  selectors({ spec = {} }: AnyPrometheus): Selectors {
    const { ruleSelector, ruleNamespaceSelector } = spec as NonNullable<Prometheus["spec"]>;
    return new Map([
      [
        SERVICE_MONITOR.plural,
        { labels: spec.serviceMonitorSelector, namespaces: spec.serviceMonitorNamespaceSelector },
      ],
      [POD_MONITOR.plural, { labels: spec.podMonitorSelector, namespaces: spec.podMonitorNamespaceSelector }],
      [PROBE.plural, { labels: spec.probeSelector, namespaces: spec.probeNamespaceSelector }],
      [SCRAPE_CONFIG.plural, { labels: spec.scrapeConfigSelector, namespaces: spec.scrapeConfigNamespaceSelector }],
      ...(this.#isAgent
        ? []
        : [[PROMETHEUS_RULE.plural, { labels: ruleSelector, namespaces: ruleNamespaceSelector }] as const]),
    ]);
  }

  async sync(
    key: string,
    object: AnyPrometheus,
    owned: OwnedObjects,
    references: References,
  ): Promise<Note | undefined> {
    const { api, builders, bindings } = this.#deps;
    const prefix = this.#prefix(object);
    const assets = new AssetStore();
    const found = await this.#select(object, assets, references);
    const isUnmanaged = this.#isUnmanaged(object);
    const ruleConfigMaps = this.#isAgent ? [] : await this.#applyRules(object, prefix, found.ruleFiles, owned);
    if (isUnmanaged) await this.#createEmptySecret(owned, prefix);
    else await this.#applyConfiguration(object, prefix, found, assets, ruleConfigMaps, owned);
    const tlsSecretCount = await owned.tlsAssets(prefix, this.#tlsFiles(object, found, assets));
    // Mounted always, so it is there even where there is nothing to say.
    const web = builders.webConfig(object);
    const content = Buffer.from(web === undefined ? "" : yamlOf(web));
    await owned.secret(`${prefix}-web-config`, { "web-config.yaml": content });
    if (!this.#isAgent) {
      const { sidecarClientSecret } = prometheusNames("server", object.metadata?.name ?? "");
      const files = Object.entries(SIDECAR_CLIENT_FILES).map(([file, text]) => [file, Buffer.from(text)]);
      await owned.secret(sidecarClientSecret, Object.fromEntries(files));
    }
    const service = this.#isDaemonSet(object) ? undefined : builders.governingService(object);
    if (service !== undefined) await applyObject(api, SERVICE, service);
    if (this.#isDaemonSet(object)) await this.#applyDaemonSet(object, prefix, tlsSecretCount);
    else await this.#applySets(object, prefix, ruleConfigMaps, tlsSecretCount);
    for (const [of, , selected] of this.#boundKinds(found)) {
      const verdicts = selected.map(({ object: each, rejection }) => [keyOfObject(each), rejection] as const);
      bindings.report(of, workloadOf(this.of, key), new Map(verdicts));
    }
    if (isUnmanaged) {
      const message = "the configuration is not managed: no selector is set";
      return { reason: "ConfigurationUnmanaged", message };
    }
    return allOf(found).length === 0
      ? { reason: "NoSelectedResources", message: "no monitor, probe, scrape configuration or rule is selected" }
      : undefined;
  }

  #prefix({ metadata }: AnyPrometheus): string {
    return `${this.#isAgent ? "prom-agent" : "prometheus"}-${metadata?.name ?? ""}`;
  }

  #configOptions(object: AnyPrometheus): ConfigOptions {
    return { ...this.#deps.settings.config, isDaemonSet: this.#isDaemonSet(object) };
  }

  #isDaemonSet({ spec }: AnyPrometheus): boolean {
    return this.#isAgent && (spec as PrometheusAgent["spec"])?.mode === "DaemonSet";
  }

  #isUnmanaged({ spec = {} }: AnyPrometheus): boolean {
    const { serviceMonitorSelector, podMonitorSelector, probeSelector, scrapeConfigSelector } = spec;
    const selectors = [serviceMonitorSelector, podMonitorSelector, probeSelector, scrapeConfigSelector];
    return !this.#deps.settings.disableUnmanagedConfiguration && selectors.every((selector) => selector === undefined);
  }

  // ── selection ──────────────────────────────────────────────────────────────────────────────────────────────────

  async #select(object: AnyPrometheus, assets: AssetStore, references: References): Promise<Everything> {
    const { caches, builders } = this.#deps;
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

    addReferences(references, object.metadata?.namespace ?? "", object.spec);
    for (const each of [...serviceMonitors, ...podMonitors, ...probes, ...scrapeConfigs]) {
      if (!isWithoutReferences(each)) addReferences(references, each.metadata?.namespace ?? "", each.spec);
    }
    await this.#deps.references.fetch(references, assets);

    const context = contextOf(object, this.#configOptions(object));
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
    owned: OwnedObjects,
  ): Promise<void> {
    const input: ConfigInput = {
      selection: {
        serviceMonitors: accepted(found.serviceMonitors),
        podMonitors: accepted(found.podMonitors),
        probes: accepted(found.probes),
        scrapeConfigs: accepted(found.scrapeConfigs),
      },
      assets,
      extras: this.#extras(object, assets),
      options: this.#configOptions(object),
      ruleConfigMaps,
    };
    const packed = this.#deps.jobTexts.packedConfig(object, this.#isAgent, input);
    await owned.secret(prefix, { "prometheus.yaml.gz": packed });
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
  async #createEmptySecret(owned: OwnedObjects, prefix: string): Promise<void> {
    if ((await this.#deps.api.get(objectPath(SECRET, owned.namespace, prefix))) !== undefined) return;
    await owned.secret(prefix, { "prometheus.yaml.gz": Buffer.alloc(0) });
  }

  async #applyRules(
    object: AnyPrometheus,
    prefix: string,
    files: Readonly<Record<string, string>>,
    owned: OwnedObjects,
  ): Promise<readonly string[]> {
    const names = await owned.rules(prefix, files, { "prometheus-name": object.metadata?.name ?? "" });
    for (let i = names.length; i < RULE_CONFIG_MAPS_MIN; i++) names.push(`${prefix}-rulefiles-${i}`);
    return names;
  }

  #tlsFiles(object: AnyPrometheus, found: Everything, assets: AssetStore): ReadonlyMap<string, Buffer> {
    const files = new Map<string, Buffer>();
    addWorkloadTlsAssets(files, assets, object.metadata?.namespace ?? "", object.spec);
    for (const { object: each, rejection } of allOf(found)) {
      if (rejection === undefined && !isWithoutReferences(each))
        addTlsAssets(files, assets, each.metadata?.namespace ?? "", each);
    }
    return files;
  }

  async #applySets(
    object: AnyPrometheus,
    prefix: string,
    ruleConfigMaps: readonly string[],
    tlsSecretCount: number,
  ): Promise<void> {
    const { caches, builders, sets } = this.#deps;
    const { namespace = "", labels, annotations, generation } = object.metadata ?? {};
    const names = setNames(object, prefix);
    const inputs = [labels, annotations, generation, ruleConfigMaps, tlsSecretCount];
    const { serviceName = "" } = object.spec ?? {};
    if (serviceName !== "") {
      const first = { name: prefix, shard: 0, ruleConfigMaps, tlsSecretCount, inputHash: "" };
      await sets.checkService(namespace, serviceName, podLabels(builders.statefulSet(object, first)));
    }
    for (const [shard, name] of names.entries()) {
      await sets.keep(
        STATEFUL_SET,
        caches.statefulSets,
        `${namespace}/${name}`,
        builders.inputHash,
        inputs,
        (inputHash) => builders.statefulSet(object, { name, shard, ruleConfigMaps, tlsSecretCount, inputHash }),
      );
    }
    await this.#removeOthers(object, STATEFUL_SET, caches.statefulSets, names);
    if (this.#isAgent) await this.#removeOthers(object, DAEMON_SET, caches.daemonSets, []);
  }

  async #applyDaemonSet(object: AnyPrometheus, prefix: string, tlsSecretCount: number): Promise<void> {
    const { caches, builders, settings, sets } = this.#deps;
    if (!settings.hasDaemonSets) invalid("mode DaemonSet needs the feature gate PrometheusAgentDaemonSet");
    if (caches.daemonSets === undefined) {
      invalid("mode DaemonSet needs rights for daemonsets.apps, which the operator does not have");
    }
    const { namespace = "", labels, annotations, generation } = object.metadata ?? {};
    const inputs = [labels, annotations, generation, tlsSecretCount];
    await sets.keep(DAEMON_SET, caches.daemonSets, `${namespace}/${prefix}`, builders.inputHash, inputs, (inputHash) =>
      builders.daemonSet(object, { tlsSecretCount, inputHash }),
    );
    await this.#removeOthers(object, STATEFUL_SET, caches.statefulSets, []);
  }

  async #removeOthers(
    object: AnyPrometheus,
    of: Resource,
    cache: ResourceCache<StoredObject> | undefined,
    names: readonly string[],
  ): Promise<void> {
    const mode = this.#isAgent ? "agent" : "server";
    for (const { metadata } of cache?.list() ?? []) {
      const { labels = {} } = metadata;
      const isOurs =
        metadata.namespace === object.metadata?.namespace &&
        labels["operator.prometheus.io/name"] === object.metadata?.name &&
        labels["operator.prometheus.io/mode"] === mode;
      if (!isOurs || names.includes(metadata.name) || metadata.deletionTimestamp !== undefined) continue;
      const { shardRetentionPolicy } = object.spec as Prometheus["spec"] & {};
      const isKept = of === STATEFUL_SET && names.length > 0 && shardRetentionPolicy?.whenScaled === "Retain";
      if (isKept) continue;
      await this.#deps.api.delete(objectPath(of, metadata.namespace ?? "", metadata.name), "Foreground");
    }
  }

  // ── status ─────────────────────────────────────────────────────────────────────────────────────────────────────

  setsOf(object: AnyPrometheus): readonly SetOf[] {
    const { caches } = this.#deps;
    const namespace = object.metadata?.namespace ?? "";
    const prefix = this.#prefix(object);
    if (this.#isDaemonSet(object)) {
      const key = `${namespace}/${prefix}`;
      return [{ kind: "DaemonSet", key, set: caches.daemonSets?.get(key) }];
    }
    return setNames(object, prefix).map((name) => {
      const key = `${namespace}/${name}`;
      return { kind: "StatefulSet", key, set: caches.statefulSets.get(key) };
    });
  }

  statusOf(object: AnyPrometheus, states: readonly SetState[]): object {
    const name = object.metadata?.name ?? "";
    const own = this.#isAgent
      ? { "app.kubernetes.io/name": "prometheus-agent" }
      : { "app.kubernetes.io/name": "prometheus", prometheus: name };
    return {
      shardStatuses: states.map(({ status: _, reason: __, messages: ___, ...counts }, shard) => ({
        shardID: String(shard),
        ...counts,
      })),
      shards: object.spec?.shards ?? 1,
      selector: selectorText({
        "app.kubernetes.io/instance": name,
        "app.kubernetes.io/managed-by": "prometheus-operator",
        ...own,
        "operator.prometheus.io/name": name,
      }),
    };
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

function setNames({ spec }: AnyPrometheus, prefix: string): string[] {
  const shards = Math.max(1, spec?.shards ?? 1);
  return Array.from({ length: shards }, (_, shard) => (shard === 0 ? prefix : `${prefix}-shard-${shard}`));
}

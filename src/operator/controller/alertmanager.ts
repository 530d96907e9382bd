/** One Alertmanager: its configuration from its Secret and the AlertmanagerConfigs that it selects, its StatefulSet, its status. */
import type { Logger } from "../../base/index.js";
import type { KubernetesApi, StoredObject } from "../../kubernetes/index.js";
import { checkAlertmanagerConfig } from "../generate/alertmanager/check.js";
import {
  addAlertmanagerConfigs,
  configFromResource,
  configFromText,
  encodeConfig,
  matcherStrategyOf,
} from "../generate/alertmanager/config.js";
import { DEFAULT_ALERTMANAGER_VERSION } from "../generate/defaults.js";
import { invalid } from "../generate/invalid.js";
import { AssetStore, type SecretObject } from "../generate/store.js";
import { Version } from "../generate/version.js";
import type { Json } from "../kube-object.js";
import type { Alertmanager, AlertmanagerConfig, LabelSelector } from "../schema/generated/types.js";
import { applyObject, createWorkload, type DesiredObject, replaceWorkload } from "./apply.js";
import { type BoundObject, bind, unbind, type Workload } from "./bindings.js";
import type { ResourceCache } from "./cache.js";
import { gzip, type OwnedOptions, ownedMetadata, secretOf, splitAssets, yamlOf } from "./owned.js";
import { addReferences, fetchReferences, type References } from "./references.js";
import { ALERTMANAGER, ALERTMANAGER_CONFIG, objectPath, SECRET, SERVICE, STATEFUL_SET } from "./resources.js";
import {
  accepted,
  judge,
  keyOfObject,
  type NamespaceObject,
  namespacesOf,
  type Selected,
  selectObjects,
} from "./selection.js";
import { type Condition, condition, isSameStatus, stateOfSet, sumOf, worstOf } from "./status.js";
import { addTlsAssets } from "./tls-assets.js";

export interface AlertmanagerCaches {
  readonly alertmanagers: ResourceCache<Alertmanager>;
  readonly configs: ResourceCache<AlertmanagerConfig> | undefined;
  readonly namespaces: ResourceCache<NamespaceObject>;
  readonly statefulSets: ResourceCache<StoredObject>;
}

export interface AlertmanagerBuilders {
  webConfig(alertmanager: Alertmanager): Json | undefined;
  clusterTlsConfig(alertmanager: Alertmanager): Json | undefined;
  statefulSet(
    alertmanager: Alertmanager,
    input: { readonly tlsSecretCount: number; readonly inputHash: string },
  ): DesiredObject;
  /** Undefined if the object names one of the user's own. */
  governingService(alertmanager: Alertmanager): DesiredObject | undefined;
  inputHash(inputs: readonly unknown[]): string;
}

export interface AlertmanagerDeps {
  readonly api: KubernetesApi;
  readonly caches: AlertmanagerCaches;
  readonly builders: AlertmanagerBuilders;
  readonly settings: OwnedOptions & { readonly hasBindings: boolean };
  readonly log: Logger;
  readonly nowMs: () => number;
  readonly wait: (ms: number) => Promise<void>;
}

/** Where users say nothing: everything is swallowed, but the process runs. */
const DEFAULT_CONFIG = "route:\n  receiver: 'null'\nreceivers:\n- name: 'null'";
const CONFIG_FILE = "alertmanager.yaml";
const TEMPLATES_FOLDER = "/etc/alertmanager/templates";

interface BaseConfig {
  readonly text: string;
  /** Templates and the like that lie beside it in the Secret. */
  readonly others: Readonly<Record<string, Buffer>>;
}

export class AlertmanagerReconciler {
  readonly #deps: AlertmanagerDeps;
  readonly #errors = new Map<string, string>();
  readonly #references = new Map<string, References>();

  constructor(deps: AlertmanagerDeps) {
    this.#deps = deps;
  }

  static namespaceSelectors({ spec }: Alertmanager): readonly (LabelSelector | undefined)[] {
    return [spec?.alertmanagerConfigNamespaceSelector];
  }

  refersTo(key: string, kind: "Secret" | "ConfigMap", name: string): boolean {
    const references = this.#references.get(key);
    return (kind === "Secret" ? references?.secrets : references?.configMaps)?.has(name) ?? false;
  }

  /** @throws what kept it from being done; the status tells it too. */
  async reconcile(key: string): Promise<void> {
    const { caches, log } = this.#deps;
    const found = caches.alertmanagers.get(key);
    const { apiVersion, kind } = ALERTMANAGER;
    const object = found === undefined ? undefined : { ...found, apiVersion, kind }; // items of some lists name no kind
    if (object === undefined || object.metadata?.deletionTimestamp !== undefined) {
      this.#errors.delete(key);
      this.#references.delete(key);
      if (this.#deps.settings.hasBindings) {
        for (const each of caches.configs?.list() ?? []) {
          await unbind(this.#deps.api, ALERTMANAGER_CONFIG, each as BoundObject, workloadOf(key));
        }
      }
      return;
    }
    if (object.spec?.paused === true) {
      log.info("No action taken: the object is paused", { kind: ALERTMANAGER.kind, key });
      return;
    }
    this.#errors.delete(key);
    try {
      await this.#sync(key, object);
    } catch (error) {
      this.#errors.set(key, error instanceof Error ? error.message : String(error));
      throw error;
    } finally {
      await this.updateStatus(key);
    }
  }

  async #sync(key: string, object: Alertmanager): Promise<void> {
    const { api, builders, settings } = this.#deps;
    const namespace = object.metadata?.namespace ?? "";
    const prefix = `alertmanager-${object.metadata?.name ?? ""}`;
    const assets = new AssetStore();
    const selected = await this.#select(key, object, assets);
    await this.#applyConfiguration(object, prefix, selected, assets);
    const tlsSecretCount = await this.#applyTlsAssets(object, prefix, selected, assets);
    for (const [name, file, content] of [
      [`${prefix}-web-config`, "web-config.yaml", builders.webConfig(object)],
      [`${prefix}-cluster-tls-config`, "cluster-tls-config.yaml", builders.clusterTlsConfig(object)],
    ] as const) {
      // Mounted always, so they are there even where there is nothing to say.
      const metadata = ownedMetadata(ALERTMANAGER, object, name, settings);
      await applyObject(
        api,
        SECRET,
        secretOf(metadata, { [file]: Buffer.from(content === undefined ? "" : yamlOf(content)) }),
      );
    }
    const service = builders.governingService(object);
    if (service !== undefined) await applyObject(api, SERVICE, service);
    await this.#applySet(object, namespace, prefix, tlsSecretCount);
    if (settings.hasBindings) await this.#bindAll(key, selected);
  }

  async #select(
    key: string,
    object: Alertmanager,
    assets: AssetStore,
  ): Promise<readonly Selected<AlertmanagerConfig>[]> {
    const { api, caches, log } = this.#deps;
    const spec = object.spec ?? {};
    const within = namespacesOf(object, spec.alertmanagerConfigNamespaceSelector, caches.namespaces);
    const configs = selectObjects(ALERTMANAGER_CONFIG, caches.configs, spec.alertmanagerConfigSelector, within);
    const references: References = { secrets: new Set(), configMaps: new Set() };
    const namespace = object.metadata?.namespace ?? "";
    addReferences(references, namespace, spec);
    references.secrets.add(`${namespace}/${configSecretName(object)}`);
    for (const each of configs) addReferences(references, each.metadata?.namespace ?? "", each.spec);
    const global = spec.alertmanagerConfiguration?.name;
    if (global !== undefined) addReferences(references, namespace, caches.configs?.get(`${namespace}/${global}`)?.spec);
    this.#references.set(key, references);
    await fetchReferences(api, references, assets);
    const version = versionOf(object);
    const selected = judge(configs, (config) =>
      checkAlertmanagerConfig(config, version, assets.forNamespace(config.metadata?.namespace ?? "")),
    );
    for (const { object: each, rejection } of selected) {
      if (rejection !== undefined) {
        log.warn("An object is not used: its configuration is invalid", { object: keyOfObject(each), err: rejection });
      }
    }
    return selected;
  }

  async #applyConfiguration(
    object: Alertmanager,
    prefix: string,
    selected: readonly Selected<AlertmanagerConfig>[],
    assets: AssetStore,
  ): Promise<void> {
    const { api, settings } = this.#deps;
    const { alertmanagerConfigSelector, alertmanagerConfiguration } = object.spec ?? {};
    const version = versionOf(object);
    let text: string;
    let others: BaseConfig["others"] = {};
    if (alertmanagerConfigSelector === undefined && alertmanagerConfiguration === undefined) {
      // The user's own configuration, as it is.
      ({ text, others } = await this.#baseConfig(object));
    } else {
      const base = alertmanagerConfiguration === undefined ? await this.#baseConfig(object) : undefined;
      const draft = base === undefined ? this.#globalConfig(object, version, assets) : configFromText(base.text);
      others = base?.others ?? {};
      addAlertmanagerConfigs(draft, accepted(selected), matcherStrategyOf(object), version, assets);
      text = yamlOf(encodeConfig(draft) as Json);
    }
    const metadata = ownedMetadata(ALERTMANAGER, object, `${prefix}-generated`, settings);
    await applyObject(api, SECRET, secretOf(metadata, { ...others, "alertmanager.yaml.gz": gzip(text) }));
  }

  #globalConfig(object: Alertmanager, version: Version, assets: AssetStore) {
    const { name = "", global, templates = [] } = object.spec?.alertmanagerConfiguration ?? {};
    const namespace = object.metadata?.namespace ?? "";
    const config = this.#deps.caches.configs?.get(`${namespace}/${name}`);
    if (config === undefined)
      return invalid(`alertmanagerConfiguration: there is no AlertmanagerConfig ${namespace}/${name}`);
    const draft = configFromResource(global, config, version, assets);
    const files = templates.flatMap(({ configMap, secret }) =>
      [configMap?.key, secret?.key].filter((key) => key !== undefined),
    );
    const known = (draft["templates"] ?? []) as readonly unknown[];
    if (files.length > 0) draft["templates"] = [...known, ...files.map((key) => `${TEMPLATES_FOLDER}/${key}`)];
    return draft;
  }

  async #baseConfig(object: Alertmanager): Promise<BaseConfig> {
    const secret = await this.#deps.api.get(
      objectPath(SECRET, object.metadata?.namespace ?? "", configSecretName(object)),
    );
    const { data = {} } = (secret ?? {}) as SecretObject;
    const decoded = Object.entries(data).map(([key, value]) => [key, Buffer.from(value, "base64")] as const);
    const text = decoded.find(([key]) => key === CONFIG_FILE)?.[1].toString("utf8") ?? "";
    const others = Object.fromEntries(decoded.filter(([key]) => key !== CONFIG_FILE));
    return { text: text === "" ? DEFAULT_CONFIG : text, others };
  }

  async #applyTlsAssets(
    object: Alertmanager,
    prefix: string,
    selected: readonly Selected<AlertmanagerConfig>[],
    assets: AssetStore,
  ): Promise<number> {
    const { api, settings } = this.#deps;
    const namespace = object.metadata?.namespace ?? "";
    const files = new Map<string, Buffer>();
    addTlsAssets(files, assets, namespace, object.spec);
    for (const each of accepted(selected)) addTlsAssets(files, assets, each.metadata?.namespace ?? "", each);
    const parts = splitAssets(Object.fromEntries(files));
    for (const [i, data] of parts.entries()) {
      const metadata = ownedMetadata(ALERTMANAGER, object, `${prefix}-tls-assets-${i}`, settings);
      await applyObject(api, SECRET, secretOf(metadata, data));
    }
    for (let i = parts.length; await api.delete(objectPath(SECRET, namespace, `${prefix}-tls-assets-${i}`)); i++);
    return parts.length;
  }

  async #applySet(object: Alertmanager, namespace: string, name: string, tlsSecretCount: number): Promise<void> {
    const { api, caches, builders, wait, log } = this.#deps;
    const existing = caches.statefulSets.get(`${namespace}/${name}`);
    if (existing?.metadata.deletionTimestamp !== undefined) return;
    const { labels, annotations, generation } = object.metadata ?? {};
    const inputHash = builders.inputHash([labels, annotations, generation, tlsSecretCount, existing?.["spec"]]);
    const desired = builders.statefulSet(object, { tlsSecretCount, inputHash });
    if (existing === undefined) await createWorkload(api, STATEFUL_SET, desired);
    else if (existing.metadata.annotations?.["prometheus-operator-input-hash"] !== inputHash) {
      await replaceWorkload(api, STATEFUL_SET, existing, desired, wait, (reason) =>
        log.info("A StatefulSet is made anew, since a field of it cannot be changed", { name, err: reason }),
      );
    }
  }

  async #bindAll(key: string, selected: readonly Selected<AlertmanagerConfig>[]): Promise<void> {
    const { api, caches, nowMs } = this.#deps;
    const keys = new Set<string>();
    for (const { object, rejection } of selected) {
      keys.add(keyOfObject(object));
      await bind(api, ALERTMANAGER_CONFIG, object as BoundObject, workloadOf(key), rejection, nowMs());
    }
    for (const object of caches.configs?.list() ?? []) {
      if (!keys.has(keyOfObject(object)))
        await unbind(api, ALERTMANAGER_CONFIG, object as BoundObject, workloadOf(key));
    }
  }

  async updateStatus(key: string): Promise<void> {
    const { api, caches, nowMs } = this.#deps;
    const object = caches.alertmanagers.get(key);
    if (object === undefined || object.metadata?.deletionTimestamp !== undefined) return;
    const namespace = object.metadata?.namespace ?? "";
    const name = object.metadata?.name ?? "";
    const set = `${namespace}/alertmanager-${name}`;
    const state = await stateOfSet(api, caches.statefulSets.get(set), set, Math.max(0, object.spec?.replicas ?? 1));
    const generation = object.metadata?.generation ?? 0;
    const before = (object.status?.conditions ?? []) as readonly Partial<Condition>[];
    const error = this.#errors.get(key);
    const reconciled =
      error === undefined
        ? { status: "True", reason: "", message: "" }
        : { status: "False", reason: "ReconciliationFailed", message: error };
    const status = {
      ...sumOf([state]),
      paused: object.spec?.paused ?? false,
      conditions: [
        condition("Available", worstOf([state]), generation, before, nowMs()),
        condition("Reconciled", reconciled, generation, before, nowMs()),
      ],
      selector: `alertmanager=${name},app.kubernetes.io/instance=${name},app.kubernetes.io/managed-by=prometheus-operator,app.kubernetes.io/name=alertmanager`,
    };
    if (isSameStatus(object.status, status)) return;
    const { apiVersion, kind } = ALERTMANAGER;
    await api.applyStatus(objectPath(ALERTMANAGER, namespace, name), {
      apiVersion,
      kind,
      metadata: { name, namespace },
      status,
    });
  }
}

function configSecretName({ metadata, spec }: Alertmanager): string {
  return spec?.configSecret !== undefined && spec.configSecret !== ""
    ? spec.configSecret
    : `alertmanager-${metadata?.name ?? ""}`;
}

function versionOf({ spec }: Alertmanager): Version {
  return Version.parse(
    spec?.version !== undefined && spec.version !== "" ? spec.version : DEFAULT_ALERTMANAGER_VERSION,
  );
}

function workloadOf(key: string): Workload {
  const [namespace = "", name = ""] = key.split("/");
  return { group: "monitoring.coreos.com", resource: ALERTMANAGER.plural, namespace, name };
}

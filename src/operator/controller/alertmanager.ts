/** One Alertmanager: its configuration from its Secret and the AlertmanagerConfigs that it selects, its StatefulSet, its status. */
import type { StoredObject } from "../../kubernetes/index.js";
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
import type { Alertmanager, AlertmanagerConfig } from "../schema/generated/types.js";
import { applyObject, type DesiredObject } from "./apply.js";
import type { ResourceCache } from "./cache.js";
import type { NamespaceView } from "./namespaces.js";
import { gzip, type OwnedObjects, yamlOf } from "./owned.js";
import {
  podLabels,
  type ReconcilerDeps,
  type SetOf,
  selectorText,
  type WorkloadKind,
  workloadOf,
} from "./reconciler.js";
import { addReferences, type References } from "./references.js";
import { ALERTMANAGER, ALERTMANAGER_CONFIG, objectPath, SECRET, SERVICE, STATEFUL_SET } from "./resources.js";
import {
  accepted,
  judge,
  keyOfObject,
  namespacesOf,
  type Selected,
  type Selectors,
  selectObjects,
} from "./selection.js";
import { addTlsAssets, addWorkloadTlsAssets } from "./tls-assets.js";

export interface AlertmanagerCaches {
  readonly alertmanagers: ResourceCache<Alertmanager>;
  readonly configs: ResourceCache<AlertmanagerConfig> | undefined;
  readonly namespaces: NamespaceView;
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

export interface AlertmanagerDeps extends ReconcilerDeps {
  readonly caches: AlertmanagerCaches;
  readonly builders: AlertmanagerBuilders;
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

/** What an Alertmanager comes to. */
export class AlertmanagerKind implements WorkloadKind<Alertmanager> {
  readonly of = ALERTMANAGER;
  readonly objects: ResourceCache<Alertmanager>;
  readonly #deps: AlertmanagerDeps;

  constructor(deps: AlertmanagerDeps) {
    this.#deps = deps;
    this.objects = deps.caches.alertmanagers;
  }

  selectors({ spec }: Alertmanager): Selectors {
    return new Map([
      [
        ALERTMANAGER_CONFIG.plural,
        {
          labels: spec?.alertmanagerConfigSelector,
          namespaces: spec?.alertmanagerConfigNamespaceSelector,
          name: spec?.alertmanagerConfiguration?.name,
        },
      ],
    ]);
  }

  async sync(key: string, object: Alertmanager, owned: OwnedObjects, references: References): Promise<undefined> {
    const { api, builders, bindings } = this.#deps;
    const prefix = `alertmanager-${object.metadata?.name ?? ""}`;
    const assets = new AssetStore();
    const selected = await this.#select(object, assets, references);
    await this.#applyConfiguration(object, prefix, selected, assets, owned);
    const tlsSecretCount = await owned.tlsAssets(prefix, tlsFiles(object, selected, assets));
    // Mounted always, so they are there even where there is nothing to say.
    const web = builders.webConfig(object);
    const cluster = builders.clusterTlsConfig(object);
    const bytes = (content: Json | undefined): Buffer => Buffer.from(content === undefined ? "" : yamlOf(content));
    await owned.secret(`${prefix}-web-config`, { "web-config.yaml": bytes(web) });
    await owned.secret(`${prefix}-cluster-tls-config`, { "cluster-tls-config.yaml": bytes(cluster) });
    const service = builders.governingService(object);
    if (service !== undefined) await applyObject(api, SERVICE, service);
    await this.#applySet(object, owned.namespace, prefix, tlsSecretCount);
    const verdicts = selected.map(({ object: each, rejection }) => [keyOfObject(each), rejection] as const);
    bindings.report(ALERTMANAGER_CONFIG, workloadOf(ALERTMANAGER, key), new Map(verdicts));
  }

  async #select(
    object: Alertmanager,
    assets: AssetStore,
    references: References,
  ): Promise<readonly Selected<AlertmanagerConfig>[]> {
    const { caches, log, onRejected } = this.#deps;
    const spec = object.spec ?? {};
    const within = namespacesOf(object, spec.alertmanagerConfigNamespaceSelector, caches.namespaces);
    const configs = selectObjects(ALERTMANAGER_CONFIG, caches.configs, spec.alertmanagerConfigSelector, within);
    const namespace = object.metadata?.namespace ?? "";
    addReferences(references, namespace, spec);
    references.secrets.add(`${namespace}/${configSecretName(object)}`);
    for (const each of configs) addReferences(references, each.metadata?.namespace ?? "", each.spec);
    const global = spec.alertmanagerConfiguration?.name;
    if (global !== undefined) addReferences(references, namespace, caches.configs?.get(`${namespace}/${global}`)?.spec);
    await this.#deps.references.fetch(references, assets);
    const version = versionOf(object);
    const selected = judge(configs, (config) =>
      checkAlertmanagerConfig(config, version, assets.forNamespace(config.metadata?.namespace ?? "")),
    );
    for (const { object: each, rejection } of selected) {
      if (rejection === undefined) continue;
      const key = keyOfObject(each);
      log.warn("An object is not used: its configuration is invalid", { object: key, err: rejection });
      onRejected(each, `"${key}" was rejected due to invalid configuration: ${rejection}`);
    }
    return selected;
  }

  async #applyConfiguration(
    object: Alertmanager,
    prefix: string,
    selected: readonly Selected<AlertmanagerConfig>[],
    assets: AssetStore,
    owned: OwnedObjects,
  ): Promise<void> {
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
    await owned.secret(`${prefix}-generated`, { ...others, "alertmanager.yaml.gz": gzip(text) });
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

  async #applySet(object: Alertmanager, namespace: string, name: string, tlsSecretCount: number): Promise<void> {
    const { caches, builders, sets } = this.#deps;
    const { labels, annotations, generation } = object.metadata ?? {};
    const make = (inputHash: string): DesiredObject => builders.statefulSet(object, { tlsSecretCount, inputHash });
    const { serviceName = "" } = object.spec ?? {};
    if (serviceName !== "") await sets.checkService(namespace, serviceName, podLabels(make("")));
    const inputs = [labels, annotations, generation, tlsSecretCount];
    await sets.keep(STATEFUL_SET, caches.statefulSets, `${namespace}/${name}`, builders.inputHash, inputs, make);
  }

  setsOf({ metadata }: Alertmanager): readonly SetOf[] {
    const key = `${metadata?.namespace ?? ""}/alertmanager-${metadata?.name ?? ""}`;
    return [{ kind: "StatefulSet", key, set: this.#deps.caches.statefulSets.get(key) }];
  }

  statusOf({ metadata }: Alertmanager): object {
    const name = metadata?.name ?? "";
    const selector = selectorText({
      alertmanager: name,
      "app.kubernetes.io/instance": name,
      "app.kubernetes.io/managed-by": "prometheus-operator",
      "app.kubernetes.io/name": "alertmanager",
    });
    return { selector };
  }
}

function tlsFiles(
  object: Alertmanager,
  selected: readonly Selected<AlertmanagerConfig>[],
  assets: AssetStore,
): ReadonlyMap<string, Buffer> {
  const files = new Map<string, Buffer>();
  addWorkloadTlsAssets(files, assets, object.metadata?.namespace ?? "", object.spec);
  for (const each of accepted(selected)) addTlsAssets(files, assets, each.metadata?.namespace ?? "", each);
  return files;
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

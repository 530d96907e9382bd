/** What a ThanosRuler comes to: rule files, the remote-write file, its StatefulSet. */
import type { StoredObject } from "../../kubernetes/index.js";
import { AssetStore } from "../generate/store.js";
import { thanosRemoteWrite } from "../generate/thanos/remote-write.js";
import { REMOTE_WRITE_KEY, thanosRulerNames } from "../generate/workload/thanos-ruler.js";
import type { Json } from "../kube-object.js";
import type { PrometheusRule, ThanosRuler } from "../schema/generated/types.js";
import { applyObject, type DesiredObject } from "./apply.js";
import type { ResourceCache } from "./cache.js";
import type { NamespaceView } from "./namespaces.js";
import { type OwnedObjects, yamlOf } from "./owned.js";
import { type Note, podLabels, type ReconcilerDeps, type SetOf, type WorkloadKind, workloadOf } from "./reconciler.js";
import { addReferences, type References } from "./references.js";
import { PROMETHEUS_RULE, SERVICE, STATEFUL_SET, THANOS_RULER } from "./resources.js";
import { judge, keyOfObject, namespacesOf, type Selectors, selectObjects } from "./selection.js";
import { addWorkloadTlsAssets } from "./tls-assets.js";

export interface ThanosRulerCaches {
  readonly rulers: ResourceCache<ThanosRuler>;
  readonly rules: ResourceCache<PrometheusRule> | undefined;
  readonly namespaces: NamespaceView;
  readonly statefulSets: ResourceCache<StoredObject>;
}

export interface ThanosRulerBuilders {
  /** @throws InvalidConfigurationError */
  ruleFile(rule: PrometheusRule, ruler: ThanosRuler): string;
  webConfig(ruler: ThanosRuler): Json | undefined;
  statefulSet(
    ruler: ThanosRuler,
    input: {
      readonly ruleConfigMaps: readonly string[];
      readonly tlsSecretCount: number;
      readonly inputHash: string;
    },
  ): DesiredObject;
  /** Undefined if the object names one of the user's own. */
  governingService(ruler: ThanosRuler): DesiredObject | undefined;
  inputHash(inputs: readonly unknown[]): string;
}

export interface ThanosRulerDeps extends ReconcilerDeps {
  readonly caches: ThanosRulerCaches;
  readonly builders: ThanosRulerBuilders;
}

export class ThanosRulerKind implements WorkloadKind<ThanosRuler> {
  readonly of = THANOS_RULER;
  readonly objects: ResourceCache<ThanosRuler>;
  readonly #deps: ThanosRulerDeps;

  constructor(deps: ThanosRulerDeps) {
    this.#deps = deps;
    this.objects = deps.caches.rulers;
  }

  selectors({ spec }: ThanosRuler): Selectors {
    return new Map([[PROMETHEUS_RULE.plural, { labels: spec?.ruleSelector, namespaces: spec?.ruleNamespaceSelector }]]);
  }

  async sync(key: string, object: ThanosRuler, owned: OwnedObjects, references: References): Promise<Note | undefined> {
    const { api, builders, bindings } = this.#deps;
    const name = object.metadata?.name ?? "";
    const names = thanosRulerNames(name);
    const assets = new AssetStore();
    addReferences(references, owned.namespace, object.spec);
    await this.#deps.references.fetch(references, assets);
    const { verdicts, files } = this.#judgeRules(object);
    const ruleConfigMaps = await owned.rules(names.prefixed, files, { "thanos-ruler-name": name });
    const remoteWrite = Buffer.from(yamlOf(thanosRemoteWrite(object, assets)));
    await owned.secret(names.configSecret, { [REMOTE_WRITE_KEY]: remoteWrite });
    const tlsFiles = new Map<string, Buffer>();
    addWorkloadTlsAssets(tlsFiles, assets, owned.namespace, object.spec);
    const tlsSecretCount = await owned.tlsAssets(names.prefixed, tlsFiles);
    const web = builders.webConfig(object);
    const content = Buffer.from(web === undefined ? "" : yamlOf(web));
    await owned.secret(names.webConfigSecret, { "web-config.yaml": content });
    const service = builders.governingService(object);
    if (service !== undefined) await applyObject(api, SERVICE, service);
    await this.#applySet(object, names.prefixed, ruleConfigMaps, tlsSecretCount);
    bindings.report(PROMETHEUS_RULE, workloadOf(THANOS_RULER, key), verdicts);
    return verdicts.size === 0 ? { reason: "NoSelectedResources", message: "no rule is selected" } : undefined;
  }

  #judgeRules(object: ThanosRuler) {
    const { caches, builders, log, onRejected } = this.#deps;
    const { ruleSelector, ruleNamespaceSelector } = object.spec ?? {};
    const within = namespacesOf(object, ruleNamespaceSelector, caches.namespaces);
    const files: Record<string, string> = {};
    const judged = judge(selectObjects(PROMETHEUS_RULE, caches.rules, ruleSelector, within), (rule) => {
      const { namespace, name, uid } = rule.metadata ?? {};
      files[`${namespace}-${name}-${uid}.yaml`] = builders.ruleFile(rule, object);
    });
    const verdicts = new Map<string, string | undefined>();
    for (const { object: rule, rejection } of judged) {
      const key = keyOfObject(rule);
      verdicts.set(key, rejection);
      if (rejection === undefined) continue;
      log.warn("An object is not used: its configuration is invalid", { object: key, err: rejection });
      onRejected(rule, `"${key}" was rejected due to invalid configuration: ${rejection}`);
    }
    return { verdicts, files };
  }

  async #applySet(
    object: ThanosRuler,
    name: string,
    ruleConfigMaps: readonly string[],
    tlsSecretCount: number,
  ): Promise<void> {
    const { caches, builders, sets } = this.#deps;
    const { namespace = "", labels, annotations, generation } = object.metadata ?? {};
    const make = (inputHash: string): DesiredObject =>
      builders.statefulSet(object, { ruleConfigMaps, tlsSecretCount, inputHash });
    const { serviceName = "" } = object.spec ?? {};
    if (serviceName !== "") await sets.checkService(namespace, serviceName, podLabels(make("")));
    const inputs = [labels, annotations, generation, ruleConfigMaps, tlsSecretCount];
    await sets.keep(STATEFUL_SET, caches.statefulSets, `${namespace}/${name}`, builders.inputHash, inputs, make);
  }

  setsOf({ metadata }: ThanosRuler): readonly SetOf[] {
    const key = `${metadata?.namespace ?? ""}/${thanosRulerNames(metadata?.name ?? "").prefixed}`;
    return [{ kind: "StatefulSet", key, set: this.#deps.caches.statefulSets.get(key) }];
  }

  statusOf(): object {
    return {};
  }
}

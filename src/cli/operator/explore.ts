/** What the cluster has, and what this account may do there. Each thing that is missing is named once, with what it is needed for. */
import type { Logger } from "../../base/index.js";
import type { KubernetesApi } from "../../kubernetes/index.js";
import { OPTIONAL_RESOURCES, RESOURCES, type Resource, type Rights } from "../../operator/controller/index.js";
import type { OperatorOptions } from "../operator-options.js";

/** First version whose API server puts topology labels on pods. */
const TOPOLOGY_LABELS_MINOR = 35;

export interface Cluster {
  /** Kinds that there are, and that may be watched. */
  has(of: Resource): boolean;
  readonly hasEndpointSlices: boolean;
  readonly hasPodTopologyLabels: boolean;
  readonly mayListNamespaces: boolean;
  readonly mayWatchServices: boolean;
  readonly mayWatchDaemonSets: boolean;
  readonly mayWatchReferences: boolean;
  readonly mayWriteEvents: boolean;
  readonly rights: Rights;
  /** Whether something that was missing has come: a kind that was installed, a right that was given. */
  hasMore(): Promise<boolean>;
}

interface Attributes {
  readonly group: string;
  readonly resource: string;
  readonly subresource?: string;
}

export async function exploreCluster(api: KubernetesApi, options: OperatorOptions, log: Logger): Promise<Cluster> {
  const version = await api.document("/version");
  const minor = Number.parseInt(String(version?.["minor"] ?? "0"), 10);
  log.info("connection established", { kubernetes_version: String(version?.["gitVersion"] ?? "unknown") });
  const explorer = new Explorer(api, options, log);
  const known = await explorer.kinds();
  const { namespaces } = options;
  const workloads = workloadNamespaces(options);
  const watch = ["list", "watch"];
  const pods = { group: "", resource: "pods" };
  const claims = { group: "", resource: "persistentvolumeclaims" };
  const needed = (what: Attributes, verbs: readonly string[], within: readonly string[], without: string) =>
    explorer.may(what, verbs, within, without);
  for (const resource of ["secrets", "configmaps"]) {
    await needed({ group: "", resource }, ["create", "update", "delete"], workloads, "workloads cannot be made");
  }
  await needed(
    { group: "apps", resource: "statefulsets" },
    [...watch, "create", "update", "delete"],
    workloads,
    "workloads cannot be made",
  );
  const services = { group: "", resource: "services" };
  await needed(services, ["get", "create", "update"], workloads, "pods get no names in the DNS");
  await needed(pods, ["list"], workloads, "the status of workloads cannot be told");
  const references = referenceNamespaces(options);
  const mayWatchSecrets = await needed({ group: "", resource: "secrets" }, watch, references, CHANGES_LATE);
  const mayWatchMaps = await needed({ group: "", resource: "configmaps" }, watch, references, CHANGES_LATE);
  return {
    hasMore: () => explorer.hasMore(),
    has: ({ root, plural }) => known.has(`${root}/${plural}`),
    hasEndpointSlices: await explorer.serves("/apis/discovery.k8s.io/v1", "endpointslices"),
    hasPodTopologyLabels: minor >= TOPOLOGY_LABELS_MINOR,
    mayListNamespaces: await needed(
      { group: "", resource: "namespaces" },
      watch,
      [],
      namespaces.all.length > 0 ? "the namespaces given by --namespaces are looked at now and then" : "nothing works",
    ),
    mayWatchServices: await needed(services, watch, workloads, "a Service that somebody changes is put back late"),
    mayWatchDaemonSets: await needed(
      { group: "apps", resource: OPTIONAL_RESOURCES.DAEMON_SET.plural },
      [...watch, "create", "update", "delete"],
      workloads,
      "agents cannot run as DaemonSets",
    ),
    mayWatchReferences: mayWatchSecrets && mayWatchMaps,
    mayWriteEvents: await needed(
      { group: "events.k8s.io", resource: "events" },
      ["create"],
      namespaces.all,
      "no events are written",
    ),
    rights: {
      mayPatchPods: await needed(pods, ["patch"], workloads, "pods see new configuration when the kubelet looks next"),
      mayGrowClaims: await needed(claims, ["list", "patch"], workloads, "claims do not grow with their object"),
    },
  };
}

const CHANGES_LATE = "changes of what objects refer to are seen late";

/** Where workloads live; empty for everywhere. */
export function workloadNamespaces({ namespaces }: OperatorOptions): readonly string[] {
  const all = [namespaces.prometheus, namespaces.alertmanager, namespaces.thanosRuler];
  return all.some((each) => each.length === 0) ? [] : [...new Set(all.flat())];
}

/** Where Secrets and ConfigMaps are watched: beside the workloads, or wherever monitors may refer to them. Empty for everywhere. */
export function referenceNamespaces(options: OperatorOptions): readonly string[] {
  const workloads = workloadNamespaces(options);
  const { all } = options.namespaces;
  if (!options.watchReferencesEverywhere) return workloads;
  return all.length === 0 || workloads.length === 0 ? [] : [...new Set([...all, ...workloads])];
}

class Explorer {
  readonly #api: KubernetesApi;
  readonly #options: OperatorOptions;
  readonly #log: Logger;
  readonly #told = new Set<string>();
  /** Each asks again for something that is missing. */
  readonly #missing: (() => Promise<boolean>)[] = [];

  constructor(api: KubernetesApi, options: OperatorOptions, log: Logger) {
    this.#api = api;
    this.#options = options;
    this.#log = log;
  }

  /** `root/plural` of the kinds that there are, and that may be watched where they are looked for. */
  async kinds(): Promise<ReadonlySet<string>> {
    const known = new Set<string>();
    for (const resource of Object.values(RESOURCES)) {
      const { root, plural, kind } = resource;
      if (!(await this.serves(root, plural))) {
        this.#log.warn("The cluster does not have this kind of object; it is left out until it has", { kind });
        this.#missing.push(() => this.#servesNow(root, plural));
        continue;
      }
      const attributes = { group: root.split("/")[2] ?? "", resource: plural };
      const without = "objects of this kind are left out";
      if (await this.may(attributes, ["list", "watch"], this.#namespacesOf(resource), without)) {
        known.add(`${root}/${plural}`);
      }
    }
    return known;
  }

  readonly #documents = new Map<string, ReadonlySet<string>>();

  async serves(root: string, plural: string): Promise<boolean> {
    const names = this.#documents.get(root) ?? (await this.#namesOf(root));
    this.#documents.set(root, names);
    return names.has(plural);
  }

  async #servesNow(root: string, plural: string): Promise<boolean> {
    return (await this.#namesOf(root)).has(plural);
  }

  async #namesOf(root: string): Promise<ReadonlySet<string>> {
    const document = await this.#api.document(root);
    const resources = (document?.["resources"] ?? []) as readonly { readonly name?: string }[];
    return new Set(resources.map(({ name = "" }) => name));
  }

  async hasMore(): Promise<boolean> {
    for (const ask of this.#missing) if (await ask()) return true;
    return false;
  }

  #namespacesOf({ kind }: Resource): readonly string[] {
    const { namespaces } = this.#options;
    if (kind === "Prometheus" || kind === "PrometheusAgent") return namespaces.prometheus;
    if (kind === "Alertmanager") return namespaces.alertmanager;
    if (kind === "ThanosRuler") return namespaces.thanosRuler;
    return kind === "AlertmanagerConfig" ? namespaces.alertmanagerConfig : namespaces.all;
  }

  /** @param namespaces  empty for all of the cluster. */
  async may(
    attributes: Attributes,
    verbs: readonly string[],
    namespaces: readonly string[],
    without: string,
  ): Promise<boolean> {
    const missing: { readonly verb: string; readonly namespace: string }[] = [];
    for (const namespace of namespaces.length === 0 ? [""] : namespaces) {
      for (const verb of verbs) {
        const within = namespace === "" ? {} : { namespace };
        if (!(await this.#api.isAllowed({ ...attributes, ...within, verb }))) missing.push({ verb, namespace });
      }
    }
    for (const { verb, namespace } of missing) {
      const resource = attributes.group === "" ? attributes.resource : `${attributes.resource}.${attributes.group}`;
      const id = `${verb} ${resource} ${namespace}`;
      if (this.#told.has(id)) continue;
      this.#told.add(id);
      this.#missing.push(() => this.#api.isAllowed({ ...attributes, ...(namespace !== "" && { namespace }), verb }));
      this.#log.warn("A right is missing", { verb, resource, ...(namespace !== "" && { namespace }), without });
    }
    return missing.length === 0;
  }
}

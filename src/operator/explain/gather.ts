/** Reads from cluster and servers what `explain` needs: a few requests for one object, no caches. */
import { type KubernetesApi, KubernetesError, type StoredObject } from "../../kubernetes/index.js";
import { addReferences, DEFAULT_REFERENCES, ReferenceReader, type References } from "../controller/references.js";
import {
  collectionPath,
  NAMESPACE,
  objectPath,
  POD,
  POD_MONITOR,
  PROBE,
  PROMETHEUS,
  PROMETHEUS_AGENT,
  type Resource,
  SCRAPE_CONFIG,
  SERVICE,
  SERVICE_MONITOR,
} from "../controller/resources.js";
import { reasonOf } from "../generate/invalid.js";
import {
  checkPodMonitor,
  checkProbe,
  checkScrapeConfig,
  checkServiceMonitor,
} from "../generate/prometheus/check-monitors.js";
import { contextOf, type PrometheusObject } from "../generate/prometheus/context.js";
import { AssetStore } from "../generate/store.js";
import type { LabelSelector } from "../schema/generated/types.js";
import {
  type ExplainedObject,
  type Explanation,
  explain,
  type FoundPod,
  type FoundService,
  type FoundSlice,
  type FoundTarget,
  type Selecting,
} from "./explain.js";

const ENDPOINT_SLICE: Resource = {
  root: "/apis/discovery.k8s.io/v1",
  plural: "endpointslices",
  kind: "EndpointSlice",
  apiVersion: "discovery.k8s.io/v1",
};

/** Asks a server's pod for a page. @throws Error with the reason where that fails. */
export type AskServer = (pod: StoredObject, workload: StoredObject, path: string) => Promise<string>;

interface Kind {
  readonly of: Resource;
  readonly labelsField: string;
  readonly namespacesField: string;
  readonly pool: string;
}

const KINDS: Readonly<Record<ExplainedObject["kind"], Kind>> = {
  ServiceMonitor: {
    of: SERVICE_MONITOR,
    labelsField: "serviceMonitorSelector",
    namespacesField: "serviceMonitorNamespaceSelector",
    pool: "serviceMonitor",
  },
  PodMonitor: {
    of: POD_MONITOR,
    labelsField: "podMonitorSelector",
    namespacesField: "podMonitorNamespaceSelector",
    pool: "podMonitor",
  },
  Probe: { of: PROBE, labelsField: "probeSelector", namespacesField: "probeNamespaceSelector", pool: "probe" },
  ScrapeConfig: {
    of: SCRAPE_CONFIG,
    labelsField: "scrapeConfigSelector",
    namespacesField: "scrapeConfigNamespaceSelector",
    pool: "scrapeConfig",
  },
};

/** By the names that people use for them. */
export function explainedKind(name: string): ExplainedObject["kind"] | undefined {
  const kinds = Object.keys(KINDS) as ExplainedObject["kind"][];
  const wanted = name.toLowerCase();
  if (wanted === "monitor") return "ServiceMonitor";
  return kinds.find((kind) => kind.toLowerCase() === wanted || KINDS[kind].of.plural === wanted);
}

/** Undefined if there is no such object. */
export async function explainObject(
  api: KubernetesApi,
  ask: AskServer,
  kind: ExplainedObject["kind"],
  namespace: string,
  name: string,
): Promise<Explanation | undefined> {
  const stored = await api.get(objectPath(KINDS[kind].of, namespace, name));
  if (stored === undefined) return undefined;
  const object = { ...stored, kind } as unknown as ExplainedObject;
  const namespaceObject = await readable(() => api.get(objectPath(NAMESPACE, "", namespace)));
  const assets = new AssetStore();
  const references: References = { secrets: new Set(), configMaps: new Set() };
  addReferences(references, namespace, object.spec);
  await new ReferenceReader(DEFAULT_REFERENCES, api, () => undefined).fetch(references, assets);
  const workloads: Selecting[] = [];
  for (const of of [PROMETHEUS, PROMETHEUS_AGENT]) {
    for (const workload of (await readable(() => api.list(collectionPath(of, "")))) ?? []) {
      workloads.push(await selecting(api, ask, of, workload, object, assets));
    }
  }
  const needsServices = kind === "ServiceMonitor";
  const needsPods = needsServices || kind === "PodMonitor";
  const all = async <T>(of: Resource, isNeeded: boolean) =>
    isNeeded ? ((await readable(() => api.list(collectionPath(of, "")))) as readonly T[] | undefined) : [];
  return explain(object, {
    workloads,
    namespaceLabels: namespaceObject?.metadata.labels,
    services: await all<FoundService>(SERVICE, needsServices),
    slices: await all<FoundSlice>(ENDPOINT_SLICE, needsServices),
    pods: await all<FoundPod>(POD, needsPods),
  });
}

/** Undefined for what is not there or may not be read. */
async function readable<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof KubernetesError && (error.status === 403 || error.status === 404)) return undefined;
    throw error;
  }
}

async function selecting(
  api: KubernetesApi,
  ask: AskServer,
  of: Resource,
  workload: StoredObject,
  object: ExplainedObject,
  assets: AssetStore,
): Promise<Selecting> {
  const { labelsField, namespacesField, pool } = KINDS[object.kind];
  const spec = (workload["spec"] ?? {}) as Readonly<Record<string, unknown>>;
  const { namespace = "", name } = workload.metadata;
  const targets = await targetsOf(
    api,
    ask,
    of,
    workload,
    `${pool}/${object.metadata.namespace}/${object.metadata.name}`,
  );
  return {
    kind: of.kind,
    namespace,
    name,
    labels: spec[labelsField] as LabelSelector | undefined,
    namespaces: spec[namespacesField] as LabelSelector | undefined,
    labelsField,
    namespacesField,
    rejection: reasonOf(() => check(workload as PrometheusObject, object, assets)),
    ...targets,
  };
}

function check(workload: PrometheusObject, object: ExplainedObject, assets: AssetStore): void {
  const context = contextOf(workload);
  const checks = {
    ServiceMonitor: checkServiceMonitor,
    PodMonitor: checkPodMonitor,
    Probe: checkProbe,
    ScrapeConfig: checkScrapeConfig,
  };
  // The API server has checked the object by its schema.
  checks[object.kind](context, object as never, assets);
}

interface TargetAnswer {
  readonly data?: {
    readonly activeTargets?: readonly {
      readonly scrapePool?: string;
      readonly scrapeUrl?: string;
      readonly health?: string;
      readonly lastError?: string;
    }[];
    readonly droppedTargets?: readonly { readonly scrapePool?: string }[];
    readonly droppedTargetCounts?: Readonly<Record<string, number>>;
  };
}

/** Of all shards, from the first replica of each that answers. */
async function targetsOf(
  api: KubernetesApi,
  ask: AskServer,
  of: Resource,
  workload: StoredObject,
  pool: string,
): Promise<Pick<Selecting, "targets" | "dropped" | "noAnswer">> {
  const { namespace = "", name } = workload.metadata;
  const application = of === PROMETHEUS ? "prometheus" : "prometheus-agent";
  const selector = `app.kubernetes.io/name=${application},app.kubernetes.io/instance=${name},app.kubernetes.io/managed-by=prometheus-operator`;
  const pods = await readable(() => api.list(collectionPath(POD, namespace), selector));
  if (pods === undefined) return { targets: undefined, dropped: 0, noAnswer: "its pods may not be listed" };
  const byShard = new Map<string, StoredObject[]>();
  for (const pod of pods) {
    const shard = pod.metadata.labels?.["operator.prometheus.io/shard"] ?? pod.metadata.name;
    byShard.set(shard, [...(byShard.get(shard) ?? []), pod]);
  }
  if (byShard.size === 0) return { targets: undefined, dropped: 0, noAnswer: "it has no pods" };
  const targets: FoundTarget[] = [];
  let dropped = 0;
  for (const replicas of byShard.values()) {
    const answer = await firstAnswer(replicas, (pod) => ask(pod, workload, "/api/v1/targets"));
    if (typeof answer === "string") return { targets: undefined, dropped: 0, noAnswer: answer };
    const { activeTargets = [], droppedTargetCounts = {} } = answer.data ?? {};
    const isOurs = (each: string): boolean => each === pool || each.startsWith(`${pool}/`);
    for (const { scrapePool = "", scrapeUrl = "", health = "unknown", lastError = "" } of activeTargets) {
      if (isOurs(scrapePool)) targets.push({ pool: scrapePool, url: scrapeUrl, health, lastError });
    }
    for (const [each, count] of Object.entries(droppedTargetCounts)) if (isOurs(each)) dropped += count;
  }
  return { targets, dropped };
}

/** The answer, or why there is none. */
async function firstAnswer(
  pods: readonly StoredObject[],
  ask: (pod: StoredObject) => Promise<string>,
): Promise<TargetAnswer | string> {
  let reason = "it has no pods";
  for (const pod of pods) {
    try {
      return JSON.parse(await ask(pod)) as TargetAnswer;
    } catch (error) {
      reason = error instanceof Error ? error.message : String(error);
    }
  }
  return reason;
}

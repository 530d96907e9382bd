/** Reads from cluster and servers what `explainRollout` needs: two requests, and one to each pod. */
import { type KubernetesApi, KubernetesError, type StoredObject } from "../../kubernetes/index.js";
import type { WorkloadView } from "../controller/overview.js";
import type { SetOf } from "../controller/reconciler.js";
import { collectionPath, objectPath, POD, SECRET } from "../controller/resources.js";
import { isPodReady } from "../controller/sets.js";
import type { Step } from "./explain.js";
import type { AskServer } from "./gather.js";
import { explainRollout, type LoadedConfig, type RolloutPod } from "./rollout.js";

/** Of a workload: more are not asked. */
const PODS_MAX = 50;

interface Kind {
  readonly secretOf: (name: string) => string;
  readonly loaded: (ask: (path: string) => Promise<string>) => Promise<LoadedConfig>;
}

const PROMETHEUS_LOADED: Kind["loaded"] = async (ask) => {
  const { data } = JSON.parse(await ask("/api/v1/status/runtimeinfo")) as {
    readonly data: { readonly reloadConfigSuccess: boolean; readonly lastConfigTime: string };
  };
  return { isLastReloadSuccessful: data.reloadConfigSuccess, atMs: Date.parse(data.lastConfigTime) };
};

const ALERTMANAGER_LOADED: Kind["loaded"] = async (ask) => {
  const text = await ask("/metrics");
  const numberOf = (name: string): number => {
    const found = new RegExp(`^alertmanager_config_last_reload_${name} (\\S+)`, "m").exec(text)?.[1];
    if (found === undefined) throw new Error("its metrics do not tell of its configuration");
    return Number(found);
  };
  return {
    isLastReloadSuccessful: numberOf("successful") === 1,
    atMs: numberOf("success_timestamp_seconds") * 1000,
  };
};

const KINDS: Readonly<Record<string, Kind>> = {
  Prometheus: { secretOf: (name) => `prometheus-${name}`, loaded: PROMETHEUS_LOADED },
  PrometheusAgent: { secretOf: (name) => `prom-agent-${name}`, loaded: PROMETHEUS_LOADED },
  Alertmanager: { secretOf: (name) => `alertmanager-${name}-generated`, loaded: ALERTMANAGER_LOADED },
};

/** @param object  the workload itself, whose specification says how its servers are reached. */
export async function gatherRollout(
  api: KubernetesApi,
  ask: AskServer,
  workload: WorkloadView,
  object: StoredObject,
  sets: readonly SetOf[],
): Promise<readonly Step[]> {
  const kind = KINDS[workload.kind];
  const secret = kind?.secretOf(workload.name);
  const stored = secret === undefined ? undefined : await api.get(objectPath(SECRET, workload.namespace, secret));
  return explainRollout({
    workload,
    secret,
    secretChangedMs: stored === undefined ? undefined : changedMs(stored),
    pods: await podsOf(api, ask, kind, object, sets),
  });
}

/** When any of its fields was written last. */
function changedMs({ metadata }: StoredObject): number {
  const fields = (metadata["managedFields"] ?? []) as readonly { readonly time?: string }[];
  const times = [...fields.map(({ time }) => time), metadata["creationTimestamp"] as string | undefined];
  return Math.max(...times.flatMap((time) => (time === undefined ? [] : [Date.parse(time)])));
}

async function podsOf(
  api: KubernetesApi,
  ask: AskServer,
  kind: Kind | undefined,
  object: StoredObject,
  sets: readonly SetOf[],
): Promise<readonly RolloutPod[] | undefined> {
  const found: Promise<RolloutPod>[] = [];
  for (const { set } of sets) {
    const { selector } = (set?.["spec"] ?? {}) as {
      readonly selector?: { readonly matchLabels?: Readonly<Record<string, string>> };
    };
    if (set === undefined || selector === undefined) continue;
    const text = Object.entries(selector.matchLabels ?? {}).map(([label, value]) => `${label}=${value}`);
    try {
      const pods = await api.list(collectionPath(POD, set.metadata.namespace ?? ""), text.join(","));
      for (const pod of pods.slice(0, PODS_MAX - found.length)) found.push(podOf(ask, kind, object, set, pod));
    } catch (error) {
      if (error instanceof KubernetesError && error.status === 403) return undefined;
      throw error;
    }
  }
  return Promise.all(found);
}

async function podOf(
  ask: AskServer,
  kind: Kind | undefined,
  object: StoredObject,
  set: StoredObject,
  pod: StoredObject,
): Promise<RolloutPod> {
  const { updateRevision } = (set["status"] ?? {}) as { readonly updateRevision?: string };
  const revision = pod.metadata.labels?.["controller-revision-hash"];
  const state = {
    name: pod.metadata.name,
    isReady: isPodReady(pod),
    isUpdated: updateRevision === undefined || revision === undefined ? undefined : revision === updateRevision,
  };
  if (kind === undefined) return { ...state, loaded: "this kind says nothing of its configuration" };
  try {
    return { ...state, loaded: await kind.loaded((path) => ask(pod, object, path)) };
  } catch (error) {
    return { ...state, loaded: error instanceof Error ? error.message : String(error) };
  }
}

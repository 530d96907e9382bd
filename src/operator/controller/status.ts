/**
 * The status of a workload object: how many pods are there, updated and ready, and the conditions `Available` (do they serve?) and
 * `Reconciled` (is what is wanted in force, and if not, why?).
 */
import type { KubernetesApi, StoredObject } from "../../kubernetes/index.js";
import { collectionPath, POD } from "./resources.js";

export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
  readonly observedGeneration: number;
  readonly lastTransitionTime: string;
}

export interface PodCounts {
  readonly replicas: number;
  readonly updatedReplicas: number;
  readonly availableReplicas: number;
  readonly unavailableReplicas: number;
}

/** The state of one set of pods. */
export interface SetState extends PodCounts {
  readonly status: "True" | "Degraded" | "False";
  readonly reason: string;
  readonly messages: readonly string[];
}

interface PodObject {
  readonly metadata: StoredObject["metadata"] & {
    readonly ownerReferences?: readonly { readonly kind?: string; readonly name?: string }[];
  };
  readonly status?: {
    readonly phase?: string;
    readonly conditions?: readonly { readonly type?: string; readonly status?: string; readonly message?: string }[];
  };
}

/** @param set  undefined where it does not exist (yet). */
export async function stateOfSet(
  api: KubernetesApi,
  of: "StatefulSet" | "DaemonSet",
  set: StoredObject | undefined,
  name: string,
  wanted: number,
): Promise<SetState> {
  const none = { replicas: 0, updatedReplicas: 0, availableReplicas: 0, unavailableReplicas: 0 };
  if (set === undefined) {
    return { ...none, status: "False", reason: `${of}NotFound`, messages: [`${of.toLowerCase()} ${name} not found`] };
  }
  if (of === "DaemonSet") return stateOfDaemonSet(set);
  const { selector } = (set["spec"] ?? {}) as {
    readonly selector?: { readonly matchLabels?: Readonly<Record<string, string>> };
  };
  const text = Object.entries(selector?.matchLabels ?? {})
    .map(([key, value]) => `${key}=${value}`)
    .join(",");
  const all = (await api.list(
    collectionPath(POD, set.metadata.namespace ?? ""),
    text,
  )) as unknown as readonly PodObject[];
  const pods = all.filter(({ metadata }) =>
    metadata.ownerReferences?.some(({ kind, name: owner }) => kind === "StatefulSet" && owner === set.metadata.name),
  );
  const { updateRevision } = (set["status"] ?? {}) as { readonly updateRevision?: string };
  const updated = pods.filter(({ metadata }) => metadata.labels?.["controller-revision-hash"] === updateRevision);
  const ready = pods.filter(isReady);
  const counts = {
    replicas: pods.length,
    updatedReplicas: updated.length,
    availableReplicas: ready.length,
    unavailableReplicas: pods.length - ready.length,
  };
  if (ready.length >= wanted) return { ...counts, status: "True", reason: "", messages: [] };
  const messages = pods.flatMap((pod) => {
    const message = messageOf(pod);
    return message === "" ? [] : [`pod ${pod.metadata.name}: ${message}`];
  });
  return ready.length > 0
    ? { ...counts, status: "Degraded", reason: "SomePodsNotReady", messages }
    : { ...counts, status: "False", reason: "NoPodReady", messages };
}

/** Its own status counts, since there may be a pod on each of thousands of nodes. */
function stateOfDaemonSet(set: StoredObject): SetState {
  const count = (name: string): number =>
    Number((set["status"] as Readonly<Record<string, unknown>> | undefined)?.[name] ?? 0);
  const wanted = count("desiredNumberScheduled");
  const available = count("numberAvailable");
  const counts = {
    replicas: wanted,
    updatedReplicas: count("updatedNumberScheduled"),
    availableReplicas: available,
    unavailableReplicas: count("numberUnavailable"),
  };
  if (available >= wanted) return { ...counts, status: "True", reason: "", messages: [] };
  const messages = [`${available} of ${wanted} pods are available`];
  return available > 0
    ? { ...counts, status: "Degraded", reason: "SomePodsNotReady", messages }
    : { ...counts, status: "False", reason: "NoPodReady", messages };
}

function isReady({ status }: PodObject): boolean {
  return status?.phase === "Running" && status.conditions?.find(({ type }) => type === "Ready")?.status === "True";
}

/** What keeps a pod from being ready: the first condition in the order of its life that does not hold. */
function messageOf({ status }: PodObject): string {
  for (const wanted of ["PodScheduled", "Initialized", "ContainersReady", "Ready"]) {
    const condition = status?.conditions?.find(({ type }) => type === wanted);
    if (condition?.status === "False") return condition.message ?? "";
  }
  return "";
}

export function sumOf(states: readonly PodCounts[]): PodCounts {
  const sum = (count: (state: PodCounts) => number): number => states.reduce((total, state) => total + count(state), 0);
  return {
    replicas: sum(({ replicas }) => replicas),
    updatedReplicas: sum(({ updatedReplicas }) => updatedReplicas),
    availableReplicas: sum(({ availableReplicas }) => availableReplicas),
    unavailableReplicas: sum(({ unavailableReplicas }) => unavailableReplicas),
  };
}

/** The worst of several sets: one that serves nothing counts more than one that serves with less. */
export function worstOf(states: readonly SetState[]): Pick<Condition, "status" | "reason" | "message"> {
  const status =
    (["False", "Degraded"] as const).find((each) => states.some((state) => state.status === each)) ?? "True";
  const reasons = [...new Set(states.map(({ reason }) => reason).filter((reason) => reason !== ""))].sort();
  const messages = states.flatMap(({ messages: own }, index) =>
    own.map((message) => (states.length > 1 ? `shard ${index}: ${message}` : message)),
  );
  return { status, reason: reasons.join("And"), message: messages.join("\n") };
}

/** Keeps the moment of the last change while the status stays. */
export function condition(
  type: string,
  { status, reason, message }: Pick<Condition, "status" | "reason" | "message">,
  generation: number,
  before: readonly Partial<Condition>[] | undefined,
  nowMs: number,
): Condition {
  const old = before?.find((each) => each.type === type);
  const since = old?.status === status ? old.lastTransitionTime : undefined;
  return {
    type,
    status,
    reason,
    message,
    observedGeneration: generation,
    lastTransitionTime: since ?? `${new Date(nowMs).toISOString().slice(0, 19)}Z`,
  };
}

/** Equal but for fields that are empty, zero or false, which the API server leaves out. */
export function isSameStatus(before: unknown, after: unknown): boolean {
  const sorted = (value: unknown): unknown =>
    typeof value !== "object" || value === null
      ? value
      : Array.isArray(value)
        ? value.map(sorted)
        : Object.fromEntries(
            Object.entries(value)
              .filter(([, each]) => each !== "" && each !== 0 && each !== false)
              .sort(([a], [b]) => (a < b ? -1 : 1))
              .map(([key, each]) => [key, sorted(each)]),
          );
  return JSON.stringify(sorted(before)) === JSON.stringify(sorted(after));
}

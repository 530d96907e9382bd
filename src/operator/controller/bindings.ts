/**
 * What a monitor's status says of the workloads that selected it: `status.bindings`, one entry a workload, with the condition
 * `Accepted` and its reason. Written only where it differs; entries of other workloads stay.
 */
import { type JsonObject, type KubernetesApi, KubernetesError } from "../../kubernetes/index.js";
import type { ObjectMeta } from "../kube-object.js";
import { objectPath, type Resource } from "./resources.js";

export interface Workload {
  readonly group: string;
  /** Plural, as in the API's paths. */
  readonly resource: string;
  readonly namespace: string;
  readonly name: string;
}

export interface BoundObject {
  readonly metadata?: ObjectMeta;
  readonly status?: { readonly bindings?: readonly Binding[] };
}

export interface Binding {
  readonly group?: string;
  readonly resource?: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly conditions?: readonly BindingCondition[];
}

export interface BindingCondition {
  readonly type?: string;
  readonly status?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly observedGeneration?: number;
  readonly lastTransitionTime?: string;
}

const CONFLICTS_MAX = 5;

/** @param rejection  undefined where the workload uses the object. */
export async function bind(
  api: KubernetesApi,
  of: Resource,
  object: BoundObject,
  workload: Workload,
  rejection: string | undefined,
  nowMs: number,
): Promise<void> {
  const { generation } = object.metadata ?? {};
  const before = object.status?.bindings
    ?.find((each) => isOf(each, workload))
    ?.conditions?.find(({ type }) => type === "Accepted");
  const status = rejection === undefined ? "True" : "False";
  const condition: BindingCondition = {
    type: "Accepted",
    status,
    reason: rejection === undefined ? "" : "InvalidConfiguration",
    message: rejection ?? "",
    ...(generation !== undefined && { observedGeneration: generation }),
    lastTransitionTime:
      before?.status === status && before.lastTransitionTime !== undefined
        ? before.lastTransitionTime
        : `${new Date(nowMs).toISOString().slice(0, 19)}Z`,
  };
  if (before !== undefined && isSameCondition(before, condition)) return;
  await write(api, of, object, (bindings) => [
    ...bindings.filter((each) => !isOf(each, workload)),
    { ...workload, conditions: [condition] },
  ]);
}

/**
 * Takes the workload's entry away, if there is one.
 *
 * @param isSure  the entry was written a moment ago: `object` may be older than that.
 */
export async function unbind(
  api: KubernetesApi,
  of: Resource,
  object: BoundObject,
  workload: Workload,
  isSure = false,
): Promise<void> {
  if (!isSure && !object.status?.bindings?.some((each) => isOf(each, workload))) return;
  await write(api, of, object, (bindings) => bindings.filter((each) => !isOf(each, workload)));
}

/** Several workloads, and several operators, write bindings of one object: each write carries the version it was made from. */
async function write(
  api: KubernetesApi,
  of: Resource,
  { metadata }: BoundObject,
  change: (bindings: readonly Binding[]) => readonly Binding[],
): Promise<void> {
  const path = objectPath(of, metadata?.namespace ?? "", metadata?.name ?? "");
  for (let left = CONFLICTS_MAX; ; left--) {
    const current = await api.get(path);
    if (current === undefined) return;
    const bindings = (current as BoundObject).status?.bindings ?? [];
    const next = change(bindings);
    if (JSON.stringify(next) === JSON.stringify(bindings)) return;
    const status = { ...((current["status"] ?? {}) as JsonObject), bindings: next };
    try {
      await api.replace(`${path}/status`, { ...current, status });
      return;
    } catch (error) {
      if (error instanceof KubernetesError && error.status === 404) return;
      if (!(error instanceof KubernetesError) || error.status !== 409 || left === 0) throw error;
    }
  }
}

function isOf(binding: Binding, { group, resource, namespace, name }: Workload): boolean {
  return (
    binding.group === group && binding.resource === resource && binding.namespace === namespace && binding.name === name
  );
}

function isSameCondition(a: BindingCondition, b: BindingCondition): boolean {
  return (
    a.status === b.status &&
    (a.reason ?? "") === (b.reason ?? "") &&
    (a.message ?? "") === (b.message ?? "") &&
    a.observedGeneration === b.observedGeneration
  );
}

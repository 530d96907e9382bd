/**
 * Owned objects are what the generator says, whole: what somebody changed is put back. Labels and annotations of others stay, and
 * fields that the cluster itself fills in. Writes carry the version that was read, so a change in between is seen and tried again.
 */
import { type JsonObject, type KubernetesApi, KubernetesError, type StoredObject } from "../../kubernetes/index.js";
import { collectionPath, objectPath, type Resource } from "./resources.js";

const CONFLICTS_MAX = 5;
/** Written by the cluster's own tools into pod templates; taking it out would restart pods. */
const KUBECTL_PREFIX = "kubectl.kubernetes.io/";

export interface Applied {
  readonly outcome: "created" | "updated" | "unchanged";
  /** Of the object as it is now. */
  readonly resourceVersion: string | undefined;
}

export interface DesiredObject extends JsonObject {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly ownerReferences?: readonly unknown[];
  };
}

/** Makes a Secret, ConfigMap or Service what is desired. */
export async function applyObject(api: KubernetesApi, of: Resource, desired: DesiredObject): Promise<Applied> {
  const { namespace, name } = desired.metadata;
  for (let left = CONFLICTS_MAX; ; left--) {
    try {
      const existing = await api.get(objectPath(of, namespace, name));
      if (existing === undefined) {
        const object = { apiVersion: of.apiVersion, kind: of.kind, ...desired };
        const { metadata } = await api.create(collectionPath(of, namespace), object);
        return { outcome: "created", resourceVersion: metadata.resourceVersion };
      }
      const wanted = merged(of, existing, desired);
      if (isSame(existing, wanted)) {
        return { outcome: "unchanged", resourceVersion: existing.metadata.resourceVersion };
      }
      const { metadata } = await api.replace(objectPath(of, namespace, name), wanted);
      return { outcome: "updated", resourceVersion: metadata.resourceVersion };
    } catch (error) {
      if (!isConflict(error) || left === 0) throw error;
    }
  }
}

/** Both "changed since it was read" and "made in the meantime" are 409. */
export function isConflict(error: unknown): boolean {
  return error instanceof KubernetesError && error.status === 409;
}

function merged(of: Resource, existing: StoredObject, desired: DesiredObject): JsonObject {
  const { metadata, ...content } = desired;
  const { status, metadata: old, ...rest } = existing;
  const labels = { ...old.labels, ...metadata.labels };
  const annotations = { ...old.annotations, ...metadata.annotations };
  const kept = of.kind === "Service" ? { spec: serviceSpec(existing, desired) } : {};
  // Of a Secret or ConfigMap all content is ours; of others what the server added beside stays.
  const base = of.kind === "Secret" || of.kind === "ConfigMap" ? { apiVersion: of.apiVersion, kind: of.kind } : rest;
  return {
    ...base,
    ...content,
    ...kept,
    metadata: {
      ...old,
      ...(Object.keys(labels).length > 0 && { labels }),
      ...(Object.keys(annotations).length > 0 && { annotations }),
      ...(metadata.ownerReferences !== undefined && { ownerReferences: owners(of, old, metadata.ownerReferences) }),
    },
    ...(status !== undefined && of.kind !== "Secret" && of.kind !== "ConfigMap" && { status }),
  };
}

/** A Service may serve several objects of a kind: all of them own it. */
function owners(of: Resource, old: StoredObject["metadata"], wanted: readonly unknown[]): readonly unknown[] {
  if (of.kind !== "Service") return wanted;
  const known = (old["ownerReferences"] ?? []) as readonly { readonly uid?: string }[];
  const ours = new Set((wanted as typeof known).map(({ uid }) => uid));
  return [...known.filter(({ uid }) => !ours.has(uid)), ...wanted];
}

/** Addresses are the cluster's to give, and cannot be changed. */
function serviceSpec(existing: StoredObject, desired: DesiredObject): JsonObject {
  const before = (existing["spec"] ?? {}) as JsonObject;
  const wanted = (desired["spec"] ?? {}) as JsonObject;
  const given = [
    "clusterIP",
    "clusterIPs",
    "ipFamilies",
    "ipFamilyPolicy",
    "sessionAffinity",
    "internalTrafficPolicy",
    "type",
  ];
  const kept = Object.fromEntries(given.flatMap((key) => (key in before ? [[key, before[key]]] : [])));
  const ports = mergePorts(before["ports"], wanted["ports"]);
  return { ...kept, ...wanted, ...(ports !== undefined && { ports }) };
}

/** A port without protocol, target or node port got them from the server. */
function mergePorts(before: unknown, wanted: unknown): unknown {
  if (!Array.isArray(wanted)) return undefined;
  const known = (Array.isArray(before) ? before : []) as readonly JsonObject[];
  return (wanted as readonly JsonObject[]).map((port) => ({
    ...known.find(({ name, port: number }) => name === port["name"] && number === port["port"]),
    ...port,
  }));
}

function isSame(existing: StoredObject, wanted: JsonObject): boolean {
  const strip = (object: JsonObject): JsonObject => {
    const { managedFields: _, ...metadata } = (object["metadata"] ?? {}) as JsonObject;
    const { status: __, ...rest } = object;
    return { ...rest, metadata };
  };
  const { apiVersion, kind } = wanted;
  return isSameJson(strip({ apiVersion, kind, ...existing }), strip(wanted));
}

/** A key without a value is as good as none. */
function isSameJson(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const left = a as JsonObject;
  const right = b as JsonObject;
  return (
    Object.keys(left).every((key) => isSameJson(left[key], right[key])) &&
    Object.keys(right).every((key) => right[key] === undefined || left[key] !== undefined)
  );
}

/**
 * Whether all that the server has against an update is a field that cannot be changed. What is wrong by itself would be refused again
 * when the set is made anew, and its pods would be left without a set.
 */
function isImmutable(error: unknown): error is KubernetesError {
  if (!(error instanceof KubernetesError) || error.status !== 422) return false;
  const hasSeveral = error.message.includes(" is invalid: [");
  return !hasSeveral && /updates to \w+ spec for fields other than|field is immutable/.test(error.message);
}

/**
 * Replaces a StatefulSet or DaemonSet, whose annotations and template annotations of others stay. Where a field that cannot be changed
 * is to change, the set is deleted with its pods left alone, and made again: it takes them over.
 *
 * @param onRecreate  told the server's reason.
 */
export async function replaceWorkload(
  api: KubernetesApi,
  of: Resource,
  existing: StoredObject,
  desired: DesiredObject,
  wait: (ms: number) => Promise<void>,
  onRecreate: (reason: string) => void,
): Promise<void> {
  const { namespace, name } = desired.metadata;
  const path = objectPath(of, namespace, name);
  const wanted = workloadOver(existing, desired);
  try {
    await api.replace(path, { apiVersion: of.apiVersion, kind: of.kind, ...wanted });
  } catch (error) {
    if (!isImmutable(error)) throw error;
    onRecreate(error.message);
    await api.delete(path, "Orphan");
    for (let left = 50; (await api.get(path)) !== undefined && left > 0; left--) await wait(200);
    await api.create(collectionPath(of, namespace), { apiVersion: of.apiVersion, kind: of.kind, ...desired });
  }
}

function workloadOver(existing: StoredObject, desired: DesiredObject): JsonObject {
  const spec = (desired["spec"] ?? {}) as JsonObject;
  const template = (spec["template"] ?? {}) as JsonObject;
  const metadata = (template["metadata"] ?? {}) as JsonObject;
  const oldTemplate = ((existing["spec"] as JsonObject | undefined)?.["template"] ?? {}) as JsonObject;
  const oldAnnotations = ((oldTemplate["metadata"] as JsonObject | undefined)?.["annotations"] ?? {}) as JsonObject;
  const kept = Object.fromEntries(Object.entries(oldAnnotations).filter(([key]) => key.startsWith(KUBECTL_PREFIX)));
  const annotations = { ...kept, ...((metadata["annotations"] ?? {}) as JsonObject) };
  return {
    ...desired,
    metadata: {
      ...desired.metadata,
      resourceVersion: existing.metadata.resourceVersion,
      labels: { ...existing.metadata.labels, ...desired.metadata.labels },
      annotations: { ...existing.metadata.annotations, ...desired.metadata.annotations },
    },
    spec: {
      ...spec,
      template: { ...template, metadata: { ...metadata, ...(Object.keys(annotations).length > 0 && { annotations }) } },
    },
  };
}

/** One that exists already, made in the meantime or by the operator before, is only given our labels. */
export async function createWorkload(api: KubernetesApi, of: Resource, desired: DesiredObject): Promise<void> {
  const { namespace, name, labels = {} } = desired.metadata;
  try {
    await api.create(collectionPath(of, namespace), { apiVersion: of.apiVersion, kind: of.kind, ...desired });
  } catch (error) {
    if (!(error instanceof KubernetesError) || error.status !== 409) throw error;
    await api.mergePatch(objectPath(of, namespace, name), { metadata: { labels } });
  }
}

/**
 * Enough of Kubernetes' StatefulSet controller to make pods and their claims: as many as wanted, of the current template, ready at
 * once. Pods without an owner that the set's selector finds are taken over as they are; one of an older template is made anew.
 */
import { createHash, randomUUID } from "node:crypto";
import type { ApiObject, FakeApiServer } from "./api-server.js";

const SETS = "/apis/apps/v1/statefulsets";
const PODS = "/api/v1/pods";
const CLAIMS = "/api/v1/persistentvolumeclaims";

interface SetSpec {
  readonly replicas?: number;
  readonly template?: { readonly metadata?: { readonly labels?: Readonly<Record<string, string>> } };
  readonly volumeClaimTemplates?: readonly { readonly metadata: { readonly name: string }; readonly spec?: object }[];
}

interface Owned {
  readonly ownerReferences?: readonly { readonly uid?: string }[];
}

/** Brings pods, claims and status of all sets to what is wanted. */
export function settleStatefulSets(server: FakeApiServer): void {
  for (const set of server.list(SETS)) {
    const { replicas = 1, template, volumeClaimTemplates = [] } = (set["spec"] ?? {}) as SetSpec;
    const revision = createHash("sha256").update(canonicalJson(template)).digest("hex").slice(0, 10);
    const { name, namespace = "", uid } = set.metadata;
    const owner = { apiVersion: "apps/v1", kind: "StatefulSet", name, uid };
    for (let i = 0; i < replicas; i++) {
      for (const claim of volumeClaimTemplates)
        settleClaim(server, namespace, `${claim.metadata.name}-${name}-${i}`, claim);
      const labels = { ...template?.metadata?.labels, "controller-revision-hash": revision };
      settlePod(server, namespace, `${name}-${i}`, labels, owner);
    }
    for (const { metadata } of server.list(PODS)) {
      const ordinal = Number(metadata.name.slice(name.length + 1));
      const isOurs = (metadata as Owned).ownerReferences?.some((each) => each.uid === uid) === true;
      if (isOurs && metadata.namespace === namespace && ordinal >= replicas) {
        server.delete(PODS, `${namespace}/${metadata.name}`);
      }
    }
    const status = { replicas, readyReplicas: replicas, updatedReplicas: replicas, updateRevision: revision };
    if (JSON.stringify(set["status"]) !== JSON.stringify(status)) server.put(SETS, { ...set, status });
  }
}

function settlePod(
  server: FakeApiServer,
  namespace: string,
  name: string,
  labels: Readonly<Record<string, string>>,
  owner: { readonly uid: unknown },
): void {
  const known = server.read(PODS, `${namespace}/${name}`);
  const isCurrent = known?.metadata.labels?.["controller-revision-hash"] === labels["controller-revision-hash"];
  const owners = (known?.metadata as Owned | undefined)?.ownerReferences ?? [];
  if (known !== undefined && isCurrent) {
    if (owners.length > 0) return;
    server.put(PODS, { ...known, metadata: { ...known.metadata, ownerReferences: [owner] } } as ApiObject);
    return;
  }
  if (known !== undefined) server.delete(PODS, `${namespace}/${name}`);
  server.put(PODS, {
    metadata: { name, namespace, uid: randomUUID(), labels, ownerReferences: [owner] },
    status: { phase: "Running", conditions: [{ type: "Ready", status: "True" }] },
  } as ApiObject);
}

function settleClaim(server: FakeApiServer, namespace: string, name: string, claim: { readonly spec?: object }): void {
  if (server.read(CLAIMS, `${namespace}/${name}`) !== undefined) return;
  server.put(CLAIMS, { metadata: { name, namespace, uid: randomUUID() }, spec: claim.spec } as ApiObject);
}

/** The same for the same content, in whatever order its fields stand. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, each: unknown) =>
    typeof each === "object" && each !== null && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)))
      : each,
  );
}

const DAEMON_SETS = "/apis/apps/v1/daemonsets";

/** One pod on one node, at once: the status is all that is looked at. */
export function settleDaemonSets(server: FakeApiServer): void {
  for (const set of server.list(DAEMON_SETS)) {
    const status = { desiredNumberScheduled: 1, updatedNumberScheduled: 1, numberAvailable: 1, numberReady: 1 };
    if (JSON.stringify(set["status"]) !== JSON.stringify(status)) server.put(DAEMON_SETS, { ...set, status });
  }
}

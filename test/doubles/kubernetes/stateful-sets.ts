/** Enough of Kubernetes' StatefulSet controller to make pods: as many as wanted, of the current template, ready at once. */
import { createHash } from "node:crypto";
import type { ApiObject, FakeApiServer } from "./api-server.js";

const SETS = "/apis/apps/v1/statefulsets";
const PODS = "/api/v1/pods";

interface SetSpec {
  readonly replicas?: number;
  readonly template?: { readonly metadata?: { readonly labels?: Readonly<Record<string, string>> } };
}

/** Brings pods and status of all sets to what is wanted. */
export function settleStatefulSets(server: FakeApiServer): void {
  for (const set of server.list(SETS)) {
    const { replicas = 1, template } = (set["spec"] ?? {}) as SetSpec;
    const revision = createHash("sha256").update(JSON.stringify(template)).digest("hex").slice(0, 10);
    const { name, namespace, uid } = set.metadata;
    for (let i = 0; i < replicas; i++) {
      const labels = { ...template?.metadata?.labels, "controller-revision-hash": revision };
      const known = server.read(PODS, `${namespace}/${name}-${i}`);
      if (known?.metadata.labels?.["controller-revision-hash"] === revision) continue;
      const ownerReferences = [{ apiVersion: "apps/v1", kind: "StatefulSet", name, uid }];
      const conditions = [{ type: "Ready", status: "True" }];
      server.put(PODS, {
        metadata: { name: `${name}-${i}`, namespace: namespace ?? "", labels, ownerReferences },
        status: { phase: "Running", conditions },
      } as ApiObject);
    }
    const status = { replicas, readyReplicas: replicas, updateRevision: revision };
    if (JSON.stringify(set["status"]) !== JSON.stringify(status)) server.put(SETS, { ...set, status });
  }
}

const DAEMON_SETS = "/apis/apps/v1/daemonsets";

/** One pod on one node, at once: the status is all that is looked at. */
export function settleDaemonSets(server: FakeApiServer): void {
  for (const set of server.list(DAEMON_SETS)) {
    const status = { desiredNumberScheduled: 1, updatedNumberScheduled: 1, numberAvailable: 1, numberReady: 1 };
    if (JSON.stringify(set["status"]) !== JSON.stringify(status)) server.put(DAEMON_SETS, { ...set, status });
  }
}

import { afterEach, beforeEach, expect, test } from "vitest";
import { FakeApiServer } from "../../../test/doubles/kubernetes/api-server.js";
import { createLogger } from "../../base/index.js";
import { DEFAULT_HTTP_CLIENT } from "../../http/index.js";
import { connectTo, KubernetesApi, type KubernetesConnection, type StoredObject } from "../../kubernetes/index.js";
import type { DesiredObject } from "./apply.js";
import type { ResourceCache } from "./cache.js";
import { STATEFUL_SET } from "./resources.js";
import { REFRESH_ANNOTATION, type RepairPolicy, SetKeeper } from "./sets.js";

const PODS = "/api/v1/pods";
const SETS = "/apis/apps/v1/statefulsets";
const CLAIMS = "/api/v1/persistentvolumeclaims";

let server: FakeApiServer;
let connection: KubernetesConnection;

beforeEach(async () => {
  server = await FakeApiServer.start();
  connection = connectTo(server.url, DEFAULT_HTTP_CLIENT, "Test");
});

afterEach(async () => {
  connection.close();
  await server.stop();
});

function keeper(repairPolicy: RepairPolicy = "none", mayDoMore = true): SetKeeper {
  return new SetKeeper({
    api: new KubernetesApi(connection, "test"),
    log: createLogger({ level: "error", format: "logfmt" }),
    wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    rights: { mayPatchPods: mayDoMore, mayGrowClaims: mayDoMore },
    repairPolicy,
  });
}

const labels = { app: "x" };
const set = (status: object = {}): StoredObject => ({
  metadata: { name: "s", namespace: "n", uid: "u" },
  spec: { selector: { matchLabels: labels } },
  status,
});

function pod(name: string, revision: string, isReady: boolean): void {
  server.put(PODS, {
    metadata: { name, namespace: "n", labels: { ...labels, "controller-revision-hash": revision } },
    status: { phase: "Running", conditions: [{ type: "Ready", status: isReady ? "True" : "False" }] },
  });
}

test("a governing Service of the user's own must be there and lead to the pods", async () => {
  const check = () => keeper().checkService("n", "own", { app: "x", other: "y" });
  await expect(check()).rejects.toThrow("there is no Service n/own");
  server.put("/api/v1/services", { metadata: { name: "own", namespace: "n" }, spec: {} });
  await expect(check()).rejects.toThrow("it has no selector");
  server.put("/api/v1/services", { metadata: { name: "own", namespace: "n" }, spec: { selector: { app: "z" } } });
  await expect(check()).rejects.toThrow("its selector asks for app=z");
  server.put("/api/v1/services", { metadata: { name: "own", namespace: "n" }, spec: { selector: { app: "x" } } });
  await check();
});

test("pods are told to look for new configuration, where that is allowed", async () => {
  pod("s-0", "r1", true);
  const annotation = () =>
    (server.read(PODS, "n/s-0")?.metadata["annotations"] as Record<string, string> | undefined)?.[REFRESH_ANNOTATION];
  await keeper("none", false).refresh(set());
  expect(annotation()).toBeUndefined();
  await keeper().refresh(set());
  expect(annotation()).toMatch(/^\d{4}-/);
});

test.each(["delete", "evict"] as const)("a broken pod of an old revision goes by %s, others stay", async (policy) => {
  const rollout = set({ currentRevision: "r1", updateRevision: "r2" });
  pod("s-0", "r1", true);
  pod("s-1", "r1", false);
  pod("s-2", "r2", false);
  await keeper("none").repair(rollout);
  await keeper(policy).repair(set({ currentRevision: "r2", updateRevision: "r2" }));
  expect(server.list(PODS)).toHaveLength(3);
  await keeper(policy).repair(rollout);
  expect(server.list(PODS).map(({ metadata }) => metadata.name)).toEqual(["s-0", "s-2"]);
});

test("a set whose claims must grow is made anew around its pods, and its claims grow; they never shrink", async () => {
  const desired = (storage: string): DesiredObject => ({
    metadata: { name: "s", namespace: "n" },
    spec: {
      selector: { matchLabels: labels },
      template: {},
      volumeClaimTemplates: [{ metadata: { name: "db" }, spec: { resources: { requests: { storage } } } }],
    },
  });
  for (const name of ["db-s-0", "db-s-1", "db-s-other-0"]) {
    server.put(CLAIMS, { metadata: { name, namespace: "n" }, spec: { resources: { requests: { storage: "10Gi" } } } });
  }
  server.put(SETS, { ...desired("10Gi"), metadata: { name: "s", namespace: "n", uid: "u" } });
  const cache = { get: () => server.read(SETS, "n/s") } as unknown as ResourceCache<StoredObject>;
  const keep = async (storage: string): Promise<void> => {
    // The words of kube-apiserver 1.36.
    const message =
      "StatefulSet.apps \"s\" is invalid: spec: Forbidden: updates to statefulset spec for fields other than 'replicas' are forbidden";
    server.refusals.push({ method: "PUT", path: /statefulsets/, code: 422, message });
    await keeper().keep(
      STATEFUL_SET,
      cache,
      "n/s",
      () => storage,
      [],
      () => desired(storage),
    );
  };
  const sizes = () =>
    server
      .list(CLAIMS)
      .map(({ metadata, spec }) => [
        metadata.name,
        (spec as { readonly resources: { readonly requests: { readonly storage: string } } }).resources.requests
          .storage,
      ]);
  const grown = [
    ["db-s-0", "20Gi"],
    ["db-s-1", "20Gi"],
    ["db-s-other-0", "10Gi"],
  ];
  await keep("20Gi");
  expect(sizes()).toEqual(grown);
  await keep("5Gi");
  expect(sizes()).toEqual(grown);
});

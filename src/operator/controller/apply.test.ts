import { afterEach, expect, test } from "vitest";
import { FakeApiServer } from "../../../test/doubles/kubernetes/api-server.js";
import { DEFAULT_HTTP_CLIENT } from "../../http/index.js";
import { connectTo, KubernetesApi, type KubernetesConnection, type StoredObject } from "../../kubernetes/index.js";
import { applyObject, replaceWorkload } from "./apply.js";
import { SECRET, SERVICE, STATEFUL_SET } from "./resources.js";

let server: FakeApiServer;
let connection: KubernetesConnection;

async function start(): Promise<KubernetesApi> {
  server = await FakeApiServer.start();
  connection = connectTo(server.url, DEFAULT_HTTP_CLIENT, "Test");
  return new KubernetesApi(connection, "test");
}

afterEach(async () => {
  connection.close();
  await server.stop();
});

const writes = () =>
  server.requests.filter((request) => /^(POST|PUT|PATCH|DELETE)/.test(request)).map((request) => request.split(" ")[0]);

test("an object is made, left alone while it is as desired, and put back when somebody changed it", async () => {
  const api = await start();
  const desired = {
    metadata: { name: "s", namespace: "n", labels: { ours: "1" } },
    data: { a: "QQ==" },
    type: "Opaque",
  };
  expect((await applyObject(api, SECRET, desired)).outcome).toBe("created");
  expect((await applyObject(api, SECRET, desired)).outcome).toBe("unchanged");
  const stored = server.read("/api/v1/secrets", "n/s")!;
  server.put("/api/v1/secrets", {
    ...stored,
    data: { a: "QQ==", b: "Qg==" },
    metadata: { ...stored.metadata, labels: { ours: "2", theirs: "3" } },
  });
  expect((await applyObject(api, SECRET, desired)).outcome).toBe("updated");
  const after = server.read("/api/v1/secrets", "n/s")!;
  expect([after["data"], after.metadata.labels]).toEqual([{ a: "QQ==" }, { ours: "1", theirs: "3" }]);
  expect(writes()).toEqual(["POST", "PUT"]);
});

test("a change in between is read again, and what the cluster gave a Service stays", async () => {
  const api = await start();
  const desired = {
    metadata: { name: "s", namespace: "n" },
    spec: { ports: [{ name: "web", port: 9090 }], selector: { a: "b" } },
  };
  await applyObject(api, SERVICE, desired);
  const stored = server.read("/api/v1/services", "n/s")!;
  const given = {
    clusterIP: "10.0.0.1",
    ports: [{ name: "web", port: 9090, protocol: "TCP", targetPort: 9090 }],
    selector: { a: "b" },
  };
  server.put("/api/v1/services", { ...stored, spec: given });
  expect((await applyObject(api, SERVICE, desired)).outcome).toBe("unchanged");
  server.put("/api/v1/services", { ...stored, spec: { ...given, selector: {} } });
  server.refusals.push({ method: "PUT", path: /services/, code: 409 });
  expect((await applyObject(api, SERVICE, desired)).outcome).toBe("updated");
  expect(server.read("/api/v1/services", "n/s")?.["spec"]).toEqual(given);
});

// The words of kube-apiserver 1.36.
const FORBIDDEN = "Forbidden: updates to statefulset spec for fields other than 'replicas' are forbidden";
const IMMUTABLE = `StatefulSet.apps "s" is invalid: spec: ${FORBIDDEN}`;

test.each([
  ["wrong by itself", 'StatefulSet.apps "s" is invalid: spec.template.spec.containers[0].image: Required value'],
  ["both", `StatefulSet.apps "s" is invalid: [spec.template.spec.containers: Required value, spec: ${FORBIDDEN}]`],
])("a StatefulSet whose update is refused for what is %s stays, with the reason", async (_, message) => {
  const api = await start();
  const set = {
    metadata: { name: "s", namespace: "n" },
    spec: { serviceName: "a", template: { metadata: {}, spec: {} } },
  };
  await api.create("/apis/apps/v1/namespaces/n/statefulsets", set);
  const existing = server.read("/apis/apps/v1/statefulsets", "n/s") as unknown as StoredObject;
  server.refusals.push({ method: "PUT", path: /statefulsets/, code: 422, message });
  const none = async () => {};
  const replace = () => replaceWorkload(api, STATEFUL_SET, existing, set, none, () => expect.unreachable());
  await expect(replace()).rejects.toThrow("Required value");
  expect(server.read("/apis/apps/v1/statefulsets", "n/s")?.metadata["uid"]).toBe(existing.metadata.uid);
});

test("a StatefulSet that cannot be changed is made again, without its pods", async () => {
  const api = await start();
  const set = (value: string) => ({
    metadata: { name: "s", namespace: "n" },
    spec: { serviceName: value, template: { metadata: {}, spec: {} } },
  });
  await api.create("/apis/apps/v1/namespaces/n/statefulsets", set("a"));
  const existing = server.read("/apis/apps/v1/statefulsets", "n/s") as unknown as StoredObject;
  const ownerReferences = [{ kind: "StatefulSet", name: "s", uid: existing.metadata.uid }];
  await api.create("/api/v1/namespaces/n/pods", { metadata: { name: "s-0", ownerReferences } });
  server.refusals.push({ method: "PUT", path: /statefulsets/, code: 422, message: IMMUTABLE });
  const reasons: string[] = [];
  await replaceWorkload(
    api,
    STATEFUL_SET,
    existing,
    set("b"),
    async () => {},
    (reason) => reasons.push(reason),
  );
  expect(reasons).toHaveLength(1);
  expect(server.read("/apis/apps/v1/statefulsets", "n/s")?.["spec"]).toMatchObject({ serviceName: "b" });
  expect(server.read("/api/v1/pods", "n/s-0")?.metadata["ownerReferences"]).toEqual([]);
  const annotated = {
    ...set("b"),
    metadata: { ...server.read("/apis/apps/v1/statefulsets", "n/s")!.metadata },
  } as unknown as StoredObject;
  const restarted = {
    ...annotated,
    spec: { template: { metadata: { annotations: { "kubectl.kubernetes.io/restartedAt": "now", x: "y" } } } },
  };
  await replaceWorkload(
    api,
    STATEFUL_SET,
    restarted as unknown as StoredObject,
    set("c"),
    async () => {},
    () => {},
  );
  expect(server.read("/apis/apps/v1/statefulsets", "n/s")?.["spec"]).toMatchObject({
    serviceName: "c",
    template: { metadata: { annotations: { "kubectl.kubernetes.io/restartedAt": "now" } } },
  });
});

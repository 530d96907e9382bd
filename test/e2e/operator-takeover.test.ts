/**
 * StatefulSets as prometheus-operator leaves them are taken over: pods and claims stay, but for one rolling update where the template
 * differs. What follows is what a user then does to them: grow a volume, pause, add and remove shards, delete.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { load, loadAll } from "js-yaml";
import { afterEach, beforeEach, expect, test } from "vitest";
import { packageRoot } from "../../src/base/index.js";
import type { ApiObject } from "../doubles/kubernetes/api-server.js";
import { TestCluster } from "../doubles/kubernetes/cluster.js";
import { freePort, Processes } from "../doubles/kubernetes/operator-process.js";
import { canonicalJson } from "../doubles/kubernetes/stateful-sets.js";
import { withStatefulSetDefaults } from "../doubles/kubernetes/workload-defaults.js";
import { openPairs } from "../support/operator-pairs.js";

const SETS = "/apis/apps/v1/statefulsets";
const PODS = "/api/v1/pods";
const CLAIMS = "/api/v1/persistentvolumeclaims";
const V1 = "/apis/monitoring.coreos.com/v1";

let cluster: TestCluster;
let processes: Processes;

beforeEach(async () => {
  cluster = await TestCluster.start();
  processes = new Processes();
  const folder = join(packageRoot(), "crds");
  for (const name of readdirSync(folder).filter((each) => each.endsWith(".yaml"))) {
    await cluster.apply(readFileSync(join(folder, name), "utf8"));
  }
});

afterEach(async () => {
  await processes.killAll();
  await cluster.stop();
});

async function startOperator(): Promise<void> {
  processes.start([
    "operator",
    `--apiserver=${cluster.server.url}`,
    `--web.listen-address=127.0.0.1:${await freePort()}`,
    "--prometheus-config-reloader=registry.example/prometheus-operator/prometheus-config-reloader:latest",
    "--config-reloader-cpu-request=100m",
    "--config-reloader-cpu-limit=100m",
    "--prometheus-default-base-image=registry.example/prometheus/prometheus",
    "--alertmanager-default-base-image=registry.example/prometheus/alertmanager",
    "--thanos-default-base-image=registry.example/thanos/thanos",
  ]);
  await processes.until("the controllers work", () => processes.log.includes("The controllers work"));
}

const uidsOf = (collection: string, namespace: string): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    cluster.server
      .list(collection)
      .filter(({ metadata }) => metadata.namespace === namespace)
      .map(({ metadata }) => [metadata.name, metadata["uid"]]),
  );

interface Conditioned {
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

const isReconciled = (collection: string, key: string, generation: number): boolean => {
  const object = cluster.server.read(collection, key) as (ApiObject & Conditioned) | undefined;
  const condition = object?.status?.conditions?.find(({ type }) => type === "Reconciled");
  const { observedGeneration } = (condition ?? {}) as { readonly observedGeneration?: number };
  return condition?.status === "True" && observedGeneration === generation;
};

async function patch(path: string, body: object): Promise<void> {
  const response = await fetch(cluster.server.url + path, {
    method: "PATCH",
    headers: { "content-type": "application/merge-patch+json" },
    body: JSON.stringify(body),
  });
  if (response.status !== 200) throw new Error(await response.text());
}

/** The pairs' builder is given no TLS assets; a running operator always mounts the first of them. */
function addTlsSecret(set: ApiObject, name: string): void {
  const { template } = set["spec"] as {
    readonly template: { readonly spec: { readonly volumes: { name: string; projected?: { sources?: unknown } }[] } };
  };
  const volume = template.spec.volumes.find((each) => each.name === "tls-assets");
  if (volume?.projected !== undefined) volume.projected.sources = [{ secret: { name } }];
}

const pairs = openPairs();

test.skipIf(pairs === undefined)(
  "sets that prometheus-operator made keep their pods; where the template differs they roll once",
  async () => {
    const cases = [
      {
        pair: "workload-alertmanager/StatefulSetLabelingAndAnnotations",
        collection: `${V1}/alertmanagers`,
        set: "alertmanager-test",
        rolls: false,
      },
      {
        pair: "workload-prometheusagent/StatefulSetLabelingAndAnnotations",
        collection: "/apis/monitoring.coreos.com/v1alpha1/prometheusagents",
        set: "prom-agent-test",
        rolls: false,
      },
      {
        // The pair is without the ConfigMaps of rules that a running operator mounts.
        pair: "workload-prometheus/PodTopologySpreadConstraintWithAdditionalLabels-with_labelSelector_and_without_additionalLabels",
        collection: `${V1}/prometheuses`,
        set: "prometheus-test",
        rolls: true,
      },
    ];
    const taken = [];
    for (const { pair, collection, set: setName, rolls } of cases) {
      const [input = ""] = [readFileSync(join(pairs!, pair, "input.yaml"), "utf8")];
      const object = (loadAll(input) as ApiObject[])[0] as ApiObject & {
        readonly kind: string;
        readonly apiVersion: string;
      };
      await cluster.applyObject(object);
      const { namespace = "", name } = object.metadata;
      const stored = cluster.server.read(collection, `${namespace}/${name}`)!;
      const owner = {
        apiVersion: object.apiVersion,
        kind: object.kind,
        name,
        uid: stored.metadata["uid"],
        controller: true,
      };
      const set = load(readFileSync(join(pairs!, pair, "expected.yaml"), "utf8")) as ApiObject;
      addTlsSecret(set, `${setName}-tls-assets-0`);
      // The pairs' builder is given a name; a running operator derives it.
      const key = `${namespace}/${setName}`;
      const metadata = {
        ...set.metadata,
        name: setName,
        namespace,
        uid: `set-${key}`,
        generation: 1,
        ownerReferences: [owner],
      };
      cluster.server.put(SETS, withStatefulSetDefaults({ ...set, metadata }) as ApiObject);
      taken.push({ collection, key, object: `${namespace}/${name}`, rolls });
    }
    const namespaces = ["ns", "ns-test"];
    const podsOf = () => Object.assign({}, ...namespaces.map((each) => uidsOf(PODS, each))) as Record<string, unknown>;
    await processes.until("all have their pods", () => Object.keys(podsOf()).length === cases.length);
    const before = podsOf();
    const templates = new Map(taken.map(({ key }) => [key, canonicalJson(cluster.server.read(SETS, key)?.["spec"])]));
    await startOperator();
    for (const { collection, object } of taken) {
      await processes.until(`${object} is reconciled`, () => isReconciled(collection, object, 1));
    }
    for (const { key, rolls } of taken) {
      const set = cluster.server.read(SETS, key)!;
      // Never made anew.
      expect([key, set.metadata["uid"]]).toEqual([key, `set-${key}`]);
      if (!rolls) expect(canonicalJson(set["spec"])).toBe(templates.get(key));
      await processes.until("its pods are settled", () => podsOf()[`${set.metadata.name}-0`] !== undefined);
      const pod = `${set.metadata.name}-0`;
      if (rolls) await processes.until("the pod is of the new template", () => podsOf()[pod] !== before[pod]);
      else expect([pod, podsOf()[pod]]).toEqual([pod, before[pod]]);
    }
  },
  120_000,
);

const DIALOGUE = join(packageRoot(), "../shared/corpus/kubernetes/statefulset-life.json");

test.skipIf(!existsSync(DIALOGUE))("the test's API server fills in what kube-apiserver fills in", () => {
  const { steps } = JSON.parse(readFileSync(DIALOGUE, "utf8")) as {
    readonly steps: readonly {
      readonly request: { readonly method: string; readonly path: string; readonly body?: ApiObject };
      readonly response: { readonly body?: ApiObject };
    }[];
  };
  const created = steps.find(({ request }) => request.method === "POST" && request.path.endsWith("/statefulsets"));
  const filled = withStatefulSetDefaults(created?.request.body ?? {});
  expect((filled as Partial<ApiObject>)["spec"]).toEqual(created?.response.body?.["spec"]);
});

test("a volume grows around running pods, a paused object is left alone, shards come and go, and claims outlive all", async () => {
  const spec = {
    replicas: 2,
    podMonitorSelector: {},
    storage: { volumeClaimTemplate: { spec: { resources: { requests: { storage: "10Gi" } } } } },
  };
  await cluster.applyObject({
    apiVersion: "monitoring.coreos.com/v1",
    kind: "Prometheus",
    metadata: { name: "main", namespace: "mon" },
    spec,
  });
  await startOperator();
  const key = "mon/prometheus-main";
  const path = `${V1}/namespaces/mon/prometheuses/main`;
  const pods = () => uidsOf(PODS, "mon");
  const settled = (count: number) =>
    processes.until(`there are ${count} pods`, () => Object.keys(pods()).length === count);
  await settled(2);
  await processes.until("it is reconciled", () => isReconciled(`${V1}/prometheuses`, "mon/main", 1));
  const before = pods();
  const claims = uidsOf(CLAIMS, "mon");
  expect(Object.keys(claims)).toHaveLength(2);

  const first = cluster.server.read(SETS, key)?.metadata["uid"];
  const larger = { volumeClaimTemplate: { spec: { resources: { requests: { storage: "20Gi" } } } } };
  await patch(path, { spec: { storage: larger } });
  const sizes = () =>
    cluster.server
      .list(CLAIMS)
      .map((claim) => (claim["spec"] as typeof larger.volumeClaimTemplate.spec).resources.requests.storage);
  await processes.until("both claims have grown", () => sizes().every((size) => size === "20Gi"));
  expect(cluster.server.read(SETS, key)?.metadata["uid"]).not.toBe(first);
  await processes.until("the pods are owned again", () =>
    cluster.server.list(PODS).every(({ metadata }) => (metadata["ownerReferences"] as readonly unknown[]).length === 1),
  );
  expect(pods()).toEqual(before);
  expect(uidsOf(CLAIMS, "mon")).toEqual(claims);

  await patch(path, { spec: { paused: true, replicas: 1 } });
  await processes.until("it is reconciled", () => isReconciled(`${V1}/prometheuses`, "mon/main", 3));
  expect(pods()).toEqual(before);
  await patch(path, { spec: { paused: false, shards: 2 } });
  await processes.until(
    "each shard has its pod",
    () => ["prometheus-main-0", "prometheus-main-shard-1-0"].join() === Object.keys(pods()).sort().join(),
  );
  expect(pods()["prometheus-main-0"]).toBe(before["prometheus-main-0"]);

  await patch(path, { spec: { shardRetentionPolicy: { whenScaled: "Retain" }, shards: 1 } });
  await processes.until("it is reconciled", () => isReconciled(`${V1}/prometheuses`, "mon/main", 5));
  expect(Object.keys(pods())).toContain("prometheus-main-shard-1-0");
  await patch(path, { spec: { shardRetentionPolicy: { whenScaled: "Delete" } } });
  await processes.until(
    "the second shard is gone",
    () => cluster.server.read(SETS, "mon/prometheus-main-shard-1") === undefined,
  );

  await fetch(cluster.server.url + path, { method: "DELETE" });
  await processes.until("the sets are gone", () => cluster.server.list(SETS).length === 0);
  expect(Object.keys(uidsOf(CLAIMS, "mon"))).toEqual(expect.arrayContaining(Object.keys(claims)));
}, 180_000);

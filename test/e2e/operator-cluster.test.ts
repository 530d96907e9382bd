/** The operator in a cluster made of manifests: its own, and those of a real installation; with exactly the rights that they give. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterEach, beforeEach, expect, test } from "vitest";
import { packageRoot } from "../../src/base/index.js";
import { manifestFiles } from "../../src/operator/manifests/files.js";
import { NEEDED_RIGHTS, rulesOf } from "../../src/operator/manifests/rights.js";
import type { ApiObject } from "../doubles/kubernetes/api-server.js";
import { TestCluster } from "../doubles/kubernetes/cluster.js";
import { freePort, Processes } from "../doubles/kubernetes/operator-process.js";

const MONITORING = "/apis/monitoring.coreos.com/v1";
const ALPHA = "/apis/monitoring.coreos.com/v1alpha1";
const SETS = "/apis/apps/v1/statefulsets";
const INSTALLATION = join(packageRoot(), "../shared/corpus/kube-prometheus");

let cluster: TestCluster;
let processes: Processes;

beforeEach(async () => {
  cluster = await TestCluster.start();
  processes = new Processes();
  await applyFolder(join(packageRoot(), "crds"));
});

afterEach(async () => {
  await processes.killAll();
  await cluster.stop();
});

async function applyFolder(folder: string): Promise<void> {
  for (const name of readdirSync(folder).sort()) {
    if (name.endsWith(".yaml")) await cluster.apply(readFileSync(join(folder, name), "utf8"));
  }
}

async function startAs(account: string, args: readonly string[]): Promise<number> {
  const port = await freePort();
  processes.start([
    "operator",
    `--apiserver=${cluster.server.url}`,
    `--as=system:serviceaccount:monitoring:${account}`,
    `--web.listen-address=127.0.0.1:${port}`,
    ...args,
  ]);
  return port;
}

interface Conditioned {
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

function isDone(collection: string, key: string): boolean {
  const object = cluster.server.read(collection, key) as Conditioned | undefined;
  const of = (type: string) => object?.status?.conditions?.find((each) => each.type === type)?.status;
  return of("Available") === "True" && of("Reconciled") === "True";
}

/** Of the Deployment, as a pod would be started. */
function argumentsOf(name: string): readonly string[] {
  const { spec } = cluster.server.read("/apis/apps/v1/deployments", `monitoring/${name}`) as unknown as Deployment;
  return spec.template.spec.containers.find((each) => each.name === name)?.args ?? [];
}

interface Deployment {
  readonly spec: {
    readonly template: {
      readonly spec: { readonly containers: readonly { readonly name: string; readonly args: readonly string[] }[] };
    };
  };
}

const node = {
  apiVersion: "v1",
  kind: "Node",
  metadata: { name: "n1" },
  status: { addresses: [{ type: "InternalIP", address: "10.0.0.1" }] },
};

test("its own manifests apply, and with exactly their roles everything in them comes to be", async () => {
  for (const folder of ["", "optional"]) await applyFolder(join(packageRoot(), "deploy/manifests", folder));
  cluster.server.put("/api/v1/nodes", node);
  // A Lease is of the pod's own namespace: this process is in no pod.
  const args = argumentsOf("vestal-operator").filter((arg) => !arg.startsWith("--leader-elect"));
  await startAs("vestal-operator", args);
  await processes.until("Prometheus", () => isDone(`${MONITORING}/prometheuses`, "monitoring/vestal"));
  await processes.until("Alertmanager", () => isDone(`${MONITORING}/alertmanagers`, "monitoring/vestal"));
  const bound = () =>
    cluster.server
      .list(`${MONITORING}/prometheusrules`)
      .every((rule) => JSON.stringify(rule["status"] ?? {}).includes('"status":"True"'));
  await processes.until("all rules are accepted", bound);
  await processes.until(
    "kubelets",
    () => cluster.server.read("/api/v1/endpoints", "kube-system/kubelet") !== undefined,
  );
  for (const kind of ["validating", "mutating"]) {
    const collection = `/apis/admissionregistration.k8s.io/v1/${kind}webhookconfigurations`;
    const isTrusted = () =>
      JSON.stringify(cluster.server.read(collection, "vestal-admission-webhook")).includes('"caBundle":"');
    await processes.until(`the API server trusts ${kind} webhooks`, isTrusted);
  }
  expect(cluster.server.read("/api/v1/secrets", "monitoring/vestal-admission-webhook-tls")).toMatchObject({
    type: "kubernetes.io/tls",
    data: { "tls.crt": expect.any(String), "tls.key": expect.any(String), "ca.crt": expect.any(String) },
  });
  expect(cluster.server.list(SETS).map(({ metadata }) => metadata.name)).toEqual(
    ["prometheus-vestal", "alertmanager-vestal"].sort((a, b) => order(a) - order(b)),
  );
  expect(cluster.refused).toEqual([]);
  expect(processes.log).not.toMatch(/right is missing|level=error/);
}, 120_000);

const order = (name: string): number => cluster.server.list(SETS).findIndex(({ metadata }) => metadata.name === name);

test("a real installation applies unchanged and works with the role that it has, which lacks some rights: the log names them", async () => {
  cluster.server.put("/api/v1/namespaces", { metadata: { name: "monitoring" } });
  cluster.server.put("/api/v1/nodes", node);
  await applyFolder(INSTALLATION);
  await startAs("prometheus-operator", argumentsOf("prometheus-operator"));
  await processes.until("Prometheus", () => isDone(`${MONITORING}/prometheuses`, "monitoring/k8s"));
  await processes.until("Alertmanager", () => isDone(`${MONITORING}/alertmanagers`, "monitoring/main"));
  expect(cluster.refused).toEqual([]);
  expect(processes.log).toMatch(/A right is missing.*verb=patch resource=pods/);
  expect(processes.log).not.toMatch(/level=error/);
  await loadsInServer("monitoring/prometheus-k8s");
}, 120_000);

interface Rules {
  readonly data: {
    readonly groups: readonly { readonly rules: readonly { readonly name: string; readonly query: string }[] }[];
  };
}

/** A server takes the configuration and all rules, and can evaluate each of them. */
async function loadsInServer(secret: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "vestal-installation-"));
  try {
    const { "prometheus.yaml.gz": packed = "" } = (cluster.server.read("/api/v1/secrets", secret)?.["data"] ??
      {}) as Readonly<Record<string, string>>;
    const text = gunzipSync(Buffer.from(packed, "base64")).toString();
    const filled = text.replaceAll("/etc/prometheus/", `${folder}/`).replaceAll(/\$\((?:POD_NAME|SHARD)\)/g, "0");
    writeFileSync(join(folder, "prometheus.yaml"), filled);
    let count = 0;
    for (const { metadata, data } of cluster.server.list("/api/v1/configmaps") as readonly (ApiObject & {
      data: object;
    })[]) {
      if (!metadata.name.startsWith(`${secret.split("/")[1]}-rulefiles-`)) continue;
      mkdirSync(join(folder, "rules", metadata.name), { recursive: true });
      for (const [file, rules] of Object.entries(data)) {
        writeFileSync(join(folder, "rules", metadata.name, file), String(rules));
        count += String(rules).split(/^ *(?:- )?(?:alert|record): /m).length - 1;
      }
    }
    const port = await freePort();
    const args = [`--config.file=${folder}/prometheus.yaml`, `--storage.tsdb.path=${folder}/data`];
    processes.start(["server", ...args, `--web.listen-address=127.0.0.1:${port}`]);
    const url = `http://127.0.0.1:${port}`;
    await processes.until(
      "the server is ready",
      async () => (await fetch(`${url}/-/ready`).catch(() => undefined))?.ok,
    );
    const { data } = (await (await fetch(`${url}/api/v1/rules`)).json()) as Rules;
    const rules = data.groups.flatMap((group) => group.rules);
    expect(rules.length).toBe(count);
    expect(count).toBeGreaterThan(200);
    for (const { name, query } of rules) {
      const answer = await fetch(`${url}/api/v1/query`, { method: "POST", body: new URLSearchParams({ query }) });
      expect(answer.status, `${name}: ${query}`).toBe(200);
    }
  } finally {
    await processes.killAll();
    rmSync(folder, { recursive: true, force: true });
  }
}

test("with a rule of the role less, the log names it and the rest goes on", async () => {
  await applyFolder(join(packageRoot(), "deploy/manifests"));
  const roles = "/apis/rbac.authorization.k8s.io/v1/clusterroles";
  const role = cluster.server.read(roles, "vestal-operator") as ApiObject & { readonly rules: readonly object[] };
  const isMonitors = (each: object): boolean => JSON.stringify(each).includes('"servicemonitors"');
  const rest = role.rules.map((rule) =>
    isMonitors(rule)
      ? { ...rule, resources: (rule as { resources: string[] }).resources.filter((each) => each !== "servicemonitors") }
      : rule,
  );
  cluster.server.put(roles, { ...role, rules: rest });
  await startAs(
    "vestal-operator",
    argumentsOf("vestal-operator").filter((arg) => !arg.startsWith("--leader-elect")),
  );
  await processes.until("Prometheus", () => isDone(`${MONITORING}/prometheuses`, "monitoring/vestal"));
  expect(processes.log).toMatch(/A right is missing.*verb=watch resource=servicemonitors\.monitoring\.coreos\.com/);
}, 120_000);

test("with rights in one namespace only, it works there", async () => {
  const role = {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "Role",
    metadata: { name: "confined", namespace: "team" },
    rules: rulesOf(NEEDED_RIGHTS),
  };
  const binding = {
    ...role,
    kind: "RoleBinding",
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "confined" },
    subjects: [{ kind: "ServiceAccount", name: "confined", namespace: "monitoring" }],
  };
  cluster.server.put("/api/v1/namespaces", { metadata: { name: "team" } });
  for (const each of [role, binding]) await cluster.applyObject(each);
  await cluster.apply(`
apiVersion: monitoring.coreos.com/v1
kind: Prometheus
metadata: {name: own, namespace: team}
spec: {serviceMonitorSelector: {}, serviceMonitorNamespaceSelector: {}}
`);
  await startAs("confined", [
    "--namespaces=team",
    "--prometheus-default-base-image=v.example/v",
    "--prometheus-config-reloader=v.example/v:1",
  ]);
  await processes.until("Prometheus", () => isDone(`${MONITORING}/prometheuses`, "team/own"));
  expect(cluster.refused).toEqual([]);
}, 120_000);

test("an operator that is there before custom resources and roles works once they are", async () => {
  await cluster.stop();
  cluster = await TestCluster.start();
  await startAs("vestal-operator", [
    "--prometheus-default-base-image=v.example/v",
    "--prometheus-config-reloader=v.example/v:1",
  ]);
  await processes.until("it has said what is missing", () => processes.log.includes("A right is missing"));
  await applyFolder(join(packageRoot(), "crds"));
  await applyFolder(join(packageRoot(), "deploy/manifests"));
  await processes.until("Prometheus", () => isDone(`${MONITORING}/prometheuses`, "monitoring/vestal"));
}, 120_000);

test("ThanosRulers and agents on every node are made too", async () => {
  await applyFolder(join(packageRoot(), "deploy/manifests"));
  await cluster.apply(`
apiVersion: monitoring.coreos.com/v1
kind: ThanosRuler
metadata: {name: global, namespace: monitoring}
spec: {queryEndpoints: ["dnssrv+_http._tcp.query"], ruleSelector: {}, ruleNamespaceSelector: {}, image: "registry.example/thanos:v0.42.4"}
---
apiVersion: monitoring.coreos.com/v1alpha1
kind: PrometheusAgent
metadata: {name: edge, namespace: monitoring}
spec: {mode: DaemonSet, podMonitorSelector: {}, remoteWrite: [{url: "http://store.example/write"}]}
`);
  const args = argumentsOf("vestal-operator").filter((arg) => !arg.startsWith("--leader-elect"));
  await startAs("vestal-operator", [...args, "--feature-gates=PrometheusAgentDaemonSet=true"]);
  await processes.until("ruler", () => isDone(`${MONITORING}/thanosrulers`, "monitoring/global"));
  await processes.until("agent", () => isDone(`${ALPHA}/prometheusagents`, "monitoring/edge"));
  const sets = "/apis/apps/v1/daemonsets";
  expect(cluster.server.read(sets, "monitoring/prom-agent-edge")?.["spec"]).toMatchObject({
    template: { spec: { containers: [{ name: "prometheus" }, { name: "config-reloader" }] } },
  });
  const rules = cluster.server.read("/api/v1/configmaps", "monitoring/thanos-ruler-global-rulefiles-0");
  expect(Object.keys((rules?.["data"] ?? {}) as object)).toHaveLength(5);
  cluster.server.delete(sets, "monitoring/prom-agent-edge");
  await processes.until("it is back", () => cluster.server.read(sets, "monitoring/prom-agent-edge") !== undefined);
  expect(cluster.refused).toEqual([]);
}, 120_000);

test("the written files are what the generator says, and needed rights are a part of prometheus-operator's own role", async () => {
  for (const [path, manifests] of manifestFiles()) {
    expect(manifests.length, path).toBeGreaterThan(0);
  }
  await cluster.apply(readFileSync(join(INSTALLATION, "prometheusOperator-clusterRole.yaml"), "utf8"));
  const role = cluster.server.read("/apis/rbac.authorization.k8s.io/v1/clusterroles", "prometheus-operator");
  const rules = role?.["rules"] as readonly {
    readonly apiGroups: readonly string[];
    readonly resources: readonly string[];
    readonly verbs: readonly string[];
  }[];
  const isGiven = (group: string, resource: string, verb: string): boolean =>
    rules.some(
      ({ apiGroups, resources, verbs }) =>
        apiGroups.includes(group) && resources.includes(resource) && (verbs.includes("*") || verbs.includes(verb)),
    );
  const missing = NEEDED_RIGHTS.flatMap(({ apiGroups: [group = ""], resources, verbs }) =>
    resources.flatMap((resource) =>
      verbs.filter((verb) => !isGiven(group, resource, verb)).map((verb) => `${verb} ${resource}`),
    ),
  );
  // Its role in this installation has no rights for the status of AlertmanagerConfigs.
  expect(missing).toEqual(["update alertmanagerconfigs/status"]);
}, 120_000);

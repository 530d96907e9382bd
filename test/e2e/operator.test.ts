/** The operator as a process against an API server: objects in, workloads and configuration out, drift repaired, kills survived. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { load } from "js-yaml";
import { afterEach, beforeEach, expect, test } from "vitest";
import { packageRoot } from "../../src/base/index.js";
import { RESOURCES } from "../../src/operator/controller/index.js";
import { type ApiObject, FakeApiServer } from "../doubles/kubernetes/api-server.js";
import { settleStatefulSets } from "../doubles/kubernetes/stateful-sets.js";

const MONITORING = "/apis/monitoring.coreos.com/v1";
const SETS = "/apis/apps/v1/statefulsets";
const SECRETS = "/api/v1/secrets";
const CONFIG_MAPS = "/api/v1/configmaps";

let server: FakeApiServer;
let settling: NodeJS.Timeout;
const running = new Set<ChildProcess>();
let log = "";

beforeEach(async () => {
  log = "";
  server = await FakeApiServer.start();
  const roots = new Set(Object.values(RESOURCES).map(({ root }) => root));
  for (const root of roots) {
    const resources = Object.values(RESOURCES).filter((each) => each.root === root);
    server.documents.set(root, {
      kind: "APIResourceList",
      resources: resources.map(({ plural }) => ({ name: plural })),
    });
  }
  server.documents.set("/apis/discovery.k8s.io/v1", {
    kind: "APIResourceList",
    resources: [{ name: "endpointslices" }],
  });
  server.documents.set("/version", { major: "1", minor: "36", gitVersion: "v1.36.2" });
  for (const name of ["monitoring", "apps"])
    server.put("/api/v1/namespaces", { metadata: { name, labels: { team: name } } });
  settling = setInterval(() => settleStatefulSets(server), 50);
});

afterEach(async () => {
  clearInterval(settling);
  for (const child of running) child.kill("SIGKILL");
  await Promise.all([...running].map((child) => once(child, "close")));
  await server.stop();
});

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, "127.0.0.1", resolve));
  const { port } = probe.address() as { port: number };
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

async function start(...args: string[]): Promise<{ readonly child: ChildProcess; readonly port: number }> {
  const port = await freePort();
  const all = [
    join(packageRoot(), "bin", "vestal"),
    "operator",
    `--apiserver=${server.url}`,
    `--web.listen-address=127.0.0.1:${port}`,
    "--prometheus-config-reloader=registry.example/reloader:v1",
    "--prometheus-default-base-image=registry.example/prometheus",
    "--alertmanager-default-base-image=registry.example/alertmanager",
    ...args,
  ];
  const child = spawn(process.execPath, all, { stdio: ["ignore", "pipe", "pipe"] });
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => (log += text));
  running.add(child);
  child.once("close", () => running.delete(child));
  return { child, port };
}

async function until(what: string, condition: () => boolean | undefined): Promise<void> {
  for (let left = 4000; left > 0; left--) {
    if (condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`not within 40 s: ${what}\n${log}\n${server.requests.slice(-40).join("\n")}`);
}

async function create(path: string, object: unknown): Promise<void> {
  const response = await fetch(server.url + path, { method: "POST", body: JSON.stringify(object) });
  expect(response.status).toBe(201);
}

const prometheus = {
  metadata: { name: "main", labels: { app: "x" } },
  spec: {
    replicas: 2,
    serviceMonitorSelector: {},
    serviceMonitorNamespaceSelector: { matchLabels: { team: "apps" } },
    ruleSelector: {},
    ruleNamespaceSelector: {},
    alerting: { alertmanagers: [{ namespace: "monitoring", name: "alertmanager-operated", port: "web" }] },
  },
};
const monitor = (name: string, more: object = {}) => ({
  metadata: { name },
  spec: { selector: { matchLabels: { app: name } }, endpoints: [{ port: "http", interval: "30s", ...more }] },
});
const rule = {
  metadata: { name: "rules" },
  spec: { groups: [{ name: "g", rules: [{ alert: "Down", expr: "up == 0", for: "1m" }] }] },
};

function jobs(): readonly string[] {
  const secret = server.read(SECRETS, "monitoring/prometheus-main");
  const data = (secret?.["data"] as Readonly<Record<string, string>> | undefined)?.["prometheus.yaml.gz"];
  if (data === undefined) return [];
  const text = gunzipSync(Buffer.from(data, "base64")).toString();
  const config = load(text) as { readonly scrape_configs?: readonly { readonly job_name: string }[] };
  return (config.scrape_configs ?? []).map(({ job_name }) => job_name);
}

interface Conditioned {
  readonly status?: {
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly message: string }[];
  };
}

function conditions(of: string, key: string): readonly string[] {
  const object = server.read(`${MONITORING}/${of}`, key) as Conditioned | undefined;
  return (object?.status?.conditions ?? []).map(({ type, status }) => `${type}=${status}`);
}

interface Bound {
  readonly status?: {
    readonly bindings?: readonly {
      readonly name: string;
      readonly conditions: readonly { readonly status: string; readonly message?: string }[];
    }[];
  };
}

const bindings = (key: string) =>
  ((server.read(`${MONITORING}/servicemonitors`, key) as Bound | undefined)?.status?.bindings ?? []).map(
    ({ name, conditions: [first] }) => [name, first?.status, first?.message ?? ""],
  );

test("monitors, rules and workloads become what they say, and status tells so", async () => {
  await create(`${MONITORING}/namespaces/apps/servicemonitors`, monitor("web"));
  await create(
    `${MONITORING}/namespaces/apps/servicemonitors`,
    monitor("bad", { basicAuth: { username: { name: "none", key: "u" }, password: { name: "none", key: "u" } } }),
  );
  await create(`${MONITORING}/namespaces/monitoring/servicemonitors`, monitor("elsewhere"));
  await create(`${MONITORING}/namespaces/apps/prometheusrules`, rule);
  await create(`${MONITORING}/namespaces/monitoring/prometheuses`, prometheus);
  await create(`${MONITORING}/namespaces/monitoring/alertmanagers`, {
    metadata: { name: "main" },
    spec: { replicas: 1 },
  });
  const { child, port } = await start();
  await until("the configuration", () => jobs().length > 0);
  expect(jobs()).toEqual(["serviceMonitor/apps/web/0"]);
  await until("available", () => conditions("prometheuses", "monitoring/main").includes("Available=True"));
  expect(conditions("prometheuses", "monitoring/main")).toEqual(["Available=True", "Reconciled=True"]);
  const set = server.read(SETS, "monitoring/prometheus-main") as ApiObject;
  expect(set["spec"]).toMatchObject({ replicas: 2, serviceName: "prometheus-operated" });
  await until("rules", () => server.read(CONFIG_MAPS, "monitoring/prometheus-main-rulefiles-0") !== undefined);
  const rules = server.read(CONFIG_MAPS, "monitoring/prometheus-main-rulefiles-0")?.["data"] as Readonly<
    Record<string, string>
  >;
  expect(Object.values(rules).map((text) => load(text))).toEqual([rule.spec]);
  await until("the Alertmanager", () => conditions("alertmanagers", "monitoring/main").includes("Available=True"));
  expect(server.read(SECRETS, "monitoring/alertmanager-main-generated")?.["data"]).toHaveProperty([
    "alertmanager.yaml.gz",
  ]);

  await until("bindings", () => bindings("apps/bad").length > 0 && bindings("apps/web").length > 0);
  expect(bindings("apps/web")).toEqual([["main", "True", ""]]);
  expect(bindings("apps/bad")).toEqual([["main", "False", expect.stringMatching(/basicAuth.*none/)]]);
  expect(bindings("monitoring/elsewhere")).toEqual([]);
  // The Secret that was missing comes: the monitor is used without being touched.
  await create("/api/v1/namespaces/apps/secrets", { metadata: { name: "none" }, data: { u: "dQ==" } });
  await until("the mended monitor", () => jobs().includes("serviceMonitor/apps/bad/0"));
  await until("its binding", () => bindings("apps/bad")[0]?.[1] === "True");

  const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  expect(metrics).toMatch(/prometheus_operator_ready\{controller="prometheus"\} 1/);
  expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200);
  child.kill("SIGTERM");
  const [code] = (await once(child, "close")) as [number];
  expect(code).toBe(0);
}, 120_000);

test("what somebody edits or deletes is back, a label on a namespace counts, and what is gone is cleaned up", async () => {
  await create(`${MONITORING}/namespaces/apps/servicemonitors`, monitor("web"));
  await create(`${MONITORING}/namespaces/monitoring/servicemonitors`, monitor("own"));
  await create(`${MONITORING}/namespaces/monitoring/prometheuses`, prometheus);
  await start();
  await until("available", () => conditions("prometheuses", "monitoring/main").includes("Available=True"));
  const owned: readonly (readonly [string, string])[] = [
    [SETS, "monitoring/prometheus-main"],
    [SECRETS, "monitoring/prometheus-main"],
    [SECRETS, "monitoring/prometheus-main-web-config"],
    [CONFIG_MAPS, "monitoring/prometheus-main-rulefiles-0"],
  ];
  for (const [path, key] of owned) {
    await until(key, () => server.read(path, key) !== undefined);
    server.delete(path, key);
    await until(`${path}/${key} is back`, () => server.read(path, key) !== undefined);
  }
  const set = server.read(SETS, "monitoring/prometheus-main") as ApiObject;
  const generation = Number(set.metadata["generation"] ?? 1) + 1;
  server.put(SETS, {
    ...set,
    metadata: { ...set.metadata, generation },
    spec: { ...(set["spec"] as object), replicas: 7 },
  });
  const replicas = () =>
    (server.read(SETS, "monitoring/prometheus-main")?.["spec"] as { readonly replicas?: number } | undefined)?.replicas;
  await until("the replicas are put back", () => replicas() === 2);
  const secret = server.read(SECRETS, "monitoring/prometheus-main") as ApiObject;
  server.put(SECRETS, { ...secret, data: {} });
  await until("the Secret is put back", () => jobs().length > 0);

  server.put("/api/v1/namespaces", { metadata: { name: "monitoring", labels: { team: "apps" } } });
  await until("the namespace is selected", () => jobs().includes("serviceMonitor/monitoring/own/0"));
  await until("bound", () => bindings("apps/web").length === 1);
  await fetch(`${server.url}${MONITORING}/namespaces/monitoring/prometheuses/main`, { method: "DELETE" });
  await until(
    "nothing says it is used",
    () => bindings("apps/web").length === 0 && bindings("monitoring/own").length === 0,
  );
  await until("no StatefulSet is left", () => server.read(SETS, "monitoring/prometheus-main") === undefined);
}, 120_000);

test("killed in the middle of its work at any moment, it comes to the same in the end", async () => {
  for (let i = 0; i < 5; i++) await create(`${MONITORING}/namespaces/apps/servicemonitors`, monitor(`m${i}`));
  await create(`${MONITORING}/namespaces/apps/prometheusrules`, rule);
  await create(`${MONITORING}/namespaces/monitoring/prometheuses`, prometheus);
  const rounds = Number(process.env["KILL_ROUNDS"] ?? 4);
  for (let round = 0; round < rounds; round++) {
    const { child } = await start();
    const wanted = server.requests.length + 12 + ((round * 7) % 41);
    await until("some requests", () => server.requests.length >= wanted);
    child.kill("SIGKILL");
    await once(child, "close");
  }
  await start();
  await until(
    "converged",
    () => conditions("prometheuses", "monitoring/main").join() === "Available=True,Reconciled=True",
  );
  await until("the configuration", () => jobs().length === 5);
  expect(jobs()).toEqual([0, 1, 2, 3, 4].map((i) => `serviceMonitor/apps/m${i}/0`));
}, 120_000);

/**
 * "Adding your app", with real processes: an exporter, a Service and a ServiceMonitor are applied; its target is listed within
 * seconds and scraped; a rule is applied; its alert fires, and the Alertmanager tells a webhook. Pods are processes of this project.
 */
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { packageRoot } from "../../src/base/index.js";
import { TestCluster } from "../doubles/kubernetes/cluster.js";
import { Kubelet, putSlice } from "../doubles/kubernetes/kubelet.js";
import { freePort, Processes } from "../doubles/kubernetes/operator-process.js";

let cluster: TestCluster;
let processes: Processes;
let kubelet: Kubelet;
const servers: Server[] = [];

async function listen(answer: (path: string, body: string) => string): Promise<number> {
  const server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (part: string) => {
      body += part;
    });
    request.on("end", () =>
      response.writeHead(200, { "content-type": "text/plain; version=0.0.4" }).end(answer(request.url ?? "", body)),
    );
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

beforeEach(async () => {
  cluster = await TestCluster.start();
  processes = new Processes();
  kubelet = new Kubelet(cluster, processes, mkdtempSync(join(tmpdir(), "vestal-story-")));
  const crds = join(packageRoot(), "crds");
  for (const name of readdirSync(crds)) {
    if (name.endsWith(".yaml")) await cluster.apply(readFileSync(join(crds, name), "utf8"));
  }
});

afterEach(async () => {
  await kubelet.stop();
  await processes.killAll();
  for (const server of servers.splice(0)) server.close();
  await cluster.stop();
});

async function get<T>(port: number | undefined, path: string): Promise<T | undefined> {
  if (port === undefined) return undefined;
  const response = await fetch(`http://127.0.0.1:${port}${path}`).catch(() => undefined);
  return response?.ok === true ? ((await response.json()) as T) : undefined;
}

interface Targets {
  readonly data: {
    readonly activeTargets: readonly { readonly labels: Readonly<Record<string, string>>; readonly health: string }[];
  };
}

test("an app is added: its target is listed and scraped, its alert fires and arrives", async () => {
  const appPort = await listen(() => "# TYPE orders_total counter\norders_total 7\n");
  const notified: string[] = [];
  const hookPort = await listen((_, body) => {
    notified.push(body);
    return "";
  });
  await cluster.apply(`
apiVersion: v1
kind: Namespace
metadata: {name: monitoring}
---
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: monitoring.coreos.com/v1
kind: Prometheus
metadata: {name: main, namespace: monitoring}
spec:
  replicas: 1
  scrapeInterval: 1s
  evaluationInterval: 1s
  serviceDiscoveryRole: EndpointSlice
  apiserverConfig: {host: "${cluster.server.url}"}
  serviceMonitorSelector: {}
  serviceMonitorNamespaceSelector: {}
  ruleSelector: {}
  ruleNamespaceSelector: {}
  alerting: {alertmanagers: [{namespace: monitoring, name: alertmanager-operated, port: web}]}
---
apiVersion: monitoring.coreos.com/v1
kind: Alertmanager
metadata: {name: main, namespace: monitoring}
spec: {replicas: 1, alertmanagerConfigSelector: {}, alertmanagerConfigNamespaceSelector: {}}
---
apiVersion: monitoring.coreos.com/v1alpha1
kind: AlertmanagerConfig
metadata: {name: to-hook, namespace: shop}
spec:
  route: {receiver: hook, groupWait: 1s, groupInterval: 1s, repeatInterval: 1h}
  receivers: [{name: hook, webhookConfigs: [{url: "http://127.0.0.1:${hookPort}/"}]}]
`);
  const operatorPort = await freePort();
  processes.start([
    "operator",
    `--apiserver=${cluster.server.url}`,
    `--web.listen-address=127.0.0.1:${operatorPort}`,
    "--prometheus-config-reloader=registry.example/vestal:1",
    "--prometheus-default-base-image=registry.example/vestal",
    "--alertmanager-default-base-image=registry.example/vestal",
  ]);
  const prometheus = () => kubelet.port("monitoring/prometheus-main-0", 9090);
  const alertmanager = () => kubelet.port("monitoring/alertmanager-main-0", 9093);
  const isReady = async (port: number | undefined) =>
    port !== undefined && (await fetch(`http://127.0.0.1:${port}/-/ready`).catch(() => undefined))?.ok;
  await processes.until(
    "the servers are ready",
    async () => {
      if (kubelet.failure !== undefined) throw kubelet.failure;
      return (await isReady(prometheus())) && (await isReady(alertmanager()));
    },
    90_000,
  );

  const appliedMs = performance.now();
  await cluster.apply(`
apiVersion: v1
kind: Service
metadata: {name: orders, namespace: shop, labels: {app: orders}}
spec: {ports: [{name: http, port: 8080}]}
---
apiVersion: v1
kind: Pod
metadata: {name: orders-1, namespace: shop, labels: {app: orders}}
spec: {containers: [{name: orders, image: "registry.example/orders:1", ports: [{name: http, containerPort: 8080}]}]}
---
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata: {name: orders, namespace: shop}
spec: {selector: {matchLabels: {app: orders}}, endpoints: [{port: http}]}
`);
  putSlice(cluster.server, "shop", "orders", "orders-1", [{ name: "http", port: appPort, protocol: "TCP" }]);
  const target = async () => {
    const targets = await get<Targets>(prometheus(), "/api/v1/targets");
    return targets?.data.activeTargets.find(({ labels }) => labels["service"] === "orders");
  };
  await processes.until("the target is listed", async () => (await target()) !== undefined);
  const listedMs = performance.now() - appliedMs;
  await processes.until("the target is up", async () => (await target())?.health === "up");
  const upMs = performance.now() - appliedMs;
  expect((await target())?.labels).toMatchObject({
    job: "orders",
    namespace: "shop",
    pod: "orders-1",
    service: "orders",
    endpoint: "http",
  });

  await cluster.apply(`
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata: {name: orders, namespace: shop}
spec: {groups: [{name: orders, rules: [{alert: ManyOrders, expr: "orders_total > 5", labels: {severity: warning}}]}]}
`);
  await processes.until("the webhook is told", () => notified.some((body) => body.includes("ManyOrders")), 60_000);
  const { alerts } = JSON.parse(notified.find((body) => body.includes("ManyOrders"))!) as {
    readonly alerts: readonly { readonly status: string; readonly labels: Readonly<Record<string, string>> }[];
  };
  expect(alerts[0]).toMatchObject({
    status: "firing",
    labels: { alertname: "ManyOrders", namespace: "shop", service: "orders" },
  });

  const tell = async (object: string): Promise<{ readonly code: number; readonly text: string }> => {
    const before = processes.log.length;
    const to = ["--apiserver", cluster.server.url, "--server-url", `http://127.0.0.1:${prometheus()}`];
    const child = processes.start(["tool", "explain", "monitor", object, ...to]);
    const [code] = (await once(child, "close")) as [number];
    return { code, text: processes.log.slice(before) };
  };
  const why = await tell("shop/orders");
  expect(why.text).toMatch(/ok +targets +1 target\(s\), all up/);
  expect(why.code).toBe(0);
  await cluster.apply(`
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata: {name: wrong, namespace: shop}
spec: {selector: {matchLabels: {app: orders}}, endpoints: [{port: "8080"}]}
`);
  const wrong = await tell("shop/wrong");
  expect(wrong.text).toMatch(/FAIL +port +there is no port "8080"; the Service has http\n +-> .*not its number/);
  expect(wrong.code).toBe(1);
  const page = `http://127.0.0.1:${operatorPort}/api/v1/cluster/explain?kind=servicemonitor&namespace=shop&name=wrong`;
  expect(await (await fetch(page)).json()).toMatchObject({
    status: "success",
    data: { object: "ServiceMonitor shop/wrong", conclusion: expect.stringContaining("is not scraped") },
  });
  const ask = async (path: string): Promise<{ readonly data: unknown }> => {
    const answer = await fetch(`http://127.0.0.1:${operatorPort}/api/v1/cluster/${path}`);
    return (await answer.json()) as { readonly data: unknown };
  };
  expect((await ask("workloads")).data).toMatchObject({
    workloads: expect.arrayContaining([
      expect.objectContaining({
        kind: "Prometheus",
        reconciliation: expect.not.objectContaining({ error: expect.anything() }),
        sets: [expect.objectContaining({ kind: "StatefulSet", isThere: true, wanted: 1 })],
        selects: expect.arrayContaining([expect.objectContaining({ kind: "ServiceMonitor", rejected: 0 })]),
      }),
      expect.objectContaining({ kind: "Alertmanager" }),
    ]),
  });
  expect((await ask("objects?kind=servicemonitor&q=shop/orders&limit=1")).data).toMatchObject({
    total: 1,
    counts: { accepted: 1, rejected: 0, pending: 0, unselected: 0 },
    objects: [{ namespace: "shop", name: "orders", state: "accepted", workloads: [{ kind: "Prometheus" }] }],
  });
  const { workloads } = (await ask("workloads")).data as {
    readonly workloads: readonly { readonly kind: string; readonly namespace: string; readonly name: string }[];
  };
  for (const { kind, namespace, name } of workloads) {
    const { steps } = (await ask(`rollout?kind=${kind}&namespace=${namespace}&name=${name}`)).data as {
      readonly steps: readonly { readonly step: string; readonly isPassed?: boolean }[];
    };
    const known = steps.filter(({ step }) => step !== "in force").map(({ step, isPassed }) => [step, isPassed]);
    expect(known).toEqual(["object", "reconciliation", "configuration", "pods"].map((step) => [step, true]));
  }
  expect(await ask("objects?state=lost")).toMatchObject({ status: "error", errorType: "bad_data" });
  process.stdout.write(`target listed after ${listedMs.toFixed(0)} ms, up after ${upMs.toFixed(0)} ms\n`);
}, 200_000);

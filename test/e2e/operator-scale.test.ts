/**
 * Many objects: how long until all is in force, how long one change takes, and how much memory that needs. Small by default;
 * SCALE=1 is 2,000 ServiceMonitors, 500 PrometheusRules and 20 Prometheus objects; SECRETS=10000 adds that many Secrets of 100 kB.
 */
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { ApiObject } from "../doubles/kubernetes/api-server.js";
import { TestCluster } from "../doubles/kubernetes/cluster.js";
import { freePort, Processes } from "../doubles/kubernetes/operator-process.js";

const MONITORING = "/apis/monitoring.coreos.com/v1";
const scale = Number(process.env["SCALE"] ?? 0.05);
const COUNTS = {
  monitors: Math.round(2000 * scale),
  rules: Math.round(500 * scale),
  prometheuses: Math.max(2, Math.round(20 * scale)),
  secrets: Number(process.env["SECRETS"] ?? 50),
};
const NAMESPACES = 20;

let cluster: TestCluster;
let processes: Processes;

beforeEach(async () => {
  cluster = await TestCluster.start();
  processes = new Processes();
  cluster.serveCustomResources();
});

afterEach(async () => {
  await processes.killAll();
  await cluster.stop();
});

function put(collection: string, object: ApiObject): void {
  const metadata = { ...object.metadata, uid: `u-${object.metadata.namespace}-${object.metadata.name}`, generation: 1 };
  cluster.server.put(collection, { ...object, metadata });
}

const monitor = (i: number, path = "/metrics"): ApiObject => ({
  apiVersion: "monitoring.coreos.com/v1",
  kind: "ServiceMonitor",
  metadata: { name: `app-${i}`, namespace: `team-${i % NAMESPACES}`, labels: { team: String(i % NAMESPACES) } },
  spec: { selector: { matchLabels: { app: `app-${i}` } }, endpoints: [{ port: "http", interval: "30s", path }] },
});

function fill(selectsAll: boolean): void {
  for (let i = 0; i < NAMESPACES; i++) {
    cluster.server.put("/api/v1/namespaces", { metadata: { name: `team-${i}`, labels: { team: String(i) } } });
  }
  for (let i = 0; i < COUNTS.monitors; i++) put(`${MONITORING}/servicemonitors`, monitor(i));
  for (let i = 0; i < COUNTS.rules; i++) {
    put(`${MONITORING}/prometheusrules`, {
      apiVersion: "monitoring.coreos.com/v1",
      kind: "PrometheusRule",
      metadata: { name: `rules-${i}`, namespace: `team-${i % NAMESPACES}`, labels: { team: String(i % NAMESPACES) } },
      spec: {
        groups: [
          {
            name: `g${i}`,
            rules: Array.from({ length: 5 }, (_, n) => ({
              alert: `A${n}`,
              expr: `sum by (job) (rate(http_requests_total{job="app-${i}", code=~"5.."}[5m])) / sum by (job) (rate(http_requests_total[5m])) > 0.0${n + 1}`,
              for: "5m",
              labels: { severity: "warning" },
              annotations: { summary: "{{ $labels.job }} has {{ $value | humanizePercentage }} errors" },
            })),
          },
        ],
      },
    });
  }
  const data = { blob: Buffer.alloc(75_000, "x").toString("base64") };
  for (let i = 0; i < COUNTS.secrets; i++) {
    put("/api/v1/secrets", { metadata: { name: `s-${i}`, namespace: `team-${i % NAMESPACES}` }, data });
  }
  for (let i = 0; i < COUNTS.prometheuses; i++) {
    const selector = selectsAll ? {} : { matchLabels: { team: String(i) } };
    put(`${MONITORING}/prometheuses`, {
      apiVersion: "monitoring.coreos.com/v1",
      kind: "Prometheus",
      metadata: { name: `p${i}`, namespace: `team-${i}` },
      spec: {
        serviceMonitorSelector: selector,
        serviceMonitorNamespaceSelector: {},
        ruleSelector: selector,
        ruleNamespaceSelector: {},
      },
    });
  }
}

function configOf(i: number): string {
  const secret = cluster.server.read("/api/v1/secrets", `team-${i}/prometheus-p${i}`);
  const { "prometheus.yaml.gz": packed } = (secret?.["data"] ?? {}) as Readonly<Record<string, string>>;
  return packed === undefined ? "" : gunzipSync(Buffer.from(packed, "base64")).toString();
}

const jobsOf = (i: number): number => configOf(i).split("job_name: serviceMonitor/").length - 1;

interface Status {
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

function isReconciled(i: number): boolean {
  const { status } = (cluster.server.read(`${MONITORING}/prometheuses`, `team-${i}/p${i}`) ?? {}) as Status;
  return status?.conditions?.find(({ type }) => type === "Reconciled")?.status === "True";
}

function residentBytes(pid: number): number {
  const line = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return Number(line?.[1] ?? 0) * 1024;
}

function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** All that select all are dear: by default the part is enough. */
const KINDS: readonly (readonly [name: string, selectsAll: boolean])[] = [
  ["each Prometheus has its own part", false],
  ...(process.env["SCALE"] === undefined ? [] : [["each Prometheus selects everything", true] as const]),
];

test.each(KINDS)(
  "many objects are in force soon, and one change is too: %s",
  async (name, selectsAll) => {
    fill(selectsAll);
    const port = await freePort();
    const beganMs = performance.now();
    const child = processes.start([
      "operator",
      `--apiserver=${cluster.server.url}`,
      `--web.listen-address=127.0.0.1:${port}`,
      "--prometheus-config-reloader=registry.example/reloader:v1",
      "--prometheus-default-base-image=registry.example/prometheus",
    ]);
    const pid = child.pid ?? 0;
    const all = Array.from({ length: COUNTS.prometheuses }, (_, i) => i);
    await processes.until("all are reconciled", () => all.every(isReconciled), 120_000);
    const fullMs = performance.now() - beganMs;
    const fullCpu = cpuSeconds(pid);
    const perPrometheus = selectsAll ? COUNTS.monitors : Math.ceil(COUNTS.monitors / NAMESPACES);
    for (const i of all) expect(jobsOf(i), `jobs of p${i}`).toBe(perPrometheus);
    const changedMs = performance.now();
    const changedCpu = cpuSeconds(pid);
    const { apiVersion, kind, metadata, spec } = monitor(0, "/changed");
    cluster.server.put(`${MONITORING}/servicemonitors`, {
      apiVersion,
      kind,
      metadata: { ...metadata, uid: "u-team-0-app-0", generation: 2 },
      spec,
    });
    const concerned = selectsAll ? all : [0];
    const isChanged = (i: number): boolean => configOf(i).includes("metrics_path: /changed");
    await processes.until("the change is in force", () => concerned.every(isChanged), 60_000);
    const changeMs = performance.now() - changedMs;
    const changeCpu = cpuSeconds(pid) - changedCpu;
    const bound = () =>
      cluster.server
        .list(`${MONITORING}/servicemonitors`)
        .every(
          (each) => JSON.stringify(each["status"] ?? {}).includes('"status":"True"') || !isSelected(each, selectsAll),
        );
    await processes.until("all bindings", bound, 180_000);
    const megabytes = residentBytes(pid) / 1024 / 1024;
    process.stdout.write(
      `${name}: ${JSON.stringify(COUNTS)}: full ${(fullMs / 1000).toFixed(1)} s (${fullCpu.toFixed(1)} s CPU), one change ${changeMs.toFixed(0)} ms (${changeCpu.toFixed(1)} s CPU), bindings after ${((performance.now() - beganMs) / 1000).toFixed(1)} s, at most ${megabytes.toFixed(0)} MB\n`,
    );
    expect(megabytes).toBeLessThan(300);
  },
  400_000,
);

function isSelected({ metadata }: ApiObject, selectsAll: boolean): boolean {
  return selectsAll || Number(metadata.labels?.["team"]) < COUNTS.prometheuses;
}

test("through refusals, conflicts, expired versions, cut and silent watches it comes to the same in the end", async () => {
  fill(true);
  const { server } = cluster;
  const port = await freePort();
  const child = processes.start([
    "operator",
    `--apiserver=${server.url}`,
    `--web.listen-address=127.0.0.1:${port}`,
    "--prometheus-config-reloader=registry.example/reloader:v1",
    "--prometheus-default-base-image=registry.example/prometheus",
  ]);
  const all = Array.from({ length: COUNTS.prometheuses }, (_, i) => i);
  await processes.until("all are reconciled", () => all.every(isReconciled), 120_000);
  const before = residentBytes(child.pid ?? 0);
  let version = 2;
  const storm = async (name: string, begin: () => void, end: () => void): Promise<void> => {
    begin();
    const path = `/storm-${version}`;
    const { apiVersion, kind, metadata, spec } = monitor(version, path);
    const uid = `u-team-${version % NAMESPACES}-app-${version}`;
    server.put(`${MONITORING}/servicemonitors`, {
      apiVersion,
      kind,
      metadata: { ...metadata, uid, generation: version },
      spec,
    });
    await new Promise((resolve) => setTimeout(resolve, 500));
    end();
    await processes.until(
      `${name}: the change is in force`,
      () => all.every((i) => configOf(i).includes(path)),
      60_000,
    );
    version++;
  };
  const none = (): void => undefined;
  await storm(
    "429",
    () => {
      server.faults.status = { code: 429, headers: { "retry-after": "1" } };
      server.cutAll();
    },
    () => {
      server.faults.status = undefined;
    },
  );
  await storm(
    "cut watches",
    () => {
      server.faults.cutWatchesMs = 50;
      server.cutAll();
    },
    () => {
      server.faults.cutWatchesMs = undefined;
    },
  );
  await storm("410", () => server.compact(true), none);
  await storm(
    "409",
    () => server.refusals.push(...Array.from({ length: 12 }, () => ({ method: "PUT", path: /secrets/, code: 409 }))),
    none,
  );
  // Nothing comes on watches that are open, as through a firewall that forgot them; new ones work.
  await storm(
    "black hole",
    () => {
      server.faults.isSilent = true;
    },
    () => {
      server.faults.isSilent = false;
      server.cutAll();
    },
  );
  const after = residentBytes(child.pid ?? 0);
  expect(after - before).toBeLessThan(80 * 1024 * 1024);
}, 400_000);

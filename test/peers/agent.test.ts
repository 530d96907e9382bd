/**
 * Agents: the same answers as a real one's, samples that arrive at a real Prometheus once and in order over a kill, one data
 * directory for both, and a log that is truncated.
 */
import { execFile } from "node:child_process";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { packageRoot } from "../../src/base/index.js";
import { type Exporter, respond, startExporter } from "../doubles/exporter.js";
import {
  freePort,
  killAll,
  makeFolder,
  queryMatrix,
  queryVector,
  removeFolder,
  type Server,
  startPrometheus,
  startVestal,
  waitUntil,
} from "./harness.js";
import { peerBinary } from "./peer-binary.js";

const folders: string[] = [];
let exporter: Exporter;
let receiver: Server;
let count = 0;
let isWide = true;

beforeAll(async () => {
  exporter = await startExporter(() =>
    respond(`counted ${++count}\n${isWide ? Array.from({ length: 50 }, (_, i) => `wide{n="${i}"} 1\n`).join("") : ""}`),
  );
  receiver = await startPrometheus({ config: {}, folder: folder(), args: ["--web.enable-remote-write-receiver"] });
}, 60_000);

afterAll(async () => {
  await killAll();
  await exporter.close();
  for (const made of folders) removeFolder(made);
});

function folder(): string {
  const made = makeFolder();
  folders.push(made);
  return made;
}

function config(job: string): unknown {
  return {
    global: { scrape_interval: "200ms", external_labels: { from: job } },
    scrape_configs: [{ job_name: job, static_configs: [{ targets: [`127.0.0.1:${exporter.port}`] }] }],
    remote_write: [{ url: `${receiver.url}/api/v1/write`, queue_config: { batch_send_deadline: "200ms" } }],
  };
}

const PATHS = [
  "GET /api/v1/query?query=up",
  "GET /api/v1/query",
  "GET /api/v1/query_range",
  "GET /api/v1/query_exemplars",
  "GET /api/v1/format_query",
  "GET /api/v1/parse_query",
  "GET /api/v1/labels",
  "GET /api/v1/label/a/values",
  "GET /api/v1/series",
  "DELETE /api/v1/series",
  "GET /api/v1/status/tsdb",
  "GET /api/v1/rules",
  "GET /api/v1/alerts",
  "GET /api/v1/alertmanagers",
  "POST /api/v1/admin/tsdb/snapshot",
  "POST /api/v1/admin/tsdb/delete_series",
  "PUT /api/v1/admin/tsdb/clean_tombstones",
  "GET /federate?match[]=up",
  "GET /",
  "GET /-/ready",
  "GET /-/healthy",
];

test("answers of an agent", async () => {
  const [theirs, ours] = await Promise.all(
    [startPrometheus, startVestal].map((start) => start({ config: config("x"), folder: folder(), isAgent: true })),
  );
  const ask = async (server: Server, path: string): Promise<readonly unknown[]> => {
    const [method, target] = path.split(" ") as [string, string];
    const response = await fetch(`${server.url}${target}`, { method, redirect: "manual" });
    return [response.status, response.headers.get("location"), await response.text()];
  };
  for (const path of PATHS) expect(await ask(ours!, path), path).toEqual(await ask(theirs!, path));
  const pages = await Promise.all([theirs!, ours!].map(async ({ url }) => (await fetch(`${url}/metrics`)).text()));
  const [theirNames, ourNames] = pages.map((page) =>
    [...page.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map((m) => `${m[1]} ${m[2]}`),
  );
  const agents = theirNames!.filter((name) => /^prometheus_(?:agent|tsdb_wal)_/.test(name));
  expect(ourNames).toEqual(expect.arrayContaining(agents));
  expect(ourNames!.filter((name) => /^prometheus_(?:tsdb_head|engine)_/.test(name))).toEqual([]);
  await Promise.all([theirs!, ours!].map((server) => server.kill("SIGKILL")));
}, 60_000);

/** Seconds of the newest sample of `counted`; 0 if there is none. */
async function newest(job: string): Promise<number> {
  const found = await queryVector(receiver, `timestamp(counted{job="${job}"})`, Date.now() / 1000);
  return Number(found[0]?.value[1] ?? 0);
}

async function arrivesAfter(job: string, seconds: number): Promise<void> {
  await waitUntil(`samples of ${job} after ${seconds} arrive`, 40_000, async () => (await newest(job)) > seconds);
}

test("samples arrive once and in order, over a kill and with one directory for both programs", async () => {
  const own = folder();
  const options = { config: config("kept"), folder: own, isAgent: true };
  for (const [start, signal] of [
    [startVestal, "SIGKILL"],
    [startVestal, "SIGTERM"],
    [startPrometheus, "SIGTERM"],
    [startVestal, "SIGTERM"],
  ] as const) {
    const agent = await start(options);
    await arrivesAfter("kept", Date.now() / 1000 + 1);
    // What the real one has sent meanwhile is sent again by ours, which kept its own place in the log: it is refused.
    const wrong = agent
      .log()
      .split("\n")
      .filter((line) => /level=ERROR|orrupt/.test(line));
    expect(wrong.filter((line) => !line.includes("out of order sample"))).toEqual([]);
    await agent.kill(signal);
  }
  expect(readdirSync(join(own, "data"))).not.toContain("chunks_head");
  const [series] = await queryMatrix(receiver, 'counted{job="kept"}[10m]', Date.now() / 1000);
  const values = series!.values.map(([, value]) => Number(value));
  expect(values.length).toBeGreaterThanOrEqual(8);
  expect(values).toEqual([...new Set(values)].sort((a, b) => a - b));
}, 120_000);

test("idle series and old segments go", async () => {
  const agent = await startVestal({
    config: config("short"),
    folder: folder(),
    isAgent: true,
    args: [
      "--storage.agent.wal-truncate-frequency=1s",
      "--storage.agent.retention.min-time=1s",
      "--storage.agent.retention.max-time=2s",
    ],
  });
  const metric = async (name: string): Promise<number> =>
    Number(new RegExp(`^${name} (\\S+)$`, "m").exec(await (await fetch(`${agent.url}/metrics`)).text())?.[1]);
  await waitUntil("all series are there", 30_000, async () => (await metric("prometheus_agent_active_series")) > 50);
  isWide = false;
  await waitUntil("idle ones go", 40_000, async () => (await metric("prometheus_agent_active_series")) < 20);
  await waitUntil("checkpoints are made", 40_000, async () => {
    return (await metric("prometheus_agent_checkpoint_creations_total")) > 1;
  });
  expect(await metric("prometheus_agent_checkpoint_creations_failed_total")).toBe(0);
  await arrivesAfter("short", Date.now() / 1000);
  isWide = true;
  await waitUntil("they come back", 30_000, async () => (await metric("prometheus_agent_active_series")) > 50);
  await agent.kill("SIGTERM");
}, 120_000);

test.each([
  ["--agent --storage.tsdb.path=x --query.timeout=1s"],
  ["--storage.agent.path=x"],
  ["--storage.agent.no-lockfile --agent --rules.alert.resend-delay=1m"],
  ["--agent --alertmanager.notification-queue-capacity=5"],
  ["--agent --storage.remote.read-sample-limit=4"],
  ["--storage.agent.retention.min-time=1h --storage.agent.retention.max-time=2h"],
])("%s: refused as there", async (args) => {
  const run = (program: string, first: readonly string[]): Promise<readonly unknown[]> =>
    new Promise((resolve) => {
      const all = [...first, ...args.split(" ")];
      execFile(program, all, { timeout: 30_000 }, (error, _out, err) => resolve([error?.code ?? 0, err]));
    });
  const [theirs, ours] = await Promise.all([
    run(peerBinary("prometheus"), []),
    run(process.execPath, [join(packageRoot(), "bin", "vestal"), "server"]),
  ]);
  expect(ours).toEqual(theirs);
});

test.each([
  ["rule_files: [a]"],
  ["alerting: {alertmanagers: [{static_configs: [{targets: [a]}]}]}"],
  ["remote_read: [{url: 'http://a'}]"],
])("%s: refused as there", async (text) => {
  const own = folder();
  const file = join(own, "agent.yml");
  writeFileSync(file, text);
  const port = await freePort();
  const args = [
    "--agent",
    `--config.file=${file}`,
    `--storage.agent.path=${own}`,
    `--web.listen-address=127.0.0.1:${port}`,
  ];
  const run = (program: string, first: readonly string[]): Promise<readonly unknown[]> =>
    new Promise((resolve) => {
      execFile(program, [...first, ...args], { timeout: 30_000 }, (error, _out, err) =>
        resolve([error?.code ?? 0, /err="(field \w+ is not allowed in agent mode)"/.exec(err)?.[1]]),
      );
    });
  const theirs = await run(peerBinary("prometheus"), []);
  expect(theirs[0]).toBe(2);
  expect(await run(process.execPath, [join(packageRoot(), "bin", "vestal"), "server"])).toEqual(theirs);
});

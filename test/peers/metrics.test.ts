/** Compares the catalogue of own metrics with the page of a real Prometheus: names, types, labels, buckets, quantiles. */
import { writeFileSync } from "node:fs";
import { createServer, type Server as HttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { CATALOGUE } from "../../src/metrics/index.js";
import { exchange } from "../support/http.js";
import { killAll, makeFolder, removeFolder, startPrometheus } from "./harness.js";

const PORT = 21_721;

interface Family {
  type: string;
  readonly labels: Set<string>;
  readonly bounds: Set<string>;
  readonly quantiles: Set<string>;
}

/** Prometheus has them; we do not, and why. */
const NOT_OURS: ReadonlyArray<readonly [name: RegExp, reason: string]> = [
  [/^go_/, "of Go"],
  [/^prometheus_template_text_/, "templates count nothing here"],
  [/^prometheus_wal_watcher_notifications_skipped_total$/, "nobody is notified: the log is looked at again"],
  [/^prometheus_remote_storage_string_interner_/, "of an interner of strings"],
  [/^prometheus_remote_read_client_queries$/, "several threads ask, and count when they are done"],
  [/^prometheus_treecache_/, "discoveries in ZooKeeper are not built yet"],
  [/^net_conntrack_dialer_/, "of Go's dialer"],
  [
    /^prometheus_tsdb_(snapshot_replay_error_total|tombstone_cleanup_seconds)$/,
    "snapshots and deletion are not built yet",
  ],
];
/** Ours where Prometheus' page has none before the first event, only where it runs as an agent, or none at all. */
const NOT_ON_ITS_PAGE =
  /^(vestal_|nodejs_|prometheus_agent_|prometheus_remote_storage_(samples_dropped_total|queue_highest_timestamp_seconds)$)/;

/** Another server to be read from, which has nothing. */
const reader = createServer((request, response) => {
  request.resume();
  response.setHeader("Content-Type", "application/x-streamed-protobuf; proto=prometheus.ChunkedReadResponse");
  response.end();
});

function listening(server: HttpServer): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port));
  });
}

const theirs = new Map<string, Family>();
const folder = makeFolder();
beforeAll(async () => {
  const scrape_configs = [
    { job_name: "self", static_configs: [{ targets: [`127.0.0.1:${PORT}`] }] },
    { job_name: "none", http_sd_configs: [{ url: "http://127.0.0.1:1/" }] },
  ];
  // What it shows only where it is configured: rules, Alertmanagers, remote write both ways, remote read, the second log.
  writeFileSync(join(folder, "rules.yml"), "groups: [{name: g, rules: [{alert: A, expr: vector(1)}]}]");
  const config = {
    global: { scrape_interval: "1s", evaluation_interval: "1s" },
    scrape_configs,
    rule_files: [join(folder, "rules.yml")],
    alerting: { alertmanagers: [{ static_configs: [{ targets: ["127.0.0.1:1"] }] }] },
    remote_write: [{ url: "http://127.0.0.1:1/write" }],
    remote_read: [{ url: `http://127.0.0.1:${await listening(reader)}/`, read_recent: true }],
    storage: { tsdb: { out_of_order_time_window: "30m" } },
  };
  const args = ["--web.enable-remote-write-receiver", "--rules.alert.resend-delay=1s"];
  await startPrometheus({ config, port: PORT, folder, args });
  await exchange(PORT, { method: "GET", path: "/api/v1/query?query=up" });
  const deadline = Date.now() + 15_000;
  let page = "";
  // The interval between two scrapes is there after the second.
  // So is the first alert that was sent, once the Alertmanager was discovered.
  const awaited = ["prometheus_target_interval_length_seconds_count", "prometheus_notifications_latency_seconds_count"];
  while (Date.now() < deadline && !awaited.every((name) => page.includes(name))) {
    page = (await exchange(PORT, { method: "GET", path: "/metrics" })).body.toString();
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  for (const line of page.split("\n")) read(line);
}, 60_000);
afterAll(async () => {
  await killAll();
  reader.close();
  removeFolder(folder);
});

function read(line: string): void {
  const head = /^# TYPE (\S+) (\S+)$/.exec(line);
  if (head !== null) {
    theirs.set(head[1]!, { type: head[2]!, labels: new Set(), bounds: new Set(), quantiles: new Set() });
    return;
  }
  const sample = /^([a-zA-Z_0-9:]+)(?:\{(.*)\})? \S+$/.exec(line);
  if (sample === null) return;
  const family = theirs.get(sample[1]!) ?? theirs.get(sample[1]!.replace(/_(bucket|sum|count)$/, ""));
  for (const [, name = "", value = ""] of (sample[2] ?? "").matchAll(/([a-zA-Z_0-9]+)="((?:[^"\\]|\\.)*)"/g)) {
    if (name === "le") family?.bounds.add(value);
    else if (name === "quantile") family?.quantiles.add(value);
    else family?.labels.add(name);
  }
}

test("what we show has their type, labels, buckets and quantiles", () => {
  const wrong: string[] = [];
  for (const metric of CATALOGUE.values()) {
    if (NOT_ON_ITS_PAGE.test(metric.name)) continue;
    const family = theirs.get(metric.name);
    if (family === undefined) {
      wrong.push(`${metric.name}: not on its page`);
      continue;
    }
    if (family.type !== metric.type) wrong.push(`${metric.name}: ${family.type} there, ${metric.type} here`);
    const labels = [...family.labels].sort().join();
    if (labels !== [...metric.labels].sort().join()) wrong.push(`${metric.name}: labels ${labels} there`);
    const bounds = [...family.bounds].filter((bound) => bound !== "+Inf").map(Number);
    if (bounds.join() !== (metric.buckets ?? []).join()) wrong.push(`${metric.name}: buckets ${bounds} there`);
    const quantiles = [...family.quantiles].map(Number);
    if (quantiles.join() !== (metric.quantiles ?? []).join())
      wrong.push(`${metric.name}: quantiles ${quantiles} there`);
  }
  expect(wrong).toEqual([]);
});

test("what they show and we do not has a reason", () => {
  const missing = [...theirs.keys()].filter(
    (name) => !CATALOGUE.has(name) && !NOT_OURS.some(([pattern]) => pattern.test(name)),
  );
  expect(missing).toEqual([]);
});

test("no reason is left over", () => {
  const unused = NOT_OURS.filter(
    ([pattern]) => ![...theirs.keys()].some((name) => pattern.test(name) && !CATALOGUE.has(name)),
  );
  expect(unused.map(([pattern]) => String(pattern))).toEqual([]);
});

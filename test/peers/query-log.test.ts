/**
 * The query log, `queries.active` and the statistics of each step beside a real Prometheus: the same fields in the same
 * order for the same queries, and each names in its log what the other was running when it was killed.
 */
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  api,
  killAll,
  makeFolder,
  removeFolder,
  type Server,
  startPrometheus,
  startVestal,
  waitUntil,
} from "./harness.js";

const folders = [makeFolder(), makeFolder()];
const args = ["--enable-feature=promql-per-step-stats", "--web.enable-lifecycle"];
let servers: readonly Server[] = [];

function configOf(folder: string) {
  return {
    global: { evaluation_interval: "1s", query_log_file: join(folder, "queries.log") },
    rule_files: ["rules.yml"],
    scrape_configs: [{ job_name: "j", scrape_interval: "1s", static_configs: [{ targets: ["127.0.0.1:1"] }] }],
  };
}

beforeAll(async () => {
  for (const folder of folders) {
    writeFileSync(join(folder, "rules.yml"), "groups: [{name: g, rules: [{record: 'r:one', expr: vector(1)}]}]");
  }
  servers = await Promise.all([
    startPrometheus({ config: configOf(folders[0]!), folder: folders[0]!, args }),
    startVestal({ config: configOf(folders[1]!), folder: folders[1]!, args }),
  ]);
  for (const server of servers) {
    await waitUntil("something was scraped", 60_000, async () => {
      const { data } = await api(server, "query", { query: "up" });
      return (data as { result: unknown[] }).result.length > 0;
    });
  }
}, 120_000);

afterAll(async () => {
  await killAll();
  for (const folder of folders) removeFolder(folder);
});

function linesOf(server: Server, name = "queries.log"): Record<string, unknown>[] {
  const path = join(server.folder, name);
  if (!existsSync(path)) return [];
  const whole = readFileSync(path, "utf8").split("\n").slice(0, -1);
  return whole.map((line) => JSON.parse(line) as Record<string, unknown>);
}

/** Without times, which differ; the order of keys stays. */
function shape(line: Record<string, unknown>, folder: string): string {
  return JSON.stringify(line, (key, value: unknown) => {
    if (key === "time" || key === "source") return "some";
    if (typeof value === "number" && /Time$/.test(key)) return 0;
    return typeof value === "string" ? value.replace(folder, "") : value;
  });
}

test("lines of the query log: instant, range, POST, errors, rules", async () => {
  const queries: readonly (readonly [string, Record<string, string>])[] = [
    ["query", { query: 'up{a="b<c>"}', time: "1.5" }],
    ["query_range", { query: "sum(x)", start: "1", end: "100", step: "0.5" }],
    ["query_range", { query: "vector(1)", start: "1", end: "100", step: "15" }],
    ["query", { query: 'label_replace(vector(1), "a", "", "b", "(")', time: "2" }],
    ["query", { query: "up{", time: "3" }],
    ["series", { "match[]": "up" }],
  ];
  const found: string[][] = [];
  for (const server of servers) {
    for (const [path, params] of queries) await api(server, path, params);
    const body = new URLSearchParams({ query: "1", time: "4" });
    await fetch(`${server.url}/api/v1/query`, { method: "POST", body });
    const ofClients = () =>
      linesOf(server).filter((line) => "httpRequest" in line && !/"up"/.test(JSON.stringify(line)));
    const ofRules = () => linesOf(server).filter((line) => "ruleGroup" in line);
    await waitUntil("the lines are there", 30_000, async () => ofClients().length >= 5 && ofRules().length > 0);
    const rule = shape(ofRules()[0]!, server.folder).replace(/"(start|end)":"[^"]*"/g, '"$1":"now"');
    found.push([...ofClients().map((line) => shape(line, server.folder)), rule]);
  }
  // Peaks are measured in own ways.
  const comparable = (lines: readonly string[]) => lines.map((line) => line.replace(/"peakSamples":\d+/, ""));
  expect(comparable(found[1]!)).toEqual(comparable(found[0]!));
  expect(found[0]).toHaveLength(6);
});

test("a file that was moved away is made anew by a reload; one that cannot be made fails it", async () => {
  for (const server of servers) {
    const log = join(server.folder, "queries.log");
    renameSync(log, `${log}.1`);
    const reload = async () => (await fetch(`${server.url}/-/reload`, { method: "POST" })).status;
    expect(await reload()).toBe(200);
    await api(server, "query", { query: "after_reload" });
    await waitUntil("the new file has the query", 30_000, async () =>
      linesOf(server).some((line) => JSON.stringify(line).includes("after_reload")),
    );
    const name = server === servers[0] ? "prometheus.yml" : "vestal.yml";
    const config = configOf(server.folder);
    const broken = { ...config, global: { ...config.global, query_log_file: "/nowhere/queries.log" } };
    writeFileSync(join(server.folder, name), JSON.stringify(broken));
    expect(await reload()).toBe(500);
    expect(server.log()).toContain("can't create json log file: open /nowhere/queries.log: no such file or directory");
    writeFileSync(join(server.folder, name), JSON.stringify(config));
    expect(await reload()).toBe(200);
    const metrics = await (await fetch(`${server.url}/metrics`)).text();
    expect(metrics).toMatch(/\nprometheus_engine_query_log_enabled 1\n/);
    expect(metrics).toMatch(/\nprometheus_engine_query_log_failures_total 0\n/);
  }
});

test.each([
  "up",
  "sum(up)",
  "count_over_time(up[5s])",
  "up @ 1",
  "sum_over_time(vector(1)[10s:1s])",
  "vector(1)",
  "up offset 1h",
])("samples of each step of %s", async (query) => {
  // Long ago: both have looked at nothing, or at what is fixed by @.
  const ranges = { start: "0", end: "30", step: "10", stats: "all" };
  const samplesOf = async (server: Server, path: string, params: Record<string, string>) => {
    const { data } = await api(server, path, { query, ...params });
    const { samples } = (data as { stats: { samples: Record<string, unknown> } }).stats;
    return { ...samples, peakSamples: 0 };
  };
  for (const [path, params] of [
    ["query_range", ranges],
    ["query_range", { ...ranges, stats: "true" }],
    ["query", { time: "7", stats: "all" }],
  ] as const) {
    const [theirs, ours] = await Promise.all(servers.map((server) => samplesOf(server, path, params)));
    expect(JSON.stringify(ours)).toBe(JSON.stringify(theirs));
  }
});

test("what was running when a server was killed is in the log of the other, which takes its directory over", async () => {
  // Sorts 20,000 samples at each of 10,000 steps.
  const slow = { query: "quantile_over_time(0.5, vector(1)[20000s:1s])", start: "0", end: "10000", step: "1" };
  for (const [i, start] of [startVestal, startPrometheus].entries()) {
    const server = servers[i]!;
    void api(server, "query_range", slow).catch(() => {}); // it is killed
    const file = join(server.folder, "data", "queries.active");
    await waitUntil("the query is in the file", 30_000, async () => readFileSync(file, "utf8").includes("20000s:1s"));
    expect(readFileSync(file).length).toBe(20_001);
    await server.kill("SIGKILL");
    const next = await start({ config: configOf(server.folder), folder: server.folder, args });
    await waitUntil("the log names it", 30_000, async () => /These queries didn't finish.*20000s:1s/.test(next.log()));
    await next.kill("SIGTERM");
    const left = readFileSync(file, "utf8").replaceAll("\0", "");
    expect(left).toBe("[");
  }
}, 120_000);

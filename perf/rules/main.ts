/**
 * CPU time and punctuality of rules: 10,000 in 500 groups at 30 s by default, over one target of 2,000 series, in Vestal
 * and, where PEERS names the peers' folder, in a real Prometheus. The cost of scraping and of being there at all is
 * measured first, with the same target and no rules, and taken off.
 *
 *   node dist/perf/rules/main.js [--groups=500] [--rules=20] [--interval=30] [--window=60] [--warmup=75]
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { packageRoot } from "../../src/base/index.js";
import { getText, sleep, startProcess, waitForOk } from "../process.js";

const flags = new Map(process.argv.slice(2).map((flag) => flag.replace(/^--/, "").split("=") as [string, string]));
const flag = (name: string, fallback: number): number => Number(flags.get(name) ?? fallback);
const groups = flag("groups", 500);
const rulesInGroup = flag("rules", 20);
const intervalSeconds = flag("interval", 30);
const windowSeconds = flag("window", 2 * intervalSeconds);
const warmupSeconds = flag("warmup", 2.5 * intervalSeconds);
const peers = process.env["PEERS"];

const JOBS = 100;
const INSTANCES = 20;

/** One counter and one gauge-like value for each instance of each job; counters grow. */
function exposition(): string {
  const seconds = Math.floor(process.uptime());
  const lines = ["# TYPE requests_total counter"];
  for (let job = 0; job < JOBS; job++) {
    for (let i = 0; i < INSTANCES; i++) lines.push(`requests_total{app="a${job}",pod="p${i}"} ${seconds * (i + 1)}`);
  }
  return `${lines.join("\n")}\n`;
}

/** Three quarters record, one quarter alerts (of these a tenth fires); each reads the 20 series of one application. */
function ruleFile(): string {
  const all = Array.from({ length: groups }, (_, g) => ({
    name: `group-${g}`,
    rules: Array.from({ length: rulesInGroup }, (_, r) => {
      const selector = `requests_total{app="a${(g * rulesInGroup + r) % JOBS}"}`;
      if (r % 4 !== 3) return { record: `app:requests:rate_${g}_${r}`, expr: `sum by (app) (rate(${selector}[1m]))` };
      const limit = r % 40 === 3 ? 0 : 1e9;
      return { alert: `High_${g}_${r}`, expr: `sum by (app) (rate(${selector}[1m])) > ${limit}`, for: "1m" };
    }),
  }));
  return JSON.stringify({ groups: all });
}

interface Figures {
  readonly system: string;
  readonly idleCpuSeconds: number;
  readonly cpuSeconds: number;
  readonly evaluations: number;
  readonly missed: number;
  readonly failures: number;
  readonly rssBytes: number;
}

function metricSum(text: string, name: string): number {
  let sum = 0;
  for (const line of text.split("\n")) {
    if (line.startsWith(`${name} `) || line.startsWith(`${name}{`))
      sum += Number(line.slice(line.lastIndexOf(" ") + 1));
  }
  return sum;
}

interface Program {
  readonly command: string;
  readonly args: readonly string[];
}

async function measure(system: string, { command, args }: Program, target: number): Promise<Figures> {
  const run = async (hasRules: boolean) => {
    const folder = mkdtempSync(join(tmpdir(), "vestal-perf-rules-"));
    const rules = join(folder, "rules.yml");
    writeFileSync(rules, ruleFile());
    const config = {
      global: { scrape_interval: "5s", evaluation_interval: `${intervalSeconds}s` },
      rule_files: hasRules ? [rules] : [],
      scrape_configs: [{ job_name: "load", static_configs: [{ targets: [`127.0.0.1:${target}`] }] }],
    };
    writeFileSync(join(folder, "config.yml"), JSON.stringify(config));
    const port = await freePort();
    const flagsOfBoth = [`--config.file=${join(folder, "config.yml")}`, `--storage.tsdb.path=${join(folder, "data")}`];
    const all = [...args, ...flagsOfBoth, `--web.listen-address=127.0.0.1:${port}`];
    const child = startProcess(system, command, all, join(folder, "log"));
    try {
      await waitForOk(`http://127.0.0.1:${port}/-/ready`, system, 60_000);
      await sleep(warmupSeconds * 1000);
      const page = () => getText(`http://127.0.0.1:${port}/metrics`);
      const before = await page();
      const cpuBefore = child.cpuSeconds();
      await sleep(windowSeconds * 1000);
      const cpuSeconds = child.cpuSeconds() - cpuBefore;
      const after = await page();
      const grown = (name: string): number => metricSum(after, name) - metricSum(before, name);
      return {
        cpuSeconds,
        evaluations: grown("prometheus_rule_evaluations_total"),
        missed: grown("prometheus_rule_group_iterations_missed_total"),
        failures: grown("prometheus_rule_evaluation_failures_total"),
        rssBytes: child.rssBytes(),
      };
    } finally {
      await child.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  };
  const idle = await run(false);
  return { system, idleCpuSeconds: idle.cpuSeconds, ...(await run(true)) };
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

const exporter = createServer((_request, response) => {
  response.setHeader("content-type", "text/plain; version=0.0.4");
  response.end(exposition());
});
await new Promise<void>((resolve) => exporter.listen(0, "127.0.0.1", resolve));
const target = (exporter.address() as AddressInfo).port;
const figures: Figures[] = [];
try {
  const vestal = { command: process.execPath, args: [join(packageRoot(), "bin", "vestal"), "server"] };
  figures.push(await measure("vestal", vestal, target));
  if (peers !== undefined) {
    figures.push(await measure("prometheus", { command: join(peers, "bin", "prometheus"), args: [] }, target));
  }
} finally {
  exporter.close();
}
const cost = ({ cpuSeconds, idleCpuSeconds, evaluations }: Figures): number =>
  ((cpuSeconds - idleCpuSeconds) / evaluations) * 1e6;
console.log(`${groups * rulesInGroup} rules in ${groups} groups at ${intervalSeconds} s, over ${windowSeconds} s`);
console.table(
  figures.map((row) => ({
    system: row.system,
    evaluations: row.evaluations,
    missed: row.missed,
    failures: row.failures,
    "CPU s": row.cpuSeconds.toFixed(2),
    "CPU s without rules": row.idleCpuSeconds.toFixed(2),
    "CPU µs/rule": cost(row).toFixed(0),
    "RSS MB": Math.round(row.rssBytes / 1e6),
    "our CPU / its": (cost(figures[0]!) / cost(row)).toFixed(2),
  })),
);

/**
 * Queries of dashboards over the same samples in Vestal and, where PEERS names the peers' folder, in Prometheus and
 * VictoriaMetrics: median latency, CPU a query, peak memory. The systems run at the same time and are asked in turns, one
 * query at a time; answers of Prometheus and Vestal must be equal.
 *
 *   node dist/perf/queries/main.js [--series=20000] [--hours=6] [--seconds=0.5] [--only=TEXT] [--systems=vestal,prometheus]
 *     [--wait]
 *
 * `--seconds`: time for each query and system. `--wait`: keep the systems after loading until the standard input ends.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { Agent, request } from "node:http";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { packageRoot } from "../../src/base/index.js";
import { sleep } from "../process.js";
import { CASES, type Case } from "./cases.js";
import { seriesOf } from "./data.js";
import { load } from "./load.js";
import { cpuNanoseconds, forgetPeak, peakBytes, type System, type SystemName, startSystem } from "./systems.js";

const flags = new Map(process.argv.slice(2).map((flag) => flag.replace(/^--/, "").split("=") as [string, string]));
const flag = (name: string, fallback: number): number => Number(flags.get(name) ?? fallback);
const seriesCount = flag("series", 20_000);
const hours = flag("hours", 6);
const secondsEach = flag("seconds", 0.5);
const only = flags.get("only");
const peers = process.env["PEERS"];
const everyone: readonly SystemName[] = peers === undefined ? ["vestal"] : ["vestal", "prometheus", "victoria-metrics"];
const names = (flags.get("systems")?.split(",") as SystemName[] | undefined) ?? everyone;

const INTERVAL_MS = 15_000;
/** Steps over the whole span, as a panel asks for. */
const STEPS = 360;
const endMs = Math.floor(Date.now() / 60_000) * 60_000;
const startMs = endMs - hours * 3_600_000;

interface Figures {
  readonly milliseconds: number;
  readonly cpuMilliseconds: number;
  readonly bytes: number;
}

function pathOf({ kind, query }: Case): string {
  const range = `start=${startMs / 1000}&end=${endMs / 1000}`;
  const asked = encodeURIComponent(query);
  if (kind === "instant") return `/api/v1/query?time=${endMs / 1000 - 60}&query=${asked}`;
  if (kind === "range") {
    return `/api/v1/query_range?${range}&step=${Math.max(15, (hours * 3600) / STEPS)}&query=${asked}`;
  }
  return `/api/v1/${encodeURI(query)}${range}`;
}

const agent = new Agent({ keepAlive: true, maxSockets: 1 });

function ask(url: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    const sent = request(url, { agent }, (response) => {
      response.on("data", (part: Buffer) => parts.push(part));
      response.on("error", reject);
      response.on("end", () => {
        const body = Buffer.concat(parts);
        if (response.statusCode === 200) resolve(body);
        else reject(new Error(`${url} answers ${response.statusCode}: ${body.subarray(0, 200)}`));
      });
    });
    sent.on("error", reject);
    sent.end();
  });
}

async function measure(system: System, one: Case): Promise<Figures> {
  const url = system.url + pathOf(one);
  const times: number[] = [];
  for (let i = 0; i < 3; i++) await ask(url);
  const cpuBefore = cpuNanoseconds(system.process.pid);
  const until = performance.now() + secondsEach * 1000;
  let bytes = 0;
  while (times.length < 5 || performance.now() < until) {
    const from = performance.now();
    bytes = (await ask(url)).length;
    times.push(performance.now() - from);
  }
  const cpu = cpuNanoseconds(system.process.pid) - cpuBefore;
  times.sort((a, b) => a - b);
  return { milliseconds: times[times.length >> 1]!, cpuMilliseconds: cpu / 1e6 / times.length, bytes };
}

/** Series by their labels: storages number series as they like, and sums of them differ in the last bits. */
function canonical(body: Buffer): { readonly text: string; readonly numbers: readonly number[] } {
  const { data } = JSON.parse(body.toString()) as { data: { result?: unknown[] } | unknown[] };
  const list = Array.isArray(data) ? data : (data.result ?? []);
  const numbers: number[] = [];
  const texts = list.map((each) => ({ key: JSON.stringify((each as { metric?: unknown }).metric ?? each), each }));
  texts.sort((a, b) => (a.key < b.key ? -1 : 1));
  const text = texts.map(({ each }) =>
    JSON.stringify(each).replace(/"(-?[\d.]+(?:e[+-]\d+)?)"\]/g, (_, digits: string) => {
      numbers.push(Number(digits));
      return "#]";
    }),
  );
  return { text: text.join("\n"), numbers };
}

function areEqual(a: Buffer, b: Buffer): boolean {
  const [x, y] = [canonical(a), canonical(b)];
  const isClose = (p: number, q: number): boolean => Math.abs(p - q) <= 1e-9 * Math.max(Math.abs(p), Math.abs(q));
  return x.text === y.text && x.numbers.every((value, i) => isClose(value, y.numbers[i]!));
}

/** Blocks are cut and parts merged behind a load: waits until a system is idle. */
async function settled({ process: { pid } }: System): Promise<void> {
  for (let quiet = 0, tries = 0; quiet < 3 && tries < 120; tries++) {
    const before = cpuNanoseconds(pid);
    await sleep(2000);
    quiet = cpuNanoseconds(pid) - before < 0.1e9 ? quiet + 1 : 0;
  }
}

const ratio = (x: number | undefined, y: number | undefined): string =>
  x === undefined || y === undefined ? "" : (x / y).toFixed(2);
const geometricMean = (values: readonly number[]): number =>
  Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);

const folder = mkdtempSync(join(tmpdir(), "vestal-perf-queries-"));
const systems: System[] = [];
try {
  for (const name of names) systems.push(await startSystem(name, join(folder, name), peers));
  const series = seriesOf(seriesCount);
  const samples = Math.floor((endMs - startMs) / INTERVAL_MS) + 1;
  await load(
    systems.map(({ url }) => url),
    series,
    { startMs, intervalMs: INTERVAL_MS, samples },
  );
  process.stdout.write(`${series.length} series × ${samples} samples at ${INTERVAL_MS / 1000} s are loaded\n`);
  // Prometheus looks each minute whether a block is due.
  await sleep(Math.min(70_000, (samples * series.length) / 100));
  for (const system of systems) await settled(system);
  for (const {
    name,
    url,
    process: { pid },
  } of systems) {
    forgetPeak(pid);
    process.stdout.write(`${name}: ${url}, process ${pid}\n`);
  }
  if (flags.has("wait")) for await (const _ of process.stdin);

  const rows: { one: Case; figures: Map<string, Figures> }[] = [];
  for (const one of CASES) {
    if (only !== undefined && !`${one.kind} ${one.query}`.includes(only)) continue;
    const figures = new Map<string, Figures>();
    for (const system of systems) figures.set(system.name, await measure(system, one));
    rows.push({ one, figures });
    const [ours, theirs] = ["vestal", "prometheus"].map((name) => systems.find((system) => system.name === name));
    if (ours !== undefined && theirs !== undefined) {
      const [a, b] = [await ask(ours.url + pathOf(one)), await ask(theirs.url + pathOf(one))];
      if (!areEqual(a, b)) throw new Error(`the answers of Vestal and Prometheus differ: ${one.kind} ${one.query}`);
    }
  }
  console.table(
    rows.map(({ one, figures }) => {
      const [ours, prom, vm] = everyone.map((name) => figures.get(name));
      return {
        kind: one.kind,
        query: one.query.slice(0, 60),
        KB: ((ours ?? prom ?? vm)!.bytes / 1000).toFixed(1),
        ms: ours?.milliseconds.toFixed(2) ?? "",
        "CPU ms": ours?.cpuMilliseconds.toFixed(2) ?? "",
        "ms/prom": ratio(ours?.milliseconds, prom?.milliseconds),
        "CPU/prom": ratio(ours?.cpuMilliseconds, prom?.cpuMilliseconds),
        "ms/VM": ratio(ours?.milliseconds, vm?.milliseconds),
        "CPU/VM": ratio(ours?.cpuMilliseconds, vm?.cpuMilliseconds),
      };
    }),
  );
  const summary = systems.map(({ name, process: { pid } }) => {
    const of = (pick: (figures: Figures) => number): number[] => rows.map((row) => pick(row.figures.get(name)!));
    const ours = (pick: (figures: Figures) => number): number[] =>
      rows.map((row) => pick((row.figures.get("vestal") ?? row.figures.get(name))!));
    const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0);
    const mean = (pick: (figures: Figures) => number): number =>
      geometricMean(of(pick).map((value, i) => ours(pick)[i]! / value));
    return {
      system: name,
      "sum ms": sum(of((each) => each.milliseconds)).toFixed(1),
      "sum CPU ms": sum(of((each) => each.cpuMilliseconds)).toFixed(1),
      "our ms / its, geometric": mean((each) => each.milliseconds).toFixed(3),
      "our CPU / its, geometric": mean((each) => each.cpuMilliseconds).toFixed(3),
      "peak MB": (peakBytes(pid) / 1e6).toFixed(0),
    };
  });
  console.table(summary);
  const results = join(packageRoot(), "perf", "results");
  mkdirSync(results, { recursive: true });
  const machine = { cpu: cpus()[0]?.model ?? "unknown", cores: cpus().length, node: process.version };
  const figures = rows.map(({ one, figures: each }) => ({ ...one, ...Object.fromEntries(each) }));
  const what = { date: new Date().toISOString(), machine, seriesCount, hours, summary, figures };
  writeFileSync(join(results, `queries-${seriesCount}.json`), `${JSON.stringify(what, null, 2)}\n`);
} finally {
  agent.destroy();
  for (const { process: each } of systems) await each.stop();
  rmSync(folder, { recursive: true, force: true });
}

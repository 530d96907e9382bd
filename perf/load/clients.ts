/**
 * `npm run perf -- load [MINUTES] [CLIENTS] [TARGETS] [SERIES]`: clients (200) that ask as dashboards do, half a second after each answer,
 * for MINUTES (5), while 200 targets of 1,000 series are scraped every 2 s. Says what was answered, how fast, and how long the main
 * thread's event loop was held up in each minute. Exit code 1 for an answer of 500 and more, a scrape that was missed, or a
 * p99 of the loop's delay of 20 ms and more.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { Agent, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startFleet } from "../ingest/ingest.bench.js";
import { startVestal } from "../ingest/systems.js";
import { cpuSecondsOf, getText, sleep } from "../process.js";

const [minutes = 5, clients = 200, targets = 200, series = 1000] = process.argv.slice(2).map(Number);
const THINK_MS = 500;
const AIM_MS = 20;
const PORT = 19_092;
const BASE = `http://127.0.0.1:${PORT}`;
const agent = new Agent({ keepAlive: true, maxSockets: clients });

interface Kind {
  readonly name: string;
  readonly path: (random: () => number, nowSeconds: number) => string;
}

const q = encodeURIComponent;
const metric = (random: () => number): string =>
  `workload_requests_${String(Math.floor(random() * (series / 10))).padStart(3, "0")}_total`;
const target = (random: () => number): number => Math.floor(random() * targets);
const range = (now: number, seconds: number): string =>
  `start=${now - seconds}&end=${now}&step=${Math.max(1, Math.round(seconds / 120))}`;

/** What dashboards ask: mostly single metrics, sometimes all of something. */
const KINDS: readonly Kind[] = [
  { name: "instant, one metric", path: (r) => `query?query=${q(`sum by (code) (${metric(r)})`)}` },
  { name: "instant, one target", path: (r) => `query?query=${q(`count({instance=~".*/t/${target(r)}"})`)}` },
  {
    name: "range, rate of a metric",
    path: (r, now) => `query_range?query=${q(`sum(rate(${metric(r)}[1m]))`)}&${range(now, 300)}`,
  },
  {
    name: "range, series of a target",
    path: (r, now) => `query_range?query=${q(`${metric(r)}{instance=~".*/t/${target(r)}"}`)}&${range(now, 600)}`,
  },
  {
    name: "range, top of a metric",
    path: (r, now) => `query_range?query=${q(`topk(5, rate(${metric(r)}[1m]))`)}&${range(now, 300)}`,
  },
  { name: "series", path: (r) => `series?match[]=${q(metric(r))}&limit=100` },
  { name: "label values", path: (r) => `label/instance/values?match[]=${q(metric(r))}` },
  { name: "labels", path: () => "labels" },
  { name: "targets", path: () => "targets?state=active" },
];

const tookMs = new Map<string, number[]>(KINDS.map(({ name }) => [name, []]));
const statuses = new Map<number, number>();
const failures = new Map<string, number>();
let isOver = false;

function ask(path: string): Promise<{ readonly status: number; readonly body: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      `${BASE}/api/v1/${path}`,
      { agent, headers: { "Accept-Encoding": "gzip" } },
      (response) => {
        const parts: Buffer[] = [];
        let isKept = (response.statusCode ?? 0) >= 400;
        response.on("data", (part: Buffer) => {
          if (isKept) parts.push(part);
          isKept &&= parts.length < 4;
        });
        response.on("end", () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(parts).toString() }));
        response.on("error", reject);
      },
    );
    outgoing.on("error", reject);
    outgoing.end();
  });
}

async function client(seed: number): Promise<void> {
  let state = seed * 2_654_435_761 + 1;
  const random = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  await sleep(random() * THINK_MS);
  while (!isOver) {
    const kind = KINDS[Math.floor(random() * KINDS.length)]!;
    const startedMs = performance.now();
    try {
      const { status, body } = await ask(kind.path(random, Math.floor(Date.now() / 1000)));
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      if (status >= 400) failures.set(body.slice(0, 200), (failures.get(body.slice(0, 200)) ?? 0) + 1);
    } catch (error) {
      statuses.set(599, (statuses.get(599) ?? 0) + 1);
      failures.set(String(error), (failures.get(String(error)) ?? 0) + 1);
    }
    tookMs.get(kind.name)!.push(performance.now() - startedMs);
    await sleep(THINK_MS * (0.5 + random()));
  }
}

const gauge = (text: string, name: string): number =>
  Number(new RegExp(`^${name} (\\S+)$`, "m").exec(text)?.[1] ?? Number.NaN);

const folder = mkdtempSync(join(tmpdir(), "vestal-load-perf-"));
const fleet = await startFleet({ targets, series, churn: 0 });
const targetUrls = Array.from({ length: targets }, (_, i) => `http://127.0.0.1:${fleet.port}/t/${i}`);
const vestal = await startVestal({ targetUrls, intervalSeconds: 2, folder, port: PORT });
let code = 1;
try {
  await sleep(20_000);
  const before = { samples: await vestal.samples(), cpu: vestal.process.cpuSeconds(), own: cpuSecondsOf(process.pid) };
  const startedMs = performance.now();
  await getText(`${BASE}/metrics`);
  const all = Array.from({ length: clients }, (_, i) => client(i + 1));
  const delays: { readonly p99: number; readonly max: number }[] = [];
  for (let minute = 0; minute < minutes; minute++) {
    await sleep(60_000);
    const text = await getText(`${BASE}/metrics`);
    const p99 = 1000 * gauge(text, 'nodejs_eventloop_delay_p99_seconds\\{thread="main"\\}');
    const max = 1000 * gauge(text, 'nodejs_eventloop_delay_max_seconds\\{thread="main"\\}');
    delays.push({ p99, max });
    process.stdout.write(
      `minute ${minute + 1}: event loop of the main thread held up p99 ${p99.toFixed(1)} ms, max ${max.toFixed(1)} ms\n`,
    );
  }
  isOver = true;
  await Promise.all(all);
  const seconds = (performance.now() - startedMs) / 1000;
  const samples = (await vestal.samples()) - before.samples;
  console.table(
    [...tookMs].map(([kind, times]) => {
      times.sort((a, b) => a - b);
      const at = (share: number): string => (times[Math.floor(share * times.length)] ?? Number.NaN).toFixed(1);
      return { kind, answers: times.length, "p50 ms": at(0.5), "p99 ms": at(0.99), "max ms": at(0.9999) };
    }),
  );
  console.table({
    statuses: JSON.stringify([...statuses]),
    "answers a second": ([...statuses.values()].reduce((a, b) => a + b, 0) / seconds).toFixed(0),
    "samples stored, of those offered": (samples / (targets * series * (seconds / 2))).toFixed(3),
    "server CPU cores": ((vestal.process.cpuSeconds() - before.cpu) / seconds).toFixed(2),
    "clients' CPU cores": ((cpuSecondsOf(process.pid) - before.own) / seconds).toFixed(2),
    "server RSS MB": Math.round(vestal.process.rssBytes() / 2 ** 20),
    "loop delay p99, worst minute, ms": Math.max(...delays.map(({ p99 }) => p99)).toFixed(1),
  });
  for (const [body, count] of failures) process.stdout.write(`${count} × ${body}\n`);
  const isServed = [...statuses.keys()].every((status) => status < 500);
  code = isServed && delays.every(({ p99 }) => p99 < AIM_MS) ? 0 : 1;
} finally {
  agent.destroy();
  await vestal.process.stop();
  fleet.stop();
  rmSync(folder, { recursive: true, force: true });
}
process.exit(code);

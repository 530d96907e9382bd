/**
 * `npm run perf -- live [SOCKETS] [QUERIES] [STEPS]`: live sockets (10,000) of one light client process, on QUERIES (100)
 * different queries of 10 series each, a step every 5 s, watched for STEPS (12) steps. Says how long after its step a frame was handed to
 * its socket, and arrived; and what server and client took. Exit code 1 if the server's p99 is 250 ms or more.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { packageRoot } from "../../src/base/index.js";
import { startFleet } from "../ingest/ingest.bench.js";
import { startVestal } from "../ingest/systems.js";
import { cpuSecondsOf, getText, sleep } from "../process.js";

const [sockets = 10_000, queries = 100, steps = 12] = process.argv.slice(2).map(Number);
const STEP_SECONDS = 5;
const AIM_SECONDS = 0.25;
const PORT = 19_091;
const BASE = `http://127.0.0.1:${PORT}`;

interface Buckets {
  readonly bounds: readonly number[];
  readonly counts: readonly number[];
}

async function delays(): Promise<Buckets> {
  const text = await getText(`${BASE}/metrics`);
  const found = [...text.matchAll(/^vestal_live_frame_delay_seconds_bucket\{le="([^"]+)"\} (\d+)$/gm)];
  return {
    bounds: found.map(([, le]) => Number(le!.replace("+Inf", "Infinity"))),
    counts: found.map(([, , n]) => Number(n)),
  };
}

/** As histogram_quantile: within its bucket a value is taken to lie evenly. */
function quantile(q: number, { bounds, counts }: Buckets): number {
  const rank = q * (counts.at(-1) ?? 0);
  const at = counts.findIndex((count) => count >= rank);
  const [below, from] = at === 0 ? [0, 0] : [counts[at - 1]!, bounds[at - 1]!];
  const to = bounds[at]!;
  if (to === Number.POSITIVE_INFINITY) return from;
  return from + ((to - from) * (rank - below)) / Math.max(1, counts[at]! - below);
}

const folder = mkdtempSync(join(tmpdir(), "vestal-live-perf-"));
const fleet = await startFleet({ targets: 10, series: 10 * Math.ceil(queries / 10) * 10, churn: 0 });
const targetUrls = Array.from({ length: 10 }, (_, i) => `http://127.0.0.1:${fleet.port}/t/${i}`);
const args = [`--web.max-connections=${sockets + 100}`];
const vestal = await startVestal({ targetUrls, intervalSeconds: STEP_SECONDS, folder, port: PORT, args });
let code = 1;
try {
  await sleep(2 * STEP_SECONDS * 1000);
  // Each is one metric of one target: ten series.
  const texts = Array.from({ length: queries }, (_, i) => {
    const metric = `workload_requests_${String(Math.floor(i / 10)).padStart(3, "0")}_total`;
    return `${metric}{instance=~".*/t/${i % 10}"}`;
  });
  const options = { port: PORT, sockets, queries: texts, step: `${STEP_SECONDS}s` };
  const client = spawn(process.execPath, [join(packageRoot(), "dist/perf/live/client.js"), JSON.stringify(options)], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  try {
    const lines = createInterface({ input: client.stdout })[Symbol.asyncIterator]();
    const line = async <T>(): Promise<T> => JSON.parse((await lines.next()).value as string) as T;
    await line();
    await sleep(STEP_SECONDS * 1000);
    client.stdin.write("\n");
    await line();
    const before = { delays: await delays(), cpu: vestal.process.cpuSeconds(), client: cpuSecondsOf(client.pid!) };
    const rssBefore = vestal.process.rssBytes();
    await sleep(steps * STEP_SECONDS * 1000);
    client.stdin.write("\n");
    const { frames, late } = await line<{ frames: number; late: readonly number[] }>();
    const after = await delays();
    const seen = {
      bounds: after.bounds,
      counts: after.counts.map((count, i) => count - (before.delays.counts[i] ?? 0)),
    };
    const seconds = steps * STEP_SECONDS;
    const p99 = quantile(0.99, seen);
    console.table({
      sockets,
      queries,
      "frames handed over": seen.counts.at(-1),
      "frames that arrived": frames,
      "handed over after, p50 ms": Math.round(1000 * quantile(0.5, seen)),
      "handed over after, p99 ms": Math.round(1000 * p99),
      "arrived after, p50 ms": Math.round(late[0] ?? Number.NaN),
      "arrived after, p99 ms": Math.round(late[2] ?? Number.NaN),
      "server CPU cores": ((vestal.process.cpuSeconds() - before.cpu) / seconds).toFixed(3),
      "client CPU cores": ((cpuSecondsOf(client.pid!) - before.client) / seconds).toFixed(3),
      "server RSS MB": Math.round(vestal.process.rssBytes() / 2 ** 20),
      "server RSS MB at the beginning": Math.round(rssBefore / 2 ** 20),
    });
    code = p99 < AIM_SECONDS && frames > 0 ? 0 : 1;
  } finally {
    client.kill("SIGKILL");
  }
} finally {
  await vestal.process.stop();
  fleet.stop();
  rmSync(folder, { recursive: true, force: true });
}
process.exit(code);

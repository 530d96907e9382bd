/**
 * A soak: short blocks, churn and queries for some minutes. Resident memory must be flat after the warm-up, and no scrape missed.
 *
 *   node dist/perf/tsdb/soak.js [MINUTES=15] [SERIES=20000] [INTERVAL_MS=2000] [BLOCK=1m] [RETENTION=3m]
 *
 * Memory is warm when as many blocks go as come: the retention ends within the first third.
 * Each minute 5 % of all series end and as many new ones begin, with label values that never were before. Exit code 1 where the
 * median of the last third's memory is more than a tenth above that of the middle third, or a target was not scraped in time.
 */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { packageRoot } from "../../src/base/index.js";
import { startProcess } from "../process.js";

const MINUTES = Number(process.argv[2] ?? 15);
const SERIES = Number(process.argv[3] ?? 20_000);
const INTERVAL_MS = Number(process.argv[4] ?? 2000);
const BLOCK = process.argv[5] ?? "1m";
const RETENTION = process.argv[6] ?? "3m";
const LINES = 500;
const CHURN_A_MINUTE = 0.05;
const QUERY_INTERVAL_MS = 500;
const MEGABYTE = 1024 * 1024;
const QUERIES = [
  "count(soak_total)",
  "sum by (path) (rate(soak_total[1m]))",
  "topk(5, soak_total)",
  "max_over_time(soak_total{path='/thing/1'}[5m])",
];

const targetCount = Math.ceil(SERIES / LINES);
const startedMs = Date.now();
const requests = Array.from({ length: targetCount }, () => [] as number[]);

const exporter = createServer((request, response) => {
  const target = Number(request.url?.slice(2));
  requests[target]?.push(Date.now());
  const minutes = (Date.now() - startedMs) / 60_000;
  let body = "";
  for (let i = 0; i < LINES; i++) {
    // Line i gets another id when its turn comes, one line in twenty each minute.
    const life = Math.floor(minutes * CHURN_A_MINUTE + i / LINES);
    body += `soak_total{path="/thing/${i % 50}",id="${target}-${i}-${life}"} ${Math.floor(minutes * 60 * (1 + (i % 7)))}\n`;
  }
  response.setHeader("Content-Type", "text/plain; version=0.0.4");
  response.end(body);
});
await new Promise<void>((resolve) => exporter.listen(0, "127.0.0.1", resolve));
const exporterPort = (exporter.address() as AddressInfo).port;
const folder = mkdtempSync(join(tmpdir(), "vestal-soak-"));

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

try {
  const interval = `${INTERVAL_MS}ms`;
  const config = join(folder, "config.yml");
  writeFileSync(
    config,
    JSON.stringify({
      global: { scrape_interval: interval, scrape_timeout: interval },
      scrape_configs: Array.from({ length: targetCount }, (_, i) => ({
        job_name: `soak-${i}`,
        metrics_path: `/t${i}`,
        static_configs: [{ targets: [`127.0.0.1:${exporterPort}`] }],
      })),
    }),
  );
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const server = startProcess(
    "vestal",
    process.execPath,
    [
      join(packageRoot(), "bin", "vestal"),
      "server",
      `--config.file=${config}`,
      `--storage.tsdb.path=${join(folder, "data")}`,
      `--web.listen-address=127.0.0.1:${port}`,
      `--storage.tsdb.min-block-duration=${BLOCK}`,
      `--storage.tsdb.retention.time=${RETENTION}`,
    ],
    join(folder, "log"),
  );
  const rss: number[] = [];
  let queries = 0;
  let failed = 0;
  const endMs = startedMs + MINUTES * 60_000;
  for (let second = 0; Date.now() < endMs; second++) {
    await new Promise((resolve) => setTimeout(resolve, QUERY_INTERVAL_MS));
    const query = QUERIES[second % QUERIES.length]!;
    const answer = await fetch(`${url}/api/v1/query?query=${encodeURIComponent(query)}`).catch(() => undefined);
    queries++;
    if (second > 20 && answer?.ok !== true) failed++;
    await answer?.arrayBuffer();
    rss.push(server.rssBytes() / MEGABYTE);
    if (second % 60 === 0)
      console.log(`${((Date.now() - startedMs) / 60_000).toFixed(1)} min: RSS ${rss.at(-1)!.toFixed(0)} MB`);
  }
  const page = await (await fetch(`${url}/metrics`)).text();
  const metric = (name: string): string => new RegExp(`^${name}(?:\\{.*\\})? (.*)$`, "m").exec(page)?.[1] ?? "?";
  await server.stop();
  const gaps = requests.map((times) => Math.max(...times.slice(1).map((time, i) => time - times[i]!)));
  const third = Math.floor(rss.length / 3);
  const middle = median(rss.slice(third, 2 * third));
  const end = median(rss.slice(2 * third));
  const isFlat = end <= middle * 1.1;
  const missed = gaps.filter((gap) => gap > 2 * INTERVAL_MS).length;
  console.log(
    `${MINUTES} min, ${SERIES} series, ${queries} queries (${failed} failed): RSS ${middle.toFixed(0)} → ${end.toFixed(0)} MB ` +
      `(${isFlat ? "flat" : "GROWS"}); longest time between two scrapes of a target ${Math.max(...gaps)} ms, missed by ${missed} targets; ` +
      `${metric("prometheus_tsdb_head_truncations_total")} truncations, ${metric("prometheus_tsdb_checkpoint_creations_total")} checkpoints, ` +
      `${metric("prometheus_tsdb_head_series_removed_total")} series removed, ${metric("prometheus_tsdb_head_series")} there, ` +
      `${readdirSync(join(folder, "data")).filter((name) => name.length === 26).length} blocks, head memory ${metric("vestal_head_memory_bytes")} bytes`,
  );
  if (!isFlat || missed > 0 || failed > 0) process.exitCode = 1;
} finally {
  exporter.close();
  rmSync(folder, { recursive: true, force: true });
}

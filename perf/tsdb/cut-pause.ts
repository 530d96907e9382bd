/**
 * What a block cut does to ingestion: small requests of remote write one after the other, a few milliseconds apart, while a
 * fleet is scraped and short ranges are cut into blocks. How long a request waits, p50, p99 and at most, while a cut, its truncation
 * and its checkpoint go on, and in between.
 *
 *   node dist/perf/tsdb/cut-pause.js [SERIES=100000] [MINUTES=3] [BLOCK=30s]
 *
 * Exit code 1 where the p99 while cutting is 50 ms or more.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { packageRoot } from "../../src/base/index.js";
import { Labels } from "../../src/model/index.js";
import { remoteWrite } from "../../test/support/remote-write.js";
import { sleep, startProcess, waitForOk } from "../process.js";

const SERIES = Number(process.argv[2] ?? 100_000);
const MINUTES = Number(process.argv[3] ?? 3);
const BLOCK = process.argv[4] ?? "30s";
const LINES = 500;
const INTERVAL = "5s";
const PAUSE_MS = 5;
const AIM_MS = 50;

const targetCount = Math.ceil(SERIES / LINES);
let scrapes = 0;
const exporter = createServer((_request, response) => {
  scrapes++;
  let body = "";
  for (let i = 0; i < LINES; i++) body += `cut_total{path="/api/v1/thing/${i}",code="200"} ${scrapes * (i + 1)}\n`;
  response.setHeader("Content-Type", "text/plain; version=0.0.4");
  response.end(body);
});
await new Promise<void>((resolve) => exporter.listen(0, "127.0.0.1", resolve));
const exporterPort = (exporter.address() as AddressInfo).port;
const folder = mkdtempSync(join(tmpdir(), "vestal-cut-"));

/** [begin, end) in ms since the epoch, from the lines of the log. */
function cutsIn(log: string): (readonly [number, number])[] {
  const cuts: [number, number][] = [];
  for (const line of log.split("\n")) {
    const timeMs = Date.parse(/^time=(\S+)/.exec(line)?.[1] ?? "");
    const durationMs = Number(/duration=([\d.]+)ms/.exec(line)?.[1] ?? 0);
    if (line.includes('"write block"')) cuts.push([timeMs - durationMs, timeMs]);
    // Truncation and checkpoint follow the block, and belong to it.
    else if (/Head GC completed|WAL checkpoint complete/.test(line) && cuts.length > 0) cuts.at(-1)![1] = timeMs;
  }
  return cuts;
}

function quantile(sorted: readonly number[], q: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN;
}

function shown(name: string, waits: readonly number[]): number {
  const sorted = [...waits].sort((a, b) => a - b);
  const p99 = quantile(sorted, 0.99);
  const figures = [quantile(sorted, 0.5), p99, sorted.at(-1) ?? Number.NaN].map((ms) => ms.toFixed(1));
  console.log(`${name}: ${sorted.length} requests, p50 ${figures[0]} ms, p99 ${figures[1]} ms, most ${figures[2]} ms`);
  return p99;
}

try {
  const config = join(folder, "config.yml");
  const targets = Array.from({ length: targetCount }, (_, i) => ({
    targets: [`127.0.0.1:${exporterPort}`],
    labels: { instance: `host-${i}` },
  }));
  writeFileSync(
    config,
    JSON.stringify({
      global: { scrape_interval: INTERVAL, scrape_timeout: INTERVAL },
      scrape_configs: [{ job_name: "cut", static_configs: targets }],
    }),
  );
  const port = 20_000 + Math.floor(Math.random() * 10_000);
  const url = `http://127.0.0.1:${port}`;
  const logFile = join(folder, "log");
  const server = startProcess(
    "vestal",
    process.execPath,
    [
      join(packageRoot(), "bin", "vestal"),
      "server",
      `--config.file=${config}`,
      `--storage.tsdb.path=${join(folder, "data")}`,
      `--web.listen-address=127.0.0.1:${port}`,
      "--web.enable-remote-write-receiver",
      `--storage.tsdb.min-block-duration=${BLOCK}`,
      "--storage.tsdb.samples-per-chunk=4",
    ],
    logFile,
  );
  try {
    await waitForOk(`${url}/-/ready`, "vestal", 60_000);
    const labels = Labels.of({ __name__: "probe", job: "probe" });
    const waits: { readonly atMs: number; readonly ms: number }[] = [];
    const endMs = Date.now() + MINUTES * 60_000;
    while (Date.now() < endMs) {
      const atMs = Date.now();
      const began = performance.now();
      await remoteWrite(url, [{ labels, samples: [[atMs, 1]] }]);
      waits.push({ atMs, ms: performance.now() - began });
      await sleep(PAUSE_MS);
    }
    const cuts = cutsIn(readFileSync(logFile, "utf8"));
    const isCutting = ({ atMs, ms }: { readonly atMs: number; readonly ms: number }): boolean =>
      cuts.some(([begin, end]) => atMs + ms >= begin && atMs <= end);
    const took = cuts.map(([begin, end]) => end - begin);
    console.log(
      `${SERIES} series each ${INTERVAL}, ${cuts.length} cuts of ${took.map((ms) => ms.toFixed(0)).join(", ")} ms`,
    );
    shown(
      "in between",
      waits.filter((wait) => !isCutting(wait)).map(({ ms }) => ms),
    );
    const p99 = shown(
      "while cutting",
      waits.filter(isCutting).map(({ ms }) => ms),
    );
    console.log(p99 < AIM_MS ? `below ${AIM_MS} ms` : `NOT below ${AIM_MS} ms`);
    if (!(p99 < AIM_MS)) process.exitCode = 1;
  } finally {
    await server.stop();
  }
} finally {
  exporter.closeAllConnections();
  exporter.close();
  rmSync(folder, { recursive: true, force: true });
}

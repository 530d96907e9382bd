/**
 * Peak memory of a restart after `kill -9`, beside the resident memory before it.
 *
 *   node dist/perf/tsdb/restart-memory.js [SERIES=300000] [SCRAPES=40] [INTERVAL_MS=3000] [SAMPLES_PER_CHUNK=20]
 *
 * Chunks are short so that each series closes some within the time that anyone wants to wait.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { packageRoot } from "../../src/base/index.js";
import { type MeasuredProcess, startProcess } from "../process.js";

const SERIES = Number(process.argv[2] ?? 300_000);
const SCRAPES = Number(process.argv[3] ?? 40);
const INTERVAL_MS = Number(process.argv[4] ?? 3000);
const SAMPLES_PER_CHUNK = Number(process.argv[5] ?? 20);
const LINES = 1000;
const VARIANTS = 8;
const MEGABYTE = 1024 * 1024;

const bodies = Array.from({ length: VARIANTS }, (_, variant) => {
  let body = "";
  for (let i = 0; i < LINES; i++) {
    const value = i % 2 === 0 ? 1000 * variant + i : ((i * 7919 * (variant + 1)) % 1000) / 8;
    body += `some_metric_${i % 50}_total{path="/api/v1/thing/${i}",code="200",method="GET"} ${value}\n`;
  }
  return body;
});
let requests = 0;
const exporter = createServer((_request, response) => {
  response.setHeader("Content-Type", "text/plain; version=0.0.4");
  response.end(bodies[requests++ % VARIANTS]);
});
await new Promise<void>((resolve) => exporter.listen(0, "127.0.0.1", resolve));
const exporterPort = (exporter.address() as AddressInfo).port;

const folder = mkdtempSync(join(tmpdir(), "vestal-restart-"));

async function start(config: unknown, log: string): Promise<{ process: MeasuredProcess; url: string }> {
  const port = await freePort();
  const file = join(folder, "config.yml");
  writeFileSync(file, JSON.stringify(config));
  const args = [
    join(packageRoot(), "bin", "vestal"),
    "server",
    `--config.file=${file}`,
    `--storage.tsdb.path=${join(folder, "data")}`,
    `--web.listen-address=127.0.0.1:${port}`,
    `--storage.tsdb.samples-per-chunk=${SAMPLES_PER_CHUNK}`,
  ];
  const server = startProcess("vestal", process.execPath, args, join(folder, log));
  const url = `http://127.0.0.1:${port}`;
  for (;;) {
    const isReady = await fetch(`${url}/-/ready`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (isReady) return { process: server, url };
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function headSamples(url: string): Promise<number> {
  const page = await (await fetch(`${url}/metrics`)).text();
  return Number(/^prometheus_tsdb_head_samples_appended_total\{type="float"\} (.*)$/m.exec(page)?.[1] ?? 0);
}

function peakBytes(pid: number): number {
  return 1024 * Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0);
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

try {
  const targets = Array.from({ length: Math.ceil(SERIES / LINES) }, (_, i) => ({
    targets: [`127.0.0.1:${exporterPort}`],
    labels: { instance: `host-${i}` },
  }));
  const interval = `${INTERVAL_MS}ms`;
  const before = await start(
    {
      global: { scrape_interval: interval, scrape_timeout: interval },
      scrape_configs: [{ job_name: "memory", static_configs: targets }],
    },
    "before.log",
  );
  while ((await headSamples(before.url)) < SERIES * SCRAPES) await new Promise((resolve) => setTimeout(resolve, 500));
  const rssBefore = before.process.rssBytes();
  const peakBefore = peakBytes(before.process.pid);
  process.kill(before.process.pid, "SIGKILL");
  await before.process.stop();
  const after = await start({}, "after.log");
  const peakAfter = peakBytes(after.process.pid);
  const cpu = after.process.cpuSeconds();
  await after.process.stop();
  console.log(
    `${SERIES} series, ${SCRAPES} samples each: RSS before the kill ${(rssBefore / MEGABYTE).toFixed(0)} MB ` +
      `(peak ${(peakBefore / MEGABYTE).toFixed(0)}), peak of the restart ${(peakAfter / MEGABYTE).toFixed(0)} MB, ` +
      `${cpu.toFixed(2)} s of CPU: ${peakAfter <= rssBefore ? "not above" : "ABOVE"}`,
  );
  if (peakAfter > rssBefore) process.exitCode = 1;
} finally {
  exporter.close();
  rmSync(folder, { recursive: true, force: true });
}

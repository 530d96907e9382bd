/**
 * What receiving a sample by remote write costs a server: user and system time of its process (from /proc) over requests of
 * SERIES series with one sample each, as one sender after the other sends them. The first request makes the series and does
 * not count. Bodies are made before; sending them is the client's time, not the server's.
 *
 *   node dist/perf/remote/write.bench.js [vestal|prometheus|victoria-metrics …]     PEERS=… SERIES=100000 REQUESTS=12 VERSION=1
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compressSync } from "snappy";
import { packageRoot } from "../../src/base/index.js";
import { postWrite, type WriteSeries, writeRequestV1, writeRequestV2 } from "../../test/support/write-request.js";

const SERIES = Number(process.env["SERIES"] ?? 100_000);
const REQUESTS = Number(process.env["REQUESTS"] ?? 12);
const VERSION = process.env["VERSION"] === "2" ? 2 : 1;
const CLOCK_TICKS = 100;

const now = Math.floor(Date.now() / 1000) * 1000;

function seriesAt(request: number): WriteSeries[] {
  return Array.from({ length: SERIES }, (_, i) => ({
    labels: [
      ["__name__", `http_requests_total_${i % 100}`],
      ["cluster", "production-eu-1"],
      ["code", String(200 + (i % 5))],
      ["instance", `10.0.${(i >> 8) & 255}.${i & 255}:9100`],
      ["job", `service-${i % 40}`],
      ["method", i % 2 === 0 ? "GET" : "POST"],
      ["pod", `service-${i % 40}-${(i * 7919).toString(36)}`],
    ],
    samples: [{ timeMs: now - (REQUESTS - request) * 15_000, value: request * 100 + (i % 977) }],
  }));
}

interface System {
  readonly command: string;
  readonly args: (folder: string, port: number) => string[];
  readonly path: string;
}

const bin = join(process.env["PEERS"] ?? "", "bin");
const SYSTEMS: Readonly<Record<string, System>> = {
  vestal: {
    command: process.execPath,
    args: (folder, port) => [
      join(packageRoot(), "bin", "vestal"),
      "server",
      `--config.file=${join(folder, "config.yml")}`,
      `--storage.tsdb.path=${join(folder, "data")}`,
      `--web.listen-address=127.0.0.1:${port}`,
      "--web.enable-remote-write-receiver",
    ],
    path: "",
  },
  prometheus: {
    command: join(bin, "prometheus"),
    args: (folder, port) => [
      `--config.file=${join(folder, "config.yml")}`,
      `--storage.tsdb.path=${join(folder, "data")}`,
      `--web.listen-address=127.0.0.1:${port}`,
      "--web.enable-remote-write-receiver",
    ],
    path: "",
  },
  "victoria-metrics": {
    command: join(bin, "victoria-metrics"),
    args: (folder, port) => [`-storageDataPath=${join(folder, "data")}`, `-httpListenAddr=127.0.0.1:${port}`],
    path: "",
  },
};

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}

function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]!.split(" ");
  return (Number(fields[11]) + Number(fields[12])) / CLOCK_TICKS;
}

function rssBytes(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))![1]) * 1024;
}

async function ready(url: string): Promise<void> {
  for (const deadline = Date.now() + 30_000; Date.now() < deadline; ) {
    const isUp = await fetch(`${url}/-/ready`).then(
      (response) => response.ok,
      () => false,
    );
    if (isUp) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`${url} is not ready`);
}

async function measure(name: string, bodies: readonly Uint8Array[]): Promise<void> {
  const system = SYSTEMS[name]!;
  const folder = mkdtempSync(join(tmpdir(), "vestal-perf-write-"));
  writeFileSync(join(folder, "config.yml"), "{}");
  const port = await freePort();
  const child: ChildProcess = spawn(system.command, system.args(folder, port), { stdio: "ignore", cwd: folder });
  try {
    const url = `http://127.0.0.1:${port}`;
    await ready(url);
    const send = async (body: Uint8Array): Promise<void> => {
      const { status, text } = await postWrite(url, VERSION, body, { isCompressed: true });
      if (status >= 300) throw new Error(`${name} answers ${status}: ${text}`);
    };
    const start = cpuSeconds(child.pid!);
    await send(bodies[0]!);
    const first = cpuSeconds(child.pid!);
    await send(bodies[1]!);
    const before = cpuSeconds(child.pid!);
    for (const body of bodies.slice(2)) await send(body);
    const seconds = cpuSeconds(child.pid!) - before;
    const samples = SERIES * (bodies.length - 2);
    const figures = {
      system: name,
      "CPU µs/sample": ((seconds * 1e6) / samples).toFixed(3),
      "CPU µs/new series": (((first - start) * 1e6) / SERIES).toFixed(2),
      "RSS MiB": (rssBytes(child.pid!) / 2 ** 20).toFixed(0),
    };
    process.stdout.write(`${JSON.stringify(figures)}\n`);
  } finally {
    child.kill("SIGKILL");
    await new Promise((resolve) => child.once("exit", resolve));
    rmSync(folder, { recursive: true, force: true });
  }
}

const encode = VERSION === 1 ? writeRequestV1 : writeRequestV2;
const bodies = Array.from({ length: REQUESTS + 2 }, (_, i) => compressSync(Buffer.from(encode(seriesAt(i - 2)))));
process.stdout.write(`${SERIES} series a request, ${(bodies[0]!.length / SERIES).toFixed(1)} bytes each compressed\n`);
for (const name of process.argv.length > 2 ? process.argv.slice(2) : ["vestal"]) await measure(name, bodies);

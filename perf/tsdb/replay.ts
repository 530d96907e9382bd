/**
 * What a start on a log costs: CPU seconds and peak memory until the server is ready, Vestal beside a real Prometheus on
 * copies of one directory.
 *
 *   PEERS=… node dist/perf/tsdb/replay.js [SERIES=100000] [SAMPLES=100] [RUNS=3]
 *
 * Half the series are counters, half noisy gauges, 15 s apart. Each is started on a copy made for it; Vestal a second time
 * on what the first start left, whose chunks lie in chunks_head by then, and so is Prometheus.
 */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { packageRoot, systemFiles } from "../../src/base/index.js";
import { compileKernels } from "../../src/memory/index.js";
import { Labels } from "../../src/model/index.js";
import { Head } from "../../src/tsdb/head/index.js";
import { startWal, WAL_STATE_BYTES, type WalKernels, WalState, WalWriter } from "../../src/tsdb/wal/index.js";
import { startProcess } from "../process.js";

const SERIES = Number(process.argv[2] ?? 100_000);
const SAMPLES = Number(process.argv[3] ?? 100);
const RUNS = Number(process.argv[4] ?? 3);
const INTERVAL_MS = 15_000;
const BATCH = 1000;
const READY_TIMEOUT_MS = 120_000;

interface Figures {
  readonly cpuSeconds: number;
  readonly peakMegabytes: number;
}

/** Writes the log of SERIES × SAMPLES samples that end now. */
function writeLog(folder: string): void {
  const head = Head.create({ shardIndex: 0, shardCount: 1, limitPages: 32_768 }, compileKernels("ingest"));
  head.setRefRange(1, SERIES + 1);
  const kernels = head.kernels as unknown as WalKernels; // the ingest instance has all kernels
  const state = new WalState(new SharedArrayBuffer(WAL_STATE_BYTES));
  const dir = join(folder, "data", "wal");
  startWal(state, systemFiles, dir, -1);
  const wal = new WalWriter({ dir, files: systemFiles, state, ownerId: 1, kernels, memory: head.memory });
  const slots = Array.from({ length: SERIES }, (_, i) =>
    head.resolveLabels(
      Labels.of({
        __name__: `metric_${i % 200}_${i % 2 === 0 ? "total" : "value"}`,
        instance: `host-${Math.floor(i / 1000)}:9100`,
        job: "replay",
        item: String(Math.floor(i / 200) % 5),
        path: `/api/v1/thing/${Math.floor(i / 200)}`,
      }),
    ),
  );
  let noise = 12345;
  const startMs = Date.now() - SAMPLES * INTERVAL_MS;
  for (let k = 0; k < SAMPLES; k++) {
    for (let first = 0; first < SERIES; first += BATCH) {
      const rows = Math.min(BATCH, SERIES - first);
      const staging = head.reserveStaging(rows);
      for (let row = 0; row < rows; row++) {
        noise = (Math.imul(noise, 1103515245) + 12345) >>> 0;
        const i = first + row;
        const value = i % 2 === 0 ? k * (1 + (i % 10)) : (noise % 1000) / 8;
        head.stageRow(row, slots[i]!, startMs + k * INTERVAL_MS + Math.floor(first / BATCH), value);
      }
      if (k === 0) wal.logSeries(staging, rows);
      wal.logSamples(staging, rows);
      wal.commit();
      if (k === 0) kernels.markRecorded(staging, rows);
    }
  }
  wal.finish();
  wal.close();
}

async function measureStart(name: "vestal" | "prometheus", folder: string): Promise<Figures> {
  const port = await freePort();
  const config = join(folder, "config.yml");
  writeFileSync(config, "{}");
  const args = [
    `--config.file=${config}`,
    `--storage.tsdb.path=${join(folder, "data")}`,
    `--web.listen-address=127.0.0.1:${port}`,
  ];
  const server =
    name === "vestal"
      ? startProcess(
          name,
          process.execPath,
          [join(packageRoot(), "bin", "vestal"), "server", ...args],
          join(folder, "log"),
        )
      : startProcess(name, join(process.env["PEERS"] ?? "", "bin", "prometheus"), args, join(folder, "log"));
  const deadline = Date.now() + READY_TIMEOUT_MS;
  while (Date.now() < deadline) {
    const isReady = await fetch(`http://127.0.0.1:${port}/-/ready`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (isReady) break;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const figures = { cpuSeconds: server.cpuSeconds(), peakMegabytes: peakMegabytes(server.pid) };
  await server.stop();
  return figures;
}

function peakMegabytes(pid: number): number {
  const line = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return Number(line?.[1] ?? 0) / 1024;
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}

const origin = mkdtempSync(join(tmpdir(), "vestal-replay-"));
try {
  writeLog(origin);
  const rows: Record<string, string | number>[] = [];
  for (let run = 0; run < RUNS; run++) {
    for (const name of ["vestal", "prometheus"] as const) {
      const folder = mkdtempSync(join(tmpdir(), "vestal-replay-"));
      try {
        cpSync(join(origin, "data"), join(folder, "data"), { recursive: true });
        for (const start of ["log only", "with chunks_head"]) {
          const { cpuSeconds, peakMegabytes: peak } = await measureStart(name, folder);
          rows.push({ server: name, start, run, "CPU s": cpuSeconds.toFixed(2), "peak MB": peak.toFixed(0) });
        }
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    }
  }
  console.log(`${SERIES} series, ${(SERIES * SAMPLES) / 1e6} M samples`);
  console.table(rows);
} finally {
  rmSync(origin, { recursive: true, force: true });
}

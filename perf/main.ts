/**
 * `npm run perf -- [ingest|micro] [--quick]`: without a name, both. PEERS names a folder with the peers' binaries in
 * `bin/`; without it only our own figures are measured. Prints tables and writes `perf/results/<what>.json`.
 * `npm run perf -- NAME …`: one of `SCRIPTS`, with its own arguments.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { packageRoot } from "../src/base/index.js";
import { benchIngest, type IngestFigures, type IngestOptions } from "./ingest/ingest.bench.js";
import { runMicroBenchmarks } from "./micro.js";

const SCRIPTS: Readonly<Record<string, string>> = {
  alertmanager: "alertmanager/load.js",
  bulk: "remote/bulk.bench.js",
  "cut-pause": "tsdb/cut-pause.js",
  head: "tsdb/head.bench.js",
  live: "live/sockets.js",
  load: "load/clients.js",
  queries: "queries/main.js",
  replay: "tsdb/replay.js",
  "restart-memory": "tsdb/restart-memory.js",
  rules: "rules/main.js",
  soak: "tsdb/soak.js",
  targets: "targets/main.js",
  ui: "ui/main.js",
  write: "remote/write.bench.js",
};

const [first = "", ...rest] = process.argv.slice(2);
const script = SCRIPTS[first];
if (script !== undefined) {
  const run = spawnSync(process.execPath, [join(import.meta.dirname, script), ...rest], { stdio: "inherit" });
  process.exit(run.status ?? 1);
}
const names = process.argv.slice(2).filter((argument) => !argument.startsWith("--"));
const unknown = names.filter((name) => name !== "ingest" && name !== "micro");
if (unknown.length > 0) {
  process.stderr.write(
    `no benchmark is called ${unknown.join(", ")}; there are: ingest, micro, ${Object.keys(SCRIPTS).join(", ")}\n`,
  );
  process.exit(2);
}
const quick = process.argv.includes("--quick");
const peers = process.env["PEERS"];

function save(what: string, figures: unknown): void {
  const folder = join(packageRoot(), "perf", "results");
  mkdirSync(folder, { recursive: true });
  const machine = { cpu: cpus()[0]?.model ?? "unknown", cores: cpus().length, node: process.version };
  const file = join(folder, `${what}.json`);
  writeFileSync(file, `${JSON.stringify({ what, date: new Date().toISOString(), machine, figures }, null, 2)}\n`);
  process.stdout.write(`written to ${file}\n\n`);
}

function printIngest(title: string, figures: readonly IngestFigures[]): void {
  const ours = figures.find((row) => row.system === "vestal");
  process.stdout.write(`${title}\n`);
  console.table(
    figures.map((row) => ({
      system: row.system,
      "CPU µs/sample": row.cpuMicrosPerSample.toFixed(3),
      "samples/s/core": Math.round(row.samplesPerSecondPerCore),
      "RSS B/series": Math.round(row.rssBytesPerSeries),
      "disk B/sample": row.diskBytesPerSample.toFixed(2),
      "our CPU / its": ours === undefined ? "" : (ours.cpuMicrosPerSample / row.cpuMicrosPerSample).toFixed(3),
      "our RSS / its": ours === undefined ? "" : (ours.rssBytesPerSeries / row.rssBytesPerSeries).toFixed(3),
    })),
  );
}

if (names.length === 0 || names.includes("micro")) save("micro", await runMicroBenchmarks());
if (names.length === 0 || names.includes("ingest")) {
  const base: IngestOptions = {
    targets: 200,
    series: 1000,
    intervalSeconds: 2,
    churn: 0,
    warmupSeconds: quick ? 6 : 20,
    windowSeconds: quick ? 10 : 40,
    peers,
  };
  const steady = await benchIngest(base);
  printIngest("200 targets × 1,000 series every 2 s, unchanged series", steady);
  const churning = await benchIngest({
    ...base,
    churn: 0.05,
    warmupSeconds: quick ? 6 : 10,
    windowSeconds: quick ? 10 : 20,
  });
  printIngest("the same, 5 % of the series change a label at every scrape", churning);
  save("ingest", { steady, churning });
}

/** The systems that the ingest benchmark measures, each started with the same scrape configuration. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../../src/base/index.js";
import { folderBytes, getText, type MeasuredProcess, startProcess, waitForOk } from "../process.js";

export interface System {
  readonly name: string;
  readonly process: MeasuredProcess;
  /** Samples that it says it has stored since its start. */
  samples(): Promise<number>;
  /** Series that it says are active. */
  series(): Promise<number>;
  diskBytes(): number;
}

export interface Load {
  readonly targetUrls: readonly string[];
  readonly intervalSeconds: number;
  readonly folder: string;
  readonly port: number;
  /** More of the command line. */
  readonly args?: readonly string[];
}

/** The value of a self-metric, summed over its series; NaN if it is missing. */
function metricSum(text: string, name: string): number {
  let sum = Number.NaN;
  for (const line of text.split("\n")) {
    if (!line.startsWith(name) || (line[name.length] !== " " && line[name.length] !== "{")) continue;
    const value = Number(line.slice(line.lastIndexOf(" ") + 1));
    sum = Number.isNaN(sum) ? value : sum + value;
  }
  return sum;
}

/** The configuration that scrapes all of `targetUrls`; returns its file. */
export function writeConfig(load: Load): string {
  const file = join(load.folder, "scrape.yml");
  mkdirSync(load.folder, { recursive: true });
  const groups = load.targetUrls.map((url) => {
    const { host, pathname } = new URL(url);
    return { targets: [host], labels: { __metrics_path__: pathname, instance: `${host}${pathname}` } };
  });
  const config = {
    global: { scrape_interval: `${load.intervalSeconds}s`, scrape_timeout: `${load.intervalSeconds}s` },
    scrape_configs: [{ job_name: "fleet", static_configs: groups }],
  };
  writeFileSync(file, JSON.stringify(config));
  return file;
}

export async function startVestal(load: Load): Promise<System> {
  const data = join(load.folder, "data");
  const process_ = startProcess(
    "vestal",
    process.execPath,
    [
      join(packageRoot(), "bin", "vestal"),
      "server",
      `--config.file=${writeConfig(load)}`,
      `--storage.tsdb.path=${data}`,
      `--web.listen-address=127.0.0.1:${load.port}`,
      ...(load.args ?? []),
    ],
    join(load.folder, "log"),
  );
  return prometheusLike("vestal", process_, load.port, data);
}

export async function startPrometheus(load: Load, peers: string): Promise<System> {
  const data = join(load.folder, "data");
  const process_ = startProcess(
    "prometheus",
    join(peers, "bin", "prometheus"),
    [
      `--config.file=${writeConfig(load)}`,
      `--storage.tsdb.path=${data}`,
      `--web.listen-address=127.0.0.1:${load.port}`,
    ],
    join(load.folder, "log"),
  );
  return prometheusLike("prometheus", process_, load.port, data);
}

export async function startVictoriaMetrics(load: Load, peers: string): Promise<System> {
  const data = join(load.folder, "data");
  const process_ = startProcess(
    "victoria-metrics",
    join(peers, "bin", "victoria-metrics"),
    [
      `-promscrape.config=${writeConfig(load)}`,
      `-storageDataPath=${data}`,
      `-httpListenAddr=127.0.0.1:${load.port}`,
      "-retentionPeriod=1d",
    ],
    join(load.folder, "log"),
  );
  const base = `http://127.0.0.1:${load.port}`;
  await waitForOk(`${base}/health`, "victoria-metrics", 30_000);
  return {
    name: "victoria-metrics",
    process: process_,
    samples: async () => metricSum(await getText(`${base}/metrics`), "vm_rows_inserted_total"),
    series: async () => metricSum(await getText(`${base}/metrics`), "vm_promscrape_active_scrapers"),
    diskBytes: () => folderBytes(data),
  };
}

async function prometheusLike(name: string, measured: MeasuredProcess, port: number, data: string): Promise<System> {
  const base = `http://127.0.0.1:${port}`;
  await waitForOk(`${base}/-/ready`, name, 60_000);
  return {
    name,
    process: measured,
    samples: async () => metricSum(await getText(`${base}/metrics`), "prometheus_tsdb_head_samples_appended_total"),
    series: async () => metricSum(await getText(`${base}/metrics`), "prometheus_tsdb_head_series"),
    diskBytes: () => folderBytes(data),
  };
}

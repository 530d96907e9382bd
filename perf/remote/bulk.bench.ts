/**
 * A bulk load by remote write, in order of time, with all that becomes of it: head, blocks, compaction. CPU is user and system time of
 * the server's process from its start until it is quiet, divided by the samples; bytes are those of its blocks (VictoriaMetrics: of its
 * data after a forced merge), divided by the samples in them.
 *
 *   PEERS=… node dist/perf/remote/bulk.bench.js [HOURS=6] [SERIES=10000] [SAMPLES=10] [SYSTEM …]
 *
 * The load ends now, one sample each 15 s, SAMPLES of each series in one request. The newest two to three hours stay in the head of
 * Vestal and Prometheus: HOURS is loaded besides, so that so much can be compacted.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { packageRoot } from "../../src/base/index.js";
import { postWrite } from "../../test/support/write-request.js";
import { folderBytes, getText, type MeasuredProcess, sleep, startProcess, waitForOk } from "../process.js";
import { BulkBodies } from "./bulk-body.js";

const HOURS = Number(process.argv[2] ?? 6);
const SERIES = Number(process.argv[3] ?? 10_000);
const SAMPLES = Number(process.argv[4] ?? 10);
const PEERS = process.env["PEERS"];
const INTERVAL_MS = 15_000;
const HOUR_MS = 3_600_000;
/** What stays in a head, and one block that is never compacted since it is the newest. */
const HEAD_HOURS = 5;
const QUIET_LOOK_MS = 1000;
/** A server is quiet when it takes less than a twentieth of a core for so many looks. */
const QUIET_LOOKS = 5;
const QUIET_SECONDS_MAX = 180;
const SYSTEMS = ["vestal", ...(PEERS === undefined ? [] : ["prometheus", "victoria-metrics"])];
const wanted = process.argv.slice(5);

interface Sizes {
  readonly bytes: number;
  readonly samples: number;
  readonly blocks: string;
}

const endMs = Math.floor(Date.now() / INTERVAL_MS) * INTERVAL_MS;
const startMs = Math.floor((endMs - (HOURS + HEAD_HOURS) * HOUR_MS) / (2 * HOUR_MS)) * 2 * HOUR_MS;
const requests = Math.floor((endMs - startMs) / (SAMPLES * INTERVAL_MS));
const maker = new BulkBodies({ series: SERIES, samples: SAMPLES, intervalMs: INTERVAL_MS });
const bodies = Array.from({ length: requests }, (_, i) => maker.next(startMs + i * SAMPLES * INTERVAL_MS));
const sent = requests * SERIES * SAMPLES;
console.log(
  `${SERIES} series, ${((endMs - startMs) / HOUR_MS).toFixed(1)} h, ${(sent / 1e6).toFixed(1)} M samples in ${requests} requests`,
);

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address !== null ? address.port : 0;
}

function start(name: string, folder: string, port: number): MeasuredProcess {
  const config = join(folder, "config.yml");
  writeFileSync(config, "{}");
  const log = join(folder, "log");
  if (name === "victoria-metrics") {
    const args = [
      `-storageDataPath=${join(folder, "data")}`,
      `-httpListenAddr=127.0.0.1:${port}`,
      "-retentionPeriod=100y",
    ];
    return startProcess(name, join(PEERS ?? "", "bin", name), args, log);
  }
  const args = [
    `--config.file=${config}`,
    `--storage.tsdb.path=${join(folder, "data")}`,
    `--web.listen-address=127.0.0.1:${port}`,
    "--web.enable-remote-write-receiver",
  ];
  if (name === "prometheus") return startProcess(name, join(PEERS ?? "", "bin", name), args, log);
  return startProcess(name, process.execPath, [join(packageRoot(), "bin", "vestal"), "server", ...args], log);
}

/** Waits until the server has nothing left to do: cutting and compacting go on after the last request. */
async function quiet(server: MeasuredProcess): Promise<number> {
  let before = server.cpuSeconds();
  let looks = 0;
  for (let i = 0; i < QUIET_SECONDS_MAX && looks < QUIET_LOOKS; i++) {
    await sleep(QUIET_LOOK_MS);
    const now = server.cpuSeconds();
    looks = now - before < 0.05 * (QUIET_LOOK_MS / 1000) ? looks + 1 : 0;
    before = now;
  }
  return server.cpuSeconds();
}

/** Of the blocks: chunks, index and the small files, and what is in them. */
function blockSizes(data: string): Sizes {
  const names = readdirSync(data).filter((name) => name.length === 26);
  const metas = names.map(
    (name) =>
      JSON.parse(readFileSync(join(data, name, "meta.json"), "utf8")) as {
        readonly minTime: number;
        readonly maxTime: number;
        readonly stats: { readonly numSamples: number };
      },
  );
  return {
    bytes: names.reduce((sum, name) => sum + folderBytes(join(data, name)), 0),
    samples: metas.reduce((sum, { stats }) => sum + stats.numSamples, 0),
    blocks: metas.map(({ minTime, maxTime }) => `${Math.round((maxTime - minTime) / HOUR_MS)} h`).join(" "),
  };
}

async function victoriaSizes(url: string): Promise<Sizes> {
  await getText(`${url}/internal/force_flush`);
  await getText(`${url}/internal/force_merge`);
  const metric = async (pattern: RegExp): Promise<number> => {
    const lines = (await getText(`${url}/metrics`)).split("\n").filter((line) => pattern.test(line));
    return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" ") + 1)), 0);
  };
  for (let i = 0; i < QUIET_SECONDS_MAX && (await metric(/^vm_active_force_merges /)) > 0; i++)
    await sleep(QUIET_LOOK_MS);
  return { bytes: await metric(/^vm_data_size_bytes\{/), samples: await metric(/^vm_rows\{type="storage/), blocks: "" };
}

async function measure(name: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "vestal-bulk-"));
  const port = await freePort();
  const server = start(name, folder, port);
  const url = `http://127.0.0.1:${port}`;
  try {
    await waitForOk(name === "victoria-metrics" ? `${url}/health` : `${url}/-/ready`, name, 60_000);
    const idle = server.cpuSeconds();
    for (const body of bodies) {
      const { status, text } = await postWrite(url, 1, body, { isCompressed: true });
      if (status >= 300) throw new Error(`${name} answers ${status}: ${text}`);
    }
    const loaded = server.cpuSeconds() - idle;
    const rss = server.rssBytes();
    // Prometheus looks for work each minute.
    if (name === "prometheus") await sleep(65_000);
    const seconds = (await quiet(server)) - idle;
    const { bytes, samples, blocks } =
      name === "victoria-metrics" ? await victoriaSizes(url) : blockSizes(join(folder, "data"));
    const figures = {
      system: name,
      "CPU µs/sample": ((seconds * 1e6) / sent).toFixed(3),
      "while loading": ((loaded * 1e6) / sent).toFixed(3),
      "bytes/sample": (bytes / samples).toFixed(3),
      "M samples in blocks": (samples / 1e6).toFixed(1),
      blocks,
      "RSS MB": (rss / 2 ** 20).toFixed(0),
    };
    console.log(JSON.stringify(figures));
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

for (const name of SYSTEMS) if (wanted.length === 0 || wanted.includes(name)) await measure(name);

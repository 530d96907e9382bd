/**
 * `--enable-feature=metadata-wal-records`: the log says of each scraped series what a real Prometheus' log says of it, after the first scrape
 * and after HELP, TYPE and UNIT lines have changed.
 */
import { cpSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { SLOT_COUNT } from "../../assembly/layout.js";
import { type Exporter, respond, startExporter } from "../doubles/exporter.js";
import { LocalShard } from "../support/local-shard.js";
import {
  killAll,
  makeFolder,
  queryVector,
  removeFolder,
  type Server,
  startPrometheus,
  startVestal,
  waitUntil,
} from "./harness.js";

const FEATURES = ["--enable-feature=metadata-wal-records,extra-scrape-metrics"];
const TEXT = "text/plain; version=0.0.4";
const OPEN_METRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8";

function text(help: string): string {
  return [
    `# HELP a_total ${help}`,
    "# TYPE a_total counter",
    'a_total{x="1"} 1',
    'a_total{x="2"} 2',
    "# TYPE h histogram",
    'h_bucket{le="1"} 1',
    'h_bucket{le="+Inf"} 1',
    "h_sum 1",
    "h_count 1",
    "# HELP s Has a \\\\ and a \\n.",
    "# TYPE s summary",
    's{quantile="0.5"} 1',
    "s_sum 1",
    "s_count 1",
    "# TYPE u untyped",
    "u 1",
    "# HELP only_help Helps.",
    "only_help 1",
    "nothing_said 1",
    "h_other 1",
    "",
  ].join("\n");
}

function openMetrics(unit: string): string {
  return [
    "# TYPE b counter",
    '# HELP b Counts \\"things\\".',
    "b_total 1",
    `# TYPE t_${unit} gauge`,
    `# UNIT t_${unit} ${unit}`,
    `t_${unit} 1`,
    "# TYPE i info",
    'i_info{v="1"} 1',
    "# TYPE g gaugehistogram",
    'g_bucket{le="+Inf"} 1',
    "g_gcount 1",
    "g_gsum 1",
    "# EOF",
    "",
  ].join("\n");
}

const folders: string[] = [];
const exporters: Exporter[] = [];

afterAll(async () => {
  await killAll();
  await Promise.all(exporters.map((exporter) => exporter.close()));
  for (const folder of folders) removeFolder(folder);
});

/** Labels without those of the target, and what the log of a server says of the series. */
async function logged(server: Server): Promise<ReadonlyMap<string, unknown>> {
  const copy = makeFolder();
  folders.push(copy);
  await server.kill("SIGKILL");
  cpSync(join(server.folder, "data"), join(copy, "data"), { recursive: true });
  const shard = new LocalShard({ dir: join(copy, "data") });
  const found = new Map<string, unknown>();
  const slots = Atomics.load(shard.head.words, SLOT_COUNT >> 2);
  for (let slot = 0; slot < slots; slot++) {
    const generation = shard.head.slotGeneration(slot);
    if (generation % 2 === 0) continue; // no series
    const known = shard.metadata.get(slot, generation);
    const metadata = known === undefined ? "none" : { type: known.type, unit: known.unit, help: known.help };
    found.set(`${shard.head.seriesLabels(slot).without(new Set(["instance"]))}`, metadata);
  }
  shard.close();
  return new Map([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}

test("both logs say the same of every series", async () => {
  let isChanged = false;
  const exporter = await startExporter((request) =>
    request.path === "/text"
      ? respond(text(isChanged ? "Other." : "Counts."), { contentType: TEXT })
      : respond(openMetrics(isChanged ? "bytes" : "seconds"), { contentType: OPEN_METRICS }),
  );
  exporters.push(exporter);
  const config = {
    global: { scrape_interval: "1s", scrape_timeout: "1s" },
    scrape_configs: ["text", "openmetrics"].map((job_name) => ({
      job_name,
      metrics_path: `/${job_name}`,
      static_configs: [{ targets: [exporter.address] }],
      // Some series move to other shards.
      metric_relabel_configs: [
        { source_labels: ["__name__"], regex: "(a|h|b|t)_(.*)", target_label: "job", replacement: "moved-$1-$2" },
      ],
    })),
  };
  const folder = (): string => {
    const made = makeFolder();
    folders.push(made);
    return made;
  };
  const servers = await Promise.all([
    startPrometheus({ config, folder: folder(), args: FEATURES }),
    startVestal({ config, folder: folder(), args: [...FEATURES, "--ingest.threads=1"] }),
    startVestal({ config, folder: folder(), args: [...FEATURES, "--ingest.threads=3"] }),
  ]);
  const scraped = (query: string) => async (): Promise<boolean> => {
    const answers = await Promise.all(servers.map((server) => queryVector(server, query, Date.now() / 1000)));
    return answers.every((vector) => vector.length > 0);
  };
  await waitUntil("all have scraped both targets", 30_000, scraped("a_total and on () b_total"));
  isChanged = true;
  const before = exporter.requests.length;
  await waitUntil("the changed unit is there", 30_000, scraped("t_bytes"));
  // Both targets of all servers, some times.
  await waitUntil("all have seen the change", 30_000, async () => exporter.requests.length > before + 18);
  const [theirs, ...others] = [await logged(servers[0]!), await logged(servers[1]!), await logged(servers[2]!)];
  expect(theirs.size).toBeGreaterThan(20);
  expect([...theirs.values()].filter((metadata) => metadata !== "none").length).toBeGreaterThan(12);
  for (const ours of others) expect(Object.fromEntries(ours)).toEqual(Object.fromEntries(theirs));
});

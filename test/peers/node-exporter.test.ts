/** The same targets scraped by Vestal and by a real Prometheus: the same questions get the same answers. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  api,
  killAll,
  makeFolder,
  queryVector,
  type Server,
  startNodeExporter,
  startPrometheus,
  startVestal,
  waitUntil,
} from "./harness.js";

const INTERVAL_SECONDS = 1;

/** Values that hold still: constants, counts, labels. Both servers scrape at different moments. */
const EQUAL_QUERIES: readonly string[] = [
  "up",
  "count(up)",
  "sum(up)",
  "up == 1",
  "up == 0",
  "absent(up)",
  'absent(up{job="none"})',
  'absent(nonexistent_metric{a="b"})',
  "node_uname_info",
  "node_exporter_build_info",
  "node_memory_MemTotal_bytes",
  "node_memory_SwapTotal_bytes",
  "node_boot_time_seconds",
  "count(node_cpu_seconds_total)",
  "count by (mode) (node_cpu_seconds_total)",
  "count by (cpu) (node_cpu_seconds_total)",
  "count without (mode) (node_cpu_seconds_total)",
  "count(count by (cpu) (node_cpu_seconds_total))",
  "group by (mode) (node_cpu_seconds_total)",
  'node_filesystem_size_bytes{mountpoint="/"}',
  "sum(node_filesystem_size_bytes)",
  "sum by (fstype) (node_filesystem_size_bytes)",
  "max by (device) (node_filesystem_size_bytes)",
  "min(node_filesystem_size_bytes)",
  "avg(node_filesystem_size_bytes)",
  "stddev(node_filesystem_size_bytes)",
  "stdvar(node_memory_MemTotal_bytes)",
  "topk(3, node_filesystem_size_bytes)",
  "bottomk(2, node_filesystem_size_bytes)",
  "quantile(0.5, node_filesystem_size_bytes)",
  'count_values("size", node_filesystem_size_bytes)',
  "sort(node_filesystem_size_bytes)",
  "sort_desc(node_filesystem_size_bytes)",
  "node_memory_MemTotal_bytes / 1024 / 1024",
  "node_memory_MemTotal_bytes % 1000",
  "node_memory_MemTotal_bytes ^ 2",
  "-node_memory_MemTotal_bytes",
  "node_memory_MemTotal_bytes > bool 1",
  "node_memory_MemTotal_bytes > 1e18",
  "node_memory_MemTotal_bytes and on() up",
  "node_memory_MemTotal_bytes unless on() up",
  "node_memory_MemTotal_bytes or vector(1)",
  "node_uname_info * on (instance) group_left node_memory_MemTotal_bytes",
  "node_memory_MemTotal_bytes * on (instance) group_left (nodename, release) node_uname_info",
  "count(node_scrape_collector_success == 1)",
  "sum by (collector) (node_scrape_collector_success)",
  'label_replace(node_memory_MemTotal_bytes, "host", "$1", "instance", "(.*):.*")',
  'label_join(up, "both", "-", "job", "instance")',
  "clamp(node_memory_MemTotal_bytes, 0, 100)",
  "clamp_max(node_memory_MemTotal_bytes, 5)",
  "ceil(node_memory_MemTotal_bytes / 3)",
  "floor(node_memory_MemTotal_bytes / 3)",
  "round(node_memory_MemTotal_bytes / 3, 0.5)",
  "ln(node_memory_MemTotal_bytes)",
  "log2(node_memory_MemTotal_bytes)",
  "log10(node_memory_MemTotal_bytes)",
  "sqrt(node_memory_MemTotal_bytes)",
  "exp(up)",
  "sgn(up)",
  "abs(-up)",
  "rate(node_boot_time_seconds[10s])",
  "increase(node_memory_MemTotal_bytes[10s])",
  "delta(node_memory_MemTotal_bytes[10s])",
  "deriv(node_memory_MemTotal_bytes[10s])",
  "changes(node_memory_MemTotal_bytes[10s])",
  "resets(node_memory_MemTotal_bytes[10s])",
  "max_over_time(node_memory_MemTotal_bytes[10s])",
  "avg_over_time(node_memory_MemTotal_bytes[10s])",
  "stddev_over_time(node_memory_MemTotal_bytes[10s])",
  "quantile_over_time(0.9, node_memory_MemTotal_bytes[10s])",
  "last_over_time(node_memory_MemTotal_bytes[10s])",
  "present_over_time(node_memory_MemTotal_bytes[10s])",
  "max_over_time(up[5s:1s])",
  "node_memory_MemTotal_bytes offset 2s",
  "vector(1)",
  "scalar(vector(7))",
  "pi()",
  '"text"',
  "1 + 2 * 3",
  '{__name__=~"node_memory_(MemTotal|SwapTotal)_bytes"}',
  '{job=~"n.*", __name__="up"}',
  'count({__name__!=""})',
  'count by (__name__) ({__name__=~"node_network_.*"})',
  "scrape_samples_scraped > 0 and on() up",
];

const folders: string[] = [];
let vestal: Server;
let prometheus: Server;
let timeSeconds = 0;

describe("beside a real Prometheus", () => {
  beforeAll(async () => {
    const exporter = await startNodeExporter();
    const target = exporter.url.slice("http://".length);
    const config = {
      global: { scrape_interval: `${INTERVAL_SECONDS}s`, scrape_timeout: `${INTERVAL_SECONDS}s` },
      scrape_configs: [{ job_name: "node", static_configs: [{ targets: [target] }] }],
    };
    folders.push(makeFolder(), makeFolder());
    [vestal, prometheus] = await Promise.all([
      startVestal({ config, folder: folders[0]! }),
      startPrometheus({ config, folder: folders[1]! }),
    ]);
    await waitUntil("both have twelve seconds of samples", 60_000, async () => {
      const counts = await Promise.all(
        [vestal, prometheus].map((server) => queryVector(server, "count_over_time(up[1m])", Date.now() / 1000)),
      );
      return counts.every((vector) => Number(vector[0]?.value[1] ?? 0) >= 14);
    });
    timeSeconds = Math.floor(Date.now() / 1000);
  });

  afterAll(killAll);

  test.each(EQUAL_QUERIES)("%s", async (query) => {
    const [ours, theirs] = await Promise.all(
      [vestal, prometheus].map((server) => api(server, "query", { query, time: String(timeSeconds) })),
    );
    expect(normal(ours)).toEqual(normal(theirs));
  });

  test.each(["up", "node_memory_MemTotal_bytes", "sum(up) by (job)", "avg_over_time(up[5s])", "vector(3)"])(
    "range: %s",
    async (query) => {
      const params = { query, start: String(timeSeconds - 8), end: String(timeSeconds), step: "2" };
      const [ours, theirs] = await Promise.all(
        [vestal, prometheus].map((server) => api(server, "query_range", params)),
      );
      expect(normal(ours)).toEqual(normal(theirs));
    },
  );

  test("label names, label values, series and metadata are the same", async () => {
    for (const [path, params] of [
      ["labels", {}],
      ["label/__name__/values", {}],
      ["label/mode/values", { "match[]": "node_cpu_seconds_total" }],
      ["series", { "match[]": ['{__name__=~"node_memory_.*"}', "up"] }],
    ] as const) {
      const [ours, theirs] = await Promise.all([vestal, prometheus].map((server) => api(server, path, params)));
      expect(normal(ours), path).toEqual(normal(theirs));
    }
    const [ours, theirs] = await Promise.all([vestal, prometheus].map((server) => api(server, "metadata")));
    expect(ours).toEqual(theirs);
  });

  test("targets are listed alike", async () => {
    const [ours, theirs] = await Promise.all([vestal, prometheus].map((server) => api(server, "targets")));
    expect(targets(ours)).toEqual(targets(theirs));
  });
});

/** The answer with series in a stable order: Prometheus promises none, except where the expression sorts. */
function normal(answer: unknown): unknown {
  const { status, data, error, warnings, infos } = answer as Awaited<ReturnType<typeof api>>;
  if (Array.isArray(data)) return { status, data: data.map((item) => JSON.stringify(sortKeys(item))).sort() };
  const { resultType, result } = (data ?? {}) as { resultType?: string; result?: unknown };
  const list =
    Array.isArray(result) && resultType !== "scalar" && resultType !== "string"
      ? result.map((item) => JSON.stringify(sortKeys(item))).sort()
      : result;
  return { status, error, resultType, result: list, warnings, infos };
}

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sortKeys(inner)]),
  );
}

/** Active targets without what differs by moment. */
function targets(answer: unknown): unknown {
  const { data } = answer as { data: { activeTargets: Record<string, unknown>[]; droppedTargets: unknown[] } };
  return {
    active: data.activeTargets.map(({ lastScrape, lastScrapeDuration, ...rest }) => {
      expect(typeof lastScrape).toBe("string");
      expect(typeof lastScrapeDuration).toBe("number");
      return rest;
    }),
    dropped: data.droppedTargets,
  };
}

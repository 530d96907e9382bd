/**
 * Blocks are cut from the head while it is scraped and queried: a query that counts all samples never finds fewer than the one
 * before it, and none twice; after a restart all are there.
 */
import { readdirSync } from "node:fs";
import { createServer, type Server as HttpServer } from "node:http";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  killAll,
  makeFolder,
  queryMatrix,
  removeFolder,
  type Server,
  startVestal,
  waitUntil,
} from "../peers/harness.js";

const SECONDS = Number(process.env["CUT_SECONDS"] ?? 5);
const SERIES = 50;
const ARGS = [
  "--storage.tsdb.min-block-duration=1s",
  "--storage.tsdb.max-block-duration=4s",
  "--storage.tsdb.samples-per-chunk=6",
];

let exporter: HttpServer;
let scraping: unknown;
/** Scrapes that were answered, by target. */
const scrapes = new Map<string, number>();

beforeAll(async () => {
  exporter = createServer((request, response) => {
    const target = request.url ?? "";
    const count = (scrapes.get(target) ?? 0) + 1;
    scrapes.set(target, count);
    let body = "";
    for (let i = 0; i < SERIES; i++) body += `cut_total{line="${i}"} ${count}\n`;
    body += `cut_churn{scrape="${count}"} 1\n`;
    response.setHeader("Content-Type", "text/plain; version=0.0.4");
    response.end(body);
  });
  await new Promise<void>((resolve) => exporter.listen(0, "127.0.0.1", resolve));
  const address = exporter.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  scraping = {
    global: { scrape_interval: "50ms", scrape_timeout: "50ms" },
    scrape_configs: [1, 2, 3].map((i) => ({
      job_name: `cut${i}`,
      metrics_path: `/t${i}`,
      static_configs: [{ targets: [`127.0.0.1:${port}`] }],
    })),
  };
});

afterAll(async () => {
  await killAll();
  exporter.close();
});

test("no sample is missed or doubled at any moment of cuts", async () => {
  const folder = makeFolder();
  const args = [...ARGS, "--ingest.threads=2"];
  const vestal = await startVestal({ config: scraping, folder, args });
  await waitUntil("samples", 10_000, async () => (await samplesOf(vestal)).size > 0);
  let before = new Map<string, string[]>();
  let queries = 0;
  for (const end = Date.now() + SECONDS * 1000; Date.now() < end; queries++) {
    const now = await samplesOf(vestal);
    for (const [series, samples] of before) {
      const found = now.get(series) ?? [];
      expect(found.slice(0, samples.length), `query ${queries}: ${series}`).toEqual(samples);
    }
    for (const [series, samples] of now)
      expect(new Set(samples).size, `query ${queries}: ${series}`).toBe(samples.length);
    before = now;
  }
  expect(queries).toBeGreaterThan(10);
  expect(vestal.log()).toMatch(/write block/);
  expect(vestal.log()).toMatch(/Head GC completed/);
  expect(vestal.log()).not.toMatch(/level=ERROR/);
  expect(readdirSync(join(folder, "data")).filter((name) => name.length === 26).length).toBeGreaterThan(0);
  const metrics = await (await fetch(`${vestal.url}/metrics`)).text();
  expect(metricOf(metrics, "prometheus_tsdb_head_truncations_total")).toBeGreaterThan(1);
  expect(metricOf(metrics, "prometheus_tsdb_head_series_removed_total")).toBeGreaterThan(10);
  await vestal.kill("SIGKILL");

  const restarted = await startVestal({ config: {}, folder, args });
  const after = await samplesOf(restarted);
  for (const [series, samples] of before) {
    const found = after.get(series) ?? [];
    expect(found.slice(0, samples.length), `restart: ${series}`).toEqual(samples);
  }
  await restarted.kill("SIGTERM");
  removeFolder(folder);
});

function metricOf(page: string, name: string): number {
  return Number(new RegExp(`^${name} (.*)$`, "m").exec(page)?.[1]);
}

async function samplesOf(server: Server): Promise<Map<string, string[]>> {
  const series = await queryMatrix(server, '{__name__=~"cut_.*"}[10m]', Date.now() / 1000 + 1);
  return new Map(
    series.map(({ metric, values }) => [
      JSON.stringify(Object.entries(metric).sort()),
      values.map((sample) => sample.join(" ")),
    ]),
  );
}

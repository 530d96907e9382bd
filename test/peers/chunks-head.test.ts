/**
 * chunks_head both ways: what Vestal wrote there a real Prometheus takes over without a word of corruption, and what
 * Prometheus wrote there Vestal takes over. Without the folder, the log alone gives the same samples.
 */
import { cpSync, readdirSync, rmSync } from "node:fs";
import { createServer, type Server as HttpServer } from "node:http";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  killAll,
  type MatrixSeries,
  makeFolder,
  queryMatrix,
  removeFolder,
  type Server,
  startPrometheus,
  startVestal,
  waitUntil,
} from "./harness.js";

const ALL_SAMPLES = '{job="chunks"}[1h]';
const SAMPLES_PER_CHUNK = "--storage.tsdb.samples-per-chunk=8";

let exporter: HttpServer;
let scraping: unknown;

beforeAll(async () => {
  let scrapes = 0;
  exporter = createServer((_request, response) => {
    scrapes++;
    let body = "";
    for (let i = 0; i < 30; i++)
      body += `some_total{line="${i}"} ${scrapes * i}\nsome_value{line="${i}"} ${Math.sin(scrapes + i)}\n`;
    response.setHeader("Content-Type", "text/plain; version=0.0.4");
    response.end(body);
  });
  await new Promise<void>((resolve) => exporter.listen(0, "127.0.0.1", resolve));
  const address = exporter.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  scraping = {
    global: { scrape_interval: "100ms", scrape_timeout: "100ms" },
    scrape_configs: [
      {
        job_name: "chunks",
        static_configs: [1, 2, 3].map((i) => ({ targets: [`127.0.0.1:${port}`], labels: { instance: `t${i}` } })),
      },
    ],
  };
});

afterAll(async () => {
  await killAll();
  exporter.close();
});

test.each([1, 3])("a real Prometheus takes over the chunks of %i shards, and so does Vestal", async (shards) => {
  const folder = makeFolder();
  const args = [`--ingest.threads=${shards}`, SAMPLES_PER_CHUNK];
  const first = await startVestal({ config: scraping, folder, args });
  await waitUntil("chunks are on disk", 20_000, async () => (await metric(first, "vestal_head_chunks_on_disk")) > 1000);
  await first.kill("SIGKILL");
  expect(readdirSync(join(folder, "data", "chunks_head"))).toEqual(["000001"]);

  const restarted = await startVestal({ config: {}, folder, args });
  const want = await allSamples(restarted);
  expect(await metric(restarted, "vestal_head_chunks_on_disk")).toBeGreaterThan(1000);
  await restarted.kill("SIGKILL");
  expect(restarted.log()).not.toMatch(/amage/);

  const copy = copyOf(folder);
  const prometheus = await startPrometheus({ config: {}, folder: copy });
  expect(await allSamples(prometheus)).toEqual(want);
  expect(await metric(prometheus, "prometheus_tsdb_mmap_chunk_corruptions_total")).toBe(0);
  expect(prometheus.log()).toMatch(/On-disk memory mappable chunks replay completed/);
  expect(prometheus.log()).not.toMatch(/corrupt|out of sequence/i);
  await prometheus.kill("SIGKILL");
  removeFolder(copy);

  const bare = copyOf(folder);
  rmSync(join(bare, "data", "chunks_head"), { recursive: true });
  const fromLog = await startVestal({ config: {}, folder: bare, args });
  expect(await allSamples(fromLog)).toEqual(want);
  await fromLog.kill("SIGKILL");
  removeFolder(bare);
  removeFolder(folder);
});

test("Vestal takes over the chunks of a real Prometheus, which takes them back", async () => {
  const folder = makeFolder();
  const first = await startPrometheus({ config: scraping, folder, args: [SAMPLES_PER_CHUNK] });
  await waitUntil(
    "enough samples",
    30_000,
    async () => (await metric(first, "prometheus_tsdb_head_samples_appended_total")) > 12_000,
  );
  await first.kill("SIGKILL");
  // At its start Prometheus writes the chunks that the log closes to chunks_head.
  const second = await startPrometheus({ config: {}, folder, args: [SAMPLES_PER_CHUNK] });
  const want = await allSamples(second);
  await second.kill("SIGTERM"); // what it has not written through its buffer yet is written now
  expect(readdirSync(join(folder, "data", "chunks_head")).length).toBeGreaterThan(0);

  const vestal = await startVestal({ config: scraping, folder, args: [SAMPLES_PER_CHUNK] });
  expect(await metric(vestal, "vestal_head_chunks_on_disk")).toBeGreaterThan(500);
  expectContains(await allSamples(vestal), want);
  const before = await metric(vestal, "vestal_head_chunks_on_disk");
  await waitUntil(
    "more chunks are on disk",
    20_000,
    async () => (await metric(vestal, "vestal_head_chunks_on_disk")) > before + 200,
  );
  await vestal.kill("SIGKILL");
  const restarted = await startVestal({ config: {}, folder, args: [SAMPLES_PER_CHUNK] });
  const all = await allSamples(restarted);
  expectContains(all, want);
  await restarted.kill("SIGKILL");

  const last = await startPrometheus({ config: {}, folder });
  expect(await allSamples(last)).toEqual(all);
  expect(await metric(last, "prometheus_tsdb_mmap_chunk_corruptions_total")).toBe(0);
  await last.kill("SIGKILL");
  removeFolder(folder);
});

function copyOf(folder: string): string {
  const copy = makeFolder();
  cpSync(join(folder, "data"), join(copy, "data"), { recursive: true });
  return copy;
}

/** Sum of a metric's series on the server's own page. */
async function metric(server: Server, name: string): Promise<number> {
  const text = await (await fetch(`${server.url}/metrics`)).text();
  const lines = text.split("\n").filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`));
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" "))), 0);
}

async function allSamples(server: Server): Promise<Map<string, MatrixSeries["values"]>> {
  const series = await queryMatrix(server, ALL_SAMPLES, Date.now() / 1000 + 1);
  return new Map(
    series.map(({ metric: labels, values }) => [JSON.stringify(Object.entries(labels).sort()), values] as const).sort(),
  );
}

function expectContains(
  all: ReadonlyMap<string, MatrixSeries["values"]>,
  part: ReadonlyMap<string, MatrixSeries["values"]>,
): void {
  for (const [series, values] of part) {
    const found = new Set((all.get(series) ?? []).map((sample) => sample.join(" ")));
    expect(
      values.filter((sample) => !found.has(sample.join(" "))),
      series,
    ).toEqual([]);
  }
}

/**
 * `kill -9` under ingest, again and again on one data directory: what any query saw before the kill is there after a
 * restart without repair by hand, and a real Prometheus started on a copy of the directory answers the same.
 *
 * In the second form blocks are 2 s long and chunks short, so that cuts, truncation, checkpoints and chunks_head go on while
 * the process is killed.
 *
 * CRASH_ROUNDS sets the rounds for each form and number of shards, CRASH_SEED the moments of the kills.
 */
import { cpSync, readdirSync } from "node:fs";
import { createServer, type Server as HttpServer } from "node:http";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
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

const FORMS = [
  { form: "long blocks", args: [], rounds: 3, longestSeconds: 1 },
  {
    form: "blocks of 2 s",
    args: [
      "--storage.tsdb.min-block-duration=2s",
      "--storage.tsdb.max-block-duration=6s",
      "--storage.tsdb.samples-per-chunk=8",
    ],
    rounds: 2,
    longestSeconds: 4,
  },
];
const ROUNDS = process.env["CRASH_ROUNDS"];
const SEED = Number(process.env["CRASH_SEED"] ?? 20261123);
const TARGETS = 12;
const SERIES = 40;
const ALL_SAMPLES = '{job="crash"}[30m]';

let exporter: HttpServer;
let port = 0;

beforeAll(async () => {
  let scrapes = 0;
  exporter = createServer((_request, response) => {
    scrapes++;
    let body = "";
    for (let i = 0; i < SERIES; i++)
      body += `crash_value{line="${i}",kind="constant"} ${i}\ncrash_total{line="${i}"} ${scrapes}\n`;
    body += `crash_churn{scrape="${scrapes}"} ${scrapes / 7}\n`;
    response.setHeader("Content-Type", "text/plain; version=0.0.4");
    response.end(body);
  });
  await new Promise<void>((resolve) => exporter.listen(0, "127.0.0.1", resolve));
  const address = exporter.address();
  port = typeof address === "object" && address !== null ? address.port : 0;
});

afterAll(async () => {
  await killAll();
  exporter.close();
});

const CASES = FORMS.flatMap((form) => [1, 3].map((shards) => ({ ...form, shards })));

describe.each(CASES)("with $form and $shards shards", ({ form, args: formArgs, rounds, longestSeconds, shards }) => {
  const roundCount = Number(ROUNDS ?? rounds);
  test(`${roundCount} kills lose nothing that a query saw (seed ${SEED})`, async () => {
    const random = randomFrom(SEED + shards);
    const folder = makeFolder();
    const args = [`--ingest.threads=${shards}`, ...formArgs];
    const scraping = {
      global: { scrape_interval: "100ms", scrape_timeout: "100ms" },
      scrape_configs: [
        {
          job_name: "crash",
          static_configs: Array.from({ length: TARGETS }, (_, i) => ({
            targets: [`127.0.0.1:${port}`],
            labels: { instance: `target-${i}` },
          })),
        },
      ],
    };
    for (let round = 0; round < roundCount; round++) {
      const vestal = await startVestal({ config: scraping, folder, args });
      await waitUntil("samples of this round are visible", 20_000, async () => (await allSamples(vestal)).size > 0);
      await sleep(200 + random() * (1000 * longestSeconds - 200));
      const seen = await allSamples(vestal);
      await sleep(random() * 60);
      await vestal.kill("SIGKILL");

      const restarted = await startVestal({ config: {}, folder, args });
      const kept = await allSamples(restarted);
      expectContains(kept, seen, `round ${round} of seed ${SEED}`);
      await restarted.kill("SIGKILL");

      if (round % 5 === 0 || round === roundCount - 1) {
        const copy = makeFolder();
        cpSync(join(folder, "data"), join(copy, "data"), { recursive: true });
        const prometheus = await startPrometheus({ config: {}, folder: copy });
        expectEqual(await allSamples(prometheus), kept, `round ${round} of seed ${SEED}, real Prometheus`);
        await prometheus.kill("SIGKILL");
        removeFolder(copy);
      }
    }
    if (form !== "long blocks") {
      const names = readdirSync(join(folder, "data"));
      expect(names.filter((name) => name.length === 26).length, "blocks").toBeGreaterThan(0);
      expect(readdirSync(join(folder, "data", "chunks_head")).length, "files of chunks_head").toBeGreaterThan(0);
    }
    removeFolder(folder);
  });
});

/** Series text → samples, of everything the last half hour holds. */
async function allSamples(server: Server): Promise<Map<string, MatrixSeries["values"]>> {
  const series = await queryMatrix(server, ALL_SAMPLES, Date.now() / 1000 + 1);
  return new Map(series.map(({ metric, values }) => [JSON.stringify(Object.entries(metric).sort()), values]));
}

function expectContains(
  all: ReadonlyMap<string, MatrixSeries["values"]>,
  part: ReadonlyMap<string, MatrixSeries["values"]>,
  what: string,
): void {
  for (const [series, values] of part) {
    const found = new Set((all.get(series) ?? []).map((sample) => sample.join(" ")));
    const lost = values.filter((sample) => !found.has(sample.join(" ")));
    expect(lost, `${what}: samples of ${series} were visible and are lost`).toEqual([]);
  }
}

function expectEqual(
  got: ReadonlyMap<string, MatrixSeries["values"]>,
  want: ReadonlyMap<string, MatrixSeries["values"]>,
  what: string,
): void {
  expect([...got.keys()].sort(), `${what}: series`).toEqual([...want.keys()].sort());
  for (const [series, values] of want) expect(got.get(series), `${what}: ${series}`).toEqual(values);
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Numbers in [0, 1) from a seed (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

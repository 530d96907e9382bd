/**
 * Samples out of order beside a real Prometheus with the same window: the same requests get the same answers, the same samples
 * stay, metrics count the same; and each takes over the other's directory after `kill -9`, with what lies only in wbl, in
 * chunks_head, and in blocks of samples out of order.
 *
 * OOO_ROUNDS (40) random requests a test, VESTAL_SEED (1).
 */
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import {
  postWrite,
  type WriteHistogram,
  type WriteSeries,
  writeRequestV1,
  writeRequestV2,
} from "../support/write-request.js";
import {
  api,
  killAll,
  makeFolder,
  removeFolder,
  type Server,
  startPrometheus,
  startVestal,
  waitUntil,
} from "./harness.js";

const ROUNDS = Number(process.env["OOO_ROUNDS"] ?? 40);
const SEED = Number(process.env["VESTAL_SEED"] ?? 1);
const TOO_OLD_FLOATS = 'prometheus_tsdb_too_old_samples_total{type="float"}';
const STALE = 0x7ff0000000000002n;
const WINDOW = { storage: { tsdb: { out_of_order_time_window: "30m" } } };
const ARGS = ["--web.enable-remote-write-receiver", "--enable-feature=native-histograms"];

const folders: string[] = [];
const folderFor = (): string => {
  const folder = makeFolder();
  folders.push(folder);
  return folder;
};

afterAll(async () => {
  await killAll();
  for (const folder of folders) removeFolder(folder);
});

/** Requests whose samples reach from within a minute back to behind the window; the first one is the newest. */
function* requests(nowMs: number, rounds: number, seed: number): Generator<readonly WriteSeries[]> {
  const random = randomOf(seed);
  const pick = (count: number): number => Math.floor(random() * count);
  const of = (kind: string, i: number): WriteSeries["labels"] => [
    ["__name__", `ooo_${kind}`],
    ["series", String(i)],
  ];
  const time = (tooOld: number): number => nowMs - 1000 * (random() < tooOld ? 1801 + pick(600) : pick(1800));
  yield Array.from({ length: 4 }, (_, i) => ({ labels: of("float", i), samples: [{ timeMs: nowMs, value: i }] }));
  for (let round = 0; round < rounds; round++) {
    yield Array.from({ length: 1 + pick(5) }, (): WriteSeries => {
      const labels = random() < 0.7 ? of("float", pick(6)) : of("histogram", pick(3));
      if (labels[0]![1] === "ooo_float") {
        const samples = Array.from({ length: 1 + pick(8) }, () => ({
          timeMs: time(0.1),
          value: random() < 0.1 ? STALE : pick(1000) / 8,
        }));
        return { labels, samples: samples.sort((a, b) => a.timeMs - b.timeMs) };
      }
      const histograms = Array.from({ length: 1 + pick(4) }, (): WriteHistogram => {
        const positive = [1 + pick(9), 1 + pick(9), 1 + pick(9)];
        const isFloat = labels[1]![1] === "2";
        const count = positive.reduce((sum, one) => sum + one, 2);
        return {
          // Of version 2, Prometheus 3.5 answers 500 for a histogram that is too old; later ones 400, as for floats.
          timeMs: time(0),
          isFloat,
          schema: pick(2),
          count,
          sum: pick(100) / 4,
          zeroCount: 2,
          zeroThreshold: 0.001,
          positiveSpans:
            pick(2) === 0
              ? [[0, 3]]
              : [
                  [0, 2],
                  [1 + pick(2), 1],
                ],
          positive,
        };
      });
      return { labels, samples: [], histograms: histograms.sort((a, b) => a.timeMs - b.timeMs) };
    });
  }
}

/** Of a request and version: what the server says. */
function send(server: Server, version: 1 | 2, request: readonly WriteSeries[]): Promise<unknown> {
  return postWrite(server.url, version, version === 1 ? writeRequestV1(request) : writeRequestV2(request));
}

/** Everything stored, as one comparable text. */
async function stored(server: Server, atMs: number): Promise<string> {
  const query = '{__name__=~"ooo_.*"}[3h]';
  const answer = await api(server, "query", { query, time: String(atMs / 1000) });
  if (answer.status !== "success") throw new Error(answer.error);
  const { result } = answer.data as {
    result: { metric: Record<string, string>; values?: unknown[]; histograms?: unknown[] }[];
  };
  const lines = result.map(({ metric, values = [], histograms = [] }) =>
    [JSON.stringify(Object.entries(metric).sort()), ...values, ...histograms]
      .map((one) => JSON.stringify(one))
      .join("\n"),
  );
  return lines.sort().join("\n");
}

async function metrics(server: Server): Promise<Record<string, string>> {
  const page = await (await fetch(`${server.url}/metrics`)).text();
  const wanted = [
    'prometheus_tsdb_head_out_of_order_samples_appended_total{type="float"}',
    'prometheus_tsdb_head_out_of_order_samples_appended_total{type="histogram"}',
    TOO_OLD_FLOATS,
    'prometheus_tsdb_out_of_order_samples_total{type="float"}',
    "prometheus_tsdb_out_of_order_wbl_writes_failed_total",
  ];
  const values = page
    .split("\n")
    .map((line) => [line.slice(0, line.lastIndexOf(" ")), line.slice(line.lastIndexOf(" ") + 1)]);
  return Object.fromEntries(wanted.map((name) => [name, values.find(([found]) => found === name)?.[1] ?? "0"]));
}

test.each([1, 2] as const)(
  "requests of version %i are answered, stored and counted as there",
  async (version) => {
    const [theirFolder, ourFolder] = [folderFor(), folderFor()];
    const [prometheus, vestal] = await Promise.all([
      startPrometheus({ config: WINDOW, folder: theirFolder, args: ARGS }),
      startVestal({ config: WINDOW, folder: ourFolder, args: [...ARGS, "--ingest.threads=1"] }),
    ]);
    expect(vestal.log()).not.toContain("out_of_order_time_window");
    const nowMs = Math.floor(Date.now() / 1000) * 1000;
    let round = 0;
    for (const request of requests(nowMs, ROUNDS, SEED + version)) {
      const [theirs, ours] = await Promise.all([send(prometheus, version, request), send(vestal, version, request)]);
      expect({ round, request, answer: ours }).toEqual({ round, request, answer: theirs });
      round++;
    }
    expect(await stored(vestal, nowMs)).toBe(await stored(prometheus, nowMs));
    const [theirMetrics, ourMetrics] = await Promise.all([metrics(prometheus), metrics(vestal)]);
    // A request of version 1 ends there with the first sample that is refused.
    if (version === 1) for (const one of [theirMetrics, ourMetrics]) delete one[TOO_OLD_FLOATS];
    expect(ourMetrics).toEqual(theirMetrics);
    const series = async (server: Server): Promise<unknown> => {
      const range = { start: String(nowMs / 1000 - 1700), end: String(nowMs / 1000 - 600) };
      const names = await api(server, "label/series/values", { "match[]": "ooo_float", ...range });
      const found = await api(server, "series", { "match[]": '{__name__=~"ooo_.*"}', ...range });
      return [names.data, (found.data as unknown[]).map((one) => JSON.stringify(one)).sort()];
    };
    expect(await series(vestal)).toEqual(await series(prometheus));
    await Promise.all([prometheus.kill("SIGKILL"), vestal.kill("SIGKILL")]);
  },
  120_000,
);

describe.each([1, 3])("with %i shards", (shards) => {
  const args = [...ARGS, `--ingest.threads=${shards}`];

  test("Prometheus takes over what Vestal wrote, and so does Vestal", async () => {
    const folder = folderFor();
    const vestal = await startVestal({ config: WINDOW, folder, args });
    const nowMs = Math.floor(Date.now() / 1000) * 1000;
    for (const request of requests(nowMs, ROUNDS, SEED + 10 + shards)) await send(vestal, 2, request);
    const before = await stored(vestal, nowMs);
    await vestal.kill("SIGKILL");
    await expectTakenOver(folder, before, nowMs, args);
    if (shards > 1) return;
    // What lies in chunks_head is in wbl too.
    const without = copyOf(folder);
    expect(readdirSync(join(without, "data", "chunks_head")).length).toBeGreaterThan(0);
    rmSync(join(without, "data", "chunks_head"), { recursive: true });
    await expectTakenOver(without, before, nowMs, args, 1);
  }, 120_000);

  test("Vestal takes over what Prometheus wrote", async () => {
    const folder = folderFor();
    const prometheus = await startPrometheus({ config: WINDOW, folder, args: ARGS });
    const nowMs = Math.floor(Date.now() / 1000) * 1000;
    for (const request of requests(nowMs, ROUNDS, SEED + 20 + shards)) await send(prometheus, 2, request);
    const before = await stored(prometheus, nowMs);
    await prometheus.kill("SIGKILL");
    await expectTakenOver(folder, before, nowMs, args);
  }, 120_000);
});

/** Both start on copies of a directory and answer `before`; twice, so that what a start writes is read too. */
async function expectTakenOver(
  folder: string,
  before: string,
  nowMs: number,
  args: readonly string[],
  starts = 2,
): Promise<void> {
  const [theirs, ours] = [copyOf(folder), copyOf(folder)];
  for (let round = 1; round <= starts; round++) {
    const prometheus = await startPrometheus({ config: {}, folder: theirs });
    expect(await stored(prometheus, nowMs), `Prometheus, start ${round}`).toBe(before);
    await prometheus.kill("SIGKILL");
    const vestal = await startVestal({ config: {}, folder: ours, args });
    expect(await stored(vestal, nowMs), `Vestal, start ${round}`).toBe(before);
    await vestal.kill("SIGKILL");
  }
}

function copyOf(folder: string): string {
  const copy = folderFor();
  cpSync(join(folder, "data"), join(copy, "data"), { recursive: true });
  return copy;
}

test("a reload opens and closes the window", async () => {
  const args = [...ARGS, "--web.enable-lifecycle"];
  const [theirFolder, ourFolder] = [folderFor(), folderFor()];
  const servers = await Promise.all([
    startPrometheus({ config: {}, folder: theirFolder, args }),
    startVestal({ config: {}, folder: ourFolder, args: [...args, "--ingest.threads=1"] }),
  ]);
  const nowMs = Math.floor(Date.now() / 1000) * 1000;
  const labels: WriteSeries["labels"] = [["__name__", "ooo_reload"]];
  const sendAll = async (secondsAgo: number): Promise<unknown[]> => {
    const request = [{ labels, samples: [{ timeMs: nowMs - 1000 * secondsAgo, value: secondsAgo }] }];
    return Promise.all(servers.map((server) => send(server, 1, request)));
  };
  const reload = async (config: unknown): Promise<void> => {
    for (const [i, name] of ["prometheus", "vestal"].entries()) {
      writeFileSync(join([theirFolder, ourFolder][i]!, `${name}.yml`), JSON.stringify(config));
      expect((await fetch(`${servers[i]!.url}/-/reload`, { method: "POST" })).status).toBe(200);
    }
  };
  const expectSame = ([theirs, ours]: unknown[], status: number): void => {
    expect(theirs).toMatchObject({ status });
    expect(ours).toEqual(theirs);
  };
  expectSame(await sendAll(0), 204);
  expectSame(await sendAll(60), 400);
  await reload(WINDOW);
  expectSame(await sendAll(61), 204);
  expectSame(await sendAll(3000), 400);
  await reload({});
  expectSame(await sendAll(62), 400);
  expect(await stored(servers[1], nowMs)).toBe(await stored(servers[0], nowMs));
  await Promise.all(servers.map((server) => server.kill("SIGKILL")));
}, 90_000);

test("scraped samples out of order are stored; one that is too old fails the scrape", async () => {
  const startMs = Math.floor(Date.now() / 1000) * 1000;
  const lines = (secondsAgo: readonly number[]): string =>
    secondsAgo.map((seconds, i) => `ooo_scraped{line="${i}"} ${seconds} ${startMs - 1000 * seconds}\n`).join("");
  let body = lines([0, 0]);
  const exporter = createServer((_request, response) => {
    response.setHeader("Content-Type", "text/plain; version=0.0.4");
    response.end(body);
  });
  await new Promise<void>((resolve) => exporter.listen(0, "127.0.0.1", resolve));
  const { port } = exporter.address() as { port: number };
  const config = {
    ...WINDOW,
    global: { scrape_interval: "200ms", scrape_timeout: "200ms" },
    scrape_configs: [
      { job_name: "ooo", static_configs: [{ targets: [`127.0.0.1:${port}`], labels: { instance: "i" } }] },
    ],
  };
  const servers = await Promise.all([
    startPrometheus({ config, folder: folderFor(), args: ARGS }),
    startVestal({ config, folder: folderFor(), args: [...ARGS, "--ingest.threads=1"] }),
  ]);
  try {
    const samples = (text: string): number => text.split("\n").filter((line) => line.startsWith("[1")).length;
    const waitFor = async (what: string, count: number): Promise<void> => {
      for (const server of servers) {
        await waitUntil(what, 30_000, async () => samples(await stored(server, startMs)) === count);
      }
    };
    await waitFor("samples in order", 2);
    body = lines([60, 120]);
    await waitFor("samples out of order", 4);
    body = lines([30, 3600]);
    for (const server of servers) {
      await waitUntil("the scrape fails", 30_000, async () => {
        const { data } = await api(server, "query", { query: "up" });
        return (data as { result: { value: [number, string] }[] }).result[0]?.value[1] === "0";
      });
    }
    const errors = await Promise.all(
      servers.map(async (server) => {
        const { data } = await api(server, "targets");
        return (data as { activeTargets: { lastError: string }[] }).activeTargets[0]!.lastError;
      }),
    );
    expect(errors).toEqual(["too old sample", "too old sample"]);
    expect(await stored(servers[1]!, startMs)).toBe(await stored(servers[0]!, startMs));
    expect(samples(await stored(servers[1]!, startMs))).toBe(4);
  } finally {
    exporter.closeAllConnections();
    exporter.close();
    await Promise.all(servers.map((server) => server.kill("SIGKILL")));
  }
}, 120_000);

test("samples out of order become blocks, and leave wbl", async () => {
  const folder = folderFor();
  const blockArgs = ["--storage.tsdb.min-block-duration=4s", "--storage.tsdb.max-block-duration=4s"];
  const args = [...ARGS, "--ingest.threads=2", ...blockArgs];
  const config = { ...WINDOW, global: { scrape_interval: "500ms", scrape_timeout: "400ms" } };
  const vestal = await startVestal({ config: { ...config, scrape_configs: [] }, folder, args });
  const startMs = Math.floor(Date.now() / 1000) * 1000;
  const late = Array.from({ length: 80 }, (_, i) => ({ timeMs: startMs - 60_000 + 500 * i, value: i }));
  const labels: WriteSeries["labels"] = [
    ["__name__", "ooo_block"],
    ["series", "a"],
  ];
  await send(vestal, 1, [{ labels, samples: [{ timeMs: startMs, value: -1 }] }]);
  await send(vestal, 1, [{ labels, samples: late }]);
  const before = await stored(vestal, startMs);
  expect(before.split("\n").length).toBe(82);
  const hinted = (): string[] =>
    readdirSync(join(folder, "data")).filter((name) => {
      const file = join(folder, "data", name, "meta.json");
      return existsSync(file) && readFileSync(file, "utf8").includes("from-out-of-order");
    });
  // Newer samples make the head's oldest range due; what is out of order goes with it.
  let second = 0;
  await waitUntil("blocks of samples out of order are there", 60_000, async () => {
    const timeMs = startMs + 1000 * ++second;
    if (timeMs < Date.now() + 300_000) await send(vestal, 1, [{ labels, samples: [{ timeMs, value: second }] }]);
    return hinted().length > 0 && !readdirSync(join(folder, "data", "wbl")).includes("00000000");
  });
  expect(await stored(vestal, startMs)).toBe(before);
  await vestal.kill("SIGKILL");
  await expectTakenOver(folder, before, startMs, args);
}, 120_000);

/** Numbers in [0, 1) from a seed (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

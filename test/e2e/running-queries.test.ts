/** Queries of a whole server: listed while they run, canceled, counted before they run, explained, bounded, in turns. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { api, killAll, makeFolder, removeFolder, type Server, startVestal, waitUntil } from "../peers/harness.js";
import { postWrite, writeRequestV1 } from "../support/write-request.js";

const folder = makeFolder();
let server: Server;
const now = Math.floor(Date.now() / 1000) * 1000;

beforeAll(async () => {
  const args = ["--web.enable-remote-write-receiver", "--query.threads=1", "--ingest.threads=2"];
  server = await startVestal({ config: { global: {} }, folder, args });
  const series = Array.from({ length: 100 }, (_, i) => ({
    labels: [
      ["__name__", i < 90 ? "many" : "few"],
      ["job", `job-${i % 4}`],
      ["series", String(i)],
    ] as const,
    samples: Array.from({ length: 60 }, (_, k) => ({ timeMs: now - (59 - k) * 10_000, value: k })),
  }));
  expect((await postWrite(server.url, 1, writeRequestV1(series))).status).toBe(204);
}, 90_000);

afterAll(async () => {
  await killAll();
  removeFolder(folder);
});

/** Sorts 20,000 samples at each of 10,000 steps. */
const SLOW = "quantile_over_time(0.5, vector(1)[20000s:1s])";
const slow = () => api(server, "query_range", { query: SLOW, start: "0", end: "10000", step: "1" });

interface Listed {
  readonly id: number;
  readonly query: string;
  readonly state: string;
  readonly seconds: number;
  readonly samplesScanned: number;
  readonly client: string;
  readonly path: string;
}

async function running(): Promise<readonly Listed[]> {
  return ((await api(server, "status/queries")).data as { queries: readonly Listed[] }).queries;
}

async function cancel(id: number | string): Promise<number> {
  return (await fetch(`${server.url}/api/v1/status/queries/${id}/cancel`, { method: "POST" })).status;
}

test("queries that run or wait are listed with what they did so far, and end when they are canceled", async () => {
  const first = slow();
  await waitUntil("the first runs and works", 30_000, async () => {
    const [one] = await running();
    return one?.state === "running" && one.samplesScanned >= 0 && one.seconds > 0.05;
  });
  const second = api(server, "query_range", { query: `0 + ${SLOW}`, start: "1", end: "2", step: "1" });
  await waitUntil("the second waits", 30_000, async () => (await running()).length === 2);
  const [one, two] = await running();
  expect(one).toMatchObject({
    query: SLOW,
    state: "running",
    client: "127.0.0.1",
    path: "/api/v1/query_range",
    start: 0,
    end: 10_000,
    step: 1,
  });
  expect(two).toMatchObject({ query: `0 + ${SLOW}`, state: "queued", start: 1, end: 2, step: 1 });
  expect(await cancel(two!.id)).toBe(200);
  expect(await second).toMatchObject({ errorType: "canceled", error: "query was canceled in query queue" });
  expect(await cancel(one!.id)).toBe(200);
  expect(await first).toMatchObject({ errorType: "canceled", error: "query was canceled in query execution" });
  expect(await running()).toEqual([]);
  expect([await cancel(one!.id), await cancel("x")]).toEqual([404, 404]);
}, 60_000);

test("a query that waits for longer than it may says so", async () => {
  const first = slow();
  await waitUntil("it runs", 30_000, async () => (await running())[0]?.state === "running");
  const late = await api(server, "query", { query: "1", timeout: "100ms" });
  expect(late).toMatchObject({ errorType: "timeout", error: "query timed out in query queue" });
  await cancel((await running())[0]!.id);
  await first;
}, 60_000);

test("what a query would cost is known before it runs", async () => {
  const time = String(now / 1000);
  const cost = async (params: Record<string, string>) => (await api(server, "query_cost", params)).data;
  expect(await cost({ query: "many", time })).toEqual({
    seriesTouched: 90,
    samplesScanned: 90,
    bytes: 16 * 90 * 30,
    selectors: [{ selector: '{__name__="many"}', seriesTouched: 90, samplesStored: 90 * 30, samplesScanned: 90 }],
  });
  const sum = { query: "sum(rate(many[5m])) / on() sum(few)", time };
  expect(await cost(sum)).toMatchObject({ seriesTouched: 100, samplesScanned: 90 * 30 + 10 });
  const range = { query: "few", start: String(now / 1000 - 300), end: time, step: "10" };
  expect(await cost(range)).toMatchObject({ seriesTouched: 10, samplesScanned: 10 * 31 });
  expect((await api(server, "query_range_cost", range)).data).toEqual(await cost(range));
  // The measured figure is the estimate where all series are there all the time.
  const measured = (await api(server, "query", { ...sum, stats: "all" })).data as {
    stats: { samples: { totalQueryableSamples: number } };
  };
  expect(measured.stats.samples.totalQueryableSamples).toBe(90 * 30 + 10);
});

test("bounds of one query: what is beyond them is refused, and the dearest part is named", async () => {
  const time = String(now / 1000);
  const query = "sum(many) + sum(few)";
  expect((await api(server, "query", { query, time, max_series: "100" })).status).toBe("success");
  for (const path of ["query", "query_cost"]) {
    expect(await api(server, path, { query, time, max_series: "99" })).toMatchObject({
      errorType: "execution",
      error: 'the query exceeds max_series: 100 series, 99 are allowed; 90 of them are of {__name__="many"}',
    });
  }
  const scanned = { query: "sum_over_time(many[10m:1s])", time, max_samples_scanned: "1000" };
  expect((await api(server, "query", scanned)).error).toMatch(/^the query exceeds max_samples_scanned: \d+ samples/);
  const late = await api(server, "query_range", {
    query: "quantile_over_time(0.5, vector(1)[200000s:1s])",
    start: "0",
    end: "1000",
    step: "1",
    max_query_duration: "50ms",
  });
  expect(late).toMatchObject({ errorType: "timeout" });
  for (const [name, value] of [
    ["max_series", "x"],
    ["max_series", "0"],
    ["max_samples_scanned", "-1"],
    ["max_query_duration", "x"],
    ["max_query_duration", "0"],
  ] as const) {
    const { errorType, error } = await api(server, "query", { query: "1", [name]: value });
    expect([errorType, error?.startsWith(`invalid parameter "${name}": `)]).toEqual(["bad_data", true]);
  }
});

test("the plan of a query with what each part of it cost", async () => {
  const params = {
    query: "sum by (job) (rate(many[5m])) > 0",
    start: String(now / 1000 - 60),
    end: String(now / 1000),
    step: "10",
  };
  const { data } = await api(server, "explain", params);
  const aggregate = {
    node: "aggregate sum",
    expression: "sum by (job) (rate(many[5m]))",
    steps: 7,
    series: 4,
    samples: 28,
    children: [
      {
        node: "window rate",
        expression: 'rate({__name__="many"})',
        selector: '{__name__="many"}',
        series: 90,
        samples: 630,
      },
    ],
  };
  expect(data).toMatchObject({
    query: params.query,
    plan: {
      node: "vector-scalar >",
      expression: params.query,
      children: [aggregate, { node: "number", children: [] }],
    },
    estimated: { seriesTouched: 90 },
    measured: { samplesScanned: 90 * 7 * 30 },
  });
  const { plan } = data as { plan: { seconds: number; children: readonly { seconds: number; bytes: number }[] } };
  expect(plan.seconds).toBeGreaterThanOrEqual(plan.children[0]!.seconds);
  expect(plan.children[0]!.bytes).toBeGreaterThan(0);
  for (const query of ["many[5m]", "'text'", "1", "max_over_time(many[5m:1m])"]) {
    expect((await api(server, "explain", { query, time: String(now / 1000) })).status).toBe("success");
  }
  expect(await api(server, "explain", { query: "sum(" })).toMatchObject({ errorType: "bad_data" });
});

/** Handlers without a socket. Shapes are those of Prometheus 3.5.3's answers. */
import { describe, expect, test } from "vitest";
import { fakeDeps, fakeQueries, type Recorded } from "../../test/support/api-deps.js";
import { VestalError } from "../base/index.js";
import { createRouter, resolvePath, runRoute } from "./api.js";
import { type ApiDeps, type ApiResponse, MAX_TIME_MS, MIN_TIME_MS } from "./index.js";
import { Parameters } from "./parameters.js";

async function ask(
  path: string,
  deps: ApiDeps,
  method = "GET",
  headers: Readonly<Record<string, string>> = {},
): Promise<ApiResponse> {
  const [rawPath = "", rawQuery = ""] = path.split("?");
  const resolution = resolvePath(createRouter(), method, rawPath, rawQuery, "");
  if (resolution.kind === "answer") return resolution.response;
  const query = Parameters.parse(rawQuery);
  const request = {
    method,
    path: resolution.path,
    rawQuery,
    query,
    form: query,
    pathParameters: resolution.pathParameters,
    header: (name: string) => headers[name] ?? "",
    body: new Uint8Array(0),
    remoteAddress: "",
  };
  return (await runRoute(resolution, request, deps, new AbortController().signal)).response;
}

async function dataOf(path: string, deps = fakeDeps()): Promise<unknown> {
  const response = await ask(path, deps);
  expect([response.status, response.contentType]).toEqual([200, "application/json"]);
  return (JSON.parse(String(response.body)) as { data: unknown }).data;
}

describe("what the query pool is asked", () => {
  const common = { limit: 0, stats: "" };
  test.each<[path: string, asked: unknown]>([
    ["/query?query=up&time=1.5", { ...common, expression: "up", timeMs: 1500 }],
    ["/query?query=up&time=0.57", { ...common, expression: "up", timeMs: 570 }],
    [
      "/query?query=a%2Bb&time=2026-11-23T22:00:00.5%2B01:00&timeout=5s&lookback_delta=1m&limit=3&stats=all",
      {
        expression: "a+b",
        timeMs: 1_795_467_600_500,
        timeoutMs: 5000,
        lookbackDeltaMs: 60_000,
        limit: 3,
        stats: "all",
      },
    ],
    ["/query?query=up&time=1&lookback_delta=-5", { ...common, expression: "up", timeMs: 1000 }],
    [
      "/query_range?query=up&start=0&end=11000&step=1",
      { ...common, expression: "up", startMs: 0, endMs: 11_000_000, stepMs: 1000 },
    ],
    [
      "/query_range?query=up&start=1&end=2&step=1h30m",
      { ...common, expression: "up", startMs: 1000, endMs: 2000, stepMs: 5_400_000 },
    ],
    [
      "/series?match[]=up&match[]=down&start=1&limit=7",
      { matchers: ["up", "down"], startMs: 1000, endMs: MAX_TIME_MS, limit: 7 },
    ],
    ["/labels?end=1", { matchers: [], startMs: MIN_TIME_MS, endMs: 1000, limit: 0 }],
    ["/label/U__a_2e_b__c/values", { name: "a.b_c", matchers: [], startMs: MIN_TIME_MS, endMs: MAX_TIME_MS, limit: 0 }],
  ])("%s", async (path, asked) => {
    const calls: Recorded[] = [];
    expect((await ask(`/api/v1${path}`, fakeDeps({ query: fakeQueries(calls) }))).status).toBe(200);
    expect(calls.map(({ argument }) => argument)).toEqual([asked]);
  });
});

test("time is now where it is not given", async () => {
  const calls: Recorded[] = [];
  const clock = { nowMs: () => 42, monotonicMs: () => 0 };
  await ask("/api/v1/query?query=up", fakeDeps({ query: fakeQueries(calls), clock }));
  expect(calls[0]?.argument).toMatchObject({ timeMs: 42 });
});

describe("what a service throws", () => {
  test.each([
    ["QUERY_CANCELED", 499, "canceled"],
    ["QUERY_TIMEOUT", 503, "timeout"],
    ["QUERY_MEMORY", 422, "execution"],
    ["NOT_READY", 500, "unavailable"],
    ["WAL_CHECKSUM", 500, "internal"],
  ])("%s is answered with %i", async (code, status, errorType) => {
    const query = { ...fakeQueries([]), query: () => Promise.reject(new VestalError(code, "why")) };
    const response = await ask("/api/v1/query?query=up", fakeDeps({ query }));
    expect(response.status).toBe(status);
    expect(JSON.parse(String(response.body))).toEqual({ status: "error", errorType, error: "why" });
  });
});

test("errors are escaped as Go's encoder does", async () => {
  const query = {
    ...fakeQueries([]),
    query: async () => ({ kind: "failure", errorType: "bad_data", message: "<a>&\u2028\udcff" }) as const,
  };
  expect((await ask("/api/v1/query?query=up", fakeDeps({ query }))).body).toBe(
    '{"status":"error","errorType":"bad_data","error":"\\u003ca\\u003e\\u0026\\u2028\ufffd"}',
  );
});

test("warnings and infos follow the data", async () => {
  const query = {
    ...fakeQueries([]),
    labelNames: async () =>
      ({ kind: "data", data: ["a"], warnings: ["results truncated due to limit"], infos: [] }) as const,
  };
  expect((await ask("/api/v1/labels", fakeDeps({ query }))).body).toBe(
    '{"status":"success","data":["a"],"warnings":["results truncated due to limit"]}',
  );
});

describe("targets", () => {
  test("have their labels sorted, their times in RFC 3339, and the external host where they are local", async () => {
    const data = (await dataOf("/api/v1/targets?state=active")) as { activeTargets: Record<string, unknown>[] };
    expect(JSON.stringify(data.activeTargets[0]!["discoveredLabels"])).toBe(
      '{"__address__":"127.0.0.1:21799","job":"gone"}',
    );
    expect(data.activeTargets[0]).toMatchObject({
      globalUrl: "http://example.org:21799/metrics",
      lastScrape: "2026-11-23T22:41:04.259Z",
      lastScrapeDuration: 0.5,
      health: "down",
    });
    expect(data.activeTargets[1]).toMatchObject({
      globalUrl: "http://example.org:9090/metrics?a=b",
      lastScrape: "0001-01-01T00:00:00Z",
    });
    expect(data).toMatchObject({ droppedTargets: [], droppedTargetCounts: null });
  });

  test("of one pool are listed alone, counts are of all", async () => {
    expect(await dataOf("/api/v1/targets?scrapePool=dropped")).toEqual({
      activeTargets: [],
      droppedTargets: [{ discoveredLabels: { __address__: "127.0.0.1:21798" }, scrapePool: "dropped" }],
      droppedTargetCounts: { dropped: 1, gone: 0, self: 0 },
    });
  });

  test("pools are sorted", async () => {
    expect(await dataOf("/api/v1/scrape_pools")).toEqual({ scrapePools: ["dropped", "gone", "self"] });
  });
});

describe("metadata", () => {
  const load = (help: string) => ({ type: "gauge", unit: "ratio", help });
  const up = { type: "counter", unit: "", help: "Ups." };
  test.each<[string, unknown]>([
    ["", { load: [load("Load."), load("Other load.")], up_total: [up] }],
    ["?limit=1", { up_total: [up] }],
    ["?limit=0", {}],
    ["?limit_per_metric=1", { load: [load("Load.")], up_total: [up] }],
    ["?metric=up_total", { up_total: [up] }],
  ])("metadata%s", async (query, expected) => {
    expect(await dataOf(`/api/v1/metadata${query}`)).toEqual(expected);
  });

  test("of the targets that a selector picks, of one metric", async () => {
    const selector = encodeURIComponent('{job="a"}');
    expect(await dataOf(`/api/v1/targets/metadata?match_target=${selector}&metric=load`)).toEqual([
      { target: { instance: "2", job: "a" }, type: "gauge", help: "Other load.", unit: "ratio" },
    ]);
  });

  test("of all targets names the metric; the limit is looked at between targets", async () => {
    const found = (await dataOf("/api/v1/targets/metadata?limit=1")) as Record<string, unknown>[];
    expect(found.map((item) => item["metric"])).toEqual(["up_total", "load"]);
  });
});

describe("status", () => {
  test.each<[string, unknown]>([
    ["config", { yaml: "global: {}\n" }],
    ["flags", { "config.file": "a.yml", "web.read-timeout": "5m" }],
    ["walreplay", { min: 0, max: 4, current: 2 }],
  ])("%s", async (name, expected) => {
    expect(await dataOf(`/api/v1/status/${name}`)).toEqual(expected);
  });

  test("the build is a version of Prometheus, and ours beside it", async () => {
    expect(await dataOf("/api/v1/status/buildinfo")).toMatchObject({ version: "3.5.3", vestalVersion: "0.1.0" });
  });

  test("runtime", async () => {
    expect(await dataOf("/api/v1/status/runtimeinfo")).toMatchObject({
      startTime: "2026-11-23T22:40:24.158Z",
      lastConfigTime: "2026-11-23T22:40:24Z",
      CWD: "/",
      goroutineCount: 7,
      GOMAXPROCS: 2,
      storageRetention: "15d",
    });
  });

  test("tsdb has a limit", async () => {
    expect(await dataOf("/api/v1/status/tsdb?limit=1")).toMatchObject({
      headStats: { numSeries: 2, numLabelPairs: 3, chunkCount: 2, minTime: 1, maxTime: 2 },
      seriesCountByMetricName: [{ name: "up", value: 2 }],
    });
  });
});

describe("life-cycle", () => {
  const lifecycle = (problem: string | undefined): ApiDeps["lifecycle"] => ({
    isReady: () => true,
    isStopping: () => false,
    enabled: true,
    reload: async () => problem,
    quit: () => problem === undefined,
  });

  test.each([
    ["/-/reload", undefined, 200, ""],
    ["/-/reload", "bad file", 500, "failed to reload config: bad file\n"],
    ["/-/quit", undefined, 200, "Requesting termination... Goodbye!"],
    ["/-/quit", "second time", 200, "Termination already in progress."],
  ])("POST %s while %s", async (path, problem, status, body) => {
    const response = await ask(path, fakeDeps({ lifecycle: lifecycle(problem) }), "POST");
    expect([response.status, response.body]).toEqual([status, body]);
  });
});

describe("the user interface", () => {
  const bytes = Buffer.from("plain");
  const gzip = Buffer.from("zipped");
  const web = {
    document: '<base href="__BASE__/"><meta content="__NONCE__">',
    asset: (path: string) => (path === "a.js" ? { type: "text/javascript", bytes, gzip } : undefined),
  };

  test("a page is the document with the outer path, a nonce of its own and a policy that lets nothing else run", async () => {
    const deps = fakeDeps({ web, externalUrl: new URL('http://x/a"b/') });
    const [first, second] = [await ask("/targets", deps), await ask("/targets", deps)];
    const nonce = /content="([^"]+)"/.exec(String(first.body))?.[1];
    expect(first.body).toBe(`<base href="/a%22b/"><meta content="${nonce}">`);
    expect(nonce).toMatch(/^[A-Za-z0-9+/]{22}==$/);
    expect(second.body).not.toBe(first.body);
    const policy = new Map(first.headers).get("Content-Security-Policy");
    expect(policy).toContain("default-src 'none'; script-src 'self'; ");
    expect(policy).toContain(`'nonce-${nonce}'`);
  });

  test("an asset comes as the client can read it; another name is not found", async () => {
    const deps = fakeDeps({ web });
    expect(await ask("/assets/a.js", deps)).toMatchObject({ status: 200, encoding: "identity", body: bytes });
    const zipped = await ask("/assets/a.js", deps, "GET", { "accept-encoding": "br, gzip" });
    expect(zipped).toMatchObject({ encoding: "gzip", body: gzip });
    expect((await ask("/assets/b.js", deps)).status).toBe(404);
  });
});

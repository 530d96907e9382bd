/**
 * The edges of the HTTP API beside a real Prometheus: methods, all headers, origins, codings, forms, odd paths, prefixes,
 * federation. Both get the same bytes; what they send back is equal but for times and what only one of them has.
 */
import { inflateSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Exchange, exchange } from "../support/http.js";
import { freePort, killAll, makeFolder, removeFolder, startPrometheus, startVestal, waitUntil } from "./harness.js";

const folders = Array.from({ length: 4 }, makeFolder);
/** Of Prometheus and Vestal each. */
let plain: readonly number[] = [];
let prefixed: readonly number[] = [];
const PREFIX = "/pre/fix";

const PLAIN_ARGS = [
  "--web.enable-admin-api",
  "--web.enable-lifecycle",
  "--web.enable-remote-write-receiver",
  "--web.cors.origin=https?://(a|b)\\.example",
];

beforeAll(async () => {
  const dead = await freePort();
  const config = {
    global: { scrape_interval: "1s", external_labels: { zone: "a" } },
    scrape_configs: [
      { job_name: "one", static_configs: [{ targets: [`127.0.0.1:${dead}`] }] },
      {
        job_name: "two",
        static_configs: [{ targets: [`127.0.0.1:${dead}`, "dropped:1"] }],
        relabel_configs: [{ source_labels: ["__address__"], regex: "dropped.*", action: "drop" }],
      },
    ],
  };
  const ports = await Promise.all(folders.map(freePort));
  const args = ["--web.external-url=http://outside.example/some/path/", `--web.route-prefix=${PREFIX}`];
  const isReady = async (url: string): Promise<boolean> => (await fetch(`${url}${PREFIX}/-/ready`)).ok;
  const started = folders.map((folder, i) => {
    const start = i % 2 === 0 ? startPrometheus : startVestal;
    return start({
      config,
      folder,
      port: ports[i]!,
      args: i < 2 ? PLAIN_ARGS : args,
      ...(i >= 2 && { isReady }),
    });
  });
  await Promise.all(started);
  plain = ports.slice(0, 2);
  prefixed = ports.slice(2);
  for (const port of plain) {
    await waitUntil("both targets were scraped", 60_000, async () => {
      const { body } = await exchange(port, { method: "GET", path: "/api/v1/series?match[]=up" });
      return (JSON.parse(body.toString()) as { data: unknown[] }).data.length === 2;
    });
  }
}, 120_000);

afterAll(async () => {
  await killAll();
  for (const folder of folders) removeFolder(folder);
});

/** Ours says more often that an answer depends on Accept-Encoding; lengths differ with bodies. */
const NOT_COMPARED: ReadonlySet<string> = new Set(["date", "content-length", "transfer-encoding"]);

async function ask(port: number, request: Exchange): Promise<unknown> {
  const { status, headers, body } = await exchange(port, request);
  const kept = Object.entries(headers).filter(([name]) => !NOT_COMPARED.has(name));
  const plainBody = headers["content-encoding"] === "deflate" ? inflateSync(body) : body;
  return {
    status,
    headers: Object.fromEntries(kept.sort(([a], [b]) => (a < b ? -1 : 1))),
    // What is answered well is compared by others; here it holds times and sizes.
    body: status >= 300 || plainBody.length < 200 ? timeless(plainBody.toString()) : "long",
  };
}

function timeless(text: string): string {
  return (
    text
      .replace(/^(scrape_duration_seconds.*) \S+ \d+$/gm, "$1")
      // Which series a limit leaves depends on their refs there.
      .replace(/"job":"(?:one|two)"/g, "any job")
      .replace(/\[\d{10}(\.\d+)?,/g, "[now,")
      .replace(/ \d{13}\n/g, " now\n")
      .replace(/"\d{8}T\d{6}Z-\w+"/, "name")
  );
}

async function differences(ports: readonly number[], requests: readonly Exchange[]): Promise<readonly string[]> {
  const found: string[] = [];
  for (const request of requests) {
    const [theirs, ours] = await Promise.all(ports.map((port) => ask(port, request)));
    const [a, b] = [JSON.stringify(theirs), JSON.stringify(ours)];
    if (a !== b)
      found.push(`${request.method} ${request.path} ${JSON.stringify(request.headers ?? {})}\n  ${a}\n  ${b}`);
  }
  return found;
}

const ROUTES = [
  "query",
  "query_range",
  "query_exemplars",
  "format_query",
  "parse_query",
  "labels",
  "label/job/values",
  "series",
  "scrape_pools",
  "targets",
  "targets/metadata",
  "metadata",
  "alertmanagers",
  "alerts",
  "rules",
  "status/config",
  "status/runtimeinfo",
  "status/buildinfo",
  "status/flags",
  "status/tsdb",
  "status/walreplay",
  "notifications",
  "write",
  "read",
  "admin/tsdb/delete_series",
  "admin/tsdb/clean_tombstones",
  "admin/tsdb/snapshot",
].map((name) => `/api/v1/${name}`);
const PAGES = ["/-/healthy", "/-/ready", "/-/reload", "/version", "/metrics", "/federate", "/graph", "/"];
const METHODS = ["GET", "POST", "PUT", "HEAD", "OPTIONS", "DELETE", "PATCH", "TRACE"];

test("every method of every route", async () => {
  const live = METHODS.slice(1).map((method) => ({ method, path: "/api/v1/notifications/live" }));
  const requests = [...ROUTES, ...PAGES].flatMap((path) => METHODS.map((method) => ({ method, path })));
  // A page there is one file and /metrics is another program's; only their heads can be equal.
  const isOwn = ({ method, path }: Exchange): boolean =>
    method === "GET" && /^\/(version|api.*\/(buildinfo|flags))$/.test(path);
  expect(await differences(plain, [...requests.filter((request) => !isOwn(request)), ...live])).toEqual([]);
  const here = [
    "/-/healthy",
    "/api/v1/labels",
    "/",
    "/graph?g0.expr=up",
    PREFIX,
    `${PREFIX}x`,
    `${PREFIX}//`,
    "/some/path/",
  ];
  const below = [
    ...PAGES,
    "/graph?g0.expr=up&a=1",
    "/api/v1/labels",
    "/api/v1/nope",
    "/api/v1",
    "/nope",
    "/-/healthy/",
  ];
  const paths = [...here, ...below.filter((path) => path !== "/version").map((path) => PREFIX + path)];
  expect(
    await differences(
      prefixed,
      paths.map((path) => ({ method: "GET", path })),
    ),
  ).toEqual([]);
});

test("origins, and codings of answers", async () => {
  const paths = [
    "/api/v1/query?query=1&time=1",
    "/api/v1/labels?limit=x",
    "/api/v1/nope",
    "/-/healthy",
    "/federate?match[]=up",
  ];
  const origins = ["http://a.example", "https://evil.example", "null", ""];
  const cors = origins.flatMap((Origin) =>
    paths.flatMap((path) => [
      { method: "GET", path, headers: { Origin } },
      { method: "OPTIONS", path, headers: { Origin, "Access-Control-Request-Method": "GET" } },
    ]),
  );
  expect(await differences(plain, cors)).toEqual([]);
  const long = `/api/v1/format_query?query=${Array(300).fill("up").join("%2B")}`;
  const codings = ["gzip", "deflate", "gzip, deflate, br", "br", "zstd", "identity", "*", "deflate, gzip;q=0.5"];
  for (const [path, coding] of [long, ...paths, "/version"].flatMap((path) =>
    codings.map((coding) => [path, coding] as const),
  )) {
    const [theirs, ours] = await Promise.all(
      plain.map((port) => exchange(port, { method: "GET", path, headers: { "Accept-Encoding": coding } })),
    );
    const what = `${coding} of ${path}`;
    expect([what, ours!.headers["content-encoding"]]).toEqual([what, theirs!.headers["content-encoding"]]);
    // What was scraped differs.
    if (theirs!.headers["content-encoding"] !== "deflate" || !path.startsWith("/api/")) continue;
    expect([what, inflateSync(ours!.body).toString()]).toEqual([what, inflateSync(theirs!.body).toString()]);
  }
});

test("forms, and bodies that are none", async () => {
  const forms = [
    ["query", "query=1&time=1"],
    ["query_range", "query=1&start=0&end=1&step=1"],
    ["labels", "limit=1"],
    ["labels", "match[]=up{"],
    ["series", "match[]=up&limit=1"],
    ["series", ""],
    ["query_exemplars", "query=test&start=1&end=2"],
    ["format_query", "query=a"],
    ["parse_query", "query=a"],
    ["query", "query=%zz"],
    ["query", "query=1;time=2"],
  ] as const;
  const types = [
    "application/x-www-form-urlencoded",
    "application/x-www-form-urlencoded; charset=utf-8",
    "application/json",
    "multipart/form-data",
    "multipart/form-data; boundary=x",
    "",
  ];
  const requests = forms.flatMap(([name, form]) =>
    types.map((type) => ({ method: "POST", path: `/api/v1/${name}`, form, headers: { "Content-Type": type } })),
  );
  const bodies = [
    { path: "/api/v1/read", body: Buffer.from("garbage") },
    { path: "/api/v1/read", body: Buffer.from([0]) },
    { path: "/api/v1/write", body: Buffer.from("garbage"), headers: { "Content-Encoding": "snappy" } },
    { path: "/api/v1/write", body: Buffer.from("x"), headers: { "Content-Type": "text/plain" } },
  ].map((request) => ({ method: "POST", ...request }));
  expect(await differences(plain, [...requests, ...bodies])).toEqual([]);
});

test("odd paths and parameters", async () => {
  const paths = [
    "/./api/v1/labels",
    "/api/v1/../v1/labels",
    "/api/v1/query?",
    "/api/v1/label//values",
    "/api/v1/label/a/b/values",
    "/api/v1/%6cabels",
    "/%zz",
    "/api",
    "/api/",
    "/api/v2",
    "/-",
    "/-/",
    "/-/healthy/",
    "/federate/",
    "/metrics/",
    "/api/v1/label/%20/values",
    "/api/v1/label/a%00b/values",
    ...[
      "query?query=up&limit=1",
      "query?query=up&time=1e400",
      "query?query=%22%C3%A9%F0%9F%98%80%22&time=1",
      "query?query=%22%ff%22&time=1",
      "query?query=%22%3C%26%3E%22&time=1",
      "query?query=1&stats=1&time=x",
      "series?match[]=up&limit=1",
      "labels?limit=1",
      "label/job/values?limit=1",
      "targets?state=dropped&scrapePool=x",
      "metadata?limit=-1",
      "metadata?metric=nothing&limit=0",
      "targets/metadata?match_target={}",
      "rules?group_limit=99999999999",
      "rules?match[]=",
      "status/tsdb?limit=99999999999999999999",
      "admin/tsdb/snapshot",
    ].map((path) => `/api/v1/${path}`),
  ];
  expect(
    await differences(
      plain,
      paths.map((path) => ({ method: "GET", path })),
    ),
  ).toEqual([]);
  const posts = [
    "delete_series",
    "delete_series?match[]=up{",
    "delete_series?match[]=up&start=x",
    "snapshot?skip_head=x",
  ];
  const admin = posts.map((name) => ({ method: "POST", path: `/api/v1/admin/tsdb/${name}` }));
  expect(await differences(plain, admin)).toEqual([]);
});

test.each([
  ["", "match[]=up"],
  ["", "match[]=up&match[]=scrape_samples_scraped&match[]=up"],
  ["", "match[]=up{"],
  ["", "match[]=up&match[]=x("],
  ["", "match[]={}"],
  ["", "match[]="],
  ["", 'match[]={job=~".*"}'],
  ["text/plain;version=1.0.0;escaping=allow-utf-8", "match[]=up"],
  ["application/openmetrics-text;version=1.0.0", "match[]=up"],
  ["*/*", "match[]=up"],
  ["application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited", "match[]=up"],
  [
    "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.3,text/plain;q=0.5",
    "match[]=up",
  ],
])("federation as %s of %s", async (accept, query) => {
  const answers = await Promise.all(
    plain.map(async (port) => {
      const headers = accept === "" ? {} : { Accept: accept };
      const received = await exchange(port, { method: "GET", path: `/federate?${query}`, headers });
      const { status, body } = received;
      const isText = /^text/.test(received.headers["content-type"] as string);
      const text = timeless(body.toString("latin1")).split("\n").sort();
      return {
        status,
        type: received.headers["content-type"],
        guard: received.headers["x-content-type-options"],
        // Series come in any order there; the length of a message counts its varints, whose last digits are times.
        content: isText ? text : body.length,
      };
    }),
  );
  expect(answers[1]).toEqual(answers[0]);
});

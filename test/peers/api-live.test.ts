/** Every route of the API beside a real Prometheus with the same configuration: both answer alike but for what must differ. */
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  freePort,
  killAll,
  makeFolder,
  removeFolder,
  type Server,
  startNodeExporter,
  startPrometheus,
  startVestal,
  waitUntil,
} from "./harness.js";

const folders = [makeFolder(), makeFolder()];
let prometheus: Server;
let vestal: Server;
let nodeFolder = "";

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

interface Request {
  readonly method?: string;
  readonly path: string;
  readonly form?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

beforeAll(async () => {
  const node = await startNodeExporter();
  nodeFolder = node.folder;
  const { host } = new URL(node.url);
  const dead = await freePort();
  const config = {
    global: { scrape_interval: "1s", external_labels: { zone: "a", cluster: "c<1>" } },
    scrape_configs: [
      {
        job_name: "node",
        static_configs: [{ targets: [host], labels: { env: "prod" } }],
        metric_relabel_configs: [
          { source_labels: ["__name__"], regex: "node_(uname|os|time).*|go_.*", action: "keep" },
        ],
      },
      {
        job_name: "relabelled",
        static_configs: [{ targets: [host, "dropped:1", "dropped:2"] }],
        relabel_configs: [
          { source_labels: ["__address__"], regex: "dropped.*", action: "drop" },
          { target_label: "kind", replacement: "exporter" },
        ],
      },
      { job_name: "dead", static_configs: [{ targets: [`127.0.0.1:${dead}`] }] },
      { job_name: "tls", scheme: "https", static_configs: [{ targets: [host] }] },
      {
        job_name: "missing",
        metrics_path: "/nothing",
        params: { a: ["b c", "d"] },
        static_configs: [{ targets: [host] }],
      },
    ],
  };
  [prometheus, vestal] = await Promise.all([
    startPrometheus({ config, folder: folders[0]!, args: ["--query.max-samples=20000"] }),
    startVestal({ config, folder: folders[1]!, args: ["--query.max-samples=20000"] }),
  ]);
  for (const server of [prometheus, vestal]) {
    await waitUntil("all targets were scraped", 30_000, async () => {
      const { body } = await ask(server, { path: "/api/v1/query?query=count(up)%20%2B%20count(go_info)" });
      return JSON.stringify(body).includes('"7"');
    });
  }
}, 60_000);

afterAll(async () => {
  await killAll();
  for (const folder of [...folders, nodeFolder]) removeFolder(folder);
});

async function ask(server: Server, { method = "GET", path, form, headers = {} }: Request): Promise<Answer> {
  const type = form === undefined ? {} : { "content-type": "application/x-www-form-urlencoded" };
  const init = { method, redirect: "manual" as const, headers: { ...type, ...headers } };
  const response = await fetch(`${server.url}${path}`, form === undefined ? init : { ...init, body: form });
  const text = await response.text();
  const isJson = response.headers.get("content-type") === "application/json";
  const names = ["content-type", "allow", "location", "access-control-allow-origin", "access-control-allow-methods"];
  return {
    status: response.status,
    headers: Object.fromEntries(names.map((name) => [name, response.headers.get(name) ?? ""])),
    body: isJson ? JSON.parse(text) : text,
  };
}

const both = (request: Request): Promise<readonly Answer[]> =>
  Promise.all([prometheus, vestal].map((server) => ask(server, request)));

const VOLATILE = new Set(["lastScrape", "lastScrapeDuration", "timings", "peakSamples", "date"]);
/** Prometheus gives series in the order of their refs: sets are compared, with their order taken away. */
const UNORDERED = new Set(["result", "activeTargets", "droppedTargets"]);

/** What can be equal at two servers: times of samples, and sizes of what both measured for themselves, are left out. */
function comparable(value: unknown, key = ""): unknown {
  if (VOLATILE.has(key)) return "volatile";
  if (key === "value" && Array.isArray(value)) return ["time", value[1]];
  // A scalar or a string, whose time is now.
  if (key === "result" && Array.isArray(value) && typeof value[0] === "number") return ["time", value[1]];
  // Which of several series an error names depends on that order too.
  if (key === "error" && typeof value === "string") return value.replace(/\[\{.*\}\]/, "[two series]");
  if (key === "values" && Array.isArray(value)) return value.map((pair) => (Array.isArray(pair) ? pair[1] : pair));
  if (Array.isArray(value)) {
    const items = value.map((item) => comparable(item));
    const isSet = UNORDERED.has(key) || (key === "data" && typeof value[0] === "object");
    return isSet ? items.map((item) => JSON.stringify(item)).sort() : items;
  }
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, comparable(inner, name)]));
}

const q = encodeURIComponent;
const QUERIES = [
  "sort_by_label(up,'job')",
  "sum by (job) (up)",
  "count_values('v', up)",
  "up and on(job) go_info",
  // Of one job: between equal values of several, the order in which the series were made decides.
  "topk(1, go_info{job='node'}) * 0",
  "absent(nothing)",
  "vector(1) / 0",
  "scalar(vector(NaN))",
  "'text'",
  "1e21",
  "label_replace(up, 'a~', '$1', 'job', '(.*)')",
  "quantile(2, up)",
  "histogram_quantile(0.9, up)",
  "go_info offset 1ms",
  "node_uname_info",
  "{'go_info', job=~'n.*'}",
  "nothing[5m]",
  "up == bool 1",
  "-go_info",
  // errors of the parser, and of the evaluation
  "up{",
  "sum(up",
  "sum(1)",
  "foo(1)",
  "up{job=~'('}",
  "sum_over_time(up)",
  "{}",
  "up + ",
  "1 + 'a'",
  "rate(up)",
  "up[5m] + 1",
  "up + on(env) up",
  "up * on(cluster) group_left up",
  "label_replace(up, 'job', 'x', 'job', '(.*)')",
  "label_replace(up, 'a', 'x', 'job', '(')",
  "topk(scalar(vector(NaN)), up)",
  "double_exponential_smoothing(up[1m], 2, 0.5)",
  "max_over_time(vector(1)[1d:1s])",
].map((query) => `query?query=${q(query)}&time=`);

const PATHS = [
  "query?query=vector(1)&time=1.5",
  "query?query=vector(1)&time=2020-01-01T00:00:00Z",
  "query",
  "query?query=up&time=x",
  "query?query=up&limit=x",
  "query?query=up&limit=-1",
  "query?query=up&timeout=x",
  "query?query=up&lookback_delta=x",
  "query?query=up&lookback_delta=1ms&time=1",
  "query?query=vector(1)&time=1&stats=all",
  "query?query=vector(1)&time=1&stats=x",
  "query?query=sum(up)&limit=1",
  "query_range?query=vector(1)&start=0&end=60&step=15&stats=all",
  "query_range?query=time()&start=0&end=1&step=0.5",
  "query_range?query=up",
  "query_range?query=up&start=1&end=0&step=1",
  "query_range?query=up&start=0&end=1&step=0",
  "query_range?query=up&start=0&end=11001&step=1",
  "query_range?query=up[1m]&start=0&end=1&step=1",
  "query_range?query='a'&start=0&end=1&step=1",
  "query_range?query=up)&start=0&end=1&step=1",
  "query_range?query=vector(1)&start=0&end=1&step=1&timeout=x",
  "query_range?query=vector(1)&start=0&end=10999&step=1&limit=1",
  "series",
  "series?match[]=up",
  "series?match[]=up&match[]=go_info",
  "series?match[]={}",
  "series?match[]=up{",
  "series?match[]=nothing",
  "series?match[]=up&limit=x",
  "series?match[]=up&start=1&end=2",
  "labels?match[]=up",
  "labels?limit=2",
  "labels?limit=x",
  "labels?start=x",
  "labels?match[]=up(",
  "label/job/values",
  "label/__name__/values?match[]=go_info",
  "label/a~b/values",
  "label/U__a_7e_b/values",
  "label/%ff/values",
  "label/nothing/values",
  "label/job/values?match[]={}",
  "metadata?metric=node_os_info",
  "metadata?metric=nothing",
  "metadata?limit=0",
  "metadata?limit=x",
  "metadata?limit_per_metric=x",
  "targets/metadata?metric=node_os_info",
  "targets/metadata?match_target={job",
  "targets/metadata?metric=nothing",
  "targets/metadata?limit=x",
  "targets",
  "targets?state=active",
  "targets?state=dropped",
  "targets?state=x",
  "targets?scrapePool=node",
  "scrape_pools",
  "alertmanagers",
  "alerts",
  "rules",
  "rules?type=x",
  "rules?type=alert",
  "rules?match[]=up(",
  "rules?group_limit=x",
  "rules?group_next_token=x",
  "status/config",
  "status/walreplay",
  "status/tsdb?limit=x",
  "status/tsdb?limit=0",
  "notifications",
  "format_query",
  `format_query?query=${q("sum by(job)(rate(foo[5m]))")}`,
  "format_query?query=x(",
  `parse_query?query=${q('sum by(job)(rate(foo{a="b"}[5m] offset 1m)) > bool 3')}`,
  "parse_query?query=)",
  "query_exemplars?query=up&start=1&end=2",
  "query_exemplars?query=1&start=1&end=2",
  "query_exemplars?query=up(&start=1&end=2",
  "query_exemplars?query=up&start=2&end=1",
  "nothing",
  "status",
];

const OTHERS: readonly Request[] = [
  { method: "POST", path: "/api/v1/query", form: "query=vector(3)&time=1" },
  { method: "POST", path: "/api/v1/query?query=vector(4)", form: "query=vector(3)&time=1" },
  { method: "POST", path: "/api/v1/query_range", form: "query=vector(3)&start=0&end=2&step=1" },
  { method: "POST", path: "/api/v1/series", form: "match[]=go_info" },
  { method: "POST", path: "/api/v1/labels", form: "match[]=up" },
  { method: "POST", path: "/api/v1/format_query", form: "query=a%2Bb" },
  { method: "POST", path: "/api/v1/parse_query", form: "query=a%2Bb" },
  { method: "POST", path: "/api/v1/label/job/values", form: "" },
  { method: "PUT", path: "/api/v1/query?query=1", form: "" },
  { method: "DELETE", path: "/api/v1/series" },
  { method: "OPTIONS", path: "/api/v1/query", headers: { origin: "http://a.example" } },
  { path: "/api/v1/query?query=vector(1)&time=1", headers: { origin: "http://a.example" } },
  { path: "/api/v1/query?query=vector(1)&time=1", headers: { "accept-encoding": "gzip" } },
  { path: "/api/v1//query?query=vector(1)&time=1" },
  ...["delete_series", "snapshot", "clean_tombstones"].map((name) => ({
    method: "POST",
    path: `/api/v1/admin/tsdb/${name}`,
  })),
  ...["/", "/graph?g0.expr=up", "/-/healthy", "/-/ready", "/-/reload", "/-/quit", "/nothing"].map((path) => ({ path })),
  ...["/-/reload", "/-/quit"].map((path) => ({ method: "POST", path })),
];

const nowSeconds = Math.floor(Date.now() / 1000);
const CASES: readonly Request[] = [
  ...QUERIES.map((path) => ({ path: `/api/v1/${path}` })),
  ...PATHS.map((path) => ({ path: `/api/v1/${path}` })),
  ...OTHERS,
];

test("every route answers as there", async () => {
  const differences: string[] = [];
  for (const request of CASES) {
    const [theirs, ours] = (await both(request)).map((answer) => JSON.stringify(comparable(answer)));
    if (theirs !== ours)
      differences.push(
        `${request.method ?? "GET"} ${decodeURIComponent(request.path.replace("%ff", "\\xff"))}\n  ${theirs}\n  ${ours}`,
      );
  }
  expect(differences).toEqual([]);
  expect(CASES.length).toBeGreaterThan(120);
}, 60_000);

test("a cut answer carries the warning, and too little time or room for samples fails alike", async () => {
  const range = `start=${nowSeconds - 9000}&end=${nowSeconds}&step=1`;
  const cases = [
    [`/api/v1/query?query=up&limit=2`, 200],
    [`/api/v1/series?match[]=up&limit=2`, 200],
    [`/api/v1/query_range?query=${q("vector(1) or label_replace(vector(1),'a','b','','')")}&limit=1&${range}`, 200],
    [`/api/v1/query_range?query=${q("sum_over_time(vector(1)[1h:1s])")}&timeout=1ns&${range}`, 400],
    [
      `/api/v1/query_range?query=${q("vector(1) or label_replace(vector(1),'a','b','','') or label_replace(vector(1),'c','b','','')")}&${range}`,
      422,
    ],
    [
      `/api/v1/query_range?query=${q("quantile_over_time(0.5, vector(1)[1h:1s])")}&timeout=20ms&start=0&end=4000&step=1`,
      503,
    ],
  ] as const;
  for (const [path, status] of cases) {
    const parts = (await both({ path })).map(({ status: got, body }) => {
      const { warnings, error, errorType, data } = body as Record<string, unknown>;
      const list = Array.isArray(data) ? data : (data as { result?: unknown[] } | undefined)?.result;
      return { path, status: got, warnings, error, errorType, count: list?.length };
    });
    expect(parts[1]).toEqual(parts[0]);
    expect(parts[1]!.status).toBe(status);
  }
});

test("status answers have their shape, and what must be equal is", async () => {
  const data = async (path: string): Promise<readonly Record<string, unknown>[]> =>
    (await both({ path: `/api/v1/${path}` })).map(({ body }) => (body as { data: Record<string, unknown> }).data);
  const [theirFlags = {}, ourFlags = {}] = await data("status/flags");
  // Of the distribution's build of Prometheus, which has no OTLP receiver, and of ours.
  const own = [
    "alertmanager.embedded",
    "alertmanager.embedded.config-file",
    "alertmanager.embedded.external-url",
    "alertmanager.embedded.listen-address",
    "ingest.threads",
    "live.max-buffer",
    "live.max-queries",
    "live.max-subscriptions",
    "query.language",
    "query.max-length",
    "query.threads",
    "rules.alert-history.max-entries",
    "rules.alert-history.retention",
    "storage.block-cache.max-memory",
    "storage.head.max-memory",
    "storage.head.series-budget",
    "storage.wal.fsync",
    "storage.wal.salvage",
    "web.dashboards.config-maps",
    "web.dashboards.kubeconfig",
    "web.dashboards.max-count",
    "web.dashboards.max-size",
    "web.dashboards.namespace",
    "web.dashboards.path",
    "web.dashboards.rescan-interval",
    "web.enable-otlp-receiver",
    "web.enable-silences",
    "web.remote-write-receiver.max-body-size",
    "web.remote-write-receiver.max-decoded-size",
    "web.remote-write-receiver.max-samples",
  ];
  expect(Object.keys(ourFlags).filter((name) => !(name in theirFlags))).toEqual(own);
  const paths = /^(config\.file|storage\..*path|web\.(console\..*|local-assets|listen-address))$/;
  const different = Object.keys(theirFlags).filter((name) => !paths.test(name) && theirFlags[name] !== ourFlags[name]);
  expect(different).toEqual([]);
  for (const path of ["status/runtimeinfo", "status/buildinfo", "status/tsdb?limit=3"]) {
    const [theirs = {}, ours = {}] = await data(path);
    expect(
      Object.keys(ours).filter((key) => key !== "vestalVersion"),
      path,
    ).toEqual(Object.keys(theirs));
  }
  const [theirRuntime, ourRuntime] = await data("status/runtimeinfo");
  expect(ourRuntime?.["storageRetention"]).toBe(theirRuntime?.["storageRetention"]);
  const [theirHead, ourHead] = await data("status/tsdb?limit=1000");
  const counts = ({ numSeries, numLabelPairs }: Record<string, unknown>): unknown => ({ numSeries, numLabelPairs });
  expect(counts(ourHead?.["headStats"] as Record<string, unknown>)).toEqual(
    counts(theirHead?.["headStats"] as Record<string, unknown>),
  );
  for (const list of [
    "seriesCountByMetricName",
    "labelValueCountByLabelName",
    "memoryInBytesByLabelName",
    "seriesCountByLabelValuePair",
  ]) {
    const sorted = (entries: unknown): unknown => (entries as object[]).map((entry) => JSON.stringify(entry)).sort();
    expect(sorted(ourHead?.[list]), list).toEqual(sorted(theirHead?.[list]));
  }
});

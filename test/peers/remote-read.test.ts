/**
 * Remote read and federation. A real Prometheus without data reads from Vestal and answers what one with the data answers;
 * `/federate` of both says the same.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { decodeSnappy, ProtoReader } from "../../src/base/index.js";
import { postRead, readFrames, readRequest, SAMPLES, STREAMED_XOR_CHUNKS } from "../support/read-request.js";
import { postWrite, type WriteHistogram, type WriteSeries, writeRequestV1 } from "../support/write-request.js";
import {
  type ApiAnswer,
  api,
  killAll,
  makeFolder,
  removeFolder,
  type Server,
  startPrometheus,
  startVestal,
} from "./harness.js";

const STALE = 0x7ff0000000000002n;
const now = Math.floor(Date.now() / 1000) * 1000;
const folders = [makeFolder(), makeFolder(), makeFolder()];
let prometheus: Server;
let vestal: Server;
let reader: Server;

function sample(secondsAgo: number, value: number | bigint) {
  return { timeMs: now - secondsAgo * 1000, value };
}

const HISTOGRAM: WriteHistogram = {
  timeMs: now - 30_000,
  isFloat: false,
  schema: 1,
  count: 9,
  sum: 4.5,
  zeroCount: 1,
  zeroThreshold: 0.001,
  positiveSpans: [
    [0, 2],
    [3, 1],
  ],
  positive: [2, 3, 1],
  negativeSpans: [[0, 1]],
  negative: [2],
};

const SERIES: readonly WriteSeries[] = [
  ...Array.from({ length: 60 }, (_, i) => ({
    labels: [
      ["__name__", `metric_${i % 3}`],
      ["instance", `host-${i % 10}`],
      ["job", `job-${i % 4}`],
      ["series", String(i)],
    ] as const,
    samples: Array.from({ length: 120 }, (_, k) => sample(1800 - k * 15, i * 1.5 + k)),
  })),
  { labels: [["__name__", "ended"]], samples: [sample(60, 1), sample(30, STALE)] },
  { labels: [["__name__", "old"]], samples: [sample(900, 1)] },
  {
    labels: [
      ["__name__", "no_instance"],
      ["job", "x"],
    ],
    samples: [sample(30, 1e21)],
  },
  {
    labels: [
      ["__name__", "mine"],
      ["cluster", "own"],
    ],
    samples: [sample(30, Number.NaN)],
  },
  {
    labels: [
      ["__name__", 'quo"ted.ü'],
      ["la.bel", 'a"b\\c\nd'],
    ],
    samples: [sample(30, Number.NEGATIVE_INFINITY)],
  },
  {
    labels: [
      ["__name__", "native"],
      ["job", "h"],
    ],
    samples: [],
    histograms: [HISTOGRAM, { ...HISTOGRAM, timeMs: now - 20_000, sum: 5 }],
  },
  {
    labels: [
      ["__name__", "native"],
      ["job", "f"],
    ],
    samples: [],
    histograms: [{ ...HISTOGRAM, isFloat: true }],
  },
];

beforeAll(async () => {
  const args = [
    "--web.enable-remote-write-receiver",
    "--enable-feature=native-histograms",
    // One or two chunks.
    "--storage.remote.read-max-bytes-in-frame=400",
  ];
  const config = { global: { external_labels: { cluster: "eu", zone: "z1" } } };
  [prometheus, vestal] = await Promise.all([
    startPrometheus({ config, folder: folders[0]!, args }),
    startVestal({ config, folder: folders[1]!, args: [...args, "--ingest.threads=2"] }),
  ]);
  reader = await startPrometheus({
    config: { remote_read: [{ url: `${vestal.url}/api/v1/read`, read_recent: true }] },
    folder: folders[2]!,
    args: ["--enable-feature=native-histograms"],
  });
  for (const { url } of [prometheus, vestal]) {
    const { status, text } = await postWrite(url, 1, writeRequestV1(SERIES));
    expect({ status, text }).toEqual({ status: 204, text: "" });
  }
}, 90_000);

afterAll(async () => {
  await killAll();
  for (const folder of folders) removeFolder(folder);
});

test.each([
  "metric_1",
  'metric_0{job=~"job-[13]"}[10m]',
  'sum by (job) (rate({__name__=~"metric_.*", instance!="host-3"}[5m]))',
  'count({__name__!~"metric.*", __name__!=""})',
  "ended[10m]",
  "native",
  "histogram_quantile(0.9, native)",
  'metric_2{series="nope"}',
])("%s through remote read", async (query) => {
  const time = String(now / 1000);
  const [direct, through] = await Promise.all(
    [prometheus, reader].map((server) => api(server, "query", { query, time })),
  );
  // The external labels of the one that is read come along, as from a real one; series come in any order.
  const plain = ({ data }: ApiAnswer): string[] =>
    (data as { readonly result: readonly { readonly metric: Readonly<Record<string, string>> }[] }).result
      .map(({ metric: { zone: _zone, cluster: _cluster, ...metric }, ...rest }) => JSON.stringify({ metric, ...rest }))
      .sort();
  expect(plain(through!)).toEqual(plain(direct!));
  expect(direct!.status).toBe("success");
});

test("matchers that ask for external labels", async () => {
  const query = 'metric_1{cluster="eu",series="1"}';
  const answer = await api(reader, "query", { query, time: String(now / 1000) });
  expect((answer.data as { result: unknown[] }).result).toHaveLength(1);
});

test.each([
  ["everything", ['{__name__!=""}']],
  ["several selectors", ["metric_1", 'metric_1{job="job-1"}', "no_instance"]],
  ["nothing", ["nope"]],
  ["a selector that is none", ["metric{"]],
])("federation of %s", async (_name, selectors) => {
  const query = new URLSearchParams(selectors.map((selector): [string, string] => ["match[]", selector]));
  for (const accept of ["", "text/plain;version=0.0.4", "text/plain;version=0.0.4;escaping=allow-utf-8"]) {
    const [theirs, ours] = await Promise.all(
      [prometheus, vestal].map(async ({ url }) => {
        const response = await fetch(`${url}/federate?${query}`, { headers: accept === "" ? {} : { Accept: accept } });
        const text = await response.text();
        // Series of one name come in any order there.
        return { status: response.status, lines: response.ok ? text.split("\n").sort() : text };
      }),
    );
    expect({ accept, ...ours }).toEqual({ accept, ...theirs });
  }
});

test.each(['native{job="h"}', 'native{job="f"}', 'metric_1{series="1"}', "mine", '{"quo\\"ted.ü"}', "nope"])(
  "federation of %s as protobuf, which has histograms",
  async (selector) => {
    const accept = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited";
    const [theirs, ours] = await Promise.all(
      [prometheus, vestal].map(async ({ url }) => {
        const query = new URLSearchParams({ "match[]": selector });
        const response = await fetch(`${url}/federate?${query}`, { headers: { Accept: accept } });
        const bytes = Buffer.from(await response.arrayBuffer());
        return { type: response.headers.get("content-type"), bytes: bytes.toString("hex") };
      }),
    );
    expect(ours).toEqual(theirs);
    if (selector !== "nope") expect(ours!.bytes.length).toBeGreaterThan(20);
  },
);

const ALL = [1, "__name__", ""] as const;
const METRICS = [2, "__name__", "metric_.*"] as const;
const span = (from: number, to: number) => ({ startMs: now - from * 1000, endMs: now - to * 1000 });

test.each([
  ["everything", [{ ...span(7200, 0), matchers: [ALL] }]],
  ["parts of chunks", [{ ...span(1000, 400), matchers: [METRICS] }]],
  ["a time without samples", [{ ...span(5, 1), matchers: [ALL] }]],
  [
    "several queries",
    [
      { ...span(7200, 0), matchers: [[0, "job", "job-1"]] },
      { ...span(60, 0), matchers: [METRICS] },
    ],
  ],
  ["hints, which count instead", [{ ...span(7200, 0), matchers: [METRICS], hints: span(1200, 1000) }]],
  ["series alone", [{ ...span(7200, 0), matchers: [METRICS], hints: { ...span(1200, 1000), func: "series" } }]],
  ["external labels", [{ ...span(7200, 0), matchers: [[0, "cluster", "eu"], METRICS] }]],
  ["nothing", [{ ...span(7200, 0), matchers: [[0, "__name__", "nope"]] }]],
] as const)("streamed chunks and samples of %s", async (name, queries) => {
  for (const accepted of [[STREAMED_XOR_CHUNKS], [9, STREAMED_XOR_CHUNKS, SAMPLES], [SAMPLES], []]) {
    const body = readRequest(queries, accepted);
    const [theirs, ours] = await Promise.all(
      [prometheus, vestal].map(async ({ url }) => {
        const response = await postRead(url, body);
        const bytes = new Uint8Array(await response.arrayBuffer());
        const type = response.headers.get("content-type");
        const content = type === "application/x-protobuf" ? seriesOf(bytes) : readFrames(bytes);
        return { status: response.status, type, encoding: response.headers.get("content-encoding"), content };
      }),
    );
    expect(ours).toEqual(theirs);
    if (name === "everything") expect(ours!.content.length).toBeGreaterThan(60);
  }
});

/** Series of samples come in any order there. */
function seriesOf(body: Uint8Array): string[] {
  const series: string[] = [];
  const response = new ProtoReader(decodeSnappy(body, 1 << 26));
  for (let query = 0; response.next(); query++) {
    const result = response.message();
    while (result.next()) series.push(`${query} ${Buffer.from(result.bytes()).toString("hex")}`);
  }
  return series.sort();
}

test("response types that nobody knows", async () => {
  const body = readRequest([{ ...span(60, 0), matchers: [METRICS] }], [7, 8]);
  const [theirs, ours] = await Promise.all(
    [prometheus, vestal].map(async ({ url }) => {
      const response = await postRead(url, body);
      return { status: response.status, text: await response.text() };
    }),
  );
  expect(ours).toEqual(theirs);
  expect(ours!.status).toBe(400);
});

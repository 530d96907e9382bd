/**
 * Protobuf exposition scraped by a real Prometheus and by Vestal with one and with three shards: bodies of real servers, native
 * histograms and their limits, exemplars, times of creation, metadata. See scrape-compare.ts.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, test } from "vitest";
import { packageRoot } from "../../src/base/index.js";
import { RESET_GAUGE } from "../../src/model/index.js";
import { type PlainResponse, type ResponsePlan, respond } from "../doubles/exporter.js";
import { histogramOf } from "../golden/histogram-chunks/series.js";
import { type ProtoFamily, protobufBody } from "../support/metric-family.js";
import { api } from "./harness.js";
import { Comparison, type Job, openMetrics, text } from "./scrape-compare.js";

const contentType =
  "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited; escaping=values";
const START_MS = Date.now() - 60_000;

function proto(body: Buffer | readonly ProtoFamily[], how: PlainResponse = {}): ResponsePlan {
  return respond(Buffer.isBuffer(body) ? body : protobufBody(body as readonly ProtoFamily[]), { contentType, ...how });
}

function corpus(name: string): Buffer {
  return readFileSync(join(packageRoot(), "..", "shared", "corpus", name));
}

const many = Object.fromEntries(Array.from({ length: 60 }, (_, i) => [i - 20, 1 + (i % 7)]));

function requests(count: number): ProtoFamily[] {
  return [
    {
      name: "requests_total",
      help: 'Has a \\ and a\nline, and a "quote".',
      type: "counter",
      metrics: [
        { labels: { code: "200", path: 'a"b\\c\nd' }, value: count },
        { labels: { code: "500" }, value: 0, exemplar: { labels: { trace_id: `t${count}` }, value: 0.25 } },
        {
          labels: { code: "404" },
          value: 2 * count,
          createdMs: START_MS,
          exemplar: { labels: { trace_id: `u${count}`, ö: "ü" }, value: -1, timestampMs: START_MS + count },
        },
      ],
    },
    { name: "ünicode.name", type: "gauge", metrics: [{ labels: { "a.b": "1" }, value: -0 }, { value: Number.NaN }] },
    { name: "timed", type: "untyped", metrics: [{ timestampMs: START_MS + count, value: count }] },
    {
      name: "quantiles_seconds",
      unit: "seconds",
      type: "summary",
      metrics: [
        {
          labels: { a: "b" },
          count: 5 * count,
          value: 1.5 * count,
          quantiles: [
            [0.5, 0.1],
            [0.9, 0.2],
            [0.99, 1e-7],
            [1, 3],
          ],
        },
        { labels: { a: "none" }, count, value: 1 },
      ],
    },
    {
      name: "classic",
      type: "histogram",
      metrics: [
        {
          count: 10 * count,
          value: 3.5,
          buckets: [
            [0.005, 1],
            [1, 3, { labels: { t: "x" }, value: 0.5 }],
            [2.5, 4 * count],
            [1e6, 5 * count],
          ],
        },
        {
          labels: { inf: "yes" },
          count: 2,
          value: 1,
          buckets: [
            [1, 1],
            [Number.POSITIVE_INFINITY, 2],
          ],
        },
      ],
    },
    { name: "no_metrics", help: "Nothing of it is shown.", type: "gauge", metrics: [] },
  ];
}

function natives(count: number): ProtoFamily[] {
  const native = histogramOf({
    schema: 3,
    zeroCount: count,
    positive: { 0: count, 1: 0, 2: 7, 9: 2 },
    negative: { [-3]: 1 },
    sum: count / 3,
  });
  return [
    {
      name: "native_seconds",
      help: "Native.",
      type: "histogram",
      metrics: [
        { native, createdMs: START_MS },
        {
          labels: { kind: "both" },
          native: histogramOf({ schema: 1, positive: { 1: count }, sum: 2 }),
          buckets: [
            [0.5, count, { labels: { t: `c${count}` }, value: 0.4, timestampMs: START_MS + count }],
            [1, count],
          ],
        },
        {
          labels: { kind: "float" },
          native: histogramOf({ isFloat: true, schema: 0, zeroCount: 0.5, positive: { [-1]: 0.25 * count, 4: 2 } }),
          exemplars: [
            { labels: { t: "a" }, value: 3, timestampMs: START_MS + 10 * count },
            { labels: { t: "b" }, value: 2, timestampMs: START_MS + 10 * count },
            { labels: { t: "without a time" }, value: 2 },
          ],
        },
        { labels: { kind: "many" }, native: histogramOf({ schema: 8, positive: many, sum: 1 }) },
        { labels: { kind: "empty" }, native: histogramOf({ schema: 2, zeroThreshold: 1e-3 }) },
      ],
    },
    {
      name: "gauge_native",
      type: "gaugehistogram",
      metrics: [{ native: histogramOf({ hint: RESET_GAUGE, schema: 2, positive: { 1: 5, 2: count } }) }],
    },
  ];
}

const invalid: ProtoFamily[] = [
  { name: "fine", type: "gauge", metrics: [{ value: 1 }] },
  { name: "wrong", type: "histogram", metrics: [{ native: { ...histogramOf({ positive: { 1: 3 } }), count: 7 } }] },
];

/** Classic histograms of the text format, good and bad ones. */
function classicText(i: number): string[] {
  return [
    "# TYPE h histogram",
    `h_bucket{le="0.1"} ${i}`,
    `h_bucket{le="1"} ${i}`,
    `h_bucket{le="+Inf"} ${3 * i}`,
    `h_sum ${i / 3}`,
    `h_count ${3 * i}`,
    ...(i === 2 ? [] : [`h_bucket{a="b",le="5"} 2.5`, 'h_count{a="b"} 3']),
    "# TYPE dropped histogram",
    'dropped_bucket{le="+Inf"} 1',
    "dropped_count 1",
    "# TYPE wrong histogram",
    'wrong_bucket{le="1"} 5',
    'wrong_bucket{le="+Inf"} 3',
    "wrong_count 3",
    "# TYPE other gauge",
    'other_bucket{le="1"} 5',
    `steady ${i}`,
  ];
}

/**
 * Many instances behind one target, so that each shard gets some of their series from another one's target. Each has families
 * of its own: Prometheus keeps exemplars of native histograms only of the first ones in a family.
 */
function spread(count: number): ProtoFamily[] {
  return Array.from({ length: 5 }, (_, host) =>
    [...requests(count), ...natives(count)].map((family) => ({
      ...family,
      metrics: family.metrics.map((metric) => ({ ...metric, labels: { ...metric.labels, instance: `host-${host}` } })),
    })),
  ).flat();
}

const JOBS: readonly Job[] = [
  { name: "prometheus", answers: [proto(corpus("prometheus.pb"))] },
  {
    name: "gzipped",
    answers: [proto(requests(1), { gzip: true }), proto(requests(2), { gzip: true }), proto(requests(2))],
  },
  { name: "classics", answers: [proto(requests(1)), proto(requests(2)), proto(requests(4).slice(0, 3))] },
  { name: "natives", answers: [proto(natives(1)), proto(natives(2)), proto([natives(3)[1]!])] },
  {
    name: "natives_fail",
    answers: [proto(natives(1)), proto(natives(2).slice(0, 1), { status: "500 Oh" }), proto(natives(3))],
  },
  {
    name: "both",
    config: { always_scrape_classic_histograms: true },
    answers: [proto(natives(1)), proto(natives(3)), proto(natives(4))],
  },
  {
    name: "limited",
    config: { native_histogram_bucket_limit: 10 },
    answers: [proto(natives(1)), proto(natives(2)), proto(natives(3))],
  },
  {
    name: "refused",
    config: { native_histogram_bucket_limit: 2 },
    answers: [proto(natives(1)), proto([natives(2)[1]!]), proto(natives(3))],
  },
  {
    name: "coarse",
    config: { native_histogram_min_bucket_factor: 1.5 },
    answers: [proto(natives(1)), proto(natives(2)), proto(natives(3))],
  },
  {
    name: "relabelled",
    config: {
      metric_relabel_configs: [
        { source_labels: ["kind"], regex: "both|float", action: "drop" },
        { source_labels: ["kind"], regex: "many", target_label: "instance", replacement: "else" },
      ],
    },
    answers: [proto(natives(1)), proto(natives(2)), proto([natives(2)[1]!])],
  },
  {
    name: "spread",
    config: { honor_labels: true },
    answers: [proto(spread(1)), proto(spread(2)), proto(spread(3).slice(-2))],
  },
  {
    name: "spread_converted",
    config: { honor_labels: true, convert_classic_histograms_to_nhcb: true },
    answers: [proto(spread(1)), proto(spread(2)), proto(spread(3).slice(0, -2))],
  },
  {
    name: "samples",
    config: { sample_limit: 3 },
    answers: [proto(natives(1)), proto([natives(2)[1]!]), proto(natives(2))],
  },
  {
    name: "invalid",
    answers: [
      proto([
        invalid[0]!,
        { name: "wrong", type: "histogram", metrics: [{ native: histogramOf({ positive: { 1: 3 } }) }] },
      ]),
      proto(invalid),
      proto([invalid[0]!]),
    ],
  },
  {
    name: "short",
    answers: [
      proto(protobufBody(requests(1)).subarray(0, 100)),
      proto(requests(2)),
      proto(Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0x01])),
    ],
  },
  { name: "empty", answers: [proto(requests(1)), proto(Buffer.alloc(0)), proto(requests(2))] },
  { name: "becomes_text", answers: [proto(requests(1)), text("requests_total 5"), proto(requests(2))] },
  {
    name: "converted",
    config: { convert_classic_histograms_to_nhcb: true },
    answers: [proto(requests(1)), proto(requests(2)), proto(requests(4).slice(0, 3))],
  },
  {
    name: "converted_fails",
    config: { convert_classic_histograms_to_nhcb: true },
    answers: [proto(requests(1)), proto(requests(2), { status: "500 Oh" }), proto(requests(3))],
  },
  {
    name: "converted_limited",
    config: { convert_classic_histograms_to_nhcb: true, sample_limit: 3 },
    answers: [text(...classicText(1)), text(...classicText(2), "more 1"), text(...classicText(3))],
  },
  {
    name: "converted_too",
    config: { convert_classic_histograms_to_nhcb: true, always_scrape_classic_histograms: true },
    answers: [proto([...requests(1), ...natives(1)]), proto([...requests(2), ...natives(2)]), proto(natives(4))],
  },
  {
    name: "converted_text",
    config: {
      convert_classic_histograms_to_nhcb: true,
      metric_relabel_configs: [{ source_labels: ["__name__"], regex: "dropped", action: "drop" }],
    },
    answers: [1, 2, 3].map((i) => text(...classicText(i))),
  },
  {
    name: "exemplars",
    answers: [1, 2, 3].map((i) =>
      openMetrics(
        "# TYPE e counter",
        `e_total{a="1"} ${i} # {trace_id="o${i}",b="x\\"y"} 1.5`,
        `e_total{a="2"} ${i} # {} -1 ${(START_MS + i) / 1000}`,
        "# TYPE h histogram",
        `h_bucket{le="1"} ${i} # {t="b"} 0.5 ${START_MS / 1000}`,
        `h_bucket{le="+Inf"} ${i}`,
        `h_count ${i}`,
        "h_sum 1",
      ),
    ),
  },
];

let comparison: Comparison;

beforeAll(async () => {
  comparison = await Comparison.start(JOBS, ["--enable-feature=native-histograms,exemplar-storage"]);
  comparison.more.push(
    async (server) => {
      const range = { start: "0", end: String(START_MS / 1000 + 600) };
      const { data } = await api(server, "query_exemplars", { query: '{__name__!=""}', ...range });
      // Those without a time get that of a scrape.
      return (
        data as { seriesLabels: unknown; exemplars: { labels: unknown; value: string; timestamp: number }[] }[]
      ).map(({ seriesLabels, exemplars }) => [
        seriesLabels,
        exemplars.map(({ labels, value, timestamp }) => [
          labels,
          value,
          timestamp < START_MS / 1000 + 50 ? timestamp : "scraped",
        ]),
      ]);
    },
    async (server) => (await api(server, "metadata", {})).data,
  );
});

afterAll(() => comparison?.stop());

test("bodies of all kinds are stored", () => comparison.check(0));
test("values move on, targets fail", () => comparison.check(1));
test("lines vanish, others come back", () => comparison.check(2));

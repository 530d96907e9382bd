/** What scrapes leave behind, beside a real Prometheus that scrapes the same exporter: see scrape-compare.ts. */
import { afterAll, beforeAll, test } from "vitest";
import { respond } from "../doubles/exporter.js";
import { Comparison, type Job, openMetrics, text } from "./scrape-compare.js";

const START_MS = Date.now();
const at = (offsetMs: number) => START_MS + offsetMs;

const JOBS: readonly Job[] = [
  { name: "vanishing", answers: [text("a 1", "b 2", 'c{x="1"} 3'), text("b 2"), text("a 4", "b 5")] },
  { name: "empty", answers: [text("a 1"), "", text("a 2")] },
  { name: "failing", answers: [text("a 1"), respond("no", { status: "500 Internal Server Error" }), text("a 2")] },
  { name: "malformed", answers: [text("a 1"), text("a 1", "b{ 2"), text("a 3")] },
  { name: "slow", answers: [text("a 1"), respond(text("a 2"), { latencyMs: 1500 }), text("a 3")] },
  { name: "typeless", answers: [respond(text("a 1"), { contentType: "" })] },
  {
    name: "typeless_fallback",
    config: { fallback_scrape_protocol: "PrometheusText0.0.4" },
    answers: [respond(text("a 1"), { contentType: "" })],
  },
  { name: "gzipped", answers: [respond(text("a 1", "b 2"), { gzip: true }), respond(text("b 3"), { chunkBytes: 3 })] },
  {
    name: "open",
    answers: [
      openMetrics("# TYPE a counter", 'a_total 1 # {trace="x"} 1', "a_created 1", "# TYPE b gauge", "b 2.5"),
      openMetrics("# TYPE h histogram", 'h_bucket{le="1"} 1', 'h_bucket{le="+Inf"} 2', "h_count 2", "h_sum 1.5"),
      respond("a 1\n", { contentType: "application/openmetrics-text; version=1.0.0" }),
    ],
  },
  {
    name: "sample_limit",
    config: { sample_limit: 3 },
    answers: [text("a 1", "b 1", "c 1"), text("d 2", "a 2", "b 2", "c 2"), text("a 3", "d 3")],
  },
  {
    name: "sample_limit_relabelled",
    config: {
      sample_limit: 2,
      metric_relabel_configs: [{ source_labels: ["__name__"], regex: "drop.*", action: "drop" }],
    },
    answers: [
      text("a 1", "b 1", "drop_1 1", "drop_2 2"),
      text("a 1", "b 1", "c 1", "drop_1 1"),
      text("a 2", "drop_1 1"),
    ],
  },
  {
    name: "label_limit",
    config: { label_limit: 4 },
    answers: [text('a{x="1"} 1'), text('a{x="1"} 1', 'b{x="1",y="2"} 1', "c 1"), text('a{x="1"} 2')],
  },
  {
    name: "label_name_length",
    config: { label_name_length_limit: 10 },
    answers: [text('a{short="1"} 1'), text('a{far_too_long="1"} 1'), text('a{short="1"} 2')],
  },
  {
    name: "label_value_length",
    config: { label_value_length_limit: 30 },
    answers: [text('a{x="1"} 1'), text(`a{x="${"v".repeat(31)}"} 1`), text('a{x="1"} 2')],
  },
  {
    name: "body_size",
    config: { body_size_limit: "100B" },
    answers: [text("a 1"), text(...Array.from({ length: 40 }, (_, i) => `a{i="${i}"} 1`)), text("a 2")],
  },
  {
    name: "body_size_gzip",
    config: { body_size_limit: "100B" },
    answers: [
      text("a 1"),
      respond(text(...Array.from({ length: 40 }, (_, i) => `a{i="${i}"} 1`)), { gzip: true }),
      text("a 2"),
    ],
  },
  {
    name: "times",
    answers: [
      text(`now 1 ${at(0)}`, `duplicate 1 ${at(0)}`, `back 1 ${at(0)}`, `gone 1 ${at(0)}`, "plain 1"),
      text(
        `now 2 ${at(1000)}`,
        `duplicate 2 ${at(0)}`,
        `back 2 ${at(-1000)}`,
        `old 1 ${at(-2 * 3_600_000)}`,
        `ahead 1 ${at(5 * 60_000)}`,
        `too_far 1 ${at(20 * 60_000)}`,
        `plain 2 ${at(2000)}`,
      ),
      text(`now 3 ${at(500)}`, "duplicate 3", "plain 3"),
    ],
  },
  {
    name: "times_ignored",
    config: { honor_timestamps: false },
    answers: [
      text(`now 1 ${at(0)}`, `old 1 ${at(-2 * 3_600_000)}`, `gone 1 ${at(0)}`),
      text(`now 2 ${at(0)}`),
      text("now 3"),
    ],
  },
  {
    name: "times_tracked",
    config: { track_timestamps_staleness: true },
    answers: [text(`now 1 ${at(0)}`, `gone 1 ${at(0)}`), text(`now 2 ${at(1000)}`), text(`now 3 ${at(2000)}`)],
  },
  {
    name: "repeated",
    answers: [
      text("a 1", "a 2", 'b{x="1",y="2"} 1', 'b{y="2",x="1"} 2'),
      text("a 3", "a 3", `c 1 ${at(0)}`, `c 2 ${at(1000)}`),
      text("a 4", 'b{y="2",x="1"} 5'),
    ],
  },
  {
    name: "exported",
    answers: [
      text('a{job="x",instance="y"} 1', 'a{job="x",exported_job="z"} 2', 'a{exported_instance="e"} 3', 'a{job=""} 4'),
      text('a{job="x",instance="y"} 5'),
    ],
  },
  {
    name: "honored",
    config: { honor_labels: true },
    answers: [
      text('a{job="x",instance="y"} 1', 'a{job="",instance=""} 2', 'a{instance="z"} 3', "a 4"),
      text('a{job="x",instance="y"} 5', "a 6"),
      text('a{job="",instance=""} 7'),
    ],
  },
  {
    name: "relabelled",
    config: {
      metric_relabel_configs: [
        { source_labels: ["__name__"], regex: "old_(.*)", target_label: "__name__", replacement: "new_$1" },
        { regex: "secret", action: "labeldrop" },
        { source_labels: ["keep"], regex: "no", action: "drop" },
      ],
    },
    answers: [
      text("old_a 1", 'b{secret="1"} 2', 'b{secret="2"} 3', 'c{keep="no"} 4', 'c{keep="yes"} 5'),
      text('b{secret="3"} 6', 'c{keep="no"} 7'),
      text("old_a 8", "new_a 9"),
    ],
  },
  {
    name: "nameless",
    config: {
      metric_relabel_configs: [{ source_labels: ["x"], regex: "1", target_label: "__name__", replacement: "" }],
    },
    answers: [text('a{x="2"} 1'), text('a{x="2"} 1', 'b{x="1"} 2'), text('a{x="2"} 3')],
  },
  { name: "listed", listed: [true, false, true], answers: [text("a 1"), text("a 1"), text("a 3")] },
  { name: "listed_late", listed: [false, true, false], answers: [text("a 1")] },
  { name: "numbers", answers: [text("a NaN", "b +Inf", "c -Inf", "d 1e-320", "e 0x10", "f -0", "g 1_000")] },
  { name: "utf8", answers: [text('{"with.dots",x="é"} 1', 'a{"label.dots"="1"} 2'), text('a{"label.dots"="1"} 3')] },
];

let comparison: Comparison;

beforeAll(async () => {
  comparison = await Comparison.start(JOBS);
});

afterAll(() => comparison?.stop());

test("first answers", () => comparison.check(0));
test("lines vanish, scrapes fail, limits are hit, a target goes", () => comparison.check(1));
test("all is well again", () => comparison.check(2));

/**
 * Targets whose lines belong to other shards than the target itself: Vestal with one and with three shards shows what a real
 * Prometheus shows, in series, values and staleness. See scrape-compare.ts.
 */
import { afterAll, beforeAll, test } from "vitest";
import { respond } from "../doubles/exporter.js";
import { Comparison, type Job, text } from "./scrape-compare.js";

/** A federated body: series of many instances and jobs behind one target. */
function federated(instances: number, value: number): string {
  return text(
    "# TYPE up untyped",
    ...Array.from({ length: instances }, (_, i) => `up{job="node",instance="host-${i}"} ${value}`),
    "# TYPE requests_total counter",
    ...Array.from(
      { length: instances },
      (_, i) => `requests_total{job="api-${i % 3}",instance="host-${i}"} ${i * value}`,
    ),
  );
}

/** As many lines as make a target number its foreign lines anew after they have gone. */
const CHURN = 1500;

const JOBS: readonly Job[] = [
  {
    name: "federation",
    config: { honor_labels: true },
    answers: [federated(40, 1), federated(25, 2), federated(40, 3)],
  },
  {
    name: "federation_fails",
    config: { honor_labels: true },
    answers: [
      text('f{job="x",instance="1"} 1', 'f{job="x",instance="2"} 1', 'f{job="y",instance="3"} 1'),
      respond("", { status: "503 Service Unavailable" }),
      text('f{job="x",instance="2"} 2'),
    ],
  },
  {
    name: "federation_goes",
    config: { honor_labels: true },
    listed: [true, false, false],
    answers: [text(...Array.from({ length: 12 }, (_, i) => `g{job="g",instance="${i}"} 1`))],
  },
  {
    name: "federation_limited",
    config: { honor_labels: true, sample_limit: 4 },
    answers: [
      text(...Array.from({ length: 4 }, (_, i) => `l{job="l",instance="${i}"} 1`)),
      text(...Array.from({ length: 6 }, (_, i) => `l{job="l",instance="${i + 2}"} 2`)),
      text(...Array.from({ length: 3 }, (_, i) => `l{job="l",instance="${i + 3}"} 3`)),
    ],
  },
  {
    name: "rewritten",
    config: {
      metric_relabel_configs: [
        { source_labels: ["host"], target_label: "instance" },
        { source_labels: ["team"], regex: "(.+)", target_label: "job", replacement: "team-$1" },
        { regex: "host|team", action: "labeldrop" },
      ],
    },
    answers: [
      text(...Array.from({ length: 20 }, (_, i) => `w{host="h${i}",team="${i % 4}"} 1`)),
      text(...Array.from({ length: 20 }, (_, i) => `w{host="h${i + 5}",team="${(i + 5) % 4}"} 2`)),
      text("w 3"),
    ],
  },
  {
    name: "churning",
    config: { honor_labels: true },
    answers: [
      text(...Array.from({ length: CHURN }, (_, i) => `c{job="c",instance="${i}"} 1`)),
      text(...Array.from({ length: 30 }, (_, i) => `c{job="c",instance="${i * 3}"} 2`)),
      text(...Array.from({ length: 20 }, (_, i) => `c{job="c",instance="${i * 6}"} 3`), 'c{job="c",instance="new"} 3'),
    ],
  },
  {
    name: "repeated",
    config: { honor_labels: true },
    answers: [
      text(...Array.from({ length: 8 }, (_, i) => `r{job="r",instance="${i}"} 1\nr{instance="${i}",job="r"} 2`)),
      text(...Array.from({ length: 8 }, (_, i) => `r{job="r",instance="${i}"} 3\nr{job="r",instance="${i}"} 4`)),
      text(...Array.from({ length: 8 }, (_, i) => `r{instance="${i}",job="r"} 5`)),
    ],
  },
];

let comparison: Comparison;

beforeAll(async () => {
  comparison = await Comparison.start(JOBS);
});

afterAll(() => comparison?.stop());

test("lines of all shards are stored", () => comparison.check(0));
test("lines vanish, a target fails, one goes, one churns", () => comparison.check(1));
test("other lines come and go", () => comparison.check(2));

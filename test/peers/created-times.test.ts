/**
 * Times of creation in OpenMetrics text (`_created` lines), scraped by a real Prometheus and by Vestal with one and with three shards,
 * with the feature that stores zeros at them and without: what is a series, what is counted, and every zero.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { queryMatrix, type Server } from "./harness.js";
import { Comparison, type Job, openMetrics, text } from "./scrape-compare.js";

const NOW = Math.trunc(Date.now() / 1000);
/** A time of creation in seconds, with the decimals that clients write. */
const at = (secondsAgo: number, decimals = ""): string => `${NOW - secondsAgo}${decimals}`;

const histogram = (name: string, labels: string, created: string): string[] => [
  ...["0.1", "1", "+Inf"].map((le) => `${name}_bucket{${labels}le="${le}"} 3`),
  `${name}_count${labels === "" ? "" : `{${labels.slice(0, -1)}}`} 3`,
  `${name}_sum${labels === "" ? "" : `{${labels.slice(0, -1)}}`} 1.5`,
  ...(created === "" ? [] : [`${name}_created${labels === "" ? "" : `{${labels.slice(0, -1)}}`} ${created}`]),
];

const job = (name: string, ...phases: (readonly string[])[]): Job => ({
  name,
  answers: phases.map((lines) => openMetrics(...lines)),
});

const JOBS: readonly Job[] = [
  job(
    "counter",
    [
      "# TYPE a counter",
      'a_total{x="1"} 5',
      `a_created{x="1"} ${at(100, ".123")}`,
      'a_total{x="2"} 6',
      "# TYPE g gauge",
      "g 1",
    ],
    // Began anew: a zero at the new time; and one series comes with an old time.
    [
      "# TYPE a counter",
      'a_total{x="1"} 1',
      `a_created{x="1"} ${at(-1, ".5")}`,
      'a_total{x="3"} 6',
      `a_created{x="3"} ${at(50)}`,
    ],
  ),
  job("histogram", [
    "# TYPE h histogram",
    ...histogram("h", "", at(90, ".25")),
    ...histogram("h", 'a="b",', at(80, "e0")),
  ]),
  job("histogram-some", [
    "# TYPE h histogram",
    ...histogram("h", 'a="1",', ""),
    ...histogram("h", 'a="2",', at(70)),
    "# HELP i Other.",
    "# TYPE i histogram",
    ...histogram("i", 'a="1",', at(60)),
  ]),
  job("summary", [
    "# TYPE s summary",
    's{quantile="0.5"} 1',
    's{quantile="0.9",x="y"} 2',
    "s_count 3",
    "s_sum 4",
    `s_created ${at(90, ".999999")}`,
    's_count{x="y"} 3',
    `s_created{x="y"} ${at(95)}`,
  ]),
  job("first", [
    "# TYPE a counter",
    `a_created ${at(50)}`,
    "a_total 1",
    "# TYPE b counter",
    "b_total 2",
    `b_created ${at(51)}`,
  ]),
  job("behind", [
    "# TYPE h histogram",
    "h_count 3",
    `h_created ${at(52)}`,
    "h_sum 1",
    'h_bucket{le="1"} 2',
    "# TYPE a counter",
    'a_total{x="1"} 5',
    `a_created{x="1"} ${at(53)}`,
    'a_total{x="2"} 6',
    'a_total{x="1"} 7 1',
  ]),
  job("order", ["# TYPE a counter", 'a_total{x="1",y="2"} 5', `a_created{y="2",x="1"} ${at(54)}`]),
  job("joined", [
    "# TYPE a counter",
    'a_total{x="12"} 5',
    `a_created{x1="2"} ${at(55)}`,
    'a_total{xy="z"} 5',
    `a_created{x="yz"} ${at(55)}`,
  ]),
  job("other-types", [
    "# TYPE g gauge",
    "g 1",
    `g_created ${at(40)}`,
    "# TYPE u unknown",
    "u 1",
    `u_created ${at(41)}`,
    "# TYPE gh gaugehistogram",
    'gh_bucket{le="+Inf"} 1',
    `gh_created ${at(42)}`,
    "# TYPE i info",
    "i_info 1",
    `i_created ${at(43)}`,
  ]),
  job("untyped", ["a_total 1", `a_created ${at(44)}`, "# HELP b Text.", "b_total 1", `b_created ${at(45)}`]),
  job("broken-up", [
    "# TYPE a counter",
    "a_total 1",
    "# HELP a Text.",
    `a_created ${at(46)}`,
    "# TYPE b counter",
    "# UNIT b_seconds seconds",
    "b_total 1",
    `b_created ${at(47)}`,
    "# TYPE c_seconds counter",
    "# UNIT c_seconds seconds",
    "# HELP c_seconds Text.",
    'c_seconds_total{x="1"} 1',
    'c_seconds_total{x="2"} 1',
    `c_seconds_created{x="2"} ${at(48)}`,
    `c_seconds_created{x="1"} ${at(49)}`,
  ]),
  job("type-with-total", [
    "# TYPE a_total counter",
    "a_total 1",
    `a_created ${at(30)}`,
    "a_total_other 1",
    `a_total_created ${at(31)}`,
  ]),
  job("only-created", [
    "# TYPE a counter",
    `a_created ${at(32)}`,
    `created ${at(32)}`,
    `_created ${at(32)}`,
    "# TYPE b counter",
    "b_total 1",
  ]),
  job("quoted", [
    '# TYPE "a.b" counter',
    '{"a.b_total",x="1"} 5',
    `{"a.b_created",x="1"} ${at(33)}`,
    '{"a.b_total","ü"="\\"}{,"} 5',
    `{"a.b_created","ü"="\\"}{,"} ${at(34)}`,
    "# TYPE c counter",
    '{"c_total"} 5',
    `c_created{} ${at(35)}`,
  ]),
  job("numbers", [
    "# TYPE a counter",
    'a_total{x="1"} 5',
    'a_created{x="1"} NaN',
    'a_total{x="2"} 5',
    'a_created{x="2"} 0',
    'a_total{x="3"} 5',
    'a_created{x="3"} -5',
    'a_total{x="4"} 5',
    `a_created{x="4"} ${at(-3600)}`,
    'a_total{x="5"} 5',
    `a_created{x="5"} ${at(20)}.1234567890123456789012345678901234567890`,
    'a_total{x="6"} 5',
    'a_created{x="6"} +Inf',
    'a_total{x="7"} 5',
    'a_created{x="7"} 1e300',
    'a_total{x="8"} 5',
    `a_created{x="8"} ${at(21)} ${at(1)} # {trace="no"} 1`,
    'a_total{x="9"} 5 # {trace="yes"} 1',
    `a_created{x="9"} ${at(22)}`,
  ]),
  job("timed", [
    "# TYPE a counter",
    `a_total{x="1"} 5 ${at(10)}`,
    `a_created{x="1"} ${at(12)}`,
    `a_total{x="2"} 5 ${at(10)}`,
    `a_created{x="2"} ${at(10)}`,
    `a_total{x="3"} 5 ${at(10)}`,
    `a_created{x="3"} ${at(9)}`,
  ]),
  job("repeated", ["# TYPE a counter", "a_total 5", "a_total 6", `a_created ${at(14)}`]),
  // The type changes: what was a series ends, and what was none begins.
  job(
    "retyped",
    ["# TYPE a counter", "a_total 1", `a_created ${at(15)}`, "# TYPE b gauge", "b_total 1", `b_created ${at(16)}`],
    ["# TYPE a gauge", "a_total 1", `a_created ${at(15)}`, "# TYPE b counter", "b_total 1", `b_created ${at(16)}`],
    ["# TYPE a counter", "a_total 1", `a_created ${at(15)}`, "# TYPE b gauge", "b_total 1", `b_created ${at(16)}`],
  ),
  {
    ...job("relabelled", [
      "# TYPE h histogram",
      ...histogram("h", 'a="b",', at(17)),
      "# TYPE a counter",
      "a_total 1",
      `a_created ${at(18)}`,
    ]),
    config: {
      metric_relabel_configs: [
        { source_labels: ["__name__"], regex: "h_bucket|.*_created", action: "drop" },
        { source_labels: ["a"], regex: "(.+)", target_label: "instance", replacement: "elsewhere-$1" },
      ],
    },
  },
  { ...job("limited", ["# TYPE a counter", "a_total 1", `a_created ${at(19)}`]), config: { sample_limit: 1 } },
  job("refused", ["# TYPE a counter", "a_total 1", `a_created ${at(19)}`, "a_total{ 5"]),
  job("refused-time", ["# TYPE a counter", "a_total 1", "a_created x", "a_total 5"]),
  { name: "plain-text", answers: [text("# TYPE a counter", "a_total 1", `a_created ${at(20)}`)] },
];

describe.each([
  {
    form: "with the feature",
    args: ["--enable-feature=created-timestamp-zero-ingestion,exemplar-storage,extra-scrape-metrics"],
  },
  { form: "without it", args: ["--enable-feature=exemplar-storage,extra-scrape-metrics"] },
])("$form", ({ args }) => {
  let comparison: Comparison;

  beforeAll(async () => {
    comparison = await Comparison.start(JOBS, args);
    comparison.more.push(samplesAtCreation);
  });

  afterAll(() => comparison.stop());

  test("zeros are stored only with the feature", async () => {
    await comparison.check(0);
    const shown = (await Promise.all(comparison.servers.map(samplesAtCreation))).map(zerosOf);
    for (const zeros of shown) args[0]!.includes("created") ? expect(zeros).toBeGreaterThan(30) : expect(zeros).toBe(0);
  });

  test.each([0, 1, 2])("phase %i looks as in Prometheus", async (phase) => {
    await comparison.check(phase);
  });
});

/** Samples at times that do not depend on the moment of a scrape, all of which come after `NOW`: zeros, and what brings its own time. */
async function samplesAtCreation(server: Server): Promise<string[]> {
  const matrix = await queryMatrix(server, '{job!=""}[10m]', NOW + 300);
  const shown = matrix.flatMap(({ metric, values = [] }) =>
    values
      .filter(([time, value]) => (value === "0" || time % 1 === 0) && (time <= NOW || time === NOW + 1.5))
      .map(([time, value]) => `${JSON.stringify(Object.entries(metric).sort())} ${time} ${value}`),
  );
  expect(shown.length, "samples at times of their own").toBeGreaterThan(0);
  return shown.sort();
}

function zerosOf(shown: readonly string[]): number {
  return shown.filter((sample) => sample.endsWith(" 0")).length;
}

import fc from "fast-check";
import { expect, test } from "vitest";
import { TestShard } from "../../test/twins/exposition/shard.js";
import { Labels, METRIC_NAME } from "../model/index.js";
import { formatFor, formatGoFloat, type MetricFamily, parseSeriesText, writeExposition } from "./index.js";

const families: MetricFamily[] = [
  {
    name: "jobs_total",
    help: 'Done\nand "quoted" \\',
    type: "counter",
    samples: [{ labels: [["a", 'x"\\\n']], value: 3 }],
  },
  { name: "temp", help: "", type: "untyped", samples: [{ labels: [], value: 1e6, timestampMs: 1500 }] },
  { name: "my.metric", help: "dots", type: "gauge", samples: [{ labels: [["a b", "c"]], value: -0.5 }] },
  {
    name: "lat",
    help: "h",
    type: "histogram",
    samples: [
      { suffix: "_bucket", labels: [["le", 1]], value: 2_000_000 },
      { suffix: "_bucket", labels: [["le", Infinity]], value: 2_000_000 },
      { suffix: "_sum", labels: [], value: 7 },
      { suffix: "_count", labels: [], value: 2_000_000 },
    ],
  },
];

test("text 0.0.4 as the client library writes it", () => {
  expect(writeExposition(families, "text")).toBe(
    [
      '# HELP jobs_total Done\\nand "quoted" \\\\',
      "# TYPE jobs_total counter",
      'jobs_total{a="x\\"\\\\\\n"} 3',
      "# HELP temp ",
      "# TYPE temp untyped",
      "temp 1e+06 1500",
      '# HELP "my.metric" dots',
      '# TYPE "my.metric" gauge',
      '{"my.metric","a b"="c"} -0.5',
      "# HELP lat h",
      "# TYPE lat histogram",
      'lat_bucket{le="1"} 2e+06',
      'lat_bucket{le="+Inf"} 2e+06',
      "lat_sum 7",
      "lat_count 2e+06",
      "",
    ].join("\n"),
  );
});

test("OpenMetrics as the client library writes it", () => {
  expect(writeExposition(families, "openmetrics")).toBe(
    [
      '# HELP jobs Done\\nand \\"quoted\\" \\\\',
      "# TYPE jobs counter",
      'jobs_total{a="x\\"\\\\\\n"} 3.0',
      "# HELP temp ",
      "# TYPE temp unknown",
      "temp 1e+06 1.5",
      '# HELP "my.metric" dots',
      '# TYPE "my.metric" gauge',
      '{"my.metric","a b"="c"} -0.5',
      "# HELP lat h",
      "# TYPE lat histogram",
      'lat_bucket{le="1.0"} 2000000',
      'lat_bucket{le="+Inf"} 2000000',
      "lat_sum 7.0",
      "lat_count 2000000",
      "# EOF",
      "",
    ].join("\n"),
  );
});

for (const [value, text] of [
  [0, "0"],
  [-0, "-0"],
  [999999, "999999"],
  [1e6, "1e+06"],
  [123456789, "1.23456789e+08"],
  [0.0001, "0.0001"],
  [0.00001, "1e-05"],
  [1.5e-7, "1.5e-07"],
  [1e100, "1e+100"],
  [NaN, "NaN"],
  [-Infinity, "-Inf"],
] as const) {
  test(`${value} is written as Go writes it: ${text}`, () => {
    expect(formatGoFloat(value)).toBe(text);
  });
}

for (const [accept, format] of [
  ["", "text"],
  ["*/*", "text"],
  ["application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.4", "openmetrics"],
  ["application/openmetrics-text;version=2.0.0,text/plain;version=0.0.4;q=0.4", "text"],
  ["application/openmetrics-text;version=0.0.1;q=0.2,text/plain;q=0.5", "text"],
] as const) {
  test(`Accept: ${accept || "(none)"} is answered with ${format}`, () => {
    expect(formatFor(accept)).toBe(format);
  });
}

test("what is written reads back as the same series and bits, in both formats", () => {
  const shard = new TestShard({ pages: 32, stagingRows: 100, bodyBytes: 100_000 });
  const name = fc.oneof(
    fc.constantFrom("a", "b_c", "d:e"),
    fc.string({ unit: "grapheme", minLength: 1, maxLength: 8 }),
  );
  const label = fc.oneof(fc.constantFrom("x", "y_1"), fc.string({ unit: "grapheme", minLength: 1, maxLength: 8 }));
  const usable = (text: string) => text !== METRIC_NAME && !text.includes("\0") && !/\\(.|$)/s.test(text);
  const labels = fc.dictionary(
    label.filter(usable),
    fc.string({ unit: "grapheme", minLength: 1 }).filter((v) => !v.includes("\0")),
    {
      maxKeys: 4,
    },
  );
  fc.assert(
    fc.property(
      name.filter(usable),
      labels,
      fc.double().map((number) => (number === 0 ? 0 : number)), // the sign of zero is not written
      fc.constantFrom("text" as const, "openmetrics" as const),
      (metric, pairs, value, format) => {
        const body = writeExposition(
          [{ name: metric, help: "h", type: "gauge", samples: [{ labels: Object.entries(pairs), value }] }],
          format,
        );
        const target = shard.parser.openTarget() ?? 0;
        const outcome = shard.parser.parse(
          target,
          shard.input(shard.load(body), { isOpenMetrics: format === "openmetrics" }),
        );
        expect([body, outcome]).toMatchObject([body, { status: "parsed", samples: 1 }]);
        const line = Array.from({ length: 3 }, (_, i) => shard.parser.newLine(target, i)).find(
          (found) => found.row === 0,
        )!;
        const series = parseSeriesText(shard.bytes.subarray(line.text, line.text + line.textBytes), line.type);
        expect(series.pairs).toEqual(Labels.of({ ...pairs, [METRIC_NAME]: metric }).pairs);
        const bits = Number.isNaN(value)
          ? 0x7ff8000000000001n
          : new BigUint64Array(new Float64Array([value]).buffer)[0];
        expect(shard.row(0).bits).toBe(bits);
        shard.parser.closeTarget(target);
      },
    ),
    { numRuns: 500 },
  );
});

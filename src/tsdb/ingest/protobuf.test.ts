/** What a scrape stores beside plain values: zeros at times of creation, histograms, exemplars; and what limits refuse. */
import { expect, test } from "vitest";
import { makeShard } from "../../../perf/ingest/shard-fixture.js";
import { histogramOf } from "../../../test/golden/histogram-chunks/series.js";
import { type ProtoFamily, protobufBody } from "../../../test/support/metric-family.js";
import { compileKernels, QueryMemory, startKernels } from "../../memory/index.js";
import { Matcher } from "../../model/index.js";
import { type ChunkKernels, type Head, HeadReader, HeadsQuerier } from "../head/index.js";

const query = compileKernels("query");
const T = 1_700_000_000_000;

/** Times and values of a metric's only series, histograms by their count. */
function samplesOf(head: Head, metric: string): [number, number][] {
  const memory = new QueryMemory(1 << 26);
  const querier = new HeadsQuerier(
    [new HeadReader(head.memory, 0)],
    memory,
    startKernels<ChunkKernels>(query, memory.memory),
  );
  const hints = { minTimeMs: 0, maxTimeMs: 1e15, stepMs: 0, func: "" };
  const set = querier.selectAll([{ matchers: [new Matcher("=", "__name__", metric)], hints }])[0]!;
  expect(set.count, metric).toBe(1);
  const sink = {
    reserve: (count: number) => ({
      timesAddr: memory.allocate(8 * count + 8),
      valuesAddr: memory.allocate(8 * count + 8),
    }),
    memory: memory.memory,
  };
  const { timesAddr, valuesAddr, count, histograms } = set.samples(0, 0, 1e15, sink);
  const view = new DataView(memory.memory.buffer);
  return Array.from({ length: count }, (_, i) => [
    view.getFloat64(timesAddr + 8 * i, true) - T,
    histograms?.[i]?.count ?? view.getFloat64(valuesAddr + 8 * i, true),
  ]);
}

function counters(value: number, createdMs: number): ProtoFamily[] {
  return [
    { name: "c_total", type: "counter", metrics: [{ value, createdMs }] },
    { name: "g", type: "gauge", metrics: [{ value }] },
    {
      name: "h",
      type: "histogram",
      metrics: [{ native: histogramOf({ schema: 2, positive: { 1: value } }), createdMs }],
    },
  ];
}

test("a zero is stored once at the time a counter was made, before its first sample and after each reset", () => {
  const shard = makeShard(1024);
  const target = shard.openTarget("a", { isNative: true, hasCreatedZeros: true });
  const scrape = (timeMs: number, value: number, createdMs: number): void => {
    const body = protobufBody(counters(value, T + createdMs));
    expect(shard.scrape(target, body, T + timeMs, "protobuf").error).toBeUndefined();
  };
  scrape(1000, 5, 400);
  scrape(2000, 7, 400);
  scrape(3000, 2, 2500);
  // One that lies before what is stored is passed over without a word.
  scrape(4000, 3, 2700);
  const wanted = [
    [400, 0],
    [1000, 5],
    [2000, 7],
    [2500, 0],
    [3000, 2],
    [4000, 3],
  ];
  expect(samplesOf(shard.head, "c_total")).toEqual(wanted);
  expect(samplesOf(shard.head, "h")).toEqual(wanted);
  expect(samplesOf(shard.head, "g").length).toBe(4);
  shard.close();
});

test("without the option there are no zeros", () => {
  const shard = makeShard(1024);
  const target = shard.openTarget("a", { isNative: true });
  shard.scrape(target, protobufBody(counters(5, T + 400)), T + 1000, "protobuf");
  expect(samplesOf(shard.head, "c_total")).toEqual([[1000, 5]]);
  shard.close();
});

test("lines of OpenMetrics that say when a counter was made are zeros with the option, and series without it", () => {
  const shard = makeShard(1024);
  const lines = ["# TYPE a counter", "a_total 5", `a_created ${T / 1000 + 0.4}`, "# TYPE b counter", "b_total 1"];
  const body = Buffer.from(`${lines.join("\n")}\n# EOF\n`);
  const wanted = shard.scrape(shard.openTarget("a", { hasCreatedZeros: true }), body, T + 1000, "openmetrics");
  expect(wanted).toMatchObject({ error: undefined, samplesScraped: 2, seriesAdded: 2 });
  expect(samplesOf(shard.head, "a_total")).toEqual([
    [400, 0],
    [1000, 5],
  ]);
  expect(samplesOf(shard.head, "b_total")).toEqual([[1000, 1]]);
  const other = shard.scrape(shard.openTarget("b"), body, T + 1000, "openmetrics");
  expect(other).toMatchObject({ error: undefined, samplesScraped: 3, seriesAdded: 3 });
  expect(samplesOf(shard.head, "a_created")).toEqual([[1000, T / 1000 + 0.4]]);
  shard.close();
});

test("a target whose native histograms are not stored counts them, and makes no series of them", () => {
  const shard = makeShard(1024);
  const target = shard.openTarget("a");
  const outcome = shard.scrape(target, protobufBody(counters(5, T)), T + 1000, "protobuf");
  expect(outcome).toMatchObject({ error: undefined, samplesScraped: 3, samplesAfterRelabelling: 2, seriesAdded: 2 });
  shard.close();
});

test("a histogram that vanishes ends with a staleness marker of its kind", () => {
  const shard = makeShard(1024);
  const target = shard.openTarget("a", { isNative: true });
  shard.scrape(target, protobufBody(counters(5, T)), T + 1000, "protobuf");
  shard.scrape(target, protobufBody(counters(5, T).slice(0, 2)), T + 2000, "protobuf");
  // A marker counts nothing.
  expect(samplesOf(shard.head, "h")).toEqual([
    [1000, 5],
    [2000, 0],
  ]);
  shard.close();
});

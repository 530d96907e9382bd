/**
 * A head of 200,000 series with 10 labels: bytes a series, cost of making one, of a sample appended, selected and decoded.
 *
 *   node dist/perf/tsdb/head.bench.js [series]
 */

import { compileKernels, QueryMemory, startKernels } from "../../src/memory/index.js";
import { Labels, Matcher } from "../../src/model/index.js";
import { type ChunkKernels, Head, HeadReader, HeadsQuerier } from "../../src/tsdb/head/index.js";

const SERIES = Number(process.argv[2] ?? 200_000);
const SERIES_A_TARGET = 1000;
const SCRAPES = 120;

/** Ten labels, as a Kubernetes target has them: most shared by the target, two by few series. */
function labelsOf(i: number): Labels {
  const target = Math.floor(i / SERIES_A_TARGET);
  return Labels.of({
    __name__: `metric_${i % 200}_total`,
    container: "app",
    endpoint: "http",
    instance: `10.0.${target >> 8}.${target & 255}:8080`,
    job: `job-${target % 20}`,
    le: String(Math.floor((i % SERIES_A_TARGET) / 200)),
    namespace: `ns-${target % 10}`,
    path: `/api/v1/${i % 40}`,
    pod: `app-${target}-7d9f8b-abcde`,
    service: "app",
  });
}

function ms(work: () => void): number {
  const start = performance.now();
  work();
  return performance.now() - start;
}

const head = Head.create({ shardIndex: 0, shardCount: 1, limitPages: 16384 }, compileKernels("ingest"));
head.setRefRange(1, 2 ** 30);
const slots = new Int32Array(SERIES);
const makeMs = ms(() => {
  for (let i = 0; i < SERIES; i++) slots[i] = head.resolveLabels(labelsOf(i));
});
const bare = head.memoryUse();
const findMs = ms(() => {
  for (let i = 0; i < SERIES; i += 10) head.resolveLabels(labelsOf(i));
});

const counters = Float64Array.from(slots, (_, i) => i);
const validateMs: number[] = [];
const appendMs: number[] = [];
const publishMs: number[] = [];
head.reserveStaging(SERIES_A_TARGET);
for (let scrape = 0; scrape < SCRAPES; scrape++) {
  for (let first = 0; first < SERIES; first += SERIES_A_TARGET) {
    const time = 1_700_000_000_000 + scrape * 15_000 + (first % 97);
    for (let i = 0; i < SERIES_A_TARGET; i++) {
      // A third stands still, a third counts, a third is a gauge.
      const kind = (first + i) % 3;
      const value = counters[first + i]!;
      counters[first + i] = kind === 0 ? value : kind === 1 ? value + (i % 7) : Math.fround(value * 1.01 + 0.1);
      head.stageRow(i, slots[first + i]!, time, value);
    }
    const t0 = performance.now();
    head.validate(SERIES_A_TARGET, 0);
    const t1 = performance.now();
    head.append(SERIES_A_TARGET);
    const t2 = performance.now();
    head.publish();
    const t3 = performance.now();
    validateMs.push(t1 - t0);
    appendMs.push(t2 - t1);
    publishMs.push(t3 - t2);
  }
}
const full = head.memoryUse();

const memory = new QueryMemory(2 ** 30);
const querier = new HeadsQuerier(
  [new HeadReader(head.memory, 0)],
  memory,
  startKernels<ChunkKernels>(compileKernels("query"), memory.memory),
);
const hints = { minTimeMs: 0, maxTimeMs: 2 ** 50, stepMs: 0, func: "" };
const matchers = [new Matcher("=~", "__name__", "metric_1.?_total"), new Matcher("!=", "job", "job-3")];
let set = querier.select(matchers, hints);
const selectMs = Math.min(
  ...Array.from({ length: 5 }, () => {
    memory.releaseTo(65536);
    return ms(() => {
      set = querier.select(matchers, hints);
    });
  }),
);
let decoded = 0;
const timesAddr = memory.allocate(8 * 1024);
const valuesAddr = memory.allocate(8 * 1024);
const sink = { memory: memory.memory, reserve: () => ({ timesAddr, valuesAddr }) };
const decodeMs = Math.min(
  ...Array.from({ length: 5 }, () => {
    decoded = 0;
    return ms(() => {
      for (let i = 0; i < set.count; i++) decoded += set.samples(i, 0, 2 ** 50, sink).count;
    });
  }),
);
/** Of all commits: the fastest tenth is what the code costs, the rest is what the machine adds. */
function nsSample(all: number[]): string {
  all.sort((a, b) => a - b);
  const at = (part: number) => ((all[Math.floor(all.length * part)]! * 1e6) / SERIES_A_TARGET).toFixed(1);
  return `${at(0.01)} / ${at(0.1)} / ${at(0.5)} ns (1st, 10th, 50th percentile)`;
}
console.log({
  bytesPerSeriesWithoutChunks: Math.round(bare.touchedBytes / SERIES),
  bytesPerSeries: Math.round(full.touchedBytes / SERIES),
  liveBytesPerSeries: Math.round(full.liveBytes / SERIES),
  makeSeries: `${((makeMs * 1000) / SERIES).toFixed(2)} µs`,
  findSeries: `${((findMs * 10_000) / SERIES).toFixed(2)} µs`,
  validate: nsSample(validateMs),
  append: nsSample(appendMs),
  publish: nsSample(publishMs),
  select: `${selectMs.toFixed(2)} ms for ${set.count} series`,
  decode: `${((decodeMs * 1e6) / decoded).toFixed(1)} ns a sample of ${decoded}`,
});

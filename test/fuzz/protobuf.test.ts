/**
 * Bodies of real servers and made ones, mutated at random: a scrape is stored or fails with a message, no byte sequence traps a
 * kernel, hangs or makes the head grow for ever. FUZZ_SECONDS and SEED as for the other fuzz tests.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { makeShard } from "../../perf/ingest/shard-fixture.js";
import { packageRoot } from "../../src/base/index.js";
import { histogramOf } from "../golden/histogram-chunks/series.js";
import { protobufBody } from "../support/metric-family.js";

const SECONDS = Number(process.env["FUZZ_SECONDS"] ?? 2);
const SEED = Number(process.env["SEED"] ?? Date.now() % 2 ** 31);

const seeds = [
  readFileSync(join(packageRoot(), "..", "shared", "corpus", "prometheus.pb")).subarray(0, 20_000),
  protobufBody([
    {
      name: "c_total",
      help: "h",
      type: "counter",
      metrics: [
        { labels: { a: "b" }, value: 1, createdMs: 1e12, exemplar: { labels: { t: "1" }, value: 2, timestampMs: 3 } },
      ],
    },
    {
      name: "s_seconds",
      unit: "seconds",
      type: "summary",
      metrics: [
        {
          count: 1,
          value: 2,
          quantiles: [
            [0.5, 1],
            [0.9, 2],
          ],
        },
      ],
    },
    {
      name: "n",
      type: "histogram",
      metrics: [
        {
          native: histogramOf({ positive: { 1: 2, 9: 3 }, negative: { [-3]: 4 } }),
          buckets: [
            [1, 2],
            [2, 5],
          ],
          exemplars: [{ labels: { a: "b" }, value: 1, timestampMs: 5 }],
        },
      ],
    },
    { name: "f", type: "gaugehistogram", metrics: [{ native: histogramOf({ isFloat: true, positive: { 1: 2.5 } }) }] },
  ]),
];

test(`mutated bodies (seed ${SEED})`, () => {
  let state = SEED;
  const random = (below: number): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const shard = makeShard(4096);
  const options = { isNative: true, isClassicToo: true, bucketsMax: 100, schemaMax: 5, hasCreatedZeros: true };
  const target = shard.openTarget("fuzz", options);
  const deadline = performance.now() + SECONDS * 1000;
  let failed = 0;
  let runs = 0;
  let used = 0;
  while (performance.now() < deadline) {
    const body = mutate(seeds[random(seeds.length)]!, random);
    const started = performance.now();
    const outcome = shard.scrape(target, body, 1_700_000_000_000 + runs * 1000, "protobuf");
    expect(performance.now() - started, `run ${runs}`).toBeLessThan(2000);
    if (outcome.error !== undefined) failed++;
    runs++;
    // What the first runs made (series, regions, texts) is there; what bodies bring must not pile up beside series.
    if (runs === 50) used = shard.head.memoryUse().liveBytes;
  }
  expect(runs).toBeGreaterThan(50);
  expect(failed).toBeGreaterThan(0);
  expect(failed).toBeLessThan(runs);
  expect(shard.head.memoryUse().liveBytes - used).toBeLessThan(64 * 1024 * 1024);
  shard.close();
});

function mutate(seed: Buffer, random: (below: number) => number): Buffer {
  let body = Buffer.from(seed);
  for (let changes = random(4); changes >= 0 && body.length > 0; changes--) {
    const at = random(body.length);
    switch (random(5)) {
      case 0:
        body[at] = random(256);
        break;
      case 1:
        body[at] = body[at]! ^ (1 << random(8));
        break;
      case 2:
        body = body.subarray(0, at);
        break;
      case 3: {
        const end = at + random(Math.min(200, body.length - at));
        body = Buffer.concat([body.subarray(0, end), body.subarray(at)]);
        break;
      }
      default:
        body = Buffer.concat([body.subarray(0, at), body.subarray(at + random(8))]);
    }
  }
  return body;
}

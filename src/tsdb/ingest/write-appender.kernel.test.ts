/** Requests over three shards, and mutated ones: the release and the debug kernels agree, and with what the request says. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compressSync } from "snappy";
import { afterEach, describe, expect, test } from "vitest";
import { COUNTER_SAMPLES_APPENDED, COUNTER_SERIES } from "../../../assembly/layout.js";
import { type WriteSeries, writeRequestV1, writeRequestV2 } from "../../../test/support/write-request.js";
import { makeWriteShard, type WriteShard } from "../../../test/support/write-shard.js";
import { Labels } from "../../model/index.js";
import { shardOf } from "../../shard/index.js";
import type { WriteOutcome } from "./index.js";

const folders: string[] = [];
const open: WriteShard[] = [];

afterEach(() => {
  for (const shard of open.splice(0)) shard.close();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function makeShards(variant: "release" | "debug", shardCount: number): WriteShard[] {
  const folder = mkdtempSync(join(tmpdir(), "vestal-write-"));
  folders.push(folder);
  const shards = Array.from({ length: shardCount }, (_, shard) =>
    makeWriteShard({ variant, shard, shardCount, walDir: join(folder, `wal-${shard}`) }),
  );
  open.push(...shards);
  return shards;
}

const START_MS = 1_700_000_000_000;

function manySeries(count: number, timeMs: number): WriteSeries[] {
  return Array.from({ length: count }, (_, i) => ({
    labels: [
      ["__name__", `metric_${i % 7}`],
      ["instance", `host-${i % 50}`],
      ["job", `job-${i % 11}`],
      ["serial", String(i)],
    ],
    samples: [
      { timeMs: timeMs - 500, value: i },
      { timeMs, value: i + 0.5 },
    ],
  }));
}

describe.each(["release", "debug"] as const)("%s kernels", (variant) => {
  test.each([1, 2] as const)("version %i: each series is stored by its shard alone, and found again", (version) => {
    const shards = makeShards(variant, 3);
    const encode = version === 1 ? writeRequestV1 : writeRequestV2;
    for (const round of [0, 1, 2]) {
      const series = manySeries(3000, START_MS + round * 1000);
      const body = compressSync(Buffer.from(encode(series)));
      let samples = 0;
      for (const shard of shards) {
        const outcome = shard.writer.append(version, body);
        expect(outcome).toMatchObject({ malformed: undefined, refusals: [], invalidSeries: 0 });
        samples += outcome.samples;
      }
      expect(samples).toBe(6000);
      for (const { labels, samples: stored } of series.filter((_, i) => i % 97 === 0)) {
        const set = Labels.of(Object.fromEntries(labels) as Record<string, string>);
        const owner = shardOf(set, 3);
        for (const [index, { head }] of shards.entries()) expect(head.findLabels(set) >= 0).toBe(index === owner);
        expect(shards[owner]!.lastValue(set)).toBe(stored[1]!.value);
      }
    }
    expect(shards.reduce((sum, { head }) => sum + head.counter(COUNTER_SERIES), 0)).toBe(3000);
    expect(shards.reduce((sum, { head }) => sum + head.counter(COUNTER_SAMPLES_APPENDED), 0)).toBe(18_000);
  });

  test("labels in any order and place name the same series", () => {
    const [shard] = makeShards(variant, 1);
    const pairs: [string, string][] = Array.from({ length: 200 }, (_, i) => [`label_${i}`, `v${i}`]);
    pairs.push(["__name__", "wide"], ["empty", ""]);
    const set = Labels.of(Object.fromEntries(pairs.filter(([, value]) => value !== "")));
    for (let round = 0; round < 5; round++) {
      const shuffled = pairs.toSorted((a, b) => ((a[0].length * 7 + round * 13) % 5) - ((b[0].length * 3) % 5));
      const series = [{ labels: shuffled, samples: [{ timeMs: START_MS + round, value: round }] }];
      for (const [version, encode] of [
        [1, writeRequestV1],
        [2, writeRequestV2],
      ] as const) {
        expect(shard!.writer.append(version, compressSync(Buffer.from(encode(series)))).refusals).toEqual([]);
      }
    }
    expect(shard!.head.counter(COUNTER_SERIES)).toBe(1);
    expect(shard!.lastValue(set)).toBe(4);
  });
});

test("mutated requests: both kernels say the same, and hold no memory", () => {
  const seed = Number(process.env["FUZZ_SEED"] ?? 7);
  const rounds = Number(process.env["FUZZ_ROUNDS"] ?? 1500);
  const shards = (["release", "debug"] as const).map((variant) => makeShards(variant, 1)[0]!);
  const random = randomOf(seed);
  const bodies = [1, 2].map((version) =>
    Buffer.from((version === 1 ? writeRequestV1 : writeRequestV2)(manySeries(4, START_MS))),
  );
  const used: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const version = round % 2 === 0 ? 1 : 2;
    const body = Buffer.from(bodies[version - 1]!);
    for (let i = Math.floor(random() * 6); i >= 0; i--) {
      body[Math.floor(random() * body.length)] = random() < 0.3 ? 0xff : Math.floor(random() * 256);
    }
    let sent = compressSync(random() < 0.2 ? body.subarray(0, Math.floor(random() * body.length)) : body);
    if (random() < 0.3) {
      sent = Buffer.from(sent);
      sent[Math.floor(random() * sent.length)] = Math.floor(random() * 256);
    }
    const [release, debug] = shards.map((shard): WriteOutcome => shard.writer.append(version, sent));
    expect({ round, seed, ...debug }).toEqual({ round, seed, ...release });
    if (round === rounds >> 1) used.push(shards[0]!.head.memoryUse().touchedBytes);
  }
  // Series that mutated labels made stay; bodies do not.
  expect(shards[0]!.head.memoryUse().touchedBytes - used[0]!).toBeLessThan(rounds * 4096);
});

test("what a request may not have", () => {
  const [shard] = makeShards("release", 1);
  const many = Array.from({ length: 10_001 }, (_, i) => ({ timeMs: START_MS + i, value: i }));
  const series = [{ labels: [["__name__", "m"] as const], samples: many }];
  const body = compressSync(Buffer.from(writeRequestV1(series)));
  expect(shard!.writer.append(1, body).malformed).toEqual({
    reason: "limit",
    message: "request has more than 10000 samples",
  });
  // A block that declares more than it can hold.
  expect(shard!.writer.append(1, Uint8Array.of(0xff, 0xff, 0x3f, 0)).malformed?.reason).toBe("corrupt");
  const labels = Array.from({ length: 5000 }, (_, i): [string, string] => [`l${i}`, "v"]);
  labels.push(["__name__", "m"]);
  const wide = compressSync(Buffer.from(writeRequestV1([{ labels, samples: many.slice(0, 1) }])));
  expect(shard!.writer.append(1, wide).refusals).toEqual([
    { series: 0, message: "label set is too long to be stored" },
  ]);
  expect(shard!.head.counter(COUNTER_SERIES)).toBe(0);
});

/** mulberry32 */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

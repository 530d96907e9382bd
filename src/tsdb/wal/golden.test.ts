/** Logs that a real Prometheus wrote and was killed over, against what its API answered before (test/golden/wal). */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { HandHead } from "../../../test/fault/hand-head.js";
import { packageRoot, systemFiles } from "../../base/index.js";
import { isStaleWords, Labels } from "../../model/index.js";
import { lastCheckpoint, type ReplayOptions, replayInto } from "./index.js";

const GOLDEN = join(packageRoot(), "test", "golden", "wal");

interface Answer {
  readonly data: {
    readonly result: readonly {
      readonly metric: Readonly<Record<string, string>>;
      readonly values?: readonly (readonly [number, string])[];
    }[];
  };
}

/** The answer's float samples by label set, as `ms value`. */
function answered(name: string): Map<string, string[]> {
  const answer = JSON.parse(gunzipSync(readFileSync(join(GOLDEN, name, "answer.json.gz"))).toString()) as Answer;
  const series = new Map<string, string[]>();
  for (const { metric, values } of answer.data.result) {
    if (values === undefined) continue;
    const samples = values.map(
      ([seconds, value]) => `${Math.round(seconds * 1000)} ${Number(value.replace("Inf", "Infinity"))}`,
    );
    series.set(Labels.of(metric).toString(), samples);
  }
  return series;
}

function numberIn(name: string, file: string): number {
  return Number(readFileSync(join(GOLDEN, name, file), "utf8"));
}

/** Replays a golden log; samples up to the time of the answer, without staleness markers, which no query shows. */
function replayed(name: string, options: Partial<ReplayOptions> = {}) {
  const head = new HandHead(32);
  const { kernels, memory } = head;
  const outcome = replayInto({ dir: join(GOLDEN, name, "wal"), files: systemFiles, kernels, memory, head, ...options });
  const until = numberIn(name, "answered-at") * 1000;
  const series = new Map<string, string[]>();
  for (const [i, labels] of head.labels.entries()) {
    const samples = (head.samples.get(labels.key) ?? [])
      .filter(({ timeMs, bits }) => timeMs <= until && !isStaleWords(Number(bits & 0xffffffffn), Number(bits >> 32n)))
      .map(({ timeMs, bits }) => `${timeMs} ${new Float64Array(new BigUint64Array([bits]).buffer)[0]}`);
    if (samples.length > 0) series.set(labels.toString(), samples);
    expect(head.refOf(i)).toBeGreaterThan(0);
  }
  return { outcome, series };
}

function expectSame(got: Map<string, string[]>, want: Map<string, string[]>): void {
  expect([...got.keys()].sort()).toEqual([...want.keys()].sort());
  for (const [labels, samples] of want) expect(got.get(labels), labels).toEqual(samples);
}

describe("a log of Prometheus 3.5.3", () => {
  it("gives the samples that its API showed", () => {
    const { outcome, series } = replayed("plain");
    const want = answered("plain");
    expect(want.size).toBeGreaterThan(50);
    expectSame(series, want);
    expect(outcome.damages).toEqual([]);
    expect(outcome.samplesUnknown).toBe(0);
    // Series, samples, exemplars or metadata, and native histograms: all kinds that it writes are recognised.
    for (const kind of [1, 2, 6, 7]) expect(outcome.records.get(kind), `records of kind ${kind}`).toBeGreaterThan(0);
  });

  it("is shared out among shards without loss", () => {
    const all = new Map<string, string[]>();
    let staged = 0;
    for (const shard of [0, 1, 2]) {
      const { outcome, series } = replayed("plain", {
        isOwn: (_address, length) => length % 3 === shard,
        countsUnknownRefs: shard === 0,
      });
      for (const [labels, samples] of series) all.set(labels, samples);
      staged += outcome.samplesStaged;
      expect(outcome.samplesUnknown).toBe(0);
    }
    expectSame(all, answered("plain"));
    expect(staged).toBe(replayed("plain").outcome.samplesStaged);
  });

  it("begins with its checkpoint, and is compressed with zstd", () => {
    expect(lastCheckpoint(systemFiles, join(GOLDEN, "checkpoint", "wal"))).toBeDefined();
    const minValidTimeMs = numberIn("checkpoint", "min-valid-time");
    const { outcome, series } = replayed("checkpoint", { minValidTimeMs });
    expect(outcome.damages).toEqual([]);
    expect(outcome.samplesUnknown).toBe(0);
    const inHead = [...answered("checkpoint")]
      .map(
        ([labels, samples]) =>
          [labels, samples.filter((line) => Number(line.split(" ")[0]) >= minValidTimeMs)] as const,
      )
      .filter(([, samples]) => samples.length > 0);
    expect(inHead.length).toBeGreaterThan(50);
    expectSame(series, new Map(inHead));
  });
});

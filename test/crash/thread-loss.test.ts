/**
 * An ingest thread ends at a chosen step, in the middle of a commit or not, while it holds the lock of the log or not. The
 * other shards go on, the shard comes back with its memory or from the log, and all that a query saw is there again.
 *
 * THREAD_LOSS_SEED moves the random ends; THREAD_LOSS_ALL=1 ends at all steps of a commit instead of at the main ones.
 */
import { afterEach, describe, expect, test } from "vitest";
import { END_BY_TRAP } from "./ingest-worker.js";
import { type Answer, type End, ShardRig, until } from "./shard-rig.js";

const SEED = Number(process.env["THREAD_LOSS_SEED"] ?? 20261123);
const SHARDS = 3;

let rig: ShardRig;

afterEach(() => rig.stop());

/** Steps of a commit: a thread that ends at one of them leaves a memory that must be rebuilt. */
const MAIN_STEPS: readonly End[] = [
  { step: "resolveSeries", isAfter: true },
  { step: "pwrite" },
  { step: "pwrite", isAfter: true },
  { step: "appendBatch", isAfter: true },
  { step: "acceptScrape" },
  { step: "appendBatch", by: END_BY_TRAP },
];
const OTHER_STEPS: readonly End[] = [
  { step: "validateBatch" },
  { step: "frameBatch", isAfter: true },
  { step: "markRecorded", isAfter: true },
  { step: "publishBatch" },
  { step: "publishBatch", isAfter: true },
  { step: "parseScrape", by: END_BY_TRAP },
];
const PARTS = process.env["THREAD_LOSS_ALL"] === "1" ? [MAIN_STEPS, OTHER_STEPS] : [MAIN_STEPS];
/** Steps at which the thread holds the lock. */
const LOCKED = ["frameBatch", "pwrite"];

describe("a thread that ends", { timeout: 60_000 }, () => {
  test.each(PARTS.map((_, part) => part))(
    "within a commit is replaced, and its memory rebuilt (part %i)",
    async (part) => {
      rig = await ShardRig.start(SHARDS);
      const ends = PARTS[part]!;
      for (const [i, end] of ends.entries()) {
        await loseAndRecover(i % SHARDS, end, "rebuilt");
        const { had_wal_lock } = lastLoss().fields;
        expect(had_wal_lock, JSON.stringify(end)).toBe(LOCKED.includes(end.step ?? ""));
      }
      expect(rig.shards.counters).toMatchObject({ rebuilt: ends.length, adopted: 0, walCorruptions: 0 });
      expect(rig.shards.lossCount).toBe(ends.length);
      expect(rig.fatal).toEqual([]);
    },
  );

  test("between commits is replaced, and its memory adopted", async () => {
    rig = await ShardRig.start(SHARDS);
    for (const shard of [0, 1]) await loseAndRecover(shard, { step: "fsync", isAfter: shard === 1 }, "adopted");
    expect(rig.shards.counters).toMatchObject({ rebuilt: 0, adopted: 2, walCorruptions: 0 });
  });

  test(`at any step loses nothing that a query saw (seed ${SEED})`, async () => {
    rig = await ShardRig.start(SHARDS);
    const random = randomFrom(SEED);
    for (let i = 0; i < SHARDS; i++) {
      await loseAndRecover(i, { count: 1 + Math.floor(random() * 500), isAfter: random() < 0.5 });
    }
    const { rebuilt, adopted } = rig.shards.counters;
    expect(rebuilt + adopted).toBe(SHARDS);
  });

  test("for the third time within ten minutes ends the process", async () => {
    rig = await ShardRig.start(2);
    for (let loss = 1; loss <= 3; loss++) {
      rig.arm(1, { step: "publishBatch" }, false);
      await until(`loss ${loss}`, () => rig.shards.lossCount === loss);
      if (loss < 3) await until("the shard is back", () => rig.shards.isReady);
    }
    await until("the end is asked for", () => rig.fatal.length > 0);
    expect(rig.fatal).toEqual([
      "shard 1 ended 3 times within 10 minutes, the last time with: worker exited with code: 70",
    ]);
  });
});

async function loseAndRecover(shard: number, end: End, expected?: "adopted" | "rebuilt"): Promise<void> {
  const what = `shard ${shard} ended at ${JSON.stringify(end)}`;
  await until("every shard has samples", async () => {
    const { samples } = await rig.query();
    return Array.from({ length: SHARDS }, (_, i) => countOf(samples, (of) => of === i)).every((count) => count > 50);
  });
  const losses = rig.shards.lossCount;
  const before = await rig.query();
  rig.arm(shard, end, true);
  await until(what, () => rig.shards.lossCount > losses && rig.shards.missingShards().includes(shard));
  expect(lastLoss().fields["shard"], what).toBe(shard);
  if (expected !== undefined) expect(lastLoss().fields["memory"], what).toBe(expected);

  // The others go on, whatever the dead thread held; queries say what is missing.
  const during = await rig.query();
  expect(during.warnings, what).toEqual([`shard ${shard} is being rebuilt: its series are missing from this answer`]);
  expect(countOf(during.samples, (of) => of === shard)).toBe(0);
  const scraped = (answer: Answer, of: number) => countOf(answer.samples, (each) => each === of);
  const others = Array.from({ length: SHARDS }, (_, i) => i).filter((i) => i !== shard);
  await until(`the other shards store samples after ${what}`, async () => {
    const later = await rig.query();
    return others.every((of) => scraped(later, of) > scraped(during, of) + 5);
  });

  rig.release(shard);
  await until("the shard is back", () => rig.shards.isReady);
  const after = await rig.query();
  expect(after.warnings).toEqual([]);
  expectContains(after.samples, before.samples, what);
  await until(`the shard stores samples after ${what}`, async () => {
    const later = await rig.query();
    return scraped(later, shard) > scraped(after, shard) + 5;
  });
}

function lastLoss() {
  return rig.log.findLast(({ message }) => message === "A shard goes on with a new thread")!;
}

function countOf(samples: Answer["samples"], isCounted: (shard: number) => boolean): number {
  let count = 0;
  for (const [series, values] of samples) if (isCounted(rig.shardOf(series))) count += values.size;
  return count;
}

function expectContains(all: Answer["samples"], part: Answer["samples"], what: string): void {
  const lost: string[] = [];
  for (const [series, values] of part) {
    const found = all.get(series);
    for (const sample of values) if (found?.has(sample) !== true) lost.push(`${series} ${sample}`);
  }
  expect(lost, `${what}: samples were visible and are lost`).toEqual([]);
}

/** Numbers in [0, 1) from a seed (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/**
 * `kill -9` under ingest, again and again on one data directory: what any query saw before the kill, and what a sender of
 * remote write had an answer for, is there after a restart without repair by hand, and a real Prometheus started on a copy of the
 * directory answers the same. Floats, native histograms, samples out of order, deletions, series that come and go.
 *
 * In the second form blocks are 2 s long and chunks short, so that cuts, truncation, checkpoints and chunks_head go on while
 * the process is killed.
 *
 * CRASH_ROUNDS sets the rounds for each form and number of shards, CRASH_SEED the moments of the kills.
 */
import { cpSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  allSamples,
  CrashLoad,
  expectAcknowledged,
  expectContains,
  expectDeleted,
  expectEqual,
  LOAD_FEATURES,
  randomFrom,
} from "./crash-load.js";
import { killAll, makeFolder, removeFolder, startPrometheus, startVestal, waitUntil } from "./harness.js";

const FORMS = [
  { form: "long blocks", args: [], rounds: 3, longestSeconds: 1 },
  {
    form: "blocks of 2 s",
    args: [
      "--storage.tsdb.min-block-duration=2s",
      "--storage.tsdb.max-block-duration=6s",
      "--storage.tsdb.samples-per-chunk=8",
    ],
    rounds: 2,
    longestSeconds: 4,
  },
];
const ROUNDS = process.env["CRASH_ROUNDS"];
const SEED = Number(process.env["CRASH_SEED"] ?? 20261123);
const TARGETS = 12;

let load: CrashLoad;

beforeAll(async () => {
  load = await CrashLoad.start();
});

afterAll(async () => {
  await killAll();
  load.close();
});

const CASES = FORMS.flatMap((form) => [1, 3].map((shards) => ({ ...form, shards })));

describe.each(CASES)("with $form and $shards shards", ({ form, args: formArgs, rounds, longestSeconds, shards }) => {
  const roundCount = Number(ROUNDS ?? rounds);
  test(
    `${roundCount} kills lose nothing that a query saw (seed ${SEED})`,
    async () => {
      const random = randomFrom(SEED + shards);
      const folder = makeFolder();
      const args = [...LOAD_FEATURES, `--ingest.threads=${shards}`, ...formArgs];
      load.acknowledged.clear();
      load.deleted.length = 0;
      for (let round = 0; round < roundCount; round++) {
        const vestal = await startVestal({ config: load.config(TARGETS), folder, args });
        load.startWriting(vestal);
        await waitUntil("samples of this round are visible", 20_000, async () => (await allSamples(vestal)).size > 0);
        await sleep(200 + random() * (1000 * longestSeconds - 200));
        const seen = await allSamples(vestal);
        await sleep(random() * 60);
        await vestal.kill("SIGKILL");
        await load.stopWriting();

        const restarted = await startVestal({ config: {}, folder, args });
        const kept = await allSamples(restarted);
        expectContains(kept, seen, `round ${round} of seed ${SEED}`);
        expectAcknowledged(kept, load, `round ${round} of seed ${SEED}`);
        expectDeleted(kept, load, `round ${round} of seed ${SEED}`);
        await restarted.kill("SIGKILL");

        if (round % 5 === 0 || round === roundCount - 1) {
          const copy = makeFolder();
          cpSync(join(folder, "data"), join(copy, "data"), { recursive: true });
          const prometheus = await startPrometheus({ config: {}, folder: copy, args: LOAD_FEATURES });
          expectEqual(await allSamples(prometheus), kept, `round ${round} of seed ${SEED}, real Prometheus`);
          await prometheus.kill("SIGKILL");
          removeFolder(copy);
        }
      }
      if (form !== "long blocks") {
        const names = readdirSync(join(folder, "data"));
        expect(names.filter((name) => name.length === 26).length, "blocks").toBeGreaterThan(0);
        expect(readdirSync(join(folder, "data", "chunks_head")).length, "files of chunks_head").toBeGreaterThan(0);
      }
      removeFolder(folder);
    },
    120_000 + 60_000 * roundCount,
  );
});

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

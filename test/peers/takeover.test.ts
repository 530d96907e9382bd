/**
 * One data directory that changes hands: a real Prometheus and Vestal write in turns (scrapes and remote write, floats and native
 * histograms, samples out of order, deletions), each is killed with `kill -9` at a random moment, and whoever comes next takes the directory over as it lies. After each
 * kill Vestal and a real Prometheus start on copies and answer the same: every series, every sample, every exemplar. Nothing that was
 * acknowledged in order is missing.
 *
 * In the second form ranges are seconds long, so that the kill falls among blocks, chunks_head, truncations and checkpoints.
 *
 * CRASH_ROUNDS sets the kills of each form, CRASH_SEED their moments.
 */
import { execFileSync } from "node:child_process";
import { cpSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  allExemplars,
  allSamples,
  CrashLoad,
  expectAcknowledged,
  expectDeleted,
  expectEqual,
  LOAD_FEATURES,
  randomFrom,
} from "./crash-load.js";
import {
  killAll,
  makeFolder,
  queryVector,
  removeFolder,
  type Server,
  startPrometheus,
  startVestal,
  waitUntil,
} from "./harness.js";
import { peerBinary } from "./peer-binary.js";

const ROUNDS = Number(process.env["CRASH_ROUNDS"] ?? 2);
const SEED = Number(process.env["CRASH_SEED"] ?? 20261126);
/** After its first scrape is visible, each server runs at most so long before it is killed. */
const LONGEST_MS = 4000;
const TARGETS = 4;
const TIMEOUT_MS = 120_000 + 60_000 * ROUNDS;
const FORMS = [
  { form: "ranges of 2 h", args: [] },
  {
    form: "ranges of 4 s",
    args: [
      "--storage.tsdb.min-block-duration=4s",
      "--storage.tsdb.max-block-duration=12s",
      "--storage.tsdb.samples-per-chunk=8",
    ],
  },
];

let load: CrashLoad;

beforeAll(async () => {
  load = await CrashLoad.start();
});

afterAll(async () => {
  await killAll();
  load.close();
});

describe.each(FORMS)("with $form", ({ args: formArgs, form }) => {
  test(
    `${ROUNDS} kills of the two in turns leave what both answer alike (seed ${SEED})`,
    async () => {
      load.acknowledged.clear();
      load.deleted.length = 0;
      const random = randomFrom(SEED + form.length);
      const folder = makeFolder();
      const args = [...LOAD_FEATURES, ...formArgs];
      try {
        for (let round = 0; round < ROUNDS; round++) {
          const isTheirs = round % 2 === 0;
          const what = `round ${round} of seed ${SEED}, ${isTheirs ? "Prometheus" : "Vestal"} was killed`;
          const start = isTheirs ? startPrometheus : startVestal;
          const ownArgs = isTheirs ? args : [...args, `--ingest.threads=${1 + (round % 3)}`];
          const startedMs = Date.now();
          const server = await start({ config: load.config(TARGETS), folder, args: ownArgs });
          load.startWriting(server);
          await waitUntil("this round's scrapes are visible", 30_000, async () => {
            const scraped = await queryVector(server, "max(timestamp(crash_total))", Date.now() / 1000 + 1);
            return Number(scraped[0]?.value[1]) * 1000 > startedMs;
          });
          await new Promise((resolve) => setTimeout(resolve, random() * LONGEST_MS));
          await server.kill("SIGKILL");
          await load.stopWriting();
          await expectAlike(folder, args, what);
        }
        if (form !== "ranges of 2 h") {
          const blocks = readdirSync(join(folder, "data")).filter((name) => name.length === 26);
          expect(blocks.length, "blocks").toBeGreaterThan(0);
        }
      } finally {
        removeFolder(folder);
      }
    },
    TIMEOUT_MS,
  );
});

/** Vestal and Prometheus on copies of the directory of `folder`, and promtool's dump of another one. */
async function expectAlike(folder: string, args: readonly string[], what: string): Promise<void> {
  const [ours, theirs] = [makeFolder(), makeFolder()];
  try {
    for (const copy of [ours, theirs]) cpSync(join(folder, "data"), join(copy, "data"), { recursive: true });
    const vestal = await startVestal({ config: {}, folder: ours, args });
    const prometheus = await startPrometheus({ config: {}, folder: theirs, args });
    const timeSeconds = Date.now() / 1000 + 1;
    const got = await allSamples(vestal, timeSeconds);
    expectAcknowledged(got, load, what, isSureThere);
    expectDeleted(got, load, what);
    expectEqual(got, await allSamples(prometheus, timeSeconds), what);
    const exemplars = await allExemplars(vestal);
    expect(exemplars.length, `${what}: exemplars`).toBeGreaterThan(0);
    expect(exemplars, `${what}: exemplars`).toEqual(await allExemplars(prometheus));
    expect(got.size, `${what}: series`).toBeGreaterThan(20);
    await endBoth(vestal, prometheus);
    // The tool opens directories that nobody holds: what Vestal ended with.
    const dump = execFileSync(peerBinary("promtool"), ["tsdb", "dump", join(ours, "data")], { maxBuffer: 2 ** 29 });
    const lines = dump
      .toString()
      .split("\n")
      .filter((line) => line !== "" && isDumped(line)).length;
    const samples = [...got].reduce((sum, [series, list]) => sum + (isDumped(series) ? list.length : 0), 0);
    // Staleness markers are in a dump and not in an answer. The tool reads nothing of the log that is older than the newest block,
    // whatever made that: with blocks of samples out of order it leaves out what only the log has.
    if (!hasOutOfOrderBlock(ours)) expect(lines, `${what}: lines of promtool's dump`).toBeGreaterThanOrEqual(samples);
  } finally {
    for (const copy of [ours, theirs]) removeFolder(copy);
  }
}

/** The real one itself loses samples out of order when it is killed while it makes blocks of them; all are equal nevertheless. */
function isSureThere(series: string): boolean {
  return !/"(late|doomed)_/.test(series);
}

/** The tool passes over a histogram where floats or histograms of the other kind end. */
function isDumped(series: string): boolean {
  return isSureThere(series) && !/_seconds"/.test(series);
}

function hasOutOfOrderBlock(folder: string): boolean {
  const names = readdirSync(join(folder, "data")).filter((name) => name.length === 26);
  return names.some((name) =>
    readFileSync(join(folder, "data", name, "meta.json"), "utf8").includes("from-out-of-order"),
  );
}

async function endBoth(...servers: readonly Server[]): Promise<void> {
  await Promise.all(servers.map((server) => server.kill("SIGKILL")));
}

/**
 * A disk with a quota: it fills up at random moments, under commits, the change of a segment, chunks_head, block cuts, truncations and
 * checkpoints, writes arrive in part, and there is room again after a while. What is acknowledged is there at every moment, live and
 * after a restart, and nothing else; once there is room everything goes on. (test/crash has the same for a whole process on a small tmpfs.)
 *
 * FAULT_ROUNDS (4) runs, FAULT_SEED the first.
 */
import { expect, test } from "vitest";
import { errorCode } from "../../src/base/index.js";
import { randomFrom } from "../support/random.js";
import { Acknowledged, valueAt } from "./acknowledged.js";
import { type Fault, type FileCall, MemoryFiles } from "./memory-files.js";
import { labelsOf, MiniDatabase, RANGE_MS } from "./mini-database.js";

const ROUNDS = Number(process.env["FAULT_ROUNDS"] ?? 4);
const SEED = Number(process.env["FAULT_SEED"] ?? 20261126);
const START_MS = 28_000_000 * RANGE_MS;
const STEP_MS = 1000;
const STEPS = 500;
const SERIES = [0, 1, 2, 3, 4, 5];
/** Calls that need room. */
const GROWING: readonly FileCall[] = ["pwrite", "mkdir", "fsync"];

/** What failed for want of room, and what did not, by what was asked; of all runs. */
const failed = new Map<string, number>();
const stored = new Map<string, number>();

test.each(Array.from({ length: ROUNDS }, (_, i) => SEED + i))(
  "a disk that fills up and empties again (seed %i)",
  (seed) => {
    const random = randomFrom(seed);
    const files = new MemoryFiles();
    const acknowledged = new Acknowledged();
    let database = new MiniDatabase(files);
    let isFull = false;
    files.fault = (call): Fault | undefined => {
      if (!isFull || !GROWING.includes(call)) return undefined;
      return call === "pwrite" ? { code: "ENOSPC", shortBytes: Math.floor(random() * 20) } : { code: "ENOSPC" };
    };
    const attempt = (what: string, work: () => void): boolean => {
      try {
        work();
        stored.set(what, (stored.get(what) ?? 0) + 1);
        return true;
      } catch (error) {
        expect(errorCode(error), `${what}: ${error}`).toMatch(/^(ENOSPC|WAL_FULL|WAL|CHUNKS_HEAD)/);
        expect(String(error), what).toContain("/data/");
        expect(isFull, `${what} failed with room: ${error}`).toBe(true);
        failed.set(what, (failed.get(what) ?? 0) + 1);
        return false;
      }
    };
    let firstMs = START_MS;
    for (let step = 0; step < STEPS; step++) {
      if (random() < (isFull ? 0.2 : 0.06)) isFull = !isFull;
      const timeMs = START_MS + step * STEP_MS;
      const isStored = attempt("append", () =>
        database.append(SERIES.map(labelsOf), timeMs, (row) => valueAt(SERIES[row]!, timeMs)),
      );
      if (isStored) for (const series of SERIES) acknowledged.add(series, timeMs);
      if (step % 13 === 12) attempt("flush", () => database.flush());
      if (timeMs - firstMs > 1.5 * RANGE_MS && step % 7 === 0) {
        if (attempt("cut", () => database.cut())) firstMs = Math.trunc(firstMs / RANGE_MS) * RANGE_MS + RANGE_MS;
      }
      if (step % 60 === 59) {
        acknowledged.has(database.samples(), `step ${step}`);
        const copy = files.copy();
        acknowledged.has(new MiniDatabase(copy).samples(), `step ${step}, restart with room`);
      }
      if (step % 170 === 169) {
        isFull = false;
        database = new MiniDatabase(files);
      }
    }
    isFull = false;
    for (let i = 0; i < 3; i++) {
      const timeMs = START_MS + (STEPS + i) * STEP_MS;
      expect(
        attempt("append", () => database.append(SERIES.map(labelsOf), timeMs, (row) => valueAt(SERIES[row]!, timeMs))),
      ).toBe(true);
      for (const series of SERIES) acknowledged.add(series, timeMs);
    }
    acknowledged.has(database.samples(), "with room again");
    acknowledged.has(new MiniDatabase(files).samples(), "with room again, restart");
  },
);

test("each of them failed for want of room, and worked with it", () => {
  for (const what of ["append", "flush", "cut"]) {
    expect(failed.get(what) ?? 0, `${what} that failed`).toBeGreaterThan(0);
    expect(stored.get(what) ?? 0, `${what} that did not`).toBeGreaterThan(0);
  }
});

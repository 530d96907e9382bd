/**
 * Cut, truncation and checkpoint against a file system that fails: whichever call is the last one before a crash or a power
 * cut, or fails with EIO or ENOSPC, the next start has every sample that was acknowledged, and no other.
 *
 * FAULT_VARIANTS sets how many power cuts of each call are tried, FAULT_SEED what they leave, FAULT_ALL=1 that failures and power
 * cuts come at every call instead of every third.
 */
import { expect, test } from "vitest";
import type { FsyncPolicy } from "../../src/tsdb/wal/index.js";
import { randomFrom } from "../support/random.js";
import { Acknowledged, valueAt } from "./acknowledged.js";
import { type Fault, type FileCall, MemoryFiles } from "./memory-files.js";
import { labelsOf, MiniDatabase, RANGE_MS } from "./mini-database.js";

const VARIANTS = Number(process.env["FAULT_VARIANTS"] ?? 1);
const STRIDE = process.env["FAULT_ALL"] === undefined ? 3 : 1;
const SEED = Number(process.env["FAULT_SEED"] ?? 20261126);
const START_MS = 28_000_000 * RANGE_MS;
const STEP_MS = 1000;
/** Two ranges of three series, of which the third ends in the first range. */
function fill(database: MiniDatabase, acknowledged: Acknowledged, fromStep: number, toStep: number): void {
  for (let step = fromStep; step < toStep; step++) {
    const timeMs = START_MS + step * STEP_MS;
    const all = step < 30 ? [0, 1, 2] : step < 70 ? [0, 1] : [0, 1, 3];
    database.append(all.map(labelsOf), timeMs, (row) => valueAt(all[row]!, timeMs));
    for (const series of all) acknowledged.add(series, timeMs);
    if (step % 25 === 24) database.flush();
  }
}

/** Steps that have been filled in, and cut but for the newest range and a half: the next cut makes a checkpoint. */
const FILLED = 455;

const filled = new Map<FsyncPolicy, { readonly files: MemoryFiles; readonly acknowledged: Acknowledged }>();

/** A database that was cut six times, and started anew; each call gives another one with the same contents. */
function prepared(fsync: FsyncPolicy): { files: MemoryFiles; database: MiniDatabase; acknowledged: Acknowledged } {
  let known = filled.get(fsync);
  if (known === undefined) {
    known = { files: new MemoryFiles(), acknowledged: new Acknowledged() };
    const first = new MiniDatabase(known.files, fsync);
    for (let step = 95; step < FILLED - 30; step += 60) {
      fill(first, known.acknowledged, step === 95 ? 0 : step - 60, step);
      first.cut();
    }
    fill(first, known.acknowledged, FILLED - 60, FILLED);
    expect(checkpoints(known.files)).toEqual(["checkpoint.00000003"]);
    filled.set(fsync, known);
  }
  const files = known.files.copy();
  return { files, database: new MiniDatabase(files, fsync), acknowledged: known.acknowledged.copy() };
}

function checkpoints(files: MemoryFiles): string[] {
  return files.readdir("/data/wal").filter((name) => name.startsWith("checkpoint"));
}

test("blocks and head together have every sample once, before and after cuts and restarts", () => {
  const { files, database, acknowledged } = prepared("segment");
  acknowledged.has(database.samples(), "before");
  database.cut();
  acknowledged.has(database.samples(), "after");
  const next = new MiniDatabase(files);
  acknowledged.has(next.samples(), "after a restart");
  fill(next, acknowledged, FILLED, FILLED + 65);
  next.cut();
  acknowledged.has(next.samples(), "after another cut");
  acknowledged.has(new MiniDatabase(files).samples(), "after another restart");
  expect(files.readdir("/data").filter((name) => name.length === 26).length).toBe(8);
  expect(files.readdir("/data/chunks_head")[0]).not.toBe("000001");
});

test("a process that ends before any call of the cut loses nothing", () => {
  for (let call = 0; ; call += STRIDE) {
    const { files, database, acknowledged } = prepared("segment");
    const isOver = cutUntil(files, database, call);
    acknowledged.has(new MiniDatabase(files).samples(), `call ${call}`);
    const again = new MiniDatabase(files);
    acknowledged.has(again.samples(), `call ${call}, second start`);
    if (call % 8 === 0 || STRIDE === 1) {
      fill(again, acknowledged, FILLED, FILLED + 5);
      again.cut();
      acknowledged.has(again.samples(), `call ${call}, cut again`);
      acknowledged.has(new MiniDatabase(files).samples(), `call ${call}, cut again, third start`);
    }
    if (!isOver) continue;
    expect(call).toBeGreaterThan(45);
    expect(checkpoints(files)).not.toEqual(["checkpoint.00000003"]);
    return;
  }
});

test.each(["EIO", "ENOSPC"] as const)(
  "a call that fails with %s costs the cut, and neither samples nor the next cut",
  (code) => {
    for (let call = 0; ; call += STRIDE) {
      const { files, database, acknowledged } = prepared("segment");
      const first = files.calls + call;
      let isFired = false;
      files.fault = (kind: FileCall, _path: string, index: number): Fault | undefined => {
        if (index !== first) return undefined;
        isFired = true;
        return kind === "pwrite" ? { code, shortBytes: 7 } : { code };
      };
      try {
        database.cut();
      } catch {
        // it is tried again below
      }
      files.fault = () => undefined;
      acknowledged.has(database.samples(), `call ${call}`);
      fill(database, acknowledged, FILLED, FILLED + 2);
      acknowledged.has(new MiniDatabase(files).samples(), `call ${call}, restart`);
      if (!isFired) return;
    }
  },
);

test.each(["commit", "segment"] as const)("power cut at any call with fsync %s leaves what is promised", (fsync) => {
  const random = randomFrom(SEED);
  for (let call = 0; ; call += STRIDE) {
    let isOver = true;
    for (let variant = 0; variant < VARIANTS; variant++) {
      const { files, database, acknowledged } = prepared(fsync);
      isOver = cutUntil(files, database, call);
      files.cutPower(random);
      const what = `call ${call}, variant ${variant}, seed ${SEED}`;
      const next = new MiniDatabase(files, fsync);
      if (fsync === "commit") acknowledged.has(next.samples(), what);
      // The blocks are whole: the first one was finished before.
      else acknowledged.isPrefix(next.samples(), START_MS + 359 * STEP_MS, what);
      const again = new MiniDatabase(files, fsync).samples();
      expect(again, `${what}, second start`).toEqual(next.samples());
    }
    if (isOver) return;
  }
});

/** Cuts, with every call from number `call` on failing as if there were no process any more. True if it came to its end. */
function cutUntil(files: MemoryFiles, database: MiniDatabase, call: number): boolean {
  const first = files.calls + call;
  let isFired = false;
  files.fault = (_kind: FileCall, _path: string, index: number): Fault | undefined => {
    if (index < first) return undefined;
    isFired = true;
    return { code: "EIO" };
  };
  try {
    database.cut();
  } catch {
    // the process is gone
  }
  files.fault = () => undefined;
  return !isFired;
}

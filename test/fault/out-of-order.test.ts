/**
 * Samples out of order, and deletions, against a file system that fails: batches of them, chunks of theirs that get full, cuts of the
 * head, their blocks, deletions in blocks and head, blocks written anew and joined. Whichever call is the last one before a crash or
 * a power cut, or fails with EIO or ENOSPC: what was acknowledged is there, deleted is deleted, and nothing else is there.
 *
 * FAULT_ALL=1 tries every call (half an hour of CPU), FAULT_STRIDE=n one in n, FAULT_VARIANTS how many power cuts of each, FAULT_SEED what they leave and
 * when the samples come.
 */
import { expect, test } from "vitest";
import type { FsyncPolicy } from "../../src/tsdb/wal/index.js";
import { randomFrom } from "../support/random.js";
import { valueAt } from "./acknowledged.js";
import { LateHistory } from "./late-history.js";
import { type Fault, MemoryFiles } from "./memory-files.js";
import { labelsOf, MiniDatabase, RANGE_MS } from "./mini-database.js";

const isLong = process.env["FAULT_ALL"] !== undefined;
const STRIDE = Number(process.env["FAULT_STRIDE"] ?? (isLong ? 1 : 211));
const TIMEOUT_MS = isLong ? 4 * 3_600_000 : 600_000;
const VARIANTS = Number(process.env["FAULT_VARIANTS"] ?? 1);
const SEED = Number(process.env["FAULT_SEED"] ?? 20261127);
const START_MS = 28_000_000 * RANGE_MS;
const STEP_MS = 1000;
const SERIES = [0, 1, 2];
/** Has only late samples. */
const NEW_SERIES = 9;
/** Each step has times of its own for late samples: none comes twice. */
const LATE_OFFSET_MS = 500;

/** A store under test, and what it was told. */
interface Subject {
  readonly files: MemoryFiles;
  readonly database: MiniDatabase;
  readonly history: LateHistory;
}

/** One thing done to the store. It tells the history what it did once it is done, or that it may be done. */
type Step = (subject: Subject) => void;

function told(write: (isSure: boolean) => void, work: () => void): void {
  try {
    work();
  } catch (error) {
    write(false);
    throw error;
  }
  write(true);
}

const inOrder =
  (from: number, to: number): Step =>
  (subject) => {
    for (let step = from; step < to; step++) {
      const timeMs = START_MS + step * STEP_MS;
      told(
        (isSure) => {
          for (const series of SERIES) subject.history.write(series, timeMs, false, isSure);
        },
        () => subject.database.append(SERIES.map(labelsOf), timeMs, (row) => valueAt(row, timeMs)),
      );
      if (step % 25 === 24) subject.database.flush();
    }
  };

/** Batches of late samples for some series, at times between those of steps [from, to). */
const late =
  (from: number, to: number, batches: number, seed: number): Step =>
  (subject) => {
    const random = randomFrom(SEED + seed);
    for (let batch = 0; batch < batches; batch++) {
      const rows = [...SERIES, NEW_SERIES].filter(() => random() < 0.7);
      const times = rows.map((series) => freeTime(subject.history, series, from, to, random));
      if (rows.length === 0) continue;
      told(
        (isSure) => {
          for (const [i, series] of rows.entries()) {
            subject.history.write(series, times[i]!, series === NEW_SERIES ? undefined : true, isSure);
          }
        },
        () => subject.database.append(rows.map(labelsOf), times, (row) => valueAt(rows[row]!, times[row]!)),
      );
    }
  };

function freeTime(history: LateHistory, series: number, from: number, to: number, random: () => number): number {
  const taken = new Set(history.timesOf(series));
  for (;;) {
    const step = from + Math.trunc(random() * (to - from));
    const timeMs = START_MS + step * STEP_MS + LATE_OFFSET_MS + Math.trunc(random() * 100);
    if (!taken.has(timeMs)) return timeMs;
  }
}

const deletion =
  (series: number, from: number, to: number): Step =>
  (subject) => {
    const [minTimeMs, maxTimeMs] = [START_MS + from * STEP_MS, START_MS + to * STEP_MS];
    told(
      (isSure) => subject.history.delete(series, minTimeMs, maxTimeMs, isSure),
      () => subject.database.delete(labelsOf(series), minTimeMs, maxTimeMs),
    );
  };

const cut: Step = ({ database, history }) => {
  const endMs = database.cut();
  history.inBlocks(({ isLate, timeMs }) => isLate === false && timeMs < endMs);
};

const cutOutOfOrder: Step = ({ database, history }) => {
  database.cutOutOfOrder();
  history.inBlocks(({ isLate }) => isLate === true);
};

/** Late samples lie below everything that is deleted later, or above: what is deleted may not come again. */
const BEFORE: readonly Step[] = [
  inOrder(0, 95),
  late(0, 90, 12, 1),
  deletion(0, 10, 20),
  cut,
  inOrder(95, 155),
  late(61, 150, 6, 2),
  cutOutOfOrder,
  cut,
  late(125, 150, 5, 3),
  deletion(2, 130, 140),
];
const UNDER_FAULT: readonly Step[] = [
  inOrder(155, 158),
  late(141, 157, 9, 4),
  deletion(1, 120, 135),
  inOrder(158, 215),
  cut,
  late(160, 214, 5, 5),
  deletion(0, 100, 112),
  cutOutOfOrder,
  ({ database }) => database.clean(),
  late(181, 214, 4, 6),
  ({ database }) => database.compact(),
];

const prepared = new Map<FsyncPolicy, Subject>();

function subjectOf(fsync: FsyncPolicy): Subject {
  let known = prepared.get(fsync);
  if (known === undefined) {
    const files = new MemoryFiles();
    known = { files, database: new MiniDatabase(files, fsync), history: new LateHistory() };
    for (const step of BEFORE) step(known);
    known.history.isThere(known.database.samples(), "prepared");
    prepared.set(fsync, known);
  }
  const files = known.files.copy();
  return { files, database: new MiniDatabase(files, fsync), history: known.history.copy() };
}

/** Goes through the steps; from call number `call` on everything fails, as if there were no process any more. */
function endsAt(subject: Subject, call: number): boolean {
  const first = subject.files.calls + call;
  let isFired = false;
  subject.files.fault = (_call, _path, index): Fault | undefined => {
    if (index < first) return undefined;
    isFired = true;
    return { code: "EIO" };
  };
  try {
    for (const step of UNDER_FAULT) {
      step(subject);
      if (isFired) break; // a failure that was only reported
    }
  } catch (error) {
    if (!isFired) throw error;
  }
  subject.files.fault = () => undefined;
  return !isFired;
}

test("without a fault everything is there, before and after restarts", () => {
  const subject = subjectOf("segment");
  subject.history.isThere(subject.database.samples(), "at first");
  for (const [i, step] of UNDER_FAULT.entries()) {
    step(subject);
    subject.history.isThere(subject.database.samples(), `behind step ${i}`);
    subject.history.isThere(new MiniDatabase(subject.files.copy()).samples(), `behind step ${i}, restart`);
  }
  expect(subject.files.readdir("/data/wbl").length).toBeGreaterThan(0);
});

test(
  "a process that ends before any call loses nothing, and brings nothing back",
  () => {
    for (let call = 0; ; call += STRIDE) {
      const subject = subjectOf("segment");
      const isOver = endsAt(subject, call);
      const { files, history } = subject;
      history.isThere(new MiniDatabase(files).samples(), `call ${call}`);
      const next: Subject = { files, database: new MiniDatabase(files), history };
      history.isThere(next.database.samples(), `call ${call}, second start`);
      if (call % 3 === 0 || isLong) goesOn(next, `call ${call}`);
      if (isOver) {
        expect(call).toBeGreaterThan(1000);
        return;
      }
    }
  },
  TIMEOUT_MS,
);

/** A store that lived through a fault works: what comes then is stored, cut and found again. */
function goesOn(subject: Subject, what: string): void {
  for (const step of [inOrder(215, 225), late(216, 224, 3, 7), cutOutOfOrder, late(220, 224, 2, 8)]) step(subject);
  subject.history.isThere(subject.database.samples(), `${what}, goes on`);
  subject.history.isThere(new MiniDatabase(subject.files).samples(), `${what}, goes on, restart`);
}

test.each(["EIO", "ENOSPC"] as const)(
  "a call that fails with %s costs its step, and nothing else",
  (code) => {
    for (let call = 0; ; call += STRIDE) {
      const subject = subjectOf("segment");
      const first = subject.files.calls + call;
      let isFired = false;
      subject.files.fault = (kind, _path, index): Fault | undefined => {
        if (index !== first) return undefined;
        isFired = true;
        return kind === "pwrite" ? { code, shortBytes: 7 } : { code };
      };
      for (const step of UNDER_FAULT) {
        const wasFired = isFired;
        try {
          step(subject);
        } catch (error) {
          if (!isFired || wasFired) throw error;
        }
      }
      subject.files.fault = () => undefined;
      subject.database.reload(); // a block that could not be opened just then
      subject.history.isThere(subject.database.samples(), `call ${call}`);
      subject.history.isThere(new MiniDatabase(subject.files).samples(), `call ${call}, restart`);
      if (!isFired) return;
    }
  },
  TIMEOUT_MS,
);

test.each(["commit", "segment"] as const)(
  "power cut at any call with fsync %s leaves what is promised",
  (fsync) => {
    const random = randomFrom(SEED);
    for (let call = 0; ; call += STRIDE) {
      let isOver = true;
      for (let variant = 0; variant < VARIANTS; variant++) {
        const subject = subjectOf(fsync);
        isOver = endsAt(subject, call);
        const { files, history } = subject;
        files.cutPower(random);
        const what = `call ${call}, variant ${variant}, seed ${SEED}`;
        const found = new MiniDatabase(files, fsync).samples();
        if (fsync === "commit") history.isThere(found, what);
        else history.isLeft(found, what);
        expect(new MiniDatabase(files, fsync).samples(), `${what}, second start`).toEqual(found);
      }
      if (isOver) return;
    }
  },
  TIMEOUT_MS,
);

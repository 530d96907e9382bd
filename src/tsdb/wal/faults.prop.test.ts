/** What is left of a log after each failure that a disk can have, and after a power cut at any moment. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { HandHead } from "../../../test/fault/hand-head.js";
import { MemoryFiles } from "../../../test/fault/memory-files.js";
import { VestalError } from "../../base/index.js";
import { Labels } from "../../model/index.js";
import {
  type FsyncPolicy,
  lastSegmentNumber,
  repairWal,
  replayInto,
  startWal,
  WAL_STATE_BYTES,
  WalState,
  WalWriter,
} from "./index.js";

const DIR = "/data/wal";
const SEGMENT_BYTES = 65_536;
const ROWS = 150;
const LABELS = Labels.of({ __name__: "written" });

const writing = new HandHead(16);
const slot = writing.addSeries(LABELS, 1);

function openLog(files: MemoryFiles, fsync: FsyncPolicy) {
  const state = new WalState(new SharedArrayBuffer(WAL_STATE_BYTES));
  startWal(state, files, DIR, lastSegmentNumber(files, DIR));
  const { kernels, memory } = writing;
  const options = { dir: DIR, files, state, ownerId: 1, kernels, memory, segmentBytes: SEGMENT_BYTES };
  return new WalWriter({ ...options, fsync, compression: "none" });
}

/** Appends batch `number`; its series record is logged each time, so that any suffix of the log can be understood. */
function append(wal: WalWriter, number: number): number | undefined {
  const staging = writing.stage(
    Array.from({ length: ROWS }, (_, i) => ({ slot, timeMs: number * 1000 + i, value: number + i / 1000 })),
  );
  wal.logSeries(staging, ROWS);
  wal.logSamples(staging, ROWS);
  return wal.commit().finishedSegment;
}

/** Numbers of the batches in the log; each is whole. */
function read(files: MemoryFiles) {
  const head = new HandHead(8);
  const { kernels, memory } = head;
  const outcome = replayInto({ dir: DIR, files, kernels, memory, head });
  const times = (head.samples.get(LABELS.key) ?? []).map(({ timeMs }) => timeMs);
  const batches = [...new Set(times.map((timeMs) => Math.floor(timeMs / 1000)))];
  expect(times).toEqual(batches.flatMap((batch) => Array.from({ length: ROWS }, (_, i) => batch * 1000 + i)));
  return { batches, outcome };
}

describe("a log on a failing disk", () => {
  it.each(["EIO", "ENOSPC", "EMFILE"] as const)(
    "has what was acknowledged, whichever call fails with %s",
    (code) => {
      fc.assert(
        fc.property(
          fc.array(fc.nat(140), { minLength: 1, maxLength: 6 }),
          fc.nat(3000),
          fc.constantFrom<FsyncPolicy>("segment", "commit"),
          (failing, shortBytes, fsync) => {
            const files = new MemoryFiles();
            const wal = openLog(files, fsync);
            const base = files.calls;
            const fails = new Set(failing.map((call) => base + call));
            files.fault = (_call, _path, index) => (fails.has(index) ? { code, shortBytes } : undefined);
            const acknowledged: number[] = [];
            let isStopped = false;
            for (let batch = 0; batch < 70; batch++) {
              try {
                append(wal, batch);
                expect(isStopped).toBe(false);
                acknowledged.push(batch);
              } catch (error) {
                if (!(error instanceof VestalError)) throw error;
                expect(error.code).toMatch(isStopped ? /^WAL_STOPPED$/ : /^WAL_(WRITE|STOPPED)$/);
                isStopped = error.code === "WAL_STOPPED";
              }
            }
            files.fault = () => undefined;
            wal.close();
            const { batches, outcome } = read(files);
            // Where the rest of a failed write could not be cut off, all of it may be there; nothing follows it.
            expect(batches.slice(0, acknowledged.length)).toEqual(acknowledged);
            expect(batches.length - acknowledged.length).toBeLessThanOrEqual(isStopped ? 1 : 0);
            if (!isStopped) expect(outcome.damages).toEqual([]);
          },
        ),
        { numRuns: 40 },
      );
    },
    60_000,
  );
});

describe("a log after a power cut", () => {
  it("has what was synced and no hole, whatever else arrived", () => {
    fc.assert(
      fc.property(
        fc.nat(75),
        fc.constantFrom<FsyncPolicy>("segment", "interval", "commit"),
        fc.infiniteStream(fc.double({ min: 0, max: 0.999, noNaN: true })),
        (length, fsync, stream) => {
          const random = () => stream.next().value as number;
          const files = new MemoryFiles();
          const wal = openLog(files, fsync);
          let synced = -1;
          for (let batch = 0; batch < length; batch++) {
            const finished = append(wal, batch);
            if (finished !== undefined) wal.syncSegment(finished);
            if (fsync === "interval" && batch % 5 === 0) wal.sync();
            if (fsync === "commit" || (fsync === "interval" && batch % 5 === 0)) synced = batch;
            else if (finished !== undefined && fsync === "segment") synced = batch - 1;
          }
          wal.close();
          files.cutPower(random);
          const { batches, outcome } = read(files);
          expect(batches).toEqual(batches.map((_, i) => i)); // a prefix
          expect(batches.length).toBeGreaterThanOrEqual(synced + 1);

          // Repaired, it takes more, and what was there stays.
          repairWal(files, DIR, outcome.damages);
          const again = openLog(files, fsync);
          append(again, 1000);
          again.close();
          const { batches: after, outcome: clean } = read(files);
          expect(after).toEqual([...batches, 1000]);
          expect(clean.damages).toEqual([]);
        },
      ),
      { numRuns: 80 },
    );
  }, 60_000);
});

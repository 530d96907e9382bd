/** Several threads on one log, and threads that end at any moment while they append to it. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { packageRoot, systemFiles } from "../../src/base/index.js";
import { releaseDead, replayInto, startWal, WAL_STATE_BYTES, WalState, WalWriter } from "../../src/tsdb/wal/index.js";
import { HandHead } from "./hand-head.js";
import {
  CONTROL_ACKNOWLEDGED,
  CONTROL_BYTES,
  CONTROL_CALL,
  CONTROL_DONE,
  CONTROL_HALTED,
  FILE_CALLS,
  type WalWorkerData,
  workerLabels,
} from "./wal-worker.js";

const ROWS = 200;
/** Numbers of the calls with which the worker below passes from the first segment to the second, and some around them. */
const ROTATION_CALLS = { segment: [30, 31, 32, 33, 34, 35], commit: [60, 61, 62, 63, 64, 65, 66] };
const SEGMENT_BYTES = 65_536;
const WORKER_FILE = join(packageRoot(), "dist", "test", "fault", "wal-worker.js");

let dir: string;
let shared: SharedArrayBuffer;
let state: WalState;

beforeEach(() => {
  dir = join(mkdtempSync(join(tmpdir(), "vestal-threads-")), "wal");
  shared = new SharedArrayBuffer(WAL_STATE_BYTES);
  state = new WalState(shared);
  startWal(state, systemFiles, dir, -1);
});

afterEach(() => rmSync(join(dir, ".."), { recursive: true, force: true }));

function startThread(ownerId: number, options: Partial<WalWorkerData> = {}) {
  const control = new SharedArrayBuffer(CONTROL_BYTES);
  const workerData: WalWorkerData = {
    dir,
    state: shared,
    control,
    ownerId,
    batches: 60,
    rowsPerBatch: ROWS,
    segmentBytes: SEGMENT_BYTES,
    fsync: "segment",
    haltAt: -1,
    haltsAfter: false,
    ...options,
  };
  const worker = new Worker(WORKER_FILE, { workerData });
  const failed = new Promise<never>((_, reject) => worker.once("error", reject));
  const words = new Int32Array(control);
  return {
    acknowledged: () => Atomics.load(words, CONTROL_ACKNOWLEDGED),
    /** When the thread stands still or is done, whichever comes first. */
    rest: async () => {
      while (Atomics.load(words, CONTROL_HALTED) === 0 && Atomics.load(words, CONTROL_DONE) === 0) {
        await Promise.race([new Promise((resolve) => setTimeout(resolve, 2)), failed]);
      }
      return Atomics.load(words, CONTROL_HALTED) === 1 ? "halted" : "done";
    },
    haltedCall: () => FILE_CALLS[Atomics.load(words, CONTROL_CALL)]!,
    end: () => worker.terminate(),
  };
}

/** Appends one batch from this thread, which must not wait for the lock. */
function appendHere(ownerId: number, timeMs: number): void {
  const head = new HandHead(8);
  const { kernels, memory } = head;
  const options = { dir, files: systemFiles, state, ownerId, kernels, memory, lockTimeoutMs: 0 };
  const wal = new WalWriter({ ...options, segmentBytes: SEGMENT_BYTES });
  const slot = head.addSeries(workerLabels(ownerId), ownerId);
  const staging = head.stage([{ slot, timeMs, value: 1 }]);
  wal.logSeries(staging, 1);
  wal.logSamples(staging, 1);
  wal.commit();
  wal.close();
}

/** Times of the samples of each worker in the log, which must be whole. */
function timesOf(...ownerIds: number[]): number[][] {
  const head = new HandHead(16);
  const { kernels, memory } = head;
  const outcome = replayInto({ dir, files: systemFiles, kernels, memory, head });
  expect(outcome.damages).toEqual([]);
  expect(outcome.samplesUnknown).toBe(0);
  return ownerIds.map((id) => (head.samples.get(workerLabels(id).key) ?? []).map(({ timeMs }) => timeMs));
}

function timesOfBatches(batches: number): number[] {
  return Array.from({ length: batches * ROWS }, (_, i) => Math.floor(i / ROWS) * 1000 + (i % ROWS));
}

describe("threads that share a log", () => {
  it("lose nothing to one another, over many segments", async () => {
    const threads = [1, 2, 3].map((ownerId) => startThread(ownerId));
    for (const thread of threads) expect(await thread.rest()).toBe("done");
    for (const thread of threads) await thread.end();
    expect(state.position().segment).toBeGreaterThan(2);
    for (const times of timesOf(1, 2, 3)) expect(times).toEqual(timesOfBatches(60));
  });

  it.each(["segment", "commit"] as const)(
    "go on when one of them ends before or after any call of the file system (fsync: %s)",
    async (fsync) => {
      const calls = new Set<string>();
      for (const haltsAfter of [false, true]) {
        // The first segment takes some 30 batches; calls: open, a write (and a sync) a batch, then those of rotation.
        for (const haltAt of [0, 1, ...ROTATION_CALLS[fsync]]) {
          rmSync(dir, { recursive: true });
          shared = new SharedArrayBuffer(WAL_STATE_BYTES);
          state = new WalState(shared);
          startWal(state, systemFiles, dir, -1);
          const thread = startThread(1, { fsync, haltAt, haltsAfter, batches: 40 });
          expect(await thread.rest()).toBe("halted");
          const acknowledged = thread.acknowledged();
          calls.add(thread.haltedCall());
          const held = state.lockOwner === 1;
          await thread.end();
          expect(releaseDead(state, systemFiles, dir, 1)).toBe(held);
          appendHere(2, 7);
          const [dead, here] = timesOf(1, 2);
          expect(here).toEqual([7]);
          expect(dead).toEqual(timesOfBatches(dead!.length / ROWS));
          expect([acknowledged, acknowledged + 1]).toContain(dead!.length / ROWS);
        }
      }
      const all = ["close", "fsyncDir", "open", "pwrite"];
      expect([...calls].sort()).toEqual(fsync === "commit" ? [...all, "fsync"].sort() : all);
    },
    60_000,
  );

  it("go on when threads end at random moments", async () => {
    let seed = Number(process.env["SEED"] ?? Date.now() % 1_000_000);
    const message = `SEED=${seed}`;
    const random = () => {
      seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
      return seed / 2 ** 32;
    };
    const acknowledged: number[] = [];
    for (let ownerId = 1; ownerId <= 8; ownerId++) {
      const thread = startThread(ownerId, { batches: 1_000_000 });
      while (thread.acknowledged() === 0) await new Promise((resolve) => setTimeout(resolve, 1));
      await new Promise((resolve) => setTimeout(resolve, random() * 20));
      await thread.end();
      acknowledged.push(thread.acknowledged());
      releaseDead(state, systemFiles, dir, ownerId);
      expect(state.lockOwner, message).toBe(0);
    }
    for (const [i, times] of timesOf(1, 2, 3, 4, 5, 6, 7, 8).entries()) {
      expect(times, message).toEqual(timesOfBatches(times.length / ROWS));
      expect([acknowledged[i], acknowledged[i]! + 1], message).toContain(times.length / ROWS);
    }
  }, 60_000);
});

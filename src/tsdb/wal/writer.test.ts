import { describe, expect, it } from "vitest";
import { SLOT_FLAG_RECORDED, STATUS_OUT_OF_ORDER } from "../../../assembly/layout.js";
import { HandHead, type Row } from "../../../test/fault/hand-head.js";
import { MemoryFiles } from "../../../test/fault/memory-files.js";
import { Labels } from "../../model/index.js";
import { replayInto, startWal, WAL_STATE_BYTES, WalState, WalWriter, type WalWriterOptions } from "./index.js";

const DIR = "/data/wal";

function openLog(files: MemoryFiles, head: HandHead, options: Partial<WalWriterOptions> = {}) {
  const state = new WalState(new SharedArrayBuffer(WAL_STATE_BYTES));
  startWal(state, files, DIR, -1);
  const { kernels, memory } = head;
  return { state, wal: new WalWriter({ dir: DIR, files, state, ownerId: 1, kernels, memory, ...options }) };
}

function log(head: HandHead, wal: WalWriter, rows: readonly Row[]) {
  const staging = head.stage(rows);
  wal.logSeries(staging, rows.length);
  wal.logSamples(staging, rows.length);
  const commit = wal.commit();
  head.kernels.markRecorded(staging, rows.length);
  return commit;
}

/** All samples in the log, as a fresh head gets them: `labels time bits`. */
function contentsOf(files: MemoryFiles): string[] {
  const head = new HandHead();
  const { kernels, memory } = head;
  const outcome = replayInto({ dir: DIR, files, kernels, memory, head });
  expect(outcome.damages).toEqual([]);
  expect(outcome.samplesUnknown).toBe(0);
  return [...head.samples].flatMap(([key, samples]) =>
    samples.map(({ timeMs, bits }) => `${key.replaceAll("\xff", " ")} ${timeMs} ${bits.toString(16)}`),
  );
}

describe("a WAL writer", () => {
  it("logs each series once and accepted samples only", () => {
    const files = new MemoryFiles();
    const head = new HandHead();
    const { wal } = openLog(files, head);
    const up = head.addSeries(Labels.of({ __name__: "up", job: "a" }), 7);
    const down = head.addSeries(Labels.of({ __name__: "down", ünï: "côdé ✓" }), 3);
    log(head, wal, [
      { slot: up, timeMs: 1000, value: 1 },
      { slot: up, timeMs: 2000, value: 0x7ff0000000000002n },
      { slot: down, timeMs: -5, value: -0.5 },
      { slot: down, timeMs: 500, value: 9, status: STATUS_OUT_OF_ORDER },
      { slot: -1073741824, timeMs: 500, value: 9 },
      { slot: -2, timeMs: 500, value: 9 },
    ]);
    expect(head.flagsOf(up) & SLOT_FLAG_RECORDED).toBe(SLOT_FLAG_RECORDED);
    log(head, wal, [{ slot: up, timeMs: 3000, value: 2 }]);

    const replayed = new HandHead();
    const before = replayed.bump;
    const { kernels, memory } = replayed;
    const outcome = replayInto({ dir: DIR, files, kernels, memory, head: replayed });
    expect(outcome).toMatchObject({
      series: 2,
      samples: 4,
      samplesStaged: 4,
      samplesUnknown: 0,
      duplicateRefs: 0,
      maxRef: 7,
      minTimeMs: -5,
      maxTimeMs: 3000,
      damages: [],
    });
    expect([...outcome.records]).toEqual([
      [1, 1],
      [2, 2],
    ]);
    expect(replayed.bump).toBeGreaterThan(before);
    expect(contentsOf(files)).toEqual([
      "__name__ up job a 1000 3ff0000000000000",
      "__name__ up job a 2000 7ff0000000000002",
      "__name__ up job a 3000 4000000000000000",
      "__name__ down ünï côdé ✓ -5 bfe0000000000000",
    ]);
  });

  it("begins a new segment when a batch does not fit, and fills the old one's last page", () => {
    const files = new MemoryFiles();
    const head = new HandHead();
    const { wal, state } = openLog(files, head, { segmentBytes: 65536, compression: "none" });
    const slot = head.addSeries(Labels.of({ a: "b" }), 1);
    const finished: number[] = [];
    let expected = 0;
    for (let batch = 0; batch < 45; batch++) {
      const rows = Array.from({ length: 300 }, (_, i) => ({ slot, timeMs: batch * 1000 + i, value: Math.random() }));
      expected += rows.length;
      const { finishedSegment } = log(head, wal, rows);
      if (finishedSegment !== undefined) finished.push(finishedSegment);
    }
    expect(finished).toEqual([0, 1]);
    expect(state.position().segment).toBe(2);
    for (const segment of finished) expect(files.stat(`${DIR}/0000000${segment}`).bytes % 32768).toBe(0);
    expect(contentsOf(files)).toHaveLength(expected);
  });

  it.each(["EIO", "ENOSPC"] as const)("takes back a batch whose write fails with %s, at any byte", (code) => {
    const files = new MemoryFiles();
    const head = new HandHead();
    const { wal, state } = openLog(files, head);
    const slot = head.addSeries(Labels.of({ a: "b" }), 1);
    const stored: number[] = [];
    for (let batch = 1; batch <= 60; batch++) {
      const rows = Array.from({ length: 100 }, (_, i) => ({ slot, timeMs: batch * 1000 + i, value: i * batch }));
      const failing = batch % 3 === 0;
      files.fault = (call) => (failing && call === "pwrite" ? { code, shortBytes: batch * 7 } : undefined);
      if (failing) {
        expect(() => log(head, wal, rows)).toThrow(expect.objectContaining({ code: "WAL_WRITE" }));
      } else {
        log(head, wal, rows);
        stored.push(...rows.map(({ timeMs }) => timeMs));
      }
    }
    expect(state.lockOwner).toBe(0);
    expect(state.counter("writesFailed")).toBe(20);
    expect(contentsOf(files).map((line) => Number(line.split(" ")[2]))).toEqual(stored);
  });

  it("takes no more when a torn record cannot be cut off", () => {
    const files = new MemoryFiles();
    const head = new HandHead();
    const { wal, state } = openLog(files, head);
    const slot = head.addSeries(Labels.of({ a: "b" }), 1);
    log(head, wal, [{ slot, timeMs: 1, value: 1 }]);
    files.fault = (call) =>
      call === "pwrite" ? { code: "ENOSPC", shortBytes: 3 } : call === "ftruncate" ? { code: "EIO" } : undefined;
    const attempt = () => log(head, wal, [{ slot, timeMs: 2, value: 2 }]);
    expect(attempt).toThrow(expect.objectContaining({ code: "WAL_STOPPED" }));
    files.fault = () => undefined;
    expect(attempt).toThrow(expect.objectContaining({ code: "WAL_STOPPED" }));
    expect(state.lockOwner).toBe(0);
  });

  it("names lock, holder and time when the lock is not free in time", () => {
    const files = new MemoryFiles();
    const head = new HandHead();
    const { wal, state } = openLog(files, head, { lockTimeoutMs: 30 });
    state.lock(9, 0);
    const slot = head.addSeries(Labels.of({ a: "b" }), 1);
    expect(() => log(head, wal, [{ slot, timeMs: 2, value: 2 }])).toThrow(
      expect.objectContaining({
        code: "WAL_LOCKED",
        message: "wal: the lock of the write-ahead log was not free within 30 ms: writer 9 holds it",
      }),
    );
    state.unlock();
    log(head, wal, [{ slot, timeMs: 2, value: 2 }]);
    expect(contentsOf(files)).toHaveLength(1);
  });
});

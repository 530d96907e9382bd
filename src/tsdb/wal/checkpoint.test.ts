/** Checkpoints: what stays and what goes, and that a crash or a failing call between any two steps loses nothing. */
import { describe, expect, test } from "vitest";
import { HandHead } from "../../../test/fault/hand-head.js";
import { MemoryFiles } from "../../../test/fault/memory-files.js";
import { ByteWriter } from "../../base/index.js";
import { planCheckpoint, removeLeftovers, removeReplaced, writeCheckpoint } from "./checkpoint.js";
import { lastCheckpoint, listSegments, replayInto, startWal, WAL_STATE_BYTES, WalState, WalWriter } from "./index.js";

const DIR = "/data/wal";
const writing = new HandHead(16);

const seriesRecord = (...refs: readonly number[]): Uint8Array => {
  const out = new ByteWriter();
  out.u8(1);
  for (const ref of refs) {
    out.i64(ref);
    out.uvarint(1);
    out.text("ref");
    out.text(String(ref));
  }
  return out.bytes.slice();
};
const samplesRecord = (...samples: readonly (readonly [ref: number, time: number])[]): Uint8Array => {
  const out = new ByteWriter();
  out.u8(2);
  const [first] = samples;
  out.i64(first![0]);
  out.i64(first![1]);
  for (const [ref, time] of samples) {
    out.varint(ref - first![0]);
    out.varint(time - first![1]);
    out.f64(time / 3);
  }
  return out.bytes.slice();
};

/** A log with one segment for each list of records. */
function logOf(...segments: readonly (readonly Uint8Array[])[]): MemoryFiles {
  const files = new MemoryFiles();
  files.mkdir(DIR);
  const { kernels, memory } = writing;
  for (const [number, records] of segments.entries()) {
    const state = new WalState(new SharedArrayBuffer(WAL_STATE_BYTES));
    startWal(state, files, DIR, number - 1);
    const wal = new WalWriter({ dir: DIR, files, state, ownerId: 1, kernels, memory });
    for (const record of records) wal.logRecord(record);
    wal.commit();
    wal.finish();
    wal.close();
  }
  return files;
}

function replayed(files: MemoryFiles): { readonly samples: Map<string, number[]>; readonly series: string[] } {
  const head = new HandHead(8);
  const { kernels, memory } = head;
  const { damages } = replayInto({ dir: DIR, files, kernels, memory, head });
  expect(damages).toEqual([]);
  const samples = [...head.samples].map(
    ([key, list]) => [key.split("\xff")[1]!, list.map(({ timeMs }) => timeMs)] as const,
  );
  return {
    samples: new Map(samples.filter(([, list]) => list.length > 0)),
    series: [...head.slots.keys()].map((key) => key.split("\xff")[1]!).sort(),
  };
}

function checkpoint(files: MemoryFiles, lastSegment: number, live: readonly number[], minTimeMs: number) {
  const { kernels, memory } = writing;
  const keepsSeries = (ref: number) => live.includes(ref);
  return writeCheckpoint({ dir: DIR, files, kernels, memory, lastSegment, keepsSeries, minTimeMs });
}

/** Six segments: series 1 and 2 live on, 3 has ended. */
const whole = (): MemoryFiles =>
  logOf(
    [seriesRecord(1, 2, 3), samplesRecord([1, 100], [2, 101], [3, 102])],
    [samplesRecord([1, 200], [2, 201], [3, 202])],
    [samplesRecord([1, 300], [2, 301])],
    [samplesRecord([1, 400], [2, 401])],
    [seriesRecord(4), samplesRecord([1, 500], [4, 501])],
    [samplesRecord([1, 600], [2, 601], [4, 602])],
  );

describe("a checkpoint", () => {
  test.each([
    [0, undefined],
    [1, undefined],
    [2, undefined],
    [3, 1],
    [4, 2],
    [5, 2],
    [6, 3],
  ])("is planned as Prometheus does where segment %i is written", (current, last) => {
    expect(planCheckpoint(whole(), DIR, current)).toBe(last);
  });

  test("counts from the first segment that is left", () => {
    const files = whole();
    files.unlink(`${DIR}/00000000`);
    files.unlink(`${DIR}/00000001`);
    expect(planCheckpoint(files, DIR, 5)).toBe(3);
  });

  test("keeps live series and samples from the least time on, and replaces the segments", () => {
    const files = whole();
    const outcome = checkpoint(files, 3, [1, 2], 300);
    expect(outcome).toMatchObject({
      path: `${DIR}/checkpoint.00000003`,
      series: 2,
      seriesDropped: 1,
      samples: 4,
      samplesDropped: 6,
    });
    removeReplaced(files, DIR, 3);
    expect(files.readdir(DIR)).toEqual(["00000004", "00000005", "checkpoint.00000003"]);
    expect(replayed(files)).toEqual({
      series: ["1", "2", "4"],
      samples: new Map([
        ["1", [300, 400, 500, 600]],
        ["2", [301, 401, 601]],
        ["4", [501, 602]],
      ]),
    });
  });

  test("is reduced again by the next one", () => {
    const files = whole();
    checkpoint(files, 2, [1, 2, 3], 0);
    removeReplaced(files, DIR, 2);
    checkpoint(files, 4, [1, 4], 450);
    removeReplaced(files, DIR, 4);
    expect(files.readdir(DIR)).toEqual(["00000005", "checkpoint.00000004"]);
    // Series 2 has no record any more, so its sample in segment 5 has no series.
    expect(replayed(files)).toEqual({
      series: ["1", "4"],
      samples: new Map([
        ["1", [500, 600]],
        ["4", [501, 602]],
      ]),
    });
  });

  test("keeps what other records say: metadata once a series, exemplars, histograms and tombstones by time", () => {
    const metadata = (ref: number, help: string): Uint8Array => {
      const out = new ByteWriter();
      out.u8(6);
      out.uvarint(ref);
      out.u8(1);
      out.uvarint(2);
      for (const text of ["UNIT", "", "HELP", help]) out.text(text);
      return out.bytes.slice();
    };
    const tombstones = (...stones: readonly (readonly [number, number, number])[]): Uint8Array => {
      const out = new ByteWriter();
      out.u8(3);
      for (const [ref, min, max] of stones) {
        out.i64(ref);
        out.varint(min);
        out.varint(max);
      }
      return out.bytes.slice();
    };
    const files = logOf(
      [seriesRecord(1, 2), metadata(1, "old"), metadata(2, "gone"), tombstones([1, 0, 99], [1, 50, 100])],
      [metadata(1, "new")],
      [],
    );
    const { kernels, memory } = writing;
    checkpoint(files, 1, [1], 100);
    removeReplaced(files, DIR, 1);
    const kinds: [number, string][] = [];
    const head = new HandHead(8);
    replayInto({
      dir: DIR,
      files,
      kernels,
      memory,
      head: { resolveSeries: (...args) => head.resolveSeries(...args), appendStaged: () => undefined },
      onOtherRecord: (kind, address, length) => {
        kinds.push([kind, Buffer.from(new Uint8Array(memory.buffer).slice(address, address + length)).toString("hex")]);
      },
    });
    expect(kinds).toEqual([
      [3, Buffer.from(tombstones([1, 50, 100])).toString("hex")],
      [6, Buffer.from(metadata(1, "new")).toString("hex")],
    ]);
  });

  test("of a damaged segment is not made, and the log stays as it was", () => {
    const files = whole();
    files.contentOf(`${DIR}/00000001`)[20]! ^= 1;
    const names = files.readdir(DIR);
    expect(() => checkpoint(files, 3, [1, 2], 0)).toThrow(/00000001 is damaged/);
    expect(files.readdir(DIR)).toEqual(names);
  });
});

/** What must be there whatever happens: live series' samples from 300 on. */
const PROMISED = new Map([
  ["1", [300, 400, 500, 600]],
  ["2", [301, 401, 601]],
  ["4", [501, 602]],
]);

function expectPromised(files: MemoryFiles, what: string): void {
  const { samples } = replayed(files);
  for (const [series, times] of PROMISED) {
    expect(
      (samples.get(series) ?? []).filter((time) => time >= 300),
      `${what}: series ${series}`,
    ).toEqual(times);
  }
}

function checkpointAndTruncate(files: MemoryFiles): void {
  checkpoint(files, 3, [1, 2], 300);
  removeReplaced(files, DIR, 3);
}

describe("a crash or failure", () => {
  test("of any call leaves a log with everything, and the next checkpoint succeeds", () => {
    let failed = 0;
    for (let call = 0; ; call++) {
      const files = whole();
      const first = files.calls + call;
      let isFired = false;
      files.fault = (kind, _path, index) => {
        if (index !== first) return undefined;
        isFired = true;
        return kind === "pwrite" ? { code: "ENOSPC", shortBytes: 5 } : { code: "EIO" };
      };
      try {
        checkpointAndTruncate(files);
      } catch {
        failed++;
      }
      files.fault = () => undefined;
      expectPromised(files, `call ${call}`);
      removeLeftovers(files, DIR);
      expectPromised(files, `call ${call}, second start`);
      expect(files.readdir(DIR).filter((name) => name.endsWith(".tmp"))).toEqual([]);
      if (listSegments(files, DIR)[0]!.number < 4) checkpointAndTruncate(files);
      expect(lastCheckpoint(files, DIR)).toMatchObject({ number: 3 });
      expectPromised(files, `call ${call}, after the next checkpoint`);
      if (!isFired) break;
    }
    expect(failed).toBeGreaterThan(20);
  });

  test("of power at any call leaves a log with everything, whatever arrived of what was not synced", () => {
    const random = randomFrom(20261126);
    for (let call = 0; ; call++) {
      let isFired = false;
      for (let variant = 0; variant < 3; variant++) {
        const files = whole();
        for (const { path } of listSegments(files, DIR)) {
          const descriptor = files.open(path, "r+");
          files.fsync(descriptor);
          files.close(descriptor);
        }
        files.fsyncDir(DIR);
        const first = files.calls + call;
        const isOff = { value: false };
        files.fault = (_kind, _path, index) => {
          if (index < first) return undefined;
          isOff.value = true;
          return { code: "EIO" };
        };
        try {
          checkpointAndTruncate(files);
        } catch {
          // the power is off
        }
        isFired ||= isOff.value;
        files.fault = () => undefined;
        files.cutPower(random);
        expectPromised(files, `call ${call}, variant ${variant}`);
        removeLeftovers(files, DIR);
        expectPromised(files, `call ${call}, variant ${variant}, second start`);
      }
      if (!isFired) break;
    }
  });
});

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

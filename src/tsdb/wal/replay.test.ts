/** Replay: what records mean, which of them are refused, and how a damaged log is repaired. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { HandHead } from "../../../test/fault/hand-head.js";
import { MemoryFiles } from "../../../test/fault/memory-files.js";
import { CorruptionError } from "../../base/index.js";
import { Labels } from "../../model/index.js";
import {
  damageError,
  encodeExemplars,
  listSegments,
  type ReplayOptions,
  repairWal,
  replayInto,
  startWal,
  WAL_STATE_BYTES,
  WalState,
  WalWriter,
} from "./index.js";

const DIR = "/data/wal";
const writing = new HandHead(8);

/** The bytes of a record, from numbers (bytes), big-endian 64-bit numbers, varints, and texts with their length. */
const be64 = (value: number | bigint) =>
  [...new Uint8Array(new BigUint64Array([BigInt.asUintN(64, BigInt(value))]).buffer)].reverse();
const bits = (value: number) => be64(new BigUint64Array(new Float64Array([value]).buffer)[0]!);
function uvarint(value: bigint): number[] {
  return value < 0x80n ? [Number(value)] : [Number(value & 0x7fn) | 0x80, ...uvarint(value >> 7n)];
}
const varint = (value: number | bigint) => uvarint(BigInt.asUintN(64, (BigInt(value) << 1n) ^ (BigInt(value) >> 63n)));
const text = (value: string) => [...uvarint(BigInt(Buffer.byteLength(value))), ...Buffer.from(value)];
const series = (ref: number | bigint, pairs: Record<string, string>) => [
  ...be64(ref),
  Object.keys(pairs).length,
  ...Object.entries(pairs).flatMap(([name, value]) => [...text(name), ...text(value)]),
];

/** A log with one segment for each list of records. */
function logOf(...segments: readonly (readonly (readonly number[])[])[]): MemoryFiles {
  const files = new MemoryFiles();
  const { kernels, memory } = writing;
  for (const [number, records] of segments.entries()) {
    const state = new WalState(new SharedArrayBuffer(WAL_STATE_BYTES));
    startWal(state, files, DIR, number - 1);
    const wal = new WalWriter({ dir: DIR, files, state, ownerId: 1, kernels, memory });
    for (const record of records) wal.logRecord(Uint8Array.from(record));
    wal.commit();
    wal.close();
  }
  return files;
}

function replay(files: MemoryFiles, options: Partial<ReplayOptions> = {}) {
  const head = new HandHead(8);
  const { kernels, memory } = head;
  const outcome = replayInto({ dir: DIR, files, kernels, memory, head, ...options });
  const samples = [...head.samples].map(([key, list]) => [
    key.replaceAll("\xff", " "),
    ...list.map((sample) => `${sample.timeMs} ${new Float64Array(new BigUint64Array([sample.bits]).buffer)[0]}`),
  ]);
  return { head, outcome, samples };
}

const SERIES = [1, ...series(10, { a: "b" }), ...series(2 ** 39, { a: "c" })];

describe("replay", () => {
  it("takes samples of both types relative to what the format says", () => {
    const v1 = [
      2,
      ...be64(10),
      ...be64(1000),
      ...varint(0),
      ...varint(0),
      ...bits(1),
      ...varint(2 ** 39 - 10),
      ...varint(-5),
      ...bits(2),
    ];
    const v2 = [
      11,
      ...[...varint(2 ** 39), ...varint(5000), ...varint(77), ...bits(3)],
      ...[...varint(10 - 2 ** 39), ...varint(1), 0, ...bits(4)], // no start time
      ...[...varint(0), ...varint(2), 1, ...bits(5)], // the same
      ...[...varint(0), ...varint(3), 2, ...varint(-3), ...bits(6)], // its own
    ];
    const { samples, outcome } = replay(logOf([SERIES, v1, v2]));
    expect(samples).toEqual([
      ["a b", "1000 1", "5001 4", "5002 5", "5003 6"],
      ["a c", "995 2", "5000 3"],
    ]);
    expect(outcome).toMatchObject({ maxRef: 2 ** 39, minTimeMs: 995, maxTimeMs: 5003, samples: 6, damages: [] });
  });

  it("maps a second ref of a label set to the first, whose ref the series keeps", () => {
    const sample = (ref: number, time: number) => [2, ...be64(ref), ...be64(time), 0, 0, ...bits(time)];
    const files = logOf([SERIES, sample(10, 1), [1, ...series(99, { a: "b" })], sample(99, 2), sample(10, 3)]);
    const { samples, outcome, head } = replay(files);
    expect(samples).toEqual([["a b", "1 1", "2 2", "3 3"]]);
    expect(outcome).toMatchObject({ duplicateRefs: 1, series: 3, maxRef: 2 ** 39 });
    expect(head.refOf(head.slots.get(Labels.of({ a: "b" }).key)!)).toBe(10);
  });

  it("leaves out what a block has, and counts samples that no series explains", () => {
    const record = [2, ...be64(10), ...be64(1000), ...[0, 0, ...bits(1)], ...[2, 2, ...bits(2)], ...[0, 4, ...bits(3)]];
    const { samples, outcome } = replay(logOf([SERIES, record]), { minValidTimeMs: 1001 });
    expect(samples).toEqual([["a b", "1002 3"]]);
    expect(outcome).toMatchObject({ samplesTooOld: 1, samplesUnknown: 1, samplesStaged: 1 });
  });

  it("leaves out exemplars from before the head, as Prometheus does", () => {
    const exemplar = (timestampMs: number) => ({
      ref: 10,
      exemplar: { labels: Labels.of({ t: "x" }), value: 1, timestampMs, isTimed: true },
    });
    const records: number[][] = [SERIES];
    encodeExemplars([1000, 1001, 1002].map(exemplar), (record) => records.push([...record]));
    const head = new HandHead(8);
    const { kernels, memory } = head;
    const times: number[] = [];
    const outcome = replayInto({
      dir: DIR,
      files: logOf(records),
      kernels,
      memory,
      minValidTimeMs: 1001,
      head: {
        resolveSeries: (address, length, low, high) => head.resolveSeries(address, length, low, high),
        appendStaged: () => expect.unreachable(),
        addExemplar: (_slot, { timestampMs }) => times.push(timestampMs),
      },
    });
    expect(times).toEqual([1001, 1002]);
    expect(outcome.exemplars).toBe(2);
  });

  it("hands other kinds over and counts all, unknown ones too", () => {
    const got: number[] = [];
    const { outcome } = replay(logOf([SERIES, [3, 1, 2], [200], [6, 9], [3]]), {
      onOtherRecord: (kind, _address, length) => got.push(kind, length),
    });
    expect(got).toEqual([3, 3, 200, 1, 6, 2, 3, 1]);
    expect([...outcome.records]).toEqual([
      [1, 1],
      [3, 2],
      [200, 1],
      [6, 1],
    ]);
  });

  it("goes on without series that the head does not take", () => {
    const head = new HandHead(8);
    const { kernels, memory } = head;
    const refusals = [-1, -2];
    const outcome = replayInto({
      dir: DIR,
      files: logOf([SERIES, [2, ...be64(10), ...be64(0), 0, 0, ...bits(1)]]),
      kernels,
      memory,
      head: { resolveSeries: () => refusals.shift()!, appendStaged: () => expect.unreachable() },
    });
    expect(outcome).toMatchObject({ seriesMalformed: 1, seriesRefused: 1, samplesUnknown: 1 });
  });

  it("takes any bytes in a record: all of it, or damage in its place, and nothing behind it", () => {
    const good = [2, ...be64(10), ...be64(5), 0, 0, ...bits(1)];
    fc.assert(
      fc.property(fc.constantFrom(1, 2, 11), fc.uint8Array({ maxLength: 60 }), fc.boolean(), (kind, noise, salvage) => {
        const { outcome, samples } = replay(logOf([SERIES, [kind, ...noise], good]), { salvage });
        expect(outcome.damages.length).toBeLessThanOrEqual(1);
        const first = samples.find(([key]) => key === "a b");
        const isRefused = outcome.damages.length === 1;
        if (isRefused) expect(outcome.damages[0]!.reason).toMatch(/^malformed (series|samples) record$/);
        expect(first?.includes("5 1") ?? false).toBe(!isRefused || salvage);
      }),
      { numRuns: 150 },
    );
  }, 60_000);

  it("grows its table of refs, and gives back all memory for the next run", () => {
    const many = Array.from({ length: 40 }, (_, block) => [
      1,
      ...Array.from({ length: 250 }, (_, i) => series(block * 250 + i + 1, { a: `${block}-${i}` })).flat(),
    ]);
    const files = logOf(many);
    const head = new HandHead(16);
    const { kernels, memory } = head;
    const run = () => replayInto({ dir: DIR, files, kernels, memory, head });
    expect(run()).toMatchObject({ series: 10_000, maxRef: 10_000 });
    const { usedBytes } = head;
    expect(run()).toMatchObject({ series: 10_000, duplicateRefs: 0 });
    expect(head.usedBytes).toBe(usedBytes);
    // The second run may cut up regions of the first; from then on all that is asked for lies ready.
    const { bump } = head;
    for (let i = 0; i < 3; i++) run();
    expect([head.usedBytes, head.bump]).toEqual([usedBytes, bump]);
  });
});

describe("repair", () => {
  const sample = (time: number) => [2, ...be64(10), ...be64(time), 0, 0, ...bits(time)];

  function damagedLog() {
    const files = logOf([SERIES, sample(1), sample(2), sample(3)], [sample(4)], [sample(5)]);
    const content = files.contentOf(`${DIR}/00000000`);
    content[content.length - 40]! ^= 0x10; // in sample 2
    return files;
  }

  it("keeps what stands before the damage and removes all behind it", () => {
    const files = damagedLog();
    const { outcome, samples } = replay(files);
    expect(samples).toEqual([["a b", "1 1"]]);
    expect(outcome.damages).toHaveLength(1);
    expect(damageError(outcome.damages[0]!).message).toMatch(
      /^wal: \/data\/wal\/00000000 is damaged; everything behind that byte is cut off .*: byte \d+: unexpected checksum$/,
    );
    const repair = repairWal(files, DIR, outcome.damages)!;
    expect(repair.removedSegments).toEqual([`${DIR}/00000002`, `${DIR}/00000001`]);
    expect(listSegments(files, DIR).map(({ number }) => number)).toEqual([0]);
    const again = replay(files);
    expect(again.samples).toEqual(samples);
    expect(again.outcome.damages).toEqual([]);
    expect(repairWal(files, DIR, again.outcome.damages)).toBeUndefined();
  });

  it("leaves the files alone with salvage, which loses the damaged page only", () => {
    const files = damagedLog();
    const { outcome, samples } = replay(files, { salvage: true });
    expect(samples).toEqual([["a b", "1 1", "4 4", "5 5"]]);
    expect(repairWal(files, DIR, outcome.damages, true)).toBeUndefined();
    expect(replay(files, { salvage: true }).samples).toEqual(samples);
  });

  it("does not let a damaged checkpoint keep the process from starting", () => {
    const files = logOf([SERIES], [], [SERIES, sample(9)]);
    const checkpoint = files.contentOf(`${DIR}/00000000`).slice();
    checkpoint[20]! ^= 1;
    files.put(`${DIR}/checkpoint.00000001/00000000`, checkpoint);
    files.mkdir(`${DIR}/checkpoint.00000005.tmp`);
    const { outcome, samples } = replay(files);
    expect(samples).toEqual([["a b", "9 9"]]);
    expect(outcome.damages).toEqual([expect.objectContaining({ isCheckpoint: true, isTornTail: false })]);
    expect(repairWal(files, DIR, outcome.damages)).toBeUndefined();
  });

  it("names the segments that are missing", () => {
    const files = logOf([SERIES], [SERIES], [SERIES]);
    files.unlink(`${DIR}/00000001`);
    expect(() => replay(files)).toThrow(CorruptionError);
    expect(() => replay(files)).toThrow(/not sequential: \/data\/wal\/00000002 follows \/data\/wal\/00000000/);
  });
});

/** What is written to the log comes out of its tail, record by record, from any position that was kept. */
import { cpSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compressSync } from "snappy";
import { afterEach, expect, test } from "vitest";
import { writeRequestV1 } from "../../../test/support/write-request.js";
import { makeWriteShard, type WriteShard } from "../../../test/support/write-shard.js";
import { systemFiles } from "../../base/index.js";
import { decodeLabelBytes } from "../../model/label-bytes.js";
import { decodeSamples, type WalPosition } from "../../tsdb/wal/index.js";
import { checkpointRefs, decodeSeries, recordsBefore, WalTail } from "./wal-tail.js";

const START_MS = 1_700_000_000_000;
let folder = "";
let shard: WriteShard;

afterEach(() => {
  shard.close();
  rmSync(folder, { recursive: true, force: true });
});

function write(round: number, series: number): void {
  const request = Array.from({ length: series }, (_, i) => ({
    labels: [
      ["__name__", "m"],
      ["i", String(i)],
    ] as const,
    samples: [{ timeMs: START_MS + round * 1000, value: round * 1000 + i }],
  }));
  const outcome = shard.writer.append(1, compressSync(Buffer.from(writeRequestV1(request))));
  expect(outcome.samples).toBe(series);
}

/** `series value` of all samples that the tail gives now. */
function drain(tail: WalTail, names: Map<number, string>): string[] {
  const out: string[] = [];
  const view = new DataView(new ArrayBuffer(8));
  for (let record = tail.next(); record !== undefined; record = tail.next()) {
    if (record[0] === 1) {
      for (const { ref, labels } of decodeSeries(record)) names.set(ref, decodeLabelBytes(labels.slice()).get("i"));
    } else if (record[0] === 2) {
      for (const { ref, high, low } of decodeSamples(record)) {
        view.setUint32(0, high);
        view.setUint32(4, low);
        out.push(`${names.get(ref)} ${view.getFloat64(0)}`);
      }
    }
  }
  return out;
}

function expected(round: number, series: number): string[] {
  return Array.from({ length: series }, (_, i) => `${i} ${round * 1000 + i}`);
}

test("rounds of many sizes over several segments, and from each position in between", () => {
  folder = mkdtempSync(join(tmpdir(), "vestal-tail-"));
  const dir = join(folder, "wal");
  shard = makeWriteShard({ variant: "release", shard: 0, shardCount: 1, walDir: dir, walSegmentBytes: 2 * 32_768 });
  const options = { dir, files: systemFiles, end: () => shard.walPosition() };
  const begin = shard.walPosition();
  const tail = new WalTail(options, begin);
  const names = new Map<number, string>();
  const positions: WalPosition[] = [];
  const sizes = [1, 500, 3, 2000, 7, 4000, 900, 4500, 10, 4600];
  for (const [round, size] of sizes.entries()) {
    positions.push(tail.position);
    write(round, size);
    expect(drain(tail, names)).toEqual(expected(round, size));
    expect(tail.next()).toBeUndefined();
  }
  expect(shard.walPosition().segment).toBeGreaterThan(1);
  tail.close();
  for (const [round, position] of positions.entries()) {
    const again = new Map<number, string>();
    for (const record of recordsBefore(options, position)) {
      if (record[0] !== 1) continue;
      for (const { ref, labels } of decodeSeries(record)) again.set(ref, decodeLabelBytes(labels.slice()).get("i"));
    }
    const resumed = new WalTail(options, position);
    const rest = sizes.slice(round).flatMap((size, i) => expected(round + i, size));
    expect(drain(resumed, again)).toEqual(rest);
    resumed.close();
  }
});

test("segments that are gone are counted, and passed over", () => {
  folder = mkdtempSync(join(tmpdir(), "vestal-tail-"));
  const dir = join(folder, "wal");
  shard = makeWriteShard({ variant: "release", shard: 0, shardCount: 1, walDir: dir, walSegmentBytes: 2 * 32_768 });
  const begin = shard.walPosition();
  for (let round = 0; round < 12; round++) write(round, 4000);
  expect(shard.walPosition().segment).toBeGreaterThan(begin.segment + 2);
  rmSync(join(dir, "00000000"));
  rmSync(join(dir, "00000001"));
  const tail = new WalTail({ dir, files: systemFiles, end: () => shard.walPosition() }, begin);
  const samples = drain(tail, new Map());
  expect(samples.length).toBeGreaterThan(0);
  expect(samples.length).toBeLessThan(48_000);
  expect(tail.lostSegments).toBe(1);
  tail.close();
});

test("the series of a checkpoint are told once", () => {
  folder = mkdtempSync(join(tmpdir(), "vestal-tail-"));
  const dir = join(folder, "wal");
  shard = makeWriteShard({ variant: "release", shard: 0, shardCount: 1, walDir: dir, walSegmentBytes: 2 * 32_768 });
  write(0, 20);
  const options = { dir, files: systemFiles, end: () => shard.walPosition() };
  expect(checkpointRefs(options, -1)).toBeUndefined();
  mkdirSync(join(dir, "checkpoint.00000000"));
  cpSync(join(dir, "00000000"), join(dir, "checkpoint.00000000", "00000000"));
  const found = checkpointRefs(options, -1)!;
  expect([found.number, found.refs.size]).toEqual([0, 20]);
  expect(checkpointRefs(options, found.number)).toBeUndefined();
});

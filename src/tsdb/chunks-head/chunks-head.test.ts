/** Closed chunks to files and back: the bytes that the format asks for, readers, replay, damage, and calls that fail. */
import { describe, expect, test } from "vitest";
import { COUNTER_CHUNKS, COUNTER_CHUNKS_ON_DISK, STATUS_OK } from "../../../assembly/layout.js";
import { MemoryFiles } from "../../../test/fault/memory-files.js";
import { crc32c } from "../../../test/twins/bytes/crc32c.js";
import { compileKernels, QueryMemory, startKernels } from "../../memory/index.js";
import { Labels, Matcher } from "../../model/index.js";
import { type ChunkKernels, Head, HeadReader, HeadsQuerier } from "../head/index.js";
import {
  CHUNKS_HEAD_STATE_BYTES,
  ChunkFlusher,
  ChunksHeadState,
  ChunksHeadWriter,
  type DiskKernels,
  HeadChunkReader,
  type LoadedChunks,
  listHeadChunkFiles,
  loadChunksHead,
  startChunksHead,
} from "./index.js";

const DIR = "/data/chunks_head";
const module = compileKernels("ingest", "debug");
const queryModule = compileKernels("query", "debug");

interface Rig {
  readonly head: Head;
  readonly files: MemoryFiles;
  readonly state: ChunksHeadState;
  readonly writer: ChunksHeadWriter;
  flush(): number;
}

function rig(files = new MemoryFiles(), fileBytes?: number): Rig {
  const head = Head.create({ shardIndex: 0, shardCount: 1, limitPages: 512, hashSeed: 7, samplesPerChunk: 8 }, module);
  head.setRefRange(1, 1000);
  const state = new ChunksHeadState(new SharedArrayBuffer(CHUNKS_HEAD_STATE_BYTES));
  startChunksHead(state, files, DIR);
  const writer = new ChunksHeadWriter({
    dir: DIR,
    files,
    state,
    ownerId: 1,
    ...(fileBytes !== undefined && { fileBytes }),
  });
  const flusher = new ChunkFlusher(head, head.kernels as unknown as DiskKernels, writer);
  const flush = (): number => {
    for (const pass = flusher.pass(); ; ) {
      const step = pass.next();
      if (step.done) return step.value;
    }
  };
  return { head, files, state, writer, flush };
}

/** Value of series `series` at step `i`. */
const valueAt = (series: number, i: number) => series * 1000 + Math.sin(i) * (series + 1);
const timeAt = (i: number) => 1_700_000_000_000 + i * 1000;
const labelsOf = (series: number) => Labels.of({ __name__: "m", series: String(series) });

/** Appends steps [from, to) of each series, one commit a step. */
function append(head: Head, seriesCount: number, from: number, to: number): void {
  const slots = Array.from({ length: seriesCount }, (_, s) => head.resolveLabels(labelsOf(s)));
  for (let i = from; i < to; i++) {
    head.reserveStaging(seriesCount);
    slots.forEach((slot, s) => {
      head.stageRow(s, slot, timeAt(i), valueAt(s, i));
    });
    head.validate(seriesCount, Number.NEGATIVE_INFINITY);
    for (let row = 0; row < seriesCount; row++) expect(head.rowStatus(row)).toBe(STATUS_OK);
    head.append(seriesCount);
    head.publish();
  }
}

function samplesOf(
  { head, files }: Pick<Rig, "head" | "files">,
  minTimeMs = -1e15,
  maxTimeMs = 1e15,
): Map<string, string[]> {
  const memory = new QueryMemory(1 << 26);
  const kernels = startKernels<ChunkKernels>(queryModule, memory.memory);
  const querier = new HeadsQuerier([new HeadReader(head.memory, 0)], memory, kernels, new HeadChunkReader(files, DIR));
  const set = querier.select([new Matcher("=", "__name__", "m")], { minTimeMs, maxTimeMs, stepMs: 0, func: "" });
  const found = new Map<string, string[]>();
  for (let i = 0; i < set.count; i++) {
    const sink = {
      reserve: (count: number) => ({
        timesAddr: memory.allocate(8 * (count + 1)),
        valuesAddr: memory.allocate(8 * (count + 1)),
      }),
    };
    const { timesAddr, valuesAddr, count } = set.samples(i, minTimeMs, maxTimeMs, sink as never);
    const samples: string[] = [];
    for (let k = 0; k < count; k++)
      samples.push(`${memory.floats[timesAddr / 8 + k]} ${memory.floats[valuesAddr / 8 + k]}`);
    found.set(set.labels(i).key, samples);
  }
  set.close();
  return found;
}

function expected(seriesCount: number, from: number, to: number): Map<string, string[]> {
  return new Map(
    Array.from({ length: seriesCount }, (_, s) => [
      labelsOf(s).key,
      Array.from({ length: to - from }, (_, k) => `${timeAt(from + k)} ${valueAt(s, from + k)}`),
    ]),
  );
}

function load(into: Rig, options: { readonly minValidTimeMs?: number; readonly mends?: boolean } = {}): LoadedChunks {
  const last = listHeadChunkFiles(into.files, DIR).at(-1);
  return loadChunksHead({
    dir: DIR,
    files: into.files,
    kernels: into.head.kernels as unknown as DiskKernels,
    memory: into.head.memory,
    state: into.state,
    ownerId: 1,
    end: { segment: last?.number ?? 0, offset: last === undefined ? 0 : into.files.stat(last.path).bytes },
    minValidTimeMs: Number.NEGATIVE_INFINITY,
    mends: true,
    ...options,
  });
}

/** A head that has taken over what lies in `files`, for series whose refs are 1, 2 … */
function takeOver(files: MemoryFiles, seriesCount: number, minValidTimeMs?: number): Rig & { loaded: LoadedChunks } {
  const next = rig(files);
  const loaded = load(next, minValidTimeMs === undefined ? {} : { minValidTimeMs });
  for (let s = 0; s < seriesCount; s++) {
    const slot = next.head.resolveLabels(labelsOf(s), s + 1);
    loaded.attach(slot, s + 1, 0, next.head.committed + 1);
  }
  loaded.release();
  next.head.publish();
  return { ...next, loaded };
}

/** Records of a file by the format's own words, checksums checked. */
function recordsOf(
  bytes: Uint8Array,
): { ref: number; min: number; max: number; encoding: number; count: number; at: number }[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  expect([...bytes.subarray(0, 8)]).toEqual([0x01, 0x30, 0xbc, 0x91, 1, 0, 0, 0]);
  const records = [];
  for (let at = 8; at < bytes.length; ) {
    const start = at;
    const [ref, min, max] = [0, 8, 16].map((field) => Number(view.getBigInt64(at + field)));
    const encoding = bytes[at + 24]!;
    at += 25;
    let length = 0;
    for (let shift = 0; ; shift += 7) {
      length += (bytes[at]! & 0x7f) * 2 ** shift;
      if (bytes[at++]! < 0x80) break;
    }
    const count = view.getUint16(at);
    at += length;
    expect(view.getUint32(at)).toBe(crc32c(bytes.subarray(start, at)) >>> 0);
    records.push({ ref: ref!, min: min!, max: max!, encoding, count, at: start });
    at += 4;
  }
  return records;
}

describe("writing", () => {
  test("closed chunks become records of the format, oldest first, and leave memory; readers find all samples", () => {
    const one = rig();
    append(one.head, 3, 0, 45);
    const before = samplesOf(one);
    expect(before).toEqual(expected(3, 0, 45));
    const liveBefore = one.head.memoryUse().liveBytes;
    const closed = one.head.counter(COUNTER_CHUNKS) - 3;
    expect(closed).toBeGreaterThan(6);
    expect(one.flush()).toBe(closed);
    expect(one.head.counter(COUNTER_CHUNKS_ON_DISK)).toBe(closed);
    expect(one.head.memoryUse().liveBytes).toBeLessThan(liveBefore + 400_000); // with the flusher's buffers
    const records = recordsOf(one.files.contentOf(`${DIR}/000001`));
    expect(records.map(({ ref }) => ref).sort()).toEqual(records.map(({ ref }) => ref));
    for (const ref of [1, 2, 3]) {
      const own = records.filter((record) => record.ref === ref);
      expect(own.map(({ min }) => min)).toEqual([...own.map(({ min }) => min)].sort((a, b) => a - b));
      expect(own[0]!.min).toBe(timeAt(0));
      expect(own.every(({ encoding }) => encoding === 1)).toBe(true);
      expect(own.reduce((sum, { count }) => sum + count, 0)).toBe((own.at(-1)!.max - timeAt(0)) / 1000 + 1);
    }
    expect(samplesOf(one)).toEqual(before);
    expect(samplesOf(one, timeAt(3), timeAt(20))).toEqual(expected(3, 3, 21));
    expect(one.flush()).toBe(0);
    append(one.head, 3, 45, 80);
    one.flush();
    expect(samplesOf(one)).toEqual(expected(3, 0, 80));
  });

  test("files end before their size and have no gap in their numbers", () => {
    const one = rig(new MemoryFiles(), 600);
    append(one.head, 4, 0, 20);
    for (let i = 20; i < 200; i += 10) {
      append(one.head, 4, i, i + 10);
      one.flush();
    }
    const all = listHeadChunkFiles(one.files, DIR);
    expect(all.length).toBeGreaterThan(5);
    expect(all.map(({ number }) => number)).toEqual(all.map((_, i) => i + 1));
    for (const { path } of all) recordsOf(one.files.contentOf(path));
    expect(samplesOf(one)).toEqual(expected(4, 0, 200));
  });

  test("a call that fails or writes short leaves chunks in memory and whole records on disk, whichever call it is", () => {
    for (let failing = 0; ; failing++) {
      const one = rig(new MemoryFiles(), 600);
      append(one.head, 2, 0, 60);
      const first = one.files.calls + failing;
      let fired = false;
      one.files.fault = (call, _path, index) => {
        if (index !== first) return undefined;
        fired = true;
        return call === "pwrite" ? { code: "ENOSPC", shortBytes: 9 } : { code: "EIO" };
      };
      let thrown: unknown;
      try {
        one.flush();
      } catch (error) {
        thrown = error;
      }
      one.files.fault = () => undefined;
      expect(samplesOf(one)).toEqual(expected(2, 0, 60));
      append(one.head, 2, 60, 90);
      one.flush();
      expect(samplesOf(one)).toEqual(expected(2, 0, 90));
      for (const { path } of listHeadChunkFiles(one.files, DIR)) recordsOf(one.files.contentOf(path));
      const next = takeOver(one.files, 2);
      expect(next.loaded.damage, `call ${failing}`).toBeUndefined();
      if (!fired) break;
      expect(thrown).toMatchObject({ code: "CHUNKS_HEAD_WRITE" });
      expect(String(thrown)).toContain(DIR);
    }
  });
});

describe("taking over", () => {
  test("a new head has the chunks of each series, goes on behind them, and writes on in a new file", () => {
    const one = rig();
    append(one.head, 3, 0, 45);
    one.flush();
    const onDisk = one.head.counter(COUNTER_CHUNKS_ON_DISK);
    const lastStep = (recordsOf(one.files.contentOf(`${DIR}/000001`)).at(-1)!.max - timeAt(0)) / 1000;
    const next = takeOver(one.files, 3);
    expect(next.loaded).toMatchObject({ chunks: onDisk, attached: onDisk, maxRef: 3, damage: undefined });
    expect(samplesOf(next)).toEqual(expected(3, 0, lastStep + 1));
    append(next.head, 3, lastStep + 1, 100);
    next.flush();
    expect(samplesOf(next)).toEqual(expected(3, 0, 100));
    expect(listHeadChunkFiles(one.files, DIR).map(({ number }) => number)).toEqual([1, 2]);
    const third = takeOver(one.files, 3);
    expect(third.loaded.damage).toBeUndefined();
    expect(third.loaded.attached).toBe(next.head.counter(COUNTER_CHUNKS_ON_DISK));
  });

  test("chunks that a block has are left out, and those of unknown refs are forgotten", () => {
    const one = rig();
    append(one.head, 3, 0, 45);
    one.flush();
    const records = recordsOf(one.files.contentOf(`${DIR}/000001`)).filter(({ ref }) => ref === 1);
    const cut = records[2]!.min;
    const next = takeOver(one.files, 2, cut);
    const from = (cut - timeAt(0)) / 1000;
    expect(samplesOf(next)).toEqual(expected(2, from, (records.at(-1)!.max - timeAt(0)) / 1000 + 1));
    expect(next.loaded.tooOld).toBe(6);
  });

  test("a file that is cut off at any byte, or has any byte changed, costs what stands behind and nothing else", () => {
    const one = rig(new MemoryFiles(), 900);
    append(one.head, 2, 0, 20);
    one.flush();
    append(one.head, 2, 20, 60);
    one.flush();
    const [first, second] = listHeadChunkFiles(one.files, DIR);
    const whole = new Map([first!, second!].map(({ path }) => [path, one.files.contentOf(path).slice()]));
    const bytes = whole.get(first!.path)!;
    const records = recordsOf(bytes);
    const all = takeOver(one.files, 2).loaded.chunks;
    for (let offset = 0; offset < bytes.length; offset++) {
      for (const kind of offset % 4 === 0 ? ["cut", "flipped"] : ["cut"]) {
        const files = new MemoryFiles();
        const spoilt =
          kind === "cut" ? bytes.slice(0, offset) : bytes.map((byte, i) => (i === offset ? byte ^ 0x41 : byte));
        files.put(first!.path, spoilt);
        files.put(second!.path, whole.get(second!.path)!);
        const next = takeOver(files, 2);
        const begun = records.findLast(({ at }) => at <= offset)?.at ?? offset;
        // Where only zeros are left of a record, no reader can tell them from what was allocated beforehand.
        const isBoundary = kind === "cut" && offset >= 8 && bytes.subarray(begun, offset).every((byte) => byte === 0);
        const kept = records.filter(
          ({ at }, i) => (records[i + 1]?.at ?? bytes.length) <= offset && at < offset,
        ).length;
        const what = `${kind} at ${offset}`;
        // The three bytes behind the version are not looked at, by Prometheus neither.
        if (isBoundary || (kind === "flipped" && offset >= 5 && offset < 8)) {
          if (kind === "flipped") expect(next.loaded.chunks, what).toBe(all);
          continue;
        }
        expect(next.loaded.damage, what).toMatchObject({ file: first!.path });
        expect(next.loaded.chunks, what).toBe(kept);
        const again = takeOver(files, 2);
        expect(again.loaded.damage, `${what}, second start`).toBeUndefined();
        expect(again.loaded.chunks, `${what}, second start`).toBe(kept);
        const numbers = listHeadChunkFiles(files, DIR).map(({ number }) => number);
        expect(numbers, what).toEqual(kept === 0 && offset <= 8 ? [] : numbers.map((_, i) => i + 1));
        for (const [key, samples] of samplesOf(next)) {
          const right = new Set(expected(2, 0, 60).get(key)!);
          expect(
            samples.filter((sample) => !right.has(sample)),
            what,
          ).toEqual([]);
        }
      }
    }
  });

  test("a chunk that is not newer than the one before of its series ends the reading there", () => {
    const one = rig();
    append(one.head, 2, 0, 30);
    one.flush();
    const path = `${DIR}/000001`;
    const bytes = one.files.contentOf(path);
    const records = recordsOf(bytes);
    const files = new MemoryFiles();
    files.put(path, Uint8Array.from([...bytes, ...bytes.subarray(records[0]!.at, records[1]!.at)]));
    const next = takeOver(files, 2);
    expect(next.loaded.damage).toMatchObject({ offset: bytes.length, number: 1 });
    expect(files.contentOf(path)).toEqual(bytes);
  });

  test("zeros behind the last record are what Prometheus allocates beforehand, and no damage", () => {
    const one = rig();
    append(one.head, 2, 0, 30);
    one.flush();
    for (const zeros of [1, 20, 33, 34, 5000]) {
      const files = new MemoryFiles();
      files.put(`${DIR}/000001`, Uint8Array.from([...one.files.contentOf(`${DIR}/000001`), ...new Uint8Array(zeros)]));
      expect(takeOver(files, 2).loaded).toMatchObject({
        damage: undefined,
        chunks: one.head.counter(COUNTER_CHUNKS_ON_DISK),
      });
    }
  });

  test("a gap in the numbers is closed by removing what stands behind it", () => {
    const files = new MemoryFiles();
    for (const name of ["000002", "000003", "000005"]) files.put(`${DIR}/${name}`, new Uint8Array(8));
    const state = new ChunksHeadState(new SharedArrayBuffer(CHUNKS_HEAD_STATE_BYTES));
    expect(startChunksHead(state, files, DIR)).toMatchObject({ end: { segment: 3 }, removed: [`${DIR}/000005`] });
  });
});

test("a query that meets a damaged record fails with file and offset instead of a wrong value", () => {
  const one = rig();
  append(one.head, 1, 0, 40);
  one.flush();
  one.files.contentOf(`${DIR}/000001`)[60]! ^= 1;
  expect(() => samplesOf(one)).toThrow(/000001 is damaged in the record at byte 8/);
});

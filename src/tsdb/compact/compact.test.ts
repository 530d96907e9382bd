/** Compaction against a plain model, and crashes between any two calls of the file system. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { MemoryFiles } from "../../../test/fault/memory-files.js";
import { histogramOf } from "../../../test/golden/histogram-chunks/series.js";
import { silentLogger, systemClock } from "../../base/index.js";
import { compareLabels, Labels, Matcher } from "../../model/index.js";
import { Block, type BlockMeta, BlockWriter, makeUlid, PageCache, writeTombstones } from "../block/index.js";
import {
  ENCODING_HISTOGRAM,
  ENCODING_XOR,
  type EncodedChunk,
  HistogramAppender,
  HistogramReader,
  XorAppender,
  XorReader,
} from "../chunk/index.js";
import {
  BlockDirectory,
  beyondRetention,
  blockRanges,
  Compactor,
  deleteFromBlock,
  joinedMeta,
  planCompaction,
} from "./index.js";

const DIR = "/data";
const HOUR = 3_600_000;
let made = 0;

/** Samples by the key of their series, then by time: a float, or the count of a histogram. */
type Model = Map<string, Map<number, number | string>>;

function ulidAt(): string {
  made++;
  return makeUlid(1_700_000_000_000 + made, (bytes) => new Uint8Array(bytes).fill(made % 32));
}

interface Piece {
  readonly name: string;
  readonly times: readonly number[];
  readonly isHistogram: boolean;
}

function chunkOf({ times, isHistogram }: Piece, salt: number): EncodedChunk {
  if (isHistogram) {
    const appender = new HistogramAppender(ENCODING_HISTOGRAM);
    for (const time of times) appender.append(time, histogramOf({ positive: { 1: time + 1, 4: 2 } }));
    const { minTimeMs, maxTimeMs } = appender;
    return { minTimeMs, maxTimeMs, encoding: ENCODING_HISTOGRAM, data: appender.bytes() };
  }
  const appender = new XorAppender();
  for (const time of times) appender.append(time, time + salt, 0);
  const { minTimeMs, maxTimeMs } = appender;
  return { minTimeMs, maxTimeMs, encoding: ENCODING_XOR, data: appender.bytes() };
}

function writeBlock(files: MemoryFiles, pieces: readonly Piece[], range: readonly [number, number], salt = 0): string {
  const ulid = ulidAt();
  const writer = BlockWriter.create({ parentDir: DIR, ulid }, files);
  const sorted = pieces.map((piece) => ({ labels: Labels.of({ name: piece.name }), piece }));
  sorted.sort((a, b) => compareLabels(a.labels, b.labels));
  for (const { labels, piece } of sorted) writer.addSeries(labels, [chunkOf(piece, salt)]);
  const compaction = { level: 1, sources: [ulid], parents: [], hints: [], isDeletable: false, isFailed: false };
  writer.finish({ minTimeMs: range[0], maxTimeMs: range[1], compaction });
  return ulid;
}

function contentsOf(files: MemoryFiles, ulids: readonly string[]): Model {
  const model: Model = new Map();
  for (const ulid of ulids) {
    const block = Block.open(files, `${DIR}/${ulid}`, new PageCache(1 << 20));
    for (const ref of block.index.allPostings()) {
      const { labels, chunks } = block.index.series(ref);
      const series = model.get(labels.key) ?? new Map<number, number | string>();
      model.set(labels.key, series);
      const deleted = block.deletedOf(ref);
      let before = Number.NEGATIVE_INFINITY;
      for (const meta of chunks) {
        expect(meta.minTimeMs).toBeGreaterThan(before);
        before = meta.maxTimeMs;
        const { encoding, data } = block.chunks.read(meta.ref);
        const reader = encoding === ENCODING_XOR ? new XorReader(data) : new HistogramReader(encoding, data);
        while (reader.next()) {
          const time = reader.timeMs;
          if (deleted.some((interval) => interval.minTimeMs <= time && interval.maxTimeMs >= time)) continue;
          const value = reader instanceof XorReader ? reader.low : `h${reader.histogram().count}`;
          if (!series.has(time)) series.set(time, value);
        }
      }
      if (series.size === 0) model.delete(labels.key);
    }
    block.release();
  }
  return model;
}

const sorted = (model: Model) =>
  [...model]
    .map(([key, samples]) => [key, [...samples].sort(([a], [b]) => a - b)])
    .sort(([a], [b]) => (a! < b! ? -1 : 1));

const deps = (files: MemoryFiles) => ({ files, clock: systemClock, log: silentLogger });
const open = (files: MemoryFiles) => new BlockDirectory(files, DIR, silentLogger);

test("what is compacted is what was there: overlapping, equal, deleted, floats and histograms", () => {
  const piece = fc.record({
    name: fc.constantFrom("a", "b", "c", "d"),
    times: fc
      .uniqueArray(fc.integer({ min: 0, max: 400 }), { minLength: 1, maxLength: 200 })
      .map((times) => times.sort((a, b) => a - b)),
    isHistogram: fc.boolean(),
  });
  const block = fc.uniqueArray(piece, { minLength: 1, maxLength: 4, selector: ({ name }) => name });
  const gap = fc.record({
    name: fc.constantFrom("a", "b"),
    from: fc.integer({ min: 0, max: 400 }),
    length: fc.integer({ min: 0, max: 200 }),
  });
  fc.assert(
    fc.property(fc.array(block, { minLength: 1, maxLength: 4 }), fc.array(gap, { maxLength: 3 }), (blocks, gaps) => {
      const files = new MemoryFiles();
      files.mkdir(DIR);
      const ulids = blocks.map((pieces) => writeBlock(files, pieces, [0, 401]));
      for (const { name, from, length } of gaps) {
        deleteFromBlock(files, `${DIR}/${ulids[0]}`, [[new Matcher("=", "name", name)]], from, from + length);
      }
      const { blocks: loaded } = open(files).load(true);
      const wanted = sorted(
        contentsOf(
          files,
          loaded.map(({ meta }) => meta.ulid),
        ),
      );
      const { meta } = new Compactor({ dir: DIR }, deps(files)).compact(loaded);
      const after = open(files).load(true);
      if (wanted.length === 0) {
        expect(meta).toBeUndefined();
        expect(after.blocks).toEqual([]);
        return;
      }
      expect(after.blocks.map((one) => one.meta)).toEqual([meta]);
      expect([...after.obsolete].sort()).toEqual([...ulids].sort());
      // Of two values of one time either may stay; here floats differ from histograms only.
      const found = sorted(contentsOf(files, [meta!.ulid]));
      expect(found.map(([key, samples]) => [key, (samples as [number, unknown][]).map(([time]) => time)])).toEqual(
        wanted.map(([key, samples]) => [key, (samples as [number, unknown][]).map(([time]) => time)]),
      );
      expect(meta!.stats.samples).toBe(found.reduce((sum, [, samples]) => sum + samples!.length, 0));
    }),
    { numRuns: 60 },
  );
});

test("whatever call fails, and after a power cut behind any call, every sample is there once and the rest starts", () => {
  const prepare = () => {
    made = 0;
    const files = new MemoryFiles();
    files.mkdir(DIR);
    const times = (from: number) => Array.from({ length: 40 }, (_, i) => from + i);
    const ulids = [0, 100, 80].map((from, i) =>
      writeBlock(
        files,
        ["a", "b"].map((name) => ({ name, times: times(from), isHistogram: i === 1 && name === "b" })),
        [from, from + 40],
      ),
    );
    files.calls = 0;
    return { files, ulids };
  };
  /** A whole turn: compact, then remove what is obsolete. */
  const turn = (files: MemoryFiles) => {
    const directory = open(files);
    directory.removeLeftovers();
    const { blocks } = directory.load(true);
    new Compactor({ dir: DIR }, deps(files)).compact(blocks);
    const after = directory.load(false);
    for (const ulid of after.obsolete) directory.remove(ulid);
  };
  const whole = prepare();
  const wanted = sorted(contentsOf(whole.files, whole.ulids));
  turn(whole.files);
  const calls = whole.files.calls;
  expect(calls).toBeGreaterThan(100);
  for (let at = 0; at < calls; at++) {
    for (const cut of ["fails", "power"] as const) {
      const { files } = prepare();
      files.fault = (_call, _path, index) =>
        (cut === "fails" ? index === at : index >= at) ? { code: cut === "fails" ? "ENOSPC" : "EIO" } : undefined;
      try {
        turn(files);
      } catch (error) {
        expect(String(error), `call ${at}`).toMatch(/ENOSPC|EIO/);
      }
      files.fault = () => undefined;
      let state = at;
      if (cut === "power") {
        files.cutPower(() => {
          state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
          return state / 2 ** 31;
        });
      }
      const directory = open(files);
      directory.removeLeftovers();
      const { blocks, quarantined } = directory.load(true);
      expect(quarantined, `call ${at} ${cut}`).toEqual([]);
      const found = contentsOf(
        files,
        blocks.map(({ meta }) => meta.ulid),
      );
      expect(
        sorted(found).map(([key, samples]) => [key, samples!.length]),
        `call ${at} ${cut}`,
      ).toEqual(wanted.map(([key, samples]) => [key, samples!.length]));
      expect(files.readdir(DIR).filter((name) => name.includes(".tmp"))).toEqual([]);
    }
  }
});

test("a damaged block is taken out, named, and the others are loaded", () => {
  const files = new MemoryFiles();
  files.mkdir(DIR);
  const [first, second, third] = [0, 100, 200].map((from) =>
    writeBlock(files, [{ name: "a", times: [from, from + 1], isHistogram: false }], [from, from + 50]),
  ) as [string, string, string];
  files.contentOf(`${DIR}/${second}/index`)[0]! ^= 1;
  files.unlink(`${DIR}/${third}/meta.json`);
  const state = open(files).load(true);
  expect(state.blocks.map(({ meta }) => meta.ulid)).toEqual([first]);
  expect(state.quarantined).toEqual([{ ulid: second, reason: expect.stringMatching(/index is damaged at byte 0/) }]);
  // One without meta.json may be on its way here, as for Prometheus.
  expect(files.readdir(DIR)).toEqual([first, `${second}.corrupt`, third]);
});

test("a compaction that meets damage leaves nothing behind, and says which block", () => {
  const files = new MemoryFiles();
  files.mkdir(DIR);
  const ulids = [0, 20].map((from) =>
    writeBlock(files, [{ name: "a", times: [from, from + 30], isHistogram: false }], [from, from + 50]),
  );
  files.contentOf(`${DIR}/${ulids[1]}/chunks/000001`)[12]! ^= 1;
  const { blocks } = open(files).load(true);
  const compactor = new Compactor({ dir: DIR }, deps(files));
  expect(() => compactor.compact(blocks)).toThrow(
    expect.objectContaining({ code: "BLOCK_DAMAGED", details: expect.objectContaining({ ulid: ulids[1] }) }),
  );
  expect(files.readdir(DIR)).toEqual([...ulids].sort());
});

function meta(
  fromHours: number,
  toHours: number,
  more: Partial<BlockMeta["compaction"]> = {},
  tombstones = 0,
): BlockMeta {
  const ulid = ulidAt();
  const compaction = {
    level: 1,
    sources: [ulid],
    parents: [],
    hints: [],
    isDeletable: false,
    isFailed: false,
    ...more,
  };
  return {
    ulid,
    minTimeMs: fromHours * HOUR,
    maxTimeMs: toHours * HOUR,
    stats: { samples: 1, series: 10, chunks: 1, tombstones },
    compaction,
  };
}

const RANGES = blockRanges(2 * HOUR, 18 * HOUR);
const LATE = { hints: ["from-out-of-order"] };

test("what is made of blocks of samples out of order alone is one", () => {
  expect(joinedMeta([meta(0, 2, LATE), meta(0, 2, LATE)]).compaction.hints).toEqual(LATE.hints);
  expect(joinedMeta([meta(0, 2), meta(0, 2, LATE)]).compaction.hints).toEqual([]);
});

test.each<[string, BlockMeta[], number[]]>([
  ["nothing", [], []],
  ["the newest block is left alone", [meta(0, 2), meta(2, 4), meta(4, 6)], []],
  ["a full range", [meta(0, 2), meta(2, 4), meta(4, 6), meta(6, 8)], [0, 1, 2]],
  ["a range with a gap, since newer ones exist", [meta(0, 2), meta(4, 6), meta(6, 8), meta(8, 10)], [0, 1]],
  ["a range that is not over", [meta(0, 2), meta(2, 4), meta(4, 6, { level: 1 })].slice(0, 2), []],
  ["the next level", [meta(0, 6), meta(6, 12), meta(12, 18), meta(18, 20), meta(20, 22)], [0, 1, 2]],
  [
    "no range with a block whose compaction failed",
    [meta(0, 2, { isFailed: true }), meta(2, 4), meta(4, 6), meta(6, 8)],
    [],
  ],
  ["overlapping ones first, the newest too", [meta(0, 2), meta(2, 4), meta(3, 5), meta(4, 6)], [1, 2, 3]],
  [
    "blocks of samples out of order that are newer than all others only with each other",
    [meta(0, 2), meta(2, 4), meta(4, 6, LATE), meta(6, 8, LATE), meta(6, 8, LATE), meta(8, 10, LATE)],
    [3, 4],
  ],
  [
    "none of samples out of order in a range that the head still has",
    [meta(0, 2), meta(2, 4), meta(4, 6, LATE), meta(6, 8, LATE)],
    [],
  ],
  ["those in ranges that others have", [meta(0, 2), meta(0, 2, LATE), meta(2, 4)], [0, 1]],
  ["a block of which all is deleted", [meta(0, 2, {}, 10), meta(2, 4)], [0]],
  ["a large block of which much is deleted", [meta(0, 6, {}, 1), meta(6, 8)], [0]],
  ["not one of which little is deleted", [meta(0, 2, {}, 1), meta(2, 4)], []],
])("plans %s", (_name, metas, wanted) => {
  expect(planCompaction(metas, RANGES)).toEqual(wanted.map((index) => metas[index]!.ulid));
});

test("overlapping blocks are left alone where they are to be", () => {
  expect(planCompaction([meta(0, 2), meta(2, 4), meta(3, 5), meta(4, 6)], RANGES, false)).toEqual([]);
});

test("ranges of levels end at the largest block", () => {
  expect(blockRanges(2, 54)).toEqual([2, 6, 18, 54]);
  expect(blockRanges(2, 53)).toEqual([2, 6, 18]);
  expect(blockRanges(5, 1)).toEqual([5]);
});

test("retention drops what is too old, and what newer blocks leave no room for", () => {
  const metas = [meta(0, 2), meta(2, 4), meta(4, 6), meta(6, 8)];
  const blocks = metas.map((one) => ({ meta: one, bytes: 100 }));
  const kept = (retentionMs: number, retentionBytes: number, otherBytes = 0) => {
    const { byTime, bySize } = beyondRetention(blocks, { retentionMs, retentionBytes, otherBytes });
    return [byTime, bySize].map((ulids) => ulids.map((ulid) => metas.findIndex((one) => one.ulid === ulid)).sort());
  };
  expect(kept(0, 0)).toEqual([[], []]);
  expect(kept(4 * HOUR, 0)).toEqual([[0, 1], []]);
  expect(kept(4 * HOUR + 1, 0)).toEqual([[0], []]);
  expect(kept(1, 0)).toEqual([[0, 1, 2], []]);
  expect(kept(0, 250)).toEqual([[], [0, 1]]);
  expect(kept(0, 400)).toEqual([[], []]);
  expect(kept(0, 400, 1)).toEqual([[], [0]]);
});

test("tombstones of a crash between the two files are read right", () => {
  const files = new MemoryFiles();
  files.mkdir(DIR);
  const ulid = writeBlock(files, [{ name: "a", times: [1, 2, 3], isHistogram: false }], [0, 10]);
  writeTombstones(
    files,
    `${DIR}/${ulid}`,
    new Map([[open(files).load(true).blocks.length > 0 ? refOf(files, ulid) : 0, [{ minTimeMs: 2, maxTimeMs: 2 }]]]),
  );
  expect([...contentsOf(files, [ulid]).values()].map((series) => [...series.keys()])).toEqual([[1, 3]]);
});

function refOf(files: MemoryFiles, ulid: string): number {
  return Block.open(files, `${DIR}/${ulid}`, new PageCache(1 << 16)).index.allPostings()[0]!;
}

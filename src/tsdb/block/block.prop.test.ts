/** Blocks against a plain model: what is written is read; matchers, names, values, deletions and time ranges agree. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { MemoryFiles } from "../../../test/fault/memory-files.js";
import { compileKernels, QueryMemory, startKernels } from "../../memory/index.js";
import { compareLabels, Labels, Matcher } from "../../model/index.js";
import { ENCODING_XOR, type EncodedChunk, XorAppender } from "../chunk/index.js";
import { Block, BlockSeries, BlockWriter, type FloatDecoder, PageCache, selectRefs, writeTombstones } from "./index.js";

const ULID = "01HF7YAT00TQHYPCA0A9Q7R8ST";
const DIR = `/data/${ULID}`;
const compaction = { level: 1, sources: [ULID], parents: [], hints: [], isDeletable: false, isFailed: false };
const memory = new QueryMemory(1 << 26);
const decoder = startKernels<FloatDecoder>(compileKernels("query"), memory.memory);

interface Series {
  readonly labels: Labels;
  readonly times: readonly number[];
}

const name = fc.constantFrom("__name__", "a", "b", "job", "ö", "\u{1f600}");
const value = fc.oneof(
  fc.constantFrom("", "x", "y", "zz", "ä", "\uffee", "\u{1f600}"),
  fc.integer({ min: 0, max: 120 }).map(String),
  fc.string({ maxLength: 200, unit: "grapheme" }),
);
const labels = fc.dictionary(name, value, { minKeys: 1, maxKeys: 5 }).map((entries) => Labels.of(entries));
const series = fc.record({
  labels,
  times: fc.uniqueArray(fc.integer({ min: 0, max: 5000 }), { minLength: 1, maxLength: 60 }),
});
const matcher = fc
  .tuple(
    fc.constantFrom("=", "!=", "=~", "!~"),
    name,
    fc.constantFrom("", "x", "x|y|7", ".+", ".*", "1.*", "[0-9]+", "none"),
  )
  .map(([operator, label, text]) => new Matcher(operator as "=", label, text));

function chunksOf(times: readonly number[], perChunk: number): EncodedChunk[] {
  const chunks: EncodedChunk[] = [];
  for (let i = 0; i < times.length; i += perChunk) {
    const appender = new XorAppender();
    for (const time of times.slice(i, i + perChunk)) appender.append(time, time, time * 7919);
    const { minTimeMs, maxTimeMs } = appender;
    chunks.push({ minTimeMs, maxTimeMs, encoding: ENCODING_XOR, data: appender.bytes() });
  }
  return chunks;
}

function makeBlock(all: readonly Series[], perChunk: number, cacheBytes: number) {
  const unique = new Map(all.map((one) => [one.labels.key, { ...one, times: [...one.times].sort((a, b) => a - b) }]));
  const ordered = [...unique.values()].sort((a, b) => compareLabels(a.labels, b.labels));
  const files = new MemoryFiles();
  files.mkdir("/data");
  const writer = BlockWriter.create({ parentDir: "/data", ulid: ULID, segmentBytes: 4096 }, files);
  for (const { labels: one, times } of ordered) writer.addSeries(one, chunksOf(times, perChunk));
  writer.finish({ minTimeMs: 0, maxTimeMs: 5001, compaction });
  return { files, ordered, open: () => Block.open(files, DIR, new PageCache(cacheBytes)) };
}

function samplesOf(set: BlockSeries, index: number, minTimeMs: number, maxTimeMs: number): number[] {
  const mark = memory.mark();
  let sinkAddr = 0;
  const columns = set.samples(index, minTimeMs, maxTimeMs, {
    memory: memory.memory,
    reserve: (count) => {
      sinkAddr = memory.allocate(16 * count + 16);
      return { timesAddr: sinkAddr, valuesAddr: sinkAddr + 8 * count };
    },
  });
  const times = [...memory.floats.subarray(columns.timesAddr / 8, columns.timesAddr / 8 + columns.count)];
  times.forEach((time, i) => {
    expect(memory.words[columns.valuesAddr / 4 + 2 * i]).toBe(time);
    expect(memory.words[columns.valuesAddr / 4 + 2 * i + 1]).toBe(time * 7919);
  });
  memory.releaseTo(mark);
  return times;
}

/** The same by the chunks that the set gives. */
function chunkTimesOf(set: BlockSeries, index: number, minTimeMs: number, maxTimeMs: number): number[] {
  const mark = memory.mark();
  const chunks: (readonly [number, number, number])[] = [];
  const sink = {
    allocate: (bytes: number) => memory.allocate(bytes),
    addChunk: (...chunk: [number, number, number]) => void chunks.push(chunk),
  };
  expect(set.addChunks(index, minTimeMs, maxTimeMs, sink)).toBe(true);
  const times = chunks.flatMap(([address, length, count]) => {
    const columns = memory.allocate(16 * count);
    const written = decoder.decodeXor(address, length, count, minTimeMs, maxTimeMs, columns, columns + 8 * count);
    expect(written).toBeGreaterThanOrEqual(0);
    return [...memory.floats.subarray(columns / 8, columns / 8 + written)];
  });
  memory.releaseTo(mark);
  return times;
}

test("selection, samples, names and values agree with the model", () => {
  fc.assert(
    fc.property(
      fc.array(series, { minLength: 1, maxLength: 150 }),
      fc.array(matcher, { minLength: 1, maxLength: 3 }),
      fc.integer({ min: 0, max: 5000 }),
      fc.integer({ min: 0, max: 5000 }),
      fc.integer({ min: 1, max: 20 }),
      fc.constantFrom(65_536, 1 << 24),
      (all, matchers, one, two, perChunk, cacheBytes) => {
        const [minTimeMs, maxTimeMs] = [Math.min(one, two), Math.max(one, two)];
        const { ordered, open } = makeBlock(all, perChunk, cacheBytes);
        const block = open();
        const picked = ordered.filter(({ labels: each }) => matchers.every((m) => m.matches(each.get(m.name))));
        const refs = selectRefs(block.index, matchers);
        expect([...refs].map((ref) => block.index.labels(ref).pairs)).toEqual(picked.map((each) => each.labels.pairs));
        const request = { matchers, minTimeMs, maxTimeMs, isWithSamples: true };
        const set = new BlockSeries(block, request, memory, decoder, () => {});
        const wanted = picked
          .map((each) => ({ ...each, chunks: chunksOf(each.times, perChunk) }))
          .filter(({ chunks }) => chunks.some((c) => c.minTimeMs <= maxTimeMs && c.maxTimeMs >= minTimeMs));
        expect(set.count).toBe(wanted.length);
        wanted.forEach(({ labels: each, times }, i) => {
          expect(set.labels(i).pairs).toEqual(each.pairs);
          const within = times.filter((time) => time >= minTimeMs && time <= maxTimeMs);
          expect(samplesOf(set, i, minTimeMs, maxTimeMs)).toEqual(within);
          expect(chunkTimesOf(set, i, minTimeMs, maxTimeMs)).toEqual(within);
          expect(chunkTimesOf(set, i, minTimeMs, maxTimeMs)).toEqual(within);
        });
        const names = new Set(ordered.flatMap(({ labels: each }) => [...each.entries()].map(([n]) => n)));
        expect(new Set(block.index.names())).toEqual(names);
        for (const label of names) {
          const values = new Set(ordered.map(({ labels: each }) => each.get(label)).filter((v) => v !== ""));
          expect(new Set([...block.index.values(label)].map((entry) => entry.value))).toEqual(values);
        }
        block.release();
      },
    ),
    { numRuns: 60 },
  );
});

test("deleted samples are not there", () => {
  const { files, open } = makeBlock(
    [{ labels: Labels.of({ a: "1" }), times: [1, 2, 3, 10, 11, 12, 20, 21] }],
    3,
    65_536,
  );
  const ref = selectRefs(open().index, [new Matcher("=", "a", "1")])[0]!;
  const left = (...intervals: [number, number][]) => {
    const list = intervals.map(([minTimeMs, maxTimeMs]) => ({ minTimeMs, maxTimeMs }));
    writeTombstones(files, DIR, new Map([[ref, list]]));
    const request = { matchers: [new Matcher("=", "a", "1")], minTimeMs: 0, maxTimeMs: 100, isWithSamples: true };
    const set = new BlockSeries(open(), request, memory, decoder, () => {});
    return set.count === 0 ? undefined : samplesOf(set, 0, 0, 100);
  };
  expect(left([2, 10])).toEqual([1, 11, 12, 20, 21]);
  expect(left([1, 3])).toEqual([10, 11, 12, 20, 21]);
  expect(left([3, 11], [21, 21])).toEqual([1, 2, 12, 20]);
  expect(left([0, 50])).toBeUndefined();
});

test("zeros in place of any eight bytes are found, or change nothing: the checksum of nothing is 0", () => {
  const all = Array.from({ length: 16 }, (_, i) => ({
    labels: Labels.of({ a: String(i), b: "x" }),
    times: [1, 2, i + 3],
  }));
  const { files, open } = makeBlock(all, 2, 65_536);
  const read = () => {
    const request = { matchers: [new Matcher("=~", "a", ".+")], minTimeMs: 0, maxTimeMs: 100, isWithSamples: true };
    const block = open();
    const set = new BlockSeries(block, request, memory, decoder, () => {});
    const names = block.index.names().map((one) => [...block.index.values(one)].map(({ value: text }) => text));
    return JSON.stringify([
      names,
      Array.from({ length: set.count }, (_, i) => [set.labels(i).pairs, samplesOf(set, i, 0, 100)]),
    ]);
  };
  const sound = read();
  for (const file of ["index", "chunks/000001"]) {
    const content = files.contentOf(`${DIR}/${file}`);
    for (let at = 0; at + 8 <= content.length; at += 4) {
      const before = content.slice(at, at + 8);
      content.fill(0, at, at + 8);
      let answer = sound;
      try {
        answer = read();
      } catch (error) {
        expect((error as { code?: string }).code, `byte ${at} of ${file}: ${error}`).toMatch(/^(BLOCK|CHUNK|FILE)/);
      }
      expect(answer, `byte ${at} of ${file}`).toBe(sound);
      content.set(before, at);
    }
  }
});

test("a flipped byte anywhere in index or chunks is found, or changes nothing", () => {
  const all = Array.from({ length: 40 }, (_, i) => ({
    labels: Labels.of({ a: String(i), b: "x" }),
    times: [1, 2, i + 3],
  }));
  const { files, ordered, open } = makeBlock(all, 2, 65_536);
  const read = () => {
    const request = { matchers: [new Matcher("=~", "a", ".+")], minTimeMs: 0, maxTimeMs: 100, isWithSamples: true };
    const set = new BlockSeries(open(), request, memory, decoder, () => {});
    return Array.from({ length: set.count }, (_, i) => {
      const times = chunkTimesOf(set, i, 0, 100);
      expect(samplesOf(set, i, 0, 100)).toEqual(times);
      return [set.labels(i).pairs, times];
    });
  };
  const sound = read();
  expect(sound.length).toBe(ordered.length);
  let found = 0;
  for (const file of ["index", "chunks/000001"]) {
    const content = files.contentOf(`${DIR}/${file}`);
    for (let at = 0; at < content.length; at += 3) {
      content[at]! ^= 0x41;
      let answer: unknown = sound;
      try {
        answer = read();
      } catch (error) {
        expect((error as { code?: string }).code, `byte ${at} of ${file}: ${error}`).toMatch(/^(BLOCK|CHUNK|FILE)/);
        found++;
      }
      expect(answer).toEqual(sound);
      content[at]! ^= 0x41;
    }
  }
  expect(found).toBeGreaterThan(1000);
});

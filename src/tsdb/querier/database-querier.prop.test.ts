/** Several blocks and a head as one, against a plain model: overlapping ranges, equal times, floats and histograms. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { MemoryFiles } from "../../../test/fault/memory-files.js";
import { histogramOf } from "../../../test/golden/histogram-chunks/series.js";
import { compileKernels, QueryMemory, startKernels } from "../../memory/index.js";
import { compareLabels, LabelLists, Labels, Matcher, RESET_NO, RESET_UNKNOWN } from "../../model/index.js";
import { Block, BlockWriter, type FloatDecoder, makeUlid, PageCache } from "../block/index.js";
import {
  ENCODING_HISTOGRAM,
  ENCODING_XOR,
  type EncodedChunk,
  HistogramAppender,
  HistogramReader,
  XorAppender,
  XorReader,
} from "../chunk/index.js";
import { type ChunkKernels, HeadsQuerier } from "../head/index.js";
import { DatabaseQuerier } from "./database-querier.js";

const memory = new QueryMemory(1 << 26);
const lists = new LabelLists(1000);
const kernels = startKernels<ChunkKernels & FloatDecoder>(compileKernels("query"), memory.memory);

interface Piece {
  readonly name: string;
  readonly isHistogram: boolean;
  readonly times: readonly number[];
}

/** The value of a sample tells its time and the block that it was written to. */
const markOf = (time: number, block: number): number => time * 16 + block;

function chunksOf({ isHistogram, times }: Piece, block: number): EncodedChunk[] {
  const chunks: EncodedChunk[] = [];
  for (let i = 0; i < times.length; i += 10) {
    const part = times.slice(i, i + 10);
    const bounds = { minTimeMs: part[0]!, maxTimeMs: part.at(-1)! };
    if (isHistogram) {
      const appender = new HistogramAppender(ENCODING_HISTOGRAM);
      for (const time of part) appender.append(time, histogramOf({ positive: { 1: markOf(time, block) } }));
      chunks.push({ ...bounds, encoding: ENCODING_HISTOGRAM, data: appender.bytes() });
    } else {
      const appender = new XorAppender();
      const bits = new Uint32Array(2);
      for (const time of part) {
        new Float64Array(bits.buffer)[0] = markOf(time, block);
        appender.append(time, bits[0]!, bits[1]!);
      }
      chunks.push({ ...bounds, encoding: ENCODING_XOR, data: appender.bytes() });
    }
  }
  return chunks;
}

const times = fc
  .uniqueArray(fc.integer({ min: 0, max: 300 }), { minLength: 1, maxLength: 60 })
  .map((list) => list.sort((a, b) => a - b));
const piece = fc.record({ name: fc.constantFrom("a", "b", "c"), isHistogram: fc.boolean(), times });
const block = fc.uniqueArray(piece, { minLength: 1, maxLength: 3, selector: ({ name }) => name });
const blocks = fc.array(block, { minLength: 1, maxLength: 5 });
const bound = fc.integer({ min: -10, max: 310 });

function openBlocks(all: readonly (readonly Piece[])[]): Block[] {
  const files = new MemoryFiles();
  files.mkdir("/data");
  return all.map((pieces, i) => {
    const ulid = makeUlid(1_700_000_000_000 + i, (bytes) => new Uint8Array(bytes));
    const writer = BlockWriter.create({ parentDir: "/data", ulid }, files);
    const sorted = pieces.map((one) => ({ one, labels: Labels.of({ name: one.name, job: "x" }) }));
    for (const { one, labels } of sorted.sort((a, b) => compareLabels(a.labels, b.labels))) {
      writer.addSeries(labels, chunksOf(one, i));
    }
    const compaction = { level: 1, sources: [ulid], parents: [], hints: [], isDeletable: false, isFailed: false };
    writer.finish({ minTimeMs: 0, maxTimeMs: 301, compaction });
    return Block.open(files, writer.path, new PageCache(1 << 20));
  });
}

function timesOfSeveral(all: readonly (readonly Piece[])[], name: string): ReadonlySet<number> {
  const lists = all.flatMap((pieces) => pieces.filter((one) => one.name === name).map(({ times: list }) => list));
  const flat = lists.flat();
  return new Set(flat.filter((time, i) => flat.indexOf(time) !== i));
}

function sampledValues({ encoding, data }: EncodedChunk) {
  const samples: [number, { value: number; isHistogram: boolean }][] = [];
  if (encoding === ENCODING_XOR) {
    const reader = new XorReader(data);
    while (reader.next()) samples.push([reader.timeMs, { value: reader.value, isHistogram: false }]);
    return samples;
  }
  const reader = new HistogramReader(encoding, data);
  while (reader.next()) samples.push([reader.timeMs, { value: reader.histogram().count, isHistogram: true }]);
  return samples;
}

/** Grows as the sink of an evaluation does, so that columns move while they are filled. */
function movingSink() {
  let capacity = 0;
  let timesAddr = 0;
  return {
    memory: memory.memory,
    reserve: (count: number) => {
      if (count > capacity) {
        const address = memory.allocate(16 * count);
        memory.bytes.copyWithin(address, timesAddr, timesAddr + 8 * capacity);
        memory.bytes.copyWithin(address + 8 * count, timesAddr + 8 * capacity, timesAddr + 16 * capacity);
        capacity = count;
        timesAddr = address;
      }
      return { timesAddr, valuesAddr: timesAddr + 8 * capacity };
    },
  };
}

test("each series is there once, its samples in order, each time once, the earlier block's value", async () => {
  await fc.assert(
    fc.asyncProperty(blocks, bound, bound, async (all, one, two) => {
      const [minTimeMs, maxTimeMs] = [Math.min(one, two), Math.max(one, two)];
      const querier = new DatabaseQuerier({
        heads: new HeadsQuerier([], memory, kernels),
        lists,
        blocks: openBlocks(all),
        memory,
        decoder: kernels,
        onWork: () => {},
      });
      const model = new Map<string, Map<number, { value: number; isHistogram: boolean }>>();
      all.forEach((pieces, i) => {
        for (const { name, isHistogram, times: list } of pieces) {
          const samples = model.get(name) ?? new Map<number, { value: number; isHistogram: boolean }>();
          model.set(name, samples);
          for (const time of list) {
            const isWanted = time >= minTimeMs && time <= maxTimeMs;
            if (isWanted && !samples.has(time)) samples.set(time, { value: markOf(time, i), isHistogram });
          }
        }
      });
      const mark = memory.mark();
      const hints = { minTimeMs, maxTimeMs, stepMs: 0, func: "" };
      const [set] = await querier.selectAll([{ matchers: [new Matcher("=", "job", "x")], hints }]);
      const names = Array.from({ length: set!.count }, (_, i) => set!.labels(i).get("name"));
      expect(names).toEqual([...new Set(names)].sort());
      for (let i = 0; i < names.length; i++) {
        const wanted = [...(model.get(names[i]!) ?? [])].sort(([a], [b]) => a - b);
        model.delete(names[i]!);
        const { timesAddr, valuesAddr, count, histograms } = set!.samples(i, minTimeMs, maxTimeMs, movingSink());
        const found = Array.from({ length: count }, (_, at) => {
          const histogram = histograms?.[at];
          const value = histogram === undefined ? memory.floats[valuesAddr / 8 + at] : histogram.count;
          return [memory.floats[timesAddr / 8 + at]!, { value, isHistogram: histogram !== undefined }];
        });
        expect(found).toEqual(wanted);
        const chunks = set!.chunks!(i, minTimeMs, maxTimeMs, memory.memory) as readonly EncodedChunk[];
        // Of two samples of one time either may stay: chunks that overlap are joined as compaction does it.
        const contested = timesOfSeveral(all, names[i]!);
        const certain = (samples: typeof wanted) => samples.map((one) => (contested.has(one[0]) ? one[0] : one));
        expect(certain(chunks.flatMap(sampledValues))).toEqual(certain(wanted));
        for (const { minTimeMs: from, maxTimeMs: to, ...chunk } of chunks) {
          const inside = sampledValues({ minTimeMs: from, maxTimeMs: to, ...chunk }).map(([time]) => time);
          expect([from, to]).toEqual([inside[0], inside.at(-1)]);
        }
        if (histograms !== undefined) expect(histograms.length).toBe(count);
      }
      for (const samples of model.values()) expect(samples.size).toBe(0);
      memory.releaseTo(mark);
      const everything = await querier.labelValues("name", [], 0, 300);
      expect(everything.values).toEqual([...new Set(all.flatMap((pieces) => pieces.map(({ name }) => name)))].sort());
      expect((await querier.labelNames([new Matcher("=", "job", "x")], 0, 300)).values).toEqual(["job", "name"]);
      expect((await querier.labelValues("name", [], 301, 400)).values).toEqual([]);
    }),
    { numRuns: 150 },
  );
});

test("between samples of two sources nothing is known of a counter reset", async () => {
  const querier = new DatabaseQuerier({
    heads: new HeadsQuerier([], memory, kernels),
    lists,
    blocks: openBlocks([
      [{ name: "a", isHistogram: true, times: [1, 2, 7, 8] }],
      [{ name: "a", isHistogram: true, times: [3, 4] }],
    ]),
    memory,
    decoder: kernels,
    onWork: () => {},
  });
  const hints = { minTimeMs: 0, maxTimeMs: 10, stepMs: 0, func: "" };
  const [set] = await querier.selectAll([{ matchers: [new Matcher("=", "name", "a")], hints }]);
  const { histograms } = set!.samples(0, 0, 10, movingSink());
  expect(histograms!.map((histogram) => histogram!.counterResetHint)).toEqual([
    RESET_UNKNOWN,
    RESET_NO,
    RESET_UNKNOWN,
    RESET_NO,
    RESET_UNKNOWN,
    RESET_NO,
  ]);
});

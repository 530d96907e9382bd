/**
 * Blocks as a hostile or broken disk may hand them over: bytes of index, chunks, tombstones and meta.json changed, cut out, put in,
 * doubled. Once with checksums as they are, which find it, and once with checksums that always match, as whoever wrote the file on purpose
 * would make them: then only the readers' own checks stand between a number in the file and memory, time and other files.
 *
 * Whatever is there: an answer, or an error that names block, file and place; no other error, no endless loop, no more memory than a query
 * may have. FUZZ_ROUNDS (120) mutations of each file, FUZZ_SEED (1).
 */
import { expect, test, vi } from "vitest";
import { VestalError } from "../../src/base/index.js";
import { compileKernels, QueryMemory, startKernels } from "../../src/memory/index.js";
import { compareLabels, Labels, Matcher, RESET_GAUGE } from "../../src/model/index.js";
import {
  Block,
  BlockSeries,
  BlockWriter,
  type FloatDecoder,
  PageCache,
  readingBlock,
  writeTombstones,
} from "../../src/tsdb/block/index.js";
import {
  ENCODING_FLOAT_HISTOGRAM,
  ENCODING_HISTOGRAM,
  ENCODING_XOR,
  type EncodedChunk,
  HistogramAppender,
  XorAppender,
} from "../../src/tsdb/chunk/index.js";
import { mergeChunks } from "../../src/tsdb/compact/index.js";
import { MemoryFiles } from "../fault/memory-files.js";
import { histogramOf } from "../golden/histogram-chunks/series.js";

const ROUNDS = Number(process.env["FUZZ_ROUNDS"] ?? 120);
const SEED = Number(process.env["FUZZ_SEED"] ?? 1);
const ULID = "01HF7YAT00TQHYPCA0A9Q7R8ST";
const DIR = `/data/${ULID}`;
/** Of one reading of the block: generous, and far from what a length in a file may say. */
const MEMORY_BYTES = 1 << 26;

const checksums = vi.hoisted(() => ({ alwaysMatch: false }));

vi.mock("../../src/base/index.js", async (importOriginal) => {
  const original = await importOriginal<typeof import("../../src/base/index.js")>();
  return {
    ...original,
    /** Where it is to match: the word that stands behind the bytes, which is where every format has it. */
    crc32c: (bytes: Uint8Array, before?: number): number => {
      const end = bytes.byteOffset + bytes.length;
      if (!checksums.alwaysMatch || end + 4 > bytes.buffer.byteLength) return original.crc32c(bytes, before);
      return new DataView(bytes.buffer).getUint32(end);
    },
  };
});

const memory = new QueryMemory(MEMORY_BYTES);
const decoder = startKernels<FloatDecoder>(compileKernels("query"), memory.memory);

function floats(from: number): EncodedChunk {
  const appender = new XorAppender();
  for (let i = 0; i < 20; i++) appender.append(from + i * 15_000, (from * i) >>> 0, 0x40000000 + i);
  return chunkOf(ENCODING_XOR, appender);
}

function histograms(from: number, isFloat: boolean, bounds?: readonly number[]): EncodedChunk {
  const encoding = isFloat ? ENCODING_FLOAT_HISTOGRAM : ENCODING_HISTOGRAM;
  const appender = new HistogramAppender(encoding);
  for (let i = 0; i < 8; i++) {
    const hint = isFloat ? ({ hint: RESET_GAUGE } as const) : {};
    const own = bounds === undefined ? { negative: { 2: 5 } } : { bounds };
    appender.append(from + i * 1000, histogramOf({ isFloat, ...hint, ...own, positive: { 0: i, 2: 7 + i, 4: 3 * i } }));
  }
  return chunkOf(encoding, appender);
}

function chunkOf(encoding: EncodedChunk["encoding"], appender: XorAppender | HistogramAppender): EncodedChunk {
  const { minTimeMs, maxTimeMs } = appender;
  return { minTimeMs, maxTimeMs, encoding, data: appender.bytes() };
}

/** A block with some of everything, as Prometheus writes it (src/tsdb/block/writer.test.ts compares the bytes). */
function writeBlock(): MemoryFiles {
  const files = new MemoryFiles();
  files.mkdir("/data");
  const writer = BlockWriter.create({ parentDir: "/data", ulid: ULID }, files);
  const series = Array.from({ length: 50 }, (_, i) => ({
    labels: Labels.of({ __name__: i % 5 === 0 ? "h" : "f", job: `j${i % 3}`, instance: `host-${i}`, ö: "\u{1f600}" }),
    chunks:
      i % 5 === 0
        ? [histograms(i, i % 2 === 0, i % 15 === 0 ? [0.5, 1, 5] : undefined)]
        : [floats(i), floats(1_000_000 + i)],
  }));
  for (const { labels, chunks } of series.sort((a, b) => compareLabels(a.labels, b.labels))) {
    writer.addSeries(labels, chunks);
  }
  const compaction = { level: 1, sources: [ULID], parents: [], hints: [], isDeletable: false, isFailed: false };
  writer.finish({ minTimeMs: 0, maxTimeMs: 7_200_000, compaction });
  writeTombstones(
    files,
    DIR,
    new Map([
      [20, [{ minTimeMs: 5, maxTimeMs: 300_000 }]],
      [24, [{ minTimeMs: 0, maxTimeMs: 9 }]],
    ]),
  );
  return files;
}

/** Reads all that a query or a compaction reads. */
function readAll(files: MemoryFiles): string {
  const mark = memory.mark();
  const block = Block.open(files, DIR, new PageCache(1 << 20));
  try {
    const names = readingBlock(block, () => block.index.names().map((name) => [...block.index.values(name)].length));
    const matchers = [new Matcher("=~", "__name__", ".+"), new Matcher("!=", "job", "j1")];
    const request = { matchers, minTimeMs: 0, maxTimeMs: 7_200_000, isWithSamples: true };
    const set = new BlockSeries(block, request, memory, decoder, () => {});
    const read: unknown[] = [names];
    for (let i = 0; i < set.count; i++) {
      const { count, histograms: found } = set.samples(i, 0, 7_200_000, {
        memory: memory.memory,
        reserve: (room) => {
          const address = memory.allocate(16 * room + 16);
          return { timesAddr: address, valuesAddr: address + 8 * room };
        },
      });
      const merged = readingBlock(block, () => mergeChunks(set.chunks(i, 0, 7_200_000)));
      read.push([`${set.labels(i)}`, count, found?.length, merged.length]);
    }
    return JSON.stringify(read);
  } finally {
    block.release();
    memory.releaseTo(mark);
  }
}

function randomFrom(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/** One to eight changes of a kind that readers stumble over. */
function mutated(content: Uint8Array, random: (below: number) => number): Uint8Array {
  let bytes = content.slice();
  for (let changes = 1 + random(8); changes > 0; changes--) {
    const at = random(Math.max(1, bytes.length));
    const length = 1 + random(12);
    switch (random(6)) {
      case 0:
        bytes[at] = random(256);
        break;
      case 1: // numbers that are too large
        bytes.fill(0xff, at, at + length);
        break;
      case 2:
        bytes.fill(0, at, at + length);
        break;
      case 3: // a piece is missing
        bytes = Uint8Array.from([...bytes.subarray(0, at), ...bytes.subarray(at + length)]);
        break;
      case 4: // a piece stands twice
        bytes = Uint8Array.from([...bytes.subarray(0, at + length), ...bytes.subarray(at)]);
        break;
      default:
        bytes = random(4) === 0 ? bytes.slice(0, at) : bytes.copyWithin(at, random(bytes.length), length);
    }
  }
  return bytes;
}

const sound = writeBlock();
const answer = readAll(sound);

test.each([
  ["index", false],
  ["index", true],
  ["chunks/000001", false],
  ["chunks/000001", true],
  ["tombstones", true],
  ["meta.json", false],
] as const)("a mutated %s with checksums that always match: %s", (file, alwaysMatch) => {
  const random = randomFrom(SEED);
  let errors = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const files = sound.copy();
    files.put(`${DIR}/${file}`, mutated(sound.contentOf(`${DIR}/${file}`), random));
    const what = `round ${round} of seed ${SEED}`;
    checksums.alwaysMatch = alwaysMatch;
    try {
      const read = readAll(files);
      // What a checksum covers is never read wrong. meta.json has none, and says nothing of samples.
      if (!alwaysMatch) expect(read, what).toBe(answer);
    } catch (error) {
      if (!(error instanceof VestalError)) throw new Error(`${what}: ${String(error)}`, { cause: error });
      errors++;
      expect(error.code, `${what}: ${error.message}`).toMatch(/^(BLOCK|CHUNK|FILE|TOMBSTONES|QUERY_MEMORY)/);
      if (error.code !== "QUERY_MEMORY") expect(error.message, what).toContain(DIR);
    } finally {
      checksums.alwaysMatch = false;
    }
  }
  expect(errors).toBeGreaterThan(ROUNDS / 20);
});

/** What the writer makes is byte for byte what real Prometheus wrote of the same chunks (test/golden/histogram-chunks). */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { MemoryFiles } from "../../../test/fault/memory-files.js";
import { goldenHistograms } from "../../../test/golden/histogram-chunks/series.js";
import { packageRoot } from "../../base/index.js";
import { Labels } from "../../model/index.js";
import {
  type ChunkEncoding,
  ENCODING_XOR,
  type EncodedChunk,
  HistogramReader,
  XorAppender,
  XorReader,
} from "../chunk/index.js";
import { BlockWriter, isUlid, makeUlid, readMeta, readTombstones, ulidTimeMs } from "./index.js";

const golden = join(packageRoot(), "test/golden/histogram-chunks");
const goldenChunks = readFileSync(join(golden, "block.chunks"));
const goldenIndex = readFileSync(join(golden, "block.index"));

/** The chunks of each series: a float chunk ends it. */
function goldenSeries(): EncodedChunk[][] {
  const series: EncodedChunk[][] = [[]];
  for (let at = 8; at < goldenChunks.length; ) {
    let length = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = goldenChunks[at++]!;
      length |= (byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    const encoding = goldenChunks[at] as ChunkEncoding;
    const data = goldenChunks.subarray(at + 1, at + 1 + length);
    const reader = encoding === ENCODING_XOR ? new XorReader(data) : new HistogramReader(encoding, data);
    const times: number[] = [];
    while (reader.next()) times.push(reader.timeMs);
    series.at(-1)!.push({ encoding, data, minTimeMs: times[0]!, maxTimeMs: times.at(-1)! });
    if (encoding === ENCODING_XOR) series.push([]);
    at += 1 + length + 4;
  }
  return series.slice(0, -1);
}

const ULID = "01HF7YAT00TQHYPCA0A9Q7R8ST";
const compaction = { level: 1, sources: [ULID], parents: [], hints: [], isDeletable: false, isFailed: false };

test("chunks and index have Prometheus' bytes", () => {
  const files = new MemoryFiles();
  files.mkdir("/data");
  const writer = BlockWriter.create({ parentDir: "/data", ulid: ULID }, files);
  goldenSeries().forEach((chunks, i) => {
    writer.addSeries(Labels.of({ __name__: goldenHistograms()[i]!.name }), chunks);
  });
  expect(files.readdir("/data")).toEqual([`${ULID}.tmp-for-creation`]);
  const meta = writer.finish({ minTimeMs: 1_699_999_200_000, maxTimeMs: 1_700_006_400_000, compaction });
  expect(files.readdir("/data")).toEqual([ULID]);
  expect(files.readdir(`/data/${ULID}`)).toEqual(["chunks", "index", "meta.json", "tombstones"]);
  const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
  expect(hex(files.contentOf(`/data/${ULID}/chunks/000001`))).toBe(hex(goldenChunks));
  expect(hex(files.contentOf(`/data/${ULID}/index`))).toBe(hex(goldenIndex));
  expect(readMeta(files, `/data/${ULID}`)).toEqual(meta);
  expect(meta.stats.series).toBe(goldenHistograms().length);
  expect(readTombstones(files, `/data/${ULID}`).size).toBe(0);
});

test("meta.json has the words and the order of Prometheus'", () => {
  const files = new MemoryFiles();
  files.mkdir("/data");
  const writer = BlockWriter.create({ parentDir: "/data", ulid: ULID }, files);
  writer.addSeries(Labels.of({ a: "b" }), [chunkOf(5, 3)]);
  const parents = [{ ulid: ULID, minTimeMs: 0, maxTimeMs: 10 }];
  writer.finish({ minTimeMs: 0, maxTimeMs: 10, compaction: { ...compaction, level: 2, parents, hints: ["x"] } });
  expect(Buffer.from(files.contentOf(`/data/${ULID}/meta.json`)).toString()).toBe(
    `{
	"ulid": "${ULID}",
	"minTime": 0,
	"maxTime": 10,
	"stats": {
		"numSamples": 3,
		"numSeries": 1,
		"numChunks": 1
	},
	"compaction": {
		"level": 2,
		"sources": [
			"${ULID}"
		],
		"parents": [
			{
				"ulid": "${ULID}",
				"minTime": 0,
				"maxTime": 10
			}
		],
		"hints": [
			"x"
		]
	},
	"version": 1
}`,
  );
});

function chunkOf(startMs: number, count: number): EncodedChunk {
  const appender = new XorAppender();
  for (let i = 0; i < count; i++) appender.append(startMs + i, i, i);
  return { minTimeMs: startMs, maxTimeMs: appender.maxTimeMs, encoding: ENCODING_XOR, data: appender.bytes() };
}

test("a chunk that does not fit begins another segment", () => {
  const files = new MemoryFiles();
  files.mkdir("/data");
  const chunk = chunkOf(0, 50);
  const segmentBytes = 8 + 2 * (chunk.data.length + 10);
  const writer = BlockWriter.create({ parentDir: "/data", ulid: ULID, segmentBytes }, files);
  for (let i = 0; i < 5; i++) writer.addSeries(Labels.of({ a: String(i) }), [chunkOf(0, 50)]);
  writer.finish({ minTimeMs: 0, maxTimeMs: 100, compaction });
  expect(files.readdir(`/data/${ULID}/chunks`)).toEqual(["000001", "000002", "000003"]);
});

test("series out of order and overlapping chunks are refused, and what was written can be removed", () => {
  const files = new MemoryFiles();
  files.mkdir("/data");
  const writer = BlockWriter.create({ parentDir: "/data", ulid: ULID }, files);
  writer.addSeries(Labels.of({ a: "2" }), [chunkOf(0, 5)]);
  expect(() => writer.addSeries(Labels.of({ a: "2" }), [chunkOf(0, 5)])).toThrow(/not in order/);
  expect(() => writer.addSeries(Labels.of({ a: "3" }), [chunkOf(0, 5), chunkOf(4, 5)])).toThrow(/overlap/);
  writer.abort();
  expect(files.readdir("/data")).toEqual([]);
});

test("whatever call fails, and after a power cut at any call, there is the whole block or none", () => {
  const run = (files: MemoryFiles) => {
    const writer = BlockWriter.create({ parentDir: "/data", ulid: ULID }, files);
    for (let i = 0; i < 3; i++) writer.addSeries(Labels.of({ a: String(i) }), [chunkOf(0, 50)]);
    return writer.finish({ minTimeMs: 0, maxTimeMs: 100, compaction });
  };
  const whole = new MemoryFiles();
  whole.mkdir("/data");
  const meta = run(whole);
  const calls = whole.calls;
  expect(calls).toBeGreaterThan(20);
  const contents = (files: MemoryFiles) =>
    ["chunks/000001", "index", "meta.json", "tombstones"].map((name) =>
      Buffer.from(files.contentOf(`/data/${ULID}/${name}`)).toString("hex"),
    );
  for (let at = 1; at < calls; at++) {
    for (let seed = 0; seed < 4; seed++) {
      const files = new MemoryFiles();
      files.mkdir("/data");
      files.fault = (_call, _path, index) => (index >= at ? { code: "EIO" } : undefined);
      expect(() => run(files)).toThrow(/EIO/);
      files.fault = () => undefined;
      let state = seed * 7919 + at;
      files.cutPower(() => {
        state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
        return state / 2 ** 31;
      });
      const names = files.readdir("/data");
      if (!names.includes(ULID)) continue;
      expect(contents(files)).toEqual(contents(whole));
      expect(readMeta(files, `/data/${ULID}`)).toEqual(meta);
    }
  }
});

test("a ULID tells its time and sorts by it", () => {
  const random = (bytes: number) => new Uint8Array(bytes).fill(33);
  const ulid = makeUlid(1_700_000_000_000, random);
  expect(ulid).toBe("01HF7YAT001111111111111111");
  expect(isUlid(ulid)).toBe(true);
  expect(ulidTimeMs(ulid)).toBe(1_700_000_000_000);
  expect(makeUlid(1_700_000_000_001, random) > ulid).toBe(true);
  for (const name of ["wal", "01HF7YAT00111111111111111", "81HF7YAT001111111111111111", `${ulid}.tmp`]) {
    expect(isUlid(name)).toBe(false);
  }
});

/** The head's chunks are byte for byte those that real Prometheus cut and wrote (test/golden/xor-chunks). */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import {
  GOLDEN_CHUNK_RANGE_MS,
  GOLDEN_RANGE_MS,
  GOLDEN_START_MS,
  goldenSeries,
} from "../../../test/golden/xor-chunks/series.js";
import { packageRoot } from "../../base/index.js";
import { compileKernels, QueryMemory, startKernels } from "../../memory/index.js";
import { Labels, Matcher } from "../../model/index.js";
import { Head } from "./head.js";
import { HeadsQuerier } from "./heads-querier.js";
import type { ChunkKernels } from "./kernels.js";
import { HeadReader } from "./reader.js";

const ingest = compileKernels("ingest");
const query = compileKernels("query");

interface Chunk {
  readonly bytes: Uint8Array;
  readonly count: number;
}

/** Chunks of a chunk file: after 8 bytes of header, each is uvarint length, encoding, data, 4 bytes of checksum. */
function chunksOf(file: Uint8Array): Chunk[] {
  const chunks: Chunk[] = [];
  let at = 8;
  while (at < file.length) {
    let length = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = file[at++]!;
      length |= (byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    expect(file[at]).toBe(1);
    const bytes = file.subarray(at + 1, at + 1 + length);
    chunks.push({ bytes, count: (bytes[0]! << 8) | bytes[1]! });
    at += 1 + length + 4;
  }
  return chunks;
}

/** Encodes the golden samples of [from, from + 2 h), `rows` rows a commit, and returns the chunks in order of labels. */
function headChunks(from: number, rows: number): Chunk[] {
  const head = Head.create(
    { shardIndex: 0, shardCount: 1, limitPages: 256, chunkRangeMs: GOLDEN_CHUNK_RANGE_MS },
    ingest,
  );
  head.setRefRange(1, 100);
  for (const { name, timesMs, values } of goldenSeries()) {
    const slot = head.resolveLabels(Labels.of({ __name__: name }));
    const words = new Uint32Array(values.buffer);
    let staged = 0;
    const flush = () => {
      expect(head.validate(staged, from)).toBe(staged);
      expect(head.append(staged)).toBe(staged);
      head.publish();
      staged = 0;
    };
    head.reserveStaging(rows);
    timesMs.forEach((time, i) => {
      if (time < from || time >= from + GOLDEN_RANGE_MS) return;
      head.stageBits(staged++, slot, time, words[2 * i]!, words[2 * i + 1]!);
      if (staged === rows) flush();
    });
    flush();
  }
  const memory = new QueryMemory(1 << 26);
  const kernels = startKernels<ChunkKernels>(query, memory.memory);
  const set = new HeadsQuerier([new HeadReader(head.memory, 0)], memory, kernels).selectAll([
    {
      matchers: [new Matcher("=~", "__name__", ".+")],
      hints: { minTimeMs: 0, maxTimeMs: Number.POSITIVE_INFINITY, stepMs: 0, func: "" },
    },
  ])[0]!;
  const chunks: Chunk[] = [];
  const times = memory.allocate(8 * 300);
  const values = memory.allocate(8 * 300);
  const out = memory.allocate(9000);
  const state = memory.allocate(128);
  for (let i = 0; i < set.count; i++) {
    for (const { address, lengthBytes, count, maxTimeMs } of set.captured(i)) {
      let bytes = memory.bytes.slice(address, address + lengthBytes);
      if (maxTimeMs === Number.POSITIVE_INFINITY) {
        // An open chunk's bytes are known only by its samples; the golden block had it closed.
        expect(kernels.decodeXor(address, lengthBytes, count, -1e18, 1e18, times, values)).toBe(count);
        const length = kernels.encodeXor(times, values, count, out, state);
        expect(bytes.subarray(2, length)).toEqual(memory.bytes.slice(out + 2, out + length));
        bytes = memory.bytes.slice(out, out + length);
      }
      chunks.push({ bytes, count });
    }
  }
  return chunks;
}

test.each([
  ["block-1", 0, 1],
  ["block-1", 0, 7],
  ["block-1", 0, 5000],
  ["block-2", 1, 1],
  ["block-2", 1, 100],
])("%s: cuts and bytes are Prometheus' (range %d, %d rows a commit)", (file, range, rows) => {
  const golden = chunksOf(readFileSync(join(packageRoot(), "test", "golden", "xor-chunks", `${file}.chunks`)));
  const ours = headChunks(GOLDEN_START_MS + range * GOLDEN_RANGE_MS, rows);
  expect(ours.map(({ count }) => count)).toEqual(golden.map(({ count }) => count));
  ours.forEach(({ bytes }, i) => {
    expect(Buffer.from(bytes).toString("hex"), `chunk ${i}`).toBe(Buffer.from(golden[i]!.bytes).toString("hex"));
  });
});

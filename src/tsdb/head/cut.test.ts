/** A cut: every sample of the range once, series in order, from memory and from chunks_head, while the heads go on. */
import { expect, test } from "vitest";
import { MemoryFiles } from "../../../test/fault/memory-files.js";
import { compileKernels, QueryMemory, startKernels } from "../../memory/index.js";
import { compareLabels, Labels } from "../../model/index.js";
import { type EncodedChunk, XorReader } from "../chunk/index.js";
import {
  CHUNKS_HEAD_STATE_BYTES,
  ChunkFlusher,
  ChunksHeadState,
  ChunksHeadWriter,
  type DiskKernels,
  HeadChunkReader,
  startChunksHead,
} from "../chunks-head/index.js";
import { type ChunkKernels, cutRange, Head, HeadReader } from "./index.js";

const DIR = "/data/chunks_head";
const RANGE_MS = 60_000;
const START_MS = 28_000_000 * RANGE_MS;
const module = compileKernels("ingest", "debug");
const queryModule = compileKernels("query", "debug");

class Rig {
  readonly files = new MemoryFiles();
  readonly heads: Head[];
  readonly #flushers: ChunkFlusher[];

  constructor(headCount: number) {
    const state = new ChunksHeadState(new SharedArrayBuffer(CHUNKS_HEAD_STATE_BYTES));
    startChunksHead(state, this.files, DIR);
    this.heads = Array.from({ length: headCount }, (_, shardIndex) => {
      const options = {
        shardIndex,
        shardCount: headCount,
        limitPages: 512,
        samplesPerChunk: 8,
        chunkRangeMs: RANGE_MS,
      };
      const head = Head.create(options, module);
      head.setRefRange(1 + 1000 * shardIndex, 1000 * (shardIndex + 1));
      return head;
    });
    this.#flushers = this.heads.map((head, i) => {
      const writer = new ChunksHeadWriter({ dir: DIR, files: this.files, state, ownerId: i + 1 });
      return new ChunkFlusher(head, head.kernels as unknown as DiskKernels, writer);
    });
  }

  append(head: number, labels: Labels, timeMs: number, value: number): void {
    const one = this.heads[head]!;
    const slot = one.resolveLabels(labels);
    one.reserveStaging(1);
    one.stageRow(0, slot, timeMs, value);
    expect(one.validate(1, Number.NEGATIVE_INFINITY)).toBe(1);
    one.append(1);
    one.publish();
  }

  flush(head: number): void {
    for (const pass = this.#flushers[head]!.pass(); !pass.next().done; );
  }

  closeChunks(beforeMs: number): void {
    for (const head of this.heads) (head.kernels as unknown as DiskKernels).closeOldChunks(0, 1e6, beforeMs);
  }

  /** Series in the order in which the sink got them, with their samples. */
  cut(minTimeMs: number, maxTimeMs: number): { readonly labels: Labels; readonly samples: string[] }[] {
    const memory = new QueryMemory(1 << 26);
    const kernels = startKernels<ChunkKernels>(queryModule, memory.memory);
    const disk = { reader: new HeadChunkReader(this.files, DIR), checksums: kernels };
    const heads = this.heads.map((head) => ({ memory: head.memory, reader: new HeadReader(head.memory, 0, 0) }));
    const found: { readonly labels: Labels; readonly samples: string[] }[] = [];
    const addSeries = (labels: Labels, chunks: readonly EncodedChunk[]): void => {
      const samples: string[] = [];
      for (const { data, minTimeMs: first, maxTimeMs: last } of chunks) {
        const reader = new XorReader(data);
        const from = samples.length;
        while (reader.next()) samples.push(`${reader.timeMs} ${reader.value}`);
        expect(samples[from]!.split(" ")[0]).toBe(String(first));
        expect(samples.at(-1)!.split(" ")[0]).toBe(String(last));
      }
      found.push({ labels, samples });
    };
    expect(cutRange(heads, { minTimeMs, maxTimeMs }, memory, disk, { addSeries })).toBe(found.length);
    return found;
  }
}

/** Labels whose order is not that of their making, with symbols that begin alike and one with a byte above ASCII. */
const LABELS = [
  { __name__: "b", z: "1" },
  { __name__: "a", instance: "host-10", job: "x" },
  { __name__: "a", instance: "host-1", job: "x" },
  { __name__: "a", instance: "host-1" },
  { __name__: "a", instance: "höst-1" },
  { __name__: "prefix_long_0001" },
  { __name__: "prefix_long_0000" },
  { __name__: "prefix", a: "b" },
  { __name__: "a", a: "zz", b: "c" },
  { __name__: "zzz" },
].map((pairs) => Labels.of(pairs));

test.each([1, 3])("%i heads give each series once, in order, with its samples of the range", (headCount) => {
  const rig = new Rig(headCount);
  const wanted = new Map<string, string[]>();
  for (let i = 0; i < 90; i++) {
    const timeMs = START_MS + i * 1000;
    LABELS.forEach((labels, s) => {
      // The last one ends early, and the one before begins behind the range.
      if ((s === LABELS.length - 1 && i > 20) || (s === LABELS.length - 2 && i < 60)) return;
      const value = s * 100 + i / 7;
      rig.append(s % headCount, labels, timeMs, value);
      if (i < 60) wanted.set(labels.key, [...(wanted.get(labels.key) ?? []), `${timeMs} ${value}`]);
    });
    if (i === 40) rig.flush(0);
  }
  rig.closeChunks(START_MS + RANGE_MS);
  const cut = rig.cut(START_MS, START_MS + RANGE_MS - 1);
  expect(new Map(cut.map(({ labels, samples }) => [labels.key, samples]))).toEqual(wanted);
  expect(cut.map(({ labels }) => labels.key)).toEqual(
    [...LABELS]
      .sort(compareLabels)
      .map(({ key }) => key)
      .filter((key) => wanted.has(key)),
  );
  // Series go on behind their closed chunks.
  for (const [s, labels] of LABELS.entries()) rig.append(s % headCount, labels, START_MS + 95_000, s);
  for (const head of rig.heads.keys()) rig.flush(head);
  rig.closeChunks(START_MS + 2 * RANGE_MS);
  const next = rig.cut(START_MS + RANGE_MS, START_MS + 2 * RANGE_MS - 1);
  expect(next.map(({ samples }) => samples.length)).toEqual(
    [...LABELS].sort(compareLabels).map((labels) => (labels.get("__name__") === "zzz" ? 1 : 31)),
  );
});

test("a chunk that reaches beyond the range on either side gives its part", () => {
  const rig = new Rig(1);
  const labels = Labels.of({ a: "b" });
  for (let i = 0; i < 40; i++) rig.append(0, labels, START_MS + i * 1000, i);
  rig.closeChunks(START_MS + RANGE_MS);
  const samples = Array.from({ length: 18 }, (_, i) => `${START_MS + (i + 3) * 1000} ${i + 3}`);
  expect(rig.cut(START_MS + 3000, START_MS + 20_999)).toMatchObject([{ samples }]);
});

/** Streams in slices, over storage that has samples alone. That whole answers are right is shown beside a real Prometheus. */
import { expect, test } from "vitest";
import { MemoryStorage } from "../../../test/doubles/memory-storage.js";
import { readFrames } from "../../../test/support/read-request.js";
import { QueryMemory } from "../../memory/index.js";
import { Labels, Matcher } from "../../model/index.js";
import type { ColumnSink } from "../../storage/index.js";
import { encodeReadSlice, type ReadCursor } from "./read-chunks.js";

const storage = new MemoryStorage();
for (let i = 0; i < 20; i++) {
  const labels = Labels.of({ __name__: i % 2 === 0 ? "even" : "odd", series: String(i) });
  storage.append(
    labels,
    Array.from({ length: 300 }, (_, k) => [1000 + k * 15, i + k / 3]),
  );
}

const memory = new QueryMemory(1 << 24);
const sink: ColumnSink = {
  memory: memory.memory,
  reserve: (count) => {
    const timesAddr = memory.allocate(16 * count);
    return { timesAddr, valuesAddr: timesAddr + 8 * count };
  },
};

const queries = ["even", "odd", "even"].map((name, i) => ({
  startMs: 0,
  endMs: 3000 + i,
  matchers: [new Matcher("=", "__name__", name)],
  func: "",
}));

async function slices(sliceBytes: number, frameBytesMax: number): Promise<Uint8Array[]> {
  const bodies: Uint8Array[] = [];
  let after: ReadCursor | undefined;
  do {
    const mark = memory.mark();
    const limits = { sliceBytes, frameBytesMax };
    const { body, next } = await encodeReadSlice(queries, after, { zone: "z" }, limits, storage, sink);
    memory.releaseTo(mark);
    bodies.push(body);
    after = next;
  } while (after !== undefined);
  return bodies;
}

test("slices joined are the whole stream, whatever their size", async () => {
  const [whole] = await slices(Number.POSITIVE_INFINITY, 1 << 20);
  const frames = readFrames(whole!);
  expect(frames.map(({ query, labels }) => `${query} ${labels.map(([, value]) => value).join(" ")}`)).toEqual([
    ...[0, 10, 12, 14, 16, 18, 2, 4, 6, 8].map((i) => `0 even ${i} z`),
    ...[1, 11, 13, 15, 17, 19, 3, 5, 7, 9].map((i) => `1 odd ${i} z`),
    ...[0, 10, 12, 14, 16, 18, 2, 4, 6, 8].map((i) => `2 even ${i} z`),
  ]);
  for (const sliceBytes of [1, 2000, 10_000]) {
    const parts = await slices(sliceBytes, 1 << 20);
    expect(parts.length).toBeGreaterThan(2);
    expect(Buffer.concat(parts).equals(whole!)).toBe(true);
  }
});

test("a frame has as many chunks of one series as fit, and at least one", async () => {
  const chunksOf = async (frameBytesMax: number): Promise<number[]> =>
    readFrames((await slices(Number.POSITIVE_INFINITY, frameBytesMax))[0]!).map(({ chunks }) => chunks.length);
  expect(new Set(await chunksOf(1))).toEqual(new Set([1]));
  expect(new Set(await chunksOf(1 << 20))).toEqual(new Set([2]));
  const samples = readFrames((await slices(1, 1))[0]!).flatMap(({ chunks }) => chunks.flatMap((one) => one.samples));
  // Those of the first series: 1000 + 15 k ≤ 3000.
  expect(samples).toHaveLength(134);
});

/** Labels that come and go: what nothing names any more is used again, and readers never take one text for another. */
import { expect, test } from "vitest";
import { PAIR_COUNT, SYMBOL_COUNT } from "../../../assembly/layout.js";
import { compileKernels, QueryMemory, startKernels } from "../../memory/index.js";
import { Labels, Matcher } from "../../model/index.js";
import { type ChunkKernels, Head, HeadReader, HeadsQuerier } from "./index.js";

const module = compileKernels("ingest", "debug");
const queryModule = compileKernels("query", "debug");
const PER_ROUND = 300;

function append(head: Head, slot: number, timeMs: number): void {
  head.reserveStaging(1);
  head.stageRow(0, slot, timeMs, timeMs);
  expect(head.validate(1, Number.NEGATIVE_INFINITY)).toBe(1);
  head.append(1);
  head.publish();
}

function truncate(head: Head, beforeMs: number, between: () => void = () => undefined): void {
  for (const truncation = head.truncateBefore(beforeMs); !truncation.next().done; ) between();
}

/** Label sets that a reader finds. */
function found(reader: HeadReader): string[] {
  const memory = new QueryMemory(1 << 24);
  const kernels = startKernels<ChunkKernels>(queryModule, memory.memory);
  const set = new HeadsQuerier([reader], memory, kernels).select([new Matcher("=", "__name__", "m")], {
    minTimeMs: 0,
    maxTimeMs: 1e15,
    stepMs: 0,
    func: "series",
  });
  return Array.from({ length: set.count }, (_, i) => set.labels(i).toString());
}

const labelsOf = (round: number, i: number): Labels =>
  Labels.of({ __name__: "m", fixed: String(i % 7), unique: `value-${round}-${i}`, [`name_${i % 3}`]: `x${round % 2}` });

test("series with ever new values need the memory of those that live, and readers see the right labels", () => {
  const head = Head.create({ shardIndex: 0, shardCount: 1, limitPages: 1024, hashSeed: 7 }, module);
  head.setRefRange(1, 1e6);
  const reader = new HeadReader(head.memory, 0);
  append(head, head.resolveLabels(Labels.of({ __name__: "m", unique: "for ever" })), 1e9);
  const use: number[] = [];
  const touched: number[] = [];
  for (let round = 0; round < 30; round++) {
    for (let i = 0; i < PER_ROUND; i++) append(head, head.resolveLabels(labelsOf(round, i)), round * 1000);
    const wanted = Array.from({ length: PER_ROUND }, (_, i) => labelsOf(round, i).toString());
    expect(found(reader)).toEqual([...wanted, '{__name__="m", unique="for ever"}'].sort());
    truncate(head, round * 1000 + 500);
    expect(found(reader)).toEqual(['{__name__="m", unique="for ever"}']);
    use.push(head.memoryUse().liveBytes);
    touched.push(head.memoryUse().touchedBytes);
  }
  expect(use.at(-1)).toBeLessThanOrEqual(use[4]! * 1.01);
  expect(touched.at(-1)).toBe(touched[6]);
  // Ids of one round are retired while those of the next are given.
  expect(head.words[SYMBOL_COUNT >> 2]).toBeLessThan(4 * PER_ROUND);
  expect(head.words[PAIR_COUNT >> 2]).toBeLessThan(4 * PER_ROUND);
});

test("ids wait while a reader that may know them is pinned", () => {
  const head = Head.create({ shardIndex: 0, shardCount: 1, limitPages: 1024, hashSeed: 7 }, module);
  head.setRefRange(1, 1e6);
  const slow = new HeadReader(head.memory, 1);
  for (let i = 0; i < 50; i++) append(head, head.resolveLabels(labelsOf(0, i)), 1000);
  slow.pinned(() => {
    const pairs = slow.index.pairsOfName("unique");
    const texts = pairs.map((pair) => slow.index.symbol(slow.index.pairValue(pair))).sort();
    for (let round = 1; round < 5; round++) {
      truncate(head, round * 1000 + 500);
      for (let i = 0; i < 50; i++) append(head, head.resolveLabels(labelsOf(round, i)), (round + 1) * 1000);
    }
    const fresh = new HeadReader(head.memory, 2).index;
    expect(pairs.map((pair) => fresh.symbol(fresh.pairValue(pair))).sort()).toEqual(texts);
  });
});

test("a value that comes back while its sweep is under way is found", () => {
  const head = Head.create({ shardIndex: 0, shardCount: 1, limitPages: 1024, hashSeed: 7 }, module);
  head.setRefRange(1, 1e6);
  const reader = new HeadReader(head.memory, 0);
  for (let round = 0; round < 12; round++) {
    for (let i = 0; i < 40; i++) append(head, head.resolveLabels(labelsOf(0, i)), round * 1000);
    let step = 0;
    truncate(head, round * 1000 + 500, () => {
      // Between any two steps some of the dead come back.
      const i = step++ % 40;
      append(head, head.resolveLabels(labelsOf(0, i)), round * 1000 + 600);
      expect(found(reader)).toContain(labelsOf(0, i).toString());
    });
    expect(step).toBeGreaterThan(3);
    expect(found(reader).length).toBeGreaterThanOrEqual(Math.min(step, 40) - 1);
    truncate(head, round * 1000 + 900);
  }
  expect(found(reader)).toEqual([]);
});

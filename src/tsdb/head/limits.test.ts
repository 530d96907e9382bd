/** A head at the end of its memory: known series go on, new ones are refused whole, nothing validated fails later. */
import { expect, test } from "vitest";
import {
  COUNTER_CHUNKS,
  COUNTER_REFUSED_MEMORY,
  COUNTER_SERIES,
  MUTATING,
  RESOLVE_NO_MEMORY,
  SEGMENT_SHIFT,
  SLOT_BYTES,
  STATUS_NO_MEMORY,
  STATUS_OK,
} from "../../../assembly/layout.js";
import { VestalError } from "../../base/index.js";
import { compileKernels, QueryMemory, startKernels } from "../../memory/index.js";
import { Labels, Matcher } from "../../model/index.js";
import { Head } from "./head.js";
import { HeadsQuerier } from "./heads-querier.js";
import type { ChunkKernels } from "./kernels.js";
import { HeadReader } from "./reader.js";

const ingest = compileKernels("ingest");
const query = compileKernels("query");

function newHead(limitPages: number): Head {
  const head = Head.create({ shardIndex: 0, shardCount: 1, limitPages, hashSeed: 1 }, ingest);
  head.setRefRange(1, 2 ** 30);
  return head;
}

/** Series count, and whether every label set is found by the reader with as many samples as were accepted. */
function readAll(head: Head): { readonly series: string[]; readonly samples: number[] } {
  const memory = new QueryMemory(1 << 28);
  const querier = new HeadsQuerier(
    [new HeadReader(head.memory, 0)],
    memory,
    startKernels<ChunkKernels>(query, memory.memory),
  );
  const set = querier.select([new Matcher("=~", "i", ".+")], { minTimeMs: 0, maxTimeMs: 2 ** 50, stepMs: 0, func: "" });
  const sink = {
    memory: memory.memory,
    reserve: (n: number) => ({ timesAddr: memory.allocate(8 * n), valuesAddr: memory.allocate(8 * n) }),
  };
  const indices = Array.from({ length: set.count }, (_, i) => i);
  return {
    series: indices.map((i) => set.labels(i).get("i")),
    samples: indices.map((i) => set.samples(i, 0, 2 ** 50, sink).count),
  };
}

const labelsOf = (i: number) => Labels.of({ i: String(i), job: "j" });

test("a full memory refuses new series whole, and accepts samples until it has no room for them either", () => {
  const head = newHead(64);
  const slots: number[] = [];
  head.reserveStaging(16_384);
  for (;;) {
    const slot = head.resolveLabels(labelsOf(slots.length));
    if (slot === RESOLVE_NO_MEMORY) break;
    if (slot !== slots.length) throw new Error(`series ${slots.length} got slot ${slot}`);
    slots.push(slot);
  }
  expect(slots.length).toBeGreaterThan(5000);
  expect(head.counter(COUNTER_SERIES)).toBe(slots.length);
  expect(head.resolveLabels(labelsOf(-1))).toBe(RESOLVE_NO_MEMORY);
  expect(head.resolveLabels(labelsOf(7))).toBe(slots[7]);
  expect(head.index.pairsOfName("i")).toHaveLength(slots.length);

  const accepted = slots.map(() => 0);
  let refused = 0;
  let other = 0;
  for (let scrape = 1; scrape <= 40; scrape++) {
    slots.forEach((slot, i) => {
      head.stageRow(i, slot, scrape * 15_000, Math.sin(scrape * (i + 1)));
    });
    const ok = head.validate(slots.length, 0);
    slots.forEach((_, i) => {
      const status = head.rowStatus(i);
      if (status === STATUS_OK) accepted[i] = accepted[i]! + 1;
      else if (status === STATUS_NO_MEMORY) refused++;
      else other++;
    });
    expect(head.append(slots.length)).toBe(ok);
    head.publish();
  }
  expect(refused).toBeGreaterThan(0);
  expect(other).toBe(0);
  expect(head.counter(COUNTER_REFUSED_MEMORY)).toBe(refused + 2);
  const { series, samples } = readAll(head);
  const stored = new Map(series.map((i, at) => [i, samples[at]]));
  const wrong = accepted.flatMap((count, i) => ((stored.get(String(i)) ?? 0) === count ? [] : [i]));
  expect(wrong).toEqual([]);
});

test("several samples of one series in a batch near the end are appended if they were accepted", () => {
  const head = newHead(64);
  const slot = head.resolveLabels(labelsOf(0));
  head.reserveStaging(4096);
  const filler: number[] = [];
  for (let bytes = 65536; bytes >= 4096; bytes /= 2) while (head.kernels.allocate(bytes) !== 0) filler.push(bytes);
  let total = 0;
  for (let batch = 0; batch < 20; batch++) {
    for (let i = 0; i < 30; i++) head.stageRow(i, slot, (batch * 30 + i) * 1000, Math.cos(batch * 30 + i));
    const ok = head.validate(30, 0);
    expect(head.append(30)).toBe(ok);
    head.publish();
    total += ok;
  }
  expect(total).toBeGreaterThan(0);
  expect(readAll(head).samples).toEqual([total]);
});

test("truncation drops old chunks and dead series, and their memory and slots serve new ones", () => {
  const head = newHead(128);
  const round = (first: number, count: number, fromMs: number) => {
    head.reserveStaging(count);
    const slots = Array.from({ length: count }, (_, i) => head.resolveLabels(labelsOf(first + i)));
    for (let scrape = 0; scrape < 130; scrape++) {
      for (let i = 0; i < count; i++) {
        head.stageRow(i, slots[i]!, fromMs + scrape * 60_000, scrape * i);
      }
      expect(head.validate(count, 0)).toBe(count);
      expect(head.append(count)).toBe(count);
      head.publish();
    }
  };
  round(0, 500, 0);
  const after = (cut: number) => {
    const steps = head.truncateBefore(cut);
    for (let step = steps.next(); ; step = steps.next()) if (step.done) return step.value;
  };
  const grown: number[] = [];
  for (let generation = 1; generation <= 6; generation++) {
    round(500 * generation, 500, generation * 7_800_000);
    expect(after(generation * 7_800_000)).toBe(500);
    grown.push(head.memoryUse().touchedBytes);
  }
  expect(head.counter(COUNTER_SERIES)).toBe(500);
  expect(
    readAll(head)
      .series.map(Number)
      .sort((a, b) => a - b),
  ).toEqual(Array.from({ length: 500 }, (_, i) => 3000 + i));
  expect(head.findLabels(labelsOf(0))).toBe(-1);
  // Only symbols and pairs, which live as long as the head, and their tables still take fresh memory: less than
  // slot, labels and chunks of 1,500 series would (128, 16 and more than 200 bytes each).
  expect(grown[5]! - grown[2]!).toBeLessThan(3 * 500 * 256);

  const chunks = head.counter(COUNTER_CHUNKS);
  expect(after(6 * 7_800_000 + 129 * 60_000)).toBe(0);
  expect(head.counter(COUNTER_CHUNKS)).toBeLessThan(chunks);
  expect(new HeadReader(head.memory, 1).timeBounds()?.minTimeMs).toBe(6 * 7_800_000 + 129 * 60_000);
  expect(readAll(head).samples.every((count) => count > 0 && count < 130)).toBe(true);
});

test("a reader's pin keeps what truncation drops", () => {
  const head = newHead(64);
  const slot = head.resolveLabels(labelsOf(1));
  head.reserveStaging(1);
  head.stageRow(0, slot, 1000, 1);
  head.validate(1, 0);
  head.append(1);
  head.publish();
  const reader = new HeadReader(head.memory, 3);
  reader.pinned(() => {
    for (const _ of head.truncateBefore(5000));
    expect(head.memoryUse().retiredBytes).toBeGreaterThan(0);
    expect(head.resolveLabels(labelsOf(2))).not.toBe(slot);
  });
  for (const _ of head.truncateBefore(5000));
  expect(head.memoryUse().retiredBytes).toBeLessThan(100);
  expect(head.resolveLabels(labelsOf(3))).toBe(slot);
  expect(head.slotGeneration(slot)).toBe(3);
});

test("new series leave an eighth of the memory to known ones", () => {
  const BATCH = 1000;
  const head = newHead(256);
  const store = (slots: readonly number[], timeMs: number): number => {
    head.reserveStaging(slots.length);
    slots.forEach((slot, row) => {
      head.stageRow(row, slot, timeMs, timeMs / 1000);
    });
    head.validate(slots.length, 0);
    const appended = head.append(slots.length);
    head.publish();
    return appended;
  };
  const slots: number[] = [];
  for (let slot = 0; slot !== RESOLVE_NO_MEMORY; ) {
    slot = head.resolveLabels(labelsOf(slots.length));
    if (slot === RESOLVE_NO_MEMORY) break;
    slots.push(slot);
    expect(store([slot], 1000)).toBe(1);
  }
  const { limitBytes, liveBytes } = head.memoryUse();
  const segmentBytes = SLOT_BYTES << SEGMENT_SHIFT; // the last series may have begun one
  expect(limitBytes - liveBytes).toBeGreaterThan(limitBytes / 8 - segmentBytes);
  for (let scrape = 2; scrape <= 16; scrape++) {
    for (let at = 0; at < slots.length; at += BATCH) {
      const batch = slots.slice(at, at + BATCH);
      expect(store(batch, scrape * 1000)).toBe(batch.length);
    }
  }
  expect(head.resolveLabels(labelsOf(slots.length))).toBe(RESOLVE_NO_MEMORY);
  expect(head.resolveLabels(labelsOf(0))).toBe(slots[0]);
  // What replay brings was there before.
  expect(head.resolveLabels(labelsOf(slots.length), 2 ** 31)).toBeGreaterThanOrEqual(0);
});

test("a thread's memory is adopted with what it had appended, but not in the middle of a change", () => {
  const head = newHead(64);
  const slot = head.resolveLabels(labelsOf(1));
  head.reserveStaging(1);
  head.stageRow(0, slot, 1000, 1);
  head.validate(1, 0);
  head.append(1);
  expect(readAll(head).series).toEqual([]);
  const next = Head.adopt(head.memory, ingest);
  expect(readAll(next)).toEqual({ series: ["1"], samples: [1] });
  expect(next.findLabels(labelsOf(1))).toBe(slot);
  next.words[MUTATING >> 2] = 1;
  expect(() => Head.adopt(head.memory, ingest)).toThrow(VestalError);
});

test("several selectors are taken at one commit, each with its own times", () => {
  const head = newHead(64);
  const slots = [1, 2, 3].map((i) => head.resolveLabels(labelsOf(i)));
  head.reserveStaging(3);
  for (let scrape = 1; scrape <= 300; scrape++) {
    slots.forEach((slot, i) => {
      head.stageRow(i, slot, scrape * 1000, scrape);
    });
    head.validate(3, 0);
    head.append(3);
    head.publish();
  }
  const memory = new QueryMemory(1 << 26);
  const kernels = startKernels<ChunkKernels>(query, memory.memory);
  const querier = new HeadsQuerier([new HeadReader(head.memory, 0)], memory, kernels);
  const before = memory.mark();
  const request = (value: string, minTimeMs: number, maxTimeMs: number, func = "") => ({
    matchers: [new Matcher("=~", "i", value)],
    hints: { minTimeMs, maxTimeMs, stepMs: 0, func },
  });
  const [first, second, none, names] = querier.selectAll([
    request("1|2", 0, 1e9),
    request("2|3", 100_500, 120_000),
    request("1", 0, 999),
    request("3", 0, 1e9, "series"),
  ]);
  const after = memory.mark();
  const sink = {
    memory: memory.memory,
    reserve: (n: number) => ({ timesAddr: memory.allocate(8 * n), valuesAddr: memory.allocate(8 * n) }),
  };
  expect([first!.count, second!.count, none!.count, names!.count]).toEqual([2, 2, 0, 1]);
  expect(first!.samples(1, 0, 1e9, sink).count).toBe(300);
  const { count, timesAddr, valuesAddr } = second!.samples(0, 100_500, 120_000, sink);
  expect(count).toBe(20);
  expect([memory.floats[timesAddr / 8], memory.floats[valuesAddr / 8 + 19]]).toEqual([101_000, 120]);
  memory.releaseTo(after);
  for (const set of [second, first, names, none]) set!.close();
  expect(memory.mark()).toBe(before);
});

import { expect, test } from "vitest";
import {
  CHUNK_CAPACITY,
  COUNTER_DUPLICATE,
  COUNTER_OUT_OF_BOUNDS,
  COUNTER_OUT_OF_ORDER,
  COUNTER_REFUSED_MEMORY,
  COUNTER_SERIES,
  FOREIGN_SLOTS,
  NO_SLOT,
  RESOLVE_MALFORMED,
  RESOLVE_NO_MEMORY,
  RESOLVE_NO_REFS,
  SEGMENT_MASK,
  SEGMENT_SHIFT,
  SLOT_BITS,
  SLOT_BYTES,
  SLOT_CHUNK,
  SLOT_DIRECTORY,
  STATUS_DUPLICATE,
  STATUS_OK,
  STATUS_OUT_OF_BOUNDS,
  STATUS_OUT_OF_ORDER,
  STATUS_REPEATED,
  STATUS_SKIPPED,
} from "../../../assembly/layout.js";
import { compileKernels } from "../../memory/index.js";
import { Labels } from "../../model/index.js";
import { Head, type HeadOptions } from "./head.js";

const module = compileKernels("ingest", "debug");

function newHead(options: Partial<HeadOptions> = {}): Head {
  const head = Head.create({ shardIndex: 0, shardCount: 1, limitPages: 512, hashSeed: 7, ...options }, module);
  head.setRefRange(1, 1000);
  return head;
}

function commit(head: Head, rows: readonly (readonly [number, number, number])[], minValidTimeMs = -1e15): number[] {
  head.reserveStaging(rows.length);
  rows.forEach(([slot, time, value], i) => {
    head.stageRow(i, slot, time, value);
  });
  head.validate(rows.length, minValidTimeMs);
  const statuses = rows.map((_, i) => head.rowStatus(i));
  expect(head.append(rows.length)).toBe(statuses.filter((status) => status === STATUS_OK).length);
  head.publish();
  return statuses;
}

test("equal label sets resolve to one slot with one ref, others to others", () => {
  const head = newHead();
  const a = head.resolveLabels(Labels.of({ __name__: "up", job: "a" }));
  const b = head.resolveLabels(Labels.of({ __name__: "up", job: "b" }));
  expect(head.resolveLabels(Labels.of({ job: "a", __name__: "up" }))).toBe(a);
  expect([a, b, head.seriesRef(a), head.seriesRef(b)]).toEqual([0, 1, 1, 2]);
  expect(head.seriesLabels(b).toString()).toBe('{__name__="up", job="b"}');
  expect(head.counter(COUNTER_SERIES)).toBe(2);
  expect(head.findLabels(Labels.of({ __name__: "up" }))).toBe(-1);
  expect(head.findLabels(Labels.of({ __name__: "up", job: "b" }))).toBe(b);
});

test("a chunk has room for the longest sample, however short those before it were", () => {
  const head = newHead();
  const word = (address: number): number => head.words[address >>> 2]!;
  for (let short = 100; short < 240; short++) {
    const slot = head.resolveLabels(Labels.of({ short: String(short) }));
    const at = word(SLOT_DIRECTORY + 4 * (slot >> SEGMENT_SHIFT)) + (slot & SEGMENT_MASK) * SLOT_BYTES;
    let time = 7_200_000 * (short + 1);
    // Then: ten minutes and the same value, 68 bits of time; one millisecond and another value, as many and 77 of value.
    // Half an hour of steady samples before all that, so that the chunk is not cut at the target.
    const rows = [
      ...Array(31).fill([60_000, 0]),
      ...Array(short - 31).fill([1, 0]),
      [600_000, 0],
      [1, 1 / 3],
      [600_000, -Math.PI],
    ] as [number, number][];
    for (const [step, value] of rows) {
      time += step;
      expect(commit(head, [[slot, time, value]])).toEqual([STATUS_OK]);
      // Bits are stored a word at a time: eight bytes behind the used ones are the chunk's too.
      const used = (word(at + SLOT_BITS) + 7) >> 3;
      expect(word(word(at + SLOT_CHUNK) + CHUNK_CAPACITY)).toBeGreaterThanOrEqual(used + 8);
    }
  }
});

test("a series made at replay keeps the ref of its record", () => {
  const head = newHead();
  const slot = head.resolveLabels(Labels.of({ a: "1" }), 2 ** 39 + 5);
  expect(head.seriesRef(slot)).toBe(2 ** 39 + 5);
  expect(head.seriesRef(head.resolveLabels(Labels.of({ a: "2" })))).toBe(1);
});

test("a series is refused when the range of refs is used up, and known ones are still found", () => {
  const head = newHead();
  head.setRefRange(10, 11);
  const first = head.resolveLabels(Labels.of({ a: "1" }));
  expect(head.resolveLabels(Labels.of({ a: "2" }))).toBe(RESOLVE_NO_REFS);
  expect(head.resolveLabels(Labels.of({ a: "1" }))).toBe(first);
});

test.each([
  ["no labels", [0]],
  ["an empty name", [1, 0, 1, 65]],
  ["an empty value", [1, 1, 65, 0]],
  ["names out of order", [2, 1, 66, 1, 65, 1, 65, 1, 65]],
  ["a name twice", [2, 1, 65, 1, 65, 1, 65, 1, 66]],
  ["a text that is cut off", [1, 1, 65, 9, 65]],
  ["bytes behind the last label", [1, 1, 65, 1, 65, 0]],
  ["a length without end", [1, 255, 255, 255, 255, 255]],
])("label bytes with %s are malformed and leave nothing behind", (_, bytes) => {
  const head = newHead();
  expect(head.resolveLabelBytes(Uint8Array.from(bytes))).toBe(RESOLVE_MALFORMED);
  expect(head.counter(COUNTER_SERIES)).toBe(0);
});

test("each row gets the status that Prometheus would give its sample", () => {
  const head = newHead();
  const a = head.resolveLabels(Labels.of({ a: "1" }));
  const b = head.resolveLabels(Labels.of({ a: "2" }));
  expect(
    commit(head, [
      [a, 1000, 1],
      [b, 1000, 1],
      [NO_SLOT, 1000, 1],
      [FOREIGN_SLOTS + 3, 1000, 1],
    ]),
  ).toEqual([STATUS_OK, STATUS_OK, STATUS_SKIPPED, STATUS_SKIPPED]);
  expect(
    commit(
      head,
      [
        [a, 999, 1],
        [a, 1000, 2],
        [a, 1000, 1],
        [a, 400, 1],
        [a, 2000, 5],
        [a, 2000, 5],
        [a, 2000, 6],
        [a, 1500, 6],
        [a, 3000, 7],
      ],
      500,
    ),
  ).toEqual([
    STATUS_OUT_OF_ORDER,
    STATUS_DUPLICATE,
    STATUS_REPEATED,
    STATUS_OUT_OF_BOUNDS,
    STATUS_OK,
    STATUS_REPEATED,
    STATUS_DUPLICATE,
    STATUS_OUT_OF_ORDER,
    STATUS_OK,
  ]);
  expect([COUNTER_OUT_OF_ORDER, COUNTER_DUPLICATE, COUNTER_OUT_OF_BOUNDS].map((i) => head.counter(i))).toEqual([
    2, 2, 1,
  ]);
});

test("a validated batch that is dropped does not judge the next one", () => {
  const head = newHead();
  const a = head.resolveLabels(Labels.of({ a: "1" }));
  head.reserveStaging(1);
  head.stageRow(0, a, 5000, 1);
  expect(head.validate(1, 0)).toBe(1);
  expect(commit(head, [[a, 1000, 1]])).toEqual([STATUS_OK]);
});

test("at the series limit new series are refused and counted, known ones go on", () => {
  const head = newHead({ seriesLimit: 1 });
  const a = head.resolveLabels(Labels.of({ a: "1" }));
  expect(head.resolveLabels(Labels.of({ a: "2" }))).toBe(RESOLVE_NO_MEMORY);
  expect(head.resolveLabels(Labels.of({ a: "1" }))).toBe(a);
  expect(head.counter(COUNTER_REFUSED_MEMORY)).toBe(1);
  expect(head.index.pairsOfName("a")).toHaveLength(1);
});

/** The memory map's promises by arithmetic: regions in order without overlap, fields aligned and inside their record. */
import { expect, test } from "vitest";
import * as layout from "../assembly/layout.js";

type Field = readonly [name: string, offset: number, bytes: number];

/** Asserts that fields lie one behind the other in [start, end) and are aligned to their size (at most 8). */
function expectFields(fields: readonly Field[], start: number, end: number): void {
  let at = start;
  for (const [name, offset, bytes] of [...fields].sort((a, b) => a[1] - b[1])) {
    expect(offset, `${name} overlaps what is before it`).toBeGreaterThanOrEqual(at);
    expect(offset % Math.min(8, bytes & -bytes), `${name} is not aligned`).toBe(0);
    at = offset + bytes;
  }
  expect(at).toBeLessThanOrEqual(end);
}

/** Constants with this prefix, each `bytes` wide but for those in `widths`; `skipped` are no offsets. */
function fieldsOf(
  prefix: string,
  bytes: number,
  widths: Record<string, number>,
  skipped: readonly string[] = [],
): Field[] {
  return Object.entries(layout)
    .filter(([name]) => name.startsWith(prefix) && !skipped.includes(name))
    .map(([name, offset]) => [name, offset, widths[name] ?? bytes] as const);
}

/** Bits of SLOT_FLAGS: no offsets. */
const slotFlags = Object.entries(layout).filter(([name]) => name.startsWith("SLOT_FLAG_"));

const directory = 4 * layout.DIRECTORY_ENTRIES;

test("the regions of the map follow each other", () => {
  expectFields(
    [
      ["identity", 0, 64],
      ["progress", layout.EPOCH, 64],
      ["pins", layout.PINS, 4 * layout.PIN_COUNT],
      ["arena", layout.ARENA_BUMP, 512],
      ["roots", layout.ROOT_SERIES_TABLE, 1024],
      ["counters", layout.COUNTERS, 8 * layout.COUNTER_COUNT],
      ["static data", layout.STATIC_DATA, layout.STATIC_DATA_END - layout.STATIC_DATA],
      ["slot directory", layout.SLOT_DIRECTORY, directory],
      ["symbol directory", layout.SYMBOL_DIRECTORY, directory],
      ["pair directory", layout.PAIR_DIRECTORY, directory],
      ["arena maps", layout.ARENA_MAPS, 4096],
    ],
    0,
    layout.ARENA_START,
  );
});

test("identity, progress, arena and roots stay inside their regions", () => {
  expectFields(fieldsOf("HEAD_", 4, {}), 0, 64);
  const { EPOCH, COMMITTED, MUTATING, SLOT_COUNT, SYMBOL_COUNT, PAIR_COUNT, INDEX_CHANGES } = layout;
  const progress = { EPOCH, COMMITTED, MUTATING, SLOT_COUNT, SYMBOL_COUNT, PAIR_COUNT, INDEX_CHANGES };
  expectFields(
    Object.entries(progress).map(([name, offset]) => [name, offset, 4] as const),
    64,
    128,
  );
  const lists = 4 * layout.ARENA_CLASSES;
  expectFields(
    fieldsOf("ARENA_", 4, { ARENA_USED: 8, ARENA_RETIRED_BYTES: 8, ARENA_FREE: lists }, [
      "ARENA_CLASSES",
      "ARENA_FREE_COUNT",
      "ARENA_MAPS",
      "ARENA_START",
    ]),
    512,
    1024,
  );
  expectFields(
    [
      ...fieldsOf("ROOT_", 4, { ROOT_NEXT_REF: 8, ROOT_REF_END: 8 }),
      ["RESERVED_COUNTS", layout.RESERVED_COUNTS, lists],
      ["ARENA_FREE_COUNT", layout.ARENA_FREE_COUNT, lists],
    ],
    1024,
    2048,
  );
});

test("counters have indices of their own", () => {
  const indices = Object.entries(layout).filter(([name]) => /^COUNTER_(?!COUNT$)/.test(name));
  expect(new Set(indices.map(([, index]) => index)).size).toBe(indices.length);
  for (const [, index] of indices) expect(index).toBeLessThan(layout.COUNTER_COUNT);
});

test("records hold their fields", () => {
  expectFields(
    fieldsOf(
      "SLOT_",
      4,
      {
        SLOT_REF: 8,
        SLOT_ENTRY_0: layout.ENTRY_BYTES,
        SLOT_ENTRY_1: layout.ENTRY_BYTES,
        SLOT_LAST_TIME: 8,
        SLOT_LAST_VALUE: 8,
        SLOT_LAST_DELTA: 8,
        SLOT_NEXT_CUT: 8,
        SLOT_SAMPLES: 2,
        SLOT_LEADING: 1,
        SLOT_TRAILING: 1,
        SLOT_PENDING_TIME: 8,
        SLOT_PENDING_VALUE: 8,
      },
      ["SLOT_BYTES", "SLOT_COUNT", "SLOT_DIRECTORY", ...slotFlags.map(([name]) => name)],
    ),
    0,
    layout.SLOT_BYTES,
  );
  expectFields(fieldsOf("ENTRY_", 4, {}, ["ENTRY_BYTES"]), 0, layout.ENTRY_BYTES);
  expectFields(
    fieldsOf("CHUNK_", 4, {
      CHUNK_MIN_TIME: 8,
      CHUNK_MAX_TIME: 8,
      CHUNK_COUNT: 2,
      CHUNK_ENCODING: 1,
      CHUNK_FLAGS: 1,
      CHUNK_DATA: 64,
    }),
    0,
    layout.CHUNK_DATA + 64, // the smallest chunk
  );
  expectFields(
    fieldsOf("DISK_CHUNK_", 4, {}, ["DISK_CHUNK_FLAG", "DISK_CHUNK_BYTES"]),
    layout.CHUNK_DATA,
    layout.DISK_CHUNK_BYTES,
  );
  expectFields(fieldsOf("SIDE_", 4, {}, ["SIDE_BYTES"]), 0, layout.SIDE_BYTES);
  expectFields(
    [
      ["count", layout.INTERVALS_COUNT, 4],
      ["items", layout.INTERVALS_ITEMS, layout.INTERVAL_BYTES],
    ],
    0,
    layout.INTERVALS_ITEMS + layout.INTERVAL_BYTES,
  );
  expectFields(fieldsOf("PAIR_", 4, {}, ["PAIR_BYTES", "PAIR_COUNT", "PAIR_DIRECTORY"]), 0, layout.PAIR_BYTES);
  expectFields(fieldsOf("STAGED_", 4, { STAGED_TIME: 8, STAGED_VALUE: 8 }, ["STAGED_BYTES"]), 0, layout.STAGED_BYTES);
});

test("each flag of a slot is a bit of its own", () => {
  expect(slotFlags.length).toBeGreaterThan(0);
  for (const [name, flag] of slotFlags) expect(Math.log2(flag) % 1, name).toBe(0);
  expect(new Set(slotFlags.map(([, flag]) => flag)).size).toBe(slotFlags.length);
});

test("slot values that name no slot lie above every slot index", () => {
  const slots = layout.DIRECTORY_ENTRIES * 2 ** layout.SEGMENT_SHIFT;
  expect(layout.SEGMENT_MASK).toBe(2 ** layout.SEGMENT_SHIFT - 1);
  expect(layout.FOREIGN_SLOTS >>> 0).toBeGreaterThan(slots);
  expect(layout.DROPPED_SLOT >>> 0).toBeGreaterThan(layout.FOREIGN_SLOTS >>> 0);
  expect(layout.NO_SLOT >>> 0).toBeGreaterThan(layout.FOREIGN_SLOTS >>> 0);
});

test("constants stay below 2^31 and are whole", () => {
  for (const [name, value] of Object.entries(layout)) {
    expect(Number.isInteger(value) && value < 2 ** 31 && value >= -(2 ** 31), name).toBe(true);
  }
});

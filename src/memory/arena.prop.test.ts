/** The arena against a model: regions never overlap, are aligned, and come back only when no pin is as old. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import {
  ARENA_RETIRED_BYTES,
  ARENA_START,
  ARENA_USED,
  EPOCH,
  HEAD_LIMIT,
  PIN_COUNT,
  PINS,
} from "../../assembly/layout.js";
import { compileKernels, startKernels } from "./index.js";

interface ArenaKernels {
  initArena(): void;
  allocate(bytes: number): number;
  release(address: number, bytes: number): void;
  retire(address: number, bytes: number): void;
  reclaim(most: number): number;
  shrink(address: number, bytes: number, length: number): number;
  advanceEpoch(): void;
  beginReservation(): void;
  reserve(bytes: number): number;
  roomFor(bytes: number): number;
  classOf(bytes: number): number;
  classBytes(index: number): number;
}

const PAGES = 64;
const NOTE_BYTES = 16;
const builds = [compileKernels("ingest"), compileKernels("ingest", "debug")];

function newArena(module: WebAssembly.Module, pages = PAGES) {
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  const kernels = startKernels<ArenaKernels>(module, memory);
  const words = new Uint32Array(memory.buffer);
  words[HEAD_LIMIT >> 2] = pages * 65536;
  words[EPOCH >> 2] = 1;
  kernels.initArena();
  return { kernels, words, floats: new Float64Array(memory.buffer) };
}

test("classes rise, hold what is asked for, and waste less than half of it", () => {
  const { kernels } = newArena(builds[0]!);
  let before = 0;
  for (let index = 0; index < 52; index++) {
    expect(kernels.classBytes(index)).toBeGreaterThan(before);
    expect(kernels.classBytes(index) % 16).toBe(0);
    before = kernels.classBytes(index);
  }
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2 ** 30 }), (bytes) => {
      const room = kernels.roomFor(bytes);
      expect(room).toBeGreaterThanOrEqual(bytes);
      expect(room).toBeLessThanOrEqual(Math.max(16, Math.ceil(bytes / 16) * 16 * 1.5));
      expect(kernels.classOf(room)).toBe(kernels.classOf(bytes));
    }),
  );
});

type Step =
  | { readonly kind: "allocate"; readonly bytes: number }
  | { readonly kind: "release" | "retire" | "shrink"; readonly which: number; readonly part: number }
  | { readonly kind: "pin"; readonly which: number; readonly isOn: boolean }
  | { readonly kind: "advance" }
  | { readonly kind: "reclaim"; readonly most: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constant("allocate" as const), bytes: fc.integer({ min: 1, max: 5000 }) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constantFrom("release" as const, "retire" as const, "shrink" as const),
      which: fc.nat(),
      part: fc.double({ min: 0.01, max: 1, noNaN: true }),
    }),
  },
  fc.record({ kind: fc.constant("pin" as const), which: fc.nat(PIN_COUNT - 1), isOn: fc.boolean() }),
  fc.record({ kind: fc.constant("advance" as const) }),
  fc.record({ kind: fc.constant("reclaim" as const), most: fc.nat(5) }),
);

test.each(["release", "debug"] as const)("the %s build keeps the arena's promises", (build) => {
  const module = builds[build === "release" ? 0 : 1]!;
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), fc.constantFrom(1, 0xfffffffe), (steps, firstEpoch) => {
      const { kernels, words, floats } = newArena(module);
      words[EPOCH >> 2] = firstEpoch;
      const live: { address: number; bytes: number }[] = [];
      const retired: { address: number; bytes: number; age: number }[] = [];
      const pins = new Map<number, number>(); // pin to the age (epochs since the start) that it holds
      let age = 0;
      for (const each of steps) {
        if (each.kind === "allocate") {
          const address = kernels.allocate(each.bytes) >>> 0;
          const room = kernels.roomFor(each.bytes);
          if (address === 0) continue;
          expect(address % 16).toBe(0);
          expect(address).toBeGreaterThanOrEqual(ARENA_START);
          expect(address + room).toBeLessThanOrEqual(PAGES * 65536);
          for (const other of [...live, ...retired]) {
            const isApart = address + room <= other.address || other.address + other.bytes <= address;
            expect(isApart, `${address}+${room} overlaps ${other.address}+${other.bytes}`).toBe(true);
          }
          live.push({ address, bytes: room });
        } else if (each.kind === "advance") {
          kernels.advanceEpoch();
          age++;
          expect(words[EPOCH >> 2]).not.toBe(0);
        } else if (each.kind === "pin") {
          words[(PINS >> 2) + each.which] = each.isOn ? words[EPOCH >> 2]! : 0;
          if (each.isOn) pins.set(each.which, age);
          else pins.delete(each.which);
        } else if (each.kind === "reclaim") {
          const oldest = Math.min(age, ...pins.values());
          const due = retired.findIndex((region) => region.age >= oldest);
          const want = Math.min(each.most, due < 0 ? retired.length : due);
          expect(kernels.reclaim(each.most)).toBe(want);
          retired.splice(0, want);
        } else if (live.length > 0) {
          const at = each.which % live.length;
          const region = live[at]!;
          if (each.kind === "shrink") {
            const length = Math.max(1, Math.floor(region.bytes * each.part));
            region.bytes = kernels.shrink(region.address, region.bytes, length);
            expect(region.bytes).toBe(kernels.roomFor(length));
            continue;
          }
          live.splice(at, 1);
          if (each.kind === "release") kernels.release(region.address, region.bytes);
          else {
            kernels.retire(region.address, region.bytes);
            retired.push({ ...region, age });
          }
        }
      }
      const held = (regions: readonly { bytes: number }[]) => regions.reduce((sum, { bytes }) => sum + bytes, 0);
      expect(floats[ARENA_RETIRED_BYTES >> 3]).toBe(held(retired));
      expect(floats[ARENA_USED >> 3]).toBe(held(live) + held(retired) + NOTE_BYTES * retired.length);
    }),
    { numRuns: 150 },
  );
});

test("what a reservation promised can be allocated, even from a memory that is nearly full", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 20_000 }), { minLength: 1, maxLength: 40 }),
      fc.array(fc.integer({ min: 1, max: 300_000 }), { minLength: 1, maxLength: 60 }),
      (freed, wanted) => {
        const { kernels } = newArena(builds[0]!, 8);
        const addresses = freed.map((bytes) => kernels.allocate(bytes) >>> 0);
        addresses.forEach((address, i) => {
          if (address !== 0) kernels.release(address, freed[i]!);
        });
        kernels.beginReservation();
        const promised = wanted.filter((bytes) => kernels.reserve(bytes) !== 0);
        for (const bytes of promised) expect(kernels.allocate(bytes)).not.toBe(0);
        const refused = wanted.filter((bytes) => !promised.includes(bytes));
        // The largest refused one did not fit before the promised ones were taken either, or does not fit behind them.
        if (refused.length > 0) expect(kernels.allocate(Math.max(...refused))).toBe(0);
      },
    ),
  );
});

test("a size beyond the largest class is refused", () => {
  const { kernels } = newArena(builds[0]!);
  expect(kernels.allocate(2 ** 30 + 1)).toBe(0);
  expect(kernels.allocate(-1)).toBe(0);
});

test("free neighbours of up to 512 bytes together are one region, in whatever order they were given back", () => {
  const { kernels } = newArena(builds[0]!);
  for (const order of [
    [0, 1, 2, 3],
    [3, 2, 1, 0],
    [0, 2, 1, 3],
    [1, 3, 0, 2],
  ]) {
    const parts = Array.from({ length: 4 }, () => kernels.allocate(128) >>> 0);
    const first = Math.min(...parts);
    expect(parts.toSorted((a, b) => a - b)).toEqual([0, 128, 256, 384].map((offset) => first + offset));
    for (const part of order) kernels.release(parts[part]!, 128);
    const joined = kernels.allocate(512) >>> 0;
    expect(joined).toBe(first);
    kernels.release(joined, 512);
  }
});

test("free neighbours are joined across the spans of two maps", () => {
  const { kernels } = newArena(builds[0]!, 192);
  const span = 4 << 20;
  const regions: number[] = [];
  do regions.push(kernels.allocate(48) >>> 0);
  while (regions.at(-1)! + 48 <= span);
  regions.push(kernels.allocate(48) >>> 0);
  const [before, across, behind] = regions.slice(-3) as [number, number, number];
  for (const region of [before, behind, across]) kernels.release(region, 48);
  const joined = kernels.allocate(144) >>> 0;
  // The first release of each span makes its map where the next region would have been: the three lie side by side anyway.
  expect(joined).toBe(before);
});

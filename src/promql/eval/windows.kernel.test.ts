/** The kernels over windows, release and debug build, against their twin: equal bits for any samples and steps. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { windowValue } from "../../../test/twins/promql/windows.js";
import { QueryMemory } from "../../memory/index.js";
import { STALE_NAN_HIGH, STALE_NAN_LOW } from "../../model/index.js";
import { WINDOW_FUNCTIONS } from "../functions/windows.js";
import { startPromqlKernels } from "./kernels.js";

const BUILDS = (["release", "debug"] as const).map((variant) => {
  const memory = new QueryMemory(64 << 20);
  return { variant, memory, kernels: startPromqlKernels(memory, variant) };
});

const value = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: -50, max: 200 }) },
  { weight: 4, arbitrary: fc.double({ noDefaultInfinity: true, noNaN: true, min: -1e6, max: 1e6 }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 1.7e308, -1e308),
  },
);

/** Ascending times with gaps. */
const samples = fc.array(fc.tuple(fc.integer({ min: 1, max: 40_000 }), value), { maxLength: 60 }).map((steps) => {
  let timeMs = 1_000_000;
  return steps.map(([gap, each]) => {
    timeMs += gap;
    return { timeMs, value: each };
  });
});

const grid = fc.record({
  firstEndMs: fc.integer({ min: 950_000, max: 1_300_000 }),
  stepMs: fc.integer({ min: 1, max: 120_000 }),
  steps: fc.integer({ min: 1, max: 25 }),
  rangeMs: fc.integer({ min: 1, max: 300_000 }),
  offsetMs: fc.integer({ min: -60_000, max: 60_000 }),
  first: fc.double({ min: 0.01, max: 0.99, noNaN: true }),
  second: fc.double({ min: 0.01, max: 0.99, noNaN: true }),
});

/** -0 and 0 are the same here: which of two equal values a sort puts first is nobody's promise. */
function bitsOf(numbers: readonly (number | undefined)[]): string[] {
  return numbers.map((each) => (each === undefined ? "none" : Number.isNaN(each) ? "NaN" : String(each)));
}

describe.each(BUILDS)("$variant build", ({ memory, kernels }) => {
  test.each([...WINDOW_FUNCTIONS.keys()])("%s is its twin's value for every window", (name) => {
    const { code } = WINDOW_FUNCTIONS.get(name)!;
    fc.assert(
      fc.property(samples, grid, (all, { firstEndMs, stepMs, steps, rangeMs, offsetMs, first, second }) => {
        const mark = memory.mark();
        const times = memory.allocate(all.length * 8);
        const values = memory.allocate(all.length * 8);
        const scratch = memory.allocate(all.length * 8);
        const params = memory.allocate(steps * 16);
        const out = memory.allocate(steps * 8);
        const present = memory.allocate(steps);
        const { floats } = memory;
        for (const [i, sample] of all.entries()) {
          floats[times / 8 + i] = sample.timeMs;
          floats[values / 8 + i] = sample.value;
        }
        floats.fill(first, params / 8, params / 8 + steps);
        floats.fill(second, params / 8 + steps, params / 8 + 2 * steps);
        const now = firstEndMs + offsetMs;
        const found = kernels.overWindows(
          code,
          times,
          values,
          all.length,
          firstEndMs,
          stepMs,
          steps,
          rangeMs,
          params,
          params + steps * 8,
          now,
          stepMs,
          scratch,
          out,
          present,
        );
        const got = Array.from({ length: steps }, (_, i) =>
          memory.bytes[present + i] === 1 ? memory.floats[out / 8 + i]! : undefined,
        );
        memory.releaseTo(mark);
        const wanted = Array.from({ length: steps }, (_, i) => {
          const endMs = firstEndMs + i * stepMs;
          const inside = all.filter(({ timeMs }) => timeMs > endMs - rangeMs && timeMs <= endMs);
          if (inside.length === 0) return undefined;
          return windowValue(name, { samples: inside, endMs, rangeMs, nowMs: now + i * stepMs, first, second });
        });
        expect(bitsOf(got)).toEqual(bitsOf(wanted));
        expect(found).toBe(wanted.filter((each) => each !== undefined).length);
      }),
      { numRuns: 60 },
    );
  });

  test("selectLast takes the newest sample within the lookback, none behind a staleness marker", () => {
    const lookbackMs = 90_000;
    fc.assert(
      fc.property(samples, grid, fc.array(fc.boolean()), (all, { firstEndMs, stepMs, steps }, stale) => {
        const mark = memory.mark();
        const times = memory.allocate(all.length * 8);
        const values = memory.allocate(all.length * 8);
        const out = memory.allocate(steps * 8);
        const present = memory.allocate(steps);
        for (const [i, sample] of all.entries()) {
          memory.floats[times / 8 + i] = sample.timeMs;
          memory.floats[values / 8 + i] = sample.value;
          if (stale[i] === true) {
            memory.words[values / 4 + 2 * i] = STALE_NAN_LOW;
            memory.words[values / 4 + 2 * i + 1] = STALE_NAN_HIGH;
          }
        }
        for (const stamps of [0, 1]) {
          kernels.selectLast(times, values, all.length, firstEndMs, stepMs, steps, lookbackMs, stamps, out, present);
          const got = Array.from({ length: steps }, (_, i) =>
            memory.bytes[present + i] === 1 ? memory.floats[out / 8 + i]! : undefined,
          );
          const wanted = Array.from({ length: steps }, (_, i) => {
            const t = firstEndMs + i * stepMs;
            const last = all.findLastIndex(({ timeMs }) => timeMs <= t);
            if (last < 0 || all[last]!.timeMs <= t - lookbackMs || stale[last] === true) return undefined;
            return stamps === 1 ? all[last]!.timeMs / 1000 : all[last]!.value;
          });
          expect(bitsOf(got)).toEqual(bitsOf(wanted));
        }
        memory.releaseTo(mark);
      }),
    );
  });
});

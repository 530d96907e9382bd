/** Laws that hold for any samples: what evaluation must not depend on. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MemoryStorage } from "../../../test/doubles/memory-storage.js";
import { QueryMemory } from "../../memory/index.js";
import { Labels } from "../../model/index.js";
import { DEFAULT_EVALUATION_OPTIONS, evaluate } from "./evaluate.js";
import { startPromqlKernels } from "./kernels.js";
import { prepareInstantQuery, prepareRangeQuery } from "./prepare.js";
import type { QueryValue } from "./result.js";

const memory = new QueryMemory(64 << 20);
const kernels = startPromqlKernels(memory);

const sample = fc.tuple(fc.integer({ min: 0, max: 1_200_000 }), fc.integer({ min: -1_000_000, max: 1_000_000 }));
const storage = fc
  .array(fc.tuple(fc.constantFrom("a", "b", "c", "d"), fc.array(sample, { maxLength: 40 })), { maxLength: 4 })
  .map((series) => {
    const made = new MemoryStorage();
    for (const [name, samples] of series) {
      const sorted = samples.sort(([a], [b]) => a - b);
      made.append(Labels.of({ __name__: "m_total", name }), sorted);
    }
    return made;
  });
const times = fc.record({
  startMs: fc.integer({ min: -100_000, max: 1_000_000 }),
  stepMs: fc.integer({ min: 1000, max: 90_000 }),
  steps: fc.integer({ min: 1, max: 12 }),
});

async function range(
  made: MemoryStorage,
  text: string,
  startMs: number,
  stepMs: number,
  steps: number,
): Promise<string[]> {
  const request = prepareRangeQuery(
    text,
    { startMs, endMs: startMs + stepMs * (steps - 1), stepMs },
    DEFAULT_EVALUATION_OPTIONS,
  );
  return points((await evaluate(request, { querier: made, memory, kernels, cancel: { check: () => {} } })).value);
}

async function instant(made: MemoryStorage, text: string, timeMs: number): Promise<string[]> {
  const request = prepareInstantQuery(text, timeMs, DEFAULT_EVALUATION_OPTIONS);
  return points((await evaluate(request, { querier: made, memory, kernels, cancel: { check: () => {} } })).value);
}

/** Every point of a result as text, in a fixed order. */
function points(value: QueryValue): string[] {
  if (value.type === "vector") {
    return value.labels.map((labels, i) => `${labels} ${value.timestampMs} ${value.values[i]}`).sort();
  }
  if (value.type !== "matrix") return [`{} ${value.timestampMs} ${value.value}`];
  return value.labels
    .flatMap((labels, i) =>
      Array.from(value.values.subarray(value.offsets[i], value.offsets[i + 1]), (each, k) => {
        return `${labels} ${value.times[value.offsets[i]! + k]} ${each}`;
      }),
    )
    .sort();
}

const QUERIES = [
  "m_total",
  "rate(m_total[3m])",
  "sum_over_time(m_total[2m] offset 30s)",
  "sum by (name) (m_total) / on(name) m_total",
  "topk(2, m_total)",
  "m_total > 0 or -m_total",
  "max_over_time(m_total[2m:25s])",
  "absent(m_total > 500000)",
  "quantile(0.3, m_total)",
  "vector(scalar(m_total) + time())",
  'count_values by (name) ("v", m_total)',
  "m_total and on() (sum(m_total) > 0)",
] as const;

describe.each(QUERIES)("%s", (text) => {
  test("each step of a range query is the instant query at its time", async () => {
    await fc.assert(
      fc.asyncProperty(storage, times, async (made, { startMs, stepMs, steps }) => {
        const all: string[] = [];
        for (let i = 0; i < steps; i++) all.push(...(await instant(made, text, startMs + i * stepMs)));
        expect(await range(made, text, startMs, stepMs, steps)).toEqual(all.sort());
      }),
      { numRuns: 25 },
    );
  });

  test("a subquery gives what the query gives at the subquery's steps", async () => {
    await fc.assert(
      fc.asyncProperty(storage, times, async (made, { startMs, stepMs }) => {
        const got = await instant(made, `(${text})[5m:${stepMs}ms]`, startMs);
        const first = (Math.floor((startMs - 300_000) / stepMs) + 1) * stepMs;
        const steps = Math.floor((startMs - first) / stepMs) + 1;
        expect(got).toEqual(steps < 1 ? [] : await range(made, text, first, stepMs, steps));
      }),
      { numRuns: 25 },
    );
  });
});

test("sum_over_time of whole numbers is exact", async () => {
  const big = fc.bigInt({ min: -(2n ** 50n), max: 2n ** 50n });
  await fc.assert(
    fc.asyncProperty(fc.array(big, { minLength: 1, maxLength: 50 }), async (numbers) => {
      const made = new MemoryStorage();
      made.append(
        Labels.of({ __name__: "m" }),
        numbers.map((each, i) => [i * 1000, Number(each)] as const),
      );
      // The compensated sum is the exact sum rounded once, as long as the parts are whole and below 2^53.
      const exact = Number(numbers.reduce((sum, each) => sum + each, 0n));
      expect(await instant(made, "sum_over_time(m[100s])", 60_000)).toEqual([`{} 60000 ${exact}`]);
    }),
  );
});

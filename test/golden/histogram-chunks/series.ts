/** Native histograms whose chunks real Prometheus wrote to the files beside this one; random ones from a fixed generator. */
import {
  type CounterResetHint,
  CUSTOM_BUCKETS_SCHEMA,
  type Histogram,
  RESET_GAUGE,
  RESET_UNKNOWN,
  RESET_YES,
} from "../../../src/model/index.js";
import { spansOf } from "../../../src/tsdb/chunk/index.js";

export interface GoldenHistograms {
  readonly name: string;
  readonly samples: readonly (readonly [timeMs: number, histogram: Histogram])[];
}

/** 2023-11-14T22:00:00Z: all samples lie in one 2 h range. */
export const GOLDEN_START_MS = 1_699_999_200_000;
/** Prometheus cuts no chunk of fewer samples because of its size. */
export const GOLDEN_SAMPLES = 10;

type Buckets = Readonly<Record<number, number>>;

interface Parts {
  readonly isFloat?: boolean;
  readonly hint?: CounterResetHint;
  readonly schema?: number;
  readonly zeroThreshold?: number;
  readonly zeroCount?: number;
  readonly sum?: number;
  readonly positive?: Buckets;
  readonly negative?: Buckets;
  readonly bounds?: readonly number[];
}

export function histogramOf(parts: Parts): Histogram {
  const positive = side(parts.positive ?? {});
  const negative = side(parts.negative ?? {});
  const zeroCount = parts.zeroCount ?? 0;
  const total = [...positive.counts, ...negative.counts].reduce((sum, count) => sum + count, zeroCount);
  return {
    isFloat: parts.isFloat ?? false,
    counterResetHint: parts.hint ?? RESET_UNKNOWN,
    schema: parts.bounds === undefined ? (parts.schema ?? 3) : CUSTOM_BUCKETS_SCHEMA,
    zeroThreshold: parts.bounds === undefined ? (parts.zeroThreshold ?? 2 ** -128) : 0,
    zeroCount,
    count: total,
    sum: parts.sum ?? total * 1.5,
    positiveSpans: positive.spans,
    negativeSpans: negative.spans,
    positiveBuckets: positive.counts,
    negativeBuckets: negative.counts,
    customValues: Float64Array.from(parts.bounds ?? []),
  };
}

function side(buckets: Buckets) {
  const numbers = Int32Array.from(Object.keys(buckets).map(Number)).sort();
  return { spans: spansOf(numbers), counts: Float64Array.from(numbers, (bucket) => buckets[bucket]!) };
}

const staleSum = new Float64Array(Uint32Array.of(2, 0x7ff00000).buffer)[0]!;

/** In order of labels: the order of series in a block. */
export function goldenHistograms(): GoldenHistograms[] {
  const cases: [string, Parts[]][] = [
    ["grows", times(10, (i) => ({ positive: { 0: i, 1: 2 * i, [i]: 9 + i * i }, zeroCount: i }))],
    ["grows_both", times(8, (i) => ({ positive: Object.fromEntries(times(i + 1, (j) => [j * j, i + 9])), negative: { [-i]: 0, 2: i + 8 } }))],
    ["lacks_empty", [{ positive: { 1: 3, 2: 0, 5: 0, 9: 4 } }, { positive: { 1: 4, 9: 4 } }, { positive: { 1: 5, 9: 7 } }]],
    ["lacks_and_grows", [{ positive: { 1: 3, 2: 0, 9: 4 }, negative: { 1: 0, 2: 2 } }, { positive: { 1: 4, 4: 1, 9: 4 }, negative: { 2: 3 } }]],
    ["lacks_used", [{ positive: { 1: 3, 2: 1 } }, { positive: { 1: 30 } }, { positive: { 1: 31 } }]],
    ["count_reset", [{ positive: { 1: 30 } }, { positive: { 1: 3 } }, { positive: { 1: 4 } }, { positive: { 1: 2 } }]],
    ["zero_reset", [{ zeroCount: 5, positive: { 1: 3 } }, { zeroCount: 4, positive: { 1: 30 } }]],
    ["schema_change", [{ positive: { 1: 3 } }, { schema: 2, positive: { 1: 4 } }, { schema: -4, positive: { 1: 9 } }]],
    ["threshold_change", [0, 2 ** -128, 2 ** -243, 2 ** 10, 2 ** 11, 0.001, 1e-300].map((zeroThreshold, i) => ({ zeroThreshold, zeroCount: i, positive: { 1: i } }))],
    ["stale", [{ positive: { 1: 3 } }, { positive: { 1: 4 } }, { sum: staleSum }, { sum: staleSum }, { positive: { 1: 6 } }]],
    ["stale_first", [{ sum: staleSum }, { sum: staleSum }, { positive: { 1: 6 } }, { positive: { 1: 7 } }]],
    ["hinted", [{ positive: { 1: 3 } }, { hint: RESET_YES, positive: { 1: 4 } }, { positive: { 1: 6 } }]],
    ["gauge", [{ 1: 5, 3: 2 }, { 1: 2, 3: 1 }, { 3: 9, 7: 1 }, { 2: 4 }, { 1: 1, 2: 1, 3: 1, 7: 2 }, { 9: 1 }].map((positive) => ({ hint: RESET_GAUGE, positive, negative: positive }))],
    ["gauge_to_counter", [{ hint: RESET_GAUGE, positive: { 1: 5 } }, { positive: { 1: 6 } }, { hint: RESET_GAUGE, positive: { 1: 7 } }]],
    ["gauge_schema", [{ hint: RESET_GAUGE, positive: { 1: 5 } }, { hint: RESET_GAUGE, schema: 1, positive: { 1: 6 } }, { hint: RESET_GAUGE, schema: 1, sum: staleSum }, { hint: RESET_GAUGE, positive: { 2: 1 } }]],
    ["custom", times(6, (i) => ({ bounds: [0.005, 0.1, 1, 2.5, 1e9, 33554.43, 40000], positive: { 0: i, [Math.min(i, 4)]: 3 + i, 7: 9 * i } })).map(({ bounds, positive }) => ({ bounds: [...bounds].sort((a, b) => a - b), positive }))],
    ["custom_bounds", [[1, 2], [1, 2], [1, 3], [-4, 0, 1 / 3]].map((bounds, i) => ({ bounds, positive: { 0: i + 1 } }))],
    ["large", times(10, (i) => ({ positive: { 1: 2 ** 40 + i * 2 ** (3 * i), 2: i ** 9, 3: 2 ** 50 + i * 3 }, sum: i / 7 }))],
    ["many_buckets", times(10, (i) => ({ positive: Object.fromEntries(times(60, (j) => [j * 2 - 50, i * j + (j % 7)])), negative: { [-100]: i, 4000: i } }))],
    ["empty", times(3, (i) => ({ sum: i }))],
  ];
  const random = xorshift(20231114);
  for (let n = 0; n < 24; n++) cases.push([`random_${String(n).padStart(2, "0")}`, randomWalk(random, n % 3 === 2)]);
  const all = cases.flatMap(([name, parts]) => [series(`whole_${name}`, parts, false), series(`float_${name}`, parts, true)]);
  return all.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Histograms that mostly grow, sometimes lose a bucket, shrink, or change their schema. */
function randomWalk(random: () => number, isGauge: boolean): Parts[] {
  const positive: Record<number, number> = {};
  const negative: Record<number, number> = {};
  let schema = 3;
  let zeroCount = 0;
  return times(GOLDEN_SAMPLES, () => {
    for (const half of [positive, negative]) {
      for (let i = random() % 6; i > 0; i--) {
        const bucket = (random() % 24) - 6;
        half[bucket] = (half[bucket] ?? 0) + (random() % 50);
      }
      const keys = Object.keys(half);
      const dice = random() % 12;
      if (dice === 0 && keys.length > 0) delete half[Number(keys[random() % keys.length])];
      if (dice === 1 && keys.length > 0) half[Number(keys[0])] = 0;
    }
    if (random() % 15 === 0) schema = (random() % 13) - 4;
    zeroCount += random() % 4;
    return { schema, zeroCount, positive: { ...positive }, negative: { ...negative }, sum: (random() % 100_000) / 7, ...(isGauge && { hint: RESET_GAUGE }) };
  });
}

function series(name: string, parts: readonly Parts[], isFloat: boolean): GoldenHistograms {
  const samples = parts.map((part, i): [number, Histogram] => {
    const histogram = histogramOf({ ...part, isFloat });
    return [GOLDEN_START_MS + 15_000 * i + (i % 3), histogram];
  });
  return { name, samples };
}

function times<T>(count: number, make: (i: number) => T): T[] {
  return Array.from({ length: count }, (_, i) => make(i));
}

function xorshift(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

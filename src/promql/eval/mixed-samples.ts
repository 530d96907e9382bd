/** Samples of one series among which are histograms: in JavaScript, since kernels know floats alone. */
import type { QueryMemory } from "../../memory/index.js";
import { type Histogram, isStaleWords, RESET_NO, RESET_UNKNOWN, RESET_YES } from "../../model/index.js";
import type { SampleColumns } from "../../storage/index.js";
import { isReset } from "../native/arithmetic.js";
import { FloatHistogram } from "../native/float-histogram.js";
import type { SelectPlan } from "../plan/nodes.js";
import { ABSENT, type Evaluation, FLOAT, HISTOGRAM } from "./rows.js";

/** Columns of samples; where `histograms` has one the value means nothing. */
export interface RangeColumns {
  readonly timesAddr: number;
  readonly valuesAddr: number;
  readonly count: number;
  readonly histograms: readonly (FloatHistogram | undefined)[] | undefined;
  readonly startTimes: readonly number[] | undefined;
}

export function isStaleAt(memory: QueryMemory, address: number): boolean {
  const at = address >>> 2;
  return isStaleWords(memory.words[at]!, memory.words[at + 1]!);
}

/** Whether there is a histogram among the samples. */
export function areMixed(columns: SampleColumns): boolean {
  return columns.histograms?.some((each) => each !== undefined) ?? false;
}

/**
 * Turns samples into histograms. With `statsOnly` without their buckets; whether a counter was reset is then found on the
 * way, so samples are asked for in the order of time. @param isNewer  keeps the schema, which 3.5 forgets
 */
export class HistogramReader {
  readonly #statsOnly: boolean;
  readonly #isNewer: boolean;
  #last: FloatHistogram | undefined;

  constructor(statsOnly: boolean, isNewer: boolean) {
    this.#statsOnly = statsOnly;
    this.#isNewer = isNewer;
  }

  read(sample: Histogram): FloatHistogram {
    const full = FloatHistogram.fromSample(sample);
    if (!this.#statsOnly) return full;
    const stats = new FloatHistogram();
    stats.count = full.count;
    stats.sum = full.sum;
    if (this.#isNewer) stats.schema = full.schema;
    stats.counterResetHint = full.counterResetHint;
    if (full.counterResetHint === RESET_UNKNOWN && this.#last !== undefined) {
      stats.counterResetHint = isReset(full, this.#last, this.#isNewer) ? RESET_YES : RESET_NO;
    }
    this.#last = full;
    return stats;
  }
}

/** `selectLast` of assembly/promql/samples.ts, for columns with histograms. */
export function selectLastMixed(
  { memory, histograms, budget, isNewer }: Evaluation,
  columns: SampleColumns,
  plan: SelectPlan,
  lookbackMs: number,
  values: number,
  present: number,
): number {
  const times = memory.floats.subarray(columns.timesAddr >>> 3, (columns.timesAddr >>> 3) + columns.count);
  const { reference, grid } = plan;
  const stamps = plan.stamps || plan.startStamps;
  // `info` wants the times of info series, and to know of histograms among them.
  const isInfo = plan.selection.func === "info";
  const reader = new HistogramReader(plan.statsOnly, isNewer);
  let read = 0;
  let latest: FloatHistogram | undefined;
  let next = 0;
  let found = 0;
  let shown = -1;
  let number = 0;
  for (let step = 0; step < grid.steps; step++) {
    const time = reference.firstMs + step * reference.stepMs;
    while (next < columns.count && times[next]! <= time) next++;
    memory.bytes[present + step] = ABSENT;
    const last = next - 1;
    if (last < 0 || times[last]! <= time - lookbackMs || isStaleAt(memory, columns.valuesAddr + 8 * last)) continue;
    const sample = columns.histograms?.[last];
    found++;
    if (sample === undefined || (stamps && !isInfo)) {
      const value = memory.floats[(columns.valuesAddr >>> 3) + last]!;
      const stampMs = plan.startStamps ? (columns.startTimes?.[last] ?? 0) : times[last]!;
      memory.floats[(values >>> 3) + step] = stamps ? stampMs / 1000 : value;
      memory.bytes[present + step] = FLOAT;
      if (sample === undefined) budget.countSample(1, step);
      continue;
    }
    if (shown !== last) {
      shown = last;
      // Without buckets each sample is read, as resets are found from one to the next.
      for (read = plan.statsOnly ? read : last; read <= last; read++) {
        const each = columns.histograms?.[read];
        if (each !== undefined && !isStaleAt(memory, columns.valuesAddr + 8 * read)) latest = reader.read(each);
      }
      number = histograms.put(latest!);
    }
    memory.floats[(values >>> 3) + step] = number;
    memory.bytes[present + step] = HISTOGRAM;
    budget.countSample(histograms.get(number).samples, step);
  }
  return found;
}

/** The samples without staleness markers, in place. */
export function dropStaleMixed(memory: QueryMemory, columns: SampleColumns, reader: HistogramReader): RangeColumns {
  const { timesAddr, valuesAddr } = columns;
  const histograms: (FloatHistogram | undefined)[] = [];
  const startTimes: number[] = [];
  const { floats } = memory;
  let kept = 0;
  for (let i = 0; i < columns.count; i++) {
    if (isStaleAt(memory, valuesAddr + 8 * i)) continue;
    floats[(timesAddr >>> 3) + kept] = floats[(timesAddr >>> 3) + i]!;
    floats[(valuesAddr >>> 3) + kept] = floats[(valuesAddr >>> 3) + i]!;
    const sample = columns.histograms?.[i];
    startTimes.push(columns.startTimes?.[i] ?? 0);
    histograms[kept++] = sample === undefined ? undefined : reader.read(sample);
  }
  return {
    timesAddr,
    valuesAddr,
    count: kept,
    histograms: areMixed(columns) ? histograms : undefined,
    startTimes: columns.startTimes === undefined ? undefined : startTimes,
  };
}

export interface HistogramPoint {
  readonly timeMs: number;
  readonly histogram: FloatHistogram;
  /** Since when it counts; 0 = unknown. */
  readonly startMs: number;
}

/** Floats at the front of the columns, histograms apart. */
export function separate(
  memory: QueryMemory,
  columns: RangeColumns,
): {
  readonly floatStarts: readonly number[];
  readonly floatCount: number;
  readonly points: readonly HistogramPoint[];
} {
  const { floats } = memory;
  const floatStarts: number[] = [];
  const times = columns.timesAddr >>> 3;
  const values = columns.valuesAddr >>> 3;
  const points: HistogramPoint[] = [];
  let floatCount = 0;
  for (let i = 0; i < columns.count; i++) {
    const histogram = columns.histograms?.[i];
    if (histogram !== undefined) {
      points.push({ timeMs: floats[times + i]!, histogram, startMs: columns.startTimes?.[i] ?? 0 });
      continue;
    }
    floats[times + floatCount] = floats[times + i]!;
    floats[values + floatCount] = floats[values + i]!;
    floatStarts.push(columns.startTimes?.[i] ?? 0);
    floatCount++;
  }
  return { floatStarts, floatCount, points };
}

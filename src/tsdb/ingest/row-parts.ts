/** What a scraped row has beside its float, on the way into the head: a histogram, a time of creation, exemplars. */
import { STATUS_OK } from "../../../assembly/layout.js";
import { CorruptionError } from "../../base/index.js";
import { type ExemplarText, exemplarOf } from "../../exposition/index.js";
import {
  compareLabels,
  decodeHistogram,
  type Exemplar,
  encodeHistogram,
  type Histogram,
  histogramProblem,
  RESET_YES,
} from "../../model/index.js";
import type { HistogramRow } from "../head/index.js";

/** What a staged row has beside its value. */
export interface RowParts {
  readonly histogram: Histogram | undefined;
  readonly createdMs: number;
  readonly exemplars: readonly ExemplarText[];
}

/** A histogram that may be stored, or what is wrong with it. */
export function exposedHistogram({ bytes, isFloat }: { bytes: Uint8Array; isFloat: boolean }): Histogram | string {
  try {
    const histogram = decodeHistogram(bytes, isFloat);
    return histogramProblem(histogram) ?? histogram;
  } catch (error) {
    if (error instanceof CorruptionError) return error.message;
    throw error;
  }
}

export function histogramRow(slot: number, timestampMs: number, histogram: Histogram): HistogramRow {
  const { isFloat } = histogram;
  return { slot, timestampMs, isFloat, bytes: encodeHistogram(histogram), status: STATUS_OK };
}

/** What a histogram was when it was made: empty, behind a reset. */
export function zeroOf(histogram: Histogram): Histogram {
  return {
    ...histogram,
    counterResetHint: RESET_YES,
    zeroCount: 0,
    count: 0,
    sum: 0,
    positiveSpans: [],
    negativeSpans: [],
    positiveBuckets: new Float64Array(0),
    negativeBuckets: new Float64Array(0),
  };
}

/** In the order in which they are stored. Without a time of their own those of native histograms could not be told apart. */
export function exemplarsOf(texts: readonly ExemplarText[], timestampMs: number, isHistogram: boolean): Exemplar[] {
  const found = texts.map((text) => exemplarOf(text, timestampMs));
  return (isHistogram ? found.filter(({ isTimed }) => isTimed) : found).sort(compareExemplars);
}

/** By time, then value: the order in which a store takes those of one series. */
function compareExemplars(a: Exemplar, b: Exemplar): number {
  return a.timestampMs - b.timestampMs || a.value - b.value || compareLabels(a.labels, b.labels);
}

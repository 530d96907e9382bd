/** From a histogram that PromQL has computed to one that can be stored. */
import type { Histogram, Span } from "../../model/index.js";
import { type Buckets, FloatHistogram } from "./float-histogram.js";

export function toSample(histogram: FloatHistogram): Histogram {
  return {
    isFloat: true,
    counterResetHint: histogram.counterResetHint,
    schema: histogram.schema,
    zeroThreshold: histogram.zeroThreshold,
    zeroCount: histogram.zeroCount,
    count: histogram.count,
    sum: histogram.sum,
    positiveSpans: spansOf(histogram.positive),
    negativeSpans: spansOf(histogram.negative),
    positiveBuckets: Float64Array.from(histogram.positive.counts),
    negativeBuckets: Float64Array.from(histogram.negative.counts),
    customValues: Float64Array.from(histogram.customValues),
  };
}

function spansOf({ indexes }: Buckets): readonly Span[] {
  const spans: { offset: number; length: number }[] = [];
  let next = 0;
  for (const index of indexes) {
    const last = spans.at(-1);
    if (last !== undefined && index === next) last.length++;
    else spans.push({ offset: index - next, length: 1 });
    next = index + 1;
  }
  return spans;
}

/** As templates of alerts show a histogram. */
export function histogramText(sample: Histogram): string {
  return FloatHistogram.fromSample(sample).toString();
}

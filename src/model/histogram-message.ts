/**
 * The message of a native histogram in remote write and remote read (`prometheus.Histogram`, the same in
 * `io.prometheus.write.v2`):
 *
 *   count_int 1, count_float 2, sum 3, schema 4, zero_threshold 5, zero_count_int 6, zero_count_float 7,
 *   negative_spans 8 {offset 1, length 2}, negative_deltas 9, negative_counts 10, positive_spans 11, positive_deltas 12,
 *   positive_counts 13, reset_hint 14, timestamp 15, custom_values 16
 */
import type { ProtoReader } from "../base/index.js";
import type { CounterResetHint, Histogram, Span } from "./histogram.js";

export interface HistogramMessage {
  readonly timestampMs: number;
  /** As it came: whether its buckets make sense is not looked at. */
  readonly histogram: Histogram;
  /** Words of its sum, the low one first: a staleness marker keeps its payload. */
  readonly low: number;
  readonly high: number;
}

/** @throws VestalError PROTO */
export function readHistogramMessage(reader: ProtoReader): HistogramMessage {
  let isFloat = false;
  let [count, zeroCount, schema, zeroThreshold, hint, timestampMs, low, high] = [0, 0, 0, 0, 0, 0, 0, 0];
  const [positiveSpans, negativeSpans]: [Span[], Span[]] = [[], []];
  const [positiveDeltas, negativeDeltas]: [number[], number[]] = [[], []];
  const [positiveCounts, negativeCounts]: [number[], number[]] = [[], []];
  const customValues: number[] = [];
  while (reader.next()) {
    switch (reader.field) {
      case 1:
        count = reader.uint();
        isFloat = false;
        break;
      case 2:
        count = reader.double();
        isFloat = true;
        break;
      case 3:
        ({ low, high } = reader.doubleWords());
        break;
      case 4:
        schema = reader.sint();
        break;
      case 5:
        zeroThreshold = reader.double();
        break;
      case 6:
        zeroCount = reader.uint();
        break;
      case 7:
        zeroCount = reader.double();
        break;
      case 8:
        negativeSpans.push(readSpan(reader.message()));
        break;
      case 9:
        reader.sints(negativeDeltas);
        break;
      case 10:
        reader.doubles(negativeCounts);
        break;
      case 11:
        positiveSpans.push(readSpan(reader.message()));
        break;
      case 12:
        reader.sints(positiveDeltas);
        break;
      case 13:
        reader.doubles(positiveCounts);
        break;
      case 14:
        hint = reader.int();
        break;
      case 15:
        timestampMs = reader.int();
        break;
      case 16:
        reader.doubles(customValues);
        break;
    }
  }
  const histogram: Histogram = {
    isFloat,
    // Numbers of the protocol are those of the model; an unknown one is "unknown".
    counterResetHint: (hint >= 0 && hint <= 3 ? hint : 0) as CounterResetHint,
    schema,
    zeroThreshold,
    zeroCount,
    count,
    sum: new Float64Array(Uint32Array.of(low, high).buffer)[0]!,
    positiveSpans,
    negativeSpans,
    positiveBuckets: isFloat ? Float64Array.from(positiveCounts) : summedUp(positiveDeltas),
    negativeBuckets: isFloat ? Float64Array.from(negativeCounts) : summedUp(negativeDeltas),
    customValues: Float64Array.from(customValues),
  };
  return { timestampMs, histogram, low, high };
}

function readSpan(reader: ProtoReader): Span {
  let [offset, length] = [0, 0];
  while (reader.next()) {
    if (reader.field === 1) offset = reader.sint();
    else if (reader.field === 2) length = reader.uint() % 2 ** 32;
  }
  return { offset, length };
}

function summedUp(deltas: readonly number[]): Float64Array {
  let sum = 0;
  return Float64Array.from(deltas, (delta) => {
    sum += delta;
    return sum;
  });
}

/**
 * Which counter-reset hints come back from Prometheus' chunks: gauges keep theirs, the first sample of a chunk is
 * "unknown", all others are "no reset". So it matters where Prometheus begins a chunk.
 */
import { type Histogram, RESET_GAUGE, RESET_NO, RESET_UNKNOWN, RESET_YES } from "../../model/index.js";
import type { NotedValue } from "./values.js";

type StoredValue = Exclude<NotedValue, undefined>;

/** What the last chunk of a series ends with. */
export interface ChunkEnd {
  readonly kind: "float" | "counter" | "gauge";
  readonly last: Histogram | undefined;
  readonly isStale: boolean;
}

/** The value as it is read again, and the chunk's end after it. */
export function appendToChunk(end: ChunkEnd | undefined, value: StoredValue): { stored: StoredValue; end: ChunkEnd } {
  if (value === "stale") {
    return {
      stored: value,
      end: end === undefined ? { kind: "float", last: undefined, isStale: true } : { ...end, isStale: true },
    };
  }
  if (typeof value === "number") return { stored: value, end: { kind: "float", last: undefined, isStale: false } };
  const isGauge = value.counterResetHint === RESET_GAUGE;
  const kind = isGauge ? "gauge" : "counter";
  const isContinued =
    end?.last !== undefined &&
    end.kind === kind &&
    !end.isStale &&
    value.counterResetHint !== RESET_YES &&
    hasLayoutOf(end.last, value) &&
    (isGauge || !fell(end.last, value));
  const counterResetHint = isGauge ? RESET_GAUGE : isContinued ? RESET_NO : RESET_UNKNOWN;
  return { stored: { ...value, counterResetHint }, end: { kind, last: value, isStale: false } };
}

function hasLayoutOf(a: Histogram, b: Histogram): boolean {
  return (
    a.schema === b.schema &&
    a.zeroThreshold === b.zeroThreshold &&
    a.customValues.length === b.customValues.length &&
    a.customValues.every((bound, i) => bound === b.customValues[i])
  );
}

function fell(before: Histogram, now: Histogram): boolean {
  if (now.count < before.count || now.zeroCount < before.zeroCount) return true;
  return (["positive", "negative"] as const).some((side) => {
    const counts = countsOf(now, side);
    return [...countsOf(before, side)].some(([index, count]) => (counts.get(index) ?? 0) < count);
  });
}

function countsOf(histogram: Histogram, side: "positive" | "negative"): Map<number, number> {
  const counts = new Map<number, number>();
  let index = 0;
  let next = 0;
  for (const { offset, length } of histogram[`${side}Spans`]) {
    index += offset;
    for (let i = 0; i < length; i++) counts.set(index++, histogram[`${side}Buckets`][next++]!);
  }
  return counts;
}

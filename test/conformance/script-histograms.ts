/** Native histograms in the test language: `{{schema:0 sum:5 count:4 buckets:[1 2 1]}}`, and sequences of them. */
import {
  type CounterResetHint,
  type Histogram,
  RESET_GAUGE,
  RESET_NO,
  RESET_UNKNOWN,
  RESET_YES,
} from "../../src/model/index.js";
import { parseGoFloat } from "../../src/model/number.js";
import { add, subtract } from "../../src/promql/native/arithmetic.js";
import { FloatHistogram } from "../../src/promql/native/float-histogram.js";

/** With whether a hint was written: without one, any is right. */
export interface ScriptHistogram extends Histogram {
  readonly hintIsGiven: boolean;
}

const HINTS: Readonly<Record<string, CounterResetHint>> = {
  unknown: RESET_UNKNOWN,
  reset: RESET_YES,
  not_reset: RESET_NO,
  gauge: RESET_GAUGE,
};

export function parseHistogram(text: string): ScriptHistogram {
  const fields = new Map<string, string>();
  for (const [, name, value] of text.slice(2, -2).matchAll(/([a-z_]+):(\[[^\]]*\]|\S+)/g)) fields.set(name!, value!);
  const number = (name: string): number => {
    const value = fields.get(name);
    return value === undefined ? 0 : numberOf(value);
  };
  const list = (name: string): Float64Array =>
    Float64Array.from(
      (fields.get(name) ?? "[]")
        .slice(1, -1)
        .split(/\s+/)
        .filter((each) => each !== ""),
      numberOf,
    );
  const buckets = list("buckets");
  const negative = list("n_buckets");
  const hint = fields.get("counter_reset_hint");
  const known = new Set(
    "schema sum count z_bucket z_bucket_w custom_values buckets offset n_buckets n_offset counter_reset_hint".split(
      " ",
    ),
  );
  for (const name of fields.keys()) if (!known.has(name)) throw new SyntaxError(`unknown field ${name} in ${text}`);
  return {
    isFloat: true,
    counterResetHint: hint === undefined ? RESET_UNKNOWN : HINTS[hint]!,
    hintIsGiven: hint !== undefined,
    schema: number("schema"),
    zeroThreshold: number("z_bucket_w"),
    zeroCount: number("z_bucket"),
    count: number("count"),
    sum: number("sum"),
    positiveSpans: buckets.length === 0 ? [] : [{ offset: number("offset"), length: buckets.length }],
    negativeSpans: negative.length === 0 ? [] : [{ offset: number("n_offset"), length: negative.length }],
    positiveBuckets: buckets,
    negativeBuckets: negative,
    customValues: list("custom_values"),
  };
}

function numberOf(text: string): number {
  const value = parseGoFloat(text);
  if (value === undefined) throw new SyntaxError(`cannot read the number ${text}`);
  return value;
}

/** `first` and `times` more, each changed by `change`. */
export function histogramSequence(
  first: string,
  sign: string | undefined,
  change: string | undefined,
  times: number,
): ScriptHistogram[] {
  const start = parseHistogram(first);
  if (change === undefined) return Array.from({ length: times + 1 }, () => start);
  const step = parseHistogram(change);
  const difference = FloatHistogram.fromSample(step);
  const hintIsGiven = step.hintIsGiven;
  const all: ScriptHistogram[] = [{ ...start, hintIsGiven }];
  const current = FloatHistogram.fromSample(start);
  for (let i = 0; i < times; i++) {
    const { error } = sign === "-" ? subtract(current, difference, true) : add(current, difference, true);
    if (error !== undefined) throw new SyntaxError(`cannot combine ${first} and ${change}`);
    all.push({ ...toSample(current), hintIsGiven });
  }
  return all;
}

export function toSample(histogram: FloatHistogram): Histogram {
  const sides = (["positive", "negative"] as const).map((side) => {
    const spans: { offset: number; length: number }[] = [];
    let end = 0;
    for (const index of histogram[side].indexes) {
      if (spans.length > 0 && index === end) spans.at(-1)!.length++;
      else spans.push({ offset: index - end, length: 1 });
      end = index + 1;
    }
    return { spans, buckets: Float64Array.from(histogram[side].counts) };
  });
  return {
    isFloat: true,
    counterResetHint: histogram.counterResetHint,
    schema: histogram.schema,
    zeroThreshold: histogram.zeroThreshold,
    zeroCount: histogram.zeroCount,
    count: histogram.count,
    sum: histogram.sum,
    positiveSpans: sides[0]!.spans,
    negativeSpans: sides[1]!.spans,
    positiveBuckets: sides[0]!.buckets,
    negativeBuckets: sides[1]!.buckets,
    customValues: Float64Array.from(histogram.customValues),
  };
}

/** Classic buckets, count and sum at one time as a native histogram with custom buckets. */
export class ClassicHistogram {
  readonly #buckets = new Map<number, number>();
  count: number | undefined;
  sum = 0;

  setBucket(bound: number, count: number): void {
    if (!this.#buckets.has(bound)) this.#buckets.set(bound, count);
  }

  /** Undefined if the counts are no histogram. */
  convert(): Histogram | undefined {
    const sorted = [...this.#buckets].sort(([a], [b]) => a - b);
    const count = this.count ?? sorted.at(-1)?.[1] ?? 0;
    if (sorted.at(-1)?.[0] !== Number.POSITIVE_INFINITY) sorted.push([Number.POSITIVE_INFINITY, count]);
    const differences = sorted.map(([, each], i) => each - (sorted[i - 1]?.[1] ?? 0));
    if (differences.some((each) => !(each >= 0)) || sorted.at(-1)![1] !== count) return undefined;
    const histogram = new FloatHistogram();
    histogram.schema = -53;
    histogram.count = count;
    histogram.sum = this.sum;
    histogram.positive = { indexes: differences.map((_, i) => i), counts: differences };
    histogram.customValues = sorted.slice(0, -1).map(([bound]) => bound);
    return toSample(histogram.compact());
  }
}

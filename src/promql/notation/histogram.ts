/** Native histograms in the notation of Prometheus' tests: `{{schema:0 sum:5 count:4 buckets:[1 2 1]}}`. */
import { VestalError } from "../../base/index.js";
import {
  type CounterResetHint,
  type Histogram,
  RESET_GAUGE,
  RESET_NO,
  RESET_UNKNOWN,
  RESET_YES,
} from "../../model/index.js";
import { formatGeneral, parseGoFloat } from "../../model/number.js";
import { add, subtract } from "../native/arithmetic.js";
import { type Buckets, FloatHistogram } from "../native/float-histogram.js";
import { toSample } from "../native/to-sample.js";

const HINTS: ReadonlyArray<readonly [name: string, hint: CounterResetHint]> = [
  ["unknown", RESET_UNKNOWN],
  ["reset", RESET_YES],
  ["not_reset", RESET_NO],
  ["gauge", RESET_GAUGE],
];
const FIELDS: ReadonlySet<string> = new Set([
  ...["schema", "sum", "count", "z_bucket", "z_bucket_w", "custom_values", "buckets", "offset", "n_buckets"],
  ...["n_offset", "counter_reset_hint"],
]);

/** @throws VestalError NOTATION */
export function parseHistogramNotation(text: string): Histogram {
  const fields = new Map<string, string>();
  for (const [, name, value] of text.slice(2, -2).matchAll(/([a-z_]+):(\[[^\]]*\]|\S+)/g)) {
    if (!FIELDS.has(name!)) throw new VestalError("NOTATION", `unknown field ${name} in histogram ${text}`);
    fields.set(name!, value!);
  }
  const number = (name: string): number => numberOf(fields.get(name) ?? "0");
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
  return {
    isFloat: true,
    counterResetHint: HINTS.find(([name]) => name === hint)?.[1] ?? RESET_UNKNOWN,
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

/** `first`, and `times` more, each changed by `change`. */
export function histogramSequence(
  first: Histogram,
  sign: "+" | "-",
  change: Histogram | undefined,
  times: number,
): readonly Histogram[] {
  if (change === undefined) return Array.from({ length: times + 1 }, () => first);
  const difference = FloatHistogram.fromSample(change);
  const current = FloatHistogram.fromSample(first);
  const all = [first];
  for (let i = 0; i < times; i++) {
    const { error } = sign === "-" ? subtract(current, difference, true) : add(current, difference, true);
    if (error !== undefined) throw new VestalError("NOTATION", "the histograms of a series cannot be combined");
    all.push(toSample(current));
  }
  return all;
}

/** As promtool prints a histogram. */
export function printHistogramNotation(sample: Histogram): string {
  const histogram = FloatHistogram.fromSample(sample).compact();
  const parts: string[] = [];
  const put = (name: string, value: number): void => {
    if (value !== 0) parts.push(`${name}:${formatGeneral(value)}`);
  };
  put("schema", histogram.schema);
  put("count", histogram.count);
  put("sum", histogram.sum);
  put("z_bucket", histogram.zeroCount);
  put("z_bucket_w", histogram.zeroThreshold);
  if (histogram.customValues.length > 0)
    parts.push(`custom_values:[${histogram.customValues.map(formatGeneral).join(" ")}]`);
  const hint = HINTS.find(([, value]) => value === histogram.counterResetHint);
  if (hint !== undefined && hint[1] !== RESET_UNKNOWN) parts.push(`counter_reset_hint:${hint[0]}`);
  putBuckets(parts, histogram.positive, "offset", "buckets");
  putBuckets(parts, histogram.negative, "n_offset", "n_buckets");
  return `{{${parts.join(" ")}}}`;
}

function putBuckets(parts: string[], { indexes, counts }: Buckets, offsetName: string, name: string): void {
  const [first] = indexes;
  if (first === undefined) return;
  if (first !== 0) parts.push(`${offsetName}:${first}`);
  const dense: number[] = [];
  for (const [i, index] of indexes.entries()) {
    while (dense.length < index - first) dense.push(0);
    dense.push(counts[i]!);
  }
  parts.push(`${name}:[${dense.map(formatGeneral).join(" ")}]`);
}

function numberOf(text: string): number {
  const value = parseGoFloat(text);
  if (value === undefined) throw new VestalError("NOTATION", `cannot read the number ${text}`);
  return value;
}

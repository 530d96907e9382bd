/** Bodies of protobuf exposition for tests: delimited `io.prometheus.client.MetricFamily` messages, by hand. */
import type { Histogram, Span } from "../../src/model/index.js";

export const FAMILY_TYPES = ["counter", "gauge", "summary", "untyped", "histogram", "gaugehistogram"] as const;

export interface ProtoExemplar {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  readonly timestampMs?: number;
}

export interface ProtoMetric {
  readonly labels?: Readonly<Record<string, string>>;
  readonly timestampMs?: number;
  /** Of counters, gauges and untyped ones; sums of the others. */
  readonly value?: number;
  readonly count?: number;
  readonly createdMs?: number;
  readonly exemplar?: ProtoExemplar;
  readonly quantiles?: readonly (readonly [quantile: number, value: number])[];
  readonly buckets?: readonly (readonly [bound: number, cumulative: number, exemplar?: ProtoExemplar])[];
  readonly native?: Histogram;
  readonly exemplars?: readonly ProtoExemplar[];
}

export interface ProtoFamily {
  readonly name: string;
  readonly help?: string;
  readonly unit?: string;
  readonly type: (typeof FAMILY_TYPES)[number];
  readonly metrics: readonly ProtoMetric[];
}

export function protobufBody(families: readonly ProtoFamily[]): Buffer {
  return Buffer.concat(families.map((family) => delimited(familyMessage(family))));
}

function familyMessage({ name, help = "", unit = "", type, metrics }: ProtoFamily): Buffer {
  return Buffer.concat([
    text(1, name),
    text(2, help),
    number(3, FAMILY_TYPES.indexOf(type)),
    ...metrics.map((metric) => message(4, metricMessage(type, metric))),
    text(5, unit),
  ]);
}

function metricMessage(type: ProtoFamily["type"], metric: ProtoMetric): Buffer {
  const { labels = {}, timestampMs = 0 } = metric;
  const field = { counter: 3, gauge: 2, summary: 4, untyped: 5, histogram: 7, gaugehistogram: 7 }[type];
  return Buffer.concat([
    ...Object.entries(labels).map(([name, value]) => message(1, labelPair(name, value))),
    message(field, valueMessage(type, metric)),
    number(6, timestampMs),
  ]);
}

function valueMessage(type: ProtoFamily["type"], metric: ProtoMetric): Buffer {
  const { value = 0, count = 0, createdMs, exemplar, quantiles = [], buckets = [], exemplars = [] } = metric;
  const created = (field: number): Buffer => (createdMs === undefined ? NOTHING : message(field, timestamp(createdMs)));
  if (type === "gauge" || type === "untyped") return double(1, value);
  if (type === "counter") {
    return Buffer.concat([
      double(1, value),
      exemplar === undefined ? NOTHING : message(2, exemplarMessage(exemplar)),
      created(3),
    ]);
  }
  if (type === "summary") {
    const parts = quantiles.map(([quantile, at]) => message(3, Buffer.concat([double(1, quantile), double(2, at)])));
    return Buffer.concat([number(1, count), double(2, value), ...parts, created(4)]);
  }
  return Buffer.concat([
    metric.native?.isFloat === true ? NOTHING : number(1, metric.native?.count ?? count),
    double(2, metric.native?.sum ?? value),
    ...buckets.map(([bound, cumulative, own]) =>
      message(
        3,
        Buffer.concat([
          Number.isInteger(cumulative) ? number(1, cumulative) : double(4, cumulative),
          double(2, bound),
          own === undefined ? NOTHING : message(3, exemplarMessage(own)),
        ]),
      ),
    ),
    metric.native === undefined ? NOTHING : nativeFields(metric.native),
    created(15),
    ...exemplars.map((one) => message(16, exemplarMessage(one))),
  ]);
}

function nativeFields(histogram: Histogram): Buffer {
  const { isFloat, schema, zeroThreshold, zeroCount, count } = histogram;
  return Buffer.concat([
    isFloat ? double(4, count) : NOTHING,
    number(5, zigzag(schema)),
    double(6, zeroThreshold),
    isFloat ? double(8, zeroCount) : number(7, zeroCount),
    ...histogram.negativeSpans.map((span) => message(9, spanMessage(span))),
    isFloat ? doubles(11, histogram.negativeBuckets) : deltas(10, histogram.negativeBuckets),
    ...histogram.positiveSpans.map((span) => message(12, spanMessage(span))),
    isFloat ? doubles(14, histogram.positiveBuckets) : deltas(13, histogram.positiveBuckets),
  ]);
}

function exemplarMessage({ labels, value, timestampMs }: ProtoExemplar): Buffer {
  return Buffer.concat([
    ...Object.entries(labels).map(([name, text]) => message(1, labelPair(name, text))),
    double(2, value),
    timestampMs === undefined ? NOTHING : message(3, timestamp(timestampMs)),
  ]);
}

const NOTHING = Buffer.alloc(0);

function timestamp(ms: number): Buffer {
  return Buffer.concat([number(1, Math.floor(ms / 1000)), number(2, (ms - 1000 * Math.floor(ms / 1000)) * 1e6)]);
}

function spanMessage({ offset, length }: Span): Buffer {
  return Buffer.concat([number(1, zigzag(offset)), number(2, length)]);
}

function labelPair(name: string, value: string): Buffer {
  return Buffer.concat([text(1, name), text(2, value)]);
}

function deltas(field: number, counts: Float64Array): Buffer {
  const parts = [...counts].map((count, i) => varint(BigInt(zigzag(count - (counts[i - 1] ?? 0)))));
  return message(field, Buffer.concat(parts));
}

function doubles(field: number, values: Float64Array): Buffer {
  return message(field, Buffer.from(values.slice().buffer));
}

function double(field: number, value: number): Buffer {
  return Buffer.concat([varint(BigInt(field * 8 + 1)), Buffer.from(Float64Array.of(value).buffer)]);
}

function number(field: number, value: number): Buffer {
  return value === 0 ? NOTHING : Buffer.concat([varint(BigInt(field * 8)), varint(BigInt(value))]);
}

function text(field: number, value: string): Buffer {
  return value === "" ? NOTHING : message(field, Buffer.from(value));
}

function message(field: number, bytes: Buffer): Buffer {
  return Buffer.concat([varint(BigInt(field * 8 + 2)), varint(BigInt(bytes.length)), bytes]);
}

function delimited(bytes: Buffer): Buffer {
  return Buffer.concat([varint(BigInt(bytes.length)), bytes]);
}

function zigzag(value: number): number {
  return value >= 0 ? 2 * value : -2 * value - 1;
}

function varint(value: bigint): Buffer {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, value);
  while (rest >= 0x80n) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return Buffer.from(bytes);
}

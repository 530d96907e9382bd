/**
 * `ExportMetricsServiceRequest` from OTLP's JSON: protobuf's mapping with ids in hexadecimal. Keys in camel or snake case,
 * numbers of 64 bits as text or numbers, enums by number or name.
 */
import { CorruptionError } from "../../base/index.js";
import {
  type AnyValue,
  type Attributes,
  type Buckets,
  type MetricData,
  type OtlpExemplar,
  type OtlpMetric,
  type OtlpScope,
  type ResourceMetrics,
  textOf,
} from "./model.js";

type Json = Readonly<Record<string, unknown>>;

const DEPTH_MAX = 64;

/** @throws CorruptionError OTLP_JSON */
export function readOtlpJson(text: string): ResourceMetrics[] {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    throw new CorruptionError("OTLP_JSON", `the body is no JSON: ${(error as Error).message}`);
  }
  return list(object(document), "resourceMetrics").map((resourceMetrics) => ({
    attributes: attributes(object(get(resourceMetrics, "resource") ?? {})),
    metrics: list(resourceMetrics, "scopeMetrics").flatMap((scopeMetrics) => {
      const scope = readScope(scopeMetrics);
      return list(scopeMetrics, "metrics").map((metric) => ({ ...readMetric(metric), scope }));
    }),
  }));
}

function readScope(scopeMetrics: Json): OtlpScope {
  const scope = object(get(scopeMetrics, "scope") ?? {});
  return {
    name: string(scope, "name"),
    version: string(scope, "version"),
    schemaUrl: string(scopeMetrics, "schemaUrl"),
    attributes: attributes(scope),
  };
}

function readMetric(metric: Json): Omit<OtlpMetric, "scope"> & MetricData {
  const name = string(metric, "name");
  const description = string(metric, "description");
  const unit = string(metric, "unit");
  return { name, description, unit, ...readData(metric) };
}

function readData(metric: Json): MetricData {
  const gauge = get(metric, "gauge");
  if (gauge !== undefined) return { type: "gauge", points: list(object(gauge), "dataPoints").map(readNumber) };
  const sum = get(metric, "sum");
  if (sum !== undefined) {
    const of = object(sum);
    const isMonotonic = get(of, "isMonotonic") === true;
    return { type: "sum", points: list(of, "dataPoints").map(readNumber), temporality: temporality(of), isMonotonic };
  }
  const histogram = get(metric, "histogram");
  if (histogram !== undefined) {
    const of = object(histogram);
    const points = list(of, "dataPoints").map((point) => ({
      ...readPoint(point),
      count: number(point, "count"),
      sum: get(point, "sum") === undefined ? undefined : number(point, "sum"),
      bucketCounts: numbers(point, "bucketCounts"),
      bounds: numbers(point, "explicitBounds"),
      exemplars: list(point, "exemplars").map(readExemplar),
    }));
    return { type: "histogram", points, temporality: temporality(of) };
  }
  const exponential = get(metric, "exponentialHistogram");
  if (exponential !== undefined) {
    const of = object(exponential);
    const points = list(of, "dataPoints").map((point) => ({
      ...readPoint(point),
      count: number(point, "count"),
      sum: get(point, "sum") === undefined ? undefined : number(point, "sum"),
      scale: number(point, "scale"),
      zeroCount: number(point, "zeroCount"),
      positive: buckets(point, "positive"),
      negative: buckets(point, "negative"),
      exemplars: list(point, "exemplars").map(readExemplar),
    }));
    return { type: "exponential", points, temporality: temporality(of) };
  }
  const summary = get(metric, "summary");
  if (summary === undefined) return { type: "none" };
  const points = list(object(summary), "dataPoints").map((point) => ({
    ...readPoint(point),
    count: number(point, "count"),
    sum: number(point, "sum"),
    quantiles: list(point, "quantileValues").map((one) => ({
      quantile: number(one, "quantile"),
      value: number(one, "value"),
    })),
  }));
  return { type: "summary", points };
}

function readPoint(point: Json): { attributes: Attributes; timeNs: bigint; hasNoValue: boolean } {
  return {
    attributes: attributes(point),
    timeNs: bigint(point, "timeUnixNano"),
    hasNoValue: (number(point, "flags") & 1) !== 0,
  };
}

function readNumber(point: Json) {
  return {
    ...readPoint(point),
    value: valueIn(point) ?? 0,
    exemplars: list(point, "exemplars").map(readExemplar),
  };
}

function valueIn(point: Json): number | undefined {
  if (get(point, "asInt") !== undefined) return number(point, "asInt");
  return get(point, "asDouble") === undefined ? undefined : number(point, "asDouble");
}

function readExemplar(exemplar: Json): OtlpExemplar {
  return {
    value: valueIn(exemplar),
    timeNs: bigint(exemplar, "timeUnixNano"),
    traceId: id(exemplar, "traceId"),
    spanId: id(exemplar, "spanId"),
    attributes: attributes(exemplar, "filteredAttributes"),
  };
}

function buckets(point: Json, key: string): Buckets {
  const of = object(get(point, key) ?? {});
  return { offset: number(of, "offset"), counts: numbers(of, "bucketCounts") };
}

function id(of: Json, key: string): string {
  const text = string(of, key).toLowerCase();
  if (!/^(?:[0-9a-f]{2})*$/.test(text)) throw wrong(`${key} is not hexadecimal`);
  return /^0*$/.test(text) ? "" : text;
}

const TEMPORALITIES: Readonly<Record<string, number>> = {
  AGGREGATION_TEMPORALITY_DELTA: 1,
  AGGREGATION_TEMPORALITY_CUMULATIVE: 2,
};

function temporality(of: Json): number {
  const value = get(of, "aggregationTemporality");
  return typeof value === "string" && TEMPORALITIES[value] !== undefined
    ? TEMPORALITIES[value]
    : number(of, "aggregationTemporality");
}

function attributes(of: Json, key = "attributes"): Attributes {
  return list(of, key).map((pair) => [string(pair, "key"), textOf(anyValue(get(pair, "value"), 0))]);
}

function anyValue(value: unknown, depth: number): AnyValue {
  if (value === undefined || value === null) return undefined;
  if (depth > DEPTH_MAX) throw wrong("attribute values are nested too deeply");
  const of = object(value);
  if (get(of, "stringValue") !== undefined) return string(of, "stringValue");
  if (get(of, "boolValue") !== undefined) return get(of, "boolValue") === true;
  if (get(of, "intValue") !== undefined) return bigint(of, "intValue");
  if (get(of, "doubleValue") !== undefined) return number(of, "doubleValue");
  if (get(of, "bytesValue") !== undefined) return Buffer.from(string(of, "bytesValue"), "base64");
  const array = get(of, "arrayValue");
  if (array !== undefined) return list(object(array), "values").map((one) => anyValue(one, depth + 1));
  const map = get(of, "kvlistValue");
  if (map === undefined) return undefined;
  return new Map(
    list(object(map), "values").map((pair) => [string(pair, "key"), anyValue(get(pair, "value"), depth + 1)]),
  );
}

// ── JSON by type ─────────────────────────────────────────────────────────────────────────────────────────────────────

function get(of: Json, key: string): unknown {
  const value = of[key] ?? of[key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)];
  return value ?? undefined;
}

function object(value: unknown): Json {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Json;
  throw wrong("something else stands where an object should");
}

function list(of: Json, key: string): readonly Json[] {
  const value = get(of, key) ?? [];
  if (!Array.isArray(value)) throw wrong(`${key} is not a list`);
  return value.map(object);
}

function string(of: Json, key: string): string {
  const value = get(of, key) ?? "";
  if (typeof value !== "string") throw wrong(`${key} is not a text`);
  return value;
}

function number(of: Json, key: string): number {
  return toNumber(get(of, key) ?? 0, key);
}

function numbers(of: Json, key: string): readonly number[] {
  const value = get(of, key) ?? [];
  if (!Array.isArray(value)) throw wrong(`${key} is not a list`);
  return value.map((one) => toNumber(one, key));
}

function toNumber(value: unknown, key: string): number {
  if (typeof value === "number") return value;
  if (value === "NaN") return Number.NaN;
  const parsed = typeof value === "string" && value.trim() !== "" ? Number(value) : Number.NaN;
  if (Number.isNaN(parsed)) throw wrong(`${key} is not a number`);
  return parsed;
}

function bigint(of: Json, key: string): bigint {
  const value = get(of, key) ?? 0;
  if (typeof value === "number" && Number.isInteger(value)) return BigInt(value);
  if (typeof value === "string" && /^-?\d{1,20}$/.test(value)) return BigInt(value);
  throw wrong(`${key} is not a whole number`);
}

function wrong(what: string): CorruptionError {
  return new CorruptionError("OTLP_JSON", `the OTLP request is malformed: ${what}`);
}

/** `ExportMetricsServiceRequest` from protobuf. @see opentelemetry-proto, metrics/v1/metrics.proto */
import { CorruptionError, ProtoReader } from "../../base/index.js";
import {
  type AnyValue,
  type Attributes,
  type Buckets,
  type ExponentialPoint,
  type HistogramPoint,
  type MetricData,
  type NumberPoint,
  type OtlpExemplar,
  type OtlpMetric,
  type ResourceMetrics,
  type SummaryPoint,
  textOf,
} from "./model.js";

const NO_VALUE_FLAG = 1;
/** Lists and maps inside of attributes; deeper ones are refused. */
const DEPTH_MAX = 64;

/** @throws CorruptionError PROTO */
export function readOtlpProto(bytes: Uint8Array): ResourceMetrics[] {
  const all: ResourceMetrics[] = [];
  const reader = new ProtoReader(bytes);
  while (reader.next()) if (reader.field === 1) all.push(readResource(reader.message()));
  return all;
}

function readResource(reader: ProtoReader): ResourceMetrics {
  const attributes: [string, string][] = [];
  const metrics: OtlpMetric[] = [];
  while (reader.next()) {
    if (reader.field === 1) {
      const resource = reader.message();
      while (resource.next()) if (resource.field === 1) attributes.push(readAttribute(resource.message()));
    } else if (reader.field === 2) {
      metrics.push(...readScopeMetrics(reader.message()));
    }
  }
  return { attributes, metrics };
}

function readScopeMetrics(reader: ProtoReader): OtlpMetric[] {
  const metrics: (Omit<OtlpMetric, "scope"> & MetricData)[] = [];
  const attributes: [string, string][] = [];
  let [name, version, schemaUrl] = ["", "", ""];
  while (reader.next()) {
    if (reader.field === 1) {
      const scope = reader.message();
      while (scope.next()) {
        if (scope.field === 1) name = scope.text();
        else if (scope.field === 2) version = scope.text();
        else if (scope.field === 3) attributes.push(readAttribute(scope.message()));
      }
    } else if (reader.field === 2) metrics.push(readMetric(reader.message()));
    else if (reader.field === 3) schemaUrl = reader.text();
  }
  const scope = { name, version, schemaUrl, attributes };
  return metrics.map((metric) => ({ ...metric, scope }));
}

function readMetric(reader: ProtoReader): Omit<OtlpMetric, "scope"> & MetricData {
  let [name, description, unit] = ["", "", ""];
  let data: MetricData = { type: "none" };
  while (reader.next()) {
    if (reader.field === 1) name = reader.text();
    else if (reader.field === 2) description = reader.text();
    else if (reader.field === 3) unit = reader.text();
    else if (reader.field === 5) data = { type: "gauge", points: readData(reader.message(), readNumber).points };
    else if (reader.field === 7) data = { type: "sum", ...readData(reader.message(), readNumber) };
    else if (reader.field === 9) data = { type: "histogram", ...readData(reader.message(), readHistogram) };
    else if (reader.field === 10) data = { type: "exponential", ...readData(reader.message(), readExponential) };
    else if (reader.field === 11) data = { type: "summary", points: readData(reader.message(), readSummary).points };
  }
  return { name, description, unit, ...data };
}

function readData<Point>(
  reader: ProtoReader,
  read: (reader: ProtoReader) => Point,
): { readonly points: readonly Point[]; readonly temporality: number; readonly isMonotonic: boolean } {
  const points: Point[] = [];
  let temporality = 0;
  let isMonotonic = false;
  while (reader.next()) {
    if (reader.field === 1) points.push(read(reader.message()));
    else if (reader.field === 2) temporality = reader.int();
    else if (reader.field === 3) isMonotonic = reader.bool();
  }
  return { points, temporality, isMonotonic };
}

function readNumber(reader: ProtoReader): NumberPoint {
  const attributes: [string, string][] = [];
  const exemplars: OtlpExemplar[] = [];
  let [value, timeNs, flags] = [0, 0n, 0];
  while (reader.next()) {
    if (reader.field === 3) timeNs = reader.bigFixed64();
    else if (reader.field === 4) value = reader.double();
    else if (reader.field === 5) exemplars.push(readExemplar(reader.message()));
    else if (reader.field === 6) value = reader.sfixed64();
    else if (reader.field === 7) attributes.push(readAttribute(reader.message()));
    else if (reader.field === 8) flags = reader.uint();
  }
  return { attributes, exemplars, value, timeNs, hasNoValue: (flags & NO_VALUE_FLAG) !== 0 };
}

function readHistogram(reader: ProtoReader): HistogramPoint {
  const attributes: [string, string][] = [];
  const exemplars: OtlpExemplar[] = [];
  const bucketCounts: number[] = [];
  const bounds: number[] = [];
  let [count, timeNs, flags] = [0, 0n, 0];
  let sum: number | undefined;
  while (reader.next()) {
    if (reader.field === 3) timeNs = reader.bigFixed64();
    else if (reader.field === 4) count = reader.fixed64();
    else if (reader.field === 5) sum = reader.double();
    else if (reader.field === 6) reader.fixed64s(bucketCounts);
    else if (reader.field === 7) reader.doubles(bounds);
    else if (reader.field === 8) exemplars.push(readExemplar(reader.message()));
    else if (reader.field === 9) attributes.push(readAttribute(reader.message()));
    else if (reader.field === 10) flags = reader.uint();
  }
  const hasNoValue = (flags & NO_VALUE_FLAG) !== 0;
  return { attributes, exemplars, bucketCounts, bounds, count, sum, timeNs, hasNoValue };
}

function readExponential(reader: ProtoReader): ExponentialPoint {
  const attributes: [string, string][] = [];
  const exemplars: OtlpExemplar[] = [];
  let [count, zeroCount, scale, timeNs, flags] = [0, 0, 0, 0n, 0];
  let sum: number | undefined;
  let positive: Buckets = { offset: 0, counts: [] };
  let negative: Buckets = { offset: 0, counts: [] };
  while (reader.next()) {
    if (reader.field === 1) attributes.push(readAttribute(reader.message()));
    else if (reader.field === 3) timeNs = reader.bigFixed64();
    else if (reader.field === 4) count = reader.fixed64();
    else if (reader.field === 5) sum = reader.double();
    else if (reader.field === 6) scale = reader.sint();
    else if (reader.field === 7) zeroCount = reader.fixed64();
    else if (reader.field === 8) positive = readBuckets(reader.message());
    else if (reader.field === 9) negative = readBuckets(reader.message());
    else if (reader.field === 10) flags = reader.uint();
    else if (reader.field === 11) exemplars.push(readExemplar(reader.message()));
  }
  const hasNoValue = (flags & NO_VALUE_FLAG) !== 0;
  return { attributes, exemplars, count, zeroCount, scale, sum, positive, negative, timeNs, hasNoValue };
}

function readBuckets(reader: ProtoReader): Buckets {
  const counts: number[] = [];
  let offset = 0;
  while (reader.next()) {
    if (reader.field === 1) offset = reader.sint();
    else if (reader.field === 2) reader.uints(counts);
  }
  return { offset, counts };
}

function readSummary(reader: ProtoReader): SummaryPoint {
  const attributes: [string, string][] = [];
  const quantiles: { quantile: number; value: number }[] = [];
  let [count, sum, timeNs, flags] = [0, 0, 0n, 0];
  while (reader.next()) {
    if (reader.field === 3) timeNs = reader.bigFixed64();
    else if (reader.field === 4) count = reader.fixed64();
    else if (reader.field === 5) sum = reader.double();
    else if (reader.field === 6) {
      const part = reader.message();
      let [quantile, value] = [0, 0];
      while (part.next()) {
        if (part.field === 1) quantile = part.double();
        else if (part.field === 2) value = part.double();
      }
      quantiles.push({ quantile, value });
    } else if (reader.field === 7) attributes.push(readAttribute(reader.message()));
    else if (reader.field === 8) flags = reader.uint();
  }
  return { attributes, quantiles, count, sum, timeNs, hasNoValue: (flags & NO_VALUE_FLAG) !== 0 };
}

function readExemplar(reader: ProtoReader): OtlpExemplar {
  const attributes: [string, string][] = [];
  let [timeNs, traceId, spanId] = [0n, "", ""];
  let value: number | undefined;
  while (reader.next()) {
    if (reader.field === 2) timeNs = reader.bigFixed64();
    else if (reader.field === 3) value = reader.double();
    else if (reader.field === 4) spanId = idText(reader.bytes());
    else if (reader.field === 5) traceId = idText(reader.bytes());
    else if (reader.field === 6) value = reader.sfixed64();
    else if (reader.field === 7) attributes.push(readAttribute(reader.message()));
  }
  return { value, timeNs, traceId, spanId, attributes };
}

/** An id of zeros is none. */
function idText(bytes: Uint8Array): string {
  return bytes.every((byte) => byte === 0) ? "" : Buffer.from(bytes).toString("hex");
}

function readAttribute(reader: ProtoReader): Attributes[number] & [string, string] {
  const [key, value] = readPair(reader, 0);
  return [key, textOf(value)];
}

function readPair(reader: ProtoReader, depth: number): [string, AnyValue] {
  let key = "";
  let value: AnyValue;
  while (reader.next()) {
    if (reader.field === 1) key = reader.text();
    else if (reader.field === 2) value = readValue(reader.message(), depth);
  }
  return [key, value];
}

function readValue(reader: ProtoReader, depth: number): AnyValue {
  if (depth > DEPTH_MAX) throw new CorruptionError("PROTO", "attribute values are nested too deeply");
  let value: AnyValue;
  while (reader.next()) {
    if (reader.field === 1) value = reader.text();
    else if (reader.field === 2) value = reader.bool();
    else if (reader.field === 3) value = reader.bigInt();
    else if (reader.field === 4) value = reader.double();
    else if (reader.field === 5) {
      const list: AnyValue[] = [];
      const values = reader.message();
      while (values.next()) if (values.field === 1) list.push(readValue(values.message(), depth + 1));
      value = list;
    } else if (reader.field === 6) {
      const map = new Map<string, AnyValue>();
      const values = reader.message();
      while (values.next()) {
        if (values.field !== 1) continue;
        const [key, one] = readPair(values.message(), depth + 1);
        map.set(key, one);
      }
      value = map;
    } else if (reader.field === 7) value = reader.bytes();
  }
  return value;
}

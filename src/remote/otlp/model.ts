/** An OTLP metrics request as far as Prometheus uses it; `read-proto.ts` and `read-json.ts` make it. */

/** Key, and value as text. */
export type Attributes = readonly (readonly [key: string, value: string])[];

export interface ResourceMetrics {
  readonly attributes: Attributes;
  /** Of all scopes. */
  readonly metrics: readonly OtlpMetric[];
}

/** What made the metric. */
export interface OtlpScope {
  readonly name: string;
  readonly version: string;
  readonly schemaUrl: string;
  readonly attributes: Attributes;
}

export type OtlpMetric = MetricHead & MetricData & { readonly scope: OtlpScope };

interface MetricHead {
  readonly name: string;
  readonly unit: string;
  readonly description: string;
}

/** 0 unspecified, 1 delta, 2 cumulative. */
export type Temporality = number;

export type MetricData =
  | { readonly type: "gauge"; readonly points: readonly NumberPoint[] }
  | {
      readonly type: "sum";
      readonly points: readonly NumberPoint[];
      readonly temporality: Temporality;
      readonly isMonotonic: boolean;
    }
  | { readonly type: "histogram"; readonly points: readonly HistogramPoint[]; readonly temporality: Temporality }
  | { readonly type: "exponential"; readonly points: readonly ExponentialPoint[]; readonly temporality: Temporality }
  | { readonly type: "summary"; readonly points: readonly SummaryPoint[] }
  | { readonly type: "none" };

interface Point {
  readonly attributes: Attributes;
  readonly timeNs: bigint;
  /** The bit of the flags: the series has ended. */
  readonly hasNoValue: boolean;
}

export interface NumberPoint extends Point {
  readonly value: number;
  readonly exemplars: readonly OtlpExemplar[];
}

export interface HistogramPoint extends Point {
  readonly count: number;
  readonly sum: number | undefined;
  readonly bucketCounts: readonly number[];
  readonly bounds: readonly number[];
  readonly exemplars: readonly OtlpExemplar[];
}

export interface Buckets {
  readonly offset: number;
  readonly counts: readonly number[];
}

export interface ExponentialPoint extends Point {
  readonly count: number;
  readonly sum: number | undefined;
  readonly scale: number;
  readonly zeroCount: number;
  readonly positive: Buckets;
  readonly negative: Buckets;
  readonly exemplars: readonly OtlpExemplar[];
}

export interface SummaryPoint extends Point {
  readonly count: number;
  readonly sum: number;
  readonly quantiles: readonly { readonly quantile: number; readonly value: number }[];
}

export interface OtlpExemplar {
  /** Undefined where it has none, which is an error. */
  readonly value: number | undefined;
  readonly timeNs: bigint;
  /** Hexadecimal, "" for none. */
  readonly traceId: string;
  readonly spanId: string;
  readonly attributes: Attributes;
}

/** A value of any type, before it becomes text. */
export type AnyValue =
  | string
  | boolean
  | number
  | bigint
  | Uint8Array
  | undefined
  | readonly AnyValue[]
  | ReadonlyMap<string, AnyValue>;

/** As Prometheus' library writes values into labels: lists and maps as JSON, bytes in base64. Doubles are numbers, integers bigints. */
export function textOf(value: AnyValue): string {
  if (value === undefined) return "";
  if (typeof value === "string") return value;
  if (typeof value === "number") return jsonNumber(value);
  if (typeof value === "boolean" || typeof value === "bigint") return String(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  return jsonText(value);
}

function jsonText(value: AnyValue): string {
  if (value === undefined) return "null";
  if (typeof value === "string") return goString(value);
  if (value instanceof Uint8Array) return JSON.stringify(Buffer.from(value).toString("base64"));
  if (value instanceof Map) {
    const entries = [...(value as ReadonlyMap<string, AnyValue>)].sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${entries.map(([key, one]) => `${goString(key)}:${jsonText(one)}`).join(",")}}`;
  }
  if (Array.isArray(value)) return `[${(value as readonly AnyValue[]).map(jsonText).join(",")}]`;
  return textOf(value);
}

/** Go's encoding/json escapes what could end a script. */
function goString(text: string): string {
  return JSON.stringify(text).replace(
    /[<>&\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** Go's encoding/json: JavaScript's digits and limits, an exponent of at least one digit. */
function jsonNumber(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "+Inf" : "-Inf";
  if (Object.is(value, -0)) return "-0";
  return String(value);
}

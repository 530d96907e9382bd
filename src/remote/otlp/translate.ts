/**
 * OTLP metrics to a `prometheus.WriteRequest`, which the shards then store as any other: the same series that Prometheus
 * makes of the same request.
 *
 *   resource attributes ─► job, instance, promoted labels, target_info
 *   data points         ─► series: attributes as labels; histograms as classic ones, or native ones with custom buckets;
 *                          exponential histograms as native ones
 */
import { errorMessage, ProtoWriter, VestalError } from "../../base/index.js";
import { STALE_NAN_HIGH, STALE_NAN_LOW } from "../../model/index.js";
import { formatFloat } from "../../model/number.js";
import type {
  Attributes,
  Buckets,
  ExponentialPoint,
  HistogramPoint,
  NumberPoint,
  OtlpExemplar,
  OtlpMetric,
  OtlpScope,
  ResourceMetrics,
  SummaryPoint,
} from "./model.js";
import { labelName, metricName } from "./names.js";

export interface OtlpSettings {
  /** Undefined: those in `attributes` are promoted; else all but those. */
  readonly promotesAll: boolean;
  readonly attributes: readonly string[];
  readonly addsSuffixes: boolean;
  readonly allowsUtf8: boolean;
  readonly keepsIdentifyingAttributes: boolean;
  readonly convertsHistogramsToNhcb: boolean;
  /** Name, version, schema and attributes of the scope that made a metric become labels `otel_scope_*`. */
  readonly promotesScope: boolean;
  /** `--enable-feature=otlp-native-delta-ingestion`: deltas are stored as they are. */
  readonly allowsDelta: boolean;
}

export interface Translation {
  /** The message, not compressed. */
  readonly request: Uint8Array;
  /** What was left out, and why. */
  readonly problems: readonly string[];
}

const CUMULATIVE = 2;
const DELTA = 1;
const SERVICE_NAME = "service.name";
const SERVICE_NAMESPACE = "service.namespace";
const SERVICE_INSTANCE = "service.instance.id";
const IDENTIFYING: readonly string[] = [SERVICE_NAMESPACE, SERVICE_NAME, SERVICE_INSTANCE];
const EXEMPLAR_CHARACTERS_MAX = 128;
/** Of native histograms from exponential ones, as there. */
const ZERO_THRESHOLD = 1e-128;
const SCALE_MAX = 8;
const SCALE_MIN = -4;
const CUSTOM_SCHEMA = -53;
const GAUGE_HINT = 3;
const MS_NS = 1_000_000n;

type LabelMap = Map<string, string>;

/** Value, or undefined for a staleness marker. */
type Value = number | undefined;

interface Series {
  readonly labels: LabelMap;
  readonly samples: { readonly timestampMs: number; readonly value: Value }[];
  readonly histograms: NativeHistogram[];
  readonly exemplars: PromExemplar[];
}

interface PromExemplar {
  readonly labels: readonly (readonly [string, string])[];
  readonly value: number;
  readonly timestampMs: number;
}

interface NativeHistogram {
  readonly timestampMs: number;
  readonly schema: number;
  readonly isGauge: boolean;
  /** Undefined: a staleness marker. */
  readonly totals: { readonly count: number; readonly sum: number } | undefined;
  readonly zeroCount: number;
  readonly zeroThreshold: number;
  readonly positive: Layout;
  readonly negative: Layout;
  readonly customValues: readonly number[];
}

interface Layout {
  readonly spans: readonly { readonly offset: number; readonly length: number }[];
  readonly deltas: readonly number[];
}

export function translateOtlp(resources: readonly ResourceMetrics[], settings: OtlpSettings): Translation {
  const translator = new Translator(settings);
  for (const resource of resources) translator.addResource(resource);
  return { request: translator.encode(), problems: translator.problems };
}

class Translator {
  readonly #settings: OtlpSettings;
  readonly #series = new Map<string, Series>();
  readonly problems: string[] = [];
  /** Of the resource under way. */
  #resource: ReadonlyMap<string, string> = new Map();
  #promoted: readonly (readonly [string, string])[] = [];
  /** Labels of the scope under way. */
  #scope: readonly (readonly [string, string])[] = [];

  constructor(settings: OtlpSettings) {
    this.#settings = settings;
  }

  addResource({ attributes, metrics }: ResourceMetrics): void {
    this.#resource = new Map(attributes);
    const { promotesAll, attributes: named } = this.#settings;
    this.#promoted = byName(attributes.filter(([key]) => named.includes(key) !== promotesAll));
    let newestNs = 0n;
    for (const metric of metrics) {
      if (metric.type !== "none") {
        for (const { timeNs } of metric.points) if (timeNs > newestNs) newestNs = timeNs;
      }
      this.#scope = this.#settings.promotesScope ? this.#scopeLabels(metric.scope) : [];
      try {
        this.#addMetric(metric);
      } catch (error) {
        if (!(error instanceof VestalError)) throw error;
        this.problems.push(errorMessage(error));
      }
    }
    if (newestNs !== 0n) this.#addTargetInfo(attributes, msOf(newestNs));
  }

  #addMetric(metric: OtlpMetric): void {
    if (metric.type === "none") {
      throw dropped(`could not get aggregation temporality for ${metric.name} as it has unsupported metric type Empty`);
    }
    if ("temporality" in metric) {
      const { temporality } = metric;
      const isAllowed = temporality === CUMULATIVE || (temporality === DELTA && this.#settings.allowsDelta);
      if (!isAllowed)
        throw dropped(`invalid temporality and type combination for metric ${JSON.stringify(metric.name)}`);
    }
    if (metric.points.length === 0) throw dropped(`empty data points. ${metric.name} is dropped`);
    const type = metric.type === "gauge" ? "gauge" : metric.type === "sum" && metric.isMonotonic ? "counter" : "other";
    const { addsSuffixes, allowsUtf8 } = this.#settings;
    const name = metricName(metric.name, metric.unit, type, { withSuffixes: addsSuffixes, allowUtf8: allowsUtf8 });
    switch (metric.type) {
      case "gauge":
        for (const point of metric.points) this.#addNumber(name, point);
        return;
      case "sum":
        for (const point of metric.points) {
          const series = this.#addNumber(name, point);
          series.exemplars.push(...point.exemplars.map(exemplarOf));
        }
        return;
      case "histogram":
        for (const point of metric.points) {
          if (this.#settings.convertsHistogramsToNhcb)
            this.#addNative(name, point, customOf(point, metric.temporality));
          else this.#addClassic(name, point);
        }
        return;
      case "exponential":
        for (const point of metric.points) this.#addNative(name, point, exponentialOf(point, metric.temporality));
        return;
      case "summary":
        for (const point of metric.points) this.#addSummary(name, point);
    }
  }

  #addNumber(name: string, point: NumberPoint): Series {
    const labels = this.#labels(point.attributes, [["__name__", name]]);
    return this.#addSample(labels, point, point.value);
  }

  #addClassic(name: string, point: HistogramPoint): void {
    const base = this.#labels(point.attributes);
    if (point.sum !== undefined) this.#addSample(named(base, `${name}_sum`), point, point.sum);
    this.#addSample(named(base, `${name}_count`), point, point.count);
    const buckets: { readonly series: Series; readonly bound: number }[] = [];
    let cumulative = 0;
    for (let i = 0; i < point.bounds.length && i < point.bucketCounts.length; i++) {
      const bound = point.bounds[i]!;
      cumulative += point.bucketCounts[i]!;
      const labels = named(base, `${name}_bucket`, ["le", formatFloat(bound)]);
      buckets.push({ series: this.#addSample(labels, point, cumulative), bound });
    }
    const last = this.#addSample(named(base, `${name}_bucket`, ["le", "+Inf"]), point, point.count);
    buckets.push({ series: last, bound: Number.POSITIVE_INFINITY });
    buckets.sort((a, b) => a.bound - b.bound);
    for (const exemplar of point.exemplars.map(exemplarOf)) {
      buckets.find(({ bound }) => exemplar.value <= bound)?.series.exemplars.push(exemplar);
    }
  }

  #addNative(name: string, point: HistogramPoint | ExponentialPoint, histogram: NativeHistogram): void {
    const series = this.#seriesOf(this.#labels(point.attributes, [["__name__", name]]));
    series.histograms.push(histogram);
    series.exemplars.push(...point.exemplars.map(exemplarOf));
  }

  #addSummary(name: string, point: SummaryPoint): void {
    const base = this.#labels(point.attributes);
    this.#addSample(named(base, `${name}_sum`), point, point.sum);
    this.#addSample(named(base, `${name}_count`), point, point.count);
    for (const { quantile, value } of point.quantiles) {
      this.#addSample(named(base, name, ["quantile", formatFloat(quantile)]), point, value);
    }
  }

  #addTargetInfo(attributes: Attributes, timestampMs: number): void {
    const identifying = IDENTIFYING.filter((key) => this.#resource.has(key)).length;
    // Nothing but job and instance: that says nothing new.
    if (attributes.length === identifying) return;
    this.#promoted = [];
    this.#scope = [];
    const ignored = this.#settings.keepsIdentifyingAttributes ? [] : IDENTIFYING;
    const shown = attributes.filter(([key]) => !ignored.includes(key));
    const labels = this.#labels(shown, [["__name__", "target_info"]]);
    if (!labels.has("job") && !labels.has("instance")) return;
    this.#seriesOf(labels).samples.push({ timestampMs, value: 1 });
  }

  #addSample(
    labels: LabelMap,
    { timeNs, hasNoValue }: { readonly timeNs: bigint; readonly hasNoValue: boolean },
    value: number,
  ): Series {
    const series = this.#seriesOf(labels);
    series.samples.push({ timestampMs: msOf(timeNs), value: hasNoValue ? undefined : value });
    return series;
  }

  #labels(attributes: Attributes, extras: readonly (readonly [string, string])[] = []): LabelMap {
    const { allowsUtf8 } = this.#settings;
    const label = (name: string): string => labelName(name, { allowUtf8: allowsUtf8 });
    const labels: LabelMap = new Map();
    for (const [key, value] of byName(attributes)) {
      const name = label(key);
      const before = labels.get(name);
      labels.set(name, before === undefined ? value : `${before};${value}`);
    }
    for (const [key, value] of this.#promoted) {
      const name = label(key);
      if (!labels.has(name)) labels.set(name, value);
    }
    const service = this.#resource.get(SERVICE_NAME);
    if (service !== undefined) {
      const namespace = this.#resource.get(SERVICE_NAMESPACE);
      labels.set("job", namespace === undefined ? service : `${namespace}/${service}`);
    }
    const instance = this.#resource.get(SERVICE_INSTANCE);
    if (instance !== undefined) labels.set("instance", instance);
    for (const [name, value] of [...this.#scope, ...extras]) labels.set(name, value);
    return labels;
  }

  /** None for a scope without a name. */
  #scopeLabels({ name, version, schemaUrl, attributes }: OtlpScope): readonly (readonly [string, string])[] {
    if (name === "") return [];
    const { allowsUtf8 } = this.#settings;
    return [
      ...attributes.map(([key, value]) => [labelName(`otel_scope_${key}`, { allowUtf8: allowsUtf8 }), value] as const),
      ["otel_scope_name", name] as const,
      ["otel_scope_version", version] as const,
      ["otel_scope_schema_url", schemaUrl] as const,
    ].filter(([, value]) => value !== "");
  }

  #seriesOf(labels: LabelMap): Series {
    const key = JSON.stringify([...labels].sort(([a], [b]) => (a < b ? -1 : 1)));
    const known = this.#series.get(key);
    if (known !== undefined) return known;
    const series: Series = { labels, samples: [], histograms: [], exemplars: [] };
    this.#series.set(key, series);
    return series;
  }

  encode(): Uint8Array {
    const out = new ProtoWriter(65_536);
    for (const series of this.#series.values()) out.message(1, () => encodeSeries(out, series));
    return out.bytes;
  }
}

function named(base: LabelMap, name: string, ...extras: readonly (readonly [string, string])[]): LabelMap {
  const labels = new Map(base);
  for (const [key, value] of extras) labels.set(key, value);
  return labels.set("__name__", name);
}

function byName(attributes: Attributes): (readonly [string, string])[] {
  return [...attributes].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}

function msOf(ns: bigint): number {
  return Number(BigInt.asIntN(64, ns) / MS_NS);
}

function exemplarOf({ value, timeNs, traceId, spanId, attributes }: OtlpExemplar): PromExemplar {
  if (value === undefined) throw dropped("unsupported exemplar value type: Empty");
  const labels: (readonly [string, string])[] = [];
  if (traceId !== "") labels.push(["trace_id", traceId]);
  if (spanId !== "") labels.push(["span_id", spanId]);
  const characters = [...labels, ...attributes].reduce(
    (sum, [key, text]) => sum + [...key].length + [...text].length,
    0,
  );
  if (characters <= EXEMPLAR_CHARACTERS_MAX) labels.push(...attributes);
  return { labels, value, timestampMs: msOf(timeNs) };
}

// ── native histograms ────────────────────────────────────────────────────────────────────────────────────────────────

function totalsOf({ hasNoValue, count, sum }: HistogramPoint | ExponentialPoint): NativeHistogram["totals"] {
  return hasNoValue ? undefined : { count, sum: sum ?? 0 };
}

function exponentialOf(point: ExponentialPoint, temporality: number): NativeHistogram {
  if (point.scale < SCALE_MIN) {
    throw dropped(`cannot convert exponential to native histogram. Scale must be >= -4, was ${point.scale}`);
  }
  const scaleDown = Math.max(0, point.scale - SCALE_MAX);
  return {
    timestampMs: msOf(point.timeNs),
    schema: point.scale - scaleDown,
    isGauge: temporality === DELTA,
    totals: totalsOf(point),
    zeroCount: point.zeroCount,
    zeroThreshold: ZERO_THRESHOLD,
    positive: layoutOf(point.positive, scaleDown, true),
    negative: layoutOf(point.negative, scaleDown, true),
    customValues: [],
  };
}

function customOf(point: HistogramPoint, temporality: number): NativeHistogram {
  const first = point.bucketCounts.findIndex((count) => count !== 0);
  const offset = first < 0 ? point.bucketCounts.length : first;
  return {
    timestampMs: msOf(point.timeNs),
    schema: CUSTOM_SCHEMA,
    isGauge: temporality === DELTA,
    totals: totalsOf(point),
    zeroCount: 0,
    zeroThreshold: 0,
    positive: layoutOf({ offset, counts: point.bucketCounts.slice(offset) }, 0, false),
    negative: { spans: [], deltas: [] },
    customValues: point.bounds,
  };
}

/** A gap of up to so many empty buckets costs less than a new span. */
const GAP_MAX = 2;

/**
 * Dense buckets to spans and differences. `2^scaleDown` buckets become one. OpenTelemetry's bucket 0 begins above 1, native
 * histograms' ends at 1: their numbers are one more (`isShifted`).
 */
function layoutOf({ offset, counts }: Buckets, scaleDown: number, isShifted: boolean): Layout {
  if (counts.length === 0) return { spans: [], deltas: [] };
  const down = Math.min(scaleDown, 31);
  const indexOf = (i: number): number => ((i + offset) >> down) + 1;
  const spans = [{ offset: isShifted ? (offset >> down) + 1 : offset, length: 0 }];
  const deltas: number[] = [];
  let before = 0;
  const append = (count: number): void => {
    spans[spans.length - 1]!.length++;
    deltas.push(count - before);
    before = count;
  };
  const leap = (gap: number): void => {
    if (gap > GAP_MAX) spans.push({ offset: gap, length: 0 });
    else for (let i = 0; i < gap; i++) append(0);
  };
  let index = indexOf(0);
  let count = 0;
  for (const [i, bucket] of counts.entries()) {
    const next = indexOf(i);
    if (next === index) {
      count += bucket;
      continue;
    }
    if (count === 0) {
      count = bucket;
      continue;
    }
    leap(next - index - 1);
    append(count);
    count = bucket;
    index = next;
  }
  leap(indexOf(counts.length - 1) - index);
  append(count);
  return { spans, deltas };
}

// ── the request ──────────────────────────────────────────────────────────────────────────────────────────────────────

function encodeSeries(out: ProtoWriter, { labels, samples, histograms, exemplars }: Series): void {
  const pairs = [...labels].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  for (const pair of pairs) encodeLabel(out, pair);
  for (const { timestampMs, value } of samples) {
    out.message(2, () => {
      if (value === undefined) out.doubleWords(1, STALE_NAN_LOW, STALE_NAN_HIGH);
      else out.double(1, value);
      out.int(2, timestampMs);
    });
  }
  for (const exemplar of exemplars) {
    out.message(3, () => {
      for (const pair of exemplar.labels) encodeLabel(out, pair);
      out.double(2, exemplar.value);
      out.int(3, exemplar.timestampMs);
    });
  }
  for (const histogram of histograms) out.message(4, () => encodeHistogram(out, histogram));
}

function encodeLabel(out: ProtoWriter, [name, value]: readonly [string, string]): void {
  out.message(1, () => {
    out.text(1, name);
    out.text(2, value);
  });
}

function encodeHistogram(out: ProtoWriter, histogram: NativeHistogram): void {
  const { totals, positive, negative } = histogram;
  out.intAlways(1, totals?.count ?? 0);
  if (totals === undefined) out.doubleWords(3, STALE_NAN_LOW, STALE_NAN_HIGH);
  else out.double(3, totals.sum);
  out.sint(4, histogram.schema);
  out.double(5, histogram.zeroThreshold);
  out.intAlways(6, histogram.zeroCount);
  encodeLayout(out, negative, 8);
  encodeLayout(out, positive, 11);
  if (histogram.isGauge) out.int(14, GAUGE_HINT);
  out.int(15, histogram.timestampMs);
  out.packedDoubles(16, histogram.customValues);
}

/** Spans in `field`, differences in the next one. */
function encodeLayout(out: ProtoWriter, { spans, deltas }: Layout, field: number): void {
  for (const { offset, length } of spans) {
    out.message(field, () => {
      out.sint(1, offset);
      out.int(2, length);
    });
  }
  out.packedSints(field + 1, deltas);
}

function dropped(message: string): VestalError {
  return new VestalError("OTLP_DROPPED", message);
}

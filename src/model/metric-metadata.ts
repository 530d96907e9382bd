/** What is known of a metric beside its samples, and the numbers that log records use for types. */

/** In the order of their numbers in Prometheus' log records. */
const METRIC_TYPES = [
  "unknown",
  "counter",
  "gauge",
  "histogram",
  "gaugehistogram",
  "summary",
  "info",
  "stateset",
] as const;

export type MetricType = (typeof METRIC_TYPES)[number];

export interface SeriesMetadata {
  readonly type: MetricType;
  readonly unit: string;
  readonly help: string;
}

export function metricTypeNumber(type: MetricType): number {
  return METRIC_TYPES.indexOf(type);
}

/** Of a text that names no type: "unknown". */
export function metricTypeNamed(text: string): MetricType {
  return METRIC_TYPES.find((type) => type === text) ?? "unknown";
}

/** Of a number that no version of Prometheus writes: "unknown", as there. */
export function metricTypeOf(number: number): MetricType {
  return METRIC_TYPES[number] ?? "unknown";
}

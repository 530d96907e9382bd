/**
 * Metric families to the text format 0.0.4 or OpenMetrics 1.0, as Prometheus' client library writes them: for our own
 * `/metrics`.
 */
import { isLegacyLabelName } from "../model/index.js";
import { formatGoFloat, formatOpenMetricsFloat } from "./go-float.js";

export type MetricType = "counter" | "gauge" | "histogram" | "summary" | "untyped";
export type WrittenFormat = "text" | "openmetrics";

export interface WrittenSample {
  /** What the sample's name has behind the family's. */
  readonly suffix?: "_bucket" | "_sum" | "_count";
  /** In the order in which they are written. A number (`le`, `quantile`) is formatted as the format wants it. */
  readonly labels: readonly (readonly [name: string, value: string | number])[];
  readonly value: number;
  readonly timestampMs?: number;
}

export interface MetricFamily {
  /** As in the text format: a counter's name has its `_total`. */
  readonly name: string;
  readonly help: string;
  readonly type: MetricType;
  readonly samples: readonly WrittenSample[];
}

const CONTENT_TYPES: Readonly<Record<WrittenFormat, string>> = {
  text: "text/plain; version=0.0.4; charset=utf-8",
  openmetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8",
};

export function contentTypeOf(format: WrittenFormat): string {
  return CONTENT_TYPES[format];
}

/** The format to answer a scrape's `Accept` header with: OpenMetrics where it is preferred to text. */
export function formatFor(accept: string): WrittenFormat {
  let format: WrittenFormat = "text";
  let best = 0;
  for (const part of accept.split(",")) {
    const [type = "", ...parameters] = part.split(";").map((piece) => piece.trim().toLowerCase());
    const quality = Number(parameters.find((parameter) => parameter.startsWith("q="))?.slice(2) ?? "1");
    const version = parameters.find((parameter) => parameter.startsWith("version="))?.slice(8);
    const offered = offeredFor(type, version);
    if (offered === undefined || !(quality > best)) continue;
    best = quality;
    format = offered;
  }
  return format;
}

function offeredFor(type: string, version: string | undefined): WrittenFormat | undefined {
  if (type === "application/openmetrics-text") {
    return version === undefined || version === "1.0.0" || version === "0.0.1" ? "openmetrics" : undefined;
  }
  if (type === "text/plain") return version === undefined || version === "0.0.4" ? "text" : undefined;
  return type === "*/*" || type === "text/*" ? "text" : undefined;
}

export function writeExposition(families: Iterable<MetricFamily>, format: WrittenFormat): string {
  const parts: string[] = [];
  for (const family of families) writeFamily(parts, family, format === "openmetrics");
  if (format === "openmetrics") parts.push("# EOF\n");
  return parts.join("");
}

function writeFamily(parts: string[], family: MetricFamily, isOpenMetrics: boolean): void {
  const isCounter = isOpenMetrics && family.type === "counter";
  const familyName = isCounter ? family.name.replace(/_total$/, "") : family.name;
  const sampleName = isCounter ? `${familyName}_total` : family.name;
  const shown = isMetricName(familyName) ? familyName : quoted(familyName);
  const type = isOpenMetrics && family.type === "untyped" ? "unknown" : family.type;
  const help = isOpenMetrics ? escapeValue(family.help) : escapeHelp(family.help);
  parts.push(`# HELP ${shown} ${help}\n# TYPE ${shown} ${type}\n`);
  for (const sample of family.samples) {
    const series = seriesText(`${sampleName}${sample.suffix ?? ""}`, sample.labels, isOpenMetrics);
    parts.push(`${series} ${valueText(sample, isOpenMetrics)}${timeText(sample, isOpenMetrics)}\n`);
  }
}

function seriesText(name: string, labels: WrittenSample["labels"], isOpenMetrics: boolean): string {
  const pairs = labels.map(([label, value]) => {
    const shown =
      typeof value === "string" ? value : isOpenMetrics ? formatOpenMetricsFloat(value) : formatGoFloat(value);
    return `${isLegacyLabelName(label) ? label : quoted(label)}=${quoted(shown)}`;
  });
  if (!isMetricName(name)) return `{${[quoted(name), ...pairs].join(",")}}`;
  return pairs.length === 0 ? name : `${name}{${pairs.join(",")}}`;
}

/** In OpenMetrics counts of observations are integers, all other values have a point or an exponent. */
function valueText(sample: WrittenSample, isOpenMetrics: boolean): string {
  if (!isOpenMetrics) return sample.value === 0 ? "0" : formatGoFloat(sample.value); // the sign of zero is not written
  const isCount = sample.suffix === "_bucket" || sample.suffix === "_count";
  return isCount && Number.isSafeInteger(sample.value) ? String(sample.value) : formatOpenMetricsFloat(sample.value);
}

function timeText(sample: WrittenSample, isOpenMetrics: boolean): string {
  if (sample.timestampMs === undefined) return "";
  return isOpenMetrics ? ` ${formatOpenMetricsFloat(sample.timestampMs / 1000)}` : ` ${sample.timestampMs}`;
}

function isMetricName(name: string): boolean {
  return /^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(name);
}

function quoted(text: string): string {
  return `"${escapeValue(text)}"`;
}

function escapeValue(text: string): string {
  return /[\\\n"]/.test(text) ? escapeHelp(text).replaceAll('"', '\\"') : text;
}

function escapeHelp(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}

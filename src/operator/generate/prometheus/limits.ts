/** Limits of scrapes: those of monitors, of the Prometheus, and the enforced ones. */
import { quantityValue, sizeBytes } from "../quantity.js";
import { type Mapping, nonEmpty, nonEmptyList } from "../value.js";
import type { CommonSpec, PrometheusContext } from "./context.js";

interface MonitorLimits {
  readonly sampleLimit?: number;
  readonly targetLimit?: number;
  readonly labelLimit?: number;
  readonly labelNameLengthLimit?: number;
  readonly labelValueLengthLimit?: number;
  readonly keepDroppedTargets?: number;
}

interface Limit {
  readonly field: keyof MonitorLimits;
  readonly enforcedField: keyof CommonSpec;
  readonly key: string;
  /** First version that knows it in a job. */
  readonly since: string;
  /** First version that knows it in the global section. */
  readonly globalSince: string;
}

const limit = (field: keyof MonitorLimits, key: string, since: string, globalSince = "2.45.0"): Limit => ({
  field,
  enforcedField: `enforced${field.charAt(0).toUpperCase()}${field.slice(1)}` as keyof CommonSpec,
  key,
  since,
  globalSince,
});

const LIMITS: readonly Limit[] = [
  limit("sampleLimit", "sample_limit", "0.0.0"),
  limit("targetLimit", "target_limit", "2.21.0"),
  limit("labelLimit", "label_limit", "2.27.0"),
  limit("labelNameLengthLimit", "label_name_length_limit", "2.27.0"),
  limit("labelValueLengthLimit", "label_value_length_limit", "2.27.0"),
  limit("keepDroppedTargets", "keep_dropped_targets", "2.47.0", "2.47.0"),
];

function enforcedOf(spec: CommonSpec, { enforcedField }: Limit): number {
  return Number(spec[enforcedField] ?? 0);
}

/** The smaller of a monitor's limit and the enforced one. Since 2.45 the global section holds for jobs without one. */
export function jobLimits({ spec, gate, version }: PrometheusContext, monitor: MonitorLimits): Mapping {
  const out: { [key: string]: number | undefined } = {};
  for (const entry of LIMITS) {
    const own = monitor[entry.field];
    const enforced = enforcedOf(spec, entry);
    const inherited = version.isAtLeast("2.45.0") ? undefined : enforced;
    const value = enforced === 0 ? own : own === undefined || own === 0 ? inherited : Math.min(own, enforced);
    out[entry.key] = gate.since(entry.since, value);
  }
  return out;
}

export function globalLimits({ spec, gate }: PrometheusContext): Mapping {
  const out: { [key: string]: number | string | undefined } = {
    body_size_limit: gate.since("2.45.0", spec.bodySizeLimit ?? nonEmpty(spec.enforcedBodySizeLimit)),
  };
  for (const entry of LIMITS) {
    const own = spec[entry.field] ?? 0;
    const enforced = enforcedOf(spec, entry);
    const value =
      own > 0 && enforced > 0 ? Math.min(own, enforced) : own > 0 ? own : enforced > 0 ? enforced : undefined;
    out[entry.key] = gate.since(entry.globalSince, value);
  }
  return out;
}

/** The smaller of two body sizes. */
export function jobBodySize({ spec, gate }: PrometheusContext, own: string | undefined): Mapping {
  const enforced = nonEmpty(spec.enforcedBodySizeLimit);
  const wanted = nonEmpty(own);
  const isOver = wanted !== undefined && enforced !== undefined && sizeBytes(wanted) > sizeBytes(enforced);
  return { body_size_limit: gate.since("2.28.0", isOver ? enforced : (wanted ?? enforced)) };
}

interface HistogramFields {
  readonly scrapeNativeHistograms?: boolean;
  readonly nativeHistogramBucketLimit?: number;
  readonly nativeHistogramMinBucketFactor?: number | string;
  readonly scrapeClassicHistograms?: boolean;
  readonly convertClassicHistogramsToNHCB?: boolean;
}

export function nativeHistograms({ gate, version }: PrometheusContext, monitor: HistogramFields): Mapping {
  const factor = monitor.nativeHistogramMinBucketFactor;
  const isThree = version.major === 3;
  return {
    scrape_native_histograms: gate.since("3.8.0", monitor.scrapeNativeHistograms),
    native_histogram_bucket_limit: gate.since("2.45.0", monitor.nativeHistogramBucketLimit),
    native_histogram_min_bucket_factor: gate.since("2.50.0", factor === undefined ? undefined : quantityValue(factor)),
    [isThree ? "always_scrape_classic_histograms" : "scrape_classic_histograms"]: gate.since(
      "2.45.0",
      monitor.scrapeClassicHistograms,
    ),
    convert_classic_histograms_to_nhcb: gate.since("3.0.0", monitor.convertClassicHistogramsToNHCB),
  };
}

export function scrapeProtocols({ gate }: PrometheusContext, protocols: readonly string[] | undefined): Mapping {
  const known = nonEmptyList(protocols)?.filter((name) => name !== "PrometheusText1.0.0" || gate.allows("3.0.0-rc.0"));
  return { scrape_protocols: gate.since("2.49.0", known) };
}

export function fallbackProtocol(
  { gate }: PrometheusContext,
  own: string | undefined,
  inherited: string | undefined,
): Mapping {
  return { fallback_scrape_protocol: gate.since("3.0.0", own ?? inherited) };
}

export function honorLabels({ spec }: PrometheusContext, own: boolean | undefined): Mapping {
  return { honor_labels: spec.overrideHonorLabels ? false : (own ?? false) };
}

export function honorTimestamps({ spec, gate }: PrometheusContext, own: boolean | undefined): Mapping {
  if (own === undefined && !spec.overrideHonorTimestamps) return {};
  return { honor_timestamps: gate.since("2.9.0", (own ?? false) && !spec.overrideHonorTimestamps) };
}

export function trackStaleness({ gate }: PrometheusContext, own: boolean | undefined): Mapping {
  return { track_timestamps_staleness: gate.since("2.48.0", own) };
}

const ESCAPING: Readonly<Record<string, string>> = {
  AllowUTF8: "allow-utf-8",
  Underscores: "underscores",
  Dots: "dots",
  Values: "values",
};

interface NameFields {
  readonly nameValidationScheme?: string;
  readonly nameEscapingScheme?: string;
}

export function nameSchemes({ gate }: PrometheusContext, fields: NameFields): Mapping {
  return {
    metric_name_validation_scheme: gate.since("3.0.0", fields.nameValidationScheme?.toLowerCase()),
    metric_name_escaping_scheme: gate.since("3.4.0", ESCAPING[fields.nameEscapingScheme ?? ""]),
  };
}

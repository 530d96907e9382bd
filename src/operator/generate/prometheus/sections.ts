/** Sections of the configuration that are about the server itself. */
import { posix } from "node:path";
import { parseDuration } from "../../../model/index.js";
import type { PrometheusOtlp, PrometheusSpec, PrometheusTracingConfig } from "../../schema/generated/types.js";
import { at, invalid } from "../invalid.js";
import { quantityValue } from "../quantity.js";
import { lower, type Mapping, nonEmpty, nonEmptyList, sortedKeys, sortedMap } from "../value.js";
import { checkTlsConfig } from "./check-http-client.js";
import type { CommonSpec, PrometheusContext } from "./context.js";
import { type ClientContext, tls } from "./http-client.js";
import { globalLimits, nameSchemes, scrapeProtocols } from "./limits.js";

const LOG_FOLDER = "/var/log/prometheus";
const DEFAULT_RETENTION = "24h";

/** A scrape must end before the next one begins. */
export function checkScrapeTimeout(timeout: string | undefined, interval: string | undefined): void {
  const wanted = nonEmpty(timeout);
  if (wanted === undefined) return;
  const intervalMs = durationMs("scrapeInterval", interval ?? "");
  if (durationMs("scrapeTimeout", wanted) > intervalMs) {
    invalid(`scrapeTimeout ${wanted} is longer than scrapeInterval ${interval ?? ""}`);
  }
}

export function durationMs(field: string, text: string): number {
  try {
    return parseDuration(text);
  } catch {
    return invalid(`${field}: "${text}" is not a duration`);
  }
}

export function globalSection(context: PrometheusContext, server?: PrometheusSpec): Mapping {
  const { spec, gate } = context;
  return {
    scrape_interval: spec.scrapeInterval ?? "",
    scrape_timeout: nonEmpty(spec.scrapeTimeout),
    ...scrapeProtocols(context, spec.scrapeProtocols),
    external_labels: externalLabels(context),
    ...globalLimits(context),
    scrape_failure_log_file: gate.since("2.55.0", logFile(spec.scrapeFailureLogFile)),
    ...nameSchemes(context, spec),
    convert_classic_histograms_to_nhcb: gate.since("3.4.0", spec.convertClassicHistogramsToNHCB),
    always_scrape_classic_histograms: gate.since("3.5.0", spec.scrapeClassicHistograms),
    scrape_native_histograms: gate.since("3.8.0", spec.scrapeNativeHistograms),
    ...(server === undefined
      ? {}
      : {
          evaluation_interval: server.evaluationInterval ?? "",
          rule_query_offset: gate.since("2.53.0", server.ruleQueryOffset),
          query_log_file: gate.since("2.16.0", logFile(nonEmpty(server.queryLogFile))),
        }),
  };
}

/** A bare file name is put into the folder that is a volume. */
function logFile(name: string | undefined): string | undefined {
  return name === undefined || !isInLogFolder(name) ? name : posix.join(LOG_FOLDER, name);
}

export function isInLogFolder(name: string | undefined): boolean {
  return name !== undefined && name !== "" && posix.basename(name) === name;
}

/** Labels that say who sent a series. A user's label of such a name does not count. */
function externalLabels({ spec, namespace, name, options }: PrometheusContext): Mapping {
  const reserved: { [label: string]: string } = {};
  const set = (label: string, value: string) => {
    if (label !== "") reserved[label] = value;
  };
  set(spec.prometheusExternalLabelName ?? "prometheus", `${namespace}/${name}`);
  set(spec.replicaExternalLabelName ?? "prometheus_replica", "$(POD_NAME)");
  const { mode, topology } = spec.shardingStrategy ?? {};
  if (options.hasTopologySharding && mode === "Topology" && topology !== undefined) {
    set(topology.externalLabelName ?? "zone", "$(TOPOLOGY_ZONE)");
  }
  return sortedMap({ ...spec.externalLabels, ...reserved }) ?? {};
}

export function runtimeSection({ spec, gate }: PrometheusContext): Mapping | undefined {
  return spec.runtime === undefined ? undefined : gate.since("2.53.0", { gogc: spec.runtime.goGC });
}

export function ruleFiles(configMaps: readonly string[], spec: PrometheusSpec): readonly string[] | undefined {
  if (spec.ruleSelector === undefined) return undefined;
  return configMaps.map((name) => posix.join("/etc/prometheus/rules", name, "*.yaml"));
}

export function retentionTime({ retention, retentionSize }: PrometheusSpec): string | undefined {
  return nonEmpty(retention) ?? (nonEmpty(retentionSize) === undefined ? DEFAULT_RETENTION : undefined);
}

export function serverStorage(context: PrometheusContext, spec: PrometheusSpec): Mapping | undefined {
  const { gate } = context;
  checkTsdb(spec);
  const maxExemplars = spec.exemplars?.maxSize;
  const tsdb: Mapping = {
    ...tsdbFields(context, "2.39.0"),
    retention: gate.since("3.11.0", { time: retentionTime(spec), size: nonEmpty(spec.retentionSize) }),
  };
  const storage: Mapping = {
    exemplars: maxExemplars === undefined ? undefined : { max_exemplars: maxExemplars },
    tsdb: hasAny(tsdb) ? tsdb : undefined,
  };
  return hasAny(storage) ? gate.since("2.29.0", storage) : undefined;
}

/** An agent keeps nothing but the log of what it has yet to send. */
export function agentStorage(context: PrometheusContext): Mapping | undefined {
  checkTsdb(context.spec);
  const tsdb = tsdbFields(context, "2.54.0");
  return hasAny(tsdb) ? { tsdb } : undefined;
}

function tsdbFields({ spec, gate }: PrometheusContext, outOfOrderSince: string): Mapping {
  const { outOfOrderTimeWindow, staleSeriesCompactionThreshold: threshold, chunkEncoding } = spec.tsdb ?? {};
  return {
    out_of_order_time_window: gate.since(outOfOrderSince, outOfOrderTimeWindow),
    stale_series_compaction_threshold: gate.since(
      "3.10.0",
      threshold === undefined ? undefined : quantityValue(threshold),
    ),
    chunk_encoding:
      chunkEncoding?.floats === undefined
        ? undefined
        : gate.since("3.13.0", { floats: chunkEncoding.floats.toLowerCase() }),
  };
}

function checkTsdb({ tsdb, enableFeatures }: CommonSpec): void {
  checkFraction("tsdb.staleSeriesCompactionThreshold", tsdb?.staleSeriesCompactionThreshold);
  if (tsdb?.chunkEncoding?.floats === "Xor" && enableFeatures?.includes("st-storage")) {
    invalid("tsdb.chunkEncoding: Xor chunks hold no start timestamps, which the feature st-storage needs");
  }
}

function checkFraction(field: string, quantity: number | string | undefined): void {
  if (quantity === undefined) return;
  const value = quantityValue(quantity);
  if (!(value >= 0 && value <= 1)) invalid(`${field}: ${quantity} is not between 0 and 1`);
}

function hasAny(mapping: Mapping): boolean {
  return Object.values(mapping).some((value) => value !== undefined);
}

/** First version that knows a translation strategy. */
const STRATEGY_SINCE: Readonly<Record<string, string>> = {
  NoTranslation: "3.4.0",
  UnderscoreEscapingWithoutSuffixes: "3.6.0",
};

export function otlpSection(context: PrometheusContext): Mapping | undefined {
  const { spec, gate } = context;
  const { otlp } = spec;
  if (otlp === undefined) return undefined;
  checkOtlp(context, otlp);
  const section: Mapping = {
    promote_resource_attributes: gate.since("2.55.0", nonEmptyList(otlp.promoteResourceAttributes)),
    translation_strategy: gate.since("3.0.0", otlp.translationStrategy),
    keep_identifying_resource_attributes: gate.since("3.1.0", otlp.keepIdentifyingResourceAttributes),
    convert_histograms_to_nhcb: gate.since("3.4.0", otlp.convertHistogramsToNHCB),
    promote_all_resource_attributes: gate.since("3.5.0", otlp.promoteAllResourceAttributes),
    ignore_resource_attributes: gate.since("3.5.0", nonEmptyList(otlp.ignoreResourceAttributes)),
    promote_scope_metadata: gate.since("3.6.0", otlp.promoteScopeMetadata),
    label_name_underscore_sanitization: gate.since("3.8.0", otlp.labelNameUnderscoreSanitization),
    label_name_preserve_multiple_underscores: gate.since("3.8.0", otlp.labelNamePreserveMultipleUnderscores),
  };
  return hasAny(section) ? section : undefined;
}

function checkOtlp({ spec, version }: PrometheusContext, otlp: PrometheusOtlp): void {
  const strategy = otlp.translationStrategy ?? "";
  const since = STRATEGY_SINCE[strategy];
  if (version.isBelow("2.55.0")) invalid("otlp: needs Prometheus 2.55.0 or later");
  if (strategy === "NoUTF8EscapingWithSuffixes" && spec.nameValidationScheme === "Legacy") {
    invalid(`otlp.translationStrategy: ${strategy} makes names that nameValidationScheme Legacy does not allow`);
  }
  if (since !== undefined && version.isBelow(since)) {
    invalid(`otlp.translationStrategy: ${strategy} needs Prometheus ${since} or later`);
  }
  if (version.isBelow("3.5.0")) return;
  const promotesAll = otlp.promoteAllResourceAttributes === true;
  if (promotesAll && nonEmptyList(otlp.promoteResourceAttributes) !== undefined) {
    invalid("otlp: promoteAllResourceAttributes and promoteResourceAttributes exclude each other");
  }
  if (!promotesAll && nonEmptyList(otlp.ignoreResourceAttributes) !== undefined) {
    invalid("otlp: ignoreResourceAttributes needs promoteAllResourceAttributes");
  }
}

export function tracingSection(
  client: ClientContext,
  tracing: PrometheusTracingConfig | undefined,
): Mapping | undefined {
  if (tracing === undefined) return undefined;
  at("tracingConfig.tlsConfig", () => checkTlsConfig(tracing.tlsConfig));
  checkFraction("tracingConfig.samplingFraction", tracing.samplingFraction);
  return {
    endpoint: tracing.endpoint ?? "",
    client_type: lower(tracing.clientType),
    sampling_fraction: tracing.samplingFraction === undefined ? undefined : quantityValue(tracing.samplingFraction),
    insecure: tracing.insecure,
    headers: sortedKeys(tracing.headers).length > 0 ? sortedMap(tracing.headers) : undefined,
    compression: lower(tracing.compression),
    timeout: tracing.timeout,
    ...tls(client, tracing.tlsConfig),
  };
}

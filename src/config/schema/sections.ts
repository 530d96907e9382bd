/** The smaller sections: alerting, storage, tracing, otlp, runtime. */
import { quoteGo } from "../../model/index.js";
import {
  bool,
  bytes,
  checked,
  duration,
  field,
  float,
  initialOf,
  int,
  int64,
  list,
  newer,
  pointer,
  secretMap,
  shown,
  strings,
  struct,
  text,
} from "../shape.js";
import { checkDiscoveries, discoveryFields } from "./discovery.js";
import { finishHttpClient, httpClientFields, refuse, tlsConfig } from "./http-client.js";
import { checkRules, refuseNullRules, rules } from "./relabel.js";
import { checkHeaders, sigv4 } from "./remote.js";

const alertmanager = struct(
  "config.AlertmanagerConfig",
  {
    ...httpClientFields(),
    sigv4: field(pointer(sigv4)),
    scheme: field(text(), "http"),
    path_prefix: field(text()),
    timeout: field(duration(), 10_000),
    api_version: shown(
      checked("config.plain", (version) => {
        if (version !== "v2") refuse(`expected Alertmanager api version to be one of [v2] but got ${version}`);
        return version;
      }),
      "v2",
    ),
    relabel_configs: field(rules()),
    alert_relabel_configs: field(rules()),
    ...discoveryFields,
  },
  (written) => {
    const config = finishHttpClient(written);
    if (config.sigv4 && (config.basic_auth || config.authorization || config.oauth2)) {
      refuse("at most one of basic_auth, authorization, oauth2, & sigv4 must be configured");
    }
    checkDiscoveries(config, (config.relabel_configs ?? []).length > 0);
    refuseNullRules(config.relabel_configs, "empty or null Alertmanager target relabeling rule");
    refuseNullRules(config.alert_relabel_configs, "empty or null Alertmanager alert relabeling rule");
    checkRules(config.relabel_configs);
    checkRules(config.alert_relabel_configs);
    return config;
  },
);

export const alertingSection = struct(
  "config.plain",
  { alert_relabel_configs: field(rules()), alertmanagers: field(list(pointer(alertmanager))) },
  (alerting) => {
    refuseNullRules(alerting.alert_relabel_configs, "empty or null alert relabeling rule");
    checkRules(alerting.alert_relabel_configs);
    return alerting;
  },
);

const retention = struct(
  "config.plain",
  { time: field(duration()), size: field(bytes()), percentage: field(float()) },
  (written) => {
    if (written.size < 0) {
      refuse(`'storage.tsdb.retention.size' must be greater than or equal to 0, got ${written.size}B`);
    }
    if (!(written.percentage >= 0 && written.percentage <= 100)) {
      refuse(`'storage.tsdb.retention.percentage' must be in the range [0, 100], got ${written.percentage}`);
    }
    return written;
  },
);

/** Vestal's own: how long series are kept that a selector matches. */
const retentionRule = struct("config.plain", { match: field(text()), time: field(duration()) }, (written) => {
  if (written.match === "") refuse("a rule of 'storage.tsdb.retention_rules' must have a selector in 'match'");
  if (written.time <= 0) refuse("'time' of a rule of 'storage.tsdb.retention_rules' must be greater than 0");
  return written;
});

const tsdb = struct(
  "config.plain",
  {
    /** Prometheus prints its own translation of the next field too, and reads it, in milliseconds. */
    outofordertimewindow: shown(int64()),
    out_of_order_time_window: field(duration()),
    stale_series_compaction_threshold: newer(float()),
    chunk_encoding: newer(struct("config.ChunkEncodingConfig", { floats: field(text()) })),
    retention: newer(pointer(retention)),
    retention_rules: newer(list(retentionRule)),
  },
  (written) => {
    const { floats } = written.chunk_encoding;
    if (!["", "xor", "xor2"].includes(floats)) {
      refuse(
        "'storage.tsdb.chunk_encoding.floats' must be 'xor' or 'xor2', or the field must be omitted entirely, " +
          `got ${quoteGo(floats)}`,
      );
    }
    return { ...written, outofordertimewindow: written.out_of_order_time_window };
  },
);

export const storageSection = struct("config.StorageConfig", {
  tsdb: field(pointer(tsdb)),
  exemplars: field(pointer(struct("config.ExemplarsConfig", { max_exemplars: field(int64()) }))),
});

export const tracingSection = struct(
  "config.plain",
  {
    client_type: field(
      checked("config.plain", (type) => {
        if (type !== "http" && type !== "grpc") {
          refuse(`expected tracing client type to be to be http or grpc, but got ${type}`);
        }
        return type;
      }),
    ),
    endpoint: field(text()),
    sampling_fraction: field(float()),
    insecure: field(bool()),
    tls_config: field(tlsConfig),
    headers: field(secretMap()),
    compression: field(text()),
    timeout: field(duration()),
  },
  (written) => {
    checkHeaders(written.headers, "custom authorization header configuration is not yet supported");
    if (written.endpoint === "") refuse("tracing endpoint must be set");
    if (written.compression !== "" && written.compression !== "gzip") {
      refuse(`invalid compression type ${written.compression} provided, valid options: gzip`);
    }
    return { ...written, client_type: written.client_type || "grpc" };
  },
);

const TRANSLATIONS = [
  "",
  "UnderscoreEscapingWithSuffixes",
  "UnderscoreEscapingWithoutSuffixes",
  "NoTranslation",
  "NoUTF8EscapingWithSuffixes",
];

export const otlpSection = struct(
  "config.plain",
  {
    promote_all_resource_attributes: field(bool()),
    promote_resource_attributes: field(strings()),
    ignore_resource_attributes: field(strings()),
    translation_strategy: field(text(), "UnderscoreEscapingWithSuffixes"),
    keep_identifying_resource_attributes: field(bool()),
    convert_histograms_to_nhcb: field(bool()),
    promote_scope_metadata: newer(bool()),
    label_name_underscore_sanitization: newer(bool(), true),
    label_name_preserve_multiple_underscores: newer(bool(), true),
  },
  (written) => {
    const { promote_resource_attributes: promoted, ignore_resource_attributes: ignored } = written;
    if (!written.promote_all_resource_attributes) {
      if ((ignored ?? []).length > 0) {
        refuse("'ignore_resource_attributes' cannot be configured unless 'promote_all_resource_attributes' is true");
      }
      return {
        ...written,
        promote_resource_attributes: trimmed(promoted, "promoted", "promote_resource_attributes"),
      };
    }
    if ((promoted ?? []).length > 0) {
      refuse("'promote_all_resource_attributes' and 'promote_resource_attributes' cannot be configured simultaneously");
    }
    return { ...written, ignore_resource_attributes: trimmed(ignored, "ignored", "ignore_resource_attributes") };
  },
);
export const DEFAULT_OTLP = initialOf(otlpSection);

/** Refused after the whole file is read, as it depends on `global`. */
export function checkTranslation(strategy: string, validation: string): void {
  if (!TRANSLATIONS.includes(strategy)) refuse(`unsupported OTLP translation strategy ${quoteGo(strategy)}`);
  if ((strategy === "NoTranslation" || strategy === "NoUTF8EscapingWithSuffixes") && validation === "legacy") {
    refuse(`OTLP translation strategy ${quoteGo(strategy)} is not allowed when UTF8 is disabled`);
  }
}

function trimmed(attributes: readonly string[] | undefined, adjective: string, key: string) {
  const problems: string[] = [];
  const seen = new Set<string>();
  for (const written of attributes ?? []) {
    const attribute = written.trim();
    if (attribute === "") problems.push(`empty ${adjective} OTel resource attribute`);
    else if (seen.has(attribute)) {
      problems.push(`duplicated ${adjective} OTel resource attribute ${quoteGo(attribute)}`);
    } else seen.add(attribute);
  }
  if (problems.length > 0) refuse(`invalid '${key}': ${problems.join("\n")}`);
  return attributes?.map((attribute) => attribute.trim());
}

export const runtimeSection = struct("config.RuntimeConfig", { gogc: field(int(), 75) });

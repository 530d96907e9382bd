/** `scrape_configs` and `global`: what is scraped, how often, and what a job inherits. */
import { quoteGo } from "../../model/index.js";
import { quoteBytes } from "../decode.js";
import {
  bool,
  bytes,
  checked,
  duration,
  field,
  float,
  list,
  map,
  maybeBool,
  newer,
  path,
  type Shape,
  shown,
  stringMap,
  strings,
  struct,
  text,
  uint,
} from "../shape.js";
import { checkDiscoveries, discoveryFields } from "./discovery.js";
import { finishHttpClient, httpClientFields, refuse } from "./http-client.js";
import { checkRules, refuseNullRules, rules } from "./relabel.js";

const SCRAPE_PROTOCOLS = [
  "PrometheusProto",
  "OpenMetricsText1.0.0",
  "OpenMetricsText0.0.1",
  "PrometheusText1.0.0",
  "PrometheusText0.0.4",
] as const;
export type ScrapeProtocol = (typeof SCRAPE_PROTOCOLS)[number];

export const DEFAULT_SCRAPE_PROTOCOLS: readonly ScrapeProtocol[] = SCRAPE_PROTOCOLS.slice(1);

const ESCAPING_SCHEMES = ["allow-utf-8", "underscores", "dots", "values"] as const;
export type EscapingScheme = (typeof ESCAPING_SCHEMES)[number];

const DEFAULT_INTERVAL_MS = 60_000;
const DEFAULT_TIMEOUT_MS = 10_000;

const validation = (whose: "global" | "scrape config"): Shape<string> =>
  checked("string", (scheme) => {
    if (!["", "legacy", "utf8"].includes(scheme)) {
      refuse(`unknown ${whose} name validation method specified, must be either 'legacy' or 'utf8', got ${scheme}`);
    }
    return scheme;
  });

const protocols = () => list(text({ goType: "config.ScrapeProtocol" }));

/** Limits that a job inherits where it has none. */
const limitFields = {
  body_size_limit: field(bytes()),
  sample_limit: field(uint()),
  target_limit: field(uint()),
  label_limit: field(uint()),
  label_name_length_limit: field(uint()),
  label_value_length_limit: field(uint()),
};

const globalFields = {
  scrape_interval: field(duration()),
  scrape_timeout: field(duration()),
  scrape_protocols: field(protocols()),
  evaluation_interval: field(duration()),
  rule_query_offset: field(duration()),
  query_log_file: field(path()),
  scrape_failure_log_file: field(path()),
  external_labels: field(stringMap()),
  ...limitFields,
  keep_dropped_targets: field(uint()),
  metric_name_validation_scheme: field(validation("global")),
  metric_name_escaping_scheme: field(text()),
  scrape_native_histograms: newer(maybeBool()),
  convert_classic_histograms_to_nhcb: field(bool()),
  always_scrape_classic_histograms: field(bool()),
  extra_scrape_metrics: newer(maybeBool()),
};

export const globalSection = struct("config.plain", globalFields, (written) => {
  for (const [name, value] of Object.entries(written.external_labels ?? {})) {
    if (name === "" || /\p{Cs}/u.test(name)) refuse(`${quoteBytes(name)} is not a valid label name`);
    if (/\p{Cs}/u.test(value)) refuse(`${quoteBytes(value)} is not a valid label value`);
  }
  const interval = written.scrape_interval || DEFAULT_INTERVAL_MS;
  if (written.scrape_timeout > interval) refuse("global scrape timeout greater than scrape interval");
  if (written.scrape_protocols !== undefined) checkProtocols(written.scrape_protocols, "global config");
  return {
    ...written,
    scrape_interval: interval,
    scrape_timeout: written.scrape_timeout || Math.min(DEFAULT_TIMEOUT_MS, interval),
    evaluation_interval: written.evaluation_interval || DEFAULT_INTERVAL_MS,
  };
});
export type GlobalSection = typeof globalSection.zero;

/** The settings without a `global` section, or with an empty one. */
export const DEFAULT_GLOBAL: GlobalSection = {
  ...globalSection.zero,
  scrape_interval: DEFAULT_INTERVAL_MS,
  scrape_timeout: DEFAULT_TIMEOUT_MS,
  evaluation_interval: DEFAULT_INTERVAL_MS,
};

export const scrapeSection = struct(
  "config.ScrapeConfig",
  {
    job_name: shown(text()),
    honor_labels: field(bool()),
    honor_timestamps: shown(bool(), true),
    track_timestamps_staleness: shown(bool()),
    params: field(map(strings(), { goType: "url.Values" })),
    scrape_interval: field(duration()),
    scrape_timeout: field(duration()),
    scrape_protocols: field(protocols()),
    fallback_scrape_protocol: field(text({ goType: "config.ScrapeProtocol" })),
    scrape_native_histograms: newer(maybeBool()),
    always_scrape_classic_histograms: shown(maybeBool()),
    convert_classic_histograms_to_nhcb: shown(maybeBool()),
    scrape_failure_log_file: field(path()),
    metrics_path: field(text(), "/metrics"),
    scheme: field(text(), "http"),
    enable_compression: shown(bool(), true),
    ...limitFields,
    native_histogram_bucket_limit: field(uint()),
    native_histogram_min_bucket_factor: field(float()),
    keep_dropped_targets: field(uint()),
    metric_name_validation_scheme: field(validation("scrape config")),
    metric_name_escaping_scheme: field(text()),
    extra_scrape_metrics: newer(maybeBool()),
    ...httpClientFields(),
    relabel_configs: field(rules()),
    metric_relabel_configs: field(rules()),
    ...discoveryFields,
  },
  (written) => {
    if (written.job_name === "") refuse("job_name is empty");
    const job = finishHttpClient(written);
    refuseNullRules(job.relabel_configs, "empty or null target relabeling rule in scrape config");
    refuseNullRules(job.metric_relabel_configs, "empty or null metric relabeling rule in scrape config");
    checkDiscoveries(job, (job.relabel_configs ?? []).length > 0);
    checkRules(job.relabel_configs);
    checkRules(job.metric_relabel_configs);
    return job;
  },
);
export type ScrapeSection = typeof scrapeSection.zero & {
  /** Set by `inheritGlobal`: nothing in the file says which protocols, so that a flag may choose others. */
  readonly hasDefaultProtocols?: boolean;
};

/** The job with everything that it inherits. @throws VestalError CONFIG */
export function inheritGlobal(job: ScrapeSection, global: GlobalSection): ScrapeSection {
  const interval = job.scrape_interval || global.scrape_interval;
  if (job.scrape_timeout > interval) {
    refuse(`scrape timeout greater than scrape interval for scrape config with job name ${quoteGo(job.job_name)}`);
  }
  const isNative = job.scrape_native_histograms ?? global.scrape_native_histograms ?? false;
  const ownDefault = isNative ? SCRAPE_PROTOCOLS : DEFAULT_SCRAPE_PROTOCOLS;
  const scrapeProtocols = job.scrape_protocols ?? global.scrape_protocols ?? ownDefault;
  checkProtocols(scrapeProtocols, `scrape config with job name ${quoteGo(job.job_name)}`);
  if (job.fallback_scrape_protocol !== "") {
    const problem = unknownProtocol(job.fallback_scrape_protocol);
    if (problem) {
      refuse(`invalid fallback_scrape_protocol for scrape config with job name ${quoteGo(job.job_name)}: ${problem}`);
    }
  }
  return {
    ...job,
    ...inheritNames(job, global),
    scrape_interval: interval,
    scrape_timeout: job.scrape_timeout || Math.min(global.scrape_timeout, interval),
    scrape_protocols: scrapeProtocols,
    hasDefaultProtocols: scrapeProtocols === ownDefault,
    body_size_limit: job.body_size_limit || global.body_size_limit,
    sample_limit: job.sample_limit || global.sample_limit,
    target_limit: job.target_limit || global.target_limit,
    label_limit: job.label_limit || global.label_limit,
    label_name_length_limit: job.label_name_length_limit || global.label_name_length_limit,
    label_value_length_limit: job.label_value_length_limit || global.label_value_length_limit,
    keep_dropped_targets: job.keep_dropped_targets || global.keep_dropped_targets,
    scrape_failure_log_file: job.scrape_failure_log_file || global.scrape_failure_log_file,
    scrape_native_histograms: job.scrape_native_histograms ?? global.scrape_native_histograms,
    extra_scrape_metrics: job.extra_scrape_metrics ?? global.extra_scrape_metrics,
    convert_classic_histograms_to_nhcb:
      job.convert_classic_histograms_to_nhcb ?? global.convert_classic_histograms_to_nhcb,
    always_scrape_classic_histograms: job.always_scrape_classic_histograms ?? global.always_scrape_classic_histograms,
  };
}

/** Which names are valid, and which escaping is asked of targets; an escaping that is not set follows the validation. */
function inheritNames(job: ScrapeSection, global: GlobalSection) {
  const globalValidation = global.metric_name_validation_scheme || "utf8";
  const escapingOf = (scheme: string): string => (scheme === "legacy" ? "underscores" : "allow-utf-8");
  const allowed = "must be one of 'allow-utf-8', 'underscores', 'dots', or 'values'";
  const globalEscaping = global.metric_name_escaping_scheme || escapingOf(globalValidation);
  if (!isEscaping(globalEscaping)) {
    refuse(`unknown global name escaping method specified, ${allowed}, got ${quoteGo(globalEscaping)}`);
  }
  const own = job.metric_name_validation_scheme;
  const nameValidation = own || globalValidation;
  const inherited = own === "" ? globalEscaping : escapingOf(own);
  const escaping = job.metric_name_escaping_scheme || inherited;
  if (!isEscaping(escaping)) {
    refuse(`unknown scrape config name escaping method specified, ${allowed}, got ${quoteGo(escaping)}`);
  }
  if (escaping === "allow-utf-8" && nameValidation !== "utf8") {
    refuse("utf8 metric names requested but validation scheme is not set to UTF8");
  }
  return { metric_name_validation_scheme: nameValidation, metric_name_escaping_scheme: escaping };
}

function isEscaping(scheme: string): boolean {
  return ESCAPING_SCHEMES.some((known) => known === scheme);
}

function checkProtocols(written: readonly string[], where: string): void {
  if (written.length === 0) refuse(`scrape_protocols cannot be empty for ${where}`);
  const seen = new Set<string>();
  for (const protocol of written) {
    if (seen.has(protocol.toLowerCase())) {
      refuse(`duplicated protocol in scrape_protocols, got [${written.join(" ")}] for ${where}`);
    }
    const problem = unknownProtocol(protocol);
    if (problem) refuse(`scrape_protocols: ${problem} for ${where}`);
    seen.add(protocol.toLowerCase());
  }
}

function unknownProtocol(protocol: string): string | undefined {
  if (SCRAPE_PROTOCOLS.some((known) => known === protocol)) return undefined;
  return `unknown scrape protocol ${protocol}, supported: [${[...SCRAPE_PROTOCOLS].sort().join(" ")}]`;
}

/** The job of a ScrapeConfig. */
import type { ScrapeConfig, ScrapeConfigSpec } from "../../schema/generated/types.js";
import type { AssetStore } from "../store.js";
import { lower, type Mapping, nonEmptyList, sortedMap } from "../value.js";
import { type PrometheusContext, shardCount } from "./context.js";
import { authorization, basicAuth, mergeAuthorization, mergeSafeTls, oauth2, proxy, tls } from "./http-client.js";
import {
  fallbackProtocol,
  honorLabels,
  honorTimestamps,
  jobBodySize,
  jobLimits,
  nameSchemes,
  nativeHistograms,
  scrapeProtocols,
  trackStaleness,
} from "./limits.js";
import { type Job, jobOf, metricRelabelConfigs } from "./monitor.js";
import { enforceInRelabelConfigs } from "./namespace-label.js";
import { KEEP_JOB_NAME, relabelConfigs } from "./relabel.js";
import { discoveries } from "./service-discovery.js";
import { shardingStepsIfMissing } from "./sharding.js";

/** @throws InvalidConfigurationError if a credential of a service discovery cannot be read. */
export function scrapeConfigJob(context: PrometheusContext, config: ScrapeConfig, assets: AssetStore): Mapping {
  const spec = config.spec ?? {};
  const job = jobOf(context, config, assets, spec.scrapeClass);
  const { client, scrapeClass } = job;
  return {
    job_name: `scrapeConfig/${job.namespace}/${job.name}`,
    ...(spec.honorTimestamps === undefined ? {} : honorTimestamps(context, spec.honorTimestamps)),
    ...trackStaleness(context, spec.trackTimestampsStaleness),
    ...(spec.honorLabels === undefined ? {} : honorLabels(context, spec.honorLabels)),
    metrics_path: spec.metricsPath,
    params: sortedMap(spec.params),
    enable_compression: client.gate.since("2.49.0", spec.enableCompression),
    enable_http2: client.gate.since("2.35.0", spec.enableHTTP2),
    scrape_interval: spec.scrapeInterval,
    scrape_timeout: spec.scrapeTimeout,
    ...scrapeProtocols(context, spec.scrapeProtocols),
    ...fallbackProtocol(context, spec.fallbackScrapeProtocol, scrapeClass.fallbackScrapeProtocol),
    scheme: lower(spec.scheme),
    ...proxy(client, spec),
    ...basicAuth(client, spec.basicAuth),
    ...authorization(client, mergeAuthorization(spec.authorization, scrapeClass)),
    ...oauth2(client, spec.oauth2),
    ...tls(client, mergeSafeTls(spec.tlsConfig, scrapeClass)),
    ...jobLimits(context, spec),
    ...nativeHistograms(context, spec),
    ...jobBodySize(context, spec.bodySizeLimit),
    ...discoveries(client, spec),
    relabel_configs: steps(job, spec),
    ...metricRelabelConfigs(job, spec.metricRelabelings),
    ...nameSchemes(context, spec),
  };
}

function steps(job: Job, spec: ScrapeConfigSpec): Mapping[] {
  const { context, monitor, scrapeClass } = job;
  const own = nonEmptyList(spec.relabelings);
  const out: Mapping[] = [
    KEEP_JOB_NAME,
    ...relabelConfigs(scrapeClass.relabelings),
    ...(spec.jobName === undefined ? [] : [{ target_label: "job", action: "replace", replacement: spec.jobName }]),
    ...(own === undefined ? [] : relabelConfigs(enforceInRelabelConfigs(context.spec, monitor, own))),
  ];
  const shards = shardCount(context.spec);
  return shards === 1 ? out : [...out, ...shardingStepsIfMissing(context, shards, out)];
}

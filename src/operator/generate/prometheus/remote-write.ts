/** The `remote_write` section. */
import type { PrometheusRemoteWrite, PrometheusRemoteWriteAzureAd } from "../../schema/generated/types.js";
import { type Mapping, nonEmpty, nonEmptyList, nonZero, sortedMap } from "../value.js";
import { authorization, basicAuth, type ClientContext, oauth2, proxy, sigv4, tls } from "./http-client.js";
import { relabelConfigs } from "./relabel.js";

export function remoteWriteConfigs(client: ClientContext, specs: readonly PrometheusRemoteWrite[]): Mapping[] {
  return specs.map((spec) => remoteWrite(client, spec));
}

/** Names of the protocol versions as Prometheus writes them. */
export function protobufMessage(version: string | undefined): string {
  return version === "V2.0" ? "io.prometheus.write.v2.Request" : "prometheus.WriteRequest";
}

function remoteWrite(client: ClientContext, spec: PrometheusRemoteWrite): Mapping {
  const { gate } = client;
  return {
    url: spec.url ?? "",
    remote_timeout: spec.remoteTimeout,
    headers: gate.since("2.15.0", sortedMap(spec.headers)),
    name: gate.since("2.15.0", nonEmpty(spec.name)),
    protobuf_message:
      spec.messageVersion === undefined ? undefined : gate.since("2.54.0", protobufMessage(spec.messageVersion)),
    send_exemplars: gate.since("2.27.0", spec.sendExemplars),
    send_native_histograms: gate.since("2.40.0", spec.sendNativeHistograms),
    write_relabel_configs: nonEmptyList(relabelConfigs(spec.writeRelabelConfigs)),
    ...basicAuth(client, spec.basicAuth),
    bearer_token: nonEmpty(spec.bearerToken),
    bearer_token_file: nonEmpty(spec.bearerTokenFile),
    ...oauth2(client, spec.oauth2),
    ...tls(client, spec.tlsConfig),
    ...authorization(client, spec.authorization),
    ...proxy(client, spec),
    ...gate.since("2.26.0", sigv4(client, spec.sigv4)),
    azuread: gate.since("2.45.0", azureAd(client, spec.azureAd)),
    follow_redirects: gate.since("2.26.0", spec.followRedirects),
    enable_http2: gate.since("2.35.0", spec.enableHTTP2),
    queue_config: queueConfig(client, spec),
    metadata_config: gate.since("2.23.0", metadataConfig(client, spec)),
    round_robin_dns: gate.since("3.1.0", spec.roundRobinDNS),
  };
}

function azureAd(
  { gate, store }: ClientContext,
  config: PrometheusRemoteWriteAzureAd | undefined,
): Mapping | undefined {
  if (config === undefined) return undefined;
  const { managedIdentity, oauth, sdk, workloadIdentity } = config;
  const clientSecret = store.secret(oauth?.clientSecret);
  return {
    managed_identity: managedIdentity === undefined ? undefined : { client_id: nonEmpty(managedIdentity.clientId) },
    oauth:
      oauth === undefined || clientSecret === undefined
        ? undefined
        : gate.since("2.48.0", {
            client_id: oauth.clientId ?? "",
            client_secret: clientSecret,
            tenant_id: oauth.tenantId ?? "",
          }),
    sdk: sdk === undefined ? undefined : gate.since("2.52.0", { tenant_id: sdk.tenantId ?? "" }),
    workload_identity:
      workloadIdentity === undefined
        ? undefined
        : gate.since("3.7.0", {
            client_id: workloadIdentity.clientId ?? "",
            tenant_id: workloadIdentity.tenantId ?? "",
          }),
    cloud: config.cloud,
    scope: gate.since("3.9.0", nonEmpty(config.scope)),
  };
}

function queueConfig({ gate }: ClientContext, { queueConfig: queue }: PrometheusRemoteWrite): Mapping | undefined {
  if (queue === undefined) return undefined;
  return {
    capacity: nonZero(queue.capacity),
    min_shards: gate.since("2.6.0", nonZero(queue.minShards)),
    max_shards: nonZero(queue.maxShards),
    max_samples_per_send: nonZero(queue.maxSamplesPerSend),
    batch_send_deadline: queue.batchSendDeadline,
    max_retries: gate.before("2.11.0", nonZero(queue.maxRetries)),
    min_backoff: queue.minBackoff,
    max_backoff: queue.maxBackoff,
    retry_on_http_429: queue.retryOnRateLimit ? gate.since("2.26.0", true) : undefined,
    sample_age_limit: gate.since("2.50.0", queue.sampleAgeLimit),
  };
}

/** Version 2 of the protocol carries metadata with the series. */
function metadataConfig({ gate }: ClientContext, spec: PrometheusRemoteWrite): Mapping | undefined {
  const metadata = spec.metadataConfig;
  if (metadata === undefined) return undefined;
  return {
    send: spec.messageVersion === "V2.0" ? false : (metadata.send ?? false),
    send_interval: nonEmpty(metadata.sendInterval),
    max_samples_per_send: gate.since("2.29.0", metadata.maxSamplesPerSend),
  };
}

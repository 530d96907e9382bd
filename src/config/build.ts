/** From the document under Prometheus' keys to what the program uses. */
import { createHash } from "node:crypto";
import { buildIdentity } from "./identity.js";
import { discoveryFields } from "./schema/discovery.js";
import { type HttpClientSection, httpClientFields, type TlsSection } from "./schema/http-client.js";
import { toRules } from "./schema/relabel.js";
import type { ConfigDocument } from "./schema/root.js";
import type { EscapingScheme, ScrapeProtocol, ScrapeSection } from "./schema/scrape.js";
import { initialOf, struct } from "./shape.js";
import {
  type AlertmanagerConfig,
  API_MECHANISMS,
  type ApiMechanism,
  type Config,
  type DiscoveryConfig,
  type HttpClientConfig,
  type Oauth2Config,
  type OtlpConfig,
  type ProxyConfig,
  type RemoteReadConfig,
  type RemoteWriteConfig,
  type ScrapeConfig,
  type SecretSource,
  type StaticGroup,
  type StorageConfig,
  type TlsConfig,
} from "./types.js";

/** @param jobs  those of the file and of its scrape config files. */
export function buildConfig(document: ConfigDocument, jobs: readonly ScrapeSection[]): Config {
  const { global } = document;
  return {
    global: {
      scrapeIntervalMs: global.scrape_interval,
      scrapeTimeoutMs: global.scrape_timeout,
      evaluationIntervalMs: global.evaluation_interval,
      ruleQueryOffsetMs: global.rule_query_offset,
      queryLogFile: global.query_log_file,
      externalLabels: global.external_labels ?? {},
    },
    scrapeConfigs: jobs.map(buildJob),
    ruleFiles: document.rule_files ?? [],
    alerting: {
      alertRelabelRules: toRules(document.alerting.alert_relabel_configs),
      alertmanagers: (document.alerting.alertmanagers ?? []).flatMap((section) =>
        section === undefined ? [] : [buildAlertmanager(section)],
      ),
    },
    storage: buildStorage(document),
    otlp: buildOtlp(document),
    remoteWrite: (document.remote_write ?? []).flatMap((section) =>
      section === undefined ? [] : [buildRemoteWrite(section, document.global.external_labels)],
    ),
    remoteRead: (document.remote_read ?? []).flatMap((section) =>
      section === undefined ? [] : [buildRemoteRead(section, document.global.external_labels ?? {})],
    ),
    document,
  };
}

type AlertmanagerSection = NonNullable<NonNullable<ConfigDocument["alerting"]["alertmanagers"]>[number]>;

function buildAlertmanager(section: AlertmanagerSection): AlertmanagerConfig {
  return {
    scheme: section.scheme,
    pathPrefix: section.path_prefix,
    timeoutMs: section.timeout,
    relabelRules: toRules(section.relabel_configs),
    alertRelabelRules: toRules(section.alert_relabel_configs),
    staticGroups: staticGroups(section),
    discoveries: discoveries(section),
    http: { ...buildHttpClient(section), identity: buildIdentity(section) },
    hash: hashOf(section),
  };
}

type DiscoverySection = Pick<ScrapeSection, "static_configs" | keyof typeof discoveryFields>;

function staticGroups({ static_configs: groups }: DiscoverySection): readonly StaticGroup[] {
  return (groups ?? []).map((group) => ({ targets: group?.targets ?? [], labels: group?.labels ?? {} }));
}

/** In the order of the mechanisms' names: which is found first decides between equal targets. */
function discoveries(section: DiscoverySection): readonly DiscoveryConfig[] {
  return Object.keys(discoveryFields).flatMap((key): readonly DiscoveryConfig[] => {
    switch (key) {
      case "static_configs":
        return [];
      case "file_sd_configs":
        return present(section.file_sd_configs).map((sd) => ({
          kind: "file",
          files: sd.files ?? [],
          refreshIntervalMs: sd.refresh_interval,
        }));
      case "http_sd_configs":
        return present(section.http_sd_configs).map((sd) => ({
          kind: "http",
          url: sd.url,
          refreshIntervalMs: sd.refresh_interval,
          http: buildHttpClient(sd),
        }));
      case "dns_sd_configs":
        return present(section.dns_sd_configs).map((sd) => ({
          kind: "dns",
          names: sd.names ?? [],
          type: sd.type.toUpperCase() as "A", // one of five, which the schema checks
          port: sd.port,
          refreshIntervalMs: sd.refresh_interval,
        }));
      case "kubernetes_sd_configs":
        return present(section.kubernetes_sd_configs).map((sd) => ({
          kind: "kubernetes",
          role: sd.role as "pod", // one of six, which the schema checks
          apiServer: sd.api_server,
          kubeconfigFile: sd.kubeconfig_file,
          http: buildHttpClient(sd),
          namespaces: { own: sd.namespaces.own_namespace, names: sd.namespaces.names ?? [] },
          selectors: sd.selectors ?? [],
          attachNode: sd.attach_metadata.node,
        }));
      default: {
        // The keys of the table are keys of the section.
        const others = present<unknown>(section[key as keyof typeof discoveryFields]);
        const mechanism = key.replace(/_sd_configs$/, "");
        return others.map((sd) =>
          isApiMechanism(mechanism) ? buildApiDiscovery(mechanism, sd) : { kind: "unavailable", mechanism },
        );
      }
    }
  });
}

function isApiMechanism(name: string): name is ApiMechanism {
  return (API_MECHANISMS as readonly string[]).includes(name);
}

const DEFAULT_CLIENT_SECTION = initialOf(struct("config.HTTPClientConfig", httpClientFields()));

/** @param written  a section of that mechanism, as its schema has read it. */
function buildApiDiscovery(kind: ApiMechanism, written: unknown): DiscoveryConfig {
  const section = written as HttpClientSection & { readonly refresh_interval: number };
  // Those whose requests have no HTTP settings bring at most TLS settings with them.
  const http = buildHttpClient({ ...DEFAULT_CLIENT_SECTION, ...section });
  return { kind, section, refreshIntervalMs: section.refresh_interval, http } as unknown as DiscoveryConfig;
}

function present<T>(sections: readonly (T | undefined)[] | undefined): readonly T[] {
  return (sections ?? []).filter((section) => section !== undefined);
}

function hashOf(section: unknown): string {
  return createHash("sha256").update(JSON.stringify(section)).digest("base64url");
}

type RemoteWriteSection = NonNullable<NonNullable<ConfigDocument["remote_write"]>[number]>;

function buildRemoteWrite(section: RemoteWriteSection, externalLabels: unknown): RemoteWriteConfig {
  const { queue_config: queue } = section;
  // Samples of one endpoint with other external labels are other samples: its queue starts anew, from where it was.
  const hash = createHash("md5")
    .update(JSON.stringify([section, externalLabels]))
    .digest("hex");
  return {
    name: section.name === "" ? hash.slice(0, 6) : section.name,
    hash,
    key: createHash("md5")
      .update(section.name === "" ? String(section.url) : section.name)
      .digest("hex"),
    url: String(section.url),
    version: section.protobuf_message === "io.prometheus.write.v2.Request" ? 2 : 1,
    timeoutMs: section.remote_timeout,
    headers: section.headers ?? {},
    relabelRules: toRules(section.write_relabel_configs),
    sendsExemplars: section.send_exemplars,
    sendsHistograms: section.send_native_histograms,
    http: { ...buildHttpClient(section), identity: buildIdentity(section) },
    metadata: {
      isSent: section.metadata_config.send,
      intervalMs: section.metadata_config.send_interval,
      maxPerSend: section.metadata_config.max_samples_per_send,
    },
    queue: {
      capacity: queue.capacity,
      maxShards: queue.max_shards,
      minShards: queue.min_shards,
      maxSamplesPerSend: queue.max_samples_per_send,
      batchDeadlineMs: queue.batch_send_deadline,
      minBackoffMs: queue.min_backoff,
      maxBackoffMs: queue.max_backoff,
      retryOn429: queue.retry_on_http_429,
      sampleAgeLimitMs: queue.sample_age_limit,
    },
  };
}

type RemoteReadSection = NonNullable<NonNullable<ConfigDocument["remote_read"]>[number]>;

function buildRemoteRead(
  section: RemoteReadSection,
  externalLabels: Readonly<Record<string, string>>,
): RemoteReadConfig {
  const labels = section.filter_external_labels ? externalLabels : {};
  const hash = createHash("md5")
    .update(JSON.stringify([section, labels]))
    .digest("hex");
  return {
    name: section.name === "" ? hash.slice(0, 6) : section.name,
    hash,
    url: String(section.url),
    timeoutMs: section.remote_timeout,
    headers: section.headers ?? {},
    readsRecent: section.read_recent,
    requiredMatchers: section.required_matchers ?? {},
    externalLabels: labels,
    frameBytesMax: Number(section.chunked_read_limit),
    http: buildHttpClient(section),
  };
}

function buildOtlp({ otlp }: ConfigDocument): OtlpConfig {
  const strategy = otlp.translation_strategy;
  const promotesAll = otlp.promote_all_resource_attributes;
  const listed = promotesAll ? otlp.ignore_resource_attributes : otlp.promote_resource_attributes;
  return {
    promotesAll,
    attributes: listed ?? [],
    addsSuffixes: strategy !== "NoTranslation" && strategy !== "UnderscoreEscapingWithoutSuffixes",
    allowsUtf8: strategy === "NoTranslation" || strategy === "NoUTF8EscapingWithSuffixes",
    keepsIdentifyingAttributes: otlp.keep_identifying_resource_attributes,
    convertsHistogramsToNhcb: otlp.convert_histograms_to_nhcb,
    promotesScope: otlp.promote_scope_metadata,
  };
}

function buildStorage({ storage }: ConfigDocument): StorageConfig {
  const retention = storage.tsdb?.retention;
  return {
    outOfOrderTimeWindowMs: storage.tsdb?.out_of_order_time_window ?? 0,
    exemplarsMax: storage.exemplars?.max_exemplars,
    retentionMs: retention?.time || undefined,
    retentionBytes: retention?.size || undefined,
    retentionPercent: retention?.percentage || undefined,
    retentionRules: (storage.tsdb?.retention_rules ?? []).map(({ match, time }) => ({ match, timeMs: time })),
  };
}

function buildJob(job: ScrapeSection): ScrapeConfig {
  return {
    jobName: job.job_name,
    hash: hashOf(job),
    honorLabels: job.honor_labels,
    honorTimestamps: job.honor_timestamps,
    trackTimestampsStaleness: job.track_timestamps_staleness,
    params: Object.fromEntries(Object.entries(job.params ?? {}).map(([name, values]) => [name, values ?? []])),
    intervalMs: job.scrape_interval,
    timeoutMs: job.scrape_timeout,
    // Protocols and schemes are checked when the job inherits from `global`.
    protocols: (job.scrape_protocols ?? []) as readonly ScrapeProtocol[],
    hasDefaultProtocols: job.hasDefaultProtocols ?? false,
    fallbackProtocol: (job.fallback_scrape_protocol || undefined) as ScrapeProtocol | undefined,
    nativeHistograms: job.scrape_native_histograms ?? false,
    alwaysScrapeClassicHistograms: job.always_scrape_classic_histograms ?? false,
    convertClassicHistogramsToNhcb: job.convert_classic_histograms_to_nhcb ?? false,
    extraScrapeMetrics: job.extra_scrape_metrics ?? false,
    failureLogFile: job.scrape_failure_log_file,
    metricsPath: job.metrics_path,
    scheme: job.scheme,
    enableCompression: job.enable_compression,
    limits: {
      bodyBytesMax: job.body_size_limit,
      samplesMax: job.sample_limit,
      targetsMax: job.target_limit,
      labelsMax: job.label_limit,
      labelNameLengthMax: job.label_name_length_limit,
      labelValueLengthMax: job.label_value_length_limit,
      histogramBucketsMax: job.native_histogram_bucket_limit,
      histogramBucketFactorMin: job.native_histogram_min_bucket_factor,
    },
    keepDroppedTargets: job.keep_dropped_targets,
    nameValidation: job.metric_name_validation_scheme === "legacy" ? "legacy" : "utf8",
    nameEscaping: job.metric_name_escaping_scheme as EscapingScheme,
    http: buildHttpClient(job),
    relabelRules: toRules(job.relabel_configs),
    metricRelabelRules: toRules(job.metric_relabel_configs),
    staticGroups: staticGroups(job),
    discoveries: discoveries(job),
  };
}

/** The client settings of any section that has them. */
export function buildHttpClient(section: HttpClientSection): HttpClientConfig {
  const { basic_auth: basic, authorization, oauth2 } = section;
  return {
    basicAuth: basic && {
      username: source(basic.username, basic.username_file),
      password: source(basic.password, basic.password_file),
    },
    authorization: authorization && {
      type: authorization.type,
      credentials: source(authorization.credentials, authorization.credentials_file),
    },
    oauth2: oauth2 && buildOauth2(oauth2),
    tls: buildTls(section.tls_config),
    followRedirects: section.follow_redirects,
    enableHttp2: section.enable_http2,
    proxy: buildProxy(section),
    headers: Object.fromEntries(
      Object.entries(section.http_headers ?? {}).map(([name, header]) => [
        name,
        { values: header.values ?? [], secrets: header.secrets ?? [], files: header.files ?? [] },
      ]),
    ),
  };
}

function buildOauth2(oauth2: NonNullable<HttpClientSection["oauth2"]>): Oauth2Config {
  return {
    clientId: oauth2.client_id,
    clientSecret: source(oauth2.client_secret, oauth2.client_secret_file),
    clientCertificateKeyId: oauth2.client_certificate_key_id,
    clientCertificateKey: source(oauth2.client_certificate_key, oauth2.client_certificate_key_file),
    grantType: oauth2.grant_type,
    signatureAlgorithm: oauth2.signature_algorithm,
    iss: oauth2.iss,
    audience: oauth2.audience,
    claims: oauth2.claims ?? {},
    scopes: oauth2.scopes ?? [],
    tokenUrl: oauth2.token_url,
    endpointParams: oauth2.endpoint_params ?? {},
    tls: buildTls(oauth2.tls_config),
    proxy: buildProxy(oauth2),
  };
}

function buildTls(tls: TlsSection): TlsConfig {
  return {
    ca: source(tls.ca, tls.ca_file),
    cert: source(tls.cert, tls.cert_file),
    key: source(tls.key, tls.key_file),
    serverName: tls.server_name,
    insecureSkipVerify: tls.insecure_skip_verify,
    minVersion: tls.min_version,
    maxVersion: tls.max_version,
  };
}

type ProxySection = Pick<
  HttpClientSection,
  "proxy_url" | "no_proxy" | "proxy_from_environment" | "proxy_connect_header"
>;

function buildProxy(section: ProxySection): ProxyConfig {
  return {
    url: section.proxy_url,
    noProxy: section.no_proxy,
    fromEnvironment: section.proxy_from_environment,
    connectHeaders: Object.fromEntries(
      Object.entries(section.proxy_connect_header ?? {}).map(([name, values]) => [name, values ?? []]),
    ),
  };
}

function source(value: string, file: string): SecretSource {
  return { value, file };
}

/** Types of the custom resources. Made by `npm run crds` from src/operator/schema: do not edit. */
import type { KubeObject, ObjectMeta } from "../../kube-object.js";

export interface Condition {
  /** when the status changed last */
  readonly lastTransitionTime?: string;
  /** what a person should know */
  readonly message?: string;
  /** generation of the object that this is about */
  readonly observedGeneration?: number;
  /** one word for the cause */
  readonly reason?: string;
  /** True, False or Unknown */
  readonly status?: string;
  /** kind of condition */
  readonly type?: string;
}

export interface PrometheusStatusShardStatus {
  /** pods that are ready long enough */
  readonly availableReplicas?: number;
  /** pods of the shard */
  readonly replicas?: number;
  /** number of the shard */
  readonly shardID?: string;
  /** pods that are not available */
  readonly unavailableReplicas?: number;
  /** pods of the wanted specification */
  readonly updatedReplicas?: number;
}

export interface PrometheusStatus {
  /** pods that are ready long enough */
  readonly availableReplicas?: number;
  /** current state */
  readonly conditions?: readonly Condition[];
  /** true while the object is not reconciled */
  readonly paused?: boolean;
  /** pods that belong to the object */
  readonly replicas?: number;
  /** pods that are not available */
  readonly unavailableReplicas?: number;
  /** pods of the wanted specification */
  readonly updatedReplicas?: number;
  /** pod selector, for the scale subresource */
  readonly selector?: string;
  /** state of each shard */
  readonly shardStatuses?: readonly PrometheusStatusShardStatus[];
  /** number of shards, for the scale subresource */
  readonly shards?: number;
}

/** A Prometheus server: its pods, what it scrapes, which rules it evaluates and where alerts go. */
export interface Prometheus {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata?: ObjectMeta;
  readonly spec?: PrometheusSpec;
  readonly status?: PrometheusStatus;
}

export interface KeySelector {
  /** key inside the Secret or ConfigMap */
  readonly key?: string;
  /** object name */
  readonly name?: string;
  /** missing secret or key is tolerated */
  readonly optional?: boolean;
}

export interface PrometheusAdditionalArg {
  /** flag name without dashes */
  readonly name?: string;
  /** flag value */
  readonly value?: string;
}

export interface RelabelConfig {
  /** step kind; default replace */
  readonly action?: "replace" | "Replace" | "keep" | "Keep" | "drop" | "Drop" | "hashmod" | "HashMod" | "labelmap" | "LabelMap" | "labeldrop" | "LabelDrop" | "labelkeep" | "LabelKeep" | "lowercase" | "Lowercase" | "uppercase" | "Uppercase" | "keepequal" | "KeepEqual" | "dropequal" | "DropEqual";
  /** divisor of the hashmod action */
  readonly modulus?: number;
  /** expression matched against the joined value; default (.*) */
  readonly regex?: string;
  /** replacement text; default $1 */
  readonly replacement?: string;
  /** joins source labels; default ; */
  readonly separator?: string;
  /** labels whose values are joined */
  readonly sourceLabels?: readonly string[];
  /** label written */
  readonly targetLabel?: string;
}

export interface SafeAuthorization {
  /** credential value (secret ref) */
  readonly credentials?: KeySelector;
  /** scheme name, default Bearer */
  readonly type?: string;
}

export interface BasicAuth {
  /** password (secret ref) */
  readonly password?: KeySelector;
  /** user name */
  readonly username?: KeySelector;
}

export interface Sigv4 {
  /** AWS/cloud access key (secret ref) */
  readonly accessKey?: KeySelector;
  /** AWS external id for assuming the role */
  readonly externalId?: string;
  /** AWS profile */
  readonly profile?: string;
  /** region */
  readonly region?: string;
  /** AWS role to assume */
  readonly roleArn?: string;
  /** secret key (secret ref) */
  readonly secretKey?: KeySelector;
  /** use the FIPS STS endpoint */
  readonly useFIPSSTSEndpoint?: boolean;
}

export interface SecretOrConfigMap {
  /** key of a ConfigMap */
  readonly configMap?: KeySelector;
  /** key of a Secret */
  readonly secret?: KeySelector;
}

export interface TLSConfig {
  /** CA certificate source */
  readonly ca?: SecretOrConfigMap;
  /** CA file path inside the container */
  readonly caFile?: string;
  /** client certificate source */
  readonly cert?: SecretOrConfigMap;
  /** certificate path inside the container */
  readonly certFile?: string;
  /** allowed TLS cipher suites */
  readonly cipherSuites?: readonly string[];
  /** TLS curves allowed */
  readonly curves?: readonly string[];
  /** do not verify the server certificate */
  readonly insecureSkipVerify?: boolean;
  /** private key path inside the container */
  readonly keyFile?: string;
  /** private key (secret ref) */
  readonly keySecret?: KeySelector;
  /** highest TLS version */
  readonly maxVersion?: "TLS10" | "TLS11" | "TLS12" | "TLS13";
  /** lowest TLS version */
  readonly minVersion?: "TLS10" | "TLS11" | "TLS12" | "TLS13";
  /** name verified in the certificate */
  readonly serverName?: string;
}

export interface PrometheusAlertingAlertmanager {
  /** relabelling applied to alerts for this Alertmanager */
  readonly alertRelabelings?: readonly RelabelConfig[];
  /** v1 or v2 */
  readonly apiVersion?: "v1" | "V1" | "v2" | "V2";
  /** HTTP Authorization header settings */
  readonly authorization?: SafeAuthorization;
  /** HTTP basic auth */
  readonly basicAuth?: BasicAuth;
  /** deprecated path of a bearer-token file */
  readonly bearerTokenFile?: string;
  /** allow HTTP/2 */
  readonly enableHttp2?: boolean;
  /** Service name */
  readonly name?: string;
  /** Service namespace (default: own) */
  readonly namespace?: string;
  /** comma list of hosts that bypass the proxy */
  readonly noProxy?: string;
  /** headers sent to the proxy on CONNECT (secret refs) */
  readonly proxyConnectHeader?: Readonly<Record<string, readonly KeySelector[]>>;
  /** use HTTP_PROXY and friends */
  readonly proxyFromEnvironment?: boolean;
  /** proxy URL */
  readonly proxyUrl?: string;
  /** prefix of HTTP paths */
  readonly pathPrefix?: string;
  /** port name or number */
  readonly port?: number | string;
  /** relabelling of targets before the scrape */
  readonly relabelings?: readonly RelabelConfig[];
  /** http or https */
  readonly scheme?: "http" | "https" | "HTTP" | "HTTPS";
  /** AWS Signature v4 signing */
  readonly sigv4?: Sigv4;
  /** timeout */
  readonly timeout?: string;
  /** TLS client settings */
  readonly tlsConfig?: TLSConfig;
}

export interface PrometheusAlerting {
  /** list of Alertmanager service endpoints */
  readonly alertmanagers?: readonly PrometheusAlertingAlertmanager[];
}

export interface Authorization {
  /** credential value (secret ref) */
  readonly credentials?: KeySelector;
  /** path of a file with the credential */
  readonly credentialsFile?: string;
  /** scheme name, default Bearer */
  readonly type?: string;
}

export interface PrometheusApiserverConfig {
  /** HTTP Authorization header settings */
  readonly authorization?: Authorization;
  /** HTTP basic auth */
  readonly basicAuth?: BasicAuth;
  /** deprecated inline bearer token */
  readonly bearerToken?: string;
  /** deprecated path of a bearer-token file */
  readonly bearerTokenFile?: string;
  /** host or API server address */
  readonly host?: string;
  /** comma list of hosts that bypass the proxy */
  readonly noProxy?: string;
  /** headers sent to the proxy on CONNECT (secret refs) */
  readonly proxyConnectHeader?: Readonly<Record<string, readonly KeySelector[]>>;
  /** use HTTP_PROXY and friends */
  readonly proxyFromEnvironment?: boolean;
  /** proxy URL */
  readonly proxyUrl?: string;
  /** TLS client settings */
  readonly tlsConfig?: TLSConfig;
}

export interface PrometheusArbitraryFSAccessThroughSMs {
  /** true rejects monitors that name files on the pod's filesystem */
  readonly deny?: boolean;
}

export interface DnsOption {
  /** option */
  readonly name?: string;
  /** value */
  readonly value?: string;
}

export interface DnsConfig {
  /** name servers */
  readonly nameservers?: readonly string[];
  /** resolver options */
  readonly options?: readonly DnsOption[];
  /** search domains */
  readonly searches?: readonly string[];
}

export interface PrometheusExcludedFromEnforcement {
  /** API group */
  readonly group?: "monitoring.coreos.com";
  /** object name (empty = all) */
  readonly name?: string;
  /** object namespace */
  readonly namespace?: string;
  /** plural resource */
  readonly resource?: "prometheusrules" | "servicemonitors" | "podmonitors" | "probes" | "scrapeconfigs";
}

export interface PrometheusExemplars {
  /** most exemplars stored */
  readonly maxSize?: number;
}

export interface HostAlias {
  /** host names of the address */
  readonly hostnames?: readonly string[];
  /** address */
  readonly ip?: string;
}

export interface LocalReference {
  /** object name */
  readonly name?: string;
}

export interface PrometheusOtlp {
  /** convert OTLP explicit histograms to native custom buckets */
  readonly convertHistogramsToNHCB?: boolean;
  /** OTLP resource attributes not to promote */
  readonly ignoreResourceAttributes?: readonly string[];
  /** keep service.* attributes in target_info */
  readonly keepIdentifyingResourceAttributes?: boolean;
  /** keep repeated underscores in OTLP names */
  readonly labelNamePreserveMultipleUnderscores?: boolean;
  /** sanitise leading underscores in OTLP names */
  readonly labelNameUnderscoreSanitization?: boolean;
  /** promote every OTLP resource attribute */
  readonly promoteAllResourceAttributes?: boolean;
  /** OTLP resource attributes promoted to labels */
  readonly promoteResourceAttributes?: readonly string[];
  /** promote OTLP scope metadata to labels */
  readonly promoteScopeMetadata?: boolean;
  /** OTLP name translation */
  readonly translationStrategy?: "NoUTF8EscapingWithSuffixes" | "UnderscoreEscapingWithSuffixes" | "NoTranslation" | "UnderscoreEscapingWithoutSuffixes";
}

export interface PrometheusPersistentVolumeClaimRetentionPolicy {
  /** Delete or Retain */
  readonly whenDeleted?: string;
  /** Delete or Retain */
  readonly whenScaled?: string;
}

export interface EmbeddedMetadata {
  /** annotations to add */
  readonly annotations?: Readonly<Record<string, string>>;
  /** labels to add */
  readonly labels?: Readonly<Record<string, string>>;
  /** name */
  readonly name?: string;
}

export interface LabelSelectorMatchExpression {
  /** label name */
  readonly key?: string;
  /** selector operator */
  readonly operator?: string;
  /** values */
  readonly values?: readonly string[];
}

export interface LabelSelector {
  /** label-selector expressions */
  readonly matchExpressions?: readonly LabelSelectorMatchExpression[];
  /** label equality selector */
  readonly matchLabels?: Readonly<Record<string, string>>;
}

export interface PrometheusPrometheusRulesExcludedFromEnforce {
  /** rule object name */
  readonly ruleName?: string;
  /** namespace of the rule */
  readonly ruleNamespace?: string;
}

export interface PrometheusQuery {
  /** lookback for staleness */
  readonly lookbackDelta?: string;
  /** most concurrent queries */
  readonly maxConcurrency?: number;
  /** most samples a query may load */
  readonly maxSamples?: number;
  /** longest query */
  readonly timeout?: string;
}

export interface SafeTLSConfig {
  /** CA certificate source */
  readonly ca?: SecretOrConfigMap;
  /** client certificate source */
  readonly cert?: SecretOrConfigMap;
  /** do not verify the server certificate */
  readonly insecureSkipVerify?: boolean;
  /** private key (secret ref) */
  readonly keySecret?: KeySelector;
  /** highest TLS version */
  readonly maxVersion?: "TLS10" | "TLS11" | "TLS12" | "TLS13";
  /** lowest TLS version */
  readonly minVersion?: "TLS10" | "TLS11" | "TLS12" | "TLS13";
  /** name verified in the certificate */
  readonly serverName?: string;
}

export interface OAuth2 {
  /** OAuth2 client id (secret or configmap) */
  readonly clientId?: SecretOrConfigMap;
  /** OAuth2 client secret (secret ref) */
  readonly clientSecret?: KeySelector;
  /** extra query parameters for the token request */
  readonly endpointParams?: Readonly<Record<string, string>>;
  /** comma list of hosts that bypass the proxy */
  readonly noProxy?: string;
  /** headers sent to the proxy on CONNECT (secret refs) */
  readonly proxyConnectHeader?: Readonly<Record<string, readonly KeySelector[]>>;
  /** use HTTP_PROXY and friends */
  readonly proxyFromEnvironment?: boolean;
  /** proxy URL */
  readonly proxyUrl?: string;
  /** OAuth2 scopes */
  readonly scopes?: readonly string[];
  /** TLS client settings */
  readonly tlsConfig?: SafeTLSConfig;
  /** token endpoint */
  readonly tokenUrl?: string;
}

export interface PrometheusRemoteRead {
  /** HTTP Authorization header settings */
  readonly authorization?: Authorization;
  /** HTTP basic auth */
  readonly basicAuth?: BasicAuth;
  /** deprecated inline bearer token */
  readonly bearerToken?: string;
  /** deprecated path of a bearer-token file */
  readonly bearerTokenFile?: string;
  /** drop external labels on remote read */
  readonly filterExternalLabels?: boolean;
  /** follow HTTP redirects */
  readonly followRedirects?: boolean;
  /** HTTP headers to add */
  readonly headers?: Readonly<Record<string, string>>;
  /** unique name */
  readonly name?: string;
  /** comma list of hosts that bypass the proxy */
  readonly noProxy?: string;
  /** headers sent to the proxy on CONNECT (secret refs) */
  readonly proxyConnectHeader?: Readonly<Record<string, readonly KeySelector[]>>;
  /** use HTTP_PROXY and friends */
  readonly proxyFromEnvironment?: boolean;
  /** proxy URL */
  readonly proxyUrl?: string;
  /** OAuth2 client-credentials settings */
  readonly oauth2?: OAuth2;
  /** read also data covered by local storage */
  readonly readRecent?: boolean;
  /** request timeout */
  readonly remoteTimeout?: string;
  /** label matchers that make a read go to this endpoint */
  readonly requiredMatchers?: Readonly<Record<string, string>>;
  /** TLS client settings */
  readonly tlsConfig?: TLSConfig;
  /** read URL */
  readonly url?: string;
}

export interface PrometheusRemoteWriteAzureAdManagedIdentity {
  /** client id of the identity */
  readonly clientId?: string;
}

export interface PrometheusRemoteWriteAzureAdOauth {
  /** application id */
  readonly clientId?: string;
  /** OAuth2 client secret (secret ref) */
  readonly clientSecret?: KeySelector;
  /** tenant id */
  readonly tenantId?: string;
}

export interface PrometheusRemoteWriteAzureAdSdk {
  /** tenant id */
  readonly tenantId?: string;
}

export interface PrometheusRemoteWriteAzureAdWorkloadIdentity {
  /** application id */
  readonly clientId?: string;
  /** tenant id */
  readonly tenantId?: string;
}

export interface PrometheusRemoteWriteAzureAd {
  /** Azure cloud name */
  readonly cloud?: "AzureChina" | "AzureGovernment" | "AzurePublic";
  /** Azure managed identity (clientId) */
  readonly managedIdentity?: PrometheusRemoteWriteAzureAdManagedIdentity;
  /** OAuth method */
  readonly oauth?: PrometheusRemoteWriteAzureAdOauth;
  /** token scope */
  readonly scope?: string;
  /** Azure SDK auth (tenantId) */
  readonly sdk?: PrometheusRemoteWriteAzureAdSdk;
  /** Azure workload identity (clientId, tenantId) */
  readonly workloadIdentity?: PrometheusRemoteWriteAzureAdWorkloadIdentity;
}

export interface PrometheusRemoteWriteMetadataConfig {
  /** most samples per request */
  readonly maxSamplesPerSend?: number;
  /** send metadata */
  readonly send?: boolean;
  /** metadata send interval */
  readonly sendInterval?: string;
}

export interface PrometheusRemoteWriteQueueConfig {
  /** longest wait before a partial batch is sent */
  readonly batchSendDeadline?: string;
  /** samples buffered per shard */
  readonly capacity?: number;
  /** longest retry backoff */
  readonly maxBackoff?: string;
  /** most retries for recoverable errors */
  readonly maxRetries?: number;
  /** most samples per request */
  readonly maxSamplesPerSend?: number;
  /** most parallel senders */
  readonly maxShards?: number;
  /** first retry backoff */
  readonly minBackoff?: string;
  /** least parallel senders */
  readonly minShards?: number;
  /** retry on 429 */
  readonly retryOnRateLimit?: boolean;
  /** drop samples older than this */
  readonly sampleAgeLimit?: string;
}

export interface PrometheusRemoteWrite {
  /** HTTP Authorization header settings */
  readonly authorization?: Authorization;
  /** Azure AD authentication for remote write */
  readonly azureAd?: PrometheusRemoteWriteAzureAd;
  /** HTTP basic auth */
  readonly basicAuth?: BasicAuth;
  /** deprecated inline bearer token */
  readonly bearerToken?: string;
  /** deprecated path of a bearer-token file */
  readonly bearerTokenFile?: string;
  /** allow HTTP/2 */
  readonly enableHTTP2?: boolean;
  /** follow HTTP redirects */
  readonly followRedirects?: boolean;
  /** HTTP headers to add */
  readonly headers?: Readonly<Record<string, string>>;
  /** remote-write protocol version */
  readonly messageVersion?: "V1.0" | "V2.0";
  /** sending of metric metadata */
  readonly metadataConfig?: PrometheusRemoteWriteMetadataConfig;
  /** unique queue name */
  readonly name?: string;
  /** comma list of hosts that bypass the proxy */
  readonly noProxy?: string;
  /** headers sent to the proxy on CONNECT (secret refs) */
  readonly proxyConnectHeader?: Readonly<Record<string, readonly KeySelector[]>>;
  /** use HTTP_PROXY and friends */
  readonly proxyFromEnvironment?: boolean;
  /** proxy URL */
  readonly proxyUrl?: string;
  /** OAuth2 client-credentials settings */
  readonly oauth2?: OAuth2;
  /** remote-write queue tuning */
  readonly queueConfig?: PrometheusRemoteWriteQueueConfig;
  /** request timeout */
  readonly remoteTimeout?: string;
  /** query endpoints through DNS round robin */
  readonly roundRobinDNS?: boolean;
  /** send exemplars */
  readonly sendExemplars?: boolean;
  /** send native histograms */
  readonly sendNativeHistograms?: boolean;
  /** AWS Signature v4 signing */
  readonly sigv4?: Sigv4;
  /** TLS client settings */
  readonly tlsConfig?: TLSConfig;
  /** write URL */
  readonly url?: string;
  /** relabelling before remote write */
  readonly writeRelabelConfigs?: readonly RelabelConfig[];
}

export interface PrometheusRulesAlert {
  /** minimum wait for restored alerts */
  readonly forGracePeriod?: string;
  /** longest outage after which alert state is restored */
  readonly forOutageTolerance?: string;
  /** least time between two sends of an alert */
  readonly resendDelay?: string;
}

export interface PrometheusRules {
  /** alert-evaluation tuning of the server */
  readonly alert?: PrometheusRulesAlert;
}

export interface PrometheusRuntime {
  /** value of GOGC for the process */
  readonly goGC?: number;
}

export interface PrometheusScrapeClassAttachMetadata {
  /** also attach node metadata */
  readonly node?: boolean;
}

export interface PrometheusScrapeClass {
  /** extra metadata to attach to discovered targets */
  readonly attachMetadata?: PrometheusScrapeClassAttachMetadata;
  /** HTTP Authorization header settings */
  readonly authorization?: Authorization;
  /** use for every monitor that names no class */
  readonly default?: boolean;
  /** protocol assumed when Content-Type is missing or bad */
  readonly fallbackScrapeProtocol?: "PrometheusProto" | "OpenMetricsText0.0.1" | "OpenMetricsText1.0.0" | "PrometheusText0.0.4" | "PrometheusText1.0.0";
  /** relabelling of samples after the scrape */
  readonly metricRelabelings?: readonly RelabelConfig[];
  /** class name */
  readonly name?: string;
  /** relabelling of targets before the scrape */
  readonly relabelings?: readonly RelabelConfig[];
  /** TLS client settings */
  readonly tlsConfig?: TLSConfig;
}

export interface PrometheusShardRetentionPolicyRetain {
  /** how long old shards are kept */
  readonly retentionPeriod?: string;
}

export interface PrometheusShardRetentionPolicy {
  /** retention section */
  readonly retain?: PrometheusShardRetentionPolicyRetain;
  /** Delete or Retain */
  readonly whenScaled?: "Retain" | "Delete";
}

export interface PrometheusShardingStrategyTopology {
  /** label that carries the topology value */
  readonly externalLabelName?: string;
  /** zones, one group of shards each */
  readonly values?: readonly string[];
}

export interface PrometheusShardingStrategy {
  /** Address or Topology */
  readonly mode?: "Address" | "Topology";
  /** topology sharding parameters */
  readonly topology?: PrometheusShardingStrategyTopology;
}

export interface VolumeClaimTemplate {
  /** always v1 */
  readonly apiVersion?: string;
  /** always PersistentVolumeClaim */
  readonly kind?: string;
  /** metadata of the claim */
  readonly metadata?: EmbeddedMetadata;
  /** specification of the claim */
  readonly spec?: KubeObject;
  /** unused */
  readonly status?: KubeObject;
}

export interface PrometheusStorage {
  /** do not use the prometheus-db sub path */
  readonly disableMountSubPath?: boolean;
  /** emptyDir volume source (pass-through) */
  readonly emptyDir?: KubeObject;
  /** ephemeral volume source (pass-through) */
  readonly ephemeral?: KubeObject;
  /** PVC template (metadata, spec; pass-through) */
  readonly volumeClaimTemplate?: VolumeClaimTemplate;
}

export interface PrometheusThanosAdditionalArg {
  /** flag name without dashes */
  readonly name?: string;
  /** flag value */
  readonly value?: string;
}

export interface PrometheusThanos {
  /** extra command-line flags (name, value) for the main container; may not repeat operator-set flags */
  readonly additionalArgs?: readonly PrometheusThanosAdditionalArg[];
  /** deprecated image name without tag */
  readonly baseImage?: string;
  /** TSDB block length (needed by Thanos upload) */
  readonly blockSize?: string;
  /** config poll interval of the sidecar */
  readonly getConfigInterval?: string;
  /** config poll timeout of the sidecar */
  readonly getConfigTimeout?: string;
  /** bind gRPC to loopback */
  readonly grpcListenLocal?: boolean;
  /** TLS of the gRPC server */
  readonly grpcServerTlsConfig?: TLSConfig;
  /** bind HTTP to loopback */
  readonly httpListenLocal?: boolean;
  /** container image (overrides base image, tag, sha) */
  readonly image?: string;
  /** deprecated; see grpcListenLocal/httpListenLocal */
  readonly listenLocal?: boolean;
  /** logfmt or json */
  readonly logFormat?: "" | "logfmt" | "json";
  /** log level */
  readonly logLevel?: "" | "debug" | "info" | "warn" | "error";
  /** oldest data the sidecar serves */
  readonly minTime?: string;
  /** secret key with object storage config; enables block upload */
  readonly objectStorageConfig?: KeySelector;
  /** path of object storage config file */
  readonly objectStorageConfigFile?: string;
  /** wait for Prometheus readiness */
  readonly readyTimeout?: string;
  /** container resources (pass-through) */
  readonly resources?: KubeObject;
  /** deprecated image digest */
  readonly sha?: string;
  /** deprecated image tag */
  readonly tag?: string;
  /** secret key with trace config YAML */
  readonly tracingConfig?: KeySelector;
  /** path of tracing config */
  readonly tracingConfigFile?: string;
  /** version of the component (drives which options are emitted) */
  readonly version?: string;
  /** extra mounts of the main container (pass-through) */
  readonly volumeMounts?: readonly KubeObject[];
}

export interface PrometheusTracingConfig {
  /** http or grpc */
  readonly clientType?: "http" | "grpc" | "HTTP" | "GRPC";
  /** compression algorithm */
  readonly compression?: "gzip" | "Gzip";
  /** endpoint address or custom API endpoint */
  readonly endpoint?: string;
  /** headers of the exporter */
  readonly headers?: Readonly<Record<string, string>>;
  /** plain-text connection */
  readonly insecure?: boolean;
  /** share of traces sampled, 0 to 1 (quantity) */
  readonly samplingFraction?: number | string;
  /** timeout */
  readonly timeout?: string;
  /** TLS client settings */
  readonly tlsConfig?: TLSConfig;
}

export interface PrometheusTsdbChunkEncoding {
  /** encoding of float chunks */
  readonly floats?: "Xor" | "Xor2";
}

export interface PrometheusTsdb {
  /** float chunk encoding of the TSDB */
  readonly chunkEncoding?: PrometheusTsdbChunkEncoding;
  /** how old out-of-order samples may be */
  readonly outOfOrderTimeWindow?: string;
  /** share of stale series that starts a compaction, 0 to 1 (quantity) */
  readonly staleSeriesCompactionThreshold?: number | string;
}

export interface PrometheusUpdateStrategyRollingUpdate {
  /** most pods down in a rolling update */
  readonly maxUnavailable?: number | string;
}

export interface PrometheusUpdateStrategy {
  /** rolling update parameters */
  readonly rollingUpdate?: PrometheusUpdateStrategyRollingUpdate;
  /** type */
  readonly type?: "OnDelete" | "RollingUpdate";
}

export interface PrometheusWebHttpConfigHeaders {
  /** HTTP response header value */
  readonly contentSecurityPolicy?: string;
  /** HTTP response header value */
  readonly strictTransportSecurity?: string;
  /** HTTP response header value */
  readonly xContentTypeOptions?: "" | "NoSniff";
  /** HTTP response header value */
  readonly xFrameOptions?: "" | "Deny" | "SameOrigin";
  /** HTTP response header value */
  readonly xXSSProtection?: string;
}

export interface PrometheusWebHttpConfig {
  /** HTTP headers to add */
  readonly headers?: PrometheusWebHttpConfigHeaders;
  /** enable HTTP/2 on the web server */
  readonly http2?: boolean;
}

export interface WebTLSConfig {
  /** server certificate source */
  readonly cert?: SecretOrConfigMap;
  /** certificate path inside the container */
  readonly certFile?: string;
  /** allowed TLS cipher suites */
  readonly cipherSuites?: readonly string[];
  /** server policy for client certificates */
  readonly clientAuthType?: string;
  /** path of CA for client certificates */
  readonly clientCAFile?: string;
  /** CA source for client certificates */
  readonly client_ca?: SecretOrConfigMap;
  /** TLS curves offered */
  readonly curvePreferences?: readonly string[];
  /** private key path inside the container */
  readonly keyFile?: string;
  /** private key (secret ref) */
  readonly keySecret?: KeySelector;
  /** highest TLS version */
  readonly maxVersion?: string;
  /** lowest TLS version */
  readonly minVersion?: string;
  /** server cipher order wins */
  readonly preferServerCipherSuites?: boolean;
}

export interface PrometheusWeb {
  /** HTTP/2 switch and response headers of the web server */
  readonly httpConfig?: PrometheusWebHttpConfig;
  /** most simultaneous connections */
  readonly maxConnections?: number;
  /** page title */
  readonly pageTitle?: string;
  /** TLS of the web server */
  readonly tlsConfig?: WebTLSConfig;
}

export interface PrometheusSpec {
  /** secret key holding raw alertmanager_config entries to append */
  readonly additionalAlertManagerConfigs?: KeySelector;
  /** secret key holding raw alert relabel entries to append */
  readonly additionalAlertRelabelConfigs?: KeySelector;
  /** extra command-line flags (name, value) for the main container; may not repeat operator-set flags */
  readonly additionalArgs?: readonly PrometheusAdditionalArg[];
  /** secret key holding raw scrape_config entries to append */
  readonly additionalScrapeConfigs?: KeySelector;
  /** pod affinity (core/v1 Affinity, pass-through) */
  readonly affinity?: KubeObject;
  /** Alertmanager endpoints to send alerts to */
  readonly alerting?: PrometheusAlerting;
  /** obsolete TSDB switch, ignored by new versions */
  readonly allowOverlappingBlocks?: boolean;
  /** how to reach the Kubernetes API when running outside the cluster */
  readonly apiserverConfig?: PrometheusApiserverConfig;
  /** file-access policy for monitors */
  readonly arbitraryFSAccessThroughSMs?: PrometheusArbitraryFSAccessThroughSMs;
  /** mount the service-account token in the pod */
  readonly automountServiceAccountToken?: boolean;
  /** deprecated image name without tag */
  readonly baseImage?: string;
  /** largest scrape body accepted */
  readonly bodySizeLimit?: string;
  /** ConfigMaps mounted under the configmaps directory */
  readonly configMaps?: readonly string[];
  /** extra or patched containers (strategic merge by name) */
  readonly containers?: readonly KubeObject[];
  /** convert classic histograms to native with custom buckets */
  readonly convertClassicHistogramsToNHCB?: boolean;
  /** do not compact TSDB blocks (set with Thanos upload) */
  readonly disableCompaction?: boolean;
  /** pod DNS config (pass-through) */
  readonly dnsConfig?: DnsConfig;
  /** pod DNS policy */
  readonly dnsPolicy?: "ClusterFirstWithHostNet" | "ClusterFirst" | "Default" | "None";
  /** expose the admin API */
  readonly enableAdminAPI?: boolean;
  /** feature flags passed to --enable-feature */
  readonly enableFeatures?: readonly string[];
  /** serve the OTLP receiver */
  readonly enableOTLPReceiver?: boolean;
  /** serve the remote-write receiver */
  readonly enableRemoteWriteReceiver?: boolean;
  /** inject service env variables in the pod */
  readonly enableServiceLinks?: boolean;
  /** upper bound for bodySizeLimit of every job */
  readonly enforcedBodySizeLimit?: string;
  /** upper bound for keepDroppedTargets */
  readonly enforcedKeepDroppedTargets?: number;
  /** upper bound for labelLimit */
  readonly enforcedLabelLimit?: number;
  /** upper bound for labelNameLengthLimit */
  readonly enforcedLabelNameLengthLimit?: number;
  /** upper bound for labelValueLengthLimit */
  readonly enforcedLabelValueLengthLimit?: number;
  /** label that gets the object's namespace, forced on all metrics and alerts */
  readonly enforcedNamespaceLabel?: string;
  /** upper bound for sampleLimit */
  readonly enforcedSampleLimit?: number;
  /** upper bound for targetLimit */
  readonly enforcedTargetLimit?: number;
  /** time between rule evaluations */
  readonly evaluationInterval?: string;
  /** objects exempt from namespace-label enforcement (group, resource, namespace, name) */
  readonly excludedFromEnforcement?: readonly PrometheusExcludedFromEnforcement[];
  /** exemplar storage */
  readonly exemplars?: PrometheusExemplars;
  /** labels added to all outgoing series and alerts */
  readonly externalLabels?: Readonly<Record<string, string>>;
  /** URL under which the server is reached from outside */
  readonly externalUrl?: string;
  /** pod host aliases (pass-through) */
  readonly hostAliases?: readonly HostAlias[];
  /** use the node's network namespace */
  readonly hostNetwork?: boolean;
  /** use the host user namespace */
  readonly hostUsers?: boolean;
  /** force monitors to their own namespace */
  readonly ignoreNamespaceSelectors?: boolean;
  /** container image (overrides base image, tag, sha) */
  readonly image?: string;
  /** pull policy of all containers */
  readonly imagePullPolicy?: "" | "Always" | "Never" | "IfNotPresent";
  /** pull secrets (pass-through) */
  readonly imagePullSecrets?: readonly LocalReference[];
  /** extra or patched init containers */
  readonly initContainers?: readonly KubeObject[];
  /** number of dropped targets kept for display */
  readonly keepDroppedTargets?: number;
  /** most labels per sample */
  readonly labelLimit?: number;
  /** longest label name */
  readonly labelNameLengthLimit?: number;
  /** longest label value */
  readonly labelValueLengthLimit?: number;
  /** bind the web server to loopback */
  readonly listenLocal?: boolean;
  /** logfmt or json */
  readonly logFormat?: "" | "logfmt" | "json";
  /** log level */
  readonly logLevel?: "" | "debug" | "info" | "warn" | "error";
  /** longest startup before the startup probe fails (min 60) */
  readonly maximumStartupDurationSeconds?: number;
  /** seconds a pod must be ready to count as available */
  readonly minReadySeconds?: number;
  /** escaping of UTF-8 names when negotiating */
  readonly nameEscapingScheme?: "AllowUTF8" | "Underscores" | "Dots" | "Values";
  /** UTF8 or Legacy metric/label name rules */
  readonly nameValidationScheme?: "UTF8" | "Legacy";
  /** node labels the pod needs */
  readonly nodeSelector?: Readonly<Record<string, string>>;
  /** OTLP receiver settings */
  readonly otlp?: PrometheusOtlp;
  /** force honor_labels false everywhere */
  readonly overrideHonorLabels?: boolean;
  /** force honor_timestamps false everywhere */
  readonly overrideHonorTimestamps?: boolean;
  /** stop reconciling this object */
  readonly paused?: boolean;
  /** what happens to PVCs when deleted or scaled */
  readonly persistentVolumeClaimRetentionPolicy?: PrometheusPersistentVolumeClaimRetentionPolicy;
  /** OrderedReady or Parallel */
  readonly podManagementPolicy?: "OrderedReady" | "Parallel";
  /** labels and annotations of the pods */
  readonly podMetadata?: EmbeddedMetadata;
  /** namespaces searched for PodMonitors */
  readonly podMonitorNamespaceSelector?: LabelSelector;
  /** labels choosing PodMonitors */
  readonly podMonitorSelector?: LabelSelector;
  /** pod labels copied to the target */
  readonly podTargetLabels?: readonly string[];
  /** name of the web port */
  readonly portName?: string;
  /** pod priority class */
  readonly priorityClassName?: string;
  /** namespaces searched for Probes */
  readonly probeNamespaceSelector?: LabelSelector;
  /** labels choosing Probes */
  readonly probeSelector?: LabelSelector;
  /** label naming the Prometheus object ("" = none) */
  readonly prometheusExternalLabelName?: string;
  /** deprecated list of rules exempt from namespace enforcement */
  readonly prometheusRulesExcludedFromEnforce?: readonly PrometheusPrometheusRulesExcludedFromEnforce[];
  /** query limits of the server / discovery query */
  readonly query?: PrometheusQuery;
  /** file for the query log */
  readonly queryLogFile?: string;
  /** reload through HTTP or process signal */
  readonly reloadStrategy?: "HTTP" | "ProcessSignal";
  /** remote-read endpoints */
  readonly remoteRead?: readonly PrometheusRemoteRead[];
  /** remote-write endpoints */
  readonly remoteWrite?: readonly PrometheusRemoteWrite[];
  /** protocol versions the receiver accepts */
  readonly remoteWriteReceiverMessageVersions?: readonly ("V1.0" | "V2.0")[];
  /** label naming the replica ("" = none) */
  readonly replicaExternalLabelName?: string;
  /** pods per shard */
  readonly replicas?: number;
  /** container resources (pass-through) */
  readonly resources?: KubeObject;
  /** how long data is kept */
  readonly retention?: string;
  /** most bytes kept */
  readonly retentionSize?: string;
  /** path prefix of the web server */
  readonly routePrefix?: string;
  /** namespaces searched for PrometheusRules */
  readonly ruleNamespaceSelector?: LabelSelector;
  /** default offset of rule evaluation */
  readonly ruleQueryOffset?: string;
  /** labels choosing PrometheusRules */
  readonly ruleSelector?: LabelSelector;
  /** rule-evaluation tuning of the server */
  readonly rules?: PrometheusRules;
  /** Go runtime settings */
  readonly runtime?: PrometheusRuntime;
  /** most samples per scrape */
  readonly sampleLimit?: number;
  /** pod scheduler */
  readonly schedulerName?: string;
  /** named defaults (TLS, auth, relabelings, metadata) monitors can refer to */
  readonly scrapeClasses?: readonly PrometheusScrapeClass[];
  /** also scrape classic buckets of native histograms */
  readonly scrapeClassicHistograms?: boolean;
  /** namespaces searched for ScrapeConfigs */
  readonly scrapeConfigNamespaceSelector?: LabelSelector;
  /** labels choosing ScrapeConfigs */
  readonly scrapeConfigSelector?: LabelSelector;
  /** file for scrape failures */
  readonly scrapeFailureLogFile?: string;
  /** time between scrapes */
  readonly scrapeInterval?: string;
  /** scrape native histograms */
  readonly scrapeNativeHistograms?: boolean;
  /** protocols offered, in order */
  readonly scrapeProtocols?: readonly ("PrometheusProto" | "OpenMetricsText0.0.1" | "OpenMetricsText1.0.0" | "PrometheusText0.0.4" | "PrometheusText1.0.0")[];
  /** timeout of a scrape */
  readonly scrapeTimeout?: string;
  /** Secrets mounted under the secrets directory */
  readonly secrets?: readonly string[];
  /** pod security context (pass-through) */
  readonly securityContext?: KubeObject;
  /** service account of the pods */
  readonly serviceAccountName?: string;
  /** Endpoints or EndpointSlice for discovery */
  readonly serviceDiscoveryRole?: "Endpoints" | "EndpointSlice";
  /** namespaces searched for ServiceMonitors */
  readonly serviceMonitorNamespaceSelector?: LabelSelector;
  /** labels choosing ServiceMonitors */
  readonly serviceMonitorSelector?: LabelSelector;
  /** governing Service of the StatefulSet */
  readonly serviceName?: string;
  /** deprecated image digest */
  readonly sha?: string;
  /** what to do with shards that are scaled away */
  readonly shardRetentionPolicy?: PrometheusShardRetentionPolicy;
  /** how targets are spread over shards */
  readonly shardingStrategy?: PrometheusShardingStrategy;
  /** number of shards (StatefulSets) */
  readonly shards?: number;
  /** storage of the data volume */
  readonly storage?: PrometheusStorage;
  /** deprecated image tag */
  readonly tag?: string;
  /** most targets */
  readonly targetLimit?: number;
  /** pod termination grace */
  readonly terminationGracePeriodSeconds?: number;
  /** Thanos sidecar settings */
  readonly thanos?: PrometheusThanos;
  /** pod tolerations (pass-through) */
  readonly tolerations?: readonly KubeObject[];
  /** pod spreading (plus additionalLabelSelectors for shard/resource) */
  readonly topologySpreadConstraints?: readonly KubeObject[];
  /** trace export settings */
  readonly tracingConfig?: PrometheusTracingConfig;
  /** TSDB settings */
  readonly tsdb?: PrometheusTsdb;
  /** StatefulSet/DaemonSet update strategy */
  readonly updateStrategy?: PrometheusUpdateStrategy;
  /** version of the component (drives which options are emitted) */
  readonly version?: string;
  /** extra mounts of the main container (pass-through) */
  readonly volumeMounts?: readonly KubeObject[];
  /** extra volumes (pass-through) */
  readonly volumes?: readonly KubeObject[];
  /** compress the WAL */
  readonly walCompression?: boolean;
  /** web server settings (page title, TLS, HTTP) */
  readonly web?: PrometheusWeb;
}

/** A Prometheus that only scrapes and sends on by remote write. */
export interface PrometheusAgent {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata?: ObjectMeta;
  readonly spec?: PrometheusAgentSpec;
  readonly status?: PrometheusStatus;
}

export interface PrometheusAgentSpec {
  /** extra command-line flags (name, value) for the main container; may not repeat operator-set flags */
  readonly additionalArgs?: readonly PrometheusAdditionalArg[];
  /** secret key holding raw scrape_config entries to append */
  readonly additionalScrapeConfigs?: KeySelector;
  /** pod affinity (core/v1 Affinity, pass-through) */
  readonly affinity?: KubeObject;
  /** how to reach the Kubernetes API when running outside the cluster */
  readonly apiserverConfig?: PrometheusApiserverConfig;
  /** file-access policy for monitors */
  readonly arbitraryFSAccessThroughSMs?: PrometheusArbitraryFSAccessThroughSMs;
  /** mount the service-account token in the pod */
  readonly automountServiceAccountToken?: boolean;
  /** largest scrape body accepted */
  readonly bodySizeLimit?: string;
  /** ConfigMaps mounted under the configmaps directory */
  readonly configMaps?: readonly string[];
  /** extra or patched containers (strategic merge by name) */
  readonly containers?: readonly KubeObject[];
  /** convert classic histograms to native with custom buckets */
  readonly convertClassicHistogramsToNHCB?: boolean;
  /** pod DNS config (pass-through) */
  readonly dnsConfig?: DnsConfig;
  /** pod DNS policy */
  readonly dnsPolicy?: "ClusterFirstWithHostNet" | "ClusterFirst" | "Default" | "None";
  /** feature flags passed to --enable-feature */
  readonly enableFeatures?: readonly string[];
  /** serve the OTLP receiver */
  readonly enableOTLPReceiver?: boolean;
  /** serve the remote-write receiver */
  readonly enableRemoteWriteReceiver?: boolean;
  /** inject service env variables in the pod */
  readonly enableServiceLinks?: boolean;
  /** upper bound for bodySizeLimit of every job */
  readonly enforcedBodySizeLimit?: string;
  /** upper bound for keepDroppedTargets */
  readonly enforcedKeepDroppedTargets?: number;
  /** upper bound for labelLimit */
  readonly enforcedLabelLimit?: number;
  /** upper bound for labelNameLengthLimit */
  readonly enforcedLabelNameLengthLimit?: number;
  /** upper bound for labelValueLengthLimit */
  readonly enforcedLabelValueLengthLimit?: number;
  /** label that gets the object's namespace, forced on all metrics and alerts */
  readonly enforcedNamespaceLabel?: string;
  /** upper bound for sampleLimit */
  readonly enforcedSampleLimit?: number;
  /** upper bound for targetLimit */
  readonly enforcedTargetLimit?: number;
  /** objects exempt from namespace-label enforcement (group, resource, namespace, name) */
  readonly excludedFromEnforcement?: readonly PrometheusExcludedFromEnforcement[];
  /** labels added to all outgoing series and alerts */
  readonly externalLabels?: Readonly<Record<string, string>>;
  /** URL under which the server is reached from outside */
  readonly externalUrl?: string;
  /** pod host aliases (pass-through) */
  readonly hostAliases?: readonly HostAlias[];
  /** use the node's network namespace */
  readonly hostNetwork?: boolean;
  /** use the host user namespace */
  readonly hostUsers?: boolean;
  /** force monitors to their own namespace */
  readonly ignoreNamespaceSelectors?: boolean;
  /** container image (overrides base image, tag, sha) */
  readonly image?: string;
  /** pull policy of all containers */
  readonly imagePullPolicy?: "" | "Always" | "Never" | "IfNotPresent";
  /** pull secrets (pass-through) */
  readonly imagePullSecrets?: readonly LocalReference[];
  /** extra or patched init containers */
  readonly initContainers?: readonly KubeObject[];
  /** number of dropped targets kept for display */
  readonly keepDroppedTargets?: number;
  /** most labels per sample */
  readonly labelLimit?: number;
  /** longest label name */
  readonly labelNameLengthLimit?: number;
  /** longest label value */
  readonly labelValueLengthLimit?: number;
  /** bind the web server to loopback */
  readonly listenLocal?: boolean;
  /** logfmt or json */
  readonly logFormat?: "" | "logfmt" | "json";
  /** log level */
  readonly logLevel?: "" | "debug" | "info" | "warn" | "error";
  /** longest startup before the startup probe fails (min 60) */
  readonly maximumStartupDurationSeconds?: number;
  /** seconds a pod must be ready to count as available */
  readonly minReadySeconds?: number;
  /** escaping of UTF-8 names when negotiating */
  readonly nameEscapingScheme?: "AllowUTF8" | "Underscores" | "Dots" | "Values";
  /** UTF8 or Legacy metric/label name rules */
  readonly nameValidationScheme?: "UTF8" | "Legacy";
  /** node labels the pod needs */
  readonly nodeSelector?: Readonly<Record<string, string>>;
  /** OTLP receiver settings */
  readonly otlp?: PrometheusOtlp;
  /** force honor_labels false everywhere */
  readonly overrideHonorLabels?: boolean;
  /** force honor_timestamps false everywhere */
  readonly overrideHonorTimestamps?: boolean;
  /** stop reconciling this object */
  readonly paused?: boolean;
  /** what happens to PVCs when deleted or scaled */
  readonly persistentVolumeClaimRetentionPolicy?: PrometheusPersistentVolumeClaimRetentionPolicy;
  /** OrderedReady or Parallel */
  readonly podManagementPolicy?: "OrderedReady" | "Parallel";
  /** labels and annotations of the pods */
  readonly podMetadata?: EmbeddedMetadata;
  /** namespaces searched for PodMonitors */
  readonly podMonitorNamespaceSelector?: LabelSelector;
  /** labels choosing PodMonitors */
  readonly podMonitorSelector?: LabelSelector;
  /** pod labels copied to the target */
  readonly podTargetLabels?: readonly string[];
  /** name of the web port */
  readonly portName?: string;
  /** pod priority class */
  readonly priorityClassName?: string;
  /** namespaces searched for Probes */
  readonly probeNamespaceSelector?: LabelSelector;
  /** labels choosing Probes */
  readonly probeSelector?: LabelSelector;
  /** label naming the Prometheus object ("" = none) */
  readonly prometheusExternalLabelName?: string;
  /** reload through HTTP or process signal */
  readonly reloadStrategy?: "HTTP" | "ProcessSignal";
  /** remote-write endpoints */
  readonly remoteWrite?: readonly PrometheusRemoteWrite[];
  /** protocol versions the receiver accepts */
  readonly remoteWriteReceiverMessageVersions?: readonly ("V1.0" | "V2.0")[];
  /** label naming the replica ("" = none) */
  readonly replicaExternalLabelName?: string;
  /** pods per shard */
  readonly replicas?: number;
  /** container resources (pass-through) */
  readonly resources?: KubeObject;
  /** path prefix of the web server */
  readonly routePrefix?: string;
  /** Go runtime settings */
  readonly runtime?: PrometheusRuntime;
  /** most samples per scrape */
  readonly sampleLimit?: number;
  /** pod scheduler */
  readonly schedulerName?: string;
  /** named defaults (TLS, auth, relabelings, metadata) monitors can refer to */
  readonly scrapeClasses?: readonly PrometheusScrapeClass[];
  /** also scrape classic buckets of native histograms */
  readonly scrapeClassicHistograms?: boolean;
  /** namespaces searched for ScrapeConfigs */
  readonly scrapeConfigNamespaceSelector?: LabelSelector;
  /** labels choosing ScrapeConfigs */
  readonly scrapeConfigSelector?: LabelSelector;
  /** file for scrape failures */
  readonly scrapeFailureLogFile?: string;
  /** time between scrapes */
  readonly scrapeInterval?: string;
  /** scrape native histograms */
  readonly scrapeNativeHistograms?: boolean;
  /** protocols offered, in order */
  readonly scrapeProtocols?: readonly ("PrometheusProto" | "OpenMetricsText0.0.1" | "OpenMetricsText1.0.0" | "PrometheusText0.0.4" | "PrometheusText1.0.0")[];
  /** timeout of a scrape */
  readonly scrapeTimeout?: string;
  /** Secrets mounted under the secrets directory */
  readonly secrets?: readonly string[];
  /** pod security context (pass-through) */
  readonly securityContext?: KubeObject;
  /** service account of the pods */
  readonly serviceAccountName?: string;
  /** Endpoints or EndpointSlice for discovery */
  readonly serviceDiscoveryRole?: "Endpoints" | "EndpointSlice";
  /** namespaces searched for ServiceMonitors */
  readonly serviceMonitorNamespaceSelector?: LabelSelector;
  /** labels choosing ServiceMonitors */
  readonly serviceMonitorSelector?: LabelSelector;
  /** governing Service of the StatefulSet */
  readonly serviceName?: string;
  /** how targets are spread over shards */
  readonly shardingStrategy?: PrometheusShardingStrategy;
  /** number of shards (StatefulSets) */
  readonly shards?: number;
  /** storage of the data volume */
  readonly storage?: PrometheusStorage;
  /** most targets */
  readonly targetLimit?: number;
  /** pod termination grace */
  readonly terminationGracePeriodSeconds?: number;
  /** pod tolerations (pass-through) */
  readonly tolerations?: readonly KubeObject[];
  /** pod spreading (plus additionalLabelSelectors for shard/resource) */
  readonly topologySpreadConstraints?: readonly KubeObject[];
  /** trace export settings */
  readonly tracingConfig?: PrometheusTracingConfig;
  /** TSDB settings */
  readonly tsdb?: PrometheusTsdb;
  /** StatefulSet/DaemonSet update strategy */
  readonly updateStrategy?: PrometheusUpdateStrategy;
  /** version of the component (drives which options are emitted) */
  readonly version?: string;
  /** extra mounts of the main container (pass-through) */
  readonly volumeMounts?: readonly KubeObject[];
  /** extra volumes (pass-through) */
  readonly volumes?: readonly KubeObject[];
  /** compress the WAL */
  readonly walCompression?: boolean;
  /** web server settings (page title, TLS, HTTP) */
  readonly web?: PrometheusWeb;
  /** StatefulSet (default), or DaemonSet: one pod a node, which scrapes that node's pods */
  readonly mode?: "StatefulSet" | "DaemonSet";
}

export interface AlertmanagerStatus {
  /** pods that are ready long enough */
  readonly availableReplicas?: number;
  /** current state */
  readonly conditions?: readonly Condition[];
  /** true while the object is not reconciled */
  readonly paused?: boolean;
  /** pods that belong to the object */
  readonly replicas?: number;
  /** pods that are not available */
  readonly unavailableReplicas?: number;
  /** pods of the wanted specification */
  readonly updatedReplicas?: number;
  /** pod selector, for the scale subresource */
  readonly selector?: string;
}

/** A cluster of Alertmanagers. */
export interface Alertmanager {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata?: ObjectMeta;
  readonly spec?: AlertmanagerSpec;
  readonly status?: AlertmanagerStatus;
}

export interface AlertmanagerAdditionalArg {
  /** flag name without dashes */
  readonly name?: string;
  /** flag value */
  readonly value?: string;
}

export interface AlertmanagerAlertmanagerConfigMatcherStrategy {
  /** OnNamespace adds a namespace matcher; OnNamespaceExceptForAlertmanagerNamespace exempts the Alertmanager's own namespace; None adds nothing */
  readonly type?: "OnNamespace" | "OnNamespaceExceptForAlertmanagerNamespace" | "None";
}

export interface HTTPConfig {
  /** HTTP Authorization header settings */
  readonly authorization?: SafeAuthorization;
  /** HTTP basic auth */
  readonly basicAuth?: BasicAuth;
  /** deprecated bearer token (secret ref) */
  readonly bearerTokenSecret?: KeySelector;
  /** allow HTTP/2 */
  readonly enableHttp2?: boolean;
  /** follow HTTP redirects */
  readonly followRedirects?: boolean;
  /** comma list of hosts that bypass the proxy */
  readonly noProxy?: string;
  /** OAuth2 client-credentials settings */
  readonly oauth2?: OAuth2;
  /** headers sent to the proxy on CONNECT (secret refs) */
  readonly proxyConnectHeader?: Readonly<Record<string, readonly KeySelector[]>>;
  /** use HTTP_PROXY and friends */
  readonly proxyFromEnvironment?: boolean;
  /** proxy URL (older spelling) */
  readonly proxyURL?: string;
  /** proxy URL */
  readonly proxyUrl?: string;
  /** TLS client settings */
  readonly tlsConfig?: SafeTLSConfig;
}

export interface AlertmanagerAlertmanagerConfigurationGlobalJira {
  /** API base URL of the receiver */
  readonly apiURL?: string;
}

export interface AlertmanagerAlertmanagerConfigurationGlobalMattermost {
  /** webhook URL (secret ref or text) */
  readonly webhookURL?: KeySelector;
}

export interface AlertmanagerAlertmanagerConfigurationGlobalRocketChat {
  /** API base URL of the receiver */
  readonly apiURL?: string;
  /** token (secret ref) */
  readonly token?: KeySelector;
  /** token id */
  readonly tokenID?: KeySelector;
}

export interface AlertmanagerAlertmanagerConfigurationGlobalSmtpSmartHost {
  /** host or API server address */
  readonly host?: string;
  /** port name or number */
  readonly port?: string;
}

export interface AlertmanagerAlertmanagerConfigurationGlobalSmtp {
  /** SMTP identity */
  readonly authIdentity?: string;
  /** SMTP password (secret ref) */
  readonly authPassword?: KeySelector;
  /** SMTP CRAM-MD5 secret (secret ref) */
  readonly authSecret?: KeySelector;
  /** SMTP user name */
  readonly authUsername?: string;
  /** force or forbid implicit TLS for SMTP */
  readonly forceImplicitTLS?: boolean;
  /** sender address */
  readonly from?: string;
  /** SMTP hello name */
  readonly hello?: string;
  /** insist on TLS for SMTP */
  readonly requireTLS?: boolean;
  /** SMTP host and port */
  readonly smartHost?: AlertmanagerAlertmanagerConfigurationGlobalSmtpSmartHost;
  /** TLS client settings */
  readonly tlsConfig?: SafeTLSConfig;
}

export interface AlertmanagerAlertmanagerConfigurationGlobalTelegram {
  /** API base URL of the receiver */
  readonly apiURL?: string;
}

export interface AlertmanagerAlertmanagerConfigurationGlobalVictorops {
  /** API key (secret ref) */
  readonly apiKey?: KeySelector;
  /** API base URL of the receiver */
  readonly apiURL?: string;
}

export interface AlertmanagerAlertmanagerConfigurationGlobalWebex {
  /** API base URL of the receiver */
  readonly apiURL?: string;
}

export interface AlertmanagerAlertmanagerConfigurationGlobalWechat {
  /** WeChat corporation id */
  readonly apiCorpID?: string;
  /** WeChat API secret (secret ref) */
  readonly apiSecret?: KeySelector;
  /** API base URL of the receiver */
  readonly apiURL?: string;
}

export interface AlertmanagerAlertmanagerConfigurationGlobal {
  /** HTTP client settings */
  readonly httpConfig?: HTTPConfig;
  /** Jira defaults */
  readonly jira?: AlertmanagerAlertmanagerConfigurationGlobalJira;
  /** Mattermost defaults */
  readonly mattermost?: AlertmanagerAlertmanagerConfigurationGlobalMattermost;
  /** global OpsGenie key (secret ref) */
  readonly opsGenieApiKey?: KeySelector;
  /** global OpsGenie URL (secret ref) */
  readonly opsGenieApiUrl?: KeySelector;
  /** global PagerDuty URL */
  readonly pagerdutyUrl?: string;
  /** time after which an alert without update is resolved */
  readonly resolveTimeout?: string;
  /** Rocket.Chat defaults */
  readonly rocketChat?: AlertmanagerAlertmanagerConfigurationGlobalRocketChat;
  /** global Slack URL (secret ref) */
  readonly slackApiUrl?: KeySelector;
  /** SMTP defaults */
  readonly smtp?: AlertmanagerAlertmanagerConfigurationGlobalSmtp;
  /** Telegram defaults */
  readonly telegram?: AlertmanagerAlertmanagerConfigurationGlobalTelegram;
  /** VictorOps defaults */
  readonly victorops?: AlertmanagerAlertmanagerConfigurationGlobalVictorops;
  /** Webex defaults */
  readonly webex?: AlertmanagerAlertmanagerConfigurationGlobalWebex;
  /** WeChat defaults */
  readonly wechat?: AlertmanagerAlertmanagerConfigurationGlobalWechat;
}

export interface AlertmanagerAlertmanagerConfiguration {
  /** global section */
  readonly global?: AlertmanagerAlertmanagerConfigurationGlobal;
  /** AlertmanagerConfig in the same namespace */
  readonly name?: string;
  /** template files */
  readonly templates?: readonly SecretOrConfigMap[];
}

export interface AlertmanagerClusterTLS {
  /** TLS used as gossip client */
  readonly client?: SafeTLSConfig;
  /** TLS used as gossip server */
  readonly server?: WebTLSConfig;
}

export interface AlertmanagerLimits {
  /** largest silence */
  readonly maxPerSilenceBytes?: string;
  /** most silences */
  readonly maxSilences?: number;
}

export interface AlertmanagerPersistentVolumeClaimRetentionPolicy {
  /** Delete or Retain */
  readonly whenDeleted?: string;
  /** Delete or Retain */
  readonly whenScaled?: string;
}

export interface AlertmanagerStorage {
  /** do not use the prometheus-db sub path */
  readonly disableMountSubPath?: boolean;
  /** emptyDir volume source (pass-through) */
  readonly emptyDir?: KubeObject;
  /** ephemeral volume source (pass-through) */
  readonly ephemeral?: KubeObject;
  /** PVC template (metadata, spec; pass-through) */
  readonly volumeClaimTemplate?: VolumeClaimTemplate;
}

export interface AlertmanagerUpdateStrategyRollingUpdate {
  /** most pods down in a rolling update */
  readonly maxUnavailable?: number | string;
}

export interface AlertmanagerUpdateStrategy {
  /** rolling update parameters */
  readonly rollingUpdate?: AlertmanagerUpdateStrategyRollingUpdate;
  /** type */
  readonly type?: "OnDelete" | "RollingUpdate";
}

export interface AlertmanagerWebHttpConfigHeaders {
  /** HTTP response header value */
  readonly contentSecurityPolicy?: string;
  /** HTTP response header value */
  readonly strictTransportSecurity?: string;
  /** HTTP response header value */
  readonly xContentTypeOptions?: "" | "NoSniff";
  /** HTTP response header value */
  readonly xFrameOptions?: "" | "Deny" | "SameOrigin";
  /** HTTP response header value */
  readonly xXSSProtection?: string;
}

export interface AlertmanagerWebHttpConfig {
  /** HTTP headers to add */
  readonly headers?: AlertmanagerWebHttpConfigHeaders;
  /** enable HTTP/2 on the web server */
  readonly http2?: boolean;
}

export interface AlertmanagerWeb {
  /** parallel gets from the store (remote read) */
  readonly getConcurrency?: number;
  /** HTTP/2 switch and response headers of the web server */
  readonly httpConfig?: AlertmanagerWebHttpConfig;
  /** timeout */
  readonly timeout?: number;
  /** TLS of the web server */
  readonly tlsConfig?: WebTLSConfig;
}

export interface AlertmanagerSpec {
  /** extra command-line flags (name, value) for the main container; may not repeat operator-set flags */
  readonly additionalArgs?: readonly AlertmanagerAdditionalArg[];
  /** extra cluster peers outside this StatefulSet */
  readonly additionalPeers?: readonly string[];
  /** pod affinity (core/v1 Affinity, pass-through) */
  readonly affinity?: KubeObject;
  /** how routes from AlertmanagerConfigs are confined to their namespace */
  readonly alertmanagerConfigMatcherStrategy?: AlertmanagerAlertmanagerConfigMatcherStrategy;
  /** namespaces searched for AlertmanagerConfigs (null = own namespace, {} = all) */
  readonly alertmanagerConfigNamespaceSelector?: LabelSelector;
  /** labels choosing AlertmanagerConfigs (null = none, {} = all) */
  readonly alertmanagerConfigSelector?: LabelSelector;
  /** use one AlertmanagerConfig as the global config */
  readonly alertmanagerConfiguration?: AlertmanagerAlertmanagerConfiguration;
  /** mount the service-account token in the pod */
  readonly automountServiceAccountToken?: boolean;
  /** deprecated image name without tag */
  readonly baseImage?: string;
  /** explicit gossip address */
  readonly clusterAdvertiseAddress?: string;
  /** gossip interval */
  readonly clusterGossipInterval?: string;
  /** gossip cluster identity label */
  readonly clusterLabel?: string;
  /** peer timeout */
  readonly clusterPeerTimeout?: string;
  /** full state sync interval */
  readonly clusterPushpullInterval?: string;
  /** mutual TLS of the gossip cluster */
  readonly clusterTLS?: AlertmanagerClusterTLS;
  /** ConfigMaps mounted under the configmaps directory */
  readonly configMaps?: readonly string[];
  /** secret with key alertmanager.yaml used as base configuration */
  readonly configSecret?: string;
  /** extra or patched containers (strategic merge by name) */
  readonly containers?: readonly KubeObject[];
  /** pod DNS config (pass-through) */
  readonly dnsConfig?: DnsConfig;
  /** pod DNS policy */
  readonly dnsPolicy?: "ClusterFirstWithHostNet" | "ClusterFirst" | "Default" | "None";
  /** feature flags passed to --enable-feature */
  readonly enableFeatures?: readonly string[];
  /** inject service env variables in the pod */
  readonly enableServiceLinks?: boolean;
  /** URL under which the server is reached from outside */
  readonly externalUrl?: string;
  /** cluster flags even with one replica */
  readonly forceEnableClusterMode?: boolean;
  /** pod host aliases (pass-through) */
  readonly hostAliases?: readonly HostAlias[];
  /** use the node's network namespace */
  readonly hostNetwork?: boolean;
  /** use the host user namespace */
  readonly hostUsers?: boolean;
  /** container image (overrides base image, tag, sha) */
  readonly image?: string;
  /** pull policy of all containers */
  readonly imagePullPolicy?: "" | "Always" | "Never" | "IfNotPresent";
  /** pull secrets (pass-through) */
  readonly imagePullSecrets?: readonly LocalReference[];
  /** extra or patched init containers */
  readonly initContainers?: readonly KubeObject[];
  /** limits section */
  readonly limits?: AlertmanagerLimits;
  /** bind the web server to loopback */
  readonly listenLocal?: boolean;
  /** logfmt or json */
  readonly logFormat?: "" | "logfmt" | "json";
  /** log level */
  readonly logLevel?: "" | "debug" | "info" | "warn" | "error";
  /** seconds a pod must be ready to count as available */
  readonly minReadySeconds?: number;
  /** node labels the pod needs */
  readonly nodeSelector?: Readonly<Record<string, string>>;
  /** stop reconciling this object */
  readonly paused?: boolean;
  /** what happens to PVCs when deleted or scaled */
  readonly persistentVolumeClaimRetentionPolicy?: AlertmanagerPersistentVolumeClaimRetentionPolicy;
  /** OrderedReady or Parallel */
  readonly podManagementPolicy?: "OrderedReady" | "Parallel";
  /** labels and annotations of the pods */
  readonly podMetadata?: EmbeddedMetadata;
  /** name of the web port */
  readonly portName?: string;
  /** pod priority class */
  readonly priorityClassName?: string;
  /** pods per shard */
  readonly replicas?: number;
  /** container resources (pass-through) */
  readonly resources?: KubeObject;
  /** how long data is kept */
  readonly retention?: string;
  /** path prefix of the web server */
  readonly routePrefix?: string;
  /** pod scheduler */
  readonly schedulerName?: string;
  /** Secrets mounted under the secrets directory */
  readonly secrets?: readonly string[];
  /** pod security context (pass-through) */
  readonly securityContext?: KubeObject;
  /** service account of the pods */
  readonly serviceAccountName?: string;
  /** governing Service of the StatefulSet */
  readonly serviceName?: string;
  /** deprecated image digest */
  readonly sha?: string;
  /** storage of the data volume */
  readonly storage?: AlertmanagerStorage;
  /** deprecated image tag */
  readonly tag?: string;
  /** pod termination grace */
  readonly terminationGracePeriodSeconds?: number;
  /** pod tolerations (pass-through) */
  readonly tolerations?: readonly KubeObject[];
  /** pod spreading (plus additionalLabelSelectors for shard/resource) */
  readonly topologySpreadConstraints?: readonly KubeObject[];
  /** StatefulSet/DaemonSet update strategy */
  readonly updateStrategy?: AlertmanagerUpdateStrategy;
  /** version of the component (drives which options are emitted) */
  readonly version?: string;
  /** extra mounts of the main container (pass-through) */
  readonly volumeMounts?: readonly KubeObject[];
  /** extra volumes (pass-through) */
  readonly volumes?: readonly KubeObject[];
  /** web server settings (page title, TLS, HTTP) */
  readonly web?: AlertmanagerWeb;
}

export interface Acceptance {
  /** when the status changed last */
  readonly lastTransitionTime?: string;
  /** what a person should know */
  readonly message?: string;
  /** generation of the object that this is about */
  readonly observedGeneration?: number;
  /** one word for the cause */
  readonly reason?: string;
  /** True, False or Unknown */
  readonly status?: string;
  /** kind of condition */
  readonly type?: "Accepted";
}

export interface ServiceMonitorStatusBinding {
  /** whether the workload accepted the object */
  readonly conditions?: readonly Acceptance[];
  /** API group of the workload */
  readonly group?: "monitoring.coreos.com";
  /** name of the workload */
  readonly name?: string;
  /** namespace of the workload */
  readonly namespace?: string;
  /** resource of the workload */
  readonly resource?: "prometheuses" | "prometheusagents" | "thanosrulers" | "alertmanagers";
}

export interface ServiceMonitorStatus {
  /** workloads that select the object */
  readonly bindings?: readonly ServiceMonitorStatusBinding[];
}

/** Which endpoints of which Services are scraped, and how. */
export interface ServiceMonitor {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata?: ObjectMeta;
  readonly spec?: ServiceMonitorSpec;
  readonly status?: ServiceMonitorStatus;
}

export interface ServiceMonitorAttachMetadata {
  /** also attach node metadata */
  readonly node?: boolean;
}

export interface ServiceMonitorEndpoint {
  /** HTTP Authorization header settings */
  readonly authorization?: SafeAuthorization;
  /** HTTP basic auth */
  readonly basicAuth?: BasicAuth;
  /** deprecated bearer token (secret ref) */
  readonly bearerTokenSecret?: KeySelector;
  /** allow HTTP/2 */
  readonly enableHttp2?: boolean;
  /** drop Failed and Succeeded pods (default true) */
  readonly filterRunning?: boolean;
  /** follow HTTP redirects */
  readonly followRedirects?: boolean;
  /** keep labels of the scraped data on conflict */
  readonly honorLabels?: boolean;
  /** keep timestamps of the scraped data */
  readonly honorTimestamps?: boolean;
  /** time between scrapes or evaluations */
  readonly interval?: string;
  /** relabelling of samples after the scrape */
  readonly metricRelabelings?: readonly RelabelConfig[];
  /** OAuth2 client-credentials settings */
  readonly oauth2?: OAuth2;
  /** URL query parameters */
  readonly params?: Readonly<Record<string, readonly string[]>>;
  /** HTTP path */
  readonly path?: string;
  /** port name or number */
  readonly port?: string;
  /** relabelling of targets before the scrape */
  readonly relabelings?: readonly RelabelConfig[];
  /** http or https */
  readonly scheme?: "http" | "https" | "HTTP" | "HTTPS";
  /** timeout of a scrape */
  readonly scrapeTimeout?: string;
  /** deprecated pod port name or number */
  readonly targetPort?: number | string;
  /** track staleness when timestamps are explicit */
  readonly trackTimestampsStaleness?: boolean;
  /** comma list of hosts that bypass the proxy */
  readonly noProxy?: string;
  /** headers sent to the proxy on CONNECT (secret refs) */
  readonly proxyConnectHeader?: Readonly<Record<string, readonly KeySelector[]>>;
  /** use HTTP_PROXY and friends */
  readonly proxyFromEnvironment?: boolean;
  /** proxy URL */
  readonly proxyUrl?: string;
  /** deprecated path of a bearer-token file */
  readonly bearerTokenFile?: string;
  /** TLS client settings */
  readonly tlsConfig?: TLSConfig;
}

export interface NamespaceSelector {
  /** true selects every namespace */
  readonly any?: boolean;
  /** namespaces listed by name */
  readonly matchNames?: readonly string[];
}

export interface ServiceMonitorSpec {
  /** extra metadata to attach to discovered targets */
  readonly attachMetadata?: ServiceMonitorAttachMetadata;
  /** largest scrape body accepted */
  readonly bodySizeLimit?: string;
  /** convert classic histograms to native with custom buckets */
  readonly convertClassicHistogramsToNHCB?: boolean;
  /** protocol assumed when Content-Type is missing or bad */
  readonly fallbackScrapeProtocol?: "PrometheusProto" | "OpenMetricsText0.0.1" | "OpenMetricsText1.0.0" | "PrometheusText0.0.4" | "PrometheusText1.0.0";
  /** number of dropped targets kept for display */
  readonly keepDroppedTargets?: number;
  /** most labels per sample */
  readonly labelLimit?: number;
  /** longest label name */
  readonly labelNameLengthLimit?: number;
  /** longest label value */
  readonly labelValueLengthLimit?: number;
  /** most native histogram buckets */
  readonly nativeHistogramBucketLimit?: number;
  /** least growth factor between native buckets */
  readonly nativeHistogramMinBucketFactor?: number | string;
  /** most samples per scrape */
  readonly sampleLimit?: number;
  /** scrape class to apply */
  readonly scrapeClass?: string;
  /** also scrape classic buckets of native histograms */
  readonly scrapeClassicHistograms?: boolean;
  /** scrape native histograms */
  readonly scrapeNativeHistograms?: boolean;
  /** protocols offered, in order */
  readonly scrapeProtocols?: readonly ("PrometheusProto" | "OpenMetricsText0.0.1" | "OpenMetricsText1.0.0" | "PrometheusText0.0.4" | "PrometheusText1.0.0")[];
  /** most targets */
  readonly targetLimit?: number;
  /** endpoints to scrape (one scrape job each) */
  readonly endpoints?: readonly ServiceMonitorEndpoint[];
  /** object label whose value becomes the job label */
  readonly jobLabel?: string;
  /** namespaces in which targets are looked for */
  readonly namespaceSelector?: NamespaceSelector;
  /** pod labels copied to the target */
  readonly podTargetLabels?: readonly string[];
  /** labels choosing the Services/Pods/Ingresses */
  readonly selector?: LabelSelector;
  /** RelabelConfig or RoleSelector: where the selector is applied */
  readonly selectorMechanism?: "RelabelConfig" | "RoleSelector";
  /** Endpoints or EndpointSlice for discovery */
  readonly serviceDiscoveryRole?: "Endpoints" | "EndpointSlice";
  /** Service labels copied to the target */
  readonly targetLabels?: readonly string[];
}

/** Which ports of which pods are scraped, and how. */
export interface PodMonitor {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata?: ObjectMeta;
  readonly spec?: PodMonitorSpec;
  readonly status?: ServiceMonitorStatus;
}

export interface PodMonitorAttachMetadata {
  /** also attach node metadata */
  readonly node?: boolean;
}

export interface PodMonitorPodMetricsEndpoint {
  /** HTTP Authorization header settings */
  readonly authorization?: SafeAuthorization;
  /** HTTP basic auth */
  readonly basicAuth?: BasicAuth;
  /** deprecated bearer token (secret ref) */
  readonly bearerTokenSecret?: KeySelector;
  /** allow HTTP/2 */
  readonly enableHttp2?: boolean;
  /** drop Failed and Succeeded pods (default true) */
  readonly filterRunning?: boolean;
  /** follow HTTP redirects */
  readonly followRedirects?: boolean;
  /** keep labels of the scraped data on conflict */
  readonly honorLabels?: boolean;
  /** keep timestamps of the scraped data */
  readonly honorTimestamps?: boolean;
  /** time between scrapes or evaluations */
  readonly interval?: string;
  /** relabelling of samples after the scrape */
  readonly metricRelabelings?: readonly RelabelConfig[];
  /** OAuth2 client-credentials settings */
  readonly oauth2?: OAuth2;
  /** URL query parameters */
  readonly params?: Readonly<Record<string, readonly string[]>>;
  /** HTTP path */
  readonly path?: string;
  /** port name or number */
  readonly port?: string;
  /** relabelling of targets before the scrape */
  readonly relabelings?: readonly RelabelConfig[];
  /** http or https */
  readonly scheme?: "http" | "https" | "HTTP" | "HTTPS";
  /** timeout of a scrape */
  readonly scrapeTimeout?: string;
  /** deprecated pod port name or number */
  readonly targetPort?: number | string;
  /** track staleness when timestamps are explicit */
  readonly trackTimestampsStaleness?: boolean;
  /** comma list of hosts that bypass the proxy */
  readonly noProxy?: string;
  /** headers sent to the proxy on CONNECT (secret refs) */
  readonly proxyConnectHeader?: Readonly<Record<string, readonly KeySelector[]>>;
  /** use HTTP_PROXY and friends */
  readonly proxyFromEnvironment?: boolean;
  /** proxy URL */
  readonly proxyUrl?: string;
  /** container port number */
  readonly portNumber?: number;
  /** TLS client settings */
  readonly tlsConfig?: SafeTLSConfig;
}

export interface PodMonitorSpec {
  /** extra metadata to attach to discovered targets */
  readonly attachMetadata?: PodMonitorAttachMetadata;
  /** largest scrape body accepted */
  readonly bodySizeLimit?: string;
  /** convert classic histograms to native with custom buckets */
  readonly convertClassicHistogramsToNHCB?: boolean;
  /** protocol assumed when Content-Type is missing or bad */
  readonly fallbackScrapeProtocol?: "PrometheusProto" | "OpenMetricsText0.0.1" | "OpenMetricsText1.0.0" | "PrometheusText0.0.4" | "PrometheusText1.0.0";
  /** number of dropped targets kept for display */
  readonly keepDroppedTargets?: number;
  /** most labels per sample */
  readonly labelLimit?: number;
  /** longest label name */
  readonly labelNameLengthLimit?: number;
  /** longest label value */
  readonly labelValueLengthLimit?: number;
  /** most native histogram buckets */
  readonly nativeHistogramBucketLimit?: number;
  /** least growth factor between native buckets */
  readonly nativeHistogramMinBucketFactor?: number | string;
  /** most samples per scrape */
  readonly sampleLimit?: number;
  /** scrape class to apply */
  readonly scrapeClass?: string;
  /** also scrape classic buckets of native histograms */
  readonly scrapeClassicHistograms?: boolean;
  /** scrape native histograms */
  readonly scrapeNativeHistograms?: boolean;
  /** protocols offered, in order */
  readonly scrapeProtocols?: readonly ("PrometheusProto" | "OpenMetricsText0.0.1" | "OpenMetricsText1.0.0" | "PrometheusText0.0.4" | "PrometheusText1.0.0")[];
  /** most targets */
  readonly targetLimit?: number;
  /** object label whose value becomes the job label */
  readonly jobLabel?: string;
  /** namespaces in which targets are looked for */
  readonly namespaceSelector?: NamespaceSelector;
  /** pod ports to scrape (one job each) */
  readonly podMetricsEndpoints?: readonly PodMonitorPodMetricsEndpoint[];
  /** pod labels copied to the target */
  readonly podTargetLabels?: readonly string[];
  /** labels choosing the Services/Pods/Ingresses */
  readonly selector?: LabelSelector;
  /** RelabelConfig or RoleSelector: where the selector is applied */
  readonly selectorMechanism?: "RelabelConfig" | "RoleSelector";
}

/** Targets that a prober such as the blackbox exporter looks at. */
export interface Probe {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata?: ObjectMeta;
  readonly spec?: ProbeSpec;
  readonly status?: ServiceMonitorStatus;
}

export interface Filter {
  /** filter name */
  readonly name?: string;
  /** values */
  readonly values?: readonly string[];
}

export interface ProbeProber {
  /** comma list of hosts that bypass the proxy */
  readonly noProxy?: string;
  /** headers sent to the proxy on CONNECT (secret refs) */
  readonly proxyConnectHeader?: Readonly<Record<string, readonly KeySelector[]>>;
  /** use HTTP_PROXY and friends */
  readonly proxyFromEnvironment?: boolean;
  /** proxy URL */
  readonly proxyUrl?: string;
  /** path of the probe handler (default /probe) */
  readonly path?: string;
  /** http or https */
  readonly scheme?: "http" | "https" | "HTTP" | "HTTPS";
  /** host:port of the exporter */
  readonly url?: string;
}

export interface ProbeTargetsIngress {
  /** namespaces in which targets are looked for */
  readonly namespaceSelector?: NamespaceSelector;
  /** relabelling of Ingress targets */
  readonly relabelingConfigs?: readonly RelabelConfig[];
  /** labels choosing Ingresses */
  readonly selector?: LabelSelector;
}

export interface ProbeTargetsStaticConfig {
  /** labels to add */
  readonly labels?: Readonly<Record<string, string>>;
  /** relabelling of the fixed targets */
  readonly relabelingConfigs?: readonly RelabelConfig[];
  /** hosts to probe */
  readonly static?: readonly string[];
}

export interface ProbeTargets {
  /** targets from Ingress objects */
  readonly ingress?: ProbeTargetsIngress;
  /** fixed targets */
  readonly staticConfig?: ProbeTargetsStaticConfig;
}

export interface ProbeSpec {
  /** HTTP Authorization header settings */
  readonly authorization?: SafeAuthorization;
  /** HTTP basic auth */
  readonly basicAuth?: BasicAuth;
  /** deprecated bearer token (secret ref) */
  readonly bearerTokenSecret?: KeySelector;
  /** convert classic histograms to native with custom buckets */
  readonly convertClassicHistogramsToNHCB?: boolean;
  /** protocol assumed when Content-Type is missing or bad */
  readonly fallbackScrapeProtocol?: "PrometheusProto" | "OpenMetricsText0.0.1" | "OpenMetricsText1.0.0" | "PrometheusText0.0.4" | "PrometheusText1.0.0";
  /** number of dropped targets kept for display */
  readonly keepDroppedTargets?: number;
  /** most labels per sample */
  readonly labelLimit?: number;
  /** longest label name */
  readonly labelNameLengthLimit?: number;
  /** longest label value */
  readonly labelValueLengthLimit?: number;
  /** most native histogram buckets */
  readonly nativeHistogramBucketLimit?: number;
  /** least growth factor between native buckets */
  readonly nativeHistogramMinBucketFactor?: number | string;
  /** most samples per scrape */
  readonly sampleLimit?: number;
  /** scrape class to apply */
  readonly scrapeClass?: string;
  /** also scrape classic buckets of native histograms */
  readonly scrapeClassicHistograms?: boolean;
  /** scrape native histograms */
  readonly scrapeNativeHistograms?: boolean;
  /** protocols offered, in order */
  readonly scrapeProtocols?: readonly ("PrometheusProto" | "OpenMetricsText0.0.1" | "OpenMetricsText1.0.0" | "PrometheusText0.0.4" | "PrometheusText1.0.0")[];
  /** most targets */
  readonly targetLimit?: number;
  /** allow HTTP/2 */
  readonly enableHttp2?: boolean;
  /** follow HTTP redirects */
  readonly followRedirects?: boolean;
  /** time between probes */
  readonly interval?: string;
  /** value of the job label / job name */
  readonly jobName?: string;
  /** relabelling of samples after the scrape */
  readonly metricRelabelings?: readonly RelabelConfig[];
  /** blackbox module name */
  readonly module?: string;
  /** OAuth2 client-credentials settings */
  readonly oauth2?: OAuth2;
  /** extra URL parameters (name, values) */
  readonly params?: readonly Filter[];
  /** blackbox exporter to ask */
  readonly prober?: ProbeProber;
  /** timeout of a scrape */
  readonly scrapeTimeout?: string;
  /** what is probed: staticConfig or ingress */
  readonly targets?: ProbeTargets;
  /** TLS client settings */
  readonly tlsConfig?: SafeTLSConfig;
}

/** A scrape job with any of Prometheus' service discoveries. */
export interface ScrapeConfig {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata?: ObjectMeta;
  readonly spec?: ScrapeConfigSpec;
  readonly status?: ServiceMonitorStatus;
}

export interface ScrapeConfigAzureSDConfig {
  /** Azure auth method */
  readonly authenticationMethod?: "OAuth" | "ManagedIdentity" | "SDK" | "WorkloadIdentity";
  /** HTTP Authorization header settings */
  readonly authorization?: SafeAuthorization;
  /** HTTP basic auth */
  readonly basicAuth?: BasicAuth;
  /** client id */
  readonly clientID?: string;
  /** OAuth2 client secret (secret ref) */
  readonly clientSecret?: KeySelector;
  /** allow HTTP/2 */
  readonly enableHTTP2?: boolean;
  /** Azure environment */
  readonly environment?: string;
  /** follow HTTP redirects */
  readonly followRedirects?: boolean;
  /** comma list of hosts that bypass the proxy */
  readonly noProxy?: string;
  /** headers sent to the proxy on CONNECT (secret refs) */
  readonly proxyConnectHeader?: Readonly<Record<string, readonly KeySelector[]>>;
  /** use HTTP_PROXY and friends */
  readonly proxyFromEnvironment?: boolean;
  /** proxy URL */
  readonly proxyUrl?: string;
  /** OAuth2 client-credentials settings */
  readonly oauth2?: OAuth2;
  /** port name or number */
  readonly port?: number;
  /** time between discovery refreshes */
  readonly refreshInterval?: string;
  /** Azure resource group */
  readonly resourceGroup?: string;
  /** Azure subscription id */
  readonly subscriptionID?: string;
  /** Azure tenant id */
  readonly tenantID?: string;
  /** TLS client settings */
  readonly tlsConfig?: SafeTLSConfig;
}

export interface ScrapeConfigConsulSDConfig {
  /** accept stale Consul reads */
  readonly allowStale?: boolean;
  /** HTTP Authorization header settings */
  readonly authorization?: SafeAuthorization;
  /** HTTP basic auth */
  readonly basicAuth?: BasicAuth;
  /** datacenter to query */
  readonly datacenter?: string;
  /** allow HTTP/2 */
  readonly enableHTTP2?: boolean;
  /** filter expression */
  readonly filter?: string;
  /** follow HTTP redirects */
  readonly followRedirects?: boolean;
  /** Consul health filter */
  readonly healthFilter?: string;
  /** namespace */
  readonly namespace?: string;
  /** comma list of hosts that bypass the proxy */
  readonly noProxy?: string;
  /** headers sent to the proxy on CONNECT (secret refs) */
  readonly proxyConnectHeader?: Readonly<Record<string, readonly KeySelector[]>>;
  /** use HTTP_PROXY and friends */
  readonly proxyFromEnvironment?: boolean;
  /** proxy URL */
  readonly proxyUrl?: string;
  /** Consul node metadata filter */
  readonly nodeMeta?: Readonly<Record<string, string>>;
  /** OAuth2 client-credentials settings */
  readonly oauth2?: OAuth2;
  /** Consul partition */
  readonly partition?: string;
  /** prefix of HTTP paths */
  readonly pathPrefix?: string;
  /** time between discovery refreshes */
  readonly refreshInterval?: string;
  /** http or https */
  readonly scheme?: "http" | "https" | "HTTP" | "HTTPS";
  /** server address */
  readonly server?: string;
  /** services to discover */
  readonly services?: readonly string[];
  /** separator of tags */
  readonly tagSeparator?: string;
  /** tags */
  readonly tags?: readonly string[];
  /** TLS client settings */
  readonly tlsConfig?: SafeTLSConfig;
  /** Consul token (secret ref) */
  readonly tokenRef?: KeySelector;
}

export interface ScrapeConfigDigitalOceanSDConfig {
  /** HTTP Authorization header settings */
  readonly authorization?: SafeAuthorization;
  /** allow HTTP/2 */
  readonly enableHTTP2?: boolean;
  /** follow HTTP redirects */
  readonly followRedirects?: boolean;
  /** comma list of hosts that bypass the proxy */
  readonly noProxy?: string;
  /** headers sent to the proxy on CONNECT (secret refs) */
  readonly proxyConnectHeader?: Readonly<Record<string, readonly KeySelector[]>>;
  /** use HTTP_PROXY and friends */
  readonly proxyFromEnvironment?: boolean;
  /** proxy URL */
  readonly proxyUrl?: string;
  /** OAuth2 client-credentials settings */
  readonly oauth2?: OAuth2;
  /** port name or number */
  readonly port?: number;
  /** time between discovery refreshes */
  readonly refreshInterval?: string;
  /** TLS client settings */
  readonly tlsConfig?: SafeTLSConfig;
}

export interface ScrapeConfigDnsSDConfig {
  /** names to look up */
  readonly names?: readonly string[];
  /** port name or number */
  readonly port?: number;
  /** time between discovery refreshes */
  readonly refreshInterval?: string;
  /** type */
  readonly type?: "A" | "AAAA" | "MX" | "NS" | "SRV";
}

export interface DiscoveryFilter {
  /** filter name */
  readonly name?: string;
  /** values */
  readonly values?: readonly string[];
}

export interface ScrapeConfigDockerSDConfig {
  /** HTTP Authorization header settings */
  readonly authorization?: SafeAuthorization;
  /** HTTP basic auth */
  readonly basicAuth?: BasicAuth;
  /** allow HTTP/2 */
  readonly enableHTTP2?: boolean;
  /** filters sent to the discovery API (name, values) */
  readonly filters?: readonly DiscoveryFilter[];
  /** follow HTTP redirects */
  readonly followRedirects?: boolean;
  /** host or API server address */
  readonly host?: string;
  /** host used when a container uses host networking */
  readonly hostNetworkingHost?: string;
  /** use only the first Docker network */
  readonly matchFirstNetwork?: boolean;
  /** comma list of hosts that bypass the proxy */
  readonly noProxy?: string;
  /** headers sent to the proxy on CONNECT (secret refs) */
  readonly proxyConnectHeader?: Readonly<Record<string, readonly KeySelector[]>>;
  /** use HTTP_PROXY and friends */
  readonly proxyFromEnvironment?: boolean;
  /** proxy URL */
  readonly proxyUrl?: string;
  /** OAuth2 client-credentials settings */
  readonly oauth2?: OAuth2;
  /** port name or number */
  readonly port?: number;
  /** time between discovery refreshes */
  readonly refreshInterval?: string;
  /** TLS client settings */
  readonly tlsConfig?: SafeTLSConfig;
}

export interface ScrapeConfigDockerSwarmSDConfig {
  /** HTTP Authorization header settings */
  readonly authorization?: SafeAuthorization;
  /** HTTP basic auth */
  readonly basicAuth?: BasicAuth;
  /** allow HTTP/2 */
  readonly enableHTTP2?: boolean;
  /** filters sent to the discovery API (name, values) */
  readonly filters?: readonly DiscoveryFilter[];
  /** follow HTTP redirects */
  readonly followRedirects?: boolean;
  /** host or API server address */
  readonly host?: string;
  /** comma list of hosts that bypass the proxy */
  readonly noProxy?: string;
  /** headers sent to the proxy on CONNECT (secret refs) */
  readonly proxyConnectHeader?: Readonly<Record<string, readonly KeySelector[]>>;
  /** use HTTP_PROXY and friends */
  readonly proxyFromEnvironment?: boolean;
  /** proxy URL */
  readonly proxyUrl?: string;
  /** OAuth2 client-credentials settings */
  readonly oauth2?: OAuth2;
  /** port name or number */
  readonly port?: number;
  /** time between discovery refreshes */
  readonly refreshInterval?: string;
  /** kind of object discovered */
  readonly role?: "Services" | "Tasks" | "Nodes";
  /** TLS client settings */
  readonly tlsConfig?: SafeTLSConfig;
}

export interface ScrapeConfigEc2SDConfig {
  /** AWS/cloud access key (secret ref) */
  readonly accessKey?: KeySelector;
  /** allow HTTP/2 */
  readonly enableHTTP2?: boolean;
  /** filters sent to the discovery API (name, values) */
  readonly filters?: readonly DiscoveryFilter[];
  /** follow HTTP redirects */
  readonly followRedirects?: boolean;
  /** comma list of hosts that bypass the proxy */
  readonly noProxy?: string;
  /** headers sent to the proxy on CONNECT (secret refs) */
  readonly proxyConnectHeader?: Readonly<Record<string, readonly KeySelector[]>>;
  /** use HTTP_PROXY and friends */
  readonly proxyFromEnvironment?: boolean;
  /** proxy URL */
  readonly proxyUrl?: string;
  /** port name or number */
  readonly port?: number;
  /** time between discovery refreshes */
  readonly refreshInterval?: string;
  /** region */
  readonly region?: string;
  /** AWS role to assume */
  readonly roleARN?: string;
  /** secret key (secret ref) */
  readonly secretKey?: KeySelector;
  /** TLS client settings */
  readonly tlsConfig?: SafeTLSConfig;
}

export interface ScrapeConfigEurekaSDConfig {
  /** HTTP Authorization header settings */
  readonly authorization?: SafeAuthorization;
  /** HTTP basic auth */
  readonly basicAuth?: BasicAuth;
  /** allow HTTP/2 */
  readonly enableHTTP2?: boolean;
  /** follow HTTP redirects */
  readonly followRedirects?: boolean;
  /** comma list of hosts that bypass the proxy */
  readonly noProxy?: string;
  /** headers sent to the proxy on CONNECT (secret refs) */
  readonly proxyConnectHeader?: Readonly<Record<string, readonly KeySelector[]>>;
  /** use HTTP_PROXY and friends */
  readonly proxyFromEnvironment?: boolean;
  /** proxy URL */
  readonly proxyUrl?: string;
  /** OAuth2 client-credentials settings */
  readonly oauth2?: OAuth2;
  /** time between discovery refreshes */
  readonly refreshInterval?: string;
  /** server address */
  readonly server?: string;
  /** TLS client settings */
  readonly tlsConfig?: SafeTLSConfig;
}

export interface ScrapeConfigFileSDConfig {
  /** file patterns */
  readonly files?: readonly string[];
  /** time between discovery refreshes */
  readonly refreshInterval?: string;
}

export interface ScrapeConfigGceSDConfig {
  /** filter expression */
  readonly filter?: string;
  /** port name or number */
  readonly port?: number;
  /** project */
  readonly project?: string;
  /** time between discovery refreshes */
  readonly refreshInterval?: string;
  /** separator of tags */
  readonly tagSeparator?: string;
  /** zone */
  readonly zone?: string;
}

export interface ScrapeConfigHetznerSDConfig {
  /** HTTP Authorization header settings */
  readonly authorization?: SafeAuthorization;
  /** HTTP basic auth */
  readonly basicAuth?: BasicAuth;
  /** allow HTTP/2 */
  readonly enableHTTP2?: boolean;
  /** follow HTTP redirects */
  readonly followRedirects?: boolean;
  /** label selector text */
  readonly labelSelector?: string;
  /** comma list of hosts that bypass the proxy */
  readonly noProxy?: string;
  /** headers sent to the proxy on CONNECT (secret refs) */
  readonly proxyConnectHeader?: Readonly<Record<string, readonly KeySelector[]>>;
  /** use HTTP_PROXY and friends */
  readonly proxyFromEnvironment?: boolean;
  /** proxy URL */
  readonly proxyUrl?: string;
  /** OAuth2 client-credentials settings */
  readonly oauth2?: OAuth2;
  /** port name or number */
  readonly port?: number;
  /** time between discovery refreshes */
  readonly refreshInterval?: string;
  /** kind of object discovered */
  readonly role?: "hcloud" | "Hcloud" | "robot" | "Robot";
  /** TLS client settings */
  readonly tlsConfig?: SafeTLSConfig;
}

export interface ScrapeConfigHttpSDConfig {
  /** HTTP Authorization header settings */
  readonly authorization?: SafeAuthorization;
  /** HTTP basic auth */
  readonly basicAuth?: BasicAuth;
  /** allow HTTP/2 */
  readonly enableHTTP2?: boolean;
  /** follow HTTP redirects */
  readonly followRedirects?: boolean;
  /** comma list of hosts that bypass the proxy */
  readonly noProxy?: string;
  /** headers sent to the proxy on CONNECT (secret refs) */
  readonly proxyConnectHeader?: Readonly<Record<string, readonly KeySelector[]>>;
  /** use HTTP_PROXY and friends */
  readonly proxyFromEnvironment?: boolean;
  /** proxy URL */
  readonly proxyUrl?: string;
  /** OAuth2 client-credentials settings */
  readonly oauth2?: OAuth2;
  /** time between discovery refreshes */
  readonly refreshInterval?: string;
  /** TLS client settings */
  readonly tlsConfig?: SafeTLSConfig;
  /** URL */
  readonly url?: string;
}

export interface ScrapeConfigIonosSDConfig {
  /** HTTP Authorization header settings */
  readonly authorization?: SafeAuthorization;
  /** IONOS datacenter id */
  readonly datacenterID?: string;
  /** allow HTTP/2 */
  readonly enableHTTP2?: boolean;
  /** follow HTTP redirects */
  readonly followRedirects?: boolean;
  /** comma list of hosts that bypass the proxy */
  readonly noProxy?: string;
  /** headers sent to the proxy on CONNECT (secret refs) */
  readonly proxyConnectHeader?: Readonly<Record<string, readonly KeySelector[]>>;
  /** use HTTP_PROXY and friends */
  readonly proxyFromEnvironment?: boolean;
  /** proxy URL */
  readonly proxyUrl?: string;
  /** OAuth2 client-credentials settings */
  readonly oauth2?: OAuth2;
  /** port name or number */
  readonly port?: number;
  /** time between discovery refreshes */
  readonly refreshInterval?: string;
  /** TLS client settings */
  readonly tlsConfig?: SafeTLSConfig;
}

export interface ScrapeConfigKubernetesSDConfigAttachMetadata {
  /** also attach node metadata */
  readonly node?: boolean;
}

export interface ScrapeConfigKubernetesSDConfigNamespaces {
  /** names to look up */
  readonly names?: readonly string[];
  /** include the server's own namespace */
  readonly ownNamespace?: boolean;
}

export interface ScrapeConfigKubernetesSDConfigSelector {
  /** field name */
  readonly field?: string;
  /** label to select on / display label */
  readonly label?: string;
  /** kind of object discovered */
  readonly role?: "Pod" | "Endpoints" | "Ingress" | "Service" | "Node" | "EndpointSlice";
}

export interface ScrapeConfigKubernetesSDConfig {
  /** Kubernetes API server URL; empty = in-cluster */
  readonly apiServer?: string;
  /** extra metadata to attach to discovered targets */
  readonly attachMetadata?: ScrapeConfigKubernetesSDConfigAttachMetadata;
  /** HTTP Authorization header settings */
  readonly authorization?: SafeAuthorization;
  /** HTTP basic auth */
  readonly basicAuth?: BasicAuth;
  /** allow HTTP/2 */
  readonly enableHTTP2?: boolean;
  /** follow HTTP redirects */
  readonly followRedirects?: boolean;
  /** namespaces to discover in (names, ownNamespace) */
  readonly namespaces?: ScrapeConfigKubernetesSDConfigNamespaces;
  /** comma list of hosts that bypass the proxy */
  readonly noProxy?: string;
  /** headers sent to the proxy on CONNECT (secret refs) */
  readonly proxyConnectHeader?: Readonly<Record<string, readonly KeySelector[]>>;
  /** use HTTP_PROXY and friends */
  readonly proxyFromEnvironment?: boolean;
  /** proxy URL */
  readonly proxyUrl?: string;
  /** OAuth2 client-credentials settings */
  readonly oauth2?: OAuth2;
  /** kind of object discovered */
  readonly role?: "Pod" | "Endpoints" | "Ingress" | "Service" | "Node" | "EndpointSlice";
  /** API-side selectors (role, label, field) */
  readonly selectors?: readonly ScrapeConfigKubernetesSDConfigSelector[];
  /** TLS client settings */
  readonly tlsConfig?: SafeTLSConfig;
}

export interface ScrapeConfigKumaSDConfig {
  /** HTTP Authorization header settings */
  readonly authorization?: SafeAuthorization;
  /** HTTP basic auth */
  readonly basicAuth?: BasicAuth;
  /** client id */
  readonly clientID?: string;
  /** allow HTTP/2 */
  readonly enableHTTP2?: boolean;
  /** timeout of a fetch */
  readonly fetchTimeout?: string;
  /** follow HTTP redirects */
  readonly followRedirects?: boolean;
  /** comma list of hosts that bypass the proxy */
  readonly noProxy?: string;
  /** headers sent to the proxy on CONNECT (secret refs) */
  readonly proxyConnectHeader?: Readonly<Record<string, readonly KeySelector[]>>;
  /** use HTTP_PROXY and friends */
  readonly proxyFromEnvironment?: boolean;
  /** proxy URL */
  readonly proxyUrl?: string;
  /** OAuth2 client-credentials settings */
  readonly oauth2?: OAuth2;
  /** time between discovery refreshes */
  readonly refreshInterval?: string;
  /** server address */
  readonly server?: string;
  /** TLS client settings */
  readonly tlsConfig?: SafeTLSConfig;
}

export interface ScrapeConfigLightSailSDConfig {
  /** AWS/cloud access key (secret ref) */
  readonly accessKey?: KeySelector;
  /** HTTP Authorization header settings */
  readonly authorization?: SafeAuthorization;
  /** HTTP basic auth */
  readonly basicAuth?: BasicAuth;
  /** allow HTTP/2 */
  readonly enableHTTP2?: boolean;
  /** endpoint address or custom API endpoint */
  readonly endpoint?: string;
  /** follow HTTP redirects */
  readonly followRedirects?: boolean;
  /** comma list of hosts that bypass the proxy */
  readonly noProxy?: string;
  /** headers sent to the proxy on CONNECT (secret refs) */
  readonly proxyConnectHeader?: Readonly<Record<string, readonly KeySelector[]>>;
  /** use HTTP_PROXY and friends */
  readonly proxyFromEnvironment?: boolean;
  /** proxy URL */
  readonly proxyUrl?: string;
  /** OAuth2 client-credentials settings */
  readonly oauth2?: OAuth2;
  /** port name or number */
  readonly port?: number;
  /** time between discovery refreshes */
  readonly refreshInterval?: string;
  /** region */
  readonly region?: string;
  /** AWS role to assume */
  readonly roleARN?: string;
  /** secret key (secret ref) */
  readonly secretKey?: KeySelector;
  /** TLS client settings */
  readonly tlsConfig?: SafeTLSConfig;
}

export interface ScrapeConfigLinodeSDConfig {
  /** HTTP Authorization header settings */
  readonly authorization?: SafeAuthorization;
  /** allow HTTP/2 */
  readonly enableHTTP2?: boolean;
  /** follow HTTP redirects */
  readonly followRedirects?: boolean;
  /** comma list of hosts that bypass the proxy */
  readonly noProxy?: string;
  /** headers sent to the proxy on CONNECT (secret refs) */
  readonly proxyConnectHeader?: Readonly<Record<string, readonly KeySelector[]>>;
  /** use HTTP_PROXY and friends */
  readonly proxyFromEnvironment?: boolean;
  /** proxy URL */
  readonly proxyUrl?: string;
  /** OAuth2 client-credentials settings */
  readonly oauth2?: OAuth2;
  /** port name or number */
  readonly port?: number;
  /** time between discovery refreshes */
  readonly refreshInterval?: string;
  /** region */
  readonly region?: string;
  /** separator of tags */
  readonly tagSeparator?: string;
  /** TLS client settings */
  readonly tlsConfig?: SafeTLSConfig;
}

export interface ScrapeConfigNomadSDConfig {
  /** accept stale Consul reads */
  readonly allowStale?: boolean;
  /** HTTP Authorization header settings */
  readonly authorization?: SafeAuthorization;
  /** HTTP basic auth */
  readonly basicAuth?: BasicAuth;
  /** allow HTTP/2 */
  readonly enableHTTP2?: boolean;
  /** follow HTTP redirects */
  readonly followRedirects?: boolean;
  /** namespace */
  readonly namespace?: string;
  /** comma list of hosts that bypass the proxy */
  readonly noProxy?: string;
  /** headers sent to the proxy on CONNECT (secret refs) */
  readonly proxyConnectHeader?: Readonly<Record<string, readonly KeySelector[]>>;
  /** use HTTP_PROXY and friends */
  readonly proxyFromEnvironment?: boolean;
  /** proxy URL */
  readonly proxyUrl?: string;
  /** OAuth2 client-credentials settings */
  readonly oauth2?: OAuth2;
  /** time between discovery refreshes */
  readonly refreshInterval?: string;
  /** region */
  readonly region?: string;
  /** server address */
  readonly server?: string;
  /** separator of tags */
  readonly tagSeparator?: string;
  /** TLS client settings */
  readonly tlsConfig?: SafeTLSConfig;
}

export interface ScrapeConfigOpenstackSDConfig {
  /** discover across all OpenStack tenants */
  readonly allTenants?: boolean;
  /** OpenStack application credential id */
  readonly applicationCredentialId?: string;
  /** OpenStack application credential name */
  readonly applicationCredentialName?: string;
  /** OpenStack application credential secret (secret ref) */
  readonly applicationCredentialSecret?: KeySelector;
  /** OpenStack endpoint type */
  readonly availability?: "Public" | "public" | "Admin" | "admin" | "Internal" | "internal";
  /** OpenStack domain id */
  readonly domainID?: string;
  /** OpenStack domain name */
  readonly domainName?: string;
  /** OpenStack identity URL */
  readonly identityEndpoint?: string;
  /** password (secret ref) */
  readonly password?: KeySelector;
  /** port name or number */
  readonly port?: number;
  /** project id */
  readonly projectID?: string;
  /** project name */
  readonly projectName?: string;
  /** time between discovery refreshes */
  readonly refreshInterval?: string;
  /** region */
  readonly region?: string;
  /** kind of object discovered */
  readonly role?: "Instance" | "Hypervisor" | "LoadBalancer";
  /** TLS client settings */
  readonly tlsConfig?: SafeTLSConfig;
  /** OpenStack user id */
  readonly userid?: string;
  /** user name */
  readonly username?: string;
}

export interface ScrapeConfigOvhcloudSDConfig {
  /** OVH application key */
  readonly applicationKey?: string;
  /** OVH application secret (secret ref) */
  readonly applicationSecret?: KeySelector;
  /** OVH consumer key (secret ref) */
  readonly consumerKey?: KeySelector;
  /** endpoint address or custom API endpoint */
  readonly endpoint?: string;
  /** time between discovery refreshes */
  readonly refreshInterval?: string;
  /** service name */
  readonly service?: "VPS" | "DedicatedServer";
}

export interface ScrapeConfigPuppetDBSDConfig {
  /** HTTP Authorization header settings */
  readonly authorization?: SafeAuthorization;
  /** HTTP basic auth */
  readonly basicAuth?: BasicAuth;
  /** allow HTTP/2 */
  readonly enableHTTP2?: boolean;
  /** follow HTTP redirects */
  readonly followRedirects?: boolean;
  /** Nomad/other include flags */
  readonly includeParameters?: boolean;
  /** comma list of hosts that bypass the proxy */
  readonly noProxy?: string;
  /** headers sent to the proxy on CONNECT (secret refs) */
  readonly proxyConnectHeader?: Readonly<Record<string, readonly KeySelector[]>>;
  /** use HTTP_PROXY and friends */
  readonly proxyFromEnvironment?: boolean;
  /** proxy URL */
  readonly proxyUrl?: string;
  /** OAuth2 client-credentials settings */
  readonly oauth2?: OAuth2;
  /** port name or number */
  readonly port?: number;
  /** query limits of the server / discovery query */
  readonly query?: string;
  /** time between discovery refreshes */
  readonly refreshInterval?: string;
  /** TLS client settings */
  readonly tlsConfig?: SafeTLSConfig;
  /** URL */
  readonly url?: string;
}

export interface ScrapeConfigScalewaySDConfig {
  /** AWS/cloud access key (secret ref) */
  readonly accessKey?: string;
  /** API base URL of the receiver */
  readonly apiURL?: string;
  /** allow HTTP/2 */
  readonly enableHTTP2?: boolean;
  /** follow HTTP redirects */
  readonly followRedirects?: boolean;
  /** name filter */
  readonly nameFilter?: string;
  /** comma list of hosts that bypass the proxy */
  readonly noProxy?: string;
  /** headers sent to the proxy on CONNECT (secret refs) */
  readonly proxyConnectHeader?: Readonly<Record<string, readonly KeySelector[]>>;
  /** use HTTP_PROXY and friends */
  readonly proxyFromEnvironment?: boolean;
  /** proxy URL */
  readonly proxyUrl?: string;
  /** port name or number */
  readonly port?: number;
  /** project id */
  readonly projectID?: string;
  /** time between discovery refreshes */
  readonly refreshInterval?: string;
  /** kind of object discovered */
  readonly role?: "Instance" | "Baremetal";
  /** secret key (secret ref) */
  readonly secretKey?: KeySelector;
  /** tag filter */
  readonly tagsFilter?: readonly string[];
  /** TLS client settings */
  readonly tlsConfig?: SafeTLSConfig;
  /** zone */
  readonly zone?: string;
}

export interface ScrapeConfigStaticConfig {
  /** labels to add */
  readonly labels?: Readonly<Record<string, string>>;
  /** host:port list */
  readonly targets?: readonly string[];
}

export interface ScrapeConfigSpec {
  /** HTTP Authorization header settings */
  readonly authorization?: SafeAuthorization;
  /** Azure VM discovery */
  readonly azureSDConfigs?: readonly ScrapeConfigAzureSDConfig[];
  /** HTTP basic auth */
  readonly basicAuth?: BasicAuth;
  /** largest scrape body accepted */
  readonly bodySizeLimit?: string;
  /** Consul discovery */
  readonly consulSDConfigs?: readonly ScrapeConfigConsulSDConfig[];
  /** convert classic histograms to native with custom buckets */
  readonly convertClassicHistogramsToNHCB?: boolean;
  /** protocol assumed when Content-Type is missing or bad */
  readonly fallbackScrapeProtocol?: "PrometheusProto" | "OpenMetricsText0.0.1" | "OpenMetricsText1.0.0" | "PrometheusText0.0.4" | "PrometheusText1.0.0";
  /** number of dropped targets kept for display */
  readonly keepDroppedTargets?: number;
  /** most labels per sample */
  readonly labelLimit?: number;
  /** longest label name */
  readonly labelNameLengthLimit?: number;
  /** longest label value */
  readonly labelValueLengthLimit?: number;
  /** most native histogram buckets */
  readonly nativeHistogramBucketLimit?: number;
  /** least growth factor between native buckets */
  readonly nativeHistogramMinBucketFactor?: number | string;
  /** most samples per scrape */
  readonly sampleLimit?: number;
  /** scrape class to apply */
  readonly scrapeClass?: string;
  /** also scrape classic buckets of native histograms */
  readonly scrapeClassicHistograms?: boolean;
  /** scrape native histograms */
  readonly scrapeNativeHistograms?: boolean;
  /** protocols offered, in order */
  readonly scrapeProtocols?: readonly ("PrometheusProto" | "OpenMetricsText0.0.1" | "OpenMetricsText1.0.0" | "PrometheusText0.0.4" | "PrometheusText1.0.0")[];
  /** most targets */
  readonly targetLimit?: number;
  /** DigitalOcean discovery */
  readonly digitalOceanSDConfigs?: readonly ScrapeConfigDigitalOceanSDConfig[];
  /** DNS discovery */
  readonly dnsSDConfigs?: readonly ScrapeConfigDnsSDConfig[];
  /** Docker discovery */
  readonly dockerSDConfigs?: readonly ScrapeConfigDockerSDConfig[];
  /** Docker Swarm discovery */
  readonly dockerSwarmSDConfigs?: readonly ScrapeConfigDockerSwarmSDConfig[];
  /** AWS EC2 discovery */
  readonly ec2SDConfigs?: readonly ScrapeConfigEc2SDConfig[];
  /** HTTP compression on scrape requests */
  readonly enableCompression?: boolean;
  /** allow HTTP/2 */
  readonly enableHTTP2?: boolean;
  /** Eureka discovery */
  readonly eurekaSDConfigs?: readonly ScrapeConfigEurekaSDConfig[];
  /** file discovery */
  readonly fileSDConfigs?: readonly ScrapeConfigFileSDConfig[];
  /** Google Compute discovery */
  readonly gceSDConfigs?: readonly ScrapeConfigGceSDConfig[];
  /** Hetzner discovery */
  readonly hetznerSDConfigs?: readonly ScrapeConfigHetznerSDConfig[];
  /** keep labels of the scraped data on conflict */
  readonly honorLabels?: boolean;
  /** keep timestamps of the scraped data */
  readonly honorTimestamps?: boolean;
  /** HTTP discovery */
  readonly httpSDConfigs?: readonly ScrapeConfigHttpSDConfig[];
  /** IONOS discovery */
  readonly ionosSDConfigs?: readonly ScrapeConfigIonosSDConfig[];
  /** value of the job label / job name */
  readonly jobName?: string;
  /** Kubernetes discovery */
  readonly kubernetesSDConfigs?: readonly ScrapeConfigKubernetesSDConfig[];
  /** Kuma discovery */
  readonly kumaSDConfigs?: readonly ScrapeConfigKumaSDConfig[];
  /** AWS Lightsail discovery */
  readonly lightSailSDConfigs?: readonly ScrapeConfigLightSailSDConfig[];
  /** Linode discovery */
  readonly linodeSDConfigs?: readonly ScrapeConfigLinodeSDConfig[];
  /** relabelling of samples after the scrape */
  readonly metricRelabelings?: readonly RelabelConfig[];
  /** HTTP path of metrics */
  readonly metricsPath?: string;
  /** escaping of UTF-8 names when negotiating */
  readonly nameEscapingScheme?: "AllowUTF8" | "Underscores" | "Dots" | "Values";
  /** UTF8 or Legacy metric/label name rules */
  readonly nameValidationScheme?: "UTF8" | "Legacy";
  /** comma list of hosts that bypass the proxy */
  readonly noProxy?: string;
  /** headers sent to the proxy on CONNECT (secret refs) */
  readonly proxyConnectHeader?: Readonly<Record<string, readonly KeySelector[]>>;
  /** use HTTP_PROXY and friends */
  readonly proxyFromEnvironment?: boolean;
  /** proxy URL */
  readonly proxyUrl?: string;
  /** Nomad discovery */
  readonly nomadSDConfigs?: readonly ScrapeConfigNomadSDConfig[];
  /** OAuth2 client-credentials settings */
  readonly oauth2?: OAuth2;
  /** OpenStack discovery */
  readonly openstackSDConfigs?: readonly ScrapeConfigOpenstackSDConfig[];
  /** OVHcloud discovery */
  readonly ovhcloudSDConfigs?: readonly ScrapeConfigOvhcloudSDConfig[];
  /** URL query parameters */
  readonly params?: Readonly<Record<string, readonly string[]>>;
  /** PuppetDB discovery */
  readonly puppetDBSDConfigs?: readonly ScrapeConfigPuppetDBSDConfig[];
  /** relabelling of targets before the scrape */
  readonly relabelings?: readonly RelabelConfig[];
  /** Scaleway discovery */
  readonly scalewaySDConfigs?: readonly ScrapeConfigScalewaySDConfig[];
  /** http or https */
  readonly scheme?: "http" | "https" | "HTTP" | "HTTPS";
  /** time between scrapes */
  readonly scrapeInterval?: string;
  /** timeout of a scrape */
  readonly scrapeTimeout?: string;
  /** fixed targets */
  readonly staticConfigs?: readonly ScrapeConfigStaticConfig[];
  /** TLS client settings */
  readonly tlsConfig?: SafeTLSConfig;
  /** track staleness when timestamps are explicit */
  readonly trackTimestampsStaleness?: boolean;
}

/** Alerting and recording rules. */
export interface PrometheusRule {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata?: ObjectMeta;
  readonly spec?: PrometheusRuleSpec;
  readonly status?: ServiceMonitorStatus;
}

export interface PrometheusRuleGroupRule {
  /** alert-evaluation tuning of the server */
  readonly alert?: string;
  /** annotations to add */
  readonly annotations?: Readonly<Record<string, string>>;
  /** PromQL expression */
  readonly expr?: number | string;
  /** pending time before the alert fires */
  readonly for?: string;
  /** time the alert keeps firing after it clears */
  readonly keep_firing_for?: string;
  /** labels of the resulting series or alert */
  readonly labels?: Readonly<Record<string, string>>;
  /** recorded metric name */
  readonly record?: string;
}

export interface PrometheusRuleGroup {
  /** evaluation interval of the group */
  readonly interval?: string;
  /** labels added to every rule of the group */
  readonly labels?: Readonly<Record<string, string>>;
  /** most alerts or series a group may produce */
  readonly limit?: number;
  /** group name, unique in the file */
  readonly name?: string;
  /** Thanos partial response: abort or warn */
  readonly partial_response_strategy?: string;
  /** evaluation offset of the group */
  readonly query_offset?: string;
  /** rules of the group */
  readonly rules?: readonly PrometheusRuleGroupRule[];
}

export interface PrometheusRuleSpec {
  /** rule groups */
  readonly groups?: readonly PrometheusRuleGroup[];
}

/** A part of the Alertmanager's configuration for one namespace: routes, receivers, inhibition, intervals. */
export interface AlertmanagerConfig {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata?: ObjectMeta;
  readonly spec?: AlertmanagerConfigSpec;
  readonly status?: ServiceMonitorStatus;
}

export interface Matcher {
  /** operator =, !=, =~ or !~ */
  readonly matchType?: "!=" | "=" | "=~" | "!~";
  /** label name */
  readonly name?: string;
  /** deprecated, use matchType */
  readonly regex?: boolean;
  /** label value */
  readonly value?: string;
}

export interface AlertmanagerConfigInhibitRule {
  /** labels that must be equal in source and target */
  readonly equal?: readonly string[];
  /** matchers of the inhibiting alerts */
  readonly sourceMatch?: readonly Matcher[];
  /** matchers of the inhibited alerts */
  readonly targetMatch?: readonly Matcher[];
}

export interface AlertmanagerConfigMuteTimeIntervalTimeIntervalDaysOfMonth {
  /** end */
  readonly end?: number;
  /** range start */
  readonly start?: number;
}

export interface AlertmanagerConfigMuteTimeIntervalTimeIntervalTime {
  /** end of the time range HH:MM */
  readonly endTime?: string;
  /** start of the time range HH:MM */
  readonly startTime?: string;
}

export interface AlertmanagerConfigMuteTimeIntervalTimeInterval {
  /** days of month (ranges, negative from the end) */
  readonly daysOfMonth?: readonly AlertmanagerConfigMuteTimeIntervalTimeIntervalDaysOfMonth[];
  /** months of the interval */
  readonly months?: readonly string[];
  /** times of day */
  readonly times?: readonly AlertmanagerConfigMuteTimeIntervalTimeIntervalTime[];
  /** days of week (names or ranges) */
  readonly weekdays?: readonly string[];
  /** years of the interval */
  readonly years?: readonly string[];
}

export interface AlertmanagerConfigMuteTimeInterval {
  /** name */
  readonly name?: string;
  /** time ranges of the interval */
  readonly timeIntervals?: readonly AlertmanagerConfigMuteTimeIntervalTimeInterval[];
}

export interface AlertmanagerConfigReceiverDiscordConfig {
  /** API base URL of the receiver */
  readonly apiURL?: KeySelector;
  /** avatar image URL */
  readonly avatarURL?: string;
  /** message content */
  readonly content?: string;
  /** HTTP client settings */
  readonly httpConfig?: HTTPConfig;
  /** message template */
  readonly message?: string;
  /** notify also when resolved */
  readonly sendResolved?: boolean;
  /** title template */
  readonly title?: string;
  /** user name */
  readonly username?: string;
}

export interface AlertmanagerConfigReceiverEmailConfigHeader {
  /** key inside the secret/configmap or map key */
  readonly key?: string;
  /** value */
  readonly value?: string;
}

export interface AlertmanagerConfigReceiverEmailConfigThreading {
  /** thread e-mails by day */
  readonly threadByDate?: "Daily" | "None";
}

export interface AlertmanagerConfigReceiverEmailConfig {
  /** SMTP identity */
  readonly authIdentity?: string;
  /** SMTP password (secret ref) */
  readonly authPassword?: KeySelector;
  /** SMTP CRAM-MD5 secret (secret ref) */
  readonly authSecret?: KeySelector;
  /** SMTP user name */
  readonly authUsername?: string;
  /** force or forbid implicit TLS for SMTP */
  readonly forceImplicitTLS?: boolean;
  /** sender address */
  readonly from?: string;
  /** HTTP headers to add */
  readonly headers?: readonly AlertmanagerConfigReceiverEmailConfigHeader[];
  /** SMTP hello name */
  readonly hello?: string;
  /** HTML body template / treat message as HTML */
  readonly html?: string;
  /** insist on TLS for SMTP */
  readonly requireTLS?: boolean;
  /** notify also when resolved */
  readonly sendResolved?: boolean;
  /** SMTP host:port */
  readonly smarthost?: string;
  /** text */
  readonly text?: string;
  /** e-mail threading */
  readonly threading?: AlertmanagerConfigReceiverEmailConfigThreading;
  /** TLS client settings */
  readonly tlsConfig?: SafeTLSConfig;
  /** recipient address */
  readonly to?: string;
}

export interface AlertmanagerConfigReceiverMsteamsConfig {
  /** HTTP client settings */
  readonly httpConfig?: HTTPConfig;
  /** notify also when resolved */
  readonly sendResolved?: boolean;
  /** summary text */
  readonly summary?: string;
  /** text */
  readonly text?: string;
  /** title template */
  readonly title?: string;
  /** webhook URL (secret ref) */
  readonly webhookUrl?: KeySelector;
}

export interface AlertmanagerConfigReceiverMsteamsv2Config {
  /** HTTP client settings */
  readonly httpConfig?: HTTPConfig;
  /** notify also when resolved */
  readonly sendResolved?: boolean;
  /** text */
  readonly text?: string;
  /** title template */
  readonly title?: string;
  /** webhook URL (secret ref or text) */
  readonly webhookURL?: KeySelector;
}

export interface AlertmanagerConfigReceiverOpsgenieConfigDetail {
  /** key inside the secret/configmap or map key */
  readonly key?: string;
  /** value */
  readonly value?: string;
}

export interface AlertmanagerConfigReceiverOpsgenieConfigResponder {
  /** identifier */
  readonly id?: string;
  /** name */
  readonly name?: string;
  /** type */
  readonly type?: "team" | "teams" | "user" | "escalation" | "schedule";
  /** user name */
  readonly username?: string;
}

export interface AlertmanagerConfigReceiverOpsgenieConfig {
  /** buttons attached to the message */
  readonly actions?: string;
  /** API key (secret ref) */
  readonly apiKey?: KeySelector;
  /** API base URL of the receiver */
  readonly apiURL?: string;
  /** description text */
  readonly description?: string;
  /** key/value details */
  readonly details?: readonly AlertmanagerConfigReceiverOpsgenieConfigDetail[];
  /** OpsGenie entity */
  readonly entity?: string;
  /** HTTP client settings */
  readonly httpConfig?: HTTPConfig;
  /** message template */
  readonly message?: string;
  /** OpsGenie note */
  readonly note?: string;
  /** priority */
  readonly priority?: string;
  /** OpsGenie responders */
  readonly responders?: readonly AlertmanagerConfigReceiverOpsgenieConfigResponder[];
  /** notify also when resolved */
  readonly sendResolved?: boolean;
  /** source shown */
  readonly source?: string;
  /** tags */
  readonly tags?: string;
  /** update alerts in OpsGenie */
  readonly updateAlerts?: boolean;
}

export interface AlertmanagerConfigReceiverPagerdutyConfigDetail {
  /** key inside the secret/configmap or map key */
  readonly key?: string;
  /** value */
  readonly value?: string;
}

export interface AlertmanagerConfigReceiverPagerdutyConfigPagerDutyImageConfig {
  /** alternative text of the image */
  readonly alt?: string;
  /** link target */
  readonly href?: string;
  /** image source */
  readonly src?: string;
}

export interface AlertmanagerConfigReceiverPagerdutyConfigPagerDutyLinkConfig {
  /** alternative text of the image */
  readonly alt?: string;
  /** link target */
  readonly href?: string;
}

export interface AlertmanagerConfigReceiverPagerdutyConfig {
  /** Slack/OpsGenie/PagerDuty class */
  readonly class?: string;
  /** client name shown / client TLS part */
  readonly client?: string;
  /** back link of the client */
  readonly clientURL?: string;
  /** PagerDuty component */
  readonly component?: string;
  /** description text */
  readonly description?: string;
  /** key/value details */
  readonly details?: readonly AlertmanagerConfigReceiverPagerdutyConfigDetail[];
  /** API group or group name */
  readonly group?: string;
  /** HTTP client settings */
  readonly httpConfig?: HTTPConfig;
  /** PagerDuty images */
  readonly pagerDutyImageConfigs?: readonly AlertmanagerConfigReceiverPagerdutyConfigPagerDutyImageConfig[];
  /** PagerDuty links */
  readonly pagerDutyLinkConfigs?: readonly AlertmanagerConfigReceiverPagerdutyConfigPagerDutyLinkConfig[];
  /** routing key (secret ref) */
  readonly routingKey?: KeySelector;
  /** notify also when resolved */
  readonly sendResolved?: boolean;
  /** PagerDuty service key (secret ref) */
  readonly serviceKey?: KeySelector;
  /** severity */
  readonly severity?: string;
  /** source shown */
  readonly source?: string;
  /** timeout */
  readonly timeout?: string;
  /** URL */
  readonly url?: string;
}

export interface AlertmanagerConfigReceiverPushoverConfig {
  /** Pushover device name */
  readonly device?: string;
  /** Pushover: seconds to keep retrying */
  readonly expire?: string;
  /** HTML body template / treat message as HTML */
  readonly html?: boolean;
  /** HTTP client settings */
  readonly httpConfig?: HTTPConfig;
  /** message template */
  readonly message?: string;
  /** monospace message */
  readonly monospace?: boolean;
  /** priority */
  readonly priority?: string;
  /** Pushover: seconds between retries */
  readonly retry?: string;
  /** notify also when resolved */
  readonly sendResolved?: boolean;
  /** Pushover sound */
  readonly sound?: string;
  /** title template */
  readonly title?: string;
  /** token (secret ref) */
  readonly token?: KeySelector;
  /** path of a file with the token */
  readonly tokenFile?: string;
  /** PagerDuty/Pushover time to live */
  readonly ttl?: string;
  /** URL */
  readonly url?: string;
  /** URL title */
  readonly urlTitle?: string;
  /** Pushover user key (secret ref) */
  readonly userKey?: KeySelector;
  /** path of Pushover user key */
  readonly userKeyFile?: string;
}

export interface AlertmanagerConfigReceiverRocketchatConfigAction {
  /** Webhook/other message */
  readonly msg?: string;
  /** text */
  readonly text?: string;
  /** URL */
  readonly url?: string;
}

export interface AlertmanagerConfigReceiverRocketchatConfigField {
  /** short field */
  readonly short?: boolean;
  /** title template */
  readonly title?: string;
  /** value */
  readonly value?: string;
}

export interface AlertmanagerConfigReceiverRocketchatConfig {
  /** buttons attached to the message */
  readonly actions?: readonly AlertmanagerConfigReceiverRocketchatConfigAction[];
  /** API base URL of the receiver */
  readonly apiURL?: string;
  /** channel or room to post to */
  readonly channel?: string;
  /** attachment colour */
  readonly color?: string;
  /** Mattermost/Rocket.Chat emoji */
  readonly emoji?: string;
  /** attachment fields */
  readonly fields?: readonly AlertmanagerConfigReceiverRocketchatConfigField[];
  /** HTTP client settings */
  readonly httpConfig?: HTTPConfig;
  /** icon URL */
  readonly iconURL?: string;
  /** image URL */
  readonly imageURL?: string;
  /** Slack: link names */
  readonly linkNames?: boolean;
  /** notify also when resolved */
  readonly sendResolved?: boolean;
  /** short fields by default */
  readonly shortFields?: boolean;
  /** text */
  readonly text?: string;
  /** thumbnail URL */
  readonly thumbURL?: string;
  /** title template */
  readonly title?: string;
  /** title link */
  readonly titleLink?: string;
  /** token (secret ref) */
  readonly token?: KeySelector;
  /** token id */
  readonly tokenID?: KeySelector;
}

export interface AlertmanagerConfigReceiverSlackConfigActionConfirm {
  /** dismiss button text */
  readonly dismissText?: string;
  /** OK button text */
  readonly okText?: string;
  /** text */
  readonly text?: string;
  /** title template */
  readonly title?: string;
}

export interface AlertmanagerConfigReceiverSlackConfigAction {
  /** confirmation dialog */
  readonly confirm?: AlertmanagerConfigReceiverSlackConfigActionConfirm;
  /** name */
  readonly name?: string;
  /** button style */
  readonly style?: string;
  /** text */
  readonly text?: string;
  /** type */
  readonly type?: string;
  /** URL */
  readonly url?: string;
  /** value */
  readonly value?: string;
}

export interface AlertmanagerConfigReceiverSlackConfigField {
  /** short field */
  readonly short?: boolean;
  /** title template */
  readonly title?: string;
  /** value */
  readonly value?: string;
}

export interface AlertmanagerConfigReceiverSlackConfig {
  /** buttons attached to the message */
  readonly actions?: readonly AlertmanagerConfigReceiverSlackConfigAction[];
  /** API base URL of the receiver */
  readonly apiURL?: KeySelector;
  /** Slack interactive callback id */
  readonly callbackId?: string;
  /** channel or room to post to */
  readonly channel?: string;
  /** attachment colour */
  readonly color?: string;
  /** plain text fallback */
  readonly fallback?: string;
  /** attachment fields */
  readonly fields?: readonly AlertmanagerConfigReceiverSlackConfigField[];
  /** footer text */
  readonly footer?: string;
  /** HTTP client settings */
  readonly httpConfig?: HTTPConfig;
  /** icon emoji */
  readonly iconEmoji?: string;
  /** icon URL */
  readonly iconURL?: string;
  /** image URL */
  readonly imageURL?: string;
  /** Slack: link names */
  readonly linkNames?: boolean;
  /** text of the message */
  readonly messageText?: string;
  /** Slack fields parsed as markdown */
  readonly mrkdwnIn?: readonly string[];
  /** text before the attachment */
  readonly pretext?: string;
  /** notify also when resolved */
  readonly sendResolved?: boolean;
  /** short fields by default */
  readonly shortFields?: boolean;
  /** text */
  readonly text?: string;
  /** thumbnail URL */
  readonly thumbURL?: string;
  /** timeout */
  readonly timeout?: string;
  /** title template */
  readonly title?: string;
  /** title link */
  readonly titleLink?: string;
  /** edit the earlier message */
  readonly updateMessage?: boolean;
  /** user name */
  readonly username?: string;
}

export interface AlertmanagerConfigReceiverSnsConfig {
  /** API base URL of the receiver */
  readonly apiURL?: string;
  /** custom key/values */
  readonly attributes?: Readonly<Record<string, string>>;
  /** HTTP client settings */
  readonly httpConfig?: HTTPConfig;
  /** message template */
  readonly message?: string;
  /** SNS phone number */
  readonly phoneNumber?: string;
  /** notify also when resolved */
  readonly sendResolved?: boolean;
  /** AWS Signature v4 signing */
  readonly sigv4?: Sigv4;
  /** SNS subject */
  readonly subject?: string;
  /** SNS platform endpoint ARN */
  readonly targetARN?: string;
  /** SNS topic ARN */
  readonly topicARN?: string;
  /** use the AWS HTTP client */
  readonly useAWSHTTPClient?: boolean;
}

export interface AlertmanagerConfigReceiverTelegramConfig {
  /** API base URL of the receiver */
  readonly apiURL?: string;
  /** bot token (secret ref) */
  readonly botToken?: KeySelector;
  /** path of a file with the bot token */
  readonly botTokenFile?: string;
  /** Telegram chat id */
  readonly chatID?: number;
  /** send silently */
  readonly disableNotifications?: boolean;
  /** HTTP client settings */
  readonly httpConfig?: HTTPConfig;
  /** message template */
  readonly message?: string;
  /** Telegram thread */
  readonly messageThreadID?: number;
  /** Telegram parse mode */
  readonly parseMode?: "MarkdownV2" | "Markdown" | "HTML";
  /** notify also when resolved */
  readonly sendResolved?: boolean;
}

export interface AlertmanagerConfigReceiverVictoropsConfigCustomField {
  /** key inside the secret/configmap or map key */
  readonly key?: string;
  /** value */
  readonly value?: string;
}

export interface AlertmanagerConfigReceiverVictoropsConfig {
  /** API key (secret ref) */
  readonly apiKey?: KeySelector;
  /** API base URL */
  readonly apiUrl?: string;
  /** free extra fields */
  readonly customFields?: readonly AlertmanagerConfigReceiverVictoropsConfigCustomField[];
  /** VictorOps entity name */
  readonly entityDisplayName?: string;
  /** HTTP client settings */
  readonly httpConfig?: HTTPConfig;
  /** VictorOps message type / receiver type */
  readonly messageType?: string;
  /** VictorOps monitoring tool */
  readonly monitoringTool?: string;
  /** routing key (secret ref) */
  readonly routingKey?: string;
  /** notify also when resolved */
  readonly sendResolved?: boolean;
  /** VictorOps state message */
  readonly stateMessage?: string;
}

export interface AlertmanagerConfigReceiverWebexConfig {
  /** API base URL of the receiver */
  readonly apiURL?: string;
  /** HTTP client settings */
  readonly httpConfig?: HTTPConfig;
  /** message template */
  readonly message?: string;
  /** Webex room */
  readonly roomID?: string;
  /** notify also when resolved */
  readonly sendResolved?: boolean;
}

export interface AlertmanagerConfigReceiverWebhookConfig {
  /** HTTP client settings */
  readonly httpConfig?: HTTPConfig;
  /** most alerts in one webhook message (0 = all) */
  readonly maxAlerts?: number;
  /** custom webhook payload */
  readonly payload?: string;
  /** notify also when resolved */
  readonly sendResolved?: boolean;
  /** timeout */
  readonly timeout?: string;
  /** URL */
  readonly url?: string;
  /** URL (secret ref) */
  readonly urlSecret?: KeySelector;
}

export interface AlertmanagerConfigReceiverWechatConfig {
  /** WeChat agent id */
  readonly agentID?: string;
  /** WeChat API secret (secret ref) */
  readonly apiSecret?: KeySelector;
  /** API base URL of the receiver */
  readonly apiURL?: string;
  /** WeChat corp id */
  readonly corpID?: string;
  /** HTTP client settings */
  readonly httpConfig?: HTTPConfig;
  /** message template */
  readonly message?: string;
  /** VictorOps message type / receiver type */
  readonly messageType?: string;
  /** notify also when resolved */
  readonly sendResolved?: boolean;
  /** WeChat party */
  readonly toParty?: string;
  /** WeChat tag */
  readonly toTag?: string;
  /** WeChat user */
  readonly toUser?: string;
}

export interface AlertmanagerConfigReceiver {
  /** Discord receivers */
  readonly discordConfigs?: readonly AlertmanagerConfigReceiverDiscordConfig[];
  /** e-mail receivers */
  readonly emailConfigs?: readonly AlertmanagerConfigReceiverEmailConfig[];
  /** Microsoft Teams receivers */
  readonly msteamsConfigs?: readonly AlertmanagerConfigReceiverMsteamsConfig[];
  /** Microsoft Teams workflow receivers */
  readonly msteamsv2Configs?: readonly AlertmanagerConfigReceiverMsteamsv2Config[];
  /** receiver name, unique in the object */
  readonly name?: string;
  /** OpsGenie receivers */
  readonly opsgenieConfigs?: readonly AlertmanagerConfigReceiverOpsgenieConfig[];
  /** PagerDuty receivers */
  readonly pagerdutyConfigs?: readonly AlertmanagerConfigReceiverPagerdutyConfig[];
  /** Pushover receivers */
  readonly pushoverConfigs?: readonly AlertmanagerConfigReceiverPushoverConfig[];
  /** Rocket.Chat receivers */
  readonly rocketchatConfigs?: readonly AlertmanagerConfigReceiverRocketchatConfig[];
  /** Slack receivers */
  readonly slackConfigs?: readonly AlertmanagerConfigReceiverSlackConfig[];
  /** AWS SNS receivers */
  readonly snsConfigs?: readonly AlertmanagerConfigReceiverSnsConfig[];
  /** Telegram receivers */
  readonly telegramConfigs?: readonly AlertmanagerConfigReceiverTelegramConfig[];
  /** VictorOps receivers */
  readonly victoropsConfigs?: readonly AlertmanagerConfigReceiverVictoropsConfig[];
  /** Webex receivers */
  readonly webexConfigs?: readonly AlertmanagerConfigReceiverWebexConfig[];
  /** webhook receivers */
  readonly webhookConfigs?: readonly AlertmanagerConfigReceiverWebhookConfig[];
  /** WeChat receivers */
  readonly wechatConfigs?: readonly AlertmanagerConfigReceiverWechatConfig[];
}

export interface AlertmanagerConfigRoute {
  /** names of intervals during which the route is active */
  readonly activeTimeIntervals?: readonly string[];
  /** keep matching sibling routes after this one */
  readonly continue?: boolean;
  /** labels used to group alerts */
  readonly groupBy?: readonly string[];
  /** wait before notifying about changes of a group */
  readonly groupInterval?: string;
  /** wait before the first notification of a group */
  readonly groupWait?: string;
  /** alert matchers */
  readonly matchers?: readonly Matcher[];
  /** route: names of muting intervals / spec: interval definitions */
  readonly muteTimeIntervals?: readonly string[];
  /** receiver of the route */
  readonly receiver?: string;
  /** time before a notification is repeated */
  readonly repeatInterval?: string;
  /** child routes (same shape, free JSON in the schema) */
  readonly routes?: readonly unknown[];
}

export interface AlertmanagerConfigSpec {
  /** inhibition rules */
  readonly inhibitRules?: readonly AlertmanagerConfigInhibitRule[];
  /** route: names of muting intervals / spec: interval definitions */
  readonly muteTimeIntervals?: readonly AlertmanagerConfigMuteTimeInterval[];
  /** receivers */
  readonly receivers?: readonly AlertmanagerConfigReceiver[];
  /** routing tree (children under routes) */
  readonly route?: AlertmanagerConfigRoute;
}

/** A part of the Alertmanager's configuration for one namespace: routes, receivers, inhibition, intervals. */
export interface AlertmanagerConfigV1beta1 {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata?: ObjectMeta;
  readonly spec?: AlertmanagerConfigV1beta1Spec;
  readonly status?: ServiceMonitorStatus;
}

export interface MatcherV1Beta1 {
  /** operator =, !=, =~ or !~ */
  readonly matchType?: "!=" | "=" | "=~" | "!~";
  /** label name */
  readonly name?: string;
  /** value */
  readonly value?: string;
}

export interface AlertmanagerConfigV1beta1InhibitRule {
  /** labels that must be equal in source and target */
  readonly equal?: readonly string[];
  /** matchers of the inhibiting alerts */
  readonly sourceMatch?: readonly MatcherV1Beta1[];
  /** matchers of the inhibited alerts */
  readonly targetMatch?: readonly MatcherV1Beta1[];
}

export interface RequiredKeySelector {
  /** key inside the Secret or ConfigMap */
  readonly key?: string;
  /** object name */
  readonly name?: string;
}

export interface HTTPConfigV1Beta1 {
  /** HTTP Authorization header settings */
  readonly authorization?: SafeAuthorization;
  /** HTTP basic auth */
  readonly basicAuth?: BasicAuth;
  /** deprecated bearer token (secret ref) */
  readonly bearerTokenSecret?: RequiredKeySelector;
  /** allow HTTP/2 */
  readonly enableHttp2?: boolean;
  /** follow HTTP redirects */
  readonly followRedirects?: boolean;
  /** comma list of hosts that bypass the proxy */
  readonly noProxy?: string;
  /** OAuth2 client-credentials settings */
  readonly oauth2?: OAuth2;
  /** headers sent to the proxy on CONNECT (secret refs) */
  readonly proxyConnectHeader?: Readonly<Record<string, readonly KeySelector[]>>;
  /** use HTTP_PROXY and friends */
  readonly proxyFromEnvironment?: boolean;
  /** proxy URL (older spelling) */
  readonly proxyURL?: string;
  /** proxy URL */
  readonly proxyUrl?: string;
  /** TLS client settings */
  readonly tlsConfig?: SafeTLSConfig;
}

export interface AlertmanagerConfigV1beta1ReceiverDiscordConfig {
  /** API base URL of the receiver */
  readonly apiURL?: KeySelector;
  /** avatar image URL */
  readonly avatarURL?: string;
  /** message content */
  readonly content?: string;
  /** message template */
  readonly message?: string;
  /** notify also when resolved */
  readonly sendResolved?: boolean;
  /** title template */
  readonly title?: string;
  /** user name */
  readonly username?: string;
  /** HTTP client settings */
  readonly httpConfig?: HTTPConfigV1Beta1;
}

export interface AlertmanagerConfigV1beta1ReceiverEmailConfigHeader {
  /** key inside the secret/configmap or map key */
  readonly key?: string;
  /** value */
  readonly value?: string;
}

export interface AlertmanagerConfigV1beta1ReceiverEmailConfigThreading {
  /** thread e-mails by day */
  readonly threadByDate?: "Daily" | "None";
}

export interface AlertmanagerConfigV1beta1ReceiverEmailConfig {
  /** SMTP identity */
  readonly authIdentity?: string;
  /** SMTP password (secret ref) */
  readonly authPassword?: RequiredKeySelector;
  /** SMTP CRAM-MD5 secret (secret ref) */
  readonly authSecret?: RequiredKeySelector;
  /** SMTP user name */
  readonly authUsername?: string;
  /** force or forbid implicit TLS for SMTP */
  readonly forceImplicitTLS?: boolean;
  /** sender address */
  readonly from?: string;
  /** HTTP headers to add */
  readonly headers?: readonly AlertmanagerConfigV1beta1ReceiverEmailConfigHeader[];
  /** SMTP hello name */
  readonly hello?: string;
  /** HTML body template / treat message as HTML */
  readonly html?: string;
  /** insist on TLS for SMTP */
  readonly requireTLS?: boolean;
  /** notify also when resolved */
  readonly sendResolved?: boolean;
  /** SMTP host:port */
  readonly smarthost?: string;
  /** text */
  readonly text?: string;
  /** e-mail threading */
  readonly threading?: AlertmanagerConfigV1beta1ReceiverEmailConfigThreading;
  /** TLS client settings */
  readonly tlsConfig?: SafeTLSConfig;
  /** recipient address */
  readonly to?: string;
}

export interface AlertmanagerConfigV1beta1ReceiverMsteamsConfig {
  /** notify also when resolved */
  readonly sendResolved?: boolean;
  /** summary text */
  readonly summary?: string;
  /** text */
  readonly text?: string;
  /** title template */
  readonly title?: string;
  /** webhook URL (secret ref) */
  readonly webhookUrl?: KeySelector;
  /** HTTP client settings */
  readonly httpConfig?: HTTPConfigV1Beta1;
}

export interface AlertmanagerConfigV1beta1ReceiverMsteamsv2Config {
  /** notify also when resolved */
  readonly sendResolved?: boolean;
  /** text */
  readonly text?: string;
  /** title template */
  readonly title?: string;
  /** webhook URL (secret ref or text) */
  readonly webhookURL?: KeySelector;
  /** HTTP client settings */
  readonly httpConfig?: HTTPConfigV1Beta1;
}

export interface AlertmanagerConfigV1beta1ReceiverOpsgenieConfigDetail {
  /** key inside the secret/configmap or map key */
  readonly key?: string;
  /** value */
  readonly value?: string;
}

export interface AlertmanagerConfigV1beta1ReceiverOpsgenieConfigResponder {
  /** identifier */
  readonly id?: string;
  /** name */
  readonly name?: string;
  /** type */
  readonly type?: "team" | "teams" | "user" | "escalation" | "schedule";
  /** user name */
  readonly username?: string;
}

export interface AlertmanagerConfigV1beta1ReceiverOpsgenieConfig {
  /** buttons attached to the message */
  readonly actions?: string;
  /** API key (secret ref) */
  readonly apiKey?: RequiredKeySelector;
  /** API base URL of the receiver */
  readonly apiURL?: string;
  /** description text */
  readonly description?: string;
  /** key/value details */
  readonly details?: readonly AlertmanagerConfigV1beta1ReceiverOpsgenieConfigDetail[];
  /** OpsGenie entity */
  readonly entity?: string;
  /** HTTP client settings */
  readonly httpConfig?: HTTPConfigV1Beta1;
  /** message template */
  readonly message?: string;
  /** OpsGenie note */
  readonly note?: string;
  /** priority */
  readonly priority?: string;
  /** OpsGenie responders */
  readonly responders?: readonly AlertmanagerConfigV1beta1ReceiverOpsgenieConfigResponder[];
  /** notify also when resolved */
  readonly sendResolved?: boolean;
  /** source shown */
  readonly source?: string;
  /** tags */
  readonly tags?: string;
}

export interface AlertmanagerConfigV1beta1ReceiverPagerdutyConfigDetail {
  /** key inside the secret/configmap or map key */
  readonly key?: string;
  /** value */
  readonly value?: string;
}

export interface AlertmanagerConfigV1beta1ReceiverPagerdutyConfigPagerDutyImageConfig {
  /** alternative text of the image */
  readonly alt?: string;
  /** link target */
  readonly href?: string;
  /** image source */
  readonly src?: string;
}

export interface AlertmanagerConfigV1beta1ReceiverPagerdutyConfigPagerDutyLinkConfig {
  /** alternative text of the image */
  readonly alt?: string;
  /** link target */
  readonly href?: string;
}

export interface AlertmanagerConfigV1beta1ReceiverPagerdutyConfig {
  /** Slack/OpsGenie/PagerDuty class */
  readonly class?: string;
  /** client name shown / client TLS part */
  readonly client?: string;
  /** back link of the client */
  readonly clientURL?: string;
  /** PagerDuty component */
  readonly component?: string;
  /** description text */
  readonly description?: string;
  /** key/value details */
  readonly details?: readonly AlertmanagerConfigV1beta1ReceiverPagerdutyConfigDetail[];
  /** API group or group name */
  readonly group?: string;
  /** HTTP client settings */
  readonly httpConfig?: HTTPConfigV1Beta1;
  /** PagerDuty images */
  readonly pagerDutyImageConfigs?: readonly AlertmanagerConfigV1beta1ReceiverPagerdutyConfigPagerDutyImageConfig[];
  /** PagerDuty links */
  readonly pagerDutyLinkConfigs?: readonly AlertmanagerConfigV1beta1ReceiverPagerdutyConfigPagerDutyLinkConfig[];
  /** routing key (secret ref) */
  readonly routingKey?: RequiredKeySelector;
  /** notify also when resolved */
  readonly sendResolved?: boolean;
  /** PagerDuty service key (secret ref) */
  readonly serviceKey?: RequiredKeySelector;
  /** severity */
  readonly severity?: string;
  /** source shown */
  readonly source?: string;
  /** timeout */
  readonly timeout?: string;
  /** URL */
  readonly url?: string;
}

export interface AlertmanagerConfigV1beta1ReceiverPushoverConfig {
  /** Pushover device name */
  readonly device?: string;
  /** Pushover: seconds to keep retrying */
  readonly expire?: string;
  /** HTML body template / treat message as HTML */
  readonly html?: boolean;
  /** HTTP client settings */
  readonly httpConfig?: HTTPConfigV1Beta1;
  /** message template */
  readonly message?: string;
  /** monospace message */
  readonly monospace?: boolean;
  /** priority */
  readonly priority?: string;
  /** Pushover: seconds between retries */
  readonly retry?: string;
  /** notify also when resolved */
  readonly sendResolved?: boolean;
  /** Pushover sound */
  readonly sound?: string;
  /** title template */
  readonly title?: string;
  /** token (secret ref) */
  readonly token?: RequiredKeySelector;
  /** path of a file with the token */
  readonly tokenFile?: string;
  /** PagerDuty/Pushover time to live */
  readonly ttl?: string;
  /** URL */
  readonly url?: string;
  /** URL title */
  readonly urlTitle?: string;
  /** Pushover user key (secret ref) */
  readonly userKey?: RequiredKeySelector;
  /** path of Pushover user key */
  readonly userKeyFile?: string;
}

export interface AlertmanagerConfigV1beta1ReceiverRocketchatConfig {
  /** buttons attached to the message */
  readonly actions?: readonly AlertmanagerConfigReceiverRocketchatConfigAction[];
  /** API base URL of the receiver */
  readonly apiURL?: string;
  /** channel or room to post to */
  readonly channel?: string;
  /** attachment colour */
  readonly color?: string;
  /** Mattermost/Rocket.Chat emoji */
  readonly emoji?: string;
  /** attachment fields */
  readonly fields?: readonly AlertmanagerConfigReceiverRocketchatConfigField[];
  /** icon URL */
  readonly iconURL?: string;
  /** image URL */
  readonly imageURL?: string;
  /** Slack: link names */
  readonly linkNames?: boolean;
  /** notify also when resolved */
  readonly sendResolved?: boolean;
  /** short fields by default */
  readonly shortFields?: boolean;
  /** text */
  readonly text?: string;
  /** thumbnail URL */
  readonly thumbURL?: string;
  /** title template */
  readonly title?: string;
  /** title link */
  readonly titleLink?: string;
  /** token (secret ref) */
  readonly token?: KeySelector;
  /** token id */
  readonly tokenID?: KeySelector;
  /** HTTP client settings */
  readonly httpConfig?: HTTPConfigV1Beta1;
}

export interface AlertmanagerConfigV1beta1ReceiverSlackConfigActionConfirm {
  /** dismiss button text */
  readonly dismissText?: string;
  /** OK button text */
  readonly okText?: string;
  /** text */
  readonly text?: string;
  /** title template */
  readonly title?: string;
}

export interface AlertmanagerConfigV1beta1ReceiverSlackConfigAction {
  /** confirmation dialog */
  readonly confirm?: AlertmanagerConfigV1beta1ReceiverSlackConfigActionConfirm;
  /** name */
  readonly name?: string;
  /** button style */
  readonly style?: string;
  /** text */
  readonly text?: string;
  /** type */
  readonly type?: string;
  /** URL */
  readonly url?: string;
  /** value */
  readonly value?: string;
}

export interface AlertmanagerConfigV1beta1ReceiverSlackConfigField {
  /** short field */
  readonly short?: boolean;
  /** title template */
  readonly title?: string;
  /** value */
  readonly value?: string;
}

export interface AlertmanagerConfigV1beta1ReceiverSlackConfig {
  /** buttons attached to the message */
  readonly actions?: readonly AlertmanagerConfigV1beta1ReceiverSlackConfigAction[];
  /** API base URL of the receiver */
  readonly apiURL?: RequiredKeySelector;
  /** Slack interactive callback id */
  readonly callbackId?: string;
  /** channel or room to post to */
  readonly channel?: string;
  /** attachment colour */
  readonly color?: string;
  /** plain text fallback */
  readonly fallback?: string;
  /** attachment fields */
  readonly fields?: readonly AlertmanagerConfigV1beta1ReceiverSlackConfigField[];
  /** footer text */
  readonly footer?: string;
  /** HTTP client settings */
  readonly httpConfig?: HTTPConfigV1Beta1;
  /** icon emoji */
  readonly iconEmoji?: string;
  /** icon URL */
  readonly iconURL?: string;
  /** image URL */
  readonly imageURL?: string;
  /** Slack: link names */
  readonly linkNames?: boolean;
  /** text of the message */
  readonly messageText?: string;
  /** Slack fields parsed as markdown */
  readonly mrkdwnIn?: readonly string[];
  /** text before the attachment */
  readonly pretext?: string;
  /** notify also when resolved */
  readonly sendResolved?: boolean;
  /** short fields by default */
  readonly shortFields?: boolean;
  /** text */
  readonly text?: string;
  /** thumbnail URL */
  readonly thumbURL?: string;
  /** timeout */
  readonly timeout?: string;
  /** title template */
  readonly title?: string;
  /** title link */
  readonly titleLink?: string;
  /** edit the earlier message */
  readonly updateMessage?: boolean;
  /** user name */
  readonly username?: string;
}

export interface AlertmanagerConfigV1beta1ReceiverSnsConfig {
  /** API base URL of the receiver */
  readonly apiURL?: string;
  /** custom key/values */
  readonly attributes?: Readonly<Record<string, string>>;
  /** HTTP client settings */
  readonly httpConfig?: HTTPConfigV1Beta1;
  /** message template */
  readonly message?: string;
  /** SNS phone number */
  readonly phoneNumber?: string;
  /** notify also when resolved */
  readonly sendResolved?: boolean;
  /** AWS Signature v4 signing */
  readonly sigv4?: Sigv4;
  /** SNS subject */
  readonly subject?: string;
  /** SNS platform endpoint ARN */
  readonly targetARN?: string;
  /** SNS topic ARN */
  readonly topicARN?: string;
  /** use the AWS HTTP client */
  readonly useAWSHTTPClient?: boolean;
}

export interface AlertmanagerConfigV1beta1ReceiverTelegramConfig {
  /** API base URL of the receiver */
  readonly apiURL?: string;
  /** bot token (secret ref) */
  readonly botToken?: RequiredKeySelector;
  /** path of a file with the bot token */
  readonly botTokenFile?: string;
  /** Telegram chat id */
  readonly chatID?: number;
  /** send silently */
  readonly disableNotifications?: boolean;
  /** HTTP client settings */
  readonly httpConfig?: HTTPConfigV1Beta1;
  /** message template */
  readonly message?: string;
  /** Telegram thread */
  readonly messageThreadID?: number;
  /** Telegram parse mode */
  readonly parseMode?: "MarkdownV2" | "Markdown" | "HTML";
  /** notify also when resolved */
  readonly sendResolved?: boolean;
}

export interface AlertmanagerConfigV1beta1ReceiverVictoropsConfigCustomField {
  /** key inside the secret/configmap or map key */
  readonly key?: string;
  /** value */
  readonly value?: string;
}

export interface AlertmanagerConfigV1beta1ReceiverVictoropsConfig {
  /** API key (secret ref) */
  readonly apiKey?: RequiredKeySelector;
  /** API base URL */
  readonly apiUrl?: string;
  /** free extra fields */
  readonly customFields?: readonly AlertmanagerConfigV1beta1ReceiverVictoropsConfigCustomField[];
  /** VictorOps entity name */
  readonly entityDisplayName?: string;
  /** HTTP client settings */
  readonly httpConfig?: HTTPConfigV1Beta1;
  /** VictorOps message type / receiver type */
  readonly messageType?: string;
  /** VictorOps monitoring tool */
  readonly monitoringTool?: string;
  /** routing key (secret ref) */
  readonly routingKey?: string;
  /** notify also when resolved */
  readonly sendResolved?: boolean;
  /** VictorOps state message */
  readonly stateMessage?: string;
}

export interface AlertmanagerConfigV1beta1ReceiverWebexConfig {
  /** API base URL of the receiver */
  readonly apiURL?: string;
  /** HTTP client settings */
  readonly httpConfig?: HTTPConfigV1Beta1;
  /** message template */
  readonly message?: string;
  /** Webex room */
  readonly roomID?: string;
  /** notify also when resolved */
  readonly sendResolved?: boolean;
}

export interface AlertmanagerConfigV1beta1ReceiverWebhookConfig {
  /** HTTP client settings */
  readonly httpConfig?: HTTPConfigV1Beta1;
  /** most alerts in one webhook message (0 = all) */
  readonly maxAlerts?: number;
  /** custom webhook payload */
  readonly payload?: string;
  /** notify also when resolved */
  readonly sendResolved?: boolean;
  /** timeout */
  readonly timeout?: string;
  /** URL */
  readonly url?: string;
  /** URL (secret ref) */
  readonly urlSecret?: RequiredKeySelector;
}

export interface AlertmanagerConfigV1beta1ReceiverWechatConfig {
  /** WeChat agent id */
  readonly agentID?: string;
  /** WeChat API secret (secret ref) */
  readonly apiSecret?: RequiredKeySelector;
  /** API base URL of the receiver */
  readonly apiURL?: string;
  /** WeChat corp id */
  readonly corpID?: string;
  /** HTTP client settings */
  readonly httpConfig?: HTTPConfigV1Beta1;
  /** message template */
  readonly message?: string;
  /** VictorOps message type / receiver type */
  readonly messageType?: string;
  /** notify also when resolved */
  readonly sendResolved?: boolean;
  /** WeChat party */
  readonly toParty?: string;
  /** WeChat tag */
  readonly toTag?: string;
  /** WeChat user */
  readonly toUser?: string;
}

export interface AlertmanagerConfigV1beta1Receiver {
  /** Discord receivers */
  readonly discordConfigs?: readonly AlertmanagerConfigV1beta1ReceiverDiscordConfig[];
  /** e-mail receivers */
  readonly emailConfigs?: readonly AlertmanagerConfigV1beta1ReceiverEmailConfig[];
  /** Microsoft Teams receivers */
  readonly msteamsConfigs?: readonly AlertmanagerConfigV1beta1ReceiverMsteamsConfig[];
  /** Microsoft Teams workflow receivers */
  readonly msteamsv2Configs?: readonly AlertmanagerConfigV1beta1ReceiverMsteamsv2Config[];
  /** receiver name, unique in the object */
  readonly name?: string;
  /** OpsGenie receivers */
  readonly opsgenieConfigs?: readonly AlertmanagerConfigV1beta1ReceiverOpsgenieConfig[];
  /** PagerDuty receivers */
  readonly pagerdutyConfigs?: readonly AlertmanagerConfigV1beta1ReceiverPagerdutyConfig[];
  /** Pushover receivers */
  readonly pushoverConfigs?: readonly AlertmanagerConfigV1beta1ReceiverPushoverConfig[];
  /** Rocket.Chat receivers */
  readonly rocketchatConfigs?: readonly AlertmanagerConfigV1beta1ReceiverRocketchatConfig[];
  /** Slack receivers */
  readonly slackConfigs?: readonly AlertmanagerConfigV1beta1ReceiverSlackConfig[];
  /** AWS SNS receivers */
  readonly snsConfigs?: readonly AlertmanagerConfigV1beta1ReceiverSnsConfig[];
  /** Telegram receivers */
  readonly telegramConfigs?: readonly AlertmanagerConfigV1beta1ReceiverTelegramConfig[];
  /** VictorOps receivers */
  readonly victoropsConfigs?: readonly AlertmanagerConfigV1beta1ReceiverVictoropsConfig[];
  /** Webex receivers */
  readonly webexConfigs?: readonly AlertmanagerConfigV1beta1ReceiverWebexConfig[];
  /** webhook receivers */
  readonly webhookConfigs?: readonly AlertmanagerConfigV1beta1ReceiverWebhookConfig[];
  /** WeChat receivers */
  readonly wechatConfigs?: readonly AlertmanagerConfigV1beta1ReceiverWechatConfig[];
}

export interface AlertmanagerConfigV1beta1Route {
  /** names of intervals during which the route is active */
  readonly activeTimeIntervals?: readonly string[];
  /** keep matching sibling routes after this one */
  readonly continue?: boolean;
  /** labels used to group alerts */
  readonly groupBy?: readonly string[];
  /** wait before notifying about changes of a group */
  readonly groupInterval?: string;
  /** wait before the first notification of a group */
  readonly groupWait?: string;
  /** alert matchers */
  readonly matchers?: readonly MatcherV1Beta1[];
  /** route: names of muting intervals / spec: interval definitions */
  readonly muteTimeIntervals?: readonly string[];
  /** receiver of the route */
  readonly receiver?: string;
  /** time before a notification is repeated */
  readonly repeatInterval?: string;
  /** child routes (same shape, free JSON in the schema) */
  readonly routes?: readonly unknown[];
}

export interface AlertmanagerConfigV1beta1TimeIntervalTimeIntervalDaysOfMonth {
  /** end */
  readonly end?: number;
  /** range start */
  readonly start?: number;
}

export interface AlertmanagerConfigV1beta1TimeIntervalTimeIntervalTime {
  /** end of the time range HH:MM */
  readonly endTime?: string;
  /** start of the time range HH:MM */
  readonly startTime?: string;
}

export interface AlertmanagerConfigV1beta1TimeIntervalTimeInterval {
  /** days of month (ranges, negative from the end) */
  readonly daysOfMonth?: readonly AlertmanagerConfigV1beta1TimeIntervalTimeIntervalDaysOfMonth[];
  /** months of the interval */
  readonly months?: readonly string[];
  /** times of day */
  readonly times?: readonly AlertmanagerConfigV1beta1TimeIntervalTimeIntervalTime[];
  /** days of week (names or ranges) */
  readonly weekdays?: readonly string[];
  /** years of the interval */
  readonly years?: readonly string[];
}

export interface AlertmanagerConfigV1beta1TimeInterval {
  /** name */
  readonly name?: string;
  /** time ranges of the interval */
  readonly timeIntervals?: readonly AlertmanagerConfigV1beta1TimeIntervalTimeInterval[];
}

export interface AlertmanagerConfigV1beta1Spec {
  /** inhibition rules */
  readonly inhibitRules?: readonly AlertmanagerConfigV1beta1InhibitRule[];
  /** receivers */
  readonly receivers?: readonly AlertmanagerConfigV1beta1Receiver[];
  /** routing tree (children under routes) */
  readonly route?: AlertmanagerConfigV1beta1Route;
  /** intervals that routes name */
  readonly timeIntervals?: readonly AlertmanagerConfigV1beta1TimeInterval[];
}

export interface ThanosRulerStatus {
  /** pods that are ready long enough */
  readonly availableReplicas?: number;
  /** current state */
  readonly conditions?: readonly Condition[];
  /** true while the object is not reconciled */
  readonly paused?: boolean;
  /** pods that belong to the object */
  readonly replicas?: number;
  /** pods that are not available */
  readonly unavailableReplicas?: number;
  /** pods of the wanted specification */
  readonly updatedReplicas?: number;
}

/** A Thanos ruler, which evaluates rules over many Prometheus servers. */
export interface ThanosRuler {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata?: ObjectMeta;
  readonly spec?: ThanosRulerSpec;
  readonly status?: ThanosRulerStatus;
}

export interface ThanosRulerAdditionalArg {
  /** flag name without dashes */
  readonly name?: string;
  /** flag value */
  readonly value?: string;
}

export interface ThanosRulerExcludedFromEnforcement {
  /** API group */
  readonly group?: "monitoring.coreos.com";
  /** object name (empty = all) */
  readonly name?: string;
  /** object namespace */
  readonly namespace?: string;
  /** plural resource */
  readonly resource?: "prometheusrules" | "servicemonitors" | "podmonitors" | "probes" | "scrapeconfigs";
}

export interface ThanosRulerPrometheusRulesExcludedFromEnforce {
  /** rule object name */
  readonly ruleName?: string;
  /** namespace of the rule */
  readonly ruleNamespace?: string;
}

export interface ThanosRulerStorage {
  /** do not use the prometheus-db sub path */
  readonly disableMountSubPath?: boolean;
  /** emptyDir volume source (pass-through) */
  readonly emptyDir?: KubeObject;
  /** ephemeral volume source (pass-through) */
  readonly ephemeral?: KubeObject;
  /** PVC template (metadata, spec; pass-through) */
  readonly volumeClaimTemplate?: VolumeClaimTemplate;
}

export interface ThanosRulerUpdateStrategyRollingUpdate {
  /** most pods down in a rolling update */
  readonly maxUnavailable?: number | string;
}

export interface ThanosRulerUpdateStrategy {
  /** rolling update parameters */
  readonly rollingUpdate?: ThanosRulerUpdateStrategyRollingUpdate;
  /** type */
  readonly type?: "OnDelete" | "RollingUpdate";
}

export interface ThanosRulerWebHttpConfigHeaders {
  /** HTTP response header value */
  readonly contentSecurityPolicy?: string;
  /** HTTP response header value */
  readonly strictTransportSecurity?: string;
  /** HTTP response header value */
  readonly xContentTypeOptions?: "" | "NoSniff";
  /** HTTP response header value */
  readonly xFrameOptions?: "" | "Deny" | "SameOrigin";
  /** HTTP response header value */
  readonly xXSSProtection?: string;
}

export interface ThanosRulerWebHttpConfig {
  /** HTTP headers to add */
  readonly headers?: ThanosRulerWebHttpConfigHeaders;
  /** enable HTTP/2 on the web server */
  readonly http2?: boolean;
}

export interface ThanosRulerWeb {
  /** HTTP/2 switch and response headers of the web server */
  readonly httpConfig?: ThanosRulerWebHttpConfig;
  /** TLS of the web server */
  readonly tlsConfig?: WebTLSConfig;
}

export interface ThanosRulerSpec {
  /** extra command-line flags (name, value) for the main container; may not repeat operator-set flags */
  readonly additionalArgs?: readonly ThanosRulerAdditionalArg[];
  /** pod affinity (core/v1 Affinity, pass-through) */
  readonly affinity?: KubeObject;
  /** labels removed from alerts before sending */
  readonly alertDropLabels?: readonly string[];
  /** base URL shown as alert source */
  readonly alertQueryUrl?: string;
  /** path of a mounted file with alert relabelling (wins over alertRelabelConfigs) */
  readonly alertRelabelConfigFile?: string;
  /** relabelling of alerts before sending (per Alertmanager) / secret ref with the same (ThanosRuler) */
  readonly alertRelabelConfigs?: KeySelector;
  /** secret key with Thanos alertmanagers config YAML */
  readonly alertmanagersConfig?: KeySelector;
  /** Alertmanager URLs for ThanosRuler (deprecated style) */
  readonly alertmanagersUrl?: readonly string[];
  /** extra or patched containers (strategic merge by name) */
  readonly containers?: readonly KubeObject[];
  /** pod DNS config (pass-through) */
  readonly dnsConfig?: DnsConfig;
  /** pod DNS policy */
  readonly dnsPolicy?: "ClusterFirstWithHostNet" | "ClusterFirst" | "Default" | "None";
  /** feature flags passed to --enable-feature */
  readonly enableFeatures?: readonly string[];
  /** inject service env variables in the pod */
  readonly enableServiceLinks?: boolean;
  /** label that gets the object's namespace, forced on all metrics and alerts */
  readonly enforcedNamespaceLabel?: string;
  /** time between rule evaluations */
  readonly evaluationInterval?: string;
  /** objects exempt from namespace-label enforcement (group, resource, namespace, name) */
  readonly excludedFromEnforcement?: readonly ThanosRulerExcludedFromEnforcement[];
  /** external URL prefix of ThanosRuler */
  readonly externalPrefix?: string;
  /** TLS of the gRPC server */
  readonly grpcServerTlsConfig?: TLSConfig;
  /** pod host aliases (pass-through) */
  readonly hostAliases?: readonly HostAlias[];
  /** use the host user namespace */
  readonly hostUsers?: boolean;
  /** container image (overrides base image, tag, sha) */
  readonly image?: string;
  /** pull policy of all containers */
  readonly imagePullPolicy?: "" | "Always" | "Never" | "IfNotPresent";
  /** pull secrets (pass-through) */
  readonly imagePullSecrets?: readonly LocalReference[];
  /** extra or patched init containers */
  readonly initContainers?: readonly KubeObject[];
  /** external labels of the ruler */
  readonly labels?: Readonly<Record<string, string>>;
  /** bind the web server to loopback */
  readonly listenLocal?: boolean;
  /** logfmt or json */
  readonly logFormat?: "" | "logfmt" | "json";
  /** log level */
  readonly logLevel?: "" | "debug" | "info" | "warn" | "error";
  /** seconds a pod must be ready to count as available */
  readonly minReadySeconds?: number;
  /** node labels the pod needs */
  readonly nodeSelector?: Readonly<Record<string, string>>;
  /** secret key with object storage config; enables block upload */
  readonly objectStorageConfig?: KeySelector;
  /** path of object storage config file */
  readonly objectStorageConfigFile?: string;
  /** stop reconciling this object */
  readonly paused?: boolean;
  /** OrderedReady or Parallel */
  readonly podManagementPolicy?: "OrderedReady" | "Parallel";
  /** labels and annotations of the pods */
  readonly podMetadata?: EmbeddedMetadata;
  /** name of the web port */
  readonly portName?: string;
  /** pod priority class */
  readonly priorityClassName?: string;
  /** deprecated list of rules exempt from namespace enforcement */
  readonly prometheusRulesExcludedFromEnforce?: readonly ThanosRulerPrometheusRulesExcludedFromEnforce[];
  /** secret key with Thanos query config */
  readonly queryConfig?: KeySelector;
  /** querier endpoints */
  readonly queryEndpoints?: readonly string[];
  /** remote-write endpoints */
  readonly remoteWrite?: readonly PrometheusRemoteWrite[];
  /** pods per shard */
  readonly replicas?: number;
  /** least time between two sends of an alert */
  readonly resendDelay?: string;
  /** container resources (pass-through) */
  readonly resources?: KubeObject;
  /** how long data is kept */
  readonly retention?: string;
  /** path prefix of the web server */
  readonly routePrefix?: string;
  /** concurrent rule evaluations */
  readonly ruleConcurrentEval?: number;
  /** least wait for restored alerts */
  readonly ruleGracePeriod?: string;
  /** namespaces searched for PrometheusRules */
  readonly ruleNamespaceSelector?: LabelSelector;
  /** longest outage for restoring alert state */
  readonly ruleOutageTolerance?: string;
  /** default offset of rule evaluation */
  readonly ruleQueryOffset?: string;
  /** labels choosing PrometheusRules */
  readonly ruleSelector?: LabelSelector;
  /** pod scheduler */
  readonly schedulerName?: string;
  /** pod security context (pass-through) */
  readonly securityContext?: KubeObject;
  /** service account of the pods */
  readonly serviceAccountName?: string;
  /** governing Service of the StatefulSet */
  readonly serviceName?: string;
  /** storage of the data volume */
  readonly storage?: ThanosRulerStorage;
  /** pod termination grace */
  readonly terminationGracePeriodSeconds?: number;
  /** pod tolerations (pass-through) */
  readonly tolerations?: readonly KubeObject[];
  /** pod spreading (plus additionalLabelSelectors for shard/resource) */
  readonly topologySpreadConstraints?: readonly KubeObject[];
  /** secret key with trace config YAML */
  readonly tracingConfig?: KeySelector;
  /** path of tracing config */
  readonly tracingConfigFile?: string;
  /** StatefulSet/DaemonSet update strategy */
  readonly updateStrategy?: ThanosRulerUpdateStrategy;
  /** version of the component (drives which options are emitted) */
  readonly version?: string;
  /** extra mounts of the main container (pass-through) */
  readonly volumeMounts?: readonly KubeObject[];
  /** extra volumes (pass-through) */
  readonly volumes?: readonly KubeObject[];
  /** web server settings (page title, TLS, HTTP) */
  readonly web?: ThanosRulerWeb;
}

/** The configuration as the program uses it: plain, readonly, and safe to send to other threads. Times in milliseconds. */
import type { NameValidation, RelabelRule } from "../relabel/index.js";
import type { DiscoverySections } from "./schema/discovery.js";
import type { ConfigDocument } from "./schema/root.js";
import type { EscapingScheme, ScrapeProtocol } from "./schema/scrape.js";

export interface Config {
  readonly global: GlobalConfig;
  readonly scrapeConfigs: readonly ScrapeConfig[];
  /** Patterns, absolute or relative to the working folder. */
  readonly ruleFiles: readonly string[];
  readonly alerting: AlertingConfig;
  readonly storage: StorageConfig;
  readonly otlp: OtlpConfig;
  readonly remoteWrite: readonly RemoteWriteConfig[];
  readonly remoteRead: readonly RemoteReadConfig[];
  /** All of the file, also what nothing acts on yet, under Prometheus' keys; `renderConfig` prints it. */
  readonly document: ConfigDocument;
}

export interface GlobalConfig {
  readonly scrapeIntervalMs: number;
  readonly scrapeTimeoutMs: number;
  readonly evaluationIntervalMs: number;
  readonly ruleQueryOffsetMs: number;
  /** Empty where queries are not logged. */
  readonly queryLogFile: string;
  readonly externalLabels: Readonly<Record<string, string>>;
}

export interface AlertingConfig {
  /** Of all alerts, before they are sent anywhere. */
  readonly alertRelabelRules: readonly RelabelRule[];
  readonly alertmanagers: readonly AlertmanagerConfig[];
}

/** One entry of `alertmanagers`: a set of Alertmanagers that are found and asked in one way. */
export interface AlertmanagerConfig {
  readonly scheme: string;
  readonly pathPrefix: string;
  readonly timeoutMs: number;
  readonly relabelRules: readonly RelabelRule[];
  readonly alertRelabelRules: readonly RelabelRule[];
  readonly staticGroups: readonly StaticGroup[];
  readonly discoveries: readonly DiscoveryConfig[];
  readonly http: HttpClientConfig;
  /** Equal for equal settings: such an entry keeps its queue over a reload. */
  readonly hash: string;
}

/** One endpoint that samples are sent to. */
export interface RemoteWriteConfig {
  readonly name: string;
  /** Equal for equal settings. */
  readonly hash: string;
  /** Stays the same while the endpoint does: its position in the log is kept under it. */
  readonly key: string;
  readonly url: string;
  readonly version: 1 | 2;
  readonly timeoutMs: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly relabelRules: readonly RelabelRule[];
  readonly sendsExemplars: boolean;
  readonly sendsHistograms: boolean;
  readonly http: HttpClientConfig;
  /** Of what targets say of their metrics. */
  readonly metadata: { readonly isSent: boolean; readonly intervalMs: number; readonly maxPerSend: number };
  readonly queue: {
    readonly capacity: number;
    readonly maxShards: number;
    readonly minShards: number;
    readonly maxSamplesPerSend: number;
    readonly batchDeadlineMs: number;
    readonly minBackoffMs: number;
    readonly maxBackoffMs: number;
    readonly retryOn429: boolean;
    readonly sampleAgeLimitMs: number;
  };
}

/** One server that is asked for samples. */
export interface RemoteReadConfig {
  readonly name: string;
  /** Equal for equal settings. */
  readonly hash: string;
  readonly url: string;
  readonly timeoutMs: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly readsRecent: boolean;
  readonly requiredMatchers: Readonly<Record<string, string>>;
  /** Empty where they are not to be filtered. */
  readonly externalLabels: Readonly<Record<string, string>>;
  readonly frameBytesMax: number;
  readonly http: HttpClientConfig;
}

export interface OtlpConfig {
  /** If so, all resource attributes but those of the list become labels; else those of the list. */
  readonly promotesAll: boolean;
  readonly attributes: readonly string[];
  readonly addsSuffixes: boolean;
  readonly allowsUtf8: boolean;
  readonly keepsIdentifyingAttributes: boolean;
  readonly convertsHistogramsToNhcb: boolean;
  /** Name, version, schema and attributes of the scope that made a metric become labels `otel_scope_*`. */
  readonly promotesScope: boolean;
}

export interface StorageConfig {
  /** 0 where out-of-order samples are refused. */
  readonly outOfOrderTimeWindowMs: number;
  /** undefined where the file does not say; 0 or less switches exemplars off. */
  readonly exemplarsMax: number | undefined;
  /** Each undefined where the file does not say: the flag counts then. */
  readonly retentionMs: number | undefined;
  readonly retentionBytes: number | undefined;
  readonly retentionPercent: number | undefined;
  /** Vestal's own: series that are kept for another time; the first whose selector matches counts. */
  readonly retentionRules: readonly { readonly match: string; readonly timeMs: number }[];
}

export interface ScrapeConfig {
  readonly jobName: string;
  /** Equal for equal settings: an unchanged job keeps its connections and scrapes over a reload. */
  readonly hash: string;
  readonly honorLabels: boolean;
  readonly honorTimestamps: boolean;
  readonly trackTimestampsStaleness: boolean;
  readonly params: Readonly<Record<string, readonly string[]>>;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly protocols: readonly ScrapeProtocol[];
  /** Nothing in the file says which. */
  readonly hasDefaultProtocols: boolean;
  readonly fallbackProtocol: ScrapeProtocol | undefined;
  readonly nativeHistograms: boolean;
  readonly alwaysScrapeClassicHistograms: boolean;
  readonly convertClassicHistogramsToNhcb: boolean;
  readonly extraScrapeMetrics: boolean;
  /** Empty where failures are not logged to a file. */
  readonly failureLogFile: string;
  readonly metricsPath: string;
  readonly scheme: string;
  readonly enableCompression: boolean;
  readonly limits: ScrapeLimits;
  readonly keepDroppedTargets: number;
  readonly nameValidation: NameValidation;
  readonly nameEscaping: EscapingScheme;
  readonly http: HttpClientConfig;
  readonly relabelRules: readonly RelabelRule[];
  readonly metricRelabelRules: readonly RelabelRule[];
  readonly staticGroups: readonly StaticGroup[];
  readonly discoveries: readonly DiscoveryConfig[];
}

/** 0 means no limit. */
export interface ScrapeLimits {
  readonly bodyBytesMax: number;
  readonly samplesMax: number;
  readonly targetsMax: number;
  readonly labelsMax: number;
  readonly labelNameLengthMax: number;
  readonly labelValueLengthMax: number;
  readonly histogramBucketsMax: number;
  /** Smallest growth factor of native buckets; 0 leaves them as they are. */
  readonly histogramBucketFactorMin: number;
}

export interface StaticGroup {
  readonly targets: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

/** How targets are found, besides those that are written down. */
export type DiscoveryConfig =
  | FileDiscoveryConfig
  | HttpDiscoveryConfig
  | DnsDiscoveryConfig
  | KubernetesDiscoveryConfig
  | ApiDiscoveryConfig
  | UnavailableDiscoveryConfig;

export interface FileDiscoveryConfig {
  readonly kind: "file";
  /** Patterns, absolute or relative to the working folder. */
  readonly files: readonly string[];
  readonly refreshIntervalMs: number;
}

export interface HttpDiscoveryConfig {
  readonly kind: "http";
  readonly url: string;
  readonly refreshIntervalMs: number;
  readonly http: HttpClientConfig;
}

export interface DnsDiscoveryConfig {
  readonly kind: "dns";
  readonly names: readonly string[];
  readonly type: "A" | "AAAA" | "MX" | "NS" | "SRV";
  /** Of all types but SRV. */
  readonly port: number;
  readonly refreshIntervalMs: number;
}

export type KubernetesRole = "node" | "pod" | "service" | "endpoints" | "endpointslice" | "ingress";

export interface KubernetesDiscoveryConfig {
  readonly kind: "kubernetes";
  readonly role: KubernetesRole;
  /** Undefined, with an empty `kubeconfigFile`: the cluster that this is a pod of. */
  readonly apiServer: string | undefined;
  readonly kubeconfigFile: string;
  readonly http: HttpClientConfig;
  /** Without names: all of them. */
  readonly namespaces: { readonly own: boolean; readonly names: readonly string[] };
  readonly selectors: readonly { readonly role: string; readonly label: string; readonly field: string }[];
  readonly attachNode: boolean;
}

/** Mechanisms that ask an API over HTTP for all there is, again and again. */
export const API_MECHANISMS = [
  "consul",
  "digitalocean",
  "docker",
  "dockerswarm",
  "ec2",
  "eureka",
  "gce",
  "hetzner",
  "ionos",
  "kuma",
  "lightsail",
  "linode",
  "marathon",
  "nomad",
  "openstack",
  "puppetdb",
  "scaleway",
  "uyuni",
  "vultr",
] as const;
export type ApiMechanism = (typeof API_MECHANISMS)[number];

/** The section of a mechanism under Prometheus' keys. */
export type ApiSection<K extends ApiMechanism> = NonNullable<NonNullable<DiscoverySections[`${K}_sd_configs`]>[number]>;

export interface ApiDiscoveryOf<K extends ApiMechanism> {
  readonly kind: K;
  readonly section: ApiSection<K>;
  readonly refreshIntervalMs: number;
  readonly http: HttpClientConfig;
}

export type ApiDiscoveryConfig = { [K in ApiMechanism]: ApiDiscoveryOf<K> }[ApiMechanism];

/** A mechanism that this program reads and checks the settings of, and cannot run. */
export interface UnavailableDiscoveryConfig {
  readonly kind: "unavailable";
  /** `ec2`, `azure` … */
  readonly mechanism: string;
}

/** A secret is in the configuration or in a file that is read each time it is used, so that it can be rotated. */
export interface SecretSource {
  readonly value: string;
  /** Counts where it is not empty. */
  readonly file: string;
}

export interface HttpClientConfig {
  readonly basicAuth: { readonly username: SecretSource; readonly password: SecretSource } | undefined;
  readonly authorization: { readonly type: string; readonly credentials: SecretSource } | undefined;
  readonly oauth2: Oauth2Config | undefined;
  readonly tls: TlsConfig;
  readonly followRedirects: boolean;
  readonly enableHttp2: boolean;
  readonly proxy: ProxyConfig;
  readonly headers: Readonly<Record<string, HeaderConfig>>;
  readonly identity?: IdentityConfig | undefined;
  /** A socket of the file system to connect to, whatever the host of a URL. */
  readonly socketPath?: string;
}

/** How a cloud is shown who we are. */
export type IdentityConfig =
  | {
      readonly kind: "sigv4";
      readonly region: string;
      readonly accessKey: string;
      readonly secretKey: string;
      readonly profile: string;
      readonly roleArn: string;
      readonly externalId: string;
      readonly usesFipsSts: boolean;
      readonly service: string;
    }
  | {
      readonly kind: "azuread";
      readonly cloud: "AzurePublic" | "AzureChina" | "AzureGovernment";
      readonly scope: string;
      readonly way: AzureWay;
    }
  | { readonly kind: "google_iam"; readonly credentialsFile: string; readonly scope: string };

export type AzureWay =
  | { readonly kind: "managed"; readonly clientId: string }
  | { readonly kind: "workload"; readonly clientId: string; readonly tenantId: string; readonly tokenFile: string }
  | { readonly kind: "secret"; readonly clientId: string; readonly tenantId: string; readonly secret: string }
  | {
      readonly kind: "certificate";
      readonly clientId: string;
      readonly tenantId: string;
      readonly certificateFile: string;
      readonly keyFile: string;
      readonly sendsChain: boolean;
    }
  | { readonly kind: "sdk"; readonly tenantId: string };

export interface HeaderConfig {
  readonly values: readonly string[];
  readonly secrets: readonly string[];
  readonly files: readonly string[];
}

export interface TlsConfig {
  readonly ca: SecretSource;
  readonly cert: SecretSource;
  readonly key: SecretSource;
  readonly serverName: string;
  readonly insecureSkipVerify: boolean;
  /** `TLS10` to `TLS13`, or empty for the default. */
  readonly minVersion: string;
  readonly maxVersion: string;
}

export interface ProxyConfig {
  readonly url: string | undefined;
  readonly noProxy: string;
  readonly fromEnvironment: boolean;
  readonly connectHeaders: Readonly<Record<string, readonly string[]>>;
}

export interface Oauth2Config {
  readonly clientId: string;
  readonly clientSecret: SecretSource;
  readonly clientCertificateKeyId: string;
  readonly clientCertificateKey: SecretSource;
  readonly grantType: string;
  readonly signatureAlgorithm: string;
  readonly iss: string;
  readonly audience: string;
  readonly claims: Readonly<Record<string, unknown>>;
  readonly scopes: readonly string[];
  readonly tokenUrl: string;
  readonly endpointParams: Readonly<Record<string, string>>;
  readonly tls: TlsConfig;
  readonly proxy: ProxyConfig;
}

/** How a target is asked: everything of a scrape configuration that concerns HTTP, as plain data that threads exchange. */

export interface TlsOptions {
  /** SNI and the name that the certificate must have; the host of the address by default. */
  readonly serverName?: string;
  readonly insecureSkipVerify?: boolean;
  /** PEM texts and protocol bounds, as Node.js' `tls.createSecureContext` takes them. */
  readonly context: {
    readonly ca?: string;
    readonly cert?: string;
    readonly key?: string;
    readonly minVersion?: "TLSv1" | "TLSv1.1" | "TLSv1.2" | "TLSv1.3";
    readonly maxVersion?: "TLSv1" | "TLSv1.1" | "TLSv1.2" | "TLSv1.3";
  };
}

export interface ProxyOptions {
  readonly url: string;
  /** Headers of the CONNECT request, `Proxy-Authorization` among them. */
  readonly headers: Readonly<Record<string, string>>;
}

export type ScrapeProtocol =
  | "PrometheusProto"
  | "OpenMetricsText1.0.0"
  | "OpenMetricsText0.0.1"
  | "PrometheusText1.0.0"
  | "PrometheusText0.0.4";

export const DEFAULT_SCRAPE_PROTOCOLS: readonly ScrapeProtocol[] = [
  "OpenMetricsText1.0.0",
  "OpenMetricsText0.0.1",
  "PrometheusText1.0.0",
  "PrometheusText0.0.4",
];

export interface CredentialSource {
  /** Counts where `file` is "". Secret. */
  readonly value: string;
  readonly file: string;
}

export type CredentialSources =
  | { readonly type: string; readonly credentials: CredentialSource }
  | { readonly username: CredentialSource; readonly password: CredentialSource };

export interface TransportOptions {
  /** Of names in `Accept` with `escaping=allow-utf-8`; false under `metric_name_validation_scheme: legacy`. */
  readonly allowUtf8Names: boolean;
  readonly scrapeProtocols: readonly ScrapeProtocol[];
  readonly fallbackScrapeProtocol: ScrapeProtocol | undefined;
  readonly enableCompression: boolean;
  /** `http_headers`; names may repeat. Values are secret. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Whole value of `Authorization` (basic or other), or undefined. Secret. */
  readonly authorization: string | undefined;
  /** Instead of it, where a part of it is in a file: read at each scrape, since tokens of pods are written anew while they run. */
  readonly credentials?: CredentialSources | undefined;
  /** Why no target of the job can be scraped: a certificate's file that cannot be read. */
  readonly failure?: string | undefined;
  readonly tls: TlsOptions | undefined;
  /** Resolved for this target: `no_proxy` and the environment are already considered. */
  readonly proxy: ProxyOptions | undefined;
  readonly followRedirects: boolean;
  readonly enableHttp2: boolean;
  /** 0 = no limit but the thread's own. */
  readonly bodySizeLimit: number;
}

export const DEFAULT_TRANSPORT: TransportOptions = {
  allowUtf8Names: true,
  scrapeProtocols: DEFAULT_SCRAPE_PROTOCOLS,
  fallbackScrapeProtocol: undefined,
  enableCompression: true,
  headers: [],
  authorization: undefined,
  tls: undefined,
  proxy: undefined,
  followRedirects: true,
  enableHttp2: true,
  bodySizeLimit: 0,
};

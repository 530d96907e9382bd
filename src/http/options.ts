/**
 * Everything of a configuration that concerns HTTP clients, as plain data. `config/` builds it; this side owns the shape, so
 * that whoever talks HTTP depends on no configuration.
 */

import type { IdentityOptions } from "./identity/identity.js";

/** A secret is in the configuration or in a file that is read each time it is used, so that it can be rotated. */
export interface SecretSource {
  readonly value: string;
  /** Counts where it is not empty. */
  readonly file: string;
}

export interface TlsOptions {
  /** PEM texts. */
  readonly ca: SecretSource;
  readonly cert: SecretSource;
  readonly key: SecretSource;
  readonly serverName: string;
  readonly insecureSkipVerify: boolean;
  /** `TLS10` to `TLS13`, or empty for the default. */
  readonly minVersion: string;
  readonly maxVersion: string;
}

export interface ProxyOptions {
  readonly url: string | undefined;
  /** Hosts, domains, addresses and networks that are reached directly, joined by commas; `*` is all. */
  readonly noProxy: string;
  /** `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` decide. */
  readonly fromEnvironment: boolean;
  /** Headers of CONNECT requests. */
  readonly connectHeaders: Readonly<Record<string, readonly string[]>>;
}

export interface HeaderOptions {
  readonly values: readonly string[];
  readonly secrets: readonly string[];
  readonly files: readonly string[];
}

export interface Oauth2Options {
  readonly clientId: string;
  readonly clientSecret: SecretSource;
  readonly grantType: string;
  readonly scopes: readonly string[];
  readonly tokenUrl: string;
  readonly endpointParams: Readonly<Record<string, string>>;
  readonly tls: TlsOptions;
  readonly proxy: ProxyOptions;
}

export interface HttpClientOptions {
  readonly basicAuth: { readonly username: SecretSource; readonly password: SecretSource } | undefined;
  readonly authorization: { readonly type: string; readonly credentials: SecretSource } | undefined;
  readonly oauth2: Oauth2Options | undefined;
  readonly tls: TlsOptions;
  readonly followRedirects: boolean;
  readonly enableHttp2: boolean;
  readonly proxy: ProxyOptions;
  readonly headers: Readonly<Record<string, HeaderOptions>>;
  /** How a cloud is shown who we are; comes before the first three. */
  readonly identity?: IdentityOptions | undefined;
  /** A socket of the file system to connect to, whatever the host of a URL. */
  readonly socketPath?: string;
}

export const NO_SECRET: SecretSource = { value: "", file: "" };

export const DEFAULT_TLS: TlsOptions = {
  ca: NO_SECRET,
  cert: NO_SECRET,
  key: NO_SECRET,
  serverName: "",
  insecureSkipVerify: false,
  minVersion: "",
  maxVersion: "",
};

export const DEFAULT_HTTP_CLIENT: HttpClientOptions = {
  basicAuth: undefined,
  authorization: undefined,
  oauth2: undefined,
  tls: DEFAULT_TLS,
  followRedirects: true,
  enableHttp2: true,
  proxy: { url: undefined, noProxy: "", fromEnvironment: false, connectHeaders: {} },
  headers: {},
};

/** Parts of the configuration of an HTTP client, as Prometheus writes them. */
import { posix } from "node:path";
import type {
  Authorization,
  BasicAuth,
  KeySelector,
  OAuth2,
  PrometheusScrapeClass,
  SafeAuthorization,
  SafeTLSConfig,
  SecretOrConfigMap,
  Sigv4,
  TLSConfig,
} from "../../schema/generated/types.js";
import { type NamespacedStore, tlsAssetName } from "../store.js";
import { type Mapping, nonEmpty, nonEmptyList, sortedKeys, type Value } from "../value.js";
import type { VersionGate } from "../version.js";

/** Where credentials come from, and what the component knows. */
export interface ClientContext {
  readonly store: NamespacedStore;
  readonly gate: VersionGate;
  readonly isTlsInline?: boolean | undefined;
}

const TLS_ASSETS_FOLDER = "/etc/prometheus/certs";

export interface ProxyFields {
  readonly noProxy?: string;
  readonly proxyConnectHeader?: Readonly<Record<string, readonly KeySelector[]>>;
  readonly proxyFromEnvironment?: boolean;
  readonly proxyUrl?: string;
}

/** What a client may be given, next to how it reaches its proxy. */
export interface ClientFields extends ProxyFields {
  readonly basicAuth?: BasicAuth;
  readonly authorization?: SafeAuthorization;
  readonly oauth2?: OAuth2;
  readonly tlsConfig?: SafeTLSConfig;
}

export function basicAuth(client: ClientContext, auth: BasicAuth | undefined): Mapping {
  if (auth === undefined) return {};
  return {
    basic_auth: {
      username: client.store.secret(auth.username) ?? "",
      password: client.store.secret(auth.password) ?? "",
    },
  };
}

export function bearerToken(client: ClientContext, selector: KeySelector | undefined): Mapping {
  return nonEmpty(selector?.name) === undefined ? {} : { bearer_token: client.store.secret(selector) };
}

/** Without credentials it still says the scheme, as the client would then send none. */
export function authorization(client: ClientContext, auth: Authorization | SafeAuthorization | undefined): Mapping {
  if (auth === undefined) return {};
  return {
    authorization: client.gate.since("2.26.0", {
      type: (nonEmpty(auth.type) ?? "Bearer").trim(),
      credentials: auth.credentials === undefined ? undefined : client.store.secret(auth.credentials),
      credentials_file: "credentialsFile" in auth ? nonEmpty(auth.credentialsFile) : undefined,
    }),
  };
}

/** Left out where its client id or secret cannot be read. */
export function oauth2(client: ClientContext, auth: OAuth2 | undefined): Mapping {
  if (auth === undefined) return {};
  const clientId = client.store.value(auth.clientId);
  const clientSecret = client.store.secret(auth.clientSecret);
  if (clientId === undefined || clientSecret === undefined) return {};
  return {
    oauth2: client.gate.since("2.27.0", {
      client_id: clientId,
      client_secret: clientSecret,
      token_url: auth.tokenUrl ?? "",
      scopes: nonEmptyList(auth.scopes),
      endpoint_params: Object.keys(auth.endpointParams ?? {}).length > 0 ? auth.endpointParams : undefined,
      ...client.gate.since("2.43.0", { ...proxy(client, auth), ...safeTls(client, auth.tlsConfig) }),
    }),
  };
}

export function proxy(client: ClientContext, fields: ProxyFields | undefined): Mapping {
  if (fields === undefined) return {};
  const { gate, store } = client;
  return {
    proxy_url: fields.proxyUrl,
    no_proxy: gate.since("2.43.0", fields.noProxy),
    proxy_from_environment: gate.since("2.43.0", fields.proxyFromEnvironment),
    proxy_connect_header: gate.since("2.43.0", connectHeader(store, fields.proxyConnectHeader)),
  };
}

function connectHeader(store: NamespacedStore, header: ProxyFields["proxyConnectHeader"]): Mapping | undefined {
  if (header === undefined) return undefined;
  return Object.fromEntries(
    sortedKeys(header).map((name) => [name, (header[name] ?? []).map((selector) => store.secret(selector) ?? "")]),
  );
}

export function safeTls(client: ClientContext, tls: SafeTLSConfig | undefined): Mapping {
  return tls === undefined ? {} : { tls_config: tlsFields(client, tls) };
}

export function tls(client: ClientContext, config: TLSConfig | undefined): Mapping {
  if (config === undefined) return {};
  const { ca_file, cert_file, key_file, ...others } = tlsFields(client, config);
  return {
    tls_config: {
      ...others,
      ca_file: nonEmpty(config.caFile) ?? ca_file,
      cert_file: nonEmpty(config.certFile) ?? cert_file,
      key_file: nonEmpty(config.keyFile) ?? key_file,
    },
  };
}

function tlsFields(client: ClientContext, config: SafeTLSConfig): Mapping {
  return {
    insecure_skip_verify: config.insecureSkipVerify,
    ...tlsAsset(client, "ca", config.ca),
    ...tlsAsset(client, "cert", config.cert),
    ...tlsAsset(client, "key", config.keySecret === undefined ? undefined : { secret: config.keySecret }),
    server_name: nonEmpty(config.serverName),
    min_version: client.gate.since("2.35.0", config.minVersion),
    max_version: client.gate.since("2.41.0", config.maxVersion),
  };
}

function tlsAsset(client: ClientContext, name: string, reference: SecretOrConfigMap | undefined): Mapping {
  if (reference?.secret === undefined && reference?.configMap === undefined) return {};
  if (client.isTlsInline) return { [name]: client.store.value(reference) };
  return { [`${name}_file`]: posix.join(TLS_ASSETS_FOLDER, tlsAssetName(client.store.namespace, reference)) };
}

export function sigv4(client: ClientContext, config: Sigv4 | undefined): Mapping {
  if (config === undefined) return {};
  return {
    sigv4: {
      region: nonEmpty(config.region),
      ...accessKeys(client.store, config),
      profile: nonEmpty(config.profile),
      role_arn: nonEmpty(config.roleArn),
      external_id: client.gate.since("3.11.0", nonEmpty(config.externalId)),
      use_fips_sts_endpoint: client.gate.since("2.54.0", config.useFIPSSTSEndpoint),
    },
  };
}

function accessKeys(store: NamespacedStore, { accessKey, secretKey }: Sigv4): Mapping {
  if (accessKey === undefined || secretKey === undefined) return {};
  const access = nonEmpty(store.secret(accessKey));
  const secret = nonEmpty(store.secret(secretKey));
  return access === undefined || secret === undefined ? {} : { access_key: access, secret_key: secret };
}

/** A monitor's own settings, completed by its scrape class. */
export function mergeTls<T extends SafeTLSConfig | TLSConfig>(
  own: T | undefined,
  scrapeClass: PrometheusScrapeClass,
): TLSConfig | undefined {
  const inherited = scrapeClass.tlsConfig;
  if (own === undefined) return inherited;
  if (inherited === undefined) return own;
  const files: TLSConfig = own;
  return {
    ...own,
    ...(nonEmpty(files.caFile) === undefined && isUnset(own.ca) ? { caFile: inherited.caFile ?? "" } : {}),
    ...(nonEmpty(files.certFile) === undefined && isUnset(own.cert) ? { certFile: inherited.certFile ?? "" } : {}),
    ...(nonEmpty(files.keyFile) === undefined && own.keySecret === undefined
      ? { keyFile: inherited.keyFile ?? "" }
      : {}),
  };
}

/** As `mergeTls`, for kinds where an empty object counts as none. */
export function mergeSafeTls(
  own: SafeTLSConfig | undefined,
  scrapeClass: PrometheusScrapeClass,
): TLSConfig | undefined {
  return mergeTls(
    own === undefined || Object.values(own).every((value: Value) => isEmpty(value)) ? undefined : own,
    scrapeClass,
  );
}

export function mergeAuthorization(
  own: SafeAuthorization | undefined,
  scrapeClass: PrometheusScrapeClass,
): Authorization | undefined {
  const inherited = scrapeClass.authorization;
  if (own === undefined || (nonEmpty(own.type) === undefined && own.credentials === undefined)) return inherited;
  if (inherited === undefined || own.credentials !== undefined) return own;
  if (inherited.credentials !== undefined) return { ...own, credentials: inherited.credentials };
  return { ...own, credentialsFile: inherited.credentialsFile ?? "" };
}

function isUnset(reference: SecretOrConfigMap | undefined): boolean {
  return reference?.secret === undefined && reference?.configMap === undefined;
}

/** An object without anything set is as good as none. */
function isEmpty(value: Value): boolean {
  return value === undefined || (typeof value === "object" && value !== null && Object.keys(value).length === 0);
}

/** The HTTP client of receivers, from the form of the custom resources to Alertmanager's. */
import { posix } from "node:path";
import type { HTTPConfig, KeySelector, OAuth2, SafeTLSConfig } from "../../schema/generated/types.js";
import { at } from "../invalid.js";
import type { ProxyFields } from "../prometheus/http-client.js";
import { type NamespacedStore, tlsAssetName } from "../store.js";
import { nonEmpty, sortedKeys } from "../value.js";
import type { Draft } from "./file-schema.js";

const TLS_ASSETS_FOLDER = "/etc/alertmanager/certs";

/** @throws InvalidConfigurationError if a reference leads nowhere. */
export function httpConfigOf(store: NamespacedStore, config: HTTPConfig | undefined): Draft | undefined {
  if (config === undefined) return undefined;
  return {
    authorization: authorizationOf(store, config),
    basic_auth: basicAuthOf(store, config),
    oauth2: oauth2Of(store, config.oauth2),
    bearer_token: secretOf(store, "bearerTokenSecret", config.bearerTokenSecret),
    tls_config: tlsConfigOf(store, config.tlsConfig),
    follow_redirects: config.followRedirects,
    enable_http2: config.enableHttp2,
    ...proxyOf(store, config),
    // The older spelling wins.
    proxy_url: nonEmpty(config.proxyURL) ?? config.proxyUrl,
  };
}

export function secretOf(store: NamespacedStore, field: string, selector: KeySelector | undefined): string | undefined {
  return selector === undefined ? undefined : at(field, () => store.needSecret(selector));
}

function authorizationOf(store: NamespacedStore, { authorization }: HTTPConfig): Draft | undefined {
  if (authorization === undefined) return undefined;
  const credentials = at("authorization.credentials", () => store.needSecret(authorization.credentials));
  return credentials === "" ? undefined : { type: nonEmpty(authorization.type) ?? "Bearer", credentials };
}

function basicAuthOf(store: NamespacedStore, { basicAuth }: HTTPConfig): Draft | undefined {
  if (basicAuth === undefined) return undefined;
  const username = at("basicAuth.username", () => store.needSecret(basicAuth.username));
  const password = at("basicAuth.password", () => store.needSecret(basicAuth.password));
  return username === "" && password === "" ? undefined : { username, password };
}

function oauth2Of(store: NamespacedStore, oauth2: OAuth2 | undefined): Draft | undefined {
  if (oauth2 === undefined) return undefined;
  return {
    client_id: at("oauth2.clientId", () => store.need(oauth2.clientId)),
    client_secret: at("oauth2.clientSecret", () => store.needSecret(oauth2.clientSecret)),
    scopes: oauth2.scopes,
    token_url: oauth2.tokenUrl,
    endpoint_params: oauth2.endpointParams,
    ...proxyOf(store, oauth2),
  };
}

function proxyOf(store: NamespacedStore, fields: ProxyFields): Draft {
  const header = fields.proxyConnectHeader ?? {};
  const names = sortedKeys(header);
  return {
    proxy_url: fields.proxyUrl,
    no_proxy: fields.noProxy,
    proxy_from_environment: fields.proxyFromEnvironment,
    proxy_connect_header:
      names.length === 0
        ? undefined
        : Object.fromEntries(
            names.map((name) => [name, (header[name] ?? []).map((selector) => secretOf(store, name, selector))]),
          ),
  };
}

export function tlsConfigOf(store: NamespacedStore, tls: SafeTLSConfig | undefined): Draft | undefined {
  if (tls === undefined) return undefined;
  const file = (reference: Parameters<typeof tlsAssetName>[1] | undefined) =>
    reference?.secret === undefined && reference?.configMap === undefined
      ? undefined
      : posix.join(TLS_ASSETS_FOLDER, tlsAssetName(store.namespace, reference));
  return {
    ca_file: file(tls.ca),
    cert_file: file(tls.cert),
    key_file: file(tls.keySecret === undefined ? undefined : { secret: tls.keySecret }),
    server_name: tls.serverName,
    insecure_skip_verify: tls.insecureSkipVerify ?? false,
    min_version: tls.minVersion,
    max_version: tls.maxVersion,
  };
}

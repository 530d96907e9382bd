/** How an HTTP client authenticates and connects: the fields that scrape jobs, discoveries and remote storage share. */
import { VestalError } from "../../base/index.js";
import { quoteGo } from "../../model/index.js";
import {
  any,
  bool,
  checked,
  field,
  list,
  map,
  path,
  pointer,
  secret,
  secretMap,
  shown,
  strings,
  struct,
  text,
  url,
  type ValueOf,
} from "../shape.js";

export const TLS_VERSIONS = ["TLS10", "TLS11", "TLS12", "TLS13"] as const;

const tlsVersion = () =>
  checked("string", (version) => {
    if (!TLS_VERSIONS.some((known) => known === version)) refuse(`unknown TLS version: ${version}`);
    return version;
  });

export const tlsConfig = struct(
  "config.plain",
  {
    ca: field(text()),
    cert: field(text()),
    key: field(secret()),
    ca_file: field(path()),
    cert_file: field(path()),
    key_file: field(path()),
    ca_ref: field(text()),
    cert_ref: field(text()),
    key_ref: field(text()),
    server_name: field(text()),
    insecure_skip_verify: shown(bool()),
    min_version: field(tlsVersion()),
    max_version: field(tlsVersion()),
  },
  (tls) => {
    if (countSet(tls.ca, tls.ca_file, tls.ca_ref) > 1) refuse("at most one of ca, ca_file & ca_ref must be configured");
    const certs = countSet(tls.cert, tls.cert_file, tls.cert_ref);
    if (certs > 1) refuse("at most one of cert, cert_file & cert_ref must be configured");
    const keys = countSet(tls.key, tls.key_file, tls.key_ref);
    if (keys > 1) refuse("at most one of key and key_file must be configured");
    if (certs > 0 && keys === 0) {
      refuse("exactly one of key or key_file must be configured when a client certificate is configured");
    }
    if (keys > 0 && certs === 0) {
      refuse("exactly one of cert or cert_file must be configured when a client key is configured");
    }
    return tls;
  },
);
export type TlsSection = typeof tlsConfig.zero;

const basicAuth = struct("config.plain", {
  username: field(text()),
  username_file: field(path()),
  username_ref: field(text()),
  password: field(secret()),
  password_file: field(path()),
  password_ref: field(text()),
});

const authorization = struct("config.Authorization", {
  type: field(text()),
  credentials: field(secret()),
  credentials_file: field(path()),
  credentials_ref: field(text()),
});

const proxyFields = {
  proxy_url: field(url()),
  no_proxy: field(text()),
  proxy_from_environment: field(bool()),
  proxy_connect_header: field(map(list(secret()), { goType: "config.ProxyHeader" })),
};

const oauth2 = struct("config.plain", {
  client_id: field(text()),
  client_secret: field(secret()),
  client_secret_file: field(path()),
  client_secret_ref: field(text()),
  client_certificate_key_id: field(text()),
  client_certificate_key: field(secret()),
  client_certificate_key_file: field(text()),
  client_certificate_key_ref: field(text()),
  grant_type: field(text()),
  signature_algorithm: field(text()),
  iss: field(text()),
  audience: field(text()),
  claims: field(map(any(), { goType: "map[string]interface {}" })),
  scopes: field(strings()),
  token_url: field(text()),
  endpoint_params: field(secretMap()),
  tls_config: field(tlsConfig),
  ...proxyFields,
});

export const header = struct("config.Header", {
  values: field(strings()),
  secrets: field(list(secret())),
  files: field(list(path())),
});

/** The fields of a client; `enableHttp2` is their only default that differs between users. */
export function httpClientFields(options: { readonly enableHttp2: boolean } = { enableHttp2: true }) {
  return {
    basic_auth: field(pointer(basicAuth)),
    authorization: field(pointer(authorization)),
    oauth2: field(pointer(oauth2)),
    bearer_token: field(secret()),
    bearer_token_file: field(path()),
    tls_config: field(tlsConfig),
    follow_redirects: shown(bool(), true),
    enable_http2: shown(bool(), options.enableHttp2),
    ...proxyFields,
    http_headers: field(map(header, { goType: "config.Headers" })),
  };
}
export type HttpClientSection = ValueOf<ReturnType<typeof httpClientFields>>;

const JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/** Checks a client and turns the old `bearer_token` into an authorization, as Prometheus does. */
export function finishHttpClient<T extends HttpClientSection>(client: T): T {
  const hasBearer = client.bearer_token !== "" || client.bearer_token_file !== "";
  if (client.bearer_token !== "" && client.bearer_token_file !== "") {
    refuse("at most one of bearer_token & bearer_token_file must be configured");
  }
  if ((client.basic_auth || client.oauth2) && hasBearer) {
    refuse("at most one of basic_auth, oauth2, bearer_token & bearer_token_file must be configured");
  }
  checkBasicAuth(client);
  const finished = { ...client, authorization: finishAuthorization(client, hasBearer) };
  checkOauth2(client);
  checkProxy(client);
  for (const name of Object.keys(client.http_headers ?? {})) {
    const canonical = canonicalHeader(name);
    if (RESERVED_HEADERS.has(canonical)) refuse(`setting header ${quoteGo(canonical)} is not allowed`);
  }
  return hasBearer ? { ...finished, bearer_token: "", bearer_token_file: "" } : finished;
}

function checkBasicAuth({ basic_auth: auth }: HttpClientSection): void {
  if (auth === undefined) return;
  if (countSet(auth.username, auth.username_file, auth.username_ref) > 1) {
    refuse("at most one of basic_auth username, username_file & username_ref must be configured");
  }
  if (countSet(auth.password, auth.password_file, auth.password_ref) > 1) {
    refuse("at most one of basic_auth password, password_file & password_ref must be configured");
  }
}

function finishAuthorization(client: HttpClientSection, hasBearer: boolean): HttpClientSection["authorization"] {
  const auth = client.authorization;
  if (auth === undefined) {
    if (!hasBearer) return undefined;
    return {
      type: "Bearer",
      credentials: client.bearer_token,
      credentials_file: client.bearer_token_file,
      credentials_ref: "",
    };
  }
  if (hasBearer) refuse("authorization is not compatible with bearer_token & bearer_token_file");
  if (countSet(auth.credentials, auth.credentials_file, auth.credentials_ref) > 1) {
    refuse("at most one of authorization credentials & credentials_file must be configured");
  }
  const type = auth.type.trim() || "Bearer";
  if (type.toLowerCase() === "basic") {
    refuse('authorization type cannot be set to "basic", use "basic_auth" instead');
  }
  if (client.basic_auth || client.oauth2) {
    refuse("at most one of basic_auth, oauth2 & authorization must be configured");
  }
  return { ...auth, type };
}

function checkOauth2({ oauth2: auth, basic_auth }: HttpClientSection): void {
  if (auth === undefined) return;
  if (basic_auth) refuse("at most one of basic_auth, oauth2 & authorization must be configured");
  if (auth.client_id === "") refuse("oauth2 client_id must be configured");
  if (auth.token_url === "") refuse("oauth2 token_url must be configured");
  if (auth.grant_type === JWT_BEARER) {
    const keys = [auth.client_certificate_key, auth.client_certificate_key_file, auth.client_certificate_key_ref];
    if (countSet(...keys) > 1) {
      refuse(
        "at most one of oauth2 client_certificate_key, client_certificate_key_file & client_certificate_key_ref " +
          `must be configured using grant-type=${JWT_BEARER}`,
      );
    }
    if (!["", "RS256", "RS384", "RS512"].includes(auth.signature_algorithm)) {
      refuse("valid signature algorithms are RS256, RS384 and RS512");
    }
  } else if (countSet(auth.client_secret, auth.client_secret_file, auth.client_secret_ref) > 1) {
    refuse(
      "at most one of oauth2 client_secret, client_secret_file & client_secret_ref must be configured " +
        "using grant-type=client_credentials",
    );
  }
}

function checkProxy(client: HttpClientSection): void {
  const hasUrl = client.proxy_url !== undefined && client.proxy_url !== "";
  const hasHeader = Object.keys(client.proxy_connect_header ?? {}).length > 0;
  if (hasHeader && !client.proxy_from_environment && !hasUrl) {
    refuse("if proxy_connect_header is configured, proxy_url or proxy_from_environment must also be configured");
  }
  if (client.proxy_from_environment && hasUrl) {
    refuse("if proxy_from_environment is configured, proxy_url must not be configured");
  }
  if (client.proxy_from_environment && client.no_proxy !== "") {
    refuse("if proxy_from_environment is configured, no_proxy must not be configured");
  }
  if (client.proxy_url === undefined && client.no_proxy !== "") {
    refuse("if no_proxy is configured, proxy_url must also be configured");
  }
}

/** Headers that carry the connection or that Prometheus sets itself. */
const RESERVED_HEADERS: ReadonlySet<string> = new Set([
  "Authorization",
  "Host",
  "Content-Encoding",
  "Content-Length",
  "Content-Type",
  "User-Agent",
  "Connection",
  "Keep-Alive",
  "Proxy-Authenticate",
  "Proxy-Authorization",
  "Www-Authenticate",
  "Accept-Encoding",
  "X-Prometheus-Remote-Write-Version",
  "X-Prometheus-Remote-Read-Version",
  "X-Prometheus-Scrape-Timeout-Seconds",
  "X-Amz-Date",
  "X-Amz-Security-Token",
  "X-Amz-Content-Sha256",
]);

function canonicalHeader(name: string): string {
  if (!/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(name)) return name;
  return name.toLowerCase().replace(/(?:^|-)[a-z]/g, (start) => start.toUpperCase());
}

export function countSet(...values: readonly string[]): number {
  return values.filter((value) => value !== "").length;
}

export function refuse(message: string): never {
  throw new VestalError("CONFIG", message);
}

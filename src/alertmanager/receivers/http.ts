/** What integrations over HTTP share: the client, secrets in files, and which answers are worth another attempt. */
import { readFileSync } from "node:fs";
import { errorMessage, systemReason, VestalError } from "../../base/index.js";
import {
  DEFAULT_HTTP_CLIENT,
  HttpClient,
  type HttpClientOptions,
  type HttpResponse,
  type IdentityOptions,
  type SecretSource,
  type TlsOptions,
} from "../../http/index.js";
import type { HttpConfigSection } from "../config/shapes.js";
import { GoJsonError, parseGoJson } from "../go-json.js";
import type { FailureReason, NotifyResult } from "../pipeline/context.js";
import { SENT } from "../pipeline/context.js";
import { ALERTMANAGER_VERSION } from "../version.js";

const USER_AGENT = `Alertmanager/${ALERTMANAGER_VERSION}`;
/**
 * Of one integration to one host. Groups that all come due at one moment share them: 5,000 at once cost 1.1 s of CPU and 150 MB
 * with a connection each.
 */
const CONNECTIONS_MAX = 256;
/** Answers are read for messages only. */
const ANSWER_BYTES_MAX = 1024 * 1024;
/** Where neither the integration nor the group says otherwise. */
const NO_TIMEOUT_MS = 2 ** 31 - 1;

const secret = (value: string, file: string): SecretSource => ({ value, file });

type TlsSection = NonNullable<HttpConfigSection["tls_config"]>;

export function tlsOptions(tls: TlsSection): TlsOptions {
  return {
    ca: secret(tls.ca, tls.ca_file),
    cert: secret(tls.cert, tls.cert_file),
    key: secret(tls.key, tls.key_file),
    serverName: tls.server_name,
    insecureSkipVerify: tls.insecure_skip_verify,
    minVersion: tls.min_version,
    maxVersion: tls.max_version,
  };
}

export function httpClientOptions(config: HttpConfigSection | undefined): HttpClientOptions {
  if (config === undefined) return DEFAULT_HTTP_CLIENT;
  const { basic_auth: basic, authorization, oauth2 } = config;
  const proxy = (
    from: Pick<HttpConfigSection, "proxy_url" | "no_proxy" | "proxy_from_environment" | "proxy_connect_header">,
  ) => ({
    url: from.proxy_url === "" ? undefined : from.proxy_url,
    noProxy: from.no_proxy,
    fromEnvironment: from.proxy_from_environment,
    connectHeaders: (from.proxy_connect_header ?? {}) as Readonly<Record<string, readonly string[]>>,
  });
  return {
    basicAuth: basic && {
      username: secret(basic.username, basic.username_file),
      password: secret(basic.password, basic.password_file),
    },
    authorization: authorization && {
      type: authorization.type,
      credentials: secret(authorization.credentials, authorization.credentials_file),
    },
    oauth2: oauth2 && {
      clientId: oauth2.client_id,
      clientSecret: secret(oauth2.client_secret, oauth2.client_secret_file),
      grantType: oauth2.grant_type,
      scopes: oauth2.scopes ?? [],
      tokenUrl: oauth2.token_url,
      endpointParams: oauth2.endpoint_params ?? {},
      tls: tlsOptions(oauth2.tls_config),
      proxy: proxy(oauth2),
    },
    tls: tlsOptions(config.tls_config),
    followRedirects: config.follow_redirects,
    enableHttp2: config.enable_http2,
    proxy: proxy(config),
    headers: Object.fromEntries(
      Object.entries(config.http_headers ?? {}).map(([name, header]) => [
        name,
        { values: header.values ?? [], secrets: header.secrets ?? [], files: header.files ?? [] },
      ]),
    ),
  };
}

export interface PostOptions {
  readonly method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly url: string;
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** 0: until the flush ends. */
  readonly timeoutMs?: number;
  readonly signal: AbortSignal;
}

/** The client of one integration. */
export class Poster {
  readonly #client: HttpClient;

  constructor(config: HttpConfigSection | undefined, identity?: IdentityOptions) {
    // A signature is good for one address only: the original's SDK follows no redirect.
    const signed = identity === undefined ? {} : { identity, followRedirects: false };
    this.#client = new HttpClient({ ...httpClientOptions(config), ...signed }, USER_AGENT, CONNECTIONS_MAX);
  }

  /** @throws VestalError where there is no answer. */
  async post({
    method = "POST",
    url,
    contentType,
    headers,
    body,
    timeoutMs = 0,
    signal,
  }: PostOptions): Promise<HttpResponse> {
    try {
      return await this.#client.request({
        method,
        url,
        headers: { ...(contentType === undefined ? {} : { "content-type": contentType }), ...headers },
        ...(body !== undefined && { body }),
        timeoutMs: timeoutMs > 0 ? timeoutMs : NO_TIMEOUT_MS,
        signal,
        bodyBytesMax: ANSWER_BYTES_MAX,
      });
    } catch (error) {
      // The client reads its own secrets while it asks: such a request may be tried again.
      if (!(error instanceof VestalError) || error.code !== "SECRET_FILE") throw error;
      const verb = method[0] + method.slice(1).toLowerCase();
      throw new VestalError("HTTP_FAILED", `${verb} "${url}": ${error.message}`, {}, error);
    }
  }

  close(): void {
    this.#client.close();
  }
}

export function reasonOf(status: number): FailureReason {
  return status >= 400 && status < 500 ? "clientError" : status >= 500 && status < 600 ? "serverError" : "other";
}

export interface RetryRule {
  /** Statuses beside 5xx that are worth another attempt. */
  readonly retryCodes?: readonly number[];
  /** What the message says of an answer, instead of its body. */
  readonly details?: (status: number, body: string) => string;
}

/** 2xx is success; 5xx may be tried again. */
export function checkResponse(response: HttpResponse, rule: RetryRule = {}): NotifyResult {
  const { status } = response;
  if (status >= 200 && status < 300) return SENT;
  const isRetried = (status >= 500 && status < 600) || (rule.retryCodes ?? []).includes(status);
  const body = response.body.toString();
  const details = rule.details === undefined ? body : rule.details(status, body);
  const message = `unexpected status code ${status}${details === "" ? "" : `: ${details}`}`;
  return { kind: isRetried ? "retry" : "failed", message, reason: reasonOf(status) };
}

export interface NoAnswerWords {
  /** Where the URL holds no secret. */
  readonly isUrlShown?: boolean;
  readonly prefix?: string;
}

/** A request that got no answer may be tried again. Its URL may be a secret, and this is logged and kept in the history. */
export function noAnswer(error: unknown, { isUrlShown = false, prefix = "" }: NoAnswerWords = {}): NotifyResult {
  const said = errorMessage(error);
  const shown = isUrlShown ? said : said.replace(/^(\w+) "[^"]*"/, '$1 "<redacted>"');
  return { kind: "retry", message: prefix + shown, reason: "other" };
}

/**
 * What Go's decoder says of an answer that is no JSON; undefined where it is.
 *
 * @param isWhole  The text must be one value, as json.Unmarshal wants it; else what follows one is not looked at.
 */
export function jsonProblem(text: string, isWhole: boolean): string | undefined {
  if (text.trim() === "") return isWhole ? "unexpected end of JSON input" : "EOF";
  try {
    parseGoJson(text);
    return undefined;
  } catch (error) {
    if (!(error instanceof GoJsonError)) throw error;
    return isWhole && error.message === "unexpected EOF" ? "unexpected end of JSON input" : error.message;
  }
}

export function failed(message: string): NotifyResult {
  return { kind: "failed", message, reason: "other" };
}

/** A secret that is given or in a file, which is read each time. @throws VestalError SECRET_FILE */
export function secretText(value: string, file: string): string {
  if (value !== "" || file === "") return value;
  try {
    return readFileSync(file, "utf8").trim();
  } catch (error) {
    throw new VestalError("SECRET_FILE", `open ${file}: ${systemReason(error)}`, { file }, error);
  }
}

/** A secret that is read when the configuration is loaded, which it refuses. @throws VestalError CONFIG */
export function constantSecret(value: string, file: string, prefix: string): string {
  if (file === "") return value;
  try {
    return secretText("", file);
  } catch (error) {
    throw new VestalError("CONFIG", prefix + errorMessage(error), { file }, error);
  }
}

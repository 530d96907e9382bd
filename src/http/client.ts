/**
 * The HTTP client of everything but scraping's plain path: discovery, Kubernetes, notifications, remote write and read. It
 * takes Prometheus' HTTP client options whole: authentication, OAuth 2.0, TLS with files that are read anew when they
 * change, proxies, redirects. What proves who we are never follows a redirect to another host.
 */
import { createHash } from "node:crypto";
import type { Readable } from "node:stream";
import type { Dispatcher } from "undici";
import { errorCode, errorMessage, VestalError } from "../base/index.js";
import { createIdentity, type Identity } from "./identity/index.js";
import { Oauth2TokenSource } from "./oauth2.js";
import { DEFAULT_HTTP_CLIENT, type HttpClientOptions, type ProxyOptions, type TlsOptions } from "./options.js";
import { proxyFor } from "./proxy.js";
import { readSecret, readSecretFile } from "./secret.js";
import { DEADLINE_EXCEEDED, dialErrorText } from "./words.js";

const REDIRECTS_MAX = 10;
const REDIRECT_CODES: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
const UNREAD_BYTES_MAX = 65_536;
const TOKEN_TIMEOUT_MS = 30_000;
const TOKEN_BYTES_MAX = 1024 * 1024;
/** TLS files and secrets are looked at again at most this often. */
const FILES_AGE_MS = 1000;
const CREDENTIAL_HEADERS: ReadonlySet<string> = new Set(["authorization", "cookie", "www-authenticate", "cookie2"]);

export interface HttpRequest {
  readonly method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** Until the whole answer is there; of `stream`, until its head is. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export interface HttpStream {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Must be read or destroyed. */
  readonly body: Readable;
}

export class HttpClient {
  readonly #options: HttpClientOptions;
  readonly #userAgent: string;
  readonly #tokens: Oauth2TokenSource | undefined;
  readonly #identity: Identity | undefined;
  readonly #tokenClient: HttpClient | undefined;
  readonly #dispatchers = new Map<string, Dispatcher>();
  #tls:
    | { readonly key: string; readonly options: Readonly<Record<string, unknown>>; readonly readMs: number }
    | undefined;
  #isClosed = false;

  readonly #connectionsMax: number | null;

  /** @param connectionsMax  open to one host at a time; further requests wait for one of them. */
  constructor(options: HttpClientOptions, userAgent: string, connectionsMax: number | null = null) {
    this.#options = options;
    this.#connectionsMax = connectionsMax;
    this.#userAgent = userAgent;
    const { oauth2 } = options;
    if (oauth2 !== undefined) {
      const { tls, proxy } = oauth2;
      const plain = { basicAuth: undefined, authorization: undefined, oauth2: undefined, followRedirects: true };
      const client = new HttpClient({ ...plain, enableHttp2: true, headers: {}, tls, proxy }, userAgent);
      this.#tokenClient = client;
      this.#tokens = new Oauth2TokenSource(oauth2, (request) =>
        client.request({ ...request, timeoutMs: TOKEN_TIMEOUT_MS }),
      );
    }
    if (options.identity !== undefined) {
      const proxy = { ...DEFAULT_HTTP_CLIENT.proxy, fromEnvironment: true };
      const client = new HttpClient({ ...DEFAULT_HTTP_CLIENT, proxy }, userAgent);
      this.#tokenClient = client;
      this.#identity = createIdentity(options.identity, {
        ask: (request) => client.request({ ...request, timeoutMs: TOKEN_TIMEOUT_MS, bodyBytesMax: TOKEN_BYTES_MAX }),
        env: process.env,
        nowMs: Date.now,
      });
    }
  }

  /**
   * The whole answer, whatever its status.
   *
   * @throws VestalError HTTP_FAILED if there is none (in the words of Go's client), HTTP_TIMEOUT, HTTP_BODY_TOO_LARGE,
   * SECRET_FILE, OAUTH2, IDENTITY.
   */
  async request(request: HttpRequest & { readonly bodyBytesMax: number }): Promise<HttpResponse> {
    const deadline = new AbortController();
    const timer = setTimeout(() => deadline.abort(), request.timeoutMs);
    try {
      const response = await this.#follow(request, joined(deadline.signal, request.signal), deadline.signal);
      const parts: Uint8Array[] = [];
      let bytes = 0;
      try {
        for await (const part of response.body as AsyncIterable<Uint8Array>) {
          bytes += part.length;
          if (bytes > request.bodyBytesMax) {
            response.body.on("error", ignoreUnread).destroy();
            const text = `the answer of ${redact(request.url)} is larger than ${request.bodyBytesMax} bytes`;
            throw new VestalError("HTTP_BODY_TOO_LARGE", text, { url: redact(request.url) });
          }
          parts.push(part);
        }
      } catch (error) {
        if (error instanceof VestalError) throw error;
        throw this.#failure(error, new URL(request.url), request, deadline.signal);
      }
      return { status: response.status, headers: response.headers, body: Buffer.concat(parts) };
    } finally {
      clearTimeout(timer);
    }
  }

  /** The head of an answer, and its body as it arrives. Throws as `request`. */
  async stream(request: HttpRequest): Promise<HttpStream> {
    const deadline = new AbortController();
    const timer = setTimeout(() => deadline.abort(), request.timeoutMs);
    try {
      return await this.#follow(request, joined(deadline.signal, request.signal), deadline.signal);
    } finally {
      clearTimeout(timer);
    }
  }

  close(): void {
    this.#isClosed = true;
    for (const dispatcher of this.#dispatchers.values()) drop(dispatcher);
    this.#dispatchers.clear();
    this.#tokenClient?.close();
  }

  async #follow(request: HttpRequest, signal: AbortSignal, deadline: AbortSignal): Promise<HttpStream> {
    const first = new URL(request.url);
    let url = first;
    let method = request.method ?? "GET";
    let body = request.body;
    for (let redirects = 0; ; redirects++) {
      const isOwnHost = url.host === first.host;
      const headers = await this.#headers(request, { method, url, body }, isOwnHost);
      let response: Dispatcher.ResponseData;
      try {
        // Loaded by the first request: it costs each thread some 20 MB, and most threads never ask.
        const undici = await import("undici");
        response = await this.#dispatcher(url, undici).request({
          origin: url.origin,
          path: `${url.pathname}${url.search}`,
          method,
          headers,
          body: body ?? null,
          signal,
        });
      } catch (error) {
        throw this.#failure(error, url, { method, url: request.url }, deadline);
      }
      const location = headerOf(response, "location");
      if (!this.#options.followRedirects || !REDIRECT_CODES.has(response.statusCode) || location === "") {
        return { status: response.statusCode, headers: flat(response), body: response.body };
      }
      await response.body.dump({ limit: UNREAD_BYTES_MAX }).catch(ignoreUnread);
      const next = URL.canParse(location, url.href) ? new URL(location, url.href) : undefined;
      if (redirects === REDIRECTS_MAX - 1 || next === undefined || !/^https?:$/.test(next.protocol)) {
        const why =
          redirects === REDIRECTS_MAX - 1 ? `stopped after ${REDIRECTS_MAX} redirects` : "bad Location header";
        throw new VestalError("HTTP_FAILED", `${verb(method)} ${JSON.stringify(redact(url.href))}: ${why}`, {
          url: redact(url.href),
        });
      }
      url = next;
      if (response.statusCode <= 303 && method !== "GET") {
        method = "GET";
        body = undefined;
      }
    }
  }

  /** @param sent  as it goes out, perhaps after a redirect. */
  async #headers(
    request: HttpRequest,
    sent: { readonly method: string; readonly url: URL; readonly body: string | Uint8Array | undefined },
    isOwnHost: boolean,
  ): Promise<string[]> {
    const hasBody = sent.body !== undefined;
    const all: string[] = ["user-agent", this.#userAgent];
    for (const [name, value] of Object.entries(request.headers ?? {})) {
      if (!hasBody && name.toLowerCase().startsWith("content-")) continue;
      if (isOwnHost || !CREDENTIAL_HEADERS.has(name.toLowerCase())) all.push(name, value);
    }
    if (!isOwnHost) return all;
    const { basicAuth, authorization, headers } = this.#options;
    if (this.#identity !== undefined) {
      const contentType = hasBody ? headerNamed(request.headers, "content-type") : undefined;
      const proof = await this.#identity.headers({ ...sent, contentType });
      for (const [name, value] of Object.entries(proof)) all.push(name, value);
    } else if (basicAuth !== undefined) {
      const user = readSecret(basicAuth.username, "basic auth username");
      const password = readSecret(basicAuth.password, "basic auth password");
      all.push("authorization", `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`);
    } else if (authorization !== undefined) {
      const credentials = readSecret(authorization.credentials, "authorization credentials");
      if (credentials !== "") all.push("authorization", `${authorization.type} ${credentials}`);
    } else if (this.#tokens !== undefined) all.push("authorization", await this.#tokens.authorization());
    for (const [name, { values, secrets, files }] of Object.entries(headers)) {
      const texts = [...values, ...secrets, ...files.map((file) => readSecretFile(file, `http_headers ${name}`))];
      for (const text of texts) all.push(name, text);
    }
    return all;
  }

  #dispatcher(url: URL, { Agent, ProxyAgent }: typeof import("undici")): Dispatcher {
    if (this.#isClosed) throw new VestalError("HTTP_FAILED", "the HTTP client is closed");
    const tls = this.#currentTls();
    const proxy = proxyFor(url, this.#options.proxy);
    const key = `${tls.key} ${proxy ?? ""}`;
    const known = this.#dispatchers.get(key);
    if (known !== undefined) return known;
    // Deadlines are the caller's.
    const common = {
      allowH2: this.#options.enableHttp2,
      headersTimeout: 0,
      bodyTimeout: 0,
      connections: this.#connectionsMax,
    };
    const dispatcher =
      proxy === undefined
        ? new Agent({ ...common, connect: tls.options })
        : new ProxyAgent({
            ...common,
            uri: proxy,
            requestTls: tls.options,
            headers: connectHeaders(this.#options.proxy),
            proxyTunnel: false,
          });
    this.#dispatchers.set(key, dispatcher);
    return dispatcher;
  }

  /** The TLS settings as the files are now; dispatchers of other ones are given up. */
  #currentTls(): { readonly key: string; readonly options: Readonly<Record<string, unknown>> } {
    if (this.#tls !== undefined && performance.now() - this.#tls.readMs < FILES_AGE_MS) return this.#tls;
    const { tls, socketPath } = this.#options;
    const options = { ...tlsOptions(tls), ...(socketPath !== undefined && { socketPath }) };
    const key = createHash("sha256").update(JSON.stringify(options)).digest("base64");
    if (this.#tls !== undefined && this.#tls.key !== key) {
      for (const dispatcher of this.#dispatchers.values()) void dispatcher.close().catch(ignoreUnread);
      this.#dispatchers.clear();
    }
    this.#tls = { key, options, readMs: performance.now() };
    return this.#tls;
  }

  #failure(error: unknown, url: URL, request: Pick<HttpRequest, "method" | "url">, deadline: AbortSignal): VestalError {
    if (error instanceof VestalError) return error;
    const where = `${verb(request.method ?? "GET")} ${JSON.stringify(redact(url.href))}`;
    const details = { url: redact(url.href) };
    if (deadline.aborted) return new VestalError("HTTP_TIMEOUT", `${where}: ${DEADLINE_EXCEEDED}`, details, error);
    const code = errorCode(error);
    const port = url.port === "" ? (url.protocol === "https:" ? 443 : 80) : Number(url.port);
    const reason =
      code === "UND_ERR_SOCKET"
        ? "EOF"
        : code === "UND_ERR_ABORTED" || errorMessage(error) === "This operation was aborted"
          ? "context canceled"
          : dialErrorText(error, url.hostname.replace(/^\[|\]$/g, ""), port);
    return new VestalError("HTTP_FAILED", `${where}: ${reason}`, details, error);
  }
}

function tlsOptions(tls: TlsOptions): Readonly<Record<string, unknown>> {
  const versions: Readonly<Record<string, string>> = {
    TLS10: "TLSv1",
    TLS11: "TLSv1.1",
    TLS12: "TLSv1.2",
    TLS13: "TLSv1.3",
  };
  const ca = readSecret(tls.ca, "tls_config ca");
  const cert = readSecret(tls.cert, "tls_config cert");
  const key = readSecret(tls.key, "tls_config key");
  return {
    rejectUnauthorized: !tls.insecureSkipVerify,
    ...(tls.serverName !== "" && { servername: tls.serverName }),
    ...(ca !== "" && { ca }),
    ...(cert !== "" && { cert }),
    ...(key !== "" && { key }),
    ...(versions[tls.minVersion] !== undefined && { minVersion: versions[tls.minVersion] }),
    ...(versions[tls.maxVersion] !== undefined && { maxVersion: versions[tls.maxVersion] }),
  };
}

function connectHeaders(proxy: ProxyOptions): Record<string, string> {
  return Object.fromEntries(Object.entries(proxy.connectHeaders).map(([name, values]) => [name, values.join(", ")]));
}

/** A signal that follows both. */
function joined(deadline: AbortSignal, own: AbortSignal | undefined): AbortSignal {
  return own === undefined ? deadline : AbortSignal.any([deadline, own]);
}

function headerNamed(headers: HttpRequest["headers"], name: string): string | undefined {
  return Object.entries(headers ?? {}).find(([own]) => own.toLowerCase() === name)?.[1];
}

function headerOf(response: Dispatcher.ResponseData, name: string): string {
  const value = response.headers[name];
  return (Array.isArray(value) ? value[0] : value) ?? "";
}

function flat(response: Dispatcher.ResponseData): Record<string, string> {
  return Object.fromEntries(
    Object.entries(response.headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(", ") : (value ?? ""),
    ]),
  );
}

/** As Go writes methods in errors: `Get`, `Post`. */
function verb(method: string): string {
  return method.slice(0, 1) + method.slice(1).toLowerCase();
}

/** A URL without its password. */
function redact(url: string): string {
  const parsed = new URL(url);
  if (parsed.password !== "") parsed.password = "xxxxx";
  return parsed.href;
}

/** Closing waits for nothing that anybody needs; a failure of it has no consequence that could be acted on. */
function drop(dispatcher: Dispatcher): void {
  dispatcher.destroy().catch(ignoreUnread);
}

/** The rest of a body that nobody reads may fail to arrive. */
function ignoreUnread(): void {}

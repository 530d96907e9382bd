/**
 * The way to targets that the lean connection does not reach: through a proxy, over redirects, over HTTP/2. Redirects are
 * followed here, not by the library: whatever proves who we are stays with the host that it was meant for.
 */
import { Agent, type Dispatcher, ProxyAgent } from "undici";
import { errorCode, errorMessage, VestalError } from "../../base/index.js";
import { BODY_LIMIT_EXCEEDED, DEADLINE_EXCEEDED, dialErrorText } from "../../http/index.js";
import type { BodyBuffers, ExchangeResult } from "./connection.js";
import type { ResponseHead } from "./head.js";
import type { ScrapeUrl } from "./request.js";
import type { TransportOptions } from "./transport.js";

const REDIRECTS_MAX = 10;
const REDIRECT_CODES: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
/** What a request may carry to a host that it was not configured for. */
const HEADERS_FOR_ALL: ReadonlySet<string> = new Set([
  "accept",
  "accept-encoding",
  "user-agent",
  "x-prometheus-scrape-timeout-seconds",
]);
const ROOM_BYTES_MIN = 16_384;

export interface UndiciRequest {
  readonly slot: number;
  readonly bodyBytesLimit: number;
  readonly expectedBytes: number;
  readonly timeoutMs: number;
}

export class UndiciTransport {
  readonly #url: ScrapeUrl;
  readonly #transport: TransportOptions;
  readonly #headers: readonly (readonly [string, string])[];
  readonly #buffers: BodyBuffers;
  readonly #dispatcher: Dispatcher;
  #abort: AbortController | undefined;

  constructor(
    url: ScrapeUrl,
    transport: TransportOptions,
    headers: readonly (readonly [string, string])[],
    buffers: BodyBuffers,
  ) {
    this.#url = url;
    this.#transport = transport;
    this.#headers = headers;
    this.#buffers = buffers;
    this.#dispatcher = createDispatcher(transport);
  }

  /** Settles within the timeout with a definite verdict. */
  async exchange(request: UndiciRequest): Promise<ExchangeResult> {
    const abort = new AbortController();
    this.#abort = abort;
    const timer = setTimeout(() => abort.abort(), request.timeoutMs);
    try {
      return await this.#follow(request, abort.signal);
    } finally {
      clearTimeout(timer);
      this.#abort = undefined;
    }
  }

  close(): void {
    this.#abort?.abort();
    // Closing waits for nothing that anybody needs; a failure of it has no consequence that could be acted on.
    this.#dispatcher.destroy().catch(() => undefined);
  }

  async #follow(request: UndiciRequest, signal: AbortSignal): Promise<ExchangeResult> {
    const first = new URL(this.#url.href);
    let url = first;
    for (let redirects = 0; ; redirects++) {
      let response: Dispatcher.ResponseData;
      try {
        response = await this.#ask(url, isSameOrigin(first, url), signal);
      } catch (error) {
        return failed(undefined, requestFailure(error, url, signal), errorCode(error));
      }
      const head = headOf(response);
      const leads = this.#transport.followRedirects && REDIRECT_CODES.has(head.statusCode) && head.location !== "";
      if (!leads) return this.#readBody(request, response, head, signal);
      await response.body.dump({ limit: ROOM_BYTES_MIN }).catch(ignoreUnreadBody);
      if (redirects === REDIRECTS_MAX - 1) return failed(undefined, `stopped after ${REDIRECTS_MAX} redirects`, "");
      const next = URL.canParse(head.location, url.href) ? new URL(head.location, url.href) : undefined;
      if (next === undefined || (next.protocol !== "http:" && next.protocol !== "https:")) {
        return failed(undefined, `unsupported protocol scheme in Location ${JSON.stringify(head.location)}`, "");
      }
      url = next;
    }
  }

  #ask(url: URL, isOwnHost: boolean, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
    const headers: string[] = [];
    if (isOwnHost) headers.push("Host", this.#url.hostHeader);
    for (const [name, value] of this.#headers) {
      if (isOwnHost || HEADERS_FOR_ALL.has(name.toLowerCase())) headers.push(name, value);
    }
    return this.#dispatcher.request({
      origin: url.origin,
      path: `${url.pathname}${url.search}`,
      method: "GET",
      headers,
      signal,
    });
  }

  async #readBody(
    request: UndiciRequest,
    response: Dispatcher.ResponseData,
    head: ResponseHead,
    signal: AbortSignal,
  ): Promise<ExchangeResult> {
    if (head.statusCode !== 200) {
      await response.body.dump({ limit: ROOM_BYTES_MIN }).catch(ignoreUnreadBody);
      return { head, bodyBytes: 0, error: undefined, code: "" };
    }
    const { slot, bodyBytesLimit } = request;
    const declared = head.lengthBytes;
    if (declared >= bodyBytesLimit) return this.#refuse(response, head);
    let view = this.#buffers.bodyBuffer(slot, Math.max(declared, request.expectedBytes, ROOM_BYTES_MIN), 0);
    let filled = 0;
    try {
      for await (const part of response.body) {
        const bytes = part as Uint8Array;
        const end = filled + bytes.length;
        if (end >= bodyBytesLimit) return this.#refuse(response, head);
        if (end > view.length) view = this.#buffers.bodyBuffer(slot, Math.max(end, 2 * filled), filled);
        view.set(bytes, filled);
        filled = end;
      }
    } catch (error) {
      if (error instanceof VestalError) return failed(head, errorMessage(error), error.code);
      return failed(head, signal.aborted ? DEADLINE_EXCEEDED : "unexpected EOF", errorCode(error));
    }
    return { head, bodyBytes: filled, error: undefined, code: "" };
  }

  #refuse(response: Dispatcher.ResponseData, head: ResponseHead): ExchangeResult {
    response.body.on("error", ignoreUnreadBody).destroy();
    return failed(head, BODY_LIMIT_EXCEEDED, "");
  }
}

function createDispatcher(transport: TransportOptions): Dispatcher {
  const { tls, proxy } = transport;
  const connect = {
    ...tls?.context,
    ...(tls?.serverName === undefined ? {} : { servername: tls.serverName }),
    rejectUnauthorized: !(tls?.insecureSkipVerify ?? false),
  };
  // One scrape at a time: a connection for each origin that the target leads to is enough. Deadlines are the caller's.
  const common = { connections: 1, allowH2: transport.enableHttp2, headersTimeout: 0, bodyTimeout: 0 };
  if (proxy === undefined) return new Agent({ ...common, connect });
  return new ProxyAgent({ ...common, uri: proxy.url, requestTls: connect, headers: proxy.headers, proxyTunnel: false });
}

/** Same scheme, host and port; a redirect to TLS on the same host and default ports is also the same server's. */
function isSameOrigin(a: URL, b: URL): boolean {
  if (a.origin === b.origin) return true;
  return (
    a.hostname === b.hostname && a.protocol === "http:" && b.protocol === "https:" && a.port === "" && b.port === ""
  );
}

function headOf(response: Dispatcher.ResponseData): ResponseHead {
  const header = (name: string): string => {
    const value = response.headers[name];
    return (Array.isArray(value) ? value[0] : value) ?? "";
  };
  const length = header("content-length");
  const reason = response.statusText ?? "";
  return {
    statusCode: response.statusCode,
    status: reason === "" ? String(response.statusCode) : `${response.statusCode} ${reason}`,
    framing: length === "" ? "close" : "length",
    lengthBytes: /^\d+$/.test(length) ? Number(length) : 0,
    keepsAlive: false,
    contentType: header("content-type"),
    contentEncoding: header("content-encoding"),
    location: header("location"),
  };
}

function requestFailure(error: unknown, url: URL, signal: AbortSignal): string {
  if (signal.aborted) return DEADLINE_EXCEEDED;
  const code = errorCode(error);
  if (code === "UND_ERR_SOCKET") return "EOF";
  const port = url.port === "" ? (url.protocol === "https:" ? 443 : 80) : Number(url.port);
  return dialErrorText(error, url.hostname, port);
}

function failed(head: ResponseHead | undefined, error: string, code: string): ExchangeResult {
  return { head, bodyBytes: 0, error, code };
}

/** The rest of a body that nobody reads may fail to arrive. */
function ignoreUnreadBody(): void {}

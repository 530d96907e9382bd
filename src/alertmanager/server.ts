/** The one place that touches Node's HTTP server: TLS, basic authentication, limits, route prefix, CORS. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { TLSSocket } from "node:tls";
import { errorMessage, type Logger } from "../base/index.js";
import { formatGoDuration } from "../template/index.js";
import { type ConfigSource, type Gate, TlsListener } from "../web-config/index.js";
import type { Alertmanager } from "./alertmanager.js";
import { type Answer, json, moved, text } from "./api/answer.js";
import { type PageFiles, pageAnswer } from "./pages.js";

export interface WebOptions {
  readonly addresses: readonly { readonly host: string; readonly port: number }[];
  /** Without a slash at its end. */
  readonly routePrefix: string;
  /** Where browsers find the pages: the path of the external URL, without a slash at its end. */
  readonly basePath: string;
  /** GET requests at a time. */
  readonly maxConcurrentGets: number;
  /** 0: none. */
  readonly timeoutMs: number;
  readonly bodyBytesMax: number;
  /** Undefined: plain HTTP. */
  readonly tls: ConfigSource | undefined;
  /** Undefined where they are not built. */
  readonly pages: PageFiles | undefined;
  /** Asked before every request; undefined: all pass. */
  readonly gate: Gate | undefined;
}

export class AlertmanagerServer {
  readonly #alertmanager: Alertmanager;
  readonly #options: WebOptions;
  readonly #log: Logger;
  readonly #servers: Server[] = [];
  #tls: TlsListener | undefined;
  #gets = 0;

  constructor(alertmanager: Alertmanager, options: WebOptions, log: Logger) {
    this.#alertmanager = alertmanager;
    this.#options = options;
    this.#log = log;
  }

  /** @returns the ports. */
  async listen(): Promise<readonly number[]> {
    const { tls, addresses } = this.#options;
    const handler = (request: IncomingMessage, response: ServerResponse): void => void this.#handle(request, response);
    const ports = tls === undefined ? await this.#listenPlain(handler) : await this.#listenTls(handler, tls);
    for (const [i, { host }] of addresses.entries()) {
      const address = `${host === "" ? "[::]" : host}:${ports[i]}`;
      this.#log.info("Listening on", { address });
      this.#log.info(tls === undefined ? "TLS is disabled." : "TLS is enabled.", { http2: false, address });
    }
    return ports;
  }

  async #listenPlain(handler: Handler): Promise<readonly number[]> {
    const ports: number[] = [];
    for (const { host, port } of this.#options.addresses) {
      const server = createServer(handler);
      this.#servers.push(server);
      await new Promise<void>((resolve, reject) => {
        server.once("error", reject);
        server.listen(port, host === "" ? undefined : host, resolve);
      });
      const address = server.address();
      ports.push(typeof address === "object" && address !== null ? address.port : port);
    }
    return ports;
  }

  /** The HTTP server never listens itself: connections are given to it once they are encrypted. */
  async #listenTls(handler: Handler, source: ConfigSource): Promise<readonly number[]> {
    const server = createServer(handler);
    this.#tls = await TlsListener.listen({
      addresses: this.#options.addresses,
      source,
      maxConnections: 0,
      log: this.#log,
      onConnection: (socket: TLSSocket) => server.emit("connection", socket),
    });
    return this.#tls.ports;
  }

  async close(): Promise<void> {
    this.#tls?.close();
    await Promise.all(
      this.#servers.map((server) => {
        const closed = new Promise<void>((resolve) => server.close(() => resolve()));
        server.closeAllConnections();
        return closed;
      }),
    );
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const began = performance.now();
    const method = request.method ?? "GET";
    const url = urlOf(request.url ?? "/");
    let answer: Answer;
    const verdict = await this.#options.gate?.check(request.headers.authorization ?? "");
    if (verdict?.kind === "refuse") {
      response.writeHead(verdict.status, Object.fromEntries(verdict.headers));
      response.end(method === "HEAD" ? undefined : verdict.text);
      return;
    }
    try {
      answer = await this.#limited(this.#answer(request, method, url));
    } catch (error) {
      this.#log.error("A request failed", { method, path: url.pathname, err: errorMessage(error) });
      answer = text("Internal Server Error\n", 500);
    }
    const isApi = url.pathname.includes("/api/v2/") && answer.status !== 301;
    response.writeHead(answer.status, {
      ...(answer.type !== undefined && { "Content-Type": answer.type }),
      ...(isApi && !isPreflight(request) && { "Cache-Control": "no-store", Vary: "Origin" }),
      ...(isApi &&
        request.headers.origin !== undefined &&
        CROSS_ORIGIN_METHODS.has(method) && { "Access-Control-Allow-Origin": "*" }),
      ...(answer.status !== 204 && { "Content-Length": Buffer.byteLength(answer.body) }),
      ...answer.headers,
      ...Object.fromEntries(verdict?.headers ?? []),
    });
    response.end(method === "HEAD" ? undefined : answer.body);
    this.#alertmanager.metrics.observeRequest(
      handlerName(url.pathname.slice(this.#options.routePrefix.length)),
      method.toLowerCase(),
      answer.status,
      (performance.now() - began) / 1000,
      Buffer.byteLength(answer.body),
    );
  }

  async #limited(answer: Promise<Answer>): Promise<Answer> {
    const { timeoutMs } = this.#options;
    if (timeoutMs <= 0) return answer;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<Answer>((resolve) => {
      const message = `Exceeded configured timeout of ${formatGoDuration(BigInt(Math.round(timeoutMs * 1e6)))}.\n`;
      timer = setTimeout(() => resolve(text(message, 503)), timeoutMs);
    });
    try {
      return await Promise.race([answer, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  async #answer(request: IncomingMessage, method: string, url: URL): Promise<Answer> {
    const { routePrefix, maxConcurrentGets, bodyBytesMax } = this.#options;
    if (routePrefix !== "" && url.pathname === "/") {
      return { status: 302, body: "", headers: { Location: routePrefix } };
    }
    if (!url.pathname.startsWith(`${routePrefix}/`) && url.pathname !== routePrefix) {
      return text("404 page not found\n", 404);
    }
    if (url.pathname.includes("//")) {
      const location = url.pathname.replace(/\/{2,}/g, "/") + url.search;
      return moved(method, location);
    }
    const path = url.pathname.slice(routePrefix.length) || "/";
    if (isPreflight(request) && path.startsWith("/api/v2/")) return preflight(request);
    const accept = request.headers.accept ?? "";
    if (method === "GET" || method === "HEAD") {
      const encodings = String(request.headers["accept-encoding"] ?? "");
      const page = pageAnswer(path, encodings, this.#options.pages, this.#options.basePath);
      if (page !== undefined) return page;
    }
    if (method !== "GET") {
      const body = await readBody(request, bodyBytesMax);
      if (body === undefined) return json({ code: 413, message: "http: request body too large" }, 413);
      return this.#alertmanager.handle({
        method,
        path,
        query: url.searchParams,
        contentType: request.headers["content-type"] ?? "application/octet-stream",
        accept,
        body,
      });
    }
    if (this.#gets >= maxConcurrentGets) {
      this.#alertmanager.metrics.concurrencyExceeded.add(1, "get");
      const body = `Limit of concurrent GET requests reached (${maxConcurrentGets}), try again later.\n`;
      return text(body, 503);
    }
    this.#gets++;
    this.#alertmanager.metrics.inFlight = this.#gets;
    try {
      return await this.#alertmanager.handle({
        method,
        path,
        query: url.searchParams,
        contentType: "",
        accept,
        body: "",
      });
    } finally {
      this.#gets--;
      this.#alertmanager.metrics.inFlight = this.#gets;
    }
  }
}

function urlOf(written: string): URL {
  // Two slashes at the start would be read as a host.
  const path = written.startsWith("/") ? written : `/${written}`;
  try {
    return new URL(`http://localhost${path}`);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return new URL("http://localhost/404");
  }
}

function isPreflight({ method, headers }: IncomingMessage): boolean {
  return method === "OPTIONS" && headers.origin !== undefined && headers["access-control-request-method"] !== undefined;
}

const CROSS_ORIGIN_METHODS = new Set(["GET", "HEAD", "POST"]);
const CROSS_ORIGIN_HEADERS = new Set(["accept", "content-type", "x-requested-with"]);

/** Every origin may read and post, but not delete; browsers ask with the names of headers sorted and in small letters. */
function preflight({ headers }: IncomingMessage): Answer {
  const method = String(headers["access-control-request-method"]);
  const wanted = headers["access-control-request-headers"];
  const names = wanted === undefined ? [] : wanted.split(",").map((name) => name.trim());
  const isSorted = names.every((name, i) => i === 0 || names[i - 1]! < name);
  const isAllowed =
    CROSS_ORIGIN_METHODS.has(method) && isSorted && names.every((name) => CROSS_ORIGIN_HEADERS.has(name));
  return {
    status: 204,
    body: "",
    headers: {
      Vary: "Origin, Access-Control-Request-Method, Access-Control-Request-Headers",
      ...(isAllowed && { "Access-Control-Allow-Origin": "*", "Access-Control-Allow-Methods": method }),
      ...(isAllowed && wanted !== undefined && { "Access-Control-Allow-Headers": wanted }),
    },
  };
}

const HANDLER_LENGTH_MAX = 100;

/** As the metrics name who answered: one name for all silences, none so long that strangers could fill the memory. */
function handlerName(path: string): string {
  const name = path
    .replace(/^\/api\/v2\/silence\/[^/]+$/, "/api/v2/silence/{silenceID}")
    .replace(/^\/api\/v1\/silence\/.*/, "/silence/:sid")
    .replace(/^\/api\/v1\//, "/");
  return name.length > HANDLER_LENGTH_MAX ? "/*" : name;
}

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

async function readBody(request: IncomingMessage, bytesMax: number): Promise<string | undefined> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > bytesMax) return undefined;
    parts.push(part);
  }
  return Buffer.concat(parts).toString();
}

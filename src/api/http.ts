/**
 * The one place that touches uWebSockets.js: sockets to `ApiRequest`, `ApiResponse` to sockets.
 *
 *   request ─ resolve route ─ read body (bounded, timed) ─ handler ─ gzip ─ cork ─ end, or tryEnd/onWritable for big bodies
 *                                                   └── onAborted → the handler's signal
 *
 * Invariants: the library's response object is never used after it has answered or aborted (`closed`); whatever is written
 * outside the library's own call-backs is corked; no more of a body is handed over than the socket takes.
 *
 * The library's own limits: a connection that is idle between requests, or whose client takes no byte of an answer, is closed
 * after 10 s.
 */

import type { HttpRequest, HttpResponse, TemplatedApp, us_listen_socket } from "uWebSockets.js";
import { createRequire } from "node:module";
import { type Clock, type Logger, VestalError } from "../base/index.js";
import type { Regex } from "../model/index.js";
import { resolvePath, runRoute } from "./api.js";
import { COMPRESSED_BYTES_MIN, codingFor, compress, compressShort } from "./compress.js";
import { corsHeaders } from "./cors.js";
import type { ApiDeps } from "./deps.js";
import { type Headers, type RequestGate, statusLine } from "./gate.js";
import type { ListenAddress } from "./listen-address.js";
import type { LiveHub } from "./live/hub.js";
import { attachLive } from "./live/websocket.js";
import { attachNotifications, type NotificationCounters } from "./notifications-live.js";
import { decodeUtf8, Parameters } from "./parameters.js";
import { ClientSignal } from "./request-signal.js";
import { errorText } from "./respond.js";
import type { Resolution, Router } from "./router.js";
import type { ApiRequest, ApiResponse } from "./types.js";

/** Go's limit of a request's head; a GET with a long query passes the library's own default of 4 KiB. */
const HEAD_BYTES_MAX = 1 << 20;
/** Go's limit of a form. */
const BODY_BYTES_MAX = 10 << 20;
/** Bodies up to this go out in one piece: the socket's buffer takes them. */
const ONE_PIECE_BYTES = 64 << 10;
/** As in the library's header: refuse a port that another process listens on. Its default shares the port. */
const EXCLUSIVE_PORT = 1;
const HAS_BODY: ReadonlySet<string> = new Set(["POST", "PUT", "PATCH", "DELETE"]);
/** Methods whose form Go reads. */
const HAS_FORM: ReadonlySet<string> = new Set(["POST", "PUT", "PATCH"]);

export interface HttpOptions {
  readonly addresses: readonly ListenAddress[];
  readonly router: Router<ApiDeps>;
  readonly deps: ApiDeps;
  readonly corsOrigin: Regex;
  /** Connections beyond it are closed at once. */
  readonly maxConnections: number;
  /** Most time from a request's head to the last byte of its body. */
  readonly readTimeoutMs: number;
  readonly bodyBytesMax?: number;
  /** Of routes whose bodies may be larger or must be smaller, by pattern. */
  readonly bodyBytesMaxOf?: Readonly<Record<string, number>>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly observer: HttpObserver;
  /** Of live notifications; absent: there are none. */
  readonly notificationSubscribersMax?: number;
  readonly notificationCounters?: NotificationCounters;
  /** Live queries; absent: there are none. */
  readonly live?: LiveHub;
  /** Asked before every request; absent: all pass. */
  readonly gate?: RequestGate | undefined;
  /** Listen on a Unix socket of this path and not on the addresses: another part of the program stands before it. */
  readonly socketPath?: string | undefined;
}

/** What the server's own metrics want to know. */
export interface HttpObserver {
  /** A route's answer was given to the socket; `bytes` of its body as sent. */
  answered(handler: string, status: number, seconds: number, bytes: number): void;
  connectionOpened(): void;
  connectionClosed(): void;
  /** Closed because of `maxConnections`. */
  connectionRefused(): void;
}

export interface HttpServer {
  /** One for each address, in their order. */
  readonly ports: readonly number[];
  /** Stops listening, lets running requests end for `graceMs`, then aborts what is left. */
  close(graceMs: number): Promise<void>;
}

/** @throws VestalError LISTEN if an address cannot be listened on; nothing is left open then. */
export async function startHttp(options: HttpOptions): Promise<HttpServer> {
  // Read once, when the library is loaded; so it is loaded here and not at the top.
  process.env["UWS_HTTP_MAX_HEADERS_SIZE"] = String(HEAD_BYTES_MAX);
  const uws = createRequire(import.meta.url)("uWebSockets.js") as typeof import("uWebSockets.js");
  // Answers without the header `uWebSockets: 20`. The library's types and pages do not tell of it; src/addon.cpp does.
  (uws as unknown as { _cfg(option: string): void })._cfg("silent");
  const server = new Server(options, uws.getParts);
  const app = uws.App();
  server.attach(app);
  const sockets: us_listen_socket[] = [];
  if (options.socketPath !== undefined) {
    const { socketPath } = options;
    let isOpen = false;
    app.listen_unix((socket) => {
      isOpen = Boolean(socket);
      if (isOpen) sockets.push(socket);
    }, socketPath);
    if (!isOpen) {
      app.close();
      throw new VestalError("LISTEN", `cannot listen on the socket ${socketPath}`, { socketPath });
    }
  }
  for (const address of options.socketPath === undefined ? options.addresses : []) {
    const socket = listen(app, address);
    if (socket === undefined) {
      app.close();
      const { host, port } = address;
      throw new VestalError(
        "LISTEN",
        `cannot listen on ${host}:${port}: the address is in use or not of this machine`,
        {
          host,
          port,
        },
      );
    }
    sockets.push(socket);
  }
  return {
    ports: sockets.map((socket) => uws.us_socket_local_port(socket)),
    close: async (graceMs) => {
      for (const socket of sockets) uws.us_listen_socket_close(socket);
      await server.drain(graceMs);
      // The last answer may still be corked: it goes out when the library's call-back has returned.
      await new Promise((resolve) => setImmediate(resolve));
      app.close();
    },
  };
}

function listen(app: TemplatedApp, { host, port }: ListenAddress): us_listen_socket | undefined {
  let found: us_listen_socket | undefined;
  const done = (socket: us_listen_socket | false) => {
    if (socket !== false) found = socket;
  };
  if (host === "") app.listen(port, EXCLUSIVE_PORT, done);
  else {
    // The library takes options after a host too; its types do not say so.
    const withOptions = app as unknown as {
      listen(host: string, port: number, options: number, done: (socket: us_listen_socket | false) => void): void;
    };
    withOptions.listen(host, port, EXCLUSIVE_PORT, done);
  }
  return found;
}

type GetParts = (
  body: Uint8Array,
  contentType: string,
) => { name: string; filename?: string; data: ArrayBuffer }[] | undefined;

/** One request on its way. */
interface Exchange {
  readonly res: HttpResponse;
  readonly method: string;
  readonly headers: ReadonlyMap<string, string>;
  readonly resolution: Resolution<ApiDeps>;
  readonly rawQuery: string;
  readonly startedMs: number;
  readonly signal: ClientSignal;
  /** What the gate wants on the answer. */
  gateHeaders: Headers;
  /** True once answered or aborted: `res` must not be touched any more. */
  closed: boolean;
}

class Server {
  readonly #options: HttpOptions;
  readonly #getParts: GetParts;
  readonly #running = new Set<Exchange>();
  #connections = 0;
  #closing = false;
  #drained: (() => void) | undefined;

  constructor(options: HttpOptions, getParts: GetParts) {
    this.#options = options;
    this.#getParts = getParts;
  }

  attach(app: TemplatedApp): void {
    app.filter((res, count) => this.#connectionChanged(res, Number(count)));
    const { live, deps, notificationSubscribersMax, gate } = this.#options;
    if (notificationSubscribersMax !== undefined) {
      const { notificationCounters = { subscribers: 0, sent: 0 } } = this.#options;
      attachNotifications(app, deps.routePrefix, deps.status, notificationSubscribersMax, notificationCounters, gate);
    }
    if (live !== undefined) attachLive(app, deps.routePrefix, live, () => deps.lifecycle.isReady(), gate);
    app.any("/*", (res, req) => {
      try {
        this.#accept(res, req);
      } catch (error) {
        // Never the request's fault: whatever a client sends has an answer. But it must not end the process.
        this.#options.log.error("a request could not be taken", { err: error });
        res.close();
      }
    });
  }

  /** @param change 1 and more for a new connection, below 0 for one that has ended. */
  #connectionChanged(res: HttpResponse, change: number): void {
    const { observer, maxConnections } = this.#options;
    if (change < 0) {
      this.#connections--;
      observer.connectionClosed();
      return;
    }
    this.#connections++;
    observer.connectionOpened();
    if (maxConnections > 0 && this.#connections > maxConnections) {
      observer.connectionRefused();
      res.close();
    }
  }

  async drain(graceMs: number): Promise<void> {
    this.#closing = true;
    if (this.#running.size === 0) return;
    let timer: NodeJS.Timeout | undefined;
    await Promise.race([
      new Promise<void>((resolve) => {
        this.#drained = resolve;
      }),
      new Promise<void>((resolve) => {
        timer = setTimeout(resolve, graceMs);
      }),
    ]);
    clearTimeout(timer);
    for (const exchange of [...this.#running]) {
      if (!exchange.closed) exchange.res.close();
    }
  }

  #accept(res: HttpResponse, req: HttpRequest): void {
    const { router, deps, clock } = this.#options;
    const headers = new Map<string, string>();
    req.forEach((name, value) => {
      headers.set(name, value);
    });
    const method = req.getCaseSensitiveMethod();
    // Undefined where the URL has no "?", whatever the library's types say.
    const rawQuery = (req.getQuery() as string | undefined) ?? "";
    const resolution = resolvePath(router, method, req.getUrl(), rawQuery, deps.routePrefix);
    const exchange: Exchange = {
      res,
      method,
      headers,
      resolution,
      rawQuery,
      startedMs: clock.monotonicMs(),
      signal: new ClientSignal(),
      gateHeaders: [],
      closed: false,
    };
    this.#running.add(exchange);
    res.onAborted(() => {
      this.#finish(exchange);
      exchange.signal.abort();
    });
    const query = Parameters.parse(rawQuery);
    const passed = this.#passGate(exchange);
    const run = (body: Uint8Array | undefined): void => {
      if (passed === undefined) this.#run(exchange, query, body);
      else void passed.then((mayPass) => mayPass && this.#run(exchange, query, body));
    };
    if (HAS_BODY.has(method)) this.#readBody(exchange, run);
    else run(undefined);
  }

  /** Answers a request that the gate refuses, also in the middle of its body. Undefined: there is no gate. */
  #passGate(exchange: Exchange): Promise<boolean> | undefined {
    const { gate } = this.#options;
    return gate?.check(exchange.headers.get("authorization") ?? "").then((verdict) => {
      if (exchange.closed) return false;
      if (verdict.kind === "pass") {
        exchange.gateHeaders = verdict.headers;
        return true;
      }
      const { status, headers, text } = verdict;
      this.#refuse(exchange, { status, headers, body: exchange.method === "HEAD" ? "" : text });
      return false;
    });
  }

  /** Calls `done` with the whole body, unless it is too big, too slow, or the client goes away. */
  #readBody(exchange: Exchange, done: (body: Uint8Array) => void): void {
    const { res } = exchange;
    const bytesMax = this.#bodyBytesMax(exchange);
    if (Number(exchange.headers.get("content-length") ?? 0) > bytesMax) {
      this.#refuse(exchange, errorText(413, `request body is larger than ${bytesMax} bytes`));
      return;
    }
    const parts: Buffer[] = [];
    let bytes = 0;
    let complete = false;
    const timer = setTimeout(() => {
      if (!exchange.closed) res.close();
    }, this.#options.readTimeoutMs);
    timer.unref();
    exchange.signal.addEventListener("abort", () => clearTimeout(timer));
    res.onData((chunk, isLast) => {
      if (exchange.closed || complete) return;
      bytes += chunk.byteLength;
      if (bytes > bytesMax) {
        complete = true;
        clearTimeout(timer);
        this.#refuse(exchange, errorText(413, `request body is larger than ${bytesMax} bytes`));
        return;
      }
      // The library takes the chunk back on return.
      parts.push(Buffer.from(new Uint8Array(chunk)));
      if (!isLast) return;
      complete = true;
      clearTimeout(timer);
      done(parts.length === 1 ? parts[0]! : Buffer.concat(parts, bytes));
    });
  }

  #bodyBytesMax({ resolution }: Exchange): number {
    const { bodyBytesMax, bodyBytesMaxOf } = this.#options;
    const ofRoute = resolution.kind === "route" ? bodyBytesMaxOf?.[resolution.route.pattern] : undefined;
    return ofRoute ?? bodyBytesMax ?? BODY_BYTES_MAX;
  }

  #run(exchange: Exchange, query: Parameters, body: Uint8Array | undefined): void {
    this.#answer(exchange, query, body).catch((error: unknown) => {
      this.#options.log.error("an answer could not be sent", { err: error });
      if (!exchange.closed) exchange.res.close();
    });
  }

  async #answer(exchange: Exchange, query: Parameters, body: Uint8Array | undefined): Promise<void> {
    const { deps } = this.#options;
    const { resolution, headers, res } = exchange;
    if (resolution.kind === "answer") {
      await this.#send(exchange, resolution.response, []);
      return;
    }
    const form = body === undefined ? undefined : this.#form(exchange, body);
    const request: ApiRequest = {
      method: exchange.method,
      path: resolution.path,
      rawQuery: exchange.rawQuery,
      query,
      form: form === undefined ? query : form.concat(query),
      pathParameters: resolution.pathParameters,
      header: (name) => headers.get(name) ?? "",
      body: form === undefined && body !== undefined ? body : new Uint8Array(0),
      remoteAddress: exchange.closed ? "" : this.#addressOf(res),
    };
    const { response, cors: hasCors } = await runRoute(resolution, request, deps, exchange.signal);
    const cors = hasCors ? corsHeaders(this.#options.corsOrigin, headers.get("origin") ?? "") : [];
    const bytes = await this.#send(exchange, response, cors);
    const seconds = (this.#options.clock.monotonicMs() - exchange.startedMs) / 1000;
    this.#options.observer.answered(resolution.route.pattern, response.status, seconds, bytes);
  }

  /** Of the client: behind a socket of our own, as its first bytes say. */
  #addressOf(res: HttpResponse): string {
    const isProxied = this.#options.socketPath !== undefined;
    const text = isProxied ? res.getProxiedRemoteAddressAsText() : res.getRemoteAddressAsText();
    return Buffer.from(text).toString("latin1");
  }

  /** The parameters of a form body; undefined where the body is something else. */
  #form(exchange: Exchange, body: Uint8Array): Parameters | undefined {
    const contentType = exchange.headers.get("content-type") ?? "";
    const mediaType = contentType.split(";", 1)[0]!.trim().toLowerCase();
    if (!HAS_FORM.has(exchange.method)) return undefined;
    if (mediaType === "application/x-www-form-urlencoded") return Parameters.parse(decodeUtf8(body));
    if (mediaType !== "multipart/form-data") return undefined;
    const parts = this.#getParts(body, contentType) ?? [];
    const fields = parts.filter((part) => part.filename === undefined);
    return new Parameters(fields.map((part) => [part.name, decodeUtf8(new Uint8Array(part.data))]));
  }

  /** @returns bytes of the body as sent; 0 if the client has gone. */
  async #send(
    exchange: Exchange,
    response: ApiResponse,
    cors: ReadonlyArray<readonly [string, string]>,
  ): Promise<number> {
    if (exchange.closed) {
      if (isInPieces(response.body)) await response.body.return?.();
      return 0;
    }
    const { res } = exchange;
    const headers: (readonly [string, string])[] = [...cors];
    if (response.contentType !== undefined) headers.push(["Content-Type", response.contentType]);
    if (response.headers !== undefined) headers.push(...response.headers);
    replaceHeaders(headers, exchange.gateHeaders);
    const pieces = isInPieces(response.body) ? response.body : undefined;
    let body = response.body === undefined || isInPieces(response.body) ? undefined : bytesOf(response.body);
    if (response.encoding === "gzip") headers.push(["Content-Encoding", "gzip"]);
    if (response.encoding === "gzip" || response.encoding === "identity") headers.push(["Vary", "Accept-Encoding"]);
    const isPlain = response.encoding === undefined;
    const mayCompress = isPlain && exchange.method !== "HEAD";
    const coding = mayCompress ? codingFor(exchange.headers.get("accept-encoding") ?? "") : undefined;
    if (coding !== undefined && body !== undefined && body.length >= compressedBytesMin(exchange)) {
      body = compressShort(body, coding) ?? (await compress(body, coding));
      if (exchange.closed) return 0;
      headers.push(["Content-Encoding", coding], ["Vary", "Accept-Encoding"]);
    }
    // The library then closes the connection, but does not say so; and not at all after a HEAD with a length.
    const isLast = exchange.headers.get("connection")?.toLowerCase() === "close";
    if (isLast) headers.push(["Connection", "close"]);
    if (pieces !== undefined) return this.#sendPieces(exchange, response.status, headers, pieces);
    await new Promise<void>((resolve) => {
      exchange.signal.addEventListener("abort", resolve);
      res.cork(() => {
        res.writeStatus(statusLine(response.status));
        for (const [name, value] of headers) res.writeHeader(name, value);
        if (exchange.method === "HEAD")
          this.#end(exchange, () => res.endWithoutBody(body?.length ?? 0, this.#closing || isLast), resolve);
        else if (body === undefined) this.#end(exchange, () => this.#endEmpty(res), resolve);
        else if (body.length <= ONE_PIECE_BYTES) this.#end(exchange, () => res.end(body, this.#closing), resolve);
        else this.#sendInParts(exchange, body, resolve);
      });
    });
    const bytes = body?.length ?? 0;
    if (response.isDisposable === true) giveUp(response.body);
    return bytes;
  }

  /** Without a `Content-Length` while the connection stays; an argument, even undefined, is taken as one. */
  #endEmpty(res: HttpResponse): void {
    if (this.#closing) res.endWithoutBody(0, true);
    else res.endWithoutBody();
  }

  #end(exchange: Exchange, end: () => void, done: () => void): void {
    end();
    this.#finish(exchange);
    done();
  }

  /** Each piece in parts, and the next part when the client has taken the one before. A failure cuts the connection. */
  async #sendPieces(
    exchange: Exchange,
    status: number,
    headers: Headers,
    pieces: AsyncIterableIterator<Uint8Array>,
  ): Promise<number> {
    const { res } = exchange;
    let bytes = 0;
    let wake = (): void => {};
    exchange.signal.addEventListener("abort", () => wake());
    res.onWritable(() => {
      wake();
      return true;
    });
    res.cork(() => {
      res.writeStatus(statusLine(status));
      for (const [name, value] of headers) res.writeHeader(name, value);
    });
    for await (const piece of pieces) {
      for (let at = 0; at < piece.length && !exchange.closed; at += ONE_PIECE_BYTES) {
        const part = piece.subarray(at, at + ONE_PIECE_BYTES);
        const isTaken = new Promise<void>((resolve) => {
          wake = resolve;
        });
        let ok = true;
        res.cork(() => {
          ok = res.write(part);
        });
        bytes += part.length;
        if (!ok) await isTaken;
      }
      // Ends the loop, and the iterator with it.
      if (exchange.closed) break;
    }
    const { closed } = exchange;
    if (!closed) {
      res.cork(() =>
        this.#end(
          exchange,
          () => res.end("", this.#closing),
          () => {},
        ),
      );
    }
    return bytes;
  }

  /** Hands over as much as the socket takes, and the rest whenever it takes more. */
  #sendInParts(exchange: Exchange, body: Uint8Array, done: () => void): void {
    const { res } = exchange;
    const push = (offset: number): boolean => {
      const [ok, hasResponded] = res.tryEnd(body.subarray(offset), body.length);
      if (hasResponded) {
        this.#finish(exchange);
        done();
      }
      return ok;
    };
    if (push(0) || exchange.closed) return;
    res.onWritable((offset) => {
      let ok = true;
      res.cork(() => {
        ok = push(offset);
      });
      return ok;
    });
  }

  /** Answers before a body has been read; where one is on its way, the connection cannot be used again. */
  #refuse(exchange: Exchange, response: ApiResponse): void {
    const { res } = exchange;
    res.cork(() => {
      res.writeStatus(statusLine(response.status));
      if (response.contentType !== undefined) res.writeHeader("Content-Type", response.contentType);
      for (const [name, value] of response.headers ?? []) res.writeHeader(name, value);
      this.#end(
        exchange,
        () => res.end(isInPieces(response.body) ? "" : bytesOf(response.body ?? ""), HAS_BODY.has(exchange.method)),
        () => {},
      );
    });
  }

  #finish(exchange: Exchange): void {
    exchange.closed = true;
    this.#running.delete(exchange);
    if (this.#closing && this.#running.size === 0) this.#drained?.();
  }
}

/** Prometheus compresses what its API answers, the page of /federate and its metrics, however short. */
function compressedBytesMin({ resolution }: Exchange): number {
  if (resolution.kind !== "route") return COMPRESSED_BYTES_MIN;
  const { cors, pattern } = resolution.route;
  return cors || pattern === "/federate" || pattern === "/metrics" ? 0 : COMPRESSED_BYTES_MIN;
}

/** Bodies up to this size are left to the garbage collector. */
const GIVEN_UP_BYTES_MIN = 16_384;
const { port1: nowhere, port2: closed } = new MessageChannel();
closed.close();

/**
 * Frees the buffer of a body at once, by sending it to a port that nobody has: buffers that wait to be collected count as
 * garbage, and a few megabytes of them would start a collection of the whole heap.
 */
function giveUp(body: ApiResponse["body"]): void {
  if (!(body instanceof Uint8Array) || body.buffer.byteLength < GIVEN_UP_BYTES_MIN) return;
  if (body.buffer instanceof ArrayBuffer) nowhere.postMessage(undefined, [body.buffer]);
}

/** Adds `others` in place of headers of the same names. */
function replaceHeaders(headers: (readonly [string, string])[], others: Headers): void {
  for (const other of others) {
    const at = headers.findIndex(([name]) => name.toLowerCase() === other[0].toLowerCase());
    if (at < 0) headers.push(other);
    else headers[at] = other;
  }
}

function isInPieces(body: ApiResponse["body"]): body is AsyncIterableIterator<Uint8Array> {
  return typeof body === "object" && !(body instanceof Uint8Array);
}

function bytesOf(body: Uint8Array | string): Uint8Array {
  return typeof body === "string" ? Buffer.from(body, "utf8") : body;
}

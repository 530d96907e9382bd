/**
 * Fetches the body of one target, over and over: the lean connection where it reaches, undici where it does not (a
 * proxy, a redirect, a server that insists on HTTP/2). What undici was needed for is remembered with the target.
 */
import { decodeGzip, errorMessage, VestalError } from "../../base/index.js";
import { BODY_LIMIT_EXCEEDED, requestError } from "../../http/index.js";
import { type BodyBuffers, type ExchangeResult, HEAD_READ_BYTES, LeanConnection } from "./connection.js";
import { readAuthorization } from "./credentials.js";
import { requestBytes, requestHeaders, type ScrapeUrl } from "./request.js";
import type { TransportOptions } from "./transport.js";
import type { UndiciTransport } from "./undici.js";

/** What all clients of a thread share. */
export interface ClientContext {
  readonly buffers: BodyBuffers;
  readonly userAgent: string;
  /** Bounds bodies of targets without `body_size_limit`: a body lives in the head's memory while it is parsed. */
  readonly bodyBytesMax: number;
  /** HEAD_READ_BYTES of scratch, see connection.ts. */
  readonly headRead: Uint8Array;
}

const BODY_BYTES_MAX_DEFAULT = 256 << 20;

export function createClientContext(
  buffers: BodyBuffers,
  userAgent: string,
  bodyBytesMax: number = BODY_BYTES_MAX_DEFAULT,
): ClientContext {
  return { buffers, userAgent, bodyBytesMax, headRead: new Uint8Array(HEAD_READ_BYTES) };
}

export interface FetchResult {
  /** In Prometheus' words; undefined if a body of status 200 lies in the slot. */
  readonly error: string | undefined;
  readonly isBodyTooLarge: boolean;
  /** Valid decoded bytes at the start of the slot's view. */
  readonly bodyBytes: number;
  readonly contentType: string;
}

/** A body that came compressed may be larger than its contents by no more than what gzip adds to incompressible bytes. */
const COMPRESSION_SLACK_BYTES = 65_536;

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** Alerts and errors by which a TLS server says that it speaks no HTTP/1.1. */
const NO_HTTP1_CODES: ReadonlySet<string> = new Set([
  "ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL",
  "ERR_SSL_TLSV13_ALERT_NO_APPLICATION_PROTOCOL",
]);

export class TargetClient {
  readonly url: ScrapeUrl;
  readonly #transport: TransportOptions;
  readonly #context: ClientContext;
  #headers: readonly (readonly [string, string])[];
  #request: Uint8Array;
  /** As sent last, where it comes from files. */
  #authorization: string | undefined;
  readonly #timeoutMs: number;
  readonly #limitBytes: number;
  readonly #connection: LeanConnection | undefined;
  #undici: UndiciTransport | undefined;
  #needsUndici: boolean;
  #isClosed = false;
  /** Size of the last body as it came over the wire. */
  #lastWireBytes = 0;

  /** @throws VestalError SCRAPE_HEADER */
  constructor(url: ScrapeUrl, transport: TransportOptions, timeoutMs: number, context: ClientContext) {
    this.url = url;
    this.#transport = transport;
    this.#context = context;
    this.#timeoutMs = timeoutMs;
    this.#headers = this.#headersFor(transport);
    this.#request = requestBytes(url, this.#headers);
    this.#limitBytes = transport.bodySizeLimit > 0 ? transport.bodySizeLimit : context.bodyBytesMax;
    this.#needsUndici = transport.proxy !== undefined;
    const endpoint = {
      host: url.host,
      port: url.port,
      tls: url.isTls ? (transport.tls ?? { context: {} }) : undefined,
    };
    this.#connection = this.#needsUndici ? undefined : new LeanConnection(endpoint, context.buffers, context.headRead);
  }

  /** Settles within the timeout; never rejects for what a network or a peer can do. One fetch at a time. */
  async fetch(slot: number): Promise<FetchResult> {
    const startedMs = performance.now();
    const problem = this.#refreshCredentials();
    if (problem !== undefined) return failure(requestError(this.url.href, problem));
    if (!this.#needsUndici) {
      const result = await this.#connection!.exchange({
        bytes: this.#request,
        slot,
        bodyBytesLimit: this.#wireLimit(),
        expectedBytes: this.#lastWireBytes + (this.#lastWireBytes >> 3),
        timeoutMs: this.#timeoutMs,
      });
      if (this.#isClosed || !this.#isForUndici(result)) return this.#settle(result, slot);
      this.#needsUndici = true;
      this.#connection!.close();
    }
    const remainingMs = this.#timeoutMs - (performance.now() - startedMs);
    this.#undici ??= await this.#loadUndici();
    const result = await this.#undici.exchange({
      slot,
      bodyBytesLimit: this.#wireLimit(),
      expectedBytes: this.#lastWireBytes,
      timeoutMs: Math.max(1, remainingMs),
    });
    return this.#settle(result, slot);
  }

  /** Why the target cannot be asked, or undefined. */
  #refreshCredentials(): string | undefined {
    const { credentials, failure: problem } = this.#transport;
    if (credentials === undefined || problem !== undefined) return problem;
    let authorization: string | undefined;
    try {
      authorization = readAuthorization(credentials);
    } catch (error) {
      if (!(error instanceof VestalError)) throw error;
      return error.message;
    }
    if (authorization === this.#authorization) return undefined;
    this.#authorization = authorization;
    this.#headers = this.#headersFor({ ...this.#transport, authorization });
    this.#request = requestBytes(this.url, this.#headers);
    this.#undici?.close();
    this.#undici = undefined;
    return undefined;
  }

  #headersFor(transport: TransportOptions): readonly (readonly [string, string])[] {
    const timeoutSeconds = this.#timeoutMs / 1000;
    return requestHeaders({ transport, timeoutSeconds, userAgent: this.#context.userAgent });
  }

  /** Ends connections; a fetch under way fails. */
  close(): void {
    this.#isClosed = true;
    this.#connection?.close();
    this.#undici?.close();
  }

  async #loadUndici(): Promise<UndiciTransport> {
    // Loaded when first needed: it costs a thread 16 MB.
    const { UndiciTransport } = await import("./undici.js");
    return new UndiciTransport(this.url, this.#transport, this.#headers, this.#context.buffers);
  }

  #wireLimit(): number {
    return this.#transport.enableCompression ? this.#limitBytes + COMPRESSION_SLACK_BYTES : this.#limitBytes;
  }

  #isForUndici(result: ExchangeResult): boolean {
    const { head } = result;
    if (head !== undefined) {
      return this.#transport.followRedirects && REDIRECTS.has(head.statusCode) && head.location !== "";
    }
    return this.#transport.enableHttp2 && NO_HTTP1_CODES.has(result.code);
  }

  #settle(result: ExchangeResult, slot: number): FetchResult {
    const { head, error } = result;
    if (head === undefined) return failure(requestError(this.url.href, error ?? "EOF"));
    if (head.statusCode !== 200) return failure(`server returned HTTP status ${head.status}`);
    if (error !== undefined) return failure(error);
    this.#lastWireBytes = result.bodyBytes;
    let bodyBytes = result.bodyBytes;
    if (head.contentEncoding === "gzip") {
      const decoded = this.#decode(slot, bodyBytes);
      if (typeof decoded === "string") return failure(decoded);
      bodyBytes = decoded;
    }
    // Prometheus reads up to the limit and takes reaching it for passing it.
    if (bodyBytes >= this.#limitBytes) return failure(BODY_LIMIT_EXCEEDED);
    return { error: undefined, isBodyTooLarge: false, bodyBytes, contentType: head.contentType };
  }

  /** Replaces the slot's compressed bytes by their contents; returns their size, or why that cannot be. */
  #decode(slot: number, wireBytes: number): number | string {
    const { buffers } = this.#context;
    try {
      const compressed = buffers.bodyBuffer(slot, Math.max(1, wireBytes), wireBytes).subarray(0, wireBytes);
      const decoded = decodeGzip(compressed, {
        compressedBytesMax: this.#wireLimit(),
        decodedBytesMax: this.#limitBytes,
      });
      buffers.bodyBuffer(slot, Math.max(1, decoded.length), 0).set(decoded);
      return decoded.length;
    } catch (error) {
      if (!(error instanceof VestalError)) throw error;
      return error.code === "DECODE_LIMIT" ? BODY_LIMIT_EXCEEDED : errorMessage(error);
    }
  }
}

function failure(error: string): FetchResult {
  return { error, isBodyTooLarge: error === BODY_LIMIT_EXCEEDED, bodyBytes: 0, contentType: "" };
}

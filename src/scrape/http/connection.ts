/**
 * One kept-alive HTTP/1.1 connection to one target. What arrives is read straight into the memory that the body is
 * parsed in: Node.js reads into the buffer that `onread` names, and after each read the connection names the next place.
 *
 * While a head is awaited, that place is one small buffer which all connections of a thread share: a read and its
 * call-back are one step, so nobody else's bytes can come between. What follows the head in it is copied (at most
 * `HEAD_READ_BYTES`); the rest of the body lands where it stays.
 *
 * A connection carries one exchange at a time. Bytes that nobody asked for close it.
 */
import { isIPv6, type Socket, connect as tcpConnect } from "node:net";
import { connect as tlsConnect } from "node:tls";
import { assert, errorMessage } from "../../base/index.js";
import {
  BODY_LIMIT_EXCEEDED,
  DEADLINE_EXCEEDED,
  dialErrorText,
  joinHostPort,
  socketErrorCode,
  streamErrorText,
} from "../../http/index.js";
import { ChunkedDecoder } from "./chunked.js";
import { findHeadEnd, headTooLarge, MalformedResponseError, parseHead, type ResponseHead } from "./head.js";
import type { TlsOptions } from "./transport.js";

/** Room for a head and a small body; a larger one costs copying, a smaller one a second read of small bodies. */
export const HEAD_READ_BYTES = 16_384;
/** Far above what servers send; Prometheus allows 10 MiB. Interim (1xx) responses count too. */
const HEAD_BYTES_MAX = 1 << 20;
/** A body of unknown length always has at least this much room for the next read. */
const ROOM_BYTES_MIN = 16_384;

/** Where bodies land: the storage appender's slots. A view stays valid until the next call with the same slot. */
export interface BodyBuffers {
  bodyBuffer(slot: number, minBytes: number, keepBytes: number): Uint8Array;
}

export interface Endpoint {
  readonly host: string;
  readonly port: number;
  /** Undefined for plain TCP. */
  readonly tls: TlsOptions | undefined;
}

export interface ExchangeRequest {
  readonly bytes: Uint8Array;
  readonly slot: number;
  /** A body of this many bytes is refused; Infinity for none. */
  readonly bodyBytesLimit: number;
  /** How large a body of unknown length probably is. */
  readonly expectedBytes: number;
  readonly timeoutMs: number;
}

export interface ExchangeResult {
  /** Undefined if none was read to its end. */
  readonly head: ResponseHead | undefined;
  /** Bytes at the start of the slot's view, chunks joined, content encoding still on. */
  readonly bodyBytes: number;
  readonly error: string | undefined;
  /** Stable code of a TLS or socket error, "" otherwise. */
  readonly code: string;
}

const IDLE = 0;
const HEAD = 1;
const LENGTH = 2;
const CHUNKED = 3;
const UNTIL_CLOSE = 4;

export class LeanConnection {
  readonly #endpoint: Endpoint;
  readonly #buffers: BodyBuffers;
  readonly #headRead: Uint8Array;
  readonly #chunks = new ChunkedDecoder();
  #socket: Socket | undefined;
  #isConnected = false;
  /** Own end of the connection: Node.js forgets it before an error is reported. */
  #localAddress = "";
  #remoteAddress = "";
  #phase = IDLE;
  #request: ExchangeRequest | undefined;
  #finish: ((result: ExchangeResult) => void) | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** The connection had already carried an exchange: its end before any byte of an answer is tried once more. */
  #isReused = false;
  #hasReceived = false;
  #pendingHead: Uint8Array | undefined;
  #headBytes = 0;
  #head: ResponseHead | undefined;
  #view: Uint8Array;
  #filled = 0;

  /** @param headRead  HEAD_READ_BYTES that all connections of the thread share. */
  constructor(endpoint: Endpoint, buffers: BodyBuffers, headRead: Uint8Array) {
    this.#endpoint = endpoint;
    this.#buffers = buffers;
    this.#headRead = headRead;
    this.#view = headRead;
  }

  get isBusy(): boolean {
    return this.#request !== undefined;
  }

  /** Sends the request and settles with a definite verdict, at the latest when its time is over. Never rejects. */
  exchange(request: ExchangeRequest): Promise<ExchangeResult> {
    assert(this.#request === undefined, "scrape: a connection carries one exchange at a time");
    return new Promise((resolve) => {
      this.#request = request;
      this.#finish = resolve;
      this.#timer = setTimeout(() => this.#fail(DEADLINE_EXCEEDED), request.timeoutMs);
      this.#send();
    });
  }

  /** Ends the connection; an exchange under way fails. */
  close(): void {
    if (this.#request === undefined) this.#drop();
    else this.#fail("context canceled", "CANCELED");
  }

  #send(): void {
    this.#phase = HEAD;
    this.#hasReceived = false;
    this.#pendingHead = undefined;
    this.#headBytes = 0;
    this.#head = undefined;
    this.#filled = 0;
    this.#isReused = this.#socket !== undefined;
    this.#socket ??= this.#connect();
    this.#socket.write(this.#request!.bytes);
  }

  #connect(): Socket {
    this.#isConnected = false;
    const { host, port, tls } = this.#endpoint;
    const onread = {
      buffer: () => this.#nextRead() as Buffer,
      callback: (bytes: number) => {
        this.#received(socket, bytes);
        return true;
      },
    };
    const common = { host, port, noDelay: true, onread };
    const socket: Socket =
      tls === undefined
        ? tcpConnect(common)
        : (tlsConnect({
            ...common,
            ALPNProtocols: ["http/1.1"],
            servername: tls.serverName ?? (isIpAddress(host) ? "" : host),
            rejectUnauthorized: !(tls.insecureSkipVerify ?? false),
            ...tls.context,
          }) as Socket);
    socket.once(tls === undefined ? "connect" : "secureConnect", () => {
      this.#isConnected = true;
      this.#localAddress = joinHostPort(socket.localAddress ?? "", socket.localPort ?? 0);
      this.#remoteAddress = joinHostPort(socket.remoteAddress ?? host, socket.remotePort ?? port);
    });
    socket.once("error", (error) => this.#ended(socket, error));
    socket.once("end", () => this.#ended(socket, undefined));
    socket.once("close", () => this.#ended(socket, undefined));
    return socket;
  }

  /** Where the next read goes. Never more room than the body's declared length, so that nothing can follow it there. */
  #nextRead(): Uint8Array {
    if (this.#phase === LENGTH) return this.#view.subarray(this.#filled, this.#head!.lengthBytes);
    if (this.#phase === CHUNKED || this.#phase === UNTIL_CLOSE) return this.#view.subarray(this.#filled);
    return this.#headRead;
  }

  #received(socket: Socket, count: number): void {
    if (socket !== this.#socket) return;
    try {
      this.#hasReceived = true;
      if (this.#phase === HEAD) this.#takeHead(count);
      else if (this.#phase === IDLE) this.#drop();
      else this.#takeBody(count);
    } catch (error) {
      // Either the peer's bytes make no sense, or the slot cannot grow; both end this scrape and no other.
      if (error instanceof MalformedResponseError || this.#request !== undefined) this.#fail(errorMessage(error));
      else throw error;
    }
  }

  #takeHead(count: number): void {
    let bytes = this.#headRead;
    let end = count;
    if (this.#pendingHead !== undefined) {
      bytes = Buffer.concat([this.#pendingHead, this.#headRead.subarray(0, count)]);
      end = bytes.length;
    }
    let start = 0;
    for (;;) {
      const headEnd = findHeadEnd(bytes, start, end);
      if (this.#headBytes + (headEnd < 0 ? end : headEnd) - start > HEAD_BYTES_MAX) throw headTooLarge(HEAD_BYTES_MAX);
      if (headEnd < 0) break;
      this.#headBytes += headEnd - start;
      const head = parseHead(latin1(bytes, start, headEnd));
      start = headEnd;
      if (head.statusCode >= 200 || head.statusCode === 101) {
        this.#beginBody(head, bytes, start, end);
        return;
      }
    }
    this.#pendingHead = start < end ? bytes.slice(start, end) : undefined;
  }

  /** Moves what came with the head, `bytes[start, end)`, to where the body is read. */
  #beginBody(head: ResponseHead, bytes: Uint8Array, start: number, end: number): void {
    this.#head = head;
    this.#pendingHead = undefined;
    const { slot, bodyBytesLimit, expectedBytes } = this.#request!;
    const count = end - start;
    if (head.statusCode !== 200 || head.framing === "none") {
      // No body that anybody wants: the connection lives on only if it has nothing more to say.
      this.#succeed(head.framing === "none" && count === 0 && head.keepsAlive);
    } else if (head.framing === "length") {
      if (head.lengthBytes >= bodyBytesLimit) {
        this.#fail(BODY_LIMIT_EXCEEDED);
        return;
      }
      this.#view = this.#buffers.bodyBuffer(slot, head.lengthBytes, 0);
      const take = Math.min(count, head.lengthBytes);
      this.#view.set(bytes.subarray(start, start + take), 0);
      this.#phase = LENGTH;
      this.#filled = take;
      if (take === head.lengthBytes) this.#succeed(count === take && head.keepsAlive);
    } else {
      this.#chunks.reset();
      this.#phase = head.framing === "chunked" ? CHUNKED : UNTIL_CLOSE;
      this.#view = this.#buffers.bodyBuffer(slot, Math.max(expectedBytes, count + ROOM_BYTES_MIN), 0);
      this.#view.set(bytes.subarray(start, end), 0);
      this.#takeBody(count);
    }
  }

  #takeBody(count: number): void {
    const head = this.#head!;
    if (this.#phase === CHUNKED) {
      this.#filled += this.#chunks.decode(this.#view, this.#filled, count);
      if (this.#filled >= this.#request!.bodyBytesLimit) this.#fail(BODY_LIMIT_EXCEEDED);
      else if (this.#chunks.error !== undefined) this.#fail(this.#chunks.error);
      else if (this.#chunks.isFinished) this.#succeed(this.#chunks.surplusBytes === 0 && head.keepsAlive);
      else this.#makeRoom();
      return;
    }
    this.#filled += count;
    if (this.#phase === LENGTH) {
      if (this.#filled === head.lengthBytes) this.#succeed(head.keepsAlive);
    } else if (this.#filled >= this.#request!.bodyBytesLimit) {
      this.#fail(BODY_LIMIT_EXCEEDED);
    } else {
      this.#makeRoom();
    }
  }

  #makeRoom(): void {
    if (this.#view.length - this.#filled >= ROOM_BYTES_MIN) return;
    const wanted = Math.max(this.#filled + ROOM_BYTES_MIN, 2 * this.#filled);
    this.#view = this.#buffers.bodyBuffer(this.#request!.slot, wanted, this.#filled);
  }

  /** The peer closed, or the socket failed. `error` undefined is an orderly end. */
  #ended(socket: Socket, error: Error | undefined): void {
    if (socket !== this.#socket) return;
    if (this.#request === undefined) {
      this.#drop();
      return;
    }
    if (this.#isReused && !this.#hasReceived && this.#phase === HEAD) {
      // A kept connection that the peer closed meanwhile: the request was not answered, a new connection may be.
      this.#drop();
      this.#send();
      return;
    }
    const { host, port } = this.#endpoint;
    if (!this.#isConnected) {
      this.#fail(error === undefined ? "EOF" : dialErrorText(error, host, port), codeOf(error));
    } else if (error !== undefined) {
      this.#fail(streamErrorText(error, this.#localAddress, this.#remoteAddress), codeOf(error));
    } else if (this.#phase === UNTIL_CLOSE) {
      this.#succeed(false);
    } else if (this.#phase === CHUNKED) {
      this.#fail(this.#chunks.endError ?? "unexpected EOF");
    } else if (this.#phase === HEAD) {
      const prefix = "net/http: HTTP/1.x transport connection broken: ";
      this.#fail(this.#hasReceived ? `${prefix}unexpected EOF` : "EOF");
    } else {
      this.#fail("unexpected EOF");
    }
  }

  #succeed(keep: boolean): void {
    const result = { head: this.#head, bodyBytes: this.#filled, error: undefined, code: "" };
    this.#settle(keep, result);
  }

  #fail(error: string, code = ""): void {
    this.#settle(false, { head: this.#head, bodyBytes: 0, error, code });
  }

  #settle(keep: boolean, result: ExchangeResult): void {
    const finish = this.#finish!;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#request = undefined;
    this.#finish = undefined;
    this.#head = undefined; // kept until the next exchange, it would outlive the young generation
    this.#phase = IDLE;
    this.#view = this.#headRead;
    if (!keep) this.#drop();
    finish(result);
  }

  #drop(): void {
    const socket = this.#socket;
    this.#socket = undefined;
    if (socket === undefined) return;
    socket.on("error", ignoreError);
    socket.destroy();
  }
}

/** A socket that was given up may still report its reset; its exchange is settled already. */
function ignoreError(): void {}

function codeOf(error: Error | undefined): string {
  return error === undefined ? "" : socketErrorCode(error);
}

function latin1(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString("latin1");
}

function isIpAddress(host: string): boolean {
  return isIPv6(host) || /^\d+\.\d+\.\d+\.\d+$/.test(host);
}

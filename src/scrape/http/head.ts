/**
 * The head of an HTTP/1.x response, read as Go's net/http reads it, because a failed scrape shows Go's words. Lines end
 * with CR LF or with a bare LF; a line that begins with a blank continues the one before it.
 */
import { quoteGo } from "../../model/index.js";

export type BodyFraming = "none" | "length" | "chunked" | "close";

export interface ResponseHead {
  readonly statusCode: number;
  /** Code and reason as sent: `404 Not Found`. */
  readonly status: string;
  readonly framing: BodyFraming;
  /** Body bytes where `framing` is "length", else 0. */
  readonly lengthBytes: number;
  /** The connection may carry another request once the body has ended. */
  readonly keepsAlive: boolean;
  readonly contentType: string;
  readonly contentEncoding: string;
  readonly location: string;
}

/** What the peer sent is not HTTP; the message is Go's. */
export class MalformedResponseError extends Error {}

const LF = 10;
const CR = 13;
/** Go's own prefix for a connection that it gave up because of what it read. */
const BROKEN = "net/http: HTTP/1.x transport connection broken: ";

function malformed(message: string): MalformedResponseError {
  return new MalformedResponseError(BROKEN + message);
}

/** Offset of the first byte after the head's empty line in `bytes[from, end)`, or -1 if the head has not ended yet. */
export function findHeadEnd(bytes: Uint8Array, from: number, end: number): number {
  let lineStart = from;
  for (;;) {
    const lineEnd = bytes.indexOf(LF, lineStart);
    if (lineEnd < 0 || lineEnd >= end) return -1;
    if (lineEnd === lineStart || (lineEnd === lineStart + 1 && bytes[lineStart] === CR)) return lineEnd + 1;
    lineStart = lineEnd + 1;
  }
}

export function headTooLarge(bytesMax: number): MalformedResponseError {
  return malformed(`net/http: server response headers exceeded ${bytesMax} bytes; aborted`);
}

/**
 * @param text  status line and header lines, up to and with the empty line, one character a byte.
 * @throws MalformedResponseError
 */
export function parseHead(text: string): ResponseHead {
  const lines = text.split("\n").map((line) => (line.endsWith("\r") ? line.slice(0, -1) : line));
  const { statusCode, status, isHttp11 } = parseStatusLine(lines[0]!);
  let contentType = "";
  let contentEncoding = "";
  let location = "";
  let connection = "";
  const lengths: string[] = [];
  const transferEncodings: string[] = [];
  for (let i = 1; i < lines.length; ) {
    let line = lines[i++]!;
    if (line === "") break;
    if (line.startsWith(" ") || line.startsWith("\t")) throw malformed(`malformed MIME header initial line: ${line}`);
    while (i < lines.length && /^[ \t]/.test(lines[i]!)) line = `${line} ${lines[i++]!.trim()}`;
    const colon = line.indexOf(":");
    if (colon < 0) throw malformed(`malformed MIME header: missing colon: ${quoteBytes(line)}`);
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, "");
    if (!isFieldName(name) || !isFieldValue(value)) {
      throw malformed(`malformed MIME header line: ${quoteBytes(line)}`);
    }
    if (name === "content-type") contentType ||= value;
    else if (name === "content-encoding") contentEncoding ||= value;
    else if (name === "content-length") lengths.push(value);
    else if (name === "transfer-encoding") transferEncodings.push(value);
    else if (name === "connection") connection += `,${value.toLowerCase()}`;
    else if (name === "location") location ||= value;
  }
  const tokens = connection.split(",").map((token) => token.trim());
  const { framing, lengthBytes } = framingOf(statusCode, isHttp11, transferEncodings, lengths);
  const keepsAlive = framing !== "close" && !tokens.includes("close") && (isHttp11 || tokens.includes("keep-alive"));
  return { statusCode, status, framing, lengthBytes, keepsAlive, contentType, contentEncoding, location };
}

function parseStatusLine(line: string): { statusCode: number; status: string; isHttp11: boolean } {
  const blank = line.indexOf(" ");
  if (blank < 0) throw malformed(`malformed HTTP response ${quoteBytes(line)}`);
  const protocol = line.slice(0, blank);
  const status = line.slice(blank + 1).replace(/^ +/, "");
  const code = status.split(" ", 1)[0]!;
  if (!/^[0-9]{3}$/.test(code)) throw malformed(`malformed HTTP status code ${quoteBytes(code)}`);
  if (!/^HTTP\/[0-9]\.[0-9]$/.test(protocol)) throw malformed(`malformed HTTP version ${quoteBytes(protocol)}`);
  return { statusCode: Number(code), status: utf8(status), isHttp11: protocol !== "HTTP/1.0" && protocol[5] !== "0" };
}

function framingOf(
  statusCode: number,
  isHttp11: boolean,
  transferEncodings: readonly string[],
  lengths: readonly string[],
): { framing: BodyFraming; lengthBytes: number } {
  const bodyless = statusCode < 200 || statusCode === 204 || statusCode === 304;
  if (isHttp11 && transferEncodings.length > 0) {
    if (transferEncodings.length > 1) {
      throw malformed(`too many transfer encodings: [${transferEncodings.map(quoteBytes).join(" ")}]`);
    }
    if (transferEncodings[0]!.toLowerCase() !== "chunked") {
      throw malformed(`unsupported transfer encoding: ${quoteBytes(transferEncodings[0]!)}`);
    }
    return { framing: bodyless ? "none" : "chunked", lengthBytes: 0 };
  }
  if (lengths.some((length) => length !== lengths[0])) {
    const got = lengths.map(quoteBytes).join(" ");
    throw malformed(`http: message cannot contain multiple Content-Length headers; got [${got}]`);
  }
  const length = lengths[0] ?? "";
  if (length !== "" && (!/^[0-9]{1,19}$/.test(length) || BigInt(length) > 0x7fffffffffffffffn)) {
    throw malformed(`bad Content-Length ${quoteBytes(length)}`);
  }
  if (bodyless) return { framing: "none", lengthBytes: 0 };
  if (length === "") return { framing: "close", lengthBytes: 0 };
  return { framing: Number(length) === 0 ? "none" : "length", lengthBytes: Number(length) };
}

/** A token, in which Go lets blanks pass (such a name then equals none that has a meaning). */
function isFieldName(name: string): boolean {
  return /^[!#$%&'*+\-.^_`|~0-9a-z ]+$/.test(name);
}

function isFieldValue(value: string): boolean {
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i);
    if ((code < 0x20 && code !== 9) || code === 0x7f) return false;
  }
  return true;
}

function utf8(latin1: string): string {
  return Buffer.from(latin1, "latin1").toString("utf8");
}

/** Go's %q of what the peer sent; a hostile line must not fill the page that shows the error. */
function quoteBytes(latin1: string): string {
  return quoteGo(utf8(latin1.length > 1024 ? latin1.slice(0, 1024) : latin1));
}

/** The request that a target gets: built once, sent as the same bytes for each scrape. */
import { VestalError } from "../../base/index.js";
import type { ScrapeProtocol, TransportOptions } from "./transport.js";

const MEDIA_TYPES: Readonly<Record<ScrapeProtocol, string>> = {
  PrometheusProto: "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited",
  "OpenMetricsText1.0.0": "application/openmetrics-text;version=1.0.0",
  "OpenMetricsText0.0.1": "application/openmetrics-text;version=0.0.1",
  "PrometheusText1.0.0": "text/plain;version=1.0.0",
  "PrometheusText0.0.4": "text/plain;version=0.0.4",
};

/** Prometheus' highest weight in tenths, however many protocols are asked for: it knows five, and adds one. */
const WEIGHT_MAX = 6;

/** The protocols with falling weights, and then anything at all. */
function acceptHeader(protocols: readonly ScrapeProtocol[], allowUtf8Names: boolean): string {
  let weight = WEIGHT_MAX;
  const values: string[] = [];
  for (const protocol of protocols) {
    const escaping = allowUtf8Names && protocol.endsWith("1.0.0") ? ";escaping=allow-utf-8" : "";
    values.push(`${MEDIA_TYPES[protocol]}${escaping};q=0.${weight--}`);
  }
  values.push(`*/*;q=0.${weight}`);
  return values.join(",");
}

export interface RequestHeaderOptions {
  readonly transport: TransportOptions;
  readonly timeoutSeconds: number;
  /** `Vestal/0.1.0` */
  readonly userAgent: string;
}

/** Header lines but `Host`, in Go's order: User-Agent, then by name. */
export function requestHeaders(options: RequestHeaderOptions): [name: string, value: string][] {
  const { transport } = options;
  const own = new Set(transport.headers.map(([name]) => name.toLowerCase()));
  const headers: [string, string][] = transport.headers.map(([name, value]) => [canonicalName(name), value]);
  const add = (name: string, value: string): void => {
    if (!own.has(name.toLowerCase())) headers.push([name, value]);
  };
  add("Accept", acceptHeader(transport.scrapeProtocols, transport.allowUtf8Names));
  add("Accept-Encoding", transport.enableCompression ? "gzip" : "identity");
  if (transport.authorization !== undefined) add("Authorization", transport.authorization);
  add("X-Prometheus-Scrape-Timeout-Seconds", String(options.timeoutSeconds));
  headers.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  if (!own.has("user-agent")) headers.unshift(["User-Agent", options.userAgent]);
  return headers;
}

/**
 * The bytes of a GET request.
 *
 * @throws VestalError SCRAPE_HEADER if a header would break the request apart.
 */
export function requestBytes(url: ScrapeUrl, headers: readonly (readonly [string, string])[]): Uint8Array {
  let text = `GET ${url.requestTarget} HTTP/1.1\r\nHost: ${url.hostHeader}\r\n`;
  for (const [name, value] of headers) {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: exactly these may not pass
    if (!/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(name) || /[\x00-\x08\x0a-\x1f\x7f]/.test(value)) {
      throw new VestalError("SCRAPE_HEADER", `net/http: invalid header field value for ${JSON.stringify(name)}`, {
        name,
      });
    }
    text += `${name}: ${value}\r\n`;
  }
  return Buffer.from(`${text}\r\n`, "utf8");
}

/** As Go's textproto writes header names: `x-foo` is `X-Foo`. */
function canonicalName(name: string): string {
  return name.toLowerCase().replace(/(^|-)[a-z]/g, (first) => first.toUpperCase());
}

export interface ScrapeUrl {
  /** As Prometheus prints it. */
  readonly href: string;
  readonly isTls: boolean;
  /** Without brackets. */
  readonly host: string;
  readonly port: number;
  readonly hostHeader: string;
  /** Path and query. */
  readonly requestTarget: string;
}

/**
 * @param address  `host:port`, `[v6]:port`, or without a port.
 * @param query    parameters; they are sorted by name, as Go's url.Values does.
 * @throws VestalError SCRAPE_URL if the address has no valid host or port.
 */
export function scrapeUrl(
  scheme: string,
  address: string,
  path: string,
  query: Readonly<Record<string, readonly string[]>>,
): ScrapeUrl {
  // A `?` in `metrics_path` is part of the path, and so escaped.
  const requestTarget = `${escapePath(path.startsWith("/") ? path : `/${path}`)}${encodeQuery(query)}`;
  const match = /^(?:\[([^\]]+)\]|([^:[\]]*))(?::(\d+))?$/.exec(address);
  const isTls = scheme === "https";
  const href = `${scheme}://${address}${requestTarget}`;
  const host = match?.[1] ?? match?.[2] ?? "";
  if (match === null || host === "") {
    throw new VestalError("SCRAPE_URL", `invalid target address ${JSON.stringify(address)}`, { address });
  }
  const port = match[3] === undefined ? (isTls ? 443 : 80) : Number(match[3]);
  if (port > 65535)
    throw new VestalError("SCRAPE_URL", `Get "${href}": dial tcp: address ${port}: invalid port`, { address });
  return { href, isTls, host, port, hostHeader: address, requestTarget };
}

/** Go's url.URL.EscapedPath. */
function escapePath(path: string): string {
  return escapeBytes(path, /[A-Za-z0-9\-_.~$&+,/:;=@]/);
}

function encodeQuery(query: Readonly<Record<string, readonly string[]>>): string {
  const parts: string[] = [];
  for (const name of Object.keys(query).sort()) {
    for (const value of query[name]!) parts.push(`${queryEscape(name)}=${queryEscape(value)}`);
  }
  return parts.length === 0 ? "" : `?${parts.join("&")}`;
}

/** Go's url.QueryEscape. */
function queryEscape(text: string): string {
  return escapeBytes(text, /[A-Za-z0-9\-_.~ ]/).replaceAll(" ", "+");
}

function escapeBytes(text: string, unreserved: RegExp): string {
  let escaped = "";
  for (const byte of Buffer.from(text, "utf8")) {
    const char = String.fromCharCode(byte);
    escaped += byte < 0x80 && unreserved.test(char) ? char : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return escaped;
}

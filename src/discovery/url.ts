/** The URL of a scrape, written as Go's net/url writes it. */
import { compareBytes, type Labels } from "../model/index.js";

const PARAM_PREFIX = "__param_";

/** Scheme, address and path of the labels, and the job's parameters, of which `__param_` labels set the first value. */
export function targetUrl(labels: Labels, params: Readonly<Record<string, readonly string[]>>): string {
  const query = new Map(Object.entries(params).map(([name, values]) => [name, [...values]]));
  for (const [label, value] of labels.entries()) {
    if (!label.startsWith(PARAM_PREFIX)) continue;
    const name = label.slice(PARAM_PREFIX.length);
    const values = query.get(name);
    if (values !== undefined && values.length > 0) values[0] = value;
    else query.set(name, [value]);
  }
  const scheme = labels.get("__scheme__");
  const host = labels.get("__address__");
  const path = encodePath(labels.get("__metrics_path__"));
  const encoded = encodeQuery(query);
  const slash = path !== "" && !path.startsWith("/") && host !== "" ? "/" : "";
  return `${scheme === "" ? "" : `${scheme}:`}//${encodeHost(host)}${slash}${path}${encoded === "" ? "" : `?${encoded}`}`;
}

function encodeQuery(query: ReadonlyMap<string, readonly string[]>): string {
  return [...query]
    .sort(([a], [b]) => compareBytes(a, b))
    .flatMap(([name, values]) => values.map((value) => `${encodeComponent(name)}=${encodeComponent(value)}`))
    .join("&");
}

/** Go's url.QueryEscape: a space is a plus sign. */
function encodeComponent(text: string): string {
  return escapeBytes(text, /^[A-Za-z0-9\-_.~]$/).replaceAll("%20", "+");
}

function encodePath(path: string): string {
  return escapeBytes(path, /^[A-Za-z0-9\-_.~$&+,/:;=@]$/);
}

function encodeHost(host: string): string {
  return escapeBytes(host, /^[A-Za-z0-9\-_.~!$&'()*+,;=:[\]<>"]$/);
}

function escapeBytes(text: string, kept: RegExp): string {
  let escaped = "";
  for (const byte of Buffer.from(text, "utf8")) {
    const char = String.fromCharCode(byte);
    escaped += kept.test(char) ? char : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return escaped;
}

export interface GlobalUrlOptions {
  /** `host:port` on which this server listens. */
  readonly listenAddress: string;
  /** Scheme and `host[:port]` of the external URL. */
  readonly scheme: string;
  readonly host: string;
}

const LOCAL_HOSTS: readonly string[] = ["127.0.0.1", "localhost", "::1"];

/** The URL of a target as others can reach it: a local address becomes that of the external URL. */
export function globalUrl(url: string, options: GlobalUrlOptions): string {
  const [, scheme, authority, rest] = /^([^:/]*):\/\/([^/?]*)(.*)$/s.exec(url) ?? [];
  const own = splitHostPort(authority ?? "");
  if (scheme === undefined || own === undefined || !LOCAL_HOSTS.includes(own.host)) return url;
  if (own.port === splitHostPort(options.listenAddress)?.port) return `${options.scheme}://${options.host}${rest}`;
  const external = splitHostPort(options.host)?.host;
  if (external === undefined) return url;
  const host = own.port === "" ? external : joinHostPort(external, own.port);
  return `${scheme}://${host}${rest}`;
}

function splitHostPort(address: string): { readonly host: string; readonly port: string } | undefined {
  const match = /^(?:\[([^\]]*)\]|([^:[\]]*))(?::([^:]*))?$/.exec(address);
  return match === null ? undefined : { host: match[1] ?? match[2] ?? "", port: match[3] ?? "" };
}

function joinHostPort(host: string, port: string): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

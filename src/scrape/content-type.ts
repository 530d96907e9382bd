/** Which parser a body gets: the rules of Prometheus 3, in its words (model/textparse/interface.go). */
import { quoteGo } from "../model/index.js";
import type { ScrapeProtocol } from "./http/transport.js";

export type BodyFormat = "text" | "openmetrics" | "protobuf";

export interface FormatChoice {
  /** Undefined: the scrape fails with `problem`. */
  readonly format: BodyFormat | undefined;
  /** Why the header did not decide; with a fallback it is only worth a debug line. */
  readonly problem: string | undefined;
}

const FORMATS: Readonly<Record<string, BodyFormat>> = {
  "text/plain": "text",
  "application/openmetrics-text": "openmetrics",
  "application/vnd.google.protobuf": "protobuf",
};

function fallbackFormat(protocol: ScrapeProtocol): { format: BodyFormat; mediaType: string } {
  if (protocol === "PrometheusProto") return { format: "protobuf", mediaType: "application/vnd.google.protobuf" };
  if (protocol.startsWith("OpenMetrics")) return { format: "openmetrics", mediaType: "application/openmetrics-text" };
  return { format: "text", mediaType: "text/plain" };
}

export function chooseFormat(contentType: string, fallback: ScrapeProtocol | undefined): FormatChoice {
  if (contentType === "") {
    if (fallback !== undefined) return { format: fallbackFormat(fallback).format, problem: undefined };
    const problem =
      "non-compliant scrape target sending blank Content-Type and no fallback_scrape_protocol specified for target";
    return { format: undefined, problem };
  }
  const quoted = quoteGo(contentType);
  const { mediaType, error } = parseMediaType(contentType);
  const format = error === undefined ? FORMATS[mediaType] : undefined;
  if (format !== undefined) return { format, problem: undefined };
  if (fallback === undefined) {
    const problem =
      error === undefined
        ? `received unsupported Content-Type ${quoted} and no fallback_scrape_protocol specified for target`
        : `cannot parse Content-Type ${quoted} and no fallback_scrape_protocol for target\n${error}`;
    return { format: undefined, problem };
  }
  const choice = fallbackFormat(fallback);
  const using = `using fallback_scrape_protocol ${quoteGo(choice.mediaType)}`;
  const problem =
    error === undefined
      ? `received unsupported Content-Type ${quoted}, ${using}`
      : `could not parse received Content-Type ${quoted}, ${using}\n${error}`;
  return { format: choice.format, problem };
}

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+/;

/** Go's mime.ParseMediaType, as far as it decides between a media type and an error. */
function parseMediaType(value: string): { mediaType: string; error: string | undefined } {
  const semicolon = value.indexOf(";");
  const base = (semicolon < 0 ? value : value.slice(0, semicolon)).trim().toLowerCase();
  const error = mediaTypeError(base) ?? (semicolon < 0 ? undefined : parameterError(value.slice(semicolon)));
  return { mediaType: base, error };
}

function mediaTypeError(base: string): string | undefined {
  const type = TOKEN.exec(base)?.[0] ?? "";
  if (type === "") return "mime: no media type";
  if (type.length === base.length) return undefined;
  if (base[type.length] !== "/") return "mime: expected slash after first token";
  const rest = base.slice(type.length + 1);
  const subtype = TOKEN.exec(rest)?.[0] ?? "";
  if (subtype === "") return "mime: expected token after slash";
  return subtype.length === rest.length ? undefined : "mime: unexpected content after media subtype";
}

function parameterError(text: string): string | undefined {
  const names = new Set<string>();
  let rest = text;
  while (rest.trimStart() !== "") {
    const parameter =
      /^\s*;\s*([!#$%&'*+\-.^_`|~0-9A-Za-z]+)=("(?:[^"\\\r\n]|\\.)*"|[!#$%&'*+\-.^_`|~0-9A-Za-z]+)/.exec(rest);
    if (parameter === null) return rest.trim() === ";" ? undefined : "mime: invalid media parameter";
    const name = parameter[1]!.toLowerCase();
    if (names.has(name)) return "mime: duplicate parameter name";
    names.add(name);
    rest = rest.slice(parameter[0].length);
  }
  return undefined;
}

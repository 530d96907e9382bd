/** Kinds of values that only Alertmanager's file has: its URLs, Go's durations. */

import { errorMessage } from "../../base/index.js";
import { parseUrl } from "../../config/go-url.js";
import { finishHttpClient, httpClientFields, refuse } from "../../config/schema/http-client.js";
import { checked, type Shape, scalar, struct } from "../../config/shape.js";
import { quoteGo } from "../../model/index.js";
import { formatGoDuration, parseGoDuration, TemplateParseError, TemplateSet } from "../../template/index.js";

/** What a file says that was printed with its secrets hidden, as amtool reads it back from the API. */
export const SECRET = "<secret>";

function checkUrl(text: string): string {
  const { scheme, host } = parseUrl(text);
  if (scheme !== "http" && scheme !== "https") refuse(`unsupported scheme ${quoteGo(scheme)} for URL`);
  if (host === "") refuse("missing host for URL");
  return text;
}

/** Empty where it is absent. */
export const httpUrl = (): Shape<string> => checked("string", checkUrl);

export const secretUrl = (): Shape<string> => ({
  spec: { kind: "string", goType: "string", secret: true },
  zero: "",
  convert: (text) => (text === SECRET ? text : checkUrl(text)),
});

/** A URL which may be a template; only one that is none is checked. */
export const secretTemplateUrl = (): Shape<string> => ({
  spec: { kind: "string", goType: "common.plain", secret: true },
  zero: "",
  convert: (text) => {
    if (text === "" || text === SECRET) return text;
    if (isTemplated(text, "invalid template syntax: ")) return text;
    try {
      return checkUrl(text);
    } catch (error) {
      return refuse(`invalid URL: ${errorMessage(error)}`);
    }
  },
});

/** @throws VestalError where it is a template that cannot be read; no function is known here. */
export function isTemplated(text: string, prefix: string): boolean {
  if (!text.includes("{{")) return false;
  try {
    new TemplateSet().parse("", text);
    return true;
  } catch (error) {
    if (error instanceof TemplateParseError) return refuse(prefix + error.message);
    throw error;
  }
}

/** time.Duration as Go's YAML reads it: a duration or nanoseconds; kept as Go prints it. */
export const goDuration = (): Shape<string> =>
  scalar("time.Duration", "0s", (text, kind, value) => {
    if (kind === "string") {
      const nanos = parseGoDuration(text);
      return nanos === undefined ? undefined : formatGoDuration(nanos);
    }
    if (kind !== "int" && kind !== "float") return undefined;
    const isWhole = typeof value === "bigint" || Number.isFinite(value);
    const nanos = isWhole ? BigInt(typeof value === "number" ? Math.trunc(value) : (value as bigint)) : 2n ** 63n;
    return nanos >= 2n ** 63n || nanos < -(2n ** 63n) ? undefined : formatGoDuration(nanos);
  });

/** A duration that is only ever written with units. */
export const unitDuration = (): Shape<string> => ({
  spec: { kind: "string", goType: "config.duration" },
  zero: "0s",
  convert: (text) => {
    const nanos = parseGoDuration(text);
    if (nanos !== undefined) return formatGoDuration(nanos);
    const parts =
      /^[-+]?(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:ns|us|µs|μs|ms|s|m|h))*([0-9]+\.?[0-9]*|\.[0-9]+)([^0-9.]*)/.exec(text);
    const isTooGreat = parts !== null && Number(parts[1]) >= 2 ** 63;
    if (parts === null || isTooGreat) return refuse(`time: invalid duration ${quoteGo(text)}`);
    if (parts[2] === "") return refuse(`time: missing unit in duration ${quoteGo(text)}`);
    return refuse(`time: unknown unit ${quoteGo(parts[2]!)} in duration ${quoteGo(text)}`);
  },
});

export function goDurationMs(text: string): number {
  return Number(parseGoDuration(text) ?? 0n) / 1e6;
}

export const httpConfig = struct("config.plain", httpClientFields(), finishHttpClient);
export type HttpConfigSection = typeof httpConfig.zero;

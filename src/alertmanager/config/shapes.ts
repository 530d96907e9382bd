/** Kinds of values that only Alertmanager's file has: its URLs, Go's durations. */

import { errorMessage } from "../../base/index.js";
import { parseUrl } from "../../config/go-url.js";
import { finishHttpClient, httpClientFields, refuse } from "../../config/schema/http-client.js";
import { checked, type Shape, struct } from "../../config/shape.js";
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
  spec: { kind: "string", goType: "config.plain", secret: true },
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

/** time.Duration, kept as Go prints it. */
export const goDuration = (): Shape<string> => ({
  spec: { kind: "string", goType: "time.Duration" },
  zero: "0s",
  convert: (text) => {
    const nanos = /^-?[0-9]+$/.test(text) ? BigInt(text) : parseGoDuration(text);
    return nanos === undefined ? refuse(`time: invalid duration ${quoteGo(text)}`) : formatGoDuration(nanos);
  },
});

export function goDurationMs(text: string): number {
  return Number(parseGoDuration(text) ?? 0n) / 1e6;
}

export const httpConfig = struct("config.plain", httpClientFields(), finishHttpClient);
export type HttpConfigSection = typeof httpConfig.zero;

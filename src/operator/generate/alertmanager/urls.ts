/** Checks of the URLs in receivers. */
import { parseUrl } from "../../../config/go-url.js";
import { TemplateParseError, TemplateSet } from "../../../template/index.js";
import { at, invalid } from "../invalid.js";
import { nonEmpty } from "../value.js";

/** An address that Alertmanager can send to. The URL may be a secret, so that the reason does not show it. */
export function checkUrl(url: string): void {
  if (/["\\\n\r\t]/.test(url)) invalid("not a URL");
  const { scheme, host } = parsed(url);
  if (scheme !== "http" && scheme !== "https") invalid("the URL's scheme must be http or https");
  if (host === "") invalid("the URL has no host");
}

function parsed(url: string): { readonly scheme: string; readonly host: string } {
  try {
    return parseUrl(url);
  } catch {
    return invalid("not a URL");
  }
}

/** As `checkUrl`, for a field that may be a template. */
export function checkTemplateUrl(url: string): void {
  if (url.includes("{{")) checkTemplate(url);
  else if (url !== "<secret>") checkUrl(url);
}

export function checkOptionalUrl(field: string, url: string | undefined): void {
  if (nonEmpty(url) !== undefined) at(field, () => checkUrl(url ?? ""));
}

export function checkOptionalTemplateUrl(field: string, url: string | undefined): void {
  if (nonEmpty(url) !== undefined) at(field, () => checkTemplateUrl(url ?? ""));
}

/** A template without functions of its own: those of receivers are not known where a URL is. */
export function checkTemplate(text: string): void {
  try {
    new TemplateSet().parse("", text);
  } catch (error) {
    if (!(error instanceof TemplateParseError)) throw error;
    invalid(error.message);
  }
}

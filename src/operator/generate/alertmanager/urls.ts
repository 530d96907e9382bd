/** Checks of the URLs in receivers. */
import { parseUrl } from "../../../config/go-url.js";
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

/** Names that Go's templates know without a map of functions. */
const BUILTINS = new Set(
  "and break call continue define else end eq ge gt html if index js le len lt ne not or print printf println range slice template urlquery with block true false nil".split(
    " ",
  ),
);

/** Whether actions are closed, strings end, and no unknown function is called. */
export function checkTemplate(text: string): void {
  for (let at = text.indexOf("{{"); at >= 0; at = text.indexOf("{{", at)) {
    const end = endOfAction(text, at + 2);
    checkAction(text.slice(at + 2, end));
    at = end + 2;
  }
}

function endOfAction(text: string, start: number): number {
  for (let i = start; i < text.length; i++) {
    if (text.startsWith("}}", i)) return i;
    const quote = text[i];
    if (quote === '"' || quote === "`") {
      i = endOfString(text, i + 1, quote);
      if (i < 0) break;
    }
  }
  return invalid("template: an action is not closed");
}

function endOfString(text: string, start: number, quote: string): number {
  for (let i = start; i < text.length; i++) {
    if (quote === '"' && text[i] === "\\") i++;
    else if (text[i] === quote) return i;
  }
  return -1;
}

function checkAction(action: string): void {
  const bare = action.replace(/^-\s|\s-$/g, " ").replace(/"(?:[^"\\]|\\.)*"|`[^`]*`|\/\*.*\*\//gs, " ");
  if (bare.trim() === "" && !/["`]|\/\*/.test(action)) invalid("template: an action without a command");
  for (const match of bare.matchAll(/(?<![\w.$])([A-Za-z_]\w*)/g)) {
    if (!BUILTINS.has(match[1] ?? "")) invalid(`template: function "${match[1] ?? ""}" not defined`);
  }
}

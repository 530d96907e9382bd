/** What Go's url.Parse accepts and refuses, as far as addresses in a configuration can tell. */
import { VestalError } from "../base/index.js";
import { quoteGo } from "../model/index.js";

export interface GoUrl {
  readonly text: string;
  readonly scheme: string;
  /** With the port. */
  readonly host: string;
}

/** @throws VestalError CONFIG with Go's words. */
export function parseUrl(text: string): GoUrl {
  const refuse = (reason: string): never => {
    throw new VestalError("CONFIG", `parse ${quoteGo(text)}: ${reason}`);
  };
  if ([...text].some((char) => char < " " || char === "\x7f")) refuse("net/url: invalid control character in URL");
  const fragmentAt = text.indexOf("#");
  let rest = fragmentAt < 0 ? text : text.slice(0, fragmentAt);
  let scheme = "";
  const colon = rest.search(/[^a-zA-Z0-9+.-]|$/);
  if (rest[colon] === ":") {
    if (colon === 0) refuse("missing protocol scheme");
    if (/^[a-zA-Z]/.test(rest)) {
      scheme = rest.slice(0, colon).toLowerCase();
      rest = rest.slice(colon + 1);
    }
  }
  const query = rest.indexOf("?");
  if (query >= 0) rest = rest.slice(0, query);
  if (!rest.startsWith("/") && scheme === "" && (rest.split("/")[0] ?? "").includes(":")) {
    refuse("first path segment in URL cannot contain colon");
  }
  let host = "";
  if (rest.startsWith("//") && (scheme !== "" || !rest.startsWith("///"))) {
    const authority = /^[^/]*/.exec(rest.slice(2))?.[0] ?? "";
    host = authority.slice(authority.lastIndexOf("@") + 1);
    checkHost(host, refuse);
    if (authority.includes("@") && !/^[A-Za-z0-9\-._:~!$&'()*+,;=%@]*$/.test(authority.slice(0, -host.length - 1))) {
      refuse("net/url: invalid userinfo");
    }
    rest = rest.slice(2 + authority.length);
  }
  const badEscape = /%(?![0-9a-fA-F]{2}).{0,2}/.exec(rest)?.[0];
  if (badEscape !== undefined) refuse(`invalid URL escape ${quoteGo(badEscape)}`);
  return { text, scheme, host };
}

function checkHost(host: string, refuse: (reason: string) => never): void {
  const port = host.startsWith("[") ? host.slice(host.lastIndexOf("]") + 1) : /:[^:]*$/.exec(host)?.[0];
  if (host.startsWith("[") && !host.includes("]")) refuse("missing ']' in host");
  if (port !== undefined && port !== "" && !/^:[0-9]*$/.test(port)) {
    refuse(`invalid port ${quoteGo(port)} after host`);
  }
  const bad = /[^\u0080-\uffffA-Za-z0-9\-._~!$&'()*+,;=:[\]<>"%]/u.exec(host)?.[0];
  if (bad !== undefined) refuse(`invalid character ${quoteGo(bad)} in host name`);
  // Only bytes beyond ASCII, and the percent sign itself, may be escaped in a host.
  const badEscape = /%(?!25|[89a-fA-F][0-9a-fA-F]).{0,2}/.exec(host)?.[0];
  if (badEscape !== undefined) refuse(`invalid URL escape ${quoteGo(badEscape)}`);
}

/** The URL with its password hidden. */
export function redactUrl(text: string): string {
  return text.replace(/^([^/?#]*\/\/[^/?#@:]*):[^/?#]*@/, "$1:xxxxx@");
}

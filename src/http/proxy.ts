/** Which proxy, if any, leads to a URL: `no_proxy` and the environment as Go's httpproxy reads them. */
import { BlockList, isIP } from "node:net";
import type { ProxyOptions } from "./options.js";

/** @param environment  `process.env`, or a stand-in. */
export function proxyFor(
  url: URL,
  options: ProxyOptions,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): string | undefined {
  if (options.fromEnvironment) {
    const env = (name: string): string => environment[name] ?? environment[name.toLowerCase()] ?? "";
    const proxy = url.protocol === "https:" ? env("HTTPS_PROXY") : env("HTTP_PROXY");
    if (proxy === "" || isDirect(url, env("NO_PROXY"))) return undefined;
    return proxy.includes("://") ? proxy : `http://${proxy}`;
  }
  if (options.url === undefined || options.url === "") return undefined;
  // A proxy that is written down counts for loopback too; only `no_proxy` makes exceptions.
  return matchesNoProxy(url, options.noProxy) ? undefined : options.url;
}

function isDirect(url: URL, noProxy: string): boolean {
  const host = hostOf(url);
  if (host === "localhost" || /^127\./.test(host) || host === "::1") return true;
  return matchesNoProxy(url, noProxy);
}

function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, "").toLowerCase();
}

function portOf(url: URL): string {
  return url.port !== "" ? url.port : url.protocol === "https:" ? "443" : "80";
}

function matchesNoProxy(url: URL, noProxy: string): boolean {
  const host = hostOf(url);
  const family = isIP(host);
  for (const written of noProxy.split(",")) {
    const entry = written.trim().toLowerCase();
    if (entry === "") continue;
    if (entry === "*") return true;
    if (entry.includes("/")) {
      if (family !== 0 && isInNetwork(host, family, entry)) return true;
      continue;
    }
    const { name, port } = splitPort(entry);
    if (port !== "" && port !== portOf(url)) continue;
    if (isIP(name) !== 0) {
      if (name === host) return true;
      continue;
    }
    // `example.com` is the domain and all below it, `.example.com` and `*.example.com` only what is below.
    const suffix = name.startsWith("*.") ? name.slice(1) : name;
    if (suffix.startsWith(".") ? host.endsWith(suffix) : host === suffix || host.endsWith(`.${suffix}`)) return true;
  }
  return false;
}

function splitPort(entry: string): { name: string; port: string } {
  const bracketed = /^\[([^\]]+)\](?::(\d+))?$/.exec(entry);
  if (bracketed !== null) return { name: bracketed[1]!, port: bracketed[2] ?? "" };
  if (isIP(entry) === 6) return { name: entry, port: "" };
  const colon = entry.lastIndexOf(":");
  return colon < 0 ? { name: entry, port: "" } : { name: entry.slice(0, colon), port: entry.slice(colon + 1) };
}

function isInNetwork(host: string, family: number, network: string): boolean {
  const [address = "", bits = ""] = network.split("/");
  const networkFamily = isIP(address);
  if (networkFamily !== family || !/^\d{1,3}$/.test(bits) || Number(bits) > (family === 4 ? 32 : 128)) return false;
  const list = new BlockList();
  list.addSubnet(address, Number(bits), family === 4 ? "ipv4" : "ipv6");
  return list.check(host, family === 4 ? "ipv4" : "ipv6");
}

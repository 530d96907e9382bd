/** `dns_sd_configs`: targets from DNS records. */
import { promises as dns } from "node:dns";
import { readFileSync } from "node:fs";
import { errorCode } from "../base/index.js";
import type { DnsDiscoveryConfig } from "../config/index.js";
import type { Discovery } from "./discovery.js";
import type { LabelRecord, TargetGroup } from "./messages.js";
import { type RefreshDeps, RefreshingDiscovery } from "./refresh.js";

/** What is asked of a resolver: `dns.promises.Resolver` is one. Names come without the dot of the root. */
export interface DnsResolver {
  resolve4(name: string): Promise<readonly string[]>;
  resolve6(name: string): Promise<readonly string[]>;
  resolveSrv(name: string): Promise<readonly { readonly name: string; readonly port: number }[]>;
  resolveMx(name: string): Promise<readonly { readonly exchange: string }[]>;
  resolveNs(name: string): Promise<readonly string[]>;
}

/** Search list and dots of `/etc/resolv.conf`: the resolver itself asks for whole names only. */
export interface DnsSearch {
  readonly domains: readonly string[];
  readonly dots: number;
}

export function systemDnsSearch(file = "/etc/resolv.conf"): DnsSearch {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch {
    text = ""; // a system without one has no search list
  }
  const domains = /^\s*(?:search|domain)\s+(.+)$/m.exec(text)?.[1]?.trim().split(/\s+/) ?? [];
  const dots = Number(/^\s*options\s.*\bndots:(\d+)/m.exec(text)?.[1] ?? 1);
  return { domains, dots };
}

const NO_RECORD: ReadonlySet<string> = new Set(["ENOTFOUND", "ENODATA"]);

export function dnsDiscovery(
  config: DnsDiscoveryConfig,
  deps: RefreshDeps,
  resolver: DnsResolver = new dns.Resolver(),
  search: DnsSearch = systemDnsSearch(),
): Discovery {
  const ask = () => Promise.all(config.names.map((name) => groupOf(config, name, resolver, search)));
  return new RefreshingDiscovery("dns", config.refreshIntervalMs, ask, deps);
}

async function groupOf(
  config: DnsDiscoveryConfig,
  name: string,
  resolver: DnsResolver,
  search: DnsSearch,
): Promise<TargetGroup> {
  const found = await lookUp(name, search, (full) => targetsOf(config, full, resolver));
  return { source: name, targets: found.map((target) => ({ __meta_dns_name: name, ...target })), labels: {} };
}

/** The first name of the search list that has records; none of them having any is an empty answer, not a failure. */
async function lookUp<T>(
  name: string,
  { domains, dots }: DnsSearch,
  ask: (full: string) => Promise<readonly T[]>,
): Promise<readonly T[]> {
  const whole = name.replace(/\.$/, "");
  const below = name.endsWith(".") ? [] : domains.map((domain) => `${whole}.${domain.replace(/\.$/, "")}`);
  const hasDots = whole.split(".").length - 1 >= dots;
  for (const full of hasDots ? [whole, ...below] : [...below, whole]) {
    try {
      const found = await ask(full);
      if (found.length > 0) return found;
    } catch (error) {
      if (!NO_RECORD.has(errorCode(error))) throw error;
    }
  }
  return [];
}

async function targetsOf(
  config: DnsDiscoveryConfig,
  name: string,
  resolver: DnsResolver,
): Promise<readonly LabelRecord[]> {
  const { type, port } = config;
  const at = (host: string, each = port): string => (host.includes(":") ? `[${host}]:${each}` : `${host}:${each}`);
  switch (type) {
    case "A":
      return (await resolver.resolve4(name)).map((address) => ({ __address__: at(address) }));
    case "AAAA":
      return (await resolver.resolve6(name)).map((address) => ({ __address__: at(address) }));
    case "MX":
      return (await resolver.resolveMx(name)).map(({ exchange }) => ({
        __address__: at(exchange),
        __meta_dns_mx_record_target: `${exchange}.`,
      }));
    case "NS":
      return (await resolver.resolveNs(name)).map((host) => ({
        __address__: at(host),
        __meta_dns_ns_record_target: `${host}.`,
      }));
    case "SRV":
      return (await resolver.resolveSrv(name)).map((record) => ({
        __address__: at(record.name, record.port),
        __meta_dns_srv_record_target: `${record.name}.`,
        __meta_dns_srv_record_port: String(record.port),
      }));
  }
}

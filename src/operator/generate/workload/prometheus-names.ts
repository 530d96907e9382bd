/** Names, folders and addresses of a Prometheus that its containers share. */
import { posix } from "node:path";
import type { PrometheusContext } from "../prometheus/context.js";
import { nonEmpty } from "../value.js";
import type { WorkloadOptions } from "./options.js";

export const STORAGE_FOLDER = "/prometheus";

/** Names of everything that belongs to an object. */
export function prometheusNames(kind: "server" | "agent", name: string) {
  const prefixed = `${kind === "server" ? "prometheus" : "prom-agent"}-${name}`;
  return {
    prefixed,
    configSecret: prefixed,
    webConfigSecret: `${prefixed}-web-config`,
    tlsAssets: `${prefixed}-tls-assets`,
    dataVolume: `${prefixed}-db`,
    sidecarClientSecret: `${prefixed}-thanos-prometheus-http-client-file`,
    shard: (shard: number) => (shard === 0 ? prefixed : `${prefixed}-shard-${shard}`),
  };
}

export function dataSubPath(storage: { readonly disableMountSubPath?: boolean } | undefined): string | undefined {
  return storage === undefined || storage.disableMountSubPath ? undefined : "prometheus-db";
}

export function routePrefix({ spec }: PrometheusContext): string {
  return nonEmpty(spec.routePrefix) ?? "/";
}

/** The path below the prefix, as Go's path.Clean makes it. */
export function pathBelow(context: PrometheusContext, path: string): string {
  const joined = posix.normalize(routePrefix(context) + path);
  return joined.length > 1 ? joined.replace(/\/$/, "") : joined;
}

export function prometheusUrl(context: PrometheusContext, { localHost }: WorkloadOptions, path: string): string {
  const scheme = context.spec.web?.tlsConfig === undefined ? "http" : "https";
  return `${scheme}://${localHost}:9090${pathBelow(context, path)}`;
}

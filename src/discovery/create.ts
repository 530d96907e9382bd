/** The mechanism that a configuration asks for; the scrape manager and the notifier both find their targets by it. */
import { type Logger, type Timers, VestalError } from "../base/index.js";
import type { DiscoveryConfig } from "../config/index.js";
import { createApiDiscovery } from "./api/index.js";
import type { Discovery } from "./discovery.js";
import { dnsDiscovery } from "./dns.js";
import { type DiscoveryFiles, FileDiscovery } from "./file.js";
import { httpDiscovery } from "./http.js";
import { KubernetesDiscovery } from "./kubernetes/discovery.js";
import type { InformerPool } from "./kubernetes/informers.js";
import type { TargetGroup } from "./messages.js";

export interface CreateDiscoveryDeps {
  readonly files: DiscoveryFiles;
  readonly timers: Timers;
  readonly random: () => number;
  readonly log: Logger;
  /** Of requests to servers that tell targets. */
  readonly userAgent: string;
  /** Whoever shares it shares lists and watches. */
  readonly informers: InformerPool;
  readonly onKubernetesEvent: (role: string, event: string) => void;
  readonly onFailure: (mechanism: string) => void;
  /** A round of a mechanism that asks at an interval is over. */
  readonly onRefreshed?: (mechanism: string, seconds: number, isFailed: boolean) => void;
}

/** @throws VestalError if the mechanism cannot work here. */
export function createDiscovery(
  config: DiscoveryConfig,
  deps: CreateDiscoveryDeps,
  onGroups: (groups: readonly TargetGroup[]) => void,
): Discovery {
  const { timers, random, log, userAgent, informers, onKubernetesEvent: onEvent } = deps;
  const onFailure = (): void => deps.onFailure(config.kind);
  const onRefreshed = (seconds: number, isFailed: boolean): void => deps.onRefreshed?.(config.kind, seconds, isFailed);
  const refresh = { timers, log, onGroups, onFailure, onRefreshed };
  switch (config.kind) {
    case "file":
      return new FileDiscovery(config, deps, onGroups);
    case "http":
      return httpDiscovery(config, userAgent, refresh);
    case "dns":
      return dnsDiscovery(config, refresh);
    case "kubernetes":
      return new KubernetesDiscovery(config, {
        timers,
        random,
        log,
        informers,
        userAgent,
        onGroups,
        onEvent,
        onFailure,
      });
    case "unavailable":
      throw new VestalError("DISCOVERY", `${config.mechanism} discovery is not available in this program`);
    default:
      return createApiDiscovery(config, userAgent, refresh);
  }
}

/** What the server says of itself under `/api/v1/status`. */

import { hostname } from "node:os";
import type {
  BuildInfo,
  HeadStatus,
  RequestSignal,
  RuntimeInfo,
  StatusService,
  WalReplayStatus,
} from "../../api/index.js";
import { formatDuration } from "../../model/index.js";
import { encodeMeta } from "../../tsdb/block/index.js";
import { PROMETHEUS_VERSION, vestalVersion } from "../version.js";
import type { PlainRetentionRule } from "./block-tasks.js";
import type { QueryPool } from "./query-service.js";
import { refusedByAll } from "./refused-series.js";
import { memoryLimitBytes, processors } from "./resources.js";
import type { ShardSet } from "./shards.js";
import type { Storage } from "./storage.js";

/** What changes while the server runs. */
export interface ServerState {
  configYaml: string;
  isReloadSuccessful: boolean;
  lastConfigMs: number;
  /** Of the configuration file; 0 where the flag or the default counts. */
  retentionMs: number;
  retentionBytes: number;
  retentionPercent: number;
  retentionRules: readonly PlainRetentionRule[];
}

export interface StatusDeps {
  readonly state: ServerState;
  readonly shards: ShardSet;
  readonly queries: QueryPool;
  readonly storage: Storage;
  readonly flags: Readonly<Record<string, string>>;
  readonly features: ReturnType<StatusService["features"]>;
  readonly startTimeMs: number;
  readonly threadCount: number;
}

export class ServerStatus implements StatusService {
  readonly #deps: StatusDeps;

  constructor(deps: StatusDeps) {
    this.#deps = deps;
  }

  buildInfo(): BuildInfo {
    return {
      version: PROMETHEUS_VERSION,
      revision: "",
      branch: "",
      buildUser: "",
      buildDate: "",
      goVersion: "",
      vestalVersion: vestalVersion(),
    };
  }

  runtimeInfo(): RuntimeInfo {
    const { state, shards, startTimeMs, threadCount } = this.#deps;
    const retention = [
      ...(state.retentionMs > 0 ? [formatDuration(state.retentionMs)] : []),
      ...(state.retentionPercent > 0 ? [`${state.retentionPercent}%`] : []),
      ...(state.retentionBytes > 0 && state.retentionPercent <= 0 ? [`${state.retentionBytes}B`] : []),
    ];
    return {
      startTimeMs,
      workingDirectory: process.cwd(),
      hostname: hostname(),
      reloadConfigSuccess: state.isReloadSuccessful,
      lastConfigTimeMs: state.lastConfigMs,
      corruptionCount: shards.counters.walCorruptions,
      threadCount,
      processors: processors(),
      memoryLimitBytes: memoryLimitBytes(),
      storageRetention: retention.join(" or "),
    };
  }

  configYaml(): string {
    return this.#deps.state.configYaml;
  }

  flags(): Readonly<Record<string, string>> {
    return this.#deps.flags;
  }

  features(): ReturnType<StatusService["features"]> {
    return this.#deps.features;
  }

  async head(limit: number, signal: RequestSignal): Promise<HeadStatus> {
    const { queries, shards } = this.#deps;
    const [head, statuses] = await Promise.all([queries.headStatus(limit, signal), shards.collect()]);
    return { ...head, refusedSeries: refusedByAll(statuses).slice(0, limit) };
  }

  blocks(): ReturnType<StatusService["blocks"]> {
    const { list, keeper } = this.#deps.storage;
    return {
      blocks: list.blocks.map(({ meta }) => JSON.parse(encodeMeta(meta)) as unknown),
      quarantined: keeper.quarantined,
    };
  }

  walReplay(): WalReplayStatus {
    const { filesDone, filesAll } = this.#deps.shards.replayProgress;
    return { min: 0, max: Math.max(0, filesAll - 1), current: Math.max(0, filesDone - 1) };
  }

  notifications(): ReturnType<StatusService["notifications"]> {
    const { state } = this.#deps;
    if (state.isReloadSuccessful) return [];
    return [{ text: "Configuration reload has failed.", dateMs: state.lastConfigMs, active: true }];
  }
}

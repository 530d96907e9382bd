/** What the main thread and the control worker say to each other. */

import type { MessagePort } from "node:worker_threads";
import type { PlainError } from "../../base/index.js";
import type { RemoteReadConfig, RemoteWriteConfig } from "../../config/index.js";
import type { DiscoveryChanges, DiscoveryRefresh, DiscoveryStats, DroppedTargets } from "../../discovery/index.js";
import type { OtlpSettings } from "../../remote/index.js";
import type { ScrapeJob } from "../../scrape/index.js";
import type { PlainRetentionRule } from "./block-tasks.js";
import type { DashboardSettings, DashboardsMessage } from "./dashboard-messages.js";
import type { LogSettings } from "./log-settings.js";
import type { RulesSettings } from "./rules-messages.js";

/** `workerData` of the control worker. */
export interface ControlData {
  readonly configFile: string;
  /** The configuration itself, where there is no file. */
  readonly configText: string | undefined;
  /** Sections that an agent cannot have are refused. */
  readonly isAgent: boolean;
  readonly discoveryBatchMs: number;
  /** Protobuf is asked for first where a job does not say. */
  readonly isProtobufFirst: boolean;
  readonly dashboards: DashboardSettings;
  readonly log: LogSettings;
  readonly rules: RulesSettings;
  /** What the rules say to the main thread, and hear of it. */
  readonly rulesPort: MessagePort;
}

/** Reads the configuration anew; where it is good, it is in force when `loaded` arrives, and its targets follow. */
export interface LoadMessage {
  readonly type: "load";
  readonly id: number;
}

export interface StopControlMessage {
  readonly type: "stop";
}

export type ToControl = LoadMessage | StopControlMessage;

/** What the rest of the server needs to know of a configuration. */
export interface LoadedSettings {
  /** As `status/config` shows it, without secrets. */
  readonly yaml: string;
  readonly warnings: readonly string[];
  /** "" where queries are not logged. */
  readonly queryLogFile: string;
  readonly jobs: readonly ScrapeJob[];
  readonly jobNames: readonly string[];
  readonly evaluationIntervalMs: number;
  readonly retentionMs: number | undefined;
  readonly retentionBytes: number | undefined;
  readonly retentionPercent: number | undefined;
  readonly retentionRules: readonly PlainRetentionRule[];
  /** Undefined where the file says nothing. */
  readonly exemplarsMax: number | undefined;
  /** `out_of_order_time_window`, 0: none. */
  readonly outOfOrderWindowMs: number;
  readonly otlp: Omit<OtlpSettings, "allowsDelta">;
  readonly externalLabels: Readonly<Record<string, string>>;
  readonly remoteWrite: readonly RemoteWriteConfig[];
  readonly remoteRead: readonly RemoteReadConfig[];
}

export interface LoadedMessage {
  readonly type: "loaded";
  readonly id: number;
  /** Exactly one of the two is there. */
  readonly settings: LoadedSettings | undefined;
  readonly error: PlainError | undefined;
}

/** Jobs are announced by `loaded`, so targets never name an unknown one. */
export interface TargetsChangedMessage {
  readonly type: "changed";
  readonly changes: DiscoveryChanges;
  readonly dropped: DroppedTargets;
  readonly stats: DiscoveryStats;
}

/** What metrics tell of discovery, where targets did not change. */
export interface DiscoveryCountedMessage {
  readonly type: "counted";
  readonly stats: DiscoveryStats;
  readonly refresh: DiscoveryRefresh | undefined;
}

export type FromControl = LoadedMessage | TargetsChangedMessage | DiscoveryCountedMessage | DashboardsMessage;

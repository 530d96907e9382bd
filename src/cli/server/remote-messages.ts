/** What the main thread and the thread of remote write say to each other. */
import type { EndpointConfig, FamilyMetadata, QueueStats } from "../../remote/index.js";
import type { WalPosition } from "../../tsdb/wal/index.js";
import type { LogSettings } from "./log-settings.js";

/** `workerData` of the thread. */
export interface RemoteData {
  /** Control memory: where the log ends. */
  readonly control: SharedArrayBuffer;
  readonly walDir: string;
  /** Where positions in the log are kept. */
  readonly positionDir: string;
  readonly userAgent: string;
  readonly log: LogSettings;
}

/** The endpoints from now on; those with a known hash go on undisturbed. */
export interface EndpointsMessage {
  readonly type: "endpoints";
  readonly endpoints: readonly EndpointConfig[];
  readonly externalLabels: Readonly<Record<string, string>>;
  /** Where an endpoint begins that has no position of its own. */
  readonly from: WalPosition;
}

export interface StopRemoteMessage {
  readonly type: "stop";
  /** To send what was read. */
  readonly deadlineMs: number;
}

/** The answer to a request for it: what all targets say of their metrics. */
export interface MetadataForRemoteMessage {
  readonly type: "metadata";
  readonly entries: readonly FamilyMetadata[];
}

export type ToRemote = EndpointsMessage | StopRemoteMessage | MetadataForRemoteMessage;

export type FromRemote =
  | { readonly type: "stats"; readonly queues: readonly QueueStats[] }
  | { readonly type: "metadata-request" }
  | { readonly type: "stopped" };

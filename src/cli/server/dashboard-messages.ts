/** What the control worker is told of dashboards, and what it tells of them. */

export interface DashboardSettings {
  /** Files and folders. */
  readonly paths: readonly string[];
  /** A label selector, or "" where no ConfigMaps are followed. */
  readonly configMaps: string;
  /** "" is every namespace. */
  readonly namespace: string;
  /** "" is the cluster in which this runs. */
  readonly kubeconfig: string;
  readonly bytesMax: number;
  readonly countMax: number;
  readonly rescanMs: number;
}

export interface DashboardEntry {
  readonly uid: string;
  readonly title: string;
  readonly tags: readonly string[];
  /** Where it was found, for people. */
  readonly source: string;
  /** The model in one line; empty where it could not be read. */
  readonly json: string;
  readonly error: string | undefined;
}

/** Everything that one source has; it replaces what the source had before. */
export interface DashboardsMessage {
  readonly type: "dashboards";
  readonly source: string;
  readonly entries: readonly DashboardEntry[];
}

/**
 * What discovery tells the other threads. Plain data only: everything here crosses a thread boundary by structured
 * cloning.
 */

export type LabelRecord = Readonly<Record<string, string>>;

/** Targets that come from one place (a static config, an entry of a file) and change together. */
export interface TargetGroup {
  /** Names the place within its job: a group with the same source replaces the one before it. */
  readonly source: string;
  /** `__address__` at least, for each target. */
  readonly targets: readonly LabelRecord[];
  readonly labels: LabelRecord;
}

export interface Target {
  /** Equal for equal targets of a job, across reloads; two jobs may have one key each for the same endpoint. */
  readonly key: string;
  readonly jobIndex: number;
  readonly jobName: string;
  /** Of every series of the target: no name begins with two underscores. */
  readonly labels: LabelRecord;
  readonly discoveredLabels: LabelRecord;
  readonly url: string;
  readonly scheme: string;
  /** Host and port as the labels have them; without a port, the scheme's own counts. */
  readonly address: string;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** The same two as the API shows them. */
  readonly scrapeInterval: string;
  readonly scrapeTimeout: string;
}

export interface DroppedTarget {
  readonly jobIndex: number;
  readonly jobName: string;
  readonly discoveredLabels: LabelRecord;
  /** Index of the relabelling rule that dropped it. */
  readonly droppedBy: number;
}

/** The difference between the targets that the receiver knows and those of now, for one job. */
export interface TargetChanges {
  readonly jobName: string;
  readonly jobIndex: number;
  /** `ScrapeConfig.hash`: where it changed, targets keep their schedule and take the new settings. */
  readonly configHash: string;
  readonly added: readonly Target[];
  /** Keys. */
  readonly removed: readonly string[];
  /** Same key as before, but found with other discovered labels, or the job has another index now. */
  readonly updated: readonly Target[];
}

/** One batch, in the order in which it applies. Jobs that are gone come with all of their keys removed. */
export interface DiscoveryChanges {
  readonly kind: "targets";
  readonly jobs: readonly TargetChanges[];
}

/** Counts since the start, for metrics. */
export interface DiscoveryStats {
  readonly fileReadErrors: number;
  /** Modification time of each target file, in seconds. */
  readonly fileSeconds: Readonly<Record<string, number>>;
  /** Mechanisms of the configuration in force that could not be made. */
  readonly failedConfigs: number;
  /** By `role event`. */
  readonly kubernetesEvents: Readonly<Record<string, number>>;
  /** Rounds and watches that failed, by mechanism. */
  readonly failures: Readonly<Record<string, number>>;
}

/** One round of a mechanism. */
export interface DiscoveryRefresh {
  readonly mechanism: string;
  readonly seconds: number;
  readonly isFailed: boolean;
}

export interface DroppedTargets {
  /** At most `keepDroppedTargets` of each job. */
  readonly targets: readonly DroppedTarget[];
  /** All of them, kept or not. */
  readonly counts: Readonly<Record<string, number>>;
}

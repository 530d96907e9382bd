/**
 * The targets of one job: its groups in the order in which they were found, made into targets, doubles removed, and the
 * difference to what was there before.
 */
import type { ScrapeConfig } from "../config/index.js";
import { type CompiledRule, compileRules } from "../relabel/index.js";
import type { DroppedTarget, Target, TargetChanges, TargetGroup } from "./messages.js";
import { makeTarget, type TargetJob, type TargetOutcome } from "./target.js";

export interface TargetFailure {
  readonly jobName: string;
  readonly source: string;
  /** Of the target in its group. */
  readonly index: number;
  readonly reason: string;
}

export class TargetPool {
  #job: TargetJob;
  readonly #groups = new Map<string, TargetGroup>();
  /** What was made of each group, as long as group and job stay the same: a cluster has thousands, and few change at once. */
  readonly #made = new Map<TargetGroup, readonly TargetOutcome[]>();
  #targets: ReadonlyMap<string, Target> = new Map();
  #dropped: readonly DroppedTarget[] = [];
  #droppedCount = 0;
  #failures: readonly TargetFailure[] = [];
  #isStale = true;
  #isDroppedChanged = false;

  constructor(config: ScrapeConfig, index: number) {
    this.#job = { config, index, rules: compileRules(config.relabelRules) };
  }

  get config(): ScrapeConfig {
    return this.#job.config;
  }

  /** Of the job in the configuration. */
  get index(): number {
    return this.#job.index;
  }

  get targets(): ReadonlyMap<string, Target> {
    return this.#targets;
  }

  get dropped(): readonly DroppedTarget[] {
    return this.#dropped;
  }

  /** Whether the last `sync` changed what is dropped. */
  get isDroppedChanged(): boolean {
    return this.#isDroppedChanged;
  }

  get droppedCount(): number {
    return this.#droppedCount;
  }

  /** Targets that could not be made, as of the last `sync`. */
  get failures(): readonly TargetFailure[] {
    return this.#failures;
  }

  get sources(): readonly string[] {
    return [...this.#groups.keys()];
  }

  setConfig(config: ScrapeConfig, index: number): void {
    if (config.hash === this.#job.config.hash && index === this.#job.index) return;
    const rules: readonly CompiledRule[] = compileRules(config.relabelRules);
    this.#job = { config, index, rules };
    this.#made.clear();
    this.#isStale = true;
  }

  /** A group without targets removes the one of its source. */
  setGroup(group: TargetGroup): void {
    const before = this.#groups.get(group.source);
    if (before !== undefined) this.#made.delete(before);
    if (group.targets.length > 0) this.#groups.set(group.source, group);
    else if (!this.#groups.delete(group.source)) return;
    this.#isStale = true;
  }

  /** Makes the targets anew if anything changed, and says what differs; undefined where nothing does. */
  sync(): TargetChanges | undefined {
    if (!this.#isStale) return undefined;
    this.#isStale = false;
    const before = this.#targets;
    const dropped = this.#dropped;
    this.#makeTargets();
    // What was made of an unchanged group is the same object.
    this.#isDroppedChanged =
      dropped.length !== this.#dropped.length || dropped.some((each, i) => each !== this.#dropped[i]);
    const added: Target[] = [];
    const updated: Target[] = [];
    for (const [key, target] of this.#targets) {
      const known = before.get(key);
      if (known === undefined) added.push(target);
      else if (known !== target && !isSame(known, target)) updated.push(target);
    }
    const removed = [...before.keys()].filter((key) => !this.#targets.has(key));
    return { ...this.#header(), added, removed, updated };
  }

  /** The change that takes away all targets, for a job that is gone. */
  removal(): TargetChanges {
    return { ...this.#header(), added: [], removed: [...this.#targets.keys()], updated: [] };
  }

  #header() {
    const { config, index } = this.#job;
    return { jobName: config.jobName, jobIndex: index, configHash: config.hash };
  }

  #makeTargets(): void {
    const targets = new Map<string, Target>();
    const dropped: DroppedTarget[] = [];
    const failures: TargetFailure[] = [];
    const keep = this.#job.config.keepDroppedTargets || Number.POSITIVE_INFINITY;
    this.#droppedCount = 0;
    for (const group of this.#groups.values()) {
      let outcomes = this.#made.get(group);
      if (outcomes === undefined) {
        outcomes = group.targets.map((own) => makeTarget(this.#job, own, group.labels));
        this.#made.set(group, outcomes);
      }
      outcomes.forEach((outcome, index) => {
        if (outcome.kind === "active") {
          // Of equal targets the last one's discovered labels are shown.
          targets.set(outcome.target.key, outcome.target);
        } else if (outcome.kind === "dropped") {
          this.#droppedCount++;
          if (dropped.length < keep) dropped.push(outcome.target);
        } else {
          failures.push({ jobName: this.#job.config.jobName, source: group.source, index, reason: outcome.reason });
        }
      });
    }
    this.#targets = targets;
    this.#dropped = dropped;
    this.#failures = failures;
  }
}

function isSame(a: Target, b: Target): boolean {
  return a.jobIndex === b.jobIndex && JSON.stringify(a.discoveredLabels) === JSON.stringify(b.discoveredLabels);
}

/** All groups: which run, and how they go over to another set of files. Groups that have not changed keep running. */
import { errorMessage } from "../base/index.js";
import type { RuleGroupSpec } from "./format/index.js";
import { type GroupDeps, type GroupOptions, type GroupSettings, groupKey, RuleGroup } from "./group.js";

export interface RuleSet {
  readonly files: readonly { readonly file: string; readonly groups: readonly RuleGroupSpec[] }[];
  /** Of groups that name none. */
  readonly intervalMs: number;
  readonly queryOffsetMs: number;
}

export interface RuleManagerOptions extends GroupOptions {
  /** Alerts of groups that a reload brings are restored too. */
  readonly restoreNewGroups: boolean;
}

/** Groups that are gone leave time to those that have their rules under another name. */
const STALE_AFTER_INTERVALS = 2;

export class RuleManager {
  readonly #options: RuleManagerOptions;
  readonly #deps: GroupDeps;
  #groups = new Map<string, RuleGroup>();
  #hasLoaded = false;
  #isStarted = false;
  /** Transitions run one after the other. */
  #updating: Promise<void> = Promise.resolve();
  readonly #stopEndings = new Set<() => void>();
  #isStopped = false;

  constructor(options: RuleManagerOptions, deps: GroupDeps) {
    this.#options = options;
    this.#deps = deps;
  }

  /** Sorted by file, then by name. */
  get groups(): readonly RuleGroup[] {
    return [...this.#groups.values()].sort(
      (a, b) => compare(a.settings.file, b.settings.file) || compare(a.settings.spec.name, b.settings.spec.name),
    );
  }

  /** Evaluation may begin: storage is there. */
  start(): void {
    this.#isStarted = true;
    for (const group of this.#groups.values()) group.start();
  }

  update(set: RuleSet): Promise<void> {
    this.#updating = this.#updating.then(() => this.#update(set));
    return this.#updating;
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const stop of this.#stopEndings) stop();
    await Promise.all([...this.#groups.values()].map((group) => group.stop()));
  }

  async #update(set: RuleSet): Promise<void> {
    const mustRestore = !this.#hasLoaded || this.#options.restoreNewGroups;
    this.#hasLoaded = true;
    const old = this.#groups;
    const next = new Map<string, RuleGroup>();
    const changed: { readonly group: RuleGroup; readonly before: RuleGroup | undefined }[] = [];
    for (const settings of settingsOf(set)) {
      const key = groupKey(settings.file, settings.spec.name);
      const before = old.get(key);
      old.delete(key);
      if (before?.equals(settings)) {
        next.set(key, before);
        continue;
      }
      const group = new RuleGroup(settings, mustRestore, this.#options, this.#deps);
      next.set(key, group);
      changed.push({ group, before });
    }
    this.#groups = next;
    for (const { group, before } of changed) {
      if (before !== undefined) {
        await before.stop();
        group.copyState(before);
      }
      if (this.#isStarted && !this.#isStopped) group.start();
    }
    for (const group of old.values()) {
      await group.stop();
      this.#endLater(group);
    }
  }

  #endLater(group: RuleGroup): void {
    const { timers, clock, log } = this.#deps;
    const nowMs = clock.nowMs();
    const stop = timers.after(STALE_AFTER_INTERVALS * group.settings.intervalMs, () => {
      this.#stopEndings.delete(stop);
      group.endAll(nowMs).catch((error: unknown) => {
        log.error("Series of a removed rule group could not be ended", { err: errorMessage(error) });
      });
    });
    this.#stopEndings.add(stop);
  }
}

function* settingsOf({ files, intervalMs, queryOffsetMs }: RuleSet): Generator<GroupSettings> {
  for (const { file, groups } of files) {
    for (const spec of groups) {
      yield {
        file,
        spec,
        intervalMs: spec.intervalMs === 0 ? intervalMs : spec.intervalMs,
        queryOffsetMs: spec.queryOffsetMs ?? queryOffsetMs,
      };
    }
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Discovery that asks again at an interval: what HTTP, DNS and the like share. A failed round keeps what was known. */
import { errorMessage, type Logger, type Timers } from "../base/index.js";
import type { Discovery } from "./discovery.js";
import type { TargetGroup } from "./messages.js";

export interface RefreshDeps {
  readonly timers: Timers;
  readonly log: Logger;
  readonly onGroups: (groups: readonly TargetGroup[]) => void;
  readonly onFailure: () => void;
  readonly onRefreshed?: (seconds: number, isFailed: boolean) => void;
}

export class RefreshingDiscovery implements Discovery {
  readonly #mechanism: string;
  readonly #intervalMs: number;
  /** All groups there are now; rejects where they cannot be told. */
  readonly #ask: (signal: AbortSignal) => Promise<readonly TargetGroup[]>;
  readonly #deps: RefreshDeps;
  readonly #closing = new AbortController();
  #known = new Map<string, TargetGroup>();
  #stopTimer: (() => void) | undefined;

  constructor(
    mechanism: string,
    intervalMs: number,
    ask: (signal: AbortSignal) => Promise<readonly TargetGroup[]>,
    deps: RefreshDeps,
  ) {
    this.#mechanism = mechanism;
    this.#intervalMs = Math.max(intervalMs, 1000);
    this.#ask = ask;
    this.#deps = deps;
  }

  get groups(): readonly TargetGroup[] {
    return [...this.#known.values()];
  }

  start(): void {
    void this.#refresh(); // reports its own failures
  }

  close(): void {
    this.#stopTimer?.();
    this.#closing.abort();
  }

  async #refresh(): Promise<void> {
    const startedMs = performance.now();
    let isFailed = false;
    try {
      this.#take(await this.#ask(this.#closing.signal));
    } catch (error) {
      if (this.#closing.signal.aborted) return;
      isFailed = true;
      this.#deps.onFailure();
      this.#deps.log.error("Unable to refresh target groups", { discovery: this.#mechanism, err: errorMessage(error) });
    }
    if (this.#closing.signal.aborted) return;
    this.#deps.onRefreshed?.((performance.now() - startedMs) / 1000, isFailed);
    const restMs = Math.max(0, this.#intervalMs - (performance.now() - startedMs));
    this.#stopTimer = this.#deps.timers.after(restMs, () => void this.#refresh());
  }

  #take(groups: readonly TargetGroup[]): void {
    if (this.#closing.signal.aborted) return;
    const before = this.#known;
    this.#known = new Map(groups.map((group) => [group.source, group]));
    const changed = groups.filter((group) => JSON.stringify(group) !== JSON.stringify(before.get(group.source)));
    const gone = [...before.keys()].filter((source) => !this.#known.has(source));
    const all = [...changed, ...gone.map((source) => ({ source, targets: [], labels: {} }))];
    if (all.length > 0) this.#deps.onGroups(all);
  }
}

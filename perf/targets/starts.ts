/** When each target was asked, and how far that was from its rhythm. */

export interface StartFigures {
  /** Distances between two requests of a target that were compared with the interval. */
  readonly count: number;
  /** Of how far those distances are from the interval, either way; NaN without any. */
  readonly p99Ms: number;
  readonly maxMs: number;
  /** Requests that did not come: distances of more than one and a half intervals. */
  readonly missed: number;
}

export class ScrapeStarts {
  readonly #intervalMs: number;
  readonly #byTarget = new Map<number, number[]>();

  constructor(intervalMs: number) {
    this.#intervalMs = intervalMs;
  }

  /** @param arrivals  in the order of time. */
  add(arrivals: readonly (readonly [target: number, ms: number])[]): void {
    for (const [target, ms] of arrivals) {
      const known = this.#byTarget.get(target);
      if (known === undefined) this.#byTarget.set(target, [ms]);
      else known.push(ms);
    }
  }

  /** When the last of the first `targets` was asked for the first time; NaN if one never was. */
  allSeenMs(targets: number): number {
    let lastMs = 0;
    for (let target = 0; target < targets; target++) {
      lastMs = Math.max(lastMs, this.#byTarget.get(target)?.[0] ?? Number.NaN);
    }
    return lastMs;
  }

  /** Over the requests in `(fromMs, toMs]`, each with the one before it, of the targets that `isCounted` takes. */
  figures(fromMs: number, toMs: number, isCounted: (target: number) => boolean = () => true): StartFigures {
    const deviations: number[] = [];
    let missed = 0;
    for (const [target, times] of this.#byTarget) {
      if (!isCounted(target)) continue;
      for (let i = 1; i < times.length; i++) {
        const at = times[i] ?? 0;
        if (at <= fromMs || at > toMs) continue;
        const distance = at - (times[i - 1] ?? 0);
        missed += Math.max(0, Math.round(distance / this.#intervalMs) - 1);
        deviations.push(Math.abs(distance - this.#intervalMs));
      }
      // A target that is asked no more has no distance that would show it.
      const silentMs = toMs - (times.at(-1) ?? 0);
      missed += Math.max(0, Math.round(silentMs / this.#intervalMs - 1));
    }
    deviations.sort((a, b) => a - b);
    const p99Ms = deviations[Math.ceil(deviations.length * 0.99) - 1] ?? Number.NaN;
    return { count: deviations.length, p99Ms, maxMs: deviations.at(-1) ?? Number.NaN, missed };
  }
}

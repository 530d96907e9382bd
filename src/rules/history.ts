/**
 * Changes of alerts' states, newest last: bounded in number and in age. Lines of it go to a log, so that it outlives a
 * restart.
 */
import type { Clock } from "../base/index.js";
import { Labels, type Matcher } from "../model/index.js";
import type { AlertChange, AlertState } from "./alerting-rule.js";

export interface HistoryOptions {
  readonly retentionMs: number;
  readonly entriesMax: number;
}

/** Where lines are kept; each a JSON text without its line end. */
export interface HistoryLog {
  load(): Iterable<string>;
  append(line: string): void;
}

export interface HistoryQuery {
  readonly startMs: number;
  readonly endMs: number;
  /** Alerts whose labels match one of them; empty: all. */
  readonly matcherSets: readonly (readonly Matcher[])[];
  /** Newest that are shown; 0 is no limit. */
  readonly limit: number;
}

/** As the API shows a change. */
export interface ShownChange {
  readonly rule: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly from: AlertState;
  readonly to: AlertState;
  /** RFC 3339. */
  readonly time: string;
  readonly value: string;
}

interface Entry {
  readonly timeMs: number;
  readonly labels: Labels;
  readonly shown: ShownChange;
}

export class AlertHistory {
  readonly #options: HistoryOptions;
  readonly #log: HistoryLog;
  readonly #clock: Clock;
  readonly #entries: Entry[] = [];

  constructor(options: HistoryOptions, log: HistoryLog, clock: Clock) {
    this.#options = options;
    this.#log = log;
    this.#clock = clock;
    for (const line of log.load()) {
      const entry = entryOf(line);
      if (entry !== undefined) this.#entries.push(entry);
    }
    this.#forget();
  }

  add({ rule, labels, annotations, from, to, timeMs, value }: AlertChange): ShownChange {
    const shown: ShownChange = {
      rule,
      labels: labels.toObject(),
      annotations: annotations.toObject(),
      from,
      to,
      time: new Date(timeMs).toISOString(),
      value: String(value),
    };
    this.#entries.push({ timeMs, labels, shown });
    this.#log.append(JSON.stringify(shown));
    this.#forget();
    return shown;
  }

  query({ startMs, endMs, matcherSets, limit }: HistoryQuery): {
    readonly changes: readonly ShownChange[];
    readonly isCut: boolean;
  } {
    const found: ShownChange[] = [];
    for (let i = this.#entries.length - 1; i >= 0; i--) {
      const { timeMs, labels, shown } = this.#entries[i]!;
      if (timeMs < startMs || timeMs > endMs || !matchesAny(labels, matcherSets)) continue;
      if (limit > 0 && found.length === limit) return { changes: found.reverse(), isCut: true };
      found.push(shown);
    }
    return { changes: found.reverse(), isCut: false };
  }

  #forget(): void {
    const { retentionMs, entriesMax } = this.#options;
    const oldestMs = this.#clock.nowMs() - retentionMs;
    let count = Math.max(0, this.#entries.length - entriesMax);
    while (count < this.#entries.length && this.#entries[count]!.timeMs < oldestMs) count++;
    if (count > 0) this.#entries.splice(0, count);
  }
}

export function matchesAny(labels: Labels, matcherSets: readonly (readonly Matcher[])[]): boolean {
  if (matcherSets.length === 0) return true;
  return matcherSets.some((set) => set.every((matcher) => matcher.matches(labels.get(matcher.name))));
}

/** Undefined for a line that a kill has torn. */
function entryOf(line: string): Entry | undefined {
  let shown: ShownChange;
  try {
    shown = JSON.parse(line) as ShownChange;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
  if (typeof shown !== "object" || shown === null || typeof shown.labels !== "object") return undefined;
  const timeMs = Date.parse(shown.time);
  if (Number.isNaN(timeMs)) return undefined;
  return { timeMs, labels: Labels.of(shown.labels), shown };
}

export const NO_LOG: HistoryLog = { load: () => [], append: () => {} };

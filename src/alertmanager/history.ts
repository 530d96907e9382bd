/** The notifications that were tried, newest last: what, to whom, with which result. Bounded in number and age; kept over restarts. */
export interface HistoryEntry {
  readonly time: string;
  readonly receiver: string;
  readonly integration: string;
  readonly index: number;
  readonly groupKey: string;
  readonly reason: string;
  readonly attempt: number;
  /** `sent`, or `retry: WHY`, or `failed: WHY`. */
  readonly result: string;
  readonly firing: number;
  readonly resolved: number;
  readonly alerts: readonly string[];
}

export class NotificationHistory {
  readonly #entries: { readonly ms: number; readonly entry: HistoryEntry }[] = [];
  readonly #maxEntries: number;
  readonly #retentionMs: number;

  constructor(options: { readonly maxEntries: number; readonly retentionMs: number }) {
    this.#maxEntries = options.maxEntries;
    this.#retentionMs = options.retentionMs;
  }

  add(ms: number, entry: HistoryEntry): void {
    this.#entries.push({ ms, entry });
    let gone = Math.max(0, this.#entries.length - this.#maxEntries);
    while (gone < this.#entries.length && this.#entries[gone]!.ms < ms - this.#retentionMs) gone++;
    if (gone > 0) this.#entries.splice(0, gone);
  }

  /** The oldest first. */
  *all(): Generator<HistoryEntry> {
    for (const { entry } of this.#entries) yield entry;
  }

  /** The newest first. */
  find(filter: { readonly receiver?: string; readonly sinceMs?: number; readonly limit: number }): HistoryEntry[] {
    const found: HistoryEntry[] = [];
    for (const { ms, entry } of this.#entries.toReversed()) {
      if (found.length >= filter.limit) break;
      if (filter.sinceMs !== undefined && ms < filter.sinceMs) break;
      if (filter.receiver === undefined || filter.receiver === entry.receiver) found.push(entry);
    }
    return found;
  }
}

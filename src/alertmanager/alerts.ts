/** All alerts that are known, by fingerprint. Whoever listens hears of each report, in order. */
import { type Alert, mergeAlerts } from "./alert.js";
import type { NanoClock } from "./now.js";

export interface AlertListener {
  /** @param older  what was known of it. */
  onAlert(alert: Alert, older?: Alert): void;
  onGone?(alerts: readonly Alert[]): void;
}

export interface AlertsOptions {
  readonly now: NanoClock;
  /** Alerts of one alertname; 0 is no limit. */
  readonly maxPerName: number;
}

export class Alerts {
  readonly #options: AlertsOptions;
  readonly #byFingerprint = new Map<string, Alert>();
  readonly #countByName = new Map<string, number>();
  readonly #listeners = new Set<AlertListener>();
  limitedCount = 0;

  constructor(options: AlertsOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#byFingerprint.size;
  }

  all(): Iterable<Alert> {
    return this.#byFingerprint.values();
  }

  get(fingerprint: string): Alert | undefined {
    return this.#byFingerprint.get(fingerprint);
  }

  /** The listener gets all alerts there are first. */
  subscribe(listener: AlertListener): void {
    for (const alert of this.#byFingerprint.values()) listener.onAlert(alert);
    this.#listeners.add(listener);
  }

  unsubscribe(listener: AlertListener): void {
    this.#listeners.delete(listener);
  }

  put(alerts: readonly Alert[]): void {
    for (const given of alerts) this.#putOne(given);
  }

  #putOne(given: Alert): void {
    const old = this.#byFingerprint.get(given.fingerprint);
    const { now, maxPerName } = this.#options;
    if (old === undefined) {
      const count = this.#countByName.get(given.name) ?? 0;
      if (maxPerName > 0 && count >= maxPerName) {
        this.limitedCount++;
        return;
      }
      this.#countByName.set(given.name, count + 1);
    }
    const news = old === undefined ? given : given.sharing(old);
    const alert = old !== undefined && overlaps(old, news) ? mergeAlerts(old, news, now.nano()) : news;
    this.#byFingerprint.set(alert.fingerprint, alert);
    for (const listener of this.#listeners) listener.onAlert(alert, old);
  }

  /** Forgets what is resolved: groups that have not yet told of it hold it themselves. */
  collectGarbage(): readonly Alert[] {
    const nowNano = this.#options.now.nano();
    const gone = [...this.#byFingerprint.values()].filter((alert) => alert.resolvedAt(nowNano));
    for (const alert of gone) {
      this.#byFingerprint.delete(alert.fingerprint);
      const count = (this.#countByName.get(alert.name) ?? 1) - 1;
      if (count === 0) this.#countByName.delete(alert.name);
      else this.#countByName.set(alert.name, count);
    }
    if (gone.length > 0) for (const listener of this.#listeners) listener.onGone?.(gone);
    return gone;
  }
}

function overlaps(old: Alert, given: Alert): boolean {
  const within = (instant: bigint): boolean => instant > old.startsAt.unixNano && instant < old.endsAt.unixNano;
  return within(given.endsAt.unixNano) || within(given.startsAt.unixNano);
}

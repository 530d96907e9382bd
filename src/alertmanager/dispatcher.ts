/** Alerts to groups, and each group to its notifications at its times. */
import { errorMessage, type Logger, type Timers } from "../base/index.js";
import { type Alert, compareAlerts } from "./alert.js";
import type { AlertListener } from "./alerts.js";
import type { GroupMarkers } from "./group-markers.js";
import { compareLabelSets, type LabelSet, labelsText } from "./labels.js";
import type { NanoClock } from "./now.js";
import type { FlushContext, Notify } from "./pipeline/context.js";
import type { Route } from "./route.js";

export interface DispatcherOptions {
  readonly route: Route;
  readonly notify: Notify;
  readonly markers: GroupMarkers;
  readonly now: NanoClock;
  readonly timers: Timers;
  readonly log: Logger;
  /** No group tells of anything before. */
  readonly startMs: number;
  /** How often groups that ended are forgotten; until then a group that comes anew is shown as muted by what muted the old one. */
  readonly maintenanceIntervalMs: number;
  /** How long a flush may take whose group flushes every `intervalMs`. */
  readonly timeoutMs: (intervalMs: number) => number;
}

export interface AlertGroup {
  readonly route: Route;
  readonly labels: LabelSet;
  readonly key: string;
  readonly alerts: readonly Alert[];
}

class Group {
  readonly route: Route;
  readonly labels: LabelSet;
  readonly key: string;
  readonly alerts = new Map<string, Alert>();
  isStopped = false;
  /** Nothing is left to tell of: the next alert of these labels begins a new group. */
  isEnded = false;
  /** Of the flush that runs. */
  abort: AbortController | undefined;
  #stopTimer: (() => void) | undefined;
  #isFlushing = false;
  #isDue = false;

  constructor(route: Route, labels: LabelSet) {
    this.route = route;
    this.labels = labels;
    this.key = `${route.key}:${labelsText(labels)}`;
  }

  schedule(timers: Timers, ms: number, flush: () => Promise<void>): void {
    this.#stopTimer?.();
    this.#stopTimer = timers.after(ms, () => void this.#run(flush));
  }

  /** One at a time: a flush that comes due during another follows it at once. */
  async #run(flush: () => Promise<void>): Promise<void> {
    if (this.#isFlushing) {
      this.#isDue = true;
      return;
    }
    this.#isFlushing = true;
    await flush();
    this.#isFlushing = false;
    if (this.#isDue && !this.isStopped) {
      this.#isDue = false;
      await this.#run(flush);
    }
  }

  stop(): void {
    this.#stopTimer?.();
    this.isStopped = true;
    this.abort?.abort();
  }
}

export class Dispatcher implements AlertListener {
  readonly #options: DispatcherOptions;
  /** By route and the text of the group's labels. */
  readonly #groups = new Map<Route, Map<string, Group>>();
  readonly #running = new Set<Promise<void>>();
  #count = 0;
  processedCount = 0;
  processedSeconds = 0;

  readonly #stopMaintenance: (() => void) | undefined;

  constructor(options: DispatcherOptions) {
    this.#options = options;
    const { timers, maintenanceIntervalMs } = options;
    if (maintenanceIntervalMs > 0) this.#stopMaintenance = timers.every(maintenanceIntervalMs, () => this.#maintain());
  }

  /** With those that ended and are not forgotten yet. */
  get groupCount(): number {
    return this.#count;
  }

  onAlert(alert: Alert): void {
    const began = performance.now();
    for (const route of this.#options.route.match(alert.labels)) this.#add(alert, route);
    this.processedCount++;
    this.processedSeconds += (performance.now() - began) / 1000;
  }

  #add(alert: Alert, route: Route): void {
    const { groupByAll, groupBy } = route.options;
    const labels = groupByAll ? alert.labels : new Map([...alert.labels].filter(([name]) => groupBy.has(name)));
    const text = labelsText(labels);
    let groups = this.#groups.get(route);
    if (groups === undefined) {
      groups = new Map();
      this.#groups.set(route, groups);
    }
    const known = groups.get(text);
    if (known?.isEnded === false) {
      known.alerts.set(alert.fingerprint, alert);
      return;
    }
    const group = new Group(route, labels);
    group.alerts.set(alert.fingerprint, alert);
    groups.set(text, group);
    if (known === undefined) this.#count++;
    const { now, startMs, timers } = this.#options;
    const { groupWaitMs } = route.options;
    // An alert that has waited elsewhere need not wait again.
    const hasWaited = alert.startsAt.unixMs + groupWaitMs < now.ms();
    const waitMs = Math.max(hasWaited ? 0 : groupWaitMs, startMs - now.ms());
    group.schedule(timers, waitMs, () => this.#track(this.#flush(group)));
  }

  #track(flush: Promise<void>): Promise<void> {
    this.#running.add(flush);
    return flush.finally(() => this.#running.delete(flush));
  }

  async #flush(group: Group): Promise<void> {
    const { now, notify, timers, timeoutMs, log } = this.#options;
    const { options, id } = group.route;
    const nowNano = now.nano();
    group.schedule(timers, options.groupIntervalMs, () => this.#track(this.#flush(group)));
    if (group.alerts.size === 0) return;
    const given = [...group.alerts.values()];
    const alerts = given.map((alert) => alert.shownAt(nowNano)).sort(compareAlerts);
    const abort = new AbortController();
    group.abort = abort;
    const stopLimit = timers.after(Math.min(timeoutMs(options.groupIntervalMs), 2 ** 31 - 1), () =>
      abort.abort(new DOMException("The flush took too long", "TimeoutError")),
    );
    const context: FlushContext = {
      groupKey: group.key,
      groupLabels: group.labels,
      receiver: options.receiver,
      routeId: id,
      nowNano,
      repeatIntervalMs: options.repeatIntervalMs,
      muteTimeIntervals: options.muteTimeIntervals,
      activeTimeIntervals: options.activeTimeIntervals,
      signal: abort.signal,
    };
    try {
      await notify(context, alerts);
    } catch (error) {
      const { isStopped } = group;
      const fields = {
        component: "dispatcher",
        aggrGroup: group.key,
        num_alerts: alerts.length,
        err: errorMessage(error),
      };
      if (isStopped) log.debug("Notify for alerts failed", fields);
      else log.error("Notify for alerts failed", fields);
      return;
    } finally {
      stopLimit();
      group.abort = undefined;
    }
    // What was told to be resolved is forgotten, unless it changed meanwhile.
    for (const alert of given) {
      if (alert.resolvedAt(nowNano) && group.alerts.get(alert.fingerprint) === alert)
        group.alerts.delete(alert.fingerprint);
    }
    if (group.alerts.size > 0) return;
    group.stop();
    group.isEnded = true;
  }

  #maintain(): void {
    for (const groups of this.#groups.values()) {
      for (const [text, group] of groups) {
        if (!group.isEnded) continue;
        groups.delete(text);
        this.#count--;
        this.#options.markers.delete(group.route.id, group.key);
      }
    }
  }

  /** All groups, sorted by their labels. */
  groups(): AlertGroup[] {
    const all: AlertGroup[] = [];
    for (const groups of this.#groups.values()) {
      for (const { route, labels, key, alerts } of groups.values()) {
        if (alerts.size > 0) all.push({ route, labels, key, alerts: [...alerts.values()] });
      }
    }
    return all.sort(
      (a, b) => compareLabelSets(a.labels, b.labels) || (a.route.options.receiver < b.route.options.receiver ? -1 : 1),
    );
  }

  /** Ends all timers and notifications, and waits until none runs. */
  async stop(): Promise<void> {
    this.#stopMaintenance?.();
    for (const groups of this.#groups.values()) for (const group of groups.values()) group.stop();
    this.#groups.clear();
    this.#count = 0;
    await Promise.allSettled(this.#running);
  }
}

/**
 * Sends alerts to Alertmanagers. One queue, bounded by dropping the oldest; batches go to every Alertmanager of every set
 * at once, and a batch is lost when no member of some set took it.
 */
import { type Clock, errorMessage, type Logger, VestalError } from "../base/index.js";
import type { AlertmanagerConfig } from "../config/index.js";
import type { TargetGroup } from "../discovery/index.js";
import { HttpClient } from "../http/index.js";
import { Labels } from "../model/index.js";
import { type CompiledRule, compileRules, type RelabelRule } from "../relabel/index.js";
import { type Alert, encodeAlerts, relabelAlerts } from "./alert.js";
import { type AlertmanagerQuestion, type AlertmanagerReply, askAlertmanager } from "./questions.js";
import { alertmanagerOf } from "./target.js";

export interface NotifierOptions {
  /** `--alertmanager.notification-queue-capacity` */
  readonly queueCapacity: number;
  /** `--alertmanager.notification-batch-size` */
  readonly batchSize: number;
  /** `--alertmanager.drain-notification-queue-on-shutdown` */
  readonly drainsOnShutdown: boolean;
  readonly userAgent: string;
}

export interface NotifierDeps {
  readonly clock: Clock;
  readonly log: Logger;
  readonly onDropped: (alerts: number) => void;
  readonly onSent: (url: string, alerts: number, seconds: number, isFailed: boolean) => void;
  /** An Alertmanager is there, or is gone. */
  readonly onKnown: (url: string) => void;
  readonly onForgotten: (url: string) => void;
}

export interface NotifierConfig {
  readonly externalLabels: Readonly<Record<string, string>>;
  readonly alertRelabelRules: readonly RelabelRule[];
  readonly alertmanagers: readonly AlertmanagerConfig[];
}

/** Answers of Alertmanagers are looked at for their status only. */
const BODY_BYTES_MAX = 1 << 20;

interface AlertmanagerSet {
  readonly config: AlertmanagerConfig;
  readonly client: HttpClient;
  readonly rules: readonly CompiledRule[];
  /** By source. */
  readonly groups: Map<string, TargetGroup>;
  urls: readonly string[];
  droppedUrls: readonly string[];
}

export class Notifier {
  readonly #options: NotifierOptions;
  readonly #deps: NotifierDeps;
  #sets: readonly AlertmanagerSet[] = [];
  #rules: readonly CompiledRule[] = [];
  #externalLabels = Labels.EMPTY;
  #queue: Alert[] = [];
  #sending: Promise<void> | undefined;
  #isStopped = false;

  constructor(options: NotifierOptions, deps: NotifierDeps) {
    this.#options = options;
    this.#deps = deps;
  }

  get queueLength(): number {
    return this.#queue.length;
  }

  get urls(): readonly string[] {
    return this.#sets.flatMap(({ urls }) => urls);
  }

  get droppedUrls(): readonly string[] {
    return this.#sets.flatMap(({ droppedUrls }) => droppedUrls);
  }

  /** Sets that have not changed keep what was discovered for them. */
  apply(config: NotifierConfig): void {
    this.#externalLabels = Labels.of(config.externalLabels);
    this.#rules = compileRules(config.alertRelabelRules);
    const old = new Map(this.#sets.map((set, i) => [`${i} ${set.config.hash}`, set]));
    const before = new Set(this.urls);
    this.#sets = config.alertmanagers.map((alertmanager, i) => {
      const key = `${i} ${alertmanager.hash}`;
      const known = old.get(key);
      old.delete(key);
      return known ?? this.#newSet(alertmanager);
    });
    for (const { client } of old.values()) client.close();
    this.#announce(before);
  }

  /** What discovery found for the set at `index`; groups replace those of the same source. */
  setGroups(index: number, groups: readonly TargetGroup[]): void {
    const set = this.#sets[index];
    if (set === undefined) return;
    const before = new Set(this.urls);
    for (const group of groups) set.groups.set(group.source, group);
    this.#sync(set);
    this.#announce(before);
  }

  #newSet(config: AlertmanagerConfig): AlertmanagerSet {
    const set: AlertmanagerSet = {
      config,
      client: new HttpClient(config.http, this.#options.userAgent),
      rules: compileRules(config.alertRelabelRules),
      groups: new Map(),
      urls: [],
      droppedUrls: [],
    };
    for (const [i, { targets, labels }] of config.staticGroups.entries()) {
      const source = `static/${i}`;
      set.groups.set(source, { source, targets: targets.map((address) => ({ __address__: address })), labels });
    }
    this.#sync(set);
    return set;
  }

  #sync(set: AlertmanagerSet): void {
    const urls = new Set<string>();
    const dropped: string[] = [];
    for (const group of set.groups.values()) {
      for (const target of group.targets) {
        const outcome = alertmanagerOf(set.config, target, group.labels);
        if (outcome.kind === "active") urls.add(outcome.url);
        else if (outcome.kind === "dropped") dropped.push(outcome.url);
        else this.#deps.log.error("Creating discovered Alertmanagers failed", { err: outcome.reason });
      }
    }
    set.urls = [...urls];
    set.droppedUrls = dropped;
  }

  #announce(before: ReadonlySet<string>): void {
    const now = new Set(this.urls);
    for (const url of now) if (!before.has(url)) this.#deps.onKnown(url);
    for (const url of before) if (!now.has(url)) this.#deps.onForgotten(url);
  }

  /** Asks the Alertmanager to which alerts are sent at `url`; undefined if there is none such. */
  async ask(url: string, question: AlertmanagerQuestion): Promise<AlertmanagerReply | undefined> {
    const set = this.#sets.find(({ urls }) => urls.includes(url));
    return set === undefined ? undefined : askAlertmanager(set.client, url, set.config.timeoutMs, question);
  }

  // ── sending ────────────────────────────────────────────────────────────────────────────────────────────────────

  send(alerts: readonly Alert[]): void {
    let relabelled = relabelAlerts(alerts, this.#rules, this.#externalLabels);
    if (relabelled.length === 0 || this.#isStopped) return;
    const { queueCapacity } = this.#options;
    const tooMany = relabelled.length - queueCapacity;
    if (tooMany > 0) {
      relabelled = relabelled.slice(tooMany);
      this.#drop("Alert batch larger than queue capacity, dropping alerts", tooMany);
    }
    const oldest = this.#queue.length + relabelled.length - queueCapacity;
    if (oldest > 0) {
      this.#queue.splice(0, oldest);
      this.#drop("Alert notification queue full, dropping alerts", oldest);
    }
    this.#queue.push(...relabelled);
    this.#sending ??= this.#run();
  }

  #drop(message: string, count: number): void {
    this.#deps.log.warn(message, { num_dropped: count });
    this.#deps.onDropped(count);
  }

  /** Sends what waits, where it should, and ends. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    const left = this.#queue.length;
    if (left > 0 && !this.#options.drainsOnShutdown) {
      this.#queue = [];
      this.#drop("Alert notification queue not drained on shutdown, dropping alerts", left);
    }
    await this.#sending;
    for (const { client } of this.#sets) client.close();
  }

  async #run(): Promise<void> {
    // What is put into the queue in this turn of the event loop goes in one batch.
    await Promise.resolve();
    while (this.#queue.length > 0) {
      const batch = this.#queue.splice(0, this.#options.batchSize);
      if (!(await this.#sendAll(batch))) this.#deps.onDropped(batch.length);
    }
    this.#sending = undefined;
  }

  /** False where some set has no member that took the alerts. */
  async #sendAll(alerts: readonly Alert[]): Promise<boolean> {
    const everything = encodeAlerts(alerts);
    const covered = await Promise.all(
      this.#sets.map(async (set) => {
        if (set.urls.length === 0) return true;
        const own = set.rules.length === 0 ? alerts : relabelAlerts(alerts, set.rules);
        if (own.length === 0) return true;
        const body = own === alerts ? everything : encodeAlerts(own);
        const taken = await Promise.all(set.urls.map((url) => this.#sendOne(set, url, body, own.length)));
        return taken.includes(true);
      }),
    );
    return !covered.includes(false);
  }

  async #sendOne({ client, config }: AlertmanagerSet, url: string, body: string, count: number): Promise<boolean> {
    const { clock, log, onSent } = this.#deps;
    const startedMs = clock.monotonicMs();
    let problem: string | undefined;
    try {
      const { status } = await client.request({
        method: "POST",
        url,
        headers: { "content-type": "application/json" },
        body,
        timeoutMs: config.timeoutMs,
        bodyBytesMax: BODY_BYTES_MAX,
      });
      if (status < 200 || status > 299) problem = `bad response status ${status}`;
    } catch (error) {
      if (!(error instanceof VestalError)) throw error;
      problem = errorMessage(error);
    }
    if (problem !== undefined) log.error("Error sending alerts", { alertmanager: url, count, err: problem });
    onSent(url, count, (clock.monotonicMs() - startedMs) / 1000, problem !== undefined);
    return problem === undefined;
  }
}

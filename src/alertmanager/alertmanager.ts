/** An Alertmanager as a whole: its state, the configuration in force, and what a request or a report of an alert does. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { dirname } from "node:path";
import { type Clock, errorMessage, type Logger, type Timers, VestalError } from "../base/index.js";
import { formatRfc3339, type GoTime } from "../template/index.js";
import { Alerts } from "./alerts.js";
import { type Answer, ApiError, type ApiRequest, json, text } from "./api/answer.js";
import { handlePlain } from "./api/plain.js";
import { type ApiDeps, type ClusterStatus, handleV2 } from "./api/v2.js";
import { type AlertmanagerConfig, loadAlertmanagerConfig } from "./config/load.js";
import type { TimeIntervalSection } from "./config/time-interval.js";
import { Dispatcher } from "./dispatcher.js";
import { GroupMarkers } from "./group-markers.js";
import { NotificationHistory } from "./history.js";
import { Inhibitor } from "./inhibitor.js";
import { type MatcherMode, type MatcherSyntax, matcherSyntax } from "./matchers/parse.js";
import { AlertmanagerMetrics } from "./metrics.js";
import { NotificationLog } from "./nflog.js";
import { NotificationTemplates, readTemplates } from "./notification-templates.js";
import { NanoClock } from "./now.js";
import type { Integration } from "./pipeline/context.js";
import { type AttemptRecord, type ClusterSide, type PipelineObserver, pipeline } from "./pipeline/pipeline.js";
import { buildIntegrations } from "./receivers/index.js";
import { Route } from "./route.js";
import { Silences } from "./silences.js";
import type { MeshEntry } from "./state/nflog-codec.js";
import type { MeshSilence } from "./state/silence-codec.js";
import { AlertmanagerStorage } from "./storage.js";

export type { ClusterStatus };

export interface AlertmanagerOptions {
  readonly configFile: string;
  readonly storagePath: string;
  readonly retentionMs: number;
  readonly maintenanceIntervalMs: number;
  readonly maxSilences: number;
  readonly maxSilenceBytes: number;
  readonly logsSilences: boolean;
  readonly alertGcIntervalMs: number;
  readonly maxAlertsPerName: number;
  readonly dispatchStartDelayMs: number;
  readonly dispatchMaintenanceIntervalMs: number;
  readonly externalUrl: string;
  readonly matcherMode: MatcherMode;
  readonly historyMaxEntries: number;
}

/** What a cluster is to an Alertmanager: nothing, or `cluster/`. */
export interface Cluster extends ClusterSide {
  status(): ClusterStatus;
  metrics(): { readonly members: number; readonly failed: number; readonly position: number };
  broadcastSilence(silence: MeshSilence): void;
  broadcastEntry(entry: MeshEntry): void;
}

export interface AlertmanagerDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Logger;
  readonly random: () => number;
  readonly cluster: Cluster | undefined;
}

const ALONE: ClusterSide = {
  settled: async () => undefined,
  waitMs: () => 0,
  othersDone: async () => undefined,
  sending: () => () => undefined,
};

/** A flush has this long at least, however often its group flushes. */
const MIN_TIMEOUT_MS = 10_000;
const HISTORY_LIMIT = 1000;

interface Running {
  readonly config: AlertmanagerConfig;
  readonly route: Route;
  readonly inhibitor: Inhibitor;
  readonly dispatcher: Dispatcher;
  readonly integrations: ReadonlyMap<string, readonly Integration[]>;
}

export class Alertmanager {
  readonly #options: AlertmanagerOptions;
  readonly #deps: AlertmanagerDeps;
  readonly #now: NanoClock;
  readonly #syntax: MatcherSyntax;
  readonly #storage: AlertmanagerStorage;
  readonly #markers = new GroupMarkers();
  readonly #metrics = new AlertmanagerMetrics();
  readonly #history: NotificationHistory;
  readonly #startedAt: GoTime;
  readonly #stops: (() => void)[] = [];
  readonly alerts: Alerts;
  readonly silences: Silences;
  readonly nflog: NotificationLog;
  #running: Running | undefined;
  #isReloaded = false;
  #reloadedMs = 0;

  constructor(options: AlertmanagerOptions, deps: AlertmanagerDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#now = new NanoClock(deps.clock);
    this.#startedAt = this.#now.time();
    this.#syntax = matcherSyntax(options.matcherMode);
    this.#storage = new AlertmanagerStorage(options.storagePath, deps.log);
    this.#history = new NotificationHistory({
      maxEntries: options.historyMaxEntries,
      retentionMs: options.retentionMs,
    });
    this.alerts = new Alerts({ now: this.#now, maxPerName: options.maxAlertsPerName });
    this.silences = new Silences({
      now: this.#now,
      retentionMs: options.retentionMs,
      maxSilences: options.maxSilences,
      maxSilenceBytes: options.maxSilenceBytes,
      syntax: this.#syntax,
      onChange: (silence) => this.#onSilence(silence),
      onQuery: (seconds) => this.#metrics.parts.silences.queries.observe(seconds),
    });
    this.nflog = new NotificationLog({
      now: this.#now,
      retentionMs: options.retentionMs,
      onEntry: (entry) => {
        this.#storage.entry(entry);
        deps.cluster?.broadcastEntry(entry);
      },
      onQuery: (seconds) => this.#metrics.parts.nflog.queries.observe(seconds),
    });
  }

  #onSilence(mesh: MeshSilence): void {
    this.#storage.silence(mesh);
    this.#deps.cluster?.broadcastSilence(mesh);
    if (!this.#options.logsSilences) return;
    const { id, createdBy, comment } = mesh.silence;
    this.#deps.log.info("silence changed", { component: "silences", id, created_by: createdBy, comment });
  }

  /** Reads state and configuration, and begins. @throws VestalError */
  async start(): Promise<void> {
    const state = this.#storage.load();
    for (const silence of state.silences) this.silences.merge(silence);
    for (const entry of state.entries) this.nflog.merge(entry);
    this.alerts.put(state.alerts);
    for (const entry of state.history) this.#history.add(Date.parse(entry.time), entry);
    this.alerts.subscribe({
      onAlert: (alert, older) => this.#storage.alert(alert, older),
      onGone: (gone) => this.silences.forget(gone.map(({ fingerprint }) => fingerprint)),
    });
    await this.#apply(this.#readConfig());
    const { timers } = this.#deps;
    const { alertGcIntervalMs, maintenanceIntervalMs } = this.#options;
    if (alertGcIntervalMs > 0) this.#stops.push(timers.every(alertGcIntervalMs, () => this.alerts.collectGarbage()));
    if (maintenanceIntervalMs > 0) this.#stops.push(timers.every(maintenanceIntervalMs, () => this.maintain()));
  }

  /** What another member knows: kept here, and in this member's journal. */
  mergeSilence(silence: MeshSilence): boolean {
    if (!this.silences.merge(silence)) return false;
    this.#metrics.parts.silences.propagated++;
    this.#storage.silence(silence);
    return true;
  }

  mergeEntry(entry: MeshEntry): boolean {
    if (!this.nflog.merge(entry)) return false;
    this.#metrics.parts.nflog.propagated++;
    this.#storage.entry(entry);
    return true;
  }

  #readConfig(): AlertmanagerConfig {
    const { configFile } = this.#options;
    let source: string;
    try {
      source = readFileSync(configFile, "utf8");
    } catch (error) {
      throw new VestalError("CONFIG", `open ${configFile}: ${errorMessage(error)}`, { configFile }, error);
    }
    return loadAlertmanagerConfig(source, dirname(configFile), this.#syntax);
  }

  /** Reads the configuration again; what is wrong with it leaves the old one in force. @throws VestalError */
  async reload(): Promise<void> {
    const { log } = this.#deps;
    const file = this.#options.configFile;
    log.info("Loading configuration file", { component: "configuration", file });
    try {
      await this.#apply(this.#readConfig());
    } catch (error) {
      this.#isReloaded = false;
      log.error("Loading configuration file failed", { component: "configuration", file, err: errorMessage(error) });
      throw error;
    }
    log.info("Completed loading of configuration file", { component: "configuration", file });
  }

  async #apply(config: AlertmanagerConfig): Promise<void> {
    const { log, timers, random, cluster } = this.#deps;
    const templates = new NotificationTemplates(readTemplates(config.templates));
    const route = new Route(config.route, this.#syntax);
    for (const section of ["tracing", "event_recorder"] as const) {
      if (config.document[section] !== undefined) {
        log.warn("a section of the configuration is accepted and does nothing here", { section });
      }
    }
    const used = new Set<string>();
    const walk = (at: Route): void => {
      used.add(at.options.receiver);
      for (const child of at.routes) walk(child);
    };
    walk(route);
    const deps = { templates, externalUrl: this.#options.externalUrl, now: this.#now };
    const integrations = new Map(
      config.receivers
        .filter(({ name }) => used.has(name))
        .map((receiver) => [receiver.name, buildIntegrations(receiver, deps)] as const),
    );
    const intervals = new Map<string, readonly TimeIntervalSection[]>();
    for (const { name, time_intervals } of [
      ...(config.document.mute_time_intervals ?? []),
      ...(config.document.time_intervals ?? []),
    ]) {
      intervals.set(name, time_intervals ?? []);
    }
    await this.#stopRunning();
    const inhibitor = new Inhibitor(config.document.inhibit_rules ?? [], this.#syntax);
    const side = cluster ?? ALONE;
    const notify = pipeline({
      inhibitor,
      silences: this.silences,
      intervals,
      markers: this.#markers,
      now: this.#now,
      onSuppressed: (reason, count) => this.#metrics.suppressed.add(count, reason),
      integrations,
      nflog: this.nflog,
      cluster: side,
      observer: this.#observer(),
      log,
      random,
    });
    const dispatcher = new Dispatcher({
      route,
      notify,
      markers: this.#markers,
      now: this.#now,
      timers,
      log,
      startMs: this.#startedAt.unixMs + this.#options.dispatchStartDelayMs,
      maintenanceIntervalMs: this.#options.dispatchMaintenanceIntervalMs,
      timeoutMs: (intervalMs) => Math.max(intervalMs, MIN_TIMEOUT_MS) + side.waitMs(),
    });
    this.#running = { config, route, inhibitor, dispatcher, integrations };
    this.#isReloaded = true;
    this.#reloadedMs = this.#now.ms();
    // Inhibition first, so that nobody is told of what is inhibited.
    this.alerts.subscribe(inhibitor);
    this.alerts.subscribe(dispatcher);
  }

  async #stopRunning(): Promise<void> {
    const running = this.#running;
    if (running === undefined) return;
    this.alerts.unsubscribe(running.inhibitor);
    this.alerts.unsubscribe(running.dispatcher);
    await running.dispatcher.stop();
    for (const list of running.integrations.values()) for (const integration of list) integration.close();
  }

  #observer(): PipelineObserver {
    const metrics = this.#metrics;
    const fields = ({ receiver, groupKey, reason, alerts, attempt }: AttemptRecord) => ({
      time: formatRfc3339(this.#now.time()),
      receiver: receiver.groupName,
      integration: receiver.integration,
      index: receiver.index,
      groupKey,
      reason,
      attempt,
      alerts: alerts.map(({ fingerprint }) => fingerprint),
    });
    return {
      onNotification: ({ name }) => metrics.notifications.add(1, name),
      onAttempt: ({ name }, seconds, isFailed) => {
        metrics.latency.observe(seconds, name);
        metrics.requests.add(1, name);
        if (isFailed) metrics.requestsFailed.add(1, name);
      },
      onFailed: ({ name }, { reason }) => metrics.notificationsFailed.add(1, name, reason),
      beforeAttempt: ({ alerts, ...record }) =>
        this.#storage.attempt({ ...fields({ ...record, alerts: [] }), count: alerts.length }),
      afterAttempt: (record, result) => {
        const nowNano = this.#now.nano();
        const firing = record.alerts.filter((alert) => !alert.resolvedAt(nowNano)).length;
        const entry = { ...fields(record), result, firing, resolved: record.alerts.length - firing };
        this.#storage.result(entry);
        this.#history.add(this.#now.ms(), entry);
      },
    };
  }

  /** Garbage collection and new files. */
  maintain(): void {
    for (const part of ["silences", "nflog"]) this.#metrics.maintenance.add(1, part);
    try {
      const { silences, nflog } = this.#metrics.parts;
      const timed = <T>(durations: { observe(seconds: number): void }, act: () => T): T => {
        const began = performance.now();
        const result = act();
        durations.observe((performance.now() - began) / 1000);
        return result;
      };
      timed(silences.gc, () => this.silences.collectGarbage());
      timed(nflog.gc, () => this.nflog.collectGarbage());
      const durations = { silences: silences.snapshot, nflog: nflog.snapshot };
      const state = {
        silences: this.silences.all(),
        entries: this.nflog.all(),
        alerts: this.alerts.all(),
        history: this.#history.all(),
      };
      this.#metrics.snapshotBytes = this.#storage.snapshot(state, (part, write) => timed(durations[part], write));
    } catch (error) {
      for (const part of ["silences", "nflog"]) this.#metrics.maintenanceErrors.add(1, part);
      this.#deps.log.error("Running maintenance failed", { err: errorMessage(error) });
    }
  }

  async stop(): Promise<void> {
    for (const stop of this.#stops) stop();
    await this.#stopRunning();
    this.maintain();
    this.#storage.close();
  }

  /** Answers a request whose path is without the route prefix. */
  async handle(request: ApiRequest): Promise<Answer> {
    const { path } = request;
    try {
      if (path.startsWith("/api/v2/")) return handleV2(path.slice("/api/v2".length), request, this.#apiDeps());
      return await handlePlain(request, {
        history: () => this.#historyAnswer(request),
        reload: () => this.#reloadAnswer(),
        metrics: () => this.metricsPage(),
      });
    } catch (error) {
      if (error instanceof ApiError) return error.answer;
      throw error;
    }
  }

  async #reloadAnswer(): Promise<Answer> {
    try {
      await this.reload();
    } catch (error) {
      return text(`failed to reload config: ${errorMessage(error)}\n`, 500);
    }
    return { status: 200, body: "" };
  }

  #historyAnswer({ query }: ApiRequest): Answer {
    const limit = Math.min(Number(query.get("limit") ?? HISTORY_LIMIT) || HISTORY_LIMIT, HISTORY_LIMIT);
    const receiver = query.get("receiver");
    const since = query.get("since");
    const sinceMs = since === null ? undefined : /^[0-9.]+$/.test(since) ? Number(since) * 1000 : Date.parse(since);
    const data = this.#history.find({
      limit,
      ...(receiver !== null && { receiver }),
      ...(sinceMs !== undefined && Number.isFinite(sinceMs) && { sinceMs }),
    });
    return json({ status: "success", data });
  }

  #apiDeps(): ApiDeps {
    // Requests come after the start.
    const running = this.#running!;
    return {
      alerts: this.alerts,
      silences: this.silences,
      now: this.#now,
      syntax: this.#syntax,
      startedAt: this.#startedAt,
      config: () => running.config,
      route: () => running.route,
      groups: () => running.dispatcher.groups(),
      inhibitedBy: (labels, nowNano) => running.inhibitor.inhibitedBy(labels, nowNano),
      mutedBy: (routeId, groupKey) => this.#markers.get(routeId, groupKey),
      cluster: () => this.#deps.cluster?.status(),
      onReceived: (isFiring) => this.#metrics.received.add(1, isFiring ? "firing" : "resolved", "v2"),
      onInvalid: () => this.#metrics.invalid.add(1, "v2"),
    };
  }

  get metrics(): AlertmanagerMetrics {
    return this.#metrics;
  }

  metricsPage(): string {
    const running = this.#running!;
    return this.#metrics.page({
      alerts: () => {
        const nowNano = this.#now.nano();
        let [active, suppressed] = [0, 0];
        for (const alert of this.alerts.all()) {
          if (alert.resolvedAt(nowNano)) continue;
          const isMuted =
            this.silences.silencedBy(alert.labels, alert.fingerprint).length > 0 ||
            running.inhibitor.inhibitedBy(alert.labels, nowNano).length > 0;
          if (isMuted) suppressed++;
          else active++;
        }
        return { active, suppressed };
      },
      silences: () => ({
        active: this.silences.count("active"),
        pending: this.silences.count("pending"),
        expired: this.silences.count("expired"),
        all: this.silences.size,
      }),
      groups: () => running.dispatcher.groupCount,
      processing: () => ({
        count: running.dispatcher.processedCount,
        seconds: running.dispatcher.processedSeconds,
      }),
      silenceQueries: () => ({ scanned: this.silences.scannedCount, skipped: this.silences.skippedCount }),
      limited: () => this.alerts.limitedCount,
      perNameLimit: this.#options.maxAlertsPerName,
      config: () => ({
        hash: Number.parseInt(createHash("md5").update(running.config.source).digest("hex").slice(0, 12), 16),
        isReloaded: this.#isReloaded,
        reloadedSeconds: this.#reloadedMs / 1000,
        receivers: running.integrations.size,
        integrations: [...running.integrations.values()].reduce((sum, list) => sum + list.length, 0),
        inhibitRules: running.config.document.inhibit_rules?.length ?? 0,
      }),
      cluster: () => this.#deps.cluster?.metrics(),
    });
  }
}

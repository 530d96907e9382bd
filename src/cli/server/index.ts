/**
 * `vestal server`: joins every part. The order of the start matters:
 *
 *   lock the directory ─► read the configuration (a bad one ends the start) ─► listen (not ready) ─► replay in all shards
 *   ─► open the log ─► targets to the shards ─► ready
 *
 * The end goes the other way round; what was acknowledged is in the log by then.
 */
import { existsSync, mkdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { createRouter, type HttpServer, LiveHub, ROUTES } from "../../api/index.js";
import {
  createLogger,
  deferred,
  errorCode,
  errorMessage,
  type Logger,
  systemClock,
  systemFiles,
  systemReason,
  systemTimers,
  VestalError,
} from "../../base/index.js";
import { observeHttp, Registry } from "../../metrics/index.js";
import { OtlpReceiver, WriteReceiver } from "../../remote/index.js";
import { DEFAULT_ENGINE_OPTIONS } from "../../scrape/index.js";
import { ControlMemory } from "../../shard/index.js";
import { type DirectoryLock, lockDirectory } from "../../tsdb/lock.js";
import { validateWebConfig } from "../../web-config/index.js";
import { DEFAULT_RETENTION_MS, type ServerOptions } from "../server-options.js";
import { vestalVersion } from "../version.js";
import { startActiveQueries } from "./active-queries.js";
import { Admin } from "./admin.js";
import { AgentLog } from "./agent-log.js";
import type { LoadedSettings } from "./control-messages.js";
import { ControlWorker } from "./control-worker.js";
import { DashboardList } from "./dashboard-list.js";
import { EmbeddedAlertmanager } from "./embedded-alertmanager.js";
import { shownFeatures } from "./features.js";
import type { IngestSettings } from "./ingest-messages.js";
import { Lifecycle } from "./lifecycle.js";
import { serverMetrics } from "./metrics.js";
import { QueryPool } from "./query-service.js";
import { ReadService } from "./read-service.js";
import { RemoteWorker } from "./remote-worker.js";
import { memoryLimitBytes, processors } from "./resources.js";
import { RulesLink } from "./rules-service.js";
import { rulesSettings } from "./rules-settings.js";
import { ShardSet } from "./shards.js";
import { type ServerState, ServerStatus } from "./status.js";
import { Storage } from "./storage.js";
import { TargetRegistry } from "./targets.js";
import { startWeb, type WebConfigUse } from "./web.js";
import { readWebAssets } from "./web-assets.js";

const PAGE_BYTES = 65_536;
const MAX_PAGES = 65_535;
const MIN_PAGES = 64;
/** Of the memory limit: what the heads together, and the query threads together, may use. */
const HEADS_SHARE = 0.6;
const QUERIES_SHARE = 0.25;
/** Of the memory limit: what cutting a block out of the heads may use for copies. */
const STORAGE_SHARE = 0.05;
const CHUNK_RANGE_MS = 7_200_000;
/** As Prometheus. */
const DEFAULT_EXEMPLARS_MAX = 100_000;
const AGENT_EXEMPLARS_MAX = 10_000;
/** A series with its labels and an open chunk, roughly; and the part of all that one job may make in ten minutes. */
const BYTES_PER_SERIES = 1500;
const DEFAULT_BUDGET_SHARE = 0.25;
const DISCOVERY_BATCH_MS = 100;
/** Queries that run or wait; each has a cancel word. */
const QUERIES_MAX = 4096;
/** Remote-write requests, and bytes of them, that wait to be stored. */
const WRITES_MAX = 256;
const WRITE_BYTES_MAX = 64 << 20;
/** Requests under way at the end get this long. */
const CLOSE_GRACE_MS = 2000;

/** A configuration that comes with the program, where no file is named. */
export interface EmbeddedConfig {
  readonly text: string;
  /** One line for people, once the server is ready. */
  readonly greeting: string;
}

/** Runs until it is told to end, and sets the process' exit code. Start-up problems: one clear line, code 1 or 2. */
export async function runServer(options: ServerOptions, embedded?: EmbeddedConfig): Promise<void> {
  const log = createLogger(options.log);
  try {
    await new Server(options, embedded, log).run();
  } catch (error) {
    if (!(error instanceof VestalError)) throw error;
    const isConfig = ["CONFIG", "CONFIG_APPLY", "CONFIG_FILE", "QUERY_LOG"].includes(error.code);
    const isWeb = error.code === "WEB_CONFIG";
    const start = isWeb ? "Unable to validate web configuration file" : "The server cannot start";
    const message = isConfig ? `Error loading config (--config.file=${options.configFile})` : start;
    log.error(message, { ...(isConfig && { file: options.configFile }), err: error.message });
    process.exitCode = isConfig ? 2 : 1;
  }
}

/** Says that the file itself was refused, as at a reload nothing else does. */
function reloadProblem(error: unknown, file: string): unknown {
  if (!(error instanceof VestalError) || !["CONFIG", "CONFIG_FILE"].includes(error.code)) return error;
  const message = `couldn't load configuration (--config.file=${JSON.stringify(file)}): ${error.message}`;
  return new VestalError(error.code, message, error.details, error);
}

class Server {
  readonly #options: ServerOptions;
  readonly #embedded: EmbeddedConfig | undefined;
  readonly #log: Logger;
  readonly #startTimeMs = Date.now();
  readonly #state: ServerState = {
    configYaml: "",
    isReloadSuccessful: false,
    lastConfigMs: 0,
    retentionMs: 0,
    retentionBytes: 0,
    retentionPercent: 0,
    retentionRules: [],
  };
  readonly #ended = deferred<void>();
  readonly #shardCount: number;
  readonly #queryThreads: number;
  readonly #walDir: string;
  readonly #control: ControlMemory;
  readonly #worker: ControlWorker;
  readonly #shards: ShardSet;
  readonly #remote: RemoteWorker;
  readonly #storage: Storage;
  /** Undefined in a server: its storage truncates the log. */
  readonly #agentLog: AgentLog | undefined;
  readonly #registry: TargetRegistry;
  readonly #lifecycle: Lifecycle;
  readonly #rules = new RulesLink();
  #alertmanager: EmbeddedAlertmanager | undefined;
  readonly #dashboards = new DashboardList();
  #queries: QueryPool | undefined;
  #settings: LoadedSettings | undefined;
  #web: WebConfigUse | undefined;
  #isFatal = false;
  #isEnding = false;

  constructor(options: ServerOptions, embedded: EmbeddedConfig | undefined, log: Logger) {
    this.#options = options;
    this.#embedded = embedded;
    this.#log = log;
    const half = Math.max(1, Math.floor(processors() / 2));
    this.#shardCount = options.ingest.threads || half;
    this.#queryThreads = Math.min(options.query.threads || half, Math.max(1, options.query.maxConcurrency));
    this.#walDir = join(options.tsdb.path, "wal");
    this.#control = ControlMemory.create(this.#shardCount, QUERIES_MAX);
    this.#lifecycle = new Lifecycle(
      options.web.enableLifecycle,
      () => this.#load(),
      () => this.#ended.resolve(),
    );
    this.#worker = new ControlWorker(
      {
        configFile: options.configFile,
        configText: embedded?.text,
        isAgent: options.agent !== undefined,
        discoveryBatchMs: DISCOVERY_BATCH_MS,
        isProtobufFirst:
          options.features.has("native-histograms") || options.features.has("created-timestamp-zero-ingestion"),
        log: options.log,
        dashboards: options.dashboards,
        rules: rulesSettings(options, this.#shardCount),
        rulesPort: this.#rules.remotePort,
      },
      {
        onLoaded: (settings) => this.#apply(settings),
        onTargets: ({ changes, dropped, stats }) => {
          this.#registry.discovery = stats;
          this.#registry.apply(changes, dropped);
        },
        onDiscoveryCounted: ({ stats, refresh }) => {
          this.#registry.discovery = stats;
          if (refresh !== undefined) this.#registry.onRefreshed(refresh);
        },
        onDashboards: (message) => this.#dashboards.put(message),
        onLost: (reason) => this.#fatal(`the control worker ended: ${reason}`),
      },
    );
    this.#shards = new ShardSet(
      { shardCount: this.#shardCount, settings: this.#ingestSettings() },
      this.#control,
      { onReady: (shard) => this.#shardReady(shard), onFatal: (message) => this.#fatal(message) },
      log,
    );
    this.#shards.addSender(this.#rules);
    this.#storage = new Storage(options, {
      control: this.#control,
      shards: this.#shards,
      log,
      memoryLimitBytes: Math.floor(memoryLimitBytes() * STORAGE_SHARE),
      limits: () => this.#state,
    });
    this.#remote = new RemoteWorker(
      {
        control: this.#control.buffer,
        walDir: this.#walDir,
        positionDir: join(options.tsdb.path, "remote-write"),
        userAgent: `Vestal/${vestalVersion()}`,
        log: options.log,
      },
      () => this.#shards.walState.position(),
      async () => (await this.#registry.ofTargets(undefined)).flatMap(({ metadata }) => [...metadata]),
      log,
    );
    this.#agentLog = options.agent && this.#makeAgentLog(options.agent);
    this.#registry = new TargetRegistry(this.#shardCount, this.#shards);
  }

  async run(): Promise<void> {
    const { tsdb, web } = this.#options;
    const log = this.#log;
    for (const warning of this.#options.warnings) log.warn(warning);
    const mode = this.#agentLog === undefined ? "server" : "agent";
    log.info("Starting Vestal", { mode, version: vestalVersion(), node: process.version, shards: this.#shardCount });
    let lock: DirectoryLock | undefined;
    const removeSignals = this.#onSignals();
    try {
      if (web.configFile !== "") {
        const config = await validateWebConfig(web.configFile);
        this.#web = { file: web.configFile, config, folder: tsdb.path };
      }
      makeFolder(tsdb.path);
      lock = tsdb.hasLockfile ? lockDirectory(tsdb.path, { logger: log }) : undefined;
      await this.#startAlertmanager();
      await this.#load();
      if (!this.#lifecycle.isStopping()) await this.#serve(lock);
    } finally {
      this.#isEnding = true;
      await this.#alertmanager?.stop();
      await this.#worker.stop();
      await this.#shards.stop();
      await this.#remote.stop(this.#options.remoteWrite.flushDeadlineMs);
      lock?.release();
      // Not before: a terminal and npm both pass Ctrl-C on, and the second must not end the process halfway.
      removeSignals();
    }
    if (this.#isFatal) process.exitCode = 1;
    log.info("See you next time!");
  }

  /** @throws VestalError where it cannot start. */
  async #startAlertmanager(): Promise<void> {
    const { alertmanager, tsdb, log } = this.#options;
    if (alertmanager === undefined) return;
    const options = { ...alertmanager, storagePath: join(tsdb.path, "alertmanager") };
    const onLost = (reason: string): void => this.#fatal(`the embedded Alertmanager ended: ${reason}`);
    this.#alertmanager = new EmbeddedAlertmanager(options, log, this.#log, onLost);
    await this.#alertmanager.ready();
  }

  async #serve(lock: DirectoryLock | undefined): Promise<void> {
    const { tsdb, query } = this.#options;
    startActiveQueries(systemFiles, tsdb.path, query.maxConcurrency, this.#log);
    const queries = this.#queryPool();
    this.#queries = queries;
    queries.queryLog.open(this.#settings?.queryLogFile ?? "");
    let http: HttpServer | undefined;
    try {
      http = await this.#listen(queries, lock);
      if (this.#agentLog === undefined) await this.#storage.open();
      this.#shards.start();
      await this.#ended.promise;
    } finally {
      this.#isEnding = true;
      await this.#rules.stop();
      await http?.close(CLOSE_GRACE_MS);
      await queries.close();
      await this.#agentLog?.stop();
      await this.#storage.stop();
    }
  }

  // ── configuration ──────────────────────────────────────────────────────────────────────────────────────────────

  /** @throws VestalError CONFIG, CONFIG_APPLY or CONFIG_FILE; the old configuration stays in force. */
  async #load(): Promise<void> {
    const startedMs = performance.now();
    if (this.#settings !== undefined) this.#alertmanager?.reload();
    try {
      await this.#worker.load();
      this.#queries?.queryLog.open(this.#settings?.queryLogFile ?? "");
    } catch (error) {
      this.#state.isReloadSuccessful = false;
      if (this.#settings === undefined) throw error;
      const problem = reloadProblem(error, this.#options.configFile);
      this.#log.error("Error reloading config", { err: errorMessage(problem) });
      throw problem;
    }
    const ms = (performance.now() - startedMs).toFixed(1);
    this.#log.info("Completed loading of configuration file", {
      filename: this.#options.configFile,
      totalDuration: `${ms}ms`,
    });
  }

  #apply(settings: LoadedSettings): void {
    const { tsdb, features } = this.#options;
    for (const warning of settings.warnings) this.#log.warn(warning);
    this.#settings = settings;
    this.#state.configYaml = settings.yaml;
    this.#state.isReloadSuccessful = true;
    this.#state.lastConfigMs = Date.now();
    this.#state.retentionBytes = settings.retentionBytes ?? tsdb.retentionBytes;
    this.#state.retentionPercent = settings.retentionPercent ?? 0;
    this.#state.retentionRules = settings.retentionRules;
    const hasSize = this.#state.retentionBytes > 0 || this.#state.retentionPercent > 0;
    const retentionMs = settings.retentionMs ?? tsdb.retentionMs;
    this.#state.retentionMs = retentionMs > 0 ? retentionMs : hasSize ? 0 : DEFAULT_RETENTION_MS;
    this.#shards.setTunables({
      exemplarsMax: this.#exemplarsMax(features, settings),
      outOfOrderWindowMs: this.#outOfOrderWindowMs(settings),
    });
    this.#remote.apply(settings.remoteWrite, settings.externalLabels);
    if (this.#queries !== undefined) this.#queries.remoteReads = settings.remoteRead;
    this.#registry.setJobs(settings.jobs);
  }

  /** What comes out of order is no part of the log that an agent sends. */
  #outOfOrderWindowMs({ outOfOrderWindowMs }: LoadedSettings): number {
    if (this.#agentLog === undefined || outOfOrderWindowMs === 0) return outOfOrderWindowMs;
    this.#log.warn(
      "storage.tsdb.out_of_order_time_window is ignored by an agent: samples that are out of order are refused",
    );
    return 0;
  }

  /** An agent keeps some to see which it has logged; all go to the log. */
  #exemplarsMax(features: ReadonlySet<string>, settings: LoadedSettings): number {
    if (this.#agentLog !== undefined) return AGENT_EXEMPLARS_MAX;
    return features.has("exemplar-storage") ? (settings.exemplarsMax ?? DEFAULT_EXEMPLARS_MAX) : 0;
  }

  // ── parts ──────────────────────────────────────────────────────────────────────────────────────────────────────

  #ingestSettings(): IngestSettings {
    const { tsdb, scrape, features, log } = this.#options;
    const headBytes = tsdb.headBytesMax > 0 ? tsdb.headBytesMax : memoryLimitBytes() * HEADS_SHARE;
    const pages = Math.floor(headBytes / this.#shardCount / PAGE_BYTES);
    return {
      walDir: this.#walDir,
      wblDir: join(tsdb.path, "wbl"),
      chunksHeadDir: join(tsdb.path, "chunks_head"),
      keepsChunks: this.#options.agent === undefined,
      walSegmentBytes: tsdb.walSegmentBytes > 0 ? tsdb.walSegmentBytes : undefined,
      walCompression: tsdb.walCompression === "none" ? "none" : "snappy",
      walSync: tsdb.walSync,
      walSalvage: tsdb.walSalvage,
      limitPages: Math.min(MAX_PAGES, Math.max(MIN_PAGES, pages)),
      chunkRangeMs: this.#chunkRangeMs,
      samplesPerChunk: tsdb.samplesPerChunk,
      seriesBudget: seriesBudget(tsdb.seriesBudget, headBytes, this.#shardCount),
      engine: {
        ...DEFAULT_ENGINE_OPTIONS,
        adjustTimestamps: scrape.timestampToleranceMs > 0,
        timestampToleranceMs: scrape.timestampToleranceMs,
        extraMetrics: features.has("extra-scrape-metrics"),
        nativeHistograms: features.has("native-histograms"),
        createdZeros: features.has("created-timestamp-zero-ingestion"),
        logsMetadata: features.has("metadata-wal-records"),
      },
      writeLimits: this.#options.receivers,
      userAgent: `Vestal/${vestalVersion()}`,
      log,
    };
  }

  #makeAgentLog(agent: NonNullable<ServerOptions["agent"]>): AgentLog {
    return new AgentLog(agent, {
      shards: this.#shards,
      storage: this.#storage.pool,
      sentMs: () => this.#remote.stats.map(({ highestSentMs }) => highestSentMs),
      nowMs: () => Date.now(),
      log: this.#log,
    });
  }

  get #chunkRangeMs(): number {
    const { minBlockMs } = this.#options.tsdb;
    return minBlockMs > 0 ? minBlockMs : CHUNK_RANGE_MS;
  }

  #queryPool(): QueryPool {
    const { query, features } = this.#options;
    const settings = {
      activeQueriesDir: this.#options.tsdb.path,
      activeQueriesMax: query.maxConcurrency,
      chunksHeadDir: join(this.#options.tsdb.path, "chunks_head"),
      blockCacheBytes: Math.floor(this.#options.tsdb.blockCacheBytesMax / this.#queryThreads),
      memoryLimitBytes: Math.floor((memoryLimitBytes() * QUERIES_SHARE) / this.#queryThreads),
      maxSamples: query.maxSamples,
      lookbackDeltaMs: query.lookbackDeltaMs,
      defaultStepMs: this.#settings?.evaluationIntervalMs ?? 60_000,
      localStartMarginMs: 2 * this.#chunkRangeMs,
      userAgent: `Vestal/${vestalVersion()}`,
      features: {
        experimentalFunctions: features.has("promql-experimental-functions"),
        durationExpressions: features.has("promql-duration-expr"),
        delayedNameRemoval: features.has("promql-delayed-name-removal"),
        extendedRangeSelectors: features.has("promql-extended-range-selectors"),
        fillModifiers: features.has("promql-binop-fill-modifiers"),
        typeAndUnitLabels: features.has("type-and-unit-labels"),
        useStartTimestamps: features.has("use-start-timestamps"),
        perStepStats: features.has("promql-per-step-stats"),
        language: query.language,
      },
    };
    const { timeoutMs, maxLength } = query;
    const options = { threads: this.#queryThreads, timeoutMs, maxLength, settings };
    const pool = new QueryPool(options, this.#control, this.#shards, this.#log, this.#storage.list);
    pool.remoteReads = this.#settings?.remoteRead ?? [];
    return pool;
  }

  /** Undefined: what is switched off. */
  #receivers(): { readonly remoteWrite: WriteReceiver | undefined; readonly otlp: OtlpReceiver | undefined } {
    const { receivers, features } = this.#options;
    const { accepted, bodyBytesMax, decodedBytesMax } = receivers;
    const pendingBytesMax = Math.max(WRITE_BYTES_MAX, 2 * bodyBytesMax);
    const options = { accepted, pendingMax: WRITES_MAX, pendingBytesMax, decodedBytesMax };
    const writes = new WriteReceiver(options, this.#shards, this.#log);
    const allowsDelta = features.has("otlp-native-delta-ingestion");
    const otlp = new OtlpReceiver(decodedBytesMax, {
      writes,
      translator: this.#shards,
      // The configuration is read before the server listens.
      settings: () => ({ ...this.#settings!.otlp, allowsDelta }),
      log: this.#log,
    });
    return {
      remoteWrite: receivers.acceptsWrites ? writes : undefined,
      otlp: receivers.acceptsOtlp ? otlp : undefined,
    };
  }

  #listen(queries: QueryPool, lock: DirectoryLock | undefined): Promise<HttpServer> {
    const { web, flags, query, tsdb, receivers } = this.#options;
    const { remoteWrite, otlp } = this.#receivers();
    const { lookbackDeltaMs } = query;
    const remoteRead = new ReadService(
      { ...this.#options.remoteRead, lookbackDeltaMs },
      { queries, clock: systemClock, externalLabels: () => this.#settings?.externalLabels ?? {} },
    );
    const registry = new Registry(systemClock);
    const live = this.#liveHub(queries);
    const notifications = { subscribers: 0, sent: 0 };
    const metrics = serverMetrics({
      registry,
      control: this.#control,
      shards: this.#shards,
      targets: this.#registry,
      rules: this.#rules,
      queries,
      live,
      storage: this.#storage,
      state: this.#state,
      isReady: () => this.#lifecycle.isReady(),
      maxConcurrency: query.maxConcurrency,
      remoteWrite: remoteWrite?.counters,
      remoteRead,
      notifications,
      remoteQueues: () => this.#remote.stats,
      walDir: this.#walDir,
      wblDir: join(tsdb.path, "wbl"),
      cutter: this.#storage.cutter,
      agentLog: this.#agentLog,
      cleanStart: tsdb.hasLockfile ? (lock?.wasUnclean ? 0 : 1) : -1,
    });
    const status = new ServerStatus({
      state: this.#state,
      shards: this.#shards,
      queries,
      storage: this.#storage,
      flags,
      features: shownFeatures(this.#options),
      startTimeMs: this.#startTimeMs,
      // Main thread, control worker, shards and query threads.
      threadCount: 2 + this.#shardCount + this.#queryThreads,
    });
    const options = {
      addresses: web.listenAddresses,
      router: createRouter(),
      deps: {
        clock: systemClock,
        log: this.#log,
        query: queries,
        rules: this.#rules,
        targets: this.#registry,
        metadata: this.#registry,
        status,
        lifecycle: this.#lifecycle,
        admin: web.enableAdminApi ? this.#admin(queries) : undefined,
        metrics,
        remoteWrite,
        otlp,
        dashboards: this.#dashboards,
        web: readWebAssets(),
        remoteRead,
        isAgent: this.#agentLog !== undefined,
        externalUrl: web.externalUrl,
        routePrefix: web.routePrefix,
        listenPort: web.listenAddresses[0]?.port ?? 0,
      },
      corsOrigin: web.corsOrigin,
      maxConnections: web.maxConnections,
      bodyBytesMaxOf: {
        "/api/v1/write": receivers.bodyBytesMax,
        "/api/v1/otlp/v1/metrics": receivers.bodyBytesMax,
      },
      readTimeoutMs: web.readTimeoutMs,
      clock: systemClock,
      log: this.#log,
      notificationSubscribersMax: web.notificationSubscribersMax,
      notificationCounters: notifications,
      ...(this.#agentLog === undefined && { live }),
      observer: observeHttp(
        registry,
        ROUTES.map(({ pattern }) => pattern),
      ),
    };
    return startWeb(options, this.#web);
  }

  #liveHub(queries: QueryPool): LiveHub {
    const parts = { queries, alerts: this.#rules, clock: systemClock, timers: systemTimers, log: this.#log };
    return new LiveHub(this.#options.live, parts);
  }

  #admin(queries: QueryPool): Admin {
    return new Admin({
      dataDir: this.#options.tsdb.path,
      storage: this.#storage,
      shards: this.#shards,
      control: this.#control,
      queries,
    });
  }

  // ── events ─────────────────────────────────────────────────────────────────────────────────────────────────────

  /** A shard can commit: at the start all get their targets at once, since lines may belong to other shards. */
  #shardReady(shard: number): void {
    if (this.#lifecycle.isReady()) {
      this.#registry.resend(shard);
      return;
    }
    // A signal may come during a replay: what has been stopped must not start.
    if (!this.#shards.isReady || this.#isEnding) return;
    // From here on samples are sent: before the first scrape.
    this.#remote.start();
    for (let each = 0; each < this.#shardCount; each++) this.#registry.resend(each);
    this.#lifecycle.setReady();
    if (this.#agentLog === undefined) {
      this.#storage.start();
      if (this.#queries !== undefined) this.#rules.begin(this.#queries);
    } else this.#agentLog.start();
    this.#log.info("Server is ready to receive web requests.");
    if (this.#embedded !== undefined) process.stdout.write(`${this.#embedded.greeting}\n`);
  }

  #fatal(message: string): void {
    if (this.#isEnding) return;
    this.#log.error("The server ends", { err: message });
    this.#isFatal = true;
    this.#ended.resolve();
  }

  /** Returns what takes the handlers away again. */
  #onSignals(): () => void {
    const end = (signal: NodeJS.Signals): void => {
      this.#log.warn("Received an OS signal, exiting gracefully...", { signal });
      this.#lifecycle.quit();
    };
    const reload = (): void => {
      void this.#lifecycle.reload(); // never rejects; what went wrong is logged
    };
    process.on("SIGTERM", end).on("SIGINT", end).on("SIGHUP", reload);
    return () => process.off("SIGTERM", end).off("SIGINT", end).off("SIGHUP", reload);
  }
}

/** A shard's part of the budget: series of one job are spread over all shards by their instances. */
function seriesBudget(given: number, headBytes: number, shardCount: number): number {
  if (given < 0) return 0;
  const all = given > 0 ? given : (headBytes / BYTES_PER_SERIES) * DEFAULT_BUDGET_SHARE;
  return Math.max(1, Math.ceil(all / shardCount));
}

function makeFolder(path: string): void {
  try {
    makeFolders(path);
  } catch (error) {
    const message = `cannot make the data directory ${path}: ${systemReason(error)}`;
    throw new VestalError("DATA_DIRECTORY", message, { path, code: errorCode(error) }, error);
  }
  if (!statSync(path).isDirectory()) {
    throw new VestalError("DATA_DIRECTORY", `the data directory ${path} is not a directory`, { path });
  }
}

/** As mkdir -p. Node's own never returns where a parent exists in which nothing can be made, such as /proc. */
function makeFolders(path: string): void {
  try {
    mkdirSync(path);
  } catch (error) {
    const code = errorCode(error);
    if (code === "EEXIST") return;
    if (code !== "ENOENT" || existsSync(dirname(path))) throw error;
    makeFolders(dirname(path));
    mkdirSync(path);
  }
}

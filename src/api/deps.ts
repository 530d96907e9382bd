/**
 * What the API needs from the rest, by interface. The server joins real parts to these; tests join small ones.
 * Times are milliseconds since the epoch; MIN_TIME_MS and MAX_TIME_MS of `parameters.ts` mean "no bound".
 */

import type { Clock, Logger } from "../base/index.js";
import type { RequestSignal } from "./request-signal.js";
import type { WebAssets } from "./routes/pages.js";
import type { ApiFailure, ApiRequest, ApiResponse } from "./types.js";

/** An answer of a service: bytes that are already the whole JSON document, a value to encode, nothing (204), or a failure. */
export type ServiceAnswer =
  /** A body that is disposable has a buffer that nobody else will look at: whoever sends it may give it up. */
  | { readonly kind: "encoded"; readonly body: Uint8Array; readonly isDisposable?: boolean }
  | {
      readonly kind: "data";
      readonly data: unknown;
      readonly warnings?: readonly string[];
      readonly infos?: readonly string[];
    }
  | { readonly kind: "empty" }
  | ApiFailure;

/** Who asked, for the query log, the list of running queries, and so that clients take turns. */
export interface QueryClient {
  readonly address: string;
  readonly method: string;
  readonly path: string;
}

export interface QueryOptions {
  readonly expression: string;
  /** Absent: the server itself. */
  readonly client?: QueryClient;
  /** Bounds of this query alone. */
  readonly maxSeries?: number;
  readonly maxSamplesScanned?: number;
  /** Bound of this query if lower than the server's own. */
  readonly timeoutMs?: number;
  /** Absent: the server's. */
  readonly lookbackDeltaMs?: number;
  /** Most series in the answer; 0 is no limit. A cut answer carries the warning `results truncated due to limit`. */
  readonly limit: number;
  /** Value of the parameter `stats`; "" for none, "all" for those of each step too. */
  readonly stats: string;
}

export interface InstantQuery extends QueryOptions {
  readonly timeMs: number;
}

export interface RangeQuery extends QueryOptions {
  readonly startMs: number;
  readonly endMs: number;
  /** At least 1. */
  readonly stepMs: number;
}

export interface SelectorQuery {
  readonly client?: QueryClient;
  /** Texts of `match[]`, each a selector; may be empty but for `series`. */
  readonly matchers: readonly string[];
  readonly startMs: number;
  readonly endMs: number;
  /** 0 is no limit. */
  readonly limit: number;
}

/**
 * PromQL and series, answered by the query pool. Failures to parse come back as `bad_data` with `parameter` set ("query" or
 * "match[]") and the parser's words alone as message. A selector that can match the empty label set in all its matchers is
 * refused with `match[] must contain at least one non-empty matcher`.
 */
export interface QueryService {
  query(query: InstantQuery, signal: RequestSignal): Promise<ServiceAnswer>;
  queryRange(query: RangeQuery, signal: RequestSignal): Promise<ServiceAnswer>;
  series(query: SelectorQuery, signal: RequestSignal): Promise<ServiceAnswer>;
  labelNames(query: SelectorQuery, signal: RequestSignal): Promise<ServiceAnswer>;
  labelValues(query: SelectorQuery & { readonly name: string }, signal: RequestSignal): Promise<ServiceAnswer>;
  /** `empty` where the expression has no selector; an empty list while exemplars are not stored. */
  queryExemplars(
    query: { readonly expression: string; readonly startMs: number; readonly endMs: number },
    signal: RequestSignal,
  ): Promise<ServiceAnswer>;
  /** When the rule would have been pending and would have fired. */
  backtest(query: BacktestQuery, signal: RequestSignal): Promise<ServiceAnswer>;
  formatQuery(expression: string, signal: RequestSignal): Promise<ServiceAnswer>;
  parseQuery(expression: string, signal: RequestSignal): Promise<ServiceAnswer>;
  /** What the query would cost, from what the index and chunks say, without running it. */
  queryCost(query: InstantQuery | RangeQuery, signal: RequestSignal): Promise<ServiceAnswer>;
  /** Runs the query and says for each node of its plan what it did and cost. */
  explain(query: InstantQuery | RangeQuery, signal: RequestSignal): Promise<ServiceAnswer>;
  /** PromQL queries that run or wait. */
  running(): readonly RunningQuery[];
  /** @returns false where no such query runs or waits. */
  cancelQuery(id: number): boolean;
  /** The failure of the first selector that `match[]` may not have, or undefined. */
  checkSelectors(matchers: readonly string[], signal: RequestSignal): Promise<ApiFailure | undefined>;
}

export interface RunningQuery {
  readonly id: number;
  readonly query: string;
  readonly startMs: number;
  readonly endMs: number;
  /** 0 for an instant query. */
  readonly stepMs: number;
  readonly client: QueryClient | undefined;
  readonly state: "queued" | "running";
  readonly askedMs: number;
  /** That steps looked at so far, and that are held. */
  readonly samples: number;
  readonly samplesHeld: number;
}

/** What `/api/v1/rules` asks for. Empty lists are no bound. */
export interface RulesFilter {
  readonly type: "" | "alert" | "record";
  readonly ruleNames: readonly string[];
  readonly groupNames: readonly string[];
  readonly files: readonly string[];
  readonly excludeAlerts: boolean;
  /** 0 is no limit. */
  readonly groupLimit: number;
  /** "" is the beginning. */
  readonly groupNextToken: string;
  /** Texts of selectors that were checked before. */
  readonly matchers: readonly string[];
}

export interface RulesService {
  /** `empty` where no group has the token. */
  rules(filter: RulesFilter): Promise<ServiceAnswer>;
  alerts(): Promise<ServiceAnswer>;
  alertmanagers(): Promise<ServiceAnswer>;
  /** What each relabelling rule of a scrape pool makes of labels, given as a JSON object. */
  relabelSteps(scrapePool: string, labelsJson: string): Promise<ServiceAnswer>;
  alertHistory(query: AlertHistoryQuery): Promise<ServiceAnswer>;
  /**
   * Of the Alertmanager to which alerts are sent at `url`; `not_found` if there is none such. Alerts and silences come with
   * `isChangeable`: whether silences may be saved and expired through this server.
   */
  askAlertmanager(url: string, question: AlertmanagerQuestion): Promise<ServiceAnswer>;
}

export type AlertmanagerQuestion =
  /** `search` is a query string of Alertmanager's API. */
  | { readonly kind: "alerts" | "silences"; readonly search: string }
  /** A silence as JSON, not checked yet. */
  | { readonly kind: "save"; readonly silence: string }
  | { readonly kind: "expire"; readonly id: string };

export interface AlertHistoryQuery {
  readonly startMs: number;
  readonly endMs: number;
  /** Texts of selectors; empty: all alerts. */
  readonly matchers: readonly string[];
  /** Newest changes that are shown; 0 is no limit. */
  readonly limit: number;
}

/** A live subscription to alerts. */
export interface AlertListener {
  readonly onFirst: (answer: ServiceAnswer) => void;
  /** A change as JSON. */
  readonly onChanges: (json: string) => void;
}

/** An alerting rule that is not in force, over what is stored. */
export interface BacktestQuery extends RangeQuery {
  readonly alert: string;
  readonly forMs: number;
  readonly keepFiringForMs: number;
}

export interface ActiveTarget {
  readonly discoveredLabels: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly scrapePool: string;
  readonly scrapeUrl: string;
  readonly lastError: string;
  /** Undefined before the first scrape. */
  readonly lastScrapeMs: number | undefined;
  readonly lastScrapeDurationSeconds: number;
  readonly health: "up" | "down" | "unknown";
  /** As written in the target's labels, such as "15s". */
  readonly scrapeInterval: string;
  readonly scrapeTimeout: string;
}

export interface DroppedTarget {
  readonly discoveredLabels: Readonly<Record<string, string>>;
  readonly scrapePool: string;
}

export interface TargetsService {
  /** Sorted by pool, within a pool as the pool has them. */
  active(): Promise<readonly ActiveTarget[]> | readonly ActiveTarget[];
  /** Those that were kept (`keep_dropped_targets`). */
  dropped(): readonly DroppedTarget[];
  /** How many each pool dropped, for every pool. */
  droppedCounts(): Readonly<Record<string, number>>;
  /** Names of all pools. */
  scrapePools(): readonly string[];
}

export interface MetricMetadata {
  readonly metric: string;
  readonly type: string;
  readonly help: string;
  readonly unit: string;
}

export interface TargetMetadata {
  /** The target's labels. */
  readonly target: Readonly<Record<string, string>>;
  readonly metadata: Iterable<MetricMetadata>;
}

export interface MetadataService {
  /**
   * What the last scrapes of each active target said of its metrics.
   * @param metric only of this one, if given.
   */
  ofTargets(metric: string | undefined): Promise<Iterable<TargetMetadata>> | Iterable<TargetMetadata>;
  /** Targets that a selector's text picks, as `targets/metadata?match_target=` does, as a test on a target's labels. */
  targetFilter(selector: string): ((labels: Readonly<Record<string, string>>) => boolean) | ApiFailure;
}

export interface BuildInfo {
  /** Of the Prometheus whose behaviour this is; clients detect features by it. */
  readonly version: string;
  readonly revision: string;
  readonly branch: string;
  readonly buildUser: string;
  readonly buildDate: string;
  readonly goVersion: string;
  readonly vestalVersion: string;
}

export interface RuntimeInfo {
  readonly startTimeMs: number;
  readonly workingDirectory: string;
  readonly hostname: string;
  readonly reloadConfigSuccess: boolean;
  readonly lastConfigTimeMs: number;
  readonly corruptionCount: number;
  /** Threads that run JavaScript or kernels: what stands where Prometheus counts goroutines. */
  readonly threadCount: number;
  readonly processors: number;
  /** Bytes the process may use; GOMEMLIMIT's place. */
  readonly memoryLimitBytes: number;
  /** Such as "15d" or "15d or 512MiB". */
  readonly storageRetention: string;
}

export interface NamedCount {
  readonly name: string;
  readonly value: number;
}

export interface HeadStatus {
  readonly numSeries: number;
  readonly numLabelPairs: number;
  readonly chunkCount: number;
  readonly minTimeMs: number;
  readonly maxTimeMs: number;
  readonly seriesCountByMetricName: readonly NamedCount[];
  readonly labelValueCountByLabelName: readonly NamedCount[];
  readonly memoryInBytesByLabelName: readonly NamedCount[];
  readonly seriesCountByLabelValuePair: readonly NamedCount[];
  /** New series that were refused because their job, namespace or metric makes them too fast. */
  readonly refusedSeries?: readonly {
    readonly job: string;
    readonly metric: string;
    readonly label: string;
    readonly count: number;
  }[];
}

export interface WalReplayStatus {
  readonly min: number;
  readonly max: number;
  readonly current: number;
}

export interface StatusService {
  buildInfo(): BuildInfo;
  runtimeInfo(): RuntimeInfo;
  /** The configuration in force, printed with defaults and without secrets. */
  configYaml(): string;
  flags(): Readonly<Record<string, string>>;
  /** By category: what is there, and whether it is on. */
  features(): Readonly<Record<string, Readonly<Record<string, boolean>>>>;
  /** @param limit entries of each list. */
  head(limit: number, signal: RequestSignal): Promise<HeadStatus>;
  /** Each block's `meta.json` as a value, in order of time; and those that were taken out because of damage. */
  blocks(): {
    readonly blocks: readonly unknown[];
    readonly quarantined: ReadonlyArray<{ readonly ulid: string; readonly reason: string }>;
  };
  walReplay(): WalReplayStatus;
  /** Notes for people, such as that a configuration was not applied. */
  notifications(): ReadonlyArray<{ readonly text: string; readonly dateMs: number; readonly active: boolean }>;
}

/** `--web.enable-admin-api`. */
export interface AdminService {
  /** @returns the name of the snapshot's folder. */
  snapshot(withHead: boolean, nowMs: number): Promise<string>;
  /** Deletes samples in [minTimeMs, maxTimeMs] of series that any of the selectors picks. */
  deleteSeries(
    matchers: readonly string[],
    minTimeMs: number,
    maxTimeMs: number,
    signal: RequestSignal,
  ): Promise<ServiceAnswer>;
  /** Writes blocks anew in which something is deleted. */
  cleanTombstones(): Promise<void>;
}

export interface LifecycleService {
  /** False until the data is replayed and the configuration applied. */
  isReady(): boolean;
  /** True once the server has begun to end. */
  isStopping(): boolean;
  /** True for `--web.enable-lifecycle`. */
  readonly enabled: boolean;
  /** @returns what went wrong, or undefined. */
  reload(): Promise<string | undefined>;
  /**
   * Asks the server to end; does not wait for it.
   * @returns false if it was asked before.
   */
  quit(): boolean;
}

export interface MetricsService {
  /** `/metrics`. */
  render(request: { readonly accept: string }): Promise<ApiResponse>;
}

export interface RemoteWriteService {
  /** A route that takes samples; the request's body is compressed as it came. */
  write(request: ApiRequest): Promise<ApiResponse>;
}

export interface RemoteReadService {
  /** `/api/v1/read` */
  read(request: ApiRequest, signal: RequestSignal): Promise<ApiResponse>;
  /** `/federate` */
  federate(request: ApiRequest, signal: RequestSignal): Promise<ApiResponse>;
}

export interface DashboardSummary {
  readonly uid: string;
  readonly title: string;
  readonly tags: readonly string[];
  /** Where it was found, for people. */
  readonly source: string;
  /** Why it cannot be opened. */
  readonly error?: string;
}

export interface DashboardService {
  list(): readonly DashboardSummary[];
  /** Grafana's JSON; undefined for an unknown one. */
  model(uid: string): string | undefined;
}

export interface ApiDeps {
  readonly clock: Clock;
  readonly log: Logger;
  readonly query: QueryService;
  readonly rules: RulesService;
  readonly targets: TargetsService;
  readonly metadata: MetadataService;
  readonly status: StatusService;
  readonly lifecycle: LifecycleService;
  /** Undefined where the admin API is off. */
  readonly admin: AdminService | undefined;
  readonly metrics: MetricsService;
  /** Undefined without `--web.enable-remote-write-receiver`. */
  readonly remoteWrite: RemoteWriteService | undefined;
  readonly remoteRead: RemoteReadService;
  /** Undefined without `--web.enable-otlp-receiver`. */
  readonly otlp: RemoteWriteService | undefined;
  /** Scheme, host and port, and path (no slash at its end) under which users reach the server. */
  /** Queries, rules and administration of what is stored are refused: an agent stores nothing. */
  readonly isAgent?: boolean;
  readonly externalUrl: URL;
  /** "" or "/prefix", before every route. */
  readonly routePrefix: string;
  /** Port that the server listens on; `globalUrl` of local targets needs it. */
  readonly listenPort: number;
  readonly dashboards: DashboardService;
  /** The user interface; undefined where it is not built. */
  readonly web: WebAssets | undefined;
}

export { createRouter, ROUTES } from "./api.js";
export type {
  ActiveTarget,
  AdminService,
  AlertHistoryQuery,
  AlertListener,
  AlertmanagerQuestion,
  ApiDeps,
  BacktestQuery,
  BuildInfo,
  DashboardService,
  DashboardSummary,
  DroppedTarget,
  HeadStatus,
  InstantQuery,
  LifecycleService,
  MetadataService,
  MetricMetadata,
  MetricsService,
  NamedCount,
  QueryClient,
  QueryOptions,
  QueryService,
  RangeQuery,
  RemoteReadService,
  RulesFilter,
  RulesService,
  RunningQuery,
  RuntimeInfo,
  SelectorQuery,
  ServiceAnswer,
  StatusService,
  TargetMetadata,
  TargetsService,
  WalReplayStatus,
} from "./deps.js";
export type { GateVerdict, RequestGate } from "./gate.js";
export { type HttpObserver, type HttpOptions, type HttpServer, startHttp } from "./http.js";
export { type ListenAddress, parseListenAddress } from "./listen-address.js";
export { DEFAULT_LIVE_OPTIONS, LiveHub, type LiveOptions } from "./live/hub.js";
export type { NotificationCounters } from "./notifications-live.js";
export { MAX_TIME_MS, MIN_TIME_MS } from "./parameters.js";
export { ClientSignal, type RequestSignal } from "./request-signal.js";
export { goJson } from "./respond.js";
export type { Asset, WebAssets } from "./routes/pages.js";
export { type ApiFailure, type ApiRequest, type ApiResponse, type ErrorType, failure } from "./types.js";

/** The table of routes, and the way from a request to its answer: readiness, hand-over, errors. Knows no socket. */
import type { ApiDeps } from "./deps.js";
import { percentDecode } from "./parameters.js";
import type { RequestSignal } from "./request-signal.js";
import { errorText, fail, failureOf, redirect, text } from "./respond.js";
import { type Resolution, type Route, Router } from "./router.js";
import * as admin from "./routes/admin.js";
import * as dashboards from "./routes/dashboards.js";
import * as features from "./routes/features.js";
import * as management from "./routes/management.js";
import * as pages from "./routes/pages.js";
import * as query from "./routes/query.js";
import * as remote from "./routes/remote.js";
import * as rules from "./routes/rules.js";
import * as series from "./routes/series.js";
import * as silences from "./routes/silences.js";
import * as status from "./routes/status.js";
import * as targets from "./routes/targets.js";
import { type ApiRequest, type ApiResponse, failure, type Handler } from "./types.js";

const GET = ["GET"];
const GET_POST = ["GET", "POST"];
const POST_PUT = ["POST", "PUT"];
const GET_HEAD = ["GET", "HEAD"];

function api(
  methods: readonly string[],
  path: string,
  handler: Handler<ApiDeps>,
  { cors = true, needsReady = true } = {},
): Route<ApiDeps> {
  return { methods, pattern: `/api/v1${path}`, handler, cors, needsReady };
}

function plain(
  methods: readonly string[],
  pattern: string,
  handler: Handler<ApiDeps>,
  needsReady = false,
): Route<ApiDeps> {
  return { methods, pattern, handler, cors: false, needsReady };
}

/** Every route, in the order in which patterns are tried. */
export const ROUTES: readonly Route<ApiDeps>[] = [
  api(GET_POST, "/query", query.query),
  api(GET_POST, "/query_range", query.queryRange),
  api(GET_POST, "/query_exemplars", query.queryExemplars),
  api(GET_POST, "/format_query", query.formatQuery),
  api(GET_POST, "/parse_query", query.parseQuery),
  api(GET_POST, "/query_cost", query.queryCost),
  api(GET_POST, "/query_range_cost", query.queryRangeCost),
  api(GET_POST, "/explain", query.explain),
  api(GET, "/status/queries", query.runningQueries),
  api(["POST"], "/status/queries/:id/cancel", query.cancelQuery),
  api(GET_POST, "/labels", series.labelNames),
  api(GET, "/label/:name/values", series.labelValues),
  api(GET_POST, "/series", series.series),
  api(["DELETE"], "/series", series.dropSeries),
  api(GET, "/scrape_pools", targets.scrapePools),
  api(GET, "/targets", targets.targets),
  api(GET, "/targets/metadata", targets.targetsMetadata),
  api(GET, "/targets/relabel_steps", targets.relabelSteps),
  api(GET, "/metadata", targets.metadata),
  api(GET, "/features", features.features),
  api(GET, "/openapi.yaml", (_request, deps) => features.openApi(ROUTES, deps.status.buildInfo().version)),
  api(GET, "/alertmanagers", rules.alertmanagers),
  api(GET, "/alertmanagers/alerts", silences.alertmanagerAlerts, { cors: false }),
  api(GET, "/alertmanagers/silences", silences.silences, { cors: false }),
  api(["POST"], "/alertmanagers/silences", silences.saveSilence, { cors: false }),
  api(["POST"], "/alertmanagers/silences/:id/expire", silences.expireSilence, { cors: false }),
  api(GET, "/alerts", rules.alerts),
  api(GET_POST, "/alerts/history", rules.alertHistory),
  api(GET, "/rules", rules.rules),
  api(GET_POST, "/rules/backtest", query.backtest),
  api(GET, "/status/config", status.config),
  api(GET, "/status/runtimeinfo", status.runtimeInfo),
  api(GET, "/status/buildinfo", status.buildInfo),
  api(GET, "/status/flags", status.flags),
  api(GET, "/status/tsdb", status.tsdb),
  api(GET, "/status/tsdb/blocks", status.tsdbBlocks),
  api(GET, "/status/walreplay", status.walReplay, { needsReady: false }),
  api(GET, "/dashboards", dashboards.dashboards, { needsReady: false }),
  api(GET, "/dashboards/:uid", dashboards.dashboard, { needsReady: false }),
  api(GET, "/notifications", status.notifications, { needsReady: false }),
  api(GET, "/notifications/live", status.noLiveNotifications, { needsReady: false }),
  api(["POST"], "/write", remote.write, { cors: false }),
  api(["POST"], "/read", remote.read, { cors: false }),
  api(["POST"], "/otlp/v1/metrics", remote.otlp, { cors: false }),
  api(POST_PUT, "/admin/tsdb/delete_series", admin.deleteSeries),
  api(POST_PUT, "/admin/tsdb/clean_tombstones", admin.cleanTombstones),
  api(POST_PUT, "/admin/tsdb/snapshot", admin.snapshot),
  api(["OPTIONS"], "/*path", management.options),
  plain(GET, "/", management.toQueryPage),
  plain(GET, "/agent", management.agentPage),
  plain(GET, "/graph", management.graphToQueryPage),
  ...pages.PAGE_PATHS.map((path) => plain(GET, path, pages.page)),
  plain(GET, "/assets/*path", pages.asset),
  plain(GET, "/version", management.version),
  plain(GET, "/federate", remote.federate, true),
  plain(GET, "/metrics", management.metrics),
  plain(GET_HEAD, "/-/healthy", management.healthy),
  plain(GET_HEAD, "/-/ready", management.ready, true),
  plain(POST_PUT, "/-/reload", management.reload),
  plain(GET, "/-/reload", management.mutationByGet),
  plain(POST_PUT, "/-/quit", management.quit),
  plain(GET, "/-/quit", management.mutationByGet),
];

const AGENT_REFUSAL = "unavailable with Prometheus Agent";

/** What needs stored samples, rules or Alertmanagers. */
function isUnavailableInAgent(pattern: string): boolean {
  return /^\/api\/v1\/(?:query|query_range|query_exemplars|format_query|parse_query|labels|label\/.*|series|alertmanagers|alertmanagers\/.*|alerts|alerts\/history|rules|rules\/backtest|status\/tsdb|status\/tsdb\/blocks|admin\/tsdb\/.*)$/.test(
    pattern,
  );
}

export function createRouter(): Router<ApiDeps> {
  return new Router(ROUTES);
}

/**
 * The route, or the answer, for a URL as the client sent it.
 *
 * @param prefix "" or "/prefix"
 */
export function resolvePath(
  router: Router<ApiDeps>,
  method: string,
  rawPath: string,
  rawQuery: string,
  prefix: string,
): Resolution<ApiDeps> {
  const answer = (response: ApiResponse): Resolution<ApiDeps> => ({ kind: "answer", response });
  const path = percentDecode(rawPath, false);
  if (path === undefined) return answer(text(400, "400 Bad Request"));
  const query = rawQuery === "" ? "" : `?${rawQuery}`;
  if (prefix === "") return router.resolve(method, path, prefix, query);
  if (path === "/") return answer(redirect(302, prefix));
  if (path === prefix) return answer(redirect(301, `${prefix}/${query}`));
  if (!path.startsWith(`${prefix}/`)) return answer(errorText(404, "404 page not found"));
  return router.resolve(method, path.slice(prefix.length), prefix, query);
}

/**
 * Runs a route's handler; whatever it throws becomes an answer, and what is our own mistake also a line in the log.
 *
 * @returns with `cors` where the answer carries cross-origin headers: not before the server is ready, as there.
 */
export async function runRoute(
  resolution: Extract<Resolution<ApiDeps>, { kind: "route" }>,
  request: ApiRequest,
  deps: ApiDeps,
  signal: RequestSignal,
): Promise<{ readonly response: ApiResponse; readonly cors: boolean }> {
  const { route } = resolution;
  if (route.needsReady && !deps.lifecycle.isReady()) return { response: management.notReady(deps), cors: false };
  if (deps.isAgent === true && isUnavailableInAgent(route.pattern)) {
    return { response: fail(failure("execution", AGENT_REFUSAL)), cors: route.cors };
  }
  try {
    return { response: await route.handler(request, deps, signal), cors: route.cors };
  } catch (error) {
    const answer = failureOf(error);
    if (answer.errorType === "internal") {
      deps.log.error("the API failed to answer", { handler: route.pattern, err: error });
    }
    return { response: fail(answer), cors: route.cors };
  }
}

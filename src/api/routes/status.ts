/** `status/…`, `notifications`: the server about itself. */
import type { ApiDeps } from "../deps.js";
import { formatTime } from "../go-time.js";
import { parseGoInt } from "../parameters.js";
import type { RequestSignal } from "../request-signal.js";
import { fail, success } from "../respond.js";
import { type ApiRequest, type ApiResponse, failure } from "../types.js";

const TSDB_LIMIT_DEFAULT = 10;
/** Prometheus has no bound; a longer list than this is a memory problem, not an answer. */
const TSDB_LIMIT_MAX = 10_000;

export function config(_request: ApiRequest, deps: ApiDeps): ApiResponse {
  return success({ yaml: deps.status.configYaml() });
}

export function flags(_request: ApiRequest, deps: ApiDeps): ApiResponse {
  const all = deps.status.flags();
  return success(
    Object.fromEntries(
      Object.keys(all)
        .sort()
        .map((name) => [name, all[name]]),
    ),
  );
}

export function buildInfo(_request: ApiRequest, deps: ApiDeps): ApiResponse {
  return success(deps.status.buildInfo());
}

export function runtimeInfo(_request: ApiRequest, deps: ApiDeps): ApiResponse {
  const info = deps.status.runtimeInfo();
  return success({
    startTime: formatTime(info.startTimeMs),
    CWD: info.workingDirectory,
    hostname: info.hostname,
    serverTime: formatTime(deps.clock.nowMs()),
    reloadConfigSuccess: info.reloadConfigSuccess,
    // A gauge of whole seconds there.
    lastConfigTime: formatTime(Math.floor(info.lastConfigTimeMs / 1000) * 1000),
    corruptionCount: info.corruptionCount,
    goroutineCount: info.threadCount,
    GOMAXPROCS: info.processors,
    GOMEMLIMIT: info.memoryLimitBytes,
    GOGC: "",
    GODEBUG: "",
    storageRetention: info.storageRetention,
  });
}

export async function tsdb(request: ApiRequest, deps: ApiDeps, signal: RequestSignal): Promise<ApiResponse> {
  const source = request.form.get("limit");
  const limit = source === "" ? TSDB_LIMIT_DEFAULT : parseGoInt(source, 64, "Atoi");
  if (typeof limit === "string" || limit < 1) return fail(failure("bad_data", "limit must be a positive number"));
  const head = await deps.status.head(Math.min(limit, TSDB_LIMIT_MAX), signal);
  return success({
    headStats: {
      numSeries: head.numSeries,
      numLabelPairs: head.numLabelPairs,
      chunkCount: head.chunkCount,
      minTime: head.minTimeMs,
      maxTime: head.maxTimeMs,
    },
    seriesCountByMetricName: head.seriesCountByMetricName,
    labelValueCountByLabelName: head.labelValueCountByLabelName,
    memoryInBytesByLabelName: head.memoryInBytesByLabelName,
    seriesCountByLabelValuePair: head.seriesCountByLabelValuePair,
    // Our own, and only where there is something to say.
    ...((head.refusedSeries ?? []).length > 0 && { refusedSeries: head.refusedSeries }),
  });
}

export function tsdbBlocks(_request: ApiRequest, deps: ApiDeps): ApiResponse {
  const { blocks, quarantined } = deps.status.blocks();
  return success({ blocks, ...(quarantined.length > 0 && { quarantined }) });
}

export function walReplay(_request: ApiRequest, deps: ApiDeps): ApiResponse {
  const { min, max, current } = deps.status.walReplay();
  return success({ min, max, current });
}

/** The adapter takes this route for itself where there are live notifications. */
export function noLiveNotifications(): ApiResponse {
  return { status: 204 };
}

export function notifications(_request: ApiRequest, deps: ApiDeps): ApiResponse {
  return success(
    deps.status.notifications().map(({ text, dateMs, active }) => ({ text, date: formatTime(dateMs), active })),
  );
}

/** `query`, `query_range`, `query_exemplars`, `format_query`, `parse_query`: parameters in, an answer of the query pool out. */
import { clientOf } from "../client-of.js";
import type { ApiDeps, InstantQuery, QueryOptions, RangeQuery } from "../deps.js";
import {
  limitParameter,
  MAX_TIME_MS,
  MIN_TIME_MS,
  type Parameters,
  parseDuration,
  parseGoInt,
  parseTime,
  type TimeNs,
  timeParameter,
  toMs,
} from "../parameters.js";
import type { RequestSignal } from "../request-signal.js";
import { fail, respond, success } from "../respond.js";
import { type ApiFailure, type ApiRequest, type ApiResponse, failure, invalidParameter } from "../types.js";

/** Points of one series in one answer: a week at 60 s, a year at 1 h. */
const RANGE_STEPS_MAX = 11_000n;
const NS_PER_MS = 1_000_000n;

/** Most of what a query may ask for itself; anything below 1 makes no sense. */
const LIMIT_PARAMETERS = { max_series: "maxSeries", max_samples_scanned: "maxSamplesScanned" } as const;

export async function query(request: ApiRequest, deps: ApiDeps, signal: RequestSignal): Promise<ApiResponse> {
  const { form } = request;
  const limit = limitParameter(form);
  if (typeof limit === "object") return fail(limit);
  const timeMs = timeParameter(form, "time", deps.clock.nowMs());
  if (typeof timeMs === "object") return fail(timeMs);
  const options = queryOptions(request, limit);
  if ("kind" in options) return fail(options);
  return respond(await deps.query.query({ ...options, timeMs }, signal), true);
}

export async function queryRange(request: ApiRequest, deps: ApiDeps, signal: RequestSignal): Promise<ApiResponse> {
  const { form } = request;
  const limit = limitParameter(form);
  if (typeof limit === "object") return fail(limit);
  const range = rangeParameters(form);
  if ("kind" in range) return fail(range);
  const options = queryOptions(request, limit);
  if ("kind" in options) return fail(options);
  return respond(await deps.query.queryRange({ ...options, ...range }, signal), true);
}

/** Beyond Prometheus: what a query would cost. With `start` it is one over a range. */
export async function queryCost(request: ApiRequest, deps: ApiDeps, signal: RequestSignal): Promise<ApiResponse> {
  const asked = anyQuery(request, deps, false);
  return "kind" in asked ? fail(asked) : respond(await deps.query.queryCost(asked, signal), true);
}

export async function queryRangeCost(request: ApiRequest, deps: ApiDeps, signal: RequestSignal): Promise<ApiResponse> {
  const asked = anyQuery(request, deps, true);
  return "kind" in asked ? fail(asked) : respond(await deps.query.queryCost(asked, signal), true);
}

/** Beyond Prometheus: how a query is evaluated, and what each part of it costs. */
export async function explain(request: ApiRequest, deps: ApiDeps, signal: RequestSignal): Promise<ApiResponse> {
  const asked = anyQuery(request, deps, false);
  return "kind" in asked ? fail(asked) : respond(await deps.query.explain(asked, signal), true);
}

/** Beyond Prometheus: PromQL queries that run or wait. */
export function runningQueries(_request: ApiRequest, deps: ApiDeps): ApiResponse {
  const nowMs = deps.clock.nowMs();
  const queries = deps.query.running().map(({ id, query, client, state, ...rest }) => ({
    id,
    query,
    start: rest.startMs / 1000,
    end: rest.endMs / 1000,
    step: rest.stepMs / 1000,
    ...(client !== undefined && { client: client.address, path: client.path }),
    state,
    seconds: Math.max(0, nowMs - rest.askedMs) / 1000,
    samplesScanned: rest.samples,
    samplesHeld: rest.samplesHeld,
  }));
  return success({ queries });
}

export function cancelQuery({ pathParameters }: ApiRequest, deps: ApiDeps): ApiResponse {
  const id = Number(pathParameters["id"]);
  if (deps.query.cancelQuery(id)) return success({ id });
  return fail(failure("not_found", `no query ${pathParameters["id"]} runs or waits`));
}

function anyQuery(request: ApiRequest, deps: ApiDeps, isRange: boolean): InstantQuery | RangeQuery | ApiFailure {
  const { form } = request;
  const options = queryOptions(request, 0);
  if ("kind" in options) return options;
  if (isRange || form.has("start")) {
    const range = rangeParameters(form);
    return "kind" in range ? range : { ...options, ...range };
  }
  const timeMs = timeParameter(form, "time", deps.clock.nowMs());
  return typeof timeMs === "object" ? timeMs : { ...options, timeMs };
}

/** Beyond Prometheus: an alerting rule over stored history. */
export async function backtest(request: ApiRequest, deps: ApiDeps, signal: RequestSignal): Promise<ApiResponse> {
  const { form } = request;
  const range = rangeParameters(form);
  if ("kind" in range) return fail(range);
  const options = queryOptions(request, 0);
  if ("kind" in options) return fail(options);
  const durations: number[] = [];
  for (const name of ["for", "keep_firing_for"]) {
    const duration = form.get(name) === "" ? 0n : parseDuration(form.get(name));
    if (typeof duration === "string") return fail(invalidParameter(name, duration));
    durations.push(toMs(duration));
  }
  const [forMs = 0, keepFiringForMs = 0] = durations;
  const rule = { alert: form.get("alert") || "backtest", forMs, keepFiringForMs };
  return respond(await deps.query.backtest({ ...options, ...range, ...rule }, signal), true);
}

export async function queryExemplars(request: ApiRequest, deps: ApiDeps, signal: RequestSignal): Promise<ApiResponse> {
  const { form } = request;
  const startMs = timeParameter(form, "start", MIN_TIME_MS);
  if (typeof startMs === "object") return fail(startMs);
  const endMs = timeParameter(form, "end", MAX_TIME_MS);
  if (typeof endMs === "object") return fail(endMs);
  if (endMs < startMs) return fail(failure("bad_data", "end timestamp must not be before start timestamp"));
  return respond(await deps.query.queryExemplars({ expression: form.get("query"), startMs, endMs }, signal), false);
}

export async function formatQuery(request: ApiRequest, deps: ApiDeps, signal: RequestSignal): Promise<ApiResponse> {
  return respond(await deps.query.formatQuery(request.form.get("query"), signal), true);
}

export async function parseQuery(request: ApiRequest, deps: ApiDeps, signal: RequestSignal): Promise<ApiResponse> {
  return respond(await deps.query.parseQuery(request.form.get("query"), signal), true);
}

function rangeParameters(form: Parameters): { startMs: number; endMs: number; stepMs: number } | ApiFailure {
  const start = requiredTime(form, "start");
  if (typeof start === "object") return start;
  const end = requiredTime(form, "end");
  if (typeof end === "object") return end;
  if (end < start) return invalidParameter("end", "end timestamp must not be before start time");
  const step = parseDuration(form.get("step"));
  if (typeof step === "string") return invalidParameter("step", step);
  if (step <= 0n) {
    return invalidParameter(
      "step",
      "zero or negative query resolution step widths are not accepted. Try a positive integer",
    );
  }
  if ((end - start) / step > RANGE_STEPS_MAX) {
    return failure(
      "bad_data",
      "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)",
    );
  }
  // Prometheus 3.5 accepts a step below a millisecond and then fails with "integer divide by zero" (422).
  if (step < NS_PER_MS) return failure("execution", "query resolution steps below one millisecond are not supported");
  return { startMs: toMs(start), endMs: toMs(end), stepMs: toMs(step) };
}

function requiredTime(form: Parameters, name: string): TimeNs | ApiFailure {
  const time = parseTime(form.get(name));
  return typeof time === "string" ? invalidParameter(name, time) : time;
}

function queryOptions(request: ApiRequest, limit: number): QueryOptions | ApiFailure {
  const { form } = request;
  const timeoutSource = form.get("timeout");
  const timeout = timeoutSource === "" ? undefined : parseDuration(timeoutSource);
  if (typeof timeout === "string") return invalidParameter("timeout", timeout);
  const lookbackSource = form.get("lookback_delta");
  const lookback = lookbackSource === "" ? undefined : parseDuration(lookbackSource);
  if (typeof lookback === "string") return failure("bad_data", `error parsing lookback delta duration: ${lookback}`);
  const bounds: { maxSeries?: number; maxSamplesScanned?: number } = {};
  for (const [name, key] of Object.entries(LIMIT_PARAMETERS)) {
    const source = form.get(name);
    if (source === "") continue;
    const value = parseGoInt(source, 64, "ParseInt");
    if (typeof value === "string") return invalidParameter(name, value);
    if (value < 1) return invalidParameter(name, "must be at least 1");
    bounds[key] = value;
  }
  const longest = form.get("max_query_duration");
  const duration = longest === "" ? undefined : parseDuration(longest);
  if (typeof duration === "string") return invalidParameter("max_query_duration", duration);
  if (duration !== undefined && duration <= 0n) return invalidParameter("max_query_duration", "must be more than 0");
  if (timeout !== undefined && timeout <= 0n) return invalidParameter("query", "context deadline exceeded");
  return {
    expression: form.get("query"),
    limit,
    stats: form.get("stats"),
    ...bounds,
    ...clientOf(request),
    ...timeoutOf(timeout, duration),
    // The server's own look-back stands in for zero and less.
    ...(lookback === undefined || lookback <= 0n ? {} : { lookbackDeltaMs: toMs(lookback) }),
  };
}

function timeoutOf(...bounds: readonly (TimeNs | undefined)[]): { timeoutMs?: number } {
  const all = bounds.filter((bound) => bound !== undefined).map((bound) => Number(bound) / 1e6);
  return all.length === 0 ? {} : { timeoutMs: Math.min(...all) };
}

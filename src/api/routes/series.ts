/** `series`, `labels`, `label/<name>/values`: what is stored, by selector and time. */
import { clientOf } from "../client-of.js";
import type { ApiDeps, SelectorQuery } from "../deps.js";
import {
  isWellFormed,
  limitParameter,
  MAX_TIME_MS,
  MIN_TIME_MS,
  quoteParameter,
  timeParameter,
} from "../parameters.js";
import type { RequestSignal } from "../request-signal.js";
import { fail, respond } from "../respond.js";
import { type ApiFailure, type ApiRequest, type ApiResponse, failure } from "../types.js";
import { unescapeLabelName } from "./label-name.js";

export async function series(request: ApiRequest, deps: ApiDeps, signal: RequestSignal): Promise<ApiResponse> {
  if (!request.form.has("match[]")) return fail(failure("bad_data", "no match[] parameter provided"));
  const selection = selectorQuery(request);
  if ("kind" in selection) return fail(selection);
  return respond(await deps.query.series(selection, signal), true);
}

export async function labelNames(request: ApiRequest, deps: ApiDeps, signal: RequestSignal): Promise<ApiResponse> {
  const selection = selectorQuery(request);
  if ("kind" in selection) return fail(selection);
  return respond(await deps.query.labelNames(selection, signal), false);
}

export async function labelValues(request: ApiRequest, deps: ApiDeps, signal: RequestSignal): Promise<ApiResponse> {
  const name = unescapeLabelName(request.pathParameters["name"] ?? "");
  if (name === "" || !isWellFormed(name)) {
    return fail(failure("bad_data", `invalid label name: ${quoteParameter(name)}`));
  }
  const selection = selectorQuery(request);
  if ("kind" in selection) return fail(selection);
  return respond(await deps.query.labelValues({ ...selection, name }, signal), false);
}

/** What Prometheus answers to DELETE: deletion has a route of its own. */
export function dropSeries(): ApiResponse {
  return fail(failure("internal", "not implemented"));
}

function selectorQuery(request: ApiRequest): SelectorQuery | ApiFailure {
  const { form } = request;
  const limit = limitParameter(form);
  if (typeof limit === "object") return limit;
  const startMs = timeParameter(form, "start", MIN_TIME_MS);
  if (typeof startMs === "object") return startMs;
  const endMs = timeParameter(form, "end", MAX_TIME_MS);
  if (typeof endMs === "object") return endMs;
  return { matchers: form.all("match[]"), startMs, endMs, limit, ...clientOf(request) };
}

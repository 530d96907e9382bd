/** `rules`, `alerts`, `alertmanagers`: what is evaluated, what is active, and who is told. */
import type { ApiDeps } from "../deps.js";
import {
  limitParameter,
  MAX_TIME_MS,
  MIN_TIME_MS,
  parseGoBool,
  parseGoInt,
  quoteParameter,
  timeParameter,
} from "../parameters.js";
import type { RequestSignal } from "../request-signal.js";
import { fail, respond } from "../respond.js";
import { type ApiFailure, type ApiRequest, type ApiResponse, failure, invalidParameter } from "../types.js";

export async function rules(request: ApiRequest, deps: ApiDeps, signal: RequestSignal): Promise<ApiResponse> {
  const { form, query } = request;
  const type = query.get("type").toLowerCase();
  const matchers = form.all("match[]");
  const wrongSelector = matchers.length === 0 ? undefined : await deps.query.checkSelectors(matchers, signal);
  if (wrongSelector !== undefined) return fail(failure(wrongSelector.errorType, wrongSelector.message));
  if (type !== "" && type !== "alert" && type !== "record") {
    return fail(invalidParameter("type", `not supported value ${quoteParameter(type)}`));
  }
  const exclude = query.get("exclude_alerts").toLowerCase();
  const parsed = exclude === "" ? false : parseGoBool(exclude);
  if (typeof parsed === "string") {
    return fail(invalidParameter("exclude_alerts", `error converting exclude_alerts: ${parsed}`));
  }
  const page = pageOf(query.get("group_limit"), query.get("group_next_token"));
  if ("kind" in page) return fail(page);
  const answer = await deps.rules.rules({
    type,
    ruleNames: form.all("rule_name[]"),
    groupNames: form.all("rule_group[]"),
    files: form.all("file[]"),
    excludeAlerts: parsed,
    ...page,
    matchers,
  });
  return answer.kind === "empty" ? fail(unknownToken(page.groupNextToken)) : respond(answer, false);
}

interface Page {
  readonly groupLimit: number;
  readonly groupNextToken: string;
}

function pageOf(limitSource: string, token: string): Page | ApiFailure {
  if (limitSource === "") {
    if (token === "") return { groupLimit: 0, groupNextToken: "" };
    return invalidParameter("group_next_token", "group_limit needs to be present in order to paginate over the groups");
  }
  const limit = parseGoInt(limitSource, 32, "ParseInt");
  if (typeof limit === "string") {
    return invalidParameter("group_limit", `group_limit needs to be a valid number: ${limit}`);
  }
  if (limit <= 0) return invalidParameter("group_limit", "group_limit needs to be greater than 0");
  return { groupLimit: limit, groupNextToken: token };
}

function unknownToken(token: string): ApiFailure {
  return invalidParameter("group_next_token", `invalid group_next_token '${token}'. were rule groups changed?`);
}

export async function alerts(_request: ApiRequest, deps: ApiDeps): Promise<ApiResponse> {
  return respond(await deps.rules.alerts(), false);
}

export async function alertmanagers(_request: ApiRequest, deps: ApiDeps): Promise<ApiResponse> {
  return respond(await deps.rules.alertmanagers(), false);
}

export async function alertHistory({ form }: ApiRequest, deps: ApiDeps): Promise<ApiResponse> {
  const limit = limitParameter(form);
  if (typeof limit === "object") return fail(limit);
  const startMs = timeParameter(form, "start", MIN_TIME_MS);
  if (typeof startMs === "object") return fail(startMs);
  const endMs = timeParameter(form, "end", MAX_TIME_MS);
  if (typeof endMs === "object") return fail(endMs);
  return respond(await deps.rules.alertHistory({ startMs, endMs, limit, matchers: form.all("match[]") }), true);
}

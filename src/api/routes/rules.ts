/** `rules`, `alerts`, `alertmanagers` while no rule can be loaded: parameters are checked, and the answers are truly empty. */
import type { ApiDeps } from "../deps.js";
import { parseGoBool, parseGoInt, quoteParameter } from "../parameters.js";
import { fail, success } from "../respond.js";
import { type ApiFailure, type ApiRequest, type ApiResponse, failure, invalidParameter } from "../types.js";

export async function rules(request: ApiRequest, deps: ApiDeps, signal: AbortSignal): Promise<ApiResponse> {
  const { form, query } = request;
  const type = query.get("type").toLowerCase();
  const wrongSelector = await deps.query.checkSelectors(form.all("match[]"), signal);
  if (wrongSelector !== undefined) return fail(failure(wrongSelector.errorType, wrongSelector.message));
  if (type !== "" && type !== "alert" && type !== "record") {
    return fail(invalidParameter("type", `not supported value ${quoteParameter(type)}`));
  }
  const exclude = query.get("exclude_alerts").toLowerCase();
  const parsed = exclude === "" ? false : parseGoBool(exclude);
  if (typeof parsed === "string") {
    return fail(invalidParameter("exclude_alerts", `error converting exclude_alerts: ${parsed}`));
  }
  const wrongPage = checkPage(query.get("group_limit"), query.get("group_next_token"));
  return wrongPage === undefined ? success({ groups: [] }) : fail(wrongPage);
}

function checkPage(limitSource: string, token: string): ApiFailure | undefined {
  if (limitSource === "") {
    if (token === "") return undefined;
    return invalidParameter("group_next_token", "group_limit needs to be present in order to paginate over the groups");
  }
  const limit = parseGoInt(limitSource, 32, "ParseInt");
  if (typeof limit === "string") {
    return invalidParameter("group_limit", `group_limit needs to be a valid number: ${limit}`);
  }
  if (limit <= 0) return invalidParameter("group_limit", "group_limit needs to be greater than 0");
  if (token === "") return undefined;
  return invalidParameter("group_next_token", `invalid group_next_token '${token}'. were rule groups changed?`);
}

export function alerts(): ApiResponse {
  return success({ alerts: [] });
}

export function alertmanagers(): ApiResponse {
  return success({ activeAlertmanagers: [], droppedAlertmanagers: [] });
}

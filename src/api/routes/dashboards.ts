/** `dashboards`: Grafana's dashboards that this server was given; a page draws them. */
import type { ApiDeps } from "../deps.js";
import { fail, success } from "../respond.js";
import { type ApiRequest, type ApiResponse, failure } from "../types.js";

export function dashboards(_request: ApiRequest, deps: ApiDeps): ApiResponse {
  return success({ dashboards: deps.dashboards.list() });
}

export function dashboard(request: ApiRequest, deps: ApiDeps): ApiResponse {
  const uid = request.pathParameters["uid"] ?? "";
  const json = deps.dashboards.model(uid);
  if (json === undefined)
    return fail(failure("not_found", `there is no dashboard with the uid ${JSON.stringify(uid)}`));
  // It is JSON already: it is put in as it is.
  return { status: 200, contentType: "application/json", body: `{"status":"success","data":{"model":${json}}}` };
}

/** `/api/v1/admin/tsdb`, for `--web.enable-admin-api`; Prometheus' words, since scripts match them. */
import type { ApiDeps } from "../deps.js";
import { MAX_TIME_MS, MIN_TIME_MS, timeParameter } from "../parameters.js";
import type { RequestSignal } from "../request-signal.js";
import { fail, respond, success } from "../respond.js";
import { type ApiRequest, type ApiResponse, failure } from "../types.js";

export async function deleteSeries(request: ApiRequest, deps: ApiDeps, signal: RequestSignal): Promise<ApiResponse> {
  if (deps.admin === undefined) return disabled();
  if (!request.form.has("match[]")) return fail(failure("bad_data", "no match[] parameter provided"));
  const startMs = timeParameter(request.form, "start", MIN_TIME_MS);
  if (typeof startMs === "object") return fail(startMs);
  const endMs = timeParameter(request.form, "end", MAX_TIME_MS);
  if (typeof endMs === "object") return fail(endMs);
  return respond(await deps.admin.deleteSeries(request.form.all("match[]"), startMs, endMs, signal), true);
}

export async function cleanTombstones(_request: ApiRequest, deps: ApiDeps): Promise<ApiResponse> {
  if (deps.admin === undefined) return disabled();
  await deps.admin.cleanTombstones();
  return { status: 204 };
}

export async function snapshot(request: ApiRequest, deps: ApiDeps): Promise<ApiResponse> {
  if (deps.admin === undefined) return disabled();
  const source = request.form.get("skip_head");
  const skipsHead = parseGoBool(source);
  if (skipsHead === undefined) {
    const message = `invalid parameter "skip_head": unable to parse boolean: strconv.ParseBool: parsing ${JSON.stringify(source)}: invalid syntax`;
    return fail(failure("bad_data", message));
  }
  return success({ name: await deps.admin.snapshot(!skipsHead, deps.clock.nowMs()) });
}

function disabled(): ApiResponse {
  return fail(failure("unavailable", "admin APIs disabled"));
}

/** As Go's ParseBool; what is missing is false. */
function parseGoBool(source: string): boolean | undefined {
  if (["1", "t", "T", "TRUE", "true", "True"].includes(source)) return true;
  return ["", "0", "f", "F", "FALSE", "false", "False"].includes(source) ? false : undefined;
}

/**
 * `alertmanagers/alerts`, `alertmanagers/silences`: what the Alertmanagers hold to which this server sends alerts, asked with the server's
 * own credentials. The parameter `url` says which, as `/api/v1/alertmanagers` lists it: no other address is ever asked. Changes are POSTs of
 * JSON by pages of this server, or by clients that are no browsers.
 */
import type { ApiDeps } from "../deps.js";
import { fail, respond } from "../respond.js";
import { isCrossSite } from "../same-origin.js";
import { type ApiFailure, type ApiRequest, type ApiResponse, failure } from "../types.js";

/** Parameters of Alertmanager's API that may be given. */
const PARAMETERS = ["filter", "active", "silenced", "inhibited", "unprocessed", "muted", "receiver"];

export async function alertmanagerAlerts({ query }: ApiRequest, deps: ApiDeps): Promise<ApiResponse> {
  const search = searchOf(query);
  return respond(await deps.rules.askAlertmanager(query.get("url"), { kind: "alerts", search }), false);
}

export async function silences({ query }: ApiRequest, deps: ApiDeps): Promise<ApiResponse> {
  const search = searchOf(query);
  return respond(await deps.rules.askAlertmanager(query.get("url"), { kind: "silences", search }), false);
}

export async function saveSilence(request: ApiRequest, deps: ApiDeps): Promise<ApiResponse> {
  const refusal = refusalOf(request, deps);
  if (refusal !== undefined) return fail(refusal);
  const silence = Buffer.from(request.body).toString("utf8");
  return respond(await deps.rules.askAlertmanager(request.query.get("url"), { kind: "save", silence }), false);
}

export async function expireSilence(request: ApiRequest, deps: ApiDeps): Promise<ApiResponse> {
  const refusal = refusalOf(request, deps);
  if (refusal !== undefined) return fail(refusal);
  const id = request.pathParameters["id"] ?? "";
  return respond(await deps.rules.askAlertmanager(request.query.get("url"), { kind: "expire", id }), false);
}

function refusalOf(request: ApiRequest, deps: ApiDeps): ApiFailure | undefined {
  if (isCrossSite(request, deps.externalUrl)) return failure("bad_data", "a page of another site may not do this");
  // A form of another site cannot send it.
  if (!/^application\/json\b/i.test(request.header("content-type"))) {
    return failure("bad_data", "content-type application/json is expected");
  }
  return undefined;
}

function searchOf(query: ApiRequest["query"]): string {
  const search = new URLSearchParams();
  for (const name of PARAMETERS) for (const value of query.all(name)) search.append(name, value);
  return search.toString();
}

/** Probes, life-cycle, own metrics, version, front page; and routes whose feature is off. Prometheus' words, since scripts match them. */
import type { ApiDeps } from "../deps.js";
import { errorText, goJson, redirect, text } from "../respond.js";
import type { ApiRequest, ApiResponse } from "../types.js";

export function healthy(request: ApiRequest, deps: ApiDeps): ApiResponse {
  return request.method === "HEAD" ? { status: 200 } : text(200, `${nameOf(deps)} is Healthy.\n`);
}

export function ready(request: ApiRequest, deps: ApiDeps): ApiResponse {
  return request.method === "HEAD" ? { status: 200 } : text(200, `${nameOf(deps)} is Ready.\n`);
}

function nameOf({ isAgent }: ApiDeps): string {
  return isAgent === true ? "Prometheus Agent" : "Prometheus Server";
}

/** What every route that needs stored data answers until there are some. */
export function notReady(deps: ApiDeps): ApiResponse {
  return text(503, "Service Unavailable", [["X-Prometheus-Stopping", String(deps.lifecycle.isStopping())]]);
}

export async function reload(_request: ApiRequest, deps: ApiDeps): Promise<ApiResponse> {
  if (!deps.lifecycle.enabled) return lifecycleDisabled();
  const problem = await deps.lifecycle.reload();
  return problem === undefined ? { status: 200, body: "" } : errorText(500, `failed to reload config: ${problem}`);
}

export function quit(_request: ApiRequest, deps: ApiDeps): ApiResponse {
  if (!deps.lifecycle.enabled) return lifecycleDisabled();
  return text(200, deps.lifecycle.quit() ? "Requesting termination... Goodbye!" : "Termination already in progress.");
}

export function mutationByGet(): ApiResponse {
  return text(405, "Only POST or PUT requests allowed");
}

function lifecycleDisabled(): ApiResponse {
  return text(403, "Lifecycle API is not enabled.");
}

export function metrics(request: ApiRequest, deps: ApiDeps): Promise<ApiResponse> {
  return deps.metrics.render({ accept: request.header("accept") });
}

export function version(_request: ApiRequest, deps: ApiDeps): ApiResponse {
  return text(200, `${goJson(deps.status.buildInfo())}\n`);
}

export function options(): ApiResponse {
  return { status: 204 };
}

/** `/` leads to `/query`, or to `/agent` in an agent, as there. */
export function toQueryPage(_request: ApiRequest, deps: ApiDeps): ApiResponse {
  return redirect(302, `${pathOf(deps.externalUrl)}/${deps.isAgent === true ? "agent" : "query"}`);
}

/** An agent's front page is its targets: what else there is, is linked from every page. */
export function agentPage(_request: ApiRequest, deps: ApiDeps): ApiResponse {
  if (deps.isAgent !== true) return errorText(404, "404 page not found");
  return redirect(302, `${pathOf(deps.externalUrl)}/targets`);
}

/** Links to the page of old keep their parameters. */
export function graphToQueryPage(request: ApiRequest, deps: ApiDeps): ApiResponse {
  return redirect(302, `${pathOf(deps.externalUrl)}/query?${request.rawQuery}`);
}

/** The external URL's path in a form that is safe inside an attribute. */
function pathOf(url: URL): string {
  return url.pathname.replace(/\/+$/, "").replace(/[&<>"']/g, (char) => `%${char.charCodeAt(0).toString(16)}`);
}

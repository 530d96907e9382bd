/** Probes, life-cycle, own metrics, version, front page; and routes whose feature is off. Prometheus' words, since scripts match them. */
import type { ApiDeps } from "../deps.js";
import { errorText, goJson, redirect, text } from "../respond.js";
import type { ApiRequest, ApiResponse } from "../types.js";

export function healthy(request: ApiRequest): ApiResponse {
  return request.method === "HEAD" ? { status: 200 } : text(200, "Prometheus Server is Healthy.\n");
}

export function ready(request: ApiRequest): ApiResponse {
  return request.method === "HEAD" ? { status: 200 } : text(200, "Prometheus Server is Ready.\n");
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

/** `/` leads to `/query`, as there. */
export function toQueryPage(_request: ApiRequest, deps: ApiDeps): ApiResponse {
  return redirect(302, `${pathOf(deps.externalUrl)}/query`);
}

/** Links to the page of old keep their parameters. */
export function graphToQueryPage(request: ApiRequest, deps: ApiDeps): ApiResponse {
  const sorted = [...request.query.entries].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  const query = new URLSearchParams(sorted.map(([key, value]): [string, string] => [key, value]));
  return redirect(302, `${pathOf(deps.externalUrl)}/query?${query}`);
}

const PAGE_LINKS: ReadonlyArray<readonly [path: string, title: string]> = [
  ["/api/v1/query?query=up", "Query: up"],
  ["/api/v1/targets", "Targets"],
  ["/api/v1/status/tsdb", "Head"],
  ["/api/v1/status/config", "Configuration"],
  ["/api/v1/status/flags", "Flags"],
  ["/api/v1/status/runtimeinfo", "Runtime"],
  ["/api/v1/status/buildinfo", "Build"],
  ["/metrics", "Own metrics"],
];

/** Stands where the UI will be. */
export function page(_request: ApiRequest, deps: ApiDeps): ApiResponse {
  const base = pathOf(deps.externalUrl);
  const links = PAGE_LINKS.map(([path, title]) => `<li><a href="${base}${path}">${title}</a></li>`).join("\n");
  return {
    status: 200,
    contentType: "text/html; charset=utf-8",
    headers: [
      ["Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"],
      ["X-Content-Type-Options", "nosniff"],
    ],
    body: `<!doctype html>\n<html lang="en">\n<title>Vestal</title>\n<h1>Vestal</h1>\n<ul>\n${links}\n</ul>\n</html>\n`,
  };
}

/** The external URL's path in a form that is safe inside an attribute. */
function pathOf(url: URL): string {
  return url.pathname.replace(/\/+$/, "").replace(/[&<>"']/g, (char) => `%${char.charCodeAt(0).toString(16)}`);
}

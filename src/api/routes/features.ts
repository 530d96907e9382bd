/** `features`, `openapi.yaml`: what this server can do, and by which routes. */
import type { ApiDeps } from "../deps.js";
import { success } from "../respond.js";
import type { Route } from "../router.js";
import type { ApiRequest, ApiResponse } from "../types.js";

/** Sorted, as Go writes maps. */
export function features(_request: ApiRequest, deps: ApiDeps): ApiResponse {
  const all = Object.entries(deps.status.features()).sort(([a], [b]) => (a < b ? -1 : 1));
  return success(
    Object.fromEntries(
      all.map(([category, names]) => [
        category,
        Object.fromEntries(Object.entries(names).sort(([a], [b]) => (a < b ? -1 : 1))),
      ]),
    ),
  );
}

/** Parameters of routes; a `*` is required. */
const PARAMETERS: Readonly<Record<string, string>> = {
  "/api/v1/query": "*query time timeout limit lookback_delta stats max_series max_samples_scanned max_query_duration",
  "/api/v1/query_range":
    "*query *start *end *step timeout limit lookback_delta stats max_series max_samples_scanned max_query_duration",
  "/api/v1/query_cost": "*query time start end step timeout max_series max_samples_scanned max_query_duration",
  "/api/v1/query_range_cost": "*query *start *end *step timeout max_series max_samples_scanned max_query_duration",
  "/api/v1/explain": "*query time start end step timeout lookback_delta",
  "/api/v1/query_exemplars": "*query start end",
  "/api/v1/format_query": "*query",
  "/api/v1/parse_query": "*query",
  "/api/v1/labels": "start end match[] limit",
  "/api/v1/label/{name}/values": "start end match[] limit",
  "/api/v1/series": "*match[] start end limit",
  "/api/v1/targets": "state scrapePool",
  "/api/v1/targets/metadata": "match_target metric limit",
  "/api/v1/targets/relabel_steps": "*scrapePool *labels",
  "/api/v1/metadata": "metric limit limit_per_metric",
  "/api/v1/alerts/history": "start end match[] limit",
  "/api/v1/rules": "type rule_name[] rule_group[] file[] exclude_alerts match[] group_limit group_next_token",
  "/api/v1/rules/backtest": "*query *start *end *step for keep_firing_for alert",
  "/api/v1/status/tsdb": "limit",
};

/** An OpenAPI document of the routes; JSON, which is YAML too. */
export function openApi<Deps>(routes: readonly Route<Deps>[], version: string): ApiResponse {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const { pattern, methods } of routes) {
    if (!pattern.startsWith("/api/v1/") || pattern.includes("*")) continue;
    const path = pattern.replace(/:(\w+)/g, "{$1}");
    const operations = paths[path] ?? {};
    paths[path] = operations;
    for (const method of methods) operations[method.toLowerCase()] ??= operationOf(path, method);
  }
  const document = {
    openapi: "3.1.0",
    info: { title: "Prometheus API", version },
    servers: [{ url: "/" }],
    paths,
    components: { schemas: SCHEMAS },
  };
  return {
    status: 200,
    contentType: "application/yaml; charset=utf-8",
    body: `${JSON.stringify(document, undefined, 2)}\n`,
  };
}

function operationOf(path: string, method: string): unknown {
  const own = (PARAMETERS[path] ?? "").split(" ").filter((name) => name !== "");
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: "path",
    required: true,
    schema: { type: "string" },
  }));
  const schemaOf = (name: string) =>
    name.endsWith("[]") ? { type: "array", items: { type: "string" } } : { type: "string" };
  const named = own.map((text) => ({ name: text.replace(/^\*/, ""), required: text.startsWith("*") }));
  const isForm = method === "POST" && named.length > 0;
  const query = isForm
    ? []
    : named.map(({ name, required }) => ({ name, in: "query", required, schema: schemaOf(name) }));
  const operationId = `${method.toLowerCase()}-${path
    .replace(/^\/api\/v1\//, "")
    .replace(/[^a-z0-9]+/gi, "-")
    .replace(/-$/, "")}`;
  const properties = Object.fromEntries(named.map(({ name }) => [name, schemaOf(name)]));
  const required = named.filter((one) => one.required).map(({ name }) => name);
  return {
    operationId,
    parameters: [...inPath, ...query],
    ...(isForm && {
      requestBody: {
        content: {
          "application/x-www-form-urlencoded": {
            schema: { type: "object", properties, ...(required.length > 0 && { required }) },
          },
        },
      },
    }),
    responses: {
      "200": {
        description: "OK",
        content: { "application/json": { schema: { $ref: "#/components/schemas/Success" } } },
      },
      default: {
        description: "Error",
        content: { "application/json": { schema: { $ref: "#/components/schemas/Error" } } },
      },
    },
  };
}

const NOTES = { type: "array", items: { type: "string" } };
const SCHEMAS = {
  Success: {
    type: "object",
    required: ["status"],
    properties: { status: { const: "success" }, data: {}, warnings: NOTES, infos: NOTES },
  },
  Error: {
    type: "object",
    required: ["status", "errorType", "error"],
    properties: { status: { const: "error" }, errorType: { type: "string" }, error: { type: "string" }, data: {} },
  },
};

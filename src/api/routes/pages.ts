/**
 * The user interface: one document for all of its pages, and its assets. The document says where the interface lies (`<base>`), so
 * every link in it is relative and any prefix works. Nothing from elsewhere is loaded, and no inline script runs.
 */
import { randomBytes } from "node:crypto";
import type { ApiDeps } from "../deps.js";
import { errorText } from "../respond.js";
import type { ApiRequest, ApiResponse } from "../types.js";

export interface Asset {
  readonly type: string;
  readonly bytes: Uint8Array;
  /** The same, gzipped; undefined where that is no gain. */
  readonly gzip: Uint8Array | undefined;
}

/** What was built, held in memory. */
export interface WebAssets {
  /** With `__BASE__` and `__NONCE__` where the answer puts its own. */
  readonly document: string;
  asset(path: string): Asset | undefined;
}

/** Paths of pages: those of Prometheus' own interface, and ours. */
export const PAGE_PATHS = [
  "/query",
  "/alerts",
  "/rules",
  "/targets",
  "/service-discovery",
  "/tsdb-status",
  "/config",
  "/flags",
  "/status",
  "/silences",
  "/alert-history",
  "/backtest",
  "/why",
  "/dashboards",
  // Grafana's: `/d/UID/TITLE`.
  "/d/*path",
] as const;

export function page(_request: unknown, deps: Pick<ApiDeps, "web" | "externalUrl">): ApiResponse {
  const { web } = deps;
  if (web === undefined) return errorText(404, "the user interface is not built");
  // Styles that the editor makes while it runs carry the nonce; no other inline style does.
  const nonce = randomBytes(16).toString("base64");
  const base = deps.externalUrl.pathname
    .replace(/\/+$/, "")
    .replace(/[&<>"']/g, (char) => `%${char.charCodeAt(0).toString(16)}`);
  const policy = [
    "default-src 'none'",
    "script-src 'self'",
    `style-src 'self' 'nonce-${nonce}'`,
    "img-src 'self' data:",
    "connect-src 'self'",
    "base-uri 'self'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ];
  return {
    status: 200,
    contentType: "text/html; charset=utf-8",
    headers: [
      ["Content-Security-Policy", policy.join("; ")],
      ["X-Content-Type-Options", "nosniff"],
      ["Referrer-Policy", "no-referrer"],
      ["Cache-Control", "no-cache"],
    ],
    body: web.document.replaceAll("__BASE__", base).replaceAll("__NONCE__", nonce),
  };
}

export function asset(request: Pick<ApiRequest, "pathParameters" | "header">, deps: Pick<ApiDeps, "web">): ApiResponse {
  const found = deps.web?.asset(request.pathParameters["path"] ?? "");
  if (found === undefined) return errorText(404, "404 page not found");
  const { type, bytes, gzip } = found;
  const isGzip = gzip !== undefined && /\bgzip\b/.test(request.header("accept-encoding"));
  return {
    status: 200,
    contentType: type,
    // The name has a hash of the content.
    headers: [
      ["Cache-Control", "public, max-age=31536000, immutable"],
      ["Vary", "Accept-Encoding"],
      ["X-Content-Type-Options", "nosniff"],
    ],
    encoding: isGzip ? "gzip" : "identity",
    body: isGzip ? gzip : bytes,
  };
}

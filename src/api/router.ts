/**
 * Which handler answers a method and a path, and what is answered where there is none: Prometheus' 301, 404 and 405.
 *
 * A pattern's segments are words, `:name` (one segment, not empty) or a last `*name` (the rest, which may be empty).
 */
import { errorText, redirect } from "./respond.js";
import type { ApiResponse, Handler } from "./types.js";

export interface Route<Deps> {
  readonly methods: readonly string[];
  /** Below the route prefix; also the value of the label `handler` in the server's own metrics. */
  readonly pattern: string;
  readonly handler: Handler<Deps>;
  /** Routes of the API answer with CORS headers; pages and probes do not. */
  readonly cors: boolean;
  /** Answers 503 until the server is ready. */
  readonly needsReady: boolean;
}

export type Resolution<Deps> =
  | {
      readonly kind: "route";
      readonly route: Route<Deps>;
      readonly path: string;
      readonly pathParameters: Readonly<Record<string, string>>;
    }
  | { readonly kind: "answer"; readonly response: ApiResponse };

interface Compiled<Deps> {
  readonly segments: readonly string[];
  readonly route: Route<Deps>;
}

interface Found<Deps> {
  readonly route: Route<Deps>;
  readonly pathParameters: Readonly<Record<string, string>>;
}

/** Paths whose routes are remembered: more than all of a server's, values of `:name` aside. */
const PATHS_KEPT = 1000;
/** Longer ones are not. */
const PATH_LENGTH_MAX = 200;

export class Router<Deps> {
  readonly #routes: readonly Compiled<Deps>[];
  /** By method and path, where there is a route. */
  readonly #known = new Map<string, Resolution<Deps>>();

  constructor(routes: readonly Route<Deps>[]) {
    this.#routes = routes.map((route) => ({ segments: route.pattern.slice(1).split("/"), route }));
  }

  /**
   * @param path     decoded, without the route prefix.
   * @param prefix   "" or "/prefix", for redirects.
   * @param rawQuery with its "?", or "".
   */
  resolve(method: string, path: string, prefix: string, rawQuery: string): Resolution<Deps> {
    const key = `${method} ${path}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const found = this.#resolve(method, path, prefix, rawQuery);
    if (found.kind === "route" && path.length <= PATH_LENGTH_MAX) {
      if (this.#known.size >= PATHS_KEPT) this.#known.clear();
      this.#known.set(key, found);
    }
    return found;
  }

  #resolve(method: string, path: string, prefix: string, rawQuery: string): Resolution<Deps> {
    const clean = cleanPath(path);
    if (clean !== path || path === "/api/v1") {
      return answer(redirect(301, encodePath(prefix + (path === "/api/v1" ? "/api/v1/" : clean)) + rawQuery));
    }
    const matching = this.#find(path);
    const found = matching.find(({ route }) => route.methods.includes(method));
    if (found !== undefined) return { kind: "route", path, ...found };
    // OPTIONS does not count, as there: its one route takes every path of the API.
    const methods = matching.flatMap(({ route }) => route.methods).filter((other) => other !== "OPTIONS");
    if (methods.length > 0) {
      const allow: readonly [string, string] = ["Allow", [...new Set([...methods, "OPTIONS"])].sort().join(", ")];
      if (method === "OPTIONS") return answer({ status: 200, headers: [allow], body: "" });
      return answer(errorText(405, "Method Not Allowed", [allow]));
    }
    const other = path.endsWith("/") ? path.slice(0, -1) : `${path}/`;
    if (path !== "/" && this.#find(other).some(({ route }) => route.methods.includes(method) && !isWildcard(route))) {
      return answer(redirect(301, encodePath(prefix + other) + rawQuery));
    }
    return answer(errorText(404, "404 page not found"));
  }

  #find(path: string): Found<Deps>[] {
    const parts = path.slice(1).split("/");
    const found: Found<Deps>[] = [];
    for (const { segments, route } of this.#routes) {
      const pathParameters = match(segments, parts);
      if (pathParameters !== undefined) found.push({ route, pathParameters });
    }
    return found;
  }
}

function isWildcard<Deps>(route: Route<Deps>): boolean {
  return route.pattern.includes("*");
}

function match(segments: readonly string[], parts: readonly string[]): Record<string, string> | undefined {
  const values: Record<string, string> = {};
  for (let i = 0; i < segments.length; i++) {
    const segment = segments[i]!;
    const part = parts[i];
    if (part === undefined) return undefined;
    if (segment.startsWith("*")) {
      values[segment.slice(1)] = parts.slice(i).join("/");
      return values;
    }
    if (segment.startsWith(":")) {
      if (part === "") return undefined;
      values[segment.slice(1)] = part;
    } else if (segment !== part) return undefined;
  }
  return parts.length === segments.length ? values : undefined;
}

function answer<Deps>(response: ApiResponse): Resolution<Deps> {
  return { kind: "answer", response };
}

/** As Go's server mux: no empty, "." or ".." segments; a slash at the end stays. */
function cleanPath(path: string): string {
  if (!/\/(?:\/|\.\.?(?:\/|$))/.test(path)) return path;
  const kept: string[] = [];
  for (const part of path.split("/")) {
    if (part === "..") kept.pop();
    else if (part !== "" && part !== ".") kept.push(part);
  }
  const clean = `/${kept.join("/")}`;
  return path.endsWith("/") && clean !== "/" ? `${clean}/` : clean;
}

/** A decoded path as it stands in a URL; bytes that are not UTF-8 (lone surrogates here) as they came. */
function encodePath(path: string): string {
  return path
    .split(/([\udc80-\udcff])/u)
    .map((part, i) =>
      i % 2 === 1
        ? `%${(part.charCodeAt(0) - 0xdc00).toString(16)}`
        : encodeURI(part).replace(/[?#]/g, encodeURIComponent),
    )
    .join("");
}

/** Addresses in dashboards: only those that open a page, and Grafana's own as ours. */

import { interpolate, type Scope } from "./interpolate.js";
import { ALL } from "./variables.js";

export interface LinkContext {
  readonly from: string;
  readonly to: string;
  /** Names of the dashboard's variables. */
  readonly variables: readonly string[];
}

/** @returns undefined for what must not be followed: scripts, data, other schemes. */
export function linkAddress(
  url: string,
  scope: Scope,
  context: LinkContext,
  more: ReadonlyMap<string, string> = new Map(),
): string | undefined {
  const time = `from=${encodeURIComponent(context.from)}&to=${encodeURIComponent(context.to)}`;
  const replaced = url
    .replace(/\$\{?__url_time_range\}?/g, time)
    .replace(/\$\{?__all_variables\}?/g, variableParameters(scope, context.variables))
    .replace(/\$\{(__(?:data|value|field|series)[^}:]*)(?::[^}]*)?\}/g, (_, name: string) =>
      encodeURIComponent(more.get(name) ?? ""),
    )
    .replace(/\$__cell(?:_\d+)?/g, () => encodeURIComponent(more.get("__value.text") ?? ""));
  return safeAddress(interpolate(replaced, scope, ({ values }) => values.map(encodeURIComponent).join(",")));
}

export function variableParameters(scope: Scope, names: readonly string[]): string {
  const search = new URLSearchParams();
  for (const name of names) {
    const value = scope.get(name);
    if (value === undefined) continue;
    for (const each of value.isAll ? [ALL] : value.values) search.append(`var-${name}`, each);
  }
  return search.toString();
}

export function safeAddress(url: string): string | undefined {
  const trimmed = url.trim();
  // Grafana's own pages begin with a slash; here they lie below the page's base.
  const own = /^\/?(d\/[^\s\\]*|dashboards\b[^\s\\]*)$/.exec(trimmed);
  if (own !== null) return own[1];
  try {
    const parsed = new URL(trimmed);
    return parsed.protocol === "http:" || parsed.protocol === "https:" ? parsed.href : undefined;
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}

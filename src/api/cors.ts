/** Cross-origin headers as Prometheus sets them on each answer of the API. */
import type { Regex } from "../model/index.js";

const COMMON: ReadonlyArray<readonly [string, string]> = [
  ["Access-Control-Allow-Headers", "Accept, Authorization, Content-Type, Origin"],
  ["Access-Control-Allow-Methods", "GET, POST, OPTIONS"],
  ["Access-Control-Expose-Headers", "Date"],
];

/** @param origin the request's header, or "". */
export function corsHeaders(allowed: Regex, origin: string): ReadonlyArray<readonly [string, string]> {
  const vary: readonly [string, string] = ["Vary", "Origin"];
  if (origin === "") return [vary];
  if (!allowed.matches(origin)) return [...COMMON, vary];
  return [...COMMON, ["Access-Control-Allow-Origin", origin], vary];
}

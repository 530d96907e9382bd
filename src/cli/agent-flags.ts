/** Which flags are for a server only and which for an agent only; Prometheus refuses to start where they are mixed. */
import type { EarlyEnd } from "./flags.js";

const AGENT_PREFIX = "storage.agent.";
/** Ours of the storage that only a server has begin with the same words. */
const SERVER_PREFIXES = ["storage.tsdb.", "rules.", "alertmanager.", "query.", "live.", "storage.block-cache."];
const SERVER_NAMES: ReadonlySet<string> = new Set([
  "storage.remote.read-sample-limit",
  "storage.remote.read-concurrent-limit",
  "storage.remote.read-max-bytes-in-frame",
]);

/** @param given  names in the order in which they were given. Undefined where all may stand. */
export function refuseMixedFlags(given: Iterable<string>, isAgent: boolean): EarlyEnd | undefined {
  const isServerOnly = (name: string): boolean =>
    SERVER_NAMES.has(name) || SERVER_PREFIXES.some((prefix) => name.startsWith(prefix));
  const isWrong = isAgent ? isServerOnly : (name: string): boolean => name.startsWith(AGENT_PREFIX);
  const wrong = [...given].filter(isWrong).map((name) => `"--${name}"`);
  if (wrong.length === 0) return undefined;
  const rule = isAgent ? "can not be used in agent mode" : "can only be used in agent mode";
  return { kind: "end", exitCode: 3, stderr: `The following flag(s) ${rule}: [${wrong.join(" ")}]` };
}

/** What the rules are told of the command line. */
import type { ServerOptions } from "../server-options.js";
import { vestalVersion } from "../version.js";
import type { RulesSettings } from "./rules-messages.js";

export function rulesSettings(
  { rules, notifications, alertmanager, web, features, query, tsdb }: ServerOptions,
  shardCount: number,
): RulesSettings {
  return {
    shardCount,
    ...rules,
    isConcurrent: features.has("concurrent-rule-eval"),
    externalUrl: web.externalUrl.href.replace(/\/+$/, ""),
    experimentalFunctions: features.has("promql-experimental-functions"),
    durationExpressions: features.has("promql-duration-expr"),
    lookbackDeltaMs: query.lookbackDeltaMs,
    ...notifications,
    embeddedAlertmanager: alertmanager?.listenAddress ?? "",
    areSilencesEnabled: web.enableSilences,
    dataFolder: tsdb.path,
    userAgent: `Vestal/${vestalVersion()}`,
  };
}

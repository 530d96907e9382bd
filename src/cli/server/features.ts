/** What `/api/v1/features` says: Prometheus' categories and names, and ours under `vestal`. */
import { FUNCTIONS } from "../../promql/parser/index.js";
import type { ServerOptions } from "../server-options.js";

/** Names of functions that only a flag switches on have their own state. */
export function shownFeatures({
  features,
  web,
}: ServerOptions): Readonly<Record<string, Readonly<Record<string, boolean>>>> {
  const has = (name: string): boolean => features.has(name);
  const experimental = has("promql-experimental-functions");
  return {
    api: {
      exclude_alerts: true,
      label_values_match: true,
      lifecycle: web.enableLifecycle,
      query_stats: true,
      query_warnings: true,
    },
    promql: {
      at_modifier: true,
      delayed_name_removal: has("promql-delayed-name-removal"),
      duration_expr: has("promql-duration-expr"),
      experimental_functions: experimental,
      negative_offset: true,
      per_step_stats: has("promql-per-step-stats"),
      subqueries: true,
      type_and_unit_labels: has("type-and-unit-labels"),
    },
    promql_functions: Object.fromEntries(
      [...FUNCTIONS.values()].map(({ name, experimental: isGated }) => [name, isGated !== true || experimental]),
    ),
    promql_operators: Object.fromEntries(
      ["!=", "!~", "%", "*", "+", "-", "/", "<", "<=", "==", "=~", ">", ">=", "^", "and", "atan2", "or", "unless"].map(
        (name) => [name, true],
      ),
    ),
    rules: { concurrent_rule_eval: has("concurrent-rule-eval"), keep_firing_for: true, query_offset: true },
    vestal: { alert_history: true, live: true, rules_backtest: true },
  };
}

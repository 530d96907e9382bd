/** Specification of a PrometheusRule. */
import { duration, type Fields, integer, intOrString, list, map, object, string } from "./dsl.js";

export const prometheusRuleSpec = {
  groups: list(
    "rule groups",
    object("", {
      interval: duration("evaluation interval of the group"),
      labels: map("labels added to every rule of the group", string("")),
      limit: integer("most alerts or series a group may produce"),
      name: string("group name, unique in the file", { required: true, minLength: 1 }),
      partial_response_strategy: string("Thanos partial response: abort or warn", { pattern: "^(?i)(abort|warn)?$" }),
      query_offset: duration("evaluation offset of the group"),
      rules: list(
        "rules of the group",
        object("", {
          alert: string("alert-evaluation tuning of the server"),
          annotations: map("annotations to add", string("")),
          expr: intOrString("PromQL expression", { required: true }),
          for: duration("pending time before the alert fires"),
          keep_firing_for: duration("time the alert keeps firing after it clears", { minLength: 1 }),
          labels: map("labels of the resulting series or alert", string("")),
          record: string("recorded metric name"),
        }),
      ),
    }),
    { keys: ["name"] },
  ),
} satisfies Fields;

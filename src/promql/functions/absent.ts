/** The labels that `absent` and `absent_over_time` give: those that the selector fixes with `=`, once each. */
import { Labels, type Matcher, METRIC_NAME } from "../../model/index.js";

export function absentLabels(matchers: readonly Matcher[]): Labels {
  const values = new Map<string, string>();
  const seen = new Set<string>();
  for (const matcher of matchers) {
    if (matcher.name === METRIC_NAME) continue;
    if (matcher.operator === "=" && !seen.has(matcher.name)) {
      values.set(matcher.name, matcher.value);
      seen.add(matcher.name);
    } else {
      values.delete(matcher.name);
    }
  }
  return Labels.of(values);
}

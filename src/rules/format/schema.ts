/** The YAML of a rule file, as Prometheus 3.5 reads it. Names of types are those that its messages show. */
import { duration, field, int, list, map, type Shape, struct, text } from "../../config/index.js";

/** An item of a list that is written as null is left out there, without a word. */
function unlessNull<T>(shape: Shape<T>): Shape<T | undefined> {
  return { spec: shape.spec, zero: undefined };
}

const labelMap = () => map(text(), { goType: "map[string]string" });

export const ruleShape = struct("rulefmt.Rule", {
  record: field(text()),
  alert: field(text()),
  expr: field(text()),
  for: field(duration()),
  keep_firing_for: field(duration()),
  labels: field(labelMap()),
  annotations: field(labelMap()),
});
export type WrittenRule = typeof ruleShape.zero;

export const groupShape = struct("rulefmt.RuleGroup", {
  name: field(text()),
  interval: field(duration()),
  query_offset: field<number | undefined>({ spec: { kind: "duration" }, zero: undefined }),
  limit: field(int()),
  rules: field(list(unlessNull(ruleShape))),
  labels: field(labelMap()),
});
export type WrittenGroup = typeof groupShape.zero;

export const ruleFileShape = struct("rulefmt.RuleGroups", { groups: field(list(unlessNull(groupShape))) });

/** In the second reading, which only wants places, the types have other names and the text of a rule any form. */
export const SECOND_NAMES: ReadonlyArray<readonly [first: string, second: string]> = [
  ["rulefmt.RuleGroups", "rulefmt.ruleGroups"],
  ["rulefmt.RuleGroup", "rulefmt.RuleGroupNode"],
  ["rulefmt.Rule", "rulefmt.RuleNode"],
];

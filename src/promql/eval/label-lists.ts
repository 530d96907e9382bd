/** What follows from the labels of a selection alone, found out once for all queries that select the same. */
import { LabelList, type Labels, METRIC_NAME } from "../../model/index.js";
import { SCHEMA_LABELS, withoutName } from "./rows.js";

/** The same labels without the metric's name, type and unit. */
export function namelessList(list: LabelList): LabelList {
  return list.memo("nameless", () => new LabelList(list.labels.map(withoutName)));
}

/** Whether no two of the list are equal without names; its own labels are unique. */
export function areUniqueWithoutName(list: LabelList): boolean {
  return list.memo("unique without name", () => haveOneName(list.labels) || areUnique(namelessList(list).labels));
}

/** Label sets that differ, but not in what is taken off them, differ without it too. */
function haveOneName(labels: readonly Labels[]): boolean {
  const [first] = labels;
  if (first === undefined) return true;
  for (const name of SCHEMA_LABELS) {
    const value = first.get(name);
    if (labels.some((each) => each.get(name) !== value)) return false;
  }
  return true;
}

function areUnique(labels: readonly Labels[]): boolean {
  return new Set(labels.map(({ key }) => key)).size === labels.length;
}

/** Whether all names end as those of counters do. */
export function areNamedAsCounters(list: LabelList): boolean {
  return list.memo("named as counters", () => {
    const names = new Set(list.labels.map((labels) => labels.get(METRIC_NAME)));
    return [...names].every((name) => name === "" || /_(?:total|sum|count|bucket)$/.test(name));
  });
}

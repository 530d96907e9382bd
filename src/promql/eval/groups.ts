/** Groups of rows by their labels, as `by` and `without` make them. */
import { LabelList, Labels, METRIC_NAME } from "../../model/index.js";
import { type Evaluation, Frame, hold, type Rows } from "./rows.js";

export interface Group {
  readonly labels: Labels;
  /** Not to be changed by who was given the group. */
  readonly members: number[];
}

/** Groups of rows in the order of their first member. */
export function groupRows(rows: Rows, grouping: readonly string[], without: boolean): readonly Group[] {
  const { list } = rows;
  if (list !== undefined) return groupsOf(list, grouping, without).groups;
  return makeGroups(rows.count, (i) => rows.labels(i), grouping, without);
}

export interface GroupedList {
  readonly groups: readonly Group[];
  /** The labels of the groups. */
  readonly list: LabelList;
}

/** Groups in the order of their first member. */
export function groupsOf(list: LabelList, grouping: readonly string[], without: boolean): GroupedList {
  const make = (): GroupedList => {
    const groups = makeGroups(list.labels.length, (i) => list.labels[i]!, grouping, without);
    return { groups, list: new LabelList(groups.map(({ labels }) => labels)) };
  };
  if (grouping.length > KEPT_LABELS_MAX) return make();
  return list.memo(`${without ? "without" : "by"} ${JSON.stringify(grouping)}`, make);
}

/** Groupings by more labels are no dashboard's. */
const KEPT_LABELS_MAX = 100;

function makeGroups(
  count: number,
  labelsOf: (index: number) => Labels,
  grouping: readonly string[],
  without: boolean,
): Group[] {
  const groups = new Map<string, Group>();
  const groupLabels = groupLabelsOf(grouping, without);
  for (let i = 0; i < count; i++) {
    const labels = groupLabels(labelsOf(i));
    const group = groups.get(labels.key);
    if (group === undefined) groups.set(labels.key, { labels, members: [i] });
    else group.members.push(i);
  }
  return [...groups.values()];
}

export function groupLabelsOf(grouping: readonly string[], without: boolean): (labels: Labels) => Labels {
  const names = new Set(grouping);
  if (!without) return names.size === 0 ? () => Labels.EMPTY : (labels) => labels.only(names);
  names.add(METRIC_NAME);
  return (labels) => labels.without(names);
}

/** Holds some of the rows. */
export function holdMembers(evaluation: Evaluation, rows: Rows, members: readonly number[], steps: number): Frame {
  if (rows instanceof Frame) return rows.pick(members);
  const picked: Rows = {
    count: members.length,
    labels: (index) => rows.labels(members[index]!),
    dropsName: (index) => rows.dropsName(members[index]!),
    fill: (index, values, present) => rows.fill(members[index]!, values, present),
  };
  return hold(evaluation, picked, steps);
}

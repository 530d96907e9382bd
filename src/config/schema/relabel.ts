/** Relabelling rules as the configuration file writes them. */

import { quoteGo } from "../../model/index.js";
import {
  checkRule,
  DEFAULT_RULE,
  isWellFormed,
  RELABEL_ACTIONS,
  type RelabelAction,
  type RelabelRule,
} from "../../relabel/index.js";
import { quoteBytes } from "../decode.js";
import { checked, field, list, pointer, regex, type Shape, struct, text, uint64 } from "../shape.js";
import { refuse } from "./http-client.js";

export const labelName = (): Shape<string> =>
  checked("model.LabelName", (name) => {
    if (name === "" || !isWellFormed(name)) refuse(`${quoteBytes(name)} is not a valid label name`);
    return name;
  });

const action = (): Shape<string> =>
  checked("string", (written) => {
    const lower = written.toLowerCase();
    if (!RELABEL_ACTIONS.some((known) => known === lower)) refuse(`unknown relabel action ${quoteGo(written)}`);
    return lower;
  });

const rule = struct("relabel.plain", {
  source_labels: field(list(labelName(), { flow: true })),
  separator: field(text(), DEFAULT_RULE.separator),
  /** undefined is the default, `(.*)`; the same expression written out is not, for Prometheus. */
  regex: { ...field(regex()), initial: undefined },
  modulus: field(uint64()),
  target_label: field(text()),
  replacement: field(text(), DEFAULT_RULE.replacement),
  action: field(action(), "replace"),
});
export type RuleSection = typeof rule.zero;

/** A list of rules; null in it is refused by the section that has it, with its own words. */
export const rules = () => list(pointer(rule));
export type RuleSections = readonly (RuleSection | undefined)[] | undefined;

/** Checks rules as Prometheus does when the whole file is known. */
export function checkRules(sections: RuleSections): void {
  for (const section of sections ?? []) {
    if (section === undefined) continue;
    if (section.action === "") refuse("relabel action cannot be empty");
    const plain = toRule(section);
    checkRule(plain);
    if ((plain.action === "dropequal" || plain.action === "keepequal") && section.regex !== undefined) {
      refuse(`${plain.action} action requires only 'source_labels' and \`target_label\`, and no other fields`);
    }
  }
}

function toRule(section: RuleSection): RelabelRule {
  return {
    // The decoder has let nothing else through.
    action: section.action as RelabelAction,
    sourceLabels: section.source_labels ?? [],
    separator: section.separator,
    regex: section.regex ?? DEFAULT_RULE.regex,
    modulus: String(section.modulus),
    targetLabel: section.target_label,
    replacement: section.replacement,
    // Prometheus 3.5 allows UTF-8 in rules whatever scheme the job has.
    nameValidation: "utf8",
  };
}

export function toRules(sections: RuleSections): readonly RelabelRule[] {
  return (sections ?? []).flatMap((section) => (section === undefined ? [] : [toRule(section)]));
}

export function refuseNullRules(sections: RuleSections, message: string): void {
  if (sections?.includes(undefined)) refuse(message);
}

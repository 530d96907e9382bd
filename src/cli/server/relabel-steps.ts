/** `targets/relabel_steps`: what each relabelling rule of a job makes of a label set. */
import { type ApiFailure, failure, type ServiceAnswer } from "../../api/index.js";
import type { Config } from "../../config/index.js";
import { Labels } from "../../model/index.js";
import { compileRules, type RelabelRule, relabel } from "../../relabel/index.js";

export function relabelSteps(config: Config | undefined, scrapePool: string, labelsJson: string): ServiceAnswer {
  const job = config?.scrapeConfigs.find(({ jobName }) => jobName === scrapePool);
  if (job === undefined) {
    return failure("bad_data", `error retrieving scrape config: scrape pool ${JSON.stringify(scrapePool)} not found`);
  }
  const labels = labelsOf(labelsJson);
  if (!(labels instanceof Labels)) return labels;
  const rules = compileRules(job.relabelRules);
  const steps = rules.map(({ rule }, i) => {
    const { labels: output } = relabel(labels, rules.slice(0, i + 1));
    return { rule: shown(rule), output: (output ?? Labels.EMPTY).toObject(), keep: output !== undefined };
  });
  return { kind: "data", data: { steps } };
}

function labelsOf(text: string): Labels | ApiFailure {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return failure("bad_data", `error parsing labels: ${error.message}`);
  }
  const isObject = typeof parsed === "object" && parsed !== null && !Array.isArray(parsed);
  const entries = isObject ? Object.entries(parsed as object) : [];
  if (!isObject || entries.some(([, value]) => typeof value !== "string")) {
    return failure("bad_data", "error parsing labels: they must be a JSON object of strings");
  }
  return Labels.of(entries as [string, string][]);
}

/** Under the names of the configuration file; what is empty is left out. */
function shown(rule: RelabelRule): unknown {
  return {
    ...(rule.sourceLabels.length > 0 && { source_labels: rule.sourceLabels }),
    ...(rule.separator !== "" && { separator: rule.separator }),
    regex: rule.regex,
    ...(rule.modulus !== "0" && { modulus: Number(rule.modulus) }),
    ...(rule.targetLabel !== "" && { target_label: rule.targetLabel }),
    ...(rule.replacement !== "" && { replacement: rule.replacement }),
    action: rule.action,
  };
}

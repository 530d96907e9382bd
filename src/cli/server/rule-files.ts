/** The rule files that a configuration names, read and checked. */
import { readFileSync } from "node:fs";
import { type Logger, systemReason, VestalError } from "../../base/index.js";
import { type Config, diskFiles, expandGlob } from "../../config/index.js";
import { type ReadRulesOptions, type RuleFileResult, type RuleSet, readRules } from "../../rules/index.js";

/** @throws VestalError CONFIG_APPLY if a file cannot be read or is wrong; each of its mistakes is in the log. */
export function loadRuleFiles(config: Config, configFile: string, options: ReadRulesOptions, log: Logger): RuleSet {
  const { global, ruleFiles } = config;
  const files = ruleFiles.flatMap((pattern) => expandGlob(pattern, diskFiles));
  let hasFailed = false;
  const loaded = files.map((file) => {
    const { groups, errors } = readFile(file, options);
    for (const err of errors ?? []) {
      hasFailed = true;
      log.error("loading groups failed", { component: "rule manager", err });
    }
    return { file, groups: groups ?? [] };
  });
  if (hasFailed) {
    const where = `(--config.file=${JSON.stringify(configFile)})`;
    log.error("Failed to apply configuration", { err: "error loading rules, previous rule set restored" });
    throw new VestalError("CONFIG_APPLY", `one or more errors occurred while applying the new configuration ${where}`);
  }
  return { files: loaded, intervalMs: global.evaluationIntervalMs, queryOffsetMs: global.ruleQueryOffsetMs };
}

function readFile(file: string, options: ReadRulesOptions): RuleFileResult {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    return { errors: [`${file}: open ${file}: ${systemReason(error)}`] };
  }
  const read = readRules(text, options);
  return read.errors === undefined ? read : { errors: read.errors.map((error) => `${file}: ${error}`) };
}

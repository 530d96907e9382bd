export { type ReadRulesOptions, readRules } from "./read.js";
export type { LabelMap, RuleFileResult, RuleGroupSpec, RuleSpec } from "./types.js";

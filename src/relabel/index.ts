export {
  type CompiledRule,
  compileRules,
  type RelabelResult,
  relabel,
} from "./apply.js";
export { LabelsBuilder } from "./builder.js";
export { type MetricRelabeler, type MetricRelabelOptions, metricRelabeler } from "./metric.js";
export {
  checkRule,
  DEFAULT_RULE,
  isValidLabelName,
  isWellFormed,
  type NameValidation,
  RELABEL_ACTIONS,
  type RelabelAction,
  type RelabelRule,
} from "./rule.js";

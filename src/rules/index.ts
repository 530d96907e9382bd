export { ALERTS_FOR_STATE, type AlertChange, type AlertState } from "./alerting-rule.js";
export {
  type BacktestAlert,
  type BacktestSeries,
  backtest,
  backtestRule,
  backtestView,
  seriesOfMatrix,
} from "./backtest.js";
export type {
  AlertSender,
  AlertTemplateData,
  AlertTemplates,
  AppendOutcome,
  ForStateSample,
  OutgoingAlert,
  RuleAnswer,
  RuleAppender,
  RuleQuerier,
  RuleQuery,
  RuleRow,
  RuleSample,
  TemplateQuery,
  TemplateQuerySample,
} from "./deps.js";
export {
  type ReadRulesOptions,
  type RuleFileResult,
  type RuleGroupSpec,
  type RuleSpec,
  readRules,
} from "./format/index.js";
export { evaluationTimeNs, type GroupDeps, RuleGroup } from "./group.js";
export { AlertHistory, type HistoryLog, matchesAny, type ShownChange } from "./history.js";
export { RuleManager, type RuleManagerOptions, type RuleSet } from "./manager.js";
export { alertsView, alertView, type RulesFilter, rulesView } from "./view.js";
export { writtenLabels } from "./written-labels.js";

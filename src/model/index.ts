export { formatDuration, parseDuration } from "./duration.js";
export {
  type CounterResetHint,
  CUSTOM_BUCKETS_SCHEMA,
  type Histogram,
  RESET_GAUGE,
  RESET_NO,
  RESET_UNKNOWN,
  RESET_YES,
  type Span,
} from "./histogram.js";
export {
  compareBytes,
  compareLabels,
  isLegacyLabelName,
  isValidLabelName,
  Labels,
  METRIC_NAME,
  quoteGo,
} from "./labels.js";
export { Matcher, type MatchOperator } from "./matcher.js";
export {
  compileRegex,
  expandTemplate,
  MAX_REGEX_LENGTH,
  type Regex,
  type RegexGroups,
  type RegexOptions,
} from "./regex.js";
export { isStaleNumber, isStaleWords, STALE_NAN_HIGH, STALE_NAN_LOW } from "./staleness.js";

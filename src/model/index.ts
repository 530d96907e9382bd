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
  compileSearch,
  expandTemplate,
  MAX_REGEX_LENGTH,
  type Regex,
  type RegexGroups,
  type RegexOptions,
  type SearchRegex,
} from "./regex.js";
export { isStaleWords, STALE_NAN_HIGH, STALE_NAN_LOW } from "./staleness.js";

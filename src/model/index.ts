export { formatDuration, parseDuration } from "./duration.js";
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
export { isStaleWords, STALE_NAN_HIGH, STALE_NAN_LOW } from "./staleness.js";

export { formatDuration, parseDuration } from "./duration.js";
export { EXEMPLAR_CHARACTERS_MAX, type Exemplar } from "./exemplar.js";
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
  decodeHistogram,
  encodeHistogram,
  putHistogram,
  spannedBuckets,
  staleHistogramBytes,
  takeHistogram,
} from "./histogram-bytes.js";
export { compacted, limitedTo, reducedTo } from "./histogram-resolution.js";
export { hashLabels, hashOffset } from "./label-hash.js";
export { LabelList, LabelLists, type OrderedList } from "./label-list.js";
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
  type MetricType,
  metricTypeNamed,
  metricTypeNumber,
  metricTypeOf,
  type SeriesMetadata,
} from "./metric-metadata.js";
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
export { isStaleNumber, isStaleWords, STALE_NAN_HIGH, STALE_NAN_LOW } from "./staleness.js";
export { histogramProblem } from "./validate-histogram.js";
export { xxHash64 } from "./xxhash64.js";

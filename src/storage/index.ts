export type {
  AppendTarget,
  ExpositionFormat,
  MetricMetadata,
  ScrapeAppender,
  ScrapeInput,
  ScrapeLimits,
  ScrapeOutcome,
  ScrapeTargetOptions,
} from "./appender.js";
export type {
  CancelToken,
  ColumnSink,
  LabelAnswer,
  Querier,
  SampleColumns,
  SelectHints,
  SelectRequest,
  SeriesSet,
} from "./querier.js";

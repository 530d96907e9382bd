export {
  type AppendTarget,
  DEFAULT_HISTOGRAM_OPTIONS,
  type ExpositionFormat,
  type HistogramOptions,
  type MetricMetadata,
  type ScrapeAppender,
  type ScrapeInput,
  type ScrapeLimits,
  type ScrapeOutcome,
  type ScrapeTargetOptions,
} from "./appender.js";
export type {
  CancelToken,
  ChunkSink,
  ColumnSink,
  EncodedSamples,
  LabelAnswer,
  Querier,
  SampleColumns,
  SelectHints,
  SelectRequest,
  SeriesSet,
} from "./querier.js";

export type {
  CancelToken,
  ColumnSink,
  LabelAnswer,
  Querier,
  SampleColumns,
  SelectHints,
  SeriesSet,
} from "./querier.js";

export { BODY_SLACK } from "../../assembly/exposition/layout.js";
export type { ExpositionKernels } from "./kernels.js";
export { exemplarOf } from "./protobuf-body.js";
export type { ExemplarText } from "./protobuf-exemplar.js";
export {
  type NewLine,
  type ParseInput,
  type ParseOutcome,
  type RowExtra,
  ScrapeParser,
  type StaleRows,
  type TargetHandle,
} from "./scrape-parser.js";
export { parseSeriesText, type SeriesText, seriesRefusal } from "./series-text.js";

export { BODY_SLACK } from "../../assembly/exposition/layout.js";
export type { ExpositionKernels } from "./kernels.js";
export {
  type NewLine,
  type ParseInput,
  type ParseOutcome,
  ScrapeParser,
  type StaleRows,
  type TargetHandle,
} from "./scrape-parser.js";
export { parseSeriesText, type SeriesText, seriesRefusal } from "./series-text.js";

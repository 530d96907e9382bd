export { DatabaseQuerier, type DatabaseQuerierOptions } from "./database-querier.js";
export { MergedSeries } from "./merged-series.js";

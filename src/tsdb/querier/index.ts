export { DatabaseQuerier, type DatabaseQuerierOptions } from "./database-querier.js";
export { encodeSamples } from "./encode-samples.js";
export { FanoutQuerier, type FanoutQuerierOptions } from "./fanout-querier.js";
export { MergedSeries } from "./merged-series.js";

export { printHistogramNotation } from "./histogram.js";
export { parseMetricNotation, parseSeriesNotation, type SeriesNotation } from "./series.js";
export { appendToChunk, type ChunkEnd } from "./stored-hints.js";
export type { NotedValue } from "./values.js";

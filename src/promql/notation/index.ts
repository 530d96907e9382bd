export { printHistogramNotation } from "./histogram.js";
export { type NotedValue, parseMetricNotation, parseSeriesNotation, type SeriesNotation } from "./series.js";
export { appendToChunk, type ChunkEnd } from "./stored-hints.js";

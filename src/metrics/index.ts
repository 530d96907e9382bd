export { CATALOGUE, type MetricDescription, type MetricType } from "./catalogue.js";
export { metricsPage, observeHttp } from "./http.js";
export type { Histogram, Summary, Value } from "./instruments.js";
export { registerProcess, registerThreads, type ThreadHealth, watchThread } from "./process.js";
export { type CollectedFamily, type MetricSample, Registry } from "./registry.js";
export { TEXT_CONTENT_TYPE, writeText } from "./write.js";

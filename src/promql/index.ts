/** PromQL: parse, plan, evaluate, encode. The parser's own face is `parser/index.ts`. */
export {
  DEFAULT_EVALUATION_OPTIONS,
  type EvaluationMeans,
  type EvaluationOptions,
  evaluate,
  type QueryRequest,
  type SelectedSeries,
} from "./eval/evaluate.js";
export { encodeAnswer, encodeSeries, encodeTexts } from "./eval/json.js";
export { type PromqlKernels, startPromqlKernels } from "./eval/kernels.js";
export { instantRequest, prepareInstantQuery, prepareRangeQuery, rangeRequest } from "./eval/prepare.js";
export type { MatrixValue, QueryResult, QueryValue, ScalarValue, StringValue, VectorValue } from "./eval/result.js";
export { TopSink } from "./eval/selectors.js";
export { type ExplainedNode, estimateCost, PlanObserver, type QueryCost, selectorText } from "./explain/index.js";
export { encodeFrame, type FrameRange } from "./frame/encode.js";
export { histogramText, toSample } from "./native/to-sample.js";
export { buildPlan, type PlanOptions } from "./plan/build.js";
export { MovingPlan } from "./plan/moving.js";
export { type Plan, plansBelow, type Selection, selectionOf } from "./plan/nodes.js";

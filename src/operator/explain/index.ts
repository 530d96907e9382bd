export { type ExplainedObject, type Explanation, explain, explanationText, remedyOf } from "./explain.js";
export { type AskServer, explainedKind, explainObject } from "./gather.js";

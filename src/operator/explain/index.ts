export { type ExplainedObject, type Explanation, explain, explanationText, remedyOf } from "./explain.js";
export { type AskServer, explainedKind, explainObject } from "./gather.js";
export { gatherRollout } from "./gather-rollout.js";
export { explainRollout, type Rollout, type RolloutPod } from "./rollout.js";

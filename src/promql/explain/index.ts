export { estimateCost, type QueryCost, type SelectorCost, selectorText } from "./cost.js";
export { type ExplainedNode, PlanObserver } from "./observer.js";

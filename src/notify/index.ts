export { type AlertmanagerOutcome, alertmanagerOf } from "./target.js";

export { type Alert, encodeAlerts, relabelAlerts } from "./alert.js";
export { Notifier, type NotifierConfig, type NotifierDeps, type NotifierOptions } from "./notifier.js";
export type { AlertmanagerQuestion, AlertmanagerReply } from "./questions.js";
export { type AlertmanagerOutcome, alertmanagerOf } from "./target.js";

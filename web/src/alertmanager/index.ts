/** What other pages use of Alertmanager's: its API, its silences, and the form for one. */
export type { AlertQuery, NewSilence, Silence, SilenceApi } from "./api.js";
export { type Matcher, matchersOfLabels, matchersText, matcherText, parseMatchers } from "./matchers.js";
export { AffectedAlerts, SilenceForm, type SilenceFormProps } from "./silence-form.js";
export { SilenceList, type SilenceListProps } from "./silence-list.js";

import type { Labels } from "./labels.js";

/** An example of what a sample counts, such as the trace of one request. */
export interface Exemplar {
  readonly labels: Labels;
  readonly value: number;
  readonly timestampMs: number;
  /** Whether the timestamp was said with it; else it is that of the sample. */
  readonly isTimed: boolean;
}

/** As Prometheus: characters of all names and values of one exemplar. */
export const EXEMPLAR_CHARACTERS_MAX = 128;

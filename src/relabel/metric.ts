/**
 * Relabelling of the series of one scrape job, in the thread that ingests them. It starts from plain rules, which
 * crossed the thread boundary, and compiles them there. Results are kept by label set: a series is relabelled when it
 * is first seen and when it comes back after churn, so the memory is bounded and simply starts again when full.
 */
import type { Labels } from "../model/index.js";
import { compileRules, relabel } from "./apply.js";
import type { RelabelRule } from "./rule.js";

export interface MetricRelabelOptions {
  /** Results kept. An entry costs about the size of two label sets; 0 keeps none. */
  readonly entriesMax: number;
}

/** The labels to store, or undefined where the series is dropped. */
export type MetricRelabeler = (labels: Labels) => Labels | undefined;

const DROPPED = Symbol("dropped");

/** @throws VestalError REGEX */
export function metricRelabeler(rules: readonly RelabelRule[], options: MetricRelabelOptions): MetricRelabeler {
  const compiled = compileRules(rules);
  if (compiled.length === 0) return (labels) => labels;
  const kept = new Map<string, Labels | typeof DROPPED>();
  return (labels) => {
    const known = kept.get(labels.key);
    if (known !== undefined) return known === DROPPED ? undefined : known;
    const result = relabel(labels, compiled).labels;
    if (kept.size >= options.entriesMax) kept.clear();
    if (options.entriesMax > 0) kept.set(labels.key, result ?? DROPPED);
    return result;
  };
}

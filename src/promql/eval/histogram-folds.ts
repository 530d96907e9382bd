/** sum and avg of histograms within a group: one running result a step, beside the kernel's columns of floats. */
import { RESET_NO, RESET_YES } from "../../model/index.js";
import type { FloatHistogram } from "../native/float-histogram.js";
import type { Span } from "../parser/index.js";
import { HistogramMean, HistogramSum } from "./mixed-windows.js";
import { ABSENT, type Evaluation, FLOAT, HISTOGRAM } from "./rows.js";

interface StepState {
  /** Undefined where a float came first: then the step has no result anyway. */
  readonly fold: HistogramSum | HistogramMean | undefined;
  /** Floats that the group had at the step when its histograms turned out to be incompatible. */
  floatsBeforeError: number | undefined;
  sawReset: boolean;
  sawNoReset: boolean;
}

export class HistogramFolds {
  readonly #evaluation: Evaluation;
  readonly #op: "sum" | "avg";
  readonly #span: Span;
  readonly #steps: (StepState | undefined)[] = [];

  constructor(evaluation: Evaluation, op: "sum" | "avg", span: Span) {
    this.#evaluation = evaluation;
    this.#op = op;
    this.#span = span;
  }

  /** @param floatCounts  the kernel's column of counts, before this row is folded: how many floats each step has */
  add(metricName: string, values: number, present: number, steps: number, floatCounts: number): void {
    const { memory, histograms, budget } = this.#evaluation;
    for (let step = 0; step < steps; step++) {
      if (memory.bytes[present + step] !== HISTOGRAM) continue;
      const histogram = histograms.get(memory.floats[(values >>> 3) + step]!);
      budget.work(histogram.samples * 4);
      const floats = memory.floats[(floatCounts >>> 3) + step]!;
      this.#addTo(step, histogram, floats, metricName);
    }
  }

  #addTo(step: number, histogram: FloatHistogram, floats: number, metricName: string): void {
    const { annotations, isNewer } = this.#evaluation;
    let state = this.#steps[step];
    if (state?.floatsBeforeError !== undefined) return;
    if (state === undefined) {
      const fold =
        floats !== 0
          ? undefined
          : this.#op === "sum"
            ? new HistogramSum(histogram, isNewer)
            : new HistogramMean(histogram, isNewer);
      state = { fold, floatsBeforeError: undefined, sawReset: false, sawNoReset: false };
      this.#steps[step] = state;
    } else {
      state.fold?.add(histogram);
    }
    if (histogram.counterResetHint === RESET_YES) state.sawReset = true;
    if (histogram.counterResetHint === RESET_NO) state.sawNoReset = true;
    const error = state.fold?.error;
    if (error === undefined) return;
    state.floatsBeforeError = floats;
    if (error === "schema") annotations.addMixedSchemas(metricName, this.#span);
    else annotations.addIncompatibleBounds(metricName, this.#span);
  }

  /** Puts the results into the finished row of floats; returns how many steps are present. */
  finish(values: number, present: number, steps: number, found: number): number {
    const { memory, histograms, annotations, isNewer } = this.#evaluation;
    let kept = found;
    for (let step = 0; step < steps; step++) {
      const state = this.#steps[step];
      if (state === undefined) continue;
      const hasFloats = memory.bytes[present + step] === FLOAT;
      if (hasFloats) kept--;
      memory.bytes[present + step] = ABSENT;
      if (state.floatsBeforeError !== undefined) {
        if (state.floatsBeforeError !== 0) annotations.addMixedAggregation(this.#span);
        continue;
      }
      if (hasFloats || state.fold === undefined) {
        annotations.addMixedAggregation(this.#span);
        continue;
      }
      if (isNewer && state.fold.isReconciled) annotations.addReconciledBounds("aggregation", this.#span);
      if (isNewer && state.sawReset && state.sawNoReset) annotations.addResetCollision("aggregation", this.#span);
      memory.bytes[present + step] = HISTOGRAM;
      memory.floats[(values >>> 3) + step] = histograms.put(state.fold.finish().compact());
      kept++;
    }
    return kept;
  }
}

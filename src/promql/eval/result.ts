/** What a query answers: columns in arrays of their own, which may be posted to another thread. */
import { compareLabels, type Labels } from "../../model/index.js";
import { sameLabelsetError } from "../functions/errors.js";
import type { FloatHistogram } from "../native/float-histogram.js";
import type { Grid } from "../plan/nodes.js";
import type { RangeColumns } from "./mixed-samples.js";
import { type Evaluation, type Frame, HISTOGRAM, withoutName } from "./rows.js";
import { type RangeSource, sampleSizes } from "./selectors.js";

export interface ScalarValue {
  readonly type: "scalar";
  readonly timestampMs: number;
  readonly value: number;
}

export interface StringValue {
  readonly type: "string";
  readonly timestampMs: number;
  readonly value: string;
}

/** One value a series, all at one time, in the order of the expression (`sort`, `topk`). */
export interface VectorValue {
  readonly type: "vector";
  readonly timestampMs: number;
  readonly labels: readonly Labels[];
  readonly values: Float64Array;
  /** Undefined where all are floats; else as many entries as values, a histogram or undefined for a float. */
  readonly histograms?: readonly (FloatHistogram | undefined)[] | undefined;
}

/** Series in ascending order of labels. The samples of series i are at [offsets[i], offsets[i + 1]) of both columns. */
export interface MatrixValue {
  readonly type: "matrix";
  readonly labels: readonly Labels[];
  readonly offsets: Uint32Array;
  /** Milliseconds. */
  readonly times: Float64Array;
  readonly values: Float64Array;
  /** As in a vector; in the order of samples. */
  readonly histograms?: readonly (FloatHistogram | undefined)[] | undefined;
}

export type QueryValue = ScalarValue | StringValue | VectorValue | MatrixValue;

export interface QueryResult {
  readonly value: QueryValue;
  /** In Prometheus' words, with places in the expression; at most as many of each as asked for. */
  readonly warnings: readonly string[];
  readonly infos: readonly string[];
  readonly stats: {
    /** Samples that the steps looked at: those of a window count at each step. */
    readonly queryableSamples: number;
    /** Most samples held at a time, counted as `--query.max-samples` counts. */
    readonly peakSamples: number;
    /** Of `queryableSamples`, for each step of a range; undefined where nobody asked. */
    readonly samplesPerStep: Float64Array | undefined;
  };
}

/** The labels that rows have in the end: with delayed name removal names go now, and that must not make two equal. */
function finalLabels(evaluation: Evaluation, frame: Frame): Labels[] {
  const labels = Array.from({ length: frame.count }, (_, i) =>
    evaluation.delayedNameRemoval && frame.dropsName(i) ? withoutName(frame.labels(i)) : frame.labels(i),
  );
  if (evaluation.delayedNameRemoval && new Set(labels.map((each) => each.key)).size !== labels.length) {
    throw sameLabelsetError();
  }
  return labels;
}

export function vectorFrom(evaluation: Evaluation, frame: Frame, timestampMs: number): VectorValue {
  const { floats } = evaluation.memory;
  const values = Float64Array.from({ length: frame.count }, (_, i) => floats[frame.values(i) >>> 3]!);
  const histograms = evaluation.histograms.isUsed
    ? Array.from(values, (value, i) => histogramAt(evaluation, frame.present(i), value))
    : undefined;
  return { type: "vector", timestampMs, labels: finalLabels(evaluation, frame), values, histograms };
}

function histogramAt({ memory, histograms }: Evaluation, present: number, value: number): FloatHistogram | undefined {
  return memory.bytes[present] === HISTOGRAM ? histograms.get(value) : undefined;
}

export function matrixFrom(evaluation: Evaluation, frame: Frame, grid: Grid): MatrixValue {
  const all = finalLabels(evaluation, frame);
  const order = orderOf(all);
  const offsets = new Uint32Array(order.length + 1);
  for (const [k, i] of order.entries()) offsets[k + 1] = offsets[k]! + frame.presentSteps(i);
  const count = offsets[order.length]!;
  const times = new Float64Array(count);
  const values = new Float64Array(count);
  const histograms = evaluation.histograms.isUsed ? new Array<FloatHistogram | undefined>(count) : undefined;
  const { bytes, floats } = evaluation.memory;
  let next = 0;
  for (const i of order) {
    const from = frame.values(i) >>> 3;
    const present = frame.present(i);
    for (let step = 0; step < grid.steps; step++) {
      if (bytes[present + step] === 0) continue;
      times[next] = grid.startMs + step * grid.stepMs;
      const value = floats[from + step]!;
      if (histograms !== undefined) histograms[next] = histogramAt(evaluation, present + step, value);
      values[next++] = value;
    }
  }
  return { type: "matrix", labels: order.map((i) => all[i]!), offsets, times, values, histograms };
}

/** The samples of a range vector as they are stored. */
export function matrixFromRange(evaluation: Evaluation, source: RangeSource): MatrixValue {
  const { memory, budget } = evaluation;
  const series: {
    labels: Labels;
    times: Float64Array;
    values: Float64Array;
    histograms: RangeColumns["histograms"];
  }[] = [];
  for (let i = 0; i < source.count; i++) {
    const mark = memory.mark();
    const columns = source.samples(i);
    const { timesAddr, valuesAddr, count, histograms } = columns;
    const { floats } = memory;
    if (count > 0) {
      const times = floats.slice(timesAddr >>> 3, (timesAddr >>> 3) + count);
      series.push({
        labels: evaluation.delayedNameRemoval && source.dropsName(i) ? withoutName(source.labels(i)) : source.labels(i),
        times,
        values: floats.slice(valuesAddr >>> 3, (valuesAddr >>> 3) + count),
        histograms,
      });
      budget.charge(sampleSizes(columns));
    }
    memory.releaseTo(mark);
  }
  if (new Set(series.map(({ labels }) => labels.key)).size !== series.length) throw sameLabelsetError();
  series.sort((a, b) => compareLabels(a.labels, b.labels));
  const offsets = new Uint32Array(series.length + 1);
  for (const [i, { times }] of series.entries()) offsets[i + 1] = offsets[i]! + times.length;
  const times = new Float64Array(offsets[series.length]!);
  const values = new Float64Array(offsets[series.length]!);
  for (const [i, each] of series.entries()) {
    times.set(each.times, offsets[i]);
    values.set(each.values, offsets[i]);
  }
  const histograms = series.some((each) => each.histograms !== undefined)
    ? series.flatMap((each) => each.histograms ?? new Array<undefined>(each.times.length).fill(undefined))
    : undefined;
  return { type: "matrix", labels: series.map((each) => each.labels), offsets, times, values, histograms };
}

function orderOf(labels: readonly Labels[]): number[] {
  return Array.from({ length: labels.length }, (_, i) => i).sort((a, b) => compareLabels(labels[a]!, labels[b]!));
}

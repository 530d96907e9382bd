/**
 * histogram_quantile and histogram_fraction. Classic series that differ in `le` alone become one histogram, whose rows a
 * kernel reads side by side; a native histogram is a row by itself. Where both have the same labels at a step neither is
 * evaluated.
 */
import { assert } from "../../base/index.js";
import { type Labels, METRIC_NAME } from "../../model/index.js";
import { formatOpenMetrics, parseGoFloat } from "../../model/number.js";
import { sameLabelsetError } from "../functions/errors.js";
import { isInvalidQuantile } from "../functions/quantile.js";
import type { FloatHistogram } from "../native/float-histogram.js";
import { fractionOfHistogram, quantileOfHistogram } from "../native/quantile.js";
import type { Span } from "../parser/index.js";
import type { CallPlan } from "../plan/nodes.js";
import type { Place } from "./annotations.js";
import { holdMembers } from "./groups.js";
import { writeRowList } from "./row-list.js";
import {
  ABSENT,
  type Evaluation,
  FLOAT,
  Frame,
  HISTOGRAM,
  hasHistograms,
  holdScalar,
  RowBuffer,
  type Rows,
  rowBytes,
  withoutName,
  withUniqueLabels,
} from "./rows.js";

/** Buckets that one call may look at: a fraction of a millisecond, so that a query can be canceled in time. */
const CELLS_PER_CALL = 20_000;
const BUCKET_LABEL = "le";
const BUCKET_ONLY: ReadonlySet<string> = new Set([BUCKET_LABEL]);

interface Histogram {
  /** With the metric's name; of classic ones without `le`. */
  readonly labels: Labels;
  /** Rows of classic buckets in ascending order of their bounds. */
  readonly members: { readonly row: number; readonly bound: number }[];
  /** Rows that may be native histograms. */
  readonly native: number[];
}

export function histogramRows(evaluation: Evaluation, plan: CallPlan): Rows {
  const operand = plan.args.at(-1);
  assert(operand !== undefined, `${plan.func} has arguments`);
  const params = plan.args.slice(0, -1).map((arg) => holdScalar(evaluation, arg));
  const source = evaluation.open(operand);
  if (plan.func === "histogram_quantile") warnOfQuantiles(evaluation, plan, 0, params[0]!);
  const rows = new HistogramRows(evaluation, plan, plan.argSpans.at(-1)!, source, params);
  return withUniqueLabels(evaluation, rows, plan.grid.steps, "merge");
}

/** histogram_quantiles: the rows of each φ, with φ in a label. */
export function quantilesRows(evaluation: Evaluation, plan: CallPlan): Rows {
  const { steps } = plan.grid;
  const { memory } = evaluation;
  const [operand, label, ...quantiles] = plan.args;
  assert(operand !== undefined && label?.kind === "string", "histogram_quantiles has a vector and a label's name");
  const source = evaluation.open(operand);
  const frame = new Frame(memory, steps);
  const rowOf = new Map<string, number>();
  for (const [k, quantile] of quantiles.entries()) {
    const column = holdScalar(evaluation, quantile);
    warnOfQuantiles(evaluation, plan, 2 + k, column);
    const rows = new HistogramRows(evaluation, plan, plan.argSpans[0]!, source, [column]);
    const buffer = new RowBuffer(memory, steps);
    for (let i = 0; i < rows.count; i++) {
      if (rows.fill(i, buffer.values, buffer.present) === 0) continue;
      for (let step = 0; step < steps; step++) {
        if (memory.bytes[buffer.present + step] === ABSENT) continue;
        const q = memory.floats[(column >>> 3) + step]!;
        const labels = rows.labels(i).with(label.value, formatOpenMetrics(q));
        let row = rowOf.get(labels.key);
        if (row === undefined) {
          row = frame.count;
          rowOf.set(labels.key, row);
          const address = memory.allocate(rowBytes(steps));
          memory.bytes.fill(0, address, address + rowBytes(steps));
          frame.add(labels, true, address);
        }
        if (memory.bytes[frame.present(row) + step] !== ABSENT) throw sameLabelsetError();
        memory.floats[(frame.values(row) >>> 3) + step] = memory.floats[(buffer.values >>> 3) + step]!;
        memory.bytes[frame.present(row) + step] = FLOAT;
      }
    }
  }
  return frame;
}

function warnOfQuantiles(evaluation: Evaluation, plan: CallPlan, argument: number, column: number): void {
  const at = column >>> 3;
  const place = { ...plan.argSpans[argument]!, owner: plan.span };
  for (const q of evaluation.memory.floats.slice(at, at + plan.grid.steps)) {
    if (isInvalidQuantile(q)) evaluation.annotations.addInvalidQuantile(q, place);
  }
}

class HistogramRows implements Rows {
  readonly #evaluation: Evaluation;
  readonly #plan: CallPlan;
  readonly #span: Place;
  readonly #params: readonly number[];
  readonly #source: Rows;
  readonly #histograms: readonly Histogram[];
  readonly #labels: readonly Labels[];
  readonly #native: RowBuffer;

  /** @param span  of the operand, which annotations point at */
  constructor(evaluation: Evaluation, plan: CallPlan, span: Span, source: Rows, params: readonly number[]) {
    this.#evaluation = evaluation;
    this.#plan = plan;
    this.#span = { ...span, owner: plan.span };
    this.#params = params;
    this.#source = source;
    this.#native = new RowBuffer(evaluation.memory, plan.grid.steps);
    this.#histograms = this.#findHistograms();
    this.#labels = this.#histograms.map(({ labels }) => (evaluation.delayedNameRemoval ? labels : withoutName(labels)));
  }

  #findHistograms(): Histogram[] {
    const found = new Map<string, Histogram>();
    const entry = (labels: Labels): Histogram => {
      let histogram = found.get(labels.key);
      if (histogram === undefined) {
        histogram = { labels, members: [], native: [] };
        found.set(labels.key, histogram);
      }
      return histogram;
    };
    for (let row = 0; row < this.#source.count; row++) {
      const all = this.#source.labels(row);
      const bound = parseGoFloat(all.get(BUCKET_LABEL));
      if (bound === undefined) entry(all).native.push(row);
      else entry(all.without(BUCKET_ONLY)).members.push({ row, bound });
    }
    const histograms = [...found.values()];
    for (const { members } of histograms) members.sort((a, b) => (a.bound < b.bound ? -1 : a.bound > b.bound ? 1 : 0));
    return histograms;
  }

  get count(): number {
    return this.#histograms.length;
  }
  labels(index: number): Labels {
    return this.#labels[index]!;
  }
  dropsName(): boolean {
    return true;
  }

  fill(index: number, values: number, present: number): number {
    const { memory, histograms } = this.#evaluation;
    const { steps } = this.#plan.grid;
    const { labels, members, native } = this.#histograms[index]!;
    const held = histograms.mark();
    let found = 0;
    if (members.length > 0) found = this.#fillClassic(labels, members, this.#stepsOf(native), values, present);
    else memory.bytes.fill(0, present, present + steps);
    for (const row of native) found = this.#fillNative(row, labels, found, values, present);
    histograms.releaseTo(held);
    return found;
  }

  /** The steps at which one of the rows has a native histogram. */
  #stepsOf(native: readonly number[]): ReadonlySet<number> {
    const steps = new Set<number>();
    const { memory, budget } = this.#evaluation;
    const { values, present } = this.#native;
    for (const row of native) {
      const live = budget.live;
      const found = this.#source.fill(row, values, present);
      budget.release(live);
      for (let step = 0; found > 0 && step < this.#plan.grid.steps; step++) {
        if (memory.bytes[present + step] === HISTOGRAM) steps.add(step);
      }
    }
    return steps;
  }

  /** @param conflicts  steps whose result will not stand: nothing is said of them */
  #fillClassic(
    labels: Labels,
    members: Histogram["members"],
    conflicts: ReadonlySet<number>,
    values: number,
    present: number,
  ): number {
    const { memory, kernels, budget } = this.#evaluation;
    const { steps } = this.#plan.grid;
    const mark = memory.mark();
    const rows = members.map((member) => member.row);
    const bounds = new Map(members.map((member) => [this.#source.labels(member.row).key, member.bound]));
    const frame = holdMembers(this.#evaluation, this.#source, rows, steps);
    const ordered = Array.from({ length: frame.count }, (_, i) => bounds.get(frame.labels(i).key) ?? Number.NaN);
    const list = writeRowList(memory, frame, ordered);
    const scratch = memory.allocate(frame.count * 16);
    const [first, second] = this.#params as [number, number];
    let found = 0;
    let isFirst = true;
    const perCall = conflicts.size > 0 ? 1 : Math.max(1, Math.floor(CELLS_PER_CALL / Math.max(1, frame.count)));
    for (let from = 0; from < steps; from += perCall) {
      const to = Math.min(steps, from + perCall);
      budget.work((to - from) * frame.count);
      if (this.#plan.func === "histogram_fraction") {
        found += kernels.fractionOfHistogram(
          list,
          frame.count,
          first,
          second,
          from,
          to,
          scratch,
          this.#evaluation.isNewer ? 1 : 0,
          values,
          present,
        );
        continue;
      }
      const answer = kernels.quantileOfHistogram(list, frame.count, first, from, to, scratch, values, present);
      found += answer >>> 2;
      if (conflicts.has(from)) continue;
      this.#annotate(labels.get(METRIC_NAME), isFirst, answer);
      if (answer >>> 2 > 0) isFirst = false;
    }
    memory.releaseTo(mark);
    return found;
  }

  /** Prometheus takes the name off at a histogram's first step, and reports later ones without. */
  #annotate(name: string, isFirst: boolean, answer: number): void {
    const { annotations, delayedNameRemoval, isNewer } = this.#evaluation;
    const firstName = (isFirst && !isNewer) || delayedNameRemoval ? name : "";
    if ((answer & 1) !== 0) annotations.addForcedMonotonicity(firstName, this.#span);
    if ((answer & 2) !== 0) annotations.addForcedMonotonicity(delayedNameRemoval ? name : "", this.#span);
  }

  /** Adds what a row of native histograms gives; its floats are buckets without a bound. */
  #fillNative(row: number, labels: Labels, foundBefore: number, values: number, present: number): number {
    const { memory, histograms, annotations, delayedNameRemoval, isNewer, budget } = this.#evaluation;
    const { steps } = this.#plan.grid;
    const { values: nativeValues, present: nativePresent } = this.#native;
    const live = budget.live;
    if (this.#source.fill(row, nativeValues, nativePresent) === 0) return foundBefore;
    budget.release(live);
    const name = labels.get(METRIC_NAME);
    const shownName = isNewer && !delayedNameRemoval ? "" : name;
    if (memory.bytes.subarray(nativePresent, nativePresent + steps).includes(FLOAT)) {
      annotations.addBadBucketLabel(shownName, this.#source.labels(row).get(BUCKET_LABEL), this.#span);
    }
    if (!hasHistograms(this.#evaluation, nativePresent, steps)) return foundBefore;
    let found = foundBefore;
    for (let step = 0; step < steps; step++) {
      if (memory.bytes[nativePresent + step] !== HISTOGRAM) continue;
      if (memory.bytes[present + step] === FLOAT) {
        annotations.addMixedClassicNative(shownName, this.#span);
        memory.bytes[present + step] = ABSENT;
        found--;
        continue;
      }
      const histogram = histograms.get(memory.floats[(nativeValues >>> 3) + step]!);
      const estimate = this.#estimate(histogram, step, delayedNameRemoval ? name : "");
      memory.floats[(values >>> 3) + step] = estimate;
      memory.bytes[present + step] = FLOAT;
      budget.work(100);
      found++;
    }
    return found;
  }

  #estimate(histogram: FloatHistogram, step: number, name: string): number {
    const { memory, annotations, isNewer } = this.#evaluation;
    const [first, second] = this.#params.map((column) => memory.floats[(column >>> 3) + step]!);
    // 3.5 points at the first argument.
    const span = isNewer ? this.#span : { ...this.#plan.argSpans[0]!, owner: this.#plan.span };
    if (this.#plan.func === "histogram_fraction") {
      const { value, nan } = fractionOfHistogram(first!, second!, histogram, !isNewer);
      if (nan !== "none") annotations.addFractionWithoutNan(name, span);
      return value;
    }
    const { value, nan } = quantileOfHistogram(first!, histogram);
    if (nan === "result is NaN") annotations.addQuantileIsNan(name, span);
    if (nan === "result is skewed") annotations.addQuantileIsSkewed(name, span);
    return value;
  }
}

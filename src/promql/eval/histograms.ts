/** Classic histograms: series that differ in `le` alone become one histogram, whose rows a kernel reads side by side. */
import { assert } from "../../base/index.js";
import { type Labels, METRIC_NAME } from "../../model/index.js";
import { parseGoFloat } from "../../model/number.js";
import { isInvalidQuantile } from "../functions/quantile.js";
import type { CallPlan, Plan } from "../plan/nodes.js";
import { holdMembers } from "./groups.js";
import { writeRowList } from "./row-list.js";
import { type Evaluation, holdScalar, type Rows, withoutName, withUniqueLabels } from "./rows.js";

/** Buckets that one call may look at: a fraction of a millisecond, so that a query can be canceled in time. */
const CELLS_PER_CALL = 20_000;
const BUCKET_LABEL = "le";
const BUCKET_ONLY: ReadonlySet<string> = new Set([BUCKET_LABEL]);

interface Histogram {
  /** With the metric's name, without `le`. */
  readonly labels: Labels;
  /** Rows in ascending order of their bounds. */
  readonly members: readonly { readonly row: number; readonly bound: number }[];
}

export function histogramRows(evaluation: Evaluation, plan: CallPlan): Rows {
  const operand = plan.args.at(-1);
  assert(operand !== undefined, `${plan.func} has arguments`);
  const params = plan.args.slice(0, -1).map((arg) => holdScalar(evaluation, arg));
  const rows = new HistogramRows(evaluation, plan, operand, params);
  return withUniqueLabels(evaluation, rows, plan.grid.steps, "merge");
}

class HistogramRows implements Rows {
  readonly #evaluation: Evaluation;
  readonly #plan: CallPlan;
  readonly #operand: Plan;
  readonly #params: readonly number[];
  readonly #source: Rows;
  readonly #histograms: readonly Histogram[];
  readonly #labels: readonly Labels[];

  constructor(evaluation: Evaluation, plan: CallPlan, operand: Plan, params: readonly number[]) {
    this.#evaluation = evaluation;
    this.#plan = plan;
    this.#operand = operand;
    this.#params = params;
    this.#source = evaluation.open(operand);
    if (plan.func === "histogram_quantile") this.#warnOfQuantiles();
    this.#histograms = this.#findHistograms();
    this.#labels = this.#histograms.map(({ labels }) => (evaluation.delayedNameRemoval ? labels : withoutName(labels)));
  }

  #warnOfQuantiles(): void {
    const at = this.#params[0]! >>> 3;
    const span = this.#plan.args[0]!.span;
    for (const q of this.#evaluation.memory.floats.slice(at, at + this.#plan.grid.steps)) {
      if (isInvalidQuantile(q)) this.#evaluation.annotations.addInvalidQuantile(q, span);
    }
  }

  #findHistograms(): Histogram[] {
    const found = new Map<string, { labels: Labels; members: { row: number; bound: number }[] }>();
    for (let row = 0; row < this.#source.count; row++) {
      const all = this.#source.labels(row);
      const bound = parseGoFloat(all.get(BUCKET_LABEL));
      if (bound === undefined) {
        // A series that has no sample is not there to be warned of; these are few, so they are computed to find out.
        if (this.#isPresent(row)) {
          const name = all.get(METRIC_NAME);
          this.#evaluation.annotations.addBadBucketLabel(name, all.get(BUCKET_LABEL), this.#operand.span);
        }
        continue;
      }
      const labels = all.without(BUCKET_ONLY);
      const histogram = found.get(labels.key);
      if (histogram === undefined) found.set(labels.key, { labels, members: [{ row, bound }] });
      else histogram.members.push({ row, bound });
    }
    const histograms = [...found.values()];
    for (const { members } of histograms) members.sort((a, b) => (a.bound < b.bound ? -1 : a.bound > b.bound ? 1 : 0));
    return histograms;
  }

  #isPresent(row: number): boolean {
    const { memory, budget } = this.#evaluation;
    const mark = memory.mark();
    const before = budget.live;
    const { steps } = this.#plan.grid;
    const address = memory.allocate(steps * 16);
    const found = this.#source.fill(row, address, address + steps * 8);
    memory.releaseTo(mark);
    budget.release(before);
    return found > 0;
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
    const { memory, kernels, budget } = this.#evaluation;
    const { steps } = this.#plan.grid;
    const { labels, members } = this.#histograms[index]!;
    const mark = memory.mark();
    const rows = members.map((member) => member.row);
    const bounds = new Map(members.map((member) => [this.#source.labels(member.row).key, member.bound]));
    const frame = holdMembers(this.#evaluation, this.#source, rows, steps);
    const ordered = Array.from({ length: frame.count }, (_, i) => bounds.get(frame.labels(i).key) ?? Number.NaN);
    const list = writeRowList(memory, frame, ordered);
    const scratch = memory.allocate(frame.count * 16);
    const [first, second] = this.#params as [number, number];
    let found = 0;
    const perCall = Math.max(1, Math.floor(CELLS_PER_CALL / Math.max(1, frame.count)));
    for (let from = 0; from < steps; from += perCall) {
      const to = Math.min(steps, from + perCall);
      budget.work((to - from) * frame.count);
      if (this.#plan.func === "histogram_fraction") {
        found += kernels.fractionOfHistogram(list, frame.count, first, second, from, to, scratch, values, present);
        continue;
      }
      const answer = kernels.quantileOfHistogram(list, frame.count, first, from, to, scratch, values, present);
      this.#annotate(labels.get(METRIC_NAME), found === 0, answer);
      found += answer >>> 2;
    }
    memory.releaseTo(mark);
    return found;
  }

  /** Prometheus takes the name off at a histogram's first step, and reports later ones without. */
  #annotate(name: string, isFirst: boolean, answer: number): void {
    const { annotations, delayedNameRemoval } = this.#evaluation;
    const firstName = isFirst || delayedNameRemoval ? name : "";
    if ((answer & 1) !== 0) annotations.addForcedMonotonicity(firstName, this.#operand.span);
    if ((answer & 2) !== 0) annotations.addForcedMonotonicity(delayedNameRemoval ? name : "", this.#operand.span);
  }
}

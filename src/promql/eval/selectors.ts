/** Rows that come from samples: instant selectors, functions over windows, subqueries. */
import { BATCH_SELECT, BATCH_SELECT_STAMPS } from "../../../assembly/promql/codes.js";
import { assert } from "../../base/index.js";
import type { QueryMemory } from "../../memory/index.js";
import { type LabelList, type Labels, METRIC_NAME, RESET_NO, RESET_UNKNOWN, RESET_YES } from "../../model/index.js";
import { formatFixed } from "../../model/number.js";
import type { ColumnSink, SeriesSet } from "../../storage/index.js";
import { executionError } from "../functions/errors.js";
import { WINDOW_FUNCTIONS, type WindowFunction } from "../functions/windows.js";
import type { FloatHistogram } from "../native/float-histogram.js";
import type { RangePlan, SelectPlan, WindowPlan } from "../plan/nodes.js";
import { absentRow } from "./absent.js";
import { checkExtension, type Extension, extendedSamples, overExtendedWindow } from "./extended-windows.js";
import { areNamedAsCounters, areUniqueWithoutName, namelessList } from "./label-lists.js";
import {
  areMixed,
  dropStaleMixed,
  HistogramReader,
  type RangeColumns,
  selectLastMixed,
  separate,
} from "./mixed-samples.js";
import { overMixedWindow } from "./mixed-windows.js";
import {
  ABSENT,
  type Evaluation,
  FLOAT,
  HISTOGRAM,
  hasHistograms,
  holdScalar,
  RowBuffer,
  type Rows,
  rowBytes,
  withoutName,
  withUniqueLabels,
} from "./rows.js";
import { type BatchResult, SeriesBatch } from "./series-batch.js";
import { smoothedRow } from "./smoothed.js";

/** Sample operations that one kernel call may do, so that a query can be canceled in time: well below a millisecond. */
const OPERATIONS_PER_CALL = 50_000;
/** Steps of functions whose windows slide at a cost of their own. */
const STEPS_PER_CALL = 100_000;
/** The same where each window is sorted. */
const SORTED_PER_CALL = 5_000;

/** A place for one series' samples on top of the memory's stack; whoever uses it returns the stack to its mark. */
export class TopSink implements ColumnSink {
  readonly #queryMemory: QueryMemory;
  #times = 0;
  #values = 0;
  #capacity = 0;

  constructor(memory: QueryMemory) {
    this.#queryMemory = memory;
  }

  get memory(): WebAssembly.Memory {
    return this.#queryMemory.memory;
  }

  /** Forgets the place of the series before. */
  reset(): void {
    this.#capacity = 0;
  }

  reserve(count: number): { readonly timesAddr: number; readonly valuesAddr: number } {
    if (count > this.#capacity) {
      const capacity = Math.max(count, 2 * this.#capacity, 128);
      const times = this.#queryMemory.allocate(capacity * 16);
      const values = times + capacity * 8;
      const bytes = this.#queryMemory.bytes;
      bytes.copyWithin(times, this.#times, this.#times + this.#capacity * 8);
      bytes.copyWithin(values, this.#values, this.#values + this.#capacity * 8);
      this.#times = times;
      this.#values = values;
      this.#capacity = capacity;
    }
    return { timesAddr: this.#times, valuesAddr: this.#values };
  }
}

export class SelectRows implements Rows {
  readonly isSilent = true;
  readonly #evaluation: Evaluation;
  readonly #plan: SelectPlan;
  readonly #set: SeriesSet;
  readonly #sink: TopSink;
  #batch: SeriesBatch | undefined;

  constructor(evaluation: Evaluation, plan: SelectPlan) {
    this.#evaluation = evaluation;
    this.#plan = plan;
    this.#set = evaluation.seriesOf(plan.selection);
    this.#sink = new TopSink(evaluation.memory);
  }

  get count(): number {
    return this.#set.count;
  }
  get list(): LabelList | undefined {
    return this.#set.list;
  }
  labels(index: number): Labels {
    return this.#set.labels(index);
  }
  dropsName(): boolean {
    return false;
  }

  fill(index: number, values: number, present: number): number {
    const { memory, kernels, budget, lookbackDeltaMs } = this.#evaluation;
    const { selection, reference, grid, stamps } = this.#plan;
    const mark = memory.mark();
    this.#sink.reset();
    const columns = this.#set.samples(index, selection.minTimeMs, selection.maxTimeMs, this.#sink);
    const { timesAddr, valuesAddr, count } = columns;
    if (this.#plan.smoothed) {
      const found = smoothedRow(this.#evaluation, columns, this.#plan, this.#set.labels(index), values, present);
      memory.releaseTo(mark);
      return found;
    }
    if (areMixed(columns) || this.#plan.startStamps) {
      const found = selectLastMixed(this.#evaluation, columns, this.#plan, lookbackDeltaMs, values, present);
      memory.releaseTo(mark);
      budget.work(10 * (count + grid.steps));
      return found;
    }
    const found = budget.inSlices(grid.steps, (from, size) =>
      kernels.selectLast(
        timesAddr,
        valuesAddr,
        count,
        reference.firstMs + from * reference.stepMs,
        reference.stepMs,
        size,
        lookbackDeltaMs,
        stamps ? 1 : 0,
        values + from * 8,
        present + from,
      ),
    );
    memory.releaseTo(mark);
    budget.work(count + grid.steps);
    budget.count(found);
    if (budget.perStep !== undefined) {
      for (let step = 0; step < grid.steps; step++) if (memory.bytes[present + step] !== 0) budget.countAt(step, 1);
    }
    budget.charge(found);
    return found;
  }

  fillMany(indices: ArrayLike<number>, from: number, to: number, address: number, founds: Int32Array): void {
    const { memory, kernels, budget, lookbackDeltaMs } = this.#evaluation;
    const { selection, reference, grid, stamps } = this.#plan;
    const { steps } = grid;
    const fill = (index: number, row: number): number => this.fill(index, row, row + steps * 8);
    const isOther = this.#plan.smoothed || this.#plan.startStamps || steps > STEPS_PER_CALL;
    // Steps are counted one by one only where they are asked for.
    if (isOther || budget.perStep !== undefined) {
      for (let i = from; i < to; i++) founds[i - from] = fill(indices[i]!, address + (i - from) * rowBytes(steps));
      return;
    }
    this.#batch ??= new SeriesBatch(memory, kernels, this.#set, {
      minTimeMs: selection.minTimeMs,
      maxTimeMs: selection.maxTimeMs,
      code: stamps ? BATCH_SELECT_STAMPS : BATCH_SELECT,
      firstMs: reference.firstMs,
      stepMs: reference.stepMs,
      steps,
      rangeMs: lookbackDeltaMs,
      first: 0,
      second: 0,
      nowMs: 0,
      nowStepMs: 0,
      stepCost: () => 1,
    });
    const onRow = ({ found, largest }: BatchResult): void => {
      budget.work(largest + steps);
      budget.count(found);
      budget.charge(found);
    };
    this.#batch.fill(indices, from, to, address, founds, onRow, fill);
  }
}

/** The series of a range vector and their samples, without staleness markers. */
export interface RangeSource {
  readonly count: number;
  readonly list?: LabelList | undefined;
  labels(index: number): Labels;
  /** With delayed name removal: whether the name goes when the evaluation ends. */
  dropsName(index: number): boolean;
  /** Columns on top of the memory's stack. */
  samples(index: number): RangeColumns;
}

export function openRange(evaluation: Evaluation, range: RangePlan): RangeSource {
  if (range.kind === "samples" && range.extension !== undefined) {
    return new ExtendedSamples(evaluation, new StoredSamples(evaluation, range), range, range.extension);
  }
  return openSamples(evaluation, range);
}

function openSamples(evaluation: Evaluation, range: RangePlan): RangeSource {
  return range.kind === "samples" ? new StoredSamples(evaluation, range) : new SubquerySamples(evaluation, range);
}

class StoredSamples implements RangeSource {
  readonly #evaluation: Evaluation;
  readonly #range: RangePlan & { kind: "samples" };
  readonly set: SeriesSet;
  readonly #sink: TopSink;

  constructor(evaluation: Evaluation, range: RangePlan & { kind: "samples" }) {
    this.#evaluation = evaluation;
    this.#range = range;
    this.set = evaluation.seriesOf(range.selection);
    this.#sink = new TopSink(evaluation.memory);
  }

  get count(): number {
    return this.set.count;
  }
  get list(): LabelList | undefined {
    return this.set.list;
  }
  labels(index: number): Labels {
    return this.set.labels(index);
  }
  dropsName(): boolean {
    return false;
  }

  samples(index: number): RangeColumns {
    const { minTimeMs, maxTimeMs } = this.#range.selection;
    this.#sink.reset();
    const columns = this.set.samples(index, minTimeMs, maxTimeMs, this.#sink);
    const { timesAddr, valuesAddr } = columns;
    const { budget, kernels, memory } = this.#evaluation;
    if (areMixed(columns) || (columns.startTimes !== undefined && this.#evaluation.useStartTimestamps)) {
      const reader = new HistogramReader(this.#range.statsOnly, this.#evaluation.isNewer);
      const kept = dropStaleMixed(memory, columns, reader);
      budget.work(10 * columns.count);
      budget.count(sampleSizes(kept));
      return kept;
    }
    const count = kernels.dropStale(timesAddr, valuesAddr, columns.count);
    budget.work(columns.count);
    budget.count(count);
    return { timesAddr, valuesAddr, count, histograms: undefined, startTimes: undefined };
  }
}

/** `selector[5m] anchored` as it is: values at both ends of the range, and the samples between. */
class ExtendedSamples implements RangeSource {
  readonly #memory: QueryMemory;
  readonly #source: RangeSource;
  readonly #range: RangePlan;
  readonly #extension: Extension;

  constructor({ memory }: Evaluation, source: RangeSource, range: RangePlan, extension: Extension) {
    this.#memory = memory;
    this.#source = source;
    this.#range = range;
    this.#extension = extension;
  }

  get count(): number {
    return this.#source.count;
  }
  labels(index: number): Labels {
    return this.#source.labels(index);
  }
  dropsName(index: number): boolean {
    return this.#source.dropsName(index);
  }

  samples(index: number): RangeColumns {
    const columns = this.#source.samples(index);
    const { timesAddr, valuesAddr, count, histograms } = columns;
    if (histograms !== undefined) throw executionError(`${this.#extension} modifier is not supported with histograms`);
    const endMs = this.#range.reference.firstMs;
    const times = this.#memory.floats.slice(timesAddr >>> 3, (timesAddr >>> 3) + count);
    const values = this.#memory.floats.slice(valuesAddr >>> 3, (valuesAddr >>> 3) + count);
    const window = {
      floatResult: undefined,
      floatTimes: times,
      floatValues: values,
      floatStarts: [],
      points: [],
      startMs: endMs - this.#range.rangeMs,
      endMs,
    };
    const extended = extendedSamples(times, values, window, this.#extension);
    const size = extended.times.length;
    const address = this.#memory.allocate(size * 16);
    this.#memory.floats.set(extended.times, address >>> 3);
    this.#memory.floats.set(extended.values, (address >>> 3) + size);
    return { timesAddr: address, valuesAddr: address + size * 8, count: size, histograms, startTimes: undefined };
  }
}

/** Samples as `--query.max-samples` counts them. */
export function sampleSizes({ count, histograms }: RangeColumns): number {
  if (histograms === undefined) return count;
  return histograms.reduce((sum, each) => sum + (each === undefined ? 1 : each.samples), 0);
}

class SubquerySamples implements RangeSource {
  readonly #evaluation: Evaluation;
  readonly #range: RangePlan & { kind: "subquery" };
  readonly #rows: Rows;
  readonly #buffer: RowBuffer;

  constructor(evaluation: Evaluation, range: RangePlan & { kind: "subquery" }) {
    this.#evaluation = evaluation;
    this.#range = range;
    this.#rows = evaluation.open(range.inner);
    this.#buffer = new RowBuffer(evaluation.memory, range.inner.grid.steps);
  }

  get count(): number {
    return this.#rows.count;
  }
  get list(): LabelList | undefined {
    return this.#rows.list;
  }
  labels(index: number): Labels {
    return this.#rows.labels(index);
  }
  dropsName(index: number): boolean {
    return this.#rows.dropsName(index);
  }

  samples(index: number): RangeColumns {
    const { startMs, stepMs, steps } = this.#range.inner.grid;
    const { memory, kernels } = this.#evaluation;
    const held = this.#evaluation.histograms.mark();
    const { values, present } = this.#buffer;
    const found = this.#rows.fill(index, values, present);
    const timesAddr = memory.allocate(found * 16);
    const valuesAddr = timesAddr + found * 8;
    let count = 0;
    this.#evaluation.budget.inSlices(steps, (from, size) => {
      count += kernels.rowToSamples(
        values + from * 8,
        present + from,
        startMs + from * stepMs,
        stepMs,
        size,
        timesAddr + count * 8,
        valuesAddr + count * 8,
      );
      return 0;
    });
    const histograms = hasHistograms(this.#evaluation, present, steps)
      ? this.#histogramsOf(present, valuesAddr)
      : undefined;
    this.#evaluation.histograms.releaseTo(held);
    return { timesAddr, valuesAddr, count, histograms, startTimes: undefined };
  }

  #histogramsOf(present: number, valuesAddr: number): (FloatHistogram | undefined)[] {
    const { memory, histograms } = this.#evaluation;
    const kinds = memory.bytes
      .subarray(present, present + this.#range.inner.grid.steps)
      .filter((kind) => kind !== ABSENT);
    return Array.from(kinds, (kind, i) => {
      if (kind !== HISTOGRAM) return undefined;
      const histogram = histograms.get(memory.floats[(valuesAddr >>> 3) + i]!);
      const { counterResetHint } = histogram;
      if (counterResetHint !== RESET_YES && counterResetHint !== RESET_NO) return histogram;
      // What was known of the sample before says nothing of the step before.
      const unknown = histogram.copy();
      unknown.counterResetHint = RESET_UNKNOWN;
      return unknown;
    });
  }
}

/** Rows of a function over windows. */
export function windowRows(evaluation: Evaluation, plan: WindowPlan): Rows {
  if (plan.func === "absent_over_time") return absentOverTime(evaluation, plan);
  const extension = plan.range.kind === "samples" ? plan.range.extension : undefined;
  if (extension !== undefined) checkExtension(extension, plan.func);
  const isNewMad = evaluation.isNewer && plan.func === "mad_over_time";
  const func = WINDOW_FUNCTIONS.get(isNewMad ? "mad_over_time or NaN" : plan.func);
  if (func === undefined) throw executionError(`the function ${plan.func} is not part of this version's language`);
  const rows = new WindowRows(evaluation, plan, func);
  if (evaluation.delayedNameRemoval || rows.areUnique) return rows;
  return withUniqueLabels(evaluation, rows, plan.grid.steps, "refuse");
}

/** Functions that are meant for counters, and say so. */
const USES_NAME: ReadonlySet<string> = new Set(["increase", "rate"]);
/** Functions that take the start of a sample's count for a reset before it. */
const USES_START_TIMES: ReadonlySet<string> = new Set(["increase", "irate", "rate", "resets"]);

class WindowRows implements Rows {
  readonly #evaluation: Evaluation;
  readonly #plan: WindowPlan;
  readonly #func: WindowFunction;
  readonly #source: RangeSource;
  readonly #first: number;
  readonly #second: number;
  /** For φ: the invalid ones among its values, which a result makes known. */
  readonly #invalid: readonly number[];
  readonly #list: LabelList | undefined;
  /** There is nothing to say about names. */
  readonly #isNamedWell: boolean;
  #batch: SeriesBatch | undefined;
  /** The metric whose name was looked at last. */
  #annotatedName: string | undefined;

  constructor(evaluation: Evaluation, plan: WindowPlan, func: WindowFunction) {
    this.#evaluation = evaluation;
    this.#plan = plan;
    this.#func = func;
    const [first, second] = plan.params;
    this.#first = first === undefined ? 0 : holdScalar(evaluation, first);
    this.#second = second === undefined ? 0 : holdScalar(evaluation, second);
    this.#invalid =
      plan.func === "quantile_over_time" ? this.#column(this.#first).filter((q) => !(q >= 0 && q <= 1)) : [];
    this.#source = this.#uncounted(() => openSamples(evaluation, plan.range));
    const { list } = this.#source;
    this.#list = list === undefined || this.#keepsName ? list : namelessList(list);
    this.#isNamedWell =
      list !== undefined && !evaluation.typeAndUnitLabels && USES_NAME.has(plan.func) && areNamedAsCounters(list);
  }

  /** Samples below count when windows hold them, and not a second time. */
  #uncounted<T>(run: () => T): T {
    const { budget } = this.#evaluation;
    const { weight } = budget;
    budget.weight = 0;
    const result = run();
    budget.weight = weight;
    return result;
  }

  #column(address: number): number[] {
    const at = address >>> 3;
    return [...this.#evaluation.memory.floats.subarray(at, at + this.#plan.grid.steps)];
  }

  get count(): number {
    return this.#source.count;
  }
  /** Whether all labels are known to differ. */
  get areUnique(): boolean {
    const { list } = this.#source;
    return (
      list !== undefined && this.#source instanceof StoredSamples && (this.#keepsName || areUniqueWithoutName(list))
    );
  }
  get #keepsName(): boolean {
    return this.#func.keepsName || this.#evaluation.delayedNameRemoval;
  }
  get list(): LabelList | undefined {
    return this.#list;
  }
  labels(index: number): Labels {
    if (this.#list !== undefined) return this.#list.labels[index]!;
    const labels = this.#source.labels(index);
    return this.#keepsName ? labels : withoutName(labels);
  }
  dropsName(index: number): boolean {
    if (!this.#func.keepsName) return true;
    return this.#evaluation.isNewer && this.#source.dropsName(index);
  }

  fill(index: number, values: number, present: number): number {
    const { memory, budget } = this.#evaluation;
    const mark = memory.mark();
    const before = budget.live;
    const columns = this.#uncounted(() => this.#source.samples(index));
    const found =
      columns.histograms === undefined && columns.startTimes === undefined && this.#extension === undefined
        ? this.#compute(columns, values, present)
        : this.#computeMixed(columns, index, values, present);
    memory.releaseTo(mark);
    budget.release(before);
    budget.charge(found);
    if (found > 0) this.#annotate(index, present);
    return found;
  }

  fillMany(indices: ArrayLike<number>, from: number, to: number, address: number, founds: Int32Array): void {
    const { steps } = this.#plan.grid;
    const { budget } = this.#evaluation;
    const fill = (index: number, row: number): number => this.fill(index, row, row + steps * 8);
    this.#batch ??= this.#newBatch();
    if (this.#batch === undefined) {
      for (let i = from; i < to; i++) founds[i - from] = fill(indices[i]!, address + (i - from) * rowBytes(steps));
      return;
    }
    const { slides } = this.#func;
    const onRow = ({ found, largest, total }: BatchResult, index: number): void => {
      budget.count(total);
      const before = budget.live;
      budget.charge(largest);
      budget.work(largest + steps * (slides ? 1 : largest));
      budget.release(before);
      budget.charge(found);
      if (found > 0) this.#annotateRow(index);
    };
    this.#batch.fill(indices, from, to, address, founds, onRow, fill);
  }

  /** Undefined where windows are computed in other ways than by one kernel call. */
  #newBatch(): SeriesBatch | undefined {
    const { memory, kernels, budget, useStartTimestamps } = this.#evaluation;
    const { range, func, grid } = this.#plan;
    const source = this.#source;
    if (range.kind !== "samples" || !(source instanceof StoredSamples) || this.#extension !== undefined)
      return undefined;
    const isOther = this.#func.sorts || func === "double_exponential_smoothing" || useStartTimestamps;
    if (isOther || budget.perStep !== undefined || range.rangeMs === 0 || grid.steps > OPERATIONS_PER_CALL)
      return undefined;
    const { minTimeMs, maxTimeMs } = range.selection;
    // Samples of a window, if they are spread evenly.
    const part = Math.min(1, range.rangeMs / Math.max(1, maxTimeMs - minTimeMs));
    const { slides, code } = this.#func;
    return new SeriesBatch(memory, kernels, source.set, {
      minTimeMs,
      maxTimeMs,
      code,
      firstMs: range.reference.firstMs,
      stepMs: range.reference.stepMs,
      steps: grid.steps,
      rangeMs: range.rangeMs,
      first: this.#first,
      second: this.#second,
      nowMs: grid.startMs,
      nowStepMs: grid.stepMs,
      stepCost: (count) => (slides ? 1 : 1 + count * part),
    });
  }

  get #extension(): Extension | undefined {
    const { range } = this.#plan;
    return range.kind === "samples" ? range.extension : undefined;
  }

  /** Floats by the kernel, then each window that has histograms; all of them where start times or ends count. */
  #computeMixed(columns: RangeColumns, index: number, values: number, present: number): number {
    const { memory, histograms, annotations, isNewer, budget, lookbackDeltaMs } = this.#evaluation;
    const { reference, rangeMs } = this.#plan.range;
    const extension = this.#extension;
    const backMs = extension === undefined ? 0 : lookbackDeltaMs;
    const aheadMs = extension === "smoothed" ? lookbackDeltaMs : 0;
    const usesStarts = columns.startTimes !== undefined && USES_START_TIMES.has(this.#plan.func);
    const { floatCount, points, floatStarts } = separate(memory, columns);
    if (this.#plan.func === "double_exponential_smoothing") this.#checkSmoothing();
    let found = this.#compute({ ...columns, count: extension === undefined ? floatCount : 0 }, values, present);
    const context = {
      annotations,
      metricName: this.#source.labels(index).get(METRIC_NAME),
      span: { ...this.#plan.firstArgument, owner: this.#plan.span },
      isNewer,
    };
    // Copies: an allocation may make views stale.
    const times = memory.floats.slice(columns.timesAddr >>> 3, (columns.timesAddr >>> 3) + floatCount);
    const floats = memory.floats.slice(columns.valuesAddr >>> 3, (columns.valuesAddr >>> 3) + floatCount);
    let [from, to, floatFrom, floatTo] = [0, 0, 0, 0];
    for (let step = 0; step < this.#plan.grid.steps; step++) {
      const endMs = reference.firstMs + step * reference.stepMs;
      const startMs = endMs - rangeMs;
      while (to < points.length && points[to]!.timeMs <= endMs + aheadMs) to++;
      while (from < to && points[from]!.timeMs <= startMs - backMs) from++;
      while (floatTo < floatCount && times[floatTo]! <= endMs + aheadMs) floatTo++;
      while (floatFrom < floatTo && times[floatFrom]! <= startMs - backMs) floatFrom++;
      if (from === to && !(floatFrom < floatTo && (usesStarts || extension !== undefined))) continue;
      const wasPresent = memory.bytes[present + step] === FLOAT;
      const window = {
        floatResult: wasPresent ? memory.floats[(values >>> 3) + step] : undefined,
        floatTimes: times.subarray(floatFrom, floatTo),
        floatValues: floats.subarray(floatFrom, floatTo),
        floatStarts: usesStarts ? floatStarts.slice(floatFrom, floatTo) : [],
        points: usesStarts ? points.slice(from, to) : points.slice(from, to).map((each) => ({ ...each, startMs: 0 })),
        startMs,
        endMs,
      };
      const size = window.points.reduce((sum, { histogram }) => sum + histogram.samples, 0);
      budget.count(size + (wasPresent ? 0 : floatTo - floatFrom));
      budget.countAt(step, size + (wasPresent ? 0 : floatTo - floatFrom));
      budget.work(size * 4 + (floatTo - floatFrom) * 10);
      const result =
        extension === undefined
          ? overMixedWindow(this.#plan.func, window, context)
          : overExtendedWindow(this.#plan.func, extension, window, context);
      if (wasPresent) found--;
      memory.bytes[present + step] = ABSENT;
      if (result === undefined) continue;
      found++;
      memory.bytes[present + step] = typeof result === "number" ? FLOAT : HISTOGRAM;
      memory.floats[(values >>> 3) + step] = typeof result === "number" ? result : histograms.put(result);
    }
    return found;
  }

  #compute(columns: RangeColumns, values: number, present: number): number {
    const { memory, kernels, budget } = this.#evaluation;
    const { reference, rangeMs } = this.#plan.range;
    const { startMs, stepMs, steps } = this.#plan.grid;
    const { timesAddr, valuesAddr, count } = columns;
    if (count === 0 || rangeMs === 0) {
      memory.bytes.fill(0, present, present + steps);
      return 0;
    }
    const scratch = this.#func.sorts ? memory.allocate(count * 8) : 0;
    const total = memory.allocate(8);
    let largest = 0;
    budget.inSlices(steps, (from, size) => {
      const firstMs = reference.firstMs + from * reference.stepMs;
      const one = kernels.largestWindow(timesAddr, count, firstMs, reference.stepMs, size, rangeMs, total);
      largest = Math.max(largest, one);
      budget.count(memory.floats[total >>> 3]!);
      return 0;
    });
    if (budget.perStep !== undefined) this.#countWindows(timesAddr, count);
    budget.charge(largest);
    if (this.#plan.func === "double_exponential_smoothing" && largest > 0) this.#checkSmoothing();
    const perCall = this.#func.slides
      ? STEPS_PER_CALL
      : Math.max(1, Math.floor((this.#func.sorts ? SORTED_PER_CALL : OPERATIONS_PER_CALL) / Math.max(1, largest)));
    let found = 0;
    for (let step = 0; step < steps; step += perCall) {
      const size = Math.min(perCall, steps - step);
      found += kernels.overWindows(
        this.#func.code,
        timesAddr,
        valuesAddr,
        count,
        reference.firstMs + step * reference.stepMs,
        reference.stepMs,
        size,
        rangeMs,
        this.#first === 0 ? 0 : this.#first + step * 8,
        this.#second === 0 ? 0 : this.#second + step * 8,
        startMs + step * stepMs,
        stepMs,
        scratch,
        values + step * 8,
        present + step,
      );
      budget.work(this.#func.slides ? size : size * largest);
    }
    return found;
  }

  /** How many samples each window has, where somebody wants to know. */
  #countWindows(timesAddr: number, count: number): void {
    const { memory, budget } = this.#evaluation;
    const { reference, rangeMs } = this.#plan.range;
    const times = memory.floats.subarray(timesAddr >>> 3, (timesAddr >>> 3) + count);
    let [from, to] = [0, 0];
    for (let step = 0; step < this.#plan.grid.steps; step++) {
      const endMs = reference.firstMs + step * reference.stepMs;
      while (to < count && times[to]! <= endMs) to++;
      while (from < to && times[from]! <= endMs - rangeMs) from++;
      budget.countAt(step, to - from);
    }
  }

  #checkSmoothing(): void {
    for (const [name, address] of [
      ["smoothing", this.#first],
      ["trend", this.#second],
    ] as const) {
      const wrong = this.#column(address).find((factor) => factor <= 0 || factor >= 1);
      if (wrong === undefined) continue;
      const symbol = name === "smoothing" ? "sf" : "tf";
      throw executionError(`invalid ${name} factor. Expected: 0 < ${symbol} < 1, got: ${formatFixed(wrong, 6)}`);
    }
  }

  /** Notes about a series that has floats in its row. */
  #annotateRow(index: number): void {
    const { func, span } = this.#plan;
    if (this.#isNamedWell || !USES_NAME.has(func)) return;
    const { annotations, typeAndUnitLabels } = this.#evaluation;
    const labels = this.#source.labels(index);
    const name = labels.get(METRIC_NAME);
    const firstArgument = { ...this.#plan.firstArgument, owner: span };
    if (name === "") return;
    if (typeAndUnitLabels) {
      const type = labels.get("__type__");
      if (type !== "counter") annotations.addPossibleNonCounterType(name, type, firstArgument);
      return;
    }
    // Series of one name follow each other, and what is said of it is said once.
    if (name === this.#annotatedName) return;
    this.#annotatedName = name;
    if (!/_(?:total|sum|count|bucket)$/.test(name)) annotations.addPossibleNonCounter(name, firstArgument);
  }

  #hasFloats(present: number): boolean {
    const { bytes } = this.#evaluation.memory;
    for (let i = 0; i < this.#plan.grid.steps; i++) if (bytes[present + i] === FLOAT) return true;
    return false;
  }

  #annotate(index: number, present: number): void {
    const { annotations, memory } = this.#evaluation;
    const { func, span, grid } = this.#plan;
    const isOfCounters = USES_NAME.has(func);
    if (!isOfCounters && this.#invalid.length === 0) return;
    const firstArgument = { ...this.#plan.firstArgument, owner: span };
    if (isOfCounters && this.#hasFloats(present)) this.#annotateRow(index);
    if (this.#invalid.length === 0) return;
    const column = this.#column(this.#first);
    for (let i = 0; i < grid.steps; i++) {
      const q = column[i]!;
      if (memory.bytes[present + i] === FLOAT && !(q >= 0 && q <= 1)) annotations.addInvalidQuantile(q, firstArgument);
    }
  }
}

/** One series of ones at the steps where no series has a sample in its window. */
function absentOverTime(evaluation: Evaluation, plan: WindowPlan): Rows {
  const presence = WINDOW_FUNCTIONS.get("present_over_time");
  assert(presence !== undefined, "present_over_time is a function");
  const open = (): Rows => new WindowRows(evaluation, { ...plan, func: "present_over_time" }, presence);
  return absentRow(evaluation, plan.grid.steps, plan.matchers, evaluation.delayedNameRemoval, open);
}

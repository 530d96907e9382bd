/**
 * Evaluation of a query: the plan, all selects of storage, and then, without another pause, rows from bottom to top.
 * The answer's bits depend on nothing but the expression, the times and the samples.
 */
import type { QueryMemory } from "../../memory/index.js";
import type { Matcher } from "../../model/index.js";
import type { CancelToken, Querier, SeriesSet } from "../../storage/index.js";
import type { Expr } from "../parser/index.js";
import { buildPlan } from "../plan/build.js";
import type { PlanWithSelections } from "../plan/moving.js";
import type { Plan } from "../plan/nodes.js";
import { type Selections, selectionsOf } from "../plan/selections.js";
import { Annotations } from "./annotations.js";
import { Budget } from "./budget.js";
import { HistogramTable } from "./histogram-table.js";
import type { PromqlKernels } from "./kernels.js";
import { openRows } from "./open.js";
import { matrixFrom, matrixFromRange, type QueryResult, type QueryValue, vectorFrom } from "./result.js";
import { type Evaluation, hold, RowBuffer, type Rows, withoutName, withUniqueLabels } from "./rows.js";
import { openRange } from "./selectors.js";

/** What is asked. An instant query has a `stepMs` of 0 and its time as both start and end. */
export interface QueryRequest {
  /** The expression as written: places in warnings refer to it. */
  readonly text: string;
  readonly expr: Expr;
  readonly startMs: number;
  readonly endMs: number;
  readonly stepMs: number;
  readonly options: EvaluationOptions;
  /** Of this expression, these times and options, where it is known: `MovingPlan`. Its series are looked up as last time. */
  readonly planned?: PlanWithSelections;
}

export interface EvaluationOptions {
  /** `--query.lookback-delta`. */
  readonly lookbackDeltaMs: number;
  /** The global evaluation interval: the step of subqueries that name none. */
  readonly defaultStepMs: number;
  /** `--query.max-samples`; 0 = no limit. */
  readonly maxSamples: number;
  /** `--enable-feature=promql-delayed-name-removal`. */
  readonly delayedNameRemoval: boolean;
  /** `--enable-feature=type-and-unit-labels`. */
  readonly typeAndUnitLabels: boolean;
  /** `--enable-feature=use-start-timestamps`. */
  readonly useStartTimestamps: boolean;
  /**
   * Which Prometheus answers are like, where versions differ in what an expression gives: "3.5", or "3.14" with all that
   * came up to it.
   */
  readonly language: "3.5" | "3.14";
  /** Counts the samples that each step looked at. */
  readonly perStepStats?: boolean;
  /** Most warnings, and most infos, in the answer; 0 = all. The API gives 10. */
  readonly annotationLimit: number;
}

export const DEFAULT_EVALUATION_OPTIONS: EvaluationOptions = {
  lookbackDeltaMs: 300_000,
  defaultStepMs: 60_000,
  maxSamples: 50_000_000,
  delayedNameRemoval: false,
  typeAndUnitLabels: false,
  useStartTimestamps: false,
  language: "3.5",
  annotationLimit: 10,
};

export interface SelectedSeries {
  readonly matchers: readonly Matcher[];
  readonly count: number;
}

/** What a query thread brings along. */
export interface EvaluationMeans {
  readonly querier: Querier;
  /** Used from its mark on, and given back to it. */
  readonly memory: QueryMemory;
  /** An instance over `memory`. */
  readonly kernels: PromqlKernels;
  readonly cancel: CancelToken;
  /** Called when all series are selected and computing begins; may throw where they are too many. */
  readonly onSelected?: (selected: readonly SelectedSeries[], plan: Plan) => void;
  /** Opens a node's rows and may watch them. */
  readonly watch?: (plan: Plan, open: () => Rows) => Rows;
}

/**
 * @throws VestalError QUERY_EXECUTION (an error in the query, in Prometheus' words), QUERY_SAMPLES, QUERY_MEMORY,
 *   what the cancel token throws, BAD_DATA for a duration expression without a value, and storage's errors.
 */
export async function evaluate(request: QueryRequest, means: EvaluationMeans): Promise<QueryResult> {
  const { options } = request;
  const plan = request.planned?.plan ?? buildPlan(request.expr, { ...options, ...timesOf(request) });
  const isNewer = options.language === "3.14";
  const annotations = new Annotations(isNewer);
  const budget = new Budget(options.maxSamples, means.cancel, Math.min(means.memory.limitBytes, TEXT_LIMIT));
  const { startMs, endMs, stepMs } = request;
  // An instant query has one step, whose samples are all there are.
  if (options.perStepStats === true && stepMs > 0) budget.countSteps(Math.floor((endMs - startMs) / stepMs) + 1);
  means.cancel.check();
  const mark = means.memory.mark();
  let sets: readonly SeriesSet[] = [];
  try {
    const selections = request.planned?.selections ?? selectionsOf(plan);
    sets = await selectAll(selections, means.querier, request.planned !== undefined);
    if (means.onSelected !== undefined) {
      const selected = selections.distinct.map(({ matchers }, i) => ({ matchers, count: sets[i]!.count }));
      means.onSelected(selected, plan);
    }
    const evaluation: Evaluation = {
      memory: means.memory,
      kernels: means.kernels,
      budget,
      annotations,
      histograms: new HistogramTable(means.memory.limitBytes),
      isNewer,
      lookbackDeltaMs: options.lookbackDeltaMs,
      useStartTimestamps: options.useStartTimestamps,
      delayedNameRemoval: options.delayedNameRemoval,
      typeAndUnitLabels: options.typeAndUnitLabels,
      seriesOf: (selection) => sets[selections.placeOf.get(selection)!]!,
      open: (below) => means.watch?.(below, () => openRows(evaluation, below)) ?? openRows(evaluation, below),
    };
    const value = computeValue(evaluation, plan, request);
    const { warnings, infos } = annotations.print(request.text, options.annotationLimit);
    return {
      value,
      warnings,
      infos,
      stats: { queryableSamples: budget.total, peakSamples: budget.peak, samplesPerStep: budget.perStep },
    };
  } finally {
    for (const set of sets) set.close();
    means.memory.releaseTo(mark);
  }
}

/** Texts lie on the JavaScript heap of the thread, which is small beside its other memory. */
const TEXT_LIMIT = 256 << 20;

function timesOf({ startMs, endMs, stepMs }: QueryRequest): { startMs: number; endMs: number; stepMs: number } {
  return { startMs, endMs, stepMs };
}

function computeValue(evaluation: Evaluation, plan: Plan, request: QueryRequest): QueryValue {
  const { startMs, stepMs, expr } = request;
  if (plan.kind === "string") return { type: "string", timestampMs: startMs, value: plan.value };
  if (plan.kind === "range") return matrixFromRange(evaluation, openRange(evaluation, plan.range));
  if (expr.valueType === "scalar" && stepMs === 0) {
    const buffer = new RowBuffer(evaluation.memory, 1);
    evaluation.open(plan).fill(0, buffer.values, buffer.present);
    return { type: "scalar", timestampMs: startMs, value: evaluation.memory.floats[buffer.values >>> 3]! };
  }
  const { steps } = plan.grid;
  let frame = hold(evaluation, evaluation.open(plan), steps);
  if (evaluation.isNewer && evaluation.delayedNameRemoval) {
    const rows: Rows = {
      count: frame.count,
      labels: (index) => (frame.dropsName(index) ? withoutName(frame.labels(index)) : frame.labels(index)),
      dropsName: () => false,
      fill: (index, values, present) => frame.fill(index, values, present),
    };
    const unique = withUniqueLabels(evaluation, rows, steps, "merge");
    if (unique !== rows) frame = hold(evaluation, unique, steps);
  }
  return stepMs === 0 ? vectorFrom(evaluation, frame, startMs) : matrixFrom(evaluation, frame, plan.grid);
}

/** Every selection of the plan, all asked for at once: they see the same commits. */
function selectAll(
  { distinct }: Selections,
  querier: Querier,
  isRepeated: boolean,
): readonly SeriesSet[] | Promise<readonly SeriesSet[]> {
  if (distinct.length === 0) return [];
  return querier.selectAll(distinct.map((hints) => ({ matchers: hints.matchers, hints, isRepeated })));
}

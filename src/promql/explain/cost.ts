/**
 * What a query would cost, before it runs: the series that its selectors pick are counted in the index, and samples are
 * estimated from a few series of each. Upper bounds where series begin or end within the range, and no promise.
 */
import type { ColumnSink, Querier, SeriesSet } from "../../storage/index.js";
import type { QueryRequest } from "../eval/evaluate.js";
import { buildPlan } from "../plan/build.js";
import { type Plan, plansBelow, type Selection, selectionOf } from "../plan/nodes.js";

/** Series of a selector that are decoded for the estimate, spread over all. */
const LOOKED_AT = 16;

export interface SelectorCost {
  readonly selector: string;
  readonly seriesTouched: number;
  /** In the selected times. */
  readonly samplesStored: number;
  /** That the steps look at, each window for itself: what `totalQueryableSamples` of the statistics counts. */
  readonly samplesScanned: number;
}

export interface QueryCost {
  /** A series that two selectors pick counts twice. */
  readonly seriesTouched: number;
  readonly samplesScanned: number;
  /** That the query's own series take in memory when all of them are decoded at once: an upper bound. */
  readonly bytes: number;
  readonly selectors: readonly SelectorCost[];
}

/** What a query reads: selectors of the plan with the steps that look at them. */
export async function estimateCost(request: QueryRequest, querier: Querier, sink: ColumnSink): Promise<QueryCost> {
  const { expr, options, startMs, endMs, stepMs } = request;
  const found: { plan: Plan; selection: Selection }[] = [];
  const collect = (node: Plan): void => {
    const selection = selectionOf(node);
    if (selection !== undefined) found.push({ plan: node, selection });
    for (const below of plansBelow(node)) collect(below);
  };
  collect(buildPlan(expr, { ...options, startMs, endMs, stepMs }));
  const requests = found.map(({ selection: { matchers, ...hints } }) => ({ matchers, hints }));
  const sets = requests.length === 0 ? [] : await querier.selectAll(requests);
  const selectors = found.map(({ plan, selection }, i): SelectorCost => {
    const set = sets[i]!;
    const samplesStored = Math.round(meanSamples(set, selection, sink) * set.count);
    return {
      selector: selectorText(selection),
      seriesTouched: set.count,
      samplesStored,
      samplesScanned: Math.round(scanned(plan, selection, set.count, samplesStored)),
    };
  });
  for (const set of [...sets].reverse()) set.close();
  const sum = (read: (one: SelectorCost) => number): number => selectors.reduce((total, one) => total + read(one), 0);
  return {
    seriesTouched: sum((one) => one.seriesTouched),
    samplesScanned: sum((one) => one.samplesScanned),
    bytes: 16 * sum((one) => one.samplesStored),
    selectors,
  };
}

export function selectorText({ matchers }: Pick<Selection, "matchers">): string {
  return `{${matchers.map((matcher) => matcher.toString()).join(",")}}`;
}

function meanSamples(set: SeriesSet, { minTimeMs, maxTimeMs }: Selection, sink: ColumnSink): number {
  const looked = Math.min(LOOKED_AT, set.count);
  let samples = 0;
  for (let i = 0; i < looked; i++) {
    samples += set.samples(Math.floor((i * set.count) / looked), minTimeMs, maxTimeMs, sink).count;
  }
  return looked === 0 ? 0 : samples / looked;
}

function scanned(plan: Plan, { minTimeMs, maxTimeMs }: Selection, series: number, samplesStored: number): number {
  const { steps } = plan.grid;
  if (plan.kind === "select" || (plan.kind !== "window" && plan.kind !== "range")) return series * steps;
  const spanMs = Math.max(1, maxTimeMs - minTimeMs);
  // Each window sees its share of the samples.
  return Math.max(1, (steps * Math.min(spanMs, plan.range.rangeMs)) / spanMs) * samplesStored;
}

/** A panel's data: its queries, asked for a range or an instant, as frames after its transformations. */
import { get, getRange, type QueryData, reasonText } from "../api.js";
import { askExemplars, dotsOf } from "../exemplars.js";
import type { Dot } from "../plot/types.js";
import type { TimeZone } from "../time-zone.js";
import { type Answered, type Frame, framesOf, type Grid } from "./frames.js";
import type { Panel, Target } from "./grafana.js";
import { interpolate, interpolateQuery, plainValue, type Scope } from "./interpolate.js";
import { intervalText, parseInterval, parseTime, rateIntervalMs, stepMs, type TimeRange } from "./time.js";
import { transform } from "./transform.js";

export interface PanelData {
  readonly frames: readonly Frame[];
  readonly grid: Grid | undefined;
  /** The range that the panel shows: its own where it has one. */
  readonly range: TimeRange;
  readonly errors: readonly string[];
  /** What the panel asks for and is not done, in words. */
  readonly notes: readonly string[];
  /** Queries as they were sent. */
  readonly queries: readonly string[];
  readonly dots: readonly Dot[];
}

export interface LoadContext {
  readonly scope: Scope;
  readonly range: TimeRange;
  readonly scrapeMs: number;
  readonly points: number;
  readonly zone: TimeZone;
}

/** Series beyond it are neither read nor understood by anyone; the panel says that there are more. */
const SERIES_MAX = 2000;

export async function loadPanel(panel: Panel, context: LoadContext, signal: AbortSignal): Promise<PanelData> {
  const range = panelRange(panel, context);
  const isChart =
    panel.type === "timeseries" ||
    panel.type === "state-timeline" ||
    panel.type === "heatmap" ||
    panel.type === "barchart" ||
    panel.type === "status-history";
  const notes: string[] = [];
  const errors: string[] = [];
  const queries: string[] = [];
  const traced: string[] = [];
  const asked = panel.targets.map(async (target): Promise<Answered | undefined> => {
    if (target.refusal !== undefined) {
      notes.push(`Not drawn: ${target.refusal}.`);
      return undefined;
    }
    const step = targetStep(panel, target, range, context);
    const scope = queryScope(context, target, step);
    const query = interpolateQuery(target.expr, scope);
    queries.push(query);
    if (target.hasExemplars && panel.type === "timeseries") traced.push(query);
    try {
      return await ask(
        { ...target, legend: interpolate(target.legend, scope), expr: query },
        step,
        range,
        isChart,
        signal,
      );
    } catch (reason) {
      if (signal.aborted) throw reason;
      errors.push(reasonText(reason));
      return undefined;
    }
  });
  const answers = (await Promise.all(asked)).filter((each) => each !== undefined);
  const dots = await exemplarsOf(traced, range, errors, signal);
  const tables = panel.targets.filter(({ format, refusal }) => format === "table" && refusal === undefined).length;
  let frames = answers.flatMap((answer) => framesOf(answer, tables));
  if (frames.length > SERIES_MAX) {
    notes.push(`${frames.length} series; the first ${SERIES_MAX} are shown.`);
    frames = frames.slice(0, SERIES_MAX);
  }
  const { frames: transformed, unknown } = transform(frames, panel.transformations);
  for (const id of unknown) notes.push(`The transformation "${id}" is not supported and was left out.`);
  // Queries with steps of their own do not lie on one grid.
  const grids = answers.flatMap(({ grid }) => (grid === undefined ? [] : [grid]));
  const grid = grids.every((each) => each.stepMs === grids[0]?.stepMs) ? grids[0] : undefined;
  return { frames: transformed, grid, range, errors: [...new Set(errors)], notes: [...new Set(notes)], queries, dots };
}

async function exemplarsOf(
  queries: readonly string[],
  range: TimeRange,
  errors: string[],
  signal: AbortSignal,
): Promise<readonly Dot[]> {
  const asked = queries.map(async (query) => {
    try {
      return dotsOf(await askExemplars(query, range.fromMs, range.toMs, signal));
    } catch (reason) {
      if (signal.aborted) throw reason;
      errors.push(`Exemplars: ${reasonText(reason)}`);
      return [];
    }
  });
  return (await Promise.all(asked)).flat();
}

function panelRange(panel: Panel, { range, scope, zone }: LoadContext): TimeRange {
  let { fromMs, toMs } = range;
  const from = interpolate(panel.timeFrom, scope);
  if (from !== "") fromMs = parseTime(from.startsWith("now") ? from : `now-${from}`, toMs, zone) ?? fromMs;
  const shiftMs = parseInterval(interpolate(panel.timeShift, scope)) ?? 0;
  return { fromMs: fromMs - shiftMs, toMs: toMs - shiftMs };
}

function targetStep(panel: Panel, target: Target, range: TimeRange, context: LoadContext): number {
  const least = interpolate(target.interval || panel.interval, context.scope);
  const step = stepMs(range, panel.maxDataPoints ?? context.points, least, context.scrapeMs);
  return step * target.intervalFactor;
}

export function queryScope({ scope, scrapeMs }: LoadContext, target: Pick<Target, "interval">, step: number): Scope {
  const ownMs = parseInterval(interpolate(target.interval, scope)) ?? scrapeMs;
  const own: Readonly<Record<string, string>> = {
    __interval: intervalText(step),
    __interval_ms: String(step),
    __rate_interval: intervalText(rateIntervalMs(step, ownMs)),
    __rate_interval_ms: String(rateIntervalMs(step, ownMs)),
    __auto_interval_interval: intervalText(step),
  };
  return new Map([...scope, ...Object.entries(own).map(([name, value]) => [name, plainValue(value)] as const)]);
}

async function ask(
  target: Target,
  step: number,
  range: TimeRange,
  isChart: boolean,
  signal: AbortSignal,
): Promise<Answered> {
  const query = target.expr;
  if (target.isInstant && !(target.isRange && isChart)) {
    const { data } = await get<QueryData>("query", { query, time: range.toMs / 1000 }, signal);
    return { target, data, grid: undefined };
  }
  // Steps at multiples of the step: the same points again at each refresh.
  const startMs = Math.floor(range.fromMs / step) * step;
  const endMs = Math.floor(range.toMs / step) * step;
  const grid = { startMs, stepMs: step, count: Math.floor((endMs - startMs) / step) + 1 };
  const { data } = await getRange({ query, start: startMs / 1000, end: endMs / 1000, step: step / 1000 }, signal);
  return { target, data, grid };
}

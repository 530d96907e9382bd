/** Answers of the server as frames: columns with a name, labels and a type, which transformations and panels work on. */
import type { Labels, MatrixSeries, QueryData } from "../api.js";
import { metricText } from "../format.js";
import type { Target } from "./grafana.js";

export type Cell = number | string | null;

export interface Field {
  readonly name: string;
  readonly type: "time" | "number" | "string";
  readonly labels: Labels;
  readonly values: readonly Cell[];
  /** What the legend format made; it wins over names made of labels. */
  readonly legend?: string;
}

export interface Frame {
  readonly refId: string;
  readonly fields: readonly Field[];
}

export interface Answered {
  readonly target: Target;
  readonly data: QueryData;
  /** Of a range query. */
  readonly grid: Grid | undefined;
}

export interface Grid {
  readonly startMs: number;
  readonly stepMs: number;
  readonly count: number;
}

export const NO_LABELS: Labels = {};

function numberCell(text: string): number {
  return text === "+Inf" ? Number.POSITIVE_INFINITY : text === "-Inf" ? Number.NEGATIVE_INFINITY : Number(text);
}

/** A frame a series, or for the format table one frame a query. `tables` is how many queries of the panel are tables. */
export function framesOf(answered: Answered, tables: number): readonly Frame[] {
  const { target, data } = answered;
  if (data.resultType === "string") return [];
  const series = seriesOf(data);
  if (target.format === "table")
    return [tableFrame(target.refId, series, tables > 1 ? `Value #${target.refId}` : "Value")];
  const names = legendNames(target, series);
  const grid = answered.grid;
  const times =
    grid === undefined ? undefined : Array.from({ length: grid.count }, (_, i) => grid.startMs + i * grid.stepMs);
  return series.map((each, i) => {
    const [at, values] = grid === undefined || times === undefined ? ownPoints(each) : [times, onGrid(each, grid)];
    return {
      refId: target.refId,
      fields: [
        { name: "Time", type: "time", labels: NO_LABELS, values: at },
        { name: "Value", type: "number", labels: each.metric, values, legend: names[i] ?? "" },
      ],
    };
  });
}

function seriesOf(data: QueryData): readonly MatrixSeries[] {
  if (data.resultType === "matrix") return data.result;
  if (data.resultType !== "vector") return [{ metric: NO_LABELS, values: [data.result as readonly [number, string]] }];
  return data.result.map(({ metric, value, histogram }) => ({
    metric,
    ...(value !== undefined && { values: [value] }),
    ...(histogram !== undefined && { histograms: [histogram] }),
  }));
}

function pointsOf(series: MatrixSeries): readonly (readonly [time: number, value: number])[] {
  const { times, numbers, values = [], histograms = [] } = series;
  if (times !== undefined && numbers !== undefined) {
    return Array.from(times, (time, i) => [time, numbers[i] ?? Number.NaN] as const);
  }
  return [
    ...values.map(([time, value]) => [time, numberCell(value)] as const),
    ...histograms.map(([time, { sum, count }]) => [time, Number(sum) / Number(count)] as const),
  ];
}

function ownPoints(series: MatrixSeries): readonly [readonly number[], readonly number[]] {
  const points = pointsOf(series);
  return [points.map(([time]) => time * 1000), points.map(([, value]) => value)];
}

function onGrid(series: MatrixSeries, { startMs, stepMs, count }: Grid): readonly (number | null)[] {
  const column = new Array<number | null>(count).fill(null);
  const { times, numbers } = series;
  if (times !== undefined && numbers !== undefined) {
    for (let j = 0; j < times.length; j++) {
      const i = Math.round((times[j]! * 1000 - startMs) / stepMs);
      if (i >= 0 && i < count) column[i] = numbers[j]!;
    }
    return column;
  }
  for (const [time, value] of pointsOf(series)) {
    const i = Math.round((time * 1000 - startMs) / stepMs);
    if (i >= 0 && i < count) column[i] = value;
  }
  return column;
}

function tableFrame(refId: string, series: readonly MatrixSeries[], valueName: string): Frame {
  const keys = [...new Set(series.flatMap(({ metric }) => Object.keys(metric)))].sort();
  const rows = series.flatMap((each) => pointsOf(each).map((point) => ({ metric: each.metric, point })));
  return {
    refId,
    fields: [
      { name: "Time", type: "time", labels: NO_LABELS, values: rows.map(({ point }) => point[0] * 1000) },
      ...keys.map(
        (key): Field => ({
          name: key,
          type: "string",
          labels: NO_LABELS,
          values: rows.map(({ metric }) => metric[key] ?? null),
        }),
      ),
      { name: valueName, type: "number", labels: NO_LABELS, values: rows.map(({ point }) => point[1]) },
    ],
  };
}

/** `{{instance}} {{ mode }}`; without a format what tells the series apart. */
export function legendNames({ legend, expr }: Target, series: readonly MatrixSeries[]): readonly string[] {
  if (legend !== "" && legend !== "__auto") {
    return series.map(({ metric }) => legend.replace(/\{\{\s*(.+?)\s*\}\}/g, (_, key: string) => metric[key] ?? ""));
  }
  const keys = new Set(series.flatMap(({ metric }) => Object.keys(metric).filter((key) => key !== "__name__")));
  const [only] = keys;
  const isOne = legend === "__auto" && keys.size === 1 && series.length > 1 && only !== undefined;
  return series.map(({ metric }) => {
    if (isOne) return metric[only] ?? metricText(metric);
    return Object.keys(metric).length === 0 ? expr.trim() : metricText(metric);
  });
}

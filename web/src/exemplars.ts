/** Exemplars: measurements with a trace, asked of the server and as points of a graph. */
import { get, type Labels } from "./api.js";
import { metricText, shortNumber } from "./format.js";
import type { Dot } from "./plot/types.js";

export interface Exemplar {
  readonly series: Labels;
  readonly labels: Labels;
  readonly value: number;
  readonly timeMs: number;
}

/** More cannot be told apart, in a graph as in a table. */
const EXEMPLARS_MAX = 2000;

interface Found {
  readonly seriesLabels: Labels;
  readonly exemplars: readonly { readonly labels: Labels; readonly value: string; readonly timestamp: number }[];
}

/** Of the series that an expression selects, newest first. */
export async function askExemplars(
  expr: string,
  startMs: number,
  endMs: number,
  signal: AbortSignal,
): Promise<readonly Exemplar[]> {
  const params = { query: expr, start: startMs / 1000, end: endMs / 1000 };
  // An expression without a selector has none.
  const { data } = await get<readonly Found[] | null>("query_exemplars", params, signal);
  return (data ?? [])
    .flatMap(({ seriesLabels, exemplars }) =>
      exemplars.map(({ labels, value, timestamp }) => ({
        series: seriesLabels,
        labels,
        value: Number(value),
        timeMs: timestamp * 1000,
      })),
    )
    .sort((a, b) => b.timeMs - a.timeMs)
    .slice(0, EXEMPLARS_MAX);
}

export function dotsOf(exemplars: readonly Exemplar[]): readonly Dot[] {
  return exemplars.map(({ labels, series, value, timeMs }) => ({
    timeMs,
    value,
    lines: [
      `exemplar ${shortNumber(value)}`,
      ...Object.entries(labels).map(([name, text]) => `${name}: ${text}`),
      metricText(series),
    ],
  }));
}

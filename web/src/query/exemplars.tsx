/** Exemplars of a graph: measurements with a trace, as points in the graph and as a table below it. */
import { useEffect, useMemo, useState } from "preact/hooks";
import { get, type Labels, reasonText } from "../api.js";
import { metricText, shortNumber } from "../format.js";
import { LabelList, Rows } from "../parts.js";
import type { Dot } from "../plot/types.js";
import { dateTimeText } from "../time-zone.js";

export interface Exemplar {
  readonly series: Labels;
  readonly labels: Labels;
  readonly value: number;
  readonly timeMs: number;
}

/** More cannot be told apart, in the graph as in the table. */
const EXEMPLARS_MAX = 2000;

interface Found {
  readonly seriesLabels: Labels;
  readonly exemplars: readonly { readonly labels: Labels; readonly value: string; readonly timestamp: number }[];
}

export interface Exemplars {
  readonly list: readonly Exemplar[];
  readonly dots: readonly Dot[];
  readonly error: string | undefined;
}

const NONE: Exemplars = { list: [], dots: [], error: undefined };

/** @param range  in milliseconds; undefined asks for nothing. */
export function useExemplars(
  expr: string,
  range: { readonly startMs: number; readonly endMs: number } | undefined,
): Exemplars {
  const [found, setFound] = useState<readonly Exemplar[]>([]);
  const [error, setError] = useState<string>();
  const { startMs, endMs } = range ?? {};
  useEffect(() => {
    if (startMs === undefined || endMs === undefined) return undefined;
    const controller = new AbortController();
    const params = { query: expr, start: startMs / 1000, end: endMs / 1000 };
    get<readonly Found[] | null>("query_exemplars", params, controller.signal).then(
      ({ data }) => {
        setError(undefined);
        setFound(
          (data ?? [])
            .flatMap(({ seriesLabels, exemplars }) =>
              exemplars.map(({ labels, value, timestamp }) => ({
                series: seriesLabels,
                labels,
                value: Number(value),
                timeMs: timestamp * 1000,
              })),
            )
            .sort((a, b) => b.timeMs - a.timeMs)
            .slice(0, EXEMPLARS_MAX),
        );
      },
      (reason: unknown) => {
        if (!controller.signal.aborted) setError(reasonText(reason));
      },
    );
    return () => controller.abort();
  }, [expr, startMs, endMs]);
  return useMemo(() => {
    if (startMs === undefined) return NONE;
    const dots = found.map(({ labels, series, value, timeMs }) => ({
      timeMs,
      value,
      lines: [
        `exemplar ${shortNumber(value)}`,
        ...Object.entries(labels).map(([name, text]) => `${name}: ${text}`),
        metricText(series),
      ],
    }));
    return { list: found, dots, error };
  }, [found, error, startMs === undefined]);
}

export function ExemplarTable({ exemplars }: { exemplars: Exemplars }) {
  const { list, error } = exemplars;
  if (error !== undefined) {
    return (
      <p class="note error" role="alert">
        Exemplars: {error}
      </p>
    );
  }
  if (list.length === 0) return <p class="muted">No exemplars in this time.</p>;
  return (
    <details>
      <summary>
        <h3 class="inline">Exemplars</h3> <span class="muted">{list.length}</span>
      </summary>
      <div class="scroll">
        <table class="stack">
          <thead>
            <tr>
              <th scope="col">Time</th>
              <th scope="col">Exemplar</th>
              <th scope="col">Series</th>
              <th scope="col">Value</th>
            </tr>
          </thead>
          <tbody>
            <Rows
              items={list}
              row={({ labels, series, value, timeMs }, i) => (
                <tr key={`${i} ${timeMs}`}>
                  <td>{dateTimeText(timeMs)}</td>
                  <td>
                    <LabelList labels={labels} />
                  </td>
                  <td>
                    <code>{metricText(series)}</code>
                  </td>
                  <td class="number">{value}</td>
                </tr>
              )}
            />
          </tbody>
        </table>
      </div>
    </details>
  );
}

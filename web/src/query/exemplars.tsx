/** Exemplars of a graph: measurements with a trace, as points in the graph and as a table below it. */
import { useEffect, useMemo, useState } from "preact/hooks";
import { reasonText } from "../api.js";
import { askExemplars, dotsOf, type Exemplar } from "../exemplars.js";
import { metricText } from "../format.js";
import { LabelList, Rows } from "../parts.js";
import type { Dot } from "../plot/types.js";
import { dateTimeText } from "../time-zone.js";

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
    askExemplars(expr, startMs, endMs, controller.signal).then(
      (list) => {
        setError(undefined);
        setFound(list);
      },
      (reason: unknown) => {
        if (!controller.signal.aborted) setError(reasonText(reason));
      },
    );
    return () => controller.abort();
  }, [expr, startMs, endMs]);
  return useMemo(() => {
    if (startMs === undefined) return NONE;
    return { list: found, dots: dotsOf(found), error };
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

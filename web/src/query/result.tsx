/** The answer of a query as a graph or a table, and as files. */
import { lazy, Suspense } from "preact/compat";
import { useMemo } from "preact/hooks";
import { type ApiAnswer, type HistogramValue, type MatrixSeries, type QueryData, valuesOf } from "../api.js";
import { formatDuration, metricText, shortNumber } from "../format.js";
import { LabelList, Rows } from "../parts.js";
import { saveBlob } from "../plot/png.js";
import { dateTimeText } from "../time-zone.js";
import { ExemplarTable, useExemplars } from "./exemplars.js";
import type { PanelState } from "./url-state.js";

export const loadChart = () => import("../plot/chart.js");
const Chart = lazy(() => loadChart().then((module) => module.Chart));

export interface Shown {
  readonly answer: ApiAnswer<QueryData>;
  /** 0 for live values. */
  readonly tookMs: number;
  readonly startMs: number;
  readonly endMs: number;
  readonly stepMs: number;
}

export function Result({
  shown,
  state,
  isDark,
  isLive,
  onChange,
}: {
  shown: Shown;
  state: PanelState;
  isDark: boolean;
  isLive: boolean;
  onChange: (state: PanelState) => void;
}) {
  const { data } = shown.answer;
  const zoom = (startMs: number, endMs: number): void => {
    const seconds = Math.max(1, Math.round((endMs - startMs) / 1000));
    onChange({ ...state, range: formatDuration(seconds * 1000), endMs, step: undefined });
  };
  const series = useMemo(() => seriesOf(data), [data]);
  const isGraph = state.tab === "graph" && series !== undefined;
  const wantsExemplars = isGraph && state.hasExemplars && !isLive;
  const exemplars = useExemplars(state.expr, wantsExemplars ? shown : undefined);
  if (isGraph) {
    if (series.length === 0) return <NoSeries />;
    return (
      <Suspense fallback={<p class="muted">Loading…</p>}>
        <Chart
          title={state.expr}
          series={series}
          startMs={shown.startMs}
          endMs={shown.endMs}
          stepMs={shown.stepMs}
          mode={state.mode}
          isDark={isDark}
          dots={exemplars.dots}
          onZoom={zoom}
          actions={<Exports series={series} />}
        />
        {wantsExemplars && <ExemplarTable exemplars={exemplars} />}
      </Suspense>
    );
  }
  return <Table data={data} />;
}

function NoSeries() {
  return (
    <p class="muted">
      No series. Is the metric's name right (Metrics), and is its <a href="targets">target</a> up?
    </p>
  );
}

/** A scalar over a range comes as a matrix; one at an instant is no graph. */
function seriesOf(data: QueryData): readonly MatrixSeries[] | undefined {
  return data.resultType === "matrix" ? data.result : undefined;
}

/** As the server answers. */
function jsonOf(series: MatrixSeries): unknown {
  const { metric, histograms } = series;
  return { metric, values: valuesOf(series), ...(histograms !== undefined && { histograms }) };
}

function Exports({ series }: { series: readonly MatrixSeries[] }) {
  const save = (name: string, type: string, text: string): void => saveBlob(name, new Blob([text], { type }));
  const csv = (): string => {
    const quote = (text: string): string => `"${text.replaceAll('"', '""')}"`;
    const rows = series.flatMap((each) =>
      valuesOf(each).map(
        ([time, value]) => `${new Date(time * 1000).toISOString()},${quote(metricText(each.metric))},${value}`,
      ),
    );
    return `time,series,value\n${rows.join("\n")}\n`;
  };
  return (
    <>
      <button type="button" onClick={() => save("query.csv", "text/csv", csv())}>
        CSV
      </button>
      <button type="button" onClick={() => save("query.json", "application/json", JSON.stringify(series.map(jsonOf)))}>
        JSON
      </button>
    </>
  );
}

function Table({ data }: { data: QueryData }) {
  if (data.resultType === "scalar" || data.resultType === "string") {
    return (
      <table>
        <tbody>
          <tr>
            <th scope="row">{data.resultType}</th>
            <td class="number">{data.result[1]}</td>
          </tr>
        </tbody>
      </table>
    );
  }
  if (data.result.length === 0) return <NoSeries />;
  if (data.resultType === "vector") {
    return (
      <div class="scroll">
        <table>
          <thead>
            <tr>
              <th scope="col">Series</th>
              <th scope="col">Value</th>
            </tr>
          </thead>
          <tbody>
            <Rows
              items={data.result}
              row={({ metric, value, histogram }) => (
                <tr key={JSON.stringify(metric)}>
                  <td>
                    <code>{metricText(metric)}</code>
                    {histogram !== undefined && <Buckets value={histogram[1]} />}
                  </td>
                  <td class="number">{value?.[1] ?? `count ${histogram?.[1].count}, sum ${histogram?.[1].sum}`}</td>
                </tr>
              )}
            />
          </tbody>
        </table>
      </div>
    );
  }
  return (
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <th scope="col">Series</th>
            <th scope="col">Samples</th>
          </tr>
        </thead>
        <tbody>
          <Rows
            items={data.result as readonly MatrixSeries[]}
            row={({ metric, values = [], histograms = [] }) => (
              <tr key={JSON.stringify(metric)}>
                <td>
                  <LabelList labels={metric} />
                </td>
                <td class="number">
                  {values.map(([time, value]) => (
                    <div key={time} title={dateTimeText(time * 1000)}>
                      {value} <span class="muted">@{time}</span>
                    </div>
                  ))}
                  {histograms.map(([time, { count, sum }]) => (
                    <div key={time} title={dateTimeText(time * 1000)}>
                      count {count}, sum {sum} <span class="muted">@{time}</span>
                    </div>
                  ))}
                </td>
              </tr>
            )}
          />
        </tbody>
      </table>
    </div>
  );
}

const OPENING = ["(", "[", "(", "["] as const;
const CLOSING = ["]", ")", ")", "]"] as const;

/** A native histogram as bars, a bucket a row. */
function Buckets({ value: { buckets = [] } }: { value: HistogramValue }) {
  const most = buckets.reduce((max, [, , , count]) => Math.max(max, Number(count)), 0);
  if (buckets.length === 0) return null;
  return (
    <details>
      <summary>{buckets.length} buckets</summary>
      <table class="pairs">
        <tbody>
          {buckets.map(([boundaries, lower, upper, count]) => (
            <tr key={`${lower} ${upper}`}>
              <th scope="row">
                <code>
                  {OPENING[boundaries]}
                  {shortNumber(Number(lower))}, {shortNumber(Number(upper))}
                  {CLOSING[boundaries]}
                </code>
              </th>
              <td>
                <meter min={0} max={most} value={Number(count)} aria-hidden="true" />
              </td>
              <td class="number">{count}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  );
}

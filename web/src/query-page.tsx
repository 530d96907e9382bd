/** Queries: several panels, each with an editor, a table and a graph. The address has all of it. */
import { lazy, Suspense } from "preact/compat";
import { useCallback, useEffect, useMemo, useState } from "preact/hooks";
import { type ApiAnswer, get, getRange, type MatrixSeries, type Params, type QueryData, valuesOf } from "./api.js";
import { Explain } from "./explain.js";
import { formatDuration, metricText, parseDurationMs } from "./format.js";
import { followLive } from "./live.js";
import { LabelList, Rows } from "./parts.js";
import { NEW_PANEL, type PanelState, readPanels, writePanels } from "./url-state.js";

const Editor = lazy(() => import("./editor.js").then((module) => module.Editor));
const loadChart = () => import("./chart.js");
const Chart = lazy(() => loadChart().then((module) => module.Chart));

const RANGES = ["5m", "15m", "30m", "1h", "3h", "6h", "12h", "1d", "2d", "1w", "2w", "4w"];
/** Points that a graph of usual width can show. */
const POINTS = 250;
const POINTS_MAX = 11_000;

let nextId = 1;

export function QueryPage({ isDark }: { isDark: boolean }) {
  const [panels, setPanels] = useState(() => readPanels(location.search).map((state) => ({ id: nextId++, state })));
  useEffect(() => {
    // An untouched page keeps its bare address.
    if (panels.length === 1 && panels[0]?.state === NEW_PANEL) return;
    history.replaceState(null, "", `query?${writePanels(panels.map(({ state }) => state))}`);
  }, [panels]);
  const change = useCallback((id: number, state: PanelState) => {
    setPanels((all) => all.map((panel) => (panel.id === id ? { id, state } : panel)));
  }, []);
  return (
    <>
      <h1 class="hidden">Query</h1>
      {panels.map(({ id, state }, i) => (
        <Panel
          key={id}
          title={`Panel ${i + 1}`}
          state={state}
          isDark={isDark}
          onChange={(next) => change(id, next)}
          onRemove={panels.length > 1 ? () => setPanels((all) => all.filter((panel) => panel.id !== id)) : undefined}
        />
      ))}
      <p>
        <button type="button" onClick={() => setPanels((all) => [...all, { id: nextId++, state: NEW_PANEL }])}>
          Add a panel
        </button>
      </p>
    </>
  );
}

interface PanelProps {
  readonly title: string;
  readonly state: PanelState;
  readonly isDark: boolean;
  readonly onChange: (state: PanelState) => void;
  readonly onRemove: (() => void) | undefined;
}

interface Shown {
  readonly answer: ApiAnswer<QueryData>;
  readonly tookMs: number;
  readonly startMs: number;
  readonly endMs: number;
  readonly stepMs: number;
}

function Panel({ title, state, isDark, onChange, onRemove }: PanelProps) {
  const [draft, setDraft] = useState(state.expr);
  const [given, setGiven] = useState({ text: state.expr });
  const [shown, setShown] = useState<Shown>();
  const [error, setError] = useState<string>();
  const [isRunning, setRunning] = useState(false);
  const [isLive, setLive] = useState(false);
  const [round, setRound] = useState(0);
  const [explained, setExplained] = useState<Params>();
  const rangeMs = parseDurationMs(state.range) ?? 3_600_000;
  const autoStep = Math.max(1, Math.ceil(rangeMs / POINTS / 1000));
  const stepMs = Math.max((state.step ?? autoStep) * 1000, Math.ceil(rangeMs / POINTS_MAX));

  // `round` runs the same query again.
  useEffect(() => {
    if (state.expr.trim() === "" || (isLive && state.tab === "graph")) return undefined;
    const controller = new AbortController();
    setRunning(true);
    const endMs = state.endMs ?? Date.now();
    // Steps at multiples of the step: the same points again at each refresh.
    const lastMs = Math.floor(endMs / stepMs) * stepMs;
    const firstMs = Math.floor((lastMs - rangeMs) / stepMs) * stepMs;
    const begunMs = performance.now();
    // While the server computes. If it fails, it fails again where the chart is shown.
    if (state.tab === "graph") loadChart().catch(() => undefined);
    const asked =
      state.tab === "graph"
        ? getRange(
            { query: state.expr, start: firstMs / 1000, end: lastMs / 1000, step: stepMs / 1000 },
            controller.signal,
          )
        : get<QueryData>("query", { query: state.expr, time: endMs / 1000 }, controller.signal);
    asked.then(
      (answer) => {
        setShown({ answer, tookMs: performance.now() - begunMs, startMs: firstMs, endMs: lastMs, stepMs });
        setError(undefined);
        setRunning(false);
      },
      (reason: unknown) => {
        if (controller.signal.aborted) return;
        setError(reason instanceof Error ? reason.message : String(reason));
        setShown(undefined);
        setRunning(false);
      },
    );
    return () => controller.abort();
  }, [state.expr, state.tab, state.endMs, rangeMs, stepMs, isLive, round]);

  useEffect(() => {
    if (!isLive || state.tab !== "graph" || state.expr.trim() === "") return undefined;
    return followLive({
      query: state.expr,
      stepSeconds: stepMs / 1000,
      rangeSeconds: rangeMs / 1000,
      onSeries: (series, endMs) => {
        const data: QueryData = { resultType: "matrix", result: series };
        setShown({ answer: { data, warnings: [], infos: [] }, tookMs: 0, startMs: endMs - rangeMs, endMs, stepMs });
      },
      onError: setError,
    });
  }, [isLive, state.expr, state.tab, rangeMs, stepMs]);

  const run = (): void => {
    onChange({ ...state, expr: draft });
    setRound(round + 1);
  };
  const explain = (): void => {
    if (explained !== undefined || draft.trim() === "") {
      setExplained(undefined);
      return;
    }
    const end = Math.floor((state.endMs ?? Date.now()) / stepMs) * (stepMs / 1000);
    const range = { start: end - rangeMs / 1000, end, step: stepMs / 1000 };
    setExplained({ query: draft, ...(state.tab === "graph" ? range : { time: (state.endMs ?? Date.now()) / 1000 }) });
  };
  const format = (): void => {
    get<string>("format_query", { query: draft }).then(
      ({ data }) => setGiven({ text: data }),
      (reason: unknown) => setError(reason instanceof Error ? reason.message : String(reason)),
    );
  };
  return (
    <section class="panel" aria-label={title}>
      <div class="row">
        <Suspense fallback={<textarea class="editor" aria-label="PromQL expression" value={draft} rows={1} readOnly />}>
          <Editor given={given} onChange={setDraft} onRun={run} />
        </Suspense>
        <button type="button" class="primary" onClick={run} aria-busy={isRunning}>
          Run
        </button>
        <button type="button" onClick={format}>
          Format
        </button>
        <button type="button" aria-pressed={explained !== undefined} onClick={explain}>
          Explain
        </button>
        {onRemove !== undefined && (
          <button type="button" onClick={onRemove} aria-label={`Remove ${title}`}>
            ×
          </button>
        )}
      </div>
      <div class="row">
        <div role="tablist" class="tabs">
          {(["table", "graph"] as const).map((tab) => (
            <button
              key={tab}
              type="button"
              role="tab"
              aria-selected={state.tab === tab}
              onClick={() => onChange({ ...state, tab })}
            >
              {tab === "table" ? "Table" : "Graph"}
            </button>
          ))}
        </div>
        {state.tab === "graph" && (
          <GraphControls state={state} isLive={isLive} autoStep={autoStep} onLive={setLive} onChange={onChange} />
        )}
        <EndControl state={state} rangeMs={rangeMs} onChange={onChange} isDisabled={isLive && state.tab === "graph"} />
        {shown !== undefined && (
          <span class="muted" role="status">
            {sizeText(shown.answer.data)}
            {shown.tookMs > 0 && `, ${shown.tookMs.toFixed(0)} ms`}
          </span>
        )}
      </div>
      {error !== undefined && (
        <p class="note error" role="alert">
          {error}
        </p>
      )}
      {explained !== undefined && <Explain query={explained} />}
      {shown?.answer.warnings.map((text) => (
        <p key={text} class="note warn">
          {text}
        </p>
      ))}
      {shown?.answer.infos.map((text) => (
        <p key={text} class="note">
          {text}
        </p>
      ))}
      {shown !== undefined && <Result shown={shown} state={state} isDark={isDark} onChange={onChange} />}
    </section>
  );
}

function sizeText(data: QueryData): string {
  if (data.resultType === "scalar" || data.resultType === "string") return data.resultType;
  const count = data.result.length;
  return `${count} series`;
}

interface ControlProps {
  readonly state: PanelState;
  readonly onChange: (state: PanelState) => void;
}

function GraphControls({
  state,
  isLive,
  autoStep,
  onLive,
  onChange,
}: ControlProps & { isLive: boolean; autoStep: number; onLive: (isLive: boolean) => void }) {
  return (
    <>
      <label>
        <span>Range</span>
        <input
          list="ranges"
          size={5}
          value={state.range}
          onChange={(event) => {
            if (parseDurationMs(event.currentTarget.value) !== undefined)
              onChange({ ...state, range: event.currentTarget.value.trim() });
          }}
        />
        <datalist id="ranges">
          {RANGES.map((range) => (
            <option key={range} value={range} />
          ))}
        </datalist>
      </label>
      <label>
        <span>Step (s)</span>
        <input
          type="number"
          min={1}
          class="small"
          placeholder={String(autoStep)}
          value={state.step ?? ""}
          onChange={(event) => {
            const step = Number(event.currentTarget.value);
            onChange({ ...state, step: step > 0 ? step : undefined });
          }}
        />
      </label>
      <label class="check">
        <input
          type="checkbox"
          checked={state.isStacked}
          onChange={(event) => onChange({ ...state, isStacked: event.currentTarget.checked })}
        />
        <span>Stacked</span>
      </label>
      <label class="check">
        <input type="checkbox" checked={isLive} onChange={(event) => onLive(event.currentTarget.checked)} />
        <span>Live</span>
      </label>
    </>
  );
}

function EndControl({ state, rangeMs, onChange, isDisabled }: ControlProps & { rangeMs: number; isDisabled: boolean }) {
  const shift = (factor: number): void => {
    const endMs = (state.endMs ?? Date.now()) + factor * (rangeMs / 2);
    onChange({ ...state, endMs: endMs >= Date.now() ? undefined : endMs });
  };
  return (
    <fieldset class="end" disabled={isDisabled}>
      <legend class="hidden">End time</legend>
      <button type="button" aria-label="Earlier" onClick={() => shift(-1)}>
        ‹
      </button>
      <input
        type="datetime-local"
        step={1}
        aria-label="End time"
        value={state.endMs === undefined ? "" : localText(state.endMs)}
        onChange={(event) => {
          const ms = Date.parse(event.currentTarget.value);
          onChange({ ...state, endMs: Number.isFinite(ms) ? ms : undefined });
        }}
      />
      <button type="button" aria-label="Later" onClick={() => shift(1)}>
        ›
      </button>
      {state.endMs !== undefined && (
        <button type="button" onClick={() => onChange({ ...state, endMs: undefined })}>
          Now
        </button>
      )}
    </fieldset>
  );
}

function localText(ms: number): string {
  const offsetMs = new Date(ms).getTimezoneOffset() * 60_000;
  return new Date(ms - offsetMs).toISOString().slice(0, 19);
}

function Result({
  shown,
  state,
  isDark,
  onChange,
}: {
  shown: Shown;
  state: PanelState;
  isDark: boolean;
  onChange: (state: PanelState) => void;
}) {
  const { data } = shown.answer;
  const zoom = (startMs: number, endMs: number): void => {
    const seconds = Math.max(1, Math.round((endMs - startMs) / 1000));
    onChange({ ...state, range: formatDuration(seconds * 1000), endMs, step: undefined });
  };
  const series = useMemo(() => seriesOf(data), [data]);
  if (state.tab === "graph" && series !== undefined) {
    if (series.length === 0) return <p class="muted">No series.</p>;
    return (
      <Suspense fallback={<p class="muted">Loading…</p>}>
        <Chart
          series={series}
          startMs={shown.startMs}
          endMs={shown.endMs}
          stepMs={shown.stepMs}
          isStacked={state.isStacked}
          isDark={isDark}
          onZoom={zoom}
        />
        <Exports series={series} />
      </Suspense>
    );
  }
  return <Table data={data} />;
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
  const save = (name: string, type: string, text: string): void => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type }));
    link.download = name;
    link.click();
    URL.revokeObjectURL(link.href);
  };
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
    <p class="row">
      <button type="button" onClick={() => save("query.csv", "text/csv", csv())}>
        CSV
      </button>
      <button type="button" onClick={() => save("query.json", "application/json", JSON.stringify(series.map(jsonOf)))}>
        JSON
      </button>
    </p>
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
  if (data.result.length === 0) return <p class="muted">No series.</p>;
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
                    <div key={time}>
                      {value} <span class="muted">@{time}</span>
                    </div>
                  ))}
                  {histograms.map(([time, { count, sum }]) => (
                    <div key={time}>
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

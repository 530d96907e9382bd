/** One query: its editor, and the answer as a table or a graph. */
import { lazy, Suspense } from "preact/compat";
import { useEffect, useState } from "preact/hooks";
import { type ApiAnswer, ApiError, get, getRange, type Params, type QueryData, reasonText } from "../api.js";
import { Explain } from "../explain.js";
import { parseDurationMs } from "../format.js";
import { followLive } from "../live.js";
import { clockText } from "../time-zone.js";
import { EndControl, GraphControls } from "./controls.js";
import { remember } from "./history.js";
import { HistoryPicker, MetricPicker } from "./pickers.js";
import { loadChart, Result, type Shown } from "./result.js";
import type { PanelState } from "./url-state.js";

const Editor = lazy(() => import("../editor.js").then((module) => module.Editor));

/** Points that a graph of usual width can show. */
const POINTS = 250;
const POINTS_MAX = 11_000;

export interface PanelProps {
  readonly title: string;
  readonly state: PanelState;
  readonly isDark: boolean;
  readonly onChange: (state: PanelState) => void;
  readonly onCopy: () => void;
  readonly onRemove: (() => void) | undefined;
}

interface Timing {
  readonly rangeMs: number;
  readonly stepMs: number;
}

interface Answers {
  readonly shown: Shown | undefined;
  readonly error: string | undefined;
  readonly isRunning: boolean;
  readonly setError: (error: string | undefined) => void;
}

/** Asks when the panel's state changes, and when `round` is raised; follows the server while `isLive`. */
function useAnswer(state: PanelState, { rangeMs, stepMs }: Timing, isLive: boolean, round: number): Answers {
  const [shown, setShown] = useState<Shown>();
  const [error, setError] = useState<string>();
  const [isRunning, setRunning] = useState(false);
  const isGraph = state.tab === "graph";
  useEffect(() => {
    if (state.expr.trim() === "" || (isLive && isGraph)) return undefined;
    const controller = new AbortController();
    setRunning(true);
    const endMs = state.endMs ?? Date.now();
    // Steps at multiples of the step: the same points again at each refresh.
    const lastMs = Math.floor(endMs / stepMs) * stepMs;
    const firstMs = Math.floor((lastMs - rangeMs) / stepMs) * stepMs;
    const begunMs = performance.now();
    // While the server computes. If it fails, it fails again where the chart is shown.
    if (isGraph) loadChart().catch(() => undefined);
    const range = { query: state.expr, start: firstMs / 1000, end: lastMs / 1000, step: stepMs / 1000 };
    const asked: Promise<ApiAnswer<QueryData>> = isGraph
      ? getRange(range, controller.signal)
      : get("query", { query: state.expr, time: endMs / 1000 }, controller.signal);
    asked.then(
      (answer) => {
        setShown({ answer, tookMs: performance.now() - begunMs, startMs: firstMs, endMs: lastMs, stepMs });
        setError(undefined);
        setRunning(false);
        remember(state.expr);
      },
      (reason: unknown) => {
        if (controller.signal.aborted) return;
        setError(reasonText(reason));
        // What the server refused has no result; a connection that is lost leaves the last one in sight.
        if (reason instanceof ApiError) setShown(undefined);
        setRunning(false);
      },
    );
    return () => controller.abort();
  }, [state.expr, isGraph, state.endMs, rangeMs, stepMs, isLive, round]);

  useEffect(() => {
    if (!isLive || !isGraph || state.expr.trim() === "") return undefined;
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
  }, [isLive, state.expr, isGraph, rangeMs, stepMs]);
  return { shown, error, isRunning, setError };
}

export function Panel({ title, state, isDark, onChange, onCopy, onRemove }: PanelProps) {
  const [draft, setDraft] = useState(state.expr);
  const [given, setGiven] = useState({ text: state.expr });
  const [inserted, setInserted] = useState<{ readonly text: string }>();
  const [isLive, setLive] = useState(false);
  const [round, setRound] = useState(0);
  const [explained, setExplained] = useState<Params>();
  const [picker, setPicker] = useState<"history" | "metrics">();
  const rangeMs = parseDurationMs(state.range) ?? 3_600_000;
  const autoStep = Math.max(1, Math.ceil(rangeMs / POINTS / 1000));
  const stepMs = Math.max((state.step ?? autoStep) * 1000, Math.ceil(rangeMs / POINTS_MAX));
  const { shown, error, isRunning, setError } = useAnswer(state, { rangeMs, stepMs }, isLive, round);

  const run = (): void => {
    onChange({ ...state, expr: draft });
    setRound(round + 1);
  };
  const pickHistory = (text: string): void => {
    setPicker(undefined);
    setGiven({ text });
    setDraft(text);
    onChange({ ...state, expr: text });
  };
  const pickMetric = (text: string): void => {
    setPicker(undefined);
    setInserted({ text });
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
      (reason: unknown) => setError(reasonText(reason)),
    );
  };
  return (
    <section class="panel" aria-label={title}>
      <div class="row">
        <Suspense fallback={<textarea class="editor" aria-label="PromQL expression" value={draft} rows={1} readOnly />}>
          <Editor
            given={given}
            inserted={inserted}
            onChange={setDraft}
            onRun={run}
            onHistory={() => setPicker("history")}
          />
        </Suspense>
        <button type="button" class="primary" onClick={run} aria-busy={isRunning}>
          {isRunning ? "Running…" : "Run"}
        </button>
        <button type="button" title="Alt+Up in the editor" onClick={() => setPicker("history")}>
          History
        </button>
        <button type="button" onClick={() => setPicker("metrics")}>
          Metrics
        </button>
        <button type="button" onClick={format}>
          Format
        </button>
        <button type="button" aria-pressed={explained !== undefined} onClick={explain}>
          Explain
        </button>
        <button type="button" title="The same once more below" onClick={onCopy} aria-label={`Copy ${title}`}>
          Copy
        </button>
        {onRemove !== undefined && (
          <button type="button" onClick={onRemove} aria-label={`Remove ${title}`}>
            ×
          </button>
        )}
      </div>
      <div class="row">
        <Tabs state={state} onChange={onChange} />
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
          {shown !== undefined && ` What is shown is of ${clockText(shown.endMs)}.`}
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
      {shown !== undefined ? (
        <div class={error !== undefined ? "stale" : undefined} aria-busy={isRunning}>
          <Result shown={shown} state={state} isDark={isDark} isLive={isLive} onChange={onChange} />
        </div>
      ) : (
        state.expr.trim() === "" && (
          <p class="muted">
            Type an expression and press Enter, or choose one of the metrics. Ctrl+Space completes, Alt+Up opens the
            history.
          </p>
        )
      )}
      {picker === "history" && <HistoryPicker onPick={pickHistory} onClose={() => setPicker(undefined)} />}
      {picker === "metrics" && <MetricPicker onPick={pickMetric} onClose={() => setPicker(undefined)} />}
    </section>
  );
}

function Tabs({ state, onChange }: Pick<PanelProps, "state" | "onChange">) {
  return (
    <div role="tablist" class="tabs" aria-label="Form of the answer">
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
  );
}

function sizeText(data: QueryData): string {
  if (data.resultType === "scalar" || data.resultType === "string") return data.resultType;
  const count = data.result.length;
  return `${count} series`;
}

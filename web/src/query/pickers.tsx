/** Dialogs from which an expression comes: those that were run, and the metrics that the server has. */
import { useEffect, useMemo, useState } from "preact/hooks";
import { get, reasonText } from "../api.js";
import { Dialog, moveFocus } from "../dialog.js";
import { forgetAll, readHistory } from "./history.js";

const SHOWN_MAX = 200;

interface PickerProps {
  readonly onPick: (text: string) => void;
  readonly onClose: () => void;
}

export function HistoryPicker({ onPick, onClose }: PickerProps) {
  const [all, setAll] = useState(readHistory);
  const [text, setText] = useState("");
  const words = text.toLowerCase().split(/\s+/);
  const found = all.filter((expr) => words.every((word) => expr.toLowerCase().includes(word)));
  return (
    <Dialog title="History" onClose={onClose}>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: its inputs and buttons take the keys, it moves the focus */}
      <div onKeyDown={moveFocus}>
        <div class="row">
          <Search
            label="Search the history"
            text={text}
            onText={setText}
            onEnter={() => found[0] && onPick(found[0])}
          />
          <button
            type="button"
            onClick={() => {
              forgetAll();
              setAll([]);
            }}
          >
            Forget all
          </button>
        </div>
        {found.length === 0 && <p class="muted">{all.length === 0 ? "Nothing was run yet." : "Nothing like that."}</p>}
        <ul class="picks">
          {found.slice(0, SHOWN_MAX).map((expr) => (
            <li key={expr}>
              <button type="button" onClick={() => onPick(expr)}>
                <code>{expr}</code>
              </button>
            </li>
          ))}
        </ul>
      </div>
    </Dialog>
  );
}

interface Metric {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly unit: string;
  /** Series in the head; undefined where the server does not say. */
  readonly series: number | undefined;
}

type Metadata = Readonly<
  Record<string, readonly { readonly type: string; readonly help: string; readonly unit: string }[]>
>;

const CARDINALITY_LIMIT = 10_000;

async function loadMetrics(signal: AbortSignal): Promise<readonly Metric[]> {
  const [names, metadata, counts] = await Promise.all([
    get<readonly string[]>("label/__name__/values", {}, signal),
    get<Metadata>("metadata", {}, signal),
    get<{ readonly seriesCountByMetricName: readonly { readonly name: string; readonly value: number }[] }>(
      "status/tsdb",
      { limit: CARDINALITY_LIMIT },
      signal,
      // An agent has no head; the names and their help are there without it.
    ).catch(() => undefined),
  ]);
  const series = new Map(counts?.data.seriesCountByMetricName.map(({ name, value }) => [name, value] as const));
  return names.data.map((name) => {
    // A histogram's parts carry what is known of the whole.
    const [known] =
      metadata.data[name] ?? metadata.data[name.replace(/_(?:bucket|count|sum|total|created)$/, "")] ?? [];
    return {
      name,
      type: known?.type ?? "",
      help: known?.help ?? "",
      unit: known?.unit ?? "",
      series: series.get(name),
    };
  });
}

export function MetricPicker({ onPick, onClose }: PickerProps) {
  const [all, setAll] = useState<readonly Metric[]>();
  const [error, setError] = useState<string>();
  const [text, setText] = useState("");
  useEffect(() => {
    const controller = new AbortController();
    loadMetrics(controller.signal).then(setAll, (reason: unknown) => {
      if (!controller.signal.aborted) setError(reasonText(reason));
    });
    return () => controller.abort();
  }, []);
  const found = useMemo(() => {
    const words = text.toLowerCase().split(/\s+/);
    return (all ?? []).filter(({ name, help, type }) => {
      const own = `${name} ${type} ${help}`.toLowerCase();
      return words.every((word) => own.includes(word));
    });
  }, [all, text]);
  return (
    <Dialog title="Metrics" onClose={onClose}>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: its inputs and buttons take the keys, it moves the focus */}
      <div onKeyDown={moveFocus}>
        <div class="row">
          <Search
            label="Search by name, type or help"
            text={text}
            onText={setText}
            onEnter={() => found[0] && onPick(found[0].name)}
          />
        </div>
        {error !== undefined && (
          <p class="note error" role="alert">
            {error}
          </p>
        )}
        {all === undefined && error === undefined && <p class="muted">Loading…</p>}
        {all !== undefined && (
          <p class="muted" role="status">
            {found.length} of {all.length} metrics
            {found.length > SHOWN_MAX && `; the first ${SHOWN_MAX} are listed`}
          </p>
        )}
        <ul class="picks">
          {found.slice(0, SHOWN_MAX).map(({ name, type, help, unit, series }) => (
            <li key={name}>
              <button type="button" onClick={() => onPick(name)}>
                <code>{name}</code>
                <span class="muted">
                  {" "}
                  {[type, unit, series === undefined ? "" : `${series.toLocaleString()} series`]
                    .filter((part) => part !== "")
                    .join(", ")}
                </span>
                {help !== "" && <span class="pick-help">{help}</span>}
              </button>
            </li>
          ))}
        </ul>
      </div>
    </Dialog>
  );
}

function Search({
  label,
  text,
  onText,
  onEnter,
}: {
  label: string;
  text: string;
  onText: (text: string) => void;
  onEnter: () => void;
}) {
  return (
    <label class="filter">
      <span class="hidden">{label}</span>
      <input
        type="search"
        placeholder={label}
        value={text}
        onInput={(event) => onText(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key !== "Enter") return;
          // The key's press must not reach the button to which the focus goes back.
          event.preventDefault();
          onEnter();
        }}
      />
    </label>
  );
}

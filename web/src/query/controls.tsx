/** What a panel's graph or table shows: range, step, form, end. */
import { formatDuration, parseDurationMs } from "../format.js";
import { fromWallClock, inputText } from "../time-zone.js";
import type { PanelState } from "./url-state.js";

const RANGES = ["5m", "15m", "30m", "1h", "3h", "6h", "12h", "1d", "2d", "1w", "2w", "4w", "8w", "26w", "1y"];

interface ControlProps {
  readonly state: PanelState;
  readonly onChange: (state: PanelState) => void;
}

export function GraphControls({
  state,
  isLive,
  autoStep,
  onLive,
  onChange,
}: ControlProps & { isLive: boolean; autoStep: number; onLive: (isLive: boolean) => void }) {
  const rangeMs = parseDurationMs(state.range) ?? 3_600_000;
  /** The next shorter or longer range of the list. */
  const next = (by: 1 | -1): void => {
    const sizes = RANGES.map((range) => parseDurationMs(range) ?? 0);
    const at = by > 0 ? sizes.findIndex((ms) => ms > rangeMs) : sizes.findLastIndex((ms) => ms < rangeMs);
    const range = RANGES[at];
    if (range !== undefined) onChange({ ...state, range });
  };
  return (
    <>
      <fieldset class="end">
        <legend class="hidden">Range</legend>
        <button type="button" aria-label="Shorter range" onClick={() => next(-1)}>
          −
        </button>
        <input
          list="ranges"
          size={5}
          aria-label="Range"
          value={state.range}
          onChange={(event) => {
            const ms = parseDurationMs(event.currentTarget.value);
            if (ms !== undefined) onChange({ ...state, range: event.currentTarget.value.trim() });
            // What is no duration does not stay there as if it were in force.
            else event.currentTarget.value = state.range;
          }}
        />
        <button type="button" aria-label="Longer range" onClick={() => next(1)}>
          +
        </button>
        <datalist id="ranges">
          {RANGES.map((range) => (
            <option key={range} value={range}>
              {formatDuration(parseDurationMs(range) ?? 0)}
            </option>
          ))}
        </datalist>
      </fieldset>
      <label>
        <span>Step (s)</span>
        <input
          type="number"
          min={0.001}
          step="any"
          class="small"
          placeholder={String(autoStep)}
          value={state.step ?? ""}
          onChange={(event) => {
            const step = Number(event.currentTarget.value);
            onChange({ ...state, step: step > 0 ? step : undefined });
          }}
        />
      </label>
      <label>
        <span class="hidden">Form of the graph</span>
        <select
          value={state.mode}
          onChange={(event) => onChange({ ...state, mode: event.currentTarget.value as PanelState["mode"] })}
        >
          <option value="lines">Lines</option>
          <option value="stacked">Stacked</option>
          <option value="heatmap">Heat map</option>
        </select>
      </label>
      <label class="check">
        <input
          type="checkbox"
          checked={state.hasExemplars}
          onChange={(event) => onChange({ ...state, hasExemplars: event.currentTarget.checked })}
        />
        <span>Exemplars</span>
      </label>
      <label class="check">
        <input type="checkbox" checked={isLive} onChange={(event) => onLive(event.currentTarget.checked)} />
        <span>Live</span>
      </label>
    </>
  );
}

export function EndControl({
  state,
  rangeMs,
  onChange,
  isDisabled,
}: ControlProps & { rangeMs: number; isDisabled: boolean }) {
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
        value={state.endMs === undefined ? "" : inputText(state.endMs)}
        onChange={(event) => {
          const ms = fromWallClock(event.currentTarget.value);
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

/** Values over time as colours: heat maps of buckets, and time lines of states. */
import { useMemo } from "preact/hooks";
import { inkOn } from "../../colours.js";
import { shortNumber } from "../../format.js";
import { boundOf, classicHeat, type HeatRow } from "../../plot/heat.js";
import { HeatMap } from "../../plot/heat-map.js";
import { clockText, type TimeZone } from "../../time-zone.js";
import { valueColour } from "../fields.js";
import type { Cell } from "../frames.js";
import { textOf } from "../json.js";
import { fieldName } from "../transform.js";
import { formatUnit } from "../units.js";
import { numericFields, type VisualProps } from "./common.js";

/** Buckets by `le` or by the names of series; cumulative ones become the counts between them. */
export function Heatmap({ panel, data, isDark, zone, syncKey, onZoom }: VisualProps) {
  const unit = textOf(panel.defaults["unit"]);
  const heat = useMemo(() => {
    const isCumulative = panel.targets.some(({ format }) => format === "heatmap");
    const rows = numericFields(panel, data.frames).map(({ placed: { field }, frame, display }): HeatRow => {
      const times = frame.fields.find(({ type }) => type === "time")?.values ?? [];
      return {
        bound: boundOf(field.labels["le"] ?? fieldName(field)),
        name: field.labels["le"] ?? display.name,
        counts: field.values.flatMap((value, i) =>
          typeof value === "number" ? [[Number(times[i]), value] as const] : [],
        ),
      };
    });
    const text = (bound: number): string => (unit === "" ? shortNumber(bound) : formatUnit(bound, unit));
    return classicHeat(rows, isCumulative, text);
  }, [panel, data, unit]);
  const { grid, range } = data;
  const stepMs = grid?.stepMs ?? Math.max(1000, (range.toMs - range.fromMs) / 200);
  return (
    <HeatMap
      heat={heat}
      startMs={range.fromMs}
      endMs={range.toMs}
      stepMs={stepMs}
      height={undefined}
      isDark={isDark}
      zone={zone}
      syncKey={syncKey}
      label={`Heat map ${panel.title}: ${heat.names.length} buckets`}
      onZoom={onZoom}
    />
  );
}

function TimeAxis({ fromMs, toMs, zone }: { fromMs: number; toMs: number; zone: TimeZone }) {
  const text = (ms: number): string => clockText(ms, zone);
  return (
    <div class="time-axis" aria-hidden="true">
      <span>{text(fromMs)}</span>
      <span>{text((fromMs + toMs) / 2)}</span>
      <span>{text(toMs)}</span>
    </div>
  );
}

const ROWS_MAX = 100;

export function StateTimeline({ panel, data, zone }: VisualProps) {
  const shown = numericFields(panel, data.frames).slice(0, ROWS_MAX);
  return (
    <div class="states">
      {shown.map(({ placed, display }) => (
        <div key={placed.index} class="state-row">
          <span class="bar-name">{display.name}</span>
          <span class="state-line">
            {runs(placed.field.values).map(({ value, from, count }) => {
              const colour = valueColour(display, value);
              return (
                <span
                  key={from}
                  title={display.text(value)}
                  style={
                    value === null ? { flexGrow: count } : { flexGrow: count, background: colour, color: inkOn(colour) }
                  }
                >
                  {value === null ? "" : display.text(value)}
                </span>
              );
            })}
          </span>
        </div>
      ))}
      <TimeAxis fromMs={data.range.fromMs} toMs={data.range.toMs} zone={zone} />
    </div>
  );
}

function runs(
  values: readonly Cell[],
): readonly { readonly value: Cell; readonly from: number; readonly count: number }[] {
  const found: { value: Cell; from: number; count: number }[] = [];
  for (const [i, value] of values.entries()) {
    const last = found.at(-1);
    if (last !== undefined && last.value === value) last.count++;
    else found.push({ value, from: i, count: 1 });
  }
  return found;
}

/** Values over time as colours: heat maps of buckets, and time lines of states. */
import { useEffect, useMemo, useRef } from "preact/hooks";
import { inkOn } from "../../colours.js";
import { valueColour } from "../fields.js";
import type { Cell } from "../frames.js";
import { textOf } from "../json.js";
import { fieldName } from "../transform.js";
import { formatUnit } from "../units.js";
import { numericFields, type Shown, type VisualProps } from "./common.js";

/** Cumulative buckets (`le`) become the counts between them; other series are rows as they are. */
function bucketRows(
  shown: readonly Shown[],
  isCumulative: boolean,
): readonly { readonly name: string; readonly values: readonly Cell[] }[] {
  const rows = shown.map(({ placed: { field }, display }) => ({
    bound: Number((field.labels["le"] ?? fieldName(field)).replace("+Inf", "Infinity")),
    name: field.labels["le"] ?? display.name,
    values: field.values,
  }));
  if (rows.some(({ bound }) => Number.isNaN(bound))) return rows;
  rows.sort((a, b) => a.bound - b.bound);
  if (!isCumulative) return rows;
  return rows.map((row, i) => ({
    name: row.name,
    values: row.values.map((value, j) => {
      const below = rows[i - 1]?.values[j];
      return value === null ? null : Math.max(0, Number(value) - Number(below ?? 0));
    }),
  }));
}

export function Heatmap({ panel, data, isDark }: VisualProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const rows = useMemo(() => {
    const shown = numericFields(panel, data.frames);
    const isCumulative = panel.targets.some(({ format }) => format === "heatmap");
    return bucketRows(shown, isCumulative);
  }, [panel, data]);
  const unit = textOf(panel.defaults["unit"]);
  useEffect(() => {
    const element = canvas.current;
    const context = element?.getContext("2d");
    if (element == null || context == null) return;
    const columns = rows[0]?.values.length ?? 0;
    element.width = Math.max(1, columns);
    element.height = Math.max(1, rows.length);
    const numbers = rows.flatMap(({ values }) => values.filter((value): value is number => typeof value === "number"));
    const most = numbers.reduce((a, b) => Math.max(a, b), 0);
    for (const [r, { values }] of rows.entries()) {
      for (const [c, value] of values.entries()) {
        if (typeof value !== "number" || value <= 0) continue;
        const share = Math.sqrt(value / (most || 1));
        context.fillStyle = isDark
          ? `hsl(${30 + share * 30}, 90%, ${15 + share * 60}%)`
          : `hsl(${40 - share * 30}, 90%, ${92 - share * 55}%)`;
        context.fillRect(c, rows.length - 1 - r, 1, 1);
      }
    }
  }, [rows, isDark]);
  const label = (name: string): string =>
    unit !== "" && Number.isFinite(Number(name)) ? formatUnit(Number(name), unit) : name;
  return (
    <div class="heatmap">
      <div class="heat-names" aria-hidden="true">
        <span>{label(rows.at(-1)?.name ?? "")}</span>
        <span>{label(rows[Math.floor(rows.length / 2)]?.name ?? "")}</span>
        <span>{label(rows[0]?.name ?? "")}</span>
      </div>
      <canvas ref={canvas} role="img" aria-label={`Heat map ${panel.title}: ${rows.length} buckets`} />
      <TimeAxis fromMs={data.range.fromMs} toMs={data.range.toMs} />
    </div>
  );
}

function TimeAxis({ fromMs, toMs }: { fromMs: number; toMs: number }) {
  const text = (ms: number): string => new Date(ms).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  return (
    <div class="time-axis" aria-hidden="true">
      <span>{text(fromMs)}</span>
      <span>{text((fromMs + toMs) / 2)}</span>
      <span>{text(toMs)}</span>
    </div>
  );
}

const ROWS_MAX = 100;

export function StateTimeline({ panel, data }: VisualProps) {
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
      <TimeAxis fromMs={data.range.fromMs} toMs={data.range.toMs} />
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

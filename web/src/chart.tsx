/** The one chart: lines or stacked areas over time, with a legend that switches series and a drag that zooms. */
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import type { MatrixSeries } from "./api.js";
import { metricText, shortNumber } from "./format.js";

const COLOURS = [
  "#1971c2",
  "#e8590c",
  "#2f9e44",
  "#9c36b5",
  "#e03131",
  "#0c8599",
  "#f08c00",
  "#5f3dc4",
  "#66a80f",
  "#c2255c",
  "#495057",
];
const HEIGHT = 320;
/** Beyond it a legend is no help, and drawing takes its time: the table has them all. */
const SERIES_MAX = 1000;
const LEGEND_MAX = 200;

export interface ChartProps {
  readonly series: readonly MatrixSeries[];
  readonly startMs: number;
  readonly endMs: number;
  readonly stepMs: number;
  readonly isStacked: boolean;
  readonly isDark: boolean;
  readonly onZoom: (startMs: number, endMs: number) => void;
}

/** Columns for uPlot: times in seconds, then a column a series; null where a step has no point, so that gaps show. */
export function columnsOf(
  series: readonly MatrixSeries[],
  startMs: number,
  endMs: number,
  stepMs: number,
): (number | null)[][] {
  const count = Math.floor((endMs - startMs) / stepMs) + 1;
  const times = Array.from({ length: count }, (_, i) => (startMs + i * stepMs) / 1000);
  const columns = series.map(({ values = [], histograms = [] }) => {
    const column = new Array<number | null>(count).fill(null);
    const put = (time: number, value: number): void => {
      const i = Math.round((time * 1000 - startMs) / stepMs);
      if (i >= 0 && i < count) column[i] = Number.isFinite(value) ? value : null;
    };
    for (const [time, value] of values) put(time, Number(value));
    for (const [time, { sum, count: observations }] of histograms) put(time, Number(sum) / Number(observations));
    return column;
  });
  return [times, ...columns];
}

function stacked(columns: (number | null)[][]): (number | null)[][] {
  const [times = [], ...rest] = columns;
  const sums = new Array<number>(times.length).fill(0);
  const result = rest.map((column) =>
    column.map((value, i) => {
      if (value === null) return null;
      sums[i] = (sums[i] ?? 0) + value;
      return sums[i] ?? 0;
    }),
  );
  return [times, ...result];
}

export function Chart({ series, startMs, endMs, stepMs, isStacked, isDark, onZoom }: ChartProps) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const shown = useMemo(() => series.slice(0, SERIES_MAX), [series]);
  const names = useMemo(() => shown.map(({ metric }) => metricText(metric)), [shown]);
  const zoom = useRef(onZoom);
  zoom.current = onZoom;

  useEffect(() => {
    const parent = box.current;
    if (parent === null) return undefined;
    const visible = shown.filter((_, i) => !hidden.has(names[i] ?? ""));
    const raw = columnsOf(visible, startMs, endMs, stepMs);
    const columns = isStacked ? stacked(raw) : raw;
    const ink = isDark ? "#ced4da" : "#495057";
    const grid = { stroke: isDark ? "#373a40" : "#e9ecef", width: 1 };
    const options: uPlot.Options = {
      width: parent.clientWidth,
      height: HEIGHT,
      legend: { show: false },
      scales: { x: { min: startMs / 1000, max: endMs / 1000 } },
      cursor: { sync: { key: "vestal" }, drag: { x: true, y: false, setScale: false }, points: { size: 6 } },
      axes: [
        { stroke: ink, grid },
        { stroke: ink, grid, size: 64, values: (_, ticks) => ticks.map((tick) => shortNumber(tick)) },
      ],
      series: [
        {},
        ...visible.map((each) => {
          const index = shown.indexOf(each);
          const colour = COLOURS[index % COLOURS.length] ?? "#1971c2";
          return { stroke: colour, width: 1.5, points: { show: false }, ...(isStacked && { fill: `${colour}33` }) };
        }),
      ],
      hooks: {
        setSelect: [
          (chart) => {
            const { left, width } = chart.select;
            if (width < 5) return;
            zoom.current(chart.posToVal(left, "x") * 1000, chart.posToVal(left + width, "x") * 1000);
          },
        ],
        setCursor: [
          (chart) =>
            showTip(
              chart,
              visible.map(({ metric }) => metricText(metric)),
              raw,
            ),
        ],
      },
    };
    const chart = new uPlot(options, columns as uPlot.AlignedData, parent);
    plot.current = chart;
    const observer = new ResizeObserver(() => chart.setSize({ width: parent.clientWidth, height: HEIGHT }));
    observer.observe(parent);
    return () => {
      observer.disconnect();
      chart.destroy();
    };
  }, [shown, names, startMs, endMs, stepMs, isStacked, isDark, hidden]);

  const toggle = (name: string, isOnly: boolean): void => {
    if (isOnly) {
      const others = new Set(names.filter((each) => each !== name));
      setHidden(hidden.size === others.size && !hidden.has(name) ? new Set() : others);
      return;
    }
    const next = new Set(hidden);
    if (!next.delete(name)) next.add(name);
    setHidden(next);
  };

  return (
    <figure class="chart">
      <div ref={box} class="plot" role="img" aria-label={`Graph of ${series.length} series`} />
      {series.length > SERIES_MAX && (
        <p class="note warn">
          {series.length} series; the first {SERIES_MAX} are drawn.
        </p>
      )}
      <figcaption>
        <ul class="legend" aria-label="Series">
          {names.slice(0, LEGEND_MAX).map((name, i) => (
            <li key={name}>
              <button
                type="button"
                aria-pressed={!hidden.has(name)}
                title="Click: show or hide. With Ctrl or Shift: this one only."
                onClick={(event) => toggle(name, event.ctrlKey || event.shiftKey || event.metaKey)}
              >
                <svg width="12" height="12" aria-hidden="true">
                  <rect
                    width="12"
                    height="12"
                    rx="2"
                    fill={hidden.has(name) ? "none" : COLOURS[i % COLOURS.length]}
                    stroke={COLOURS[i % COLOURS.length]}
                  />
                </svg>
                <code>{name}</code>
              </button>
            </li>
          ))}
        </ul>
      </figcaption>
    </figure>
  );
}

/** The values under the cursor, largest first; as text, so labels can hold anything. */
function showTip(chart: uPlot, names: readonly string[], columns: (number | null)[][]): void {
  let tip = chart.over.querySelector<HTMLDivElement>(".tip");
  if (tip === null) {
    tip = document.createElement("div");
    tip.className = "tip";
    chart.over.appendChild(tip);
  }
  const { idx, left = 0 } = chart.cursor;
  if (idx === null || idx === undefined || left < 0) {
    tip.hidden = true;
    return;
  }
  const rows = names
    .map((name, i) => ({ name, value: columns[i + 1]?.[idx] ?? null }))
    .filter((row): row is { name: string; value: number } => row.value !== null)
    .sort((a, b) => b.value - a.value)
    .slice(0, 12);
  const time = new Date((columns[0]?.[idx] ?? 0) * 1000);
  tip.replaceChildren(
    line(time.toLocaleString()),
    ...rows.map(({ name, value }) => line(`${shortNumber(value)}  ${name}`)),
  );
  tip.hidden = false;
  tip.classList.toggle("left", left > chart.over.clientWidth / 2);
  tip.style.setProperty("--x", `${left}px`);
}

function line(text: string): HTMLDivElement {
  const element = document.createElement("div");
  element.textContent = text;
  return element;
}

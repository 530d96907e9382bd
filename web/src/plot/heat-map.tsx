/** Counts in buckets over time as colours, with the same axis of times, cursor and zoom as the other charts. */
import { useLayoutEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { shortNumber } from "../format.js";
import { dateTimeText, type TimeZone } from "../time-zone.js";
import type { Heat, HeatCell } from "./heat.js";
import { axisSize, lookOf, takeSelection, timeAxis, zoneOption } from "./options.js";
import { putTip, tipLine, tipOf } from "./tip.js";

export interface HeatMapProps {
  readonly heat: Heat;
  readonly startMs: number;
  readonly endMs: number;
  readonly stepMs: number;
  /** Pixels; undefined fills the box around it. */
  readonly height: number | undefined;
  readonly isDark: boolean;
  readonly zone: TimeZone;
  readonly syncKey: string;
  readonly label: string;
  readonly onZoom: (startMs: number, endMs: number) => void;
}

const SHADES = 64;
const LEAST_HEIGHT = 60;
/** Pixels that a text of the axis of buckets needs. */
const TEXT_PIXELS = 24;
/** Height of the axis of times. */
const AXIS_PIXELS = 50;

export function HeatMap(props: HeatMapProps) {
  const box = useRef<HTMLDivElement>(null);
  const latest = useRef(props);
  latest.current = props;
  const { heat, startMs, endMs, stepMs, isDark, zone, height, label } = props;
  useLayoutEffect(() => {
    const parent = box.current;
    if (parent === null) return undefined;
    const size = (): { width: number; height: number } => ({
      width: Math.max(1, parent.clientWidth),
      height: latest.current.height ?? Math.max(LEAST_HEIGHT, parent.clientHeight),
    });
    const times = timesOf(latest.current);
    const chart = new uPlot(optionsFor(latest, size()), [times, times.map(() => null)], parent);
    const observer = new ResizeObserver(() => {
      const next = size();
      if (next.width !== chart.width || next.height !== chart.height) chart.setSize(next);
    });
    observer.observe(parent);
    return () => {
      observer.disconnect();
      chart.destroy();
    };
  }, [heat, startMs, endMs, stepMs, isDark, zone, height]);
  return <div ref={box} class={height === undefined ? "plot filling" : "plot"} role="img" aria-label={label} />;
}

function timesOf({ startMs, endMs, stepMs }: HeatMapProps): number[] {
  return Array.from({ length: Math.floor((endMs - startMs) / stepMs) + 1 }, (_, i) => (startMs + i * stepMs) / 1000);
}

function optionsFor(
  latest: { readonly current: HeatMapProps },
  size: { readonly width: number; readonly height: number },
): uPlot.Options {
  const { heat, isDark, zone, startMs, endMs, syncKey } = latest.current;
  const look = lookOf(isDark);
  const count = heat.names.length;
  return {
    ...size,
    ...zoneOption(zone),
    legend: { show: false },
    padding: [8, 8, null, null],
    scales: { x: { range: () => [startMs / 1000, endMs / 1000] }, y: { range: () => [0, Math.max(1, count)] } },
    cursor: { sync: { key: syncKey }, drag: { x: true, y: false, setScale: false }, points: { show: false } },
    axes: [
      timeAxis(look, zone),
      {
        stroke: look.ink,
        grid: { show: false },
        size: axisSize,
        font: "12px system-ui, sans-serif",
        splits: (chart) => {
          const every = Math.max(1, Math.ceil((count * TEXT_PIXELS) / Math.max(1, chart.height - AXIS_PIXELS)));
          return Array.from({ length: Math.floor(count / every) + 1 }, (_, i) => i * every);
        },
        values: (_, ticks) => ticks.map((tick) => heat.edges[tick] ?? ""),
      },
    ],
    series: [{}, { scale: "y", paths: () => null, points: { show: false } }],
    hooks: {
      drawAxes: [(chart) => drawCells(chart, latest.current)],
      setSelect: [(chart) => takeSelection(chart, latest.current.onZoom)],
      setCursor: [(chart) => showCell(chart, latest.current)],
    },
  };
}

function drawCells(chart: uPlot, { heat, stepMs, isDark }: HeatMapProps): void {
  const { ctx, bbox } = chart;
  const colours = Array.from({ length: SHADES }, (_, i) => shade(i / (SHADES - 1), isDark));
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  for (const { timeMs, from, to, count } of heat.cells) {
    // What was counted in a step lies before its time.
    const left = Math.floor(chart.valToPos((timeMs - stepMs) / 1000, "x", true));
    const right = Math.ceil(chart.valToPos(timeMs / 1000, "x", true));
    const top = Math.floor(chart.valToPos(to, "y", true));
    const bottom = Math.ceil(chart.valToPos(from, "y", true));
    ctx.fillStyle = colours[Math.round(Math.sqrt(count / heat.most) * (SHADES - 1))] ?? "";
    ctx.fillRect(left, top, Math.max(1, right - left), Math.max(1, bottom - top));
  }
  ctx.restore();
}

function shade(share: number, isDark: boolean): string {
  return isDark
    ? `hsl(${30 + share * 30}, 90%, ${15 + share * 60}%)`
    : `hsl(${40 - share * 30}, 90%, ${92 - share * 55}%)`;
}

function showCell(chart: uPlot, { heat, stepMs, zone }: HeatMapProps): void {
  const { left = -1, top = -1 } = chart.cursor;
  if (left < 0) {
    tipOf(chart).hidden = true;
    return;
  }
  const timeMs = chart.posToVal(left, "x") * 1000;
  const place = chart.posToVal(top, "y");
  const cell = heat.cells.find(
    (each: HeatCell) => each.timeMs >= timeMs && each.timeMs - stepMs < timeMs && each.from <= place && place < each.to,
  );
  const name = cell === undefined ? heat.names[Math.floor(place)] : cell.name;
  putTip(chart, [
    tipLine(dateTimeText(cell?.timeMs ?? timeMs, zone)),
    tipLine(`${shortNumber(cell?.count ?? 0)}  ${name ?? ""}`),
  ]);
}

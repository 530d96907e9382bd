/**
 * The one chart: lines, areas, bars or points over time, drawn by uPlot. New values of the same series are put into the chart that
 * stands; only another set of series, another size or theme makes a new one.
 */
import { useLayoutEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { shortNumber } from "./format.js";

export type Column = readonly (number | null)[];

export interface PlotSeries {
  readonly name: string;
  readonly values: Column;
  readonly colour: string;
  readonly width: number;
  readonly dash: readonly number[] | undefined;
  /** 0 to 1. */
  readonly fill: number;
  readonly style: "line" | "step" | "bars" | "points";
  /** Series of one name are put on top of each other. */
  readonly stack: string | undefined;
  readonly isPercent: boolean;
  readonly isSpanning: boolean;
  readonly isRight: boolean;
  readonly isInTip: boolean;
  readonly text: (value: number) => string;
}

export interface AxisOptions {
  readonly min: number | undefined;
  readonly max: number | undefined;
  readonly softMin: number | undefined;
  readonly softMax: number | undefined;
  readonly isLog: boolean;
  /** Of bytes in powers of 1024: the axis is divided so. */
  readonly isBinary: boolean;
  readonly label: string;
  readonly text: (value: number) => string;
}

export interface Mark {
  readonly timeMs: number;
  readonly colour: string;
  readonly text: string;
}

export interface Limit {
  readonly from: number;
  readonly to: number;
  readonly colour: string;
  readonly hasLine: boolean;
  readonly isDashed: boolean;
  readonly hasArea: boolean;
}

export interface PlotProps {
  /** Seconds. */
  readonly times: readonly number[];
  readonly series: readonly PlotSeries[];
  readonly startMs: number;
  readonly endMs: number;
  /** Pixels; undefined fills the box around it. */
  readonly height: number | undefined;
  readonly isDark: boolean;
  readonly left: AxisOptions;
  readonly right: AxisOptions;
  readonly limits: readonly Limit[];
  readonly marks: readonly Mark[];
  readonly syncKey: string;
  readonly label: string;
  readonly onZoom: (startMs: number, endMs: number) => void;
}

export const PLAIN_AXIS: AxisOptions = {
  min: undefined,
  max: undefined,
  softMin: undefined,
  softMax: undefined,
  isLog: false,
  isBinary: false,
  label: "",
  text: shortNumber,
};

const LEAST_HEIGHT = 60;
const TIP_ROWS = 12;
/** So many lines are drawn one pixel wide: wider ones are outlined one by one, which takes several times as long. */
const HAIRLINES_FROM = 40;
/** Beyond it a lone point is not looked for: with so many lines nobody would see it. */
const LONE_POINTS_MAX = 40;

export function Plot(props: PlotProps) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const latest = useRef(props);
  latest.current = props;
  const shape = shapeOf(props);

  // At once, not behind the next frame.
  useLayoutEffect(() => {
    const parent = box.current;
    if (parent === null) return undefined;
    const size = (): { width: number; height: number } => ({
      width: Math.max(1, parent.clientWidth),
      height: latest.current.height ?? Math.max(LEAST_HEIGHT, parent.clientHeight),
    });
    const chart = new uPlot(optionsOf(latest, size()), columnsOf(latest.current) as uPlot.AlignedData, parent);
    plot.current = chart;
    markDrawn();
    const observer = new ResizeObserver(() => {
      const { width, height } = size();
      if (width !== chart.width || height !== chart.height) chart.setSize({ width, height });
    });
    observer.observe(parent);
    return () => {
      observer.disconnect();
      chart.destroy();
      plot.current = undefined;
    };
  }, [shape]);

  const isDrawn = useRef<readonly unknown[]>([]);
  useLayoutEffect(() => {
    const now = [props.times, props.series, props.startMs, props.endMs, props.limits, props.marks];
    const before = isDrawn.current;
    isDrawn.current = [shape, ...now];
    // A chart that was just made has them already.
    if (before[0] !== shape || now.every((each, i) => each === before[i + 1])) return;
    const chart = plot.current;
    if (chart === undefined) return;
    chart.batch(() => {
      chart.setData(columnsOf(props) as uPlot.AlignedData, false);
      chart.setScale("x", { min: props.startMs / 1000, max: props.endMs / 1000 });
    });
    markDrawn();
  });

  const style = props.height === undefined ? undefined : { minHeight: `${props.height}px` };
  return (
    <div
      ref={box}
      class={props.height === undefined ? "plot filling" : "plot"}
      role="img"
      aria-label={props.label}
      {...(style !== undefined && { style })}
    />
  );
}

/** For measurements: when the frame with the latest drawing was painted stands on the browser's time line. */
function markDrawn(): void {
  requestAnimationFrame(() =>
    setTimeout(() => {
      performance.clearMarks("vestal.drawn");
      performance.mark("vestal.drawn");
    }, 0),
  );
}

/** What makes a new chart necessary. */
function shapeOf({ series, isDark, left, right, height }: PlotProps): string {
  const axis = ({ min, max, softMin, softMax, isLog, label }: AxisOptions): unknown => [
    min,
    max,
    softMin,
    softMax,
    isLog,
    label,
  ];
  return JSON.stringify([
    isDark,
    height,
    axis(left),
    axis(right),
    series.map((each) => [
      each.name,
      each.colour,
      each.width,
      each.dash,
      each.fill,
      each.style,
      each.stack,
      each.isRight,
      each.isSpanning,
    ]),
  ]);
}

function columnsOf({ times, series }: PlotProps): Column[] {
  const sums = new Map<string, number[]>();
  const totals = new Map<string, number[]>();
  for (const { stack, isPercent, values } of series) {
    if (stack === undefined || !isPercent) continue;
    const total = totals.get(stack) ?? new Array<number>(times.length).fill(0);
    for (const [i, value] of values.entries()) total[i] = (total[i] ?? 0) + (value ?? 0);
    totals.set(stack, total);
  }
  const columns = series.map(({ values, stack }) => {
    if (stack === undefined) return values;
    const sum = sums.get(stack) ?? new Array<number>(times.length).fill(0);
    sums.set(stack, sum);
    const total = totals.get(stack);
    return values.map((value, i) => {
      if (value === null) return null;
      const before = sum[i] ?? 0;
      const share = total === undefined ? value : (value / (total[i] || 1)) * 100;
      sum[i] = before + share;
      return before + share;
    });
  });
  return [times, ...columns];
}

function optionsOf(latest: { readonly current: PlotProps }, size: { width: number; height: number }): uPlot.Options {
  const { series, isDark, left, right, startMs, endMs, syncKey } = latest.current;
  const ink = isDark ? "#ced4da" : "#495057";
  const grid = { stroke: isDark ? "#2c2f34" : "#e9ecef", width: 1 };
  const hasRight = series.some(({ isRight }) => isRight);
  const hasLeft = !hasRight || series.some(({ isRight }) => !isRight);
  const axis = (scale: "y" | "r", { label, isBinary }: AxisOptions): uPlot.Axis => ({
    scale,
    side: scale === "y" ? 3 : 1,
    stroke: ink,
    grid: scale === "y" || !hasLeft ? grid : { show: false },
    size: axisSize,
    ...(isBinary && { incrs: BINARY_STEPS }),
    ...(label !== "" && { label, labelSize: 18, labelFont: "12px system-ui" }),
    font: "12px system-ui, sans-serif",
    values: (_, ticks) => {
      const { text } = scale === "y" ? latest.current.left : latest.current.right;
      const texts = ticks.map((tick) => (tick === null ? "" : text(tick)));
      // Of values that hardly differ a short text would be the same everywhere.
      return new Set(texts).size === texts.length ? texts : ticks.map((tick) => String(Number(tick.toPrecision(9))));
    },
  });
  return {
    ...size,
    legend: { show: false },
    padding: [8, hasRight ? null : 8, null, null],
    scales: {
      x: {
        min: startMs / 1000,
        max: endMs / 1000,
        range: () => [latest.current.startMs / 1000, latest.current.endMs / 1000],
      },
      y: scaleOf(left),
      ...(hasRight && { r: scaleOf(right) }),
    },
    cursor: { sync: { key: syncKey }, drag: { x: true, y: false, setScale: false }, points: { size: 6 } },
    axes: [
      { stroke: ink, grid, font: "12px system-ui, sans-serif", space: 70, values: timeTexts },
      ...(hasLeft ? [axis("y", left)] : []),
      ...(hasRight ? [axis("r", right)] : []),
    ],
    series: [{}, ...series.map((each) => seriesOptions(each, series.length))],
    bands: bandsOf(series),
    hooks: {
      drawAxes: [(chart) => drawLimits(chart, latest.current.limits)],
      draw: [(chart) => drawMarks(chart, latest.current.marks)],
      setSelect: [
        (chart) => {
          const { left: from, width } = chart.select;
          if (width < 5) return;
          latest.current.onZoom(chart.posToVal(from, "x") * 1000, chart.posToVal(from + width, "x") * 1000);
          chart.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
        },
      ],
      setCursor: [(chart) => showTip(chart, latest.current)],
    },
  };
}

const BINARY_STEPS = Array.from({ length: 80 }, (_, i) => 2 ** (i - 20));

/** `14:05`, with seconds or the day where the step or the range asks for them. */
function timeTexts(_: uPlot, ticks: readonly number[]): string[] {
  const [first = 0, second = first + 60] = ticks;
  const isDaily = second - first >= 86_400;
  const two = (value: number): string => String(value).padStart(2, "0");
  return ticks.map((tick, i) => {
    const date = new Date(tick * 1000);
    const day = `${two(date.getMonth() + 1)}-${two(date.getDate())}`;
    if (isDaily) return day;
    const time = `${two(date.getHours())}:${two(date.getMinutes())}${second - first < 60 ? `:${two(date.getSeconds())}` : ""}`;
    const before = ticks[i - 1];
    const isNewDay = before !== undefined && new Date(before * 1000).getDate() !== date.getDate();
    return isNewDay ? `${time}\n${day}` : time;
  });
}

/** As wide as its longest text. */
function axisSize(_chart: uPlot, values: readonly string[] | null): number {
  const longest = (values ?? []).reduce((most, text) => Math.max(most, text?.length ?? 0), 0);
  return Math.max(40, Math.min(110, 20 + longest * 7.2));
}

function scaleOf({ min, max, softMin, softMax, isLog }: AxisOptions): uPlot.Scale {
  if (isLog) return { distr: 3 };
  return {
    range: (_, dataMin, dataMax) => {
      if (dataMin == null || dataMax == null) return [min ?? 0, max ?? Math.max(1, (min ?? 0) + 1)];
      const low = Math.min(dataMin, softMin ?? dataMin);
      const high = Math.max(dataMax, softMax ?? dataMax);
      const [from, to] = uPlot.rangeNum(low, high === low && low === 0 ? 1 : high, 0.1, true);
      const first = min ?? (softMin !== undefined && low >= softMin ? softMin : from);
      const last = max ?? (softMax !== undefined && high <= softMax ? softMax : to);
      return (first ?? 0) < (last ?? 1) ? [first, last] : [first, (first ?? 0) + 1];
    },
  };
}

function seriesOptions(each: PlotSeries, count: number): uPlot.Series {
  const { colour, width, dash, fill, style, isSpanning, isRight } = each;
  const paths =
    style === "bars"
      ? uPlot.paths.bars?.({ size: [0.8, 60] })
      : style === "step"
        ? uPlot.paths.stepped?.({ align: 1 })
        : undefined;
  return {
    scale: isRight ? "r" : "y",
    stroke: colour,
    width: style === "points" ? 0 : count > HAIRLINES_FROM ? Math.min(width, 1 / devicePixelRatio) : width,
    spanGaps: isSpanning,
    ...(dash !== undefined && { dash: [...dash] }),
    ...(fill > 0 && style !== "points" && { fill: alpha(colour, fill) }),
    ...(paths !== undefined && { paths }),
    points:
      style === "points"
        ? { show: true, size: 5, fill: colour }
        : count > LONE_POINTS_MAX
          ? { show: false }
          : { show: true, size: Math.max(4, width * 2), fill: colour, filter: lonePoints },
  };
}

/** A value between two gaps is no line: only as a point can it be seen. */
function lonePoints(chart: uPlot, index: number): number[] {
  const values = chart.data[index] ?? [];
  const found: number[] = [];
  for (let i = 0; i < values.length; i++) {
    if (values[i] != null && values[i - 1] == null && values[i + 1] == null) found.push(i);
  }
  return found;
}

/** An area of a stack reaches down to the series below it. */
function bandsOf(series: readonly PlotSeries[]): uPlot.Band[] {
  const below = new Map<string, number>();
  return series.flatMap(({ stack, fill }, i) => {
    if (stack === undefined) return [];
    const lower = below.get(stack);
    below.set(stack, i + 1);
    return lower === undefined || fill === 0 ? [] : [{ series: [i + 1, lower] as [number, number] }];
  });
}

function alpha(colour: string, share: number): string {
  const hex = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(colour);
  if (hex === null) return colour;
  return `rgba(${[1, 2, 3].map((i) => Number.parseInt(hex[i] ?? "0", 16)).join(", ")}, ${share})`;
}

function drawLimits(chart: uPlot, limits: readonly Limit[]): void {
  const { ctx, bbox } = chart;
  const scale = chart.scales["y"]?.min === undefined ? "r" : "y";
  const place = (value: number): number => {
    const { min = 0, max = 1 } = chart.scales[scale] ?? {};
    return chart.valToPos(Math.min(max ?? 1, Math.max(min ?? 0, value)), scale, true);
  };
  const isInside = (value: number): boolean => {
    const { min, max } = chart.scales[scale] ?? {};
    return value >= (min ?? 0) && value <= (max ?? 0);
  };
  ctx.save();
  for (const { from, to, colour, hasLine, hasArea, isDashed } of limits) {
    if (hasArea) {
      const [top, bottom] = [place(to), place(from)];
      ctx.fillStyle = alpha(colour, 0.12);
      ctx.fillRect(bbox.left, top, bbox.width, bottom - top);
    }
    if (!hasLine || !isInside(from)) continue;
    ctx.strokeStyle = colour;
    ctx.lineWidth = 1.5 * devicePixelRatio;
    ctx.setLineDash(isDashed ? [8, 6] : []);
    ctx.beginPath();
    ctx.moveTo(bbox.left, place(from));
    ctx.lineTo(bbox.left + bbox.width, place(from));
    ctx.stroke();
  }
  ctx.restore();
}

function drawMarks(chart: uPlot, marks: readonly Mark[]): void {
  const { ctx, bbox } = chart;
  ctx.save();
  for (const { timeMs, colour } of marks) {
    const x = chart.valToPos(timeMs / 1000, "x", true);
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    ctx.strokeStyle = colour;
    ctx.setLineDash([4, 4]);
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
  }
  ctx.restore();
}

/** The values under the cursor, largest first; as text, so labels can hold anything. */
function showTip(chart: uPlot, { series, times, marks }: PlotProps): void {
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
  const rows = series
    .flatMap((each) => {
      const value = each.values[idx] ?? null;
      return value === null || !each.isInTip ? [] : [{ each, value }];
    })
    .sort((a, b) => b.value - a.value)
    .slice(0, TIP_ROWS);
  const seconds = times[idx] ?? 0;
  const near = marks.filter(({ timeMs }) => Math.abs(chart.valToPos(timeMs / 1000, "x") - left) < 6).slice(0, 4);
  tip.replaceChildren(
    line(new Date(seconds * 1000).toLocaleString()),
    ...near.map(({ text }) => line(text)),
    ...rows.map(({ each, value }) => line(`${each.text(value)}  ${each.name}`, each.colour)),
  );
  tip.hidden = false;
  tip.classList.toggle("left", left > chart.over.clientWidth / 2);
  tip.style.setProperty("--x", `${left}px`);
}

function line(text: string, colour?: string): HTMLDivElement {
  const element = document.createElement("div");
  element.textContent = text;
  if (colour !== undefined) element.style.borderLeft = `3px solid ${colour}`;
  return element;
}

/** What uPlot is told about a chart: scales, axes, how each series is drawn. */
import uPlot from "uplot";
import { withAlpha } from "../colours.js";
import { type TimeZone, wallClock } from "../time-zone.js";
import { drawDense, isDense } from "./dense.js";
import { drawDots, drawLimits, drawMarks } from "./overlays.js";
import { showTip } from "./tip.js";
import type { AxisOptions, PlotProps, PlotSeries } from "./types.js";

/** So many lines are drawn one pixel wide: wider ones are outlined one by one, which takes several times as long. */
const HAIRLINES_FROM = 40;
/** Beyond it a lone point is not looked for: with so many lines nobody would see it. */
const LONE_POINTS_MAX = 40;
const BINARY_STEPS = Array.from({ length: 80 }, (_, i) => 2 ** (i - 20));
const FONT = "12px system-ui, sans-serif";

export interface Look {
  readonly ink: string;
  readonly grid: { readonly stroke: string; readonly width: number };
}

export function lookOf(isDark: boolean): Look {
  return { ink: isDark ? "#ced4da" : "#495057", grid: { stroke: isDark ? "#2c2f34" : "#e9ecef", width: 1 } };
}

export function timeAxis({ ink, grid }: Look, zone: TimeZone): uPlot.Axis {
  return { stroke: ink, grid, font: FONT, space: 70, values: (_, ticks) => timeTexts(ticks, zone) };
}

/** Where the axis of times has its ticks: at full hours of the zone. */
export function zoneOption(zone: TimeZone): Pick<uPlot.Options, "tzDate"> {
  return zone === "browser" ? {} : { tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), zone) };
}

export function optionsOf(
  latest: { readonly current: PlotProps },
  size: { readonly width: number; readonly height: number },
): uPlot.Options {
  const { series, isDark, left, right, startMs, endMs, syncKey, zone } = latest.current;
  const look = lookOf(isDark);
  const isMany = isDense(series, left);
  const hasRight = series.some(({ isRight }) => isRight);
  const hasLeft = !hasRight || series.some(({ isRight }) => !isRight);
  const axis = (scale: "y" | "r", { label, isBinary }: AxisOptions): uPlot.Axis => ({
    scale,
    side: scale === "y" ? 3 : 1,
    stroke: look.ink,
    grid: scale === "y" || !hasLeft ? look.grid : { show: false },
    size: axisSize,
    ...(isBinary && { incrs: BINARY_STEPS }),
    ...(label !== "" && { label, labelSize: 18, labelFont: "12px system-ui" }),
    font: FONT,
    values: (_, ticks) => {
      const { text } = scale === "y" ? latest.current.left : latest.current.right;
      const texts = ticks.map((tick) => (tick === null ? "" : text(tick)));
      // Of values that hardly differ a short text would be the same everywhere.
      return new Set(texts).size === texts.length ? texts : ticks.map((tick) => String(Number(tick.toPrecision(9))));
    },
  });
  return {
    ...size,
    ...zoneOption(zone),
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
    cursor: {
      sync: { key: syncKey },
      drag: { x: true, y: false, setScale: false },
      points: isMany ? { show: false } : { size: 6 },
    },
    axes: [timeAxis(look, zone), ...(hasLeft ? [axis("y", left)] : []), ...(hasRight ? [axis("r", right)] : [])],
    series: [{}, ...(isMany ? [UNDRAWN, UNDRAWN] : series.map((each) => seriesOptions(each, series.length)))],
    bands: isMany ? [] : bandsOf(series),
    hooks: {
      drawAxes: [(chart) => drawLimits(chart, latest.current.limits)],
      draw: [
        (chart) => {
          const { times, series: lines, marks, dots, isDark: isNight } = latest.current;
          if (isMany) drawDense(chart, times, lines);
          drawMarks(chart, marks);
          drawDots(chart, dots, isNight);
        },
      ],
      setSelect: [(chart) => takeSelection(chart, latest.current.onZoom)],
      setCursor: [(chart) => showTip(chart, latest.current)],
    },
  };
}

const UNDRAWN: uPlot.Series = { scale: "y", paths: () => null, points: { show: false } };

export function takeSelection(chart: uPlot, onZoom: PlotProps["onZoom"]): void {
  const { left, width } = chart.select;
  if (width < 5) return;
  onZoom(chart.posToVal(left, "x") * 1000, chart.posToVal(left + width, "x") * 1000);
  chart.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
}

/** `14:05`, with seconds or the day where the step or the range asks for them. */
function timeTexts(ticks: readonly number[], zone: TimeZone): string[] {
  const [first = 0, second = first + 60] = ticks;
  const isDaily = second - first >= 86_400;
  const texts = ticks.map((tick) => wallClock(tick * 1000, zone).toISOString());
  return texts.map((text, i) => {
    const day = text.slice(5, 10);
    if (isDaily) return day;
    const time = text.slice(11, second - first < 60 ? 19 : 16);
    const before = texts[i - 1];
    return before !== undefined && before.slice(0, 10) !== text.slice(0, 10) ? `${time}\n${day}` : time;
  });
}

/** As wide as its longest text. */
export function axisSize(_chart: uPlot, values: readonly string[] | null): number {
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
    ...(fill > 0 && style !== "points" && { fill: withAlpha(colour, fill) }),
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

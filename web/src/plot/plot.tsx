/**
 * The chart of values over time: lines, areas, bars or points, drawn by uPlot. New values of the same series are put into the chart that
 * stands; only another set of series, another size or theme makes a new one.
 */
import { useLayoutEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { envelopeOf, isDense } from "./dense.js";
import { optionsOf } from "./options.js";
import { type AxisOptions, type Column, type PlotProps, valueAt } from "./types.js";

const LEAST_HEIGHT = 60;

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
    const now = [props.times, props.series, props.startMs, props.endMs, props.limits, props.marks, props.dots];
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
function shapeOf({ series, isDark, zone, left, right, height }: PlotProps): string {
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
    zone,
    height,
    axis(left),
    axis(right),
    // Of many lines uPlot knows none.
    isDense(series, left)
      ? "dense"
      : series.map((each) => [
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

/** uPlot takes null for a gap. */
function nullable(values: Column): readonly (number | null)[] {
  if (!(values instanceof Float64Array)) return values;
  return Array.from(values, (value) => (Number.isNaN(value) ? null : value));
}

function columnsOf({ times, series, left }: PlotProps): readonly Column[] {
  if (isDense(series, left)) return [times, ...envelopeOf(series, times.length)];
  const sums = new Map<string, number[]>();
  const totals = new Map<string, number[]>();
  for (const { stack, isPercent, values } of series) {
    if (stack === undefined || !isPercent) continue;
    const total = totals.get(stack) ?? new Array<number>(times.length).fill(0);
    for (let i = 0; i < times.length; i++) total[i] = (total[i] ?? 0) + (valueAt(values, i) ?? 0);
    totals.set(stack, total);
  }
  const columns = series.map(({ values, stack }) => {
    if (stack === undefined) return nullable(values);
    const sum = sums.get(stack) ?? new Array<number>(times.length).fill(0);
    sums.set(stack, sum);
    const total = totals.get(stack);
    return nullable(values).map((value, i) => {
      if (value === null) return null;
      const before = sum[i] ?? 0;
      const share = total === undefined ? value : (value / (total[i] || 1)) * 100;
      sum[i] = before + share;
      return before + share;
    });
  });
  return [times, ...columns];
}

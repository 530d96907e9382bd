/** What lies under and over the lines: limits, marks in time, exemplars. */
import type uPlot from "uplot";
import { withAlpha } from "../colours.js";
import type { Dot, Limit, Mark } from "./types.js";

const DOT_PIXELS = 5;

export function drawLimits(chart: uPlot, limits: readonly Limit[]): void {
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
      ctx.fillStyle = withAlpha(colour, 0.12);
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

export function drawMarks(chart: uPlot, marks: readonly Mark[]): void {
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

/** Diamonds; what lies beyond the axis stands at its edge. */
export function drawDots(chart: uPlot, dots: readonly Dot[], isDark: boolean): void {
  const { ctx, bbox } = chart;
  const size = DOT_PIXELS * devicePixelRatio;
  ctx.save();
  ctx.fillStyle = isDark ? "#ffd43b" : "#f08c00";
  ctx.strokeStyle = isDark ? "#16181b" : "#ffffff";
  ctx.lineWidth = devicePixelRatio;
  for (const dot of dots) {
    const x = chart.valToPos(dot.timeMs / 1000, "x", true);
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    const y = Math.min(bbox.top + bbox.height, Math.max(bbox.top, chart.valToPos(dot.value, "y", true)));
    ctx.beginPath();
    ctx.moveTo(x, y - size);
    ctx.lineTo(x + size, y);
    ctx.lineTo(x, y + size);
    ctx.lineTo(x - size, y);
    ctx.closePath();
    ctx.fill();
    ctx.stroke();
  }
  ctx.restore();
}

/** The dot under the cursor, in CSS pixels. */
export function dotNear(chart: uPlot, dots: readonly Dot[], left: number, top: number): Dot | undefined {
  let found: Dot | undefined;
  let least = (DOT_PIXELS + 4) ** 2;
  const height = chart.over.clientHeight;
  for (const dot of dots) {
    const x = chart.valToPos(dot.timeMs / 1000, "x") - left;
    const y = Math.min(height, Math.max(0, chart.valToPos(dot.value, "y"))) - top;
    if (x * x + y * y >= least) continue;
    least = x * x + y * y;
    found = dot;
  }
  return found;
}

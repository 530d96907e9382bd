/**
 * Very many plain lines: drawn by us into an image, a column of pixels at a time, because a canvas takes several times as long for
 * paths. uPlot then knows only the lowest and the highest value of each step, for its axes and the cursor.
 */
import type uPlot from "uplot";
import { rgbOf } from "../colours.js";
import type { AxisOptions, Column, PlotSeries } from "./types.js";

/** From so many series on. */
const DENSE_FROM = 80;

export function isDense(series: readonly PlotSeries[], left: AxisOptions): boolean {
  return (
    series.length >= DENSE_FROM &&
    !left.isLog &&
    series.every(
      ({ style, stack, dash, fill, isRight, isSpanning }) =>
        style === "line" && stack === undefined && dash === undefined && fill === 0 && !isRight && !isSpanning,
    )
  );
}

/** The lowest and the highest value of each step. */
export function envelopeOf(series: readonly PlotSeries[], count: number): readonly [Column, Column] {
  const low = new Float64Array(count).fill(Number.POSITIVE_INFINITY);
  const high = new Float64Array(count).fill(Number.NEGATIVE_INFINITY);
  for (const { values } of series) {
    for (let i = 0; i < count; i++) {
      const value = values[i];
      // A comparison with NaN is false.
      if (value == null) continue;
      if (value < low[i]!) low[i] = value;
      if (value > high[i]!) high[i] = value;
    }
  }
  const column = (bounds: Float64Array): (number | null)[] =>
    Array.from(bounds, (value) => (Number.isFinite(value) ? value : null));
  return [column(low), column(high)];
}

export function drawDense(chart: uPlot, times: readonly number[], series: readonly PlotSeries[]): void {
  const { left, top } = chart.bbox;
  const [width, height] = [Math.round(chart.bbox.width), Math.round(chart.bbox.height)];
  const [x, y] = [chart.scales["x"], chart.scales["y"]];
  if (x?.min == null || x.max == null || y?.min == null || y.max == null || width < 1 || height < 1) return;
  const [xMin, yMax] = [x.min, y.max];
  const perSecond = width / (x.max - xMin);
  const perUnit = height / (yMax - y.min);
  const places = Float64Array.from(times, (time) => (time - xMin) * perSecond);
  const heights = new Float64Array(places.length);
  const image: Image = { pixels: new Int32Array(width * height), width, height };
  for (const { values, colour } of series) {
    for (let i = 0; i < heights.length; i++) heights[i] = (yMax - (values[i] ?? Number.NaN)) * perUnit;
    addLine(image, places, heights, colour);
  }
  chart.ctx.drawImage(canvasOf(image), left, top);
}

/** Column by column, so that what is written together lies together. Bytes red, green, blue, alpha. */
interface Image {
  readonly pixels: Int32Array;
  readonly width: number;
  readonly height: number;
}

/** Parts of a pixel. */
const ONE = 256;
const HALF = 128;

/**
 * One line from left to right, a pixel thick, smoothed at its upper and lower end in each column.
 *
 * @param heights  pixels from the top; NaN is a gap.
 */
function addLine(image: Image, places: Float64Array, heights: Float64Array, colour: string): void {
  const { width } = image;
  const [red, green, blue] = rgbOf(colour) ?? [128, 128, 128];
  const ink = (blue << 16) | (green << 8) | red;
  let [x0, y0] = [Number.NaN, 0];
  // The line's part in the column at hand.
  let [column, low, high] = [-1, 0, 0];
  for (let i = 0; i < places.length; i++) {
    const x1 = places[i]!;
    const y1 = heights[i]!;
    if (Number.isNaN(y1)) {
      x0 = Number.NaN;
      continue;
    }
    const isFirst = Number.isNaN(x0);
    const slope = isFirst || x1 <= x0 ? 0 : (y1 - y0) / (x1 - x0);
    const last = Math.min(width - 1, Math.floor(x1));
    for (let at = Math.max(0, Math.floor(isFirst ? x1 : x0)); at <= last; at++) {
      const from = isFirst ? y1 : at > x0 ? y0 + slope * (at - x0) : y0;
      const to = at + 1 < x1 ? y0 + slope * (at + 1 - x0) : y1;
      if (at !== column) {
        if (column >= 0) addSpan(image, column, Math.round(low * ONE) - HALF, Math.round(high * ONE) + HALF, ink);
        column = at;
        low = from;
        high = from;
      }
      if (from < low) low = from;
      else if (from > high) high = from;
      if (to < low) low = to;
      else if (to > high) high = to;
    }
    x0 = x1;
    y0 = y1;
  }
  if (column >= 0) addSpan(image, column, Math.round(low * ONE) - HALF, Math.round(high * ONE) + HALF, ink);
}

/** From `from` to `to` in one column; in parts of a pixel, whole numbers because others would be put into boxes for the call. */
function addSpan({ pixels, height }: Image, column: number, from: number, to: number, ink: number): void {
  const low = Math.max(0, from);
  const high = Math.min(height * ONE - 1, to);
  if (low >= high) return;
  const first = low >> 8;
  const last = high >> 8;
  const base = column * height;
  if (first === last) {
    blend(pixels, base + first, high - low, ink);
    return;
  }
  blend(pixels, base + first, ONE - (low & 255), ink);
  const solid = ink | (255 << 24);
  for (let i = base + first + 1; i < base + last; i++) pixels[i] = solid;
  blend(pixels, base + last, high & 255, ink);
}

/** `ink` over what is there; `share` is 0 to 256. */
function blend(pixels: Int32Array, index: number, share: number, ink: number): void {
  const under = pixels[index]!;
  const underShare = under >>> 24;
  const rest = ONE - share;
  const alpha = share * 255 + underShare * rest;
  if (underShare === 0 || alpha === 0) {
    pixels[index] = ink | ((alpha >> 8) << 24);
    return;
  }
  // Weights of what is there and of the ink, together 256.
  const below = ((underShare * rest * ONE) / alpha) | 0;
  const own = ONE - below;
  const red = ((ink & 255) * own + (under & 255) * below) >> 8;
  const green = (((ink >> 8) & 255) * own + ((under >> 8) & 255) * below) >> 8;
  const blue = (((ink >> 16) & 255) * own + ((under >> 16) & 255) * below) >> 8;
  pixels[index] = red | (green << 8) | (blue << 16) | ((alpha >> 8) << 24);
}

function canvasOf({ pixels, width, height }: Image): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  const rows = new Int32Array(width * height);
  for (let column = 0, from = 0; column < width; column++) {
    for (let row = 0, to = column; row < height; row++, to += width) rows[to] = pixels[from++]!;
  }
  const image = new ImageData(new Uint8ClampedArray(rows.buffer), width, height);
  canvas.getContext("2d")?.putImageData(image, 0, 0);
  return canvas;
}

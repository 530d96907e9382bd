/** Functions of one value: applied to each sample of a row by itself. */
import {
  acos,
  acosh,
  asin,
  asinh,
  atan,
  atanh,
  cos,
  cosh,
  exp,
  log,
  log2,
  log10,
  maximum,
  minimum,
  sin,
  sinh,
  tan,
  tanh,
} from "./go-math.js";

export const ELEMENTWISE: ReadonlyMap<string, (value: number) => number> = new Map([
  ["abs", Math.abs],
  ["ceil", Math.ceil],
  ["floor", Math.floor],
  ["exp", exp],
  ["sqrt", Math.sqrt],
  ["ln", log],
  ["log2", log2],
  ["log10", log10],
  ["sin", sin],
  ["cos", cos],
  ["tan", tan],
  ["asin", asin],
  ["acos", acos],
  ["atan", atan],
  ["sinh", sinh],
  ["cosh", cosh],
  ["tanh", tanh],
  ["asinh", asinh],
  ["acosh", acosh],
  ["atanh", atanh],
  ["rad", (value) => (value * Math.PI) / 180],
  ["deg", (value) => (value * 180) / Math.PI],
  ["sgn", (value) => (value < 0 ? -1 : value > 0 ? 1 : value)],
]);

/** The multiple of `nearest` that is closest to `value`, ties upwards. */
export function roundTo(value: number, nearest: number): number {
  const inverse = 1 / nearest;
  return Math.floor(value * inverse + 0.5) / inverse;
}

/** At least `min` and at most `max`; NaN where one is NaN, unless an infinity decides (`maximum`, `minimum`). */
export function clampTo(value: number, min: number, max: number): number {
  return maximum(min, minimum(max, value));
}

/** Trends within one window of samples: least squares and double exponential smoothing. */
import { compensation } from "./numbers";

function at(column: usize, index: u32): f64 {
  return load<f64>(column + ((<usize>index) << 3));
}

/** Slope per second, with times taken from the first sample on: large times would cost digits. */
export function slopeOf(t: usize, v: usize, size: u32): f64 {
  return regression(t, v, size, at(t, 0), true, 0);
}

/** Value of the regression line `seconds` after `now` (ms). */
export function predictAt(t: usize, v: usize, size: u32, now: f64, seconds: f64): f64 {
  return regression(t, v, size, now, false, seconds);
}

/** The slope (`onlySlope`), or the line's value `seconds` after `origin`. */
function regression(t: usize, v: usize, size: u32, origin: f64, onlySlope: bool, seconds: f64): f64 {
  let sumX: f64 = 0;
  let restX: f64 = 0;
  let sumY: f64 = 0;
  let restY: f64 = 0;
  let sumXY: f64 = 0;
  let restXY: f64 = 0;
  let sumX2: f64 = 0;
  let restX2: f64 = 0;
  const firstY = at(v, 0);
  let isConstant = true;
  for (let i: u32 = 0; i < size; i++) {
    const x = (at(t, i) - origin) / 1000;
    const y = at(v, i);
    if (i > 0 && y !== firstY) isConstant = false;
    let next = sumX + x;
    restX = compensation(x, sumX, next, restX);
    sumX = next;
    next = sumY + y;
    restY = compensation(y, sumY, next, restY);
    sumY = next;
    const xy = x * y;
    next = sumXY + xy;
    restXY = compensation(xy, sumXY, next, restXY);
    sumXY = next;
    const x2 = x * x;
    next = sumX2 + x2;
    restX2 = compensation(x2, sumX2, next, restX2);
    sumX2 = next;
  }
  if (isConstant) {
    if (abs<f64>(firstY) === Infinity) return NaN;
    return onlySlope ? 0 : 0 * seconds + firstY;
  }
  const n = <f64>size;
  sumX += restX;
  sumY += restY;
  sumXY += restXY;
  sumX2 += restX2;
  const covariance = sumXY - (sumX * sumY) / n;
  const variance = sumX2 - (sumX * sumX) / n;
  const slope = covariance / variance;
  if (onlySlope) return slope;
  return slope * seconds + (sumY / n - (slope * sumX) / n);
}

/** Double exponential smoothing with a smoothing and a trend factor, both within (0, 1). */
export function smooth(v: usize, size: u32, factor: f64, trendFactor: f64): f64 {
  let before: f64 = 0;
  let current = at(v, 0);
  let trend = at(v, 1) - at(v, 0);
  for (let i: u32 = 1; i < size; i++) {
    const scaled = factor * at(v, i);
    if (i > 1) trend = trendFactor * (current - before) + (1 - trendFactor) * trend;
    const next = scaled + (1 - factor) * (current + trend);
    before = current;
    current = next;
  }
  return current;
}

/**
 * Aggregations folded into one group's columns while the series stream by. A group's state is FOLD_COLUMNS columns of
 * `steps` f64 (value, compensation, mean, count) in this order; a count of 0 means nothing was seen at the step. A mean
 * that went over to incremental calculation, because the sum would have overflowed, has a negative count.
 */
import { FOLD_AVG, FOLD_COUNT, FOLD_GROUP, FOLD_MAX, FOLD_MIN, FOLD_STDDEV, FOLD_STDVAR, FOLD_SUM } from "./codes";
import { compensation, isNan } from "./numbers";

/** Empties a group's state. */
export function clearFold(state: usize, steps: u32): void {
  memory.fill(state, 0, (<usize>steps) << 5);
}

/** Folds the floats of a row into a group's state; histograms are counted, no more. */
export function foldRow(code: i32, values: usize, present: usize, steps: u32, state: usize): void {
  const column = (<usize>steps) << 3;
  for (let i: usize = 0; i < <usize>steps; i++) {
    const kind = load<u8>(present + i);
    if (kind === 0 || (kind !== 1 && code !== FOLD_COUNT && code !== FOLD_GROUP)) continue;
    const value = load<f64>(values + (i << 3));
    const cell = state + (i << 3);
    const count = load<f64>(cell + 3 * column);
    if (count === 0) {
      store<f64>(cell + 3 * column, 1);
      store<f64>(cell + 2 * column, value);
      if (code === FOLD_STDDEV || code === FOLD_STDVAR) store<f64>(cell, value - value === 0 ? 0 : NaN);
      else store<f64>(cell, code === FOLD_GROUP ? 1 : value);
      continue;
    }
    const total = load<f64>(cell);
    if (code === FOLD_SUM) {
      const next = total + value;
      store<f64>(cell + column, compensation(value, total, next, load<f64>(cell + column)));
      store<f64>(cell, next);
    } else if (code === FOLD_COUNT) {
      store<f64>(cell + 3 * column, count + 1);
    } else if (code === FOLD_MAX) {
      if (total < value || isNan(total)) store<f64>(cell, value);
    } else if (code === FOLD_MIN) {
      if (total > value || isNan(total)) store<f64>(cell, value);
    } else if (code === FOLD_AVG) {
      foldAverage(cell, column, value, count);
    } else if (code === FOLD_STDDEV || code === FOLD_STDVAR) {
      const mean = load<f64>(cell + 2 * column);
      const delta = value - mean;
      const nextMean = mean + delta / (count + 1);
      store<f64>(cell + 3 * column, count + 1);
      store<f64>(cell + 2 * column, nextMean);
      store<f64>(cell, total + delta * (value - nextMean));
    }
  }
}

/** Folds several rows that lie `rowBytes` apart, each its values and then its presence, one after the other. */
export function foldRows(code: i32, rows: usize, count: u32, rowBytes: u32, steps: u32, state: usize): void {
  for (let i: u32 = 0; i < count; i++) {
    const values = rows + <usize>i * <usize>rowBytes;
    foldRow(code, values, values + ((<usize>steps) << 3), steps, state);
  }
}

function foldAverage(cell: usize, column: usize, value: f64, signedCount: f64): void {
  const n = abs<f64>(signedCount) + 1;
  let rest = load<f64>(cell + column);
  let mean = load<f64>(cell + 2 * column);
  if (signedCount > 0) {
    const total = load<f64>(cell);
    const next = total + value;
    if (abs<f64>(next) !== Infinity) {
      store<f64>(cell + column, compensation(value, total, next, rest));
      store<f64>(cell, next);
      store<f64>(cell + 3 * column, n);
      return;
    }
    mean = total / (n - 1);
    rest /= n - 1;
  }
  const q = (n - 1) / n;
  const sum = q * mean;
  const term = value / n;
  const next = sum + term;
  store<f64>(cell + column, compensation(term, sum, next, q * rest));
  store<f64>(cell + 2 * column, next);
  store<f64>(cell + 3 * column, -n);
}

/** The group's row from its state. */
export function finishFold(code: i32, state: usize, steps: u32, out: usize, present: usize): u32 {
  const column = (<usize>steps) << 3;
  let found: u32 = 0;
  for (let i: usize = 0; i < <usize>steps; i++) {
    const cell = state + (i << 3);
    const count = load<f64>(cell + 3 * column);
    if (count === 0) {
      store<u8>(present + i, 0);
      continue;
    }
    store<u8>(present + i, 1);
    found++;
    let value = load<f64>(cell);
    const rest = load<f64>(cell + column);
    if (code === FOLD_SUM) value += rest;
    else if (code === FOLD_AVG) value = count < 0 ? load<f64>(cell + 2 * column) + rest : value / count + rest / count;
    else if (code === FOLD_COUNT) value = count;
    else if (code === FOLD_STDVAR) value /= count;
    else if (code === FOLD_STDDEV) value = sqrt<f64>(value / count);
    store<f64>(out + (i << 3), value);
  }
  return found;
}

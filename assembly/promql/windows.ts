/**
 * Functions over a sliding window of samples, one call for all steps of a series. Samples have no staleness markers. The
 * window of step i is (end − range, end] with end = firstEnd + i × step. Results are Prometheus' to the bit: the same
 * operations on the same samples in the same order; a short cut is taken only where it leaves every bit as it is.
 */
import {
  WINDOW_AVG,
  WINDOW_CHANGES,
  WINDOW_COUNT,
  WINDOW_DELTA,
  WINDOW_DERIV,
  WINDOW_FIRST,
  WINDOW_IDELTA,
  WINDOW_INCREASE,
  WINDOW_IRATE,
  WINDOW_LAST,
  WINDOW_MAD,
  WINDOW_MAD_OR_NAN,
  WINDOW_MAX,
  WINDOW_MIN,
  WINDOW_PREDICT_LINEAR,
  WINDOW_PRESENT,
  WINDOW_QUANTILE,
  WINDOW_RATE,
  WINDOW_RESETS,
  WINDOW_SMOOTH,
  WINDOW_STDDEV,
  WINDOW_STDVAR,
  WINDOW_SUM,
  WINDOW_TIME_OF_FIRST,
  WINDOW_TIME_OF_LAST,
  WINDOW_TIME_OF_MAX,
  WINDOW_TIME_OF_MIN,
} from "./codes";
import { compensation, isNan, quantileOf } from "./numbers";
import { predictAt, slopeOf, smooth } from "./trends";

function at(column: usize, index: u32): f64 {
  return load<f64>(column + ((<usize>index) << 3));
}

/**
 * @param first, second  columns of parameters, one f64 a step (φ; seconds ahead; smoothing and trend factor); 0 if none
 * @param now            evaluation time of step 0; of step i `now + i × nowStep` (differs from the window where an
 *                       offset or `@` moves it)
 * @param scratch        room for `count` f64, used by functions that sort
 */
export function overWindows(
  code: i32,
  times: usize,
  values: usize,
  count: u32,
  firstEnd: f64,
  step: f64,
  steps: u32,
  range: f64,
  first: usize,
  second: usize,
  now: f64,
  nowStep: f64,
  scratch: usize,
  out: usize,
  present: usize,
): u32 {
  if (code === WINDOW_RATE || code === WINDOW_INCREASE || code === WINDOW_DELTA) {
    return extrapolated(code, times, values, count, firstEnd, step, steps, range, out, present);
  }
  if (code === WINDOW_MIN || code === WINDOW_MAX) {
    return extremes(code, times, values, count, firstEnd, step, steps, range, out, present);
  }
  const least: u32 = leastSamples(code);
  let from: u32 = firstAfter(times, count, firstEnd - range);
  let to: u32 = from;
  let found: u32 = 0;
  for (let i: u32 = 0; i < steps; i++) {
    const end = firstEnd + <f64>i * step;
    const start = end - range;
    while (to < count && at(times, to) <= end) to++;
    while (from < to && at(times, from) <= start) from++;
    const size = to - from;
    let has: u8 = 0;
    if (size >= least) {
      has = 1;
      const t = times + ((<usize>from) << 3);
      const v = values + ((<usize>from) << 3);
      let result: f64;
      if (code === WINDOW_QUANTILE) {
        memory.copy(scratch, v, (<usize>size) << 3);
        result = quantileOf(at(first, i), scratch, size);
      } else if (code === WINDOW_MAD) {
        result = medianDeviation(v, size, scratch);
      } else if (code === WINDOW_MAD_OR_NAN) {
        result = hasNan(v, size) ? NaN : medianDeviation(v, size, scratch);
      } else if (code === WINDOW_PREDICT_LINEAR) {
        result = predictAt(t, v, size, now + <f64>i * nowStep, at(first, i));
      } else if (code === WINDOW_SMOOTH) {
        result = smooth(v, size, at(first, i), at(second, i));
      } else {
        result = reduce(code, t, v, size);
      }
      store<f64>(out + ((<usize>i) << 3), result);
    }
    store<u8>(present + <usize>i, has);
    found += has;
  }
  return found;
}

/**
 * The most samples that any window of `overWindows` holds: what one step keeps in memory. Writes to `total` (an f64) how
 * many all windows hold together, each sample as often as it is in one.
 */
export function largestWindow(
  times: usize,
  count: u32,
  firstEnd: f64,
  step: f64,
  steps: u32,
  range: f64,
  total: usize,
): u32 {
  let from: u32 = 0;
  let to: u32 = 0;
  let left: u32 = 0; // samples by which `from` moved last
  let added: u32 = 0;
  let largest: u32 = 0;
  let sum: u64 = 0;
  for (let i: u32 = 0; i < steps; i++) {
    const end = firstEnd + <f64>i * step;
    const next = firstBehind(times, to, count, end, added);
    added = next - to;
    to = next;
    const first = firstBehind(times, from, to, end - range, left);
    left = first - from;
    from = first;
    largest = max<u32>(largest, to - from);
    sum += <u64>(to - from);
  }
  store<f64>(total, <f64>sum);
  return largest;
}

/** Index of the first sample after `time`. */
function firstAfter(times: usize, count: u32, time: f64): u32 {
  let low: u32 = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (at(times, middle) <= time) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * Index of the first sample after `time` in [from, to), of times that ascend. Most windows move by as many samples as the one
 * before did: two looks tell whether this one has, too.
 */
function firstBehind(times: usize, from: u32, to: u32, time: f64, guess: u32): u32 {
  const guessed = from + guess;
  if (guessed <= to && (guess === 0 || at(times, guessed - 1) <= time)) {
    if (guessed === to || at(times, guessed) > time) return guessed;
  }
  let index = from;
  while (index < to && at(times, index) <= time) index++;
  return index;
}

function leastSamples(code: i32): u32 {
  switch (code) {
    case WINDOW_IRATE:
    case WINDOW_IDELTA:
    case WINDOW_DERIV:
    case WINDOW_PREDICT_LINEAR:
    case WINDOW_SMOOTH:
      return 2;
    default:
      return 1;
  }
}

function reduce(code: i32, t: usize, v: usize, size: u32): f64 {
  switch (code) {
    case WINDOW_COUNT:
      return <f64>size;
    case WINDOW_PRESENT:
      return 1;
    case WINDOW_LAST:
      return at(v, size - 1);
    case WINDOW_FIRST:
      return at(v, 0);
    case WINDOW_SUM:
      return sumOf(v, size);
    case WINDOW_AVG:
      return averageOf(v, size);
    case WINDOW_STDDEV:
      return sqrt<f64>(varianceOf(v, size));
    case WINDOW_STDVAR:
      return varianceOf(v, size);
    case WINDOW_CHANGES:
      return changesIn(v, size);
    case WINDOW_RESETS:
      return resetsIn(v, size);
    case WINDOW_DERIV:
      return slopeOf(t, v, size);
    case WINDOW_IRATE:
      return instantRate(t, v, size, true);
    case WINDOW_IDELTA:
      return instantRate(t, v, size, false);
    case WINDOW_TIME_OF_FIRST:
      return at(t, 0) / 1000;
    case WINDOW_TIME_OF_LAST:
      return at(t, size - 1) / 1000;
    case WINDOW_TIME_OF_MIN:
      return at(t, lowest(v, size, true)) / 1000;
    case WINDOW_TIME_OF_MAX:
      return at(t, highest(v, size, true)) / 1000;
    default:
      return NaN;
  }
}

function sumOf(v: usize, size: u32): f64 {
  let sum: f64 = 0;
  let rest: f64 = 0;
  for (let i: u32 = 0; i < size; i++) {
    const value = at(v, i);
    const next = sum + value;
    rest = compensation(value, sum, next, rest);
    sum = next;
  }
  return abs<f64>(sum) === Infinity ? sum : sum + rest;
}

/** The sum divided by the count; from the sample on that would make the sum overflow, an incremental mean. */
function averageOf(v: usize, size: u32): f64 {
  let sum = at(v, 0);
  let rest: f64 = 0;
  for (let i: u32 = 1; i < size; i++) {
    const value = at(v, i);
    const next = sum + value;
    if (abs<f64>(next) === Infinity) return incrementalMean(v, size, i, sum / <f64>i, rest / <f64>i);
    rest = compensation(value, sum, next, rest);
    sum = next;
  }
  const n = <f64>size;
  return sum / n + rest / n;
}

function incrementalMean(v: usize, size: u32, from: u32, meanBefore: f64, restBefore: f64): f64 {
  let mean = meanBefore;
  let rest = restBefore;
  for (let i = from; i < size; i++) {
    const n = <f64>i + 1;
    const q = (n - 1) / n;
    const term = at(v, i) / n;
    const sum = q * mean;
    const next = sum + term;
    rest = compensation(term, sum, next, q * rest);
    mean = next;
  }
  return mean + rest;
}

function varianceOf(v: usize, size: u32): f64 {
  let mean: f64 = 0;
  let meanRest: f64 = 0;
  let squares: f64 = 0;
  let squaresRest: f64 = 0;
  for (let i: u32 = 0; i < size; i++) {
    const value = at(v, i);
    const delta = value - (mean + meanRest);
    let term = delta / (<f64>i + 1);
    let next = mean + term;
    meanRest = compensation(term, mean, next, meanRest);
    mean = next;
    term = delta * (value - (mean + meanRest));
    next = squares + term;
    squaresRest = compensation(term, squares, next, squaresRest);
    squares = next;
  }
  return (squares + squaresRest) / <f64>size;
}

/** Index of the lowest value, NaN only if there is nothing else; of equal ones the first, or the last if `newest`. */
function lowest(v: usize, size: u32, newest: bool): u32 {
  let best: u32 = 0;
  let value = at(v, 0);
  for (let i: u32 = 0; i < size; i++) {
    const current = at(v, i);
    if (current < value || isNan(value) || (newest && current === value)) {
      value = current;
      best = i;
    }
  }
  return best;
}

function highest(v: usize, size: u32, newest: bool): u32 {
  let best: u32 = 0;
  let value = at(v, 0);
  for (let i: u32 = 0; i < size; i++) {
    const current = at(v, i);
    if (current > value || isNan(value) || (newest && current === value)) {
      value = current;
      best = i;
    }
  }
  return best;
}

/**
 * min_over_time and max_over_time. The place of the extreme is kept while the window slides: new samples are compared with
 * it, and only when it has left the window all are looked at again.
 */
function extremes(
  code: i32,
  times: usize,
  values: usize,
  count: u32,
  firstEnd: f64,
  step: f64,
  steps: u32,
  range: f64,
  out: usize,
  present: usize,
): u32 {
  const isMin = code === WINDOW_MIN;
  let from: u32 = firstAfter(times, count, firstEnd - range);
  let to: u32 = from;
  let best: u32 = 0;
  let seen: u32 = 0; // samples before it have been compared with `best`, if `best` is in the window
  let found: u32 = 0;
  for (let i: u32 = 0; i < steps; i++) {
    const end = firstEnd + <f64>i * step;
    const start = end - range;
    while (to < count && at(times, to) <= end) to++;
    while (from < to && at(times, from) <= start) from++;
    if (from === to) {
      store<u8>(present + <usize>i, 0);
      continue;
    }
    if (best < from || seen <= from) {
      best = from;
      seen = from + 1;
    }
    let value = at(values, best);
    for (; seen < to; seen++) {
      const current = at(values, seen);
      if ((isMin ? current < value : current > value) || isNan(value)) {
        value = current;
        best = seen;
      }
    }
    store<f64>(out + ((<usize>i) << 3), value);
    store<u8>(present + <usize>i, 1);
    found++;
  }
  return found;
}

function hasNan(v: usize, size: u32): bool {
  for (let i: u32 = 0; i < size; i++) if (isNan(at(v, i))) return true;
  return false;
}

function medianDeviation(v: usize, size: u32, scratch: usize): f64 {
  memory.copy(scratch, v, (<usize>size) << 3);
  const median = quantileOf(0.5, scratch, size);
  for (let i: u32 = 0; i < size; i++) store<f64>(scratch + ((<usize>i) << 3), abs<f64>(at(v, i) - median));
  return quantileOf(0.5, scratch, size);
}

function changesIn(v: usize, size: u32): f64 {
  let changes: u32 = 0;
  let previous = at(v, 0);
  for (let i: u32 = 1; i < size; i++) {
    const current = at(v, i);
    if (current !== previous && !(isNan(current) && isNan(previous))) changes++;
    previous = current;
  }
  return <f64>changes;
}

function resetsIn(v: usize, size: u32): f64 {
  let resets: u32 = 0;
  let previous = at(v, 0);
  for (let i: u32 = 1; i < size; i++) {
    const current = at(v, i);
    if (current < previous) resets++;
    previous = current;
  }
  return <f64>resets;
}

/** Difference of the last two samples; with `isRate` per second, and a reset counts from zero. */
function instantRate(t: usize, v: usize, size: u32, isRate: bool): f64 {
  const last = at(v, size - 1);
  const before = at(v, size - 2);
  if (!isRate) return last - before;
  const difference = last < before ? last : last - before;
  return difference / ((at(t, size - 1) - at(t, size - 2)) / 1000);
}

/**
 * rate, increase and delta. Where a window has no counter reset its first and last sample are enough, so the place of
 * the next reset is kept while the window slides, and a step costs the same for every range.
 */
function extrapolated(
  code: i32,
  times: usize,
  values: usize,
  count: u32,
  firstEnd: f64,
  step: f64,
  steps: u32,
  range: f64,
  out: usize,
  present: usize,
): u32 {
  const isCounter = code !== WINDOW_DELTA;
  const wholeSeconds = floor<f64>(range / 1000);
  const rangeSeconds = wholeSeconds + ((range - wholeSeconds * 1000) * 1e6) / 1e9;
  let from: u32 = firstAfter(times, count, firstEnd - range);
  let to: u32 = from;
  let left: u32 = 0; // samples by which `from` moved last
  let added: u32 = 0;
  let reset: u32 = 0; // a sample below its predecessor, the first such one after `from` once it is past it
  let found: u32 = 0;
  // Where the samples lie in the window of the step before, in ms, and what followed from it.
  let gapBefore: f64 = -1;
  let gapBehind: f64 = -1;
  let span: f64 = -1;
  let intervals: u32 = 0;
  let toStart: f64 = 0;
  let toEnd: f64 = 0;
  let sampled: f64 = 0;
  let factor: f64 = 0;
  for (let i: u32 = 0; i < steps; i++) {
    const rangeEnd = firstEnd + <f64>i * step;
    const rangeStart = rangeEnd - range;
    const next = firstBehind(times, to, count, rangeEnd, added);
    added = next - to;
    to = next;
    const first = firstBehind(times, from, to, rangeStart, left);
    left = first - from;
    from = first;
    let has: u8 = 0;
    if (to - from >= 2) {
      has = 1;
      const last = to - 1;
      const firstValue = at(values, from);
      let result = at(values, last) - firstValue;
      if (isCounter) {
        if (reset <= from) {
          reset = from + 1;
          while (reset < count && !(at(values, reset) < at(values, reset - 1))) reset++;
        }
        for (let k = reset; k < to; k++) {
          const previous = at(values, k - 1);
          if (at(values, k) < previous) result += previous;
        }
      }
      const firstTime = at(times, from);
      const lastTime = at(times, last);
      const before = firstTime - rangeStart;
      const behind = rangeEnd - lastTime;
      if (before !== gapBefore || behind !== gapBehind || lastTime - firstTime !== span || last - from !== intervals) {
        gapBefore = before;
        gapBehind = behind;
        span = lastTime - firstTime;
        intervals = last - from;
        sampled = span / 1000;
        const average = sampled / <f64>intervals;
        const threshold = average * 1.1;
        toStart = before / 1000;
        if (toStart >= threshold) toStart = average / 2;
        toEnd = behind / 1000;
        if (toEnd >= threshold) toEnd = average / 2;
        factor = (sampled + toStart + toEnd) / sampled;
        if (code === WINDOW_RATE) factor /= rangeSeconds;
      }
      let own = factor;
      if (isCounter && result > 0 && firstValue >= 0 && mayBeginInWindow(firstValue * sampled, toStart * result)) {
        const toZero = sampled * (firstValue / result);
        if (toZero < toStart) {
          own = (sampled + toZero + toEnd) / sampled;
          if (code === WINDOW_RATE) own /= rangeSeconds;
        }
      }
      store<f64>(out + ((<usize>i) << 3), result * own);
    }
    store<u8>(present + <usize>i, has);
    found += has;
  }
  return found;
}

/**
 * False only where `sampled × (firstValue ÷ result)` is certainly not below `toStart`, told by their products: two roundings are
 * far below a billionth, and of numbers that are very small or not finite nothing is said. It saves a division a step.
 */
function mayBeginInWindow(product: f64, bound: f64): bool {
  const surely = bound * 1.000000001;
  return !(product > surely && product > 1e-300 && surely < Infinity);
}

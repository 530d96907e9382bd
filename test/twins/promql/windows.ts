/** Functions over windows of samples, each window by itself and with no short cut: the truth for assembly/promql/windows.ts. */
export interface Sample {
  readonly timeMs: number;
  readonly value: number;
}

/** Sum and compensation of Kahan's sum in Neumaier's form. */
function kahan(values: readonly number[]): [sum: number, rest: number] {
  let sum = 0;
  let rest = 0;
  for (const value of values) [sum, rest] = kahanStep(value, sum, rest);
  return [sum, rest];
}

export function kahanStep(term: number, sum: number, rest: number): [sum: number, rest: number] {
  const next = sum + term;
  if (Math.abs(next) === Number.POSITIVE_INFINITY) return [next, 0];
  if (Math.abs(sum) >= Math.abs(term)) return [next, rest + (sum - next + term)];
  return [next, rest + (term - next + sum)];
}

export function quantile(q: number, values: readonly number[]): number {
  if (values.length === 0 || Number.isNaN(q)) return Number.NaN;
  if (q < 0) return Number.NEGATIVE_INFINITY;
  if (q > 1) return Number.POSITIVE_INFINITY;
  const numbers = values.filter((value) => !Number.isNaN(value)).sort((a, b) => a - b);
  const sorted = [...values.filter(Number.isNaN), ...numbers];
  const rank = q * (sorted.length - 1);
  const lower = Math.max(0, Math.floor(rank));
  const upper = Math.min(sorted.length - 1, lower + 1);
  const weight = rank - Math.floor(rank);
  return sorted[lower]! * (1 - weight) + sorted[upper]! * weight;
}

function average(values: readonly number[]): number {
  let sum = values[0]!;
  let rest = 0;
  let mean = 0;
  let isIncremental = false;
  for (let i = 1; i < values.length; i++) {
    const count = i + 1;
    if (!isIncremental) {
      const [next, nextRest] = kahanStep(values[i]!, sum, rest);
      if (Math.abs(next) !== Number.POSITIVE_INFINITY) {
        [sum, rest] = [next, nextRest];
        continue;
      }
      isIncremental = true;
      mean = sum / (count - 1);
      rest /= count - 1;
    }
    const q = (count - 1) / count;
    [mean, rest] = kahanStep(values[i]! / count, q * mean, q * rest);
  }
  return isIncremental ? mean + rest : sum / values.length + rest / values.length;
}

function variance(values: readonly number[]): number {
  let mean = 0;
  let meanRest = 0;
  let squares = 0;
  let squaresRest = 0;
  for (const [i, value] of values.entries()) {
    const delta = value - (mean + meanRest);
    [mean, meanRest] = kahanStep(delta / (i + 1), mean, meanRest);
    [squares, squaresRest] = kahanStep(delta * (value - (mean + meanRest)), squares, squaresRest);
  }
  return (squares + squaresRest) / values.length;
}

function extreme(values: readonly number[], isBetter: (value: number, than: number) => boolean): number {
  let best = values[0]!;
  for (const value of values) if (isBetter(value, best) || Number.isNaN(best)) best = value;
  return best;
}

function regression(samples: readonly Sample[], originMs: number): { slope: number; intercept: number } {
  const ys = samples.map(({ value }) => value);
  if (ys.every((y) => y === ys[0])) {
    const value = Math.abs(ys[0]!) === Number.POSITIVE_INFINITY ? Number.NaN : ys[0]!;
    return { slope: Number.isNaN(value) ? value : 0, intercept: value };
  }
  const xs = samples.map(({ timeMs }) => (timeMs - originMs) / 1000);
  const total = (terms: readonly number[]): number => {
    const [sum, rest] = kahan(terms);
    return sum + rest;
  };
  const n = samples.length;
  const sumX = total(xs);
  const sumY = total(ys);
  const covariance = total(xs.map((x, i) => x * ys[i]!)) - (sumX * sumY) / n;
  const slope = covariance / (total(xs.map((x) => x * x)) - (sumX * sumX) / n);
  return { slope, intercept: sumY / n - (slope * sumX) / n };
}

function smoothed(values: readonly number[], factor: number, trendFactor: number): number {
  let before = 0;
  let current = values[0]!;
  let trend = values[1]! - values[0]!;
  for (let i = 1; i < values.length; i++) {
    const scaled = factor * values[i]!;
    if (i > 1) trend = trendFactor * (current - before) + (1 - trendFactor) * trend;
    [before, current] = [current, scaled + (1 - factor) * (current + trend)];
  }
  return current;
}

function extrapolated(
  samples: readonly Sample[],
  endMs: number,
  rangeMs: number,
  isCounter: boolean,
  isRate: boolean,
): number {
  const first = samples[0]!;
  const last = samples.at(-1)!;
  let result = last.value - first.value;
  if (isCounter) {
    for (let i = 1; i < samples.length; i++) {
      if (samples[i]!.value < samples[i - 1]!.value) result += samples[i - 1]!.value;
    }
  }
  let toStart = (first.timeMs - (endMs - rangeMs)) / 1000;
  let toEnd = (endMs - last.timeMs) / 1000;
  const sampled = (last.timeMs - first.timeMs) / 1000;
  const between = sampled / (samples.length - 1);
  if (toStart >= between * 1.1) toStart = between / 2;
  if (isCounter && result > 0 && first.value >= 0) toStart = Math.min(toStart, sampled * (first.value / result));
  if (toEnd >= between * 1.1) toEnd = between / 2;
  let factor = (sampled + toStart + toEnd) / sampled;
  if (isRate) factor /= Math.floor(rangeMs / 1000) + ((rangeMs % 1000) * 1e6) / 1e9;
  return result * factor;
}

function instant(samples: readonly Sample[], isRate: boolean): number {
  const [before, last] = samples.slice(-2) as [Sample, Sample];
  const isReset = isRate && last.value < before.value;
  const difference = isReset ? last.value : last.value - before.value;
  return isRate ? difference / ((last.timeMs - before.timeMs) / 1000) : difference;
}

export interface Window {
  readonly samples: readonly Sample[];
  readonly endMs: number;
  readonly rangeMs: number;
  readonly nowMs: number;
  readonly first: number;
  readonly second: number;
}

function count(values: readonly number[], isOne: (value: number, before: number) => boolean): number {
  return values.filter((value, i) => i > 0 && isOne(value, values[i - 1]!)).length;
}

/** The value of a function for one window that is not empty; undefined where it needs two samples and has one. */
export function windowValue(func: string, window: Window): number | undefined {
  const { samples, endMs, rangeMs, nowMs, first, second } = window;
  const values = samples.map(({ value }) => value);
  const timeOf = (value: number): number =>
    samples.findLast((each) => Object.is(each.value, value) || each.value === value)!.timeMs / 1000;
  const needsTwo = [
    "deriv",
    "predict_linear",
    "double_exponential_smoothing",
    "rate",
    "increase",
    "delta",
    "irate",
    "idelta",
  ];
  if (needsTwo.includes(func) && samples.length < 2) return undefined;
  const min = extreme(values, (a, b) => a < b);
  const max = extreme(values, (a, b) => a > b);
  switch (func) {
    case "count_over_time":
      return values.length;
    case "present_over_time":
      return 1;
    case "last_over_time":
      return values.at(-1)!;
    case "first_over_time":
      return values[0]!;
    case "sum_over_time": {
      const [sum, rest] = kahan(values);
      return Math.abs(sum) === Number.POSITIVE_INFINITY ? sum : sum + rest;
    }
    case "avg_over_time":
      return average(values);
    case "min_over_time":
      return min;
    case "max_over_time":
      return max;
    case "stddev_over_time":
      return Math.sqrt(variance(values));
    case "stdvar_over_time":
      return variance(values);
    case "quantile_over_time":
      return quantile(first, values);
    case "mad_over_time or NaN":
    case "mad_over_time": {
      if (func !== "mad_over_time" && values.some(Number.isNaN)) return Number.NaN;
      const median = quantile(0.5, values);
      return quantile(
        0.5,
        values.map((value) => Math.abs(value - median)),
      );
    }
    case "changes":
      return count(values, (value, before) => value !== before && !(Number.isNaN(value) && Number.isNaN(before)));
    case "resets":
      return count(values, (value, before) => value < before);
    case "deriv":
      return regression(samples, samples[0]!.timeMs).slope;
    case "predict_linear": {
      const { slope, intercept } = regression(samples, nowMs);
      return slope * first + intercept;
    }
    case "double_exponential_smoothing":
      return smoothed(values, first, second);
    case "rate":
      return extrapolated(samples, endMs, rangeMs, true, true);
    case "increase":
      return extrapolated(samples, endMs, rangeMs, true, false);
    case "delta":
      return extrapolated(samples, endMs, rangeMs, false, false);
    case "irate":
      return instant(samples, true);
    case "idelta":
      return instant(samples, false);
    case "ts_of_first_over_time":
      return samples[0]!.timeMs / 1000;
    case "ts_of_last_over_time":
      return samples.at(-1)!.timeMs / 1000;
    case "ts_of_min_over_time":
      return Number.isNaN(min) ? samples.at(-1)!.timeMs / 1000 : timeOf(min);
    case "ts_of_max_over_time":
      return Number.isNaN(max) ? samples.at(-1)!.timeMs / 1000 : timeOf(max);
    default:
      throw new RangeError(`no twin of ${func}`);
  }
}

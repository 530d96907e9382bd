/** Aggregations of one step's values, in the order of series: the truth for assembly/promql/folds.ts. */
import { kahanStep } from "./windows.js";

/** The value of an aggregation over the values of one group at one step; undefined if there are none. */
export function foldValue(op: string, values: readonly number[]): number | undefined {
  if (values.length === 0) return undefined;
  switch (op) {
    case "sum": {
      let [sum, rest] = [values[0]!, 0];
      for (const value of values.slice(1)) [sum, rest] = kahanStep(value, sum, rest);
      return sum + rest;
    }
    case "avg":
      return averageOf(values);
    case "min":
      return values.reduce((best, value) => (best > value || Number.isNaN(best) ? value : best));
    case "max":
      return values.reduce((best, value) => (best < value || Number.isNaN(best) ? value : best));
    case "count":
      return values.length;
    case "group":
      return 1;
    case "stdvar":
      return varianceOf(values);
    case "stddev":
      return Math.sqrt(varianceOf(values));
    default:
      throw new RangeError(`no twin of ${op}`);
  }
}

function averageOf(values: readonly number[]): number {
  let [sum, rest] = [values[0]!, 0];
  let mean = 0;
  let isIncremental = false;
  for (const [i, value] of values.entries()) {
    if (i === 0) continue;
    const count = i + 1;
    if (!isIncremental) {
      const [next, nextRest] = kahanStep(value, sum, rest);
      if (Number.isNaN(next) || Number.isFinite(next)) {
        [sum, rest] = [next, nextRest];
        continue;
      }
      isIncremental = true;
      mean = sum / (count - 1);
      rest /= count - 1;
    }
    const q = (count - 1) / count;
    [mean, rest] = kahanStep(value / count, q * mean, q * rest);
  }
  return isIncremental ? mean + rest : sum / values.length + rest / values.length;
}

/** Welford's method. */
function varianceOf(values: readonly number[]): number {
  let mean = values[0]!;
  let squares = Number.isFinite(mean) ? 0 : Number.NaN;
  for (const [i, value] of values.entries()) {
    if (i === 0) continue;
    const delta = value - mean;
    mean += delta / (i + 1);
    squares += delta * (value - mean);
  }
  return squares / values.length;
}

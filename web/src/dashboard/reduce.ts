/** One value of many: the calculations of legends, tiles and transformations. */
import type { Cell } from "./frames.js";

type Calc = (all: readonly number[]) => number | null;

const sum = (all: readonly number[]): number => all.reduce((total, value) => total + value, 0);
const orNull = (all: readonly number[], make: (all: readonly number[]) => number): number | null =>
  all.length === 0 ? null : make(all);
const quantile = (all: readonly number[], share: number): number => {
  const sorted = [...all].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))] ?? Number.NaN;
};
const variance = (all: readonly number[]): number => {
  const mean = sum(all) / all.length;
  return sum(all.map((value) => (value - mean) ** 2)) / all.length;
};

const CALCS: Readonly<Record<string, Calc>> = {
  lastNotNull: (all) => all.at(-1) ?? null,
  last: (all) => all.at(-1) ?? null,
  firstNotNull: (all) => all[0] ?? null,
  first: (all) => all[0] ?? null,
  min: (all) => orNull(all, (each) => each.reduce((a, b) => Math.min(a, b))),
  max: (all) => orNull(all, (each) => each.reduce((a, b) => Math.max(a, b))),
  mean: (all) => orNull(all, (each) => sum(each) / each.length),
  median: (all) => orNull(all, (each) => quantile(each, 0.5)),
  variance: (all) => orNull(all, variance),
  stdDev: (all) => orNull(all, (each) => Math.sqrt(variance(each))),
  sum: (all) => orNull(all, sum),
  count: (all) => all.length,
  range: (all) => orNull(all, (each) => Math.max(...each.slice(0, 1e5)) - Math.min(...each.slice(0, 1e5))),
  diff: (all) => orNull(all, (each) => (each.at(-1) ?? 0) - (each[0] ?? 0)),
  diffperc: (all) => orNull(all, (each) => ((each.at(-1) ?? 0) - (each[0] ?? 0)) / Math.abs(each[0] ?? 1)),
  // Increases only: a counter which begins anew starts at zero.
  delta: (all) =>
    orNull(all, (each) => each.reduce((total, value, i) => total + (i === 0 ? 0 : growth(value, each[i - 1] ?? 0)), 0)),
  distinctCount: (all) => new Set(all).size,
  logmin: (all) =>
    orNull(
      all.filter((value) => value > 0),
      (each) => each.reduce((a, b) => Math.min(a, b)),
    ),
};

function growth(value: number, before: number): number {
  return value >= before ? value - before : value;
}

export const CALC_NAMES: Readonly<Record<string, string>> = {
  lastNotNull: "Last",
  last: "Last",
  firstNotNull: "First",
  first: "First",
  min: "Min",
  max: "Max",
  mean: "Mean",
  sum: "Total",
  count: "Count",
  range: "Range",
  diff: "Difference",
  delta: "Delta",
  stdDev: "StdDev",
  median: "Median",
};

export function isCalc(name: string): boolean {
  return Object.hasOwn(CALCS, name) || /^p\d{1,2}$/.test(name);
}

/** Absent values and NaN do not count. @returns null if nothing is left or `calc` is unknown. */
export function reduce(values: readonly Cell[], calc: string): number | null {
  const numbers = values.filter((value): value is number => typeof value === "number" && !Number.isNaN(value));
  const percentile = /^p(\d{1,2})$/.exec(calc);
  if (percentile !== null) return orNull(numbers, (each) => quantile(each, Number(percentile[1]) / 100));
  return Object.hasOwn(CALCS, calc) ? (CALCS[calc]?.(numbers) ?? null) : null;
}

/** For columns of tables, which also hold texts. */
export function reduceCells(values: readonly Cell[], calc: string): Cell {
  if (values.some((value) => typeof value === "string")) {
    const present = values.filter((value) => value !== null);
    if (calc === "count") return present.length;
    if (calc === "distinctCount" || calc === "uniqueValues") return new Set(present).size;
    return (calc.startsWith("first") ? present[0] : present.at(-1)) ?? null;
  }
  return reduce(values, calc);
}

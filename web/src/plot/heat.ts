/** From histograms over time to cells of a heat map: classic ones (a series a bound `le`) and native ones (buckets in each sample). */
import type { HistogramValue, MatrixSeries } from "../api.js";
import { valuesOf } from "../api.js";
import { shortNumber } from "../format.js";

export interface HeatCell {
  readonly timeMs: number;
  /** Rows, counted from below: [from, to). */
  readonly from: number;
  readonly to: number;
  readonly count: number;
  readonly name: string;
}

export interface Heat {
  readonly cells: readonly HeatCell[];
  /** Of rows, from below. */
  readonly names: readonly string[];
  /** Of the lines between rows, one more than rows; where rows have no bounds, their names. */
  readonly edges: readonly string[];
  /** The greatest count; over 0. */
  readonly most: number;
}

type Text = (bound: number) => string;

/** Rows of a heat map as they are given: name, and a count a step. */
export interface HeatRow {
  /** Upper bound; NaN for rows that are no buckets. */
  readonly bound: number;
  readonly name: string;
  readonly counts: readonly (readonly [timeMs: number, count: number])[];
}

/** @returns undefined where the series are no histogram. */
export function heatOf(series: readonly MatrixSeries[]): Heat | undefined {
  const natives = series.flatMap(({ histograms = [] }) => histograms);
  if (natives.length > 0) return nativeHeat(natives);
  const classic = series.filter(({ metric }) => "le" in metric);
  if (classic.length === 0) return undefined;
  const sums = new Map<string, Map<number, number>>();
  for (const each of classic) {
    const le = each.metric["le"] ?? "";
    const sum = sums.get(le) ?? new Map<number, number>();
    sums.set(le, sum);
    for (const [time, value] of valuesOf(each)) sum.set(time * 1000, (sum.get(time * 1000) ?? 0) + Number(value));
  }
  const rows = [...sums].map(([le, counts]) => ({ bound: boundOf(le), name: le, counts: [...counts] }));
  return classicHeat(rows, true, shortNumber);
}

export function boundOf(text: string): number {
  return text === "+Inf" ? Number.POSITIVE_INFINITY : text === "-Inf" ? Number.NEGATIVE_INFINITY : Number(text);
}

function boundText(bound: number, text: Text): string {
  return Number.isFinite(bound) ? text(bound) : bound > 0 ? "+Inf" : "-Inf";
}

/** @param isCumulative  each row counts those below it too, as buckets by `le` do. */
export function classicHeat(rows: readonly HeatRow[], isCumulative: boolean, text: Text): Heat {
  const isBounded = rows.every(({ bound }) => !Number.isNaN(bound));
  const sorted = isBounded ? [...rows].sort((a, b) => a.bound - b.bound) : rows;
  const names = sorted.map(({ bound, name }, i) =>
    isBounded
      ? `${i === 0 ? "up to" : `${boundText(sorted[i - 1]?.bound ?? 0, text)} to`} ${boundText(bound, text)}`
      : name,
  );
  const cells: HeatCell[] = [];
  let below = new Map<number, number>();
  for (const [row, { counts }] of sorted.entries()) {
    for (const [timeMs, value] of counts) {
      const count = isCumulative && isBounded ? value - (below.get(timeMs) ?? 0) : value;
      if (count > 0) cells.push({ timeMs, from: row, to: row + 1, count, name: names[row] ?? "" });
    }
    below = new Map(counts);
  }
  const edges = isBounded
    ? ["", ...sorted.map(({ bound }) => boundText(bound, text))]
    : [...sorted.map(({ name }) => name), ""];
  return { cells, names, edges, most: mostOf(cells) };
}

function nativeHeat(samples: readonly (readonly [time: number, value: HistogramValue])[]): Heat {
  const bounds = new Set<number>();
  for (const [, { buckets = [] }] of samples)
    for (const [, lower, upper] of buckets) bounds.add(boundOf(lower)).add(boundOf(upper));
  const sorted = [...bounds].sort((a, b) => a - b);
  const places = new Map(sorted.map((bound, i) => [bound, i] as const));
  const found = new Map<string, HeatCell>();
  for (const [time, { buckets = [] }] of samples) {
    for (const [, lower, upper, count] of buckets) {
      const from = places.get(boundOf(lower)) ?? 0;
      const to = places.get(boundOf(upper)) ?? 0;
      // Several histograms of one query are counted together.
      const key = `${time} ${from} ${to}`;
      const sum = (found.get(key)?.count ?? 0) + Number(count);
      if (sum > 0 && to > from)
        found.set(key, { timeMs: time * 1000, from, to, count: sum, name: `${lower} to ${upper}` });
    }
  }
  const edges = sorted.map((bound) => boundText(bound, shortNumber));
  const names = edges.slice(1).map((upper, i) => `${edges[i]} to ${upper}`);
  const cells = [...found.values()];
  return { cells, names, edges, most: mostOf(cells) };
}

function mostOf(cells: readonly HeatCell[]): number {
  return cells.reduce((most, { count }) => Math.max(most, count), Number.MIN_VALUE);
}

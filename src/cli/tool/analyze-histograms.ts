/** `query analyze`: how many buckets of histograms are in use, classic and native ones. */
import { VestalError } from "../../base/index.js";

export interface HistogramSeries {
  readonly metric: Readonly<Record<string, string>>;
  readonly values?: readonly (readonly [timeSeconds: number, value: string])[];
  readonly histograms?: readonly (readonly [timeSeconds: number, histogram: NativeHistogram])[];
}

interface NativeHistogram {
  readonly buckets?: readonly (readonly [boundaries: number, lower: string, upper: string, count: string])[];
}

/** Of one histogram over its samples. */
interface Populated {
  min: number;
  max: number;
  average: number;
  /** Different buckets. */
  total: number;
}

export const ANALYSIS_HEADER = `Bucket stats for each histogram series over time
------------------------------------------------
First the min, avg, and max number of populated buckets, followed by the total
number of buckets (only if different from the max number of populated buckets
which is typical for classic but not native histograms).`;
const ANALYSIS_FOOTER = `Aggregated bucket stats
-----------------------
Each line shows min/avg/max over the series above.`;

export class HistogramAnalysis {
  readonly #native = new Totals();
  readonly #classic = new Totals();

  /** The lines of one selector's answer; series with a single sample say nothing. */
  add(matrix: readonly HistogramSeries[]): string {
    let text = "";
    const classic = new Map<string, HistogramSeries[]>();
    for (const series of matrix) {
      if ((series.values ?? []).length === 0) {
        const found = nativePopulated(series);
        if (found === undefined) continue;
        text += `- ${metricText(series.metric)} (native): ${populatedText(found)}\n`;
        this.#native.add(found);
        continue;
      }
      const { __name__: name = "", le, ...rest } = series.metric;
      if (le === undefined || !name.endsWith("_bucket")) continue;
      const key = `${name}${labelSetText(rest)}`;
      classic.set(key, [...(classic.get(key) ?? []), series]);
    }
    for (const [key, buckets] of classic) {
      const found = classicPopulated(buckets);
      if (found === undefined) continue;
      text += `- ${key} (classic): ${populatedText(found)}\n`;
      this.#classic.add(found);
    }
    return text;
  }

  /** What is said in the end. */
  summary(): string {
    const parts = [`\n${ANALYSIS_FOOTER}\n`];
    if (this.#native.count > 0) parts.push(`\nNative ${this.#native.text()}\n`);
    if (this.#classic.count > 0) parts.push(`\nClassic ${this.#classic.text()}\n`);
    return parts.join("");
  }
}

function metricText({ __name__: name = "", ...rest }: Readonly<Record<string, string>>): string {
  return Object.keys(rest).length === 0 && name !== "" ? name : `${name}${labelSetText(rest)}`;
}

function labelSetText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${pairs.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(", ")}}`;
}

function populatedText({ min, average, max, total }: Populated): string {
  return `${min}/${average.toFixed(3)}/${max}${max === total ? "" : `/${total}`}`;
}

function populated(counts: readonly number[], total: number): Populated {
  const sum = counts.reduce((all, count) => all + count, 0);
  return { min: Math.min(...counts), max: Math.max(...counts), average: sum / counts.length, total };
}

function nativePopulated({ histograms = [] }: HistogramSeries): Populated | undefined {
  if (histograms.length < 2) return undefined;
  const buckets = histograms.map(([, { buckets: list = [] }]) => list);
  const different = new Set(buckets.flat().map(([boundaries, lower, upper]) => `${boundaries} ${lower} ${upper}`));
  return populated(
    buckets.map((list) => list.length),
    different.size,
  );
}

/** Classic buckets count what is below too: one is in use where it has more than the one before. */
function classicPopulated(unsorted: readonly HistogramSeries[]): Populated | undefined {
  const buckets = [...unsorted].sort((a, b) => bound(a) - bound(b));
  const times = buckets[0]?.values ?? [];
  if (times.length < 2) return undefined;
  const counts = times.map((_, i) => {
    let count = 0;
    let before: readonly [number, string] | undefined;
    for (const { values = [] } of buckets) {
      const now = values[i];
      if (now === undefined) return count;
      if (before !== undefined && now[0] !== before[0]) {
        throw new VestalError("ANALYZE", "matrix result is not time aligned");
      }
      if (Math.trunc(Number(now[1]) - Number(before?.[1] ?? 0)) !== 0) count++;
      before = now;
    }
    return count;
  });
  return populated(counts, buckets.length);
}

function bound({ metric }: HistogramSeries): number {
  const le = metric["le"] ?? "";
  return /^\+?Inf$/i.test(le) ? Number.POSITIVE_INFINITY : Number(le);
}

class Distribution {
  #min = Number.POSITIVE_INFINITY;
  #max = 0;
  #average = 0;
  #count = 0;

  get count(): number {
    return this.#count;
  }

  add(value: number): void {
    this.#min = Math.min(this.#min, value);
    this.#max = Math.max(this.#max, value);
    this.#count++;
    this.#average += value / this.#count - this.#average / this.#count;
  }

  text(): string {
    return `${this.#min}/${this.#average.toFixed(3)}/${this.#max}`;
  }
}

class Totals {
  readonly #min = new Distribution();
  readonly #average = new Distribution();
  readonly #max = new Distribution();
  readonly #total = new Distribution();

  get count(): number {
    return this.#min.count;
  }

  add({ min, average, max, total }: Populated): void {
    this.#min.add(min);
    this.#average.add(Math.trunc(average));
    this.#max.add(max);
    this.#total.add(total);
  }

  text(): string {
    const lines = [
      `histogram series (${this.count} in total):`,
      `- min populated: ${this.#min.text()}`,
      `- avg populated: ${this.#average.text()}`,
      `- max populated: ${this.#max.text()}`,
    ];
    if (this.#max.text() !== this.#total.text()) lines.push(`- total: ${this.#total.text()}`);
    return lines.join("\n");
  }
}

/** Samples whose chunks real Prometheus wrote to the files beside this one. The numbers come from a fixed generator. */

export interface GoldenSeries {
  readonly name: string;
  readonly timesMs: readonly number[];
  /** Values by their bits in these eight bytes each. */
  readonly values: Float64Array;
}

/** Start of a 2 h range: 2023-11-14T22:00:00Z. */
export const GOLDEN_START_MS = 1_699_999_200_000;
export const GOLDEN_RANGE_MS = 7_200_000;
/** promtool's block writer gives its head twice the block's duration. */
export const GOLDEN_CHUNK_RANGE_MS = 14_400_000;

/** In order of labels: the order of series in a block. */
export function goldenSeries(): GoldenSeries[] {
  const random = xorshift(20231114);
  const from = GOLDEN_START_MS + 317_000;
  return [
    series("g01_constant", steps(from, 500, () => 15_000), () => 42),
    series("g02_counter", steps(from, 900, () => 15_000), (i) => i * 7 + (i >> 3)),
    series("g03_jitter", steps(from + 3, 700, () => 14_900 + (random() % 200)), () => (random() % 100_000) / 1000),
    series("g04_entropy", steps(from, 700, () => 5_000), () => (random() / 7919) * (random() / 104_729)),
    series("g05_gaps", steps(from, 60, (i) => [1, 9000, 70_000, 600_000, 15_000][i % 5]!), (i) => (i % 3) - 1),
    series("g06_pace", steps(from, 1000, (i) => (i < 700 ? 1000 : 30_000)), (i) => i / 3),
    series("g07_special", steps(from, 300, () => 10_000), (i) => SPECIAL[i % SPECIAL.length]!),
    series("g08_single", steps(from, 1, () => 0), () => -1.5),
    series("g09_pair", steps(from, 2, () => 12_345), (i) => i),
  ];
}

const SPECIAL = [0, -0, 1, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 5e-324, 1.797e308, -1, -1];

function series(name: string, timesMs: number[], value: (i: number) => number): GoldenSeries {
  const values = Float64Array.from(timesMs, (_, i) => value(i));
  // The exposition's `NaN` is this one, whatever JavaScript's is.
  const words = new Uint32Array(values.buffer);
  for (let i = 0; i < values.length; i++) {
    if (!Number.isNaN(values[i])) continue;
    words[2 * i] = 1;
    words[2 * i + 1] = 0x7ff80000;
  }
  return { name, timesMs, values };
}

function steps(from: number, count: number, step: (i: number) => number): number[] {
  const times: number[] = [];
  let time = from;
  for (let i = 0; i < count; i++) {
    times.push(time);
    time += step(i);
  }
  return times;
}

function xorshift(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

/** The samples as promtool reads them. */
export function goldenOpenMetrics(): string {
  let text = "";
  for (const { name, timesMs, values } of goldenSeries()) {
    text += `# TYPE ${name} gauge\n`;
    timesMs.forEach((time, i) => {
      text += `${name} ${number(values[i]!)} ${(time / 1000).toFixed(3)}\n`;
    });
  }
  return `${text}# EOF\n`;
}

function number(value: number): string {
  if (Object.is(value, -0)) return "-0";
  if (value === Number.POSITIVE_INFINITY) return "+Inf";
  if (value === Number.NEGATIVE_INFINITY) return "-Inf";
  return String(value);
}

/**
 * Micro-benchmarks with the `benchmark` package: each case handles `units` things a call (samples, lines), and what is
 * reported is nanoseconds a unit: median and spread over the runs that the package made.
 */
import Benchmark from "benchmark";
import { cases } from "./micro-cases.js";

export interface MicroCase {
  readonly name: string;
  /** What one call handles, for instance 1,000 samples. */
  readonly units: number;
  readonly run: () => void;
}

export interface MicroFigures {
  readonly name: string;
  readonly nanosPerUnit: number;
  readonly relativeErrorPercent: number;
  readonly runs: number;
}

export async function runMicroBenchmarks(): Promise<readonly MicroFigures[]> {
  const figures: MicroFigures[] = [];
  for (const makeCase of cases) figures.push(measure(makeCase()));
  console.table(
    figures.map(({ name, nanosPerUnit, relativeErrorPercent, runs }) => ({
      name,
      "ns/unit": nanosPerUnit.toFixed(2),
      "M units/s": (1000 / nanosPerUnit).toFixed(2),
      "±%": relativeErrorPercent.toFixed(1),
      runs,
    })),
  );
  return figures;
}

function measure(one: MicroCase): MicroFigures {
  const bench = new Benchmark(one.name, one.run, { maxTime: 2 });
  bench.run();
  if (bench.error !== undefined) throw new Error(`${one.name} failed`, { cause: bench.error });
  const samples = [...bench.stats.sample].sort((a, b) => a - b);
  const median = samples[samples.length >> 1] ?? Number.NaN;
  return {
    name: one.name,
    nanosPerUnit: (median * 1e9) / one.units,
    relativeErrorPercent: bench.stats.rme,
    runs: samples.length,
  };
}

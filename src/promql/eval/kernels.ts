/** The exports of assembly/promql that evaluation calls. Addresses are below 4 GiB; none of these return one. */
import { compileKernels, type KernelVariant, type QueryMemory, startKernels } from "../../memory/index.js";

export interface PromqlKernels {
  selectLast(
    times: number,
    values: number,
    count: number,
    first: number,
    step: number,
    steps: number,
    lookback: number,
    stamps: number,
    out: number,
    present: number,
  ): number;
  dropStale(times: number, values: number, count: number): number;
  rowToSamples(
    values: number,
    present: number,
    first: number,
    step: number,
    steps: number,
    outTimes: number,
    outValues: number,
  ): number;
  fillRow(value: number, steps: number, out: number, present: number): number;
  mergeRow(values: number, present: number, steps: number, out: number, outPresent: number): number;
  maskRow(present: number, other: number, steps: number, keep: number): number;
  joinPresence(present: number, other: number, steps: number): number;
  overWindows(
    code: number,
    times: number,
    values: number,
    count: number,
    firstEnd: number,
    step: number,
    steps: number,
    range: number,
    first: number,
    second: number,
    now: number,
    nowStep: number,
    scratch: number,
    out: number,
    present: number,
  ): number;
  largestWindow(
    times: number,
    count: number,
    firstEnd: number,
    step: number,
    steps: number,
    range: number,
    total: number,
  ): number;
  clearFold(state: number, steps: number): void;
  foldRow(code: number, values: number, present: number, steps: number, state: number): void;
  foldRows(code: number, rows: number, count: number, rowBytes: number, steps: number, state: number): void;
  fillFromChunks(order: number): void;
  finishFold(code: number, state: number, steps: number, out: number, present: number): number;
  combineRows(
    code: number,
    left: number,
    leftPresent: number,
    right: number,
    rightPresent: number,
    steps: number,
    result: number,
    out: number,
    present: number,
  ): number;
  pickExtremes(
    rows: number,
    count: number,
    ks: number,
    from: number,
    to: number,
    highest: number,
    scratch: number,
  ): void;
  negateRow(values: number, steps: number): void;
  quantileOfHistogram(
    rows: number,
    buckets: number,
    q: number,
    from: number,
    to: number,
    scratch: number,
    out: number,
    present: number,
  ): number;
  fractionOfHistogram(
    rows: number,
    buckets: number,
    lower: number,
    upper: number,
    from: number,
    to: number,
    scratch: number,
    isNewer: number,
    out: number,
    present: number,
  ): number;
  samplesTextBytes(count: number): number;
  writeSamples(times: number, values: number, count: number, out: number): number;
  writeValues(values: number, count: number, out: number): void;
  quantileOfRows(
    rows: number,
    count: number,
    q: number,
    from: number,
    to: number,
    scratch: number,
    out: number,
    present: number,
  ): number;
}

/** Starts the query kernels over a thread's private memory. */
export function startPromqlKernels(memory: QueryMemory, variant: KernelVariant = "release"): PromqlKernels {
  return startKernels<PromqlKernels>(compileKernels("query", variant), memory.memory);
}

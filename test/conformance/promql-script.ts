/**
 * Runs Prometheus' PromQL scripts against our evaluation, over the storage double. As upstream does, every instant query
 * is also asked with its selectors fixed by `@` at other times, and as the middle step of a range query.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { errorMessage, VestalError } from "../../src/base/index.js";
import { QueryMemory } from "../../src/memory/index.js";
import { compareLabels, type Labels, METRIC_NAME } from "../../src/model/index.js";
import { parseGoFloat } from "../../src/model/number.js";
import {
  DEFAULT_EVALUATION_OPTIONS,
  type EvaluationOptions,
  encodeAnswer,
  evaluate,
  type MatrixValue,
  prepareInstantQuery,
  prepareRangeQuery,
  type QueryRequest,
  type QueryResult,
  type QueryValue,
  startPromqlKernels,
} from "../../src/promql/index.js";
import { FloatHistogram } from "../../src/promql/native/float-histogram.js";
import type { ParserOptions } from "../../src/promql/parser/index.js";
import { MemoryStorage, type StoredValue } from "../doubles/memory-storage.js";
import { fixTimes } from "./fix-times.js";
import { answerOfRelease } from "./promql-exceptions.js";
import { type AreaResult, type FileResult, FileTally } from "./result.js";
import { ClassicHistogram, type ScriptHistogram } from "./script-histograms.js";
import {
  type Command,
  type EvalCommand,
  type LoadCommand,
  parseScript,
  type SequenceValue,
  type SeriesLine,
} from "./script-parser.js";

/** What the scripts are written for: all that came up to 3.14, with every feature on. */
const PARSER_OPTIONS: ParserOptions = {
  language: "3.14",
  experimentalFunctions: true,
  durationExpressions: true,
  extendedRangeSelectors: true,
  fillModifiers: true,
};
const OPTIONS: EvaluationOptions = {
  ...DEFAULT_EVALUATION_OPTIONS,
  maxSamples: 10_000,
  delayedNameRemoval: true,
  useStartTimestamps: true,
  language: "3.14",
  annotationLimit: 0,
};
/** What the answers of 3.5.3 were recorded with. */
const RELEASE_PARSER_OPTIONS: ParserOptions = { experimentalFunctions: true, durationExpressions: true };
const RELEASE_OPTIONS: EvaluationOptions = { ...OPTIONS, language: "3.5" };
const MEMORY_BYTES = 256 << 20;
const RELATIVE_ERROR = 1e-6;

export async function runScripts(dir: string): Promise<AreaResult> {
  const files: FileResult[] = [];
  for (const name of readdirSync(dir).sort()) {
    if (name.endsWith(".test")) files.push(await runScript(name, readFileSync(join(dir, name), "utf8")));
  }
  return { files };
}

export async function runScript(name: string, text: string): Promise<FileResult> {
  const tally = new FileTally(name);
  const runner = new ScriptRunner();
  for (const command of parseScript(text)) {
    if (command.kind !== "eval") {
      runner.change(command);
      continue;
    }
    try {
      await runner.run(command);
      const answer = answerOfRelease(name, command.line);
      if (answer !== undefined) await runner.expectAnswer(command, answer);
      tally.pass();
    } catch (error) {
      tally.fail(`line ${command.line}: ${command.text}: ${errorMessage(error)}`);
    }
  }
  return tally.result();
}

class ScriptRunner {
  readonly #storage = new MemoryStorage();
  readonly #memory = new QueryMemory(MEMORY_BYTES);
  readonly #kernels = startPromqlKernels(this.#memory);

  change(command: Exclude<Command, EvalCommand>): void {
    if (command.kind === "clear") this.#storage.clear();
    else this.#load(command);
  }

  #load(command: LoadCommand): void {
    for (const { labels, values } of command.series) {
      const samples: [number, StoredValue, number][] = [];
      const offsets = command.startOffsets.get(labels.key);
      for (const [i, value] of values.entries()) {
        const timeMs = i * command.stepMs;
        const offsetMs = offsets?.[i];
        if (value !== undefined) samples.push([timeMs, value, offsetMs === undefined ? 0 : timeMs + offsetMs]);
      }
      this.#storage.append(labels, samples);
    }
    if (command.withCustomBuckets) this.#addCustomBuckets(command);
  }

  /** Classic histograms also as native ones with custom buckets. */
  #addCustomBuckets({ series, stepMs }: LoadCommand): void {
    const found = new Map<string, { labels: Labels; byStep: Map<number, ClassicHistogram> }>();
    for (const { labels, values } of series) {
      const [, name, suffix] = /^(.*)_(bucket|count|sum)$/.exec(labels.get(METRIC_NAME)) ?? [];
      if (name === undefined) continue;
      const bound = parseGoFloat(labels.get("le")) ?? Number.NaN;
      if (suffix === "bucket" && Number.isNaN(bound)) continue;
      const base = labels.without(new Set(["le"])).with(METRIC_NAME, name);
      const entry = found.get(base.key) ?? { labels: base, byStep: new Map<number, ClassicHistogram>() };
      found.set(base.key, entry);
      for (const [i, value] of values.entries()) {
        if (typeof value !== "number") continue;
        const histogram = entry.byStep.get(i) ?? new ClassicHistogram();
        entry.byStep.set(i, histogram);
        if (suffix === "bucket") histogram.setBucket(bound, value);
        else if (suffix === "count") histogram.count = value;
        else histogram.sum = value;
      }
    }
    for (const { labels, byStep } of found.values()) {
      const samples: [number, StoredValue][] = [];
      for (const [i, classic] of [...byStep].sort(([a], [b]) => a - b)) {
        const histogram = classic.convert();
        if (histogram === undefined) throw new Error(`${labels} at step ${i} is no histogram`);
        samples.push([i * stepMs, histogram]);
      }
      this.#storage.append(labels, samples);
    }
  }

  async run(command: EvalCommand): Promise<void> {
    if (command.isRange) {
      const { startMs, endMs, stepMs } = command;
      await this.#expect(command, () =>
        prepareRangeQuery(command.text, { startMs, endMs, stepMs }, OPTIONS, PARSER_OPTIONS),
      );
      return;
    }
    const timeMs = command.endMs;
    const original = await this.#expect(command, () =>
      prepareInstantQuery(command.text, timeMs, OPTIONS, PARSER_OPTIONS),
    );
    if (original === undefined) return;
    await this.#expectMiddle(command, original);
    const fixed = fixTimes(original.expr, timeMs);
    if (fixed === undefined) return;
    const others = timeMs === 0 ? [-1000, 0, 1000] : [-10 * timeMs, 0, Math.trunc(timeMs / 5), timeMs, 10 * timeMs];
    for (const other of others) {
      const request = { ...original, expr: fixed, startMs: other, endMs: other };
      try {
        await this.#expect(command, () => request);
        await this.#expectMiddle(command, request);
      } catch (error) {
        throw new Error(`with all selectors @ ${timeMs} at ${other}: ${errorMessage(error)}`, { cause: error });
      }
    }
  }

  /** Evaluates a case of which the release's answer is known: an error's message, or the result in JSON. */
  async expectAnswer(command: EvalCommand, answer: string): Promise<void> {
    const { text, startMs, endMs, stepMs } = command;
    let got: string;
    try {
      const request = command.isRange
        ? prepareRangeQuery(text, { startMs, endMs, stepMs }, RELEASE_OPTIONS, RELEASE_PARSER_OPTIONS)
        : prepareInstantQuery(text, endMs, RELEASE_OPTIONS, RELEASE_PARSER_OPTIONS);
      const result = await this.#evaluate(request);
      const bare = encodeAnswer(
        { ...result, warnings: [], infos: [] },
        { memory: this.#memory, kernels: this.#kernels },
      );
      got = JSON.stringify(JSON.parse(Buffer.from(bare).toString()).data.result);
    } catch (error) {
      if (!(error instanceof VestalError)) throw error;
      got = error.message;
    }
    if (got !== answer) throw new Error(`got ${got}, and 3.5.3 answers ${answer}`);
  }

  #evaluate(request: QueryRequest): Promise<QueryResult> {
    return evaluate(request, {
      querier: this.#storage,
      memory: this.#memory,
      kernels: this.#kernels,
      cancel: { check: () => {} },
    });
  }

  /** Evaluates and compares; the request if there was a result, undefined if the case is about an error. */
  async #expect(command: EvalCommand, prepare: () => QueryRequest): Promise<QueryRequest | undefined> {
    const failure = command.expectations.find(({ type }) => type === "fail");
    let request: QueryRequest;
    let result: QueryResult;
    try {
      request = prepare();
      result = await this.#evaluate(request);
    } catch (error) {
      if (failure === undefined || !(error instanceof VestalError) || error.code === "ASSERTION") throw error;
      if (!failure.matches(error.message)) throw new Error(`failed with ${error.message}, not ${failure.description}`);
      return undefined;
    }
    if (failure !== undefined) throw new Error(`succeeded, expected to fail with ${failure.description}`);
    compareAnnotations(command, result);
    compareValue(command, result.value);
    return request;
  }

  /** The same as the middle step of three. */
  async #expectMiddle(command: EvalCommand, request: QueryRequest): Promise<void> {
    if (command.givesSamples || command.string !== undefined || command.isOrdered) return;
    // These say what query they are in.
    if (/\b(?:start|end|range|step)\s*\(\s*\)/.test(command.text)) return;
    const timeMs = request.endMs;
    const range = { startMs: timeMs - 60_000, endMs: timeMs + 60_000, stepMs: 60_000 };
    const { value } = await this.#evaluate({ ...request, ...range });
    if (value.type !== "matrix") throw new Error(`a range query gave a ${value.type}`);
    try {
      compareValue(command, stepOf(value, timeMs, command.scalar !== undefined));
    } catch (error) {
      throw new Error(`as a step of a range: ${errorMessage(error)}`, { cause: error });
    }
  }
}

function stepOf(matrix: MatrixValue, timeMs: number, isScalar: boolean): QueryValue {
  const labels: Labels[] = [];
  const values: number[] = [];
  const histograms: (FloatHistogram | undefined)[] = [];
  for (const [i, each] of matrix.labels.entries()) {
    for (let k = matrix.offsets[i]!; k < matrix.offsets[i + 1]!; k++) {
      if (matrix.times[k] !== timeMs) continue;
      labels.push(each);
      values.push(matrix.values[k]!);
      histograms.push(matrix.histograms?.[k]);
    }
  }
  if (isScalar) return { type: "scalar", timestampMs: timeMs, value: values[0] ?? Number.NaN };
  return { type: "vector", timestampMs: timeMs, labels, values: Float64Array.from(values), histograms };
}

function compareAnnotations(command: EvalCommand, result: QueryResult): void {
  for (const [type, got] of [
    ["warn", result.warnings],
    ["info", result.infos],
  ] as const) {
    const wanted = command.expectations.filter((each) => each.type === type);
    const refused = command.expectations.some((each) => each.type === `no_${type}`);
    if (refused && got.length > 0) throw new Error(`unexpected ${type}: ${got.join("; ")}`);
    if (wanted.length === 0) continue;
    for (const each of wanted) {
      if (!got.some(each.matches)) throw new Error(`no ${type} ${each.description}; got [${got.join("; ")}]`);
    }
    const extra = got.find((text) => !wanted.some((each) => each.matches(text)));
    if (extra !== undefined) throw new Error(`unexpected ${type}: ${extra}`);
  }
}

function compareValue(command: EvalCommand, value: QueryValue): void {
  switch (value.type) {
    case "string":
      if (value.value !== command.string) throw new Error(`got the string ${value.value}`);
      return;
    case "scalar":
      if (command.scalar === undefined) throw new Error("got a scalar");
      if (!isClose(value.value, command.scalar)) throw new Error(`got ${value.value}, expected ${command.scalar}`);
      return;
    case "vector":
      compareVector(command, value);
      return;
    case "matrix":
      compareMatrix(command, value);
  }
}

function compareVector(command: EvalCommand, value: QueryValue & { type: "vector" }): void {
  if (command.scalar !== undefined) throw new Error("got a vector, expected a scalar");
  const expected = expectedByLabels(command.series);
  for (const [i, labels] of value.labels.entries()) {
    const want = expected.get(labels.key);
    if (want === undefined) throw new Error(`unexpected ${labels} ${value.values[i]}`);
    if (command.isOrdered && want.place !== i) throw new Error(`${labels} is at place ${i}, not ${want.place}`);
    const [first] = want.line.values;
    const got = value.histograms?.[i] ?? value.values[i]!;
    if (!isWanted(got, first)) throw new Error(`${labels} is ${shown(got)}, expected ${shown(first)}`);
    expected.delete(labels.key);
  }
  for (const { line } of expected.values()) throw new Error(`missing ${line.labels}`);
}

function compareMatrix(command: EvalCommand, matrix: MatrixValue): void {
  if (command.scalar !== undefined) throw new Error("got a matrix, expected a scalar");
  const expected = expectedByLabels(command.series);
  for (const [i, labels] of matrix.labels.entries()) {
    if (i > 0 && compareLabels(matrix.labels[i - 1]!, labels) >= 0) throw new Error(`not sorted: ${labels}`);
    const want = expected.get(labels.key);
    const from = matrix.offsets[i]!;
    const to = matrix.offsets[i + 1]!;
    const got = Array.from(matrix.values.subarray(from, to), (value, k) => matrix.histograms?.[from + k] ?? value);
    if (want === undefined) throw new Error(`unexpected ${labels} ${got.map(shown).join(" ")}`);
    const points = want.line.values.flatMap((value, k) =>
      value === undefined || value === "stale" ? [] : [[command.startMs + k * command.stepMs, value] as const],
    );
    const isSame =
      points.length === got.length &&
      points.every(([timeMs, value], k) => matrix.times[from + k] === timeMs && isWanted(got[k]!, value));
    if (!isSame) {
      const times = [...matrix.times.subarray(from, to)];
      const wanted = points.map(([timeMs, value]) => `${shown(value)}@${timeMs}`).join(" ");
      throw new Error(
        `${labels} is ${got.map((value, k) => `${shown(value)}@${times[k]}`).join(" ")}, expected ${wanted}`,
      );
    }
    expected.delete(labels.key);
  }
  for (const { line } of expected.values()) throw new Error(`missing ${line.labels}`);
}

function expectedByLabels(series: readonly SeriesLine[]): Map<string, { place: number; line: SeriesLine }> {
  return new Map(series.map((line, place) => [line.labels.key, { place, line }]));
}

function shown(value: SequenceValue | FloatHistogram): string {
  if (typeof value !== "object") return String(value);
  const histogram = value instanceof FloatHistogram ? value : FloatHistogram.fromSample(value);
  return `${histogram} (schema ${histogram.schema}, hint ${histogram.counterResetHint}, zero ${histogram.zeroThreshold})`;
}

function isWanted(got: number | FloatHistogram, want: SequenceValue): boolean {
  if (typeof got === "number") return typeof want === "number" && isClose(got, want);
  if (typeof want !== "object") return false;
  if ((want as ScriptHistogram).hintIsGiven && want.counterResetHint !== got.counterResetHint) return false;
  const wanted = FloatHistogram.fromSample(want).compact();
  const mine = got.copy().compact();
  const areClose = (a: readonly number[], b: readonly number[]): boolean =>
    a.length === b.length && a.every((each, i) => isClose(each, b[i]!));
  return (
    mine.schema === wanted.schema &&
    mine.zeroThreshold === wanted.zeroThreshold &&
    areClose([mine.count, mine.sum, mine.zeroCount], [wanted.count, wanted.sum, wanted.zeroCount]) &&
    (["positive", "negative"] as const).every(
      (side) =>
        mine[side].indexes.join() === wanted[side].indexes.join() && areClose(mine[side].counts, wanted[side].counts),
    ) &&
    mine.customValues.join() === wanted.customValues.join()
  );
}

/** Equal but for a relative error, as upstream compares. */
function isClose(a: number, b: number): boolean {
  if (Number.isNaN(a) && Number.isNaN(b)) return true;
  if (a === b) return true;
  const sum = Math.abs(a) + Math.abs(b);
  const difference = Math.abs(a - b);
  const smallest = 2.2250738585072014e-308;
  if (a === 0 || b === 0 || sum < smallest) return difference < RELATIVE_ERROR * smallest;
  return difference / Math.min(sum, Number.MAX_VALUE) < RELATIVE_ERROR;
}

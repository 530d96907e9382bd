/** Rows straight from chunks against rows series by series: the same bits, notes and counts, whatever the chunks are like. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { MemoryStorage } from "../../../test/doubles/memory-storage.js";
import { QueryMemory } from "../../memory/index.js";
import { LabelLists, Labels } from "../../model/index.js";
import type { Querier, SeriesSet } from "../../storage/index.js";
import { XorAppender } from "../../tsdb/chunk/index.js";
import { DEFAULT_EVALUATION_OPTIONS, evaluate } from "./evaluate.js";
import { encodeAnswer } from "./json.js";
import { startPromqlKernels } from "./kernels.js";
import { prepareInstantQuery, prepareRangeQuery } from "./prepare.js";
import { TopSink } from "./selectors.js";

const SAMPLES_A_CHUNK = 7;

const memory = new QueryMemory(64 << 20);
const kernels = startPromqlKernels(memory);
const lists = new LabelLists(10_000);
let given = 0;

/** Sets of `storage` that give chunks too, and say what the lists of labels are. */
function withChunks(storage: MemoryStorage): Querier {
  return {
    selectAll: (requests) =>
      storage.selectAll(requests).map((set, i) => {
        const labels = Array.from({ length: set.count }, (_, k) => set.labels(k));
        const { list } = lists.ordered(requests[i]!.matchers.join(), labels);
        return new ChunkedSet(set, list);
      }),
    labelNames: (...all) => storage.labelNames(...all),
    labelValues: (...all) => storage.labelValues(...all),
    close: () => {},
  };
}

class ChunkedSet implements SeriesSet {
  readonly #set: SeriesSet;
  readonly list: NonNullable<SeriesSet["list"]>;

  constructor(set: SeriesSet, list: NonNullable<SeriesSet["list"]>) {
    this.#set = set;
    this.list = list;
  }

  get count(): number {
    return this.#set.count;
  }
  labels(index: number): Labels {
    return this.#set.labels(index);
  }
  samples(...all: Parameters<SeriesSet["samples"]>): ReturnType<SeriesSet["samples"]> {
    return this.#set.samples(...all);
  }
  close(): void {
    this.#set.close();
  }

  addChunks(...[index, , , sink]: Parameters<NonNullable<SeriesSet["addChunks"]>>): boolean {
    const columns = this.#set.samples(index, -1e15, 1e15, new TopSink(memory));
    if (columns.histograms !== undefined) return false;
    const times = memory.floats.slice(columns.timesAddr >>> 3, (columns.timesAddr >>> 3) + columns.count);
    const words = memory.words.slice(columns.valuesAddr >>> 2, (columns.valuesAddr >>> 2) + 2 * columns.count);
    const kind = this.#set.labels(index).get("kind");
    for (let from = 0; from < columns.count; from += SAMPLES_A_CHUNK) {
      const appender = new XorAppender();
      const to = Math.min(columns.count, from + SAMPLES_A_CHUNK);
      for (let k = from; k < to; k++) appender.append(times[k]!, words[2 * k]!, words[2 * k + 1]!);
      const bytes = appender.bytes();
      const address = sink.allocate(bytes.length + 16);
      memory.bytes.set(bytes, address);
      const length = kind === "torn" ? bytes.length >> 1 : bytes.length;
      sink.addChunk(address, length, to - from);
      // As a block has it that overlaps another one.
      if (kind === "twice") sink.addChunk(address, length, to - from);
      given++;
    }
    return true;
  }
}

const value = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 0, max: 1000 }) },
  fc.double(),
  fc.constantFrom("stale" as const, Number.NaN, -0),
);
const sample = fc.tuple(fc.integer({ min: 0, max: 1_200_000 }), value);
const series = fc.tuple(
  fc.constantFrom("m_total", "level"),
  fc.constantFrom("a", "b", "c", "d", "e"),
  fc.constantFrom("plain", "plain", "plain", "torn", "twice"),
  fc.array(sample, { maxLength: 60 }),
);
const expression = fc.constantFrom(
  ..."rate increase delta irate idelta deriv changes resets sum_over_time avg_over_time min_over_time max_over_time count_over_time last_over_time stddev_over_time stdvar_over_time present_over_time ts_of_max_over_time mad_over_time"
    .split(" ")
    .flatMap((func) => [`${func}(m_total[5m])`, `sum by (name) (${func}({__name__=~".+"}[3m] offset 1m))`]),
  "m_total",
  "timestamp(level)",
  "sum without (name) (m_total)",
  "-level * 2 > 7",
  "topk(2, rate(m_total[10m]))",
  "predict_linear(level[10m], 60)",
  "quantile_over_time(0.3, level[5m])",
  "double_exponential_smoothing(level[5m], 0.5, 0.2)",
  "m_total / on (name, kind) group_left () m_total",
  "rate({name=~'.+'}[5m])",
  "avg(m_total @ 600)",
  "count({__name__=~'.+'})",
);

test("from chunks or from columns, an answer has the same bytes", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(series, { maxLength: 8 }),
      expression,
      fc.record({
        startMs: fc.integer({ min: -100_000, max: 1_000_000 }),
        stepMs: fc.integer({ min: 1000, max: 90_000 }),
        steps: fc.integer({ min: 1, max: 12 }),
      }),
      async (all, text, { startMs, stepMs, steps }) => {
        const storage = new MemoryStorage();
        for (const [name, label, kind, samples] of all) {
          storage.append(
            Labels.of({ __name__: name, name: label, kind }),
            samples.sort(([a], [b]) => a - b),
          );
        }
        const options = { ...DEFAULT_EVALUATION_OPTIONS, annotationLimit: 0 };
        const request =
          steps === 1
            ? prepareInstantQuery(text, startMs, options, { experimentalFunctions: true })
            : prepareRangeQuery(text, { startMs, endMs: startMs + stepMs * (steps - 1), stepMs }, options, {
                experimentalFunctions: true,
              });
        const answer = async (querier: Querier): Promise<string> => {
          try {
            const result = await evaluate(request, { querier, memory, kernels, cancel: { check: () => {} } });
            return Buffer.from(encodeAnswer(result, { memory, kernels }, JSON.stringify(result.stats))).toString();
          } catch (error) {
            return String(error);
          }
        };
        const plain = await answer(storage);
        expect(await answer(withChunks(storage))).toBe(plain);
      },
    ),
    { numRuns: Number(process.env["VESTAL_RUNS"] ?? 300) },
  );
  expect(given).toBeGreaterThan(0);
});

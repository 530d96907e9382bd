/** The same queries over the same samples, asked of the real Prometheus and of ours: the answers' bytes are compared. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { VestalError } from "../../src/base/index.js";
import { QueryMemory } from "../../src/memory/index.js";
import {
  DEFAULT_EVALUATION_OPTIONS,
  encodeAnswer,
  evaluate,
  prepareInstantQuery,
  prepareRangeQuery,
  startPromqlKernels,
} from "../../src/promql/index.js";
import { MemoryStorage } from "../doubles/memory-storage.js";
import { PrometheusPeer } from "./prometheus.js";
import { MINUTES, QUERIES, randomFrom, START_MS, sampleSeries } from "./promql-data.js";
import { randomVector } from "./promql-random.js";

const SEED = Number(process.env["SEED"] ?? 42);
test("text in labels, infos and strings has the same bytes", async () => {
  const random = randomFrom(SEED);
  const series = sampleSeries(random).filter(({ labels }) => labels.get("__name__") === "odd");
  const storage = new MemoryStorage();
  for (const { labels, samples } of series) storage.append(labels, samples);
  const memory = new QueryMemory(1 << 24);
  const means = { querier: storage, memory, kernels: startPromqlKernels(memory), cancel: { check: () => {} } };
  const peer = await PrometheusPeer.start(series, []);
  try {
    for (const query of ["odd", "rate(odd[5m])", "odd[1m]", '"<a>\\u2028&"', "-1e-7", "odd * 1e22"]) {
      const timeMs = START_MS + 600_123;
      const theirs = await peer.ask("/api/v1/query", { query, time: String(timeMs / 1000) });
      const result = await evaluate(prepareInstantQuery(query, timeMs, DEFAULT_EVALUATION_OPTIONS), means);
      expect(Buffer.from(encodeAnswer(result, means)).toString()).toBe(theirs);
    }
  } finally {
    await peer.stop();
  }
});

const RANDOM_QUERIES = Number(process.env["QUERIES"] ?? 300);
const PARSER_OPTIONS = { experimentalFunctions: true };

for (const delayedNameRemoval of [false, true]) {
  describe(`delayed name removal ${delayedNameRemoval ? "on" : "off"}, seed ${SEED}`, () => {
    const random = randomFrom(SEED);
    const series = sampleSeries(random);
    const storage = new MemoryStorage();
    for (const { labels, samples } of series) storage.append(labels, samples);
    const memory = new QueryMemory(1 << 28);
    const kernels = startPromqlKernels(memory);
    const options = { ...DEFAULT_EVALUATION_OPTIONS, delayedNameRemoval };
    let peer: PrometheusPeer;

    beforeAll(async () => {
      const features = [
        "promql-experimental-functions",
        ...(delayedNameRemoval ? ["promql-delayed-name-removal"] : []),
      ];
      peer = await PrometheusPeer.start(series, features);
    });
    afterAll(async () => peer?.stop());

    const ours = async (prepare: () => Parameters<typeof evaluate>[0]): Promise<string> => {
      try {
        const result = await evaluate(prepare(), { querier: storage, memory, kernels, cancel: { check: () => {} } });
        return Buffer.from(encodeAnswer(result, { memory, kernels })).toString();
      } catch (error) {
        if (!(error instanceof VestalError)) throw error;
        return JSON.stringify({ error: error.message });
      }
    };

    test.each(QUERIES)("instant %s", async (query) => {
      for (const minutes of [0.5, 17.21, MINUTES - 1, MINUTES + 4]) {
        const timeMs = START_MS + Math.round(minutes * 60_000);
        const theirs = await peer.ask("/api/v1/query", { query, time: String(timeMs / 1000) });
        const got = await ours(() => prepareInstantQuery(query, timeMs, options, PARSER_OPTIONS));
        expect(comparable(got, query)).toEqual(comparable(theirs, query));
      }
    });

    test(`${RANDOM_QUERIES} random queries`, async () => {
      for (let i = 0; i < RANDOM_QUERIES; i++) {
        const query = randomVector(random, 3);
        const times = { start: START_MS / 1000 + 120, end: START_MS / 1000 + 3300, step: 173 };
        const range = { startMs: times.start * 1000, endMs: times.end * 1000, stepMs: times.step * 1000 };
        const asked = Object.fromEntries(Object.entries(times).map(([name, value]) => [name, String(value)]));
        const theirs = await peer.ask("/api/v1/query_range", { query, ...asked });
        const got = await ours(() => prepareRangeQuery(query, range, options, PARSER_OPTIONS));
        // Of several errors in a query either side may find another one first.
        if (JSON.parse(got).error !== undefined && JSON.parse(theirs).error !== undefined) continue;
        const [ourLines, theirLines] = [comparable(got, query), comparable(theirs, query)];
        if (!isAlmostEqual(ourLines, theirLines)) expect([query, ...ourLines]).toEqual([query, ...theirLines]);
      }
    });

    test.each(QUERIES)("range %s", async (query) => {
      for (const [from, to, step] of [
        [2, 50, 47],
        [-3, MINUTES + 10, 120],
      ] as const) {
        const range = { startMs: START_MS + from * 60_000, endMs: START_MS + to * 60_000, stepMs: step * 1000 };
        const { startMs, endMs, stepMs } = range;
        const times = { start: String(startMs / 1000), end: String(endMs / 1000), step: String(stepMs / 1000) };
        const theirs = await peer.ask("/api/v1/query_range", { query, ...times });
        const got = await ours(() => prepareRangeQuery(query, range, options, PARSER_OPTIONS));
        expect(comparable(got, query)).toEqual(comparable(theirs, query));
      }
    });
  });
}

/**
 * An answer as lines to compare. The order of an instant vector's series is storage's, and that of warnings is that of
 * Go's maps, so both are sorted; all else is compared as text.
 */
function comparable(body: string, query: string): readonly string[] {
  const answer = JSON.parse(body);
  if (answer.error !== undefined) return [withoutOrder(answer.error.replace('invalid parameter "query": ', ""))];
  const { resultType } = answer.data;
  const lines = [resultType];
  if (resultType === "vector" || resultType === "matrix") {
    const items: string[] = answer.data.result.map((item: unknown) => JSON.stringify(item));
    lines.push(...(resultType === "vector" && !query.startsWith("sort_by_label") ? items.sort() : items));
  } else {
    lines.push(body);
  }
  const notes = [...(answer.warnings ?? []), ...(answer.infos ?? [])] as string[];
  // Which notes are left out where they are too many is again the maps' choice.
  const isCut = notes.some((note) => note.endsWith("omitted"));
  return [
    ...lines,
    ...(isCut ? [`${notes.length} notes`, ...notes.filter((note) => note.endsWith("omitted"))] : notes.sort()),
  ];
}

/** Equal but for the last digits: Prometheus adds up what came out of a function in the order of Go's maps. */
function isAlmostEqual(ours: readonly string[], theirs: readonly string[]): boolean {
  const numbers = /"(-?\d[\d.e+-]*)"/g;
  const numbersOf = (lines: readonly string[]): number[] =>
    lines.flatMap((line) => [...line.matchAll(numbers)].map((match) => Number(match[1])));
  const textOf = (lines: readonly string[]): string => lines.join("\n").replace(numbers, "#");
  const [a, b] = [numbersOf(ours), numbersOf(theirs)];
  // A difference of nearly equal numbers keeps few digits.
  const isClose = (x: number, y: number): boolean =>
    Math.abs(x - y) <= 1e-9 * Math.max(Math.abs(x), Math.abs(y)) + 1e-9;
  return textOf(ours) === textOf(theirs) && a.every((value, i) => isClose(value, b[i]!));
}

/** Which duplicates an error names depends on the order of series: in range queries that of Go's maps. */
function withoutOrder(message: string): string {
  return message.replace(/match group \{.*?\} on/, "match group on").replace(/\[\{.*\}\];/, "[];");
}

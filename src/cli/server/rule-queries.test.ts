import { expect, test } from "vitest";
import { VestalError } from "../../base/index.js";
import { Labels } from "../../model/index.js";
import { DEFAULT_EVALUATION_OPTIONS, type QueryResult } from "../../promql/index.js";
import { RuleQueries } from "./rule-queries.js";
import type { RuleExpressionAnswer } from "./rules-messages.js";
import { packExpressions } from "./rules-pack.js";

const NO_STATS = { queryableSamples: 0, peakSamples: 0, samplesPerStep: undefined };

function vector(...elements: readonly (readonly [Record<string, string>, number])[]): QueryResult {
  const labels = elements.map(([each]) => Labels.of(each));
  const values = Float64Array.from(elements, ([, value]) => value);
  return { value: { type: "vector", timestampMs: 0, labels, values }, warnings: [], infos: [], stats: NO_STATS };
}

function newQueries(): RuleQueries {
  return new RuleQueries({ threadId: 3, parser: {}, optionsOf: () => DEFAULT_EVALUATION_OPTIONS });
}

/** The list and the labels of one answer. */
function listed([answer]: readonly RuleExpressionAnswer[]) {
  if (answer === undefined || "error" in answer) throw new Error("there is no vector");
  const { list, labels, values } = answer;
  return { list, labels, values: [...values] };
}

test("label sets are sent again only where they are not those that the asker has", async () => {
  const queries = newQueries();
  const text = packExpressions([{ expression: "sum by (a) (x)" }]);
  const ask = async (list: number, result: QueryResult) =>
    listed(await queries.run({ text, timeMs: 1000, lists: [list] }, async () => result));
  const first = await ask(0, vector([{ a: "1" }, 1], [{ a: "2" }, 2]));
  expect(first).toEqual({
    list: expect.any(Number),
    labels: [
      ["a", "1"],
      ["a", "2"],
    ],
    values: [1, 2],
  });
  // Equal labels in other objects, other values.
  expect(await ask(first.list, vector([{ a: "1" }, 3], [{ a: "2" }, 4]))).toEqual({
    list: first.list,
    labels: undefined,
    values: [3, 4],
  });
  // An asker that has none, or another thread's.
  expect(await ask(0, vector([{ a: "1" }, 3], [{ a: "2" }, 4]))).toEqual({ ...first, values: [3, 4] });
  const other = await ask(first.list, vector([{ a: "2" }, 4]));
  expect(other).toEqual({ list: expect.any(Number), labels: [["a", "2"]], values: [4] });
  expect(other.list).not.toBe(first.list);
  expect(await ask(other.list, vector([{ a: "1" }, 4]))).toMatchObject({ labels: [["a", "1"]] });
});

test("one expression of two groups is one rule here, and each is told whose turn it is", async () => {
  const queries = newQueries();
  const groups: (string | undefined)[] = [];
  const expressions = ["g", "h"].map((name) => ({ expression: "x", group: { file: "f", name } }));
  const questions = { text: packExpressions(expressions), timeMs: 5, lists: [0, 0] };
  const answers = await queries.run(questions, async (request, of) => {
    groups.push(of.group?.name);
    expect(request.planned?.selections.distinct).toMatchObject([{ maxTimeMs: 5 }]);
    return vector([{ a: "1" }, 1]);
  });
  expect(groups).toEqual(["g", "h"]);
  expect(answers).toHaveLength(2);
});

test("what fails is said of its expression alone", async () => {
  const text = packExpressions([{ expression: "a +" }, { expression: "b" }, { expression: "c" }]);
  const answers = await newQueries().run({ text, timeMs: 0, lists: [0, 0, 0] }, async ({ text: query }) => {
    if (query === "b") throw new VestalError("QUERY_CANCELED", "canceled");
    return vector();
  });
  expect(answers).toMatchObject([
    { error: expect.stringContaining("unexpected end of input"), isCanceled: false },
    { error: "canceled", isCanceled: true },
    { labels: [] },
  ]);
});

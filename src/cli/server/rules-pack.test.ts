import { expect, test } from "vitest";
import { packAnswers, packExpressions, unpackAnswers, unpackExpressions } from "./rules-pack.js";

test("what is packed comes out as it was, special numbers and broken UTF-8 included", () => {
  const histogram = { isFloat: true } as never; // its fields do not matter here
  const answers = [
    {
      list: 2 ** 40 + 1,
      labels: [["a", '\udc80\n"', "b", ""], []],
      values: Float64Array.of(Number.NaN, -0),
      histograms: undefined,
      seconds: 0.5,
    },
    { error: "it failed", isCanceled: true, seconds: 1 },
    { list: 7, labels: undefined, values: Float64Array.of(3), histograms: undefined, seconds: 0 },
    { list: 8, labels: [], values: new Float64Array(0), histograms: undefined, seconds: 0 },
    { list: 0, labels: [["h", "1"]], values: Float64Array.of(Infinity), histograms: [histogram], seconds: 2 },
  ];
  expect(unpackAnswers(structuredClone(packAnswers(answers)))).toEqual(answers);
  const known = answers.slice(2, 3);
  expect(unpackAnswers(structuredClone(packAnswers(known)))).toEqual(known);
  const expressions = [{ expression: 'up{a="\u2028"}' }, { expression: "1", lookbackDeltaMs: 5 }];
  expect(unpackExpressions(packExpressions(expressions))).toEqual(expressions);
});

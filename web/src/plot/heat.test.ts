import { expect, test } from "vitest";
import { heatOf } from "./heat.js";

const bucket = (le: string, values: readonly (readonly [number, string])[]) => ({ metric: { job: "a", le }, values });

test("cumulative buckets become what lies between their bounds, in the order of the bounds", () => {
  const heat = heatOf([
    bucket("+Inf", [
      [10, "9"],
      [20, "9"],
    ]),
    bucket("10", [
      [10, "5"],
      [20, "9"],
    ]),
    bucket("9", [
      [10, "2"],
      [20, "0"],
    ]),
  ]);
  expect(heat?.names).toEqual(["up to 9", "9 to 10", "10 to +Inf"]);
  expect(heat?.edges).toEqual(["", "9", "10", "+Inf"]);
  expect(heat?.cells.map(({ timeMs, from, to, count }) => [timeMs, from, to, count])).toEqual([
    [10_000, 0, 1, 2],
    [10_000, 1, 2, 3],
    [20_000, 1, 2, 9],
    [10_000, 2, 3, 4],
  ]);
  expect(heat?.most).toBe(9);
});

test("native histograms of different resolution share one axis", () => {
  const sample = (time: number, ...buckets: readonly (readonly [number, string, string, string])[]) =>
    [time, { count: "1", sum: "1", buckets }] as const;
  const heat = heatOf([
    { metric: {}, histograms: [sample(1, [0, "1", "2", "5"], [0, "2", "4", "1"]), sample(2, [0, "1", "4", "6"])] },
    { metric: { other: "one" }, histograms: [sample(1, [0, "1", "2", "2"])] },
  ]);
  expect(heat?.edges).toEqual(["1", "2", "4"]);
  expect(heat?.cells.map(({ timeMs, from, to, count }) => [timeMs, from, to, count])).toEqual([
    [1000, 0, 1, 7],
    [1000, 1, 2, 1],
    [2000, 0, 2, 6],
  ]);
});

test("what has neither buckets nor bounds is no histogram", () => {
  expect(heatOf([{ metric: { job: "a" }, values: [[1, "1"]] }])).toBeUndefined();
});

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CALENDAR } from "./calendar.js";

const NAMES = ["minute", "hour", "day_of_week", "day_of_month", "day_of_year", "days_in_month", "month", "year"];

function parts(seconds: number): number[] {
  return NAMES.map((name) => CALENDAR.get(name)!(seconds));
}

test("within the range of JavaScript's dates the parts are theirs", () => {
  fc.assert(
    fc.property(fc.double({ min: -8.6e12, max: 8.6e12, noNaN: true }), (seconds) => {
      const date = new Date(Math.trunc(seconds) * 1000);
      const year = date.getUTCFullYear();
      const newYear = new Date(date);
      newYear.setUTCMonth(0, 1);
      const nextMonth = new Date(date);
      nextMonth.setUTCMonth(date.getUTCMonth() + 1, 0);
      expect(parts(seconds)).toEqual([
        date.getUTCMinutes(),
        date.getUTCHours(),
        date.getUTCDay(),
        date.getUTCDate(),
        Math.round((date.getTime() - newYear.getTime()) / 86_400_000) + 1,
        nextMonth.getUTCDate(),
        date.getUTCMonth() + 1,
        year,
      ]);
    }),
  );
});

/** What Prometheus 3.5.3 answered for each function of a vector with this value, in the order of NAMES. */
const ANSWERS: readonly (readonly [seconds: number, parts: readonly number[]])[] = [
  [Number.NaN, [30, 15, 0, 4, 339, 31, 12, 292277026596]],
  [Number.POSITIVE_INFINITY, [30, 15, 0, 4, 339, 31, 12, 292277026596]],
  [Number.NEGATIVE_INFINITY, [30, 15, 0, 4, 339, 31, 12, 292277026596]],
  [1e19, [30, 15, 0, 4, 339, 31, 12, 292277026596]],
  [-1e19, [30, 15, 0, 4, 339, 31, 12, 292277026596]],
  [1e18, [46, 1, 5, 23, 297, 31, 10, 31688740476]],
  [-1e18, [13, 22, 2, 10, 69, 31, 3, -31688736537]],
  [1e14, [46, 9, 6, 7, 311, 30, 11, 3170843]],
  [-7e13, [33, 19, 5, 21, 111, 30, 4, -2216242]],
  [253402300800, [0, 0, 6, 1, 1, 31, 1, 10000]],
  [-62167219201, [59, 23, 5, 31, 365, 31, 12, -1]],
  [-0.5, [0, 0, 4, 1, 1, 31, 1, 1970]],
  [951782400, [0, 0, 2, 29, 60, 29, 2, 2000]],
];

describe("outside of it, and for what is no time, they are those of Prometheus", () => {
  test.each(ANSWERS)("%d", (seconds, answer) => {
    expect(parts(seconds)).toEqual(answer);
  });
});

test("days of times that floats hold without their seconds are whole", () => {
  // As Prometheus 3.5.3 answers for this product of two times.
  expect(CALENDAR.get("day_of_month")!(1_700_000_059.475 * 1_700_000_059.475)).toSatisfy(Number.isInteger);
});

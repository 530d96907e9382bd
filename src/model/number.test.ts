import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatExponential, formatFixed, formatFloat, formatGeneral, formatSample, parseGoFloat } from "./number.js";

/** Each row: a number, and what Go's FormatFloat prints with 'f', as in JSON samples, and with %g. */
const ROWS: readonly (readonly [number, string, string, string])[] = [
  [0, "0", "0", "0"],
  [-0, "-0", "-0", "-0"],
  [1, "1", "1", "1"],
  [-1.5, "-1.5", "-1.5", "-1.5"],
  [0.1, "0.1", "0.1", "0.1"],
  [100000, "100000", "100000", "100000"],
  [1e6, "1000000", "1000000", "1e+06"],
  [123456789, "123456789", "123456789", "1.23456789e+08"],
  [1e20, "100000000000000000000", "100000000000000000000", "1e+20"],
  [1e21, "1000000000000000000000", "1e+21", "1e+21"],
  [1.5e300, `15${"0".repeat(299)}`, "1.5e+300", "1.5e+300"],
  [0.0001, "0.0001", "0.0001", "0.0001"],
  [0.00001, "0.00001", "0.00001", "1e-05"],
  [0.000001, "0.000001", "0.000001", "1e-06"],
  [1e-7, "0.0000001", "1e-07", "1e-07"],
  [1.25e-7, "0.000000125", "1.25e-07", "1.25e-07"],
  [5e-324, `0.${"0".repeat(323)}5`, "5e-324", "5e-324"],
  [Number.NaN, "NaN", "NaN", "NaN"],
  [Number.POSITIVE_INFINITY, "+Inf", "+Inf", "+Inf"],
  [Number.NEGATIVE_INFINITY, "-Inf", "-Inf", "-Inf"],
];

describe("numbers as Go prints them", () => {
  test.each(ROWS)("%d without an exponent is %s, in JSON %s, in general %s", (value, plain, sample, general) => {
    expect(formatFloat(value)).toBe(plain);
    expect(formatSample(value)).toBe(sample);
    expect(formatGeneral(value)).toBe(general);
  });

  test.each([
    [1.5, 6, "1.500000"],
    [-0.25, 1, "-0.2"],
    [2, 0, "2"],
    [1e21, 2, "1000000000000000000000.00"],
    [Number.NaN, 6, "NaN"],
    [Number.POSITIVE_INFINITY, 6, "+Inf"],
  ])("%d with %d places is %s", (value, places, text) => {
    expect(formatFixed(value, places)).toBe(text);
  });

  test("every number comes back from its text, to the bit", () => {
    fc.assert(
      fc.property(fc.double(), (value) => {
        for (const text of [formatFloat(value), formatSample(value), formatGeneral(value)]) {
          expect(parseGoFloat(text)).toBe(value);
        }
        expect(formatFloat(value)).not.toMatch(/e/);
      }),
    );
  });
});

/** What a real Prometheus 3.5.3 takes for `time=` and for `le`. */
describe("numbers as Go reads them", () => {
  test.each([
    ["1e0", 1],
    [".2", 0.2],
    ["5.", 5],
    ["+Inf", Number.POSITIVE_INFINITY],
    ["-infinity", Number.NEGATIVE_INFINITY],
    ["nan", Number.NaN],
    ["0x1p-2", 0.25],
    ["1_000", 1000],
    ["1_0.5_0e1_0", 1.05e11],
    ["010", 10],
    ["0x1_0p0", 16],
    ["0x_10p0", 16],
    ["0x.8p0", 0.5],
    ["-0X1.8p1", -3],
  ])("%s is %d", (text, value) => {
    expect(parseGoFloat(text)).toBe(value);
  });

  test.each([
    "",
    ".",
    "e5",
    "1e",
    "0x10",
    "0x.p1",
    "0x1p2000",
    "1__0",
    "_1",
    "1_",
    "+-1",
    " 1",
    "1 ",
    "+nan",
    "1e999",
    "infi",
  ])("%j is refused", (text) => {
    expect(parseGoFloat(text)).toBeUndefined();
  });
});

test("halves are rounded to the even digit, as Go does", () => {
  expect([0.5, 1.5, 2.5, -2.5, 9.5, 99.5].map((value) => formatFixed(value, 0))).toEqual([
    "0",
    "2",
    "2",
    "-2",
    "10",
    "100",
  ]);
  expect([0.125, 0.375].map((value) => formatFixed(value, 2))).toEqual(["0.12", "0.38"]);
  expect([12345, 12355, 99995].map((value) => formatExponential(value, 3))).toEqual([
    "1.234e+4",
    "1.236e+4",
    "1.000e+5",
  ]);
});

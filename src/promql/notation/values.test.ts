import { expect, test } from "vitest";
import { parseSeriesNotation } from "./series.js";

/** What promtool 3.5.3 says of these values behind `m{a="b"} `. */
test.each([
  ["NaNx3", '1:10: parse error: unexpected identifier "NaNx3" in series values, expected number or "stale"'],
  ["1 NaN 1+NaNx3", '1:18: parse error: unexpected identifier "NaNx3" in series values'],
  ["stalex2", '1:10: parse error: unexpected identifier "stalex2" in series values, expected number or "stale"'],
  ["1 stale x2", '1:18: parse error: unexpected "x"'],
  ["1x", "1:12: parse error: unexpected end of input in series values"],
  ["1+2", "1:13: parse error: unexpected end of input in series values"],
  ["1 2y 3", '1:12: parse error: bad number syntax: "2"'],
  ["1 %", "1:12: parse error: unexpected character in series sequence: '%'"],
  ["1x2x3", '1:13: parse error: unexpected "x"'],
  ["_y", '1:11: parse error: unexpected identifier "y"'],
  ["- 1", '1:11: parse error: unexpected " " in series values'],
  [
    "1+1x2.5",
    '1:14: parse error: invalid repetition in series values: strconv.ParseUint: parsing "2.5": invalid syntax',
  ],
  ["1 a:b", '1:12: parse error: unexpected metric identifier "a:b"'],
])("%s is refused", (values, message) => {
  expect(() => parseSeriesNotation(`m{a="b"} ${values}`)).toThrow(message);
});

test.each([
  ["0x3", [0, 0, 0, 0]],
  ["1-2x2  _x2 stale", [1, -1, -3, undefined, undefined, "stale"]],
  ["-Inf+1x1 INF nan", [-Infinity, -Infinity, Infinity, Number.NaN]],
  ["010 1_000", [8, 1000]],
  ["", []],
])("%s", (values, expected) => {
  expect(parseSeriesNotation(`m ${values}`).values).toEqual(expected);
});

import { describe, expect, test } from "vitest";
import { exprToJson, formatPosition, type ParserOptions, parseExpr, parseMetricSelector, printExpr } from "./index.js";

function refusal(input: string, options: ParserOptions = {}): string {
  try {
    parseExpr(input, options);
    return "accepted";
  } catch (error) {
    return error instanceof Error && "code" in error ? `${error.code} ${error.message}` : String(error);
  }
}

describe("places in the input", () => {
  test.each([
    ["", 0, "unknown position"],
    ["a", 0, "1:1"],
    ["a\nbc", 3, "2:2"],
    ["ä + b", 4, "1:6"],
    ["a", 9, "invalid position"],
  ])("%j at %d", (input, offset, place) => {
    expect(formatPosition(input, offset)).toBe(place);
  });

  test("nodes span their text", () => {
    const input = "sum by (a) (foo offset 5m) / -bar{x='y'}";
    const expr = parseExpr(input);
    if (expr.kind !== "binary") throw new Error(expr.kind);
    const text = (node: { start: number; end: number }): string => input.slice(node.start, node.end);
    expect([text(expr), text(expr.lhs), text(expr.rhs)]).toEqual([input, "sum by (a) (foo offset 5m)", "-bar{x='y'}"]);
    expect(expr.lhs.kind === "aggregate" && text(expr.lhs.expr)).toBe("foo offset 5m");
  });
});

describe("what is nested too deep is refused, never a stack overflow", () => {
  const n = 10_000;
  test.each([
    ["parentheses", `${"(".repeat(n)}a${")".repeat(n)}`],
    ["calls", `${"abs(".repeat(n)}a${")".repeat(n)}`],
    ["aggregations", `${"sum(".repeat(n)}a${")".repeat(n)}`],
    ["signs", `${"-".repeat(n)}a`],
    ["a chain", Array(n).fill("a").join(" + ")],
    ["powers", Array(n).fill("a").join(" ^ ")],
    ["subqueries", `a${"[5m:]".repeat(n)}`],
    ["durations", `a[${"(".repeat(n)}5m${")".repeat(n)}]`],
    ["a chain of durations", `a[${Array(n).fill("5m").join("+")}]`],
  ])("%s", (_, input) => {
    expect(refusal(input, { durationExpressions: true })).toMatch(
      /parse error: expression is nested more than \d+ levels/,
    );
  });

  test("a generated chain of 900 operators is fine", () => {
    const input = Array(900).fill("a").join(" or ");
    expect(printExpr(parseExpr(input))).toBe(input);
  });

  test("unclosed parentheses by the thousands", () => {
    expect(refusal("(".repeat(n))).toContain("nested more than");
  });
});

test("a modifier changes nothing of the operators around it", () => {
  const expr = parseExpr("a and b offset 5m + c");
  expect(expr).toMatchObject({ kind: "binary", op: "and", rhs: { kind: "binary", op: "+" } });
});

describe("features", () => {
  test.each<[string, ParserOptions, string]>([
    ["mad_over_time(a[5m])", {}, 'PARSE 1:1: parse error: function "mad_over_time" is not enabled'],
    ["mad_over_time(a[5m])", { experimentalFunctions: true }, "accepted"],
    ["a[5m * 2]", {}, "PARSE 1:3: parse error: experimental duration expression is not enabled"],
    ["a[5m * 2]", { durationExpressions: true }, "accepted"],
    ["first_over_time(a[5m])", {}, 'PARSE 1:1: parse error: unknown function with name "first_over_time"'],
    ["first_over_time(a[5m])", { language: "3.14" }, "accepted"],
    [
      "a[step()]",
      { durationExpressions: true },
      "PARSE 1:3: parse error: unexpected character in duration expression: 's'",
    ],
    ["a[step()]", { durationExpressions: true, language: "3.14" }, "accepted"],
    [
      "a[min_of(5m, STEP()):range()] offset -max_of(1m, 2m)",
      { durationExpressions: true, language: "3.14" },
      "accepted",
    ],
    ["a[step()]", { language: "3.14" }, "PARSE 1:3: parse error: experimental duration expression is not enabled"],
    ["step() + range() + start() + end()", { experimentalFunctions: true, language: "3.14" }, "accepted"],
    ["step + range + min_of{start='a'} + end", { language: "3.14" }, "accepted"],
    ["rate(a[5m] anchored)", {}, 'PARSE 1:12: parse error: unexpected identifier "anchored"'],
    ["rate(a[5m] anchored)", { extendedRangeSelectors: true }, "accepted"],
    [
      "a anchored smoothed",
      { extendedRangeSelectors: true },
      "PARSE 1:1: parse error: anchored and smoothed modifiers cannot be used together",
    ],
    [
      "a[5m:] smoothed",
      { extendedRangeSelectors: true },
      "PARSE 1:1: parse error: smoothed modifier is not supported for subqueries",
    ],
    ["anchored + smoothed{by='a'}", { extendedRangeSelectors: true }, "accepted"],
    ["a + fill (0) b", {}, 'PARSE 1:5: parse error: unknown function with name "fill"'],
    ["a + fill (0) b", { fillModifiers: true }, "accepted"],
    ["a + on (x) group_left fill_left (-1) fill_right (2) b", { fillModifiers: true }, "accepted"],
    ["fill + fill_left{a='b'}", { fillModifiers: true }, "accepted"],
    [
      "a and fill (0) b",
      { fillModifiers: true },
      "PARSE 1:1: parse error: filling in missing series not allowed for set operators",
    ],
    ["a </ 5", { language: "3.14" }, "accepted"],
    ["a </ 5", {}, "PARSE 1:4: parse error: unexpected <op:/>"],
  ])("%s %j", (input, options, expected) => {
    expect(refusal(input, options)).toBe(expected);
  });

  test("are kept in the tree and printed", () => {
    const all = {
      language: "3.14",
      durationExpressions: true,
      extendedRangeSelectors: true,
      fillModifiers: true,
    } as const;
    for (const text of [
      "rate(a[5m] anchored offset 1m)",
      "a smoothed",
      "a * on (x) group_left (y) fill (0) b",
      "a + fill_left (-1) fill_right (2) b",
      "a[min_of(5m, step() * 2):range()] offset -(1m + 5)",
    ]) {
      expect(printExpr(parseExpr(text, all))).toBe(text);
    }
  });
});

describe("strings", () => {
  test.each([
    ['"\\xe2\\x98\\xba"', "☺"],
    ['"\\342\\230\\272"', "☺"],
    ['"a\\xc5z"', "a\udcc5z"],
    ["'\\u00e4\\U0001F600'", "ä😀"],
    ["`a\\n\nb`", "a\\n\nb"],
    ["'\\a\\b\\f\\n\\r\\t\\v\\\\\\''", "\x07\b\f\n\r\t\v\\'"],
  ])("%s", (input, value) => {
    expect(parseExpr(input)).toMatchObject({ kind: "string", value });
  });

  test("bytes that are no UTF-8 read U+FFFD in JSON", () => {
    expect(exprToJson(parseExpr('"a\\xc5z"'))).toEqual({ type: "stringLiteral", val: "a\ufffdz" });
  });
});

describe("parseMetricSelector", () => {
  test("gives the conditions, also those that select everything", () => {
    expect(parseMetricSelector('up{job=~"a.*"}').map(String)).toEqual(['job=~"a.*"', '__name__="up"']);
    expect(parseMetricSelector("{}")).toEqual([]);
    expect(parseMetricSelector(' {"my.metric"} # comment').map(String)).toEqual(['__name__="my.metric"']);
  });

  test.each([
    ["up + 1", "1:4: parse error: unexpected <op:+>"],
    ["", "unknown position: parse error: unexpected end of input"],
    ["up offset 5m", "1:4: parse error: unexpected <offset>"],
    ["{a}", '1:3: parse error: unexpected "}" in label matching, expected label matching operator'],
  ])("refuses %j", (input, message) => {
    expect(() => parseMetricSelector(input)).toThrow(message);
  });
});

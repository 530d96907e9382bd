import fc from "fast-check";
import { expect, test } from "vitest";
import { VestalError } from "../../base/index.js";
import { type Expr, exprToJson, type ParserOptions, parseExpr, prettifyExpr, printExpr } from "./index.js";

const token = fc.constantFrom(
  ...[
    "foo",
    "a:b",
    "sum",
    "by",
    "without",
    "on",
    "ignoring",
    "group_left",
    "bool",
    "offset",
    "start",
    "end",
    "and",
    "or",
  ],
  ...[
    "rate",
    "abs",
    "time",
    "info",
    "topk",
    "count_values",
    "step",
    "min_of",
    "anchored",
    "fill",
    "inf",
    "NaN",
    "limitk",
  ],
  ...[
    "1",
    "2.5",
    "1h",
    "0x1F",
    "1e3",
    "5m30s",
    ".",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    ":",
    "=",
    "=~",
    "!~",
    "!=",
    "==",
  ],
  ...[
    "+",
    "-",
    "*",
    "/",
    "%",
    "^",
    "<",
    ">",
    "@",
    "'s'",
    '"\\xff"',
    "`u`",
    '"',
    "\\",
    "#",
    "\n",
    " ",
    "é",
    "😀",
    "\ud800",
  ],
  ...[
    "[5m]",
    "[5m:1m]",
    '{a="b"}',
    "@ start()",
    "offset -5m",
    "by (a)",
    "on (a)",
    "rate(foo[5m])",
    "sum(foo)",
    "()",
    "foo",
  ],
);
const input = fc.oneof(
  fc.array(token, { maxLength: 12 }).map((tokens) => tokens.join("")),
  fc.array(token, { maxLength: 12 }).map((tokens) => tokens.join(" ")),
  fc.string({ unit: "binary", maxLength: 20 }),
);
const options: fc.Arbitrary<ParserOptions> = fc.record({
  language: fc.constantFrom("3.5", "3.14"),
  experimentalFunctions: fc.boolean(),
  durationExpressions: fc.boolean(),
  extendedRangeSelectors: fc.boolean(),
  fillModifiers: fc.boolean(),
});

/** The tree, or undefined where the input is refused in the right way. */
function parsed(text: string, how: ParserOptions): Expr | undefined {
  try {
    return parseExpr(text, how);
  } catch (error) {
    expect(error).toBeInstanceOf(VestalError);
    expect((error as VestalError).code).toBe("PARSE");
    expect((error as VestalError).message).toMatch(
      /^(?:(?:\d+:\d+|unknown position): parse error: .+|unexpected error$)/su,
    );
    return undefined;
  }
}

test("any text is a tree or an error with a place", () => {
  fc.assert(
    fc.property(input, options, (text, how) => {
      parsed(text, how);
    }),
    { numRuns: 2000 },
  );
});

test("what is printed or prettified reads as the same tree", () => {
  let valid = 0;
  fc.assert(
    fc.property(input, options, (text, how) => {
      const expr = parsed(text, how);
      // Prometheus prints labels of `on` without their quotes, and a timestamp only to the millisecond.
      if (expr === undefined || text.includes("'") || text.includes('"')) return;
      // Infinity is printed with its sign, which before `^` reads as an operator: so do Prometheus' own texts.
      if (printExpr(expr).includes("+Inf ^")) return;
      valid++;
      const json = exprToJson(expr);
      expect(exprToJson(parseExpr(printExpr(expr), how))).toEqual(json);
      expect(exprToJson(parseExpr(prettifyExpr(expr), how))).toEqual(json);
    }),
    { numRuns: 2000 },
  );
  expect(valid).toBeGreaterThan(60);
});

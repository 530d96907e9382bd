import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { errorMessage, packageRoot } from "../../base/index.js";
import { exprToJson, type ParserOptions, parseExpr, prettifyExpr, printExpr } from "./index.js";

type Verdict = { readonly error: string } | { readonly tree: unknown; readonly formatted: string };

const answers: readonly { readonly query: string; readonly features: Verdict; readonly plain?: Verdict }[] = JSON.parse(
  readFileSync(join(packageRoot(), "test/golden/promql-parse/answers.json"), "utf8"),
);

const FEATURES = { experimentalFunctions: true, durationExpressions: true };

test("there are answers", () => {
  expect(answers.length).toBeGreaterThan(500);
});

test.each(answers)("$query", ({ query, features, plain }) => {
  expect(verdict(query, FEATURES)).toEqual(features);
  expect(verdict(query, {})).toEqual(plain ?? features);
});

/** What was printed parses to the same text again; Prometheus' own printer loses quotes of labels in `on ("a b")`. */
test.each(answers.filter(({ query, features }) => "tree" in features && !query.includes('"')))(
  "printed and read again: $query",
  ({ query }) => {
    const printed = printExpr(parseExpr(query, FEATURES));
    expect(printExpr(parseExpr(printed, FEATURES))).toBe(printed);
  },
);

function verdict(query: string, options: ParserOptions): Verdict {
  try {
    const expr = parseExpr(query, options);
    return { tree: exprToJson(expr), formatted: prettifyExpr(expr) };
  } catch (error) {
    return { error: errorMessage(error) };
  }
}

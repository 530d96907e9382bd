/**
 * `promql/parse.json`: expressions with the verdict of Prometheus 3.5, and its message for those it refuses. The data
 * was made with experimental functions and duration expressions on.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { errorMessage } from "../../src/base/index.js";
import { parseExpr } from "../../src/promql/parser/index.js";
import { type AreaResult, FileTally } from "./result.js";

interface ParseCase {
  readonly input: string;
  readonly valid: boolean;
  /** As the API words it, behind this prefix. */
  readonly error?: string;
}

const API_PREFIX = 'invalid parameter "query": ';

export async function runParse(dir: string): Promise<AreaResult> {
  const cases: readonly ParseCase[] = JSON.parse(await readFile(join(dir, "parse.json"), "utf8"));
  const tally = new FileTally("parse.json");
  for (const { input, valid, error } of cases) {
    const expected = valid ? "accepted" : `refused: ${error?.replace(API_PREFIX, "")}`;
    const actual = verdict(input);
    if (actual === expected) tally.pass();
    else tally.fail(`${JSON.stringify(input)}\n    expected ${expected}\n    actual   ${actual}`);
  }
  return { files: [tally.result()] };
}

function verdict(input: string): string {
  try {
    parseExpr(input, { experimentalFunctions: true, durationExpressions: true });
    return "accepted";
  } catch (error) {
    return `refused: ${errorMessage(error)}`;
  }
}

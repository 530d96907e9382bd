/** `test rules`: files of rule tests. */
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, isAbsolute, join } from "node:path";
import { VestalError } from "../../../base/index.js";
import { diskFiles, expandGlob } from "../../../config/index.js";
import { compileRegex } from "../../../model/index.js";
import type { ParserOptions } from "../../../promql/parser/index.js";
import { readRules } from "../../../rules/index.js";
import { checkTemplate } from "../../alert-templates.js";
import { EXIT_FAILURE, EXIT_SUCCESS, type ToolIo } from "../io.js";
import { GroupTest, type RuleFileGroups } from "./group-test.js";
import { junitXml, type TestCase, type TestSuite } from "./junit.js";
import { readTestFile, type TestFile } from "./schema.js";

export interface RuleTestOptions {
  /** Only groups whose name one of these expressions finds; undefined: all. */
  readonly run: readonly string[] | undefined;
  readonly hasDiff: boolean;
  readonly isDebug: boolean;
  readonly allowsUnknown: boolean;
  /** Where results go as JUnit XML; "" is nowhere. */
  readonly junitFile: string;
  readonly parser: ParserOptions;
  readonly delayedNameRemoval: boolean;
}

const DEFAULT_INTERVAL_MS = 60_000;

/** @returns the exit code. */
export async function testRules(io: ToolIo, files: readonly string[], options: RuleTestOptions): Promise<number> {
  const suites: TestSuite[] = [];
  let hasFailed = false;
  for (const file of files) {
    const suite = await testFile(io, file, options);
    suites.push(suite);
    const errors =
      suite.abort === undefined ? suite.cases.flatMap(({ failures }) => failures) : suite.abort.split("\0");
    if (errors.length === 0) io.out("  SUCCESS\n");
    else {
      hasFailed = true;
      io.err("  FAILED:\n");
      for (const error of errors) {
        io.err(`${error}\n`);
        io.out("\n");
      }
    }
    io.out("\n");
  }
  if (options.junitFile !== "") writeFileSync(options.junitFile, junitXml(suites));
  return hasFailed ? EXIT_FAILURE : EXIT_SUCCESS;
}

async function testFile(io: ToolIo, file: string, options: RuleTestOptions): Promise<TestSuite> {
  const startedMs = Date.now();
  const aborted = (abort: string): TestSuite => ({ name: file, cases: [], abort, startedMs });
  let input: TestFile;
  try {
    input = readTestFile(readFileSync(file, "utf8"));
  } catch (error) {
    if (!(error instanceof VestalError)) throw error;
    const { reason } = error.details;
    return aborted(typeof reason === "string" ? reason : error.message);
  }
  const order = new Map<string, number>();
  for (const [i, group] of (input.group_eval_order ?? []).entries()) {
    if (order.has(group)) return aborted(`group name repeated in evaluation order: ${group}`);
    order.set(group, i);
  }
  const evaluationIntervalMs = input.evaluation_interval === 0 ? DEFAULT_INTERVAL_MS : input.evaluation_interval;
  const patterns = (input.rule_files ?? []).map((path) =>
    path === "" || isAbsolute(path) ? path : join(dirname(file), path),
  );
  const ruleFiles = patterns.flatMap((pattern) => {
    const found = expandGlob(pattern, diskFiles);
    if (found.length === 0) io.err(`  WARNING: no file match pattern ${pattern}\n`);
    return found;
  });
  const isWanted = runFilter(options.run);
  const cases: TestCase[] = [];
  for (const [i, test] of (input.tests ?? []).entries()) {
    if (!isWanted(test.name)) continue;
    const name = test.name === "" ? `unnamed#${i}` : test.name;
    const began = performance.now();
    if (options.isDebug) io.out(`DEBUG: Starting test ${name}\n`);
    const { groups, errors } = loadGroups(ruleFiles, options);
    const runner = new GroupTest(test, {
      evaluationIntervalMs,
      isFuzzy: input.fuzzy_compare,
      hasDiff: options.hasDiff,
      isDebug: options.isDebug,
      parser: options.parser,
      delayedNameRemoval: options.delayedNameRemoval,
      out: (text) => io.out(text),
    });
    const failures = await runner.run(groups, errors, (group) => order.get(group) ?? 0);
    cases.push({ name, failures });
    if (options.isDebug) io.out(`DEBUG: Test ${name} finished, took ${(performance.now() - began).toFixed(6)}ms\n`);
  }
  return { name: file, cases, abort: undefined, startedMs };
}

function runFilter(run: readonly string[] | undefined): (name: string) => boolean {
  if (run === undefined || run.length === 0) return () => true;
  const regex = compileRegex(`(?s:.*)(?:${run.join("|")})(?s:.*)`);
  return (name) => regex.matches(name);
}

function loadGroups(files: readonly string[], { allowsUnknown, parser }: RuleTestOptions) {
  const groups: RuleFileGroups[] = [];
  const errors: string[] = [];
  for (const file of files) {
    const read = readRules(readFileSync(file, "utf8"), { allowsUnknown, parser, checkTemplate });
    if (read.errors === undefined) groups.push({ file, groups: read.groups });
    else errors.push(...read.errors.map((error) => `${file}: ${error}`));
  }
  return { groups, errors };
}

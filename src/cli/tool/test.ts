/** `test rules`: unit tests of rules. */
import type { Command } from "commander";
import { existingFiles } from "./io.js";
import { addSwitch, featuresOf, parserOptions, type ToolContext } from "./program.js";
import { testRules } from "./rule-tests/run.js";

interface TestFlags {
  readonly junit?: string;
  readonly run?: readonly string[];
  readonly debug: boolean;
  readonly diff: boolean;
  readonly ignoreUnknownFields: boolean;
}

export function addTest(program: Command, context: ToolContext): void {
  const test = program.command("test").description("Unit testing.");
  const command = test
    .command("rules")
    .description("Unit tests for rules.")
    .argument("<test-rule-file...>", "The unit test file.")
    .option("--junit <file>", "File path to store JUnit XML test results.")
    .option(
      "--run <expression>",
      "Only run test groups whose names match the regular expression. Can be specified multiple times.",
      (value: string, before: readonly string[] = []) => [...before, value],
    );
  addSwitch(command, "debug", "Enable unit test debugging.");
  addSwitch(command, "diff", "Print colored differential output between expected & received output.");
  addSwitch(command, "ignore-unknown-fields", "Ignore unknown fields in the test files.");
  command.action(async (files: readonly string[], flags: TestFlags) => {
    existingFiles(files);
    context.finish(
      await testRules(context.io, files, {
        run: flags.run,
        hasDiff: flags.diff,
        isDebug: flags.debug,
        allowsUnknown: flags.ignoreUnknownFields,
        junitFile: flags.junit ?? "",
        parser: parserOptions(context),
        delayedNameRemoval: featuresOf(context).has("promql-delayed-name-removal"),
      }),
    );
  });
}

/** `check …`: files and metrics, without a server. */
import type { Command } from "commander";
import { VestalError } from "../../base/index.js";
import { parseDuration } from "../../model/index.js";
import { validateWebConfig } from "../../web-config/index.js";
import { checkConfigs } from "./check-config.js";
import { checkDiscovery } from "./check-discovery.js";
import { checkMetrics } from "./check-metrics.js";
import { checkRuleFiles, checkRuleText, type RuleLint } from "./check-rules.js";
import { EXIT_FAILURE, EXIT_LINT, EXIT_SUCCESS, existingFiles, type ToolIo } from "./io.js";
import { addSwitch, parserOptions, type ToolContext } from "./program.js";
import { RemoteServer } from "./remote.js";

interface CheckFlags {
  readonly "query.lookbackDelta": string;
  readonly extended: boolean;
  readonly lint: string;
  readonly lintFatal: boolean;
  readonly ignoreUnknownFields: boolean;
  readonly syntaxOnly: boolean;
  readonly agent: boolean;
}

export function addCheck(program: Command, context: ToolContext): void {
  const check = program.command("check").description("Check the resources for validity.");
  check.option("--query.lookback-delta <duration>", "The server's maximum query lookback duration.", "5m");
  addSwitch(check, "extended", "Print extended information related to the cardinality of the metrics.");
  addCheckConfig(check, context);
  addCheckRules(check, context);
  check
    .command("service-discovery")
    .description("Perform service discovery for the given job name and report the results, including relabeling.")
    .argument("<config-file>", "The prometheus config file.")
    .argument("<job>", "The job to run service discovery for.")
    .option("--timeout <duration>", "The time to wait for discovery results.", "30s")
    .action(async (file: string, job: string, { timeout }: { readonly timeout: string }) => {
      existingFiles([file]);
      context.finish(await checkDiscovery(context.io, { file, job, timeoutMs: parseDuration(timeout) }));
    });
  check
    .command("web-config")
    .description("Check if the web config files are valid or not.")
    .argument("<web-config-files...>", "The config files to check.")
    .action(async (files: readonly string[]) => {
      existingFiles(files);
      context.finish(await checkWebConfigs(context.io, files));
    });
  for (const [name, page, state] of [
    ["healthy", "/-/healthy", "Healthy"],
    ["ready", "/-/ready", "Ready"],
  ] as const) {
    check
      .command(name)
      .description(`Check if the Prometheus server is ${name}.`)
      .option("--http.config.file <filename>", "HTTP client configuration file for promtool to connect to Prometheus.")
      .option("--url <url>", "The URL for the Prometheus server.", "http://localhost:9090")
      .action(async (flags: { readonly url: string; readonly "http.config.file"?: string }) => {
        context.finish(await checkServer(context.io, flags, page, state));
      });
  }
  check
    .command("metrics")
    .description("Pass Prometheus metrics over stdin to lint them for consistency and correctness.")
    .action((_flags, command: Command) => {
      context.finish(checkMetrics(context.io, command.optsWithGlobals<CheckFlags>().extended));
    });
}

function addCheckConfig(check: Command, context: ToolContext): void {
  const command = check
    .command("config")
    .description("Check if the config files are valid or not.")
    .argument("<config-files...>", "The config files to check.")
    .option(
      "--lint <checks>",
      "Checks to apply to the rules and scrape configs: all, duplicate-rules, none, too-long-scrape-interval.",
      "duplicate-rules",
    );
  addSwitch(command, "syntax-only", "Only check the syntax of the file, not the files that it names.");
  addSwitch(command, "lint-fatal", "Make lint errors exit with exit code 3.");
  addSwitch(command, "ignore-unknown-fields", "Ignore unknown fields in the rule groups read by the config files.");
  addSwitch(command, "agent", "Check config file for Prometheus in Agent mode.");
  command.action((files: readonly string[], _flags, self: Command) => {
    existingFiles(files);
    const flags = self.optsWithGlobals<CheckFlags>();
    const lookbackDeltaMs = parseDuration(flags["query.lookbackDelta"]);
    const { rules, hasLongIntervals } = configLint(flags, context);
    const result = checkConfigs(context.io, files, {
      isSyntaxOnly: flags.syntaxOnly,
      isAgent: flags.agent,
      longIntervalMs: hasLongIntervals ? lookbackDeltaMs : undefined,
      rules,
    });
    context.finish(exitCode(result, flags.lintFatal));
  });
}

function addCheckRules(check: Command, context: ToolContext): void {
  const command = check
    .command("rules")
    .description("Check if the rule files are valid or not.")
    .argument("[rule-files...]", "The rule files to check, default is read from standard input.")
    .option("--lint <checks>", "Checks to apply: all, duplicate-rules, none.", "duplicate-rules");
  addSwitch(command, "lint-fatal", "Make lint errors exit with exit code 3.");
  addSwitch(command, "ignore-unknown-fields", "Ignore unknown fields in the rule files.");
  command.action((files: readonly string[], _flags, self: Command) => {
    existingFiles(files);
    const flags = self.optsWithGlobals<CheckFlags>();
    const lint = ruleLint(flags.lint.split(","), flags, context);
    const result =
      files.length === 0
        ? checkRuleText(context.io, context.io.readInput(), lint)
        : checkRuleFiles(context.io, files, lint);
    context.finish(exitCode(result, flags.lintFatal));
  });
}

async function checkWebConfigs(io: ToolIo, files: readonly string[]): Promise<number> {
  let hasFailed = false;
  for (const file of files) {
    try {
      await validateWebConfig(file);
      io.err(`${file} SUCCESS\n`);
    } catch (error) {
      if (!(error instanceof VestalError)) throw error;
      io.err(`${file} FAILED: ${error.message}\n`);
      hasFailed = true;
    }
  }
  return hasFailed ? EXIT_FAILURE : EXIT_SUCCESS;
}

async function checkServer(
  io: ToolIo,
  flags: { readonly url: string; readonly "http.config.file"?: string },
  page: string,
  state: string,
): Promise<number> {
  const remote = new RemoteServer(flags.url, flags["http.config.file"] ?? "");
  try {
    const { status } = await remote.page(page);
    if (status !== 200) {
      io.err(`check failed: URL=${flags.url}${page}, status=${status}\n`);
      return EXIT_FAILURE;
    }
    io.err(`  SUCCESS:  Prometheus Server is ${state}.\n\n`);
    return EXIT_SUCCESS;
  } finally {
    remote.close();
  }
}

export interface CheckResult {
  /** Something is wrong, perhaps only by a lint check. */
  readonly hasFailed: boolean;
  /** Something other than a lint check is wrong. */
  readonly hasErrors: boolean;
}

function exitCode({ hasFailed, hasErrors }: CheckResult, isLintFatal: boolean): number {
  if (hasFailed && hasErrors) return EXIT_FAILURE;
  return hasFailed && isLintFatal ? EXIT_LINT : EXIT_SUCCESS;
}

function configLint(flags: CheckFlags, context: ToolContext): { rules: RuleLint; hasLongIntervals: boolean } {
  const settings = flags.lint.split(",");
  if (flags.lint === "none") return { rules: ruleLint(["none"], flags, context), hasLongIntervals: false };
  const isAll = settings.includes("all");
  const rest = settings.filter((setting) => setting !== "all" && setting !== "too-long-scrape-interval");
  const rules = isAll
    ? ruleLint(["all"], flags, context)
    : ruleLint(rest.length === 0 ? ["none"] : rest, flags, context);
  return { rules, hasLongIntervals: isAll || settings.includes("too-long-scrape-interval") };
}

function ruleLint(settings: readonly string[], flags: CheckFlags, context: ToolContext): RuleLint {
  let hasDuplicates = false;
  for (const setting of settings) {
    if (setting === "all" || setting === "duplicate-rules") hasDuplicates = true;
    else if (setting !== "none") warnUnknown(context.io, setting);
  }
  return { hasDuplicates, allowsUnknown: flags.ignoreUnknownFields, parser: parserOptions(context) };
}

function warnUnknown(io: ToolIo, setting: string): void {
  io.out(`WARNING: unknown lint option: ${JSON.stringify(setting)}\n`);
}

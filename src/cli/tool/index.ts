/**
 * `vestal tool …`: what promtool does, with its command tree, output and exit codes. A command is in the tree only when
 * it works. Each group of commands has a file that adds it to the program.
 */
import { Command, CommanderError } from "commander";
import { VestalError } from "../../base/index.js";
import { PROMETHEUS_VERSION, vestalVersion } from "../version.js";
import { addBacktest } from "./backtest.js";
import { addCheck } from "./check.js";
import { addDebug } from "./debug.js";
import { addExplain } from "./explain.js";
import { EXIT_FAILURE, EXIT_SUCCESS, processIo, type ToolIo, UsageError } from "./io.js";
import { addSwitch, type ToolContext, type ToolFlags } from "./program.js";
import { addPromql } from "./promql.js";
import { addPush } from "./push.js";
import { addQuery } from "./query.js";
import { addTest } from "./test.js";
import { addTsdb } from "./tsdb.js";

/**
 * @param args  without the program's own name.
 * @param name  what messages begin with: `promtool`, or `vestal tool`.
 * @returns the exit code.
 */
export async function runTool(args: readonly string[], name: string, io: ToolIo = processIo): Promise<number> {
  const program = new Command(name);
  let exitCode: number = EXIT_SUCCESS;
  const context: ToolContext = {
    io,
    flags: () => program.opts<ToolFlags>(),
    finish: (code) => {
      exitCode = code;
    },
  };
  program
    .description("Tooling for the Prometheus monitoring system.")
    .version(`${name}, version ${PROMETHEUS_VERSION} (vestal ${vestalVersion()})`, "--version", "Show the version.")
    .helpOption("-h, --help", "Show help.")
    .option("--enable-feature <names>", "Features to enable, separated by commas. Repeatable.", collect, []);
  addSwitch(program, "experimental", "Enable experimental commands.");
  addCheck(program, context);
  addPromql(program, context);
  addQuery(program, context);
  addDebug(program, context);
  addPush(program, context);
  addBacktest(program, context);
  addTest(program, context);
  addTsdb(program, context);
  addExplain(program, context);
  for (const command of commandsOf(program)) {
    command
      .exitOverride()
      .configureOutput({ writeOut: (text) => io.out(text), writeErr: () => {}, outputError: () => {} });
  }
  try {
    await program.parseAsync([...args], { from: "user" });
  } catch (error) {
    return endOf(error, program, args, name, io);
  }
  return exitCode;
}

function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}

function* commandsOf(command: Command): Generator<Command> {
  yield command;
  for (const below of command.commands) yield* commandsOf(below);
}

function endOf(error: unknown, program: Command, args: readonly string[], name: string, io: ToolIo): number {
  if (error instanceof UsageError) {
    io.err(`${name}: error: ${error.message}, try --help\n`);
    return EXIT_FAILURE;
  }
  if (error instanceof VestalError) {
    io.err(`${error.message}\n`);
    return EXIT_FAILURE;
  }
  if (!(error instanceof CommanderError)) throw error;
  if (error.exitCode === 0) return EXIT_SUCCESS;
  if (args.length === 0) {
    io.err(program.helpInformation());
    return EXIT_FAILURE;
  }
  io.err(`${name}: error: ${usageProblem(error, program, args)}, try --help\n`);
  return EXIT_FAILURE;
}

/** The library's verdict on the command line in the words of promtool's. */
function usageProblem(error: CommanderError, program: Command, args: readonly string[]): string {
  const quoted = /'([^']*)'/.exec(error.message)?.[1] ?? "";
  switch (error.code) {
    case "commander.unknownCommand":
      return `expected command but got "${quoted}"`;
    case "commander.unknownOption":
      return quoted.startsWith("--") ? `unknown long flag '${quoted}'` : `unknown short flag '${quoted}'`;
    case "commander.missingArgument":
      return `required argument '${quoted}' not provided`;
    case "commander.optionMissingArgument":
      return `expected argument for flag '${quoted.split(/[ ,]+/).find((word) => word.startsWith("--")) ?? quoted}'`;
    case "commander.missingMandatoryOptionValue":
      return `required flag(s) '${/--[\w.-]+/.exec(error.message)?.[0] ?? ""}' not provided`;
    case "commander.excessArguments":
      return "unexpected argument";
    case "commander.help":
      return `must select a subcommand of '${groupNamed(program, args)}'`;
    default:
      return error.message.replace(/^error: /, "");
  }
}

/** The group of commands that `args` end in. */
function groupNamed(program: Command, args: readonly string[]): string {
  const names: string[] = [];
  let at: Command | undefined = program;
  for (const arg of args) {
    at = at?.commands.find((command) => command.name() === arg);
    if (at === undefined) break;
    names.push(arg);
  }
  return names.join(" ");
}

/** What commands of the tool have in common. */
import { type Command, Option } from "commander";
import { VestalError } from "../../base/index.js";
import type { ParserOptions } from "../../promql/parser/index.js";
import type { ToolIo } from "./io.js";

/** Flags of the program itself; they may stand before and after a command. */
export interface ToolFlags {
  readonly experimental: boolean;
  readonly enableFeature: readonly string[];
}

export interface ToolContext {
  readonly io: ToolIo;
  /** Once the command line is parsed. */
  flags(): ToolFlags;
  /** The exit code; without it 0. */
  finish(code: number): void;
}

/** A flag that is on with `--name` and off with `--no-name`, as kingpin's. */
export function addSwitch(command: Command, name: string, description: string, isOn = false): Command {
  return command
    .addOption(new Option(`--${name}`, description).default(isOn))
    .addOption(new Option(`--no-${name}`).hideHelp());
}

export function parserOptions(context: ToolContext): ParserOptions {
  const features = featuresOf(context);
  return { experimentalFunctions: features.has("promql-experimental-functions") };
}

export function featuresOf(context: ToolContext): ReadonlySet<string> {
  return new Set(
    context
      .flags()
      .enableFeature.flatMap((names) => names.split(","))
      .filter((name) => name !== ""),
  );
}

/** @throws VestalError if the user has not said that an experimental command is meant. */
export function requireExperimental(context: ToolContext): void {
  if (context.flags().experimental) return;
  throw new VestalError("EXPERIMENTAL", "This command is experimental and requires the --experimental flag to be set.");
}

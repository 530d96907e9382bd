/**
 * Flags in the style of kingpin, which Prometheus uses: `--name value`, `--name=value`, `--name`/`--no-name` for booleans.
 * A table describes them; this file parses, checks and prints. Messages and exit codes are Prometheus', since scripts match them.
 */
import { FLAG_KINDS, type FlagKind, type FlagValue } from "./flag-values.js";

/**
 * - `supported`: does what its help says.
 * - `no-effect`: accepted with a warning; there is nothing here for it to change (Go's memory limit), or its purpose is gone.
 * - `not-yet`: accepted with a warning that names it, because what it configures is not built yet.
 */
export type FlagState = "supported" | "no-effect" | "not-yet";

export interface Flag {
  readonly name: string;
  readonly kind: FlagKind;
  /** As it would be written on the command line; "" is none. Several for a list. */
  readonly default?: string | readonly string[];
  /** For `enum`. */
  readonly choices?: readonly string[];
  readonly placeholder?: string;
  readonly help: string;
  /** Left out of `--help`, shown by `--help-long`. */
  readonly hidden?: boolean;
  readonly state: FlagState;
  /** Of older or newer versions of Prometheus than the one that `status/flags` is compared with: shown there only if given. */
  readonly isOfOtherVersion?: boolean;
}

export interface FlagTable {
  readonly program: string;
  readonly summary: string;
  readonly flags: readonly Flag[];
}

/** How the process should end before it began: its text, where to, and the exit code. */
export interface EarlyEnd {
  readonly kind: "end";
  readonly exitCode: number;
  readonly stdout?: string;
  readonly stderr?: string;
}

export interface ParsedFlags {
  readonly kind: "parsed";
  /** A value for every flag of the table. */
  readonly values: ReadonlyMap<string, FlagValue>;
  /** Names that were given, in their order. */
  readonly given: ReadonlySet<string>;
  /** One line for each given flag that does nothing. */
  readonly warnings: readonly string[];
}

/** @param version what `--version` prints. */
export function parseFlags(table: FlagTable, args: readonly string[], version: string): ParsedFlags | EarlyEnd {
  const byName = new Map(table.flags.map((flag) => [flag.name, flag]));
  const sources = new Map<string, string[]>();
  let help: "short" | "long" | undefined;
  let wantsVersion = false;
  for (let i = 0; i < args.length; i++) {
    const argument = args[i]!;
    if (argument === "-h" || argument === "--help") help ??= "short";
    else if (argument === "--help-long" || argument === "--help-man") help = "long";
    else if (argument === "--version") wantsVersion = true;
    else if (argument === "--no-help" || argument === "--no-version") continue;
    else if (argument === "--") {
      const extra = args[i + 1];
      if (extra === undefined) break;
      return syntaxError(table, `unexpected ${extra}`);
    } else if (argument.startsWith("--")) {
      const equals = argument.indexOf("=");
      const written = equals < 0 ? argument.slice(2) : argument.slice(2, equals);
      const inline = equals < 0 ? undefined : argument.slice(equals + 1);
      const negated = written.startsWith("no-") && byName.get(written.slice(3))?.kind === "bool";
      const flag = byName.get(negated ? written.slice(3) : written);
      if (flag === undefined) return syntaxError(table, unknownFlag(written, byName));
      let source: string;
      if (flag.kind === "bool") {
        if (inline !== undefined) return syntaxError(table, `unexpected ${inline}`);
        source = negated ? "false" : "true";
      } else if (inline !== undefined) source = inline;
      else {
        const next = args[i + 1];
        if (next === undefined || (next.startsWith("-") && next.length > 1)) {
          return syntaxError(table, `expected argument for flag '--${written}'`);
        }
        source = next;
        i++;
      }
      const seen = sources.get(flag.name);
      if (seen === undefined) sources.set(flag.name, [source]);
      else seen.push(source);
    } else if (argument.startsWith("-") && argument.length > 1) {
      return syntaxError(table, `unknown short flag '${argument.slice(0, 2)}'`);
    } else return syntaxError(table, `unexpected ${argument}`);
  }
  if (help !== undefined) return { kind: "end", exitCode: 0, stdout: usage(table, help === "long") };
  if (wantsVersion) return { kind: "end", exitCode: 0, stdout: version };
  return checkValues(table, sources);
}

function checkValues(table: FlagTable, sources: ReadonlyMap<string, readonly string[]>): ParsedFlags | EarlyEnd {
  const values = new Map<string, FlagValue>();
  const warnings: string[] = [];
  for (const flag of table.flags) {
    const given = sources.get(flag.name);
    const texts = given ?? (flag.default === undefined ? [] : [flag.default].flat());
    if (given !== undefined && given.length > 1 && flag.kind !== "strings") {
      return valueError(table, `flag '${flag.name}' cannot be repeated`);
    }
    const value = FLAG_KINDS[flag.kind].parse(texts, flag.choices ?? []);
    if (typeof value === "object" && "problem" in value) return valueError(table, value.problem);
    values.set(flag.name, value);
    if (given !== undefined && flag.state !== "supported") warnings.push(warningOf(flag));
  }
  return { kind: "parsed", values, given: new Set(sources.keys()), warnings };
}

function warningOf(flag: Flag): string {
  return flag.state === "no-effect"
    ? `flag --${flag.name} is accepted and has no effect here`
    : `flag --${flag.name} is accepted, but what it configures is not available in this version`;
}

/** All flags with their values, as `status/flags` shows them. */
export function flagStrings(table: FlagTable, parsed: ParsedFlags): Record<string, string> {
  return Object.fromEntries(
    table.flags
      .filter((flag) => flag.isOfOtherVersion !== true || parsed.given.has(flag.name))
      .map((flag) => [flag.name, FLAG_KINDS[flag.kind].print(parsed.values.get(flag.name)!)]),
  );
}

function unknownFlag(written: string, byName: ReadonlyMap<string, Flag>): string {
  const near = nearest(written, [...byName.keys()]);
  return `unknown long flag '--${written}'${near === undefined ? "" : ` (did you mean '--${near}'?)`}`;
}

/** The one name within two edits. */
function nearest(written: string, names: readonly string[]): string | undefined {
  const [best, second] = names
    .map((name) => ({ name, edits: editDistance(written, name) }))
    .filter(({ edits }) => edits <= 2)
    .sort((a, b) => a.edits - b.edits);
  return best !== undefined && best.edits !== second?.edits ? best.name : undefined;
}

/** Levenshtein's distance; 3 stands for everything above 2. */
function editDistance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 2) return 3;
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min(next[j - 1]! + 1, row[j]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return Math.min(row[b.length]!, 3);
}

/** kingpin's way with a command line that it cannot read: exit code 1. */
function syntaxError(table: FlagTable, problem: string): EarlyEnd {
  return {
    kind: "end",
    exitCode: 1,
    stderr: `Error parsing command line arguments: ${problem}\n${table.program}: error: ${problem}\n`,
  };
}

/** A flag whose value is wrong: the usage follows, exit code 2. */
function valueError(table: FlagTable, problem: string): EarlyEnd {
  return {
    kind: "end",
    exitCode: 2,
    stderr: `Error parsing command line arguments: ${problem}\n${usage(table, false)}`,
  };
}

const HELP_COLUMN = 33;
const LINE_COLUMNS = 100;

function usage(table: FlagTable, long: boolean): string {
  const lines = [`usage: ${table.program} [<flags>]`, "", table.summary, "", "Flags:"];
  lines.push(...entry("-h, --[no-]help", "Show this help; --help-long shows hidden flags too."));
  lines.push(...entry("    --[no-]version", "Show the version."));
  for (const flag of table.flags) {
    if (flag.hidden === true && !long) continue;
    const note =
      flag.state === "no-effect" ? " (No effect here.)" : flag.state === "not-yet" ? " (Not available yet.)" : "";
    lines.push(...entry(`    ${signature(flag)}`, flag.help + note));
  }
  return `${lines.join("\n")}\n`;
}

function signature(flag: Flag): string {
  if (flag.kind === "bool") return `--[no-]${flag.name}`;
  const repeated = flag.kind === "strings" ? " ..." : "";
  if (flag.placeholder !== undefined) return `--${flag.name}=${flag.placeholder}${repeated}`;
  const value = [flag.default ?? []].flat().join(",");
  const shown = flag.kind === "string" ? JSON.stringify(value) : value === "" ? flag.name.toUpperCase() : value;
  return `--${flag.name}=${shown}${repeated}`;
}

function entry(left: string, help: string): string[] {
  const lines: string[] = [];
  let line = `  ${left}`;
  if (line.length > HELP_COLUMN - 2) {
    lines.push(line);
    line = "";
  }
  line = line.padEnd(HELP_COLUMN);
  for (const word of help.split(" ")) {
    if (line.length + word.length + 1 > LINE_COLUMNS && line.trim() !== "") {
      lines.push(line.trimEnd());
      line = " ".repeat(HELP_COLUMN);
    }
    line += line.endsWith(" ") ? word : ` ${word}`;
  }
  lines.push(line);
  return lines;
}

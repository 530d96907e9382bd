/**
 * Flags in the style of Go's `flag` package, which prometheus-operator uses: one dash or two, `-name value` or `-name=value`, and
 * booleans that take a value only behind `=`. The first argument that is no flag ends them.
 */
import type { EarlyEnd } from "./flags.js";

export interface GoFlag {
  readonly name: string;
  readonly kind: "string" | "bool" | "duration" | "float";
  readonly default: string;
  readonly help: string;
  /** Accepted with a warning: there is nothing here for it to change. */
  readonly hasNoEffect?: boolean;
  /** Why a value is not allowed, or undefined. */
  readonly check?: (value: string) => string | undefined;
}

export interface ParsedGoFlags {
  readonly kind: "parsed";
  /** A text for every flag. */
  readonly values: ReadonlyMap<string, string>;
  readonly rest: readonly string[];
  readonly warnings: readonly string[];
}

const TRUE = new Set(["1", "t", "T", "true", "TRUE", "True"]);
const FALSE = new Set(["0", "f", "F", "false", "FALSE", "False"]);
const UNIT_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

export function parseGoFlags(
  program: string,
  flags: readonly GoFlag[],
  args: readonly string[],
): ParsedGoFlags | EarlyEnd {
  const byName = new Map(flags.map((flag) => [flag.name, flag]));
  const values = new Map(flags.map((flag) => [flag.name, flag.default]));
  const warnings: string[] = [];
  const refuse = (text: string): EarlyEnd => ({
    kind: "end",
    exitCode: 2,
    stderr: `${text}\n${usage(program, flags)}`,
  });
  let i = 0;
  for (; i < args.length; i++) {
    const argument = args[i]!;
    if (argument === "--") {
      i++;
      break;
    }
    const match = /^--?([^-=][^=]*)(?:=(.*))?$/s.exec(argument);
    if (match === null) {
      if (argument.startsWith("-") && argument !== "-") return refuse(`bad flag syntax: ${argument}`);
      break;
    }
    const [, name = "", attached] = match;
    if (name === "h" || name === "help") return { kind: "end", exitCode: 0, stderr: usage(program, flags) };
    const flag = byName.get(name);
    if (flag === undefined) return refuse(`flag provided but not defined: -${name}`);
    let value = attached;
    if (value === undefined) value = flag.kind === "bool" ? "true" : args[++i];
    if (value === undefined) return refuse(`flag needs an argument: -${name}`);
    const problem = kindProblem(flag, value) ?? flag.check?.(value);
    if (problem !== undefined) return refuse(`invalid value ${JSON.stringify(value)} for flag -${name}: ${problem}`);
    if (flag.hasNoEffect) warnings.push(`--${name} has no effect here`);
    values.set(name, flag.kind === "bool" ? String(TRUE.has(value)) : value);
  }
  return { kind: "parsed", values, rest: args.slice(i), warnings };
}

function kindProblem({ kind }: GoFlag, value: string): string | undefined {
  if (kind === "bool" && !TRUE.has(value) && !FALSE.has(value)) return "parse error";
  if (kind === "duration" && goDurationMs(value) === undefined) return "parse error";
  if (kind === "float" && !/^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(value)) return "parse error";
  return undefined;
}

/** `1h30m`, `250ms`, `0`; undefined where it is none. */
export function goDurationMs(text: string): number | undefined {
  if (text === "0") return 0;
  if (!/^[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|ms|s|m|h))+$/.test(text)) return undefined;
  let ms = 0;
  for (const [, number, unit = ""] of text.matchAll(/(\d+\.?\d*|\.\d+)(ns|us|µs|ms|s|m|h)/g))
    ms += Number(number) * UNIT_MS[unit]!;
  return text.startsWith("-") ? -ms : ms;
}

function usage(program: string, flags: readonly GoFlag[]): string {
  const lines = [...flags]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, kind, help, default: initial }) => {
      const shown =
        initial === "" || initial === "false"
          ? ""
          : ` (default ${kind === "string" ? JSON.stringify(initial) : initial})`;
      return `  -${name}${kind === "bool" ? "" : ` ${kind}`}\n    \t${help}${shown}\n`;
    });
  return `Usage of ${program}:\n${lines.join("")}`;
}

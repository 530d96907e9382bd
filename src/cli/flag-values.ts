/** Kinds of flag values: what the command line may say, what is wrong with it in the original's words, and how it is printed. */
import { VestalError } from "../base/index.js";
import { formatBytes, parseBytes } from "../model/byte-size.js";
import { formatDuration, parseDuration } from "../model/index.js";

export type FlagKind = "bool" | "string" | "strings" | "duration" | "bytes" | "int" | "float" | "enum" | "level";

/** Durations are milliseconds, sizes bytes. */
export type FlagValue = boolean | string | number | readonly string[];

interface Kind {
  /** @param texts as given, or the default; empty where there is neither. */
  parse(texts: readonly string[], choices: readonly string[]): FlagValue | { readonly problem: string };
  print(value: FlagValue): string;
}

/** What `parse` gives, or what it says is wrong. */
function orProblem(parse: (source: string) => number): (source: string) => number | { problem: string } {
  return (source) => {
    try {
      return parse(source);
    } catch (error) {
      if (error instanceof VestalError) return { problem: error.message };
      throw error;
    }
  };
}

/** Whole numbers may be written as floats (`5e7`), as in the original. */
function parseNumber(source: string): number | { problem: string } {
  const value = Number(source);
  if (!/^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$/.test(source) || !Number.isFinite(value)) {
    return { problem: `strconv.ParseFloat: parsing ${JSON.stringify(source)}: invalid syntax` };
  }
  return value;
}

function one<T extends FlagValue>(
  parse: (source: string) => T | { problem: string },
  empty: T,
): (texts: readonly string[]) => T | { problem: string } {
  return (texts) => (texts[0] === undefined ? empty : parse(texts[0]));
}

export const FLAG_KINDS: Readonly<Record<FlagKind, Kind>> = {
  bool: { parse: (texts) => texts.at(-1) === "true", print: String },
  string: { parse: (texts) => texts[0] ?? "", print: String },
  strings: { parse: (texts) => texts, print: (value) => (value as readonly string[]).join(",") },
  duration: { parse: one(orProblem(parseDuration), 0), print: (value) => formatDuration(value as number) },
  bytes: { parse: one(orProblem(parseBytes), 0), print: (value) => formatBytes(value as number) },
  int: {
    parse: one((source) => {
      const value = parseNumber(source);
      return typeof value === "number" ? Math.trunc(value) : value;
    }, 0),
    print: String,
  },
  float: { parse: one(parseNumber, 0), print: String },
  enum: {
    parse: (texts, choices) => {
      const value = texts[0] ?? "";
      if (choices.includes(value)) return value;
      return { problem: `enum value must be one of ${choices.join(",")}, got '${value}'` };
    },
    print: String,
  },
  level: {
    parse: (texts, choices) => {
      const value = (texts[0] ?? "").toLowerCase();
      return choices.includes(value) ? value : { problem: `unrecognized log level ${texts[0]}` };
    },
    print: String,
  },
};

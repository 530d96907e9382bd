/** Kinds of flag values: what the command line may say, what is wrong with it in the original's words, and how it is printed. */
import { VestalError } from "../base/index.js";
import { formatDuration, parseDuration } from "../model/index.js";

export type FlagKind = "bool" | "string" | "strings" | "duration" | "bytes" | "int" | "float" | "enum" | "level";

/** Durations are milliseconds, sizes bytes. */
export type FlagValue = boolean | string | number | readonly string[];

interface Kind {
  /** @param texts as given, or the default; empty where there is neither. */
  parse(texts: readonly string[], choices: readonly string[]): FlagValue | { readonly problem: string };
  print(value: FlagValue): string;
}

function duration(source: string): number | { problem: string } {
  try {
    return parseDuration(source);
  } catch (error) {
    if (error instanceof VestalError && error.code === "DURATION") return { problem: error.message };
    throw error;
  }
}

/** Powers of 1024, with or without the "i". */
const BYTE_UNITS = ["B", "K", "M", "G", "T", "P", "E"];

function parseBytes(source: string): number | { problem: string } {
  if (source === "0") return 0;
  let bytes = 0;
  let rest = source;
  if (rest === "") return { problem: 'units: invalid ""' };
  while (rest !== "") {
    const part = /^([0-9]*\.?[0-9]*)([^0-9.]*)/.exec(rest)!;
    if (part[1] === "" || part[1] === ".") return { problem: `units: invalid ${source}` };
    const power = BYTE_UNITS.findIndex((unit, i) =>
      i === 0 ? part[2] === "B" : part[2] === `${unit}B` || part[2] === `${unit}iB`,
    );
    if (power < 0) return { problem: `units: unknown unit ${part[2]} in ${source}` };
    bytes += Number(part[1]) * 1024 ** power;
    rest = rest.slice(part[0].length);
  }
  return Math.trunc(bytes);
}

/** Such as `1GiB512MiB`. */
export function printBytes(bytes: number): string {
  if (bytes === 0) return "0B";
  let rest = bytes;
  let text = "";
  for (let power = BYTE_UNITS.length - 1; power >= 0; power--) {
    const unit = 1024 ** power;
    const count = Math.floor(rest / unit);
    if (count > 0) text += `${count}${power === 0 ? "B" : `${BYTE_UNITS[power]}iB`}`;
    rest -= count * unit;
  }
  return text;
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
  duration: { parse: one(duration, 0), print: (value) => formatDuration(value as number) },
  bytes: { parse: one(parseBytes, 0), print: (value) => printBytes(value as number) },
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

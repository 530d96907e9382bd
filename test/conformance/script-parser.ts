/** Reads scripts in Prometheus' test language for PromQL: what is loaded, what is evaluated, what must come out. */
import { Labels, parseDuration } from "../../src/model/index.js";
import { parseGoFloat } from "../../src/model/number.js";
import type { StoredValue } from "../doubles/memory-storage.js";
import { histogramSequence } from "./script-histograms.js";

/** One value of a sequence; undefined where none is. */
export type SequenceValue = StoredValue | undefined;

export interface SeriesLine {
  readonly labels: Labels;
  readonly values: readonly SequenceValue[];
}

export interface LoadCommand {
  readonly kind: "load";
  readonly line: number;
  readonly stepMs: number;
  /** Classic histograms are also loaded as native ones with custom buckets. */
  readonly withCustomBuckets: boolean;
  readonly series: readonly SeriesLine[];
  /** By the keys of series: how far from its time each sample began to count, in ms; undefined where that is unknown. */
  readonly startOffsets: ReadonlyMap<string, readonly (number | undefined)[]>;
}

export interface Expectation {
  readonly type: "fail" | "warn" | "no_warn" | "info" | "no_info";
  readonly matches: (text: string) => boolean;
  readonly description: string;
}

export interface EvalCommand {
  readonly kind: "eval";
  readonly line: number;
  readonly text: string;
  readonly isRange: boolean;
  readonly startMs: number;
  readonly endMs: number;
  /** 0 for an instant query that gives an instant vector. */
  readonly stepMs: number;
  readonly isOrdered: boolean;
  readonly expectations: readonly Expectation[];
  readonly series: readonly SeriesLine[];
  readonly scalar: number | undefined;
  readonly string: string | undefined;
  /** `expect range vector`: an instant query that gives samples. */
  readonly givesSamples: boolean;
}

export type Command = LoadCommand | EvalCommand | { readonly kind: "clear" };

const EVAL_INSTANT = /^eval(?:_(fail|warn|ordered|info))?\s+instant\s+(?:at\s+(.+?))?\s+(.+)$/;
const EVAL_RANGE = /^eval(?:_(fail|warn|info))?\s+range\s+from\s+(.+)\s+to\s+(.+)\s+step\s+(.+?)\s+(.+)$/;
const EXPECT_RANGE = /^expect range vector\s+from\s+(.+)\s+to\s+(.+)\s+step\s+(.+)$/;
const EXPECT = /^expect\s+(ordered|fail|warn|no_warn|info|no_info)(?:\s+(regex|msg):(.+))?$/;

export function parseScript(text: string): Command[] {
  const lines = text.split("\n").map((line) => (/^\s*#/.test(line) ? "" : line.trim()));
  const commands: Command[] = [];
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i]!;
    if (line === "") continue;
    const body: string[] = [];
    const number = i + 1;
    const word = line.split(/\s/)[0]!.toLowerCase();
    if (word !== "clear") while (i + 1 < lines.length && lines[i + 1] !== "") body.push(lines[++i]!);
    if (word === "clear") commands.push({ kind: "clear" });
    else if (word.startsWith("load")) commands.push(parseLoad(line, number, body));
    else if (word.startsWith("eval")) commands.push(parseEval(line, number, body));
    else throw new SyntaxError(`line ${number}: unknown command ${line}`);
  }
  return commands;
}

function parseLoad(line: string, number: number, body: readonly string[]): LoadCommand {
  const match = /^load(?:_(with_nhcb))?\s+(.+)$/.exec(line);
  if (match === null) throw new SyntaxError(`line ${number}: ${line}`);
  const stepMs = parseDuration(match[2]!);
  const isStart = (each: string): boolean => /^[^\s]*@st\s/.test(each);
  const series = body.filter((each) => !isStart(each)).map(parseSeriesLine);
  const starts = body.filter(isStart).map((each) => {
    const [series, offsets] = each.split(/@st\s+/) as [string, string];
    return [parseSeriesLine(series).labels.key, parseOffsets(offsets)] as const;
  });
  return {
    kind: "load",
    line: number,
    stepMs,
    withCustomBuckets: match[1] !== undefined,
    series,
    startOffsets: new Map(starts),
  };
}

/** `_ -30s-1mx2 0 1ms`. */
function parseOffsets(text: string): (number | undefined)[] {
  return text.split(/\s+/).flatMap((item) => {
    const omitted = /^_(?:x(\d+))?$/.exec(item);
    if (omitted !== null) return new Array<undefined>(Number(omitted[1] ?? 1)).fill(undefined);
    const match = /^([+-]?[0-9a-z]+?)(?:([+-][0-9a-z]+?))?(?:x(\d+))?$/.exec(item);
    if (match === null) throw new SyntaxError(`cannot read the offset ${item}`);
    const [first, step] = [offsetMs(match[1]!), match[2] === undefined ? 0 : offsetMs(match[2])];
    return Array.from({ length: Number(match[3] ?? 0) + 1 }, (_, i) => first + i * step);
  });
}

function offsetMs(text: string): number {
  const size = text.replace(/^[+-]/, "");
  return (size === "0" ? 0 : parseDuration(size)) * (text.startsWith("-") ? -1 : 1);
}

function parseEval(line: string, number: number, body: readonly string[]): EvalCommand {
  const instant = EVAL_INSTANT.exec(line);
  const range = EVAL_RANGE.exec(line);
  if (instant === null && range === null) throw new SyntaxError(`line ${number}: ${line}`);
  const modifier = instant?.[1] ?? range?.[1];
  const expectations: Expectation[] = [];
  const any = { matches: () => true, description: "anything" };
  if (modifier === "fail" || modifier === "warn" || modifier === "info") expectations.push({ type: modifier, ...any });
  let isOrdered = modifier === "ordered";
  let startMs = instant === null ? parseTime(range![2]!) : parseTime(instant[2] ?? "0s");
  let endMs = instant === null ? parseTime(range![3]!) : startMs;
  let stepMs = instant === null ? parseDuration(range![4]!) : 0;
  let givesSamples = false;
  let text: string | undefined;
  let scalar: number | undefined;
  const series: SeriesLine[] = [];
  for (const each of body) {
    const samples = EXPECT_RANGE.exec(each);
    if (samples !== null) {
      [startMs, endMs, stepMs] = [parseTime(samples[1]!), parseTime(samples[2]!), parseDuration(samples[3]!)];
      givesSamples = true;
    } else if (each.startsWith("expect string ")) {
      text = unquote(each.slice("expect string ".length));
    } else if (/^expect\s/.test(each)) {
      if (/^expect\s+ordered$/.test(each)) isOrdered = true;
      else expectations.push(parseExpectation(each));
    } else if (each.startsWith("expected_fail_message")) {
      const message = each.slice("expected_fail_message".length).trim();
      expectations.push({ type: "fail", matches: (got) => got === message, description: message });
    } else if (each.startsWith("expected_fail_regexp")) {
      const pattern = each.slice("expected_fail_regexp".length).trim();
      expectations.push({ type: "fail", matches: (got) => new RegExp(pattern).test(got), description: pattern });
    } else {
      const value = parseNumber(each);
      if (value !== undefined) scalar = value;
      else series.push(parseSeriesLine(each));
    }
  }
  return {
    kind: "eval",
    line: number,
    text: instant === null ? range![5]! : instant[3]!,
    isRange: instant === null,
    startMs,
    endMs,
    stepMs,
    isOrdered,
    expectations,
    series,
    scalar,
    string: text,
    givesSamples,
  };
}

function parseExpectation(line: string): Expectation {
  const match = EXPECT.exec(line);
  if (match === null) throw new SyntaxError(`cannot read ${line}`);
  const type = match[1] as Expectation["type"];
  const pattern = match[3]?.trim();
  if (pattern === undefined) return { type, matches: () => true, description: "anything" };
  if (match[2] === "msg") return { type, matches: (got) => got === pattern, description: pattern };
  return { type, matches: (got) => new RegExp(pattern).test(got), description: pattern };
}

/** Durations may be negative here. */
function parseTime(text: string): number {
  return text.startsWith("-") ? -parseDuration(text.slice(1)) : parseDuration(text);
}

/** `name{label="value"} 0+1x3 _ stale NaN`. */
function parseSeriesLine(line: string): SeriesLine {
  const entries: [string, string][] = [];
  let at = 0;
  const name = /^[^\s{]*/.exec(line)![0];
  if (name !== "") entries.push(["__name__", name]);
  at = name.length;
  if (line[at] === "{") {
    at++;
    for (;;) {
      at += /^[\s,]*/.exec(line.slice(at))![0].length;
      if (line[at] === "}") break;
      const key = /^(?:"(?:[^"\\]|\\.)*"|[^\s=,}]+)/.exec(line.slice(at));
      if (key === null) throw new SyntaxError(`cannot read the labels of ${line}`);
      at += key[0].length;
      const label = key[0].startsWith('"') ? unquote(key[0]) : key[0];
      const value = /^\s*=\s*("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')/.exec(line.slice(at));
      if (value === null) {
        entries.push(["__name__", label]);
      } else {
        at += value[0].length;
        entries.push([label, unquote(value[1]!)]);
      }
    }
    at++;
  }
  return { labels: Labels.of(entries), values: parseSequence(line.slice(at).trim()) };
}

const HISTOGRAM = /^(\{\{[^}]*\}\})(?:([+-])(\{\{[^}]*\}\}))?(?:x(\d+))?$/;
// No hexadecimal: `0x3` is four zeros.
const NUMBER = "(?:[iI]nf|NaN|nan|(?:\\d+\\.?\\d*|\\.\\d+)(?:[eE][+-]?\\d+)?)";
const ITEM = new RegExp(`^([+-]?${NUMBER})(?:([+-])(${NUMBER}|-${NUMBER}))?(?:x(\\d+))?$`);

function parseSequence(text: string): SequenceValue[] {
  const values: SequenceValue[] = [];
  for (const item of text.match(/\{\{[^}]*\}\}(?:[+-]\{\{[^}]*\}\})?(?:x\d+)?|[^\s]+/g) ?? []) {
    const histogram = HISTOGRAM.exec(item);
    const omitted = /^(_|stale)(?:x(\d+))?$/.exec(item);
    if (histogram !== null) {
      const [, first, sign, change, times] = histogram;
      values.push(...histogramSequence(first!, sign, change, Number(times ?? 0)));
    } else if (omitted !== null) {
      const times = omitted[1] === "_" ? Number(omitted[2] ?? 1) : Number(omitted[2] ?? 0) + 1;
      for (let i = 0; i < times; i++) values.push(omitted[1] === "_" ? undefined : "stale");
    } else {
      values.push(...parseItem(item));
    }
  }
  return values;
}

function parseItem(item: string): number[] {
  const match = ITEM.exec(item);
  if (match === null) throw new SyntaxError(`cannot read the value ${item}`);
  const first = parseNumber(match[1]!)!;
  if (match[4] === undefined) return [first];
  const step = match[3] === undefined ? 0 : parseNumber(match[3])! * (match[2] === "-" ? -1 : 1);
  const values: number[] = [];
  let value = first;
  for (let i = Number(match[4]); i >= 0; i--) {
    values.push(value);
    if (match[3] !== undefined) value += step;
  }
  return values;
}

function parseNumber(text: string): number | undefined {
  if (/^[+-]?0[xX][0-9a-fA-F]+$/.test(text)) return text.startsWith("-") ? -Number(text.slice(1)) : Number(text);
  return parseGoFloat(text);
}

/** A string literal with Go's escapes, in any of its quotes. */
function unquote(text: string): string {
  if (text.startsWith("`")) return text.slice(1, -1);
  const body = text.slice(1, -1);
  return body.replace(/\\(u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|.)/g, (_, code: string) => {
    if (/^[ux]./.test(code)) return String.fromCodePoint(Number.parseInt(code.slice(1), 16));
    const simple: Record<string, string> = { n: "\n", t: "\t", r: "\r", a: "\x07", b: "\b", f: "\f", v: "\v" };
    return simple[code] ?? code;
  });
}

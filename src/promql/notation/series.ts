/** A series with its values in the notation of Prometheus' tests: `up{job="a"} 0+1x3 _ stale {{count:1 sum:2}}x2`. */
import { VestalError } from "../../base/index.js";
import { type Histogram, Labels, quoteGo } from "../../model/index.js";
import { parseGoFloat } from "../../model/number.js";
import { parseMetricSelector } from "../parser/index.js";
import { histogramSequence, parseHistogramNotation } from "./histogram.js";

/** Undefined where there is no sample at that step. */
export type NotedValue = number | Histogram | "stale" | undefined;

export interface SeriesNotation {
  readonly labels: Labels;
  readonly values: readonly NotedValue[];
}

/**
 * @param line  number that messages give the text.
 * @throws VestalError PARSE or NOTATION
 */
export function parseSeriesNotation(text: string, line = 1): SeriesNotation {
  const end = metricEnd(text);
  return { labels: parseMetricNotation(text.slice(0, end), line), values: parseValues(text.slice(end).trim(), line) };
}

/** A label set as a metric is written. @throws VestalError PARSE */
export function parseMetricNotation(text: string, line = 1): Labels {
  if (text.trim() === "") return Labels.EMPTY;
  try {
    const matchers = parseMetricSelector(text.trim());
    return Labels.of(matchers.map(({ name, value }) => [name, value] as const));
  } catch (error) {
    if (!(error instanceof VestalError)) throw error;
    throw new VestalError("PARSE", error.message.replace(/^1:/, `${line}:`), error.details, error);
  }
}

/** Where the braces close; the end of the text where they do not. */
function metricEnd(text: string): number {
  let quote = "";
  let isOpen = false;
  for (let i = 0; i < text.length; i++) {
    const char = text[i]!;
    if (quote !== "") {
      if (char === "\\" && quote !== "`") i++;
      else if (char === quote) quote = "";
    } else if (char === '"' || char === "'" || char === "`") quote = char;
    else if (char === "{") isOpen = true;
    else if (char === "}") return i + 1;
    else if (!isOpen && /\s/.test(char) && !/^\s*\{(?!\{)/.test(text.slice(i))) return i;
  }
  return text.length;
}

const HISTOGRAM = /^(\{\{[^}]*\}\})(?:([+-])(\{\{[^}]*\}\}))?(?:x(\d+))?$/;
const ITEMS = /\{\{[^}]*\}\}(?:[+-]\{\{[^}]*\}\})?(?:x\d+)?|[^\s]+/g;
// No hexadecimal: `0x3` is four zeros.
const NUMBER = "(?:[iI]nf|NaN|nan|(?:\\d+\\.?\\d*|\\.\\d+)(?:[eE][+-]?\\d+)?)";
const ITEM = new RegExp(`^([+-]?${NUMBER})(?:([+-])(${NUMBER}|-${NUMBER}))?(?:x(\\d+))?$`);
/** Of one series; a test that needs more is a mistake. */
const VALUES_MAX = 5_000_000;

function parseValues(text: string, line: number): readonly NotedValue[] {
  const values: NotedValue[] = [];
  for (const item of text.match(ITEMS) ?? []) {
    const more = valuesOf(item, line);
    if (values.length + more.length > VALUES_MAX) {
      throw new VestalError("NOTATION", `a series has more than ${VALUES_MAX} values`);
    }
    for (const value of more) values.push(value);
  }
  return values;
}

function valuesOf(item: string, line: number): readonly NotedValue[] {
  const histogram = HISTOGRAM.exec(item);
  if (histogram !== null) {
    const [, first, sign, change, times] = histogram;
    const step = change === undefined ? undefined : parseHistogramNotation(change);
    return histogramSequence(parseHistogramNotation(first!), sign === "-" ? "-" : "+", step, Number(times ?? 0));
  }
  const omitted = /^(_|stale)(?:x(\d+))?$/.exec(item);
  if (omitted !== null) {
    const isGap = omitted[1] === "_";
    const count = isGap ? Number(omitted[2] ?? 1) : Number(omitted[2] ?? 0) + 1;
    return Array.from({ length: count }, () => (isGap ? undefined : ("stale" as const)));
  }
  const match = ITEM.exec(item);
  if (match === null) {
    throw new VestalError("NOTATION", `${line}:1: parse error: unexpected ${quoteGo(item)} in series values`);
  }
  const first = parseGoFloat(match[1]!)!;
  if (match[4] === undefined) return [first];
  const step = match[3] === undefined ? 0 : parseGoFloat(match[3])! * (match[2] === "-" ? -1 : 1);
  const all: number[] = [];
  let value = first;
  for (let i = Number(match[4]); i >= 0 && all.length <= VALUES_MAX; i--) {
    all.push(value);
    if (match[3] !== undefined) value += step;
  }
  return all;
}

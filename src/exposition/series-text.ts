/**
 * The text of a series, as it stands in a body that the parser accepted, to its label set. Only new series come here.
 *
 *   name                      name{a="1", b = "2",}          {"name", "a b"="1"}
 */
import { isUtf8 } from "node:buffer";
import { TYPE_HISTOGRAM, TYPE_SUMMARY } from "../../assembly/exposition/layout.js";
import { compareBytes, type Labels, METRIC_NAME } from "../model/index.js";
import { formatOpenMetrics, parseGoFloat } from "../model/number.js";

export interface SeriesText {
  /** Flat name, value, …; sorted by name, no empty value. A name that stands twice is there twice. */
  readonly pairs: readonly string[];
  /** Names of labels with an empty value: with `honor_labels` they keep the target's labels of that name away. */
  readonly emptied: readonly string[];
  /**
   * A label name that stands twice: see `seriesRefusal`.
   */
  readonly duplicate: string | undefined;
  /** False where a name is empty or not UTF-8: see `seriesRefusal`. */
  readonly isValid: boolean;
}

/**
 * Why a series that relabelling did not drop makes its scrape fail, in Prometheus' words; undefined if it does not.
 *
 * @param labels  its final labels, those of the target included.
 */
export function seriesRefusal(series: SeriesText, labels: Labels): string | undefined {
  if (!labels.has(METRIC_NAME)) return "missing metric name (__name__ label)";
  if (!series.isValid) return `invalid metric name or label names: ${labels}`;
  return series.duplicate === undefined ? undefined : `label name "${series.duplicate}" is not unique: invalid sample`;
}

/**
 * @param text  bytes of the series alone.
 * @param type  TYPE_* of the TYPE line before it: `le` of histograms and `quantile` of summaries are brought to one form.
 */
export function parseSeriesText(text: Buffer, type: number): SeriesText {
  const isValidText = isUtf8(text);
  // Bytes that are no UTF-8 can only stand in quoted names, and make the series invalid.
  const source = text.toString("utf8");
  const pairs: string[] = [];
  const open = unquotedBrace(source);
  if (open < 0) return finish([METRIC_NAME, source], isValidText);
  let name = open > 0 ? source.slice(0, nameEnd(source, open)) : "";
  let at = open + 1;
  for (;;) {
    at = skipFiller(source, at);
    if (at >= source.length || source.charCodeAt(at) === 125) break;
    let label: string;
    if (source.charCodeAt(at) === 34) {
      const close = closingQuote(source, at + 1);
      label = unescapeLabel(source.slice(at + 1, close));
      at = skipBlanks(source, close + 1);
      if (source.charCodeAt(at) !== 61) {
        name = label;
        continue;
      }
    } else {
      const start = at;
      while (isNameByte(source.charCodeAt(at))) at++;
      label = source.slice(start, at);
      at = skipBlanks(source, at);
    }
    at = skipBlanks(source, at + 1); // "="
    const close = closingQuote(source, at + 1);
    const value = unescapeLabel(source.slice(at + 1, close));
    at = close + 1;
    pairs.push(label, normalized(type, label, value));
  }
  pairs.push(METRIC_NAME, unescapeLabel(name));
  return finish(pairs, isValidText);
}

/** Above this many labels (flat: two entries each) an insertion sort would let a hostile line cost too much. */
const INSERTION_SORT_MAX = 128;

/** Sorts `pairs`, and takes out names of which one value is empty. */
function finish(pairs: string[], isValidText: boolean): SeriesText {
  const sorted = pairs.length <= INSERTION_SORT_MAX ? insertionSorted(pairs) : mergeSorted(pairs);
  const emptied = hasEmptyValue(sorted) ? emptiedNames(sorted) : NO_NAMES;
  const kept = emptied.length > 0 ? without(sorted, emptied) : sorted;
  let isValid = isValidText;
  let duplicate: string | undefined;
  for (let i = 0; i < kept.length; i += 2) {
    if (kept[i] === "") isValid = false;
    if (i > 0 && kept[i - 2] === kept[i]) duplicate ??= kept[i];
  }
  return { pairs: kept, emptied, duplicate, isValid };
}

/** In place; for label sets as they are: short and mostly sorted. Equal names keep their order. */
function insertionSorted(pairs: string[]): string[] {
  for (let i = 2; i < pairs.length; i += 2) {
    const name = pairs[i]!;
    const value = pairs[i + 1]!;
    let at = i;
    while (at > 0 && compareBytes(pairs[at - 2]!, name) > 0) {
      pairs[at] = pairs[at - 2]!;
      pairs[at + 1] = pairs[at - 1]!;
      at -= 2;
    }
    pairs[at] = name;
    pairs[at + 1] = value;
  }
  return pairs;
}

function mergeSorted(pairs: readonly string[]): string[] {
  const order = Array.from({ length: pairs.length / 2 }, (_, i) => 2 * i);
  order.sort((a, b) => compareBytes(pairs[a]!, pairs[b]!) || a - b);
  return order.flatMap((i) => [pairs[i]!, pairs[i + 1]!]);
}

function hasEmptyValue(pairs: readonly string[]): boolean {
  for (let i = 1; i < pairs.length; i += 2) if (pairs[i] === "") return true;
  return false;
}

const NO_NAMES: readonly string[] = [];

function emptiedNames(pairs: readonly string[]): readonly string[] {
  return pairs.filter((_, i) => i % 2 === 0 && pairs[i + 1] === "");
}

function without(pairs: readonly string[], names: readonly string[]): string[] {
  const left = new Set(names);
  const kept: string[] = [];
  for (let i = 0; i < pairs.length; i += 2) if (!left.has(pairs[i]!)) kept.push(pairs[i]!, pairs[i + 1]!);
  return kept;
}

/** The brace that opens the labels: names of series cannot hold one outside of braces. */
function unquotedBrace(source: string): number {
  return source.indexOf("{");
}

function nameEnd(source: string, open: number): number {
  let end = open;
  while (end > 0 && isBlank(source.charCodeAt(end - 1))) end--;
  return end;
}

function isBlank(code: number): boolean {
  return code === 32 || code === 9;
}

function isNameByte(code: number): boolean {
  return (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || (code >= 48 && code <= 57) || code === 95;
}

function skipBlanks(source: string, from: number): number {
  let at = from;
  // Zero bytes before a value are passed over by Prometheus' lexer.
  while (at < source.length && (isBlank(source.charCodeAt(at)) || source.charCodeAt(at) === 0)) at++;
  return at;
}

/** Blanks and commas between labels. */
function skipFiller(source: string, from: number): number {
  let at = from;
  while (
    at < source.length &&
    (isBlank(source.charCodeAt(at)) || source.charCodeAt(at) === 44 || source.charCodeAt(at) === 0)
  )
    at++;
  return at;
}

function closingQuote(source: string, from: number): number {
  let at = from;
  while (at < source.length) {
    const code = source.charCodeAt(at);
    if (code === 34) return at;
    if (code !== 92) {
      at++;
      continue;
    }
    at++;
    while (source.charCodeAt(at) === 0) at++;
    at++;
  }
  return at;
}

/** `\"`, `\\` and `\n`; any other backslash stands for itself. */
function unescapeLabel(text: string): string {
  if (!text.includes("\\")) return text;
  return text.replace(/\\([\\n"])/g, (_all, escaped: string) => (escaped === "n" ? "\n" : escaped));
}

function normalized(type: number, label: string, value: string): string {
  const isBound = (type === TYPE_HISTOGRAM && label === "le") || (type === TYPE_SUMMARY && label === "quantile");
  if (!isBound) return value;
  const bound = parseGoFloat(value);
  return bound === undefined ? value : formatOpenMetrics(bound);
}

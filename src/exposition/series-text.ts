/**
 * The text of a series, as it stands in a body that the parser accepted, to its label set. Only new series come here.
 *
 *   name                      name{a="1", b = "2",}          {"name", "a b"="1"}
 */
import { isUtf8 } from "node:buffer";
import { TYPE_HISTOGRAM, TYPE_SUMMARY } from "../../assembly/exposition/layout.js";
import { compareBytes, type Labels, METRIC_NAME } from "../model/index.js";
import { formatOpenMetricsFloat, parseGoDecimal } from "./go-float.js";

export interface SeriesText {
  /** Flat name, value, …; sorted by name, no empty value. A name that stands twice is there twice. */
  readonly pairs: readonly string[];
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

/** Sorts, and takes out names of which one value is empty. */
function finish(pairs: readonly string[], isValidText: boolean): SeriesText {
  const emptied = new Set<string>();
  for (let i = 0; i < pairs.length; i += 2) if (pairs[i + 1] === "") emptied.add(pairs[i]!);
  const order: number[] = [];
  let isValid = isValidText;
  for (let i = 0; i < pairs.length; i += 2) {
    if (emptied.has(pairs[i]!)) continue;
    if (pairs[i] === "") isValid = false;
    order.push(i);
  }
  order.sort((a, b) => compareBytes(pairs[a]!, pairs[b]!) || a - b);
  const sorted: string[] = [];
  let duplicate: string | undefined;
  for (const i of order) {
    if (sorted.length > 0 && sorted[sorted.length - 2] === pairs[i]) duplicate ??= pairs[i];
    sorted.push(pairs[i]!, pairs[i + 1]!);
  }
  return { pairs: sorted, duplicate, isValid };
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
  let plain = "";
  for (let i = 0; i < text.length; i++) {
    const following = text[i + 1];
    if (text[i] !== "\\" || (following !== '"' && following !== "\\" && following !== "n")) {
      plain += text[i];
      continue;
    }
    plain += following === "n" ? "\n" : following;
    i++;
  }
  return plain;
}

function normalized(type: number, label: string, value: string): string {
  const isBound = (type === TYPE_HISTOGRAM && label === "le") || (type === TYPE_SUMMARY && label === "quantile");
  if (!isBound) return value;
  const bound = parseGoDecimal(value);
  return bound === undefined ? value : formatOpenMetricsFloat(bound);
}

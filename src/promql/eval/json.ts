/** Answers of the query API in Prometheus' JSON, byte for byte; made in the query thread, so that others only send. */
import type { Labels } from "../../model/index.js";
import { formatFloat, formatSample } from "../../model/number.js";
import type { FloatHistogram } from "../native/float-histogram.js";
import { ByteWriter } from "./byte-writer.js";
import type { MatrixValue, QueryResult, QueryValue, VectorValue } from "./result.js";

/** The whole body of a successful answer. @param statsJson  for `stats=`: a JSON object, undefined if not asked for. */
export function encodeAnswer(result: QueryResult, statsJson?: string): Uint8Array {
  const writer = new ByteWriter();
  writer.text(`{"status":"success","data":{"resultType":"${result.value.type}","result":`);
  writeValue(result.value, writer);
  if (statsJson !== undefined) writer.text(`,"stats":${statsJson}`);
  writer.text("}");
  if (result.warnings.length > 0) writer.text(`,"warnings":[${result.warnings.map(quoteForHtml).join(",")}]`);
  if (result.infos.length > 0) writer.text(`,"infos":[${result.infos.map(quoteForHtml).join(",")}]`);
  writer.text("}");
  return writer.finish();
}

function writeValue(value: QueryValue, writer: ByteWriter): void {
  switch (value.type) {
    case "scalar":
      writer.text(`[${value.timestampMs / 1000},"${formatFloat(value.value)}"]`);
      return;
    case "string":
      writer.text(`[${value.timestampMs / 1000},${quoteForHtml(value.value)}]`);
      return;
    case "vector":
      writeVector(value, writer);
      return;
    case "matrix":
      writeMatrix(value, writer);
  }
}

function writeVector(vector: VectorValue, writer: ByteWriter): void {
  const time = formatSeconds(vector.timestampMs);
  writer.text("[");
  for (const [i, labels] of vector.labels.entries()) {
    const histogram = vector.histograms?.[i];
    if (histogram !== undefined) {
      const text = histogramJson(histogram);
      writer.text(`${i > 0 ? "," : ""}{"metric":${labelsJson(labels)},"histogram":[${time},${text}]}`);
      continue;
    }
    writer.text(`${i > 0 ? "," : ""}{"metric":${labelsJson(labels)},"value":[${time},"`);
    writer.sample(vector.values[i]!);
    writer.text('"]}');
  }
  writer.text("]");
}

function writeMatrix(matrix: MatrixValue, writer: ByteWriter): void {
  const openings = new Openings();
  const closed = Buffer.from('"]');
  writer.text("[");
  for (const [i, labels] of matrix.labels.entries()) {
    const from = matrix.offsets[i]!;
    const to = matrix.offsets[i + 1]!;
    if (matrix.histograms?.slice(from, to).some((each) => each !== undefined)) {
      writer.text(`${i > 0 ? "," : ""}{"metric":${labelsJson(labels)}${mixedJson(matrix, from, to)}}`);
      continue;
    }
    writer.text(`${i > 0 ? "," : ""}{"metric":${labelsJson(labels)},"values":[`);
    openings.restart();
    for (let k = from; k < to; k++) {
      const opening = openings.of(matrix.times[k]!);
      writer.raw(k > from ? opening : opening.subarray(1));
      writer.sample(matrix.values[k]!);
      writer.raw(closed);
    }
    writer.text("]}");
  }
  writer.text("]");
}

/** A series that has histograms: floats and histograms in lists of their own, each only if there are any. */
function mixedJson(matrix: MatrixValue, from: number, to: number): string {
  const values: string[] = [];
  const histograms: string[] = [];
  for (let k = from; k < to; k++) {
    const time = formatSeconds(matrix.times[k]!);
    const histogram = matrix.histograms?.[k];
    if (histogram === undefined) values.push(`[${time},"${formatSample(matrix.values[k]!)}"]`);
    else histograms.push(`[${time},${histogramJson(histogram)}]`);
  }
  const list = (name: string, items: readonly string[]): string =>
    items.length === 0 ? "" : `,"${name}":[${items.join(",")}]`;
  return list("values", values) + list("histograms", histograms);
}

/** Populated buckets only, as `[which ends belong to it, lower, upper, count]`: 0 the upper, 1 the lower, 2 none, 3 both. */
function histogramJson(histogram: FloatHistogram): string {
  const buckets = histogram
    .allBuckets()
    .filter(({ count }) => count !== 0)
    .map(({ lower, upper, count, lowerInclusive, upperInclusive }) => {
      const ends = lowerInclusive ? (upperInclusive ? 3 : 1) : upperInclusive ? 0 : 2;
      return `[${ends},"${formatSample(lower)}","${formatSample(upper)}","${formatSample(count)}"]`;
    });
  const text = buckets.length === 0 ? "" : `,"buckets":[${buckets.join(",")}]`;
  return `{"count":"${formatSample(histogram.count)}","sum":"${formatSample(histogram.sum)}"${text}}`;
}

/** What stands before a value: `,[1435781430.781,"`. The steps of a range query are the same for all series: made once. */
class Openings {
  readonly #times: number[] = [];
  readonly #texts: Uint8Array[] = [];
  #next = 0;

  /** A new series begins. */
  restart(): void {
    this.#next = 0;
  }

  /** Times of a series are asked for in ascending order. */
  of(timeMs: number): Uint8Array {
    while (this.#next < this.#times.length && this.#times[this.#next]! < timeMs) this.#next++;
    if (this.#times[this.#next] === timeMs) return this.#texts[this.#next++]!;
    const text = Buffer.from(`,[${formatSeconds(timeMs)},"`);
    if (this.#next === this.#times.length) {
      this.#times.push(timeMs);
      this.#texts.push(text);
      this.#next++;
    }
    return text;
  }
}

/** Whole milliseconds as seconds, with three digits behind the point or none; scalars and strings have theirs as floats. */
function formatSeconds(timestampMs: number): string {
  const absolute = Math.abs(timestampMs);
  const fraction = absolute % 1000;
  const sign = timestampMs < 0 ? "-" : "";
  const whole = `${sign}${Math.floor(absolute / 1000)}`;
  return fraction === 0 ? whole : `${whole}.${String(fraction).padStart(3, "0")}`;
}

function labelsJson(labels: Labels): string {
  const pairs: string[] = [];
  for (const [name, value] of labels.entries()) pairs.push(`${quote(name)}:${quote(value)}`);
  return `{${pairs.join(",")}}`;
}

/** Escapes what JSON must have escaped, and no more: control characters, quotes and backslashes. */
function quote(text: string): string {
  return `"${text.replace(/[\p{Cc}"\\]/gu, escaped)}"`;
}

/** Escapes also what is dangerous within HTML, as Go's encoder does for texts that are not labels. */
function quoteForHtml(text: string): string {
  return `"${text.replace(/[\p{Cc}"\\<>&\u2028\u2029]/gu, escaped)}"`;
}

function escaped(char: string): string {
  switch (char) {
    case '"':
    case "\\":
      return `\\${char}`;
    case "\n":
      return "\\n";
    case "\r":
      return "\\r";
    case "\t":
      return "\\t";
    default:
      // DEL and the C1 controls need no escape.
      if (char >= "\x7f" && char <= "\x9f") return char;
      return `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`;
  }
}

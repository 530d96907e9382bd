/** Answers of the query API in Prometheus' JSON, byte for byte; made in the query thread, so that others only send. */
import type { QueryMemory } from "../../memory/index.js";
import type { Labels } from "../../model/index.js";
import { formatFloat, formatSample } from "../../model/number.js";
import type { FloatHistogram } from "../native/float-histogram.js";
import { ByteWriter } from "./byte-writer.js";
import type { PromqlKernels } from "./kernels.js";
import type { MatrixValue, QueryResult, QueryValue, VectorValue } from "./result.js";

/** Where numbers are written: what is on top of the memory's stack is overwritten. */
export interface EncoderMeans {
  readonly memory: QueryMemory;
  /** An instance over `memory`. */
  readonly kernels: PromqlKernels;
}

/** Samples that one kernel call writes: well below a millisecond. */
const SAMPLES_PER_CALL = 4096;
/** As in assembly/promql/json.ts. */
const VALUE_TEXT_BYTES = 32;

/** The whole body of a successful answer. @param statsJson  for `stats=`: a JSON object, undefined if not asked for. */
export function encodeAnswer(result: QueryResult, means: EncoderMeans, statsJson?: string): Uint8Array {
  const writer = new ByteWriter();
  writer.text(`{"status":"success","data":{"resultType":"${result.value.type}","result":`);
  const mark = means.memory.mark();
  writeValue(result.value, writer, means);
  means.memory.releaseTo(mark);
  if (statsJson !== undefined) writer.text(`,"stats":${statsJson}`);
  writer.text("}");
  if (result.warnings.length > 0) writer.text(`,"warnings":[${result.warnings.map(quoteForHtml).join(",")}]`);
  if (result.infos.length > 0) writer.text(`,"infos":[${result.infos.map(quoteForHtml).join(",")}]`);
  writer.text("}");
  return writer.finish();
}

function writeValue(value: QueryValue, writer: ByteWriter, means: EncoderMeans): void {
  switch (value.type) {
    case "scalar":
      writer.text(`[${value.timestampMs / 1000},"${formatFloat(value.value)}"]`);
      return;
    case "string":
      writer.text(`[${value.timestampMs / 1000},${quoteForHtml(value.value)}]`);
      return;
    case "vector":
      writeVector(value, writer, means);
      return;
    case "matrix":
      writeMatrix(value, writer, means);
  }
}

function writeVector(vector: VectorValue, writer: ByteWriter, { memory, kernels }: EncoderMeans): void {
  const time = formatSeconds(vector.timestampMs);
  const opening = Buffer.from(`":[${time},"`);
  const { labels, histograms } = vector;
  const { length } = labels;
  const room = Math.min(length, SAMPLES_PER_CALL);
  const values = memory.allocate(room * 8);
  const texts = memory.allocate((room + 2) * VALUE_TEXT_BYTES);
  const { bytes, floats } = memory;
  writer.text("[");
  for (let i = 0; i < length; i++) {
    const place = i % SAMPLES_PER_CALL;
    if (place === 0) {
      const part = vector.values.subarray(i, Math.min(i + SAMPLES_PER_CALL, length));
      floats.set(part, values >>> 3);
      kernels.writeValues(values, part.length, texts);
    }
    if (i > 0) writer.text(",");
    const histogram = histograms?.[i];
    if (histogram !== undefined) {
      writer.text(`{"metric":${labelsJson(labels[i]!)},"histogram":[${time},${histogramJson(histogram)}]}`);
      continue;
    }
    writer.latin1(beginningOf(labels[i]!));
    const text = texts + place * VALUE_TEXT_BYTES;
    writer.raw(opening);
    writer.part(bytes, text, bytes[text + VALUE_TEXT_BYTES - 1]!);
    writer.raw(VALUE_CLOSING);
  }
  writer.text("]");
}

const VALUE_CLOSING = Buffer.from('"]}');

function writeMatrix(matrix: MatrixValue, writer: ByteWriter, { memory, kernels }: EncoderMeans): void {
  const { labels, offsets, histograms } = matrix;
  const room = Math.min(offsets[offsets.length - 1]!, SAMPLES_PER_CALL);
  const times = memory.allocate(room * 8);
  const values = memory.allocate(room * 8);
  const texts = memory.allocate(kernels.samplesTextBytes(room));
  const { bytes, floats } = memory;
  writer.text("[");
  for (let i = 0; i < labels.length; i++) {
    const from = offsets[i]!;
    const to = offsets[i + 1]!;
    if (i > 0) writer.text(",");
    if (histograms?.slice(from, to).some((each) => each !== undefined)) {
      writer.text(`{"metric":${labelsJson(labels[i]!)}${mixedJson(matrix, from, to)}}`);
      continue;
    }
    writer.latin1(beginningOf(labels[i]!));
    writer.text('s":[');
    for (let k = from; k < to; k += SAMPLES_PER_CALL) {
      const end = Math.min(to, k + SAMPLES_PER_CALL);
      floats.set(matrix.times.subarray(k, end), times >>> 3);
      floats.set(matrix.values.subarray(k, end), values >>> 3);
      if (k > from) writer.text(",");
      writer.part(bytes, texts, kernels.writeSamples(times, values, end - k, texts));
    }
    writer.text("]}");
  }
  writer.text("]");
}

/** The body of an answer that lists series. @param warnings  at most what the API gives */
export function encodeSeries(all: readonly Labels[], warnings: readonly string[]): Uint8Array {
  const writer = new ByteWriter();
  writer.text('{"status":"success","data":[');
  for (const [i, labels] of all.entries()) {
    if (i > 0) writer.text(",");
    writer.latin1(beginningOf(labels).slice(BEFORE_LABELS.length, -AFTER_LABELS.length));
  }
  return endOfList(writer, warnings);
}

/** The body of an answer that lists names or values. */
export function encodeTexts(texts: readonly string[], warnings: readonly string[]): Uint8Array {
  const writer = new ByteWriter();
  writer.text('{"status":"success","data":[');
  for (const [i, text] of texts.entries()) writer.text(i > 0 ? `,${quoteForHtml(text)}` : quoteForHtml(text));
  return endOfList(writer, warnings);
}

function endOfList(writer: ByteWriter, warnings: readonly string[]): Uint8Array {
  writer.text(warnings.length > 0 ? `],"warnings":[${warnings.map(quoteForHtml).join(",")}]}` : "]}");
  return writer.finish();
}

const BEFORE_LABELS = '{"metric":';
const AFTER_LABELS = ',"value';

/** `{"metric":{…},"value`, as far as answers of vectors and matrices have in common; UTF-8 with a character for each byte. */
function beginningOf(labels: Labels): string {
  const known = labels.answerText;
  if (known !== undefined) return known;
  const text = Buffer.from(BEFORE_LABELS + labelsJson(labels) + AFTER_LABELS).toString("latin1");
  labels.answerText = text;
  return text;
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
  // Nearly all text is like this.
  if (/^[ !#-[\]-~]*$/.test(text)) return `"${text}"`;
  return `"${text.replace(/[\p{Cc}"\\]/gu, escaped)}"`;
}

/** Escapes also what is dangerous within HTML, as Go's encoder does for texts that are not labels. */
function quoteForHtml(text: string): string {
  if (/^[ !#-%'-;=?-[\]-~]*$/.test(text)) return `"${text}"`;
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

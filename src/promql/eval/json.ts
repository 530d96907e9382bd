/** Answers of the query API in Prometheus' JSON, byte for byte; made in the query thread, so that others only send. */
import type { Labels } from "../../model/index.js";
import { formatFloat, formatSample } from "../../model/number.js";
import type { MatrixValue, QueryResult, QueryValue } from "./result.js";

/** The whole body of a successful answer. @param statsJson  for `stats=`: a JSON object, undefined if not asked for. */
export function encodeAnswer(result: QueryResult, statsJson?: string): Uint8Array {
  const parts: string[] = [`{"status":"success","data":{"resultType":"${result.value.type}","result":`];
  writeValue(result.value, parts);
  if (statsJson !== undefined) parts.push(`,"stats":${statsJson}`);
  parts.push("}");
  if (result.warnings.length > 0) parts.push(`,"warnings":[${result.warnings.map(quoteForHtml).join(",")}]`);
  if (result.infos.length > 0) parts.push(`,"infos":[${result.infos.map(quoteForHtml).join(",")}]`);
  parts.push("}");
  return Buffer.from(parts.join(""));
}

function writeValue(value: QueryValue, parts: string[]): void {
  switch (value.type) {
    case "scalar":
      parts.push(`[${value.timestampMs / 1000},"${formatFloat(value.value)}"]`);
      return;
    case "string":
      parts.push(`[${value.timestampMs / 1000},${quoteForHtml(value.value)}]`);
      return;
    case "vector": {
      const time = formatSeconds(value.timestampMs);
      const samples = value.labels.map(
        (labels, i) => `{"metric":${labelsJson(labels)},"value":[${time},"${formatSample(value.values[i]!)}"]}`,
      );
      parts.push("[", samples.join(","), "]");
      return;
    }
    case "matrix":
      writeMatrix(value, parts);
  }
}

function writeMatrix(matrix: MatrixValue, parts: string[]): void {
  // The steps of a range query are the same for all series: their texts are made once.
  const timeTexts = new Map<number, string>();
  parts.push("[");
  for (const [i, labels] of matrix.labels.entries()) {
    parts.push(`${i > 0 ? "," : ""}{"metric":${labelsJson(labels)},"values":[`);
    const from = matrix.offsets[i]!;
    const to = matrix.offsets[i + 1]!;
    let text = "";
    for (let k = from; k < to; k++) {
      const timeMs = matrix.times[k]!;
      let time = timeTexts.get(timeMs);
      if (time === undefined) {
        time = formatSeconds(timeMs);
        timeTexts.set(timeMs, time);
      }
      text += `${k > from ? "," : ""}[${time},"${formatSample(matrix.values[k]!)}"]`;
    }
    parts.push(text, "]}");
  }
  parts.push("]");
}

/** Whole milliseconds as seconds, with three digits behind the point or none; scalars and strings have theirs as floats. */
export function formatSeconds(timestampMs: number): string {
  const absolute = Math.abs(timestampMs);
  const fraction = absolute % 1000;
  const sign = timestampMs < 0 ? "-" : "";
  const whole = `${sign}${Math.floor(absolute / 1000)}`;
  return fraction === 0 ? whole : `${whole}.${String(fraction).padStart(3, "0")}`;
}

export function labelsJson(labels: Labels): string {
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

/** An exemplar as it stands in OpenMetrics text behind `# `: labels in braces, a value, perhaps a time in seconds. */
import { METRIC_NAME } from "../model/index.js";
import { parseGoFloat } from "../model/number.js";
import type { ExemplarText } from "./protobuf-exemplar.js";
import { parseSeriesText } from "./series-text.js";

/** @param text  accepted by the parser, from its opening brace on. */
export function openMetricsExemplar(text: Buffer): ExemplarText {
  const end = closingBrace(text) + 1;
  const { pairs } = parseSeriesText(text.subarray(0, end), 0);
  const labels: [string, string][] = [];
  for (let i = 0; i < pairs.length; i += 2) if (pairs[i] !== METRIC_NAME) labels.push([pairs[i]!, pairs[i + 1]!]);
  const [value = "", time] = text.toString("latin1", end).trim().split(" ");
  return {
    pairs: labels,
    value: parseGoFloat(value) ?? Number.NaN,
    timestampMs: time === undefined || time === "" ? undefined : Math.trunc(Number(time) * 1000),
  };
}

function closingBrace(text: Buffer): number {
  let isQuoted = false;
  for (let i = 0; i < text.length; i++) {
    const byte = text[i];
    if (byte === 92 && isQuoted) i++;
    else if (byte === 34) isQuoted = !isQuoted;
    else if (byte === 125 && !isQuoted) return i;
  }
  return text.length - 1;
}

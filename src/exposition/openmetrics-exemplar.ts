/** An exemplar as it stands in OpenMetrics text behind `# `: labels in braces, a value, perhaps a time in seconds. */
import { parseGoFloat } from "../model/number.js";
import type { ExemplarText } from "./protobuf-exemplar.js";

/** One label: a name, perhaps in quotes, and a value whose escapes stay as they are, as in Prometheus. */
const LABEL = /(?:"((?:\\.|[^"\\])*)"|([^\s"=,{}]+))\s*=\s*"((?:\\.|[^"\\])*)"/gs;

/** @param text  accepted by the parser, from its opening brace on. */
export function openMetricsExemplar(text: Buffer): ExemplarText {
  const end = closingBrace(text) + 1;
  const pairs = [...text.toString("utf8", 0, end).matchAll(LABEL)].map(([, quoted, plain, value]): [string, string] => [
    quoted ?? plain ?? "",
    value ?? "",
  ]);
  const [value = "", time] = text.toString("latin1", end).trim().split(" ");
  return {
    pairs,
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

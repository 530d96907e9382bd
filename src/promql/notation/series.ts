/** A series with its values in the notation of Prometheus' tests: `up{job="a"} 0+1x3 _ stale {{count:1 sum:2}}x2`. */
import { VestalError } from "../../base/index.js";
import { Labels } from "../../model/index.js";
import { parseMetricSelector } from "../parser/index.js";
import { type NotedValue, parseValues } from "./values.js";

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
  return { labels: parseMetricNotation(text.slice(0, end), line), values: parseValues(text, end, line) };
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

/** What was expected and what came, as promtool prints it. */
import type { Labels } from "../../../model/index.js";
import { formatSample } from "../../../model/number.js";

export interface LabeledAlert {
  readonly labels: Labels;
  readonly annotations: Labels;
}

export interface ParsedSample {
  readonly labels: Labels;
  readonly value: number;
  /** In the notation of tests; "" for a float. */
  readonly histogram: string;
}

export function alertsText(alerts: readonly LabeledAlert[]): string {
  if (alerts.length === 0) return "[]";
  const shown = alerts.map(
    ({ labels, annotations }, i) => `${i}:${indented(`\nLabels:${labels}\nAnnotations:${annotations}`, "  ")}`,
  );
  return `[\n${shown.join(",\n")}\n]`;
}

export function samplesText(samples: readonly ParsedSample[]): string {
  if (samples.length === 0) return "nil";
  return samples
    .map(({ labels, value, histogram }) => `${labels} ${histogram === "" ? exponential(value) : histogram}`)
    .join(", ");
}

/** Go's strconv.FormatFloat(value, 'E', -1, 64). */
function exponential(value: number): string {
  if (!Number.isFinite(value)) return formatSample(value);
  const text = Object.is(value, -0) ? "-0e+0" : value.toExponential();
  return text.replace(/e([+-])(\d)$/, "e$10$2").replace("e", "E");
}

/** All lines but the first indented. */
export function indented(lines: string, indent: string): string {
  return lines.replaceAll("\n", `\n${indent}`);
}

/** Go's time.Duration as text: `1h0m5s`. */
export function goDuration(ms: number): string {
  if (ms === 0) return "0s";
  if (Math.abs(ms) < 1000) return `${ms}ms`;
  const hours = Math.trunc(ms / 3_600_000);
  const minutes = Math.trunc((ms % 3_600_000) / 60_000);
  const seconds = (ms % 60_000) / 1000;
  if (hours !== 0) return `${hours}h${minutes}m${seconds}s`;
  return minutes !== 0 ? `${minutes}m${seconds}s` : `${seconds}s`;
}

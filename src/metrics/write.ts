/**
 * The text format 0.0.4 of what a registry collected.
 *
 * Prometheus 3.5 gives its own metrics in this format whatever a scraper accepts, and so do we: OpenMetrics would change the
 * stored series (`le="1"` becomes `le="1.0"`).
 * @see https://prometheus.io/docs/instrumenting/exposition_formats/
 */
import type { CollectedFamily, MetricSample } from "./registry.js";

export const TEXT_CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8; escaping=underscores";

export function writeText(families: readonly CollectedFamily[]): string {
  const lines: string[] = [];
  for (const { description, samples } of families) {
    const { name, help, type, labels } = description;
    lines.push(`# HELP ${name} ${help.replace(/[\\\n]/g, (char) => (char === "\n" ? "\\n" : "\\\\"))}`);
    lines.push(`# TYPE ${name} ${type}`);
    for (const sample of samples) writeSample(lines, name, labels, sample);
  }
  return lines.length === 0 ? "" : `${lines.join("\n")}\n`;
}

function writeSample(lines: string[], name: string, labelNames: readonly string[], sample: MetricSample): void {
  // Sorted by name, as client_golang writes them.
  const pairs = labelNames.map((label, i) => `${label}="${escapeValue(sample.labels[i] ?? "")}"`).sort();
  const line = (suffix: string, extra: readonly string[], value: number): void => {
    const all = [...pairs, ...extra];
    lines.push(`${name}${suffix}${all.length === 0 ? "" : `{${all.join(",")}}`} ${formatGoG(value)}`);
  };
  if ("value" in sample) {
    line("", [], sample.value);
    return;
  }
  if ("buckets" in sample) {
    for (const [bound, count] of sample.buckets) line("_bucket", [`le="${formatGoG(bound)}"`], count);
    line("_bucket", ['le="+Inf"'], sample.count);
  } else {
    for (const [quantile, value] of sample.quantiles) line("", [`quantile="${formatGoG(quantile)}"`], value);
  }
  line("_sum", [], sample.sum);
  line("_count", [], sample.count);
}

function escapeValue(value: string): string {
  return value.replace(/[\\\n"]/g, (char) => (char === "\n" ? "\\n" : `\\${char}`));
}

/** Go's 'g' with the fewest digits: an exponent of at least two digits below 1e-4 and from 1e6 on. */
export function formatGoG(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "+Inf" : "-Inf";
  if (Object.is(value, -0)) return "-0";
  const [digits = "", exponent = "0"] = value.toExponential().split("e");
  const power = Number(exponent);
  if (value !== 0 && (power < -4 || power >= 6)) {
    const magnitude = String(Math.abs(power)).padStart(2, "0");
    return `${digits}e${power < 0 ? "-" : "+"}${magnitude}`;
  }
  return String(value);
}

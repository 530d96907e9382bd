/**
 * The text format 0.0.4 of what a registry collected.
 *
 * Prometheus 3.5 gives its own metrics in this format whatever a scraper accepts, and so do we: OpenMetrics would change the
 * stored series (`le="1"` becomes `le="1.0"`).
 * @see https://prometheus.io/docs/instrumenting/exposition_formats/
 */
import { formatGeneral } from "../model/number.js";
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
    lines.push(`${name}${suffix}${all.length === 0 ? "" : `{${all.join(",")}}`} ${formatValue(value)}`);
  };
  if ("value" in sample) {
    line("", [], sample.value);
    return;
  }
  if ("buckets" in sample) {
    for (const [bound, count] of sample.buckets) line("_bucket", [`le="${formatValue(bound)}"`], count);
    line("_bucket", ['le="+Inf"'], sample.count);
  } else {
    for (const [quantile, value] of sample.quantiles) line("", [`quantile="${formatValue(quantile)}"`], value);
  }
  line("_sum", [], sample.sum);
  line("_count", [], sample.count);
}

function escapeValue(value: string): string {
  return value.replace(/[\\\n"]/g, (char) => (char === "\n" ? "\\n" : `\\${char}`));
}

/** Go's shortest form; the sign of zero is not written. */
function formatValue(value: number): string {
  return value === 0 ? "0" : formatGeneral(value);
}

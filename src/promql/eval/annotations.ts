/**
 * Warnings and infos that an answer carries, in Prometheus' words. Equal messages are one, at the place seen last; each
 * is printed with the line and column of the expression that it is about.
 */
import { quoteGo } from "../../model/index.js";
import { formatGeneral } from "../../model/number.js";
import { formatPosition, type Span } from "../parser/index.js";

type Severity = "warning" | "info";

export class Annotations {
  readonly #all = new Map<string, { severity: Severity; span: Span | undefined }>();

  #add(severity: Severity, message: string, span: Span): void {
    const prefix = severity === "warning" ? "PromQL warning" : "PromQL info";
    this.#all.set(`${prefix}: ${message}`, { severity, span });
  }

  /** A warning of storage, which has no place in the expression. */
  addStorageWarning(message: string): void {
    this.#all.set(message, { severity: "warning", span: undefined });
  }

  addInvalidQuantile(q: number, span: Span): void {
    this.#add("warning", `quantile value should be between 0 and 1, got ${formatGeneral(q)}`, span);
  }

  addInvalidRatio(ratio: number, cap: number, span: Span): void {
    const got = `got ${formatGeneral(ratio)}, capping to ${formatGeneral(cap)}`;
    this.#add("warning", `ratio value should be between -1 and 1, ${got}`, span);
  }

  addBadBucketLabel(metricName: string, value: string, span: Span): void {
    const label = `bucket label "le" is missing or has a malformed value of ${quoteGo(value)}`;
    this.#add("warning", `${label} for metric name ${quoteGo(metricName)}`, span);
  }

  addPossibleNonCounter(metricName: string, span: Span): void {
    const what = "metric might not be a counter, name does not end in _total/_sum/_count/_bucket";
    this.#add("info", `${what}: ${quoteGo(metricName)}`, span);
  }

  addPossibleNonCounterType(metricName: string, type: string, span: Span): void {
    const what = `metric might not be a counter, __type__ label is not set to "counter", got ${quoteGo(type)}`;
    this.#add("info", `${what}: ${quoteGo(metricName)}`, span);
  }

  addForcedMonotonicity(metricName: string, span: Span): void {
    const see = "see https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile";
    const what = `input to histogram_quantile needed to be fixed for monotonicity (${see})`;
    this.#add("info", `${what} for metric name ${quoteGo(metricName)}`, span);
  }

  /** The messages for `query`, at most `limit` of each kind (0 = all), a last line saying how many were left out. */
  print(query: string, limit: number): { readonly warnings: readonly string[]; readonly infos: readonly string[] } {
    const printed: Record<Severity, string[]> = { warning: [], info: [] };
    const omitted: Record<Severity, number> = { warning: 0, info: 0 };
    for (const [message, { severity, span }] of this.#all) {
      const list = printed[severity];
      if (limit > 0 && list.length >= limit) omitted[severity]++;
      else list.push(span === undefined ? message : `${message} (${formatPosition(query, span.start)})`);
    }
    for (const severity of ["warning", "info"] as const) {
      if (omitted[severity] > 0) printed[severity].push(`${omitted[severity]} more ${severity} annotations omitted`);
    }
    return { warnings: printed.warning, infos: printed.info };
  }
}

/**
 * Warnings and infos that an answer carries, in Prometheus' words. Equal messages are one, at the place evaluated last; each
 * is printed with the line and column of the expression that it is about.
 */
import { quoteGo } from "../../model/index.js";
import { formatGeneral } from "../../model/number.js";
import { formatPosition, type Span } from "../parser/index.js";

type Severity = "warning" | "info";

/** Where a message points, and the expression whose evaluation says it, where that is another. */
export interface Place extends Span {
  readonly owner?: Span;
}

/**
 * Whether Prometheus evaluates `a` before `b`: what is within something else is, and what is further to the left. Here rows
 * are computed in another order, which must not show.
 */
function isEvaluatedBefore(a: Span, b: Span): boolean {
  if (a.start <= b.start && a.end >= b.end) return false;
  if (b.start <= a.start && b.end >= a.end) return true;
  return a.start < b.start;
}

/** What histograms were joined for, as messages name it. */
export type HistogramOperation = "addition" | "subtraction" | "aggregation";

export class Annotations {
  readonly #all = new Map<string, { severity: Severity; span: Place | undefined }>();
  readonly #isNewer: boolean;
  readonly #atEnd: (() => void)[] = [];

  /** @param isNewer  texts of the language up to 3.14, which leave out an empty metric name */
  constructor(isNewer = false) {
    this.#isNewer = isNewer;
  }

  /** Has `add` called when all rows have been computed, before anything is printed. */
  atEnd(add: () => void): void {
    this.#atEnd.push(add);
  }

  #withName(message: string, metricName: string): string {
    return this.#isNewer && metricName === "" ? message : `${message} for metric name ${quoteGo(metricName)}`;
  }

  #add(severity: Severity, message: string, span: Place): void {
    const key = `${severity === "warning" ? "PromQL warning" : "PromQL info"}: ${message}`;
    const known = this.#all.get(key)?.span;
    if (known !== undefined && isEvaluatedBefore(span.owner ?? span, known.owner ?? known)) return;
    this.#all.set(key, { severity, span });
  }

  /** A warning of storage, which has no place in the expression. */
  addStorageWarning(message: string): void {
    this.#all.set(message, { severity: "warning", span: undefined });
  }

  addInvalidQuantile(q: number, span: Place): void {
    this.#add("warning", `quantile value should be between 0 and 1, got ${formatGeneral(q)}`, span);
  }

  addInvalidRatio(ratio: number, cap: number, span: Place): void {
    const got = `got ${formatGeneral(ratio)}, capping to ${formatGeneral(cap)}`;
    this.#add("warning", `ratio value should be between -1 and 1, ${got}`, span);
  }

  addBadBucketLabel(metricName: string, value: string, span: Place): void {
    const label = `bucket label "le" is missing or has a malformed value of ${quoteGo(value)}`;
    this.#add("warning", this.#withName(label, metricName), span);
  }

  addPossibleNonCounter(metricName: string, span: Place): void {
    const what = "metric might not be a counter, name does not end in _total/_sum/_count/_bucket";
    this.#add("info", `${what}: ${quoteGo(metricName)}`, span);
  }

  addPossibleNonCounterType(metricName: string, type: string, span: Place): void {
    const what = `metric might not be a counter, __type__ label is not set to "counter", got ${quoteGo(type)}`;
    this.#add("info", `${what}: ${quoteGo(metricName)}`, span);
  }

  addForcedMonotonicity(metricName: string, span: Place): void {
    const see = "see https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile";
    const what = `input to histogram_quantile needed to be fixed for monotonicity (${see})`;
    this.#add("info", this.#withName(what, metricName), span);
  }

  addMixedFloatsHistograms(metricName: string, span: Place): void {
    const what = "encountered a mix of histograms and floats for metric name";
    this.#add("warning", `${what} ${quoteGo(metricName)}`, span);
  }

  addMixedAggregation(span: Place): void {
    this.#add("warning", "encountered a mix of histograms and floats for aggregation", span);
  }

  addMixedClassicNative(metricName: string, span: Place): void {
    this.#add("warning", this.#withName("vector contains a mix of classic and native histograms", metricName), span);
  }

  addHistogramNotCounter(metricName: string, span: Place): void {
    this.#add("warning", `this native histogram metric is not a counter: ${quoteGo(metricName)}`, span);
  }

  addHistogramNotGauge(metricName: string, span: Place): void {
    this.#add("warning", `this native histogram metric is not a gauge: ${quoteGo(metricName)}`, span);
  }

  addMixedSchemas(metricName: string, span: Place): void {
    const what = "vector contains a mix of histograms with exponential and custom buckets schemas for metric name";
    this.#add("warning", `${what} ${quoteGo(metricName)}`, span);
  }

  addIncompatibleBounds(metricName: string, span: Place): void {
    const what = "vector contains histograms with incompatible custom buckets for metric name";
    this.#add("warning", `${what} ${quoteGo(metricName)}`, span);
  }

  addIncompatibleLayout(operator: string, span: Place): void {
    this.#add("warning", `incompatible bucket layout encountered for binary operator ${operator}`, span);
  }

  addIncompatibleTypes(left: string, operator: string, right: string, span: Place): void {
    const what = `incompatible sample types encountered for binary operator ${quoteGo(operator)}`;
    this.#add("info", `${what}: ${left} ${operator} ${right}`, span);
  }

  addIgnoredInAggregation(aggregation: string, span: Place): void {
    this.#add("info", `ignored histogram in ${aggregation} aggregation`, span);
  }

  addIgnoredInRange(metricName: string, span: Place): void {
    const what = "ignored histograms in a range containing both floats and histograms for metric name";
    this.#add("info", `${what} ${quoteGo(metricName)}`, span);
  }

  addQuantileIsNan(metricName: string, span: Place): void {
    const what = "input to histogram_quantile has NaN observations, result is NaN";
    this.#add("info", this.#withName(what, metricName), span);
  }

  addQuantileIsSkewed(metricName: string, span: Place): void {
    const what = "input to histogram_quantile has NaN observations, result is skewed higher";
    this.#add("info", this.#withName(what, metricName), span);
  }

  addFractionWithoutNan(metricName: string, span: Place): void {
    const what = "input to histogram_fraction has NaN observations, which are excluded from all fractions";
    this.#add("info", this.#withName(what, metricName), span);
  }

  addResetCollision(operation: HistogramOperation, span: Place): void {
    this.#add("warning", `conflicting counter resets during histogram ${operation}`, span);
  }

  addReconciledBounds(operation: HistogramOperation, span: Place): void {
    this.#add("info", `mismatched custom buckets were reconciled during ${operation}`, span);
  }

  addSortInRange(span: Place): void {
    const what = "sort is ineffective for range queries since results are always ordered by labels";
    this.#add("warning", what, span);
  }

  addStartTimeOverlap(metricName: string, span: Place): void {
    const what = "sample has start time that overlaps with previous sample timestamp";
    this.#add("warning", `${what} for metric ${quoteGo(metricName)}`, span);
  }

  /** The messages for `query`, at most `limit` of each kind (0 = all), a last line saying how many were left out. */
  print(query: string, limit: number): { readonly warnings: readonly string[]; readonly infos: readonly string[] } {
    for (const add of this.#atEnd.splice(0)) add();
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

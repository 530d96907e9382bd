/**
 * One group of tests: its series are loaded, the rules run from the epoch on, alerts are compared as time passes, and
 * expressions at the end.
 */
import { silentLogger, systemClock, systemTimers, VestalError } from "../../../base/index.js";
import { QueryMemory } from "../../../memory/index.js";
import { compareLabels, formatDuration, Labels, quoteGo } from "../../../model/index.js";
import { formatFloat } from "../../../model/number.js";
import {
  DEFAULT_EVALUATION_OPTIONS,
  type EvaluationOptions,
  evaluate,
  type PromqlKernels,
  prepareInstantQuery,
  type QueryResult,
  startPromqlKernels,
  toSample,
} from "../../../promql/index.js";
import {
  parseMetricNotation,
  parseSeriesNotation,
  printHistogramNotation,
  type SeriesNotation,
} from "../../../promql/notation/index.js";
import type { ParserOptions } from "../../../promql/parser/index.js";
import {
  type AppendOutcome,
  type RuleAnswer,
  RuleGroup,
  type RuleGroupSpec,
  type RuleQuery,
  type RuleRow,
  type RuleSample,
  writtenLabels,
} from "../../../rules/index.js";
import { alertTemplates } from "../../alert-templates.js";
import { coloredDiff } from "./diff.js";
import type { AlertTest, ExprTest, TestGroup } from "./schema.js";
import { TestStore } from "./store.js";
import { alertsText, goDuration, indented, type LabeledAlert, type ParsedSample, samplesText } from "./words.js";

export interface GroupTestOptions {
  readonly evaluationIntervalMs: number;
  readonly isFuzzy: boolean;
  readonly hasDiff: boolean;
  readonly isDebug: boolean;
  readonly parser: ParserOptions;
  readonly delayedNameRemoval: boolean;
  readonly out: (text: string) => void;
}

export interface RuleFileGroups {
  readonly file: string;
  readonly groups: readonly RuleGroupSpec[];
}

/** promtool's own bound. */
const SAMPLES_MAX = 10_000;
const MEMORY_BYTES = 1 << 30;

export class GroupTest {
  readonly #test: TestGroup;
  readonly #options: GroupTestOptions;
  readonly #store = new TestStore();
  readonly #memory = new QueryMemory(MEMORY_BYTES);
  readonly #kernels: PromqlKernels = startPromqlKernels(this.#memory);
  readonly #evaluation: EvaluationOptions;
  readonly #intervalMs: number;
  #input: readonly SeriesNotation[] = [];
  #loadedSteps = 0;

  constructor(test: TestGroup, options: GroupTestOptions) {
    this.#test = test;
    this.#options = options;
    this.#intervalMs = test.interval === 0 ? options.evaluationIntervalMs : test.interval;
    this.#evaluation = {
      ...DEFAULT_EVALUATION_OPTIONS,
      maxSamples: SAMPLES_MAX,
      defaultStepMs: options.evaluationIntervalMs,
      delayedNameRemoval: options.delayedNameRemoval,
    };
  }

  /**
   * @param problems  of the rule files; promtool speaks of them after it has read the series
   * @returns what went wrong, in promtool's words.
   */
  async run(
    files: readonly RuleFileGroups[],
    problems: readonly string[],
    orderOf: (group: string) => number,
  ): Promise<readonly string[]> {
    try {
      this.#input = (this.#test.input_series ?? []).map(({ series, values }, i) =>
        parseSeriesNotation(`${series} ${values}`, i + 2),
      );
    } catch (error) {
      if (!(error instanceof VestalError)) throw error;
      return [error.message];
    }
    if (problems.length > 0) return problems;
    const nameless = (this.#test.alert_rule_test ?? []).find(({ alertname }) => alertname === "");
    if (nameless !== undefined) {
      const where = this.#test.name === "" ? "" : ` (in TestGroup ${this.#test.name})`;
      const time = formatDuration(nameless.eval_time);
      return [`an item under alert_rule_test misses required attribute alertname at eval_time ${time}${where}`];
    }
    const groups = this.#groups(files, orderOf);
    const { errors, isBroken } = await this.#evaluateRules(groups);
    if (isBroken) return errors;
    for (const test of this.#test.promql_expr_test ?? []) {
      const problem = await this.#checkExpression(test);
      if (problem !== undefined) errors.push(problem);
    }
    if (this.#options.isDebug) await this.#dump();
    return errors;
  }

  #groups(files: readonly RuleFileGroups[], orderOf: (group: string) => number): readonly RuleGroup[] {
    const { external_url: externalUrl, external_labels: externalLabels } = this.#test;
    const templates = alertTemplates(externalUrl, externalLabels ?? {}, false);
    const deps = {
      querier: {
        evaluate: (queries: readonly RuleQuery[], timeMs: number) => this.#answer(queries, timeMs),
        forState: async () => [],
      },
      appender: { append: async (rows: readonly RuleRow[]) => this.#append(rows) },
      sender: { send: () => {} },
      templates,
      clock: systemClock,
      timers: systemTimers,
      log: silentLogger,
      onChange: () => {},
      observeRule: () => {},
      observeIteration: () => {},
    };
    const options = {
      resendDelayMs: 60_000,
      forOutageToleranceMs: 0,
      forGracePeriodMs: 0,
      externalUrl,
      parser: this.#options.parser,
    };
    return files
      .flatMap(({ file, groups }) => groups.map((spec) => ({ file, spec })))
      .sort((a, b) => orderOf(a.spec.name) - orderOf(b.spec.name))
      .map(({ file, spec }) => {
        const intervalMs = spec.intervalMs === 0 ? this.#intervalMs : spec.intervalMs;
        return new RuleGroup({ file, spec, intervalMs, queryOffsetMs: spec.queryOffsetMs ?? 0 }, false, options, deps);
      });
  }

  async #evaluateRules(groups: readonly RuleGroup[]): Promise<{ errors: string[]; isBroken: boolean }> {
    const { evaluationIntervalMs } = this.#options;
    const errors: string[] = [];
    const tests = (this.#test.alert_rule_test ?? []).toSorted((a, b) => a.eval_time - b.eval_time);
    let next = 0;
    for (let timeMs = 0; timeMs <= this.#lastTimeMs(); timeMs += evaluationIntervalMs) {
      this.#loadUntil(timeMs);
      const failures: string[] = [];
      for (const group of groups) {
        await group.evaluate(timeMs);
        for (const { rule, status } of group.rules) {
          if (status.lastError === "") continue;
          failures.push(`    rule: ${rule.name}, time: ${goDuration(timeMs)}, err: ${status.lastError}`);
        }
      }
      errors.push(...failures);
      if (failures.length > 0) return { errors, isBroken: true };
      for (; next < tests.length && tests[next]!.eval_time < timeMs + evaluationIntervalMs; next++) {
        const problem = this.#checkAlerts(tests[next]!, groups);
        if (problem !== undefined) errors.push(problem);
      }
    }
    return { errors, isBroken: false };
  }

  #lastTimeMs(): number {
    const { alert_rule_test: alerts, promql_expr_test: exprs } = this.#test;
    return [...(alerts ?? []), ...(exprs ?? [])].reduce((last, { eval_time: timeMs }) => Math.max(last, timeMs), 0);
  }

  /** Input that lies after the time of the evaluation is not there yet, also for expressions that look ahead. */
  #loadUntil(timeMs: number): void {
    for (; this.#loadedSteps * this.#intervalMs <= timeMs; this.#loadedSteps++) {
      for (const { labels, values } of this.#input) {
        const value = values[this.#loadedSteps];
        if (value !== undefined) this.#store.append(labels, this.#loadedSteps * this.#intervalMs, value);
      }
    }
  }

  // ── what the rules need ────────────────────────────────────────────────────────────────────────────────────────

  async #answer(queries: readonly RuleQuery[], timeMs: number): Promise<readonly RuleAnswer[]> {
    const answers: RuleAnswer[] = [];
    for (const { expr } of queries) {
      try {
        answers.push({ samples: vectorOf(await this.#evaluate(expr, timeMs)), seconds: 0 });
      } catch (error) {
        if (!(error instanceof VestalError)) throw error;
        answers.push({ error: { message: error.message, isCanceled: false }, seconds: 0 });
      }
    }
    return answers;
  }

  #evaluate(expr: string, timeMs: number): Promise<QueryResult> {
    const request = prepareInstantQuery(expr, timeMs, this.#evaluation, this.#options.parser);
    return evaluate(request, {
      querier: this.#store,
      memory: this.#memory,
      kernels: this.#kernels,
      cancel: { check: () => {} },
    });
  }

  #append(rows: readonly RuleRow[]): AppendOutcome {
    const outcome = { outOfOrder: 0, outOfBounds: 0, duplicates: 0, error: "", hasFailed: false };
    for (const { labels, timestampMs, value, histogram, isStale } of rows) {
      const error = this.#store.append(labels, timestampMs, isStale === true ? "stale" : (histogram ?? value));
      if (error === "") continue;
      if (error.startsWith("out of order")) outcome.outOfOrder++;
      else outcome.duplicates++;
      outcome.error ||= error;
    }
    return outcome;
  }

  // ── comparisons ────────────────────────────────────────────────────────────────────────────────────────────────

  #checkAlerts(test: AlertTest, groups: readonly RuleGroup[]): string | undefined {
    const got: LabeledAlert[] = [];
    for (const { rules } of groups) {
      for (const { rule } of rules) {
        if (rule.kind !== "alerting" || rule.name !== test.alertname) continue;
        for (const { state, labels, annotations } of rule.activeAlerts()) {
          if (state === "firing") got.push({ labels, annotations });
        }
      }
    }
    const expected = (test.exp_alerts ?? []).map(
      ({ exp_labels: labels, exp_annotations: annotations }): LabeledAlert => ({
        labels: writtenLabels(Object.entries({ ...labels, alertname: test.alertname })),
        annotations: writtenLabels(Object.entries(annotations ?? {})),
      }),
    );
    got.sort(compareAlerts);
    expected.sort(compareAlerts);
    const isEqual = got.length === expected.length && got.every((alert, i) => compareAlerts(alert, expected[i]!) === 0);
    if (isEqual) return undefined;
    const name = this.#test.name === "" ? "" : `    name: ${this.#test.name},\n`;
    const head = `${name}    alertname: ${test.alertname}, time: ${formatDuration(test.eval_time)}, \n        `;
    if (this.#options.hasDiff) {
      return `${head}diff: ${indented(coloredDiff(plain(expected), plain(got)), "            ")}`;
    }
    const texts = [expected, got].map((alerts) => indented(alertsText(alerts), "            "));
    return `${head}exp:${texts[0]}, \n        got:${texts[1]}`;
  }

  async #checkExpression({ expr, eval_time: timeMs, exp_samples: wanted }: ExprTest): Promise<string | undefined> {
    const head = `    expr: ${quoteGo(expr)}, time: ${formatDuration(timeMs)},`;
    let got: ParsedSample[];
    try {
      got = vectorOf(await this.#evaluate(expr, timeMs)).map(({ labels, value, histogram }) => ({
        labels,
        value,
        histogram: histogram === undefined ? "" : printHistogramNotation(histogram),
      }));
    } catch (error) {
      if (!(error instanceof VestalError)) throw error;
      return `${head} err: ${error.message}`;
    }
    const expected: ParsedSample[] = [];
    for (const { labels, value, histogram } of wanted ?? []) {
      try {
        const text = histogram === "" ? "" : normalized(histogram);
        expected.push({ labels: parseMetricNotation(labels), value, histogram: text });
      } catch (error) {
        if (!(error instanceof VestalError)) throw error;
        return `${head} err: labels ${quoteGo(labels)}: ${error.message}`;
      }
    }
    got.sort((a, b) => compareLabels(a.labels, b.labels));
    expected.sort((a, b) => compareLabels(a.labels, b.labels));
    const isEqual = got.length === expected.length && got.every((sample, i) => this.#isSame(sample, expected[i]!));
    if (isEqual) return undefined;
    return `${head}\n        exp: ${samplesText(expected)}\n        got: ${samplesText(got)}`;
  }

  #isSame(a: ParsedSample, b: ParsedSample): boolean {
    if (compareLabels(a.labels, b.labels) !== 0 || a.histogram !== b.histogram) return false;
    if (a.value === b.value) return true;
    return this.#options.isFuzzy && areNeighbors(a.value, b.value);
  }

  async #dump(): Promise<void> {
    const endMs = Math.floor((this.#lastTimeMs() + 1000) / 1000) * 1000;
    const { value } = await this.#evaluate(`{__name__=~".+"}[${formatDuration(endMs)}]`, endMs);
    const lines = [`DEBUG: Dump of all data (input_series and rules) at ${goDuration(endMs)}:`];
    if (value.type === "matrix") {
      for (const [i, labels] of value.labels.entries()) {
        lines.push(`${labels} =>`);
        for (let k = value.offsets[i]!; k < value.offsets[i + 1]!; k++) {
          lines.push(`${formatFloat(value.values[k]!)} @[${value.times[k]}]`);
        }
      }
    }
    // A matrix without series still is an empty line.
    if (lines.length === 1) lines.push("");
    this.#options.out(`${lines.join("\n")}\n`);
  }
}

function vectorOf({ value }: QueryResult): RuleSample[] {
  if (value.type === "scalar") return [{ labels: Labels.EMPTY, value: value.value }];
  if (value.type !== "vector") throw new VestalError("RULE", "rule result is not a vector or scalar");
  return value.labels.map((labels, i) => {
    const histogram = value.histograms?.[i];
    const sample = { labels, value: value.values[i]! };
    return histogram === undefined ? sample : { ...sample, value: 0, histogram: toSample(histogram) };
  });
}

function compareAlerts(a: LabeledAlert, b: LabeledAlert): number {
  return compareLabels(a.labels, b.labels) || compareLabels(a.annotations, b.annotations);
}

function plain(alerts: readonly LabeledAlert[]) {
  const shown = alerts.length === 0 ? [{ labels: Labels.EMPTY, annotations: Labels.EMPTY }] : alerts;
  return shown.map(({ labels, annotations }) => ({ Annotations: annotations.toObject(), Labels: labels.toObject() }));
}

function normalized(histogram: string): string {
  const { values } = parseSeriesNotation(`{} ${histogram}`);
  const [value] = values;
  if (values.length !== 1) throw new VestalError("NOTATION", `expected 1 value, got ${values.length}`);
  if (typeof value !== "object") throw new VestalError("NOTATION", `expected histogram, got ${String(value)}`);
  return printHistogramNotation(value);
}

/** True for two numbers with none between them. */
function areNeighbors(a: number, b: number): boolean {
  const bits = (value: number): bigint => {
    const raw = new BigInt64Array(Float64Array.of(value).buffer)[0]!;
    return raw < 0n ? -(raw & 0x7fff_ffff_ffff_ffffn) : raw;
  };
  const distance = bits(a) - bits(b);
  return !Number.isNaN(a) && !Number.isNaN(b) && distance >= -1n && distance <= 1n;
}

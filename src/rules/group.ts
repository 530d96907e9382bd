/**
 * A group of rules: when it is evaluated, in which stages, what is stored, and what it was like last time. Rules of a
 * stage are asked together, since none reads what another one of them stores; the next stage begins when all that the
 * stage gave is stored.
 */
import { type Clock, errorMessage, type Logger, type Timers, VestalError } from "../base/index.js";
import { hashLabels, Labels as LabelSet, type Labels } from "../model/index.js";

import { histogramText } from "../promql/index.js";
import { type ParserOptions, parseExpr, printExpr } from "../promql/parser/index.js";
import { type AlertChange, AlertingRule } from "./alerting-rule.js";
import type {
  AlertSender,
  AlertTemplates,
  AppendOutcome,
  RuleAnswer,
  RuleAppender,
  RuleQuerier,
  RuleQuery,
  RuleRow,
} from "./deps.js";
import type { RuleGroupSpec, RuleSpec } from "./format/index.js";
import { RecordingRule } from "./recording-rule.js";
import { planStages } from "./stages.js";

/** Settings of all groups. */
export interface GroupOptions {
  readonly resendDelayMs: number;
  readonly forOutageToleranceMs: number;
  readonly forGracePeriodMs: number;
  /** No slash at its end. */
  readonly externalUrl: string;
  readonly parser: ParserOptions;
}

export interface GroupDeps {
  readonly querier: RuleQuerier;
  readonly appender: RuleAppender;
  readonly sender: AlertSender;
  readonly templates: AlertTemplates;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Logger;
  readonly onChange: (change: AlertChange) => void;
  readonly observeRule: (seconds: number) => void;
  readonly observeIteration: (seconds: number) => void;
}

/** What is particular to one group, in a form that shows whether it has changed. */
export interface GroupSettings {
  readonly file: string;
  readonly spec: RuleGroupSpec;
  readonly intervalMs: number;
  readonly queryOffsetMs: number;
}

export interface RuleStatus {
  health: "unknown" | "ok" | "err";
  lastError: string;
  evaluationSeconds: number;
  /** Undefined before the first evaluation. */
  lastEvaluationMs: number | undefined;
}

export interface GroupRule {
  readonly rule: AlertingRule | RecordingRule;
  /** The expression as it is printed. */
  readonly query: string;
  readonly status: RuleStatus;
  /** What the last evaluation stored, by `labels.key`. */
  previous: Map<string, Labels>;
}

export interface GroupCounters {
  evaluations: number;
  failures: number;
  iterations: number;
  missed: number;
  lastSamples: number;
  lastRestoreSeconds: number | undefined;
}

/** Rules that are evaluated together, and what is asked for them each time. */
interface Stage {
  readonly entries: readonly GroupRule[];
  readonly queries: readonly RuleQuery[];
}

const NS_PER_MS = 1_000_000n;

export class RuleGroup {
  readonly settings: GroupSettings;
  readonly rules: readonly GroupRule[];
  readonly counters: GroupCounters = {
    evaluations: 0,
    failures: 0,
    iterations: 0,
    missed: 0,
    lastSamples: 0,
    lastRestoreSeconds: undefined,
  };
  evaluationSeconds = 0;
  lastEvaluationMs: number | undefined;
  /** The instant for which it was evaluated last. */
  lastTimestampMs: number | undefined;
  readonly #options: GroupOptions;
  readonly #deps: GroupDeps;
  readonly #stages: readonly Stage[];
  /** Series of rules that are no more: they end with the next evaluation. */
  #staleSeries: Labels[] = [];
  #stopTimer: (() => void) | undefined;
  #running: Promise<void> | undefined;
  #isStopped = false;
  #mustRestore: boolean;

  constructor(settings: GroupSettings, mustRestore: boolean, options: GroupOptions, deps: GroupDeps) {
    this.settings = settings;
    this.#options = options;
    this.#deps = deps;
    this.#mustRestore = mustRestore;
    const { labels, rules } = settings.spec;
    const exprs = rules.map(({ expr }) => parseExpr(expr, options.parser));
    this.rules = rules.map((spec, i) => ({
      rule:
        spec.kind === "recording"
          ? new RecordingRule(spec, labels)
          : new AlertingRule(spec, labels, !mustRestore, {
              templates: deps.templates,
              log: deps.log,
              onChange: deps.onChange,
              query: (expr, timeMs) => this.#ask(expr, timeMs),
            }),
      query: printExpr(exprs[i]!),
      status: { health: "unknown", lastError: "", evaluationSeconds: 0, lastEvaluationMs: undefined },
      previous: new Map(),
    }));
    const group = { file: settings.file, name: settings.spec.name };
    const staged = rules.map((spec, i) => ({
      kind: spec.kind,
      name: spec.name,
      expr: exprs[i]!,
      hasQueries: hasQueries(spec),
    }));
    this.#stages = planStages(staged).map((indices) => {
      const entries = indices.map((index) => this.rules[index]!);
      return { entries, queries: entries.map(({ query }) => ({ expr: query, group })) };
    });
  }

  get key(): string {
    return groupKey(this.settings.file, this.settings.spec.name);
  }

  get ruleSecondsSum(): number {
    return this.rules.reduce((sum, { status }) => sum + status.evaluationSeconds, 0);
  }

  equals(other: GroupSettings): boolean {
    return JSON.stringify(this.settings) === JSON.stringify(other);
  }

  /** Takes over what a group of the same name had, rule by rule. */
  copyState(from: RuleGroup): void {
    this.evaluationSeconds = from.evaluationSeconds;
    this.lastEvaluationMs = from.lastEvaluationMs;
    const byIdentity = new Map<string, GroupRule[]>();
    for (const entry of from.rules) {
      const identity = identityOf(entry);
      const list = byIdentity.get(identity);
      if (list === undefined) byIdentity.set(identity, [entry]);
      else list.push(entry);
    }
    for (const entry of this.rules) {
      const old = byIdentity.get(identityOf(entry))?.shift();
      if (old === undefined) continue;
      entry.previous = old.previous;
      if (entry.rule.kind === "alerting" && old.rule.kind === "alerting") entry.rule.copyState(old.rule);
    }
    this.#staleSeries = [...from.#staleSeries];
    for (const left of byIdentity.values()) {
      for (const { previous } of left) this.#staleSeries.push(...previous.values());
    }
  }

  // ── time ───────────────────────────────────────────────────────────────────────────────────────────────────────

  /** The last instant before or at `nowMs` that is a time of this group, in nanoseconds. */
  timestampNs(nowMs: number): bigint {
    const { file, spec, intervalMs } = this.settings;
    return evaluationTimeNs(spec.name, file, intervalMs, nowMs);
  }

  start(): void {
    const { intervalMs } = this.settings;
    const first = this.timestampNs(this.#deps.clock.nowMs()) + BigInt(intervalMs) * NS_PER_MS;
    this.#schedule(first, false);
  }

  /** Resolves when the iteration under way has ended. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#stopTimer?.();
    await this.#running;
  }

  #schedule(timestampNs: bigint, isSecond: boolean): void {
    if (this.#isStopped) return;
    const waitMs = Math.max(0, Number(timestampNs / NS_PER_MS) + 1 - this.#deps.clock.nowMs());
    this.#stopTimer = this.#deps.timers.after(waitMs, () => {
      this.#running = this.#iterate(timestampNs, isSecond).finally(() => {
        this.#running = undefined;
      });
    });
  }

  async #iterate(timestampNs: bigint, isSecond: boolean): Promise<void> {
    const { intervalMs } = this.settings;
    await this.evaluate(Number(timestampNs / NS_PER_MS));
    // The state of alerts is restored after the second evaluation: by then what it depends on has been scraped.
    if (isSecond && this.#mustRestore) await this.#restore();
    const sinceMs = this.#deps.clock.nowMs() - Number(timestampNs / NS_PER_MS);
    const missed = Math.max(0, Math.floor(sinceMs / intervalMs) - 1);
    this.counters.missed += missed;
    this.counters.iterations += missed;
    this.#schedule(timestampNs + BigInt((missed + 1) * intervalMs) * NS_PER_MS, !isSecond && this.#mustRestore);
  }

  // ── evaluation ─────────────────────────────────────────────────────────────────────────────────────────────────

  /** One iteration, for the instant `timeMs`. */
  async evaluate(timeMs: number): Promise<void> {
    const { clock } = this.#deps;
    const startedMs = clock.nowMs();
    const started = clock.monotonicMs();
    this.counters.iterations++;
    const storedMs = timeMs - this.settings.queryOffsetMs;
    let samples = 0;
    for (const stage of this.#stages) samples += await this.#evaluateStage(stage, timeMs, storedMs);
    this.counters.lastSamples = samples;
    await this.#endStaleSeries(storedMs);
    const seconds = (clock.monotonicMs() - started) / 1000;
    this.#deps.observeIteration(seconds);
    this.evaluationSeconds = seconds;
    this.lastEvaluationMs = startedMs;
    this.lastTimestampMs = timeMs;
  }

  async #evaluateStage({ entries, queries }: Stage, timeMs: number, storedMs: number): Promise<number> {
    const startedMs = this.#deps.clock.nowMs();
    const answers = await this.#deps.querier.evaluate(queries, storedMs);
    const results: { readonly entry: GroupRule; readonly rows: RuleRow[] }[] = [];
    for (const [i, entry] of entries.entries()) {
      const taken = this.#take(entry, answers[i]!, startedMs, timeMs, storedMs);
      const rows = taken instanceof Promise ? await taken : taken;
      if (rows !== undefined) results.push({ entry, rows });
    }
    await this.#store(results, storedMs);
    return results.reduce((sum, { rows }) => sum + rows.length, 0);
  }

  /** What the rule makes of its answer; undefined where it failed. Most rules need not be waited for. */
  #take(
    entry: GroupRule,
    answer: RuleAnswer,
    startedMs: number,
    timeMs: number,
    storedMs: number,
  ): RuleRow[] | undefined | Promise<RuleRow[] | undefined> {
    const { clock } = this.#deps;
    const { rule, status } = entry;
    const { limit } = this.settings.spec;
    const began = clock.monotonicMs();
    this.counters.evaluations++;
    const end = (rows: RuleRow[] | undefined): RuleRow[] | undefined => {
      if (rows !== undefined) {
        status.health = "ok";
        status.lastError = "";
        if (rule.kind === "alerting") this.#send(rule, entry.query, timeMs);
      }
      status.evaluationSeconds = answer.seconds + (clock.monotonicMs() - began) / 1000;
      status.lastEvaluationMs = startedMs;
      this.#deps.observeRule(status.evaluationSeconds);
      return rows;
    };
    const fail = (error: unknown): undefined => {
      if (!(error instanceof VestalError)) throw error;
      this.#fail(entry, error.message, false);
      end(undefined);
    };
    if (answer.error !== undefined) {
      this.#fail(entry, answer.error.message, answer.error.isCanceled);
      return end(undefined);
    }
    try {
      const rows =
        rule.kind === "recording"
          ? rule.evaluate(answer.samples, storedMs, limit)
          : rule.evaluate(answer.samples, timeMs, storedMs, limit);
      return rows instanceof Promise ? rows.then(end, fail) : end(rows);
    } catch (error) {
      return fail(error);
    }
  }

  #send(rule: AlertingRule, query: string, timeMs: number): void {
    const { resendDelayMs, externalUrl } = this.#options;
    if (rule.active.size === 0) return;
    const url = `${externalUrl}/graph?g0.expr=${queryEscape(query)}&g0.tab=1`;
    const alerts = rule.takeToSend(timeMs, resendDelayMs, this.settings.intervalMs, url);
    if (alerts.length > 0) this.#deps.sender.send(alerts);
  }

  #fail({ rule, status }: GroupRule, message: string, isCanceled: boolean): void {
    status.health = "err";
    status.lastError = message;
    this.counters.failures++;
    if (isCanceled) return;
    this.#deps.log.warn("Evaluating rule failed", { ...this.#names(), name: rule.name, err: message });
  }

  #names(): { readonly file: string; readonly group: string } {
    return { file: this.settings.file, group: this.settings.spec.name };
  }

  /** All of a stage at once; where something was refused, again rule by rule, to know whose it was. */
  async #store(
    results: readonly { readonly entry: GroupRule; readonly rows: readonly RuleRow[] }[],
    storedMs: number,
  ): Promise<void> {
    const prepared = results.map(({ entry, rows }) => {
      if (areSeriesOf(rows, entry.previous)) return { entry, returned: entry.previous, rows, ends: [] };
      const returned = new Map(rows.map(({ labels }) => [labels.key, labels]));
      return { entry, returned, rows, ends: [...staleRows(entry.previous, returned, storedMs)] };
    });
    const all = prepared.flatMap(({ rows, ends }) => (ends.length === 0 ? rows : [...rows, ...ends]));
    if (all.length === 0) {
      for (const { entry, returned } of prepared) entry.previous = returned;
      return;
    }
    const outcome = await this.#append(all);
    if (outcome.error === "") {
      for (const { entry, returned } of prepared) entry.previous = returned;
      return;
    }
    for (const { entry, returned, rows, ends } of prepared) {
      const own = rows.length === all.length ? outcome : await this.#append(rows);
      this.#judge(entry, own);
      // A series that ends here may go on in another rule: what is refused of the markers is nobody's fault.
      const ended = ends.length === 0 ? own : await this.#append(ends);
      if (!own.hasFailed && !ended.hasFailed) entry.previous = returned;
    }
  }

  #judge(entry: GroupRule, outcome: AppendOutcome): void {
    if (outcome.error === "") return;
    const { status, rule } = entry;
    const { log } = this.#deps;
    status.health = "err";
    status.lastError = outcome.error;
    const fields = { ...this.#names(), name: rule.name };
    if (outcome.hasFailed) {
      this.counters.failures++;
      log.warn("Rule sample appending failed", { ...fields, err: outcome.error });
    }
    if (outcome.outOfOrder > 0) {
      log.warn("Error on ingesting out-of-order result from rule evaluation", {
        ...fields,
        num_dropped: outcome.outOfOrder,
      });
    }
    if (outcome.outOfBounds > 0) {
      log.warn("Error on ingesting too old result from rule evaluation", {
        ...fields,
        num_dropped: outcome.outOfBounds,
      });
    }
    if (outcome.duplicates > 0) {
      log.warn("Error on ingesting results from rule evaluation with different value but same timestamp", {
        ...fields,
        num_dropped: outcome.duplicates,
      });
    }
  }

  async #append(rows: readonly RuleRow[]): Promise<AppendOutcome> {
    try {
      return await this.#deps.appender.append(rows);
    } catch (error) {
      if (!(error instanceof VestalError)) throw error;
      return { outOfOrder: 0, outOfBounds: 0, duplicates: 0, error: error.message, hasFailed: true };
    }
  }

  async #endStaleSeries(storedMs: number): Promise<void> {
    if (this.#staleSeries.length === 0) return;
    const rows = this.#staleSeries.map((labels) => ({ labels, timestampMs: storedMs, value: 0, isStale: true }));
    const { error } = await this.#append(rows);
    if (error !== "") this.#deps.log.warn("Adding stale sample for previous configuration failed", { err: error });
    else this.#staleSeries = [];
  }

  /** Everything that it has stored ends at `nowMs`: the group is gone. */
  async endAll(nowMs: number): Promise<void> {
    for (const entry of this.rules) {
      this.#staleSeries.push(...entry.previous.values());
      entry.previous = new Map();
    }
    await this.#endStaleSeries(nowMs - this.settings.queryOffsetMs);
  }

  async #ask(expr: string, timeMs: number) {
    const names = this.#names();
    const queries = [{ expr, group: { file: names.file, name: names.group } }];
    const [answer] = await this.#deps.querier.evaluate(queries, timeMs);
    if (answer?.samples === undefined) throw new VestalError("RULE", answer?.error.message ?? "no answer");
    return answer.samples.map(({ labels, value, histogram }) => ({
      labels: labels.toObject(),
      value: histogram === undefined ? value : { histogram: histogramText(histogram) },
    }));
  }

  // ── restart ────────────────────────────────────────────────────────────────────────────────────────────────────

  async #restore(): Promise<void> {
    const { clock, querier, log } = this.#deps;
    const { forGracePeriodMs, forOutageToleranceMs } = this.#options;
    const began = clock.monotonicMs();
    const nowMs = clock.nowMs();
    for (const { rule } of this.rules) {
      if (rule.kind !== "alerting") continue;
      // A rule that waits less than the grace period would only wait longer.
      if (rule.spec.forMs < forGracePeriodMs || rule.active.size === 0) {
        rule.isRestored = true;
        continue;
      }
      try {
        rule.restore(await querier.forState(rule.name, nowMs - forOutageToleranceMs, nowMs), nowMs, forGracePeriodMs);
      } catch (error) {
        if (!(error instanceof VestalError)) throw error;
        log.error("Failed to restore 'for' state", { ...this.#names(), rule: rule.name, err: errorMessage(error) });
        rule.isRestored = true;
      }
    }
    this.#mustRestore = false;
    this.counters.lastRestoreSeconds = (clock.monotonicMs() - began) / 1000;
  }
}

function hasQueries({ labels, annotations }: RuleSpec): boolean {
  return [...Object.values(labels), ...Object.values(annotations)].some((text) => /\{\{[\s\S]*\bquery\b/.test(text));
}

export function groupKey(file: string, name: string): string {
  return `${file};${name}`;
}

function identityOf({ rule }: GroupRule): string {
  return `${rule.name}\0${rule.labels.key}`;
}

/** Whether these are the very series of last time, in their order. */
function areSeriesOf(rows: readonly RuleRow[], previous: ReadonlyMap<string, Labels>): boolean {
  if (rows.length !== previous.size) return false;
  let at = 0;
  for (const labels of previous.values()) if (rows[at++]!.labels !== labels) return false;
  return true;
}

function* staleRows(
  previous: ReadonlyMap<string, Labels>,
  returned: ReadonlyMap<string, Labels>,
  timestampMs: number,
): Generator<RuleRow> {
  for (const [key, labels] of previous) if (!returned.has(key)) yield { labels, timestampMs, value: 0, isStale: true };
}

/** As Go's url.QueryEscape. */
function queryEscape(text: string): string {
  return encodeURIComponent(text)
    .replaceAll("%20", "+")
    .replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** The last instant before or at `timeMs` at which a group of this name and file is evaluated, in nanoseconds. */
export function evaluationTimeNs(name: string, file: string, intervalMs: number, timeMs: number): bigint {
  const intervalNs = BigInt(intervalMs) * NS_PER_MS;
  const offset = hashLabels(LabelSet.of({ name, file })) % intervalNs;
  const adjusted = BigInt(Math.floor(timeMs)) * NS_PER_MS - offset;
  return adjusted - (adjusted % intervalNs) + offset;
}

/**
 * The rules in the control worker: joins the groups with what they need. Queries go to the main thread, which has the
 * pool; results go straight to the shards that own their series.
 */
import type { MessagePort } from "node:worker_threads";
import { type ApiFailure, failure, goJson, type ServiceAnswer } from "../../api/index.js";
import { errorMessage, type Logger, systemClock, systemTimers, VestalError } from "../../base/index.js";
import type { Config } from "../../config/index.js";
import { type MetricSample, Registry } from "../../metrics/index.js";
import type { Matcher } from "../../model/index.js";
import { type ParserOptions, parseMetricSelector } from "../../promql/parser/index.js";
import {
  type AlertChange,
  AlertHistory,
  type AlertTemplates,
  type AppendOutcome,
  alertsView,
  matchesAny,
  type RuleAppender,
  type RuleGroup,
  RuleManager,
  type RuleRow,
  type RuleSet,
  rulesView,
} from "../../rules/index.js";
import {
  BATCH_REFUSES_OUT_OF_ORDER,
  DEFAULT_SENDER_OPTIONS,
  type ForeignOutcome,
  ForeignSender,
} from "../../shard/index.js";
import { alertTemplates } from "../alert-templates.js";
import { HistoryFile } from "./history-file.js";
import { AlertNotifier } from "./notifier-host.js";
import { relabelSteps } from "./relabel-steps.js";
import { RemoteQueries } from "./remote-queries.js";
import type { FromRules, RulesQuestion, RulesSettings, ToRules } from "./rules-messages.js";
import { unpackAnswers } from "./rules-pack.js";

export interface CollectedSamples {
  readonly name: string;
  readonly samples: readonly MetricSample[];
}

export class RulesHost {
  readonly #port: MessagePort;
  readonly #settings: RulesSettings;
  readonly #log: Logger;
  readonly #manager: RuleManager;
  readonly #queries: RemoteQueries;
  readonly #sender: ForeignSender;
  readonly #notifier: AlertNotifier;
  readonly #registry = new Registry(systemClock);
  readonly #historyFile: HistoryFile;
  readonly #history: AlertHistory;
  /** Of live subscriptions, by number: which alerts. */
  readonly #watches = new Map<number, readonly (readonly Matcher[])[]>();
  #templates: AlertTemplates | undefined;
  #config: Config | undefined;

  constructor(port: MessagePort, settings: RulesSettings, log: Logger) {
    this.#port = port;
    this.#settings = settings;
    this.#log = log.with({ component: "rule manager" });
    this.#historyFile = new HistoryFile(settings.dataFolder, this.#log);
    const historyOptions = { retentionMs: settings.historyRetentionMs, entriesMax: settings.historyEntriesMax };
    this.#history = new AlertHistory(historyOptions, this.#historyFile, systemClock);
    this.#sender = new ForeignSender(settings.shardCount, {
      ...DEFAULT_SENDER_OPTIONS,
      batchFlags: BATCH_REFUSES_OUT_OF_ORDER,
    });
    this.#queries = new RemoteQueries(settings, (id, questions) => this.#post({ type: "queries", id, questions }));
    this.#notifier = new AlertNotifier(settings, this.#registry, log.with({ component: "notifier" }));
    const ruleSeconds = this.#registry.summary("prometheus_rule_evaluation_duration_seconds");
    const groupSeconds = this.#registry.summary("prometheus_rule_group_duration_seconds");
    this.#manager = new RuleManager(
      {
        resendDelayMs: settings.resendDelayMs,
        forOutageToleranceMs: settings.forOutageToleranceMs,
        forGracePeriodMs: settings.forGracePeriodMs,
        externalUrl: settings.externalUrl,
        parser: this.#parser,
        restoreNewGroups: false,
      },
      {
        querier: this.#queries,
        appender: new ForeignAppender(this.#sender),
        sender: this.#notifier,
        templates: {
          expand: (...args) => {
            if (this.#templates === undefined) throw new VestalError("TEMPLATE", "no configuration is in force");
            return this.#templates.expand(...args);
          },
        },
        clock: systemClock,
        timers: systemTimers,
        log: this.#log,
        onChange: (change) => this.#changed(change),
        observeRule: (seconds) => ruleSeconds.observe(seconds),
        observeIteration: (seconds) => groupSeconds.observe(seconds),
      },
    );
    this.#registerGroups();
    port.on("message", (message: ToRules) => this.#handle(message));
  }

  /** A configuration is in force. */
  apply(config: Config, set: RuleSet): void {
    this.#config = config;
    this.#templates = alertTemplates(this.#settings.externalUrl, config.global.externalLabels);
    this.#notifier.apply(config);
    this.#manager.update(set).catch((error: unknown) => {
      this.#log.error("Going over to other rules failed", { err: errorMessage(error) });
    });
  }

  get #parser(): ParserOptions {
    const { experimentalFunctions, durationExpressions } = this.#settings;
    return { experimentalFunctions, durationExpressions };
  }

  #post(message: FromRules): void {
    this.#port.postMessage(message);
  }

  #changed(change: AlertChange): void {
    const shown = this.#history.add(change);
    if (this.#watches.size === 0) return;
    const json = goJson(shown);
    for (const [id, matcherSets] of this.#watches) {
      if (matchesAny(change.labels, matcherSets)) this.#post({ type: "changes", id, json });
    }
  }

  #watch(id: number, texts: readonly string[]): void {
    const matcherSets = this.#matcherSets(texts);
    if ("kind" in matcherSets) {
      this.#post({ type: "watched", id, answer: matcherSets });
      return;
    }
    this.#watches.set(id, matcherSets);
    const answer = encoded(alertsView(this.#manager.groups, (labels) => matchesAny(labels, matcherSets)));
    this.#post({ type: "watched", id, answer });
  }

  #matcherSets(texts: readonly string[]): readonly (readonly Matcher[])[] | ApiFailure {
    try {
      return texts.map((text) => parseMetricSelector(text, this.#parser));
    } catch (error) {
      if (!(error instanceof VestalError)) throw error;
      return failure("bad_data", error.message, "match[]");
    }
  }

  #handle(message: ToRules): void {
    switch (message.type) {
      case "begin":
        this.#manager.start();
        return;
      case "owner":
        this.#sender.setOwner(message.shard, message.port);
        return;
      case "owner-lost":
        this.#sender.loseOwner(message.shard, message.reason);
        return;
      case "answers":
        this.#queries.take(message.id, unpackAnswers(message.answers));
        return;
      case "question":
        void this.#reply(message.id, message.question); // never rejects
        return;
      case "watch":
        this.#watch(message.id, message.matchers);
        return;
      case "unwatch":
        this.#watches.delete(message.id);
        return;
      case "stop":
        void this.#stop(); // never rejects
    }
  }

  async #stop(): Promise<void> {
    try {
      await this.#manager.stop();
      this.#historyFile.flush();
      await this.#notifier.stop();
    } catch (error) {
      this.#log.error("The rules did not end cleanly", { err: errorMessage(error) });
    }
    this.#post({ type: "stopped" });
  }

  // ── questions ──────────────────────────────────────────────────────────────────────────────────────────────────

  async #reply(id: number, question: RulesQuestion): Promise<void> {
    let answer: ServiceAnswer;
    try {
      answer =
        question.kind === "ask-alertmanager"
          ? await this.#notifier.ask(question.url, question.question)
          : this.#answer(question);
    } catch (error) {
      answer = failure("internal", errorMessage(error));
    }
    this.#post({ type: "answer", id, answer });
  }

  #answer(question: Exclude<RulesQuestion, { readonly kind: "ask-alertmanager" }>): ServiceAnswer {
    switch (question.kind) {
      case "rules": {
        const matcherSets = this.#matcherSets(question.matchers);
        if ("kind" in matcherSets) return matcherSets;
        const view = rulesView(this.#manager.groups, { ...question, matcherSets });
        return view === "unknown token" ? { kind: "empty" } : encoded(view.data);
      }
      case "alerts":
        return encoded(alertsView(this.#manager.groups));
      case "history": {
        const matcherSets = this.#matcherSets(question.matchers);
        if ("kind" in matcherSets) return matcherSets;
        const { changes, isCut } = this.#history.query({ ...question, matcherSets });
        const data = { changes };
        return isCut ? { kind: "data", data, warnings: ["results truncated due to limit"] } : { kind: "data", data };
      }
      case "relabel-steps":
        return relabelSteps(this.#config, question.scrapePool, question.labelsJson);
      case "alertmanagers":
        return encoded(this.#notifier.view());
      case "metrics":
        return {
          kind: "data",
          data: this.#registry.collect().map(({ description, samples }) => ({ name: description.name, samples })),
        };
    }
  }

  #registerGroups(): void {
    const each = (name: string, read: (group: RuleGroup) => number | undefined): void =>
      this.#registry.samples(`prometheus_rule_${name}`, () =>
        this.#manager.groups.flatMap((group) => {
          const value = read(group);
          return value === undefined ? [] : [{ labels: [group.key], value }];
        }),
      );
    each("evaluations_total", ({ counters }) => counters.evaluations);
    each("evaluation_failures_total", ({ counters }) => counters.failures);
    each("group_interval_seconds", ({ settings }) => settings.intervalMs / 1000);
    each("group_iterations_missed_total", ({ counters }) => counters.missed);
    each("group_iterations_total", ({ counters }) => counters.iterations);
    each("group_last_duration_seconds", ({ evaluationSeconds }) => evaluationSeconds);
    each("group_last_evaluation_samples", ({ counters }) => counters.lastSamples);
    each("group_last_evaluation_timestamp_seconds", ({ lastEvaluationMs }) => (lastEvaluationMs ?? 0) / 1000);
    each("group_last_restore_duration_seconds", ({ counters }) => counters.lastRestoreSeconds);
    each("group_last_rule_duration_sum_seconds", ({ ruleSecondsSum }) => ruleSecondsSum);
    each("group_rules", ({ rules }) => rules.length);
  }
}

function encoded(data: unknown): ServiceAnswer {
  return { kind: "encoded", body: Buffer.from(goJson({ status: "success", data })) };
}

// ── storage ────────────────────────────────────────────────────────────────────────────────────────────────────────

class ForeignAppender implements RuleAppender {
  readonly #sender: ForeignSender;

  constructor(sender: ForeignSender) {
    this.#sender = sender;
  }

  async append(rows: readonly RuleRow[]): Promise<AppendOutcome> {
    const outcome = await this.#sender.send(rows);
    return {
      outOfOrder: outcome.outOfOrder,
      outOfBounds: outcome.outOfBounds + outcome.tooOld,
      duplicates: outcome.duplicates,
      error: problemOf(outcome),
      hasFailed: outcome.failures.length > 0,
    };
  }
}

function problemOf({
  failures,
  refusals,
  outOfOrder,
  outOfBounds,
  duplicates,
  tooOld,
  invalid,
  noMemory,
}: ForeignOutcome): string {
  const [failure] = failures;
  if (failure !== undefined) return failure.error.message;
  if (outOfOrder + outOfBounds + duplicates + tooOld + invalid + noMemory === 0) return "";
  return refusals[0]?.message ?? "samples were refused";
}

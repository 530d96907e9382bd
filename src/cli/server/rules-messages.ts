/**
 * What the main thread and the rules say to each other, over a port of their own; the rules run in the control worker.
 *
 *   main ──► rules   begin, shards, answers of queries, questions of the API, stop
 *   main ◄── rules   queries, answers to questions, changes of alerts, stopped
 */
import type { MessagePort } from "node:worker_threads";
import type { AlertmanagerQuestion, ServiceAnswer } from "../../api/index.js";
import type { Histogram } from "../../model/index.js";
import type { PackedAnswers, PackedQuestions } from "./rules-pack.js";

/** Of all rules and of the sending of alerts; from the command line. */
export interface RulesSettings {
  readonly shardCount: number;
  readonly resendDelayMs: number;
  readonly forOutageToleranceMs: number;
  readonly forGracePeriodMs: number;
  readonly maxConcurrentEvals: number;
  readonly isConcurrent: boolean;
  /** As users reach the server; no slash at its end. */
  readonly externalUrl: string;
  readonly experimentalFunctions: boolean;
  readonly durationExpressions: boolean;
  readonly lookbackDeltaMs: number;
  readonly queueCapacity: number;
  readonly batchSize: number;
  readonly drainsOnShutdown: boolean;
  readonly userAgent: string;
  /** Where the alert history is kept. */
  readonly dataFolder: string;
  readonly historyRetentionMs: number;
  readonly historyEntriesMax: number;
  /** `host:port` of an Alertmanager inside the server; empty where there is none. */
  readonly embeddedAlertmanager: string;
  /** Of every Alertmanager; those of the embedded one may be changed always. */
  readonly areSilencesEnabled: boolean;
}

/** What is asked each time, at another time. */
export interface RuleExpression {
  readonly expression: string;
  /** Absent: the server's. */
  readonly lookbackDeltaMs?: number;
  /** Whose rule it is, for the query log. */
  readonly group?: { readonly file: string; readonly name: string };
}

/** An expression's vector. A scalar is one without labels. */
export interface RuleVector {
  /** Number of the list of label sets, the same as long as they are; 0 for a list that has none. */
  readonly list: number;
  /** Flat pairs; undefined where the asker has this list from the answer before. */
  readonly labels: readonly (readonly string[])[] | undefined;
  readonly values: Float64Array;
  readonly histograms: readonly (Histogram | undefined)[] | undefined;
  readonly seconds: number;
}

export interface RuleFailure {
  readonly error: string;
  readonly isCanceled: boolean;
  readonly seconds: number;
}

export type RuleExpressionAnswer = RuleVector | RuleFailure;

export type RulesQuestion =
  | {
      readonly kind: "rules";
      readonly type: "" | "alert" | "record";
      readonly ruleNames: readonly string[];
      readonly groupNames: readonly string[];
      readonly files: readonly string[];
      readonly excludeAlerts: boolean;
      readonly groupLimit: number;
      readonly groupNextToken: string;
      readonly matchers: readonly string[];
    }
  | { readonly kind: "alerts" }
  | {
      readonly kind: "history";
      readonly startMs: number;
      readonly endMs: number;
      readonly matchers: readonly string[];
      readonly limit: number;
    }
  | { readonly kind: "alertmanagers" }
  | { readonly kind: "ask-alertmanager"; readonly url: string; readonly question: AlertmanagerQuestion }
  /** Not of rules, but of the configuration, which lives in the same thread. */
  | { readonly kind: "relabel-steps"; readonly scrapePool: string; readonly labelsJson: string }
  | { readonly kind: "metrics" };

export type ToRules =
  | { readonly type: "begin" }
  | { readonly type: "owner"; readonly shard: number; readonly port: MessagePort }
  | { readonly type: "owner-lost"; readonly shard: number; readonly reason: string }
  | {
      readonly type: "answers";
      readonly id: number;
      /** Of the first expressions that were asked: those that are left must be asked again. */
      readonly answers: PackedAnswers;
    }
  | { readonly type: "question"; readonly id: number; readonly question: RulesQuestion }
  /** Tell active alerts, and then each change. */
  | { readonly type: "watch"; readonly id: number; readonly matchers: readonly string[] }
  | { readonly type: "unwatch"; readonly id: number }
  | { readonly type: "stop" };

export type FromRules =
  | { readonly type: "queries"; readonly id: number; readonly questions: PackedQuestions }
  | { readonly type: "answer"; readonly id: number; readonly answer: ServiceAnswer }
  | { readonly type: "watched"; readonly id: number; readonly answer: ServiceAnswer }
  /** JSON texts. */
  | { readonly type: "changes"; readonly id: number; readonly json: string }
  | { readonly type: "stopped" };

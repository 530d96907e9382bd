/** What the rules need of the rest, by interface: queries, storage, Alertmanagers, templates. Times in milliseconds. */
import type { Histogram, Labels } from "../model/index.js";

/** One element of an instant vector. */
export interface RuleSample {
  /** Mostly the same object as last time, where the labels are the same. */
  readonly labels: Labels;
  /** Of a float; 0 where there is a histogram. */
  readonly value: number;
  readonly histogram?: Histogram;
}

export interface RuleQuery {
  readonly expr: string;
  /** Whose rule it is, for the query log. */
  readonly group?: { readonly file: string; readonly name: string };
}

/** What one expression gave: a vector (a scalar has no labels), or why there is none. */
export type RuleAnswer =
  | { readonly samples: readonly RuleSample[]; readonly seconds: number; readonly error?: undefined }
  | { readonly samples?: undefined; readonly seconds: number; readonly error: RuleError };

export interface RuleError {
  readonly message: string;
  /** The query was stopped because the server ends. */
  readonly isCanceled: boolean;
}

export interface RuleQuerier {
  /**
   * Answers in the order of the queries. Never rejects for what an expression does.
   *
   * @param queries  the same list each time, where the same is asked again: what is known of it is kept with it
   */
  evaluate(queries: readonly RuleQuery[], timeMs: number): Promise<readonly RuleAnswer[]>;
  /** The last sample of each series of `ALERTS_FOR_STATE` of an alert in a range; stale ones are left out. */
  forState(alertName: string, startMs: number, endMs: number): Promise<readonly ForStateSample[]>;
}

export interface ForStateSample {
  /** Without the metric's name. */
  readonly labels: Labels;
  readonly timestampMs: number;
  /** Seconds since the epoch: when the alert became active. */
  readonly value: number;
}

export interface RuleRow {
  readonly labels: Labels;
  readonly timestampMs: number;
  readonly value: number;
  readonly isStale?: boolean;
  /** Instead of `value`. */
  readonly histogram?: Histogram;
}

export interface AppendOutcome {
  readonly outOfOrder: number;
  readonly outOfBounds: number;
  readonly duplicates: number;
  /** The first refusal in words; empty where everything was stored. */
  readonly error: string;
  /** Some rows may not be stored because an owner failed. */
  readonly hasFailed: boolean;
}

export interface RuleAppender {
  /** Resolves when all owners have committed or refused. Storing the same rows again changes nothing. */
  append(rows: readonly RuleRow[]): Promise<AppendOutcome>;
}

/** An alert on its way to Alertmanagers. */
export interface OutgoingAlert {
  readonly labels: Labels;
  readonly annotations: Labels;
  readonly startsAtMs: number;
  readonly endsAtMs: number;
  readonly generatorUrl: string;
}

export interface AlertSender {
  send(alerts: readonly OutgoingAlert[]): void;
}

/** Data of a template of a label or an annotation: an element of the expression's vector. */
export interface AlertTemplateData {
  readonly labels: Labels;
  readonly value: number;
  readonly histogram?: Histogram;
}

export interface TemplateQuerySample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number | { readonly histogram: string };
}

/** Rejects with a VestalError in Prometheus' words. */
export type TemplateQuery = (expr: string) => Promise<readonly TemplateQuerySample[]>;

export interface AlertTemplates {
  /** @throws VestalError in Prometheus' words if the template cannot be expanded. */
  expand(name: string, text: string, data: AlertTemplateData, query: TemplateQuery): Promise<string>;
}

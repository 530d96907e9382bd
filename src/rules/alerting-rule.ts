/**
 * An alerting rule: from the vector of its expression to the states of its alerts. An alert is pending while its element
 * is there for less than `for`, then it fires, and it is resolved when its element is gone for `keep_firing_for`.
 * Resolved alerts are kept for 15 minutes, so that their end is sent more than once.
 */
import { type Logger, VestalError } from "../base/index.js";
import { Labels, METRIC_NAME } from "../model/index.js";
import { LabelsBuilder } from "../relabel/index.js";
import type {
  AlertTemplates,
  ForStateSample,
  OutgoingAlert,
  RuleRow,
  RuleSample,
  TemplateQuery,
  TemplateQuerySample,
} from "./deps.js";
import type { RuleSpec } from "./format/index.js";
import { writtenLabels } from "./written-labels.js";

export const ALERTS = "ALERTS";
export const ALERTS_FOR_STATE = "ALERTS_FOR_STATE";
const ALERT_NAME = "alertname";
const ALERT_STATE = "alertstate";

const RESOLVED_RETENTION_MS = 15 * 60_000;

export type AlertState = "inactive" | "pending" | "firing";

export interface Alert {
  state: AlertState;
  readonly labels: Labels;
  annotations: Labels;
  value: number;
  activeAtMs: number;
  firedAtMs: number;
  /** Undefined while it is not resolved. */
  resolvedAtMs: number | undefined;
  lastSentAtMs: number;
  validUntilMs: number;
  keepFiringSinceMs: number | undefined;
}

/** A change of an alert's state, for its history. */
export interface AlertChange {
  readonly rule: string;
  readonly labels: Labels;
  readonly annotations: Labels;
  readonly from: AlertState;
  readonly to: AlertState;
  readonly timeMs: number;
  readonly value: number;
}

export interface AlertingRuleDeps {
  readonly templates: AlertTemplates;
  readonly log: Logger;
  readonly onChange: (change: AlertChange) => void;
  /** Asks a query of a template. */
  readonly query: (expr: string, timeMs: number) => Promise<readonly TemplateQuerySample[]>;
}

/** Labels of the two series of an alert in one state. */
interface StoredLabels {
  readonly state: AlertState;
  readonly ofState: Labels;
  readonly ofForState: Labels;
}

export class AlertingRule {
  readonly kind = "alerting";
  readonly spec: RuleSpec;
  /** Those of the rule over those of its group; values are templates. */
  readonly labels: Labels;
  readonly annotations: Labels;
  /** By `labels.key`. */
  readonly active = new Map<string, Alert>();
  /** False until the time that alerts were pending before a restart is found out: until then nothing is stored. */
  isRestored: boolean;
  readonly #deps: AlertingRuleDeps;
  readonly #hasTemplates: boolean;
  readonly #hasLabelTemplates: boolean;
  /** By labels of the vector: those of the alert, where they follow from them alone. */
  readonly #knownLabels = new WeakMap<Labels, Labels>();
  /** What was stored of each alert last. */
  readonly #stored = new WeakMap<Alert, StoredLabels>();

  constructor(
    spec: RuleSpec,
    groupLabels: Readonly<Record<string, string>>,
    isRestored: boolean,
    deps: AlertingRuleDeps,
  ) {
    this.spec = spec;
    this.labels = writtenLabels(Object.entries({ ...groupLabels, ...spec.labels }));
    this.annotations = writtenLabels(Object.entries(spec.annotations));
    this.isRestored = isRestored;
    this.#deps = deps;
    this.#hasLabelTemplates = this.labels.pairs.some((text) => text.includes("{{"));
    this.#hasTemplates = this.#hasLabelTemplates || this.annotations.pairs.some((text) => text.includes("{{"));
  }

  get name(): string {
    return this.spec.name;
  }

  get state(): AlertState {
    let state: AlertState = "inactive";
    for (const alert of this.active.values()) {
      if (alert.state === "firing") return "firing";
      if (alert.state === "pending") state = "pending";
    }
    return state;
  }

  /** Those that are not resolved. */
  *activeAlerts(): Generator<Alert> {
    for (const alert of this.active.values()) if (alert.resolvedAtMs === undefined) yield alert;
  }

  /**
   * Takes over what the expression gave at `timeMs`. There is nothing to wait for where nothing is active, as with most rules.
   * @returns what is to be stored at `storedMs`.
   * @throws VestalError RULE, or rejects with it, in Prometheus' words.
   */
  evaluate(
    samples: readonly RuleSample[],
    timeMs: number,
    storedMs: number,
    limit: number,
  ): RuleRow[] | Promise<RuleRow[]> {
    if (samples.length === 0 && this.active.size === 0) return [];
    return this.#evaluate(samples, timeMs, storedMs, limit);
  }

  async #evaluate(samples: readonly RuleSample[], timeMs: number, storedMs: number, limit: number): Promise<RuleRow[]> {
    const found = await this.#alertsOf(samples, timeMs);
    for (const [key, fresh] of found) {
      const known = this.active.get(key);
      if (known !== undefined && known.state !== "inactive") {
        known.value = fresh.value;
        known.annotations = fresh.annotations;
      } else {
        this.active.set(key, fresh);
        this.#changed(fresh, "inactive", timeMs);
      }
    }
    const rows: RuleRow[] = [];
    let activeCount = 0;
    for (const [key, alert] of this.active) {
      if (!this.#advance(key, alert, found.has(key), timeMs)) continue;
      activeCount++;
      if (alert.state === "pending" && timeMs - alert.activeAtMs >= this.spec.forMs) {
        alert.state = "firing";
        alert.firedAtMs = timeMs;
        this.#changed(alert, "pending", timeMs);
      }
      if (!this.isRestored) continue;
      const { ofState, ofForState } = this.#storedLabels(alert);
      const activeSeconds = Math.floor(alert.activeAtMs / 1000);
      rows.push({ labels: ofState, timestampMs: storedMs, value: 1 });
      rows.push({ labels: ofForState, timestampMs: storedMs, value: activeSeconds });
    }
    if (limit > 0 && activeCount > limit) {
      this.active.clear();
      throw new VestalError("RULE", `exceeded limit of ${limit} with ${activeCount} alerts`);
    }
    return rows;
  }

  /** True while the alert is pending or firing. */
  #advance(key: string, alert: Alert, isFound: boolean, timeMs: number): boolean {
    if (isFound) {
      alert.keepFiringSinceMs = undefined;
      return true;
    }
    let keepsFiring = false;
    if (alert.state === "firing" && this.spec.keepFiringForMs > 0) {
      alert.keepFiringSinceMs ??= timeMs;
      keepsFiring = timeMs - alert.keepFiringSinceMs < this.spec.keepFiringForMs;
    }
    const isForgotten = alert.resolvedAtMs !== undefined && timeMs - alert.resolvedAtMs > RESOLVED_RETENTION_MS;
    if (alert.state === "pending" || isForgotten) this.active.delete(key);
    if (alert.state !== "inactive" && !keepsFiring) {
      const from = alert.state;
      alert.state = "inactive";
      alert.resolvedAtMs = timeMs;
      this.#changed(alert, from, timeMs);
    }
    return keepsFiring;
  }

  #changed(alert: Alert, from: AlertState, timeMs: number): void {
    const { labels, annotations, state, value } = alert;
    this.#deps.onChange({ rule: this.name, labels, annotations, from, to: state, timeMs, value });
  }

  // ── from the vector to alerts ──────────────────────────────────────────────────────────────────────────────────

  async #alertsOf(samples: readonly RuleSample[], timeMs: number): Promise<ReadonlyMap<string, Alert>> {
    const answers = new Map<string, Promise<readonly TemplateQuerySample[]>>();
    // All elements of the vector ask the same, mostly.
    const query: TemplateQuery = (expr) => {
      const answer = answers.get(expr) ?? this.#deps.query(expr, timeMs);
      answers.set(expr, answer);
      return answer;
    };
    const found = new Map<string, Alert>();
    for (const sample of samples) {
      const expand = (text: string): Promise<string> | string =>
        text.includes("{{") ? this.#expand(text, sample, query) : text;
      const known = this.#hasLabelTemplates ? undefined : this.#knownLabels.get(sample.labels);
      const labels = known ?? (await this.#labelsOf(sample.labels, expand));
      let { annotations } = this;
      if (this.#hasTemplates) {
        const expanded: [string, string][] = [];
        for (const [name, text] of this.annotations.entries()) expanded.push([name, await expand(text)]);
        annotations = writtenLabels(expanded);
      }
      if (found.has(labels.key)) {
        throw new VestalError("RULE", "vector contains metrics with the same labelset after applying alert labels");
      }
      found.set(labels.key, {
        state: "pending",
        labels,
        annotations,
        value: sample.value,
        activeAtMs: timeMs,
        firedAtMs: 0,
        resolvedAtMs: undefined,
        lastSentAtMs: Number.NEGATIVE_INFINITY,
        validUntilMs: 0,
        keepFiringSinceMs: undefined,
      });
    }
    return found;
  }

  async #labelsOf(source: Labels, expand: (text: string) => Promise<string> | string): Promise<Labels> {
    const builder = new LabelsBuilder(source);
    builder.delete(METRIC_NAME);
    for (const [name, text] of this.labels.entries()) builder.set(name, await expand(text));
    builder.set(ALERT_NAME, this.name);
    const labels = builder.labels();
    if (!this.#hasLabelTemplates) this.#knownLabels.set(source, labels);
    return labels;
  }

  async #expand(text: string, data: RuleSample, query: TemplateQuery): Promise<string> {
    try {
      return await this.#deps.templates.expand(`__alert_${this.name}`, text, data, query);
    } catch (error) {
      if (!(error instanceof VestalError)) throw error;
      this.#deps.log.warn("Expanding alert template failed", { rule: this.name, err: error.message });
      return `<error expanding template: ${error.message}>`;
    }
  }

  // ── to storage and to Alertmanagers ────────────────────────────────────────────────────────────────────────────

  #storedLabels(alert: Alert): StoredLabels {
    const known = this.#stored.get(alert);
    if (known?.state === alert.state) return known;
    const { state } = alert;
    const labelled = (metric: string): LabelsBuilder => {
      // A label whose template gave nothing is stored as it is written, as Prometheus does.
      const builder = new LabelsBuilder(Labels.of(this.labels.entries()));
      for (const [name, text] of alert.labels.entries()) builder.set(name, text);
      builder.set(METRIC_NAME, metric);
      builder.set(ALERT_NAME, this.name);
      return builder;
    };
    const ofState = labelled(ALERTS);
    ofState.set(ALERT_STATE, state);
    const stored = { state, ofState: ofState.labels(), ofForState: labelled(ALERTS_FOR_STATE).labels() };
    this.#stored.set(alert, stored);
    return stored;
  }

  /** Alerts that must be sent now: firing ones again after `resendDelayMs`, resolved ones at once and then likewise. */
  takeToSend(timeMs: number, resendDelayMs: number, intervalMs: number, generatorUrl: string): OutgoingAlert[] {
    const sent: OutgoingAlert[] = [];
    for (const alert of this.active.values()) {
      if (alert.state === "pending") continue;
      const isNewlyResolved = alert.resolvedAtMs !== undefined && alert.resolvedAtMs > alert.lastSentAtMs;
      if (!isNewlyResolved && alert.lastSentAtMs + resendDelayMs >= timeMs) continue;
      alert.lastSentAtMs = timeMs;
      // Two evaluations or sendings may fail before Alertmanager takes the alert for resolved.
      alert.validUntilMs = timeMs + 4 * Math.max(resendDelayMs, intervalMs);
      sent.push({
        labels: alert.labels,
        annotations: alert.annotations,
        startsAtMs: alert.firedAtMs,
        endsAtMs: alert.resolvedAtMs ?? alert.validUntilMs,
        generatorUrl,
      });
    }
    return sent;
  }

  // ── restart ────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Gives pending alerts back the time that they had waited before the restart. */
  restore(stored: readonly ForStateSample[], nowMs: number, gracePeriodMs: number): void {
    const byLabels = new Map(stored.map((sample) => [sample.labels.key, sample]));
    const { forMs } = this.spec;
    for (const alert of this.active.values()) {
      const sample = byLabels.get(alert.labels.key);
      if (sample === undefined) continue;
      const downAtMs = Math.floor(sample.timestampMs / 1000) * 1000;
      const activeAtMs = Math.trunc(sample.value) * 1000;
      const remainingMs = forMs - (downAtMs - activeAtMs);
      // Nothing is left to wait: it fired, and does so again in the next evaluation.
      if (remainingMs <= 0) alert.activeAtMs = activeAtMs;
      else if (remainingMs < gracePeriodMs) alert.activeAtMs = nowMs + gracePeriodMs - forMs;
      else alert.activeAtMs = activeAtMs + (nowMs - downAtMs);
    }
    this.isRestored = true;
  }

  /** Takes over the alerts of the rule that was in its place before a reload. */
  copyState(from: AlertingRule): void {
    for (const [key, alert] of from.active) this.active.set(key, alert);
  }
}

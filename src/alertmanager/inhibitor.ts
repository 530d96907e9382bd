/** Inhibition: an alert is muted while another fires that a rule sets above it. */

import type { Alert } from "./alert.js";
import type { AlertListener } from "./alerts.js";
import type { InhibitRuleSection } from "./config/document.js";
import { fingerprint, type LabelSet, labelSet } from "./labels.js";
import { allMatch, type Matcher } from "./matchers/matcher.js";
import type { MatcherSyntax } from "./matchers/parse.js";
import { joinMatchers } from "./route.js";

const NONE: readonly string[] = [];

class InhibitRule {
  readonly source: readonly Matcher[];
  readonly target: readonly Matcher[];
  readonly #equal: readonly string[];
  /** Alerts that match the source, and which of those with the same equal labels lasts longest. */
  readonly #sources = new Map<string, Alert>();
  readonly #longest = new Map<string, string>();

  constructor(section: InhibitRuleSection, syntax: MatcherSyntax) {
    this.source = joinMatchers(section.source_match, section.source_match_re, section.source_matchers, syntax);
    this.target = joinMatchers(section.target_match, section.target_match_re, section.target_matchers, syntax);
    this.#equal = section.equal ?? [];
  }

  #equalKey(labels: LabelSet): string {
    return fingerprint(labelSet(this.#equal.map((name) => [name, labels.get(name) ?? ""])));
  }

  onAlert(alert: Alert): void {
    if (!allMatch(this.source, alert.labels)) return;
    this.#sources.set(alert.fingerprint, alert);
    const key = this.#equalKey(alert.labels);
    const known = this.#sources.get(this.#longest.get(key) ?? "");
    // The known one gives way to one that ends later.
    if (known === undefined || known.resolvedAt(alert.endsAt.unixNano)) this.#longest.set(key, alert.fingerprint);
  }

  onGone(alerts: readonly Alert[]): void {
    for (const alert of alerts) {
      if (!this.#sources.delete(alert.fingerprint)) continue;
      const key = this.#equalKey(alert.labels);
      if (this.#longest.get(key) === alert.fingerprint) this.#longest.delete(key);
    }
  }

  /** The fingerprint of the alert that inhibits one with these labels. */
  inhibitedBy(labels: LabelSet, nowNano: bigint): string | undefined {
    if (!allMatch(this.target, labels)) return undefined;
    const source = this.#sources.get(this.#longest.get(this.#equalKey(labels)) ?? "");
    if (source === undefined || source.resolvedAt(nowNano)) return undefined;
    // Alerts that match both sides do not inhibit each other.
    if (allMatch(this.source, labels) && allMatch(this.target, source.labels)) return undefined;
    return source.fingerprint;
  }
}

export class Inhibitor implements AlertListener {
  readonly #rules: readonly InhibitRule[];

  constructor(sections: readonly InhibitRuleSection[], syntax: MatcherSyntax) {
    this.#rules = sections.map((section) => new InhibitRule(section, syntax));
  }

  onAlert(alert: Alert): void {
    for (const rule of this.#rules) rule.onAlert(alert);
  }

  onGone(alerts: readonly Alert[]): void {
    for (const rule of this.#rules) rule.onGone(alerts);
  }

  inhibitedBy(labels: LabelSet, nowNano: bigint): readonly string[] {
    for (const rule of this.#rules) {
      const source = rule.inhibitedBy(labels, nowNano);
      if (source !== undefined) return [source];
    }
    return NONE;
  }
}

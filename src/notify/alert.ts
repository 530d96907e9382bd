/** An alert as Alertmanagers are told of it. Times in milliseconds. */
import { Labels } from "../model/index.js";
import { type CompiledRule, LabelsBuilder, relabel } from "../relabel/index.js";

export interface Alert {
  readonly labels: Labels;
  readonly annotations: Labels;
  readonly startsAtMs: number;
  readonly endsAtMs: number;
  readonly generatorUrl: string;
}

/** With the external labels where it has none of that name, and relabelled; alerts that a rule drops are left out. */
export function relabelAlerts(
  alerts: readonly Alert[],
  rules: readonly CompiledRule[],
  externalLabels: Labels = Labels.EMPTY,
): readonly Alert[] {
  return alerts.flatMap((alert) => {
    const builder = new LabelsBuilder(alert.labels);
    for (const [name, value] of externalLabels.entries()) if (alert.labels.get(name) === "") builder.set(name, value);
    const { labels } = relabel(builder.labels(), rules);
    return labels === undefined ? [] : [{ ...alert, labels }];
  });
}

/** The body of `POST /api/v2/alerts`. */
export function encodeAlerts(alerts: readonly Alert[]): string {
  return JSON.stringify(
    alerts.map(({ labels, annotations, startsAtMs, endsAtMs, generatorUrl }) => ({
      ...(annotations.size > 0 && { annotations: annotations.toObject() }),
      endsAt: new Date(endsAtMs).toISOString(),
      startsAt: new Date(startsAtMs).toISOString(),
      generatorURL: generatorUrl,
      labels: labels.toObject(),
    })),
  );
}

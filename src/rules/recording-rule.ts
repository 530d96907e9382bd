/** A recording rule: the vector of its expression under another name. */
import { VestalError } from "../base/index.js";
import { type Labels, METRIC_NAME } from "../model/index.js";
import { LabelsBuilder } from "../relabel/index.js";
import type { RuleRow, RuleSample } from "./deps.js";
import type { RuleSpec } from "./format/index.js";
import { writtenLabels } from "./written-labels.js";

export class RecordingRule {
  readonly kind = "recording";
  readonly spec: RuleSpec;
  /** Those of the rule over those of its group. */
  readonly labels: Labels;
  /** Of the last vector: what an element had as labels, and what its row has. */
  readonly #known: { readonly source: Labels; readonly labels: Labels }[] = [];

  constructor(spec: RuleSpec, groupLabels: Readonly<Record<string, string>>) {
    this.spec = spec;
    this.labels = writtenLabels(Object.entries({ ...groupLabels, ...spec.labels }));
  }

  get name(): string {
    return this.spec.name;
  }

  /** @throws VestalError RULE in Prometheus' words. */
  evaluate(samples: readonly RuleSample[], storedMs: number, limit: number): RuleRow[] {
    const rows = samples.map(({ labels, value, histogram }, i): RuleRow => {
      const row = { labels: this.#labelsOf(labels, i), timestampMs: storedMs, value };
      return histogram === undefined ? row : { ...row, histogram };
    });
    this.#known.length = rows.length;
    if (rows.length > 1 && new Set(rows.map(({ labels }) => labels.key)).size < rows.length) {
      throw new VestalError("RULE", "vector contains metrics with the same labelset after applying rule labels");
    }
    if (limit > 0 && rows.length > limit) {
      throw new VestalError("RULE", `exceeded limit of ${limit} with ${rows.length} series`);
    }
    return rows;
  }

  /** Labels of the row that comes from element `i` of the vector. */
  #labelsOf(source: Labels, i: number): Labels {
    const known = this.#known[i];
    if (known?.source === source) return known.labels;
    const builder = new LabelsBuilder(source);
    builder.set(METRIC_NAME, this.spec.name);
    for (const [name, text] of this.labels.entries()) builder.set(name, text);
    const labels = builder.labels();
    this.#known[i] = { source, labels };
    return labels;
  }
}

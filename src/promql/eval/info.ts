/**
 * `info(v, {selector})`: series of `v` with labels of the info series that have the same `instance` and `job`.
 *
 * In 3.5 which info series belongs to a series is looked up by its place among those present at the step, which goes
 * wrong where there are gaps; as `language` asks for its answers, that is kept.
 */
import { type Labels, type Matcher, METRIC_NAME } from "../../model/index.js";
import { executionError, sameLabelsetError } from "../functions/errors.js";
import type { InfoPlan } from "../plan/nodes.js";
import { ABSENT, type Evaluation, Frame, HISTOGRAM, hold, type Rows, rowBytes } from "./rows.js";

const IDENTIFYING: ReadonlySet<string> = new Set(["instance", "job"]);

export function infoRows(evaluation: Evaluation, plan: InfoPlan): Rows {
  const { steps } = plan.grid;
  const base = hold(evaluation, evaluation.open(plan.operand), steps);
  const info = hold(evaluation, evaluation.open(plan.info), steps);
  return new Combiner(evaluation, plan, base, info).rows();
}

class Combiner {
  readonly #evaluation: Evaluation;
  readonly #plan: InfoPlan;
  readonly #base: Frame;
  readonly #info: Frame;
  readonly #isIgnored: readonly boolean[];
  readonly #infoNames: readonly string[];
  readonly #dataMatchers: readonly Matcher[];

  constructor(evaluation: Evaluation, plan: InfoPlan, base: Frame, info: Frame) {
    this.#evaluation = evaluation;
    this.#plan = plan;
    this.#base = base;
    const matches = (matcher: Matcher, row: number): boolean => matcher.matches(base.labels(row).get(METRIC_NAME));
    this.#isIgnored = Array.from({ length: base.count }, (_, row) =>
      evaluation.isNewer
        ? plan.nameMatchers.every((matcher) => matches(matcher, row))
        : plan.writtenNameMatchers.some((matcher) => matches(matcher, row)),
    );
    const known = this.#identities();
    this.#info = this.#related(info, known);
    // Without any identity 3.5 does not come to take the name's conditions out.
    const keepsNames = known.size === 0 && !evaluation.isNewer;
    this.#dataMatchers = keepsNames ? [...plan.dataMatchers, ...plan.selectorNameMatchers] : plan.dataMatchers;
    const names = Array.from({ length: this.#info.count }, (_, row) => this.#info.labels(row).get(METRIC_NAME));
    this.#infoNames = [...new Set(names)].sort();
  }

  /** The values of identifying labels in the base. */
  #identities(): ReadonlyMap<string, ReadonlySet<string>> {
    const known = new Map<string, Set<string>>();
    for (let row = 0; row < this.#base.count; row++) {
      if (this.#isIgnored[row]) continue;
      for (const name of IDENTIFYING) {
        const value = this.#base.labels(row).get(name);
        if (value !== "") known.set(name, (known.get(name) ?? new Set()).add(value));
      }
    }
    return known;
  }

  /** Info series that may belong to one of the base: those whose identifying labels it has. */
  #related(info: Frame, known: ReadonlyMap<string, ReadonlySet<string>>): Frame {
    const rows = Array.from({ length: info.count }, (_, row) => row);
    if (known.size === 0) return info.pick([]);
    return info.pick(
      rows.filter((row) => [...known].every(([name, values]) => values.has(info.labels(row).get(name)))),
    );
  }

  rows(): Rows {
    const { memory, isNewer, budget } = this.#evaluation;
    const { steps } = this.#plan.grid;
    const frame = new Frame(memory, steps);
    const rowOf = new Map<string, number>();
    for (let step = 0; step < steps; step++) {
      const bySignature = this.#infoAt(step);
      let place = 0;
      for (let row = 0; row < this.#base.count; row++) {
        const kind = memory.bytes[this.#base.present(row) + step]!;
        if (kind === ABSENT) continue;
        const labels = this.#combined(row, isNewer ? row : place++, bySignature);
        budget.work(10);
        if (labels === undefined) continue;
        const dropsName = isNewer && this.#base.dropsName(row);
        let target = rowOf.get(labels.key);
        if (target === undefined) {
          target = frame.count;
          rowOf.set(labels.key, target);
          const address = memory.allocate(rowBytes(steps));
          memory.bytes.fill(0, address, address + rowBytes(steps));
          frame.add(labels, dropsName, address);
        }
        if (memory.bytes[frame.present(target) + step] !== ABSENT) throw sameLabelsetError();
        memory.bytes[frame.present(target) + step] = kind;
        const value = memory.floats[(this.#base.values(row) >>> 3) + step]!;
        memory.floats[(frame.values(target) >>> 3) + step] = value;
      }
    }
    return frame;
  }

  /** The newest info series of each name and identity. */
  #infoAt(step: number): Map<string, Labels> {
    const { memory, isNewer } = this.#evaluation;
    const found = new Map<string, { labels: Labels; seconds: number }>();
    let place = 0;
    for (let row = 0; row < this.#info.count; row++) {
      const kind = memory.bytes[this.#info.present(row) + step]!;
      if (kind === ABSENT) continue;
      if (kind === HISTOGRAM) throw executionError("info sample should be float");
      const labels = this.#info.labels(row);
      const name = labels.get(METRIC_NAME);
      const seconds = memory.floats[(this.#info.values(row) >>> 3) + step]!;
      const signatureLabels = this.#info.labels(isNewer ? row : place++);
      const signature = signatureOf(signatureLabels.get(METRIC_NAME), signatureLabels);
      const existing = found.get(signature);
      if (existing !== undefined && existing.seconds === seconds) {
        const at = Math.round(seconds * 1000);
        throw executionError(
          isNewer
            ? `found duplicate series for info metric: existing ${existing.labels} @ ${at}, new ${labels} @ ${at}`
            : `found duplicate series for info metric ${name}`,
        );
      }
      if (existing === undefined || existing.seconds < seconds) found.set(signature, { labels, seconds });
    }
    return new Map([...found].map(([signature, { labels }]) => [signature, labels]));
  }

  /** Labels of base series `row` with what its info series add; undefined if it is to be left out. */
  #combined(row: number, signatureRow: number, bySignature: ReadonlyMap<string, Labels>): Labels | undefined {
    const base = this.#base.labels(row);
    if (this.#isIgnored[signatureRow]) return base;
    const dataMatchers = this.#dataMatchers;
    const wanted = new Set(dataMatchers.map((matcher) => matcher.name));
    const added = new Map<string, string>();
    let isFound = false;
    for (const name of this.#infoNames) {
      const info = bySignature.get(signatureOf(name, this.#base.labels(signatureRow)));
      if (info === undefined) continue;
      isFound = true;
      for (const [label, value] of info.entries()) {
        if (label === METRIC_NAME || (wanted.size > 0 && !wanted.has(label))) continue;
        const other = added.get(label);
        if (other !== undefined && other !== value) throw executionError(`conflicting label: ${label}`);
        if (base.get(label) === "") added.set(label, value);
      }
    }
    const isMissing = this.#evaluation.isNewer ? !isFound : added.size === 0;
    if (isMissing && !dataMatchers.every((matcher) => matcher.matchesEmpty)) return undefined;
    let labels = base;
    for (const [label, value] of added) labels = labels.with(label, value);
    return labels;
  }
}

function signatureOf(name: string, labels: Labels): string {
  return `${name}\u0000${labels.only(IDENTIFYING).key}`;
}

/** Rows computed one by one from other rows. */
import type { Labels } from "../../model/index.js";
import { type Evaluation, type Rows, rowBytes, withoutName, withUniqueLabels } from "./rows.js";

/** Each row of `source` changed in place by `change`, which returns the number of present steps. */
export class MappedRows implements Rows {
  readonly #source: Rows;
  readonly #change: (values: number, present: number, found: number, index: number) => number;
  readonly #labels: readonly Labels[] | undefined;
  readonly #drops: boolean | undefined;
  readonly fillMany?: NonNullable<Rows["fillMany"]>;

  /** @param labels  of the result, where they differ; @param drops  whether the name goes at the end, where that differs */
  constructor(
    source: Rows,
    steps: number,
    change: (values: number, present: number, found: number, index: number) => number,
    labels: readonly Labels[] | undefined,
    drops: boolean | undefined,
  ) {
    this.#source = source;
    this.#change = change;
    this.#labels = labels;
    this.#drops = drops;
    const { fillMany } = source;
    if (fillMany === undefined) return;
    this.fillMany = (indices, from, to, address, founds) => {
      fillMany.call(source, indices, from, to, address, founds);
      for (let i = from; i < to; i++) {
        const row = address + (i - from) * rowBytes(steps);
        const found = founds[i - from]!;
        if (found > 0) founds[i - from] = change(row, row + steps * 8, found, indices[i]!);
      }
    };
  }

  get count(): number {
    return this.#source.count;
  }
  labels(index: number): Labels {
    return this.#labels === undefined ? this.#source.labels(index) : this.#labels[index]!;
  }
  dropsName(index: number): boolean {
    return this.#drops ?? this.#source.dropsName(index);
  }
  fill(index: number, values: number, present: number): number {
    const found = this.#source.fill(index, values, present);
    return found === 0 ? 0 : this.#change(values, present, found, index);
  }
}

/**
 * Rows of a function that changes values and so loses the metric's name: at once, or at the end with delayed removal.
 *
 * @param refuses  duplicates are an error even where they have no step in common
 */
export function namelessRows(
  evaluation: Evaluation,
  source: Rows,
  steps: number,
  refuses: boolean,
  change: (values: number, present: number, found: number, index: number) => number,
): Rows {
  const labels = evaluation.delayedNameRemoval ? undefined : allLabels(source).map(withoutName);
  const rows = new MappedRows(source, steps, change, labels, true);
  if (refuses && evaluation.delayedNameRemoval) return rows;
  return withUniqueLabels(evaluation, rows, steps, refuses ? "refuse" : "merge");
}

function allLabels(rows: Rows): Labels[] {
  return Array.from({ length: rows.count }, (_, i) => rows.labels(i));
}

/** One row that is known when asked for. */
export class SingleRow implements Rows {
  readonly count = 1;
  readonly #labels: Labels;
  readonly #drops: boolean;
  readonly #fill: (values: number, present: number) => number;

  constructor(labels: Labels, drops: boolean, fill: (values: number, present: number) => number) {
    this.#labels = labels;
    this.#drops = drops;
    this.#fill = fill;
  }

  labels(): Labels {
    return this.#labels;
  }
  dropsName(): boolean {
    return this.#drops;
  }
  fill(_index: number, values: number, present: number): number {
    return this.#fill(values, present);
  }
}

/** and, or, unless: rows masked by where a row of the same signature is present on the other side. */
import type { Labels } from "../../model/index.js";
import type { SetOperationPlan } from "../plan/nodes.js";
import { MappedRows } from "./mapped.js";
import { signatureOf } from "./matching.js";
import { type Evaluation, type Frame, hold, RowBuffer, type Rows, withUniqueLabels } from "./rows.js";

export function setOperation(evaluation: Evaluation, plan: SetOperationPlan): Rows {
  const { steps } = plan.grid;
  const signature = signatureOf(plan.matching);
  const left = evaluation.open(plan.left);
  const right = evaluation.open(plan.right);
  if (plan.op === "or") {
    const held = hold(evaluation, left, steps);
    const presence = presenceBySignature(evaluation, held, signature, steps);
    const masked = masks(evaluation, right, presence, signature, steps, 0);
    return withUniqueLabels(evaluation, new Concatenation(held, masked), steps, "merge");
  }
  const presence = presenceBySignature(evaluation, hold(evaluation, right, steps), signature, steps);
  return masks(evaluation, left, presence, signature, steps, plan.op === "and" ? 1 : 0);
}

/** For each signature the steps at which any of its rows is present: addresses of presence. */
function presenceBySignature(
  evaluation: Evaluation,
  frame: Frame,
  signature: (labels: Labels) => string,
  steps: number,
): Map<string, number> {
  const { memory, kernels } = evaluation;
  const presence = new Map<string, number>();
  for (let i = 0; i < frame.count; i++) {
    const key = signature(frame.labels(i));
    const known = presence.get(key);
    if (known !== undefined) {
      kernels.joinPresence(known, frame.present(i), steps);
      continue;
    }
    const address = memory.allocate(steps);
    memory.bytes.copyWithin(address, frame.present(i), frame.present(i) + steps);
    presence.set(key, address);
  }
  return presence;
}

/** `rows` at the steps where their signature is present (`keep` = 1) or absent (`keep` = 0) in `presence`. */
function masks(
  evaluation: Evaluation,
  rows: Rows,
  presence: ReadonlyMap<string, number>,
  signature: (labels: Labels) => string,
  steps: number,
  keep: number,
): Rows {
  const none = new RowBuffer(evaluation.memory, steps).present;
  evaluation.memory.bytes.fill(0, none, none + steps);
  const mask = (_values: number, present: number, _found: number, index: number): number => {
    const other = presence.get(signature(rows.labels(index))) ?? none;
    return evaluation.kernels.maskRow(present, other, steps, keep);
  };
  return new MappedRows(rows, steps, mask, undefined, undefined);
}

class Concatenation implements Rows {
  readonly #first: Rows;
  readonly #second: Rows;

  constructor(first: Rows, second: Rows) {
    this.#first = first;
    this.#second = second;
  }

  get count(): number {
    return this.#first.count + this.#second.count;
  }
  labels(index: number): Labels {
    const inFirst = index < this.#first.count;
    return inFirst ? this.#first.labels(index) : this.#second.labels(index - this.#first.count);
  }
  dropsName(index: number): boolean {
    const inFirst = index < this.#first.count;
    return inFirst ? this.#first.dropsName(index) : this.#second.dropsName(index - this.#first.count);
  }
  fill(index: number, values: number, present: number): number {
    if (index < this.#first.count) return this.#first.fill(index, values, present);
    return this.#second.fill(index - this.#first.count, values, present);
  }
}

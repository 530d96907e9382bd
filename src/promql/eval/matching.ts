/**
 * Operators between two vectors. Which rows meet is decided once, from their labels: a signature per row, the pairs of
 * equal signatures, and the labels of each pair's result. Steps only see rows.
 *
 * In the common case every signature stands once on the `one` side and every result has labels of its own; then results
 * stream. Otherwise rows share a signature, and whether that is an error depends on their steps, which are compared.
 */
import { compareBytes, type Labels, METRIC_NAME } from "../../model/index.js";
import { executionError, sameLabelsetError } from "../functions/errors.js";
import { isComparison, isTrim, type VectorMatching } from "../parser/index.js";
import type { VectorOperationPlan } from "../plan/nodes.js";
import { combine, GIVE_BOOL, KEEP_LEFT } from "./binary.js";
import { type Evaluation, Frame, hold, RowBuffer, type Rows, rowBytes, settle, withoutName } from "./rows.js";
import { StepNotes } from "./step-notes.js";

const NAME_ONLY: ReadonlySet<string> = new Set([METRIC_NAME]);

/** Equal for rows that match. */
export function signatureOf(matching: VectorMatching): (labels: Labels) => string {
  const names = new Set(matching.labels);
  if (matching.on) return (labels) => labels.only(names).key;
  names.add(METRIC_NAME);
  return (labels) => labels.without(names).key;
}

interface Pair {
  readonly many: number;
  readonly one: number;
  readonly labels: Labels;
  readonly signature: string;
}

export function vectorOperation(evaluation: Evaluation, plan: VectorOperationPlan): Rows {
  const { steps } = plan.grid;
  const swapped = plan.matching.card === "one-to-many";
  // The left side first: of two errors the query's author is told the first.
  const left = evaluation.open(plan.left);
  const right = evaluation.open(plan.right);
  const one = hold(evaluation, swapped ? left : right, steps);
  let many = swapped ? right : left;
  const signature = signatureOf(plan.matching);
  const oneBySignature = new Map<string, number[]>();
  let isUnique = true;
  for (let i = 0; i < one.count; i++) {
    const key = signature(one.labels(i));
    const rows = oneBySignature.get(key);
    if (rows === undefined) oneBySignature.set(key, [i]);
    else {
      rows.push(i);
      isUnique = false;
    }
  }
  if (!isUnique) {
    const held = hold(evaluation, many, steps);
    refuseDuplicates(evaluation, plan, one, held, oneBySignature);
    many = held;
  }
  const pairs: Pair[] = [];
  for (let i = 0; i < many.count; i++) {
    const labels = many.labels(i);
    const key = signature(labels);
    for (const partner of oneBySignature.get(key) ?? []) {
      const result = resultLabels(evaluation, plan, labels, one.labels(partner));
      pairs.push({ many: i, one: partner, labels: result, signature: key });
    }
  }
  const { fillLeft, fillRight } = plan.matching;
  if (fillLeft !== undefined || fillRight !== undefined) {
    const filled = fillSides(evaluation, plan, hold(evaluation, many, steps), one, pairs);
    const rows = new PairRows(evaluation, plan, filled.many, filled.one, filled.pairs);
    return joinPairs(evaluation, rows, filled.pairs, steps, plan.matching.card === "one-to-one");
  }
  const matched = new Set(pairs.map((pair) => pair.many));
  settle(evaluation, many, steps, (index) => matched.has(index));
  const oneToOne = plan.matching.card === "one-to-one";
  const isPlain =
    new Set(pairs.map((pair) => pair.labels.key)).size === pairs.length &&
    (!oneToOne || new Set(pairs.map((pair) => pair.signature)).size === pairs.length);
  const rows = new PairRows(evaluation, plan, many, one, pairs);
  return isPlain ? rows : joinPairs(evaluation, rows, pairs, steps, oneToOne);
}

/** Adds rows of the fill values, present where a row has no partner, and the pairs that they make. */
function fillSides(
  evaluation: Evaluation,
  plan: VectorOperationPlan,
  many: Frame,
  one: Frame,
  pairs: readonly Pair[],
): { readonly many: Frame; readonly one: Frame; readonly pairs: readonly Pair[] } {
  const { memory } = evaluation;
  const { steps } = plan.grid;
  const { fillLeft, fillRight, on } = plan.matching;
  const signature = signatureOf(plan.matching);
  const names = new Set(plan.matching.labels);
  const matchedLabels = (labels: Labels): Labels =>
    on ? labels.only(names) : labels.without(new Set([...names, ...NAME_ONLY]));
  const rowsOf = (frame: Frame): Map<string, number[]> => {
    const rows = new Map<string, number[]>();
    for (let i = 0; i < frame.count; i++) {
      const key = signature(frame.labels(i));
      const list = rows.get(key);
      if (list === undefined) rows.set(key, [i]);
      else list.push(i);
    }
    return rows;
  };
  /** A row of `value` at the steps where none of `partners` is present. */
  const addFill = (frame: Frame, labels: Labels, value: number, partners: readonly number[]): number => {
    const address = memory.allocate(rowBytes(steps));
    evaluation.kernels.fillRow(value, steps, address, address + steps * 8);
    for (const partner of partners) {
      evaluation.kernels.maskRow(address + steps * 8, frame.present(partner), steps, 0);
    }
    frame.add(labels, false, address);
    return frame.count - 1;
  };
  const manySide = many.pick(Array.from({ length: many.count }, (_, i) => i));
  const oneSide = one.pick(Array.from({ length: one.count }, (_, i) => i));
  const [manyRows, oneRows] = [rowsOf(many), rowsOf(one)];
  const all = [...pairs];
  for (let i = 0; fillRight !== undefined && i < many.count; i++) {
    const key = signature(many.labels(i));
    const labels = matchedLabels(many.labels(i));
    const filled = addFill(oneSide, labels, fillRight, oneRows.get(key) ?? []);
    const result = resultLabels(evaluation, plan, many.labels(i), labels);
    all.push({ many: i, one: filled, labels: result, signature: key });
  }
  for (let i = 0; fillLeft !== undefined && i < one.count; i++) {
    const key = signature(one.labels(i));
    const labels = matchedLabels(one.labels(i));
    const filled = addFill(manySide, labels, fillLeft, manyRows.get(key) ?? []);
    const result = resultLabels(evaluation, plan, labels, one.labels(i));
    all.push({ many: filled, one: i, labels: result, signature: key });
  }
  return { many: manySide, one: oneSide, pairs: all };
}

class PairRows implements Rows {
  readonly #evaluation: Evaluation;
  readonly #plan: VectorOperationPlan;
  readonly #many: Rows;
  readonly #one: Frame;
  readonly #pairs: readonly Pair[];
  readonly #notes: StepNotes;

  constructor(evaluation: Evaluation, plan: VectorOperationPlan, many: Rows, one: Frame, pairs: readonly Pair[]) {
    this.#evaluation = evaluation;
    this.#plan = plan;
    this.#many = many;
    this.#one = one;
    this.#pairs = pairs;
    this.#notes = new StepNotes(evaluation.annotations);
  }

  get count(): number {
    return this.#pairs.length;
  }
  labels(index: number): Labels {
    return this.#pairs[index]!.labels;
  }
  dropsName(): boolean {
    return this.#plan.returnBool;
  }

  /** The many side at the steps where both sides are present, whatever the operator makes of them. */
  fillMatched(index: number, values: number, present: number): void {
    const pair = this.#pairs[index]!;
    this.#many.fill(pair.many, values, present);
    const { steps } = this.#plan.grid;
    this.#evaluation.kernels.maskRow(present, this.#one.present(pair.one), steps, 1);
  }

  fill(index: number, values: number, present: number): number {
    const pair = this.#pairs[index]!;
    const place = { values, present };
    const one = { values: this.#one.values(pair.one), present: this.#one.present(pair.one) };
    if (this.#many.fill(pair.many, values, present) === 0) return 0;
    const [left, right] = this.#plan.matching.card === "one-to-many" ? [one, place] : [place, one];
    const result = this.#plan.returnBool ? GIVE_BOOL : KEEP_LEFT;
    const { op, span, grid } = this.#plan;
    return combine(this.#evaluation, op, span, left, right, grid.steps, result, place, this.#notes, index);
  }
}

/** Labels of a result: those of the many side, reduced to what matched one to one, with those of `group_x` added. */
function resultLabels(evaluation: Evaluation, plan: VectorOperationPlan, many: Labels, one: Labels): Labels {
  const { matching, returnBool } = plan;
  let labels = isComparison(plan.op) || isTrim(plan.op) ? many : withoutName(many);
  if (matching.card === "one-to-one") {
    const names = new Set(matching.labels);
    labels = matching.on ? labels.only(names) : labels.without(names);
  }
  for (const name of matching.include) {
    const value = one.get(name);
    if (value !== labels.get(name)) labels = labels.with(name, value);
  }
  return returnBool && !evaluation.delayedNameRemoval ? withoutName(labels) : labels;
}

/** @throws VestalError QUERY_EXECUTION where two rows of the `one` side match each other at a step. */
function refuseDuplicates(
  evaluation: Evaluation,
  plan: VectorOperationPlan,
  one: Frame,
  many: Frame,
  bySignature: ReadonlyMap<string, readonly number[]>,
): void {
  const { bytes } = evaluation.memory;
  const isManyPresent = (step: number): boolean => {
    for (let i = 0; i < many.count; i++) if (bytes[many.present(i) + step] !== 0) return true;
    return false;
  };
  for (const rows of bySignature.values()) {
    if (rows.length < 2) continue;
    for (let step = 0; step < plan.grid.steps; step++) {
      let first: number | undefined;
      for (const row of rows) {
        if (bytes[one.present(row) + step] === 0) continue;
        if (first === undefined) first = row;
        else if (isManyPresent(step)) {
          const pair: [Labels, Labels] = [one.labels(row), one.labels(first)];
          if (evaluation.isNewer) pair.sort((a, b) => compareBytes(a.toString(), b.toString()));
          throw duplicateError(plan.matching, ...pair);
        }
      }
    }
  }
}

function duplicateError(matching: VectorMatching, labels: Labels, other: Labels): Error {
  const side = matching.card === "one-to-many" ? "left" : "right";
  const names = new Set(matching.labels);
  const group = matching.on ? labels.only(names) : labels.without(new Set([...names, ...NAME_ONLY]));
  return executionError(
    `found duplicate series for the match group ${group} on the ${side} hand-side of the operation: ` +
      `[${labels}, ${other}];many-to-many matching not allowed: matching labels must be unique on one side`,
  );
}

/** Results that share labels or, one to one, a signature: joined where their steps differ, an error where they meet. */
function joinPairs(
  evaluation: Evaluation,
  rows: PairRows,
  pairs: readonly Pair[],
  steps: number,
  oneToOne: boolean,
): Frame {
  const { memory, kernels } = evaluation;
  const frame = new Frame(memory, steps);
  const rowOf = new Map<string, { readonly row: number; readonly signatures: Set<string> }>();
  const taken = new Map<string, RowBuffer>();
  for (let i = 0; i < pairs.length; i++) {
    const { labels, signature } = pairs[i]!;
    const address = memory.allocate(rowBytes(steps));
    const present = address + steps * 8;
    const { isNewer } = evaluation;
    // Whether two match is decided before or, in 3.5, after a comparison has filtered.
    if (isNewer) rows.fillMatched(i, address, present);
    else if (rows.fill(i, address, present) === 0) continue;
    if (oneToOne || isNewer) {
      const key = oneToOne ? signature : `${signature}\u0000${labels.key}`;
      let seen = taken.get(key);
      if (seen === undefined) {
        seen = new RowBuffer(memory, steps);
        memory.bytes.fill(0, seen.present, seen.present + steps);
        taken.set(key, seen);
      }
      if (kernels.mergeRow(address, present, steps, seen.values, seen.present) < 0) {
        const remedy = oneToOne
          ? "many-to-one matching must be explicit (group_left/group_right)"
          : "grouping labels must ensure unique matches";
        throw executionError(`multiple matches for labels: ${remedy}`);
      }
    }
    if (isNewer && rows.fill(i, address, present) === 0) continue;
    const known = rowOf.get(labels.key);
    if (known === undefined) {
      rowOf.set(labels.key, { row: frame.count, signatures: new Set([signature]) });
      frame.add(labels, rows.dropsName(), address);
      continue;
    }
    if (kernels.mergeRow(address, present, steps, frame.values(known.row), frame.present(known.row)) < 0) {
      if (!known.signatures.has(signature)) throw sameLabelsetError();
      throw executionError("multiple matches for labels: grouping labels must ensure unique matches");
    }
    known.signatures.add(signature);
  }
  return frame;
}

/**
 * Instant vectors over all steps: one row a series. A `Rows` knows its labels at once and computes a row when asked, to
 * where the asker wants it, so that series can stream through functions and aggregations without being held.
 *
 * A row is `steps` f64 values and `steps` bytes of presence: FLOAT, HISTOGRAM (the value is then a number in the
 * evaluation's table of histograms) or ABSENT. A row without any present step is a series that is not in
 * the result: whoever counts or compares series asks for rows first. Rows may be asked for in any order, and again.
 */

import type { QueryMemory } from "../../memory/index.js";
import { type LabelList, type Labels, METRIC_NAME } from "../../model/index.js";
import type { SeriesSet } from "../../storage/index.js";
import { sameLabelsetError } from "../functions/errors.js";
import type { Plan, Selection } from "../plan/nodes.js";
import type { Annotations } from "./annotations.js";
import type { Budget } from "./budget.js";
import type { HistogramTable } from "./histogram-table.js";
import type { PromqlKernels } from "./kernels.js";

/** What a step of a row has. */
export const ABSENT = 0;
export const FLOAT = 1;
export const HISTOGRAM = 2;

/** What all nodes of one evaluation share. */
export interface Evaluation {
  readonly memory: QueryMemory;
  readonly kernels: PromqlKernels;
  readonly budget: Budget;
  readonly annotations: Annotations;
  readonly histograms: HistogramTable;
  /** What came after 3.5 and changes answers: Prometheus' ways up to 3.14. */
  readonly isNewer: boolean;
  readonly lookbackDeltaMs: number;
  readonly useStartTimestamps: boolean;
  readonly delayedNameRemoval: boolean;
  readonly typeAndUnitLabels: boolean;
  seriesOf(selection: Selection): SeriesSet;
  /** The rows of a plan; allocates what they need in the memory. */
  open(plan: Plan): Rows;
}

export interface Rows {
  readonly count: number;
  labels(index: number): Labels;
  /** With delayed name removal: whether the name goes when the evaluation ends. */
  dropsName(index: number): boolean;
  /** Writes row `index` to the addresses and returns how many steps are present. */
  fill(index: number, values: number, present: number): number;
  /** All labels, where they are those of a list that storage knows from query to query, or follow from one. */
  readonly list?: LabelList | undefined;
  /**
   * Writes the rows `indices[from … to)` to `address`, one behind the other, `rowBytes` each, and how many steps of each are
   * present to `founds`, from its place 0 on. Only where that is faster than asking for one after the other: `fillRows`.
   */
  fillMany?(indices: ArrayLike<number>, from: number, to: number, address: number, founds: Int32Array): void;
  /** True where a row that nobody asks for makes no difference: computing it gives no error and no annotation. */
  readonly isSilent?: boolean;
}

export const NO_ROWS: Rows = {
  count: 0,
  labels: () => unreachable(),
  dropsName: () => unreachable(),
  fill: () => unreachable(),
};

function unreachable(): never {
  throw new RangeError("there are no rows");
}

/** Bytes of a row that is stored whole: values, then presence. */
export function rowBytes(steps: number): number {
  return steps * 8 + Math.ceil(steps / 8) * 8;
}

/** Room for one row. */
export class RowBuffer {
  readonly values: number;
  readonly present: number;

  constructor(memory: QueryMemory, steps: number) {
    this.values = memory.allocate(rowBytes(steps));
    this.present = this.values + steps * 8;
  }
}

/** Rows that are held in the memory; none of them is empty. */
export class Frame implements Rows {
  readonly isSilent = true;
  readonly steps: number;
  readonly #memory: QueryMemory;
  readonly #addresses: number[] = [];
  readonly #labels: Labels[] = [];
  readonly #drops: boolean[] = [];

  constructor(memory: QueryMemory, steps: number) {
    this.#memory = memory;
    this.steps = steps;
  }

  get count(): number {
    return this.#labels.length;
  }
  labels(index: number): Labels {
    return this.#labels[index]!;
  }
  dropsName(index: number): boolean {
    return this.#drops[index]!;
  }
  values(index: number): number {
    return this.#addresses[index]!;
  }
  present(index: number): number {
    return this.#addresses[index]! + this.steps * 8;
  }

  fill(index: number, values: number, present: number): number {
    const bytes = this.#memory.bytes;
    const from = this.#addresses[index]!;
    bytes.copyWithin(values, from, from + this.steps * 8);
    bytes.copyWithin(present, from + this.steps * 8, from + this.steps * 9);
    return this.presentSteps(index);
  }

  presentSteps(index: number): number {
    const present = this.present(index);
    const bytes = this.#memory.bytes;
    let found = 0;
    for (let i = 0; i < this.steps; i++) if (bytes[present + i] !== ABSENT) found++;
    return found;
  }

  /** Adds a row that lies at `address` (values, then presence). */
  add(labels: Labels, dropsName: boolean, address: number): void {
    this.#labels.push(labels);
    this.#drops.push(dropsName);
    this.#addresses.push(address);
  }

  relabel(index: number, labels: Labels): void {
    this.#labels[index] = labels;
  }

  /** The same rows in another order, or some of them. */
  pick(order: readonly number[]): Frame {
    const picked = new Frame(this.#memory, this.steps);
    for (const index of order) picked.add(this.labels(index), this.dropsName(index), this.values(index));
    return picked;
  }
}

/** Bytes of the rows that are filled at a time. */
const BATCH_BYTES = 128 * 1024;
const BATCH_ROWS_MAX = 256;

/** How many rows of `rows` are filled at a time. */
export function rowsAtATime(rows: Rows, steps: number): number {
  if (rows.fillMany === undefined) return 1;
  return Math.max(1, Math.min(BATCH_ROWS_MAX, Math.floor(BATCH_BYTES / rowBytes(steps))));
}

/** As `Rows.fillMany`, of any rows. */
export function fillRows(
  rows: Rows,
  steps: number,
  indices: ArrayLike<number>,
  from: number,
  to: number,
  address: number,
  founds: Int32Array,
): void {
  if (rows.fillMany !== undefined) {
    rows.fillMany(indices, from, to, address, founds);
    return;
  }
  for (let i = from; i < to; i++) {
    const row = address + (i - from) * rowBytes(steps);
    founds[i - from] = rows.fill(indices[i]!, row, row + steps * 8);
  }
}

/** Whether a row has a histogram at any step. */
export function hasHistograms({ memory, histograms }: Evaluation, present: number, steps: number): boolean {
  return histograms.isUsed && memory.bytes.subarray(present, present + steps).includes(HISTOGRAM);
}

/** Takes the histograms off a row; returns how many steps stay. */
export function dropHistograms(evaluation: Evaluation, present: number, steps: number, found: number): number {
  if (!hasHistograms(evaluation, present, steps)) return found;
  const { bytes } = evaluation.memory;
  let kept = 0;
  for (let at = present; at < present + steps; at++) {
    if (bytes[at] === HISTOGRAM) bytes[at] = ABSENT;
    kept += bytes[at]!;
  }
  return kept;
}

/** Holds those of `rows` that are not empty. What `rows` themselves keep in the memory stays below. */
export function hold(evaluation: Evaluation, rows: Rows, steps: number): Frame {
  if (rows instanceof Frame) return rows;
  const { memory } = evaluation;
  const frame = new Frame(memory, steps);
  const bytes = rowBytes(steps);
  const size = rowsAtATime(rows, steps);
  const founds = new Int32Array(size);
  const indices = new Uint32Array(size === 1 ? 1 : rows.count);
  for (let i = 0; i < indices.length; i++) indices[i] = i;
  for (let from = 0; from < rows.count; from += size) {
    const count = Math.min(size, rows.count - from);
    const address = memory.allocate(count * bytes);
    if (size > 1) fillRows(rows, steps, indices, from, from + count, address, founds);
    else founds[0] = rows.fill(from, address, address + steps * 8);
    let end = address;
    for (let k = 0; k < count; k++) {
      if (founds[k] === 0) continue;
      const row = address + k * bytes;
      if (row !== end) memory.bytes.copyWithin(end, row, row + bytes);
      frame.add(rows.labels(from + k), rows.dropsName(from + k), end);
      end += bytes;
    }
    memory.releaseTo(Math.ceil(end / 16) * 16);
  }
  return frame;
}

/**
 * Computes the rows that no result needs: errors and annotations do not depend on what becomes of a vector.
 *
 * @param isNeeded  whether somebody else will ask for the row
 */
export function settle(
  evaluation: Evaluation,
  rows: Rows,
  steps: number,
  isNeeded: (index: number) => boolean = () => false,
): void {
  if (rows.isSilent === true) return;
  const { memory, budget } = evaluation;
  const mark = memory.mark();
  const held = evaluation.histograms.mark();
  const live = budget.live;
  const buffer = new RowBuffer(memory, steps);
  for (let i = 0; i < rows.count; i++) {
    if (isNeeded(i)) continue;
    rows.fill(i, buffer.values, buffer.present);
    evaluation.histograms.releaseTo(held);
  }
  budget.release(live);
  memory.releaseTo(mark);
}

/** The single row of a scalar, held: an address of values. */
export function holdScalar(evaluation: Evaluation, plan: Plan): number {
  const steps = plan.grid.steps;
  const rows = evaluation.open(plan);
  const buffer = new RowBuffer(evaluation.memory, steps);
  rows.fill(0, buffer.values, buffer.present);
  return buffer.values;
}

/** How rows of equal labels are treated: `merge` joins them unless both have a value at a step; `refuse` if both have any. */
export type DuplicateRule = "merge" | "refuse";

/** `rows` with every label set once. @throws VestalError QUERY_EXECUTION, from `fill`, where the rule is broken. */
export function withUniqueLabels(evaluation: Evaluation, rows: Rows, steps: number, rule: DuplicateRule): Rows {
  const members = new Map<string, number[]>();
  for (let i = 0; i < rows.count; i++) {
    const key = rows.labels(i).key;
    const list = members.get(key);
    if (list === undefined) members.set(key, [i]);
    else list.push(i);
  }
  if (members.size === rows.count) return rows;
  return new UniqueRows(evaluation, rows, steps, rule, [...members.values()]);
}

class UniqueRows implements Rows {
  readonly #evaluation: Evaluation;
  readonly #rows: Rows;
  readonly #steps: number;
  readonly #rule: DuplicateRule;
  readonly #members: readonly (readonly number[])[];
  readonly #buffer: RowBuffer;

  constructor(
    evaluation: Evaluation,
    rows: Rows,
    steps: number,
    rule: DuplicateRule,
    members: readonly (readonly number[])[],
  ) {
    this.#evaluation = evaluation;
    this.#rows = rows;
    this.#steps = steps;
    this.#rule = rule;
    this.#members = members;
    this.#buffer = new RowBuffer(evaluation.memory, steps);
  }

  get count(): number {
    return this.#members.length;
  }
  labels(index: number): Labels {
    return this.#rows.labels(this.#members[index]![0]!);
  }
  dropsName(index: number): boolean {
    return this.#rows.dropsName(this.#members[index]![0]!);
  }

  fill(index: number, values: number, present: number): number {
    const members = this.#members[index]!;
    let found = this.#rows.fill(members[0]!, values, present);
    for (let k = 1; k < members.length; k++) {
      const { values: otherValues, present: otherPresent } = this.#buffer;
      const others = this.#rows.fill(members[k]!, otherValues, otherPresent);
      if (others === 0) continue;
      if (found > 0 && this.#rule === "refuse") throw sameLabelsetError();
      found = this.#evaluation.kernels.mergeRow(otherValues, otherPresent, this.#steps, values, present);
      if (found < 0) throw sameLabelsetError();
    }
    return found;
  }
}

export const SCHEMA_LABELS: ReadonlySet<string> = new Set([METRIC_NAME, "__type__", "__unit__"]);

/** Labels of a result that is no longer the metric: without its name, type and unit. */
export function withoutName(labels: Labels): Labels {
  return labels.without(SCHEMA_LABELS);
}

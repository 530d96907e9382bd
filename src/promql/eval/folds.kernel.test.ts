/** Aggregation kernels, release and debug build, against their twin. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  FOLD_AVG,
  FOLD_COUNT,
  FOLD_GROUP,
  FOLD_MAX,
  FOLD_MIN,
  FOLD_STDDEV,
  FOLD_STDVAR,
  FOLD_SUM,
} from "../../../assembly/promql/codes.js";
import { foldValue } from "../../../test/twins/promql/folds.js";
import { quantile } from "../../../test/twins/promql/windows.js";
import { QueryMemory } from "../../memory/index.js";
import { startPromqlKernels } from "./kernels.js";
import { isBelow, ValueHeap } from "./value-heap.js";

const BUILDS = (["release", "debug"] as const).map((variant) => {
  const memory = new QueryMemory(64 << 20);
  return { variant, memory, kernels: startPromqlKernels(memory, variant) };
});
const OPS: readonly (readonly [string, number])[] = [
  ["sum", FOLD_SUM],
  ["avg", FOLD_AVG],
  ["min", FOLD_MIN],
  ["max", FOLD_MAX],
  ["count", FOLD_COUNT],
  ["group", FOLD_GROUP],
  ["stddev", FOLD_STDDEV],
  ["stdvar", FOLD_STDVAR],
];
const STEPS = 7;

const cell = fc.option(
  fc.oneof(
    { weight: 8, arbitrary: fc.double({ min: -1e9, max: 1e9, noNaN: true }) },
    { weight: 1, arbitrary: fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1.7e308) },
  ),
  { nil: undefined },
);
const rows = fc.array(fc.array(cell, { minLength: STEPS, maxLength: STEPS }), { maxLength: 12 });

function textOf(value: number | undefined): string {
  return value === undefined ? "none" : Object.is(value, -0) ? "0" : String(value);
}

describe.each(BUILDS)("$variant build", ({ memory, kernels }) => {
  /** Writes rows into the memory: address of values, address of presence. */
  const write = (all: readonly (readonly (number | undefined)[])[]): { values: number; present: number }[] =>
    all.map((row) => {
      const values = memory.allocate(STEPS * 8);
      const present = memory.allocate(STEPS);
      for (const [i, value] of row.entries()) {
        memory.floats[values / 8 + i] = value ?? 12345;
        memory.bytes[present + i] = value === undefined ? 0 : 1;
      }
      return { values, present };
    });
  const read = (values: number, present: number): string[] =>
    Array.from({ length: STEPS }, (_, i) =>
      textOf(memory.bytes[present + i] === 1 ? memory.floats[values / 8 + i] : undefined),
    );
  const columnOf = (all: readonly (readonly (number | undefined)[])[], step: number): number[] =>
    all.flatMap((row) => (row[step] === undefined ? [] : [row[step]]));

  test.each(OPS)("%s of streamed rows is that of each step's values", (op, code) => {
    fc.assert(
      fc.property(rows, (all) => {
        const mark = memory.mark();
        const state = memory.allocate(STEPS * 32);
        const [out] = write([new Array(STEPS).fill(undefined)]) as [{ values: number; present: number }];
        kernels.clearFold(state, STEPS);
        for (const { values, present } of write(all)) kernels.foldRow(code, values, present, STEPS, state);
        const found = kernels.finishFold(code, state, STEPS, out.values, out.present);
        const wanted = Array.from({ length: STEPS }, (_, step) => foldValue(op, columnOf(all, step)));
        expect(read(out.values, out.present)).toEqual(wanted.map(textOf));
        expect(found).toBe(wanted.filter((value) => value !== undefined).length);
        memory.releaseTo(mark);
      }),
    );
  });

  test.each([0, 1])("the extremes of rows are those of the heap, highest = %d", (highest) => {
    const fewValues = fc.option(fc.constantFrom(1, 2, 3, -4, Number.NaN, Number.POSITIVE_INFINITY), { nil: undefined });
    const many = fc.array(fc.array(fewValues, { minLength: STEPS, maxLength: STEPS }), { maxLength: 12 });
    const columnOfKs = fc.array(fc.double({ min: -1, max: 14, noNaN: true }), { minLength: STEPS, maxLength: STEPS });
    fc.assert(
      fc.property(many, columnOfKs, (all, ks) => {
        const mark = memory.mark();
        const column = memory.allocate(STEPS * 8);
        memory.floats.set(ks, column / 8);
        const list = memory.allocate(all.length * 16);
        const scratch = memory.allocate(all.length * 16);
        const written = write(all);
        for (const [k, { values, present }] of written.entries()) {
          memory.words[list / 4 + 4 * k + 2] = values;
          memory.words[list / 4 + 4 * k + 3] = present;
        }
        kernels.pickExtremes(list, all.length, column, 0, STEPS, highest, scratch);
        const got = written.map(({ values, present }) => read(values, present));
        const wanted = all.map((row) => row.map(() => "none"));
        for (let step = 0; step < STEPS; step++) {
          const at = (row: number): number => all[row]![step]!;
          const sign = highest === 1 ? 1 : -1;
          const heap = new ValueHeap((a, b) => isBelow(sign * at(a), sign * at(b)));
          const k = Math.trunc(ks[step]!);
          for (let row = 0; row < all.length; row++) {
            if (all[row]![step] === undefined || k < 1) continue;
            if (heap.items.length < k) heap.push(row);
            else {
              const top = at(heap.items[0]!);
              const isBetter = sign * top < sign * at(row);
              if (isBetter || (Number.isNaN(top) && !Number.isNaN(at(row)))) heap.replaceTop(row);
            }
          }
          for (const row of heap.items) wanted[row]![step] = textOf(at(row));
        }
        expect(got).toEqual(wanted);
        memory.releaseTo(mark);
      }),
    );
  });

  test("the quantile of rows is that of each step's values", () => {
    fc.assert(
      fc.property(rows, fc.double({ min: -0.2, max: 1.2, noNaN: true }), (all, q) => {
        const mark = memory.mark();
        const [out] = write([new Array(STEPS).fill(undefined)]) as [{ values: number; present: number }];
        const quantiles = memory.allocate(STEPS * 8);
        memory.floats.fill(q, quantiles / 8, quantiles / 8 + STEPS);
        const list = memory.allocate(all.length * 16);
        const scratch = memory.allocate(all.length * 8);
        for (const [k, { values, present }] of write(all).entries()) {
          memory.words[list / 4 + 4 * k + 2] = values;
          memory.words[list / 4 + 4 * k + 3] = present;
        }
        kernels.quantileOfRows(list, all.length, quantiles, 0, 3, scratch, out.values, out.present);
        kernels.quantileOfRows(list, all.length, quantiles, 3, STEPS, scratch, out.values, out.present);
        const wanted = Array.from({ length: STEPS }, (_, step) => {
          const values = columnOf(all, step);
          return textOf(values.length === 0 ? undefined : quantile(q, values));
        });
        expect(read(out.values, out.present)).toEqual(wanted);
        memory.releaseTo(mark);
      }),
    );
  });
});

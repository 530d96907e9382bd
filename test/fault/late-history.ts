/**
 * What a store was told, in order and out of order, and what it must have after a fault: each sample is at most once in the history,
 * and its value follows from its series and time. A step that failed may have happened or not.
 */
import { expect } from "vitest";
import { valueAt } from "./acknowledged.js";
import { labelsOf } from "./mini-database.js";

interface Written {
  readonly series: number;
  readonly timeMs: number;
  /** Undefined where it depends on what its series had. */
  readonly isLate: boolean | undefined;
  isSure: boolean;
  /** A deletion took it, for sure or perhaps. */
  deleted: "no" | "sure" | "perhaps";
  /** It lies in a block: no power cut takes it. */
  isInBlock: boolean;
}

export class LateHistory {
  readonly #written: Written[] = [];

  copy(): LateHistory {
    const copy = new LateHistory();
    copy.#written.push(...this.#written.map((one) => ({ ...one })));
    return copy;
  }

  write(series: number, timeMs: number, isLate: boolean | undefined, isSure: boolean): void {
    this.#written.push({ series, timeMs, isLate, isSure, deleted: "no", isInBlock: false });
  }

  /** Times that the series has been told, in order of telling. */
  timesOf(series: number): readonly number[] {
    return this.#written.filter((one) => one.series === series).map(({ timeMs }) => timeMs);
  }

  /** Of what is there: later samples in the interval are not touched by it. */
  delete(series: number, minTimeMs: number, maxTimeMs: number, isSure: boolean): void {
    for (const one of this.#written) {
      if (one.series !== series || one.timeMs < minTimeMs || one.timeMs > maxTimeMs || one.deleted === "sure") continue;
      one.deleted = isSure ? "sure" : "perhaps";
    }
  }

  /** Those so far lie in blocks. */
  inBlocks(which: (written: { readonly isLate: boolean | undefined; readonly timeMs: number }) => boolean): void {
    for (const one of this.#written) if (one.isSure && which(one)) one.isInBlock = true;
  }

  /** What was told is there and nothing else. */
  isThere(found: ReadonlyMap<string, readonly string[]>, what: string): void {
    this.#compare(
      found,
      what,
      ({ isSure, deleted }) => isSure && deleted === "no",
      ({ deleted }) => deleted !== "sure",
    );
  }

  /**
   * After a power cut with logs that were not synced: what lies in blocks is there, nothing that nobody told, samples in order
   * without a hole. A deletion that was not synced may be undone, and so no deletion is asked for.
   */
  isLeft(found: ReadonlyMap<string, readonly string[]>, what: string): void {
    this.#compare(
      found,
      what,
      ({ isInBlock, deleted }) => isInBlock && deleted === "no",
      () => true,
    );
    const series = new Set(this.#written.map((one) => one.series));
    for (const one of series) {
      const has = new Set(found.get(labelsOf(one).key));
      const inOrder = this.#written.filter(
        ({ series: of, isLate, deleted }) => of === one && isLate === false && deleted === "no",
      );
      const first = inOrder.findIndex(({ timeMs }) => !has.has(textOf(one, timeMs)));
      const behind = first < 0 ? [] : inOrder.slice(first).filter(({ timeMs }) => has.has(textOf(one, timeMs)));
      expect(
        behind.map(({ timeMs }) => timeMs),
        `${what}: series ${one} has a hole at ${inOrder[first]?.timeMs}`,
      ).toEqual([]);
    }
  }

  #compare(
    found: ReadonlyMap<string, readonly string[]>,
    what: string,
    must: (one: Written) => boolean,
    may: (one: Written) => boolean,
  ): void {
    for (const series of new Set(this.#written.map((one) => one.series))) {
      const samples = found.get(labelsOf(series).key) ?? [];
      const own = this.#written.filter((one) => one.series === series);
      const textsOf = (keeps: (one: Written) => boolean): string[] =>
        own.filter(keeps).map(({ timeMs }) => textOf(series, timeMs));
      const missing = new Set(textsOf(must));
      const allowed = new Set(textsOf(may));
      const wrong = samples.filter((sample) => !allowed.has(sample));
      for (const sample of samples) missing.delete(sample);
      expect({ missing: [...missing], wrong }, `${what}: series ${series}`).toEqual({ missing: [], wrong: [] });
    }
    const known = new Set(this.#written.map(({ series }) => labelsOf(series).key));
    expect(
      [...found].filter(([key, samples]) => !known.has(key) && samples.length > 0),
      what,
    ).toEqual([]);
  }
}

function textOf(series: number, timeMs: number): string {
  return `${timeMs} ${valueAt(series, timeMs)}`;
}

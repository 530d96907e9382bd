/** What a store has acknowledged, and what must be left of it after a fault. */
import { expect } from "vitest";
import { labelsOf } from "./mini-database.js";

export const valueAt = (series: number, timeMs: number): number => series * 1000 + Math.sin(timeMs);

export class Acknowledged {
  readonly #samples = new Map<string, string[]>();

  add(series: number, timeMs: number): void {
    const { key } = labelsOf(series);
    this.#samples.set(key, [...(this.#samples.get(key) ?? []), `${timeMs} ${valueAt(series, timeMs)}`]);
  }

  copy(): Acknowledged {
    const copy = new Acknowledged();
    for (const [key, samples] of this.#samples) copy.#samples.set(key, [...samples]);
    return copy;
  }

  /** Series key → "time value", sorted; up to `untilMs`. */
  all(untilMs = Number.POSITIVE_INFINITY): Map<string, string[]> {
    const all = [...this.#samples].map(([key, samples]) => {
      const kept = samples.filter((sample) => Number(sample.split(" ")[0]) <= untilMs);
      return [key, kept.sort()] as const;
    });
    return new Map(all.filter(([, samples]) => samples.length > 0));
  }

  has(found: ReadonlyMap<string, readonly string[]>, what: string): void {
    const got = new Map([...found].map(([key, samples]) => [key, [...samples].sort()]));
    expect(got, what).toEqual(this.all());
  }

  /** Nothing was found that was never acknowledged. */
  isPart(found: ReadonlyMap<string, readonly string[]>, what: string): void {
    const all = this.all();
    for (const [key, samples] of found) {
      const right = new Set(all.get(key) ?? []);
      expect(
        samples.filter((sample) => !right.has(sample)),
        `${what}: ${key} has samples that nobody wrote`,
      ).toEqual([]);
    }
  }

  /** Each series is a prefix of what was acknowledged, and has all up to `syncedMs`. */
  isPrefix(found: ReadonlyMap<string, readonly string[]>, syncedMs: number, what: string): void {
    const all = this.all();
    for (const [key, samples] of all) {
      const got = [...(found.get(key) ?? [])].sort();
      expect(got, `${what}: ${key} is no prefix`).toEqual(samples.slice(0, got.length));
      const synced = samples.filter((sample) => Number(sample.split(" ")[0]) <= syncedMs);
      expect(got.length, `${what}: ${key} lacks what was synced`).toBeGreaterThanOrEqual(synced.length);
    }
    for (const key of found.keys()) expect(all.has(key), `${what}: ${key} was never acknowledged`).toBe(true);
  }
}

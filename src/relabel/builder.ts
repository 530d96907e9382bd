/**
 * A label set under construction, with Prometheus' order of iteration: the labels it began with that are untouched,
 * sorted, then the set ones in the order in which they were first set. `labelmap` shows the order where two labels map
 * to one name: the last wins.
 */
import { compareBytes, Labels } from "../model/index.js";

export class LabelsBuilder {
  readonly #base: Labels;
  readonly #set = new Map<string, string>();
  readonly #deleted = new Set<string>();
  #changed = false;

  constructor(base: Labels) {
    this.#base = base;
  }

  get(name: string): string {
    const set = this.#set.get(name);
    if (set !== undefined) return set;
    return this.#deleted.has(name) ? "" : this.#base.get(name);
  }

  /** An empty value removes the label. */
  set(name: string, value: string): void {
    if (value === "") {
      this.delete(name);
      return;
    }
    this.#changed = true;
    this.#set.set(name, value);
  }

  delete(name: string): void {
    if (this.get(name) !== "") this.#changed = true;
    this.#set.delete(name);
    this.#deleted.add(name);
  }

  /** The labels of this moment: changes made while walking over them are not seen. */
  entries(): [string, string][] {
    const entries: [string, string][] = [];
    for (const [name, value] of this.#base.entries()) {
      if (!this.#set.has(name) && !this.#deleted.has(name)) entries.push([name, value]);
    }
    entries.push(...this.#set);
    return entries;
  }

  labels(): Labels {
    if (!this.#changed) return this.#base;
    const entries = this.entries().sort((a, b) => compareBytes(a[0], b[0]));
    return new Labels(entries.flat());
  }
}

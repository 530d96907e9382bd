/**
 * What a binary operator between vectors has to say: at each step only the last thing, in the order of its rows, as
 * Prometheus keeps one at a time. Rows are computed in any order and more than once, so all is said at the end.
 */
import type { Annotations } from "./annotations.js";

type Note = (annotations: Annotations) => void;

export class StepNotes {
  readonly #notes: ({ readonly row: number; readonly key: string; readonly note: Note } | undefined)[] = [];

  constructor(annotations: Annotations) {
    annotations.atEnd(() => {
      const said = new Set<string>();
      for (const each of this.#notes) {
        if (each === undefined || said.has(each.key)) continue;
        said.add(each.key);
        each.note(annotations);
      }
    });
  }

  /** @param key  equal for equal notes */
  add(step: number, row: number, key: string, note: Note): void {
    const known = this.#notes[step];
    if (known === undefined || row >= known.row) this.#notes[step] = { row, key, note };
  }
}

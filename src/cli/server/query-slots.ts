/**
 * What each query thread does now, in shared memory: the main thread reads it when somebody asks, and nobody waits for it.
 * A thread has one slot, which is also its place in `queries.active`.
 *
 *   offset 0      i32 each   id of the thread that owns the slot, 0 if free
 *   offset 4·n    f64 each   number of the query, 0 if none; samples that steps looked at; samples held
 *                            written by the owner, plain: a reader may see a moment's mix, which is a figure for people
 */

const FIELDS = 3;

export interface QueryProgress {
  /** That steps looked at so far. */
  readonly samples: number;
  readonly samplesHeld: number;
}

export class QuerySlots {
  readonly buffer: SharedArrayBuffer;
  readonly #owners: Int32Array;
  readonly #fields: Float64Array;

  constructor(buffer: SharedArrayBuffer) {
    this.buffer = buffer;
    const count = buffer.byteLength / (8 + 8 * FIELDS);
    this.#owners = new Int32Array(buffer, 0, count);
    this.#fields = new Float64Array(buffer, 8 * count);
  }

  static create(count: number): QuerySlots {
    return new QuerySlots(new SharedArrayBuffer(count * (8 + 8 * FIELDS)));
  }

  /** A slot for this thread; undefined if all are taken. */
  take(threadId: number): number | undefined {
    for (let slot = 0; slot < this.#owners.length; slot++) {
      if (Atomics.compareExchange(this.#owners, slot, 0, threadId) === 0) return slot;
    }
    return undefined;
  }

  /** Frees the slot of a thread that has ended. */
  free(threadId: number): number | undefined {
    const slot = this.#owners.indexOf(threadId);
    if (slot < 0) return undefined;
    this.begin(slot, 0);
    Atomics.store(this.#owners, slot, 0);
    return slot;
  }

  /** @param query  0 at its end. */
  begin(slot: number, query: number): void {
    this.report(slot, 0, 0);
    this.#fields[slot * FIELDS] = query;
  }

  report(slot: number, samples: number, samplesHeld: number): void {
    this.#fields[slot * FIELDS + 1] = samples;
    this.#fields[slot * FIELDS + 2] = samplesHeld;
  }

  /** Undefined while the query waits for a thread. */
  progressOf(query: number): QueryProgress | undefined {
    for (let at = 0; at < this.#fields.length; at += FIELDS) {
      if (this.#fields[at] === query) return { samples: this.#fields[at + 1]!, samplesHeld: this.#fields[at + 2]! };
    }
    return undefined;
  }
}

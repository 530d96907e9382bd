/**
 * The native histograms of an evaluation: a row holds numbers of this table. Histograms in it are shared and never change.
 * They live on the JavaScript heap, so the table keeps the query's memory bound for them.
 */
import { VestalError } from "../../base/index.js";
import type { FloatHistogram } from "../native/float-histogram.js";

/** Rough: an object, four arrays, 16 bytes a bucket. */
const OBJECT_BYTES = 400;
const BYTES_PER_SAMPLE = 16;

export class HistogramTable {
  readonly #limitBytes: number;
  readonly #all: FloatHistogram[] = [];
  readonly #bytes: number[] = [];
  #held = 0;
  #isUsed = false;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  /** False as long as there was no histogram in the query: nobody needs to look for one. */
  get isUsed(): boolean {
    return this.#isUsed;
  }

  /** @throws VestalError QUERY_MEMORY if the query would pass its limit. */
  put(histogram: FloatHistogram): number {
    this.#isUsed = true;
    const bytes = OBJECT_BYTES + histogram.samples * BYTES_PER_SAMPLE;
    this.#held += bytes;
    if (this.#held > this.#limitBytes) {
      const limitBytes = this.#limitBytes;
      throw new VestalError("QUERY_MEMORY", `the query needs more than ${limitBytes} bytes of memory`, { limitBytes });
    }
    this.#bytes.push(bytes);
    return this.#all.push(histogram) - 1;
  }

  get(index: number): FloatHistogram {
    return this.#all[index]!;
  }

  mark(): number {
    return this.#all.length;
  }

  /** Forgets the histograms put since `mark`. No row may hold one of them. */
  releaseTo(mark: number): void {
    while (this.#all.length > mark) {
      this.#all.pop();
      this.#held -= this.#bytes.pop()!;
    }
  }
}

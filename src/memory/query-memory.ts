/**
 * The private memory of a query thread: a stack of regions for encoded chunks, columns and results, one query at a time.
 * Grows up to its limit; never shrinks (a query thread throws the whole object away after a huge query).
 */
import { STATIC_DATA_END } from "../../assembly/layout.js";
import { VestalError } from "../base/index.js";

const PAGE_BYTES = 65536;

export class QueryMemory {
  readonly memory: WebAssembly.Memory;
  readonly limitBytes: number;
  #top = STATIC_DATA_END;
  #bytes: Uint8Array;
  #floats: Float64Array;
  #words: Uint32Array;

  /** @param limitBytes  most bytes the memory may grow to, at most 65,535 pages. */
  constructor(limitBytes: number) {
    this.limitBytes = Math.min(limitBytes, 65535 * PAGE_BYTES);
    this.memory = new WebAssembly.Memory({ initial: 16, maximum: 65535 });
    this.#bytes = new Uint8Array(this.memory.buffer);
    this.#floats = new Float64Array(this.memory.buffer);
    this.#words = new Uint32Array(this.memory.buffer);
  }

  /** Views over all of the memory; a later `allocate` may make them stale, so take them anew after each. */
  get bytes(): Uint8Array {
    return this.#bytes;
  }
  get floats(): Float64Array {
    return this.#floats;
  }
  get words(): Uint32Array {
    return this.#words;
  }

  /** Bytes in use. */
  get used(): number {
    return this.#top;
  }

  /**
   * A region of `bytes`, 16-byte aligned, contents undefined.
   *
   * @throws VestalError QUERY_MEMORY if the query would pass its limit.
   */
  allocate(bytes: number): number {
    const address = this.#top;
    const top = address + Math.ceil(bytes / 16) * 16;
    if (top > this.limitBytes) {
      throw new VestalError("QUERY_MEMORY", `the query needs more than ${this.limitBytes} bytes of memory`, {
        limitBytes: this.limitBytes,
      });
    }
    if (top > this.#bytes.length) {
      const wanted = Math.min(Math.max(top, this.#bytes.length * 1.5), 65535 * PAGE_BYTES);
      this.memory.grow(Math.ceil((wanted - this.#bytes.length) / PAGE_BYTES));
      this.#bytes = new Uint8Array(this.memory.buffer);
      this.#floats = new Float64Array(this.memory.buffer);
      this.#words = new Uint32Array(this.memory.buffer);
    }
    this.#top = top;
    return address;
  }

  /** A point to return to with `releaseTo`. */
  mark(): number {
    return this.#top;
  }

  /** Gives back all regions allocated since `mark`. */
  releaseTo(mark: number): void {
    this.#top = mark;
  }
}

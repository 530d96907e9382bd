/** A region of a head's arena that is replaced by a larger one when more room is needed, and given back when it was rare. */
import { VestalError } from "../../base/index.js";
import type { WalKernels } from "./kernels.js";

export class ArenaBuffer {
  address = 0;
  /** Bytes that may be used at `address`. */
  capacity = 0;
  readonly #kernels: WalKernels;
  readonly #memory: WebAssembly.Memory;
  readonly #name: string;

  /** @param name  for the message when the memory is full. */
  constructor(kernels: WalKernels, memory: WebAssembly.Memory, name: string) {
    this.#kernels = kernels;
    this.#memory = memory;
    this.#name = name;
  }

  /**
   * Makes room for `bytes`; the first `keep` bytes are kept, the address may change.
   * @throws VestalError HEAD_MEMORY if the memory is full; the buffer stays as it was.
   */
  ensure(bytes: number, keep = 0): void {
    if (bytes <= this.capacity) return;
    const capacity = bytes > 1 << 30 ? bytes : this.#kernels.roomFor(bytes);
    const address = this.#kernels.allocate(capacity) >>> 0;
    if (address === 0) {
      throw new VestalError("HEAD_MEMORY", `wal: the head's memory has no room for ${bytes} bytes of ${this.#name}`, {
        bytes,
      });
    }
    if (keep > 0) new Uint8Array(this.#memory.buffer).copyWithin(address, this.address, this.address + keep);
    this.release();
    this.address = address;
    this.capacity = capacity;
  }

  release(): void {
    if (this.capacity > 0) this.#kernels.release(this.address, this.capacity);
    this.address = 0;
    this.capacity = 0;
  }

  /** Gives the region back if it has more than `mostBytes`; its contents are lost then. */
  trim(mostBytes: number): void {
    if (this.capacity > mostBytes) this.release();
  }
}

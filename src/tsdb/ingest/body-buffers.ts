/** Room in a head's memory for the bodies under way, one a slot; a body that was unusually large is given back. */
import { VestalError } from "../../base/index.js";
import { BODY_SLACK } from "../../exposition/index.js";
import type { Head } from "../head/index.js";

const FIRST_BYTES = 16 * 1024;
const KEPT_BYTES = 1024 * 1024;

interface Region {
  address: number;
  bytes: number;
}

export class BodyBuffers {
  readonly #head: Head;
  readonly #regions = new Map<number, Region>();

  constructor(head: Head) {
    this.#head = head;
  }

  /** @throws VestalError HEAD_MEMORY if the head has no room for a body of that size. */
  view(slot: number, minBytes: number, keepBytes: number): Uint8Array {
    const { kernels, bytes } = this.#head;
    const known = this.#regions.get(slot);
    if (known !== undefined && known.bytes >= minBytes + BODY_SLACK) return this.#viewOf(known);
    const wanted = kernels.roomFor(Math.max(FIRST_BYTES, minBytes + BODY_SLACK)) >>> 0;
    const address = kernels.allocate(wanted) >>> 0;
    if (address === 0) {
      throw new VestalError("HEAD_MEMORY", `the head has no memory for a body of ${minBytes} bytes`, { minBytes });
    }
    if (known !== undefined) {
      bytes.copyWithin(address, known.address, known.address + keepBytes);
      kernels.release(known.address, known.bytes);
    }
    const region = { address, bytes: wanted };
    this.#regions.set(slot, region);
    return this.#viewOf(region);
  }

  addressOf(slot: number): number {
    return this.#regions.get(slot)?.address ?? 0;
  }

  /** The body of the slot is done with. */
  done(slot: number): void {
    const region = this.#regions.get(slot);
    if (region === undefined || region.bytes <= KEPT_BYTES) return;
    this.#head.kernels.release(region.address, region.bytes);
    this.#regions.delete(slot);
  }

  #viewOf({ address, bytes }: Region): Uint8Array {
    return new Uint8Array(this.#head.memory.buffer, address, bytes - BODY_SLACK);
  }
}

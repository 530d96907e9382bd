/** Room for bodies over shared memory, as the storage appender gives it; keeps the rules that a client must follow. */
export class BodySlots {
  readonly #slots = new Map<number, Uint8Array>();
  /** Largest view asked for, over all slots. */
  bytesMax = 0;

  bodyBuffer(slot: number, minBytes: number, keepBytes: number): Uint8Array {
    const old = this.#slots.get(slot);
    this.bytesMax = Math.max(this.bytesMax, minBytes);
    if (old !== undefined && old.length >= minBytes) return old;
    const view = new Uint8Array(new SharedArrayBuffer(minBytes));
    if (old !== undefined) {
      view.set(old.subarray(0, keepBytes));
      // Whoever writes through the old view now writes to nowhere, and a test sees it.
      old.fill(0xee);
    }
    this.#slots.set(slot, view);
    return view;
  }

  /** The first bytes of a slot as text. */
  text(slot: number, bytes: number): string {
    return Buffer.from(this.#slots.get(slot)?.slice(0, bytes) ?? []).toString("utf8");
  }
}

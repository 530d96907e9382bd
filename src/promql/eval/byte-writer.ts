/** Text of an answer as bytes, written once: answers are megabytes of digits, which strings would hold twice. */

/** Up to so many bytes a loop is faster than a call that copies. */
const LOOP_MAX = 48;

/** Beyond it a buffer is given up after its answer. */
const KEPT_BYTES = 4 << 20;

/** The thread's buffer while nobody writes to it: one for each answer would be garbage that collections are made for. */
let spare: Buffer | undefined;

export class ByteWriter {
  #bytes: Buffer = spare ?? Buffer.allocUnsafeSlow(65_536);
  #length = 0;

  constructor() {
    spare = undefined;
  }

  /** Makes room; each method that writes a bounded number of bytes asks for it itself. */
  #reserve(count: number): void {
    if (this.#length + count <= this.#bytes.length) return;
    const bytes = Buffer.allocUnsafeSlow(Math.max(2 * this.#bytes.length, this.#length + count));
    this.#bytes.copy(bytes, 0, 0, this.#length);
    this.#bytes = bytes;
  }

  text(text: string): void {
    this.#reserve(text.length * 3);
    this.#length += this.#bytes.write(text, this.#length);
  }

  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    const target = this.#bytes;
    let at = this.#length;
    // Short: a loop is faster than a call that copies.
    for (let i = 0; i < bytes.length; i++) target[at++] = bytes[i]!;
    this.#length = at;
  }

  /** Text with one byte a character. */
  latin1(text: string): void {
    this.#reserve(text.length);
    this.#length += this.#bytes.write(text, this.#length, "latin1");
  }

  /** `length` bytes of another array. */
  part(bytes: Uint8Array, from: number, length: number): void {
    this.#reserve(length);
    const target = this.#bytes;
    let at = this.#length;
    if (length > LOOP_MAX) target.set(bytes.subarray(from, from + length), at);
    else for (let i = from; i < from + length; i++) target[at++] = bytes[i]!;
    this.#length += length;
  }

  /** What was written, in a buffer of its own that may be transferred; the writer must not be used again. */
  finish(): Uint8Array {
    const bytes = this.#bytes;
    if (bytes.length > KEPT_BYTES) return bytes.subarray(0, this.#length);
    spare = bytes;
    const copy = new Uint8Array(this.#length);
    copy.set(bytes.subarray(0, this.#length));
    return copy;
  }
}

/** Text of an answer as bytes, written once: answers are megabytes of digits, which strings would hold twice. */
import { formatSample } from "../../model/number.js";

const DIGITS_MAX = 20;
const ZERO = 48;
const MINUS = 45;
/** Whole numbers below it have their digits one by one, faster than any general conversion. */
const WHOLE_MAX = 1e9;

export class ByteWriter {
  #bytes: Buffer = Buffer.allocUnsafe(65_536);
  #length = 0;

  /** Makes room; each method that writes a bounded number of bytes asks for it itself. */
  #reserve(count: number): void {
    if (this.#length + count <= this.#bytes.length) return;
    const bytes = Buffer.allocUnsafe(Math.max(2 * this.#bytes.length, this.#length + count));
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

  /** A sample's value as JSON answers show it. */
  sample(value: number): void {
    if (value > -WHOLE_MAX && value < WHOLE_MAX && (value | 0) === value && !Object.is(value, -0)) {
      this.#whole(value | 0);
      return;
    }
    const text = formatSample(value);
    this.#reserve(text.length);
    const target = this.#bytes;
    let at = this.#length;
    for (let i = 0; i < text.length; i++) target[at++] = text.charCodeAt(i);
    this.#length = at;
  }

  #whole(value: number): void {
    this.#reserve(DIGITS_MAX);
    const target = this.#bytes;
    let rest = value;
    if (rest < 0) {
      target[this.#length++] = MINUS;
      rest = -rest;
    }
    let digits = 1;
    for (let limit = 10; rest >= limit; limit *= 10) digits++;
    for (let at = this.#length + digits - 1; at >= this.#length; at--) {
      const next = (rest / 10) | 0;
      target[at] = ZERO + rest - next * 10;
      rest = next;
    }
    this.#length += digits;
  }

  /** What was written; the writer must not be used again. */
  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }
}

/** Bytes of a format with Go's varints and big-endian numbers (log records, histograms), written one after another. */
import { assert } from "./errors.js";

const utf8 = new TextEncoder();
/** Up to here a varint is made without a BigInt: 49 bits. */
const SHORT_MAX = 2 ** 49;

export class ByteWriter {
  #bytes: Uint8Array;
  #view: DataView;
  #length = 0;

  constructor(capacity = 256) {
    this.#bytes = new Uint8Array(capacity);
    this.#view = new DataView(this.#bytes.buffer);
  }

  get length(): number {
    return this.#length;
  }

  /** A view of what was written, valid until the next write: copy to keep. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  clear(): void {
    this.#length = 0;
  }

  u8(value: number): void {
    this.#need(1);
    this.#bytes[this.#length++] = value;
  }

  u16(value: number): void {
    this.#need(2);
    this.#view.setUint16(this.#length, value);
    this.#length += 2;
  }

  u32(value: number): void {
    this.#need(4);
    this.#view.setUint32(this.#length, value);
    this.#length += 4;
  }

  /** A whole number as 64 bits, two's complement. */
  i64(value: number): void {
    this.#need(8);
    const high = Math.floor(value / 2 ** 32);
    this.#view.setInt32(this.#length, high | 0);
    this.#view.setUint32(this.#length + 4, value - high * 2 ** 32);
    this.#length += 8;
  }

  /** The payload of a NaN is kept where the number still has it. */
  f64(value: number): void {
    this.#need(8);
    this.#view.setFloat64(this.#length, value);
    this.#length += 8;
  }

  /** 64 bits as two words. */
  words(high: number, low: number): void {
    this.u32(high);
    this.u32(low);
  }

  /** @param value  a whole number ≥ 0. */
  uvarint(value: number): void {
    assert(value >= 0 && Number.isInteger(value), "an unsigned varint is a whole number of at least 0");
    if (value >= SHORT_MAX) {
      this.#bigUvarint(BigInt(value));
      return;
    }
    this.#need(8);
    let rest = value;
    while (rest >= 0x80) {
      this.#bytes[this.#length++] = (rest % 0x80) + 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.#bytes[this.#length++] = rest;
  }

  /** A whole number, zigzag as in Go. */
  varint(value: number): void {
    if (value >= SHORT_MAX / 2 || value < -SHORT_MAX / 2) {
      const big = BigInt(value);
      this.#bigUvarint(BigInt.asUintN(64, (big << 1n) ^ (big >> 63n)));
      return;
    }
    this.uvarint(value < 0 ? -2 * value - 1 : 2 * value);
  }

  raw(bytes: Uint8Array): void {
    this.#need(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** Length as uvarint, then UTF-8. */
  text(text: string): void {
    const bytes = utf8.encode(text);
    this.uvarint(bytes.length);
    this.raw(bytes);
  }

  #bigUvarint(value: bigint): void {
    this.#need(10);
    let rest = value;
    while (rest >= 0x80n) {
      this.#bytes[this.#length++] = Number(rest & 0x7fn) | 0x80;
      rest >>= 7n;
    }
    this.#bytes[this.#length++] = Number(rest);
  }

  #need(bytes: number): void {
    if (this.#length + bytes <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(this.#length + bytes, 2 * this.#bytes.length));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}

/** Reads what `ByteWriter` writes. Every length is checked: the bytes may come from another program. */
import { CorruptionError } from "./errors.js";

const VARINT_BYTES_MAX = 10;
/** Up to so many bytes a varint is read without a BigInt: 49 bits. */
const SHORT_BYTES = 7;
const utf8 = new TextDecoder();

export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Offset of the next byte. */
  get at(): number {
    return this.#at;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1));
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4));
  }

  /** Exact up to 2^53. */
  i64(): number {
    const at = this.#take(8);
    return this.#view.getInt32(at) * 2 ** 32 + this.#view.getUint32(at + 4);
  }

  f64(): number {
    return this.#view.getFloat64(this.#take(8));
  }

  /** Exact up to 2^53. */
  uvarint(): number {
    let value = 0;
    let scale = 1;
    for (let i = 0; i < SHORT_BYTES; i++) {
      const byte = this.u8();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 0x80;
    }
    return Number(this.#bigRest(BigInt(value)));
  }

  /** Signed, zigzag as in Go; exact up to 2^53. */
  varint(): number {
    let value = 0;
    let scale = 1;
    for (let i = 0; i < SHORT_BYTES; i++) {
      const byte = this.u8();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
      scale *= 0x80;
    }
    const all = this.#bigRest(BigInt(value));
    return Number((all >> 1n) ^ -(all & 1n));
  }

  /** A count of items of at least `itemBytes` bytes each, which are still to come. */
  count(itemBytes: number): number {
    const count = this.uvarint();
    if (count * itemBytes > this.left) throw this.#short();
    return count;
  }

  /** A view of the next `length` bytes. */
  raw(length: number): Uint8Array {
    const at = this.#take(length);
    return this.#bytes.subarray(at, at + length);
  }

  /** From `from` to the next byte. */
  since(from: number): Uint8Array {
    return this.#bytes.subarray(from, this.#at);
  }

  /** Length as uvarint, then UTF-8. */
  text(): string {
    return utf8.decode(this.raw(this.count(1)).slice());
  }

  skip(length: number): void {
    this.#take(length);
  }

  #bigRest(low: bigint): bigint {
    let value = low;
    for (let i = SHORT_BYTES; i < VARINT_BYTES_MAX; i++) {
      const byte = this.u8();
      value |= BigInt(byte & 0x7f) << BigInt(7 * i);
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    throw new CorruptionError("BYTES_VARINT", `a varint of more than 64 bits ends at byte ${this.#at}`, {
      at: this.#at,
    });
  }

  #take(length: number): number {
    const at = this.#at;
    if (length > this.#bytes.length - at) throw this.#short();
    this.#at = at + length;
    return at;
  }

  #short(): CorruptionError {
    const at = this.#at;
    return new CorruptionError("BYTES_SHORT", `the bytes end too early, at byte ${this.#bytes.length}`, { at });
  }
}

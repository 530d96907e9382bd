/**
 * Bits from the most significant one of each byte on, as all chunk encodings have them, and the varbit numbers of histogram
 * chunks:
 *
 *   0                  the number 0
 *   10       3 bits    signed −3 … 4, unsigned … 7
 *   110      6 bits    −31 … 32              1110  9 bits   11110  12 bits   111110  18 bits   1111110  25 bits
 *   11111110 56 bits   11111111 64 bits
 *
 * A signed number of n bits covers −(2^(n−1) − 1) … 2^(n−1). Numbers beyond 2^53 lose their lowest bits.
 */

const VARBIT_WIDTHS = [3, 6, 9, 12, 18, 25, 56] as const;
const TWO_32 = 2 ** 32;

export class BitWriter {
  #bytes: Uint8Array;
  #bits: number;

  /** @param start  bytes already there; more follow behind `usedBits` of them. */
  constructor(start: Uint8Array, usedBits = start.length * 8) {
    this.#bytes = new Uint8Array(Math.max(128, start.length));
    this.#bytes.set(start);
    this.#bits = usedBits;
  }

  /** A view, valid until the next write. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, (this.#bits + 7) >>> 3);
  }

  bit(value: 0 | 1): void {
    this.bits(value, 1);
  }

  /** The lowest `width` (1 … 32) bits of `value`. */
  bits(value: number, width: number): void {
    const end = this.#bits + width;
    if (end > this.#bytes.length * 8) this.#grow();
    const bytes = this.#bytes;
    let left = width;
    while (left > 0) {
      const at = this.#bits >>> 3;
      const room = 8 - (this.#bits & 7);
      const take = left < room ? left : room;
      const part = (value >>> (left - take)) & ((1 << take) - 1);
      bytes[at] = bytes[at]! | (part << (room - take));
      this.#bits += take;
      left -= take;
    }
  }

  /** The lowest `width` (33 … 64) bits of a number in two words. */
  words(high: number, low: number, width: number): void {
    this.bits(high, width - 32);
    this.bits(low, 32);
  }

  /** The two's complement of `value` in `width` bits. */
  number(value: number, width: number): void {
    const high = Math.floor(value / TWO_32);
    const low = (value - high * TWO_32) >>> 0;
    if (width <= 32) this.bits(low, width);
    else this.words(high >>> 0, low, width);
  }

  varbit(value: number): void {
    if (value === 0) {
      this.bit(0);
      return;
    }
    for (let i = 0; i < VARBIT_WIDTHS.length; i++) {
      const width = VARBIT_WIDTHS[i]!;
      const half = 2 ** (width - 1);
      if (value > half || value < 1 - half) continue;
      this.bits((1 << (i + 2)) - 2, i + 2);
      this.number(value, width);
      return;
    }
    this.bits(0xff, 8);
    this.number(value, 64);
  }

  uvarbit(value: number): void {
    if (value === 0) {
      this.bit(0);
      return;
    }
    for (let i = 0; i < VARBIT_WIDTHS.length; i++) {
      const width = VARBIT_WIDTHS[i]!;
      if (value >= 2 ** width) continue;
      this.bits((1 << (i + 2)) - 2, i + 2);
      this.number(value, width);
      return;
    }
    this.bits(0xff, 8);
    this.number(value, 64);
  }

  /** A varint of whole bytes, 7 bits each, lowest first, at the place where the bits are. */
  uvarint(value: number): void {
    let rest = value;
    while (rest >= 0x80) {
      this.bits((rest % 0x80) | 0x80, 8);
      rest = Math.floor(rest / 0x80);
    }
    this.bits(rest, 8);
  }

  #grow(): void {
    const grown = new Uint8Array(this.#bytes.length * 2);
    grown.set(this.#bytes);
    this.#bytes = grown;
  }
}

/** Reads what BitWriter writes. Behind the end every read gives zeros and `isPastEnd` becomes true: ask it once a sample. */
export class BitReader {
  readonly #bytes: Uint8Array;
  readonly #end: number;
  #at: number;

  constructor(bytes: Uint8Array, startByte: number) {
    this.#bytes = bytes;
    this.#end = bytes.length * 8;
    this.#at = startByte * 8;
  }

  get isPastEnd(): boolean {
    return this.#at > this.#end;
  }

  get byteOffset(): number {
    return Math.min(this.#at >>> 3, this.#bytes.length);
  }

  /** Bits read so far, counted from the first byte. */
  get position(): number {
    return this.#at;
  }

  bit(): number {
    const at = this.#at++;
    return at < this.#end ? (this.#bytes[at >>> 3]! >>> (7 - (at & 7))) & 1 : 0;
  }

  /** `width` (1 … 32) bits as an unsigned number. */
  bits(width: number): number {
    let value = 0;
    let left = width;
    while (left > 0) {
      const room = 8 - (this.#at & 7);
      const take = left < room ? left : room;
      const byte = this.#at < this.#end ? this.#bytes[this.#at >>> 3]! : 0;
      value = (value << take) | ((byte >>> (room - take)) & ((1 << take) - 1));
      this.#at += take;
      left -= take;
    }
    return value >>> 0;
  }

  /** A number of the signed range of `width` bits. */
  signed(width: number): number {
    if (width <= 32) {
      const value = this.bits(width);
      return value > 2 ** (width - 1) ? value - 2 ** width : value;
    }
    let high = this.bits(width - 32);
    const low = this.bits(32);
    const half = 2 ** (width - 33);
    // 64 bits are plain two's complement; shorter ones have one more positive number.
    if (high > half || (high === half && (low > 0 || width === 64))) high -= 2 * half;
    return high * TWO_32 + low;
  }

  varbit(): number {
    const ones = this.#ones();
    if (ones === 0) return 0;
    return this.signed(ones === 8 ? 64 : VARBIT_WIDTHS[ones - 1]!);
  }

  uvarbit(): number {
    const ones = this.#ones();
    if (ones === 0) return 0;
    const width = ones === 8 ? 64 : VARBIT_WIDTHS[ones - 1]!;
    if (width <= 32) return this.bits(width);
    const high = this.bits(width - 32);
    return high * TWO_32 + this.bits(32);
  }

  uvarint(): number {
    let value = 0;
    for (let scale = 1; scale < 2 ** 70; scale *= 128) {
      const byte = this.bits(8);
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
    this.#at = this.#end + 1; // no number is that long
    return 0;
  }

  #ones(): number {
    let ones = 0;
    while (ones < 8 && this.bit() === 1) ones++;
    return ones;
  }
}

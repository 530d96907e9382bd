/**
 * A column of doubles, each written as its XOR with the one before:
 *
 *   0                                              the same value
 *   10  bits of the window of the value before     changed bits lie inside that window
 *   11  5 bits leading  6 bits width (0 = 64)  bits     a new window
 *
 * The value is held as two words, so that each NaN stays itself.
 */
import type { BitReader, BitWriter } from "./bits.js";

const NO_WINDOW = 255;
const scratch = new Float64Array(1);
const scratchWords = new Uint32Array(scratch.buffer);

export class XorValue {
  high = 0;
  low = 0;
  #leading = NO_WINDOW;
  #trailing = 0;

  get value(): number {
    scratchWords[0] = this.low;
    scratchWords[1] = this.high;
    return scratch[0]!;
  }

  set value(value: number) {
    scratch[0] = value;
    this.low = scratchWords[0]!;
    this.high = scratchWords[1]!;
  }

  /** The first value of a column: all 64 bits. */
  writeRaw(out: BitWriter, value: number): void {
    this.value = value;
    out.words(this.high, this.low, 64);
  }

  writeRawWords(out: BitWriter, high: number, low: number): void {
    this.high = high >>> 0;
    this.low = low >>> 0;
    out.words(high, low, 64);
  }

  write(out: BitWriter, value: number): void {
    scratch[0] = value;
    this.writeWords(out, scratchWords[1]!, scratchWords[0]!);
  }

  writeWords(out: BitWriter, newHigh: number, newLow: number): void {
    const high = (newHigh ^ this.high) >>> 0;
    const low = (newLow ^ this.low) >>> 0;
    this.high = newHigh >>> 0;
    this.low = newLow >>> 0;
    if (high === 0 && low === 0) {
      out.bit(0);
      return;
    }
    const leading = Math.min(31, high === 0 ? 32 + Math.clz32(low) : Math.clz32(high));
    const trailing = low === 0 ? 32 + trailingZeros(high) : trailingZeros(low);
    if (this.#leading !== NO_WINDOW && leading >= this.#leading && trailing >= this.#trailing) {
      out.bits(0b10, 2);
    } else {
      this.#leading = leading;
      this.#trailing = trailing;
      out.bits(0b11, 2);
      out.bits(leading, 5);
      out.bits((64 - leading - trailing) & 63, 6);
    }
    const width = 64 - this.#leading - this.#trailing;
    const shift = this.#trailing;
    if (shift >= 32) out.bits(high >>> (shift - 32), width);
    else if (width <= 32) out.bits(shift === 0 ? low : (high << (32 - shift)) | (low >>> shift), width);
    else out.words(high >>> shift, shift === 0 ? low : (high << (32 - shift)) | (low >>> shift), width);
  }

  readRaw(bits: BitReader): void {
    this.high = bits.bits(32);
    this.low = bits.bits(32);
  }

  /** False if the bits name no window or one that is wider than 64 bits. */
  read(bits: BitReader): boolean {
    if (bits.bit() === 0) return true;
    if (bits.bit() === 1) {
      this.#leading = bits.bits(5);
      const width = bits.bits(6) || 64;
      if (this.#leading + width > 64) return false;
      this.#trailing = 64 - this.#leading - width;
    } else if (this.#leading === NO_WINDOW) {
      // Prometheus' appender that goes on with a chunk of one sample begins with a window of all 64 bits.
      this.#leading = 0;
    }
    const width = 64 - this.#leading - this.#trailing;
    let high = width > 32 ? bits.bits(width - 32) : 0;
    let low = bits.bits(Math.min(width, 32));
    const shift = this.#trailing;
    if (shift >= 32) {
      high = low << (shift - 32);
      low = 0;
    } else if (shift > 0) {
      high = (high << shift) | (low >>> (32 - shift));
      low <<= shift;
    }
    this.high = (this.high ^ high) >>> 0;
    this.low = (this.low ^ low) >>> 0;
    return true;
  }
}

function trailingZeros(word: number): number {
  return 31 - Math.clz32(word & -word);
}

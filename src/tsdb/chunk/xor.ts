/**
 * Prometheus' XOR chunks in plain TypeScript, for who is no head and no query thread: compaction, backfill, tools. The
 * format is drawn in assembly/chunk/xor-encode.ts, whose kernels do the same where speed counts.
 */
import { BitReader, BitWriter } from "./bits.js";
import { CHUNK_SAMPLES_MAX, chunkSampleCount, damagedChunk, ENCODING_XOR } from "./encoding.js";
import { XorValue } from "./xor-value.js";

const HEADER_BYTES = 2;

/** One growing XOR chunk. Values come as two words, so that NaNs keep their bits. */
export class XorAppender {
  readonly #out = new BitWriter(new Uint8Array(HEADER_BYTES));
  readonly #value = new XorValue();
  #count = 0;
  #minTime = 0;
  #time = 0;
  #delta = 0;

  get count(): number {
    return this.#count;
  }
  get minTimeMs(): number {
    return this.#minTime;
  }
  get maxTimeMs(): number {
    return this.#time;
  }

  /** The chunk so far, its own bytes. */
  bytes(): Uint8Array {
    const bytes = this.#out.bytes.slice();
    bytes[0] = this.#count >>> 8;
    bytes[1] = this.#count & 0xff;
    return bytes;
  }

  get byteLength(): number {
    return this.#out.bytes.length;
  }

  /** @param timeMs  after the time of the sample before; at most CHUNK_SAMPLES_MAX samples fit. */
  append(timeMs: number, low: number, high: number): void {
    const out = this.#out;
    const delta = timeMs - this.#time;
    if (this.#count === 0) {
      this.#minTime = timeMs;
      out.uvarint(timeMs >= 0 ? 2 * timeMs : -2 * timeMs - 1);
      this.#value.writeRawWords(out, high, low);
    } else {
      if (this.#count === 1) out.uvarint(delta);
      else putDeltaOfDelta(out, delta - this.#delta);
      this.#delta = delta;
      this.#value.writeWords(out, high, low);
    }
    this.#time = timeMs;
    this.#count++;
  }
}

function putDeltaOfDelta(out: BitWriter, change: number): void {
  if (change === 0) out.bit(0);
  else if (change >= -8191 && change <= 8192) {
    out.bits(0b10, 2);
    out.number(change, 14);
  } else if (change >= -65_535 && change <= 65_536) {
    out.bits(0b110, 3);
    out.number(change, 17);
  } else if (change >= -524_287 && change <= 524_288) {
    out.bits(0b1110, 4);
    out.number(change, 20);
  } else {
    out.bits(0b1111, 4);
    out.number(change, 64);
  }
}

/** Reads one XOR chunk, sample by sample. */
export class XorReader {
  readonly count: number;
  readonly #bits: BitReader;
  readonly #value = new XorValue();
  #read = 0;
  #time = 0;
  #delta = 0;

  /** @param count  samples to read, where the header is not to be trusted (an open chunk). */
  constructor(data: Uint8Array, count = chunkSampleCount(data)) {
    this.count = Math.min(count, CHUNK_SAMPLES_MAX);
    this.#bits = new BitReader(data, HEADER_BYTES);
  }

  get timeMs(): number {
    return this.#time;
  }
  get high(): number {
    return this.#value.high;
  }
  get low(): number {
    return this.#value.low;
  }
  get value(): number {
    return this.#value.value;
  }

  /** @throws CorruptionError CHUNK */
  next(): boolean {
    if (this.#read === this.count) return false;
    const bits = this.#bits;
    let isSound = true;
    if (this.#read === 0) {
      const zigzag = bits.uvarint();
      this.#time = zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2;
      this.#value.readRaw(bits);
    } else {
      if (this.#read === 1) this.#delta = bits.uvarint();
      else this.#delta += takeDeltaOfDelta(bits);
      this.#time += this.#delta;
      isSound = this.#value.read(bits);
    }
    if (!isSound || bits.isPastEnd) {
      throw damagedChunk(ENCODING_XOR, bits.byteOffset, isSound ? "it ends early" : "a value has no window of bits");
    }
    this.#read++;
    return true;
  }
}

function takeDeltaOfDelta(bits: BitReader): number {
  if (bits.bit() === 0) return 0;
  if (bits.bit() === 0) return bits.signed(14);
  if (bits.bit() === 0) return bits.signed(17);
  return bits.bit() === 0 ? bits.signed(20) : bits.signed(64);
}

/**
 * Protobuf messages field by field, for messages whose bytes are read once and thrown away. What a message means is the
 * caller's; here are tags, lengths and numbers. Numbers of 64 bits are exact up to 2^53, or come as words.
 */
import { CorruptionError } from "./errors.js";

export const WIRE_VARINT = 0;
export const WIRE_FIXED64 = 1;
export const WIRE_BYTES = 2;
const WIRE_GROUP = 3;
const WIRE_END_GROUP = 4;
const WIRE_FIXED32 = 5;

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });
const encoder = new TextEncoder();

/**
 * Walks over the fields of a message: `while (reader.next()) switch (reader.field) …`. What the caller does not read of a
 * field is passed over. Every length is checked.
 */
export class ProtoReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #end: number;
  #at: number;
  #field = 0;
  #wire = 0;
  /** Whether the value of the current field has not been read yet. */
  #isPending = false;

  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#at = start;
    this.#end = end;
  }

  get field(): number {
    return this.#field;
  }

  /** WIRE_* of the current field: `packed…` readers take both forms. */
  get wire(): number {
    return this.#wire;
  }

  /** Goes to the next field. @throws CorruptionError PROTO */
  next(): boolean {
    if (this.#isPending) this.#skip(this.#wire);
    if (this.#at >= this.#end) return false;
    const tag = this.#varint();
    this.#field = Math.floor(tag / 8);
    this.#wire = tag % 8;
    if (this.#field === 0 || this.#field >= 2 ** 29) throw this.#damaged("has an illegal tag");
    this.#isPending = true;
    return true;
  }

  /** A varint as an unsigned number. */
  uint(): number {
    this.#expect(WIRE_VARINT);
    return this.#varint();
  }

  /** An int32, int64 or enum: two's complement in 64 bits. */
  int(): number {
    this.#expect(WIRE_VARINT);
    return this.#signed();
  }

  /** A sint32 or sint64: zigzag. */
  sint(): number {
    this.#expect(WIRE_VARINT);
    return this.#zigzag();
  }

  bool(): boolean {
    return this.uint() !== 0;
  }

  double(): number {
    this.#expect(WIRE_FIXED64);
    return this.#view.getFloat64(this.#take(8), true);
  }

  /** A double as its words: NaNs keep their payload. */
  doubleWords(): { readonly low: number; readonly high: number } {
    this.#expect(WIRE_FIXED64);
    const at = this.#take(8);
    return { low: this.#view.getUint32(at, true), high: this.#view.getUint32(at + 4, true) };
  }

  fixed64(): number {
    this.#expect(WIRE_FIXED64);
    const at = this.#take(8);
    return this.#view.getUint32(at + 4, true) * 2 ** 32 + this.#view.getUint32(at, true);
  }

  bigFixed64(): bigint {
    this.#expect(WIRE_FIXED64);
    return this.#view.getBigUint64(this.#take(8), true);
  }

  /** An int64, whole. */
  bigInt(): bigint {
    this.#expect(WIRE_VARINT);
    const { low, high } = this.#words();
    return BigInt.asIntN(64, (BigInt(high) << 32n) | BigInt(low));
  }

  sfixed64(): number {
    this.#expect(WIRE_FIXED64);
    const at = this.#take(8);
    return this.#view.getInt32(at + 4, true) * 2 ** 32 + this.#view.getUint32(at, true);
  }

  /** A view. */
  bytes(): Uint8Array {
    this.#expect(WIRE_BYTES);
    const length = this.#varint();
    const at = this.#take(length);
    return this.#bytes.subarray(at, at + length);
  }

  text(): string {
    return utf8.decode(this.bytes());
  }

  message(): ProtoReader {
    const bytes = this.bytes();
    return new ProtoReader(bytes);
  }

  /** Adds the numbers of a repeated sint64, packed or single. */
  sints(to: number[]): void {
    this.#repeated(WIRE_VARINT, () => to.push(this.#zigzag()));
  }

  uints(to: number[]): void {
    this.#repeated(WIRE_VARINT, () => to.push(this.#varint()));
  }

  doubles(to: number[]): void {
    this.#repeated(WIRE_FIXED64, () => to.push(this.#view.getFloat64(this.#take(8), true)));
  }

  fixed64s(to: number[]): void {
    this.#repeated(WIRE_FIXED64, () => {
      const at = this.#take(8);
      to.push(this.#view.getUint32(at + 4, true) * 2 ** 32 + this.#view.getUint32(at, true));
    });
  }

  #repeated(wire: number, read: () => void): void {
    if (this.#wire !== WIRE_BYTES) {
      this.#expect(wire);
      read();
      return;
    }
    this.#expect(WIRE_BYTES);
    const length = this.#varint();
    if (length > this.#end - this.#at) throw this.#damaged("is cut off");
    const end = this.#at + length;
    while (this.#at < end) read();
  }

  #expect(wire: number): void {
    if (this.#wire !== wire) throw this.#damaged(`has wire type ${this.#wire} for field ${this.#field}`);
    this.#isPending = false;
  }

  #skip(first: number): void {
    this.#isPending = false;
    let depth = 0;
    for (let wire = first; ; wire = this.#varint() % 8) {
      if (wire === WIRE_VARINT) this.#varint();
      else if (wire === WIRE_FIXED64) this.#take(8);
      else if (wire === WIRE_BYTES) this.#take(this.#varint());
      else if (wire === WIRE_GROUP) depth++;
      else if (wire === WIRE_END_GROUP) {
        if (--depth < 0) throw this.#damaged("has an end of a group outside of one");
      } else if (wire === WIRE_FIXED32) this.#take(4);
      else throw this.#damaged(`has illegal wire type ${wire}`);
      if (depth === 0) return;
    }
  }

  /** Unsigned; exact up to 2^53. */
  #varint(): number {
    let value = 0;
    let scale = 1;
    for (let i = 0; i < 10; i++) {
      const byte = this.#bytes[this.#take(1)]!;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 128;
    }
    throw this.#damaged("has a number of more than 64 bits");
  }

  /** Two's complement: what is above 2^63 is negative, exact from −2^53 on. */
  #signed(): number {
    const { low, high } = this.#words();
    return (high | 0) * 2 ** 32 + low;
  }

  #zigzag(): number {
    const { low, high } = this.#words();
    const half = high * 2 ** 31 + (low >>> 1);
    return (low & 1) === 0 ? half : -half - 1;
  }

  #words(): { low: number; high: number } {
    let low = 0;
    let high = 0;
    for (let i = 0; i < 10; i++) {
      const byte = this.#bytes[this.#take(1)]!;
      const bits = byte & 0x7f;
      if (i < 4) low |= bits << (7 * i);
      else if (i === 4) {
        low |= bits << 28;
        high |= bits >> 4;
      } else high |= bits << (7 * i - 32);
      if (byte < 0x80) return { low: low >>> 0, high: high >>> 0 };
    }
    throw this.#damaged("has a number of more than 64 bits");
  }

  #take(length: number): number {
    const at = this.#at;
    if (length > this.#end - at) throw this.#damaged("is cut off");
    this.#at = at + length;
    return at;
  }

  #damaged(what: string): CorruptionError {
    return new CorruptionError("PROTO", `a protobuf message ${what} at byte ${this.#at}`, { at: this.#at });
  }
}

/** Writes a message; nested ones by call-back, their length put in front afterwards. */
export class ProtoWriter {
  #bytes: Uint8Array;
  #view: DataView;
  #length = 0;

  constructor(firstBytes = 1024) {
    this.#bytes = new Uint8Array(firstBytes);
    this.#view = new DataView(this.#bytes.buffer);
  }

  get length(): number {
    return this.#length;
  }

  /** A view, until the next call. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  clear(): void {
    this.#length = 0;
  }

  /** An unsigned number, or a signed one as int32 and int64 have it. 0 is left out, as proto3 does. */
  int(field: number, value: number): void {
    if (value === 0) return;
    this.#tag(field, WIRE_VARINT);
    this.#int(value);
  }

  /** As `int`, 0 too. */
  intAlways(field: number, value: number): void {
    this.#tag(field, WIRE_VARINT);
    this.#int(value);
  }

  sint(field: number, value: number): void {
    if (value !== 0) this.sintAlways(field, value);
  }

  sintAlways(field: number, value: number): void {
    this.#tag(field, WIRE_VARINT);
    this.#zigzag(value);
  }

  bool(field: number, value: boolean): void {
    this.int(field, value ? 1 : 0);
  }

  double(field: number, value: number): void {
    if (Object.is(value, 0)) return;
    this.doubleAlways(field, value);
  }

  doubleAlways(field: number, value: number): void {
    this.#tag(field, WIRE_FIXED64);
    this.#need(8);
    this.#view.setFloat64(this.#length, value, true);
    this.#length += 8;
  }

  /** A double by its words, so that NaNs keep their payload. 0 is left out. */
  doubleWords(field: number, low: number, high: number): void {
    if (low === 0 && high === 0) return;
    this.#tag(field, WIRE_FIXED64);
    this.#need(8);
    this.#view.setUint32(this.#length, low, true);
    this.#view.setUint32(this.#length + 4, high, true);
    this.#length += 8;
  }

  blob(field: number, bytes: Uint8Array): void {
    this.#tag(field, WIRE_BYTES);
    this.#int(bytes.length);
    this.raw(bytes);
  }

  /** Bytes without a field, between the messages of a stream. */
  raw(bytes: Uint8Array): void {
    this.#need(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  uvarint(value: number): void {
    this.#int(value);
  }

  /** "" is left out. */
  text(field: number, text: string): void {
    if (text !== "") this.textAlways(field, text);
  }

  textAlways(field: number, text: string): void {
    this.#tag(field, WIRE_BYTES);
    this.#need(5 + 3 * text.length);
    const start = this.#length;
    const { written } = encoder.encodeInto(text, this.#bytes.subarray(start + 5));
    this.#length = start;
    this.#int(written);
    this.#bytes.copyWithin(this.#length, start + 5, start + 5 + written);
    this.#length += written;
  }

  message(field: number, fill: () => void): void {
    this.#tag(field, WIRE_BYTES);
    this.delimited(fill);
  }

  /** What `fill` writes, with its length in front but no field: one message of a stream. */
  delimited(fill: () => void): void {
    // Most messages are short: one byte for the length is kept free, and what follows moves where it is not enough.
    this.#need(1);
    const start = ++this.#length;
    fill();
    const length = this.#length - start;
    const extra = length < 0x80 ? 0 : length < 0x4000 ? 1 : length < 0x20_0000 ? 2 : length < 0x1000_0000 ? 3 : 4;
    if (extra > 0) {
      this.#need(extra);
      this.#bytes.copyWithin(start + extra, start, start + length);
    }
    this.#length = start - 1;
    this.#int(length);
    this.#length += length;
  }

  packedInts(field: number, values: ArrayLike<number>): void {
    if (values.length === 0) return;
    this.message(field, () => {
      for (let i = 0; i < values.length; i++) this.#int(values[i]!);
    });
  }

  packedSints(field: number, values: ArrayLike<number>): void {
    if (values.length === 0) return;
    this.message(field, () => {
      for (let i = 0; i < values.length; i++) this.#zigzag(values[i]!);
    });
  }

  packedDoubles(field: number, values: ArrayLike<number>): void {
    if (values.length === 0) return;
    this.message(field, () => {
      this.#need(8 * values.length);
      for (let i = 0; i < values.length; i++, this.#length += 8) {
        this.#view.setFloat64(this.#length, values[i]!, true);
      }
    });
  }

  #tag(field: number, wire: number): void {
    this.#int(field * 8 + wire);
  }

  #zigzag(value: number): void {
    this.#words(value >= 0 ? value * 2 : -value * 2 - 1);
  }

  #int(value: number): void {
    if (value >= 0) this.#words(value);
    else {
      // Two's complement of 64 bits.
      const positive = -value;
      const low = positive % 2 ** 32;
      const high = Math.floor(positive / 2 ** 32);
      const invertedLow = (~low >>> 0) + 1;
      const carry = invertedLow === 2 ** 32 ? 1 : 0;
      this.#wide(invertedLow >>> 0, ((~high >>> 0) + carry) >>> 0);
    }
  }

  #words(value: number): void {
    this.#need(10);
    let rest = value;
    while (rest >= 0x80) {
      this.#bytes[this.#length++] = (rest % 0x80) | 0x80;
      rest = rest < 2 ** 31 ? rest >>> 7 : Math.floor(rest / 0x80);
    }
    this.#bytes[this.#length++] = rest;
  }

  #wide(low: number, high: number): void {
    this.#need(10);
    let [a, b] = [low, high];
    while (a >= 0x80 || b > 0) {
      this.#bytes[this.#length++] = (a & 0x7f) | 0x80;
      a = ((a >>> 7) | (b << 25)) >>> 0;
      b >>>= 7;
    }
    this.#bytes[this.#length++] = a;
  }

  #need(bytes: number): void {
    if (this.#length + bytes <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(this.#length + bytes, 2 * this.#bytes.length));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}

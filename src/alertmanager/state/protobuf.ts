/**
 * The little of protobuf that the state files need: varints, length-delimited fields, timestamps.
 * @see https://protobuf.dev/programming-guides/encoding/
 */
import { CorruptionError } from "../../base/index.js";

const FIRST_BYTES = 128;

export class Writer {
  #buffer = Buffer.allocUnsafe(FIRST_BYTES);
  #at = 0;

  #room(bytes: number): void {
    if (this.#at + bytes <= this.#buffer.length) return;
    const grown = Buffer.allocUnsafe(Math.max(2 * this.#buffer.length, this.#at + bytes));
    this.#buffer.copy(grown, 0, 0, this.#at);
    this.#buffer = grown;
  }

  #put(bytes: Uint8Array): void {
    this.#room(bytes.length);
    this.#buffer.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  varint(value: bigint | number): this {
    this.#room(10);
    const isSmall = typeof value === "number" && value >= 0 && value <= 0xffff_ffff;
    // In two halves of 32 bits: arithmetic of BigInts is slow.
    let low = isSmall ? value : Number(BigInt(value) & 0xffff_ffffn);
    let high = isSmall ? 0 : Number((BigInt(value) >> 32n) & 0xffff_ffffn);
    while (high !== 0 || low > 0x7f) {
      this.#buffer[this.#at++] = (low & 0x7f) | 0x80;
      low = ((low >>> 7) | (high << 25)) >>> 0;
      high >>>= 7;
    }
    this.#buffer[this.#at++] = low;
    return this;
  }

  /** A field of bytes, left out where it is empty. */
  bytes(field: number, value: string | Buffer): this {
    const buffer = typeof value === "string" ? Buffer.from(value) : value;
    return buffer.length === 0 ? this : this.message(field, buffer);
  }

  /** A field that is there also where it is empty. */
  message(field: number, value: Buffer): this {
    this.varint((field << 3) | 2).varint(value.length);
    this.#put(value);
    return this;
  }

  integer(field: number, value: bigint | number): this {
    return BigInt(value) === 0n ? this : this.varint(field << 3).varint(value);
  }

  double(field: number, value: number): this {
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleLE(value);
    this.varint((field << 3) | 1);
    this.#put(bytes);
    return this;
  }

  /** google.protobuf.Timestamp */
  timestamp(field: number, nano: bigint): this {
    const nanos = ((nano % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n;
    const seconds = (nano - nanos) / 1_000_000_000n;
    return this.message(field, new Writer().integer(1, seconds).integer(2, nanos).finish());
  }

  finish(): Buffer {
    return Buffer.from(this.#buffer.subarray(0, this.#at));
  }
}

export interface FieldValue {
  readonly field: number;
  /** Of wire types 0 and 1. */
  readonly number: bigint;
  /** Of wire type 2; of 1 its eight bytes. */
  readonly bytes: Buffer;
}

function damaged(what: string): CorruptionError {
  return new CorruptionError("STATE_FILE", `the state is damaged: ${what}`);
}

class Reader {
  readonly #bytes: Buffer;
  at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get isDone(): boolean {
    return this.at >= this.#bytes.length;
  }

  varint(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#bytes[this.at++];
      if (byte === undefined) throw damaged("it ends within a number");
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    throw damaged("a number is too long");
  }

  take(length: number): Buffer {
    if (length > this.#bytes.length - this.at) throw damaged("it ends within a field");
    const part = this.#bytes.subarray(this.at, this.at + length);
    this.at += length;
    return part;
  }
}

/** The fields of one message in their order. @throws CorruptionError */
export function readFields(bytes: Buffer): FieldValue[] {
  const reader = new Reader(bytes);
  const fields: FieldValue[] = [];
  while (!reader.isDone) {
    const tag = Number(reader.varint());
    const field = tag >> 3;
    const wire = tag & 7;
    if (wire === 0) fields.push({ field, number: reader.varint(), bytes: Buffer.alloc(0) });
    else if (wire === 1) {
      const part = reader.take(8);
      fields.push({ field, number: part.readBigUInt64LE(), bytes: part });
    } else if (wire === 2) fields.push({ field, number: 0n, bytes: reader.take(Number(reader.varint())) });
    else if (wire === 5) fields.push({ field, number: BigInt(reader.take(4).readUInt32LE()), bytes: Buffer.alloc(0) });
    else throw damaged(`wire type ${wire}`);
  }
  return fields;
}

export function readTimestamp(bytes: Buffer): bigint {
  let nano = 0n;
  for (const { field, number } of readFields(bytes)) {
    if (field === 1) nano += BigInt.asIntN(64, number) * 1_000_000_000n;
    else if (field === 2) nano += BigInt.asIntN(64, number);
  }
  return nano;
}

/** Messages, each behind its length. @throws CorruptionError */
export function readDelimited(bytes: Buffer): Buffer[] {
  const reader = new Reader(bytes);
  const messages: Buffer[] = [];
  while (!reader.isDone) messages.push(reader.take(Number(reader.varint())));
  return messages;
}

export function delimited(message: Buffer): Buffer {
  return Buffer.concat([new Writer().varint(message.length).finish(), message]);
}

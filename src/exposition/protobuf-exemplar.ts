/** `io.prometheus.client.Exemplar`: label 1 {name 1, value 2}, value 2, timestamp 3 {seconds 1, nanos 2}. */

export interface ExemplarText {
  readonly pairs: readonly (readonly [string, string])[];
  readonly value: number;
  /** Undefined where the exemplar brings none. */
  readonly timestampMs: number | undefined;
}

const WIRE_VARINT = 0;
const WIRE_FIXED64 = 1;
const WIRE_BYTES = 2;
const WIRE_FIXED32 = 5;

interface Field {
  readonly number: number;
  readonly wire: number;
  readonly bytes: Buffer;
  readonly value: bigint;
}

/** What is readable of it: the kernel has checked its length, not what is in it. */
export function protobufExemplar(message: Buffer): ExemplarText {
  const pairs: [string, string][] = [];
  let value = 0;
  let timestampMs: number | undefined;
  for (const field of fields(message)) {
    if (field.number === 1 && field.wire === WIRE_BYTES) pairs.push(labelPair(field.bytes));
    else if (field.number === 2 && field.wire === WIRE_FIXED64) value = field.bytes.readDoubleLE(0);
    else if (field.number === 3 && field.wire === WIRE_BYTES) timestampMs = milliseconds(field.bytes);
  }
  return { pairs, value, timestampMs };
}

function labelPair(message: Buffer): [string, string] {
  let [name, value] = ["", ""];
  for (const field of fields(message)) {
    if (field.wire !== WIRE_BYTES) continue;
    if (field.number === 1) name = field.bytes.toString("utf8");
    else if (field.number === 2) value = field.bytes.toString("utf8");
  }
  return [name, value];
}

function milliseconds(message: Buffer): number {
  let ms = 0;
  for (const field of fields(message)) {
    if (field.wire !== WIRE_VARINT) continue;
    if (field.number === 1) ms += Number(BigInt.asIntN(64, field.value)) * 1000;
    else if (field.number === 2) ms += Math.trunc(Number(BigInt.asIntN(32, field.value)) / 1e6);
  }
  return ms;
}

/** Fields of a message up to the first thing that makes no sense. */
function* fields(message: Buffer): Generator<Field> {
  let at = 0;
  const varint = (): bigint | undefined => {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = message[at++];
      if (byte === undefined) return undefined;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    return undefined;
  };
  while (at < message.length) {
    const tag = varint();
    if (tag === undefined) return;
    const wire = Number(tag & 7n);
    let length = 0;
    let value = 0n;
    if (wire === WIRE_VARINT) {
      const read = varint();
      if (read === undefined) return;
      value = read;
    } else if (wire === WIRE_FIXED64) length = 8;
    else if (wire === WIRE_FIXED32) length = 4;
    else if (wire === WIRE_BYTES) {
      const read = varint();
      if (read === undefined) return;
      length = Number(read);
    } else return;
    if (length > message.length - at) return;
    yield { number: Number(tag >> 3n), wire, bytes: message.subarray(at, at + length), value };
    at += length;
  }
}

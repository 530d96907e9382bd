/**
 * LABEL BYTES: a label set as Prometheus' WAL series record writes it, and as threads exchange it.
 *
 *   uvarint count   then for each label, in byte order of names:
 *   uvarint length, UTF-8 of the name   uvarint length, UTF-8 of the value
 */
import { CorruptionError } from "../base/index.js";
import { Labels } from "../model/index.js";

export function encodeLabelBytes(labels: Labels): Uint8Array {
  const parts = labels.pairs.map((text) => Buffer.from(text, "utf8"));
  const bytes = new Uint8Array(5 + parts.reduce((sum, part) => sum + 5 + part.length, 0));
  let at = putUvarint(bytes, 0, labels.size);
  for (const part of parts) {
    at = putUvarint(bytes, at, part.length);
    bytes.set(part, at);
    at += part.length;
  }
  return bytes.subarray(0, at);
}

/** @throws CorruptionError LABEL_BYTES */
export function decodeLabelBytes(bytes: Uint8Array): Labels {
  const cursor = { bytes, at: 0 };
  const count = takeUvarint(cursor);
  if (count > bytes.length) throw damaged(cursor);
  const pairs: string[] = [];
  for (let i = 0; i < 2 * count; i++) {
    const length = takeUvarint(cursor);
    if (length > bytes.length - cursor.at) throw damaged(cursor);
    pairs.push(Buffer.from(bytes.buffer, bytes.byteOffset + cursor.at, length).toString("utf8"));
    cursor.at += length;
  }
  if (cursor.at !== bytes.length) throw damaged(cursor);
  return new Labels(pairs);
}

interface Cursor {
  readonly bytes: Uint8Array;
  at: number;
}

function damaged({ bytes, at }: Cursor): CorruptionError {
  return new CorruptionError("LABEL_BYTES", `label bytes are damaged at byte ${at} of ${bytes.length}`, { at });
}

function putUvarint(bytes: Uint8Array, offset: number, value: number): number {
  let at = offset;
  let rest = value;
  while (rest >= 0x80) {
    bytes[at++] = (rest & 0x7f) | 0x80;
    rest = Math.floor(rest / 128);
  }
  bytes[at++] = rest;
  return at;
}

function takeUvarint(cursor: Cursor): number {
  let value = 0;
  for (let scale = 1; scale <= 2 ** 28; scale *= 128) {
    if (cursor.at >= cursor.bytes.length) throw damaged(cursor);
    const byte = cursor.bytes[cursor.at++]!;
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return value;
  }
  throw damaged(cursor);
}

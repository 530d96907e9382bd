/**
 * LABEL BYTES: a label set as the head's kernels resolve it, as batches between threads carry it, and as Prometheus' WAL
 * series record has it behind its ref (see assembly/layout.ts).
 *
 *   uvarint count   then for each label, in byte order of names:
 *   uvarint length, UTF-8 of the name   uvarint length, UTF-8 of the value
 */
import { CorruptionError } from "../base/index.js";
import { Labels } from "./labels.js";

const encoder = new TextEncoder();

/** Encodes a label set into a buffer that the next call overwrites: copy to keep. */
export class LabelBytesEncoder {
  #bytes = new Uint8Array(1024);
  #length = 0;

  /** A view of the encoded label set, valid until the next call. */
  encode(labels: Labels): Uint8Array {
    this.#length = 0;
    this.#need(5);
    this.#varint(labels.size);
    for (const text of labels.pairs) this.#text(text);
    return this.#bytes.subarray(0, this.#length);
  }

  #text(text: string): void {
    this.#need(5 + 3 * text.length); // UTF-8 takes at most 3 bytes a UTF-16 unit
    const start = this.#length;
    if (text.length < 0x80 && this.#ascii(text)) return;
    // The length goes first but is known last: guess that it takes one byte, and encode again where it takes more.
    const { written } = encoder.encodeInto(text, this.#bytes.subarray(start + 1));
    if (written < 0x80) {
      this.#bytes[start] = written;
      this.#length = start + 1 + written;
      return;
    }
    this.#varint(written);
    encoder.encodeInto(text, this.#bytes.subarray(this.#length));
    this.#length += written;
  }

  /** Short ASCII text, which nearly all label text is, without a call into the runtime. False for any other. */
  #ascii(text: string): boolean {
    const bytes = this.#bytes;
    let at = this.#length;
    bytes[at++] = text.length;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code >= 0x80) return false;
      bytes[at++] = code;
    }
    this.#length = at;
    return true;
  }

  #varint(value: number): void {
    let rest = value;
    while (rest >= 0x80) {
      this.#bytes[this.#length++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.#bytes[this.#length++] = rest;
  }

  #need(bytes: number): void {
    if (this.#length + bytes <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(this.#length + bytes, 2 * this.#bytes.length));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }
}

const shared = new LabelBytesEncoder();

/** Label bytes of their own, to keep. */
export function encodeLabelBytes(labels: Labels): Uint8Array {
  return shared.encode(labels).slice();
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

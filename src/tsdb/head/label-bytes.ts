/**
 * LABEL BYTES: the encoding of a label set that the head's kernels resolve, that batches between threads carry, and that
 * Prometheus' WAL series record has after its ref (see assembly/layout.ts).
 *
 *   uvarint count, then for each label: uvarint length, name, uvarint length, value; all text in UTF-8
 */
import type { Labels } from "../../model/index.js";

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

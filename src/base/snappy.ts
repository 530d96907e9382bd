/** Snappy's block format outside of the ingest threads: small requests are read, answers written as they are. */
import { VestalError } from "./errors.js";

/** @throws VestalError DECODE_LIMIT beyond the bound, DECODE_CORRUPT if the block is damaged. */
export function decodeSnappy(block: Uint8Array, decodedBytesMax: number): Uint8Array {
  let at = 0;
  let declared = 0;
  for (let scale = 1; ; scale *= 128) {
    const byte = block[at++];
    if (byte === undefined || scale > 2 ** 28) throw corrupt();
    declared += (byte & 0x7f) * scale;
    if (byte < 0x80) break;
  }
  if (declared > decodedBytesMax) {
    const message = `snappy: decoded length ${declared} exceeds limit ${decodedBytesMax}`;
    throw new VestalError("DECODE_LIMIT", message, { declared, decodedBytesMax });
  }
  // A copy is at most 64 bytes for 3 of the block: what declares more costs nothing.
  if (declared > block.length * 24) throw corrupt();
  const out = new Uint8Array(declared);
  let length = 0;
  while (at < block.length) {
    const tag = block[at++]!;
    let count = tag >> 2;
    if ((tag & 3) === 0) {
      if (count >= 60) {
        const extra = count - 59;
        if (at + extra > block.length) throw corrupt();
        count = 0;
        for (let i = 0; i < extra; i++) count += block[at + i]! * 2 ** (8 * i);
        at += extra;
      }
      count++;
      if (count > block.length - at || count > declared - length) throw corrupt();
      out.set(block.subarray(at, at + count), length);
      at += count;
      length += count;
      continue;
    }
    const width = [0, 1, 2, 4][tag & 3]!;
    if (at + width > block.length) throw corrupt();
    let offset = 0;
    for (let i = 0; i < width; i++) offset += block[at + i]! * 2 ** (8 * i);
    at += width;
    if (width === 1) {
      offset += (tag >> 5) << 8;
      count = 4 + ((tag >> 2) & 7);
    } else count++;
    if (offset === 0 || offset > length || count > declared - length) throw corrupt();
    for (let i = 0; i < count; i++, length++) out[length] = out[length - offset]!;
  }
  if (length !== declared) throw corrupt();
  return out;
}

/** A block that holds `bytes` as they are: a length and one literal. */
export function literalSnappy(
  bytes: Uint8Array,
  makeBuffer = (size: number): Uint8Array => new Uint8Array(size),
): Uint8Array {
  const head: number[] = [];
  for (let rest = bytes.length; ; rest >>>= 7) {
    head.push(rest < 0x80 ? rest : (rest & 0x7f) | 0x80);
    if (rest < 0x80) break;
  }
  if (bytes.length > 0) {
    const last = bytes.length - 1;
    head.push(0xfc, last & 0xff, (last >>> 8) & 0xff, (last >>> 16) & 0xff, last >>> 24);
  }
  const block = makeBuffer(head.length + bytes.length);
  block.set(head);
  block.set(bytes, head.length);
  return block;
}

function corrupt(): VestalError {
  return new VestalError("DECODE_CORRUPT", "snappy: corrupt input");
}

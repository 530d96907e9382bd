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

/** Matches are found within so many bytes, so that offsets fit into 16 bits. */
const BLOCK_BYTES = 65_536;
const TABLE_BITS = 14;
/** The shortest copy, and the longest of one tag. */
const MATCH_MIN = 4;
const COPY_MAX = 64;
/** Bytes at the end of a block that are never looked at as the begin of a match. */
const MARGIN = 8;

/** A block of snappy's, compressed: for bodies that are sent, outside of the ingest threads. */
export function encodeSnappy(bytes: Uint8Array): Uint8Array {
  // Worst case: literals only, a tag of 3 bytes for each block, and the length.
  const out = new Uint8Array(32 + bytes.length + Math.ceil(bytes.length / 6));
  let at = 0;
  for (let rest = bytes.length; ; rest >>>= 7) {
    out[at++] = rest < 0x80 ? rest : (rest & 0x7f) | 0x80;
    if (rest < 0x80) break;
  }
  const table = new Uint16Array(1 << TABLE_BITS);
  for (let begin = 0; begin < bytes.length; begin += BLOCK_BYTES) {
    const block = bytes.subarray(begin, Math.min(begin + BLOCK_BYTES, bytes.length));
    at = encodeBlock(block, table.fill(0), out, at);
  }
  return out.subarray(0, at);
}

/** @param table  by the hash of four bytes: where they stood last, 0 for never or the block's begin. */
function encodeBlock(block: Uint8Array, table: Uint16Array, out: Uint8Array, start: number): number {
  let at = start;
  let literal = 0;
  let next = 1;
  const limit = block.length - MARGIN;
  const word = (i: number): number => block[i]! | (block[i + 1]! << 8) | (block[i + 2]! << 16) | (block[i + 3]! << 24);
  while (next < limit) {
    const here = word(next);
    const hash = Math.imul(here, 0x1e35a7bd) >>> (32 - TABLE_BITS);
    const candidate = table[hash]!;
    table[hash] = next;
    if (candidate >= next || word(candidate) !== here) {
      // The longer nothing is found, the faster it goes on: bytes that cannot be compressed cost little.
      next += 1 + ((next - literal) >> 5);
      continue;
    }
    let length = MATCH_MIN;
    while (next + length < block.length && block[candidate + length] === block[next + length]) length++;
    at = putLiteral(block, literal, next, out, at);
    at = putCopy(next - candidate, length, out, at);
    next += length;
    literal = next;
  }
  return putLiteral(block, literal, block.length, out, at);
}

function putLiteral(block: Uint8Array, from: number, to: number, out: Uint8Array, start: number): number {
  let at = start;
  const last = to - from - 1;
  if (last < 0) return at;
  if (last < 60) out[at++] = last << 2;
  else if (last < 256) {
    out[at++] = 60 << 2;
    out[at++] = last;
  } else {
    out[at++] = 61 << 2;
    out[at++] = last & 0xff;
    out[at++] = last >> 8;
  }
  out.set(block.subarray(from, to), at);
  return at + to - from;
}

/** Copies with an offset of two bytes. */
function putCopy(offset: number, length: number, out: Uint8Array, start: number): number {
  let at = start;
  for (let left = length; left > 0; ) {
    const count = Math.min(left, COPY_MAX);
    out[at++] = ((count - 1) << 2) | 2;
    out[at++] = offset & 0xff;
    out[at++] = offset >> 8;
    left -= count;
  }
  return at;
}

function corrupt(): VestalError {
  return new VestalError("DECODE_CORRUPT", "snappy: corrupt input");
}

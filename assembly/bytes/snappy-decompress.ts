/**
 * Snappy's block format, reading. The input is foreign: every length and offset is checked against both ends before a
 * byte is touched.
 */
import { uvarintLength, uvarintValue } from "./varint";

/** Bigger blocks are refused: no sender of ours or of Prometheus' comes near, and addresses stay in range. */
const DECODED_MAX: u64 = 1 << 30;

/** Length that the block says it has when decompressed, or −1 if it says none or more than 2^30. */
export function snappyDecodedBytes(source: usize, length: u32): i32 {
  if (uvarintLength(source, source + <usize>length) === 0) return -1;
  const declared = uvarintValue(source);
  return declared > DECODED_MAX ? -1 : <i32>declared;
}

/**
 * Decompresses the block of `length` bytes at `source` to `target`, which has room for `snappyDecodedBytes` bytes and
 * does not overlap the source. Returns the length, or −1 if the block is damaged; then some of `target` may be written,
 * nothing beyond its declared length.
 */
export function snappyDecompress(source: usize, length: u32, target: usize, capacity: u32): i32 {
  const declared = snappyDecodedBytes(source, length);
  if (declared < 0 || <u32>declared > capacity) return -1;
  const sourceEnd = source + <usize>length;
  const targetEnd = target + <usize>declared;
  let at = source + <usize>uvarintLength(source, sourceEnd);
  let out = target;
  while (at < sourceEnd) {
    const tag = <u32>load<u8>(at);
    at++;
    if ((tag & 3) === 0) {
      let count = tag >> 2;
      if (count >= 60) {
        const extra = count - 59; // 1 … 4 bytes hold the length
        if (at + <usize>extra > sourceEnd) return -1;
        count = 0;
        for (let i: u32 = 0; i < extra; i++) count |= (<u32>load<u8>(at + <usize>i)) << (i << 3);
        at += <usize>extra;
      }
      const bytes = <u64>count + 1;
      if (bytes > <u64>(sourceEnd - at) || bytes > <u64>(targetEnd - out)) return -1;
      copyForward(out, at, <u32>bytes, min<usize>(targetEnd - out, sourceEnd - at));
      at += <usize>bytes;
      out += <usize>bytes;
      continue;
    }
    let count: u32;
    let offset: u32;
    if ((tag & 3) === 1) {
      if (at >= sourceEnd) return -1;
      count = 4 + ((tag >> 2) & 7);
      offset = ((tag >> 5) << 8) | <u32>load<u8>(at);
      at++;
    } else if ((tag & 3) === 2) {
      if (at + 2 > sourceEnd) return -1;
      count = 1 + (tag >> 2);
      offset = <u32>load<u16>(at);
      at += 2;
    } else {
      if (at + 4 > sourceEnd) return -1;
      count = 1 + (tag >> 2);
      offset = load<u32>(at);
      at += 4;
    }
    if (offset === 0 || <u64>offset > <u64>(out - target) || <u64>count > <u64>(targetEnd - out)) return -1;
    const from = out - <usize>offset;
    if (offset >= 16) copyForward(out, from, count, targetEnd - out);
    else for (let i: usize = 0; i < <usize>count; i++) store<u8>(out + i, load<u8>(from + i));
    out += <usize>count;
  }
  return out === targetEnd ? declared : -1;
}

/**
 * Copies `count` bytes to a place at least 16 bytes behind `from`, or apart from it. `room` bytes may be read there and
 * written here: where that is enough, whole steps of 16 spare the count of the last ones.
 */
function copyForward(to: usize, from: usize, count: u32, room: usize): void {
  const whole = <usize>count + 15 <= room ? <usize>((count + 15) & ~15) : <usize>(count & ~15);
  for (let i: usize = 0; i < whole; i += 16) v128.store(to + i, v128.load(from + i));
  for (let i = whole; i < <usize>count; i++) store<u8>(to + i, load<u8>(from + i));
}

/**
 * Prometheus' XOR chunk, written sample by sample.
 *
 *   u16 big-endian  number of samples (the caller writes it when the chunk is closed)
 *   first sample    time as signed varint, value as 64 bits
 *   second          time delta as uvarint, value as below
 *   later           delta of deltas: 0 | 10 + 14 bits | 110 + 17 | 1110 + 20 | 1111 + 64; value as below
 *   value           0 = as before | 10 + bits of the window before | 11 + 5 bits leading zeros + 6 bits width + bits
 *
 * The encoder's state lies at SLOT_LAST_TIME … SLOT_TRAILING of `state`, a series slot or any region of SLOT_BYTES.
 *
 * @see Prometheus tsdb/docs/format/chunks.md, "XOR chunk data"
 */
import {
  SLOT_BITS,
  SLOT_LAST_DELTA,
  SLOT_LAST_TIME,
  SLOT_LAST_VALUE,
  SLOT_LEADING,
  SLOT_SAMPLES,
  SLOT_TRAILING,
} from "../layout";

/**
 * Bytes behind the used ones that a chunk must have before one more sample: 19 for the longest one (4 + 64 bits of time,
 * 13 + 64 of value), and 8 because bits are stored a word at a time.
 */
export const SAMPLE_ROOM = 27;
/** The same for a sample whose value is that of the one before: 9 and 8. */
export const REPEAT_ROOM = 17;

/** Puts the encoder before its first sample. */
export function beginXor(state: usize): void {
  store<u32>(state, 16, SLOT_BITS);
  store<u16>(state, 0, SLOT_SAMPLES);
  store<u8>(state, 0xff, SLOT_LEADING);
  store<u8>(state, 0, SLOT_TRAILING);
  store<i64>(state, 0, SLOT_LAST_DELTA);
}

/** Appends a sample to the chunk data at `data`, which has SAMPLE_ROOM. `value` is the bits as they came. */
export function appendXor(state: usize, data: usize, time: i64, value: u64): void {
  const samples = <u32>load<u16>(state, SLOT_SAMPLES);
  let position = load<u32>(state, SLOT_BITS);
  if (samples === 0) {
    position = putVarint(data, position, ((<u64>time) << 1) ^ <u64>(time >> 63));
    position = putLong(data, position, value, 64);
  } else {
    const delta = time - load<i64>(state, SLOT_LAST_TIME);
    let control: u64 = 0;
    let length: u32 = 0;
    if (samples === 1) {
      position = putVarint(data, position, <u64>delta);
    } else {
      const change = delta - load<i64>(state, SLOT_LAST_DELTA);
      if (change === 0) {
        length = 1;
      } else if (change >= -8191 && change <= 8192) {
        control = (0b10 << 14) | (<u64>change & 0x3fff);
        length = 16;
      } else if (change >= -65535 && change <= 65536) {
        control = (0b110 << 17) | (<u64>change & 0x1ffff);
        length = 20;
      } else if (change >= -524287 && change <= 524288) {
        control = (0b1110 << 20) | (<u64>change & 0xfffff);
        length = 24;
      } else {
        position = putBits(data, position, 0b1111, 4);
        position = putLong(data, position, <u64>change, 64);
      }
    }
    store<i64>(state, delta, SLOT_LAST_DELTA);
    const xor = value ^ load<u64>(state, SLOT_LAST_VALUE);
    position =
      xor === 0
        ? putBits(data, position, control << 1, length + 1)
        : putXor(state, data, position, control, length, xor);
  }
  store<i64>(state, time, SLOT_LAST_TIME);
  store<u64>(state, value, SLOT_LAST_VALUE);
  store<u32>(state, position, SLOT_BITS);
  store<u16>(state, samples + 1, SLOT_SAMPLES);
}

/** `control` with its `length` bits, then a value that changed by `xor`. */
function putXor(state: usize, data: usize, position: u32, control: u64, length: u32, xor: u64): u32 {
  const zeros = <u32>clz(xor);
  const leading: u32 = zeros > 31 ? 31 : zeros;
  const trailing = <u32>ctz(xor);
  const windowLeading = <u32>load<u8>(state, SLOT_LEADING);
  const windowTrailing = <u32>load<u8>(state, SLOT_TRAILING);
  if (windowLeading !== 0xff && leading >= windowLeading && trailing >= windowTrailing) {
    const width = 64 - windowLeading - windowTrailing;
    const bits = xor >> <u64>windowTrailing;
    const all = length + 2 + width;
    if (all <= 56) return putBits(data, position, (((control << 2) | 0b10) << (<u64>width)) | bits, all);
    return putLong(data, putBits(data, position, (control << 2) | 0b10, length + 2), bits, width);
  }
  store<u8>(state, leading, SLOT_LEADING);
  store<u8>(state, trailing, SLOT_TRAILING);
  const width = 64 - leading - trailing;
  const head = (((((control << 2) | 0b11) << 5) | <u64>leading) << 6) | <u64>(width & 63); // 64 is written as 0
  return putLong(data, putBits(data, position, head, length + 13), xor >> <u64>trailing, width);
}

/** Writes the lower `length` (0 … 64) bits of `value`, whose other bits are 0, at bit `position`; returns the new one. */
function putLong(data: usize, position: u32, value: u64, length: u32): u32 {
  if (length <= 56) return putBits(data, position, value, length);
  return putBits(data, putBits(data, position, value >> 32, length - 32), value & 0xffffffff, 32);
}

/** As `putLong` for at most 56 bits. The 8 bytes from that of `position` on are stored; bits behind are 0 then. */
function putBits(data: usize, position: u32, value: u64, length: u32): u32 {
  const at = data + <usize>(position >> 3);
  const used = position & 7;
  const kept = (<u64>load<u8>(at) & ~(<u64>0xff >> <u64>used) & 0xff) << 56;
  const shift = <u64>(64 - used - length);
  store<u64>(at, bswap<u64>(kept | (value << shift)));
  return position + length;
}

function putVarint(data: usize, position: u32, value: u64): u32 {
  while (value >= 0x80) {
    position = putBits(data, position, (value & 0x7f) | 0x80, 8);
    value >>= 7;
  }
  return putBits(data, position, value, 8);
}

/**
 * Encodes `count` (1 … 65,535) samples, f64 ms at `times` and values at `values`, to `out`, which has room for
 * 2 + SAMPLE_ROOM × (count + 1) bytes. `state` is a scratch region of SLOT_BYTES. Returns the chunk's length.
 */
export function encodeXor(times: usize, values: usize, count: u32, out: usize, state: usize): u32 {
  beginXor(state);
  for (let i: u32 = 0; i < count; i++) {
    const at = <usize>(i << 3);
    appendXor(state, out, <i64>load<f64>(times + at), load<u64>(values + at));
  }
  store<u16>(out, bswap<u16>(<u16>count));
  return (load<u32>(state, SLOT_BITS) + 7) >> 3;
}

/** Variable-length integers as Go's encoding/binary writes them: 7 bits a byte, lowest first; signed ones in zigzag. */

/** Stores `value` at `at` (1 … 10 bytes) and returns the address behind it. */
export function putUvarint(at: usize, value: u64): usize {
  while (value >= 0x80) {
    store<u8>(at, <u8>value | 0x80);
    value >>= 7;
    at++;
  }
  store<u8>(at, <u8>value);
  return at + 1;
}

/** Bytes that `putUvarint` stores. */
export function uvarintBytes(value: u64): u32 {
  return <u32>(63 - clz(value | 1)) / 7 + 1;
}

/** The unsigned form of a signed number, small where its magnitude is. */
export function zigzag(value: i64): u64 {
  return <u64>((value << 1) ^ (value >> 63));
}

export function unzigzag(value: u64): i64 {
  return <i64>(value >> 1) ^ -(<i64>(value & 1));
}

/** Length of the number at `at`, or 0 if it does not end before `end` or does not fit 64 bits. */
export function uvarintLength(at: usize, end: usize): u32 {
  let length: u32 = 0;
  while (at < end) {
    const byte = <u32>load<u8>(at);
    length++;
    if (byte < 0x80) return length === 10 && byte > 1 ? 0 : length;
    if (length === 10) return 0;
    at++;
  }
  return 0;
}

/** The number at `at`; the caller has checked its length. */
export function uvarintValue(at: usize): u64 {
  let value: u64 = 0;
  let shift: u64 = 0;
  while (true) {
    const byte = <u64>load<u8>(at);
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) return value;
    shift += 7;
    at++;
  }
}

/**
 * Decodes Prometheus' XOR chunks; the format is drawn in xor-encode.ts. Bits are read 57 or more at a time: the 8 bytes
 * from the current one on, so 8 bytes behind the chunk must be readable (their contents do not matter).
 */

/** Bits that `wordAt` gives at least. */
const SURE_BITS: u32 = 57;

/**
 * Decodes the first `count` samples of the chunk at `chunk` (its 2-byte count included in `length`) and writes those with
 * minTime ≤ time ≤ maxTime: f64 ms to `times`, value bits to `values`. Stops behind `maxTime`.
 *
 * @returns samples written, or −1 − offset: the byte of the chunk at which the bits made no sense or ended.
 */
export function decodeXor(
  chunk: usize,
  length: u32,
  count: u32,
  minTime: f64,
  maxTime: f64,
  times: usize,
  values: usize,
): i32 {
  if (count === 0) return 0;
  const end = length << 3;
  const from = <i64>ceil<f64>(minTime < -9.2e18 ? -9.2e18 : minTime > 9.2e18 ? 9.2e18 : minTime);
  const to = <i64>floor<f64>(maxTime > 9.2e18 ? 9.2e18 : maxTime < -9.2e18 ? -9.2e18 : maxTime);
  if (length < 11) return -1;

  let position: u32 = 16;
  let zigzag: u64 = 0;
  let shift: u64 = 0;
  for (;;) {
    if (position >= end || shift > 63) return damagedAt(position, length);
    const byte = <u64>load<u8>(chunk + <usize>(position >> 3));
    position += 8;
    zigzag |= (byte & 0x7f) << shift;
    if (byte < 0x80) break;
    shift += 7;
  }
  if (position + 64 > end) return damagedAt(position, length);
  let time = <i64>(zigzag >> 1) ^ -(<i64>(zigzag & 1));
  let value = bswap<u64>(load<u64>(chunk + <usize>(position >> 3)));
  position += 64;
  let written: u32 = 0;
  if (time > to) return 0;
  if (time >= from) {
    store<f64>(times, <f64>time);
    store<u64>(values, value);
    written = 1;
  }
  if (count === 1) return <i32>written;

  let delta: i64 = 0;
  shift = 0;
  for (;;) {
    if (position >= end || shift > 63) return damagedAt(position, length);
    const byte = <u64>load<u8>(chunk + <usize>(position >> 3));
    position += 8;
    delta |= <i64>((byte & 0x7f) << shift);
    if (byte < 0x80) break;
    shift += 7;
  }

  let leading: u32 = 0;
  let width: u32 = 0; // of the window; 0 = none yet
  let isTimeKnown = true; // the second sample's delta has been read
  for (let i: u32 = 1; i < count; i++) {
    let word = wordAt(chunk, position);
    let sure = SURE_BITS; // bits of `word` that are left
    if (isTimeKnown) {
      isTimeKnown = false;
    } else if (<i64>word >= 0) {
      position += 1;
      word <<= 1;
      sure -= 1;
    } else if (word >> 62 === 0b10) {
      delta += signed((word >> 48) & 0x3fff, 14);
      position += 16;
      word <<= 16;
      sure -= 16;
    } else if (word >> 61 === 0b110) {
      delta += signed((word >> 44) & 0x1ffff, 17);
      position += 20;
      word <<= 20;
      sure -= 20;
    } else if (word >> 60 === 0b1110) {
      delta += signed((word >> 40) & 0xfffff, 20);
      position += 24;
      word <<= 24;
      sure -= 24;
    } else {
      if (position + 68 > end) return damagedAt(position, length);
      delta += <i64>longAt(chunk, position + 4);
      position += 68;
      word = wordAt(chunk, position);
    }
    time += delta;

    // At least 57 − 24 = 33 bits of `word` are left: enough for the 13 bits that describe the value.
    if (<i64>word >= 0) {
      position += 1;
    } else {
      let head: u32 = 2; // bits before the value's own
      if ((word << 1) >>> 63 !== 0) {
        leading = <u32>(word >> 57) & 31;
        width = <u32>(word >> 51) & 63;
        if (width === 0) width = 64;
        head = 13;
      }
      if (width === 0 || leading + width > 64 || position + head + width > end) return damagedAt(position, length);
      position += head;
      // Short values are in `word` still: most need no second load.
      const bits =
        head + width <= sure
          ? (word << (<u64>head)) >> <u64>(64 - width)
          : width <= 56
            ? wordAt(chunk, position) >> <u64>(64 - width)
            : longAt(chunk, position) >> <u64>(64 - width);
      const trailing = <u64>(64 - leading - width);
      value ^= bits << trailing;
      position += width;
    }
    if (position > end) return damagedAt(position, length);
    if (time > to) break;
    if (time >= from) {
      const at = <usize>(written << 3);
      store<f64>(times + at, <f64>time);
      store<u64>(values + at, value);
      written++;
    }
  }
  return <i32>written;
}

/** At least 57 bits from `position` on, from the top; the lower ones may be 0. */
function wordAt(chunk: usize, position: u32): u64 {
  const used = <u64>(position & 7);
  return bswap<u64>(load<u64>(chunk + <usize>(position >> 3))) << used;
}

/** 64 bits from `position` on; they are known to lie inside the chunk. */
function longAt(chunk: usize, position: u32): u64 {
  const used = position & 7;
  const word = wordAt(chunk, position);
  return used === 0 ? word : word | (<u64>load<u8>(chunk + <usize>(position >> 3) + 8) >> <u64>(8 - used));
}

/** The number that Prometheus wrote in `bits` bits: the range is −(2^(bits − 1) − 1) … 2^(bits − 1). */
function signed(value: u64, bits: u64): i64 {
  return value > (<u64>1) << (bits - 1) ? <i64>value - ((<i64>1) << (<i64>bits)) : <i64>value;
}

function damagedAt(position: u32, length: u32): i32 {
  const offset = position >> 3;
  return -1 - <i32>(offset < length ? offset : length);
}

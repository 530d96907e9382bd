/**
 * Snappy's block format, writing (google/snappy, format_description.txt): uvarint length of the original, then literals
 * and copies. Blocks of 64 KiB are compressed one by one, so that positions fit the table's 16 bits.
 */
import { putUvarint } from "./varint";

const BLOCK_BYTES: u32 = 65536;
const TABLE_BITS_MAX: u32 = 14;
const TABLE_BITS_MIN: u32 = 8;
/** Bytes of the work table that `snappyCompress` asks for. */
const TABLE_BYTES: u32 = 2 << TABLE_BITS_MAX;
/** The last bytes of a block are never looked up, so that 8-byte loads stay inside it. */
const MARGIN: u32 = 15;
/** Shorter blocks become one literal. */
const LEAST_BLOCK: u32 = MARGIN + 2;

export function snappyTableBytes(): u32 {
  return TABLE_BYTES;
}

/** Room that `snappyCompress` needs for `length` bytes, whatever they are. */
export function snappyMaxBytes(length: u32): u32 {
  return 32 + length + length / 6;
}

/**
 * Compresses `length` bytes at `source` to `target` and returns the compressed length. `target` has room for
 * `snappyMaxBytes(length)` bytes, `table` for `snappyTableBytes()`; its contents do not matter.
 */
export function snappyCompress(source: usize, length: u32, target: usize, table: usize): u32 {
  let out = putUvarint(target, <u64>length);
  while (length > 0) {
    const block = min<u32>(length, BLOCK_BYTES);
    out =
      block < LEAST_BLOCK
        ? putLiteral(out, source, block, source + <usize>block)
        : compressBlock(source, block, out, table);
    source += <usize>block;
    length -= block;
  }
  return <u32>(out - target);
}

function hashOf(word: u32, shift: u32): usize {
  return (<usize>((word * 0x1e35a7bd) >> shift)) << 1;
}

/** One block of LEAST_BLOCK … BLOCK_BYTES bytes. The table maps the hash of 4 bytes to where they were seen last. */
function compressBlock(source: usize, length: u32, out: usize, table: usize): usize {
  let bits = TABLE_BITS_MIN;
  while (bits < TABLE_BITS_MAX && (<u32>1) << bits < length) bits++;
  memory.fill(table, 0, (<usize>2) << (<usize>bits));
  const shift = 32 - bits;
  const end = source + <usize>length;
  const last = end - <usize>MARGIN; // no look-up at or behind it

  let pending = source; // bytes from here on are not written yet
  let at = source + 1;
  let hash = hashOf(load<u32>(at), shift);
  while (true) {
    // Look for 4 bytes seen before; where none are found the steps grow, so that noise costs little.
    let skip: u32 = 32;
    let next = at;
    let found: usize = 0;
    do {
      at = next;
      const step = skip >> 5;
      next = at + <usize>step;
      skip += step;
      if (next > last) return putLiteral(out, pending, <u32>(end - pending), end);
      found = source + <usize>load<u16>(table + hash);
      store<u16>(table + hash, <u16>(at - source));
      hash = hashOf(load<u32>(next), shift);
    } while (load<u32>(at) !== load<u32>(found));

    out = putLiteral(out, pending, <u32>(at - pending), end);
    // Matches that follow one another need no literal between them.
    while (true) {
      const start = at;
      at = matchEnd(at + 4, found + 4, end);
      out = putCopy(out, <u32>(start - found), <u32>(at - start));
      pending = at;
      if (at >= last) return putLiteral(out, pending, <u32>(end - pending), end);
      const word = load<u64>(at - 1);
      store<u16>(table + hashOf(<u32>word, shift), <u16>(at - 1 - source));
      const entry = table + hashOf(<u32>(word >> 8), shift);
      found = source + <usize>load<u16>(entry);
      store<u16>(entry, <u16>(at - source));
      if (<u32>(word >> 8) !== load<u32>(found)) {
        hash = hashOf(<u32>(word >> 16), shift);
        at++;
        break;
      }
    }
  }
}

/** First address at or behind `at`, at most `end`, whose byte differs from that at the same distance behind `found`. */
function matchEnd(at: usize, found: usize, end: usize): usize {
  while (at + 8 <= end) {
    const difference = load<u64>(at) ^ load<u64>(found);
    if (difference !== 0) return at + <usize>(ctz(difference) >> 3);
    at += 8;
    found += 8;
  }
  while (at < end && load<u8>(at) === load<u8>(found)) {
    at++;
    found++;
  }
  return at;
}

/** `length` bytes at `source`; bytes before `end` may be read. */
function putLiteral(out: usize, source: usize, length: u32, end: usize): usize {
  if (length === 0) return out;
  const n = length - 1;
  if (n < 60) {
    store<u8>(out, <u8>(n << 2));
    out++;
  } else if (n < 256) {
    store<u8>(out, 60 << 2);
    store<u8>(out, <u8>n, 1);
    out += 2;
  } else {
    store<u8>(out, 61 << 2); // a block's literal is at most 65,536 bytes
    store<u16>(out, <u16>n, 1);
    out += 3;
  }
  if (length <= 16 && source + 16 <= end) {
    // 16 bytes at once cost less than a count; what follows overwrites the spare ones (snappyMaxBytes has 32 to spare).
    v128.store(out, v128.load(source));
  } else memory.copy(out, source, <usize>length);
  return out + <usize>length;
}

/** A copy of `length` ≥ 4 bytes from `offset` < 65,536 bytes before. */
function putCopy(out: usize, offset: u32, length: u32): usize {
  while (length >= 68) {
    out = putLongCopy(out, offset, 64);
    length -= 64;
  }
  if (length > 64) {
    out = putLongCopy(out, offset, 60); // leaves at least 4, which may take the short form
    length -= 60;
  }
  if (length >= 12 || offset >= 2048) return putLongCopy(out, offset, length);
  store<u8>(out, <u8>(((offset >> 8) << 5) | ((length - 4) << 2) | 1));
  store<u8>(out, <u8>offset, 1);
  return out + 2;
}

function putLongCopy(out: usize, offset: u32, length: u32): usize {
  store<u8>(out, <u8>(((length - 1) << 2) | 2));
  store<u16>(out, <u16>offset, 1);
  return out + 3;
}

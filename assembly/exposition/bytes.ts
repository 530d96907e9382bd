/** Compare, hash and check bytes. The bytes come from scraped targets: the hash is seeded for each process. */
import { HEAD_HASH_SEED } from "../layout";

const K0: u64 = ((<u64>0x9e3779b9) << 32) | 0x7f4a7c15;
const K1: u64 = ((<u64>0xd6e8feb8) << 32) | 0x6659fd93;

/** True if `length` bytes are equal. Reads up to 15 bytes behind both. */
export function equalBytes(a: usize, b: usize, length: u32): bool {
  let i: usize = 0;
  const whole = <usize>(length & ~15);
  while (i < whole) {
    if (v128.any_true(v128.xor(v128.load(a + i), v128.load(b + i)))) return false;
    i += 16;
  }
  const rest = length & 15;
  if (rest === 0) return true;
  const mask = i8x16.bitmask(i8x16.eq(v128.load(a + i), v128.load(b + i)));
  return (mask & ((1 << rest) - 1)) === (1 << rest) - 1;
}

function mix(h: u64): u64 {
  h ^= h >> 32;
  h *= K1;
  h ^= h >> 29;
  return h;
}

/** Seeded 64-bit hash of `length` bytes; two lanes, so that the multiplications overlap. */
export function hashBytes(at: usize, length: u32): u64 {
  const seed = <u64>load<u32>(HEAD_HASH_SEED);
  let a: u64 = (seed | (seed << 32)) ^ K0;
  let b: u64 = (<u64>length * K0) ^ seed;
  const end = at + <usize>length;
  while (at + 16 <= end) {
    a = rotl(a ^ load<u64>(at), 29) * K0;
    b = rotl(b ^ load<u64>(at, 8), 31) * K1;
    a ^= a >> 32;
    b ^= b >> 32;
    at += 16;
  }
  let tail: u64 = 0;
  if (at + 8 <= end) {
    a = rotl(a ^ load<u64>(at), 29) * K0;
    at += 8;
  }
  let shift: u64 = 0;
  while (at < end) {
    tail |= (<u64>load<u8>(at)) << shift;
    shift += 8;
    at++;
  }
  b = rotl(b ^ tail, 31) * K1;
  return mix(a ^ rotl(mix(b), 32));
}

/** True if the bytes are UTF-8 as Go defines it: no surrogates, no overlong forms, nothing above U+10FFFF. */
export function isUtf8(at: usize, end: usize): bool {
  while (at < end) {
    const c: u32 = load<u8>(at);
    if (c < 0x80) {
      at++;
      continue;
    }
    let more: usize = 1;
    let low: u32 = 0x80;
    let high: u32 = 0xbf;
    if (c >= 0xc2 && c <= 0xdf) more = 1;
    else if (c >= 0xe0 && c <= 0xef) {
      more = 2;
      if (c === 0xe0) low = 0xa0;
      else if (c === 0xed) high = 0x9f;
    } else if (c >= 0xf0 && c <= 0xf4) {
      more = 3;
      if (c === 0xf0) low = 0x90;
      else if (c === 0xf4) high = 0x8f;
    } else return false;
    if (at + more >= end) return false;
    const second: u32 = load<u8>(at + 1);
    if (second < low || second > high) return false;
    for (let i: usize = 2; i <= more; i++) if ((<u32>load<u8>(at + i) & 0xc0) !== 0x80) return false;
    at += more + 1;
  }
  return true;
}

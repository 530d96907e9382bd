/**
 * Hashes of foreign bytes, keyed with a seed that is random per process, so that a target cannot choose label values that
 * collide. Readers in TypeScript compute the same (src/tsdb/index/hash.ts): only 32-bit words are used.
 *
 * HalfSipHash-1-3 (Aumasson, Bernstein; https://github.com/veorq/SipHash), 32-bit result, key (seed, ~seed).
 */
import { HEAD_HASH_SEED } from "../layout";

/** Hash of `length` bytes at `address`. */
export function hashBytes(address: usize, length: u32): u32 {
  const seed = load<u32>(HEAD_HASH_SEED);
  let v0: u32 = seed;
  let v1: u32 = ~seed;
  let v2: u32 = 0x6c796765 ^ seed;
  let v3: u32 = 0x74656462 ^ ~seed;
  const words = length & ~3;
  let last: u32 = length << 24;
  for (let i: u32 = 0; i <= words; i += 4) {
    let word: u32 = 0;
    if (i < words) {
      word = load<u32>(address + <usize>i);
    } else {
      for (let j: u32 = 0; j < (length & 3); j++) last |= (<u32>load<u8>(address + <usize>(i + j))) << (j << 3);
      word = last;
    }
    v3 ^= word;
    v0 += v1;
    v1 = rotl<u32>(v1, 5) ^ v0;
    v0 = rotl<u32>(v0, 16);
    v2 += v3;
    v3 = rotl<u32>(v3, 8) ^ v2;
    v0 += v3;
    v3 = rotl<u32>(v3, 7) ^ v0;
    v2 += v1;
    v1 = rotl<u32>(v1, 13) ^ v2;
    v2 = rotl<u32>(v2, 16);
    v0 ^= word;
  }
  v2 ^= 0xff;
  for (let i = 0; i < 3; i++) {
    v0 += v1;
    v1 = rotl<u32>(v1, 5) ^ v0;
    v0 = rotl<u32>(v0, 16);
    v2 += v3;
    v3 = rotl<u32>(v3, 8) ^ v2;
    v0 += v3;
    v3 = rotl<u32>(v3, 7) ^ v0;
    v2 += v1;
    v1 = rotl<u32>(v1, 13) ^ v2;
    v2 = rotl<u32>(v2, 16);
  }
  return v1 ^ v3;
}

/** Hash of a couple of ids, which the head itself gave out in order: mixing is enough. */
export function hashPair(name: u32, value: u32): u32 {
  let hash: u32 = (name * 0x9e3779b1) ^ (value * 0x85ebca77) ^ load<u32>(HEAD_HASH_SEED);
  hash = (hash ^ (hash >> 15)) * 0x2c1b3c6d;
  hash = (hash ^ (hash >> 12)) * 0x297a2d39;
  return hash ^ (hash >> 15);
}

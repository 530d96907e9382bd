/**
 * 128-bit digests of lines, kept in place of their text: an entry of 48 bytes instead of 40 and the text. Two lines count as
 * one only if lengths and digests are equal, so the digest must be such that nobody meets a collision, not even who wants
 * to: NH (Black et al., UMAC, 1999) under keys that are random in each head and leave it nowhere. For two given texts of
 * one length the chance of a collision is at most 2^-32 for each of the two 64-bit halves, which have independent keys.
 *
 *   block of 16 bytes m0 m1 m2 m3 (u32, the last block filled up with zeros), keys k0 k1 k2 k3:
 *   half += (m0 + k0)·(m2 + k2) + (m1 + k1)·(m3 + k3)         sums in u32, products and their sum in u64
 *
 * Keys repeat every 512 bytes; before they do, each half is multiplied by an odd key of its own.
 * (asconfig.json silences warning 112: digests are v128 and travel between modules here, never to JavaScript.)
 */
import { ROOT_DIGEST_KEYS } from "../layout";
import { allocate } from "../memory/arena";

const SECOND_KEYS: usize = 512; // 32 blocks: longer than nearly all lines
const MULTIPLIERS: usize = 1024; // u64 × 2
const DIGEST_KEY_BYTES: u32 = 1040;

/** Makes the keys of a new head from `seed`, a random whole number below 2^53 (splitmix64). */
export function makeDigestKeys(seed: f64): void {
  const keys = allocate(DIGEST_KEY_BYTES);
  store<u32>(ROOT_DIGEST_KEYS, <u32>keys);
  let state = <u64>seed;
  for (let i: usize = 0; i < <usize>DIGEST_KEY_BYTES; i += 8) {
    state += ((<u64>0x9e3779b9) << 32) | 0x7f4a7c15;
    let z = state;
    z = (z ^ (z >> 30)) * (((<u64>0xbf58476d) << 32) | 0x1ce4e5b9);
    z = (z ^ (z >> 27)) * (((<u64>0x94d049bb) << 32) | 0x133111eb);
    store<u64>(keys + i, z ^ (z >> 31));
  }
  store<u64>(keys, load<u64>(keys, MULTIPLIERS) | 1, MULTIPLIERS);
  store<u64>(keys, load<u64>(keys, MULTIPLIERS + 8) | 1, MULTIPLIERS + 8);
}

function products(sum: v128): v128 {
  return i64x2.extmul_low_i32x4_u(sum, v128.shuffle<u32>(sum, sum, 2, 3, 2, 3));
}

/** Digest of `length` bytes at `at`. Reads up to 15 bytes behind them. */
export function digest(at: usize, length: u32): v128 {
  const keys = <usize>load<u32>(ROOT_DIGEST_KEYS);
  let first = i64x2.splat(<i64>length);
  let second = first;
  let key = keys;
  let left = length;
  while (left >= 16) {
    if (key === keys + SECOND_KEYS) {
      first = i64x2.mul(first, i64x2.splat(load<i64>(keys, MULTIPLIERS)));
      second = i64x2.mul(second, i64x2.splat(load<i64>(keys, MULTIPLIERS + 8)));
      key = keys;
    }
    const block = v128.load(at);
    first = i64x2.add(first, products(i32x4.add(block, v128.load(key))));
    second = i64x2.add(second, products(i32x4.add(block, v128.load(key, SECOND_KEYS))));
    at += 16;
    key += 16;
    left -= 16;
  }
  if (left !== 0) {
    if (key === keys + SECOND_KEYS) {
      first = i64x2.mul(first, i64x2.splat(load<i64>(keys, MULTIPLIERS)));
      second = i64x2.mul(second, i64x2.splat(load<i64>(keys, MULTIPLIERS + 8)));
      key = keys;
    }
    const inside = i8x16.gt_u(i8x16.splat(<i8>left), i8x16(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
    const block = v128.and(v128.load(at), inside);
    first = i64x2.add(first, products(i32x4.add(block, v128.load(key))));
    second = i64x2.add(second, products(i32x4.add(block, v128.load(key, SECOND_KEYS))));
  }
  // Both lanes of each half are summed: halves side by side.
  return i64x2.add(v128.shuffle<u64>(first, second, 0, 2), v128.shuffle<u64>(first, second, 1, 3));
}

/** Whether two digests are equal. */
export function sameDigest(a: v128, b: v128): bool {
  return !v128.any_true(v128.xor(a, b));
}

/** A well-mixed number of a digest, for tables: NH's low bits alone are not even. */
export function bucketOf(value: v128): u32 {
  const low = <u64>i64x2.extract_lane(value, 0);
  const high = <u64>i64x2.extract_lane(value, 1);
  return <u32>(((low ^ rotl(high, 32)) * (((<u64>0x9e3779b9) << 32) | 0x7f4a7c15)) >> 32);
}

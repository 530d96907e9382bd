/** The hashes of assembly/index/hash.ts, for query threads, which look symbols and pairs up in a head's tables. */

/** HalfSipHash-1-3 of all of `bytes`, key (seed, ~seed). */
export function hashBytes(bytes: Uint8Array, seed: number): number {
  const length = bytes.length;
  let v0 = seed | 0;
  let v1 = ~seed;
  let v2 = 0x6c796765 ^ seed;
  let v3 = 0x74656462 ^ ~seed;
  const words = length & ~3;
  for (let i = 0; i <= words; i += 4) {
    let word = i < words ? 0 : length << 24;
    for (let j = 0; j < (i < words ? 4 : length & 3); j++) word |= bytes[i + j]! << (8 * j);
    v3 ^= word;
    v0 = (v0 + v1) | 0;
    v1 = rotate(v1, 5) ^ v0;
    v0 = rotate(v0, 16);
    v2 = (v2 + v3) | 0;
    v3 = rotate(v3, 8) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = rotate(v3, 7) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = rotate(v1, 13) ^ v2;
    v2 = rotate(v2, 16);
    v0 ^= word;
  }
  v2 ^= 0xff;
  for (let i = 0; i < 3; i++) {
    v0 = (v0 + v1) | 0;
    v1 = rotate(v1, 5) ^ v0;
    v0 = rotate(v0, 16);
    v2 = (v2 + v3) | 0;
    v3 = rotate(v3, 8) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = rotate(v3, 7) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = rotate(v1, 13) ^ v2;
    v2 = rotate(v2, 16);
  }
  return (v1 ^ v3) >>> 0;
}

export function hashPair(name: number, value: number, seed: number): number {
  let hash = Math.imul(name, 0x9e3779b1) ^ Math.imul(value, 0x85ebca77) ^ seed;
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  hash = Math.imul(hash ^ (hash >>> 12), 0x297a2d39);
  return (hash ^ (hash >>> 15)) >>> 0;
}

function rotate(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}

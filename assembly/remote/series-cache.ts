/**
 * From the bytes that name a series in a request to its slot. The bytes themselves are not kept: the key is a keyed hash of
 * 128 bits (SipHash-1-3 with 128 bits of output, secret key, see https://github.com/veorq/SipHash), so that nobody can
 * choose two label sets with one key.
 */

import { slotAddress } from "../head/slots";
import { DROPPED_SLOT, SLOT_GENERATION } from "../layout";
import {
  CACHE_ENTRY_BYTES,
  CACHE_GENERATION,
  CACHE_HASH_A,
  CACHE_HASH_B,
  CACHE_METADATA,
  CACHE_SLOT,
  WRITE_CACHE,
  WRITE_CACHE_MASK,
  WRITE_CACHE_USED,
  WRITE_HASH,
  WRITE_KEY,
} from "./layout";

/** Slot of the series named by `length` bytes at `address`, DROPPED_SLOT if it lives in another shard, −1 if unknown. */
export function findCached(state: usize, address: usize, length: u32): i32 {
  hashInto(state, address, length);
  const entry = entryOf(state);
  if (load<u64>(entry, CACHE_HASH_A) === 0) return -1;
  const slot = load<u32>(entry, CACHE_SLOT);
  if (slot === <u32>DROPPED_SLOT) return DROPPED_SLOT;
  return load<u32>(slotAddress(slot), SLOT_GENERATION) === load<u32>(entry, CACHE_GENERATION) ? <i32>slot : -1;
}

/** True if one more entry leaves the table at most 2/3 full. */
export function hasCacheRoom(state: usize): bool {
  return (load<u32>(state, WRITE_CACHE_USED) + 1) * 3 <= (load<u32>(state, WRITE_CACHE_MASK) + 1) * 2;
}

/** Remembers the slot of what `findCached` was asked for last. There is room. */
export function remember(state: usize, slot: u32): void {
  const entry = entryOf(state);
  if (load<u64>(entry, CACHE_HASH_A) === 0) {
    store<u32>(state, load<u32>(state, WRITE_CACHE_USED) + 1, WRITE_CACHE_USED);
    store<u64>(entry, load<u64>(state, WRITE_HASH), CACHE_HASH_A);
    store<u64>(entry, load<u64>(state, WRITE_HASH + 8), CACHE_HASH_B);
  }
  store<u32>(entry, slot, CACHE_SLOT);
  const generation = slot === <u32>DROPPED_SLOT ? 0 : load<u32>(slotAddress(slot), SLOT_GENERATION);
  store<u32>(entry, generation, CACHE_GENERATION);
  store<u64>(entry, 0, CACHE_METADATA);
}

/** Whether the series that `findCached` was asked for last had other metadata than that with this hash; it has it now. */
export function changeMetadata(state: usize, hash: u64): bool {
  const entry = entryOf(state);
  if (load<u64>(entry, CACHE_METADATA) === hash) return false;
  store<u64>(entry, hash, CACHE_METADATA);
  return true;
}

/**
 * Goes on with a table of `entries` (a power of two) at `table`, with those of the old one whose series are still there, as
 * long as they fill at most half of it. The old one is the caller's to release.
 */
export function moveCache(state: usize, table: usize, entries: u32): void {
  const old = <usize>load<u32>(state, WRITE_CACHE);
  const oldEntries: u32 = old === 0 ? 0 : load<u32>(state, WRITE_CACHE_MASK) + 1;
  memory.fill(table, 0, <usize>entries * CACHE_ENTRY_BYTES);
  store<u32>(state, <u32>table, WRITE_CACHE);
  store<u32>(state, entries - 1, WRITE_CACHE_MASK);
  let used: u32 = 0;
  for (let i: u32 = 0; i < oldEntries && used < entries >> 1; i++) {
    const from = old + <usize>i * CACHE_ENTRY_BYTES;
    if (load<u64>(from, CACHE_HASH_A) === 0) continue;
    const slot = load<u32>(from, CACHE_SLOT);
    const isThere =
      slot === <u32>DROPPED_SLOT || load<u32>(slotAddress(slot), SLOT_GENERATION) === load<u32>(from, CACHE_GENERATION);
    if (!isThere) continue;
    store<u64>(state, load<u64>(from, CACHE_HASH_A), WRITE_HASH);
    store<u64>(state, load<u64>(from, CACHE_HASH_B), WRITE_HASH + 8);
    memory.copy(entryOf(state), from, CACHE_ENTRY_BYTES);
    used++;
  }
  store<u32>(state, used, WRITE_CACHE_USED);
}

/** The entry with the hash in `state`, or the free one where it belongs. */
function entryOf(state: usize): usize {
  const table = <usize>load<u32>(state, WRITE_CACHE);
  const mask = load<u32>(state, WRITE_CACHE_MASK);
  const a = load<u64>(state, WRITE_HASH);
  const b = load<u64>(state, WRITE_HASH + 8);
  let i = <u32>a & mask;
  while (true) {
    const entry = table + <usize>i * CACHE_ENTRY_BYTES;
    const found = load<u64>(entry, CACHE_HASH_A);
    if (found === 0 || (found === a && load<u64>(entry, CACHE_HASH_B) === b)) return entry;
    i = (i + 1) & mask;
  }
}

/** The hash of `length` bytes at `address`, to WRITE_HASH; its first half is never 0. */
function hashInto(state: usize, address: usize, length: u32): void {
  const k0 = load<u64>(state, WRITE_KEY);
  const k1 = load<u64>(state, WRITE_KEY + 8);
  let v0: u64 = k0 ^ (((<u64>0x736f6d65) << 32) | 0x70736575);
  let v1: u64 = k1 ^ (((<u64>0x646f7261) << 32) | 0x6e646f83);
  let v2: u64 = k0 ^ (((<u64>0x6c796765) << 32) | 0x6e657261);
  let v3: u64 = k1 ^ (((<u64>0x74656462) << 32) | 0x79746573);
  const wholeEnd = address + <usize>(length & ~7);
  let at = address;
  let rounds: u32 = 0;
  let word: u64 = 0;
  while (true) {
    if (at < wholeEnd) {
      word = load<u64>(at);
      at += 8;
    } else {
      word = (<u64>length) << 56;
      const rest = <u64>length & 7;
      for (let i: u64 = 0; i < rest; i++) word |= (<u64>load<u8>(at + <usize>i)) << (i << 3);
      rounds = 1;
    }
    v3 ^= word;
    v0 += v1;
    v2 += v3;
    v1 = rotl(v1, 13) ^ v0;
    v3 = rotl(v3, 16) ^ v2;
    v0 = rotl(v0, 32);
    v2 += v1;
    v0 += v3;
    v1 = rotl(v1, 17) ^ v2;
    v3 = rotl(v3, 21) ^ v0;
    v2 = rotl(v2, 32);
    v0 ^= word;
    if (rounds !== 0) break;
  }
  v2 ^= 0xee;
  for (let half: u32 = 0; half < 2; half++) {
    for (let i = 0; i < 3; i++) {
      v0 += v1;
      v2 += v3;
      v1 = rotl(v1, 13) ^ v0;
      v3 = rotl(v3, 16) ^ v2;
      v0 = rotl(v0, 32);
      v2 += v1;
      v0 += v3;
      v1 = rotl(v1, 17) ^ v2;
      v3 = rotl(v3, 21) ^ v0;
      v2 = rotl(v2, 32);
    }
    const out = v0 ^ v1 ^ v2 ^ v3;
    if (half === 0) store<u64>(state, out === 0 ? 1 : out, WRITE_HASH);
    else store<u64>(state, out, WRITE_HASH + 8);
    v1 ^= 0xdd;
  }
}

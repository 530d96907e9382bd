/**
 * The shard of a label set, from its LABEL BYTES (layout.ts, staging table). Equal to src/shard/shard-of.ts to the bit;
 * that file says what is hashed and why.
 */

const BASIS: u32 = 0x811c9dc5;
const PRIME: u32 = 0x01000193;
const SEPARATOR: u32 = 0xff;
const SHARD_STEP: u32 = 0x9e3779b9;

function mixShard(value: u32): u32 {
  let h = value;
  h = (h ^ (h >> 16)) * 0x85ebca6b;
  h = (h ^ (h >> 13)) * 0xc2b2ae35;
  return h ^ (h >> 16);
}

function hashRange(hash: u32, address: usize, length: u32): u32 {
  let h = hash;
  for (let i: u32 = 0; i < length; i++) h = (h ^ <u32>load<u8>(address + <usize>i)) * PRIME;
  return (h ^ SEPARATOR) * PRIME;
}

/** `job` at `address`; the caller has checked the length of 3. */
function isJob(address: usize): bool {
  return load<u16>(address) === 0x6f6a && load<u8>(address, 2) === 0x62;
}

/** `instance` at `address`; the caller has checked the length of 8. */
function isInstance(address: usize): bool {
  return load<u32>(address) === 0x74736e69 && load<u32>(address, 4) === 0x65636e61;
}

/**
 * @param address     LABEL BYTES, `length` of them.
 * @param shardCount  at least 1.
 * @returns shard index, or −1 if the bytes are not LABEL BYTES.
 */
export function shardOfLabelBytes(address: usize, length: u32, shardCount: u32): i32 {
  const end = address + <usize>length;
  let at = address;
  let all = BASIS; // over every name and value
  let jobAt: usize = 0;
  let jobLength: u32 = 0;
  let instanceAt: usize = 0;
  let instanceLength: u32 = 0;
  let strings: u32 = 0; // still to come
  let isCount = true;
  let isName = true;
  let nameAt: usize = 0;
  let nameLength: u32 = 0;
  for (;;) {
    if (!isCount && strings === 0) break;
    // uvarint of at most five bytes, below 2^31
    let value: u32 = 0;
    let shift: u32 = 0;
    for (;;) {
      if (at >= end || shift > 28) return -1;
      const byte = <u32>load<u8>(at++);
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) break;
      shift += 7;
    }
    if (isCount) {
      if (value > length) return -1; // each label takes at least two bytes
      strings = value * 2;
      isCount = false;
      continue;
    }
    if (value > <u32>(end - at)) return -1;
    all = hashRange(all, at, value);
    if (isName) {
      nameAt = at;
      nameLength = value;
    } else if (nameLength === 3 && isJob(nameAt)) {
      jobAt = at;
      jobLength = value;
    } else if (nameLength === 8 && isInstance(nameAt)) {
      instanceAt = at;
      instanceLength = value;
    }
    at += <usize>value;
    isName = !isName;
    strings--;
  }
  if (at !== end) return -1;
  let key = all;
  if (jobLength + instanceLength > 0) {
    key = hashRange(hashRange(BASIS, jobAt, jobLength), instanceAt, instanceLength);
  }
  let best: u32 = 0;
  let bestScore: u32 = 0;
  for (let shard: u32 = 0; shard < shardCount; shard++) {
    const score = mixShard(key ^ mixShard((shard + 1) * SHARD_STEP));
    if (shard === 0 || score > bestScore) {
      best = shard;
      bestScore = score;
    }
  }
  return <i32>best;
}

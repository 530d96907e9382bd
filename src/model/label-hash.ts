/** The hash of a label set as Prometheus computes it: xxHash64 of names and values. */
import type { Labels } from "./labels.js";
import { xxHash64 } from "./xxhash64.js";

const HASH_MAX = 2 ** 64 - 1;

/** The hash as a share of all hashes, in [0, 1]: what `limit_ratio` draws by. */
export function hashOffset(labels: Labels): number {
  return Number(hashLabels(labels)) / HASH_MAX;
}

/** 64 bits, unsigned. Rule groups take their place in the interval by it too. */
export function hashLabels(labels: Labels): bigint {
  return xxHash64(labelBytes(labels));
}

/** Each name and value behind its length: one byte below 255, else 255 and three bytes, little-endian. */
function labelBytes(labels: Labels): Uint8Array {
  const parts = labels.pairs.flatMap((text) => {
    const bytes = Buffer.from(text);
    const size = bytes.length;
    const prefix = size < 255 ? [size] : [255, size & 0xff, (size >> 8) & 0xff, (size >> 16) & 0xff];
    return [Buffer.from(prefix), bytes];
  });
  return Buffer.concat(parts);
}

/**
 * The staleness marker: one NaN among many, told apart by its bits alone. It survives typed arrays and DataView; a plain
 * `number` may lose it, so samples are compared as two 32-bit words.
 */
export const STALE_NAN_LOW = 0x00000002;
export const STALE_NAN_HIGH = 0x7ff00000;

/** True if the 64-bit value at index `i` (in values) of a word view over a Float64Array is the staleness marker. */
export function isStaleAt(words: Uint32Array, i: number): boolean {
  return words[2 * i] === STALE_NAN_LOW && words[2 * i + 1] === STALE_NAN_HIGH;
}

/** True if the two halves of a 64-bit value make the staleness marker. */
export function isStaleWords(low: number, high: number): boolean {
  return low === STALE_NAN_LOW && high === STALE_NAN_HIGH;
}

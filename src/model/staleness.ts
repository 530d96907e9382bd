/**
 * The staleness marker: one NaN among many, told apart by its bits alone. It survives typed arrays and DataView; a plain
 * `number` may lose it, so samples are compared as two 32-bit words.
 */
export const STALE_NAN_LOW = 0x00000002;
export const STALE_NAN_HIGH = 0x7ff00000;

/** True if the two halves of a 64-bit value make the staleness marker. */
export function isStaleWords(low: number, high: number): boolean {
  return low === STALE_NAN_LOW && high === STALE_NAN_HIGH;
}

const scratch = new Float64Array(1);
const words = new Uint32Array(scratch.buffer);
const QUIET_BIT = 0x00080000;

/**
 * The same of a plain number, such as the sum of a histogram: engines may set the quiet bit of a NaN that they move, and
 * nothing else gives a NaN of this payload. Who writes such a number writes STALE_NAN_HIGH and STALE_NAN_LOW.
 */
export function isStaleNumber(value: number): boolean {
  if (!Number.isNaN(value)) return false;
  scratch[0] = value;
  return words[0] === STALE_NAN_LOW && (words[1]! & ~QUIET_BIT) === STALE_NAN_HIGH;
}

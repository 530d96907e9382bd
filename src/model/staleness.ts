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

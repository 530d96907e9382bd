/** Times as Go's JSON writes them: RFC 3339 in UTC, the fraction without zeros at its end. */

const ZERO_TIME = "0001-01-01T00:00:00Z";

/** @param ms undefined for Go's zero time, "never". */
export function formatTime(ms: number | undefined): string {
  if (ms === undefined) return ZERO_TIME;
  return new Date(ms).toISOString().replace(/\.?0*Z$/, "Z");
}

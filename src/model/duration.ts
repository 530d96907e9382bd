/**
 * Durations as Prometheus writes them: `1h30m`, units y w d h m s ms from the largest to the smallest, each once.
 * Held in whole milliseconds; the largest is Go's time.Duration, about 292 years.
 */
import { VestalError } from "../base/index.js";
import { quoteGo } from "./labels.js";

/** Unit, its milliseconds, and its rank: a later unit must have a higher rank. */
const UNITS: ReadonlyMap<string, { readonly ms: number; readonly rank: number }> = new Map([
  ["y", { ms: 365 * 86_400_000, rank: 1 }],
  ["w", { ms: 7 * 86_400_000, rank: 2 }],
  ["d", { ms: 86_400_000, rank: 3 }],
  ["h", { ms: 3_600_000, rank: 4 }],
  ["m", { ms: 60_000, rank: 5 }],
  ["s", { ms: 1000, rank: 6 }],
  ["ms", { ms: 1, rank: 7 }],
]);

/** 2^63 nanoseconds in milliseconds, rounded down: above it Go's time.Duration overflows. */
const MAX_MS = 9_223_372_036_854;

/** 2^64 - 1 has 20 digits; a longer number is refused as strconv.ParseUint does. */
const MAX_UINT64 = 18_446_744_073_709_551_615n;

/**
 * The milliseconds of `text`. "0" needs no unit; a sign is not allowed.
 * @throws VestalError DURATION in Prometheus' words.
 */
export function parseDuration(text: string): number {
  if (text === "0") return 0;
  if (text === "") throw new VestalError("DURATION", "empty duration string");
  let totalMs = 0;
  let lastRank = 0;
  let at = 0;
  while (at < text.length) {
    const digits = spanOf(text, at, true);
    const unitAt = at + digits;
    const unitLength = spanOf(text, unitAt, false);
    if (digits === 0 || BigInt(text.slice(at, unitAt)) > MAX_UINT64 || unitLength === 0) throw invalid(text);
    const name = text.slice(unitAt, unitAt + unitLength);
    const unit = UNITS.get(name);
    if (unit === undefined) {
      throw new VestalError("DURATION", `unknown unit ${quoteGo(name)} in duration ${quoteGo(text)}`, { text });
    }
    if (unit.rank <= lastRank) throw invalid(text);
    lastRank = unit.rank;
    totalMs += Number(text.slice(at, unitAt)) * unit.ms;
    if (totalMs > MAX_MS) throw new VestalError("DURATION", "duration out of range", { text });
    at = unitAt + unitLength;
  }
  return totalMs;
}

/** As Prometheus prints it: years and weeks only where nothing remains, so `90d` but `1w`; below a millisecond "0s". */
export function formatDuration(durationMs: number): string {
  let rest = Math.trunc(durationMs);
  if (rest === 0) return "0s";
  if (rest < 0) return `-${formatDuration(-rest)}`;
  let text = "";
  for (const [name, unit] of UNITS) {
    if ((name === "y" || name === "w") && rest % unit.ms !== 0) continue;
    const count = Math.floor(rest / unit.ms);
    if (count === 0) continue;
    text += `${count}${name}`;
    rest -= count * unit.ms;
  }
  return text;
}

/** Length of the run of digits (or of everything else) of `text` from `start`. */
function spanOf(text: string, start: number, digits: boolean): number {
  let end = start;
  while (end < text.length && isDigit(text.charCodeAt(end)) === digits) end++;
  return end - start;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

function invalid(text: string): VestalError {
  return new VestalError("DURATION", `not a valid duration string: ${quoteGo(text)}`, { text });
}

/** Times and steps as dashboards write them: `now-1h`, `now/d`, `1m`, `$__interval`. */
import { formatDuration, parseDurationMs } from "../format.js";
import { fromWallClock, type TimeZone, wallClock } from "../time-zone.js";

export interface TimeRange {
  readonly fromMs: number;
  readonly toMs: number;
}

const UNIT_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/** @returns undefined for what is no time. `isEnd` rounds `/d` to the end of the day, as days are in `zone`. */
export function parseTime(text: string, nowMs: number, zone: TimeZone, isEnd = false): number | undefined {
  if (/^\d{9,}$/.test(text)) return Number(text);
  if (!text.startsWith("now")) {
    const ms = Date.parse(text);
    return Number.isNaN(ms) ? undefined : ms;
  }
  let ms = nowMs;
  let rest = text.slice(3).replaceAll(" ", "");
  while (rest !== "") {
    const match = /^(?:([+-])(\d+)([smhdwMQy])|\/([smhdwMQy]))/.exec(rest);
    if (match === null) return undefined;
    const [whole, sign, count, unit, floor] = match;
    ms =
      floor === undefined
        ? shift(ms, (sign === "-" ? -1 : 1) * Number(count), unit ?? "s", zone)
        : rounded(ms, floor, zone, isEnd);
    rest = rest.slice(whole.length);
  }
  return ms;
}

function shift(ms: number, count: number, unit: string, zone: TimeZone): number {
  const size = UNIT_MS[unit];
  if (size !== undefined) return ms + count * size;
  const wall = wallClock(ms, zone);
  wall.setUTCMonth(wall.getUTCMonth() + count * (unit === "y" ? 12 : unit === "Q" ? 3 : 1));
  return backFrom(wall.getTime(), zone);
}

function rounded(ms: number, unit: string, zone: TimeZone, isEnd: boolean): number {
  const start = floorUtc(wallClock(ms, zone), unit);
  return backFrom(isEnd ? shift(start, 1, unit, "UTC") - 1 : start, zone);
}

function backFrom(wallMs: number, zone: TimeZone): number {
  return fromWallClock(new Date(wallMs).toISOString().slice(0, 23), zone);
}

function floorUtc(date: Date, unit: string): number {
  const [year, month, day] = [date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()];
  if (unit === "y") return Date.UTC(year, 0);
  if (unit === "Q") return Date.UTC(year, month - (month % 3));
  if (unit === "M") return Date.UTC(year, month);
  if (unit === "w") return Date.UTC(year, month, day - ((date.getUTCDay() + 6) % 7));
  const size = UNIT_MS[unit] ?? 1;
  return Math.floor(date.getTime() / size) * size;
}

/** Steps that people can read; in seconds. */
const NICE_SECONDS = [
  1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1200, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 604_800,
  2_592_000,
];
const POINTS_MAX = 11_000;

/** The step of a query: what `points` need, not under `least`. */
export function stepMs({ fromMs, toMs }: TimeRange, points: number, least: string, otherwiseMs: number): number {
  const wanted = (toMs - fromMs) / Math.max(1, points) / 1000;
  const nice = NICE_SECONDS.find((seconds) => seconds >= wanted * 0.75) ?? 31_536_000;
  const leastMs = parseInterval(least) ?? otherwiseMs;
  return Math.max(nice * 1000, leastMs, Math.ceil((toMs - fromMs) / POINTS_MAX / 1000) * 1000);
}

/** `1m`, `>1m`, `30` (seconds). */
export function parseInterval(text: string): number | undefined {
  const bare = text.replace(/^>/, "").trim();
  if (/^\d+(\.\d+)?$/.test(bare)) return Number(bare) * 1000;
  return parseDurationMs(bare);
}

/** `$__rate_interval`: four scrapes, and one more than a step, so that a rate always has two samples. */
export function rateIntervalMs(step: number, scrapeMs: number): number {
  return Math.max(step + scrapeMs, 4 * scrapeMs);
}

export function intervalText(ms: number): string {
  return formatDuration(ms);
}

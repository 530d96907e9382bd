/**
 * The time zone in which pages show times and read what is typed: the browser's own, UTC or any other of the browser's list. One
 * choice for all pages, kept in this browser; a dashboard may have a zone of its own.
 */

/** "browser" or a name that `Intl` knows. */
export type TimeZone = string;

const KEY = "vestal.time-zone";
const formats = new Map<TimeZone, Intl.DateTimeFormat>();

let chosen: TimeZone | undefined;

export function timeZone(): TimeZone {
  // Where there is no page (a worker, a test) nothing is stored.
  chosen ??= knownZone(globalThis.localStorage?.getItem(KEY) ?? "browser");
  return chosen;
}

export function setTimeZone(zone: TimeZone): void {
  chosen = knownZone(zone);
  localStorage.setItem(KEY, chosen);
}

/** Names for a choice, "browser" and UTC first. */
export function timeZones(): readonly TimeZone[] {
  return ["browser", "UTC", ...Intl.supportedValuesOf("timeZone").filter((zone) => zone !== "UTC")];
}

/** The name, or "browser" for one that is none. */
export function knownZone(zone: TimeZone): TimeZone {
  if (zone === "browser") return zone;
  try {
    formatOf(zone);
    return zone;
  } catch (error) {
    // A name that another browser stored.
    if (error instanceof RangeError) return "browser";
    throw error;
  }
}

function formatOf(zone: TimeZone): Intl.DateTimeFormat {
  const found =
    formats.get(zone) ??
    new Intl.DateTimeFormat("en-GB", {
      timeZone: zone,
      hourCycle: "h23",
      year: "numeric",
      month: "2-digit",
      day: "2-digit",
      hour: "2-digit",
      minute: "2-digit",
      second: "2-digit",
    });
  formats.set(zone, found);
  return found;
}

/** A date whose UTC fields are what a clock on the wall of the zone shows. */
export function wallClock(ms: number, zone: TimeZone = timeZone()): Date {
  if (zone === "UTC") return new Date(ms);
  if (zone === "browser") return new Date(ms - new Date(ms).getTimezoneOffset() * 60_000);
  const parts = new Map(
    formatOf(zone)
      .formatToParts(ms)
      .map(({ type, value }) => [type, Number(value)]),
  );
  const of = (type: Intl.DateTimeFormatPartTypes): number => parts.get(type) ?? 0;
  const seconds = Date.UTC(of("year"), of("month") - 1, of("day"), of("hour"), of("minute"), of("second"));
  return new Date(seconds + (((ms % 1000) + 1000) % 1000));
}

/** The other way: milliseconds since the epoch of what a clock on the wall shows, given as `2026-01-31T12:00`; NaN for other text. */
export function fromWallClock(text: string, zone: TimeZone = timeZone()): number {
  const wallMs = Date.parse(`${text.replace(" ", "T")}Z`);
  if (Number.isNaN(wallMs)) return Number.NaN;
  // The offset may change between the guess and the time itself: the second round has the right one.
  let ms = wallMs;
  for (let round = 0; round < 2; round++) ms = wallMs - (wallClock(ms, zone).getTime() - ms);
  return ms;
}

/** `2026-01-31 12:00:00`, in UTC followed by that. */
export function dateTimeText(ms: number, zone: TimeZone = timeZone()): string {
  if (!(Math.abs(ms) <= 8.64e15)) return "never";
  return `${wallClock(ms, zone).toISOString().slice(0, 19).replace("T", " ")}${zone === "UTC" ? " UTC" : ""}`;
}

/** `12:00` */
export function clockText(ms: number, zone: TimeZone = timeZone()): string {
  return wallClock(ms, zone).toISOString().slice(11, 16);
}

/** What an input of type `datetime-local` takes. */
export function inputText(ms: number, zone: TimeZone = timeZone()): string {
  return wallClock(ms, zone).toISOString().slice(0, 19);
}
